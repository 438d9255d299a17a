# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For tests: a Linux guest of Debian's QEMU in the host; one at a time.
#
#   guest_start MIB [OPTION...]  QEMU with a guest of so much memory, hash MMU; returns when QEMU
#                           answers. Options are QEMU's
#   guest_kernel TEXT       more words for the command line of the guests started from now on
#   guest_pid               QEMU's process
#   guest_expect TEXT       waits until the guest has said "guest: TEXT" since the last guest_tell
#                           or qmp; an extended regular expression
#   guest_tell LINE         a command to the guest, see guest-init.c
#   qmp JSON                a command to QEMU, and what it answered
#   guest_ended             waits until QEMU has gone
#   guest_kill              ends it if it is there
#   guest_htab COMMAND ...  kvm-htab COMMAND on the guest's VM, by root, with the descriptor taken
#                           out of QEMU, which knows nothing of it

GUEST_LIMIT=${GUEST_LIMIT:-120}
guest_dir=/run/guest
guest_words=

guest_kernel() {
	guest_words=$1
}

# The emulated CPUs have none of the mitigations that the machine asks for.
guest_start() {
	local mib=$1

	shift
	host "
		mkdir -p $guest_dir && cd $guest_dir && rm -f ./* && mkfifo con.in con.out qmp.in qmp.out
		: >now; : >qmp
		setsid bash -c '
			cat con.out >>now & cat qmp.out >>qmp &
			exec qemu-system-ppc64 -accel kvm -nodefaults -vga none -display none -m $mib \
				-machine pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off,x-vof=on \
				-chardev pipe,id=con,path=con,logfile=console -device spapr-vty,chardev=con \
				-chardev pipe,id=qmp,path=qmp -mon chardev=qmp,mode=control \
				-kernel /usr/lib/guest/vmlinux -initrd /usr/lib/guest/initrd \
				-append \"console=hvc0 rdinit=/init quiet panic=-1 $guest_words\" \
				$*' >log 2>&1 </dev/null &
		echo \$! >pid" || return
	if ! host_wait "$GUEST_LIMIT" "grep -q QMP $guest_dir/qmp || ! [ -d /proc/\$(<$guest_dir/pid) ]" ||
		! guest_alive; then
		guest_logs
		return 1
	fi
	qmp '{ "execute": "qmp_capabilities" }' >/dev/null
}

guest_pid() {
	host cat $guest_dir/pid
}

guest_alive() {
	host "[ -d /proc/\$(<$guest_dir/pid) ]"
}

# For the output of a test that failed
guest_logs() {
	host "cd $guest_dir && tail -n 20 log qmp; tail -n 40 console" | tr -d '\r'
}

guest_expect() {
	host_wait "$GUEST_LIMIT" "grep -qE '^guest: ($1).?$' $guest_dir/now ||
		! [ -d /proc/\$(<$guest_dir/pid) ]" &&
		host "grep -E '^guest: ($1).?$' $guest_dir/now" && return
	echo "the guest did not say: $1"
	guest_logs
	return 1
}

guest_tell() {
	host ": >$guest_dir/now; echo '$1' >$guest_dir/con.in"
}

qmp() {
	host ": >$guest_dir/now; : >$guest_dir/qmp; echo '$1' >$guest_dir/qmp.in" &&
		host_wait "$GUEST_LIMIT" "grep -qE '^\{\"(return|error)\"' $guest_dir/qmp" &&
		host grep -E '^\{"(return|error)"' $guest_dir/qmp
}

guest_ended() {
	host_wait "$GUEST_LIMIT" "! [ -d /proc/\$(<$guest_dir/pid) ]"
}

guest_kill() {
	host "[ ! -s $guest_dir/pid ] || kill -9 \$(<$guest_dir/pid) 2>/dev/null || :"
	guest_ended
	host "rm -rf $guest_dir"
}

guest_htab() {
	local command=$1

	shift
	host "foreign pid:\$(<$guest_dir/pid) exec kvm-htab $command --vm fd:9 $*"
}
