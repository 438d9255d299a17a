/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options that commands share, as argp children, and the rules about options
 * that exclude each other.
 */
#ifndef KVM_HTAB_OPTIONS_H
#define KVM_HTAB_OPTIONS_H

#include <argp.h>

#include "output.h"
#include "vm.h"

#define VM_TARGETS_MAX 64

/* Options without a letter of their own. */
enum {
	OPT_SYSROOT = 0x100,
	OPT_USAGE,
	OPT_VERSION,
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
	OPT_KEYS /* how many keys there are, letters included */
};

/* Every command: --json and its kind, --sysroot, --help. */
struct common_options {
	struct output_options output;
	const char *sysroot;
	bool seen[OPT_KEYS]; /* which keys were given, for options_check() */
};

/* Commands on VMs: --vm, --timeout. */
struct vm_options {
	struct vm_target targets[VM_TARGETS_MAX];
	size_t ntargets;
	unsigned int timeout_ms;
};

/* Commands that change something: --dry-run, --wait, --force. */
struct change_options {
	bool dry_run;
	bool force; /* VMs that nobody has offered, too */
	unsigned int wait_ms;
};

/* Their inputs are the structs above. */
extern const struct argp common_argp;
extern const struct argp vm_argp;
extern const struct argp change_argp;

/* The children of a command that shares no other options. */
extern const struct argp_child options_common_children[];

/* Its parser, if it has none of its own either; the input is a struct common_options. */
error_t options_parse_common(int key, char *arg, struct argp_state *state);

/*
 * What a command begins with: chooses among its @columns, see layout_choose(),
 * and opens the tree that --sysroot names in @fs. Returns STATUS_DONE, or says
 * what is wrong and returns the exit status.
 */
enum exit_status options_apply(const struct common_options *common, const struct column *columns,
			       size_t ncolumns, const char *defaults, struct layout *layout,
			       struct sysfs *fs) _must_check_;

/*
 * Parses the arguments as @argp says, with argp's @flags but without its --help. Exits with a usage
 * error, and for want of memory, of which argp says nothing.
 */
void options_parse(const struct argp *argp, int argc, char **argv, unsigned int flags, void *input);

/* Notes that @key was given; exits with a usage error if it excludes an earlier one. */
void options_note(struct argp_state *state, struct common_options *common, int key);

/* Handles --help, --usage and --version, which exit; else ARGP_ERR_UNKNOWN. */
error_t options_parse_help(int key, struct argp_state *state);

/* Exits with a usage error through argp, the message escaped. */
_Noreturn void options_fail(struct argp_state *state, const char *format, ...)
	__attribute__((__format__(printf, 2, 3)));

/*
 * The help filter of a command: puts the list of @columns behind its text
 * when @key is ARGP_KEY_HELP_POST_DOC.
 */
char *options_help_columns(int key, const char *text, const struct column *columns,
			   size_t ncolumns);

#endif /* KVM_HTAB_OPTIONS_H */
