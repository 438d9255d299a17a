/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What the kvm-htab series adds to <linux/kvm.h>, unless that has it already
 */
#ifndef KVM_HTAB_H
#define KVM_HTAB_H

#include <linux/kvm.h>

#ifndef KVM_CAP_PPC_HTAB_CTL

/*
 * The hashed page table (HPT) of a KVM-HV guest on POWER.  Requests that share
 * the number of KVM_PPC_ALLOCATE_HTAB differ in direction or size.
 */

/* An HPT is 2^order bytes; HTABSIZE, the field that tells the hardware, is order - 18. */
#define KVM_PPC_HTAB_ORDER_MIN		18
#define KVM_PPC_HTAB_ORDER_MAX		46

/* kvm_ppc_htab.flags */
#define KVM_PPC_HTAB_KEEP		1 /* clear an existing table of at least min_order */
#define KVM_PPC_HTAB_PREFER_PAGES	2 /* ask the page allocator before the pool */
#define KVM_PPC_HTAB_FORCE		4 /* without an offer, even if the VM has run */

/* kvm_ppc_htab.source and kvm_ppc_htab_info.source: where the table came from; 0: no table */
#define KVM_PPC_HTAB_POOL		1 /* the contiguous area reserved at boot */
#define KVM_PPC_HTAB_PAGES		2 /* the page allocator */

/**
 * struct kvm_ppc_htab - argument of KVM_PPC_ALLOCATE_HTAB2
 * @order: in: log2 of the wanted size in bytes; out: of the table in effect
 *	(0: none, possible only with KEEP and order 0)
 * @min_order: in: log2 of the smallest acceptable size; 0: exactly @order
 * @flags: in: KVM_PPC_HTAB_KEEP, KVM_PPC_HTAB_PREFER_PAGES, KVM_PPC_HTAB_FORCE
 * @source: out: KVM_PPC_HTAB_POOL or KVM_PPC_HTAB_PAGES; 0: no table
 * @reserved: must be 0
 */
struct kvm_ppc_htab {
	__u32 order;
	__u32 min_order;
	__u32 flags;
	__u32 source;
	__u64 reserved[2];
};

/* kvm_ppc_htab_info.flags */
#define KVM_PPC_HTAB_INFO_RADIX		1 /* the guest uses the radix MMU */
#define KVM_PPC_HTAB_INFO_READY		2 /* in use: see Documentation/virt/kvm/api.rst */
#define KVM_PPC_HTAB_INFO_RESIZING	4 /* a RESIZE_HPT_PREPARE is pending */
#define KVM_PPC_HTAB_INFO_OFFERED	8 /* others may use the three requests now */
#define KVM_PPC_HTAB_INFO_OFFER_ENDED	16 /* they could, until the VM ran */

/**
 * struct kvm_ppc_htab_info - answer of KVM_PPC_GET_HTAB_INFO
 * @order: log2 of the table's size in bytes; 0: no table
 * @source: KVM_PPC_HTAB_POOL or KVM_PPC_HTAB_PAGES; 0: no table
 * @flags: KVM_PPC_HTAB_INFO_*
 * @vcpus_running: vCPU threads inside KVM_RUN, ceded ones included
 * @table_bytes: size of the table; 0: no table
 * @revmap_bytes: size of its reverse map, which comes from vmalloc
 * @default_order: the order a VM gets at its first KVM_RUN if none is
 *	requested
 * @pad: 0
 * @reserved: 0
 */
struct kvm_ppc_htab_info {
	__u32 order;
	__u32 source;
	__u32 flags;
	__u32 vcpus_running;
	__u64 table_bytes;
	__u64 revmap_bytes;
	__u32 default_order;
	__u32 pad;
	__u64 reserved[3];
};

#define KVM_PPC_ALLOCATE_HTAB2	_IOWR(KVMIO, 0xa7, struct kvm_ppc_htab)
#define KVM_PPC_GET_HTAB_INFO	_IOR(KVMIO, 0xa7, struct kvm_ppc_htab_info)

/*
 * KVM_CAP_PPC_HTAB_CTL: reported by KVM_CHECK_EXTENSION as the mask of known
 * args[0] bits and enabled on the VM by its owner: args[0] is a mask of
 * KVM_PPC_HTAB_CTL_*, 0 revokes; args[1] is the largest order that other
 * processes may request, 0: no limit.
 */
#define KVM_CAP_PPC_HTAB_CTL 4176
#define KVM_PPC_HTAB_CTL_FALLBACK	2 /* the __u32 request may settle for a smaller order */
#define KVM_PPC_HTAB_CTL_OFFER		4 /* others may use the three requests until the VM runs */
#define KVM_PPC_HTAB_CTL_NOMOVE		8 /* the table stays where it is once the VM has run */

#endif /* KVM_CAP_PPC_HTAB_CTL */

#endif /* KVM_HTAB_H */
