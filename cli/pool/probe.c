// SPDX-License-Identifier: GPL-2.0-only
/* Temporary VMs that allocate tables. */
#include "pool/probe.h"

#include <fcntl.h>
#include <kvm-htab.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "lib/child.h"
#include "lib/clock.h"

/* asm/kvm.h and linux/kvm.h define these on POWER only. */
#ifndef KVM_VM_PPC_HV
#define KVM_VM_PPC_HV 1
#endif
#ifndef KVM_PPC_ALLOCATE_HTAB
#define KVM_PPC_ALLOCATE_HTAB _IOWR(KVMIO, 0xa7, __u32)
#endif

/* The numbers of requests that all CMA areas together have served and refused. */
struct cma_events {
	uint64_t served, refused;
	bool known; /* since 5.13 */
};

static int open_error(int code, struct error *err)
{
	if (code == ENOENT || code == ENODEV || code == ENXIO)
		return error_set(
			err, STATUS_CANNOT, code,
			"cannot probe: /dev/kvm is not available (%s); try `modprobe kvm_hv`",
			strerror(code));
	if (code == EACCES || code == EPERM)
		return error_set(
			err, STATUS_FAILED, code,
			"cannot probe: permission denied for /dev/kvm; try as root or, usually, "
			"as a member of group kvm");
	return error_set(err, STATUS_FAILED, code, "cannot probe: cannot open /dev/kvm: %s",
			 strerror(code));
}

static int no_kvm_hv(struct error *err)
{
	return error_set(err, STATUS_CANNOT, EOPNOTSUPP,
			 "cannot probe: /dev/kvm does not support guests with hashed page tables "
			 "(KVM-PR?); try `modprobe kvm_hv`");
}

static int no_more_vms(const struct probe *probe, int code, struct error *err)
{
	return error_set(err, STATUS_FAILED, code,
			 "cannot probe: cannot create more than %zu VMs: %s", probe->nvms,
			 strerror(code));
}

/* No table is larger than all CMA areas together and than HPT_ORDER_PAGES_MAX. */
static unsigned int order_limit(const struct probe *probe)
{
	_cleanup_free_ char *meminfo = NULL;
	unsigned int order;
	uint64_t cma_bytes;

	if (sysfs_read(&probe->fs, "/proc/meminfo", &meminfo, NULL) ||
	    !meminfo_bytes(meminfo, "CmaTotal:", &cma_bytes))
		return HPT_ORDER_MAX;
	order = log2_floor(cma_bytes | 1);
	return order > HPT_ORDER_PAGES_MAX ? order : HPT_ORDER_PAGES_MAX;
}

int probe_open(struct probe *probe, struct error *err)
{
	struct rlimit files;
	int r;

	*probe = (struct probe){ .kvm = -1 };
	r = sysfs_open(&probe->fs, NULL, err);
	if (r)
		return r;
	probe->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (probe->kvm < 0)
		return open_error(errno, err);
	if (ioctl(probe->kvm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_ALLOC_HTAB) <= 0)
		return no_kvm_hv(err);
	probe->limit = order_limit(probe);
	if (!getrlimit(RLIMIT_NOFILE, &files)) { /* a VM is an open file */
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	return 0;
}

static void drop_last(struct probe *probe)
{
	close(probe->vms[--probe->nvms]);
}

void probe_release(struct probe *probe)
{
	while (probe->nvms)
		drop_last(probe);
}

void probe_close(struct probe *probe)
{
	probe_release(probe);
	free(probe->vms);
	cleanup_close(&probe->kvm);
	sysfs_close(&probe->fs);
}

static int add_vm(struct probe *probe, struct error *err)
{
	int fd;

	if (probe->nvms == probe->size) {
		size_t size = probe->size ? probe->size * 2 : 64;
		int *larger = reallocarray(probe->vms, size, sizeof(*larger));

		if (!larger)
			return no_more_vms(probe, ENOMEM, err);
		probe->vms = larger;
		probe->size = size;
	}
	fd = ioctl(probe->kvm, KVM_CREATE_VM, KVM_VM_PPC_HV);
	if (fd < 0)
		return errno == EINVAL ? no_kvm_hv(err) : no_more_vms(probe, errno, err);
	probe->vms[probe->nvms++] = fd;
	return 0;
}

static struct cma_events read_cma_events(const struct probe *probe)
{
	_cleanup_free_ char *vmstat = NULL;
	struct cma_events events = { 0 };

	if (!sysfs_read(&probe->fs, "/proc/vmstat", &vmstat, NULL))
		events.known = !find_u64(vmstat, "cma_alloc_success ", &events.served) &&
			       !find_u64(vmstat, "cma_alloc_fail ", &events.refused);
	return events;
}

/*
 * The source of a table of @order on a stock kernel, which tries the pool first. Use of another
 * area at the same moment can only make the source unknown.
 */
static enum probe_outcome source_of(unsigned int order, const struct cma_events *before,
				    const struct cma_events *after)
{
	if (order > HPT_ORDER_PAGES_MAX)
		return PROBE_POOL;
	if (!before->known || !after->known)
		return PROBE_UNTOLD;
	if (after->served == before->served)
		return PROBE_PAGES;
	return after->refused == before->refused ? PROBE_POOL : PROBE_UNTOLD;
}

/* Allocates a table. Returns 0 or -errno. *@source: as the kernel reports it; 0: not reported. */
static int allocate(int vm, unsigned int order, uint32_t *source)
{
	struct kvm_ppc_htab htab = { .order = order };
	uint32_t plain = order;
	bool patched = ioctl(vm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_HTAB_CTL) > 0;
	int r;

	do {
		r = patched ? ioctl(vm, KVM_PPC_ALLOCATE_HTAB2, &htab) :
			      ioctl(vm, KVM_PPC_ALLOCATE_HTAB, &plain);
	} while (r < 0 && errno == EINTR);
	*source = htab.source;
	return r < 0 ? -errno : 0;
}

int probe_in_child(unsigned int timeout_ms, int (*work)(void *data, struct error *err), void *data,
		   size_t bytes, struct error *err)
{
	char seconds[SECONDS_TEXT_MAX];
	pid_t child;
	int r = child_run(timeout_ms, work, data, bytes, &child, err);

	if (!child)
		return r;
	return error_set(
		err, STATUS_CANNOT, ETIMEDOUT,
		"cannot probe: no answer within %s s, the kernel hangs in KVM_PPC_ALLOCATE_HTAB "
		"(process %d, which is left behind); see /proc/%d/stack and `kvm-htab doctor`",
		seconds_format(timeout_ms, seconds), child, child);
}

/* A reverse map is as large as its table, and a stock kernel kills processes to allocate it. */
int probe_has_memory(const struct probe *probe, uint64_t bytes, bool *suffices, struct error *err)
{
	uint64_t total_bytes, available_bytes;
	_cleanup_free_ char *meminfo = NULL;
	int r = sysfs_read(&probe->fs, "/proc/meminfo", &meminfo, NULL);

	if (r) /* out of file descriptors, which a VM would need, too */
		return no_more_vms(probe, -r, err);
	*suffices = meminfo_bytes(meminfo, "MemTotal:", &total_bytes) &&
		    meminfo_available(meminfo, &available_bytes) &&
		    available_bytes >= total_bytes / 64 &&
		    available_bytes - total_bytes / 64 >= bytes;
	return 0;
}

int probe_table(struct probe *probe, unsigned int order, enum probe_outcome *outcome,
		struct error *err)
{
	struct cma_events before, after;
	bool suffices = false;
	uint32_t source;
	int r;

	*outcome = PROBE_REFUSED;
	if (order > probe->limit)
		return 0;
	*outcome = PROBE_NO_MEMORY;
	r = probe_has_memory(probe, hpt_bytes(order), &suffices, err);
	if (r || !suffices)
		return r;
	r = add_vm(probe, err);
	if (r)
		return r;
	before = read_cma_events(probe);
	r = allocate(probe->vms[probe->nvms - 1], order, &source);
	after = read_cma_events(probe);
	if (r) {
		drop_last(probe);
		if (r != -ENOMEM)
			return error_set(err, STATUS_FAILED, -r, "the kernel refuses: %s",
					 strerror(-r));
		if (after.served == before.served) /* else the reverse map was refused */
			*outcome = PROBE_REFUSED;
		return 0;
	}
	if (source)
		*outcome = source == KVM_PPC_HTAB_POOL ? PROBE_POOL : PROBE_PAGES;
	else
		*outcome = source_of(order, &before, &after);
	return 0;
}

int probe_largest(struct probe *probe, unsigned int order, unsigned int *largest, struct error *err)
{
	enum probe_outcome outcome;
	int r;

	*largest = 0;
	for (; order >= HPT_ORDER_MIN; order--) {
		r = probe_table(probe, order, &outcome, err);
		if (r)
			return r;
		if (outcome == PROBE_REFUSED || outcome == PROBE_NO_MEMORY)
			continue;
		drop_last(probe);
		*largest = order;
		break;
	}
	return 0;
}

/* Allocates all tables of @order in the pool. *@more: whether to go on with smaller orders. */
static int fill(struct probe *probe, unsigned int order, uint64_t *count, bool *more,
		struct error *err)
{
	enum probe_outcome outcome;
	int r;

	*more = false;
	for (*count = 0;; ++*count) {
		r = probe_table(probe, order, &outcome, err);
		if (r)
			return r;
		if (outcome != PROBE_POOL)
			break;
	}
	if (outcome == PROBE_PAGES || outcome == PROBE_UNTOLD)
		drop_last(probe);
	if (outcome == PROBE_NO_MEMORY)
		return error_set(
			err, STATUS_FAILED, ENOMEM,
			"cannot probe to the end: too little free memory for the reverse maps; "
			"free some first");
	*more = outcome != PROBE_UNTOLD;
	return 0;
}

/*
 * The pool uses the first piece that is large enough, and tables are powers of two of one granule.
 * So after all larger tables are allocated, each free piece has only its end left. And where one
 * table of an order fits, two of the next smaller order fit.
 */
int probe_pool(struct probe *probe, struct pool *pool, struct error *err)
{
	unsigned int order;
	uint64_t fits = 0, count;
	bool more = true;
	int r = 0;

	for (order = HPT_ORDER_MAX; more && order >= HPT_ORDER_MIN; order--) {
		r = fill(probe, order, &count, &more, err);
		if (r || !more)
			break;
		fits = fits * 2 + count;
		fact_set(&pool->fits[order - HPT_ORDER_MIN], fits, false);
		if (fits)
			fact_set(&pool->largest_free_order, order, false);
	}
	probe_release(probe);
	if (fits)
		pool->state = POOL_READY;
	if (order < HPT_ORDER_MIN) {
		fact_set(&pool->largest_free_order, 0, false);
		fact_set(&pool->free_bytes, fits << HPT_ORDER_MIN, false);
	}
	return r;
}
