# SPDX-License-Identifier: GPL-2.0-only
#
# The commands that the manual pages and README.md show, exactly as they stand there, on a host with room for the guests
# that they are about and with the VM that they name. Each must exit with 0 and print something, unless the text says
# that it is quiet. Those that are known here must do what the text above them says. tests/cli/docs.bats compares the
# output that the pages show. The tool alone: one machine is enough.
#
# Runs on: powernv9; lines: first; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 18 s

bats_require_minimum_version 1.5.0
load fixture
load doctor

ROOT=$BATS_TEST_DIRNAME/../..
RUNNING='running yes'

setup_file() {
	doctor_boot --memory 16G --append kvm_cma_resv_ratio=50
	host 'cd /sys/fs/cgroup && echo +memory >cgroup.subtree_control && mkdir machine.slice'
}

setup() {
	vm_with_table 24
	host "mkdir -p /tmp/examples /run/libvirt/qemu /var/lib/libvirt/qemu; cat /run/vmm/vm/pid >/run/libvirt/qemu/web.pid"
}

teardown() {
	host 'rm -rf /tmp/examples /run/libvirt /var/lib/libvirt /run/vmm/guest.sock'
	pool_after
}

# Every line that the pages print as a command after a prompt, from their rendered form
of_manual() {
	local page
	for page in "$ROOT"/man/*.[578]; do
		mandoc -T utf8 -O width=200 "$page" | sed 's/.\x08//g; s/^ \{5\}[#$] \(kvm-htab .*\)/\1/p; d'
	done
}

# Those of README.md: "    $ COMMAND   # what it is for"
of_readme() {
	sed -n 's/^    \$ \(.*[^ ]\) *$/\1/p' "$ROOT/README.md" | sed 's/ *#.*//'
}

# offered EXAMPLE: the VM, if it names a socket, and if it waits for it, with a vCPU that will stop
offered() {
	local socket
	socket=$(sed -n 's/.*--vm \(unix:\)\?\(\/[^ ]*\).*/\2/p' <<<"$1")
	[[ $socket ]] || return 0
	vm permit
	vm offer "$socket"
	[[ $1 == *--wait* ]] || return 0
	vm run-loop
	host_wait 20 "kvm-htab vm-status --vm domain:web -rn -o STATE,HAS-RUN | grep -qx '$RUNNING'"
	host '(sleep 2; vmm ctl vm stop; vmm ctl vm permit) >/dev/null 2>&1 &'
}

# status_now COLUMNS: of the VM
status_now() {
	host kvm-htab vm-status --vm domain:web -rn -o "$1"
}

check() {
	case $1 in
	*'fit --ram 2T; echo $?') assert_line --index -1 3 ;;
	*'doctor; echo $?') assert_line --index -1 0 ;;
	*--quiet*yes) assert_output yes ;;
	*--quiet*) assert_output '' ;;
	*' >new && mv new '*)
		assert_output ''
		run host 'cd /tmp/examples && ls kvm_htab.prom && grep -c "^kvm_htab_" kvm_htab.prom'
		assert_line --index 0 kvm_htab.prom
		((lines[1] > 30))
		;;
	*' list -J | jq '*) assert_output '["web",24]' ;;
	*jq*) ((output > 0)) ;;
	*' --suggest-ratio') assert_line --regexp '^kvm_cma_resv_ratio=[0-9]+ ' ;;
	*' fit '*--json) assert_line --partial '"reason": "room"' ;;
	*' capture '*)
		assert_output ''
		run host "kvm-htab pool-status --sysroot /tmp/examples/${1##* } --json"
		assert_success
		;;
	*' fit '*) assert_line --regexp ' yes +room' ;;
	*' doctor') assert_line 'Guests with a hashed page table can run here' ;;
	*' pool-status') assert_line --regexp '^Pool +ready' ;;
	*' list') assert_line --regexp '^ *[0-9]+ [a-z ]+ hash +[0-9]+ pool .* vmm +web$' ;;
	*' vm-status '*) assert_line --regexp ' hash +(yes +)?[0-9]+ .* pool ' ;;
	*' reset '*)
		assert_line --regexp ' reset +24 '
		assert_equal "$(status_now STATE,HAS-RUN,ORDER)" 'offered no 24'
		;;
	*' resize '*'64G --min-order 28') assert_equal "$(status_now STATE,ORDER)" 'offered 29' ;;
	*' resize '*'--order 26') assert_equal "$(status_now STATE,ORDER)" 'offered 26' ;;
	*) [[ $output ]] ;;
	esac
}

run_all() {
	local example
	while IFS= read -r example <&4; do
		offered "$example"
		run --separate-stderr host_limit 120 "cd /tmp/examples && $example"
		# shellcheck disable=SC2154 # set by run
		[[ $status == 0 && (! $stderr || $example == *'; echo $?') ]] || fail "$example: status $status, $output, $stderr"
		echo "$example: $output"
		check "$example"
	done 4<"$BATS_TEST_TMPDIR/examples"
}

@test "the manual's examples" {
	only_patched_kernel "what the manual shows of the pool"
	of_manual >"$BATS_TEST_TMPDIR/examples"
	# none of them was missed
	assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/examples")" "$(cat "$ROOT"/man/*.[578] | grep -c '^[#$] kvm-htab')"
	(($(wc -l <"$BATS_TEST_TMPDIR/examples") > 20))
	run_all
}

@test "the README's examples" {
	only_patched_kernel "what README shows of the pool"
	of_readme >"$BATS_TEST_TMPDIR/examples"
	assert_equal "$(wc -l <"$BATS_TEST_TMPDIR/examples")" "$(grep -c '^    \$ ' "$ROOT/README.md")"
	run_all
}
