# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For tests: guests whose table QEMU offers on $guest_dir/vm.sock. `load offer` brings in host.bash, vmm.bash and
# guest.bash, and these:
#
#   setup_file, setup, teardown, teardown_file    a host with QEMU of integration/qemu, and how much of the pool is in use
#                           ($before); at the end, no guest
#   $MEMORY                 of the guest
#   offer_start [OPTION...] a guest whose table is offered, when it is up
#   offer_up                the same; one that is alive serves
#   status FIELD            of query-kvm-htab
#   vm_stop, vm_cont        QMP's stop and cont
#   runstate                of query-status
#   events REGEX            the data of such events since the last qmp
#   expect_event TEXT       waits until QEMU has sent it
#   table_is ORDER          according to the guest, to the pool and to QEMU
#   guests_use BYTES        of the pool, all together; waits for what the kernel finishes later
#   works                   the guest uses its memory
#   take MODE               a client that misbehaves, see taker.c; returns when it has the VM
#   take_says REGEX         waits until it says so
#   take_killed             kills it
#   time_limit SECONDS      that clients have (60; a busy build machine may need many)
#   ended REASON CHANGED    the last offer
#   goes_on                 the guest has never stopped being what it was
#   boots_afresh ORDER      the guest says so, with a table of that order
#   resized ORDER           stopped, its table is resized, and the guest boots afresh with it

bats_require_minimum_version 1.5.0
load host
load vmm
load guest

MEMORY=512M
guest_dir=/run/guest # as in guest.bash

setup_file() {
	guest_host --add offer
	pool_used >"$BATS_FILE_TMPDIR/before"
}

setup() {
	[[ $HOST_MACHINE != powernv10 ]] || guest_kernel disable_radix
	before=$(<"$BATS_FILE_TMPDIR/before")
}

teardown() {
	local status=0

	guest_end_failed || status=1
	# shellcheck disable=SC2016 # for the shell in the host
	host 'kill -9 $(cat /tmp/*.taker); rm -f /tmp/*.taker' 2>/dev/null || true
	return $status
}

teardown_file() {
	guest_kill_all
}

# shellcheck disable=SC2120 # options are for those who load this
offer_start() {
	guest_kill
	guest_start "$MEMORY" -object "kvm-htab-offer,id=htab0,path=$guest_dir/vm.sock,group=1000,timeout=60" "$@" || return
	guest_expect 'up, .*'
}

offer_up() {
	# shellcheck disable=SC2119 # no options
	guest_alive || offer_start
}

status() {
	qmp '{ "execute": "query-kvm-htab" }' | jq -c ".return | $1"
}

vm_stop() { qmp '{ "execute": "stop" }'; }

vm_cont() { qmp '{ "execute": "cont" }'; }

runstate() {
	qmp '{ "execute": "query-status" }' | jq -r .return.status
}

events() {
	host "tr -d '\\r' <$guest_dir/qmp" | jq -cS "select(.event // \"\" | test(\"$1\")) | .data"
}

expect_event() {
	host_wait 60 "grep -q '$1' $guest_dir/qmp"
}

table_is() {
	guest_tell order
	run guest_expect 'order .*'
	assert_output "guest: order $1"
	assert_equal "$(pool_used)" $((before + (1 << $1)))
	assert_equal "$(status .order)" "$1"
}

guests_use() {
	pool_back_to $((before + $1))
}

works() {
	guest_tell 'load 32'
	guest_expect 'loaded 32'
}

take() {
	local name=/tmp/${guest_dir##*/}

	host "rm -f $name.taken; taker $1 $guest_dir/vm.sock >$name.taken 2>&1 & echo \$! >$name.taker"
	take_says 'taken|connected'
}

take_says() {
	local said=/tmp/${guest_dir##*/}.taken

	host_wait 60 "grep -qE '$1' $said" || fail "$(host cat "$said")"
}

take_killed() {
	local taker=/tmp/${guest_dir##*/}.taker

	host "kill -9 \$(<$taker); rm $taker"
}

time_limit() {
	qmp "{ \"execute\": \"qom-set\", \"arguments\": { \"path\": \"/objects/htab0\", \"property\": \"timeout\", \"value\": $1 } }"
}

ended() {
	expect_event KVM_HTAB_OFFER_ENDED
	run events KVM_HTAB_OFFER_ENDED
	assert_output --partial "\"reason\":\"$1\""
	assert_output --partial "\"changed\":$2"
}

goes_on() {
	[[ $(status .state) == '"waiting"' ]] || vm_cont
	works
}

boots_afresh() {
	run guest_expect 'up, .*'
	assert_output "guest: up, MMU Hash, order $1"
	works
}

resized() {
	vm_stop
	host kvm-htab resize --order "$1" --vm "$guest_dir/vm.sock"
	vm_cont
	boots_afresh "$1"
}
