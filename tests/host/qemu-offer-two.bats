# SPDX-License-Identifier: GPL-2.0-only
#
# Two guests of QEMU with the series of integration/qemu at a time: each has its own offer. Then one of them is the
# destination to which the other migrates while it runs.
#
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series
# Longer: QEMU_LINE=10.0
# Takes: 130 s

load offer

ORDER=22 # of the table that QEMU gives a guest with $MEMORY
guest_dir=/run/guest # as in guest.bash

pair() {
	offer_start
	guest_use other
	offer_start
	guest_use
}

@test "what is done to one guest is not done to the other" {
	pair
	vm_stop
	guest_use other
	vm_stop
	take reset
	take_says reset
	guest_use
	run --separate-stderr host kvm-htab resize --order $((ORDER + 1)) --vm "$guest_dir/vm.sock" -rn -o RESULT,ORDER
	assert_success
	assert_output "resized $((ORDER + 1))"
	ended answered true
	guest_use other
	assert_equal "$(status .state)" '"offered"'
	guest_use
	vm_cont
	boots_afresh $((ORDER + 1))
	guests_use $((3 << ORDER))
	guest_use other
	vm_cont
	ended resumed true
	boots_afresh $ORDER
	take_killed
	vm_stop
	take silent
	guest_kill
	guest_use
	works
	guest_use other
	take_killed
	guests_use $((2 << ORDER))
	guest_use
	works
}

@test "both at the same time, again and again" {
	local i
	pair
	for i in 1 2 3; do
		vm_stop
		guest_use other
		vm_stop
		run host "
			kvm-htab resize --order $((ORDER + i)) --vm /run/guest/vm.sock & first=\$!
			kvm-htab reset --vm /run/guest-other/vm.sock && wait \$first"
		assert_success
		vm_cont
		boots_afresh $ORDER
		guest_use
		vm_cont
		boots_afresh $((ORDER + i))
		guests_use $(((1 << ORDER) + (1 << (ORDER + i))))
	done
}

# destination: where the next guest of this name is to go
destination() {
	guest_use "$1"
	guest_start "$MEMORY" -incoming defer -object "kvm-htab-offer,id=htab0,path=$guest_dir/vm.sock,timeout=60"
	qmp '{ "execute": "migrate-incoming", "arguments": { "uri": "unix:/run/migration.sock" } }'
}

@test "a migration that is cancelled: the guest goes on, and is offered as before" {
	guest_kill_all
	offer_start
	guest_tell busy
	qmp '{ "execute": "migrate-set-parameters", "arguments": { "max-bandwidth": 4096 } }'
	qmp '{ "execute": "migrate", "arguments": { "uri": "exec:cat >/dev/null" } }'
	works
	qmp '{ "execute": "migrate_cancel" }'
	vm_stop
	run --separate-stderr host kvm-htab vm-status --vm "$guest_dir/vm.sock" -rn -o STATE
	assert_success
	assert_output offered
	goes_on
}

@test "migrated while it runs, a guest keeps the table that it made, and the order that it was given" {
	local there
	guest_kill_all
	offer_start
	resized $((ORDER + 2))
	guest_tell "resize $((ORDER + 1))" # QEMU lets it have that at most
	guest_expect "resized $((ORDER + 1))"
	guest_tell busy
	destination other
	run host kvm-htab vm-status --vm "$guest_dir/vm.sock" --timeout 0.5
	assert_failure 1
	assert_output --partial 'sent nothing within 0.5 s'
	guest_use
	there=$(rounds)
	migrate unix:/run/migration.sock
	migrated
	assert_equal "$(runstate)" postmigrate
	assert_equal "$(status .state)" '"waiting"'
	run host kvm-htab reset --vm "$guest_dir/vm.sock" --timeout 0.5
	assert_failure 1
	assert_output --partial 'sent nothing within 0.5 s'
	guest_kill
	guest_use other
	works
	(($(rounds) > there))
	table_is $((ORDER + 1))
	assert_equal "$(status '."reset-order"')" $((ORDER + 2))
	qmp '{ "execute": "system_reset" }'
	boots_afresh $((ORDER + 2))
	vm_stop
	run host kvm-htab reset --vm "$guest_dir/vm.sock"
	assert_success
	vm_cont
	boots_afresh $((ORDER + 2))
	table_is $((ORDER + 2))
}

@test "migrated while a client has emptied the table: the guest boots afresh at the other end" {
	guest_kill_all
	offer_start
	destination other
	guest_use
	vm_stop
	take reset
	take_says reset
	migrate unix:/run/migration.sock
	ended migration true
	migrated
	take_killed
	guest_kill
	guest_use other
	vm_cont
	boots_afresh $ORDER
	table_is $ORDER
}
