# SPDX-License-Identifier: GPL-2.0-only
#
# calls.awk FILE.c...: the messages of the tool, as messages.awk reads them: `CPU_45 "text"` for the call in line 45 of
# cpu.c. Adjacent strings are one text; where something stands between two of them, that is a "%s"; where it is the
# ":" of a choice, they are two messages.

# The functions that take a message, and those that hand a part of one on to them
BEGIN {
	calls = "(^|[^a-z_])(complain|argp_error|options_fail|error_set|text_add|text_format|advise|call_note|process_error|" \
		"item_set|item_advise|item_set_next|describe_pool|module_present|reservation_failed|device_missing)\\("
}

function message(   name) {
	name = toupper(FILENAME)
	sub(/.*\//, "", name)
	sub(/\.C$/, "", name)
	gsub(/-/, "_", name)
	gsub(/%[.*0-9]*(l|ll|z|h)?[dsux]/, "%s", text)
	if (text ~ /[a-z][a-z][a-z]/ && !(text in known))
		printf "%s_%d \"%s\"\n", name, first, text
	known[text]
	text = ""
}

# Code between two strings of a call: false if the call ends in it.
function code(part,   i, c) {
	for (i = 1; i <= length(part); i++) {
		c = substr(part, i, 1)
		depth += (c == "(") - (c == ")")
		if (c == ":" && text != "")
			message()
		if (depth <= 0)
			return 0
	}
	if (part ~ /[^ \t]/)
		between = 1
	return 1
}

# A definition or declaration has a parameter's type where a call has none.
!depth && $0 ~ calls && !/^(#|[a-z].*(struct|char|const) )/ && !/^[ \t]*\*/ {
	match($0, calls)
	$0 = substr($0, RSTART + RLENGTH)
	first = FNR
	depth = 1
	between = 0
	text = ""
}

depth {
	rest = $0
	while (match(rest, /"([^"\\]|\\.)*"/)) {
		string = substr(rest, RSTART + 1, RLENGTH - 2)
		before = substr(rest, 1, RSTART - 1)
		rest = substr(rest, RSTART + RLENGTH)
		if (!code(before))
			break
		text = text (text != "" && between ? "%s" : "") string
		between = 0
	}
	if (depth > 0)
		code(rest)
	if (depth <= 0 && text != "")
		message()
}
