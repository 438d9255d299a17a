#!/usr/bin/env bats
# shellcheck disable=SC2154 # run --separate-stderr sets stderr
# SPDX-License-Identifier: GPL-2.0-only
# The VMs of a host, on trees with processes and with /sys/kernel/kvm_htab/vm.

bats_require_minimum_version 1.5.0
load common

# tree_of NAME: $DIR is a copy of that tree, in which nothing counts VMs
tree_of() {
	DIR=$(tree "$1")
	rm -f "$DIR/sys/module/kvm_hv/refcnt"
}

# counted N: the module that runs VMs has so many references
counted() {
	echo "$1" >"$DIR/sys/module/kvm_hv/refcnt"
}

# process PID COMM [LINK...]: a process of user 1000 whose descriptors from 5 on are those links
process() {
	local dir=$DIR/proc/$1 fd=5 link

	mkdir -p "$dir/fd"
	printf '%s\n' "$2" >"$dir/comm"
	printf 'Name:\tx\nUid:\t1000\t1000\t1000\t1000\n' >"$dir/status"
	: >"$dir/cmdline"
	ln -s /dev/null "$dir/fd/0"
	for link in "${@:3}"; do
		ln -s "$link" "$dir/fd/$fd"
		fd=$((fd + 1))
	done
}

# arguments PID ARG...: its command line
arguments() {
	printf '%s\0' "${@:2}" >"$DIR/proc/$1/cmdline"
}

# vm ID ORDER SOURCE PID [FILE=VALUE...]: a VM as the kernel series shows it
vm() {
	local dir=$DIR/sys/kernel/kvm_htab/vm/$1 bytes=0 pair

	mkdir -p "$dir"
	[ "$2" = 0 ] || bytes=$((1 << $2))
	for pair in order="$2" source="$3" table_bytes=$bytes revmap_bytes=$bytes mmu=hpt vcpus_running=0 \
		ready=0 resizing=0 offered=0 pid="$4" owner=64055 "${@:5}"; do
		echo "${pair#*=}" >"$dir/${pair%%=*}"
	done
}

# pid_file NAME PID
pid_file() {
	mkdir -p "$DIR/run/libvirt/qemu"
	echo "$2" >"$DIR/run/libvirt/qemu/$1.pid"
}

VM=anon_inode:kvm-vm
VCPU=anon_inode:kvm-vcpu:0

# two VMs with all there is to tell
two_vms() {
	tree_of patched-6.1
	process 4711 qemu-system-ppc /dev/kvm $VM $VCPU
	process 815 crosvm $VM
	process 4 kworker
	vm 9 29 pool 4711 vcpus_running=2 ready=1
	vm 10 20 pages 815 offered=1 resizing=1
	pid_file web 4711
}

list() {
	run --separate-stderr kvm_htab list --sysroot "$DIR" "$@"
}

@test "what the kernel tells root: all VMs, in the order of their numbers" {
	two_vms
	list
	assert_success
	assert_equal "$stderr" ""
	assert_line --index 0 --regexp '^ID STATE +MMU +ORDER SOURCE +SIZE REVMAP +PID VMM +DOMAIN$'
	assert_line --index 1 --regexp '^ +9 running hash +29 pool +512M +512M +4711 qemu-system-ppc web$'
	assert_line --index 2 --regexp '^10 offered hash +20 pages +1M +1M +815 crosvm +-$'
	assert_line --index 3 'Total: 2 VMs, tables 513M, reverse maps 513M'
	assert_equal "${#lines[@]}" 4
	list -rbn -o ID,SIZE,REVMAP,COST,TABLE,STATE,MMU,HAS-RUN,RESIZING,OFFERED,VCPUS,PID,FD,UID
	assert_line --index 0 "9 536870912 536870912 1073741824 yes running hash yes no no 2 4711 6 64055"
	assert_line --index 1 "10 1048576 1048576 2097152 yes offered hash no yes yes 0 815 5 64055"
}

@test "--sort: numbers from the largest, text from A, the unknown last; totals" {
	two_vms
	vm 11 24 pool 0
	vm 12 0 none 0
	list --sort size -rn -o ID
	assert_output $'9\n11\n10\n12'
	list --sort=DOMAIN -rn -o ID
	assert_output $'9\n10\n11\n12'
	list --sort VMM -rn -o VMM
	assert_output $'crosvm\nqemu-system-ppc\n-\n-'
	list --sort ID -n
	assert_equal "${#lines[@]}" 4
	assert_line --index 0 --regexp '^12 fresh'
	list --sort=SIZE --bytes
	assert_line 'Total: 4 VMs, tables 554696704, reverse maps 554696704'
	run jq -c '[.totals, [.results[].id]]' <<<"$(stdout_of list --sort SIZE --json --sysroot "$DIR")"
	assert_output '[{"table_bytes":554696704,"revmap_bytes":554696704},[9,11,10,12]]'
	list --sort SIZE,ID
	assert_failure 2
	[[ $stderr == *'cannot sort by "SIZE,ID": use one column'* ]]
	list --sort FOO
	assert_failure 2
	[[ $stderr == *'unknown column "FOO": --help lists the columns'* ]]
}

@test "JSON says the same, with a version" {
	two_vms
	run stdout_of list --json --sysroot "$DIR"
	json=$output
	run jq -c '[.schema, .version, .command, .exit_status, .hidden_vms, (.sources | join(",")), .advice, .error]' <<<"$json"
	assert_output '["kvm-htab",2,"list",0,0,"/sys/kernel/kvm_htab/vm",null,null]'
	run jq -c '.results[0]' <<<"$json"
	assert_output '{"version":2,"command":"list","id":9,"pid":4711,"fd":6,"uid":64055,"vmm":"qemu-system-ppc","domain":"web","cgroup":null,"charged_bytes":null,"load_ppm":null,"state":"running","mmu":"hash","table":true,"order":29,"table_bytes":536870912,"revmap_bytes":536870912,"cost_bytes":1073741824,"source":"pool","has_run":true,"resizing":false,"offered":false,"vcpus_running":2,"exit_status":0,"error":null}'
	run stdout_of list --json --sysroot "$DIR" -o domain,pid
	run jq -c '[.results[] | [.domain, .pid]]' <<<"$output"
	assert_output '[["web",4711],[null,815]]'
}

@test "no table yet, radix, and a process that has ended" {
	tree_of patched-6.1
	process 50 vmm $VM $VM
	vm 1 0 none 50
	vm 2 0 none 50 mmu=radix
	vm 3 24 pool 0
	list -rn -o ID,TABLE,ORDER,SOURCE,SIZE,REVMAP,MMU,PID,FD,VMM
	assert_line --index 0 "1 no - - - - hash 50 - vmm"
	assert_line --index 1 "2 no - - - - radix 50 - vmm"
	assert_line --index 2 "3 yes 24 pool 16M 16M hash - - -"
	run stdout_of list --json --sysroot "$DIR"
	run jq -c '[.results[] | [.order, .table_bytes, .pid, .vmm]]' <<<"$output"
	assert_output '[[null,null,50,"vmm"],[null,null,50,"vmm"],[24,16777216,null,null]]'
}

@test "a process that has nothing of KVM is not taken for the VMM" {
	tree_of patched-6.1
	process 50 innocent /dev/kvm
	vm 1 24 pool 50
	vm 2 24 pool 51
	pid_file web 50
	list -rn -o ID,PID,VMM,DOMAIN
	assert_line --index 0 "1 50 - -"
	assert_line --index 1 "2 51 - -"
}

@test "radix, no table yet, and what cannot be read: three different rows" {
	tree_of patched-6.1
	vm 1 0 none 0 mmu=radix
	vm 2 0 none 0
	vm 3 24 pool 0
	rm "$DIR/sys/kernel/kvm_htab/vm/3/mmu"
	list -rn
	assert_failure 1
	assert_line --index 0 '1 fresh radix - - - - - - -'
	assert_line --index 1 '2 fresh hash - - - - - - -'
	assert_line --index 2 '3 - - - - - - - - -'
	assert_equal "$stderr" "kvm-htab: /sys/kernel/kvm_htab/vm/3/mmu: No such file or directory"
	run jq -c '[.exit_status, .error.errno, .error.message]' <<<"$(stdout_of list --json --sysroot "$DIR")"
	assert_output '[1,"ENOENT","/sys/kernel/kvm_htab/vm/3/mmu: No such file or directory"]'
}

# wrong FILE VALUE TEXT: a VM whose FILE has that value is listed without its table, and the file is named
wrong() {
	rm -rf "$DIR/sys/kernel/kvm_htab/vm/1"
	vm 1 24 pool 0 "$1=$2"
	list -rn -o ID,ORDER,SIZE,MMU
	assert_failure 1
	assert_output "${4-1 - - -}"
	assert_equal "$stderr" "kvm-htab: /sys/kernel/kvm_htab/vm/1/$1: $3"
}

@test "numbers out of range and unknown words in the files of a VM" {
	tree_of patched-6.1
	wrong order 17 '17 is out of range (18 to 46)'
	wrong order 47 '47 is out of range (0 to 46)'
	wrong order 4294967320 '4294967320 is out of range (0 to 46)'
	wrong order nonsense 'not a number of at most 64 bits'
	wrong vcpus_running 4294967296 '4294967296 is out of range (0 to 2147483647)'
	wrong table_bytes 18446744073709551616 'not a number of at most 64 bits'
	wrong source heaven 'this version of kvm-htab does not know "heaven"'
	wrong mmu segments 'this version of kvm-htab does not know "segments"'
	wrong ready 2 'this version of kvm-htab does not know "2"'
	wrong pid 4294967297 '4294967297 is out of range (0 to 2147483647)' '1 24 16M hash'
	wrong owner 4294967296 '4294967296 is out of range (0 to 4294967295)' '1 24 16M hash'
}

@test "VMs that the module counts and /proc does not show are told" {
	tree_of stock-6.1-debugfs
	process 20 mine $VM
	counted 2
	list
	assert_success
	assert_equal "$(head -n 1 <<<"$stderr")" "$stderr"
	[[ $stderr == "kvm-htab: 1 more VM is in use by processes that this tree does not show (references of kvm_hv)"* ]] || fail "$stderr"
	run stderr_of pool-status --sysroot "$DIR"
	assert_output --partial '1 more VM is in use by processes that this tree does not show'
	counted 3
	list
	[[ $stderr == "kvm-htab: 2 more VMs are in use by processes that this tree does not show"* ]] || fail "$stderr"
}

@test "names of domains: QEMU's command line, or libvirt's pid file, which may be older than the process" {
	tree_of stock-6.1-meminfo
	for pid in 1 2 3 4 5 6 7; do
		process $pid "qemu$pid" $VM
	done
	arguments 1 qemu-system-ppc64 -name guest=first,debug-threads=on -S
	arguments 2 qemu-system-ppc64 -S -name debug-threads=on,guest=with,,comma,,,process=x
	arguments 3 qemu-system-ppc64 -name just-a-name
	arguments 4 qemu-system-ppc64 -name
	arguments 5 qemu-system-ppc64 -name guest=other
	arguments 6 qemu-system-ppc64 -name old,,style,debug-threads=on
	for pid in 5 6 7; do
		pid_file noted$pid $pid
	done
	list -rn -o VMM,DOMAIN
	assert_line --index 0 "qemu1 first"
	assert_line --index 1 "qemu2 with,comma,"
	assert_line --index 2 "qemu3 just-a-name"
	assert_line --index 3 "qemu4 -"
	assert_line --index 4 "qemu5 other"
	assert_line --index 5 "qemu6 old,style"
	assert_line --index 6 "qemu7 noted7"
}

@test "domains of the caller's own session" {
	tree_of stock-6.1-meminfo
	process 77 qemu $VM
	mkdir -p "$DIR/run/user/1000/libvirt/qemu/run"
	echo 77 >"$DIR/run/user/1000/libvirt/qemu/run/mine.pid"
	XDG_RUNTIME_DIR=/run/user/1000 list -rn -o DOMAIN
	assert_output mine
	XDG_RUNTIME_DIR='' list -rn -o DOMAIN
	assert_equal "$output" -
}

@test "pid files that are none" {
	tree_of stock-6.1-meminfo
	process 77 qemu $VM
	pid_file x "77 78"
	pid_file y ""
	pid_file z -77
	echo 77 >"$DIR/run/libvirt/qemu/.pid"
	echo 77 >"$DIR/run/libvirt/qemu/notapid"
	ln -s /etc/hostname "$DIR/run/libvirt/qemu/link.pid"
	list -rn -o PID,DOMAIN
	assert_output "77 -"
}

@test "a kernel without the series: from /proc, with what it does not tell" {
	tree_of stock-6.1-meminfo
	process 20 qemu /dev/kvm $VM $VCPU
	process 3 two $VM $VM
	process 4 none /dev/kvm socket:[1] anon_inode:kvm-vm-stats
	list
	assert_success
	assert_line --index 1 --regexp '^ - - +- +- - +- +- +3 two +-$'
	assert_line --index 3 --regexp '^ - - +- +- - +- +- +20 qemu +-$'
	assert_equal "${#lines[@]}" 4
	[[ $stderr == "kvm-htab: this kernel does not report VM tables; the kvm-htab modules or series do"* ]]
	list -rn -o PID,FD,UID,TABLE,MMU
	assert_line --index 0 "3 5 1000 - -"
	assert_line --index 1 "3 6 1000 - -"
	assert_line --index 2 "20 6 1000 - -"
	list -q
	assert_success
	assert_output ""
	assert_equal "$stderr" ""
	run stdout_of list --json --sysroot "$DIR"
	run jq -c '[.hidden_vms, (.sources | join(",")), (.advice | length > 0), (.results | length)]' <<<"$output"
	assert_output '[0,"/proc",true,3]'
}

@test "tables that only root may see: said, with the VMs of one's own, and how many others there are" {
	two_vms
	vm 11 24 pool 999
	chmod 000 "$DIR"/sys/kernel/kvm_htab/vm/*/*
	chmod 000 "$DIR/proc/4711/fd"
	run --separate-stderr without_privileges "$KVM_HTAB" list --sysroot "$DIR" -rn
	json=$(without_privileges "$KVM_HTAB" list --sysroot "$DIR" --json)
	chmod 700 "$DIR/proc/4711/fd"
	assert_success
	assert_output "- - - - - - - 815 crosvm -"
	assert_equal "$stderr" \
		"kvm-htab: VM tables and 2 more VMs are visible to root only"
	run jq -c '[.hidden_vms, (.sources | join(",")), .advice, (.results | length)]' <<<"$json"
	assert_output '[2,"/proc","VM tables and 2 more VMs are visible to root only",1]'
	rm -r "$DIR"/sys/kernel/kvm_htab/vm/{9,11}
	run --separate-stderr without_privileges "$KVM_HTAB" list --sysroot "$DIR" -rn -o PID
	assert_equal "$stderr" "kvm-htab: VM tables are visible to root only"
	# two descriptors in one process, of a tree: they may be one VM
	ln -s $VM "$DIR/proc/815/fd/9"
	run --separate-stderr without_privileges "$KVM_HTAB" list --sysroot "$DIR" -rn -o FD
	assert_output $'5\n9\n6'
	assert_equal "$stderr" \
		"kvm-htab: VM tables, and possibly more VMs, are visible to root only"
	json=$(without_privileges "$KVM_HTAB" list --sysroot "$DIR" --json)
	assert_equal "$(jq .hidden_vms <<<"$json")" null
}

@test "a list of tables that may not even be opened: how many VMs there are is not known" {
	two_vms
	chmod 000 "$DIR/sys/kernel/kvm_htab/vm"
	run --separate-stderr without_privileges "$KVM_HTAB" list --sysroot "$DIR" -rn -o PID
	json=$(without_privileges "$KVM_HTAB" list --sysroot "$DIR" --json)
	chmod 700 "$DIR/sys/kernel/kvm_htab/vm"
	assert_success
	assert_equal "$stderr" \
		"kvm-htab: VM tables, and possibly more VMs, are visible to root only"
	assert_equal "$(jq .hidden_vms <<<"$json")" null
}

@test "a table that may be seen and one that may not: neither is shown, both are counted" {
	two_vms
	chmod 000 "$DIR"/sys/kernel/kvm_htab/vm/9/*
	json=$(without_privileges "$KVM_HTAB" list --sysroot "$DIR" --json)
	assert_equal "$(jq -c '[.hidden_vms + (.results | length), .results[0].order]' <<<"$json")" '[2,null]'
}

@test "a VM of which something is missing: it is there, and what it has is not known" {
	for file in source vcpus_running offered; do
		rm -rf "$BATS_TEST_TMPDIR/tree"
		two_vms
		rm "$DIR/sys/kernel/kvm_htab/vm/9/$file"
		list -rn -o ID,ORDER,STATE
		assert_failure 1
		assert_line '9 - -'
		assert_equal "$stderr" "kvm-htab: /sys/kernel/kvm_htab/vm/9/$file: No such file or directory"
	done
}

@test "processes that cannot be inspected: this is said, and the number of VMs is unknown" {
	tree_of stock-6.1-meminfo
	process 20 qemu $VM
	process 21 secret $VM
	chmod 000 "$DIR/proc/21/fd"
	run --separate-stderr without_privileges "$KVM_HTAB" list --sysroot "$DIR" -rn -o PID
	json=$(without_privileges "$KVM_HTAB" list --sysroot "$DIR" --json)
	chmod 700 "$DIR/proc/21/fd"
	assert_success
	assert_output 20
	[[ $stderr == "kvm-htab: VMs of other users are visible to root only; "* ]]
	run jq -c '[.hidden_vms, (.results | length)]' <<<"$json"
	assert_output '[null,1]'
}

@test "the module's references tell how many VMs there are, where the kernel has no list" {
	tree_of stock-6.1-debugfs
	process 20 mine $VM
	process 30 other
	chmod 000 "$DIR/proc/30/fd"
	counted 1
	run --separate-stderr without_privileges "$KVM_HTAB" list --json --sysroot "$DIR"
	assert_success
	run jq -c '[.hidden_vms, (.sources | join(",")), (.results | length)]' <<<"$output"
	assert_output '[0,"/proc",1]'
	[[ $stderr != *'are visible to'* ]]
	counted 3
	run --separate-stderr without_privileges "$KVM_HTAB" list --json --sysroot "$DIR"
	[[ $stderr != *'are visible to'* ]] # --json says it in "advice"
	run jq -c '[.hidden_vms, (.results | length), (.advice | test("VMs of other users are visible to root only"))]' <<<"$output"
	assert_output '[2,1,true]'
	# what may be the same VM twice cannot be counted
	process 21 twice $VM $VM
	run --separate-stderr without_privileges "$KVM_HTAB" list --json --sysroot "$DIR"
	run jq -c '[.hidden_vms, (.results | length)]' <<<"$output"
	assert_output '[null,3]'
	chmod 755 "$DIR/proc/30/fd"
	# nor can those of another module
	rm -r "$DIR/proc/21"
	mkdir "$DIR/sys/module/kvm_pr"
	run jq .hidden_vms <<<"$(without_privileges "$KVM_HTAB" list --json --sysroot "$DIR")"
	assert_output 0
}

@test "no references, no VMs: nobody's processes are looked through" {
	tree_of stock-6.1-debugfs
	process 30 other $VM
	counted 0
	list --json
	assert_success
	assert_equal "$stderr" ""
	run jq -c '[.hidden_vms, (.sources | join(",")), .advice, .results]' <<<"$output"
	assert_output '[0,"/sys/module/kvm_hv",null,[]]'
	run --separate-stderr kvm_htab pool-status --json --sysroot "$DIR"
	run jq -c '.results[0] | [.users, .users_hidden, .users_advice]' <<<"$output"
	assert_output '[[],0,null]'
}

@test "in a container: VMs outside it are not seen, and that is said" {
	tree_of stock-6.1-meminfo
	mkdir -p "$DIR/proc/self/ns"
	ln -s 'pid:[4026531836]' "$DIR/proc/self/ns/pid"
	list
	assert_success
	assert_equal "$stderr" ""
	ln -sf 'pid:[4026532222]' "$DIR/proc/self/ns/pid"
	list
	assert_success
	assert_output ""
	assert_equal "$stderr" "kvm-htab: VMs outside this container (PID namespace) are visible on its host only"
	run stdout_of list --json --sysroot "$DIR"
	assert_equal "$(jq .hidden_vms <<<"$output")" null
}

@test "no VMs: an empty list, exit status 0" {
	tree_of stock-6.1-meminfo
	process 3 bash
	list
	assert_success
	assert_output ""
	assert_equal "$stderr" ""
	rm -r "$DIR"
	tree_of patched-6.1
	mkdir "$DIR/sys/kernel/kvm_htab/vm"
	list
	assert_success
	assert_output ""
	assert_equal "$stderr" ""
	run stdout_of list --json --sysroot "$DIR"
	run jq -c '[.exit_status, .hidden_vms, .results]' <<<"$output"
	assert_output '[0,0,[]]'
}

@test "no POWER: an empty list, and why; a host that is itself a guest: VMs without tables" {
	tree_of x86-6.12
	process 20 qemu $VM
	list
	assert_success
	assert_output ""
	assert_equal "$stderr" "kvm-htab: this host is not POWER (unknown): KVM-HV, its hashed page tables and their pool exist on POWER only"
	rm -r "$DIR"
	tree_of nested-6.1
	process 20 qemu $VM
	list -rn -o PID,ORDER
	assert_success
	assert_output "20 -"
	[[ $stderr == "kvm-htab: this host is itself a guest (pSeries): its VMs use radix"* ]]
}

@test "no way to find VMs: exit status 5, no list" {
	tree_of stock-6.1-meminfo
	chmod 111 "$DIR/proc"
	run --separate-stderr without_privileges "$KVM_HTAB" list --sysroot "$DIR"
	chmod 755 "$DIR/proc"
	assert_failure 5
	assert_output ""
	assert_equal "$stderr" "kvm-htab: cannot list VMs: cannot read /proc: Permission denied"
}

@test "names that would steer a terminal do not" {
	tree_of stock-6.1-meminfo
	process 20 $'a\e[31m\nb' $VM
	arguments 20 qemu -name $'guest=\e]0;x\a\xff'
	for form in "" --raw --json; do
		# shellcheck disable=SC2086
		list $form
		assert_success
		[[ $output != *$'\e'* && $output != *$'\a'* && $output != *$'\xff'* ]]
		[[ $output == *'\x1b[31m\x0ab'* || $output == *'\\x1b[31m\\x0ab'* ]]
	done
	list -n -o DOMAIN
	assert_output '\x1b]0;x\x07\xff'
}

@test "the tree's links do not lead out of it" {
	tree_of stock-6.1-meminfo
	process 20 qemu $VM
	mkdir -p "$DIR/proc/21"
	ln -s "/proc/$$/fd" "$DIR/proc/21/fd"
	rm "$DIR/proc/20/comm"
	ln -s /proc/self/comm "$DIR/proc/20/comm"
	list -rn -o PID,VMM
	assert_success
	assert_output "20 -"
}

@test "pool-status names those who use the pool, the largest first" {
	two_vms
	process 60 third $VM
	vm 12 30 pool 60
	vm 13 0 none 60
	run --separate-stderr kvm_htab pool-status --sysroot "$DIR"
	assert_success
	assert_equal "$stderr" ""
	assert_line --regexp '^ID ORDER SIZE  PID VMM +DOMAIN$'
	run tail -n 2 <<<"$output"
	assert_line --index 0 --regexp '^12 +30 +1G +60 third +-$'
	assert_line --index 1 --regexp '^ +9 +29 +512M +4711 qemu-system-ppc web$'
	run stdout_of pool-status --sysroot "$DIR" --json
	run jq -c '.results[0] | [.users, .users_hidden, .users_advice]' <<<"$output"
	assert_output '[[{"id":12,"order":30,"table_bytes":1073741824,"pid":60,"vmm":"third","domain":null},{"id":9,"order":29,"table_bytes":536870912,"pid":4711,"vmm":"qemu-system-ppc","domain":"web"}],0,null]'
}

@test "pool-status says what it cannot know of those who use the pool" {
	tree_of stock-6.1-meminfo
	process 20 qemu $VM
	run --separate-stderr kvm_htab pool-status --sysroot "$DIR"
	assert_success
	assert_line --regexp '^ +- +- +- +20 qemu +-$'
	[[ $stderr == *"this kernel does not report VM tables"* ]]
	run --separate-stderr kvm_htab pool-status --sysroot "$DIR" -r
	refute_output --partial qemu
	[[ $stderr != *"what tables"* ]]
	rm -r "$DIR"
	two_vms
	chmod 000 "$DIR"/sys/kernel/kvm_htab/vm/*/* "$DIR/proc/4711/fd"
	run --separate-stderr without_privileges "$KVM_HTAB" pool-status --sysroot "$DIR"
	chmod 700 "$DIR/proc/4711/fd"
	assert_success
	assert_line --regexp '^ +- +- +- +815 crosvm +-$'
	assert_equal "$stderr" \
		"kvm-htab: VM tables and 1 more VM are visible to root only"
}

@test "CGROUP: the memory cgroup of the process, on any kernel; CHARGED: where the kernel charges" {
	two_vms
	echo 0::/machine.slice/machine-qemu-1-web.scope >"$DIR/proc/4711/cgroup"
	printf '%s\n' 5:cpu,memory:/old/way 1:name=systemd:/other 0::/unified >"$DIR/proc/815/cgroup"
	echo 545259520 >"$DIR/sys/kernel/kvm_htab/vm/9/charged_bytes"
	list -rn -o ID,CGROUP,CHARGED -b
	assert_line --index 0 "9 machine.slice/machine-qemu-1-web.scope 545259520"
	assert_line --index 1 "10 old/way -"
	list --json -o cgroup,charged
	assert_equal "$(jq -c '[.results[] | [.cgroup, .charged_bytes]]' <<<"$output")" \
		'[["machine.slice/machine-qemu-1-web.scope",545259520],["old/way",null]]'
	# the root
	echo 0::/ >"$DIR/proc/4711/cgroup"
	rm "$DIR/proc/815/cgroup"
	list -rn -o CGROUP
	assert_line --index 0 /
	assert_line --index 1 -
}
