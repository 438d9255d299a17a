#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# What the binary has against being taken over, as it is built by default.

bats_require_minimum_version 1.5.0
load common

setup_file() {
	# with symbols, wherever the program that is tested comes from
	BINARY=$BATS_FILE_TMPDIR/build/kvm-htab
	make -s --no-print-directory -C "$BATS_TEST_DIRNAME/../../cli" O="$BATS_FILE_TMPDIR/build" SANITIZE= CFLAGS="-O2 -g" CPPFLAGS=
	export BINARY
}

# symbols: what it takes from libraries, without versions
symbols() {
	readelf --dyn-syms --wide "$BINARY" | awk '$7 == "UND" { sub(/@.*/, "", $8); print $8 }'
}

@test "position-independent, and a stack that does not execute" {
	run readelf --file-header "$BINARY"
	assert_line --regexp 'Type: +DYN '
	run readelf --dynamic "$BINARY"
	assert_output --regexp 'FLAGS_1.*PIE'
	run readelf --program-headers --wide "$BINARY"
	assert_line --regexp 'GNU_STACK .* RW  +0x'
	refute_output --partial ' RWE '
}

@test "full RELRO: bound at start, and read-only from then on" {
	run readelf --program-headers --wide "$BINARY"
	assert_line --regexp 'GNU_RELRO .* R  +0x'
	run readelf --dynamic "$BINARY"
	assert_output --regexp 'FLAGS_1.*NOW'
	refute_output --regexp '\((TEXTREL|RPATH|RUNPATH)\)'
}

@test "stack protector" {
	run symbols
	assert_line __stack_chk_fail
}

@test "_FORTIFY_SOURCE=3" {
	run symbols
	assert_line __snprintf_chk
	assert_line __vasprintf_chk
	# a size that is known at run time only is what level 3 looks at: of what read_all() has allocated
	assert_line __read_chk
	assert_line __memcpy_chk
}

@test "no function that fills a buffer whatever its size, and none that starts a program" {
	run symbols
	refute_line system
	refute_line popen
	refute_line execvp
	refute_line gets
	refute_line strcpy
	refute_line sprintf
}
