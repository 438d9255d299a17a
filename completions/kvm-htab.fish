# SPDX-License-Identifier: GPL-2.0-only
# Completion of kvm-htab(8) for fish.
#
# Commands, options, columns and forms of --vm are taken from --help. New ones need no change here.
# Values are completed by their name in --help (VM in --vm=VM). Add new kinds of values to __kvm_htab_value.

# __kvm_htab_help [COMMAND]: with each option's text on one line
function __kvm_htab_help
    ARGP_HELP_FMT= kvm-htab $argv --help 2>/dev/null |
        sed -E -e ':a' -e '$!{N;ba' -e '}' -e 's/\n {20,}/ /g'
end

# __kvm_htab_list SECTION PATTERN [COMMAND]: name, tab and text of the entries that --help lists under "SECTION..."
function __kvm_htab_list
    __kvm_htab_help $argv[3..] | sed -nE "/^$argv[1]/,/^\$/s/^  ($argv[2]) +(.*)/\1\t\2/p"
end

# __kvm_htab_pids PROC: processes with a VM that the caller may see
function __kvm_htab_pids
    find $argv[1]/*/fd -lname anon_inode:kvm-vm 2>/dev/null |
        sed -nE 's|.*/([0-9]+)/fd/.*|\1|p' | sort -un
end

# __kvm_htab_domains DIR: domains that libvirt runs; driver.pid is libvirt's own
function __kvm_htab_domains
    find $argv[1] -maxdepth 1 -name '*.pid' ! -name driver.pid -printf '%f\n' 2>/dev/null |
        sed 's/\.pid$//' | sort
end

# __kvm_htab_ids DIR: IDs of VMs in the kernel, which root may see
function __kvm_htab_ids
    find $argv[1] -mindepth 1 -maxdepth 1 -printf '%f\n' 2>/dev/null | sort -n
end

# __kvm_htab_cgroups DIR: slices, and what is in them
function __kvm_htab_cgroups
    find $argv[1] -mindepth 1 -maxdepth 2 -type d -printf '%P\n' 2>/dev/null | sort
end

# __kvm_htab_vms COMMAND
function __kvm_htab_vms
    set -l current (string replace -r '^--vm=' '' -- (commandline -ct))

    switch $current
        case 'pid:*'
            string replace -r '^' pid: (__kvm_htab_pids /proc)
        case 'id:*'
            string replace -r '^' id: (__kvm_htab_ids /sys/kernel/kvm_htab/vm)
        case 'domain:*'
            string replace -r '^' domain: (__kvm_htab_domains /run/libvirt/qemu)
        case 'unix:*'
            string replace -r '^' unix: (__fish_complete_path (string replace unix: '' -- $current))
        case '*'
            __kvm_htab_help $argv[1] | grep -oE '\<[a-z]+:[A-Z]' | string sub -e -1 | sort -u
            __fish_complete_path $current
    end
end

# __kvm_htab_value COMMAND OPTION KIND
function __kvm_htab_value
    switch $argv[2]=$argv[3]
        case '*=VM'
            __kvm_htab_vms $argv[1]
        case '*=COLUMNS'
            if string match -qr '^\+[^,]*$' -- (string replace -r '^--[a-z]+=' '' -- (commandline -ct))
                __kvm_htab_list Columns '[A-Z0-9-]+' $argv[1] | string replace -r '^' +
            else
                __fish_complete_list , "__kvm_htab_list Columns '[A-Z0-9-]+' $argv[1]"
            end
        case '*=PATH'
            __kvm_htab_cgroups /sys/fs/cgroup
        case '*=DIR'
            __fish_complete_directories (string replace -r '^--[a-z]+=' '' -- (commandline -ct))
        case '*=COLUMN'
            __kvm_htab_list Columns '[A-Z0-9-]+' $argv[1]
        case '*=SIZE'
            printf '%s\n' {2,4,8,16,32,64,128,256,512}G 1T
        case '*order=N'
            seq 18 46
        case '*=FORMAT'
            echo prometheus
        case '*=N' '*=SECONDS' # any number
    end
end

# __kvm_htab_options CONDITION [COMMAND]: the options that --help lists
function __kvm_htab_options
    set -l condition $argv[1]
    set -l command $argv[2..]

    __kvm_htab_help $command |
        sed -nE 's/^ +(-(.), )?--([a-z-]+)(\[=[^ ]+)?(=([^ ]+))? *(.*)$/\2\t\3\t\6\t\7/p' |
        while read -l -d \t short long value text
            set -l spec -c kvm-htab -n $condition -l $long -d $text
            test -z $short; or set -a spec -s $short
            test -z $value; or set -a spec -x -a "(__kvm_htab_value '$command' $long $value)"
            complete $spec
        end
end

complete -c kvm-htab -f
complete -c kvm-htab -n __fish_use_subcommand -a "(__kvm_htab_list Commands '[a-z-]+')"
__kvm_htab_options __fish_use_subcommand
for command in (__kvm_htab_list Commands '[a-z-]+' | string split -f 1 \t)
    __kvm_htab_options "__fish_seen_subcommand_from $command" $command
    if __kvm_htab_help $command | string match -qr '^Usage:.* DIR$'
        complete -c kvm-htab -n "__fish_seen_subcommand_from $command" -a "(__fish_complete_directories (commandline -ct))"
    end
end
