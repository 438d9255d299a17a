# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts beside this file share. Sourced, after `set -euo pipefail`.

# shellcheck disable=SC2034 # used by those who source this file

kernel_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kvm-htab
# The scripts print data (paths) on stdout and everything else on stderr.
say() { printf 'kernel: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Whoever calls make to get here may have asked it to be silent, which is not for the kernel's make: its output is
# what progress is shown from.
unset MAKEFLAGS MFLAGS

# read_line LINE: sets package and version to the source that the line's series was made on, and suite to where in
# Debian it is if not in Debian 12.
read_line() {
	local file=$kernel_dir/lines/$1
	[[ -r $file ]] || die "no kernel line '$1'; there are: $(cd "$kernel_dir/lines" && echo *)"
	# shellcheck disable=SC2034 # used by those who source this file
	package='' version='' suite=''
	# shellcheck disable=SC1090 # two assignments
	. "$file"
}

# series LINE: the line's patches, in order.
series() { find "$kernel_dir/patches/$1" -name '[0-9]*.patch' | LC_ALL=C sort; }

cross_make() {
	# Fixed, so that equal inputs give equal images.
	KBUILD_BUILD_TIMESTAMP='2000-01-01' KBUILD_BUILD_USER=kvm-htab KBUILD_BUILD_HOST=kvm-htab \
		make ARCH=powerpc CROSS_COMPILE=powerpc64le-linux-gnu- "$@"
}
