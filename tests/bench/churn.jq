# SPDX-License-Identifier: GPL-2.0-only
#
# From the lines of churn.c (all of them, jq -s): as they are, or with $form "table" the share of tables that were
# refused, for each seed and for all, by order.

include "format";

def sums: reduce .[] as $one ({}; reduce ($one | to_entries[]) as $e (.; .[$e.key] += $e.value));
def total: [.[]] | add // 0;
def share($refused; $asked): if $asked == 0 then "-" else ($refused / $asked * 100 | fixed(2)) + " %" end;

def table:
	(map(.asked) | sums) as $asked | (map(.refused) | sums) as $refused
	| (["order", "asked for", "refused", "share"],
	   ($asked | keys | map(tonumber) | sort | .[] | tostring
		| [., $asked[.], $refused[.], share($refused[.]; $asked[.])]),
	   ["all", ($asked | total), ($refused | total), share($refused | total; $asked | total)],
	   [],
	   ["seed", "in use", "refused", "resizes refused"],
	   (.[] | [.seed, "\(.used * 100 | fixed(1)) %", share(.refused | total; .asked | total),
		share(.resizes_refused; .resizes)]))
	| @tsv;

if $form == "table" then table else { schema: 1, results: . } end
