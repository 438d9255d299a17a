# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For tests: Python in the host. `load python` brings in:
#
#   put_python    from the same packages as QEMU; the initial RAM disk would get too large with it. Extensions are left
#                 out but for one: what else the examples need is built in.

put_python() {
	local root extensions=usr/lib/python3.11/lib-dynload lib=usr/lib/powerpc64le-linux-gnu/libexpat.so.1 archive=$BATS_FILE_TMPDIR/python311.zip
	root=$("$BATS_TEST_DIRNAME/testbed/sysroot" "$BATS_TEST_DIRNAME/testbed/qemu-packages")
	(cd "$root/usr/lib/python3.11" && python3 -m zipfile -c "$archive" ./*.py asyncio collections concurrent encodings importlib json \
		logging re urllib)
	host_put "$root/usr/bin/python3.11" /usr/bin/python3
	host_put "$root/$lib" "/$lib"
	host_put "$archive" /usr/lib/python311.zip
	host "chmod +x /usr/bin/python3; mkdir -p /$extensions" # it complains otherwise
	host_put "$(ls "$root/$extensions"/_contextvars.*)" "/$extensions/_contextvars.so"
	# as files, so that each is compiled only once
	host_limit 120 'cd /usr/lib && python3 -m zipfile -e python311.zip python3.11 && rm python311.zip'
}
