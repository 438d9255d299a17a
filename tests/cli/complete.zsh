#!/bin/zsh -f
# SPDX-License-Identifier: GPL-2.0-only
#
# complete.zsh DIRECTORY LINE: what zsh offers at the end of LINE with the completions of
# DIRECTORY, one a line.
# COMPDUMP names a file in which the list of all completions is kept for the next call.
#
# Completion works in an interactive zsh only, so that one is started on a terminal of its own. There compadd,
# with which every completion function ends, also writes down what matches.
zmodload zsh/zpty || exit
scratch=$(mktemp -d) || exit
: >$scratch/matches

# wait_for TEXT: until the shell has written it
wait_for() {
	local output
	zpty -r -m shell output "*$1*"
}

# In a file: what is typed would be echoed, and with it the text that is waited for.
cat >$scratch/setup <<-END
	fpath=(${(q)1} \$fpath)
	autoload -Uz compinit && compinit -u -d ${COMPDUMP:-$scratch/dump}
	matches=$scratch/matches
END
cat >>$scratch/setup <<-'END'
	compadd() {
		local -a found
		local hidden options=$(( ${argv[(i)-(|-)]} - 1 ))

		if (( ! ${argv[1,options][(I)-[OAD]*]} )); then
			builtin compadd -A found "$@"
			hidden=${argv[1,options][(i)-p]} # the directory of files
			(( hidden < options )) && hidden=${argv[hidden + 1]} || hidden=
			(( ! $#found )) || print -rl -- $IPREFIX$hidden${^found} >>$matches
		fi
		builtin compadd "$@"
	}
	offer() {
		_main_complete
		compstate[insert]= compstate[list]=
		print -n 'COMPLETED'
	}
	zle -C offer list-choices offer
	bindkey '^I' offer
	print 'READY'
END
{
	zpty shell zsh -f -i
	zpty -w shell "source $scratch/setup"
	wait_for READY
	zpty -w -n shell "$2"$'\t'
	wait_for COMPLETED
	zpty -d shell
	sort -u $scratch/matches
} always {
	rm -r $scratch
}
