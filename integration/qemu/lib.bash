# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts of integration/qemu share.
#
#   QEMU_LINE       in the environment: which QEMU, a file of lines/ (7.2)
#   $top, $qemu     the project, and integration/qemu in it
#   $line, $dir, $patches    the line, its part of the cache, and its directory in patches/
#   $package, $suite, $version, $options, $meson    from lines/$line: the Debian source package that the series is made
#                   on (if apt no longer has this version, the newest of the suite is used), options for configure, and
#                   the oldest meson that it accepts, if that is not in Debian 12
#   say MESSAGE...  progress, on stderr

qemu=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
top=${qemu%/integration/qemu}
# shellcheck source=scripts/common.bash
. "$top/scripts/common.bash"

say() { echo "qemu: $*" >&2; }

line=${QEMU_LINE:-7.2}
[[ -e $qemu/lines/$line ]] || die "there is no line \"$line\" of QEMU; there are: $(cd "$qemu/lines" && echo *)"
# shellcheck source=integration/qemu/lines/7.2
. "$qemu/lines/$line"
# shellcheck disable=SC2034 # for those who load this
dir=$cache/qemu/$line patches=$qemu/patches/$line
