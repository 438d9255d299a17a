# SPDX-License-Identifier: GPL-2.0-only
#
# report.awk -v sources=DIR reasons missed statuses seen: the report of tests/coverage/run
#
# A reason is "FILE FUNCTION[/TEXT] REASON": of lines of that function (*: any) of that file (*: any) that hold TEXT,
# which has no blanks.

FNR == 1 { file++ }
FNR == 1 && file == 4 {
	for (i = 1; i <= ncommands; i++)
		of_commands[commands[i]]
}

file == 1 && /^[^#]/ {
	n++
	of_file[n] = $1
	of_function[n] = $2
	text[n] = ""
	if ((slash = index($2, "/"))) {
		of_function[n] = substr($2, 1, slash - 1)
		text[n] = substr($2, slash + 1)
	}
	reason[n] = $0
	sub(/^[^ \t]+[ \t]+[^ \t]+[ \t]+/, "", reason[n])
	line_of[n] = FNR
	next
}
file == 1 { next }

# The lines of a source file
function read_source(name,   path, line, i) {
	path = sources "/" name
	for (i = 1; (getline line < path) > 0; i++)
		source[name, i] = line
	close(path)
}

function matches(i, name, function_name, line) {
	return (of_file[i] == "*" || of_file[i] == name) && (of_function[i] == "*" || of_function[i] == function_name) &&
		(text[i] == "" || index(line, text[i]))
}

file == 3 && /^[a-z]/ {
	commands[++ncommands] = $1
	for (i = 2; i <= NF; i++)
		wanted[$1, $i]
}
file == 3 { next }

file == 4 {
	if ($1 != "-" && !(($1, $2) in wanted) && $1 in of_commands)
		extra[$1] = extra[$1] " " $2
	seen[$1, $2]
	next
}

$2 == 0 {
	names[++nnames] = $1
	total[$1] = $3
	read_source($1)
	next
}

{
	line = source[$1, $2]
	for (i = 1; i <= n && !matches(i, $1, $3, line); i++)
		;
	missed[$1]++
	used[i] = 1
	sub(/^[ \t]+/, "", line)
	if (i > n)
		unexplained[$1] = unexplained[$1] sprintf("#   cli/%s:%d: %s\n", $1, $2, line)
	else
		explained[$1, reason[i]] = explained[$1, reason[i]] " " $2
}

END {
	for (f = 1; f <= nnames; f++) {
		name = names[f]
		bad = unexplained[name] != ""
		printf "%s cli/%s: %d of %d lines (%.1f %%)\n", bad ? "not ok" : "ok", name, total[name] - missed[name],
			total[name], 100 - 100 * missed[name] / total[name]
		printf "%s", unexplained[name]
		for (i = 1; i <= n; i++)
			if ((name, reason[i]) in explained && !((name, reason[i]) in told)) {
				told[name, reason[i]]
				printf "#   line%s: %s\n", explained[name, reason[i]], reason[i]
			}
		failed += bad
		all += total[name]
		all_missed += missed[name]
	}
	for (i = 1; i <= n; i++)
		if (!(i in used)) {
			printf "not ok tests/coverage/reasons:%d: all such lines are reached\n", line_of[i]
			failed++
		}
	for (c = 1; c <= ncommands; c++) {
		never = reached = ""
		for (i = 0; i <= 5; i++)
			if ((commands[c], i) in wanted && (commands[c], i) in seen)
				reached = reached " " i
			else if ((commands[c], i) in wanted)
				never = never " " i
		bad = never != "" || extra[commands[c]] != ""
		printf "%s %s: exit status%s%s%s\n", bad ? "not ok" : "ok", commands[c], reached,
			never == "" ? "" : ", never" never, extra[commands[c]] == "" ? "" : ", unknown" extra[commands[c]]
		failed += bad
	}
	printf "# %d of %d lines (%.1f %%)\n", all - all_missed, all, 100 - 100 * all_missed / (all ? all : 1)
	printf "%d passed, %d failed, 0 skipped\n", nnames + ncommands + n - failed, failed
	exit failed > 0 || !nnames
}
