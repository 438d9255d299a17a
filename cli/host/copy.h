/* SPDX-License-Identifier: GPL-2.0-only */
/* How fast this host copies memory, for what a move costs. */
#ifndef KVM_HTAB_HOST_COPY_H
#define KVM_HTAB_HOST_COPY_H

#include <stdint.h>

/* Bytes in a millisecond, about; measured now, which takes some. 0: no memory to measure it with. */
uint64_t copy_measure(void);

#endif /* KVM_HTAB_HOST_COPY_H */
