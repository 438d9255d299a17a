#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Runs last, for tests/check-sanitize: what the tests before have left in KVM_HTAB_REPORTS.

bats_require_minimum_version 1.5.0
load ../cli/common

# reports [DIRECTORY]: all that there is, without what valgrind says of itself
reports() {
	find "${1:-$KVM_HTAB_REPORTS}" -type f -exec grep -hv '^--' {} +
}

@test "no report" {
	run reports
	assert_output ''
}

# In the same way as those of the program
@test "a program with errors leaves reports" {
	local scratch=$BATS_TEST_TMPDIR/reports program=$BATS_TEST_TMPDIR/program
	mkdir "$scratch"
	cat >"$program.c" <<-'END'
		#include <limits.h>
		#include <stdlib.h>
		#include <string.h>
		int main(int argc, char **argv)
		{
			int *block = malloc(sizeof(*block) * (size_t)argc);

			if (!strcmp(argv[1], "overflow")) {
				volatile int sum = INT_MAX;

				free(block);
				return sum + argc > 0;
			}
			if (!strcmp(argv[1], "leak")) {
				block = NULL;
				return 0;
			}
			free(block);
			return *(volatile int *)block;
		}
	END
	gcc -O0 -g -fsanitize=address,undefined -fno-sanitize-recover=all -Wno-use-after-free -o "$program" "$program.c"
	gcc -O0 -g -Wno-use-after-free -o "$program.plain" "$program.c"
	for error in overflow leak use; do
		[[ $error != leak || ${CHECK_LEAKS:-1} == 1 ]] || continue
		rm -f "$scratch"/*
		case $KVM_HTAB_UNDER in
		memcheck)
			[ $error != overflow ] || continue
			sed "s|$KVM_HTAB_REPORTS|$scratch|; s|\"[^\"]*/kvm-htab\"|$program.plain|" "$KVM_HTAB" >"$program"
			run "$program" $error x
			;;
		*)
			ASAN_OPTIONS=${ASAN_OPTIONS//$KVM_HTAB_REPORTS/$scratch} \
				UBSAN_OPTIONS=${UBSAN_OPTIONS//$KVM_HTAB_REPORTS/$scratch} run "$program" $error x
			;;
		esac
		assert_failure 99
		# UBSan beside ASan writes to stderr, whatever log_path says; the status of that is no command's.
		[[ $error != overflow || $output != *'runtime error: signed integer overflow'* ]] || continue
		run reports "$scratch"
		assert_output --regexp .
	done
}
