#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-only
# The completions of bash, zsh and fish, each asked through its shell, against what the program knows.

bats_require_minimum_version 1.5.0
load common

COMPLETIONS=$ROOT/completions

setup() {
	mkdir "$BATS_TEST_TMPDIR/bin"
	ln -s "$KVM_HTAB" "$BATS_TEST_TMPDIR/bin/kvm-htab"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	# shellcheck source=completions/kvm-htab.bash
	source "$COMPLETIONS/kvm-htab.bash"
}

# offered_by SHELL LINE: what the shell offers for LINE's last word, one a line, sorted. Of "--vm=x" and "unix:x"
# what stands behind the sign: bash sees no more of the word. Without the "/" that fish puts behind directories.
offered_by() {
	"in_$1" "$2" | sed -E 's/\t.*//; s/^.*[=:](.)/\1/; s|/$||' | sort -u
}

in_bash() {
	local line=$1

	[[ $line != *[=:]* ]] || line=$(sed -E 's/([=:])/ \1 /g; s/ $//' <<<"$line")
	read -ra COMP_WORDS <<<"$line"
	[[ $line != *' ' ]] || COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	COMPREPLY=()
	_kvm_htab kvm-htab "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
	((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
}

in_zsh() {
	COMPDUMP=$BATS_FILE_TMPDIR/compdump timeout 20 zsh -f "$BATS_TEST_DIRNAME/complete.zsh" "$COMPLETIONS" "$1"
}

in_fish() {
	# shellcheck disable=SC2016 # fish expands it
	HOME=$BATS_TEST_TMPDIR timeout 20 fish --no-config -c \
		'set fish_complete_path $argv[1]; complete -C $argv[2]' "$COMPLETIONS" "$1"
}

# offers LINE WORD...: every shell offers these words and no others
offers() {
	local expected shell
	expected=$(printf '%s\n' "${@:2}" | sort)

	for shell in bash zsh fish; do
		run offered_by $shell "$1"
		[ "$output" = "$expected" ] || fail "$shell offers for \"$1\": ${output//$'\n'/ }
instead of: ${expected//$'\n'/ }"
	done
}

# --usage is put together by other code than --help, which the completions read.
# options [COMMAND]: long options; option_kinds [COMMAND]: those with a value, as "order=N"
options() {
	kvm_htab "$@" --usage | grep -oE -- '--[a-z-]+'
}

option_kinds() {
	kvm_htab "$@" --usage | grep -oE -- '--[a-z-]+=[A-Z]+' | sed 's/--//'
}

# the names of the commands' own files, and the one error message that tells the forms of --vm
commands() {
	sed -n 's/^\t\.name = "\([a-z-]*\)",$/\1/p' "$ROOT"/cli/commands/*.c
}

vm_forms() {
	stderr_of vm-status --vm nonsense | grep -oE '[a-z]+:[A-Z@]' | grep -oE '[a-z]+:' | sort -u
}

@test "every shell offers the commands" {
	mapfile -t names < <(commands)
	((${#names[@]} >= 4))
	offers 'kvm-htab ' "${names[@]}"
	offers 'kvm-htab rese' reset
}

@test "every shell offers the options of every command" {
	mapfile -t names < <(options)
	offers 'kvm-htab --' "${names[@]}"
	for command in $(commands); do
		mapfile -t names < <(options "$command")
		((${#names[@]} >= 10))
		offers "kvm-htab $command --" "${names[@]}"
	done
}

@test "every shell knows every kind of value" {
	for command in $(commands); do
		for option in $(option_kinds "$command"); do
			for file in kvm-htab.bash _kvm-htab kvm-htab.fish; do
				grep -qE "^[^#]*\*(${option%%=*}|order|)=${option#*=}\>" "$COMPLETIONS/$file" ||
					fail "completions/$file: nothing says what to offer for --$option of $command"
			done
		done
	done
}

@test "columns, in lists, too" {
	for command in pool-status vm-status; do
		mapfile -t names < <(kvm_htab $command --help | sed '1,/^Columns/d' | awk '{ print $1 }')
		((${#names[@]} > 10))
		offers "kvm-htab $command --output=" "${names[@]}"
	done
	mapfile -t names < <(kvm_htab list --help | sed '1,/^Columns/d' | awk '{ print $1 }')
	offers 'kvm-htab list --sort=' "${names[@]}"
	offers 'kvm-htab list --sort SI' SIZE
	offers 'kvm-htab pool-status -o STATE,TO' STATE,TOTAL
	offers 'kvm-htab pool-status -o +TO' +TOTAL
	offers 'kvm-htab pool-status --output STATE,TO' STATE,TOTAL
}

@test "orders and sizes" {
	offers 'kvm-htab resize --order 4' {40..46}
	offers 'kvm-htab resize --vm @x --min-order=1' 18 19
	offers 'kvm-htab resize --ram 64' 64G
	offers 'kvm-htab pool-status --format=' prometheus
}

@test "VMs: sockets by path, and the forms that the program knows" {
	mkdir -p "$BATS_TEST_TMPDIR/empty/directory"
	cd "$BATS_TEST_TMPDIR/empty"
	touch directory/one.sock directory/other
	offers "kvm-htab reset --vm $PWD/directory/on" "$PWD/directory/one.sock"
	offers "kvm-htab reset --vm=$PWD/directory/on" "$PWD/directory/one.sock"
	offers "kvm-htab reset --vm unix:$PWD/directory/on" "$PWD/directory/one.sock"
	offers "kvm-htab reset --vm=unix:$PWD/directory/on" "$PWD/directory/one.sock"
	offers "kvm-htab reset --dry-run --vm dir" directory
	rm -r directory
	touch sock
	mapfile -t names < <(vm_forms)
	((${#names[@]} >= 2))
	offers "kvm-htab reset --vm " "${names[@]}" sock
}

@test "directories" {
	mkdir "$BATS_TEST_TMPDIR/tree"
	touch "$BATS_TEST_TMPDIR/trench"
	offers "kvm-htab pool-status --sysroot $BATS_TEST_TMPDIR/tr" "$BATS_TEST_TMPDIR/tree"
	offers "kvm-htab pool-status --sysroot=$BATS_TEST_TMPDIR/tr" "$BATS_TEST_TMPDIR/tree"
}

# in_functions SHELL COMMAND ARG: one of the completions' own functions
in_functions() {
	case $1 in
	bash) "_kvm_htab_$2" "$3" ;;
	zsh) zsh -fc '_arguments() { return }; source $1; _kvm_htab_$2 $3' - "$COMPLETIONS/_kvm-htab" "$2" "$3" ;;
	fish) fish --no-config -c "source '$COMPLETIONS/kvm-htab.fish'; __kvm_htab_$2 '$3'" ;;
	esac
}

@test "running VMs: processes that hold one, domains of libvirt" {
	proc=$BATS_TEST_TMPDIR/proc
	mkdir -p "$proc"/{self,7,12,300}/fd "$BATS_TEST_TMPDIR/qemu"
	ln -s anon_inode:kvm-vm "$proc/12/fd/9"
	ln -s anon_inode:kvm-vm "$proc/12/fd/10"
	ln -s anon_inode:kvm-vm "$proc/300/fd/4"
	ln -s anon_inode:kvm-vcpu:0 "$proc/7/fd/4"
	ln -s anon_inode:kvm-vm "$proc/self/fd/4"
	mkdir -p "$BATS_TEST_TMPDIR"/vm/{10,9}
	touch "$BATS_TEST_TMPDIR/qemu"/{web.pid,db-1.pid,driver.pid,db-1.xml,driver.log}
	for shell in bash zsh fish; do
		run in_functions $shell pids "$proc"
		assert_output $'12\n300'
		run in_functions $shell ids "$BATS_TEST_TMPDIR/vm"
		assert_output $'9\n10'
		run in_functions $shell domains "$BATS_TEST_TMPDIR/qemu"
		assert_output $'db-1\nweb'
		run in_functions $shell domains "$BATS_TEST_TMPDIR/nowhere"
		assert_output ''
	done
}

# shellcheck disable=SC2016 # for the shell within
@test "domains that a libvirtd runs, whatever their names" {
	export COMPLETIONS BATS_FILE_TMPDIR BATS_TEST_TMPDIR BATS_TEST_DIRNAME
	export -f offered_by in_bash in_zsh in_fish
	run "$BATS_TEST_DIRNAME/with-libvirt" bash -c '
		start-domain "web 2" >&2 && start-domain db >&2 || exit
		source "$COMPLETIONS/kvm-htab.bash"
		for shell in bash zsh fish; do
			offered_by $shell "kvm-htab reset --vm domain:" | sed "s/^/$shell: /"
		done'
	assert_success
	assert_output 'bash: db
bash: web\ 2
zsh: db
zsh: web\ 2
fish: db
fish: web 2'
}

@test "each shell's file is one that the shell loads by itself" {
	run bash -c 'source "$1" && complete -p kvm-htab' - "$COMPLETIONS/kvm-htab.bash"
	assert_output "complete -F _kvm_htab kvm-htab"
	run head -n 1 "$COMPLETIONS/_kvm-htab"
	assert_output "#compdef kvm-htab"
	run fish --no-execute "$COMPLETIONS/kvm-htab.fish"
	assert_success
	run zsh -fn "$COMPLETIONS/_kvm-htab"
	assert_success
}
