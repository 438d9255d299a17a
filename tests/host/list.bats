# SPDX-License-Identifier: GPL-2.0-only
#
# kvm-htab list, and what pool-status reports about users of the pool, with two real VMMs: to root, who sees all, and
# to others, who are told what they cannot see. The tool alone: one machine is enough.
#
# Runs on: powernv9; lines: first; kernels: series
# Runs on: powernv9; lines: bookworm trixie; kernels: modules
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 10 s

bats_require_minimum_version 1.5.0
load fixture

setup() {
	pool_before
}

teardown() {
	pool_after vm other
}

# the two, with tables from both sources
two() {
	vm_start --vcpus 2
	host vmm start other >/dev/null
	vm allocate 26 >/dev/null
	# PREFER_PAGES is flag 2
	host vmm ctl other allocate2 20 0 2 >/dev/null
	first=$(host cat /run/vmm/vm/pid)
	second=$(host cat /run/vmm/other/pid)
}

list() {
	run --separate-stderr host kvm-htab list "$@"
}

# of FILTER: jq on what list --json said
of() {
	jq -c "$1" <<<"$output"
}

@test "no VM: an empty list" {
	list
	assert_success
	assert_output ''
	# shellcheck disable=SC2154 # set by run
	assert_equal "$stderr" ''
	list --json
	assert_success
	assert_equal "$(of '[.hidden_vms, .results]')" '[0,[]]'
}

@test "two VMMs: order, source and bytes are the kernel's, to the byte" {
	two
	list -rbn
	assert_success
	assert_equal "$stderr" ''
	assert_line --index 0 --regexp "^[0-9]+ fresh hash 26 pool $((1 << 26)) $((1 << 26)) $first vmm -$"
	assert_line --index 1 --regexp "^[0-9]+ fresh hash 20 pages $((1 << 20)) $((1 << 20)) $second vmm -$"
	assert_equal "${#lines[@]}" 2
	pool_gave $((1 << 26))

	list --json
	assert_equal "$(of '[.results[].id] == ([.results[].id] | sort) and .results[0].id > 0')" true
	local index=0 name info
	for name in vm other; do
		info=$(host vmm ctl $name info)
		[[ $info == "order=$(of ".results[$index].order") "* ]]
		[[ $info == *"table_bytes=$(of ".results[$index].table_bytes") revmap_bytes=$(of ".results[$index].revmap_bytes")"* ]]
		index=$((index + 1))
	done
	assert_equal "$(of '[.results[] | [.uid, .state, .has_run, .offered, .vcpus_running]]')" \
		'[[0,"fresh",false,false,0],[0,"fresh",false,false,0]]'
}

@test "it follows what the VMs do" {
	two
	vm run
	vm allocate 25
	vm permit
	list -rn -o OFFERED
	assert_line --index 0 yes
	vm run-loop
	list -rn -o PID,ORDER,STATE,HAS-RUN,OFFERED,VCPUS
	assert_line --index 0 "$first 25 running yes no 1"
	assert_line --index 1 "$second 20 fresh no no 0"
	vm stop
	host vmm ctl other close-vm
	list -rn -o PID,STATE
	assert_output "$first in\x20use"
	host vmm ctl other create
	list -rn -o PID,ORDER,TABLE,MMU
	assert_line --index 0 "$first 25 yes hash"
	if [[ $HOST_MACHINE == powernv8 ]]; then
		assert_line --index 1 "$second - no hash"
	else
		assert_line --index 1 "$second - no radix"
	fi
}

@test "a VM that has ended is gone" {
	two
	vm_end other
	list -rn -o PID
	assert_output "$first"
	vm_end
	list
	assert_success
	assert_output ''
}

@test "a VM that outlives its process has none" {
	two
	vm offer @held
	host 'foreign @held hold /tmp/enough >/dev/null 2>&1 & until [ -e /tmp/enough.holding ]; do sleep 0.1; done'
	host "kill -9 $first"
	host_wait 10 "kvm-htab list -rn -o PID | grep -qx -e -"
	list -rn -o PID,VMM,ORDER
	assert_line --index 0 "- - 26"
	assert_line --index 1 "$second vmm 20"
	host 'touch /tmp/enough'
	# shellcheck disable=SC2016 # for the host
	host_wait 10 '[ $(kvm-htab list -n | wc -l) -eq 1 ]'
	host rm /tmp/enough /tmp/enough.holding
}

@test "several VMs of one process" {
	two
	vm second
	list -rn -o PID,FD,ORDER
	assert_line --index 0 "$first - 26"
	assert_line --index 1 --regexp "^$second [0-9]+ 20$"
	assert_line --index 2 "$first - -"
}

@test "the names of libvirt's domains" {
	two
	host "mkdir -p /run/libvirt/qemu; echo $second >/run/libvirt/qemu/web.pid"
	list -rn -o PID,DOMAIN
	assert_line --index 0 "$first -"
	assert_line --index 1 "$second web"
	host rm -r /run/libvirt
}

@test "nobody: no VM, and how many there are" {
	two
	run --separate-stderr host_as nobody kvm-htab list
	assert_success
	assert_output ''
	assert_equal "$stderr" \
		"kvm-htab: VM tables and 2 more VMs are visible to root only"
	run --separate-stderr host_as nobody kvm-htab list --json
	assert_success
	assert_equal "$stderr" ''
	assert_equal "$(of '[.hidden_vms, .results, (.advice | length > 0)]')" '[2,[],true]'
}

@test "a user sees the VM of their own" {
	host chmod 666 /dev/kvm
	vm_start
	host mkdir -p /run/vmm/other
	host chmod 777 /run/vmm/other
	host_as user vmm start other >/dev/null
	local own
	own=$(host cat /run/vmm/other/pid)
	run --separate-stderr host_as user kvm-htab list -rn -o ID,PID,UID,VMM,ORDER
	assert_success
	assert_output "- $own 1000 vmm -"
	assert_equal "$stderr" \
		"kvm-htab: VM tables and 1 more VM are visible to root only"
	list -rn -o PID,UID
	assert_line --index 1 "$own 1000"
}

@test "it bears VMs that come and go" {
	vm_start
	# shellcheck disable=SC2016 # for the host
	run --separate-stderr host_limit 60 '
		(for i in 1 2 3 4 5 6; do
			vmm start other && vmm ctl other allocate2 20 && vmm ctl other quit
		done >/dev/null; touch /tmp/enough) &
		until [ -e /tmp/enough ]; do
			kvm-htab list -rn -o PID >/tmp/list || echo failed
			grep -qx "$(cat /run/vmm/vm/pid)" /tmp/list || echo missed
			kvm-htab list --json >/dev/null || echo failed
		done; rm /tmp/enough; wait'
	assert_success
	assert_output ''
	assert_equal "$stderr" ''
}

@test "pool-status names those who use the pool, and no others" {
	local id
	two
	run host kvm-htab pool-status --json
	assert_success
	id=$(host "cd /sys/kernel/kvm_htab/vm && grep -lx $first */pid")
	assert_equal "$(of '.results[0].users')" \
		"[{\"id\":${id%/pid},\"order\":26,\"table_bytes\":$((1 << 26)),\"pid\":$first,\"vmm\":\"vmm\",\"domain\":null}]"
	run host kvm-htab pool-status
	assert_line --regexp "^ *${id%/pid} +26 +64M +$first vmm +-$"
	refute_output --partial "$second"
	run --separate-stderr host_as nobody kvm-htab pool-status
	assert_success
	[[ $stderr == *"VM tables and 2 more VMs are visible to root only" ]]
}
