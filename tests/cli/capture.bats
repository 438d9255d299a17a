#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154,SC2030,SC2031 # run sets status and output
# Copies of hosts: the same answers, and nothing that names a VM.

bats_require_minimum_version 1.5.0
load common
load reports

# answers DIR: what the tool says of a tree, without names that a copy replaces
answers() {
	local args
	for args in doctor pool-status 'pool-status --map --json' 'list -o ID,PID,FD,ORDER,SOURCE,UID' 'fit --order 26' \
		'inspect --all -o ID,LOAD,RAM,AGE,VERDICT' 'fit --ram 64G --suggest-ratio' 'compact --order 27 --dry-run'; do
		# shellcheck disable=SC2086 # words
		kvm_htab $args --sysroot "$1" 2>&1 | sed -E "s/qemu-secret/vmm/; s/\<secret\>/vm-${pid-}/; s/ +/ /g"
		echo "status ${PIPESTATUS[0]}"
	done
}

# same_answers DIR [ARGUMENT...]: a copy of the tree DIR, which is $copy then, says the same
same_answers() {
	copy=$BATS_TEST_TMPDIR/copy
	rm -rf "$copy"
	run kvm_htab capture "$copy" --sysroot "$1" "${@:2}"
	assert_success
	assert_output ''
	diff <(answers "$1") <(answers "$copy")
}

@test "a copy of each captured host gives the same answers" {
	for host in "$TREES"/*/; do
		echo "$host"
		same_answers "${host%/}"
	done
}

@test "kpageflags, tables and the log of a stock kernel" {
	power9
	ram 64 65536 20000
	kernel 6.1.0-52-powerpc64le kvm_cma_resv_ratio=1
	os debian 12
	log 'kvm_cma_reserve: reserving 64 MiB for global area' 'cma: Reserved 64 MiB at 0x0000000004000000' \
		'systemd[1]: Set hostname to <secret>.' \
		'INFO: task qemu-secret:4711 blocked for more than 120 seconds.' 'kvmppc_alloc_reset_hpt+0x10/0x20'
	tables 24 24
	kpageflags 64 'table*128' 'free*64' 'lent*64'
	file etc/modprobe.d/local.conf $'options secret key=1\noptions kvm_hv htab_move=never'
	same_answers "$dir"
	run kvm_htab fit --order 24 --sysroot "$copy"
	assert_success
	run grep -rn secret "$copy"
	assert_output ''
	run cat "$copy/etc/modprobe.d/local.conf"
	assert_output 'options kvm_hv htab_move=never'
	run grep -c 0xc008 "$copy/proc/vmallocinfo"
	assert_output 0
}

@test "the limit of libvirt's cgroup, but no name of a cgroup" {
	dir=$(tree patched-6.1)
	mkdir -p "$dir"/sys/fs/cgroup/machine.slice/machine-qemu-1-secret.scope "$dir/proc/4711/fd"
	echo memory >"$dir/sys/fs/cgroup/cgroup.controllers"
	echo 2000000000 >"$dir/sys/fs/cgroup/machine.slice/memory.max"
	echo 1999999999 >"$dir/sys/fs/cgroup/machine.slice/memory.current"
	ln -s anon_inode:kvm-vm "$dir/proc/4711/fd/9"
	echo qemu >"$dir/proc/4711/comm"
	echo 0::/machine.slice/machine-qemu-1-secret.scope >"$dir/proc/4711/cgroup"
	same_answers "$dir"
	run kvm_htab doctor --sysroot "$copy"
	assert_output --partial "the limit of cgroup machine.slice"
	run find "$copy" -name '*secret*'
	assert_output ''
	run grep -rn secret "$copy"
	assert_output ''
}

@test "names of VMs and command lines are replaced, unless --full" {
	dir=$(tree power9-6.1)
	pid=$(cat "$dir"/sys/kernel/kvm_htab/vm/*/pid)
	mkdir -p "$dir/proc/$pid/fd" "$dir/run/libvirt/qemu"
	ln -s anon_inode:kvm-vm "$dir/proc/$pid/fd/9"
	ln -s anon_inode:kvm-vcpu:0 "$dir/proc/$pid/fd/10"
	echo qemu-secret >"$dir/proc/$pid/comm"
	echo 0::/machine.slice/secret.scope >"$dir/proc/$pid/cgroup"
	printf 'qemu\0-name\0guest=secret\0-object\0secret,data=x\0' >"$dir/proc/$pid/cmdline"
	printf 'Name:\tsecret\nTgid:\t%d\nUid:\t107\t107\n' "$pid" >"$dir/proc/$pid/status"
	echo "$pid (a secret) S 1" >"$dir/proc/$pid/stat"
	mkdir -p "$dir/proc/$pid/task/77"
	echo "77 (CPU 0/secret) D 1" >"$dir/proc/$pid/task/77/stat"
	echo kvmppc_alloc_reset_hpt >"$dir/proc/$pid/task/77/wchan"
	echo "$pid" >"$dir/run/libvirt/qemu/secret.pid"
	mkdir -p "$dir/proc/12/fd"
	echo other >"$dir/proc/12/comm"
	same_answers "$dir"
	run grep -rl secret "$copy"
	assert_output ''
	assert [ -z "$(find "$copy" -name '*secret*')" ]
	assert [ ! -e "$copy/proc/12" ]
	assert_equal "$(<"$copy/proc/$pid/stat")" "$pid (vmm) S 1"
	run stdout_of list -rn -o VMM,DOMAIN,CGROUP --sysroot "$copy"
	assert_output "vmm vm-$pid -"
	same_answers "$dir" --full
	run stdout_of list -rn -o VMM,DOMAIN,CGROUP --sysroot "$copy"
	assert_output "qemu-secret secret machine.slice/secret.scope"
}

@test "DIR is made new, for its owner only" {
	run kvm_htab capture "$BATS_TEST_TMPDIR/new" --sysroot "$POWER"
	assert_success
	run stat -c %a "$BATS_TEST_TMPDIR/new"
	assert_output 700
	run kvm_htab capture "$BATS_TEST_TMPDIR/new" --sysroot "$POWER"
	assert_failure 1
	assert_output "kvm-htab: cannot make the directory $BATS_TEST_TMPDIR/new: File exists; name a new one"
	ln -s nowhere "$BATS_TEST_TMPDIR/link"
	run kvm_htab capture "$BATS_TEST_TMPDIR/link" --sysroot "$POWER"
	assert_failure 1
	run kvm_htab capture
	assert_failure 2
	assert_output --partial 'no directory given; name a new one'
	run kvm_htab capture a b
	assert_failure 2
}

@test "a file that cannot be read stays so, and a full disk is an error" {
	dir=$(tree patched-6.1)
	chmod 0 "$dir/sys/kernel/kvm_htab/pool/fits"
	run without_privileges "$KVM_HTAB" capture "$BATS_TEST_TMPDIR/new" --sysroot "$dir"
	assert_success
	run stat -c %a "$BATS_TEST_TMPDIR/new/sys/kernel/kvm_htab/pool/fits"
	assert_output 0
	chmod 600 "$dir/sys/kernel/kvm_htab/pool/fits"
	run bash -c 'ulimit -f 0; trap "" XFSZ; exec "$0" capture "$1" --sysroot "$2"' "$KVM_HTAB" "$BATS_TEST_TMPDIR/full" "$dir"
	assert_failure 1
	assert_output --partial 'cannot write the copy of /proc/cpuinfo: File too large'
}

@test "doctor offers it where something is wrong, on a live host" {
	run kvm_htab doctor
	[[ $status != 0 ]] || skip "nothing is wrong with this host"
	# shellcheck disable=SC2016 # text
	assert_output --partial 'To have others look at it: kvm-htab capture DIR'
	run kvm_htab doctor --sysroot "$TREES/power9-6.1-failed"
	refute_output --partial 'kvm-htab capture'
}
