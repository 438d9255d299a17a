# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts of kernel/ and of tests/ share.
#
#   $cache          where downloads and builds are kept
#   die MESSAGE...  ends the script with a message on stderr
#   content_key     a short name for what comes in on stdin

# shellcheck disable=SC2034 # used by those who source this file
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kvm-htab

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

content_key() {
	sha256sum | cut -c1-16
}
