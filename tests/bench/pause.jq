# SPDX-License-Identifier: GPL-2.0-only
#
# From the lines of pause.c (all of them, jq -s): as they are, or with $form "table" what a guest notices of a move beside a
# memcpy.

include "format";

def median: sort | if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def ms: . / 1000000 | fixed(3);

def table:
	(["order", "moves", "gap", "highest", "without", "longest", "memcpy"],
	 ["", "", "ms", "ms", "moves ms", "stop ms", "ms"],
	 (.[] | [.order, .moves, (.gap_ns | median | ms), (.gap_ns | max | ms), (.idle_ns | median | ms),
		 (.longest_stop_ns | ms), (.copy_ns | median | ms)]))
	| @tsv;

if $form == "table" then table else { schema: 1, results: . } end
