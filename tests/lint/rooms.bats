#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The order of the rooms of cli/: cli/README says what each is for.

bats_require_minimum_version 1.5.0

setup() {
	bats_load_library bats-support
	bats_load_library bats-assert
	cd "$BATS_TEST_DIRNAME/../.." || return
}

# wrong_includes DIR: "FILE includes HEADER" for each that its room may not include
wrong_includes() {
	(cd "$1" && grep -noE '^#include "[^"]+"' ./*.c ./*/*.[ch]) | awk -F '[:"]' '
		BEGIN {
			may["main"] = " commands lib "
			may["commands"] = " commands doctor pool vm host lib "
			may["doctor"] = " doctor pool host lib "
			may["pool"] = " pool host lib "
			may["vm"] = " vm host lib "
			may["host"] = " host lib "
			may["lib"] = " lib "
		}
		{
			file = $1
			sub(/^\.\//, "", file)
			from = file ~ /\// ? substr(file, 1, index(file, "/") - 1) : "main"
			to = substr($4, 1, index($4, "/") - 1)
			if (!index(may[from], " " to " "))
				print file " includes " $4
		}'
}

@test "no room includes upwards, and pool/ and vm/ do not include each other" {
	run wrong_includes cli
	assert_output ''
}

@test "an include upwards is found" {
	mkdir -p "$BATS_TEST_TMPDIR"/{pool,lib}
	printf '#include "%s"\n' host/host.h vm/list.h pool/pool.h >"$BATS_TEST_TMPDIR/pool/bad.c"
	printf '#include "%s"\n' host/host.h lib/error.h >"$BATS_TEST_TMPDIR/lib/bad.h"
	printf '#include "%s"\n' commands/command.h >"$BATS_TEST_TMPDIR/main.c"
	run wrong_includes "$BATS_TEST_TMPDIR"
	assert_output $'lib/bad.h includes host/host.h\npool/bad.c includes vm/list.h'
}

@test "every room is in cli/README" {
	for room in cli/*/; do
		[[ $room != cli/build/ ]] || continue
		run grep -q "^[[:blank:]]*$(basename "$room")/[[:blank:]]" cli/README
		assert_success
	done
}

# long_functions FILE...: "FILE:LINE: N lines" of each function that is longer than a screen
long_functions() {
	awk '/^[a-z_].*[^;]$/ && !/^(struct|enum|union|static const) [^(]*$/ { name = FNR }
		/^\{$/ { start = FNR }
		/^\}$/ && start {
			if (FNR - start - 1 > 60)
				print FILENAME ":" name ": " FNR - start - 1 " lines"
			start = 0
		}' "$@"
}

@test "a function fits on a screen" {
	run long_functions cli/main.c cli/*/*.c
	assert_output ''
	{ printf 'int f(void)\n{\n'; printf '\tg();\n%.0s' {1..61}; printf '}\n'; } >"$BATS_TEST_TMPDIR/long.c"
	run long_functions "$BATS_TEST_TMPDIR/long.c"
	assert_output "$BATS_TEST_TMPDIR/long.c:1: 61 lines"
}
