/* SPDX-License-Identifier: GPL-2.0-only */
/* How full the table of a VM is, from a sample that the kernel takes: root only, and a read costs it milliseconds. */
#ifndef KVM_HTAB_VM_LOAD_H
#define KVM_HTAB_VM_LOAD_H

#include "host/sysfs.h"
#include "lib/fact.h"

#define LOAD_GROUP_ENTRIES 8U
#define MILLION 1000000U

/* The numbers of the kernel's line, named as there. Those of entries are of the sample. */
#define VM_LOAD_NUMBERS(F) \
	F(order, "order") /* 0: the VM has no table, and the others are 0 */ \
	F(groups, "groups") /* of the table, of 8 entries each */ \
	F(read, "read") /* groups in the sample */ \
	F(full, "full") /* groups whose entries are all used */ \
	F(used, "used") \
	F(load_ppm, "load_ppm") /* of all entries */ \
	F(error_ppm, "error_ppm") /* of load_ppm, up or down, in 95 of 100 samples */ \
	F(bolted, "bolted") \
	F(secondary, "secondary") /* in their second group */ \
	F(referenced, "referenced") \
	F(size_4k, "4k") \
	F(size_64k, "64k") \
	F(size_16m, "16m") \
	F(size_16g, "16g") \
	F(hpt_enter, "hpt_enter") /* H_ENTER calls; unknown on POWER8 */ \
	F(hpt_full, "hpt_full") /* those that found no place; unknown on POWER8 */

#define VM_LOAD_MEMBER(name, key) struct fact name;

struct vm_load {
	VM_LOAD_NUMBERS(VM_LOAD_MEMBER)
};

/*
 * Checks whether this kernel tells, and this user. Errors: -ENOENT, STATUS_CANNOT; -EACCES and others,
 * STATUS_FAILED.
 */
int vm_load_check(const struct sysfs *fs, bool patched, struct error *err) _must_check_;

/*
 * Reads the load of VM @id. Errors: -errno, STATUS_FAILED: -ENOENT: it has ended; -EBADMSG: a fault of
 * the kernel's file.
 */
int vm_load_read(const struct sysfs *fs, uint64_t id, struct vm_load *load,
		 struct error *err) _must_check_;

#endif /* KVM_HTAB_VM_LOAD_H */
