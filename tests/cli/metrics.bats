#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# pool-status --format=prometheus: the text format, to the letter, and nothing that is not known.

bats_require_minimum_version 1.5.0
load common

# metrics TREE
metrics() {
	kvm_htab pool-status --format=prometheus --sysroot "$1"
}

# The text format as a parser takes it that is stricter than Prometheus' own: HELP, TYPE and then all samples of
# a metric, each metric and each sample once, whole numbers but for seconds, a line feed at the end.
check_format() {
	[ "$(tail -c 1 "$1" | od -An -tx1)" = " 0a" ] || return
	LC_ALL=C awk '
		function fail(why) { print FILENAME ":" FNR ": " why ": " $0; failed = 1 }
		/^# HELP / {
			if (name != "" && !samples) fail("no sample of " name)
			name = $3; samples = 0; type = ""
			if (name !~ /^kvm_htab_[a-z][a-z_]*$/) fail("name")
			if (seen[name]++) fail("twice")
			if (NF < 5 || $0 ~ /[\\]/ || $0 !~ /\.$/) fail("help")
			next
		}
		/^# TYPE / {
			type = $4
			if ($3 != name || NF != 4 || samples) fail("type out of place")
			if (type != "gauge" && type != "counter") fail("type")
			if ((type == "counter") != (name ~ /_total$/)) fail("only counters end in _total")
			next
		}
		{
			if (!match($0, /^[a-z_]+/) || substr($0, 1, RLENGTH) != name || type == "") fail("sample out of place")
			rest = substr($0, RLENGTH + 1)
			if (sample[substr($0, 1, length($0) - length($NF))]++) fail("twice")
			if (rest !~ /^({[a-z]+="([^"\\]|\\["\\n])*"(,[a-z]+="([^"\\]|\\["\\n])*")*})? [0-9]+(\.[0-9]+)?$/) fail("sample")
			if (($NF ~ /\./) != (name ~ /_seconds$/)) fail("only times are no whole numbers")
			samples++
		}
		END { if (name == "" || !samples) fail("the end"); exit failed }' "$1"
}

@test "the format is right for every kind of host, exit status 0" {
	for name in "$TREES"/*/; do
		metrics "$name" >"$BATS_TEST_TMPDIR/metrics"
		run check_format "$BATS_TEST_TMPDIR/metrics"
		assert_output ""
		assert_success
		run cat "$BATS_TEST_TMPDIR/metrics"
		assert_line --regexp '^kvm_htab_available [01]$'
		run grep -cE '^kvm_htab_pool_state\{state="[a-z]+"\} 1$' "$BATS_TEST_TMPDIR/metrics"
		assert_output 1
		run grep -cE '^kvm_htab_pool_condition\{condition="[a-z]+"\} 1$' "$BATS_TEST_TMPDIR/metrics"
		assert_output 1
	done
}

@test "the parser of these tests finds faults" {
	metrics "$POWER" >"$BATS_TEST_TMPDIR/good"
	while read -r change; do
		sed "$change" "$BATS_TEST_TMPDIR/good" >"$BATS_TEST_TMPDIR/bad"
		run cmp -s "$BATS_TEST_TMPDIR/good" "$BATS_TEST_TMPDIR/bad"
		assert_failure 1
		run check_format "$BATS_TEST_TMPDIR/bad"
		[ "$status" != 0 ] || fail "not found: $change"
	done <<-'END'
		$d
		1p
		2d
		/^# TYPE kvm_htab_resets_total/s/counter/gauge/
		s/^kvm_htab_available 1/kvm_htab_available ?/
		s/"ready"/"rea"dy"/
		s/"ready"/"rea\\dy"/
		s/state="ready"/state="failed"/
		/^kvm_htab_resets_total/d
		s/^kvm_htab_resets/kvm_htab_reset/
		/^kvm_htab_resets_total/s/$/.5/
		/^kvm_htab_longest_stop_seconds/s/\..*//
	END
	printf %s "$(cat "$BATS_TEST_TMPDIR/good")" >"$BATS_TEST_TMPDIR/bad"
	run check_format "$BATS_TEST_TMPDIR/bad"
	assert_failure
}

@test "the metrics say what the table says" {
	run metrics "$POWER"
	assert_success
	while read -r line; do
		assert_line "kvm_htab_$line"
	done <<-'END'
		available 1
		module_loaded 1
		kernel_patched 1
		pool_state{state="ready"} 1
		pool_state{state="failed"} 0
		pool_condition{condition="ok"} 1
		pool_size_bytes 13743947776
		pool_used_bytes 2864971776
		pool_free_bytes 10878976000
		pool_approximate 0
		pool_largest_free_order 33
		pool_fits{order="18"} 41500
		pool_fits{order="29"} 19
		pool_fits{order="46"} 0
		tables_total{source="pool"} 412
		tables_total{source="pages"} 37
		tables_in_place_total 5
		fallbacks_total 3
		failures_total 2
		resets_total 118
		moves_total 21
		moved_bytes_total 2818572288
		longest_stop_seconds 0.001213
		pool_source_info{source="/sys/kernel/kvm_htab"} 1
	END
}

@test "available: as doctor judges, on every kind of host" {
	for name in "$TREES"/*/; do
		available=1
		kvm_htab doctor -q --sysroot "$name" || available=0
		run metrics "$name"
		assert_line "kvm_htab_available $available"
	done
}

@test "the version, and what each VM has" {
	dir=$(tree patched-6.1)
	run metrics "$dir"
	assert_line "kvm_htab_build_info{version=\"$(kvm_htab -V | cut -d' ' -f2)\"} 1"
	refute_line --regexp '^kvm_htab_vm_'
	for vm in '7 24 1 2' '12 0 0 0'; do
		read -r id order ready vcpus <<<"$vm"
		mkdir -p "$dir/sys/kernel/kvm_htab/vm/$id"
		bytes=$((order ? 1 << order : 0))
		for pair in order=$order source=pool table_bytes=$bytes revmap_bytes=$bytes mmu=hpt vcpus_running=$vcpus \
			ready=$ready resizing=0 offered=0 pid=$((id + 100)) owner=0; do
			echo "${pair#*=}" >"$dir/sys/kernel/kvm_htab/vm/$id/${pair%%=*}"
		done
	done
	mkdir -p "$dir/proc/107/fd"
	ln -s anon_inode:kvm-vm "$dir/proc/107/fd/9"
	printf '%s\0' qemu -name 'guest=a "b" \c' >"$dir/proc/107/cmdline"
	metrics "$dir" >"$BATS_TEST_TMPDIR/metrics"
	run check_format "$BATS_TEST_TMPDIR/metrics"
	assert_output ''
	run cat "$BATS_TEST_TMPDIR/metrics"
	name='id="7",domain="a \"b\" \\c"'
	assert_line "kvm_htab_vm_table_bytes{$name} 16777216"
	assert_line "kvm_htab_vm_has_run{$name} 1"
	assert_line "kvm_htab_vm_running{$name} 1"
	assert_line 'kvm_htab_vm_table_bytes{id="12",domain=""} 0'
	assert_line 'kvm_htab_vm_has_run{id="12",domain=""} 0'
	assert_line 'kvm_htab_vm_running{id="12",domain=""} 0'
}

@test "what is not known is left out, not 0" {
	run metrics "$TREES/stock-6.1-meminfo"
	assert_line "kvm_htab_pool_size_bytes 13743947776"
	assert_line "kvm_htab_pool_approximate 1"
	assert_line 'kvm_htab_pool_state{state="unknown"} 1'
	refute_line --regexp '^kvm_htab_(pool_largest_free_order|pool_fits|failures_total|tables_total|move|longest)'
	run metrics "$TREES/x86-6.12"
	assert_line "kvm_htab_available 0"
	refute_line --regexp '^kvm_htab_pool_(size|used|free|approximate|fits|source)'
	run metrics "$TREES/stock-6.1-failed"
	assert_line 'kvm_htab_pool_state{state="failed"} 1'
	assert_line "kvm_htab_pool_size_bytes 0"
}

@test "a metric says of each other one whether it is known" {
	for name in "$TREES"/*/; do
		metrics "$name" >"$BATS_TEST_TMPDIR/metrics"
		known=0
		while read -r metric value; do
			known=$((known + 1))
			# a host without VMs has no metric of a VM
			[[ $metric != kvm_htab_vm_* ]] || continue
			count=$(grep -cE "^${metric}[{ ]" "$BATS_TEST_TMPDIR/metrics" || :)
			# some orders may be known
			[[ $metric != kvm_htab_pool_fits ]] || count=$((count / 29))
			assert_equal "$metric $((count > 0))" "$metric $value"
		done < <(sed -n 's/^kvm_htab_known{metric="\(.*\)"} /\1 /p' "$BATS_TEST_TMPDIR/metrics")
		((known == 16))
	done
	run metrics "$TREES/stock-6.1-meminfo"
	assert_line 'kvm_htab_known{metric="kvm_htab_pool_size_bytes"} 1'
	assert_line 'kvm_htab_known{metric="kvm_htab_failures_total"} 0'
	run metrics "$TREES/power9-6.1-stock"
	assert_line 'kvm_htab_known{metric="kvm_htab_vm_table_bytes"} 0'
	run metrics "$POWER"
	refute_line --regexp '^kvm_htab_known.* 0$'
}

@test "stdout that does not take them is an error" {
	[ -c /dev/full ] || skip "no /dev/full"
	run bash -c '"$@" >/dev/full' - "$KVM_HTAB" pool-status --format=prometheus --sysroot "$POWER"
	assert_failure 1
	assert_output --partial "cannot write to standard output"
}

@test "--format: options that do not go together" {
	while IFS='|' read -r text args; do
		# shellcheck disable=SC2086 # words
		run kvm_htab pool-status $args
		assert_failure 2
		assert_output --partial -- "$text"
	done <<-'END'
		unknown format "xml": use prometheus|--format=xml
		--json and --format are mutually exclusive|--format=prometheus --json
		--raw and --format are mutually exclusive|-r --format=prometheus
		--quiet and --format are mutually exclusive|-q --format=prometheus
		--format and --noheadings are mutually exclusive|-n --format=prometheus
		--format and --output are mutually exclusive|-o STATE --format=prometheus
		--format and --probe are mutually exclusive|--probe --format=prometheus
		--probe and --sysroot are mutually exclusive|--probe --sysroot /
	END
}

@test "the manual names every metric, and no others" {
	for tree in patched-6.1 loaded-6.1 stock-6.1-debugfs x86-6.12; do
		stdout_of pool-status --format=prometheus --load --sysroot "$TREES/$tree"
	done | grep -oE '^kvm_htab_[a-z_]+' | sort -u >"$BATS_TEST_TMPDIR/printed"
	sed -nE 's/^\.It Li (kvm_htab_[a-z_]+).*/\1/p' "$ROOT/man/kvm-htab-metrics.5" | sort >"$BATS_TEST_TMPDIR/listed"
	(($(wc -l <"$BATS_TEST_TMPDIR/printed") > 25))
	run diff "$BATS_TEST_TMPDIR/printed" "$BATS_TEST_TMPDIR/listed"
	assert_success
}
