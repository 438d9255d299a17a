// SPDX-License-Identifier: GPL-2.0-only
/* Each time the VM's vCPUs have stopped: offer_vm(), then share_vm_fd() to the client connected to @sock. */
#include <kvm-htab.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int offer_vm(int vm_fd, unsigned int order_max);
int share_vm_fd(int sock, int vm_fd);

/* Others may request tables of up to order_max; 0: of any order. */
int offer_vm(int vm_fd, unsigned int order_max)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_PPC_HTAB_CTL,
		/* and all other bits that the VM has, such as NOMOVE */
		.args = { KVM_PPC_HTAB_CTL_OFFER, order_max },
	};

	return ioctl(vm_fd, KVM_ENABLE_CAP, &cap);
}

int share_vm_fd(int sock, int vm_fd)
{
	char byte = 0;
	union {
		char buffer[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buffer,
		.msg_controllen = sizeof(control.buffer),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &vm_fd, sizeof(int));
	return sendmsg(sock, &msg, MSG_NOSIGNAL) == 1 ? 0 : -1;
}
