# SPDX-License-Identifier: GPL-2.0-only
#
# /sys/kernel/kvm_htab: the statistics, and a directory for each VM; who may read what.
#
# Runs on: powernv9; lines: all; kernels: series
# Runs on: powernv9; lines: bookworm trixie; kernels: modules
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 15 s

bats_require_minimum_version 1.5.0
load fixture

DIR=/sys/kernel/kvm_htab

setup() {
	pool_before
}

stat() {
	host cat "$DIR/stats/$1"
}

vms() {
	host ls "$DIR/vm"
}

# of FILE: what the only VM there is says
of() {
	host "cat $DIR/vm/*/$1"
}

@test "a VM has a directory while it exists" {
	run vms
	assert_output ''
	vm_start
	local first
	first=$(vms)
	assert [ -n "$first" ]
	host vmm start other >/dev/null
	run vms
	assert_line "$first"
	assert_equal "${#lines[@]}" 2
	vm_end other
	vm_end
	run vms
	assert_output ''
	vm_start
	run vms
	refute_output "$first"
}

@test "the directory says what the VM says" {
	vm_start --vcpus 2
	local name
	assert_equal "$(of order)" 0
	assert_equal "$(of source)" none
	assert_equal "$(of table_bytes)" 0
	vm allocate 26
	vm permit
	for name in order table_bytes revmap_bytes vcpus_running; do
		run vm info
		assert_output --partial "$name=$(of $name)"
	done
	assert_equal "$(of source)" pool
	assert_equal "$(of mmu)" hpt
	assert_equal "$(of offered)" 1
	assert_equal "$(of ready)" 0
	assert_equal "$(of resizing)" 0
	assert_equal "$(of pid)" "$(host cat /run/vmm/vm/pid)"
	assert_equal "$(of owner)" 0

	vm run
	assert_equal "$(of ready)" 1
	vm prepare 25
	assert_equal "$(of resizing)" 1
	vm commit 25
	assert_equal "$(of resizing)" 0
	assert_equal "$(of order)" 25
	vm run-loop
	assert_equal "$(of vcpus_running)" 1
	vm stop
	assert_equal "$(of vcpus_running)" 0
	vm allocate 25
	assert_equal "$(of ready)" 0
}

@test "the user who created the VM, and a process that has ended" {
	host chmod 666 /dev/kvm
	host_as user vmm start vm >/dev/null
	assert_equal "$(of owner)" 1000
	# foreign holds the VM's file descriptor when its owner is no more
	host_as user vmm ctl vm offer @held >/dev/null
	host 'foreign @held hold /tmp/enough >/dev/null 2>&1 & until [ -e /tmp/enough.holding ]; do sleep 0.1; done'
	# shellcheck disable=SC2016 # for the shell in the host
	host 'kill -9 $(cat /run/vmm/vm/pid)'
	host_wait 10 "[ \$(cat $DIR/vm/*/pid) = 0 ]"
	assert_equal "$(of owner)" 1000
	host touch /tmp/enough
	host_wait 10 "[ -z \"\$(ls $DIR/vm)\" ]"
	host rm /tmp/enough /tmp/enough.holding
}

@test "a radix VM" {
	[[ $HOST_MACHINE == powernv8 ]] && {
		vm_start
		run vm radix
		assert_output ENODEV
		assert_equal "$(of mmu)" hpt
		return
	}
	vm_start
	vm radix
	assert_equal "$(of mmu)" radix
	assert_equal "$(of order)" 0
	assert_equal "$(of ready)" 0
	vm allocate 24
	assert_equal "$(of mmu)" hpt
	assert_equal "$(of order)" 24
	vm radix
	assert_equal "$(of mmu)" radix
	assert_equal "$(of order)" 0
}

@test "every way to a table is counted" {
	vm_start
	local pool pages resets failures fallbacks
	pool=$(stat from_pool) pages=$(stat from_pages) resets=$(stat resets)
	failures=$(stat failures) fallbacks=$(stat fallbacks)

	vm allocate2 20 0 0
	assert_equal "$(stat from_pool)" $((pool + 1))
	vm allocate2 21 0 2
	assert_equal "$(stat from_pages)" $((pages + 1))
	vm allocate2 21 0 0
	vm allocate 21
	vm allocate2 0 0 1
	assert_equal "$(stat resets)" $((resets + 3))
	run vm allocate 46
	assert_output ENOMEM
	assert_equal "$(stat failures)" $((failures + 1))
	run vm prepare 46
	assert_output ENOMEM
	assert_equal "$(stat failures)" $((failures + 2))
	assert_equal "$(stat fallbacks)" "$fallbacks"
	vm allocate2 40 22 0
	assert_equal "$(stat fallbacks)" $((fallbacks + 1))
	# refused is not failed
	run vm allocate 47
	assert_output EINVAL
	assert_equal "$(stat failures)" $((failures + 2))
}

@test "who may read what" {
	vm_start
	vm allocate 24
	local pool=$DIR/pool/'*'
	# addresses are root's
	[[ ! ${HOST_ON:-} ]] || pool=$DIR/pool/used_bytes
	run host_as nobody "cat $pool $DIR/stats/* $DIR/order_*"
	assert_success
	local id
	id=$(vms)
	run host "ls $DIR/vm/$id"
	assert_line order
	local file
	for file in "${lines[@]}"; do
		run host_as nobody cat "$DIR/vm/$id/$file"
		assert_failure
		assert_output --partial 'Permission denied'
	done
	# one file is to be written, by root
	run host "find $DIR -type f -perm /222 -printf '%f %m\n'"
	assert_output "$([[ ${HOST_ON:-} ]] || echo compact 200)"
	run host_as nobody "echo 24 >$DIR/compact"
	assert_failure
}

@test "reading goes on while VMs come and go" {
	host "(until [ -e /run/enough ]; do cat $DIR/vm/*/* $DIR/pool/* $DIR/stats/* 2>/dev/null; done >/dev/null) &
		echo \$! >/run/reader"
	local i
	for i in 1 2 3 4 5 6 7 8; do
		vm_start
		vm allocate2 $((18 + i)) 0 0
		vm run
		vm_end
	done
	# shellcheck disable=SC2016
	host 'kill -0 $(cat /run/reader); touch /run/enough'
	host_wait 10 "! kill -0 \$(cat /run/reader)"
	host rm -f /run/enough
}
