# SPDX-License-Identifier: GPL-2.0-only
#
# From the lines of reset.c (all of them, jq -s): medians and ratios, or with $form "table" a table of them.

include "format";

def median: sort | .[length / 2 | floor];

# what belongs together was measured within one round
def ratios: [.reset_ns, .memset_ns] | transpose | map(.[0] / .[1]);

def row:
	(ratios | sort) as $ratios
	| {
		order, memory_mib,
		memset_ns: (.memset_ns | median),
		reset_ns: (.reset_ns | median),
		again_ns: (.again_ns | median),
		ratio: ((.reset_ns | median) / (.memset_ns | median)),
		ratio_min: $ratios[0],
		ratio_max: $ratios[-1],
		instructions_ratio: ((.reset_instructions | median) / (.memset_instructions | median)),
		instructions_more: ((.reset_instructions | median) - (.memset_instructions | median)),
		instructions_ratio_without_call: (((.reset_instructions | median) - (.again_instructions | median))
			/ (.memset_instructions | median)),
		again_share: ((.again_ns | median) / (.reset_ns | median)),
		samples: .
	};

def ms: . / 1e6 | fixed(3);

def table:
	(["order", "memory", "memset ms", "reset ms", "ratio", "min..max", "instructions", "more of them", "without call", "second/first"],
	 (.[] | [.order, "\(.memory_mib) MiB", (.memset_ns | ms), (.reset_ns | ms), (.ratio | fixed(3)),
		"\(.ratio_min | fixed(3))..\(.ratio_max | fixed(3))",
		(.instructions_ratio | fixed(4)), .instructions_more,
		(.instructions_ratio_without_call | fixed(4)), "\(.again_share * 100 | fixed(3)) %"]))
	| @tsv;

map(row) | if $form == "table" then table else { schema: 1, results: . } end
