# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What can be said of a patch by its text. Sourced.

# subjects PATCH...: a line each. One process for all of them: there are hundreds.
subjects() {
	awk 'FNR == 1		{ if (n++) print text; text = ""; found = 0 }
		/^Subject: / && !found { found = 1; sub(/^Subject: (\[[^]]*\] *)?/, ""); text = $0; next }
		found && !/^ /	{ nextfile }
		found		{ text = text $0 }
		END		{ if (n) print text }' "$@"
}

# changed_lines: of a patch on stdin the names of files and the lines that are added and removed, without their context,
# which is not the patch's.
changed_lines() {
	awk '/^diff --git /	{ hunk = 0; print }
		/^@@ /		{ hunk = 1 }
		hunk && /^[-+]/'
}

# without_hashes PATCH...: takes out of patches what changes although the patch does not
without_hashes() { sed -i -e '/^Date: /d' -e '/^index [0-9a-f]*\.\.[0-9a-f]*\( [0-7]*\)\?$/d' "$@"; }
