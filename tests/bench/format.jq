# SPDX-License-Identifier: GPL-2.0-only
# For tables of benchmarks.

def fixed($digits): . * pow(10; $digits) | round | tostring
	| if length <= $digits then ("0" * ($digits + 1 - length)) + . else . end
	| .[:-$digits] + "." + .[-$digits:];
