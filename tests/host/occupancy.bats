# shellcheck disable=SC2016,SC2154 # for the host; bats sets output
# SPDX-License-Identifier: GPL-2.0-only
#
# How full the kernel says that a table is, compared with tables that are filled to a known load.
#
# LOAD_TABLES: how many tables of each kind are filled (1); LOAD_READS: how often each is read (20).
#
# Runs on: powernv9; lines: first; kernels: series
# Check-long: powernv8 powernv9 powernv10; lines: all; kernels: series modules
# Longer: LOAD_TABLES=4 LOAD_READS=50 HOST_RUN_LIMIT=1800
# Takes: 70 s

load fixture

setup() {
	vm_with_table 24
}

# occupancy [READS]: the VM's line, once or more often
occupancy() {
	host_limit 120 'for i in $(seq '"${1:-1}"'); do cat /sys/kernel/debug/kvm_htab/occupancy/[0-9]* || exit; done'
}

# fill HOW PPM SIZE [SEED]: sets groups, used and full to what the table then has
fill() {
	local groups_text used_text full_text
	read -r groups_text used_text full_text < <(host_limit 240 vmm ctl vm fill "$@")
	groups=${groups_text#groups=} used=${used_text#used=} full=${full_text#full=}
	[[ $groups && $used && $full ]]
}

# within_error: of the lines in $output, how many have the load of the table within the error that they state
within_error() {
	awk -v used="$used" -v groups="$groups" '
		{
			for (i = 1; i < NF; i += 2) v[$i] = $(i + 1)
			off = v["load_ppm"] - used * 1000000 / (groups * 8)
			n += (off < 0 ? -off : off) <= v["error_ppm"] + 1
		}
		END { print n + 0 }' <<<"$output"
}

# truth HOW PPM SIZE...: of tables that are filled so, the figure is within its error in at least 90 % of the reads. It
# is in 95 %, but of a few reads more may be outside: of 20, three or more are once in 13 times, six or more once in 3000.
truth() {
	local how=$1 ppm=$2 size table reads=${LOAD_READS:-20} good=0 all=0
	for size in "${@:3}"; do
		for ((table = 0; table < ${LOAD_TABLES:-1}; table++)); do
			fill "$how" "$ppm" "$size" "$RANDOM"
			run occupancy "$reads"
			assert_success
			assert_equal "$(figure groups)" "$groups"
			assert_equal "$(figure "$size")" "$(figure used)"
			[[ $how != secondary ]] || assert_equal "$(figure secondary)" "$(figure used)"
			# The widest, of half of the table in pieces of whole groups
			(($(figure error_ppm) < 8500))
			good=$((good + $(within_error)))
			all=$((all + reads))
			echo "# $how $ppm $size: truth $((used * 1000000 / (groups * 8))) ppm, read $(figure load_ppm)" \
				"+- $(figure error_ppm); $good of $all" >&3
		done
	done
	((all - good <= all / 10 + (all < 200 ? 3 : 0))) || fail "$good of $all"
}

@test "truth: entries all over the table" {
	truth uniform 31000 64k
	truth uniform 250000 4k 16m
	truth uniform 500000 64k
}

@test "truth: entries in pieces of neighbouring groups" {
	truth clustered 300000 64k
}

@test "truth: entries in every 64th group" {
	truth strided 0 4k 16m
}

@test "truth: entries in their second groups" {
	truth secondary 250000 64k
}

@test "a read looks at 16384 groups at most" {
	local order
	for order in 18 21 22 25; do
		vm allocate "$order"
		# An entry in each group: those that are read are as many as those that are found
		fill one 0 4k
		assert_equal "$groups" $((1 << (order - 7)))
		run occupancy
		assert_success
		assert_equal "$(figure order)" "$order"
		assert_equal "$(figure used)" $((groups < 16384 ? groups : 16384))
		assert_equal "$(figure read)" "$(figure used)"
		assert_equal "$(figure full)" 0
		assert_equal "$(figure load_ppm)" 125000
		((order > 21)) || assert_equal "$(figure error_ppm)" 0
	done
}

@test "a small table is read as a whole: every figure is exact" {
	vm allocate 20
	fill uniform 400000 64k
	run occupancy
	assert_equal "$(figure read) $(figure used) $(figure full) $(figure 64k)" "$groups $used $full $used"
	assert_equal "$(figure error_ppm) $(figure bolted) $(figure secondary)" "0 0 0"
	# Bolted, in its second group, 4 KiB; the place has been free or not
	vm allocate 20
	vm htab-write 0 0x13 0x4000002a
	vm htab-write 8 0x11 0x4000002a
	run occupancy
	assert_equal "$(figure used) $(figure bolted) $(figure secondary) $(figure 4k)" "2 2 1 2"
}

@test "H_ENTER and H_PTEG_FULL are counted" {
	run vm enter 20 800 0
	assert_success
	assert_output "entered=8 full=12"
	run occupancy
	if [[ $HOST_MACHINE == powernv8 ]]; then
		# Real mode does not count
		assert_equal "$(vm stat hpt_enter) $(vm stat hpt_full)" "0 0"
		refute_output --partial hpt_
		return
	fi
	assert_equal "$(figure hpt_enter) $(figure hpt_full)" "20 12"
	assert_equal "$(vm stat hpt_enter) $(vm stat hpt_full)" "20 12"
	vm enter 5 1600 8
	assert_equal "$(vm stat hpt_enter) $(vm stat hpt_full)" "25 12"
	run host 'cat /sys/kernel/debug/kvm/[0-9]*/hpt_enter'
	assert_output 25
}

@test "a guest's own entries are found" {
	local all
	vm enter 1000 0 8
	# 1000 neighbouring groups of 131072, and an entry for each page of 64 MiB, by which real mode gets at memory
	all=$((1000 + (64 << 20) / $(host getconf PAGESIZE)))
	run occupancy 20
	assert_success
	awk -v "all=$all" '{ for (i = 1; i < NF; i += 2) v[$i] = $(i + 1); sum += v["used"] * v["groups"] / v["read"] }
		END { n = sum / NR; print "# " n " of " all; exit !(n > all * 0.85 && n < all * 1.15) }' <<<"$output" >&3
}

@test "a vCPU that enters and removes entries goes on, and the table may be changed meanwhile" {
	vm hammer
	run occupancy 20
	assert_success
	vm stop
	# Whoever reads while the size changes is told to read again
	run host_limit 120 '
		(for i in $(seq 60); do cat /sys/kernel/debug/kvm_htab/occupancy/[0-9]*; done >/tmp/lines 2>/tmp/errors) &
		for i in $(seq 6); do
			vmm ctl vm allocate 20 && vmm ctl vm allocate 24 && vmm ctl vm allocate 24 || exit 1
		done >/dev/null
		wait
		grep -v "Resource temporarily unavailable" /tmp/errors
		cut -d" " -f 1,2 /tmp/lines | sort -u'
	assert_success
	refute_line --regexp '^(order 0|cat)'
}

@test "the tool says the same, by number and by process" {
	fill uniform 31000 64k
	id=$(host ls /sys/kernel/kvm_htab/vm)
	run host kvm-htab inspect --vm "id:$id" --json
	assert_success
	assert_equal "$(json '.results[0] | .order, .groups_read, .size_64k_ppm, .bolted_ppm' | xargs)" "24 16384 1000000 0"
	# 95 of 100 samples are as close as the error that they state; three times that is safe
	off=$((used * 1000000 / (groups * 8) - $(json '.results[0].load_ppm')))
	((${off#-} <= 3 * $(json '.results[0].error_ppm')))
	# It has not run, and a day has not passed
	assert_equal "$(json '.results[0].verdict')" early
	run host kvm-htab inspect --all -rn -o ID,ORDER,SIZE
	assert_output "$id 24 16M"
	run host "kvm-htab inspect --vm pid:\$(cat /run/vmm/vm/pid) -rn -o ID"
	assert_output "$id"
	run host kvm-htab list -rn -o ID,LOAD
	assert_output --regexp "^$id [23].*%\$"
	run host_as nobody kvm-htab inspect --all
	assert_equal "$status" 1
	assert_output "kvm-htab: the load of tables is visible to root only"
}

@test "the tool counts calls of an interval" {
	id=$(host ls /sys/kernel/kvm_htab/vm)
	vm enter 20 800 0
	if [[ $HOST_MACHINE == powernv8 ]]; then
		run host kvm-htab inspect --vm "id:$id" -rn -o ENTERED,REFUSED,OVERFLOW,VERDICT
		assert_output "- - - early"
		return
	fi
	run --separate-stderr host kvm-htab inspect --vm "id:$id" -rn -o ENTERED,REFUSED,OVERFLOW,VERDICT
	assert_output "20 12 60% larger"
	run --separate-stderr host_limit 50 kvm-htab inspect --vm "id:$id" --interval 0.1 -rn -o ENTERED,REFUSED,OVERFLOW
	assert_output "0 0 -"
	# A guest that enters all the time, of which a slow machine may do nothing in one second
	run --separate-stderr host_limit 200 '
		(until [ -e /tmp/enough ]; do vmm ctl vm enter 10 1600 8; done) >/dev/null 2>&1 &
		entered=0
		for i in $(seq 30); do
			entered=$(kvm-htab inspect --vm id:'"$id"' --interval 1 -rn -o ENTERED) || break
			((entered == 0)) || break
		done
		touch /tmp/enough
		wait
		rm /tmp/enough
		echo $((entered > 0 && entered < $(vmm ctl vm stat hpt_enter)))'
	assert_output 1
}

@test "a VM without a table has order 0" {
	vm_end
	vm_start
	run occupancy
	assert_output --regexp '^order 0 groups 0 read 0 full 0 used 0 load_ppm 0 error_ppm 0 '
	if [[ $HOST_MACHINE != powernv8 ]]; then
		vm radix
		run occupancy
		assert_output --regexp '^order 0 '
	fi
}

@test "the file is root's, has the VM's number, and ends with the VM" {
	run host 'stat -c %a /sys/kernel/debug/kvm_htab/occupancy/*; ls /sys/kernel/debug/kvm_htab/occupancy'
	assert_line --index 0 400
	assert_line --index 1 "$(host ls /sys/kernel/kvm_htab/vm)"
	vm_end
	run host ls /sys/kernel/debug/kvm_htab/occupancy
	assert_output ""
	vm_start
}
