#!/usr/bin/env bats
# shellcheck disable=SC2016,SC2154 # backquotes are the program's; run --separate-stderr sets stderr
# SPDX-License-Identifier: GPL-2.0-only
# How full tables are, and what is advised, on trees with what the kernel says of its samples.

bats_require_minimum_version 1.5.0
load common

setup() {
	DIR=$(tree loaded-6.1)
	LOADS=$DIR/sys/kernel/debug/kvm_htab/occupancy
	VMS=$DIR/sys/kernel/kvm_htab/vm
	mkdir -p "$DIR/run/libvirt/qemu"
	process 4201 -name guest=web -m size=67108864k
	process 4202 -name guest=db -m 2048
	process 4203 -m 512
}

# process PID ARG...: a QEMU that has started 100 s after the host
process() {
	mkdir -p "$DIR/proc/$1/fd"
	echo qemu-system-ppc >"$DIR/proc/$1/comm"
	printf 'Name:\tqemu\nTgid:\t%s\nUid:\t64055\t64055\t64055\t64055\n' "$1" >"$DIR/proc/$1/status"
	echo "$1 (qemu-system) ppc) S 1 1 1 0 -1 4194560 1 0 0 0 1 1 0 0 20 0 1 0 10000 1 1" >"$DIR/proc/$1/stat"
	printf '%s\0' qemu-system-ppc64 "${@:2}" >"$DIR/proc/$1/cmdline"
	ln -s anon_inode:kvm-vm "$DIR/proc/$1/fd/5"
}

# inspect ARGS...
inspect() {
	run --separate-stderr kvm_htab inspect --sysroot "$DIR" "$@"
}

# column NAMES [ID]: of that VM, or of all
column() {
	inspect --all -rn -o "ID,$1"
	awk -v id="${2-}" '!id || $1 == id { sub(/^[^ ]* /, ""); print }' <<<"$output"
}

# figure ID NAME VALUE...: sets numbers of the kernel's line for that VM
figure() {
	local id=$1
	shift
	while (($#)); do
		sed -i -E "s/(^| )$1 [0-9]+/\1$1 $2/" "$LOADS/$id"
		shift 2
	done
}

@test "a table for people" {
	inspect --all
	assert_success
	assert_line --index 0 --regexp '^ID +ORDER +SIZE +LOAD +MARGIN +BOLTED +FULL +4K +64K +16M +OVERFLOW +DOMAIN +ADVICE$'
	assert_line --regexp '^ 7 +29 +512M +3.1% +0.13% +0.01% +0% +0% +100% +0% +<0.01% web +order 26 is enough: saves 448M of the pool and 448M of memory$'
	assert_line --regexp '^ 8 +24 +16M +81% +0.30% +0.01% +40% +100% +0% +0% +2.1% db +too small: use order 25$'
	assert_line --regexp '^ 9 +- +- +- +- +- +- +- +- +- +0% +- +-$'
	[ "$stderr" = "kvm-htab: to change the order in a Linux guest, as its root: echo ORDER >/sys/kernel/debug/powerpc/hpt_order
kvm-htab: to have a smaller table from the start, give the guest less initial RAM, or a smaller maxmem if it cannot resize its table; see kvm-htab-inspect(8)
kvm-htab: to have a larger table from the start, give the guest resize-hpt=disabled and a larger maxmem; see kvm-htab-inspect(8)" ]
}

@test "JSON has parts per million, and the advice as words and numbers" {
	inspect --all --json
	assert_success
	[ -z "$stderr" ]
	run jq -c '.results[0] | [.id, .order, .load_ppm, .error_ppm, .size_64k_ppm, .groups_read, .h_enter, .h_pteg_full,
		.verdict, .advised_order, .saved_table_bytes, .saved_revmap_bytes, .ram_bytes, .error]' <<<"$output"
	assert_output '[7,29,31000,1300,1000000,16384,1000000,3,"smaller",26,469762048,469762048,68719476736,null]'
	inspect --all --json
	run jq -c '.results[2] | [.id, .order, .load_ppm, .verdict]' <<<"$output"
	assert_output '[9,null,null,null]'
}

@test "VMs are named by number, process or domain" {
	# A VM is of this host: --vm is not for trees
	run kvm_htab inspect --vm id:7 --sysroot "$DIR"
	assert_equal "$status" 2
	assert_output --partial "--vm and --sysroot are mutually exclusive"
	need_mounts
	run --separate-stderr on_host "$DIR" "$KVM_HTAB" inspect --vm id:8 -rn -o ID,ORDER
	assert_output "8 24"
	run on_host "$DIR" "$KVM_HTAB" inspect --vm id:77
	assert_equal "$status" 1
	assert_line 'kvm-htab: id:77: there is no VM 77; `kvm-htab list` shows the VMs'
	# The kernel says what process made VM 8
	run --separate-stderr on_host "$DIR" "$KVM_HTAB" inspect --vm pid:4202 -rn -o ID
	assert_output 8
	run on_host "$DIR" "$KVM_HTAB" inspect --vm pid:4299
	assert_equal "$status" 1
	assert_line 'kvm-htab: pid:4299: process 4299 has no KVM VM; `kvm-htab list` shows the VMs'
	echo 4202 >"$VMS/9/pid"
	run on_host "$DIR" "$KVM_HTAB" inspect --vm pid:4202
	assert_equal "$status" 1
	assert_line 'kvm-htab: pid:4202: process 4202 has several VMs; choose one, as in id:8'
	echo 4202 >"$DIR/run/libvirt/qemu/db.pid"
	echo 4203 >"$VMS/9/pid"
	run --separate-stderr on_host "$DIR" "$KVM_HTAB" inspect --vm domain:db -rn -o ID
	assert_output 8
}

@test "what cannot be inspected is a usage error" {
	local wrong
	run kvm_htab inspect
	assert_equal "$status" 2
	assert_line --partial "no VM given; use --vm, as in --vm id:7, or --all"
	for wrong in /run/vm.sock fd:3 @name; do
		run kvm_htab inspect --vm "$wrong"
		assert_equal "$status" 2
		assert_line --partial "cannot inspect \"$wrong\": use id:N, pid:PID or domain:NAME"
	done
	run kvm_htab inspect --vm id:7 --all
	assert_equal "$status" 2
	run kvm_htab inspect --all --interval 0
	assert_equal "$status" 2
	run kvm_htab inspect --all --interval 1 --sysroot "$DIR"
	assert_equal "$status" 2
	assert_line --partial "--interval and --sysroot are mutually exclusive"
}

@test "smaller: until half full, by two orders or more, not below Linux's own" {
	local ppm=31000
	# 64 GiB: Linux's own is order 26
	for pair in 1000:26 31000:26 61000:26 63000:27 124000:27 126000:- 240000:- 700000:-; do
		ppm=${pair%:*}
		figure 7 load_ppm "$ppm" error_ppm 0
		assert_equal "$(column ADVISED 7)" "${pair#*:}"
	done
	# The margin counts, and less memory would do with less if the table were not so full
	figure 7 load_ppm 124000 error_ppm 0
	printf '%s\0' qemu -name guest=web -m size=16777216k,maxmem=64G >"$DIR/proc/4201/cmdline"
	assert_equal "$(column ADVISED,SAVED,SAVED-REVMAP 7)" "27 384M 384M"
	figure 7 error_ppm 2000
	assert_equal "$(column ADVISED,VERDICT 7)" "- ok"
	# Nobody says how much memory it has: at most 128 times its table
	printf '%s\0' vmm >"$DIR/proc/4201/cmdline"
	figure 7 load_ppm 1 error_ppm 0
	assert_equal "$(column ADVISED,RAM 7)" "26 -"
	# A table of the page allocator saves memory, and no pool
	echo pages >"$VMS/7/source"
	inspect --all -n -o ADVICE
	assert_line 'order 26 is enough: saves 896M of memory'
}

@test "smaller: not before the VM has run for a day" {
	printf '%s\0' qemu -m 64G >"$DIR/proc/4201/cmdline"
	echo "86000.00 1.00" >"$DIR/proc/uptime"
	assert_equal "$(column VERDICT,ADVISED,SAVED,AGE 7)" "early 26 - 85900"
	inspect --all -n -o ADVICE
	assert_line 'order 26 is enough so far: look again after a day'
	# Nor if it has not run at all
	echo "900000.00 1.00" >"$DIR/proc/uptime"
	assert_equal "$(column VERDICT 7)" smaller
	echo 0 >"$VMS/7/ready"
	assert_equal "$(column VERDICT 7)" early
	# Its age is not known
	rm "$DIR/proc/uptime"
	echo 1 >"$VMS/7/ready"
	assert_equal "$(column VERDICT,AGE 7)" "smaller -"
}

@test "larger: three quarters full, or one in a hundred H_ENTER calls refused" {
	figure 8 load_ppm 750000 hpt_full 0
	assert_equal "$(column VERDICT,OVERFLOW 8)" "ok 0%"
	figure 8 load_ppm 750001
	assert_equal "$(column VERDICT,ADVISED 8)" "larger 25"
	figure 8 load_ppm 500000 hpt_enter 1000 hpt_full 10
	assert_equal "$(column VERDICT,OVERFLOW 8)" "ok 1%"
	figure 8 hpt_full 11
	assert_equal "$(column VERDICT,OVERFLOW 8)" "larger 1.1%"
	# No call at all is not the same as none refused
	figure 8 hpt_enter 0 hpt_full 0
	assert_equal "$(column VERDICT,OVERFLOW,ENTERED,REFUSED 8)" "ok - 0 0"
	assert_equal "$(kvm_htab inspect --all --json --sysroot "$DIR" | jq -c '.results[] | select(.id == 8) | .overflow_ppm')" null
	# POWER8 does not count
	sed -i 's/ hpt_enter.*//' "$LOADS/8"
	assert_equal "$(column VERDICT,OVERFLOW,ENTERED,REFUSED 8)" "ok - - -"
}

@test "memory as QEMU is told" {
	local pair
	for pair in 4096:4G 64G:64G size=16g,slots=4,maxmem=1T:16G 2t:2T size=8388608k:8G 0:- x:- 99999999999999999999G:-; do
		printf '%s\0' qemu -m "${pair%:*}" -name web >"$DIR/proc/4201/cmdline"
		assert_equal "$(column RAM 7)" "${pair#*:}"
	done
}

@test "names that this version does not know are skipped" {
	sed -i 's/$/ 2m 17 sparkles 3/' "$LOADS/7"
	assert_equal "$(column LOAD,VERDICT 7)" "3.1% smaller"
}

@test "a file that makes no sense is a fault of the kernel's file" {
	local line
	line=$(<"$LOADS/7")
	for wrong in "" "order" "order 29" "${line/order 29/order 99}" "${line/load_ppm 31000/load_ppm 1000001}" \
		"${line/used 4063/used 999999}" "${line/read 16384/read 0}" "${line/hpt_full 3/hpt_full 2000000}" \
		"${line/used/used x}"; do
		echo "$wrong" >"$LOADS/7"
		inspect --all -q
		assert_equal "$status" 1
		assert_equal "$stderr" "kvm-htab: /sys/kernel/debug/kvm_htab/occupancy/7: this version of kvm-htab does not understand it"
	done
	inspect --all -J
	run jq -r '.results[0].error.message' <<<"$output"
	assert_output "cannot understand /sys/kernel/debug/kvm_htab/occupancy/7"
}

@test "a VM that has ended meanwhile, and a file that cannot be read" {
	rm "$LOADS/8"
	inspect --all -rn -o ID,LOAD
	assert_equal "$status" 1
	assert_line "7 3.1%"
	grep -qx "kvm-htab: VM 8 has ended" <<<"$stderr"
	mkdir "$LOADS/8"
	inspect --all -q
	assert_equal "$status" 1
	assert_equal "$stderr" "kvm-htab: cannot read /sys/kernel/debug/kvm_htab/occupancy/8: Invalid argument"
}

@test "kernels and users that do not see it" {
	run kvm_htab inspect --all --sysroot "$TREES/stock-6.1-debugfs"
	assert_equal "$status" 5
	assert_output "kvm-htab: this kernel does not report how full tables are; the kvm-htab modules or series do (see kvm-htab-kernel(7))"
	run kvm_htab inspect --all --sysroot "$TREES/x86-6.12"
	assert_equal "$status" 5
	rm -r "$DIR/sys/kernel/debug"
	inspect --all
	assert_equal "$status" 5
	assert_equal "$stderr" "kvm-htab: debugfs is not mounted: mount -t debugfs debugfs /sys/kernel/debug"
	mkdir -m 0 "$DIR/sys/kernel/debug"
	run without_privileges "$KVM_HTAB" inspect --all --sysroot "$DIR"
	chmod 755 "$DIR/sys/kernel/debug"
	assert_equal "$status" 1
	assert_output "kvm-htab: the load of tables is visible to root only"
}

@test "a directory that cannot be looked up" {
	rm -r "$DIR/sys/kernel/debug"
	: >"$DIR/sys/kernel/debug"
	inspect --all
	assert_equal "$status" 1
	assert_equal "$stderr" "kvm-htab: cannot read /sys/kernel/debug/kvm_htab/occupancy: Not a directory"
}

@test "--interval counts the calls of that time" {
	need_mounts
	(sleep 0.7; figure 7 hpt_enter 1000400 hpt_full 103 load_ppm 1000) 3>&- &
	run --separate-stderr on_host "$DIR" "$KVM_HTAB" inspect --vm id:7 --interval 1.5 -rn -o ENTERED,REFUSED,OVERFLOW,LOAD,VERDICT
	wait
	assert_output "400 100 25% 0.10% larger"
}

@test "list has the load if it is asked for by name" {
	run --separate-stderr kvm_htab list --sysroot "$DIR" -rn -o ID,LOAD
	assert_output "7 3.1%
8 81%
9 -"
	run --separate-stderr kvm_htab list --sysroot "$DIR" -rn -o ID --sort LOAD
	assert_output "8
7
9"
	run --separate-stderr kvm_htab list --sysroot "$DIR" --json
	run jq -c '[.results[].load_ppm]' <<<"$output"
	assert_output '[null,null,null]'
	run kvm_htab list --sysroot "$TREES/power9-6.1" -rn -o ID,LOAD
	assert_success
	assert_line "1 -"
	assert_line --partial "kvm-htab: LOAD: this kernel does not report how full tables are"
}

@test "the metric is there only if it is asked for" {
	run kvm_htab pool-status --format=prometheus --sysroot "$DIR"
	refute_output --partial vm_load_ratio
	run kvm_htab pool-status --format=prometheus --load --sysroot "$DIR"
	assert_success
	assert_line "# TYPE kvm_htab_vm_load_ratio gauge"
	assert_line 'kvm_htab_vm_load_ratio{id="7",domain="web"} 0.031000'
	assert_line 'kvm_htab_vm_load_ratio{id="8",domain="db"} 0.810000'
	refute_line --partial 'kvm_htab_vm_load_ratio{id="9"'
	run kvm_htab pool-status --load --sysroot "$DIR"
	assert_equal "$status" 2
	assert_line --partial '--load requires --format=prometheus; `kvm-htab list -o +LOAD` prints a table'
}

@test "capture keeps what inspect reads" {
	run kvm_htab capture --sysroot "$DIR" "$BATS_TEST_TMPDIR/copy"
	assert_success
	run --separate-stderr kvm_htab inspect --all --sysroot "$BATS_TEST_TMPDIR/copy" -rn -o ID,LOAD,VERDICT,AGE
	assert_line "7 3.1% smaller 899900"
}
