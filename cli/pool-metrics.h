/* SPDX-License-Identifier: GPL-2.0-only */
/* The pool for Prometheus, in the text format that node_exporter's textfile collector reads. */
#ifndef KVM_HTAB_POOL_METRICS_H
#define KVM_HTAB_POOL_METRICS_H

#include "pool.h"

/* Prints what is known of @pool to stdout; @available: whether the host has KVM-HV. */
void pool_metrics_print(const struct host *host, const struct pool *pool, bool available);

#endif /* KVM_HTAB_POOL_METRICS_H */
