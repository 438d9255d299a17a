/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options of all commands. An option means the same in every command, so that one parser and
 * one list of exclusive options suffice.
 */
#ifndef KVM_HTAB_COMMANDS_OPTIONS_H
#define KVM_HTAB_COMMANDS_OPTIONS_H

#include <argp.h>

#include "lib/output.h"
#include "vm/change.h"
#include "vm/target.h"

#define VM_TARGETS_MAX 64

/* Keys of options without a letter. */
enum {
	OPT_SYSROOT = 0x100,
	OPT_USAGE,
	OPT_VM,
	OPT_TIMEOUT,
	OPT_DRY_RUN,
	OPT_WAIT,
	OPT_ORDER,
	OPT_RAM,
	OPT_MIN_ORDER,
	OPT_MAXMEM,
	OPT_COUNT,
	OPT_PROBE,
	OPT_FORMAT,
	OPT_FORCE,
	OPT_MAP,
	OPT_OUTPUT_ALL,
	OPT_SORT,
	OPT_SUGGEST,
	OPT_FULL,
	OPT_WATCH,
	OPT_CGROUP,
	OPT_ALL,
	OPT_INTERVAL,
	OPT_LOAD,
	OPT_KEYS /* number of keys, including letters */
};

struct command;

struct options {
	const struct command *command;
	bool seen[OPT_KEYS]; /* the keys that were given */
	struct output_options output;
	const char *sysroot;
	const char *sort; /* column; NULL: not given */
	struct vm_target targets[VM_TARGETS_MAX];
	size_t ntargets;
	unsigned int timeout_ms; /* of a peer, or of --probe */
	struct vm_terms terms; /* of changes */
	unsigned int order, min_order; /* 0: not given */
	uint64_t ram_bytes, maxmem_bytes; /* 0: not given */
	unsigned int count; /* of guests; 1 unless given */
	bool probe;
	bool map;
	bool suggest_ratio;
	const char *cgroup; /* NULL: not given */
	const char *directory; /* the argument of a command with OPTIONS_DIRECTORY */
	bool full;
	unsigned int watch_ms; /* 0: not given */
	bool all_vms;
	unsigned int interval_ms; /* 0: not given */
	bool load;
	bool metrics;
};

/* Groups of options that several commands have. Every command has the options for output. */
enum option_groups {
	OPTIONS_VM = 1, /* --vm, --timeout */
	OPTIONS_CHANGE = 2, /* --dry-run, --wait, --force */
	OPTIONS_PROBE = 4, /* --probe, --timeout */
	OPTIONS_DIRECTORY = 8, /* no option, but an argument */
	OPTIONS_WATCH = 16, /* --watch */
};

/* The order given with --order, or the one that QEMU uses for --ram; 0: neither was given. */
unsigned int options_order(const struct options *options);

/*
 * Parses the arguments of options->command. Exits after a usage error, after --help, --usage and
 * --version, and if memory runs out.
 */
void options_parse(int argc, char **argv, struct options *options);

/*
 * Calls argp_parse() with argp's @flags, without its own --help. Exits after a usage error and if
 * memory runs out.
 */
void options_parse_argp(const struct argp *argp, int argc, char **argv, unsigned int flags,
			void *input);

/* Handles --help, --usage and --version, which exit. Returns ARGP_ERR_UNKNOWN for other keys. */
error_t options_parse_help(int key, struct argp_state *state);

/* The options that options_parse_help() handles, for a list that ends with { 0 }. */
#define OPTIONS_HELP \
	{ "help", 'h', NULL, 0, "Print this help", -1 }, \
		{ NULL, '?', NULL, OPTION_HIDDEN, NULL, -1 }, \
		{ "usage", OPT_USAGE, NULL, 0, "Print a usage summary", -1 }, \
	{ \
		"version", 'V', NULL, 0, "Print the version", -1 \
	}

/* Exits with a usage error, in which it escapes bytes that are not printable. */
_Noreturn void options_fail(struct argp_state *state, const char *format, ...)
	__attribute__((__format__(printf, 2, 3)));

#endif /* KVM_HTAB_COMMANDS_OPTIONS_H */
