# SPDX-License-Identifier: GPL-2.0-only
#
# items.awk cli/doctor*.c: what doctor says of its items, as messages.awk reads messages: each string of a statement in
# which an item is set, "#define MSG_DOCTOR_CPU_45 "text"" for the one of doctor-cpu.c that begins in line 45.

# The functions by which items are set, and those in doctor*.c that hand texts on to them
BEGIN { functions = "(item_set|item_advise|item_mend|describe_pool|module_present|reservation_failed|device_missing|asprintf)\\(" }

# A definition has a parameter's type where a call has none.
!statement && $0 ~ "(^|[^a-z_])" functions && !/^[a-z].*(struct|char) / {
	statement = FNR
	text = between = ""
}

statement {
	line = $0
	sub(/^[ \t]+/, "", line)
	while (match(line, /"([^"\\]|\\.)*"/)) {
		between = between substr(line, 1, RSTART - 1)
		text = text (between == "" || text == "" ? "" : "%s") substr(line, RSTART + 1, RLENGTH - 2)
		between = ""
		line = substr(line, RSTART + RLENGTH)
	}
	between = between line
}

statement && /;$/ {
	name = toupper(FILENAME)
	sub(/.*\//, "", name)
	sub(/\.C$/, "", name)
	gsub(/-/, "_", name)
	gsub(/%[.*]*(l|ll|z|h)?[dsux]|%04[xo]|%%s/, "%s", text)
	if (text ~ /[a-z][a-z][a-z]/ && !(text in known))
		printf "#define MSG_%s_%d \"%s\"\n", name, statement, text
	known[text]
	statement = 0
}
