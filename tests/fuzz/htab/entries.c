// SPDX-License-Identifier: GPL-2.0-only
/*
 * The entries of a table, in the form in which a guest and the htab file descriptor know them: what becomes of
 * one that is entered, and of all of them when the table is resized.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define V_1TB (1ULL << 62)
#define V_HVLOCK 0x40ULL
#define V_ABSENT 0x20ULL
#define V_BOLTED 0x10ULL
#define V_LARGE 0x4ULL
#define V_SECONDARY 0x2ULL
#define V_VALID 0x1ULL
#define R_RPN 0x0ffffffffffff000ULL
#define R_MODIFIED (1ULL << 62) /* KVM's own */
#define R_RC 0x180ULL /* comes and goes */
#define VRMA_VSID 0x1ffffffULL

#define READ_BYTES (256U << 10)

void entries_clear(struct entries *entries)
{
	entries->count = 0;
	entries->known = true;
}

void entries_copy(struct entries *to, const struct entries *from)
{
	if (to->room < from->count) {
		to->room = from->count;
		to->entry = realloc(to->entry, to->room * sizeof(*to->entry));
	}
	if (from->count)
		memcpy(to->entry, from->entry, from->count * sizeof(*to->entry));
	to->count = from->count;
	to->known = from->known;
}

static unsigned int find(const struct entries *entries, uint64_t slot)
{
	unsigned int low = 0, high = entries->count;

	while (low < high) {
		unsigned int middle = (low + high) / 2;

		if (entries->entry[middle].slot < slot)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct entry *entries_at(const struct entries *entries, uint64_t slot)
{
	unsigned int i = find(entries, slot);

	return i < entries->count && entries->entry[i].slot == slot ? &entries->entry[i] : NULL;
}

/* v and r as they were entered; what is kept is what comes back. */
void entries_put(struct entries *entries, uint64_t slot, uint64_t v, uint64_t r)
{
	unsigned int i = find(entries, slot);

	if (i == entries->count || entries->entry[i].slot != slot) {
		if (entries->count == entries->room) {
			entries->room = entries->room * 2 + 64;
			entries->entry =
				realloc(entries->entry, entries->room * sizeof(*entries->entry));
		}
		memmove(entries->entry + i + 1, entries->entry + i,
			(entries->count - i) * sizeof(*entries->entry));
		entries->count++;
	}
	entries->entry[i] = (struct entry){
		.slot = (uint32_t)slot,
		.v = (v & ~(V_HVLOCK | V_ABSENT)) | V_VALID,
		.r = r & ~R_MODIFIED,
	};
}

void entries_remove(struct entries *entries, uint64_t slot)
{
	unsigned int i = find(entries, slot);

	if (i == entries->count || entries->entry[i].slot != slot)
		return;
	entries->count--;
	memmove(entries->entry + i, entries->entry + i + 1,
		(entries->count - i) * sizeof(*entries->entry));
}

/* Sizes of the page of an entry: the segment's base and its own. false: there is no such size. */
static bool page_shifts(uint64_t v, uint64_t r, unsigned int *base, unsigned int *actual)
{
	static const struct {
		unsigned char lp, rest, base, actual;
	} sizes[] = {
		{ 0, 0, 24, 24 }, { 3, 0, 34, 34 },   { 8, 0, 16, 24 },
		{ 8, 3, 12, 24 }, { 1, 255, 16, 16 }, { 7, 255, 12, 16 },
	};
	unsigned int lp = r >> 12 & 0xf, rest = r >> 16 & 0xf;

	*base = *actual = 12;
	if (!(v & V_LARGE))
		return true;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (sizes[i].lp != lp || (sizes[i].rest != 255 && sizes[i].rest != rest))
			continue;
		*base = sizes[i].base;
		*actual = sizes[i].actual;
		return true;
	}
	return false;
}

unsigned int entry_base_shift(uint64_t v, uint64_t r)
{
	unsigned int base, actual;

	return page_shifts(v, r, &base, &actual) ? base : 0;
}

bool entry_is_vrma(uint64_t v)
{
	return (v & ~0xffffffULL) == (V_1TB | VRMA_VSID << 24);
}

/* What H_ENTER says to an entry, for whose place there is room. */
enum enter entry_enter(const struct vm *vm, uint64_t v, uint64_t r)
{
	static const uint64_t base[] = { 0, MORE_RAM_GPA };
	static const uint64_t bytes[] = { RAM_BYTES, MORE_RAM_BYTES };
	unsigned int shift, actual;
	uint64_t gpa, mask;

	if (v >> 63 || !page_shifts(v, r, &shift, &actual))
		return ENTER_PARAMETER;
	mask = (1ULL << actual) - 1;
	gpa = r & R_RPN & ~mask;
	for (unsigned int i = 0; i < 2; i++) {
		if (!vm->has_slot[i] || gpa < base[i] || gpa >= base[i] + bytes[i])
			continue;
		if (mask < host.page_bytes)
			return ENTER_OK;
		if (base[i] & mask || bytes[i] & mask)
			return ENTER_PARAMETER;
		/* only if the host has not got smaller pages there by now */
		return ENTER_EITHER;
	}
	return ENTER_OK;
}

static uint64_t new_slot(const struct entry *e, unsigned int from_order, unsigned int order)
{
	uint64_t old_mask = (1ULL << (from_order - 7)) - 1, mask = (1ULL << (order - 7)) - 1;
	unsigned int shift = entry_base_shift(e->v, e->r);
	uint64_t group = e->slot / 8, avpn, vsid, offset, hash;

	avpn = (e->v & 0x3fffffffffffff80ULL) >> 7;
	avpn &= ~(((1ULL << shift) - 1) >> 23);
	if (e->v & V_SECONDARY)
		group = ~group;
	if (e->v & V_1TB) {
		vsid = avpn >> 17;
		vsid ^= vsid << 25;
		offset = (avpn & 0x1ffff) << 23;
	} else {
		vsid = avpn >> 5;
		offset = (avpn & 0x1f) << 23;
	}
	if (shift < 23)
		offset |= ((vsid ^ group) & old_mask) << shift;
	hash = vsid ^ offset >> shift;
	if (e->v & V_SECONDARY)
		hash = ~hash;
	return (hash & mask) * 8 + e->slot % 8;
}

/* What a resize makes of them: 0 or -1, two bolted ones want the same place. */
int entries_rehash(const struct entries *from, unsigned int from_order, struct entries *to,
		   unsigned int order)
{
	entries_clear(to);
	for (unsigned int i = 0; i < from->count; i++) {
		const struct entry *e = &from->entry[i];
		uint64_t slot = new_slot(e, from_order, order);

		if (!(e->v & V_BOLTED))
			continue;
		if (entries_at(to, slot))
			return -1;
		entries_put(to, slot, e->v, e->r);
	}
	return 0;
}

/* What the first vCPU to run enters: the memory at 0, one in each group at most */
void entries_map_vrma(struct vm *vm)
{
	unsigned int shift = host.page_bytes >= 0x10000 ? 16 : 12;
	uint64_t mask = (1ULL << (vm->order - 7)) - 1, pages = RAM_BYTES >> shift;
	uint64_t v = V_1TB | VRMA_VSID << 24 | V_BOLTED | (shift == 16 ? V_LARGE : 0);
	uint64_t r = (shift == 16 ? 0x1000 : 0) | R_RC | 0x10;

	for (uint64_t i = 0; i < pages && i <= mask; i++) {
		uint64_t addr = i << shift;
		uint64_t slot = ((i ^ VRMA_VSID ^ VRMA_VSID << 25) & mask) * 8 + 7;

		if (entries_at(&vm->entries, slot))
			break;
		entries_put(&vm->entries, slot, v | (addr >> 16 & ~0x7fULL), r | addr);
	}
}

static uint64_t random_second(uint64_t *v)
{
	static const struct {
		bool large;
		uint64_t lp;
		unsigned int shift;
	} sizes[] = {
		{ false, 0, 12 },     { true, 0x1000, 16 }, { true, 0, 24 },
		{ true, 0x7000, 16 }, { true, 0x8000, 24 }, { true, 0x38000, 24 },
		{ true, 0x3000, 34 }, { true, 0x2000, 12 },
	};
	unsigned int size = chance(70) ? below(3) : below(8);
	uint64_t gpa;

	switch (below(3)) {
	case 0:
		gpa = below(RAM_BYTES);
		break;
	case 1:
		gpa = MORE_RAM_GPA + below(MORE_RAM_BYTES);
		break;
	default:
		gpa = 0x40000000 + below(1U << 30);
	}
	if (sizes[size].large)
		*v |= V_LARGE;
	return (gpa & ~((1ULL << sizes[size].shift) - 1)) | sizes[size].lp | below(0x1000);
}

/* Few segments, so that they meet */
void entry_random(const struct vm *vm, struct entry *e)
{
	static const uint64_t vsids[] = { 0x200, 0x100, 0x123, 0x3ff };
	uint64_t vsid = chance(70) ? vsids[below(4)] : below(1U << 24);
	uint64_t slots = vm->order ? 1ULL << (vm->order - 4) : 1 << 14;

	e->slot = (uint32_t)(random_bits() % slots);
	if (vm->entries.count && chance(25))
		e->slot = vm->entries.entry[below(vm->entries.count)].slot;
	if (chance(3))
		e->slot = (uint32_t)(slots + below(3) - 1);
	if (chance(20))
		e->v = V_1TB | vsid << 24 | (uint64_t)below(1 << 17) << 7;
	else
		e->v = vsid << 12 | (uint64_t)below(32) << 7;
	if (chance(2))
		e->v = V_1TB | VRMA_VSID << 24 | (uint64_t)below(1 << 17) << 7;
	if (chance(2))
		e->v |= 1ULL << 63;
	if (chance(60))
		e->v |= V_BOLTED;
	if (chance(15))
		e->v |= V_SECONDARY;
	if (chance(97))
		e->v |= V_VALID;
	if (chance(10))
		e->v |= random_bits() & (V_HVLOCK | V_ABSENT | 8);
	e->r = random_second(&e->v);
	if (chance(5))
		e->r |= R_MODIFIED;
}

/*
 * Bolted, 16M, in one of two groups, which are not both the right one: in a table of any other size the
 * place of all of them is the same.
 */
void entry_collider(struct entry *e)
{
	e->slot = (0x100 + below(2)) * 8 + below(2);
	e->v = 0x200ULL << 12 | V_BOLTED | V_LARGE | V_VALID;
	e->r = 0x40000000;
}

struct walk {
	struct vm *vm;
	struct entries found;
	uint64_t next, slots;
	bool bolted_only;
};

static void check_entry(struct walk *w, uint64_t slot, uint64_t v, uint64_t r)
{
	const struct entry *e = entries_at(&w->vm->entries, slot);

	v &= ~V_HVLOCK; /* which the kernel takes to read it, and shows */
	entries_put(&w->found, slot, v, r);
	if (!w->vm->entries.known)
		return;
	if (!e || (w->bolted_only && !(e->v & V_BOLTED)))
		disagree("entry %llu is there (%#llx %#llx) and should not be",
			 (unsigned long long)slot, (unsigned long long)v, (unsigned long long)r);
	if (e->v != v || (e->r & ~R_RC) != (r & ~R_RC))
		disagree("entry %llu is %#llx %#llx, should be %#llx %#llx",
			 (unsigned long long)slot, (unsigned long long)v, (unsigned long long)r,
			 (unsigned long long)e->v, (unsigned long long)e->r);
}

static void check_chunk(struct walk *w, const unsigned char *at, const unsigned char *end)
{
	while (at < end) {
		struct kvm_get_htab_header header;

		memcpy(&header, at, sizeof(header));
		at += sizeof(header);
		if (header.index != w->next)
			disagree("the htab file goes on at %u instead of %llu", header.index,
				 (unsigned long long)w->next);
		for (unsigned int i = 0; i < header.n_valid; i++, at += 16) {
			uint64_t pair[2];

			memcpy(pair, at, sizeof(pair));
			check_entry(w, header.index + i, be64toh(pair[0]), be64toh(pair[1]));
		}
		w->next += (uint64_t)header.n_valid + header.n_invalid;
		if (w->next > w->slots)
			disagree("the htab file goes on beyond the table, to %llu",
				 (unsigned long long)w->next);
	}
}

static void check_all_there(struct walk *w)
{
	const struct entries *should = &w->vm->entries;

	for (unsigned int i = 0; should->known && i < should->count; i++) {
		const struct entry *e = &should->entry[i];

		if (w->bolted_only && !(e->v & V_BOLTED))
			continue;
		if (!entries_at(&w->found, e->slot))
			disagree("entry %u (%#llx %#llx) has gone", e->slot,
				 (unsigned long long)e->v, (unsigned long long)e->r);
	}
	if (!w->bolted_only)
		entries_copy(&w->vm->entries, &w->found);
}

/* Reads the whole table and compares; what is not known is believed. */
void entries_check(struct vm *vm, unsigned int flags)
{
	static const unsigned int sizes[] = { 40, 4096, 40000, READ_BYTES };
	struct walk w = {
		.vm = vm,
		.slots = vm->order ? 1ULL << (vm->order - 4) : 0,
		.bolted_only = flags & KVM_GET_HTAB_BOLTED_ONLY,
	};
	struct kvm_get_htab_fd arg = { .flags = flags };
	size_t bytes = sizes[vm->order > 19 ? 3 : below(4)];
	static unsigned char data[READ_BYTES];
	int fd = call(OWNER, vm->fd, KVM_PPC_GET_HTAB_FD, &arg, sizeof(arg), GOOD);
	ssize_t n;

	if (fd < 0)
		disagree("no htab file descriptor: %d", fd);
	w.found.known = true;
	while (w.next < w.slots && (n = read(fd, data, bytes)) > 0)
		check_chunk(&w, data, data + n);
	if (w.next != w.slots)
		disagree("the htab file ends at %llu of %llu entries", (unsigned long long)w.next,
			 (unsigned long long)w.slots);
	if (!w.slots && read(fd, data, bytes))
		disagree("the htab file of a VM without a table is not empty");
	close(fd);
	check_all_there(&w);
	free(w.found.entry);
}
