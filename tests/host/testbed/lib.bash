# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the scripts of the test bed share. It brings in scripts/common.bash.

# shellcheck source=scripts/common.bash
source "${BASH_SOURCE[0]%/*}/../../../scripts/common.bash"

# progress MESSAGE...: to the file that HOST_PROGRESS names, or to stderr
progress() {
	if [[ ${HOST_PROGRESS:-} ]]; then
		echo "test bed: $*" >>"$HOST_PROGRESS"
	else
		echo "test bed: $*" >&2
	fi
}
