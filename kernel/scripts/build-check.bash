# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the checks of a series share: a source of their own, beside the one that images are built from, and objects of
# what the series is about. Sourced after lib.bash, by scripts that have set line and config.
#
#	open_check NAME [MAKE-ARGUMENT...]	sets src and obj: linux/LINE/{src,obj}-NAME in the cache, without a series
#	check_build LOG [TARGET...]		builds KVM, and TARGETs; fails with the errors shown
#	touched PATCH				objects of the kernel's C files that it touches, beyond those that are built anyway
#	warnings LOG				what the build said of the sources, without line numbers
#	new_warnings OLD NEW			those that are in NEW alone
#	layouts FILE				what the built-in objects know of structures, and the assembly offsets
#	changed_layouts OLD NEW			what is different and not meant to be

# shellcheck disable=SC2154 # line, config and cache are set by those who source this file

# KVM is built from nothing each time: what is left from another series must not count. What `make prepare` makes is kept.
open_check() {
	local files
	src=$cache/linux/$line/src-$1
	obj=$cache/linux/$line/obj-$1
	shift
	check_args=("$@")
	need powerpc64le-linux-gnu-gcc gcc-powerpc64le-linux-gnu
	files=$(fragments "$line" "$config") || exit
	mapfile -t check_fragments <<<"$files"
	mkdir -p "$cache/linux/$line"
	exec 9>"$src.lock"
	flock -n 9 || { say "waiting for another check of line $line"; flock 9; }

	private_source "$line" "$src"
	apply_series "$line" "$src"
	(configure "$line" "$src" "$obj" "${check_fragments[@]}") >"$obj.log" 2>&1 ||
		{ tail -n 20 "$obj.log" >&2; die "configuration failed; see $obj.log"; }
	rm -rf "$obj"/arch/powerpc/{kvm,kernel/asm-offsets.s} "$obj"/virt/kvm
}

check_build() {
	local log=$1
	shift
	# olddefconfig: a patch may bring options of its own, and make would ask about them.
	cross_make -C "$src" O="$obj" -Otarget -j"$(nproc)" ${check_args[@]+"${check_args[@]}"} \
		olddefconfig modules_prepare arch/powerpc/kvm/ "$@" >"$log" 2>&1 </dev/null ||
		{ grep -nE 'error|Error' "$log" | tail -n 20 >&2; return 1; }
}

touched() {
	sed -nE 's|^\+\+\+ b/([^	]*)\.[cS]$|\1.o|p' "$1" | grep -vE '^((arch/powerpc|virt)/kvm|tools)/' || true
}

# A warning about a header is repeated by every file that includes it, so that one counts once.
warnings() {
	grep -E '^[^ ]+:([0-9]+:)* (warning|error):' "$1" |
		sed -E -e "s|^$src/||" -e 's|^arch/powerpc/kvm/[.][.]/[.][.]/[.][.]/||' -e 's/:([0-9]+:)+ /: /' |
		awk '/^[^:]*[.][cS]:/ || !seen[$0]++' | LC_ALL=C sort
}

new_warnings() { LC_ALL=C comm -13 <(warnings "$1") <(warnings "$2"); }

# The part of the series that touches kvm.ko and kvm-hv.ko only has to work as modules on the kernel that a distribution
# built without it. There, code that is built in (book3s_hv_rm_mmu.c, book3s_hv_p9_entry.c, assembly) reads struct kvm,
# kvm_vcpu, the paca and all that they hold by the layout it was compiled with; a module that has moved a field corrupts
# them silently, and symbol versions do not tell. So every structure that these objects know must stay as it is, to
# the byte. A structure that only they or only modules know does not matter.

# One line a member: structure, type, name, offset and size. Needs KCFLAGS=-g.
layouts() {
	local object name
	need pahole dwarves
	{
		sed -nE 's/^#define ([A-Za-z_0-9]+) ([0-9-]+) .*/asm-offsets: \1 \2/p' \
			"$obj/include/generated/asm-offsets.h"
		powerpc64le-linux-gnu-ar t "$obj/arch/powerpc/kvm/built-in.a" | while read -r object; do
			name=$(basename "$object" .o)
			[[ ! -e $src/arch/powerpc/kvm/$name.c ]] || pahole "$obj/arch/powerpc/kvm/$name.o" || exit
		done | awk '
			/^(struct|union) .*[{]$/ { name = $2 }
			/^\t.*;/ && !/^\t\/[*]/ { gsub(/[ \t]+/, " "); print name ":" $0 }
			/^\t\/[*] size: / { print name ": size " $3 + 0 }'
	} | LC_ALL=C sort -u >"$1"
	local known
	for known in asm-offsets kvm kvm_arch kvm_vcpu kvm_vcpu_arch kvmppc_vcore kvm_memory_slot paca_struct; do
		grep -q "^$known: " "$1" || die "nothing is known of the layout of $known"
	done
}

# Differences that are meant:
# - kvm_arch.resize_hpt, a pointer that only kvm-hv.ko follows, has become kvm_arch.htab, in the same place;
# - kvmppc_ops, a table that kvm-hv.ko makes and kvm.ko reads, has grown: what it had is where it was;
# - kvm_vcpu_stat has grown at its end. Built-in code counts in it what it has always counted. Of what follows it in
#   kvm_vcpu only generic KVM code knows, which is in kvm.ko;
# - kvm_hpt_info.fetching and rev_shift are in what was kvm_hpt_info.cma, which only kvm-hv.ko reads, as it does rev_shift.
#   Built-in code reads fetching, so modules alone leave it out.
changed_layouts() {
	awk '
		/^kvm_vcpu: .*[ *](stats_id|dirty_ring|last_used_slot|last_used_slot_gen)(\[|;)/ { next }
		/^kvm_vcpu_stat: (size|u64 hpt_(enter|full);) / { next }
		/^kvm_vcpu: struct kvm_vcpu_stat stat;/ { sub(/ [0-9]+ [*]\/$/, "") }
		/^kvm_hpt_info: (u8 fetching|u16 rev_shift);/ { next }
		/^kvm_hpt_info: u(8|16) cma;/ { $0 = "kvm_hpt_info: int cma; /* 20 4 */" }
		/^kvm_arch:/ { sub(/struct kvm_resize_hpt \* resize_hpt;/, "struct kvmppc_htab * htab;") }
		{ name = $0; sub(/:.*/, "", name) }
		NR == FNR { old[$0] = name; in_old[name] = 1; next }
		{ new[$0] = name; in_new[name] = 1 }
		END {
			for (text in old)
				if (!(text in new) && in_new[old[text]] && text !~ /^kvmppc_ops: size /)
					print "-" text
			for (text in new)
				if (!(text in old) && in_old[new[text]] && new[text] != "kvmppc_ops")
					print "+" text
		}' "$1" "$2" | LC_ALL=C sort -k 1.2
}
