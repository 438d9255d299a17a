# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Emulated hosts: build what they boot, start them, wait for them, end them. A host lives in a
# directory of its own: console (log), qemu.log, cmdN (sockets of the command ports), verdict, pid.
#
# Read from the environment:
#   HOST_CONFIG                    files of kernel/config that the kernel is built with (host)
#   HOST_IMAGE, HOST_STOCK_IMAGE   directories with vmlinux and lib/modules to boot instead of what
#                                  kernel/ builds
#   HOST_ON                        boot this distribution's kernel, with our modules instead of its own
#   HOST_NO_CLI                    not empty: leave kvm-htab out, for work on kernel and test bed
#   HOST_BOOT_LIMIT                seconds that a boot may take (120)
#   HOST_MEMORY                    RAM of a host that is started (4G)

machine_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
machine_top=$(cd "$machine_here/../../.." && pwd)
machine_build_dir=${HOST_BUILD_DIR:-$machine_top/build/host}
# shellcheck source=tests/host/testbed/lib.bash
source "$machine_here/lib.bash"

# machine_kernel LINE STOCK: prints the directory with the kernel image, built if it is not there
machine_kernel() {
	local image

	if [[ $2 == 1 && ${HOST_STOCK_IMAGE:-} ]]; then
		echo "$HOST_STOCK_IMAGE"
	elif [[ $2 != 1 && ${HOST_IMAGE:-} ]]; then
		echo "$HOST_IMAGE"
	elif [[ ${HOST_ON:-} ]]; then
		make -s --no-print-directory -C "$machine_top/kernel" modules-image-path ON="$HOST_ON" STOCK="${2/#0/}"
	else
		image=$(make -s --no-print-directory -C "$machine_top/kernel" image-path \
			LINE="$1" STOCK="${2/#0/}" CONFIG="${HOST_CONFIG:-host}") || return
		[[ -s $image/vmlinux ]] || { echo "no kernel image for $*" >&2; return 1; }
		echo "$image"
	fi
}

# The programs under test and those of the test bed, for the host, into DIR/bin
machine_programs() {
	local sysroot=$1 dir=$2

	make -s --no-print-directory -C "$machine_here/../programs" O="$dir" SYSROOT="$sysroot" || return
	[[ -f $machine_top/cli/Makefile && -z ${HOST_NO_CLI:-} ]] || return 0
	make -s --no-print-directory -C "$machine_top/cli" CROSS_COMPILE=powerpc64le-linux-gnu- \
		SYSROOT="$sysroot" O="$dir/cli" all test-tools || return
	cp -u "$dir/cli/kvm-htab" "$dir/cli/peer" "$dir/bin/"
}

# machine_build RUN LINE STOCK: kernel and initramfs, once a run; leaves RUN/LINE-STOCK/{image,initrd}.
# Several machines come here at the same time.
machine_build() {
	local dir=$1/$2-$3 sysroot image

	mkdir -p "$dir" "$machine_build_dir"
	[[ ! -e $dir/done ]] || return 0
	# may take minutes, which must not keep other runs waiting
	image=$(machine_kernel "$2" "$3" 2> >(machine_tee)) || return
	(
		flock 9
		[[ ! -e $dir/done ]] || exit 0
		sysroot=$("$machine_here/sysroot") &&
			machine_programs "$sysroot" "$machine_build_dir" >&2 &&
			"$machine_here/initramfs" "$sysroot" "$image" "$machine_build_dir/bin" \
				"$dir/initrd" &&
			ln -sfn "$image" "$dir/image" && touch "$dir/done"
	) 9>"$machine_build_dir/lock"
}

# machine_add BUILT NAME: what machine_build left in BUILT, and on top of it what NAME-initramfs makes, once a
# run; leaves it in BUILT-NAME.
machine_add() {
	local built=$1 name=$2 dir=$1-$2

	mkdir -p "$dir"
	(
		flock 9
		[[ ! -e $dir/done ]] || exit 0
		"$machine_here/$name-initramfs" "$built/image" "$machine_build_dir" "$dir/added" >&2 &&
			cat "$built/initrd" "$dir/added" >"$dir/initrd" &&
			ln -sfn "$(readlink "$built/image")" "$dir/image" &&
			rm "$dir/added" && touch "$dir/done"
	) 9>"$machine_build_dir/lock"
}

# A kernel build speaks on stderr; pass that on to where progress is shown.
machine_tee() {
	if [[ ${HOST_PROGRESS:-} ]]; then
		cat >>"$HOST_PROGRESS"
	else
		cat >&2
	fi
}

# machine_append PANIC TEXT: the kernel's command line. A splat under emulation on a busy machine must be the kernel's
# fault, so stalls get more time. norandmaps: the emulator keeps translated code by its virtual address. If programs and
# libraries are at other addresses each time, it has to translate them each time, which makes a command four times as
# expensive.
machine_append() {
	echo "console=hvc0 rdinit=/init kvm_cma_resv_ratio=10 log_buf_len=4M" \
		"rcupdate.rcu_cpu_stall_timeout=120 panic=-1 norandmaps" \
		"$([[ $1 == 1 ]] && echo "panic_on_warn=1 oops=panic")" "$2"
}

# machine_devices MACHINE: fills args with what makes the machine and a virtio-serial bus in it.
machine_devices() {
	if [[ $1 == pseries ]]; then
		# A guest that has KVM-HV itself. TCG has none of the mitigations that pseries asks for.
		args=(-M "pseries,cap-nested-hv=on,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off"
			-cpu POWER9 -device virtio-serial-pci)
		return
	fi
	# One PCI host bridge instead of the machine's three to six saves half of the boot: the firmware
	# waits for each one's links. A BMC has to be there for power off.
	args=(-M "$1"
		-device "ipmi-bmc-sim,id=bmc" -device "isa-ipmi-bt,bmc=bmc,irq=10"
		-device "pnv-phb,chip-id=0,index=0" -device "pnv-phb-root-port,id=slot0"
		-device "virtio-serial-pci,bus=slot0")
}

# machine_qemu DIR MACHINE BUILT SMP APPEND CONSOLE-OPTIONS...: becomes the emulated host. HOST_PLUGIN: QEMU's -plugin.
machine_qemu() {
	local dir=$1 machine=$2 built=$3 smp=$4 append=$5 port
	local -a args

	shift 5
	machine_devices "$machine"
	# Translated code would take up to 1 GiB, and several hosts at a time have to fit into the build machine.
	args+=(-accel "${HOST_ACCEL:-tcg},tb-size=256" -m "${HOST_MEMORY:-4G}" -smp "$smp"
		-nodefaults -display none -no-reboot
		-kernel "$built/image/vmlinux" -initrd "$built/initrd" -append "$append"
		-chardev "file,id=verdict,path=verdict"
		-device "virtserialport,chardev=verdict,name=verdict,nr=30")
	for port in 0 1 2 3; do
		args+=(-chardev "socket,id=cmd$port,path=cmd$port,server=on,wait=off"
			-device "virtserialport,chardev=cmd$port,name=cmd$port,nr=$((port + 1))")
	done
	[[ ! ${HOST_PLUGIN:-} ]] || args+=(-plugin "$HOST_PLUGIN")
	cd "$dir" || exit
	exec qemu-system-ppc64 "${args[@]}" "$@"
}

machine_alive() {
	local pid comm

	# it may end between any two looks
	[[ -s $1/pid ]] && pid=$(<"$1/pid") && comm=$(cat "/proc/$pid/comm" 2>/dev/null) &&
		[[ $comm == qemu-system* ]]
}

# Everything but stdin, stdout and stderr: whoever waits for the end of a pipe must not wait for
# a host that lives on.
machine_close_fds() {
	local fd

	for fd in "/proc/$BASHPID/fd"/*; do
		fd=${fd##*/}
		[[ $fd -le 2 || $fd -eq 255 ]] || eval "exec $fd>&-" 2>/dev/null || :
	done
}

# machine_start DIR MACHINE BUILT SMP APPEND: starts a host in the background
machine_start() {
	local dir=$1

	rm -rf "$dir"
	mkdir -p "$dir"
	: >"$dir/verdict"
	echo "$2" >"$dir/machine"
	echo "$5" >"$dir/append"
	(
		machine_close_fds
		echo "$BASHPID" >"$dir/pid"
		machine_qemu "$@" -monitor none -chardev "file,id=console,path=console" \
			-serial chardev:console
	) </dev/null >"$dir/qemu.log" 2>&1 &
	disown
}

# The end of the logs, or, if there is one, the first splat and what comes after it
machine_tail() {
	local file at

	for file in qemu.log console; do
		[[ -s $1/$file ]] || continue
		at=$(grep -n -m 1 -E -f "$machine_here/splats" "$1/$file") || at=
		if [[ $at ]]; then
			tail -n "+${at%%:*}" "$1/$file" | head -n 40
		else
			tail -n 25 "$1/$file"
		fi | tr -d '\r' | sed "s|^|  $file: |"
	done
}

# machine_wait DIR: until the agent answers, with progress
machine_wait() {
	local dir=$1 limit=$((${HOST_BOOT_LIMIT:-120} * ${HOST_PATIENCE:-1})) start=$SECONDS last=0 waiter

	# On a busy machine it takes a while until QEMU is there at all.
	until [[ -S $dir/cmd0 ]] || ((SECONDS - start >= limit)); do
		[[ ! -s $dir/pid ]] || kill -0 "$(<"$dir/pid")" 2>/dev/null || break
		sleep 0.05
	done
	"$machine_build_dir/client" -w "$limit" "$dir" 2>/dev/null &
	waiter=$!
	while kill -0 "$waiter" 2>/dev/null; do
		sleep 0.1
		machine_alive "$dir" || kill "$waiter" 2>/dev/null || :
		if ((SECONDS - start >= last + 3)); then
			last=$((SECONDS - start))
			progress "${dir##*/}: booting, $last s:" \
				"$(tail -n 1 "$dir/console" 2>/dev/null | tr -d '\r\033' | cut -c1-70)"
		fi
	done
	if wait "$waiter"; then
		progress "${dir##*/}: up after $((SECONDS - start)) s"
		return
	fi
	{
		echo "${dir##*/}: did not come up (limit: $limit s), console in $dir/console"
		machine_tail "$dir"
	} >&2
	machine_kill "$dir"
	return 1
}

machine_kill() {
	if machine_alive "$1"; then
		kill -9 "$(<"$1/pid")"
	fi
}

# machine_ended DIR SECONDS
machine_ended() {
	local end=$((SECONDS + $2))

	while machine_alive "$1"; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}

# machine_splat DIR: prints the first splat on the console; 1 if there is none
machine_splat() {
	local line

	line=$(grep -m 1 -E -f "$machine_here/splats" "$1/console") || return
	echo "on the console: ${line%$'\r'}"
}

# machine_verdict DIR: asks the host for its verdict and ends it. Prints what is wrong and returns 1,
# unless all is well. What a host booted without panic_on_* says of its kernel log is for its tests
# to judge (they provoke splats); it only has to be there still. DIR/expect-panic: a test said that
# the host would not survive.
machine_verdict() {
	local dir=$1

	if [[ -e $dir/expect-panic ]]; then
		if machine_ended "$dir" 20 && grep -q "Kernel panic" "$dir/console"; then
			return
		fi
		echo "a panic was expected and did not come"
		machine_kill "$dir"
		return 1
	fi
	if machine_alive "$dir"; then
		# A debug kernel is searched for leaks
		"$machine_build_dir/client" -t 60 "$dir" /usr/lib/testbed/verdict now >/dev/null 2>&1 || :
	fi
	if ! machine_ended "$dir" $((20 * ${HOST_PATIENCE:-1})); then
		echo "the host did not power off"
		machine_kill "$dir"
		return 1
	fi
	if [[ ! -s $dir/verdict ]]; then
		echo "the host ended without a verdict;" "$(machine_splat "$dir" || :)"
		return 1
	fi
	[[ ! -e $dir/no-panic ]] || return 0
	if [[ $(<"$dir/verdict") != good:* ]]; then
		cat "$dir/verdict"
		return 1
	fi
	! machine_splat "$dir"
}
