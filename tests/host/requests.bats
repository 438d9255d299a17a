# SPDX-License-Identifier: GPL-2.0-only
#
# The main job: kvm-htab, run by another user without privileges who has only the file descriptor that came over a
# socket, resets and resizes the table of a stopped VM. And what must not happen: to a running VM, without the owner's
# offer, by another request.
#
# Runs on: powernv8 powernv9 powernv10; lines: first; kernels: series
# Runs on: powernv9; lines: other; kernels: series
# Runs on: powernv9; lines: bookworm trixie; kernels: modules
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 30 s

bats_require_minimum_version 1.5.0
load fixture

SOCKET=@requests

setup_file() {
	host_boot
	AFTER_RUN=$(entries_after_run)
	export AFTER_RUN
}

# tool COMMAND ARG...: kvm-htab as nobody, on the VM that the VMM offers for it.
tool() {
	local command=$1
	shift
	vm offer "$SOCKET" >/dev/null || return
	host_as nobody kvm-htab "$command" --vm "$SOCKET" "$@"
}

# field NAME: of the single result of a command's --json on stdin.
field() {
	jq -r ".results[0].$1"
}

pool_free() {
	host kvm-htab pool-status --json | jq -r '.results[0].free_bytes'
}

@test "reset clears every entry, and the guest then runs from scratch" {
	vm run
	vm permit
	run vm entries
	assert_output "$AFTER_RUN"

	run tool reset
	assert_success
	run vm offered
	assert_success
	assert_equal "$(jq -r .exit_status <<<"$output")" 0
	assert_equal "$(jq -r .order <<<"$output")" 24

	run vm entries
	assert_output 0
	run vm info
	assert_output --partial 'order=24 '
	# OFFERED and not READY: the guest is as good as new
	assert_output --partial 'flags=0x8 '
	run vm run
	assert_success
	run vm entries
	assert_output "$AFTER_RUN"
}

@test "resize is exact to the byte in the answer, vm-status, the kernel's view and pool-status" {
	local free status
	free=$(pool_free)
	vm permit

	run tool resize --order 26 --json
	assert_success
	assert_equal "$(field order <<<"$output")" 26
	assert_equal "$(field table_bytes <<<"$output")" $((1 << 26))
	assert_equal "$(field source <<<"$output")" pool

	status=$(tool vm-status --json)
	assert_equal "$(field order <<<"$status")" 26
	assert_equal "$(field table_bytes <<<"$status")" $((1 << 26))
	assert_equal "$(field revmap_bytes <<<"$status")" $((1 << 26))
	run vm info
	assert_output --partial "order=26 source=1 flags=0x8 vcpus_running=0 table_bytes=$((1 << 26))"
	assert_equal "$(pool_free)" $((free + (1 << 24) - (1 << 26)))
	pool_gave $((1 << 26))
	run vm run
	assert_success

	vm permit
	run tool resize --order 24 --json
	assert_success
	assert_equal "$(field order <<<"$output")" 24
	assert_equal "$(pool_free)" "$free"
	run vm run
	assert_success
}

@test "a VM without a table: nothing to reset, and vm-status says so" {
	vm close-vm
	vm create
	[[ $HOST_MACHINE == powernv8 ]] || vm hash
	vm permit
	run tool vm-status --json
	assert_success
	assert_equal "$(field table <<<"$output")" false
	run tool reset --json
	assert_success
	assert_equal "$(field order <<<"$output")" null
	pool_gave 0
	run vm info
	assert_output --partial 'order=0 source=0 '
	run vm run
	assert_success
	run vm info
	assert_output --partial 'order=24 '
}

@test "resize falls back to an order down to --min-order, and says so" {
	vm permit
	run --separate-stderr tool resize --order 40 --min-order 25 --json
	assert_success
	local order
	order=$(field order <<<"$output")
	assert_equal "$(field wanted_order <<<"$output")" 40
	# shellcheck disable=SC2154 # set by run
	[[ $stderr == *"no room for order 40; the table has order $order ("* ]]
	((order >= 25 && order < 40))
	run vm info
	assert_output --partial "order=$order source=1 "
}

@test "no room: exit status 3, table and entries still there" {
	vm run
	vm permit
	run tool resize --order 40
	assert_failure 3
	assert_output --partial 'no room for a table of order 40'
	assert_output --partial 'kvm-htab pool-status'
	run tool resize --order 40 --min-order 39
	assert_failure 3
	# shellcheck disable=SC2016 # quoted by the message
	assert_output --partial 'no room for a table of order 40 (1T), or a smaller one down to order 39; see `kvm-htab pool-status`; nothing was changed'
	run vm entries
	assert_output "$AFTER_RUN"
	run vm info
	assert_output --partial 'order=24 '
	# OFFERED and READY
	assert_output --partial 'flags=0xa '
}

@test "a vCPU inside KVM_RUN: exit status 4, nothing changed" {
	local how
	vm run
	vm permit
	for how in run-loop cede; do
		vm "$how"
		run tool reset
		assert_failure 4
		assert_output --partial 'the VM is running; stop it first, or use --wait'
		run tool resize --order 26
		assert_failure 4
		run tool vm-status --json
		assert_success
		assert_equal "$(field state <<<"$output")" running
		assert_equal "$(field vcpus_running <<<"$output")" 1
		vm stop
		run vm entries
		assert_output "$AFTER_RUN"
	done
}

@test "--wait outlasts a vCPU that stops in time, and no other" {
	vm run
	vm permit
	vm run-loop
	run tool reset --wait=0.5
	assert_failure 4
	assert_output --partial 'the VM is still running after 0.5 s of --wait; stop it first; nothing was changed'
	vm offer "$SOCKET"
	host "(sleep 1; vmm ctl vm stop; vmm ctl vm permit) >/dev/null 2>&1 & setpriv --reuid=nobody --clear-groups \
		kvm-htab reset --vm $SOCKET --wait=20"
	run vm entries
	assert_output 0
}

@test "a VM that was offered, has run and is stopped has to be offered again" {
	vm permit
	vm run
	run tool reset
	assert_failure 4
	assert_output --partial 'the VM has run since it was offered; let its VMM stop it and offer it again, or use --wait'
	run tool reset --wait=0.5
	assert_failure 4
	assert_output --partial 'the VM was not offered again within 0.5 s of --wait; let its VMM stop it and offer it again'
	run tool reset --force
	assert_failure 1
	assert_output --partial 'permission denied: --force requires CAP_SYS_ADMIN; run as root, or let the VMM offer the VM again'
	run vm entries
	assert_output "$AFTER_RUN"
}

@test "without an offer: refused, exit status 1; revoked: refused again" {
	vm run
	run tool reset
	assert_failure 1
	assert_output --partial 'permission denied: the VM was not offered and this process lacks CAP_SYS_ADMIN; let its VMM offer it'
	vm permit
	run tool vm-status
	assert_success
	vm revoke
	run tool resize --order 26
	assert_failure 1
	run tool vm-status
	assert_failure 1
	run vm entries
	assert_output "$AFTER_RUN"
}

@test "with CAP_SYS_ADMIN: allowed without an offer, by force if the VM has run" {
	vm run
	vm offer "$SOCKET"
	run host kvm-htab reset --vm "$SOCKET"
	assert_failure 1
	vm offer "$SOCKET"
	run host kvm-htab reset --vm "$SOCKET" --force
	assert_success
	run vm entries
	assert_output 0
	# nothing but that capability
	vm offer "$SOCKET"
	run host setpriv --reuid=nobody --clear-groups --inh-caps=-all,+sys_admin --ambient-caps=-all,+sys_admin \
		--bounding-set=-all,+sys_admin kvm-htab resize --vm "$SOCKET" --order 25 --force
	assert_success
	vm offer "$SOCKET"
	run host setpriv --bounding-set=-sys_admin --inh-caps=-all kvm-htab reset --vm "$SOCKET"
	assert_failure 1
}

@test "the owner's limit for others" {
	vm permit 25
	run tool resize --order 26
	assert_failure 1
	assert_output --partial "permission denied: order 26 exceeds the limit set by the VM's owner"
	run tool resize --order 25
	assert_success
	vm offer "$SOCKET"
	run host kvm-htab resize --vm "$SOCKET" --order 26
	assert_success
	# beyond the limit there is no offer, and the VM has something to lose
	vm run
	vm permit 25
	vm offer "$SOCKET"
	run host kvm-htab resize --vm "$SOCKET" --order 27
	assert_failure 1
	assert_output --partial "order 27 exceeds the limit set by the VM's owner; reset the VM first"
	run vm allocate 27
	assert_success
}

@test "other VM ioctls of a foreign process stay EIO, offered or not, privileged or not" {
	local as
	vm permit
	for as in 'host_as nobody' host; do
		vm offer "$SOCKET"
		# shellcheck disable=SC2086 # words
		run $as foreign "$SOCKET" create-vcpu set-memory enable-cap 0 get-htab-fd info say bye
		assert_success
		assert_line 'create-vcpu EIO'
		assert_line 'set-memory EIO'
		assert_line 'enable-cap EIO'
		assert_line 'get-htab-fd EIO'
		assert_line 'info 24'
	done
	# still offered: the foreign enable-cap 0 has revoked nothing
	run vm info
	assert_output --partial 'flags=0x8 '
}

@test "the owner is killed while the client holds the fd: EIO, and the pool is whole afterwards" {
	vm permit
	vm offer "$SOCKET"
	run host_limit 30 "foreign $SOCKET info hold /tmp/go info allocate 24 check-extension 4176 >/tmp/foreign.out 2>&1 &
		while [ ! -e /tmp/go.holding ]; do sleep 0.1; done
		kill -9 \$(</run/vmm/vm/pid)
		while [ -d /proc/\$(</run/vmm/vm/pid) ]; do sleep 0.1; done
		touch /tmp/go
		wait
		cat /tmp/foreign.out; rm -f /tmp/go /tmp/go.holding"
	assert_success
	assert_line --index 0 'info 24'
	assert_line --index 2 'info EIO'
	assert_line 'allocate EIO'
	assert_line 'check-extension EIO'
	vm_end
	pool_back_to "${before:?}"
}

@test "offers themselves: known bits are reported and taken, others refused" {
	vm offer "$SOCKET"
	run host_as nobody foreign "$SOCKET" check-extension 4176 say bye
	assert_line "check-extension $(htab_ctl_bits)"
	run vm enable-cap 16
	assert_output EINVAL
	run vm enable-cap 4 17
	assert_output EINVAL
	run vm enable-cap 4 47
	assert_output EINVAL
	run vm enable-cap 6 46
	assert_success
}

@test "bad requests are refused and change nothing" {
	vm run
	local bad
	# order, min_order, flags
	for bad in '17' '47' '24 25' '24 17' '24 0 8' '0' '0 20 1'; do
		# shellcheck disable=SC2086 # words
		run vm allocate2 $bad
		assert_failure
		assert_output --partial EINVAL
	done
	run vm entries
	assert_output "$AFTER_RUN"
}

@test "KEEP clears a table that is large enough and replaces one that is not" {
	# KEEP is flag 1
	run vm allocate2 22 0 1
	assert_success
	run vm info
	assert_output --partial 'order=24 '
	run vm allocate2 26 20 1
	run vm info
	assert_output --partial 'order=24 '
	run vm allocate2 26 25 1
	run vm info
	assert_output --partial 'order=26 '
}

@test "FALLBACK: the u32 ioctl settles for less and writes the order back" {
	vm close-vm
	vm create
	run vm allocate 40
	assert_output ENOMEM
	vm enable-cap 2
	run vm allocate 40
	assert_success
	((output >= 24 && output < 40))
	local order=$output
	run vm info
	assert_output --partial "order=$order "
	# and keeps what there is
	run vm allocate 20
	assert_output "$order"
}

@test "a prepared resize is discarded by a reset" {
	vm run
	vm permit
	vm prepare 25
	run vm info
	assert_output --partial 'flags=0xe '
	run tool reset
	assert_success
	run vm info
	assert_output --partial 'flags=0x8 '
	pool_gave $((1 << 24))
	run vm commit 25
	assert_output ENXIO
}

@test "--dry-run asks for nothing" {
	vm run
	vm permit
	run --separate-stderr tool reset --dry-run -rn -o RESULT,CHANGED,ORDER
	assert_success
	assert_output "would-reset no 24"
	run --separate-stderr tool resize --dry-run --order 26 -rn -o RESULT,CHANGED,ORDER,WANTED
	assert_success
	assert_output "would-resize no 24 26"
	run vm entries
	assert_output "$AFTER_RUN"
	vm run-loop
	run tool reset --dry-run
	assert_failure 4
	vm stop
}

@test "several VMs in one call: a line each, and the exit status of the worst" {
	vm permit
	vm offer "$SOCKET"
	run --separate-stderr host kvm-htab reset --vm "$SOCKET" --vm fd:77 --vm @nobody -rn -o VM,RESULT,STATUS
	assert_failure 1
	assert_line --index 0 "$SOCKET reset 0"
	assert_line --index 1 "fd:77 failed 1"
	assert_line --index 2 "@nobody failed 1"
	vm run-loop
	vm offer "$SOCKET"
	run --separate-stderr host kvm-htab reset --vm "$SOCKET" -rn -o VM,RESULT,STATUS
	assert_failure 4
	vm stop
}

@test "a size of RAM becomes the order that QEMU would choose; the manual's table is right" {
	local page=$BATS_TEST_DIRNAME/../../man/kvm-htab.8
	vm permit
	{
		cat <<-'END'
			1B 18
			32MiB 18
			33M 19
			4GiB 25
			4g 25
			5GB 26
			4294967296B 25
			4294967297B 26
			1.5T 34
			8P 46
			15.9E 46
			0.5G 22
		END
		# a row of orders, and below them one of sizes of RAM
		sed -nE 's/^\.It Sy (order|RAM) Ta (.*)/\1 \2/p' "$page" | sed 's/ Ta / /g' | awk '
			$1 == "order" { split($0, order) }
			$1 == "RAM" { for (i = 2; i <= NF; i++) print $i, order[i] }'
	} >"$BATS_TEST_TMPDIR/sizes"
	(($(wc -l <"$BATS_TEST_TMPDIR/sizes") == 12 + 13))
	host_put "$BATS_TEST_TMPDIR/sizes" /tmp/sizes
	# shellcheck disable=SC2016 # for the host
	run host_limit 120 'while read -r size order; do
			vmm ctl vm offer @sizes >/dev/null
			echo "$size $(kvm-htab resize --vm @sizes --dry-run --ram "$size" -rn -o WANTED)"
		done </tmp/sizes'
	assert_success
	assert_output "$(<"$BATS_TEST_TMPDIR/sizes")"
}

@test "an inherited descriptor: fd:N" {
	vm run
	vm permit
	vm offer "$SOCKET"
	run host foreign "$SOCKET" exec kvm-htab reset --vm fd:9
	assert_success
	run vm entries
	assert_output 0
}

@test "radix: vm-status says so, reset has nothing to do, resize makes it hash" {
	[[ $HOST_MACHINE != powernv8 ]] || return 0 # has no radix
	vm close-vm
	vm create
	vm permit
	run tool vm-status -rn -o MMU,TABLE,ORDER
	assert_success
	assert_output "radix no -"
	run tool reset -rn -o RESULT,MMU
	assert_success
	assert_output "nothing-to-do radix"
	run tool resize --order 40
	assert_failure 3
	run tool vm-status -rn -o MMU
	assert_output radix
	run tool resize --order 25 -rn -o RESULT,MMU,ORDER
	assert_success
	assert_output "resized hash 25"
	run vm run
	assert_success
}

@test "a reset leaves no entry behind, whoever made it" {
	# one that no guest made: bolted, 16M, beyond the guest's memory
	local write="htab-write $((0x100 * 8)) 0x200015 0x40000000"
	# shellcheck disable=SC2086 # words
	vm $write
	run vm entries
	assert_output 1
	vm permit
	run tool reset
	assert_success
	run vm entries
	assert_output 0
	# in a table that was cleared before and is clean no longer
	# shellcheck disable=SC2086 # words
	vm $write
	vm permit
	run tool reset
	assert_success
	run vm entries
	assert_output 0
	# moved into another table by a resize
	# shellcheck disable=SC2086 # words
	vm $write
	vm prepare 25
	vm commit 25
	run vm entries
	assert_output 1
	vm permit
	run tool reset
	assert_success
	run vm entries
	assert_output 0
	# and twice in a row, with a guest that runs in between and after
	vm run
	vm permit
	run tool reset
	run tool reset
	assert_success
	run vm entries
	assert_output 0
	run vm run
	assert_success
}

@test "PREFER_PAGES leaves the pool alone where the page allocator can serve" {
	vm close-vm
	vm create
	[[ $HOST_MACHINE == powernv8 ]] || vm hash
	# PREFER_PAGES is flag 2; order 20 is 16 pages in one piece
	run vm allocate2 20 0 2
	assert_success
	run vm info
	assert_output --partial 'order=20 source=2 '
	pool_gave 0
	run vm run
	assert_success
	# beyond what the page allocator can give, the pool serves all the same
	run vm allocate2 26 0 2
	assert_success
	run vm info
	assert_output --partial 'order=26 source=1 '
	pool_gave $((1 << 26))
}
