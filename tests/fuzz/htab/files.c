// SPDX-License-Identifier: GPL-2.0-only
/* The htab file descriptor: reads and writes, and who holds the VM besides its owner. */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define RECORDS 3
#define ENTRIES 4
/* Larger ones take seconds to read under emulation. */
#define READ_ORDER_MAX 24

/* Unless a kernel does not know what to do with the file of a VM without a table */
static bool has_file(const struct vm *vm)
{
	return vm->fd >= 0 && (vm->order || !excused(10));
}

bool do_read(struct vm *vm)
{
	unsigned int flags = chance(30) ? KVM_GET_HTAB_BOLTED_ONLY : 0;

	if (vm->order > READ_ORDER_MAX || !has_file(vm))
		return false;
	step("VM %u read%s", vm->index, flags ? " bolted" : "");
	entries_check(vm, flags);
	answer("read", 0, " %u entries", vm->entries.count);
	return true;
}

static int open_file(struct vm *vm, unsigned int flags)
{
	struct kvm_get_htab_fd arg = { .flags = flags,
				       .start_index = chance(20) ? below(99999) : 0 };

	return call(OWNER, vm->fd, KVM_PPC_GET_HTAB_FD, &arg, sizeof(arg), GOOD);
}

struct record {
	uint32_t slot;
	unsigned int valid, invalid;
	struct entry entries[ENTRIES];
};

static void random_record(const struct vm *vm, struct record *r)
{
	*r = (struct record){ .valid = below(ENTRIES), .invalid = chance(60) ? 0 : below(20) };
	for (unsigned int i = 0; i < ENTRIES; i++) {
		entry_random(vm, &r->entries[i]);
		if (!i)
			r->slot = r->entries[0].slot;
	}
}

static size_t encode(unsigned char *to, const struct record *r)
{
	const struct kvm_get_htab_header header = {
		.index = r->slot,
		.n_valid = (uint16_t)r->valid,
		.n_invalid = (uint16_t)r->invalid,
	};
	size_t bytes = sizeof(header);

	memcpy(to, &header, sizeof(header));
	for (unsigned int i = 0; i < r->valid; i++, bytes += 16) {
		uint64_t pair[2] = { htobe64(r->entries[i].v), htobe64(r->entries[i].r) };

		memcpy(to + bytes, pair, sizeof(pair));
	}
	return bytes;
}

/* What one record makes of the model: 0 or the errno; *either: of that entry it cannot be told. */
static int apply(struct vm *vm, const struct record *r, bool *either)
{
	uint64_t slots = vm->order ? 1ULL << (vm->order - 4) : 0, slot = r->slot;

	if (slot >= slots || slot + r->valid + r->invalid > slots)
		return -EINVAL;
	vm_used(vm, YES);
	for (unsigned int i = 0; i < r->valid; i++, slot++) {
		const struct entry *e = &r->entries[i];
		enum enter can = entry_enter(vm, e->v, e->r);

		if (!(e->v & 1) || !entry_base_shift(e->v, e->r))
			return -EINVAL;
		entries_remove(&vm->entries, slot);
		*either |= can == ENTER_EITHER;
		if (can == ENTER_PARAMETER)
			return -EIO;
		entries_put(&vm->entries, slot, e->v, e->r);
		if (vm->ready == NO && entry_is_vrma(e->v))
			vm->ready = *either ? DONT_KNOW : YES;
	}
	for (unsigned int i = 0; i < r->invalid; i++)
		entries_remove(&vm->entries, slot + i);
	return 0;
}

static void write_records(struct vm *vm, int fd, const struct record *records, unsigned int n,
			  unsigned int cut)
{
	unsigned char data[RECORDS * (8 + 16 * ENTRIES)];
	size_t bytes = 0, whole = 0;
	bool either = false;
	int ret, want = 0;

	for (unsigned int i = 0; i < n; i++) {
		whole = bytes;
		bytes += encode(data + bytes, &records[i]);
	}
	ret = (int)write(fd, data, bytes - cut);
	if (ret < 0)
		ret = -errno;
	answered("write", ret);
	if (vm->radix)
		return allow(ret, -EINVAL, -EINVAL);
	if (vm->nr_running && vm->ready != NO)
		return allow(ret, -EBUSY, -EBUSY);
	for (unsigned int i = 0; i < n - !!cut && !want; i++)
		want = apply(vm, &records[i], &either);
	if (!want)
		want = (int)(cut ? whole : bytes);
	if (either) {
		vm->entries.known = false;
		return;
	}
	allow(ret, want, want);
}

bool do_write(struct vm *vm)
{
	struct record records[RECORDS];
	unsigned int n = 1 + below(RECORDS), cut;
	int fd;

	if (!has_file(vm))
		return false;
	fd = vm->writer >= 0 && chance(50) ? vm->writer : open_file(vm, KVM_GET_HTAB_WRITE);
	for (unsigned int i = 0; i < n; i++) {
		random_record(vm, &records[i]);
		if (excused(15) && i < n - 1)
			records[i].valid = 0;
	}
	/* the last record in part only: it is left for the next write */
	cut = chance(10) && records[n - 1].valid ? 1 + below(15) : 0;
	if (excused(14) && cut)
		cut = 9 + cut % 7;
	step("VM %u write %u records, the first at %u: %u valid (%#llx %#llx) %u invalid",
	     vm->index, n, records[0].slot, records[0].valid,
	     (unsigned long long)records[0].entries[0].v,
	     (unsigned long long)records[0].entries[0].r, records[0].invalid);
	if (may_be_bad_pointers() && chance(8)) {
		int ret = write(fd, call_bad_pointer(NOWHERE, 8), 24) < 0 ? -errno : 0;

		answer("write", ret, " (unmapped)");
		if (vm->radix)
			allow(ret, -EINVAL, -EINVAL);
		else if (vm->nr_running && vm->ready != NO)
			allow(ret, -EBUSY, -EBUSY);
		else
			allow(ret, -EFAULT, -EFAULT);
	} else {
		write_records(vm, fd, records, n, cut);
	}
	if (fd != vm->writer)
		close(fd);
	return true;
}

/* Entries that meet when the table is resized */
bool do_collide(struct vm *vm)
{
	struct record record = { .valid = 1 };
	int fd;

	if (!has_file(vm))
		return false;
	fd = open_file(vm, KVM_GET_HTAB_WRITE);
	for (unsigned int i = 0; i < 2; i++) {
		entry_collider(&record.entries[0]);
		record.slot = record.entries[0].slot;
		step("VM %u write a bolted 16M entry at %u", vm->index, record.slot);
		write_records(vm, fd, &record, 1, 0);
	}
	close(fd);
	return true;
}

/* Htab files that are kept: they outlive tables, and even the owner's interest in the VM. */
bool do_files(struct vm *vm)
{
	static unsigned char data[65536];
	ssize_t n;

	if (vm->reader >= 0 && chance(70)) {
		bool bad = may_be_bad_pointers() && chance(15);
		size_t bytes = 16 + below(sizeof(data) - 16);

		step("VM %u read %zu of a kept file%s", vm->index, bytes, bad ? ", unmapped" : "");
		n = read(vm->reader, bad ? call_bad_pointer(NOWHERE, 8) : data, bytes);
		answer("read kept", n < 0 ? -errno : 0, " %zd bytes", n);
		if (n < 0)
			allow(-errno, -EFAULT, bad ? -EFAULT : 0);
		return true;
	}
	if (vm->reader >= 0 || vm->writer >= 0) {
		step("VM %u close kept files", vm->index);
		vm_close_fd(vm, &vm->reader);
		vm_close_fd(vm, &vm->writer);
		answered("close kept", 0);
		return true;
	}
	if (!has_file(vm))
		return false;
	step("VM %u keep files", vm->index);
	vm->reader = open_file(vm, chance(30) ? KVM_GET_HTAB_BOLTED_ONLY : 0);
	vm->writer = open_file(vm, KVM_GET_HTAB_WRITE);
	answered("keep", 0);
	if (chance(10)) {
		int ret = open_file(vm, 4U << below(29));

		answered("GET_HTAB_FD", ret);
		allow(ret, -EINVAL, -EINVAL);
	}
	return true;
}

bool do_hold(struct vm *vm)
{
	enum who who = chance(50) ? ADMIN : STRANGER;

	if (!may_be_others())
		return false;
	if (vm->held[who - ADMIN]) {
		step("VM %u the %s lets go", vm->index, who_name(who));
		vm_let_go(vm, who);
	} else if (vm->fd >= 0) {
		step("VM %u the %s holds it", vm->index, who_name(who));
		call_hold(who, vm->index, vm->fd);
		vm->held[who - ADMIN] = true;
	} else {
		return false;
	}
	answered("hold", 0);
	return true;
}

bool do_close(struct vm *vm)
{
	if (vm->fd < 0)
		return false;
	step("VM %u close", vm->index);
	vm_close(vm);
	answered("close", 0);
	return true;
}
