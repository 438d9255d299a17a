# SPDX-License-Identifier: GPL-2.0-only
#
# messages.awk CALLS TEST...: the messages of calls.awk that no test quotes.
#
# A test quotes a message if it holds so many (WINDOW) characters in a row of its text, between what is filled in,
# that no other message has. One that has no such characters has to be there whole, up to what is filled in.

BEGIN { WINDOW = 14 }

# The text of the string literals in a line of C
function literals(line,   text) {
	while (match(line, /"([^"\\]|\\.)*"/)) {
		text = text substr(line, RSTART + 1, RLENGTH - 2)
		line = substr(line, RSTART + RLENGTH)
	}
	return text
}

# Quotes are escaped in C and in shells alike.
function plain(text) {
	gsub(/\\/, "", text)
	return text
}

function note_window(window, name) {
	if (!(window in owner))
		owner[window] = name
	else if (owner[window] != name)
		owner[window] = ""
}

function note_message(name, text,   n, parts, p, i) {
	n = split(plain(text), parts, /%(ll|z)?[dsu]/)
	for (p = 1; p <= n; p++) {
		if (length(parts[p]) > length(longest[name]))
			longest[name] = parts[p]
		for (i = 1; i + WINDOW - 1 <= length(parts[p]); i++)
			note_window(substr(parts[p], i, WINDOW), name)
	}
}

function end_of_messages(   window) {
	for (window in owner)
		has_own[owner[window]]
}

FNR == 1 { file++ }
FNR == 1 && file == 2 { end_of_messages() }

file == 1 { note_message($1, literals($0)) }
file == 1 || /^[ \t]*#/ || /^@test/ { next }

{
	line = plain($0)
	for (i = 1; i + WINDOW - 1 <= length(line); i++) {
		window = substr(line, i, WINDOW)
		if (window in owner)
			quoted[owner[window]]
	}
	for (name in longest)
		if (!(name in has_own) && index(line, longest[name]))
			quoted[name]
	name = ""
}

END {
	for (name in longest)
		if (name && !(name in quoted))
			print name
}
