# SPDX-License-Identifier: GPL-2.0-only
#
# From the lines of plan.c (all of them, jq -s): as they are, or with $form "table" how long a plan takes.

include "format";

def median: sort | if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def ms: . / 1000000 | fixed(2);

def table:
	(["pool", "GiB", "tables", "order", "found", "steps", "at most", "windows", "CPU ms", "lowest", "highest", "former ms"],
	 (.[] | [.pool, .gib, .tables, .order, .found, .steps, .max_steps, .windows, (.ns | median | ms), (.ns | min | ms),
		(.ns | max | ms), (if .former_ns then .former_ns | ms else "-" end)]))
	| @tsv;

if $form == "table" then table else { schema: 1, results: . } end
