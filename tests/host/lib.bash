# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts of the test bed share: places, messages, keys.

# shellcheck disable=SC2034 # used by those who source this file
cache_dir=${XDG_CACHE_HOME:-$HOME/.cache}/kvm-htab

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

# HOST_PROGRESS is where a caller wants to see what goes on, if not on stderr.
progress() {
	if [[ ${HOST_PROGRESS:-} ]]; then
		echo "test bed: $*" >>"$HOST_PROGRESS"
	else
		echo "test bed: $*" >&2
	fi
}

# content_key: a short name for what comes in on stdin
content_key() {
	sha256sum | cut -c1-16
}
