# SPDX-License-Identifier: GPL-2.0-only
#
# doctor on hosts with something wrong: it names the cause, and reports no failure after its advice was followed. The
# tool looks for these causes in the same way on all machines, so one is enough; doctor.bats has what depends on the
# machine.
#
# Runs on: powernv9; lines: first; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Takes: 60 s

bats_require_minimum_version 1.5.0
load host
load vmm
load doctor

DENY=/etc/modprobe.d/local.conf

setup_file() {
	doctor_boot
}

# A host that a test had for itself has ended with it.
teardown() {
	local names
	[[ ! -e $HOST_DIR/judged ]] || return 0
	mapfile -t names < <(host 'ls /run/vmm 2>/dev/null')
	((${#names[@]} == 0)) || vm_end "${names[@]}"
	# in a host that refuses the module there is nothing to put back
	host "rm -f $DENY; { test -d /sys/module/kvm_hv || modprobe -q kvm_hv; } &&
		chgrp kvm /dev/kvm && chmod 0660 /dev/kvm" || true
}

# fill ORDER...: VMs v0, v1, ... with a table of the first order each as long as there is room, then of the next
fill() {
	# shellcheck disable=SC2016 # for the shell in the host
	host_limit 200 'n=0
		for order in '"$*"'; do
			while [ "$(cat /sys/kernel/kvm_htab/pool/largest_free_order)" -ge $order ]; do
				vmm start v$n && vmm ctl v$n allocate $order || exit
				n=$((n + 1))
			done
		done >/dev/null
		echo $n'
}

@test "as nobody: the device is what is missing, the rest is seen" {
	only_patched_kernel "the pool, for users other than root"
	DOCTOR_AS="host_as nobody" doctor /dev/kvm
	assert_equal "$(said /dev/kvm what)" "root:kvm 0660: permission denied for user nobody"
	assert_equal "$(said /dev/kvm advice)" \
		"as root, add the user to the group, then log in again"
	assert_equal "$(said /dev/kvm next)" "usermod -aG kvm nobody"
	assert_equal "$(said pool state)" ok
	assert_equal "$(said kernel state)" ok
	# this root file system has no usermod: by hand, what it does, and a new login
	host "cp /etc/group /tmp/group; sed -i 's/^kvm:.*/&nobody/' /etc/group"
	DOCTOR_AS="host setpriv --reuid=nobody --regid=nogroup --init-groups" doctor
	host cp /tmp/group /etc/group
	assert_equal "$(said /dev/kvm what)" "root:kvm 0660"
}

@test "a device for root alone" {
	host 'chgrp root /dev/kvm; chmod 0600 /dev/kvm'
	doctor
	assert_equal "$(said /dev/kvm state)" warning
	assert_equal "$(said /dev/kvm what)" "root:root 0600: only root may open it, but VMMs run as other users"
	assert_equal "$(said /dev/kvm advice)" "give the device to group kvm"
	mend /dev/kvm
	doctor
	assert_equal "$(said /dev/kvm state)" ok
	host 'chgrp root /dev/kvm; chmod 0600 /dev/kvm'
	DOCTOR_AS="host_as nobody" doctor /dev/kvm
	assert_equal "$(said /dev/kvm advice)" "as root, give the device to group kvm and add the user to that \
group, then log in again"
	assert_regex "$(said /dev/kvm next)" '^chgrp kvm /dev/kvm && chmod 0660 /dev/kvm && usermod -aG kvm nobody$'
}

@test "no device, or something else in its place" {
	host rm /dev/kvm
	doctor /dev/kvm
	assert_equal "$(said /dev/kvm what)" missing
	assert_equal "$(said /dev/kvm advice)" "create the device"
	assert_equal "$(said /dev/kvm next)" \
		"rm -f /dev/kvm && mknod -m 0660 /dev/kvm c 10 232 && chgrp kvm /dev/kvm"
	mend /dev/kvm
	doctor
	assert_equal "$(said /dev/kvm state)" ok
	host 'rm /dev/kvm; touch /dev/kvm'
	doctor /dev/kvm
	assert_equal "$(said /dev/kvm what)" "not the KVM device (character device 10:232)"
	mend /dev/kvm
	doctor
	vm_start
	vm allocate 24
	vm_end
}

# in_container COMMAND...: where device nodes are none
in_container() {
	# shellcheck disable=SC2016 # for the shell in the host
	host unshare --mount bash -c 'mount --bind /dev /dev && mount -o remount,bind,nodev /dev && exec "$@"' - "$@"
}

@test "a device that this process may not use, whatever its mode says, and one that does not answer" {
	DOCTOR_AS=in_container doctor /dev/kvm
	assert_equal "$(said /dev/kvm what)" "root:kvm 0660: cannot open it: Permission denied"
	assert_regex "$(said /dev/kvm advice)" 'the device control group and the security module'
	# ENOTTY is 25
	DOCTOR_AS="host peer refuse ioctl 25" doctor /dev/kvm
	assert_equal "$(said /dev/kvm what)" "root:kvm 0660: KVM-HV does not answer"
	assert_equal "$(said /dev/kvm advice)" "check the messages of KVM-HV in the kernel log"
	assert_equal "$(said /dev/kvm next)" "dmesg | grep -i kvm"
	run mend /dev/kvm
	assert_success
}

@test "the module is not loaded; looking does not load it" {
	host modprobe -r kvm_hv
	doctor kvm_hv
	assert_equal "$(said kvm_hv what)" 'not loaded'
	assert_equal "$(said kvm_hv next)" 'modprobe kvm_hv'
	assert_equal "$(said /dev/kvm what)" 'requires kvm_hv'
	host '! test -e /sys/module/kvm_hv'
	mend kvm_hv
	doctor
	assert_equal "$(said kvm_hv state)" ok
}

@test "the module is deny-listed, in two ways, or the one that it needs" {
	local line
	for line in 'blacklist kvm_hv' 'install kvm_hv /bin/false' 'install kvm /bin/false'; do
		host "mkdir -p /etc/modprobe.d; modprobe -r kvm_hv; echo '$line' >$DENY"
		doctor kvm_hv
		assert_equal "$(said kvm_hv what)" "not loaded: deny-listed (\"$line\" in $DENY)"
		mend kvm_hv
		doctor
		if [[ $line == *kvm_hv* ]]; then
			assert_equal "$(said kvm_hv state)" warning
			assert_equal "$(said kvm_hv what)" "loaded, but deny-listed (\"$line\" in $DENY)"
		fi
		host rm $DENY
		doctor
		assert_equal "$(said kvm_hv state)" ok
	done
}

@test "what deny-lists say holds for modprobe as doctor says" {
	host "mkdir -p /etc/modprobe.d; modprobe -r kvm_hv; echo 'install kvm_hv /bin/false' >$DENY"
	run host modprobe kvm_hv
	assert_failure
	host "echo 'blacklist kvm_hv' >$DENY"
	# on demand: by an alias
	run host 'modprobe -b char-major-10-232; test -e /sys/module/kvm_hv'
	assert_failure
	run host 'modprobe kvm_hv && test -e /sys/module/kvm_hv'
	assert_success
}

@test "the kernel refuses the module" {
	hash_boot --append module_blacklist=kvm_hv
	doctor kvm_hv
	assert_equal "$(said kvm_hv what)" \
		"not loaded: deny-listed (module_blacklist=kvm_hv on the command line)"
	assert_regex "$(said kvm_hv advice)" '^boot without module_blacklist=kvm_hv on the kernel.s command line'
	run host modprobe kvm_hv
	assert_failure
	host_verdict
}

@test "loading of modules is disabled" {
	hash_boot --append module_blacklist=nothing
	host 'modprobe -r kvm_hv; echo 1 >/proc/sys/kernel/modules_disabled'
	doctor kvm_hv
	assert_equal "$(said kvm_hv what)" \
		'not loaded: loading of modules is disabled (kernel.modules_disabled)'
	run host modprobe kvm_hv
	assert_failure
	host_verdict
}

@test "no modules of the running kernel, and no index of them" {
	local dir
	dir=/lib/modules/$(host uname -r)
	host "modprobe -r kvm_hv; mv $dir /lib/modules/away"
	doctor kvm_hv
	assert_equal "$(said kvm_hv what)" "not loaded: no modules of the running kernel ($dir)"
	host "mv /lib/modules/away $dir; rm $dir/modules.dep*"
	doctor kvm_hv
	assert_equal "$(said kvm_hv next)" 'depmod && modprobe kvm_hv'
	mend kvm_hv
	doctor
}

@test "without libkmod the answers are the same" {
	local library
	library=$(host 'ls /usr/lib/*/libkmod.so.2')
	host "mv $library /tmp/libkmod; modprobe -r kvm_hv"
	doctor kvm_hv
	host "mkdir -p /etc/modprobe.d; echo 'install kvm_hv /bin/false' >$DENY"
	doctor kvm_hv
	assert_equal "$(said kvm_hv what)" "not loaded: deny-listed (\"install kvm_hv /bin/false\" in $DENY)"
	host "rm $DENY; modprobe kvm_hv"
	doctor
	assert_equal "$(said kvm_hv what)" loaded
	assert_regex "$(said kvm_hv advice)" 'libkmod.so.2 is missing'
	host mv /tmp/libkmod "$library"
}

@test "the pool is full of the tables of VMs" {
	only_patched_kernel "the pool in sysfs"
	local count
	doctor
	count=$(fill {32..22})
	doctor pool
	assert_regex "$(said pool what)" '^full: '
	assert_regex "$(said pool advice)" '^stop or migrate guests'
	run host kvm-htab doctor
	assert_regex "${lines[-2]}" '^Next: stop or migrate guests'
	assert_equal "${lines[-1]}" 'To have others look at it: kvm-htab capture DIR'
	# as it says
	mapfile -t names < <(seq -f v%g 0 $((count - 1)))
	vm_end "${names[@]}"
	doctor
	assert_equal "$(said pool state)" ok
}

@test "the pool is fragmented: first useless, then of some use" {
	only_patched_kernel "the pool in sysfs"
	local count names
	count=$(fill 24)
	# every other one ends; the last stays, beside what is too small for a table
	mapfile -t names < <(seq -f v%g 0 2 $((count - 2)))
	vm_end "${names[@]}"
	doctor
	assert_equal "$(said pool state)" warning
	assert_regex "$(said pool advice)" '^the kernel moves tables to join the pieces when a guest needs more'
	tables_move never
	doctor pool
	assert_regex "$(said pool what)" '^fragmented: .* room for order 24 \(a guest of 2G\)$'
	assert_regex "$(said pool advice)" '^this kernel may not move tables to join the pieces'
	vm_end v1 v3
	doctor
	assert_equal "$(said pool state)" warning
	tables_move running
	mapfile -t names < <(seq -f v%g 0 $((count - 1)))
	vm_end "${names[@]}"
	doctor
	assert_equal "$(said pool state)" ok
}

@test "tables that could not be had are told" {
	vm_start
	run vm allocate 46
	assert_output ENOMEM
	vm_end
	doctor
	assert_equal "$(said refusals state)" warning
	assert_regex "$(said refusals what)" ': 1; smaller than requested: 0$'
	run mend refusals
	assert_success
	assert_output --partial "Pool "
}

@test "no pool was asked for, or it could not be had: boot as told, and it is there" {
	local percent word
	for percent in 0 99; do
		doctor_boot --append "kvm_cma_resv_ratio=$percent"
		doctor reservation
		assert_regex "$(said reservation what)" "\(kvm_cma_resv_ratio=$percent\)$"
		assert_equal "$(said pool state)" n/a
		word=$(boot_word reservation)
		assert_equal "$word" kvm_cma_resv_ratio=5
		host_verdict
	done
	doctor_boot --append "$word"
	doctor
	assert_equal "$(said reservation state)" ok
	host_verdict
}

@test "a pool that is too small for this host's RAM" {
	local word
	doctor_boot --append kvm_cma_resv_ratio=1
	doctor
	assert_equal "$(said reservation state)" warning
	word=$(boot_word reservation)
	host_verdict
	assert_equal "$word" kvm_cma_resv_ratio=2 # the smallest that is not too small
	doctor_boot --append "$word"
	doctor
	assert_equal "$(said reservation state)" ok
	host_verdict
}
