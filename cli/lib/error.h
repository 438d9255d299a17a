/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The error object: what the program will exit with, the errno behind it and
 * the sentence for the admin. Functions fill it; only the top prints it.
 */
#ifndef KVM_HTAB_LIB_ERROR_H
#define KVM_HTAB_LIB_ERROR_H

#include <errno.h>

/* Exit status of the program, as documented in kvm-htab(8). */
enum exit_status {
	STATUS_DONE = 0,
	STATUS_FAILED = 1, /* want of permission included */
	STATUS_USAGE = 2,
	STATUS_NO = 3, /* no room; doctor: an item failed */
	STATUS_RUNNING = 4, /* vCPUs of the VM are running */
	STATUS_CANNOT = 5, /* this kernel or host cannot, or cannot tell */
};

struct error {
	enum exit_status status;
	int code; /* errno, positive; 0: none behind it */
	char *message; /* owned; no trailing newline */
};

/*
 * Replaces what @err holds by @status, @code and the formatted message.
 * Returns -@code, so that a caller can write `return error_set(...)`.
 */
int error_set(struct error *err, enum exit_status status, int code, const char *format, ...)
	__attribute__((__format__(printf, 4, 5)));

/* Appends to the message, for what only the caller knows. */
void error_append(struct error *err, const char *format, ...)
	__attribute__((__format__(printf, 2, 3)));

/* Frees what @err holds; fit for _cleanup_(). */
void error_clear(struct error *err);

/* Of two statuses, the one that a call for several VMs ends with: 1, 5, 3, 4 in this order. */
enum exit_status exit_status_first(enum exit_status a, enum exit_status b);

/*
 * Writes "kvm-htab: [subject: ]message\n" to stderr, unprintable bytes of
 * both escaped. @subject may be NULL.
 */
void complain(const char *subject, const char *format, ...)
	__attribute__((__format__(printf, 2, 3)));

#endif /* KVM_HTAB_LIB_ERROR_H */
