// SPDX-License-Identifier: GPL-2.0-only
/*
 * A model of the VM's entries: the guest does random hypercalls, and loads and stores through its entries, and each
 * answer is compared with what the model says, reference and change bits included. The owner reads and writes the table
 * by the htab file, takes pages away, and fetches the dirty log.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <kvm-htab.h>

#include "../../fuzz/htab/random.h"
#include "hcall.h"
#include "vmm.h"

#define FLAG_EXACT (1ULL << 39)
#define FLAG_READ_4 (1ULL << 37)
#define FLAG_AVPN (1ULL << 31)

#define V_VALID 1ULL
#define V_SECONDARY 2ULL
#define V_KVM 0x60ULL /* bits of the kernel's own */
#define V_AVPN (~0x7fULL)
#define R_PP 3ULL
#define R_C 0x80ULL
#define R_R 0x100ULL
#define R_RC (R_R | R_C)
#define R_KVM (1ULL << 62)

/* Pages of 4 KiB that entries are for, in RAM and not */
#define PAGES_AT 0x400000UL
#define PAGES 512
#define MMIO_GPA 0x40000000ULL
#define MMIO_VALUE 0x4b564d2d48544142ULL

#define BATCH 48
#define HOST_PAGE 65536UL

struct slot {
	bool used;
	bool mine; /* not one of those that map real mode */
	bool mmio;
	uint64_t v, r, rc;
	unsigned int vsid, page; /* how the guest gets at it */
};

static struct model {
	struct slot *slots;
	size_t n;
	uint64_t memory[PAGES];
	bool dirty[PAGES];
	uint64_t stores;
} model;

/* What is not as the model has it */
static char problem[200];

#define PROBLEM(...) (snprintf(problem, sizeof(problem), __VA_ARGS__), -EPROTO)

/* What the guest reports of one step: r3 to r11 */
struct expected {
	const char *what;
	size_t index;
	unsigned int n; /* registers that count */
	uint64_t value[9], mask[9];
};

static struct expected expected[BATCH];
static struct guest_step steps[BATCH];
static unsigned int nr_steps;

static struct expected *step(const char *what, size_t index, uint64_t number, uint64_t a,
			     uint64_t b, uint64_t c, uint64_t d)
{
	steps[nr_steps] = (struct guest_step){ .in = { number, a, b, c, d } };
	expected[nr_steps] = (struct expected){ .what = what, .index = index };
	return &expected[nr_steps++];
}

static void answer(struct expected *e, uint64_t value, uint64_t mask)
{
	e->value[e->n] = value;
	e->mask[e->n++] = mask;
}

static uint64_t group_of(unsigned int vsid, unsigned int page, bool secondary)
{
	uint64_t mask = model.n / 8 - 1, hash = (vsid ^ page) & mask;

	return 8 * (secondary ? ~hash & mask : hash);
}

static void add_enter(void)
{
	unsigned int vsid = 1 + below(0xfff0), page = below(2048), to = below(PAGES);
	bool secondary = chance(30), exact = chance(30), mmio = chance(5);
	uint64_t v = (uint64_t)vsid << 12 | (secondary ? V_SECONDARY : 0) | V_VALID;
	uint64_t r = mmio ? MMIO_GPA | 0x28 | 2 : (PAGES_AT + to * 4096) | 0x10 | 2;
	uint64_t i = group_of(vsid, page, secondary) + (exact ? below(8) : 0);
	struct expected *e;

	/* Bits of the page above those that come from the group */
	v |= (uint64_t)(page >> 11) << 7;
	e = step("H_ENTER", i, H_ENTER, exact ? FLAG_EXACT : 0, i, v, r);
	for (; !exact && i % 8 < 7 && model.slots[i].used; i++)
		;
	if (model.slots[i].used) {
		answer(e, (uint64_t)H_PTEG_FULL, ~0ULL);
		return;
	}
	e->index = i;
	answer(e, 0, ~0ULL);
	answer(e, i, ~0ULL);
	model.slots[i] = (struct slot){
		.used = true, .mine = true, .mmio = mmio, .v = v, .r = r, .vsid = vsid, .page = page
	};
}

/* An entry of ours, from anywhere in the table, or any place, used or not, if there is none near */
static size_t some_index(void)
{
	size_t i = below((unsigned int)model.n);

	for (size_t n = 0; n < model.n && !chance(1); n++, i = (i + 1) % model.n)
		if (model.slots[i].mine)
			return i;
	while (model.slots[i].used && !model.slots[i].mine)
		i = (i + 1) % model.n;
	return i;
}

static void answer_entry(struct expected *e, const struct slot *s)
{
	answer(e, s->v, ~V_KVM);
	answer(e, s->r | s->rc, ~R_KVM);
}

static void add_remove(void)
{
	size_t i = some_index();
	struct slot *s = &model.slots[i];
	bool match = chance(70);
	uint64_t avpn = s->v & V_AVPN;
	struct expected *e = step("H_REMOVE", i, H_REMOVE, match ? FLAG_AVPN : 0, i,
				  chance(10) ? avpn ^ 0x80 : avpn, 0);

	if (!s->used || (match && steps[nr_steps - 1].in[3] != avpn)) {
		answer(e, (uint64_t)H_NOT_FOUND, ~0ULL);
		return;
	}
	answer(e, 0, ~0ULL);
	answer_entry(e, s);
	*s = (struct slot){};
}

static void add_bulk_remove(void)
{
	struct expected *e = step("H_BULK_REMOVE", 0, H_BULK_REMOVE, 0, 0, 0, 0);
	struct guest_step *in = &steps[nr_steps - 1];
	unsigned int n = 1 + below(4);

	answer(e, 0, ~0ULL);
	for (unsigned int k = 0; k < n; k++) {
		size_t i = some_index();
		struct slot *s = &model.slots[i];

		e->index = i;
		in->in[1 + 2 * k] = 0x40ULL << 56 | i;
		if (s->used)
			answer(e, (0x80ULL << 56 | i) | s->rc << 51, ~0ULL);
		else
			answer(e, 0x90ULL << 56 | i, ~0ULL);
		answer(e, 0, 0);
		*s = (struct slot){};
	}
	if (n < 4)
		in->in[1 + 2 * n] = 0xc0ULL << 56;
}

static void add_protect(void)
{
	size_t i = some_index();
	struct slot *s = &model.slots[i];
	uint64_t pp = 2 + below(2);
	struct expected *e = step("H_PROTECT", i, H_PROTECT, pp | FLAG_AVPN, i, s->v & V_AVPN, 0);

	answer(e, s->used ? 0 : (uint64_t)H_NOT_FOUND, ~0ULL);
	if (s->used)
		s->r = (s->r & ~R_PP) | pp;
}

static void add_read(size_t i)
{
	size_t n = chance(30) ? 4 : 1;
	struct expected *e = step("H_READ", i, H_READ, n == 4 ? FLAG_READ_4 : 0, i, 0, 0);

	answer(e, 0, ~0ULL);
	for (size_t k = n == 4 ? i & ~3UL : i; n; n--, k++) {
		if (model.slots[k].mine) {
			answer_entry(e, &model.slots[k]);
		} else {
			answer(e, model.slots[k].used, V_VALID);
			answer(e, 0, 0);
		}
	}
}

static void add_clear(size_t i, bool ref)
{
	struct slot *s = &model.slots[i];
	struct expected *e = step(ref ? "H_CLEAR_REF" : "H_CLEAR_MOD", i,
				  ref ? H_CLEAR_REF : H_CLEAR_MOD, 0, i, 0, 0);

	answer(e, s->used ? 0 : (uint64_t)H_NOT_FOUND, ~0ULL);
	if (!s->used)
		return;
	answer(e, s->r | s->rc, ~R_KVM);
	s->rc &= ~(ref ? R_R : R_C);
}

/* Is it the only one that this address is translated by? */
static bool is_alone(const struct slot *s)
{
	for (unsigned int secondary = 0; secondary < 2; secondary++) {
		uint64_t i = group_of(s->vsid, s->page, secondary);

		for (unsigned int k = 0; k < 8; k++) {
			const struct slot *other = &model.slots[i + k];

			if (other != s && other->used && (other->v & V_AVPN) == (s->v & V_AVPN) &&
			    !!(other->v & V_SECONDARY) == secondary)
				return false;
		}
	}
	return true;
}

static unsigned int page_of(const struct slot *s)
{
	return (unsigned int)(((s->r & ~0xfffULL) - PAGES_AT) / 4096);
}

static void add_access(bool store)
{
	size_t i = some_index();
	struct slot *s = &model.slots[i];
	uint64_t esid, ea;
	struct expected *e;

	if (!s->mine || !is_alone(s))
		return;
	store = store && !s->mmio;
	/* A segment has one address, so no translation has to go with its SLB entry */
	esid = (uint64_t)(s->vsid + 1) << 28;
	ea = esid + s->page * 4096UL;
	e = step(store ? "store" : "load", i, store ? GUEST_STORE : GUEST_LOAD, ea,
		 (uint64_t)s->vsid << 12, esid | 1ULL << 27 | 1, ++model.stores);
	if (store && (s->r & R_PP) == 3) {
		answer(e, GUEST_FAULT, ~0ULL);
		return;
	}
	answer(e, 0, ~0ULL);
	if (s->mmio) {
		answer(e, MMIO_VALUE, ~0ULL);
		return;
	}
	if (store) {
		model.memory[page_of(s)] = model.stores;
		model.dirty[page_of(s)] = true;
	}
	answer(e, model.memory[page_of(s)], ~0ULL);
	s->rc |= store ? R_RC : R_R;
}

/* By an address that nothing translates: what was removed has to be gone */
static void add_fault(void)
{
	struct slot s = { .vsid = 1 + below(0xfff0), .page = below(2048) };
	uint64_t esid = (uint64_t)(s.vsid + 1) << 28;

	s.v = (uint64_t)s.vsid << 12 | (uint64_t)(s.page >> 11) << 7;
	if (!is_alone(&s))
		return;
	answer(step("a load that faults", group_of(s.vsid, s.page, false), GUEST_LOAD,
		    esid + s.page * 4096UL, (uint64_t)s.vsid << 12, esid | 1ULL << 27 | 1, 0),
	       GUEST_FAULT, ~0ULL);
}

static void add_step(void)
{
	unsigned int what = below(100);

	if (what < 30)
		add_enter();
	else if (what < 40)
		add_remove();
	else if (what < 44)
		add_bulk_remove();
	else if (what < 50)
		add_protect();
	else if (what < 56)
		add_read(some_index());
	else if (what < 61)
		add_clear(some_index(), true);
	else if (what < 68)
		add_clear(some_index(), false);
	else if (what < 82)
		add_access(true);
	else if (what < 96)
		add_access(false);
	else
		add_fault();
}

static int check_steps(void)
{
	for (unsigned int i = 0; i < nr_steps; i++) {
		const struct expected *e = &expected[i];

		for (unsigned int k = 0; k < e->n; k++)
			if ((steps[i].out[k] ^ e->value[k]) & e->mask[k])
				return PROBLEM("%s of %zu: r%u is %#llx and not %#llx", e->what,
					       e->index, k + 3, (unsigned long long)steps[i].out[k],
					       (unsigned long long)e->value[k]);
	}
	return 0;
}

static int run_steps(struct vm *vm)
{
	int ret = vm_steps(vm, 0, steps, nr_steps);
	return ret ? PROBLEM("the guest ended with error %d", ret) : check_steps();
}

static int run_batch(struct vm *vm)
{
	nr_steps = 0;
	for (unsigned int i = 0; i < BATCH; i++)
		add_step();
	return run_steps(vm);
}

/* All entries, as the htab file has them */
static int check_file(struct vm *vm, bool learn)
{
	struct entry *file = calloc(model.n, sizeof(*file));
	int ret = file ? htab_snapshot(vm, file, model.n) : -ENOMEM;

	for (size_t i = 0; !ret && i < model.n; i++) {
		struct slot *s = &model.slots[i];

		if (learn && (file[i].v & V_VALID))
			*s = (struct slot){ .used = true, .v = file[i].v, .r = file[i].r };
		else if (s->used != !!(file[i].v & V_VALID))
			ret = PROBLEM("the htab file says of %zu that it is %s", i,
				      s->used ? "free" : "used");
		else if (s->mine &&
			 (((file[i].v ^ s->v) & ~V_KVM) || ((file[i].r ^ (s->r | s->rc)) & ~R_KVM)))
			ret = PROBLEM("the htab file says of %zu: %#llx %#llx, not %#llx %#llx", i,
				      (unsigned long long)file[i].v, (unsigned long long)file[i].r,
				      (unsigned long long)s->v, (unsigned long long)(s->r | s->rc));
	}
	free(file);
	return ret;
}

/* As a VMM does that restores a VM: an entry in place of what is there, mostly one of ours, or nothing */
static int write_file(struct vm *vm)
{
	unsigned int vsid = 1 + below(0xfff0), page = below(2048), to = below(PAGES);
	size_t i = some_index();
	struct entry e = {};
	struct slot *s;

	/* A new one has to be in a group of its address */
	if (!model.slots[i].used || chance(30))
		i = group_of(vsid, page, false) + below(7);
	s = &model.slots[i];
	e.slot = (uint32_t)i;
	if (s->used && !s->mine)
		return 0;
	if (s->used && chance(50)) {
		*s = (struct slot){};
		return htab_write_none(vm, (uint32_t)i) ? PROBLEM("the htab file takes nothing") :
							  0;
	}
	if (s->used) {
		vsid = s->vsid;
		page = s->page;
		e.v = s->v;
	} else {
		e.v = (uint64_t)vsid << 12 | (uint64_t)(page >> 11) << 7 | V_VALID;
	}
	e.r = (PAGES_AT + to * 4096) | 0x10 | 2;
	if (htab_write(vm, &e, 1, 0) < 0)
		return PROBLEM("the htab file takes no entry");
	*s = (struct slot){
		.used = true, .mine = true, .v = e.v, .r = e.r, .vsid = vsid, .page = page
	};
	return 0;
}

/* What was stored to since the last time has to be in the dirty log */
static int check_dirty_log(struct vm *vm)
{
	static uint64_t bitmap[1 << 10];
	struct kvm_dirty_log log = { .dirty_bitmap = bitmap };

	memset(bitmap, 0, sizeof(bitmap));
	if (ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log))
		return PROBLEM("no dirty log: %s", strerror(errno));
	for (unsigned int page = 0; page < PAGES; page++) {
		uint64_t bit = (PAGES_AT + page * 4096) / HOST_PAGE;

		if (model.dirty[page] && !(bitmap[bit / 64] >> bit % 64 & 1))
			return PROBLEM("page %u was stored to and is not in the dirty log", page);
		model.dirty[page] = false;
	}
	return 0;
}

/* The host's page that has this one */
static unsigned int host_page_of(const struct slot *s)
{
	return page_of(s) / (unsigned int)(HOST_PAGE / 4096);
}

/* What the guest clears for pages that have been taken away is not there afterwards */
static int clear_bits(struct vm *vm, unsigned int host_page)
{
	nr_steps = 0;
	for (size_t i = 0; i < model.n && nr_steps + 2 <= BATCH; i++) {
		const struct slot *s = &model.slots[i];

		if (s->mine && !s->mmio && host_page_of(s) == host_page) {
			add_clear(i, chance(50));
			add_read(i);
		}
	}
	return run_steps(vm);
}

static int take_pages_away(struct vm *vm)
{
	unsigned int host_page = below(PAGES * 4096 / HOST_PAGE), per = HOST_PAGE / 4096;

	if (madvise(vm->ram + PAGES_AT + host_page * HOST_PAGE, HOST_PAGE, MADV_DONTNEED))
		return PROBLEM("madvise: %s", strerror(errno));
	memset(&model.memory[host_page * per], 0, per * sizeof(model.memory[0]));
	return chance(50) ? clear_bits(vm, host_page) : 0;
}

/* Not all are by default */
static int enable_hcall(struct vm *vm, uint64_t number)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_PPC_ENABLE_HCALL, .args = { number, 1 } };

	return ioctl(vm->fd, KVM_ENABLE_CAP, &cap) ? -errno : 0;
}

/* order: 0 if the kernel can say it */
static int begin(struct vm *vm, unsigned int order)
{
	struct kvm_userspace_memory_region region = {
		.flags = KVM_MEM_LOG_DIRTY_PAGES,
		.memory_size = vm->ram_bytes,
		.userspace_addr = (uintptr_t)vm->ram,
	};
	struct kvm_ppc_htab_info info = { .table_bytes = 1ULL << order };
	int ret = enable_hcall(vm, H_BULK_REMOVE)	?:
			  enable_hcall(vm, H_CLEAR_REF) ?:
							  enable_hcall(vm, H_CLEAR_MOD);

	if (ret)
		return ret;
	if (ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region) ||
	    (!order && ioctl(vm->fd, KVM_PPC_GET_HTAB_INFO, &info)))
		return -errno;
	/* The first time that it runs real mode is mapped */
	ret = vm_steps(vm, 0, steps, 0);
	if (ret)
		return ret;
	model.n = info.table_bytes / 16;
	model.slots = calloc(model.n, sizeof(*model.slots));
	return model.slots ? check_file(vm, true) : -ENOMEM;
}

int vm_model(struct vm *vm, uint64_t seed, unsigned int batches, unsigned int order, FILE *out)
{
	int ret = 0;

	problem[0] = 0;
	random_seed(seed);
	if (!model.slots)
		ret = begin(vm, order);
	for (unsigned int i = 0; !ret && i < batches; i++) {
		/* The first may be before anybody else looks for an entry */
		ret = chance(i ? 20 : 80) ? write_file(vm) : 0;
		if (!ret)
			ret = run_batch(vm);
		if (!ret && chance(20))
			ret = check_dirty_log(vm);
		if (!ret && chance(20))
			ret = take_pages_away(vm);
		if (!ret && chance(5))
			ret = check_file(vm, false);
	}
	if (ret)
		fprintf(out, "seed %#llx: %s", (unsigned long long)seed, problem);
	return ret;
}

/* All that there is, in the end */
int vm_model_check(struct vm *vm, FILE *out)
{
	int ret;

	problem[0] = 0;
	ret = model.slots ? check_file(vm, false) : -ENOENT;
	ret = ret ? ret : check_dirty_log(vm);
	fprintf(out, "%s", problem);
	return ret;
}
