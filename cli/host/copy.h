/* SPDX-License-Identifier: GPL-2.0-only */
/* How fast this host copies memory, to estimate how long a move takes. */
#ifndef KVM_HTAB_HOST_COPY_H
#define KVM_HTAB_HOST_COPY_H

#include <stdint.h>

/* Measures the bytes copied per millisecond, which takes some milliseconds. 0: out of memory. */
uint64_t copy_measure(void);

#endif /* KVM_HTAB_HOST_COPY_H */
