# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Completion of kvm-htab(8) for bash.
#
# Commands, options, columns and forms of --vm are taken from --help. New ones need no change here.
# Values are completed by their name in --help (VM in --vm=VM). Add new kinds of values to _kvm_htab_value.

# _kvm_htab_help PROGRAM [COMMAND]
_kvm_htab_help() {
	ARGP_HELP_FMT='' "$@" --help 2>/dev/null
}

# _kvm_htab_commands PROGRAM
_kvm_htab_commands() {
	_kvm_htab_help "$1" | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

# _kvm_htab_options PROGRAM [COMMAND]: long options, one per line, each with the name of its value if it requires one
_kvm_htab_options() {
	_kvm_htab_help "$@" | sed -nE 's/^ +(-., )?(--[a-z-]+)(\[=[^ ]+)?(=([^ ]+))?( .*)?$/\2 \5/p'
}

# _kvm_htab_takes_directory PROGRAM COMMAND: whether DIR is its argument
_kvm_htab_takes_directory() {
	_kvm_htab_help "$@" | sed -n '/^Usage:/p' | grep -q ' DIR$'
}

# _kvm_htab_kind PROGRAM COMMAND OPTION: the name of the option's value; empty: it takes none
_kvm_htab_kind() {
	_kvm_htab_help "$1" "$2" | sed -nE "s/^ +(-., )?$3(, --[a-z-]+)?=([^ ]+)( .*)?\$/\3/p"
}

# _kvm_htab_columns PROGRAM COMMAND
_kvm_htab_columns() {
	_kvm_htab_help "$1" "$2" | sed -n '/^Columns/,$s/^  \([A-Z0-9-]*\) .*/\1/p'
}

# _kvm_htab_forms PROGRAM COMMAND: prefixes of a VM's name, such as "unix:"
_kvm_htab_forms() {
	_kvm_htab_help "$1" "$2" | grep -oE '\<[a-z]+:[A-Z]' | grep -oE '^[a-z]+:' | sort -u
}

# _kvm_htab_pids PROC: processes with a VM that the caller may see
_kvm_htab_pids() {
	find "$1"/[0-9]*/fd -lname anon_inode:kvm-vm 2>/dev/null |
		sed -E 's|.*/([0-9]+)/fd/.*|\1|' | sort -un
}

# _kvm_htab_domains DIR: domains that libvirt runs; driver.pid is libvirt's own
_kvm_htab_domains() {
	find "$1" -maxdepth 1 -name '*.pid' ! -name driver.pid -printf '%f\n' 2>/dev/null |
		sed 's/\.pid$//' | sort
}

# _kvm_htab_ids DIR: IDs of VMs in the kernel, which root may see
_kvm_htab_ids() {
	find "$1" -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort -n
}

# _kvm_htab_cgroups DIR: slices, and what is in them
_kvm_htab_cgroups() {
	find "$1" -mindepth 1 -maxdepth 2 -type d -printf '%P\n' 2>/dev/null | sort
}

_kvm_htab_words() {
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

# _kvm_htab_names NAMES CURRENT: names, one per line, which may contain spaces
_kvm_htab_names() {
	local name

	while read -r name; do
		[[ -z $name || $name != "$2"* ]] || COMPREPLY+=("$(printf %q "$name")")
	done <<<"$1"
}

# _kvm_htab_files TYPE CURRENT
_kvm_htab_files() {
	mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
	compopt -o filenames 2>/dev/null
}

# _kvm_htab_list WORDS CURRENT: completes the last item of a comma-separated list
_kvm_htab_list() {
	local done=""

	[[ $2 != +* ]] || done=+
	[[ $2 != *,* ]] || done=${2%,*},
	mapfile -t COMPREPLY < <(compgen -P "$done" -W "$1" -- "${2#"$done"}")
	compopt -o nospace 2>/dev/null
}

# _kvm_htab_vms PROGRAM COMMAND FORM CURRENT: FORM is the part before the colon, CURRENT the part after it
_kvm_htab_vms() {
	case $3 in
	pid) _kvm_htab_words "$(_kvm_htab_pids /proc)" "$4" ;;
	id) _kvm_htab_words "$(_kvm_htab_ids /sys/kernel/kvm_htab/vm)" "$4" ;;
	domain) _kvm_htab_names "$(_kvm_htab_domains /run/libvirt/qemu)" "$4" ;;
	unix) _kvm_htab_files -f "$4" ;;
	"")
		_kvm_htab_files -f "$4"
		mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(
			compgen -W "$(_kvm_htab_forms "$1" "$2")" -- "$4")
		((${#COMPREPLY[@]} == 0)) || [[ ${COMPREPLY[-1]} != *: ]] || compopt -o nospace 2>/dev/null
		;;
	esac
}

# _kvm_htab_value PROGRAM COMMAND OPTION FORM CURRENT: false if the option takes no value
_kvm_htab_value() {
	COMPREPLY=()
	case $3=$(_kvm_htab_kind "$1" "$2" "$3") in
	*=VM) _kvm_htab_vms "$1" "$2" "$4" "$5" ;;
	*=COLUMNS) _kvm_htab_list "$(_kvm_htab_columns "$1" "$2")" "$5" ;;
	*=COLUMN) _kvm_htab_words "$(_kvm_htab_columns "$1" "$2")" "$5" ;;
	*=PATH) _kvm_htab_names "$(_kvm_htab_cgroups /sys/fs/cgroup)" "$5" ;;
	*=DIR) _kvm_htab_files -d "$5" ;;
	*=SIZE) _kvm_htab_words "2G 4G 8G 16G 32G 64G 128G 256G 512G 1T" "$5" ;;
	*order=N) _kvm_htab_words "$(echo {18..46})" "$5" ;;
	*=FORMAT) _kvm_htab_words prometheus "$5" ;;
	*=N | *=SECONDS) ;; # any number
	*=) return 1 ;;
	esac
	return 0
}

_kvm_htab() {
	local program=$1 current=${COMP_WORDS[COMP_CWORD]} at=$((COMP_CWORD - 1))
	local command="" form="" commands i

	commands=$(_kvm_htab_commands "$program")
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ $'\n'$commands$'\n' == *$'\n'"${COMP_WORDS[i]}"$'\n'* ]]; then
			command=${COMP_WORDS[i]}
			break
		fi
	done
	# Bash splits "--vm=x" and "unix:x" into words. The last word may be "=" or ":".
	if [[ $current == [=:] ]]; then
		current=""
		at=$COMP_CWORD
	fi
	if [[ ${COMP_WORDS[at]} == ":" ]] && ((at > 1)); then
		form=${COMP_WORDS[at - 1]}
		at=$((at - 2))
	fi
	if [[ ${COMP_WORDS[at]} == "=" ]]; then
		at=$((at - 1))
	fi
	if [[ $command && ${COMP_WORDS[at]} == -* ]] &&
		_kvm_htab_value "$program" "$command" "${COMP_WORDS[at]}" "$form" "$current"; then
		return
	fi
	if [[ -z $command && $current != -* ]]; then
		_kvm_htab_words "$commands" "$current"
	elif [[ $current != -* ]] && _kvm_htab_takes_directory "$program" "$command"; then
		_kvm_htab_files -d "$current"
	else
		_kvm_htab_words "$(_kvm_htab_options "$program" ${command:+"$command"} | cut -d' ' -f1)" "$current"
	fi
}

complete -F _kvm_htab kvm-htab
