# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts beside this file share. Sourced, after `set -euo pipefail`.

kernel_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/common.bash
. "$kernel_dir/../scripts/common.bash"
# The scripts print data (paths) on stdout and everything else on stderr.
say() { printf 'kernel: %s\n' "$*" >&2; }

# Whoever calls make to get here may have asked it to be silent, which is not for the kernel's make: its output is
# what progress is shown from.
unset MAKEFLAGS MFLAGS

# read_line LINE: sets package and version to the source that the line's series was made on, and suite to where in
# Debian it is.
read_line() {
	local file=$kernel_dir/lines/$1
	[[ -r $file ]] || die "no kernel line '$1'; there are: $(cd "$kernel_dir/lines" && echo *)"
	# shellcheck disable=SC2034 # used by those who source this file
	package='' version='' suite=''
	# shellcheck disable=SC1090 # two assignments
	. "$file"
}

# series LINE: the line's patches, in order, and behind them those of kernel/rfc/NAME/LINE for each NAME in the caller's
# $config (host+NAME); only those in SERIES_DIR if that is set, for checks of a part of the series.
series() {
	local dirs=("${SERIES_DIR:-$kernel_dir/patches/$1}") name names=${config-}
	for name in ${names//+/ }; do
		[[ ${SERIES_DIR-} || ! -d $kernel_dir/rfc/$name/$1 ]] || dirs+=("$kernel_dir/rfc/$name/$1")
	done
	for name in "${dirs[@]}"; do
		find "$name" -name '[0-9]*.patch' | LC_ALL=C sort
	done
}

# The source of a line is in the cache once, and images are built from it with whatever series they want, one after the
# other. .applied holds what is applied to it. While it is in between, .switching exists, and finding that when nobody
# is at it means starting over from a fresh source. Who changes or copies the source holds this lock meanwhile.
lock_source() {
	mkdir -p "$cache/linux/$1"
	exec 8>"$cache/linux/$1/source.lock"
	flock 8
}

unlock_source() { exec 8>&-; }

# whole_source LINE: prints the directory of the line's source, unpacked again if it was left in between. The caller
# holds the lock.
whole_source() {
	local src
	src=$("$kernel_dir/scripts/source" "$1") || return
	if [[ -e $src/.switching ]]; then
		say "an earlier run was interrupted while patching: unpacking the source again"
		rm -f "$src/.version"
		src=$("$kernel_dir/scripts/source" "$1") || return
	fi
	echo "$src"
}

# apply_series LINE DIR [PATCH...]: brings the source in DIR from the series that is applied to it to this one. What
# both begin with stays as it is, so that make has little to do.
apply_series() {
	local line=$1 dir=$2 file applied=()
	shift 2
	mkdir -p "$dir/.applied"
	mapfile -t applied < <(find "$dir/.applied" -name '*.patch' | LC_ALL=C sort)
	while [[ ${applied[0]-} && ${1-} && ${applied[0]##*/} == "${1##*/}" ]] && cmp -s "${applied[0]}" "$1"; do
		applied=("${applied[@]:1}")
		shift
	done
	((${#applied[@]} + $#)) || return 0
	touch "$dir/.switching"
	while ((${#applied[@]})); do
		file=${applied[-1]}
		patch -d "$dir" -R -p1 -s <"$file" >&2 || die "cannot take ${file##*/} back"
		rm "$file"
		unset 'applied[-1]'
	done
	for file; do
		patch -d "$dir" -N -p1 -s --no-backup-if-mismatch <"$file" >&2 ||
			die "line $line: ${file##*/} does not apply to $package $(<"$dir/.version");" \
				"kernel/README.md says how to move the series on"
		cp "$file" "$dir/.applied/"
	done
	# Older checkouts of this project, which share the cache, go by this file.
	find "$dir/.applied" -name '*.patch' | LC_ALL=C sort | xargs -r -d "\n" cat >"$dir/.series.new"
	mv "$dir/.series.new" "$dir/.series"
	rm "$dir/.switching"
}

# pristine_copy LINE DIR [link]: copies the line's source to DIR, without any series. With "link" the files are hard
# links, which costs next to nothing: patch and make replace files, neither writes into one. An editor does.
pristine_copy() {
	local line=$1 dir=$2 how=${3:-reflink=auto} src
	[[ ! -e $dir ]] || die "$dir exists"
	rm -rf "$dir.copy"
	lock_source "$line"
	src=$(whole_source "$line") || exit
	cp -a "--$how" "$src" "$dir.copy"
	unlock_source
	apply_series "$line" "$dir.copy"
	rm -rf "$dir.copy"/{.applied,.series}
	mv "$dir.copy" "$dir"
}

# private_source LINE DIR: makes DIR the line's source, for the caller alone, or leaves it if it is that already, with
# whatever series it has.
private_source() {
	local src
	src=$("$kernel_dir/scripts/source" "$1") || exit
	[[ -e $2/.switching ]] || ! cmp -s "$src/.version" "$2/.version" || return 0
	rm -rf "$2"
	pristine_copy "$1" "$2" link
}

# fragments LINE CONFIG: prints the files of kernel/config that CONFIG (host, host+debug) names. NAME-LINE.config has
# options of NAME that only this line has.
fragments() {
	local line=$1 name
	for name in ${2//+/ }; do
		[[ -r $kernel_dir/config/$name.config ]] || die "no configuration '$name' in kernel/config"
		echo "$kernel_dir/config/$name.config"
		[[ ! -r $kernel_dir/config/$name-$line.config ]] || echo "$kernel_dir/config/$name-$line.config"
	done
}

# configure LINE SRC OBJ FRAGMENT...: all of the fragments, over nothing.
configure() {
	local line=$1 src=$2 obj=$3 option missing=
	shift 3
	mkdir -p "$obj"
	cross_make -C "$src" O="$obj" -s allnoconfig &&
		(cd "$src" && ARCH=powerpc scripts/kconfig/merge_config.sh -m -O "$obj" "$obj/.config" "$@") &&
		cross_make -C "$src" O="$obj" -s olddefconfig || return
	# what the last fragment that names an option says
	while read -r option; do
		grep -qxF "$option" "$obj/.config" || missing+=" $option"
	done < <(awk -F '[= ]' '/^CONFIG_[A-Z0-9_]+=/ { set[$1] = $0 } /^# CONFIG_.* is not set$/ { delete set[$2] }
		END { for (name in set) print set[name] }' "$@")
	[[ ! $missing ]] || die "line $line cannot have:$missing"
}

# need COMMAND PACKAGE: fails with the way out if there is no such command.
need() { command -v "$1" >/dev/null || die "no $1: apt-get install $2"; }

cross_make() {
	# Fixed, so that equal inputs give equal images.
	KBUILD_BUILD_TIMESTAMP='2000-01-01' KBUILD_BUILD_USER=kvm-htab KBUILD_BUILD_HOST=kvm-htab \
		make ARCH=powerpc CROSS_COMPILE=powerpc64le-linux-gnu- "$@"
}
