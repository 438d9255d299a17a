# shellcheck disable=SC2016 # for the host
# SPDX-License-Identifier: GPL-2.0-only
#
# Whoever asks for the address of an entry has to fetch it from where the table was before it was moved. Here each of
# those who ask is told not to, one after the other, while the kthread does not fetch either: that has to be noticed.
#
# Some of them ask for what somebody else has just fetched under the same lock, so that it makes no difference: see
# SAME below.
#
# MUTANTS: those to try, FUNCTION or FUNCTION:LINE, instead of all functions. TORTURE_SEED: seed for what happens meanwhile.
#
# Check-long: powernv8 powernv9 powernv10; lines: first; kernels: moves
# Takes: 300 s

load host
load vmm

# What asks again for an entry that has been asked for and is still locked, or has not been let go of
SAME='kvmppc_hpte_hv_fault kvmppc_mmu_book3s_64_hv_xlate kvmppc_unmap_hpte kvmppc_book3s_hv_page_fault'

setup_file() {
	export SEED=${TORTURE_SEED:-$((RANDOM * 32768 + RANDOM))}
	echo "# $HOST_MACHINE: TORTURE_SEED=$SEED" >&3
	host_boot --no-panic --memory 2G --append kvm_cma_resv_ratio=2
}

# In the host: try NAME: has a VM's table moved, and its entries used in all ways; says what was noticed
TRY='
	hooks=/sys/module/book3s_hv_htab_test/parameters
	until_holding() {
		for ((i = 0; i < 1000; i++)); do
			[ $(<$hooks/holding) = $1 ] && return
			sleep 0.01
		done
		return 1
	}
	use() {
		local said
		said=$(timeout 120 vmm ctl vm model $RANDOM 8 2>&1) || { echo "${said:-no answer}"; return; }
		case $((n % 4)) in
		1) timeout 60 cat /sys/kernel/debug/kvm/*-*/htab >/dev/null ;;
		2) said=$(timeout 60 vmm ctl vm model-check) || { echo "file: ${said:-no answer}"; return; } ;;
		esac
	}
	try() {
		local n found= last mover order pid
		dmesg -C
		vmm start vm --ram 16 >/dev/null && vmm ctl vm allocate 20 >/dev/null &&
			vmm ctl vm model 1 5 >/dev/null || { echo "$1: no VM"; return; }
		last=$(ls /sys/kernel/kvm_htab/vm | sort -n | tail -n 1)
		echo $1 >$hooks/mutant
		echo 0 >$hooks/hold
		mover $RANDOM 1000000 100000 $last >/dev/null 2>&1 &
		mover=$!
		for ((n = 0; n < 7; n++)); do
			until_holding Y || { found="no move"; break; }
			# Before the guest has asked for what maps real mode
			if ((n == 6)); then
				order=21
				timeout 60 vmm ctl vm prepare $order >/dev/null && timeout 60 vmm ctl vm commit $order >/dev/null &&
					timeout 60 vmm ctl vm run 3 >/dev/null || found=resize
				break
			fi
			found=$(use)
			[ "$found" ] && break
			echo -1 >$hooks/hold
			until_holding N
			found=$(dmesg | grep -o "moving an HPT: errors.*")
			[ "$found" ] && break
			echo 0 >$hooks/hold
		done
		echo -1 >$hooks/hold
		echo >$hooks/mutant
		sleep 0.3
		found+=$(dmesg | grep -o "moving an HPT: errors.*\|BUG.*\|Oops.*" | head -n 1)
		kill $mover
		wait $mover 2>/dev/null
		read -r pid </run/vmm/vm/pid
		kill -9 $pid
		while [ -d /proc/$pid ]; do sleep 0.05; done
		rm -rf /run/vmm/vm
		echo "$1: ${found:-nothing}"
	}'

@test "without any of them nothing is noticed, and all are reached" {
	run host_limit 300 "RANDOM=$SEED; $TRY; try none"
	echo "$output"
	assert_output 'none: nothing'
	host cat /sys/kernel/debug/kvm_hpte_sites | sed 's/^/# /' >&3
}

@test "each of them is noticed" {
	local site missed=''
	for site in ${MUTANTS:-$(host "sed 's/:.*//' /sys/kernel/debug/kvm_hpte_sites | sort -u")}; do
		[[ " $SAME " != *" $site "* ]] || continue
		run host_limit 300 "RANDOM=$SEED; $TRY; try $site"
		echo "# $output" >&3
		[[ $output != *': nothing' ]] || missed+=" $site"
	done
	assert_equal "$missed" ''
}
