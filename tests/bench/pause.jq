# SPDX-License-Identifier: GPL-2.0-only
#
# From the lines of pause.c (all of them, jq -s): as they are, or with $form "table" what a move takes beside a memcpy.

include "format";

def median: sort | if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def ms: . / 1000000 | fixed(3);

def table:
	(["order", "moves", "memcpy", "lowest", "highest", "longest", "1.5 memcpy"],
	 ["", "", "ms", "ms", "ms", "pause ms", "+ 5 ms"],
	 (.[] | (.copy_ns | median) as $copy
		| [.order, .moves, ($copy | ms), (.copy_ns | min | ms), (.copy_ns | max | ms), (.longest_ns | ms),
		   (1.5 * $copy + 5000000 | ms)]))
	| @tsv;

if $form == "table" then table else { schema: 1, results: . } end
