// SPDX-License-Identifier: GPL-2.0-only
/* A resize as a guest has it done: a table is prepared, which may take its time, and committed. */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fuzz.h"

#define UNDER_WAY 100 /* the answer of a prepare: milliseconds */
#define PREPARE_LIMIT_MS 60000

/* The owner's resize requests. Returns the answer, or what was refused before it was looked at. */
static int resize(struct vm *vm, unsigned long request, const char *name, uint32_t shift,
		  uint64_t flags, bool *looked_at)
{
	struct kvm_ppc_resize_hpt arg = { .shift = shift, .flags = flags };
	struct way way = random_way(vm);
	int ret;

	step("VM %u %s %u flags %#llx, %s%s", vm->index, name, shift, (unsigned long long)flags,
	     who_name(way.who), pointer_name(way.pointer));
	ret = call(way.who, way.fd, request, &arg, sizeof(arg), way.pointer);
	answered(name, ret);
	*looked_at = false;
	if (way.who != OWNER)
		allow(ret, -EIO, -EIO);
	else if (!readable(way.pointer))
		allow(ret, -EFAULT, -EFAULT);
	else if (flags || (shift && !order_valid(shift)) || vm->radix)
		allow(ret, -EINVAL, -EINVAL);
	else
		*looked_at = true;
	return ret;
}

/* An allocation that has ended, as the same request made again says */
static void prepare_result(struct vm *vm, int ret)
{
	if (ret == UNDER_WAY)
		return;
	allow(ret, 0, -ENOMEM);
	if (ret) {
		pending_gone(vm);
		return;
	}
	if (vm->pending == PENDING_UNDER_WAY)
		vm->pending_place.known = false;
	vm->pending = PENDING_DONE;
}

static void prepare_wait(struct vm *vm, uint32_t shift)
{
	struct kvm_ppc_resize_hpt arg = { .shift = shift };
	int ret = UNDER_WAY;

	for (unsigned int ms = 0; ret == UNDER_WAY; ms += 5) {
		if (ms > PREPARE_LIMIT_MS)
			disagree("the preparation does not end");
		usleep(5000);
		ret = call(OWNER, vm->fd, KVM_PPC_RESIZE_HPT_PREPARE, &arg, sizeof(arg), GOOD);
	}
	answered("PREPARE again", ret);
	prepare_result(vm, ret);
}

static bool prepare(struct vm *vm, uint32_t shift, uint64_t flags)
{
	bool looked_at, had_room;
	int ret;

	if (vm->fd < 0)
		return false;
	ret = resize(vm, KVM_PPC_RESIZE_HPT_PREPARE, "PREPARE", shift, flags, &looked_at);
	if (!looked_at)
		return true;
	if (vm->pending != PENDING_NONE && vm->pending_order == shift) {
		if (vm->pending == PENDING_DONE)
			allow(ret, 0, 0);
		prepare_result(vm, ret);
		return true;
	}
	if (vm->pending == PENDING_UNDER_WAY)
		pool_orphan();
	/* what was pending may be given up too late for this one, hence not counted as room */
	had_room = vm->pending == PENDING_NONE && sure(vm, shift, false);
	pending_gone(vm);
	allow(ret, shift ? UNDER_WAY : 0, shift ? UNDER_WAY : 0);
	if (!shift)
		return true;
	vm->pending = PENDING_UNDER_WAY;
	vm->pending_order = shift;
	vm->pending_place.known = false;
	if (chance(70)) {
		prepare_wait(vm, shift);
		if (had_room && vm->pending == PENDING_NONE)
			disagree("ENOMEM, but the pool had room");
	} else if (chance(30)) {
		/* its end waits for the allocation, and for the moves that this takes */
		do_close(vm);
	}
	return true;
}

/* So that a VM can be given up on a kernel that forgets what is pending */
void prepare_cancel(struct vm *vm)
{
	struct kvm_ppc_resize_hpt arg = { 0 };

	if (vm->pending == PENDING_NONE || vm->radix)
		return;
	allow(call(OWNER, vm->fd, KVM_PPC_RESIZE_HPT_PREPARE, &arg, sizeof(arg), GOOD), 0, 0);
	if (vm->pending == PENDING_UNDER_WAY)
		pool_orphan();
	pending_gone(vm);
}

bool do_prepare(struct vm *vm)
{
	return prepare(vm, ordinary_order(), 0);
}

bool do_prepare_odd(struct vm *vm)
{
	return prepare(vm, chance(30) ? 0 : odd_order(), chance(30) ? random_bits() : 0);
}

/* The table that was prepared is the VM's; of the entries, it has the bolted ones. */
static void pivot(struct vm *vm, struct entries *moved)
{
	vm->order = vm->pending_order;
	vm->place = vm->pending_place;
	vm->source = 0;
	entries_copy(&vm->entries, moved);
	pending_gone(vm);
}

static bool commit(struct vm *vm, uint32_t shift, uint64_t flags)
{
	static struct entries moved;
	bool looked_at;
	int ret, want = 0;

	if (vm->fd < 0)
		return false;
	if (!vm->radix && !vm->entries.known && vm->order)
		entries_check(vm, 0);
	ret = resize(vm, KVM_PPC_RESIZE_HPT_COMMIT, "COMMIT", shift, flags, &looked_at);
	if (!looked_at)
		return true;
	if (vm->pending == PENDING_NONE || vm->pending_order != shift) {
		allow(ret, -ENXIO, -ENXIO);
		if (vm->pending == PENDING_UNDER_WAY)
			pool_orphan();
		pending_gone(vm);
		return true;
	}
	if (vm->pending == PENDING_UNDER_WAY && (ret == -EBUSY || ret == -ENOMEM)) {
		pool_orphan();
		pending_gone(vm);
		return true;
	}
	entries_clear(&moved);
	if (vm->order)
		want = entries_rehash(&vm->entries, vm->order, &moved, shift) ? -ENOSPC : 0;
	allow(ret, want, want);
	if (ret)
		pending_gone(vm);
	else
		pivot(vm, &moved);
	return true;
}

bool do_commit(struct vm *vm)
{
	if (excused(3) && vm->ready != YES)
		return false;
	if (vm->pending == PENDING_NONE && chance(80))
		return false;
	return commit(vm, vm->pending != PENDING_NONE ? vm->pending_order : ordinary_order(), 0);
}

bool do_commit_odd(struct vm *vm)
{
	if (excused(3) && vm->ready != YES)
		return false;
	return commit(vm, chance(50) ? ordinary_order() : odd_order(),
		      chance(30) ? random_bits() : 0);
}
