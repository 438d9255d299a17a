# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For tests: Linux guests of Debian's QEMU in the host. Functions are about one at a time.
#
#   guest_host OPTION...    boots a host (host_boot) on which a guest can start with a hashed page table
#   guest_use [NAME]        what follows is about the guest of that name; without NAME, and without guest_use, about
#                           the one that has none. Its directory is $guest_dir
#   guest_machine           QEMU's -machine for such a guest
#   guest_start MEMORY [OPTION...]  QEMU with a guest of so much (its -m); returns when QEMU answers,
#                           1 if it ended instead. Options are QEMU's
#   guest_kernel TEXT       more words for the command line of the guests started from now on
#   guest_alive             whether there is one
#   guest_expect REGEX      waits until the guest has said "guest: REGEX" since the last guest_tell
#                           or qmp; prints what it said
#   guest_tell LINE         a command to the guest, see guest-init.c
#   qmp JSON                a command to QEMU, and what it answered
#   guest_ended             waits until QEMU has ended, and returns its exit status
#   guest_kill              ends it if it is there
#   guest_end_failed        for teardown: after a test that failed, prints the logs, ends all guests, and returns 1;
#                           after others, they serve the next test
#   guest_kill_all          ends those that are there
#   guest_logs              what QEMU and the guest's console said last
#   rounds                  how often the guest has checked its memory since it was told to be busy
#   migrate URI             to another QEMU that waits there, while the guest runs; it may be stopped for 5 s
#   migrated                waits until QEMU has sent it
#   guest_htab COMMAND ...  kvm-htab COMMAND on the guest's VM, by root, with the descriptor taken
#                           out of QEMU, which knows nothing of it
#
# The guest's firmware is QEMU's own (x-vof), which starts its kernel at once; that of the other kind,
# SLOF, takes half a minute under emulation: guest_start MEMORY -machine x-vof=off.

GUEST_LIMIT=${GUEST_LIMIT:-300}
guest_dir=/run/guest
guest_words=

guest_use() {
	guest_dir=/run/guest${1:+-$1}
}

# A POWER9 host that uses radix runs no guest with a hashed page table.
guest_host() {
	local append=

	[[ $HOST_MACHINE != powernv9 ]] || append=disable_radix
	host_boot "$@" --append "$append"
}

guest_kernel() {
	guest_words=$1
}

# The emulated CPUs have none of the mitigations that the machine asks for. Newer QEMUs also ask for AIL mode 3, which KVM
# does not report on the POWER9 DD2.0 that is emulated.
guest_machine() {
	local machine=pseries,x-vof=on,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off

	[[ $HOST_MACHINE != powernv9 || ${QEMU_LINE:-7.2} == 7.2 ]] || machine+=,cap-ail-mode-3=off
	echo "$machine"
}

guest_start() {
	local memory=$1 machine

	shift
	machine=$(guest_machine)
	host "
		rm -rf $guest_dir && mkdir -p $guest_dir && cd $guest_dir || exit
		mkfifo con.in con.out qmp.in qmp.out && touch now qmp
		setsid bash -c '
			cat con.out >>now &
			cat qmp.out >>qmp &
			qemu-system-ppc64 -accel kvm -machine $machine -m $memory \
				-nodefaults -vga none -display none \
				-chardev pipe,id=con,path=con,logfile=console -device spapr-vty,chardev=con \
				-chardev pipe,id=qmp,path=qmp -mon chardev=qmp,mode=control \
				-kernel /usr/lib/guest/vmlinux -initrd /usr/lib/guest/initrd \
				-append \"console=hvc0 rdinit=/init quiet panic=-1 $guest_words\" $* &
			echo \$! >pid
			wait \$!
			echo \$? >status' >log 2>&1 </dev/null &" || return
	if ! host_wait "$GUEST_LIMIT" "grep -q QMP $guest_dir/qmp || [ -s $guest_dir/status ]" || ! guest_alive; then
		guest_logs
		return 1
	fi
	qmp '{ "execute": "qmp_capabilities" }' >/dev/null
}

guest_alive() {
	host "[ -s $guest_dir/pid ] && [ ! -e $guest_dir/status ]"
}

guest_end_failed() {
	local guest_dir

	[[ -z ${BATS_TEST_COMPLETED:-} ]] || return 0
	for guest_dir in $(host 'shopt -s nullglob; echo /run/guest*/'); do
		guest_logs
	done
	guest_kill_all
	return 1
}

guest_kill_all() {
	local guest_dir

	for guest_dir in $(host 'shopt -s nullglob; echo /run/guest*/'); do
		guest_kill
	done
}

guest_logs() {
	host "cd $guest_dir && tail -n 20 log qmp; tail -n 40 console" | tr -d '\r'
}

# The console's lines end in a carriage return.
guest_expect() {
	if host_wait "$GUEST_LIMIT" "grep -qE '^guest: ($1).?$' $guest_dir/now || [ -s $guest_dir/status ]" &&
		host "grep -E '^guest: ($1).?$' $guest_dir/now | tr -d '\r' | grep ."; then
		return
	fi
	echo "the guest did not say: $1"
	guest_logs
	return 1
}

# Opening the pipe for both must not wait for a QEMU that has ended meanwhile.
guest_tell() {
	host ": >$guest_dir/now; echo '$1' 1<>$guest_dir/con.in"
}

qmp() {
	host ": >$guest_dir/now; : >$guest_dir/qmp; echo '$1' 1<>$guest_dir/qmp.in" &&
		host_wait "$GUEST_LIMIT" "grep -qE '^\{\"(return|error)\"' $guest_dir/qmp || [ -s $guest_dir/status ]" &&
		host grep -E '^\{"(return|error)"' $guest_dir/qmp
}

guest_ended() {
	host_wait "$GUEST_LIMIT" "[ -s $guest_dir/status ]" || return 255
	return "$(host cat $guest_dir/status)"
}

guest_kill() {
	guest_alive || return 0
	host "kill -9 \$(<$guest_dir/pid)"
	host_wait 30 "[ -s $guest_dir/status ]"
}

guest_htab() {
	local command=$1

	shift
	host "foreign pid:\$(<$guest_dir/pid) exec kvm-htab $command --vm fd:9 $*"
}

rounds() {
	guest_tell rounds
	guest_expect 'rounds .*' | sed 's/.* //'
}

migrate() {
	qmp '{ "execute": "migrate-set-parameters", "arguments": { "downtime-limit": 5000 } }'
	qmp "{ \"execute\": \"migrate\", \"arguments\": { \"uri\": \"$1\" } }"
}

migrated() {
	local answer

	for _ in {1..300}; do
		answer=$(qmp '{ "execute": "query-migrate" }')
		[[ $answer != *'"completed"'* ]] || return 0
		[[ $answer != *'"failed"'* ]] || break
		sleep 1
	done
	fail "$answer"
}
