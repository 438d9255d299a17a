# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For tests/check-dkms and its tests: a root file system of ppc64el, unpacked in $DKMS_DIR/root.
#
#   as_root COMMAND...   as root, or as what looks like it in a user namespace, with mounts of its own
#   dkms_unpack ARCHIVE  unpacks it
#   dkms_remove          removes it
#   inside COMMAND...    runs COMMAND in it, as root; a single argument is for bash
#
# DKMS_RELEASE, DKMS_VERSION: the kernel in it

dkms_root=${DKMS_DIR:?}/root

as_root() {
	local map=()
	[[ $(id -u) == 0 ]] || map=(--map-root-user --map-auto)
	unshare ${map[@]+"${map[@]}"} --mount "$@"
}

dkms_unpack() {
	# shellcheck disable=SC2016 # the inner shell expands it
	as_root bash -c 'mkdir -p "$0" && tar --zstd -C "$0" --exclude="./dev/*" -xf "$1"' "$dkms_root" "$1"
}

dkms_remove() {
	[[ ! -e $dkms_root ]] || as_root rm -rf "$dkms_root"
}

# Of the environment nothing is for programs in there; of this machine's files what they expect of any.
inside() {
	(($# > 1)) || set -- bash -c "$1"
	# shellcheck disable=SC2016 # for the inner shell
	as_root bash -c '
		mount --rbind /proc "$0/proc" && mount --rbind /dev "$0/dev" &&
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C DEBIAN_FRONTEND=noninteractive \
			chroot "$0" "$@"' "$dkms_root" "$@"
}
