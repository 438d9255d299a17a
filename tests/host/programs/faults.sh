#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For faults.bats, in the host: runs a request again and again, each time with a later allocation
# failing, until none is left that could, and looks at what is left behind each time.
#
#	faults.sh replace ORDER MIN FLAGS	ALLOCATE_HTAB2 of a VM with a table and entries
#	faults.sh radix ORDER MIN FLAGS		ALLOCATE_HTAB2 of a radix VM
#	faults.sh prepare ORDER			RESIZE_HPT_PREPARE of a VM with a table and entries
#	faults.sh create			the VM itself, with memory and a vCPU
#
# The last line says how many there were, and how many requests failed.

set -u

MAX_SITES=2000
ENTRIES=1033

die() {
	echo "allocation $nth of $scenario: $*"
	exit 1
}

vm() {
	vmm ctl vm "$@"
}

pool_used() {
	echo $(($(</sys/kernel/debug/cma/kvm_cma/used) * $(getconf PAGESIZE)))
}

# expect WHAT WANTED GOT
expect() {
	# shellcheck disable=SC2053 # a pattern
	[[ $3 == $2 ]] || die "$1 is '$3' and not '$2' (answer: $answer)"
}

with_table() {
	{ vm allocate 18 && vm run; } >/dev/null || die "no table"
}

still_with_table() {
	expect info 'order=18 source=[12] flags=0x2 *' "$(vm info)"
	expect entries "$ENTRIES" "$(vm entries)"
	expect pool "$pool" "$(pool_used)"
}

still_radix() {
	expect info 'order=0 source=0 flags=0x1 *' "$(vm info)"
	expect pool "$pool" "$(pool_used)"
}

# What the request must have given, and then everything as it was for the next one
got_table() {
	expect info 'order=[12]* source=[12] flags=0 *' "$(vm info)"
	expect entries 0 "$(vm entries)"
	vm run >/dev/null || die "the guest does not run on the new table"
}

# The worker that allocates the table may be any of these. The largest number of allocations that one
# of them made goes to left as what is left of nth.
workers() {
	local proc name value

	left=$nth
	for proc in /proc/[0-9]*; do
		read -r name <"$proc/comm" || continue
		[[ $name == kworker/u* ]] || continue
		read -r value <"$proc/fail-nth"
		((value < left)) && left=$value
		echo "$1" >"$proc/fail-nth"
	done 2>/dev/null
}

# Leaves the answer in answer, its status in status, and in left how much of nth was not needed:
# 0: the allocation was made to fail.
request() {
	if [[ $scenario == prepare-work ]]; then
		workers "$nth"
		answer=$(vm prepare "$@")
		status=$?
		workers 0
		return
	fi
	answer=$(vm faulty "$nth" "${command[@]}" "$@")
	status=$?
	left=${answer##*left=}
}

run_all() {
	sites=0 failures=0
	for ((nth = 1; nth <= MAX_SITES; nth++)); do
		request "$@"
		if ((status)); then
			[[ $answer == ENOMEM* ]] || die "$answer"
			failures=$((failures + 1))
			"$after_failure"
		else
			"$after_success"
		fi
		((left == 0)) || break
		sites=$((sites + 1))
	done
	((nth <= MAX_SITES)) || die "no end"
	((status == 0)) || die "$answer, and no allocation failed"
	all_sites=$((all_sites + sites))
	all_failures=$((all_failures + failures))
}

new_vm() {
	{ vm close-vm && vm create; } >/dev/null || die "no VM"
}

after_replace() {
	got_table
	with_table
}

after_radix() {
	got_table
	new_vm
	still_radix
}

after_prepare_failure() {
	still_with_table
	expect commit ENXIO "$(vm commit "$order")"
	still_with_table
}

after_prepare() {
	# what is to be done now is known to the worker
	vm prepare "$order" >/dev/null || :
	vm prepare 0 >/dev/null || die "it cannot be cancelled"
	expect info '* flags=0x2 *' "$(vm info)"
	sleep 0.2
	still_with_table
}

# What was made of the VM goes; the next one is made from nothing.
after_create() {
	vm close-vm >/dev/null || die "it cannot be closed"
	expect pool "$empty" "$(pool_used)"
}

nth=0 answer='' scenario=$1 all_sites=0 all_failures=0
shift
empty=$(pool_used)
case $scenario in
replace)
	command=(allocate2) after_failure=still_with_table after_success=after_replace
	with_table
	pool=$(pool_used)
	run_all "$@"
	;;
radix)
	command=(allocate2) after_failure=still_radix after_success=after_radix
	pool=$(pool_used)
	run_all "$@"
	;;
prepare)
	order=$1
	command=(prepare-nowait) after_failure=after_prepare_failure after_success=after_prepare
	with_table
	pool=$(pool_used)
	run_all "$@"
	scenario=prepare-work
	run_all "$@"
	;;
create)
	command=(create) after_failure=after_create after_success=after_create
	vm close-vm
	run_all
	;;
*)
	die "unknown"
	;;
esac
echo "$all_sites sites, $all_failures ENOMEM"
