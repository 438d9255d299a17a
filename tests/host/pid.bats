# SPDX-License-Identifier: GPL-2.0-only
#
# pid:PID[:FD] and domain:NAME: kvm-htab takes the VM out of a VMM that does not know of it. Nobody has offered that
# VM, so what could harm it requires --force. The tool alone: one machine is enough.
#
# Runs on: powernv9; lines: first; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 10 s

bats_require_minimum_version 1.5.0
load fixture

setup_file() {
	host_boot
	AFTER_RUN=$(entries_after_run)
	export AFTER_RUN
}

setup() {
	vm_with_table 24
	PID=$(host cat /run/vmm/vm/pid)
}

teardown() {
	host rm -rf /run/libvirt
	pool_after vm other
}

tool() {
	run --separate-stderr host kvm-htab "$@"
}

# says TEXT: so does stderr
says() {
	# shellcheck disable=SC2154 # set by run
	[[ $stderr == *"$1"* ]] || fail "$stderr"
}

# with_caps CAPS COMMAND...: as nobody with these capabilities and no others
with_caps() {
	host setpriv --reuid=nobody --clear-groups --inh-caps="-all,$1" --ambient-caps="-all,$1" \
		--bounding-set="-all,$1" "${@:2}"
}

# descriptors of VMs, ascending
vm_fds() {
	# shellcheck disable=SC2016
	host 'cd /proc/'"$PID"'/fd; for fd in $(ls | sort -n); do
		[ "$(readlink $fd)" != anon_inode:kvm-vm ] || echo $fd; done'
}

@test "a VM that has not run: looked at and reset" {
	tool vm-status --vm "pid:$PID" -rn -o VM,MMU,ORDER,SOURCE,HAS-RUN,OFFERED
	assert_success
	assert_output "pid:$PID hash 24 pool no no"
	tool reset --vm "pid:$PID" -rn -o RESULT,ORDER
	assert_success
	assert_output "reset 24"
	# an entry that no guest made is something to lose
	vm htab-write 2048 0x200015 0x40000000
	tool reset --vm "pid:$PID"
	assert_failure 1
	says "the VM has run and was not offered"
	run vm entries
	assert_output 1
	tool reset --vm "pid:$PID" --force
	assert_success
	run vm entries
	assert_output 0
	run vm run
	assert_success
}

@test "a VM that has run: reset is refused without --force, and does its work with it" {
	local option
	vm run
	for option in '' --dry-run --wait=1; do
		# shellcheck disable=SC2086
		tool reset --vm "pid:$PID" $option -rn -o RESULT,CHANGED,HAS-RUN,STATUS
		assert_failure 1
		assert_output "failed no yes 1"
		says "the VM has run and was not offered"
		says "use --force"
		says "; nothing was changed"
	done
	run vm entries
	assert_output "$AFTER_RUN"

	tool reset --vm "pid:$PID" --force --dry-run -rn -o RESULT
	assert_success
	assert_output would-reset
	run vm entries
	assert_output "$AFTER_RUN"
	tool reset --vm "pid:$PID" --force -rn -o RESULT,ORDER
	assert_success
	assert_output "reset 24"
	run vm entries
	assert_output 0
	# reset once, it may be reset again
	tool reset --vm "pid:$PID"
	assert_success
	run vm run
	assert_success
	run vm entries
	assert_output "$AFTER_RUN"
}

# What a VMM does with the entries that it is sent. Those for real mode, which the guest's source has made for it and
# which every guest keeps, tell the kernel that there is nothing left to set up.
@test "a table that a migration has filled: HAS-RUN before the guest runs here, hence refused" {
	local slot v r
	vm run
	vm entries-list >"$BATS_TEST_TMPDIR/sent"
	vm allocate 24
	run vm entries
	assert_output 0
	while read -r slot v r; do
		vm htab-write "$slot" "${v#v=}" "${r#r=}"
	done < <(grep 'v=0x4001ffffff' "$BATS_TEST_TMPDIR/sent" | head -n 3)
	tool vm-status --vm "pid:$PID" -rn -o HAS-RUN
	assert_output yes
	tool reset --vm "pid:$PID"
	assert_failure 1
	says "the VM has run and was not offered"
	run vm entries
	assert_output 3
}

@test "resize is refused without --force whatever the VM's state" {
	tool resize --vm "pid:$PID" --order 25
	assert_failure 1
	says "this VM was not offered for a resize"
	says "use --force; nothing was changed"
	vm run
	tool resize --vm "pid:$PID" --order 24
	assert_failure 1
	tool resize --vm "pid:$PID" --order 25 --dry-run
	assert_failure 1
	run vm entries
	assert_output "$AFTER_RUN"
	vm close-vm
	vm create
	tool resize --vm "pid:$PID" --order 25 --json
	assert_failure 1
	assert_equal "$(jq -c '.results[0] | [.changed, .error.errno]' <<<"$output")" '[false,"EPERM"]'
	pool_gave 0

	tool resize --vm "pid:$PID" --order 25 --force -rn -o RESULT,ORDER
	assert_success
	assert_output "resized 25"
	pool_gave $((1 << 25))
	vm run
	tool resize --vm "pid:$PID" --order 24 --force -rn -o RESULT,ORDER
	assert_success
	assert_output "resized 24"
	run vm run
	assert_success
}

@test "vCPUs that are running are not stopped by --force, and nobody waits for them" {
	local option
	vm run-loop
	host_wait 10 "kvm-htab vm-status --vm pid:$PID -rn -o STATE,HAS-RUN | grep -qx 'running yes'"
	for option in '' --force --wait=20 --dry-run; do
		# shellcheck disable=SC2086
		tool reset --vm "pid:$PID" $option
		assert_failure 4
		says "the VM is running; stop it first; nothing was changed"
	done
	tool reset --vm "pid:$PID" --force --wait=20
	assert_failure 2
	vm stop
	tool reset --vm "pid:$PID" --force
	assert_success
	run vm entries
	assert_output 0
}

@test "pid:PID:FD: that descriptor, and no other" {
	local fd
	fd=$(vm_fds)
	tool vm-status --vm "pid:$PID:$fd" -rn -o VM,ORDER
	assert_success
	assert_output "pid:$PID:$fd 24"
	tool vm-status --vm "pid:$PID:77"
	assert_failure 1
	says "process $PID (vmm) has no open file descriptor 77"
	tool vm-status --vm "pid:$PID:0"
	assert_failure 1
	says "in process $PID (vmm), file descriptor 0 is not a KVM VM but \"/dev/null\""
}

@test "id:N: the VM with that number in list, if its process has made no other" {
	local id fd
	id=$(host kvm-htab list -rn -o ID,PID | sed -n "s/ $PID\$//p")
	fd=$(vm_fds)
	tool reset --vm "id:$id" --force -rn -o VM,ORDER
	assert_success
	assert_output "id:$id 24"
	run host_as nobody kvm-htab vm-status --vm "id:$id"
	assert_failure 1
	assert_output --partial "run as root"
	tool vm-status --vm id:99999
	assert_failure 1
	says "there is no VM 99999; \`kvm-htab list\` shows the VMs"
	vm second
	tool vm-status --vm "id:$id"
	assert_failure 1
	says "choose a file descriptor, as in pid:$PID:FD"
	tool vm-status --vm "pid:$PID:$fd" -rn -o ORDER
	assert_output 24
}

@test "several VMs in one process: an error that lists them" {
	local fd second
	fd=$(vm_fds)
	second=$(vm second)
	tool vm-status --vm "pid:$PID"
	assert_failure 1
	says "process $PID (vmm) has several VMs (file descriptors $fd, $second); choose one, as in pid:$PID:$fd"
	tool reset --vm "pid:$PID" --force
	assert_failure 1
	tool vm-status --vm "pid:$PID:$fd" --vm "pid:$PID:$second" -rn -o TABLE
	assert_success
	assert_line --index 0 yes
	assert_line --index 1 no
}

@test "a descriptor that was duplicated does as well as the first" {
	local fd second
	fd=$(vm_fds)
	second=$(vm duplicate)
	tool vm-status --vm "pid:$PID:$fd" --vm "pid:$PID:$second" -rn -o ORDER
	assert_success
	assert_output $'24\n24'
}

@test "nobody, and a user's own VMM: what privileges are needed" {
	local fd
	fd=$(vm_fds)
	run host_as nobody kvm-htab reset --vm "pid:$PID"
	assert_failure 1
	assert_output --partial "permission denied: finding the VM of process $PID (vmm) requires ptrace access; run as root, or with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
	run host_as nobody kvm-htab reset --vm "pid:$PID:$fd"
	assert_failure 1
	assert_output --partial "permission denied: taking the VM of process $PID (vmm) requires ptrace access; run as root, or with CAP_SYS_PTRACE"
	# with these, and no others, the kernel asks for the owner's consent
	run with_caps +sys_ptrace kvm-htab reset --vm "pid:$PID"
	assert_failure 1
	assert_output --partial "permission denied: finding the VM"
	run with_caps +sys_ptrace kvm-htab reset --vm "pid:$PID:$fd"
	assert_failure 1
	assert_output --partial "was not offered"
	run with_caps +sys_ptrace kvm-htab reset --vm "pid:$PID:0"
	assert_failure 1
	assert_output --partial 'not a KVM VM but "/dev/null"'
	run with_caps +sys_ptrace,+dac_read_search kvm-htab reset --vm "pid:$PID"
	assert_failure 1
	assert_output --partial "was not offered"
	vm permit
	run with_caps +sys_ptrace,+dac_read_search kvm-htab reset --vm "pid:$PID"
	assert_success
	run with_caps +sys_ptrace kvm-htab reset --vm "pid:$PID:$fd"
	assert_success

	host 'chmod 666 /dev/kvm; mkdir -p /run/vmm/other; chmod 777 /run/vmm/other'
	host_as user vmm start other >/dev/null
	host_as user vmm ctl other allocate 24 >/dev/null
	local own
	own=$(host cat /run/vmm/other/pid)
	run host_as user kvm-htab reset --vm "pid:$own"
	assert_failure 1
	assert_output --partial "was not offered"
	host_as user vmm ctl other permit
	run host_as user kvm-htab reset --vm "pid:$own"
	assert_success
}

@test "a /proc that hides the processes of others" {
	host mount -o remount,hidepid=2 /proc
	run host_as nobody kvm-htab reset --vm "pid:$PID"
	host mount -o remount,hidepid=0 /proc
	assert_failure 1
	assert_output --partial "permission denied: finding the VM of process $PID requires ptrace access"
}

@test "a VMM that is stopped by a signal need not do anything" {
	host kill -STOP "$PID"
	tool reset --vm "pid:$PID"
	host kill -CONT "$PID"
	assert_success
}

@test "a VMM that is gone, or has become another program" {
	host vmm start other >/dev/null
	local other
	other=$(host cat /run/vmm/other/pid)
	vm_end other
	tool reset --vm "pid:$other"
	assert_failure 1
	says "pid:$other: no such process: $other; nothing was changed"

	vm exec sleep || true
	host_wait 10 "grep -q sleep /proc/$PID/comm"
	tool reset --vm "pid:$PID"
	assert_failure 1
	says "process $PID (sleep) has no KVM VM"
	host kill -9 "$PID"
}

@test "a program that has inherited a VM is not its owner" {
	vm duplicate
	vm exec sleep || true
	host_wait 10 "grep -q sleep /proc/$PID/comm"
	tool reset --vm "pid:$PID" --force
	assert_failure 1
	says "the kernel rejects this VM: its owner has exited"
	host kill -9 "$PID"
}

@test "domain:NAME: libvirt's pid file" {
	host "mkdir -p /run/libvirt/qemu; echo $PID >/run/libvirt/qemu/web.pid"
	tool vm-status --vm domain:web -rn -o VM,ORDER
	assert_success
	assert_output "domain:web 24"
	vm run
	tool reset --vm domain:web
	assert_failure 1
	says "the VM has run and was not offered"
	tool resize --vm domain:web --order 25
	assert_failure 1
	tool reset --vm domain:web --force -rn -o RESULT
	assert_success
	assert_output reset
	tool vm-status --vm domain:other
	assert_failure 1
	says 'domain "other" is not running'
	# the file stays when libvirt does not get to remove it
	vm_end
	tool reset --vm domain:web --force
	assert_failure 1
	says "no such process: $PID"
}

@test "several VMs in one call, of all kinds" {
	host vmm start other >/dev/null
	host vmm ctl other offer @offered
	tool reset --vm "pid:$PID" --vm @offered --vm domain:none -rn -o VM,RESULT,STATUS
	assert_failure 1
	assert_line --index 0 "pid:$PID reset 0"
	assert_line --index 1 "@offered nothing-to-do 0"
	assert_line --index 2 "domain:none failed 1"
}

@test "--force is nothing to a VM that was offered" {
	vm run
	vm permit
	vm offer @offered
	tool reset --vm @offered -rn -o RESULT
	assert_success
	vm run
	vm offer @offered
	tool reset --vm @offered --force -rn -o RESULT
	assert_success
	assert_output reset
}
