# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts of integration/qemu share.
#
#   $top, $qemu     the project, and integration/qemu in it
#   $package, $suite, $version    of file `version`
#   say MESSAGE...  progress, on stderr

qemu=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
top=${qemu%/integration/qemu}
# shellcheck source=scripts/common.bash
. "$top/scripts/common.bash"
# shellcheck source=integration/qemu/version
. "$qemu/version"

say() { echo "qemu: $*" >&2; }
