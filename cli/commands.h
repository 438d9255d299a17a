/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The commands: one function each, in a file of its own. argv[0] is what
 * messages call the program; the result is the exit status.
 */
#ifndef KVM_HTAB_COMMANDS_H
#define KVM_HTAB_COMMANDS_H

int command_pool_status(int argc, char **argv);
int command_fit(int argc, char **argv);
int command_vm_status(int argc, char **argv);
int command_reset(int argc, char **argv);
int command_resize(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_list(int argc, char **argv);
int command_compact(int argc, char **argv);

#endif /* KVM_HTAB_COMMANDS_H */
