/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The client's half of the VM socket, see kvm-htab-vm-socket(7): connects, takes exactly one file
 * descriptor from an untrusted peer and answers with one line.
 */
#ifndef KVM_HTAB_VM_SOCKET_H
#define KVM_HTAB_VM_SOCKET_H

#include <sys/socket.h>
#include <sys/un.h>

#include "lib/cleanup.h"
#include "lib/error.h"

struct vm_address {
	struct sockaddr_un address;
	socklen_t length;
};

/*
 * Makes @address from @name, which is not empty: a path, or "@NAME" in the abstract namespace.
 * Errors: -ENAMETOOLONG with a usage error.
 */
int vm_address_set(struct vm_address *address, const char *name, struct error *err) _must_check_;

/*
 * Connects to @address, a stream or seqpacket socket, and receives one file descriptor, within
 * @timeout_ms for both, or later within @wait_ms. The caller owns *@sock, which is set once connected, so that the peer can
 * be told of an error, and *@fd, which is set on success only. Both close on exec. All other
 * descriptors that the peer sent are closed.
 * Errors: STATUS_FAILED, -errno; -EPROTO for a wrong message, -ETIMEDOUT, -EPIPE if it hung up.
 * STATUS_RUNNING, -EBUSY if nothing came within @wait_ms.
 */
int vm_socket_receive(const struct vm_address *address, unsigned int timeout_ms,
		      unsigned int wait_ms, int *sock, int *fd, struct error *err) _must_check_;

/*
 * Sends @line, with its newline, within @timeout_ms. Raises no SIGPIPE.
 * Errors: -errno; -ETIMEDOUT if the peer does not receive it.
 */
int vm_socket_reply(int sock, const char *line, unsigned int timeout_ms) _must_check_;

#endif /* KVM_HTAB_VM_SOCKET_H */
