#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# Alert rules, dashboard, and the unit that writes the metrics for node_exporter.

bats_require_minimum_version 1.5.0
load common

MONITORING=$ROOT/monitoring

# described: the metrics that the manual describes
described() {
	sed -n 's/^\.It Li \(kvm_htab_[a-z_]*\).*/\1/p' "$ROOT/man/kvm-htab-metrics.5" | sort -u
}

# unknown_metrics FILE: those of ours that it uses and the manual does not describe
unknown_metrics() {
	grep -oE '\bkvm_htab_[a-z_]+\b' "$1" | grep -vxE 'kvm_htab_prom|kvm_htab' | sort -u | comm -23 - <(described)
}

@test "promtool accepts the alert rules" {
	run promtool check rules "$MONITORING/kvm-htab.rules.yml"
	assert_success
	assert_output --partial "SUCCESS"
}

@test "each alert fires when it should, and only then" {
	cp "$MONITORING/kvm-htab.rules.yml" "$BATS_TEST_DIRNAME/alerts.yml" "$BATS_TEST_TMPDIR"
	run promtool test rules "$BATS_TEST_TMPDIR/alerts.yml"
	assert_success
	# no alert was forgotten
	while read -r alert; do
		run grep -c "alertname: $alert\$" "$BATS_TEST_TMPDIR/alerts.yml"
		((output >= 1)) || fail "alerts.yml does not test $alert"
	done < <(sed -n 's/^ *- alert: //p' "$MONITORING/kvm-htab.rules.yml")
}

@test "promtool accepts the metrics of every tree" {
	for tree in "$TREES"/*/; do
		kvm_htab pool-status --format=prometheus --sysroot "$tree" >"$BATS_TEST_TMPDIR/metrics"
		run promtool check metrics <"$BATS_TEST_TMPDIR/metrics"
		assert_success
		assert_output ''
	done
}

@test "whether the kernel may move tables is a metric" {
	run kvm_htab pool-status --format=prometheus --sysroot "$POWER"
	assert_line 'kvm_htab_moving_allowed 1'
	tree=$(tree patched-6.1)
	mkdir -p "$tree/sys/module/kvm_hv/parameters"
	echo never >"$tree/sys/module/kvm_hv/parameters/htab_move"
	run kvm_htab pool-status --format=prometheus --sysroot "$tree"
	assert_line 'kvm_htab_moving_allowed 0'
	run kvm_htab pool-status --format=prometheus --sysroot "$TREES/stock-6.1-debugfs"
	assert_line 'kvm_htab_moving_allowed 0'
}

@test "rules and dashboard use the metrics that there are" {
	for file in "$MONITORING"/*.yml "$MONITORING"/*.json; do
		run unknown_metrics "$file"
		assert_output ''
	done
	echo 'kvm_htab_pool_sizes' >"$BATS_TEST_TMPDIR/wrong"
	run unknown_metrics "$BATS_TEST_TMPDIR/wrong"
	assert_output kvm_htab_pool_sizes
}

@test "every query of the dashboard is one" {
	local query queries=$BATS_TEST_TMPDIR/queries.yml
	mapfile -t exprs < <(jq -r '.panels[].targets[].expr' "$MONITORING/kvm-htab-dashboard.json")
	((${#exprs[@]} > 10))
	echo 'groups: [{ name: panels, rules: [' >"$queries"
	for query in "${exprs[@]}"; do
		# shellcheck disable=SC2016 # variables of the dashboard
		query=${query//'$instance'/.*}
		jq -nr --arg expr "${query//'$__rate_interval'/5m}" '{ record: "panel", expr: $expr } | tojson + ","' >>"$queries"
	done
	echo ']}]' >>"$queries"
	run promtool check rules --lint=none "$queries"
	assert_success
	# panels do not overlap, and each has a title and a query
	run jq -r '[.panels[] | select(.title == "" or (.targets | length) == 0)] | length' "$MONITORING/kvm-htab-dashboard.json"
	assert_output 0
	run jq -r '[.panels[] | .gridPos as $p | range($p.x; $p.x + $p.w) as $x | range($p.y; $p.y + $p.h) |
		"\($x) \(.)"] | length - (unique | length)' "$MONITORING/kvm-htab-dashboard.json"
	assert_output 0
}

# Each query gives one value for the labels that tell VMs from one another, so that Grafana makes one row of them.
@test "the dashboard has a table by VM, with all metrics of VMs" {
	local metric
	run jq -r '.panels[] | select(.title == "VMs" and .type == "table") | .targets[].expr' "$MONITORING/kvm-htab-dashboard.json"
	assert_equal "${#lines[@]}" "$(described | grep -c '^kvm_htab_vm_')"
	for metric in $(described | grep '^kvm_htab_vm_'); do
		assert_line "sum by (instance, id, domain) ($metric{instance=~\"\$instance\"})"
	done
	run jq -r '.panels[] | select(.title == "VMs") | [.transformations[].id] | join(" ")' "$MONITORING/kvm-htab-dashboard.json"
	assert_output 'merge filterFieldsByName organize'
}

# installed_unit: installs into a directory where systemd-analyze finds the program, and sets $units
installed_unit() {
	[[ $KVM_HTAB == "$ROOT/cli/build/kvm-htab" ]] || skip "make install installs another program than is tested"
	make --no-print-directory -s -C "$ROOT" install prefix="$BATS_TEST_TMPDIR/usr" >&2
	units=$BATS_TEST_TMPDIR/usr/lib/systemd/system
}

# exec_start: the command of the unit
exec_start() {
	sed -n "s/^ExecStart=\/bin\/sh -c '\(.*\)'\$/\1/p" "$units/kvm-htab-metrics.service"
}

@test "systemd-analyze verify is quiet, and security finds little" {
	installed_unit
	run systemd-analyze verify --man=no "$units/kvm-htab-metrics.service" "$units/kvm-htab-metrics.timer"
	assert_success
	assert_output ''
	run systemd-analyze security --offline=yes --threshold=20 "$units/kvm-htab-metrics.service"
	assert_success
}

@test "the timer is off until it is enabled" {
	installed_unit
	run grep -c '^WantedBy=' "$units/kvm-htab-metrics.service"
	assert_output 0
	run grep -c '^WantedBy=timers.target' "$units/kvm-htab-metrics.timer"
	assert_output 1
	run find "$BATS_TEST_TMPDIR/usr/lib/systemd" -type l
	assert_output ''
	run systemctl --root="$BATS_TEST_TMPDIR" enable kvm-htab-metrics.timer
	assert_success
	assert [ -L "$BATS_TEST_TMPDIR/etc/systemd/system/timers.target.wants/kvm-htab-metrics.timer" ]
}

@test "the unit replaces the file in one step, and keeps it if the program fails" {
	installed_unit
	mkdir "$BATS_TEST_TMPDIR/run"
	cd "$BATS_TEST_TMPDIR/run"
	/bin/sh -c "$(exec_start)"
	run cat kvm_htab.prom
	assert_line --regexp '^kvm_htab_available [01]$'
	run ls
	assert_output kvm_htab.prom
	echo old >kvm_htab.prom
	# shellcheck disable=SC2016 # for the program
	printf '#!/bin/sh\necho half\nexit 1\n' >"$BATS_TEST_TMPDIR/usr/bin/kvm-htab"
	run /bin/sh -c "$(exec_start)"
	assert_failure 1
	run cat kvm_htab.prom
	assert_output old
}

# commands_of FILE: the three that it shows, without sudo
three_of() {
	sed 's/^ *//; s/^\(sudo\|#\) //' "$1" | grep -E '^(apt install prometheus-node-exporter|ln -s .*kvm_htab\.prom|systemctl enable --now kvm)'
}

@test "README and the manual show the same three commands, and node_exporter then shows the metrics" {
	installed_unit
	run three_of "$ROOT/README.md"
	assert_equal "${#lines[@]}" 3
	assert_equal "$output" "$(three_of "$ROOT/man/kvm-htab-metrics.5")"
	link=${lines[1]}
	mkdir "$BATS_TEST_TMPDIR/run" "$BATS_TEST_TMPDIR/textfiles"
	(cd "$BATS_TEST_TMPDIR/run" && /bin/sh -c "$(exec_start)")
	# the command with other directories; what it names must be what the unit writes
	assert_equal "${link% *}" 'ln -s /run/kvm-htab/kvm_htab.prom'
	run grep -cx 'RuntimeDirectory=kvm-htab' "$units/kvm-htab-metrics.service"
	assert_output 1
	ln -s "$BATS_TEST_TMPDIR/run/kvm_htab.prom" "$BATS_TEST_TMPDIR/textfiles/"
	prometheus-node-exporter --collector.disable-defaults --collector.textfile --web.listen-address=127.0.0.1:0 \
		--collector.textfile.directory="$BATS_TEST_TMPDIR/textfiles" 2>"$BATS_TEST_TMPDIR/log" 3>&- &
	pid=$!
	for _ in $(seq 100); do
		port=$(sed -n 's/.*Listening on.* address=127\.0\.0\.1:\([0-9]*\).*/\1/p' "$BATS_TEST_TMPDIR/log")
		[[ ! $port ]] || break
		sleep 0.1
	done
	exec 4<>"/dev/tcp/127.0.0.1/$port"
	printf 'GET /metrics HTTP/1.0\r\n\r\n' >&4
	run cat <&4
	kill $pid
	assert_line --regexp '^kvm_htab_available [01]'
	assert_line 'node_textfile_scrape_error 0'
	assert_line --regexp '^node_textfile_mtime_seconds\{file=".*/kvm_htab\.prom"\} '
}
