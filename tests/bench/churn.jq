# SPDX-License-Identifier: GPL-2.0-only
#
# From the lines of churn.c (all of them, jq -s): as they are, or with $form "table" what each mode refused, for all
# seeds, the lowest and the highest of one, and by order; and what moving tables cost.

include "format";

def sums: reduce .[] as $one ({}; reduce ($one | to_entries[]) as $e (.; .[$e.key] += $e.value));
def total: [.[]] | add // 0;
def mean: add / length;
def percent: . * 100 | fixed(2);
def share($refused; $asked): if $asked == 0 then "-" else ($refused / $asked | percent) end;
def modes: reduce .[].mode as $mode ([]; if index($mode) then . else . + [$mode] end);

def table:
	modes as $modes
	| . as $all
	| (map(.asked) | sums | keys | map(tonumber) | sort | map(tostring)) as $orders
	| (["mode", "refused", "lowest", "highest", "resizes", "in use", "largest", "moves", "MiB", "longest"],
	   ["", "%", "%", "%", "refused %", "%", "of free %", "per 1000", "per move", "ms"],
	   ($modes[] as $mode | $all | map(select(.mode == $mode))
		| map(if .asked | total > 0 then (.refused | total) / (.asked | total) else 0 end) as $shares
		| [$mode,
		   share(map(.refused | total) | add; map(.asked | total) | add),
		   ($shares | min | percent), ($shares | max | percent),
		   share(map(.resizes_refused) | add; map(.resizes) | add),
		   (map(.used) | mean | percent),
		   (map(.largest) | mean | percent)]
		  + if .[0].moves == null then ["-", "-", "-"] else
			(map(.moves) | add) as $moves
			| [($moves / (map(.asked | total) | add) * 1000 | fixed(1)),
			   if $moves > 0 then (map(.moved_bytes) | add) / $moves / 1048576 | fixed(1) else "-" end,
			   (map(.longest_stop_us) | max / 1000 | fixed(1))] end),
	   [],
	   ["order"] + [$modes[] | "\(.) %"],
	   ($orders[] as $order
		| [$order] + [$modes[] as $mode | $all | map(select(.mode == $mode))
			| share(map(.refused[$order] // 0) | add; map(.asked[$order] // 0) | add)]))
	| @tsv;

if $form == "table" then table else { schema: 1, results: . } end
