#!/usr/bin/env bats
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
# SPDX-License-Identifier: GPL-2.0-only
# compact --dry-run on trees of hosts whose kernel moves tables, and of those whose kernel does not. What is moved then,
# tests/host/move.bats sees.

bats_require_minimum_version 1.5.0
load common

GRANULE=$((1 << 18))

# a_host [PLAN...]: a pool of 416M, of which 352M are free, in the tree $DIR; what its kernel would move
a_host() {
	DIR=$(tree power9-6.1)
	(($# == 0)) || plans "$DIR" "$@"
}

# another_host NAME: a tree as it is
another_host() {
	DIR=$TREES/$1
}

mode() {
	echo "$1" >"$DIR/sys/module/kvm_hv/parameters/htab_move"
}

# pool_file NAME VALUE
pool_file() {
	echo "$2" >"$DIR/sys/kernel/kvm_htab/pool/$1"
}

# vm ID PID COMM: a VM and its process
vm() {
	cp -r "$DIR/sys/kernel/kvm_htab/vm/1" "$DIR/sys/kernel/kvm_htab/vm/$1" 2>/dev/null || true
	echo "$2" >"$DIR/sys/kernel/kvm_htab/vm/$1/pid"
	mkdir -p "$DIR/proc/$2/fd"
	ln -s anon_inode:kvm-vm "$DIR/proc/$2/fd/5"
	echo "$3" >"$DIR/proc/$2/comm"
	: >"$DIR/proc/$2/cmdline"
	printf 'Name:\tx\nUid:\t0\t0\t0\t0\n' >"$DIR/proc/$2/status"
}

compact() {
	run --separate-stderr kvm_htab compact --dry-run --sysroot "$DIR" "$@"
}

# refuses STATUS MESSAGE ARGS...: that, and nothing else
refuses() {
	compact "${@:3}"
	assert_failure "$1"
	assert_output ''
	assert_equal "$stderr" "kvm-htab: $2"
}

@test "what would be moved: whose, from where to where" {
	a_host 'room 512 1024' 'move 1 512 0 256' 'move 9 900 300 64' 'move - 1200 256 4'
	vm 1 4711 qemu-system-ppc
	vm 9 815 crosvm
	mkdir -p "$DIR/run/libvirt/qemu"
	echo 4711 >"$DIR/run/libvirt/qemu/web.pid"
	compact --order 28
	assert_success
	assert_line --index 0 --regexp '^ID ORDER SIZE +FROM +TO EXITS +PID VMM +DOMAIN$'
	assert_line --index 1 --regexp '^ 1 +26 +64M +128M +0B +16384 +4711 qemu-system-ppc web$'
	assert_line --index 2 --regexp '^ 9 +24 +16M +225M +75M +4096 +815 crosvm +-$'
	assert_line --index 3 --regexp '^ - +20 +1M +300M +64M +256 +- - +-$'
	assert_line --index 4 'Would move 3 tables (81M) to make room for a table of order 28 (256M)'
	assert_equal "${#lines[@]}" 5
	assert_equal "$stderr" ''
	compact --order 28 --raw --noheadings --bytes --output id,from,to,size
	assert_output "1 $((512 * GRANULE)) 0 $((256 * GRANULE))
9 $((900 * GRANULE)) $((300 * GRANULE)) $((64 * GRANULE))
- $((1200 * GRANULE)) $((256 * GRANULE)) $((4 * GRANULE))"
	compact --order 28 --quiet
	assert_success
	assert_output ''
	assert_equal "$stderr" ''
}

@test "whose tables they are cannot be found out" {
	a_host 'room 512 1024' 'move 1 512 0 256'
	rm -r "$DIR/sys/kernel/kvm_htab/vm" "$DIR/sys/module/kvm_hv/refcnt"
	chmod 111 "$DIR/proc"
	run --separate-stderr without_privileges "$KVM_HTAB" compact --dry-run --order 28 -rn --sysroot "$DIR"
	chmod 755 "$DIR/proc"
	assert_success
	assert_output '1 26 64M 128M 0B 16384 - - -'
}

@test "one table is one" {
	a_host 'room 8 8' 'move 1 8 0 8'
	compact --order 21
	assert_success
	assert_line 'Would move 1 table (2M) to make room for a table of order 21 (2M)'
}

@test "JSON: the plan as a result" {
	a_host 'room 0 256' 'move 1 0 512 256'
	run stdout_of compact --json --dry-run --order 26 --sysroot "$DIR"
	assert_success
	run jq -c '[.command, .exit_status], .results[]' <<<"$output"
	assert_output '["compact",0]
{"version":2,"command":"compact","result":"would-move","order":26,"moved_bytes":67108864,"tables":[{"id":1,"order":26,"table_bytes":67108864,"from_bytes":0,"to_bytes":134217728,"max_exits":16384,"pid":38,"vmm":null,"domain":null}],"largest_free_order_before":28,"largest_free_order":28,"exit_status":0,"error":null}'
	run stdout_of compact --json --dry-run --order 26 --sysroot "$DIR" --output to,from
	run jq -c '.results[0] | keys_unsorted, .tables[]' <<<"$output"
	assert_output '["version","command","result","order","moved_bytes","tables"]
{"to_bytes":134217728,"from_bytes":0}'
	run stdout_of compact --json --dry-run --order 27 --sysroot "$DIR"
	assert_failure 3
	run jq -c '.exit_status, (.results[0] | [.result, .order, .tables, .error.errno])' <<<"$output"
	assert_output '3
["failed",27,[],"ENOMEM"]'
}

@test "nothing is in the way" {
	a_host 'room 256 1024'
	compact --order 28
	assert_success
	assert_output 'There is already room for a table of order 28 (256M)'
	assert_equal "$stderr" ''
	compact --order 28 --raw --noheadings
	assert_success
	assert_output ''
	run stdout_of compact --json --dry-run --order 28 --sysroot "$DIR"
	run jq -c '.results[0] | [.result, .moved_bytes, .tables]' <<<"$output"
	assert_output '["nothing-to-do",0,[]]'
}

@test "by default the largest table there can be room for" {
	a_host 'room 0 2048' 'move 3 0 1 1' 'room 64 512' 'move 1 64 600 256' 'room 0 256' 'move 2 0 1 1'
	compact -rn -o ID,ORDER
	assert_output '1 26'
	compact
	assert_line 'Would move 1 table (64M) to make room for a table of order 27 (128M)'
	# in an empty pool, all of it
	pool_file free_bytes $((416 << 20))
	a_host 'room 0 1024'
	compact
	assert_success
	assert_output 'There is already room for a table of order 28 (256M)'
	# what is free is not told
	rm "$DIR/sys/kernel/kvm_htab/pool/free_bytes"
	rm -r "$DIR/sys/kernel/debug/cma" "$DIR/sys/kernel/mm" "$DIR/proc/meminfo"
	compact
	assert_success
	assert_output 'There is already room for a table of order 28 (256M)'
}

@test "--ram: the table of such a guest" {
	a_host 'room 0 256' 'move 1 0 512 256'
	compact --ram 8G
	assert_success
	assert_line 'Would move 1 table (64M) to make room for a table of order 26 (64M)'
}

@test "no room, whatever is moved" {
	a_host 'room 0 256' 'move 1 0 512 256'
	refuses 3 "no room for a table of order 28 (256M), even if the kernel moves tables: see \`kvm-htab pool-status\`, \
and htab_move in kvm-htab-kernel(7)" --order 28
	compact --order 29 --quiet
	assert_failure 3
	[[ $stderr == *'no room for a table of order 29 (512M)'* ]]
	plans "$DIR" 'room 0 3'
	refuses 3 "no room for a table of order 18 (256K), even if the kernel moves tables: see \`kvm-htab pool-status\`, \
and htab_move in kvm-htab-kernel(7)"
	pool_file free_bytes $((GRANULE - 1))
	refuses 3 "the pool has no free space; \`kvm-htab list\` shows which VMs use it"
	pool_file free_bytes 0
	refuses 3 "the pool has no free space; \`kvm-htab list\` shows which VMs use it"
}

# The kernel tells then only what needs no moves.
@test "tables are not to be moved: said, and how to change that" {
	local never="and the kernel may not move tables; allow it with \`echo running >/sys/module/kvm_hv/parameters/htab_move\`"
	a_host 'room 256 512'
	mode never
	compact --order 27
	assert_success
	assert_output 'There is already room for a table of order 27 (128M)'
	refuses 3 "no free piece of the pool holds order 28 (256M), $never" --order 28
	refuses 3 "no free piece of the pool holds order 28 (256M), $never"
	# not for that alone
	compact --order 29
	assert_failure 3
	[[ $stderr == *'no room for a table of order 29 (512M): the pool (416M) is too small, even if it were empty; boot with kvm_cma_resv_ratio=15'* ]] || fail "$stderr"
	mode stopped
	compact --order 28
	assert_failure 3
	[[ $stderr == *'no room for a table of order 28 (256M), even if the kernel moves tables'* ]] || fail "$stderr"
}

@test "not for everybody" {
	a_host 'room 0 256'
	chmod 000 "$DIR/sys/kernel/debug"
	run --separate-stderr without_privileges "$KVM_HTAB" compact --dry-run --order 26 --sysroot "$DIR"
	chmod 755 "$DIR/sys/kernel/debug"
	assert_failure 1
	assert_output ''
	assert_equal "$stderr" 'kvm-htab: only root may move tables, or see the plan: try as root'
}

@test "no debugfs, no plan" {
	a_host
	rm -r "$DIR/sys/kernel/debug"
	refuses 5 'cannot see which tables the kernel would move: /sys/kernel/debug/kvm_htab/plan does not exist; mount debugfs on /sys/kernel/debug'
	refuses 5 'cannot see which tables the kernel would move: /sys/kernel/debug/kvm_htab/plan does not exist; mount debugfs on /sys/kernel/debug' --order 20
}

@test "kernels that move no tables" {
	for name in stock-6.1-{debugfs,meminfo,failed} power9-6.1-stock; do
		another_host "$name"
		for args in '' '--order 24'; do
			# shellcheck disable=SC2086 # words
			refuses 5 'this kernel cannot move tables (no /sys/kernel/kvm_htab/compact): boot one with the kvm-htab series, or restart or migrate guests to join the free pieces' $args
		done
	done
	# a part of the series, or its modules alone
	a_host 'room 0 256'
	rm "$DIR/sys/kernel/kvm_htab/compact"
	compact --order 26
	assert_failure 5
	[[ $stderr == *'this kernel cannot move tables (no /sys/kernel/kvm_htab/compact)'* ]] || fail "$stderr"
}

@test "no pool, nothing to move" {
	a_host 'room 0 256'
	for file in total_bytes free_bytes largest_free_order; do
		pool_file $file 0
	done
	for state in failed absent; do
		pool_file state $state
		compact
		assert_failure 3
		assert_equal "$stderr" "$(stderr_of pool-status --sysroot "$DIR" | grep -v ': guests with a hashed page table cannot run here: ')"
		[[ $stderr == *' pool'* ]] || fail "$stderr"
	done
}

@test "hosts that have no tables" {
	another_host nested-6.1
	compact
	assert_failure 5
	[[ $stderr == *'this host is itself a guest (pSeries)'* ]] || fail "$stderr"
	another_host x86-6.12
	compact --order 24
	assert_failure 5
	[[ $stderr == *'this host is not POWER'* ]] || fail "$stderr"
	a_host 'room 0 256'
	rm -r "$DIR/sys/module/kvm_hv"
	refuses 5 "KVM-HV is not present: the module kvm_hv is not loaded (\`modprobe kvm_hv\`)"
	[ ! -d /sys/module/kvm_hv ] || skip 'this is a POWER host'
	run kvm_htab compact
	assert_failure 5
	assert_output --partial 'POWER'
}

@test "an answer that is none" {
	a_host
	while IFS='|' read -r lines; do
		plans "$DIR" "${lines//;/$'\n'}"
		refuses 1 '/sys/kernel/debug/kvm_htab/plan: Bad message' --order 26
	done <<-'END'
		x
		room
		room 0
		room 0 256 1
		room x 256
		room 18446744073709551615 256
		move 1 0 512 256;room 0 256
		room 0 256;move
		room 0 256;move 1 0 512
		room 0 256;move 1 0 512 0
		room 0 256;move x 0 512 256
		room 0 256;move 1 x 512 256
		room 0 256;move 1 0 512 256 7
		room 0 256;move 1 0 512 18446744073709551615
		room 0 256;moved 1 0 512 256
	END
	plans "$DIR" 'room 0 256'
	echo x >"$DIR/sys/kernel/kvm_htab/pool/granule_bytes"
	refuses 1 '/sys/kernel/kvm_htab/pool/granule_bytes: Bad message' --order 26
}

@test "a captured tree is never changed" {
	a_host 'room 0 256' 'move 1 0 512 256'
	run kvm_htab compact --sysroot "$DIR" --order 26
	assert_failure 2
	assert_output --partial -- '--sysroot requires --dry-run: a captured host cannot be changed'
	before=$(cd "$DIR" && find . -type f -exec md5sum {} + | sort)
	compact --order 26
	assert_success
	assert_equal "$(cd "$DIR" && find . -type f -exec md5sum {} + | sort)" "$before"
}

@test "compact: options that do not go together, and what invalid order" {
	while IFS='|' read -r text args; do
		# shellcheck disable=SC2086 # words
		run kvm_htab compact --dry-run $args
		assert_failure 2
		assert_output --partial -- "$text"
	done <<-'END'
		--order and --ram are mutually exclusive|--order 24 --ram 2G
		use a number from 18 (256 KiB) to 46|--order 17
		use a number from 18 (256 KiB) to 46|--order 47
		invalid size|--ram x
		Too many arguments|24
	END
}
