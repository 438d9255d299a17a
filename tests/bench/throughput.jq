# SPDX-License-Identifier: GPL-2.0-only
#
# From the lines of throughput.c (all of them, jq -s): as they are, or with $form "table" what a guest gets done, compared
# with what it did before the move: medians, and the least.

include "format";

def median: sort | if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def ms: . / 1000000 | fixed(3);
def ratio($of): [., $of] | transpose | map(.[0] / .[1]) | (median | fixed(2)) + " (" + (min | fixed(2)) + ")";

def table:
	(["order", "moves", "during", "after", "read", "extra exits", "a move", "a read"],
	 ["", "", "", "", "", "a move", "ms", "ms"],
	 (.[] | .before as $before | [.order, .moves, (.during | ratio($before)), (.after | ratio($before)),
		 (.reading | ratio($before)), (.fetched_on_access | median), (.move_ns | median | ms), (.read_ns | median | ms)]))
	| @tsv;

if $form == "table" then table else { schema: 1, results: . } end
