/* SPDX-License-Identifier: GPL-2.0-only */
/* The error object: exit status, errno and message. Functions fill it; only the frame prints it. */
#ifndef KVM_HTAB_LIB_ERROR_H
#define KVM_HTAB_LIB_ERROR_H

#include <errno.h>

/* Exit statuses of the program; kvm-htab(8) documents them. */
enum exit_status {
	STATUS_DONE = 0,
	STATUS_FAILED = 1, /* or permission denied */
	STATUS_USAGE = 2,
	STATUS_NO = 3, /* no room; doctor: an item failed */
	STATUS_RUNNING = 4, /* vCPUs of the VM are running */
	STATUS_CANNOT = 5, /* not supported by this kernel or host, or unknown */
};

struct error {
	enum exit_status status;
	int code; /* positive errno; 0: none */
	char *message; /* owned; no trailing newline */
};

/* Replaces the contents of @err, and returns -@code for `return error_set(...)`. */
int error_set(struct error *err, enum exit_status status, int code, const char *format, ...)
	__attribute__((__format__(printf, 4, 5)));

/* Frees the contents of @err; suits _cleanup_(). */
void error_clear(struct error *err);

/* The exit status for two VMs of one call. Precedence: 2, 1, 5, 3, 4, 0. */
enum exit_status exit_status_first(enum exit_status a, enum exit_status b);

/* Writes "kvm-htab: [@subject: ]message\n" to stderr, unprintable bytes escaped. */
void complain(const char *subject, const char *format, ...)
	__attribute__((__format__(printf, 2, 3)));

#endif /* KVM_HTAB_LIB_ERROR_H */
