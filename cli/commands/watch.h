/* SPDX-License-Identifier: GPL-2.0-only */
/* --watch: runs a command again and again, and shows what has changed. */
#ifndef KVM_HTAB_COMMANDS_WATCH_H
#define KVM_HTAB_COMMANDS_WATCH_H

#include "commands/command.h"

/*
 * Runs call->options.command every call->options.watch_ms until the user ends it. On a terminal it redraws
 * the output in place and highlights new lines. Elsewhere it prints a line for each row that
 * appears, changes or disappears. Returns the last exit status of the command.
 */
enum exit_status watch(struct call *call);

#endif /* KVM_HTAB_COMMANDS_WATCH_H */
