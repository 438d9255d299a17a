# SPDX-License-Identifier: GPL-2.0-only
#
# QEMU with the series of integration/qemu offers the hash page table of its Linux guest to kvm-htab.
#
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series
# Longer: QEMU_LINE=10.0
# Takes: 165 s

load offer

ORDER=22 # of the table that QEMU gives a guest with $MEMORY
guest_dir=/run/guest # as in guest.bash
SOCKET=$guest_dir/vm.sock

@test "stopped, the VM is looked at and reset; the guest boots afresh" {
	offer_start
	works
	assert_equal "$(status .state)" '"waiting"'
	vm_stop
	assert_equal "$(status .state)" '"listening"'
	run --separate-stderr host kvm-htab vm-status --vm $SOCKET -rn -o STATE,MMU,ORDER
	assert_success
	assert_output "offered hash $ORDER"
	run --separate-stderr host kvm-htab reset --vm $SOCKET -rn -o RESULT,ORDER
	assert_success
	assert_output "reset $ORDER"
	expect_event '"changed": true'
	run events 'KVM_HTAB'
	assert_line "{\"id\":\"htab0\",\"order\":$ORDER}"
	assert_line --partial '"changed":true'
	assert_line --partial '"exit-status":0'
	run events RESET
	assert_output '{"guest":false,"reason":"host-qmp-system-reset"}'
	vm_cont
	run guest_expect 'up, .*'
	assert_output "guest: up, MMU Hash, order $ORDER"
	table_is $ORDER
	works
}

@test "only looked at, the guest goes on" {
	offer_up
	vm_stop
	run --separate-stderr host kvm-htab vm-status --vm $SOCKET -rn -o STATE
	assert_output offered
	expect_event '"changed": false'
	vm_cont
	works
}

@test "resized, the guest boots on a table of that order, which later resets keep" {
	offer_up
	vm_stop
	run --separate-stderr host kvm-htab resize --order $((ORDER + 2)) --vm $SOCKET -rn -o RESULT,ORDER
	assert_success
	expect_event '"changed": true'
	assert_equal "$(status '."reset-order"')" $((ORDER + 2))
	vm_cont
	run guest_expect 'up, .*'
	assert_output "guest: up, MMU Hash, order $((ORDER + 2))"
	table_is $((ORDER + 2))
	works
	qmp '{ "execute": "system_reset" }'
	run guest_expect 'up, .*'
	assert_output "guest: up, MMU Hash, order $((ORDER + 2))"
	guest_tell reboot
	run guest_expect 'up, .*'
	assert_output "guest: up, MMU Hash, order $((ORDER + 2))"
	table_is $((ORDER + 2))
	guest_tell "resize $((ORDER + 1))"
	guest_expect "resized $((ORDER + 1))"
	table_is $((ORDER + 1))
	works
	qmp '{ "execute": "system_reset" }'
	run guest_expect 'up, .*'
	assert_output "guest: up, MMU Hash, order $((ORDER + 2))"
	table_is $((ORDER + 2))
	guest_kill # others begin with QEMU's order
}

@test "an order that is too small for the guest's RMA lasts until its reset" {
	offer_start
	vm_stop
	run --separate-stderr host kvm-htab resize --order 18 --vm $SOCKET -rn -o RESULT,ORDER
	assert_success
	ended answered true
	assert_equal "$(status '."reset-order"')" $ORDER
	vm_cont
	boots_afresh $ORDER
	run guest_logs
	assert_output --partial 'With an HPT of order 18 the RMA cannot have'
}

@test "while the guest runs, a client waits, with exit status 4 if it is in vain" {
	offer_up
	run host kvm-htab reset --vm $SOCKET --timeout 0.5
	assert_failure 1
	assert_output --partial 'sent nothing within 0.5 s'
	run host kvm-htab reset --vm $SOCKET --timeout 0.5 --wait 1
	assert_failure 4
	assert_output --partial 'its VMM did not offer the VM within 1 s of --wait'
	works
	host "kvm-htab reset --vm $SOCKET --wait 50 >/tmp/waited 2>&1; echo \$? >>/tmp/waited" &
	works
	vm_stop
	wait
	run host tail -n 1 /tmp/waited
	assert_output 0
	vm_cont
	boots_afresh $ORDER
}

@test "a user in the socket's group may, others may not" {
	offer_up
	run host stat -c '%a %g' $SOCKET
	assert_output '660 1000'
	vm_stop
	run host_as nobody kvm-htab reset --vm $SOCKET
	assert_failure 1
	assert_output --partial 'permission denied'
	run --separate-stderr host_as user kvm-htab reset --vm $SOCKET -rn -o RESULT
	assert_success
	assert_output reset
	vm_cont
	boots_afresh $ORDER
}

@test "a silent client: its time is over, or the guest goes on without it" {
	offer_up
	vm_stop
	take silent
	assert_equal "$(status .state)" '"offered"'
	vm_cont
	ended resumed false
	goes_on
	take_killed
	vm_stop
	time_limit 1
	take silent
	ended timeout false
	time_limit 60
	goes_on
	take_killed
}

@test "a client that clears the table and is silent, or killed: the guest boots afresh" {
	offer_up
	vm_stop
	take reset
	take_says reset
	vm_cont
	ended resumed true
	boots_afresh $ORDER
	take_killed
	vm_stop
	take reset
	take_says reset
	take_killed
	ended hung-up true
	vm_cont
	boots_afresh $ORDER
	vm_stop
	take reset
	take_says reset
	qmp '{ "execute": "system_reset" }'
	ended reset true
	vm_cont
	boots_afresh $ORDER
	take_killed
}

@test "an offer does not outlive its connection" {
	offer_up
	vm_stop
	time_limit 1
	take late
	take_says closed
	take_says EBUSY
	time_limit 60
	goes_on
}

@test "what a client says it has done does not count, but what the kernel says" {
	offer_up
	vm_stop
	take boast
	ended answered false
	assert_output --partial '"exit-status":0'
	goes_on
	vm_stop
	take deny
	ended answered true
	assert_output --partial '"exit-status":3'
	vm_cont
	boots_afresh $ORDER
}

# how many files QEMU has open
open_files() {
	host "ls /proc/\$(<$guest_dir/pid)/fd | wc -l"
}

@test "garbage, a flood, and many connections" {
	local files
	offer_up
	vm_stop
	files=$(open_files)
	take garbage
	ended invalid false
	take flood
	ended invalid false
	take many
	goes_on
	take_killed
	vm_stop
	run host kvm-htab vm-status --vm $SOCKET
	assert_success
	ended answered false
	assert_equal "$(open_files)" "$files"
	goes_on
}

@test "objects come and go by QMP; there is one at a time, and its socket is its own" {
	offer_up
	run qmp '{ "execute": "object-add", "arguments":
		{ "qom-type": "kvm-htab-offer", "id": "two", "path": "/run/guest/two.sock" } }'
	assert_output --partial 'has a kvm-htab-offer already: \"htab0\"'
	vm_stop
	take silent
	run qmp '{ "execute": "object-del", "arguments": { "id": "htab0" } }'
	assert_output --partial 'is in use'
	take_killed
	expect_event KVM_HTAB_OFFER_ENDED
	qmp '{ "execute": "object-del", "arguments": { "id": "htab0" } }'
	run host test -e $SOCKET
	assert_failure
	run qmp '{ "execute": "query-kvm-htab" }'
	assert_output --partial 'has no kvm-htab-offer'
	host touch /run/guest/file
	run qmp '{ "execute": "object-add", "arguments":
		{ "qom-type": "kvm-htab-offer", "id": "two", "path": "/run/guest/file" } }'
	assert_output --partial 'exists and is not a socket'
	qmp "{ \"execute\": \"object-add\", \"arguments\": { \"qom-type\": \"kvm-htab-offer\", \"id\": \"two\",
		\"path\": \"$SOCKET\", \"max-order\": $((ORDER + 1)) } }"
	run host kvm-htab resize --order $((ORDER + 2)) --vm $SOCKET
	assert_failure
	run host kvm-htab resize --order $((ORDER + 1)) --vm $SOCKET
	assert_success
	vm_cont
	boots_afresh $((ORDER + 1))
	run host "qemu-system-ppc64 -S -accel kvm -machine $(guest_machine) -nodefaults -display none \
		-object kvm-htab-offer,id=htab0,path=$SOCKET"
	assert_failure 1
	assert_output --partial 'is in use by another process'
}

@test "QEMU is killed: its client is told, the next QEMU takes the socket over" {
	offer_up
	vm_stop
	take late
	guest_kill
	take_says closed
	take_says EIO
	guests_use 0
	host "cd /tmp && mv $SOCKET left.sock"
	guest_start "$MEMORY" -S
	host mv /tmp/left.sock $SOCKET
	run qmp "{ \"execute\": \"object-add\", \"arguments\": { \"qom-type\": \"kvm-htab-offer\", \"id\": \"htab0\",
		\"path\": \"$SOCKET\" } }"
	assert_output --partial '{"return": {}}'
	run host kvm-htab resize --order $((ORDER + 1)) --vm $SOCKET
	if [[ $HOST_MACHINE == powernv10 ]]; then # the guest chooses the hash MMU only when its kernel starts
		assert_failure 1
		assert_output --partial 'hung up without sending a file descriptor'
		return
	fi
	assert_success
	vm_cont
	boots_afresh $((ORDER + 1))
}

@test "migrated, the guest keeps its order; a migration ends the offer first" {
	offer_start
	resized $((ORDER + 1))
	vm_stop
	take silent
	qmp '{ "execute": "migrate", "arguments": { "uri": "exec:cat >/tmp/vm" } }'
	ended migration false
	take_killed # it keeps the VM and its table alive
	migrated
	guest_kill
	guest_start "$MEMORY" -incoming defer -object "kvm-htab-offer,id=htab0,path=$SOCKET" -S
	qmp '{ "execute": "migrate-incoming", "arguments": { "uri": "exec:cat /tmp/vm" } }'
	for _ in {1..60}; do
		run qmp '{ "execute": "query-status" }'
		[[ $output == *inmigrate* ]] || break
		sleep 1
	done
	vm_cont
	works
	table_is $((ORDER + 1))
	qmp '{ "execute": "system_reset" }'
	boots_afresh $((ORDER + 1))
	host rm /tmp/vm
}

@test "examples/qemu-change-table stops the guest, resizes its table and lets it boot" {
	host 'rm -f /tmp/control.*; mkfifo /tmp/control.in /tmp/control.out'
	host_put "$BATS_TEST_DIRNAME/../../examples/qemu-change-table" /tmp/qemu-change-table
	offer_start -chardev pipe,id=control,path=/tmp/control -mon chardev=control,mode=control
	host ": >$guest_dir/now"
	run --separate-stderr host bash /tmp/qemu-change-table /tmp/control $SOCKET resize --order $((ORDER + 1)) -rn -o RESULT,ORDER
	assert_success
	assert_output "resized $((ORDER + 1))"
	boots_afresh $((ORDER + 1))
	host ": >$guest_dir/now"
	run --separate-stderr host bash /tmp/qemu-change-table /tmp/control $SOCKET reset -rn -o RESULT,ORDER
	assert_success
	assert_output "reset $((ORDER + 1))"
	boots_afresh $((ORDER + 1))
	run host bash /tmp/qemu-change-table /tmp/control $SOCKET resize --order 46
	assert_failure 3
	works
}
