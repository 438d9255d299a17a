# SPDX-License-Identifier: GPL-2.0-only
#
# From the lines of hcalls.c with kind, boot and instructions (all of them, jq -s): what one costs on the patched kernel and on stock,
# or with $form "table" a table of that.

include "format";

def median: sort | .[length / 2 | floor];

# Of each boot: an interrupt or another task on the CPU only adds to what is counted
def instructions: map((.instructions | min) / .count) | sort;
def ns: map((.ns | median) / .count) | sort;

def row:
	. as $all |
	{ name: .[0].name, boots: (map(.boot) | unique | length) }
	+ ([.[] | select(.kind == "stock")] | { stock: { instructions: instructions, ns: ns } })
	+ ([.[] | select(.kind == "patched")] | { patched: { instructions: instructions, ns: ns } })
	| . + {
		instructions_ratio: ((.patched.instructions | median) / (.stock.instructions | median)),
		ns_ratio: ((.patched.ns | median) / (.stock.ns | median)),
		ns_ratio_min: (.patched.ns[0] / .stock.ns[-1]),
		ns_ratio_max: (.patched.ns[-1] / .stock.ns[0]),
		samples: $all
	};

def table:
	(["", "boots", "instructions", "stock", "ratio", "us", "stock", "ratio", "min..max"],
	 (.[] | [.name, .boots, (.patched.instructions | median | round), (.stock.instructions | median | round),
		(.instructions_ratio | fixed(4)), (.patched.ns | median / 1000 | fixed(3)), (.stock.ns | median / 1000 | fixed(3)),
		(.ns_ratio | fixed(3)), "\(.ns_ratio_min | fixed(3))..\(.ns_ratio_max | fixed(3))"]))
	| @tsv;

group_by(.name) | map(row) | if $form == "table" then table else { schema: 1, results: . } end
