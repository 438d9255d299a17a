# SPDX-License-Identifier: GPL-2.0-only
#
# QEMU with the series of integration/qemu offers the hash page table of its Linux guest to kvm-htab.
#
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series
# Takes: 150 s

bats_require_minimum_version 1.5.0
load host
load vmm
load guest

MEMORY=512M
ORDER=22
SOCKET=/run/guest/vm.sock

setup_file() {
	local append=
	[[ $HOST_MACHINE != powernv9 ]] || append=disable_radix
	host_boot --add offer --append "$append"
	pool_used >"$BATS_FILE_TMPDIR/before"
}

setup() {
	[[ $HOST_MACHINE != powernv10 ]] || guest_kernel disable_radix
	before=$(<"$BATS_FILE_TMPDIR/before")
}

teardown() {
	if [[ -z ${BATS_TEST_COMPLETED:-} ]]; then
		guest_logs
		guest_kill
	fi
}

teardown_file() {
	guest_kill
}

# offer_start [OPTION...]: a guest whose table is offered, when it is up
offer_start() {
	guest_kill
	guest_start "$MEMORY" -object "kvm-htab-offer,id=htab0,path=$SOCKET,group=1000,timeout=5" "$@" || return
	guest_expect 'up, .*'
}

offer_up() {
	guest_alive || offer_start
}

# status FIELD: of query-kvm-htab
status() {
	qmp '{ "execute": "query-kvm-htab" }' | jq -c ".return | $1"
}

vm_stop() { qmp '{ "execute": "stop" }'; }

vm_cont() { qmp '{ "execute": "cont" }'; }

# events REGEX: the data of such events since the last qmp
events() {
	host "tr -d '\\r' <$guest_dir/qmp" | jq -c "select(.event // \"\" | test(\"$1\")) | .data"
}

expect_event() {
	host_wait 30 "grep -q '$1' $guest_dir/qmp"
}

# table_is ORDER: according to the guest, to the pool and to QEMU
table_is() {
	guest_tell order
	run guest_expect 'order .*'
	assert_output "guest: order $1"
	assert_equal "$(pool_used)" $((before + (1 << $1)))
	assert_equal "$(status .order)" "$1"
}

works() {
	guest_tell 'load 32'
	guest_expect 'loaded 32'
}

# A client that takes the descriptor and is silent, until it is killed
hold_start() {
	host "rm -f /tmp/held; (peer hold '$SOCKET' >/tmp/held 2>&1; echo ended >>/tmp/held) & echo \$! >/tmp/held.pid"
}

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
}
