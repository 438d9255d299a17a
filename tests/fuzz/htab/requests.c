// SPDX-License-Identifier: GPL-2.0-only
/* Requests about the table as such: who makes them, with what, and what may come of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

struct way random_way(const struct vm *vm)
{
	struct way way = { .who = OWNER, .fd = vm->fd, .pointer = GOOD };

	if (may_be_others() && chance(30))
		way.who = chance(50) ? ADMIN : STRANGER;
	if (vm->fd < 0)
		way.who = vm->held[0] ? ADMIN : STRANGER;
	if (way.who != OWNER && vm->held[way.who - ADMIN])
		way.fd = -1 - (int)vm->index;
	if (may_be_bad_pointers() && chance(12))
		way.pointer = 1 + below(POINTERS - 1);
	if (way.pointer == KERNELS && host.reads_kernel_pointers)
		way.pointer = NOWHERE;
	return way;
}

/* Can anybody make requests? A VM that the owner has closed may be kept by a mere htab file. */
static bool reachable(const struct vm *vm)
{
	return vm->fd >= 0 || vm->held[0] || vm->held[1];
}

bool readable(enum pointer pointer)
{
	return pointer == GOOD || pointer == READ_ONLY;
}

unsigned int ordinary_order(void)
{
	if (chance(8))
		return 29 + below(18);
	return chance(60) ? 18 + below(7) : 21 + below(8);
}

uint32_t odd_order(void)
{
	static const uint32_t odd[] = { 0,  0,	1,  16,	     17,	 47,	     48,
					63, 64, 82, 0x10012, 0x80000000, 0xffffffff, 0x80000012 };

	return odd[below(sizeof(odd) / sizeof(odd[0]))];
}

bool order_valid(uint32_t order)
{
	return order >= ORDER_MIN && order <= ORDER_MAX;
}

/* What the owner's offer means for others */
static int offer(const struct vm *vm, uint32_t order)
{
	if (!(vm->ctl & KVM_PPC_HTAB_CTL_OFFER) || (vm->max_order && order > vm->max_order))
		return -EPERM;
	return vm->offered == YES ? 0 : -EBUSY;
}

/* 0, or what the request has to be refused with before it comes to the table */
static int permission(const struct vm *vm, enum who who, uint32_t order, uint32_t flags)
{
	bool force = flags & KVM_PPC_HTAB_FORCE;
	int err;

	if (who == OWNER)
		return 0;
	err = force ? -EPERM : offer(vm, order);
	if (err && who == ADMIN)
		err = force || vm->used == NO ? 0 : -EBUSY;
	return !err && vm->nr_running ? -EBUSY : err;
}

void pending_gone(struct vm *vm)
{
	vm->pending = PENDING_NONE;
	vm->pending_order = 0;
	vm->pending_place = (struct place){ .known = true };
}

/* The VM's table has been cleared, whoever may have had to wait for that. */
static void table_cleared(struct vm *vm)
{
	entries_clear(&vm->entries);
	vm->ready = NO;
	vm->used = NO;
	if (host.patched)
		pending_gone(vm);
}

static void table_new(struct vm *vm, unsigned int order, unsigned int source)
{
	table_gone(vm);
	vm->order = order;
	vm->source = source;
	vm->place.known = false;
	vm->radix = false;
	table_cleared(vm);
}

/* Does the model have reason to expect a table of that order in the pool? */
bool sure(const struct vm *vm, unsigned int order, bool own_place_too)
{
	return pool_quiet() && pool_could(vm, order, own_place_too);
}

/* A request that has not been refused has failed for want of memory, or should have. */
static void judge_failure(struct vm *vm, const struct kvm_ppc_htab *req)
{
	unsigned int low = req->min_order ?: req->order;

	for (unsigned int order = low; order <= req->order; order++)
		if ((vm->order == order) || sure(vm, order, true))
			disagree("ENOMEM, but order %u can be had", order);
	if (host.patched) {
		pending_gone(vm);
	} else if (excused(2)) {
		table_gone(vm);
		vm->radix = false;
		vm->ready = NO;
	}
}

/*
 * What becomes of a request that nothing forbids. order, source: what the answer says; source 0: nothing.
 */
static void judge_table(struct vm *vm, const struct kvm_ppc_htab *req, int ret, unsigned int order,
			unsigned int source)
{
	bool keep = (req->flags & KVM_PPC_HTAB_KEEP) && vm->order &&
		    vm->order >= (req->min_order ?: req->order);
	unsigned int low = req->min_order ?: req->order, best = 0;

	if (vm->nr_running && vm->ready != NO) {
		allow(ret, -EBUSY, vm->ready == YES ? -EBUSY : 0);
		return;
	}
	if (!vm->order && !req->order) {
		allow(ret, 0, 0);
		if (!vm->radix)
			vm->used = NO;
		if (order || source)
			disagree("no table, but the answer is order %u source %u", order, source);
		return;
	}
	if (keep) {
		allow(ret, 0, 0);
		if (order != vm->order || (source && vm->source && source != vm->source))
			disagree("order %u source %u is not what it was", order, source);
		table_cleared(vm);
		return;
	}
	allow(ret, 0, -ENOMEM);
	if (ret)
		return judge_failure(vm, req);
	if (order < low || order > req->order)
		disagree("order %u was not asked for", order);
	for (best = req->order; best > order; best--)
		if (best == vm->order || sure(vm, best, true))
			disagree("order %u, but %u can be had", order, best);
	if (order == vm->order) {
		table_cleared(vm);
		return;
	}
	if (!(req->flags & KVM_PPC_HTAB_PREFER_PAGES) && sure(vm, order, false)) {
		if (source && source != KVM_PPC_HTAB_POOL)
			disagree("source %u, though the pool has room", source);
		source = host.patched ? KVM_PPC_HTAB_POOL : 0;
	}
	table_new(vm, order, source);
}

/* What the u32 ioctl of an unpatched kernel does as ours does; there is no INFO to say more. */
static bool allocate(struct vm *vm, uint32_t order)
{
	struct way way = random_way(vm);
	struct kvm_ppc_htab req = { .order = order };
	int ret, refused = permission(vm, way.who, order, 0);
	uint32_t arg = order;

	if (!reachable(vm))
		return false;
	step("VM %u allocate %u, %s%s", vm->index, order, who_name(way.who),
	     pointer_name(way.pointer));
	ret = call(way.who, way.fd, KVM_PPC_ALLOCATE_HTAB, &arg, sizeof(arg), way.pointer);
	answer("ALLOCATE_HTAB", ret, " order %u", arg);
	if (way.pointer == READ_ONLY && arg != order)
		disagree("the argument was changed");
	if (way.who != OWNER && !host.patched)
		allow(ret, -EIO, -EIO);
	else if (!readable(way.pointer))
		allow(ret, -EFAULT, -EFAULT);
	else if (!order_valid(order))
		allow(ret, -EINVAL, !host.patched && vm->nr_running ? -EBUSY : -EINVAL);
	else if (refused)
		allow(ret, refused, refused);
	else if ((vm->ctl & KVM_PPC_HTAB_CTL_FALLBACK) && way.pointer == READ_ONLY)
		allow(ret, -EFAULT, -EFAULT);
	else {
		if (vm->ctl & KVM_PPC_HTAB_CTL_FALLBACK) {
			req.min_order = ORDER_MIN;
			req.flags = KVM_PPC_HTAB_KEEP | KVM_PPC_HTAB_PREFER_PAGES;
		}
		judge_table(vm, &req, ret, arg, 0);
	}
	if (ret && arg != order)
		disagree("refused, but the argument was changed to %u", arg);
	if (ret == -EINVAL && !order_valid(order) && excused(2)) {
		table_gone(vm);
		vm->radix = false;
		vm->ready = NO;
	}
	return true;
}

bool do_allocate(struct vm *vm)
{
	return allocate(vm, ordinary_order());
}

bool do_allocate_odd(struct vm *vm)
{
	uint32_t order = odd_order();

	if (!order && excused(1))
		order = 17;
	return allocate(vm, order);
}

static bool request_valid(const struct kvm_ppc_htab *req)
{
	if (req->flags & ~7U || req->reserved[0] || req->reserved[1])
		return false;
	if (!req->order && !req->min_order)
		return req->flags & KVM_PPC_HTAB_KEEP;
	return order_valid(req->order) &&
	       (!req->min_order || (order_valid(req->min_order) && req->min_order <= req->order));
}

static bool allocate2(struct vm *vm, struct kvm_ppc_htab req, const char *name)
{
	struct way way = random_way(vm);
	int ret, refused = permission(vm, way.who, req.order, req.flags);
	struct kvm_ppc_htab arg = req;

	if (!reachable(vm))
		return false;
	step("VM %u %s %u min %u flags %#x, %s%s", vm->index, name, req.order, req.min_order,
	     req.flags, who_name(way.who), pointer_name(way.pointer));
	ret = call(way.who, way.fd, KVM_PPC_ALLOCATE_HTAB2, &arg, sizeof(arg), way.pointer);
	answer("ALLOCATE_HTAB2", ret, " order %u source %u", arg.order, arg.source);
	if (way.who != OWNER && !host.patched)
		allow(ret, -EIO, -EIO);
	else if (!host.patched)
		allow(ret, -ENOTTY, -ENOTTY);
	else if (!readable(way.pointer))
		allow(ret, -EFAULT, -EFAULT);
	else if (!request_valid(&req))
		allow(ret, -EINVAL, -EINVAL);
	else if (refused)
		allow(ret, refused, refused);
	else if (way.pointer == READ_ONLY)
		allow(ret, -EFAULT, -EFAULT);
	else
		judge_table(vm, &req, ret, arg.order, arg.source);
	if (ret && memcmp(&arg, &req, sizeof(arg)))
		disagree("refused, but the argument was changed");
	req.order = arg.order;
	req.source = arg.source;
	if (memcmp(&arg, &req, sizeof(arg)))
		disagree("more of the argument was changed than order and source");
	return true;
}

bool do_allocate2(struct vm *vm)
{
	struct kvm_ppc_htab req = { .order = ordinary_order(), .flags = below(4) };

	if (chance(60))
		req.min_order = ORDER_MIN + below(req.order - ORDER_MIN + 1);
	if (chance(10))
		req.order = odd_order();
	if (chance(5))
		req.min_order = odd_order();
	if (chance(4))
		req.flags |= 8U << below(29);
	if (chance(15))
		req.flags |= KVM_PPC_HTAB_FORCE;
	if (chance(4))
		req.reserved[below(2)] = 1ULL << below(64);
	if (chance(10))
		req.source = below(5);
	return allocate2(vm, req, "allocate2");
}

bool do_reset(struct vm *vm)
{
	struct kvm_ppc_htab req = { .flags = KVM_PPC_HTAB_KEEP };

	if (chance(25))
		req.flags |= KVM_PPC_HTAB_FORCE;
	return allocate2(vm, req, "reset");
}

/* Its contents are looked at after every step anyway; here it is asked with other pointers, by others. */
bool do_info(struct vm *vm)
{
	struct way way = random_way(vm);
	struct kvm_ppc_htab_info info = { 0 };
	int ret;

	if (!reachable(vm))
		return false;
	step("VM %u info, %s%s", vm->index, who_name(way.who), pointer_name(way.pointer));
	ret = call(way.who, way.fd, KVM_PPC_GET_HTAB_INFO, &info, sizeof(info), way.pointer);
	answered("GET_HTAB_INFO", ret);
	if (!host.patched)
		allow(ret, way.who == OWNER ? -ENOTTY : -EIO, -EIO);
	else if (way.who == STRANGER && !(vm->ctl & KVM_PPC_HTAB_CTL_OFFER))
		allow(ret, -EPERM, -EPERM);
	else if (way.pointer != GOOD)
		allow(ret, -EFAULT, -EFAULT);
	else
		allow(ret, 0, 0);
	if (!ret && way.pointer == GOOD && info.order != vm->order)
		disagree("order %u, should be %u", info.order, vm->order);
	return true;
}

bool do_ctl(struct vm *vm)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_PPC_HTAB_CTL, .args = { below(8) << 1 } };
	struct way way = random_way(vm);
	int ret;

	if (vm->fd < 0)
		return false;
	if (chance(40))
		cap.args[1] = ORDER_MIN + below(12);
	if (chance(8))
		cap.args[0] |= chance(50) ? 1 : 16ULL << below(60);
	if (chance(8))
		cap.args[1] = chance(50) ? odd_order() : random_bits();
	if (chance(8))
		cap.args[2 + below(2)] = random_bits();
	if (chance(8))
		cap.flags = 1U << below(32);
	step("VM %u ctl %#llx %#llx %#llx %#llx flags %#x, %s%s", vm->index, cap.args[0],
	     cap.args[1], cap.args[2], cap.args[3], cap.flags, who_name(way.who),
	     pointer_name(way.pointer));
	ret = call(way.who, way.fd, KVM_ENABLE_CAP, &cap, sizeof(cap), way.pointer);
	answered("ENABLE_CAP", ret);
	if (way.who != OWNER)
		allow(ret, -EIO, -EIO);
	else if (!readable(way.pointer))
		allow(ret, -EFAULT, -EFAULT);
	else if (!host.patched || cap.flags || cap.args[0] & ~14ULL || cap.args[2] || cap.args[3] ||
		 (cap.args[1] && (cap.args[1] < ORDER_MIN || cap.args[1] > ORDER_MAX)))
		allow(ret, -EINVAL, -EINVAL);
	else if ((cap.args[0] & KVM_PPC_HTAB_CTL_OFFER) && vm->nr_running)
		allow(ret, -EBUSY, -EBUSY);
	else
		allow(ret, 0, 0);
	if (!ret) {
		vm->ctl = cap.args[0];
		vm->max_order = cap.args[1];
		vm->offered = cap.args[0] & KVM_PPC_HTAB_CTL_OFFER ? YES : NO;
	}
	return true;
}

static void mmu_changed(struct vm *vm, bool radix)
{
	if (radix == vm->radix)
		return;
	vm->radix = radix;
	vm->ready = NO;
	table_gone(vm);
	if (radix && host.patched)
		pending_gone(vm);
}

void make_hash(struct vm *vm)
{
	struct kvm_ppc_mmuv3_cfg cfg = { 0 };
	int ret = call(OWNER, vm->fd, KVM_PPC_CONFIGURE_V3_MMU, &cfg, sizeof(cfg), GOOD);

	answer("CONFIGURE_MMU", ret, " (hash)");
	allow(ret, 0, 0);
	mmu_changed(vm, false);
}

bool do_mmu(struct vm *vm)
{
	bool radix = chance(40);
	struct kvm_ppc_mmuv3_cfg cfg = {
		.flags = radix,
		.process_table = (uint64_t)radix << 63 | below(25),
	};
	struct way way = random_way(vm);
	bool good = true;
	int ret;

	if (vm->fd < 0 || (radix && excused(7) && vm->pending != PENDING_NONE))
		return false;
	if (chance(10))
		cfg.flags |= KVM_PPC_MMUV3_GTSE;
	if (chance(6)) {
		good = false;
		if (chance(50))
			cfg.flags |= 4ULL << below(62);
		else
			cfg.process_table = cfg.process_table ^ (1ULL << 63);
	}
	step("VM %u mmu %s flags %#llx %#llx, %s%s", vm->index, radix ? "radix" : "hash", cfg.flags,
	     cfg.process_table, who_name(way.who), pointer_name(way.pointer));
	ret = call(way.who, way.fd, KVM_PPC_CONFIGURE_V3_MMU, &cfg, sizeof(cfg), way.pointer);
	answered("CONFIGURE_MMU", ret);
	if (way.who != OWNER)
		allow(ret, -EIO, -EIO);
	else if (!readable(way.pointer))
		allow(ret, -EFAULT, -EFAULT);
	else if (!host.power9)
		allow(ret, -ENODEV, -ENODEV);
	else if (!good || (radix && host.hash_only))
		allow(ret, -EINVAL, -EINVAL);
	else if (radix != vm->radix && vm->nr_running && vm->ready != NO)
		allow(ret, -EBUSY, vm->ready == YES ? -EBUSY : 0);
	else
		allow(ret, 0, 0);
	if (!ret)
		mmu_changed(vm, radix);
	return true;
}

/* Requests that are the owner's alone, whatever he permits others */
bool do_not_yours(struct vm *vm)
{
	static const unsigned long requests[] = {
		KVM_CREATE_VCPU,   KVM_PPC_GET_HTAB_FD,	  KVM_SET_USER_MEMORY_REGION,
		KVM_GET_DIRTY_LOG, KVM_PPC_GET_SMMU_INFO, KVM_IOEVENTFD
	};
	unsigned char data[128] = { 0 };
	enum who who = chance(50) ? ADMIN : STRANGER;
	unsigned int i = below(sizeof(requests) / sizeof(requests[0]));
	int fd = vm->held[who - ADMIN] ? -1 - (int)vm->index : vm->fd, ret;

	if (!may_be_others() || (vm->fd < 0 && !vm->held[who - ADMIN]))
		return false;
	step("VM %u request %#lx, %s", vm->index, requests[i], who_name(who));
	ret = call(who, fd, requests[i], data, sizeof(data), GOOD);
	answered("not theirs", ret);
	allow(ret, -EIO, -EIO);
	return true;
}

/* Has room made for a table of nobody yet; 0 or a negative errno */
static int compact(unsigned int order)
{
	char text[12];
	int fd = open("/sys/kernel/kvm_htab/compact", O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		disagree("compact cannot be opened");
	ret = write(fd, text, (size_t)snprintf(text, sizeof(text), "%u", order)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

#define COMPACT_TRIES 20
#define COMPACT_WAIT_US 10000

/*
 * By a process that is killed meanwhile. What it has asked for comes to an end by itself, before what is
 * asked for afterwards; which is not done at all as long as nothing is free.
 */
static int compact_killed(unsigned int order)
{
	pid_t pid = fork();

	if (!pid) {
		compact(order);
		_exit(0);
	}
	usleep(below(20) * 1000);
	kill(pid, SIGKILL);
	if (waitpid(pid, NULL, 0) != pid)
		disagree("a process that asked for room could not be killed");
	for (int i = 0; i < COMPACT_TRIES && compact(ORDER_MIN); i++)
		usleep(COMPACT_WAIT_US);
	return 0;
}

/* Whatever is moved, each VM keeps what it has. */
bool do_compact(struct vm *vm)
{
	unsigned int order = ordinary_order();
	bool killed = chance(25);
	int ret;

	(void)vm;
	if (!host.patched)
		return false;
	step("compact %u%s", order, killed ? ", killed" : "");
	ret = killed ? compact_killed(order) : compact(order);
	answered("compact", ret);
	allow(ret, 0, -ENOMEM);
	if (ret && pool_quiet() && pool_could(NULL, order, false))
		disagree("no room for order %u, but there was", order);
	return true;
}
