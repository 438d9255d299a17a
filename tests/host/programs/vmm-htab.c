// SPDX-License-Identifier: GPL-2.0-only
/* The VM's hashed page table, with the rights of its owner. */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <kvm-htab.h>

#include "vmm.h"

#define READ_BYTES (1U << 20)

struct hpte {
	uint64_t v, r; /* big-endian */
};

int htab_allocate(struct vm *vm, uint32_t order, FILE *out)
{
	if (ioctl(vm->fd, KVM_PPC_ALLOCATE_HTAB, &order))
		return -errno;
	fprintf(out, "%u", order);
	return 0;
}

int htab_allocate2(struct vm *vm, uint32_t order, uint32_t min_order, uint32_t flags, FILE *out)
{
	struct kvm_ppc_htab htab = { .order = order, .min_order = min_order, .flags = flags };

	if (ioctl(vm->fd, KVM_PPC_ALLOCATE_HTAB2, &htab))
		return -errno;
	fprintf(out, "order=%u source=%u", htab.order, htab.source);
	return 0;
}

int htab_info(struct vm *vm, FILE *out)
{
	struct kvm_ppc_htab_info info;

	memset(&info, 0xff, sizeof(info));
	if (ioctl(vm->fd, KVM_PPC_GET_HTAB_INFO, &info))
		return -errno;
	fprintf(out,
		"order=%u source=%u flags=%#x vcpus_running=%u table_bytes=%llu"
		" revmap_bytes=%llu default_order=%u",
		info.order, info.source, info.flags, info.vcpus_running,
		(unsigned long long)info.table_bytes, (unsigned long long)info.revmap_bytes,
		info.default_order);
	for (size_t i = 0; i < sizeof(info.reserved) / sizeof(info.reserved[0]); i++)
		if (info.reserved[i] || info.pad)
			return -EPROTO;
	return 0;
}

int htab_ctl(struct vm *vm, uint64_t arg0, uint64_t arg1)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_PPC_HTAB_CTL, .args = { arg0, arg1 } };

	return ioctl(vm->fd, KVM_ENABLE_CAP, &cap) ? -errno : 0;
}

static int htab_open(struct vm *vm, unsigned int flags)
{
	struct kvm_get_htab_fd arg = { .flags = flags };
	int fd = ioctl(vm->fd, KVM_PPC_GET_HTAB_FD, &arg);

	return fd < 0 ? -errno : fd;
}

/*
 * Walks what one read returned. The file begins over with the entries that have changed since, so
 * an index that is not the next one is the end: returns 1.
 */
static int count_chunk(const unsigned char *at, const unsigned char *end, uint64_t *next,
		       uint64_t *valid, FILE *list)
{
	while (at < end) {
		struct kvm_get_htab_header header;

		memcpy(&header, at, sizeof(header));
		if (header.index != *next)
			return 1;
		at += sizeof(header);
		for (unsigned int i = 0; i < header.n_valid; i++, at += sizeof(struct hpte)) {
			struct hpte e;

			memcpy(&e, at, sizeof(e));
			if (list)
				fprintf(list, "%u v=%#llx r=%#llx\n", header.index + i,
					(unsigned long long)be64toh(e.v),
					(unsigned long long)be64toh(e.r));
		}
		*valid += header.n_valid;
		*next += (uint64_t)header.n_valid + header.n_invalid;
	}
	return 0;
}

int htab_entries(struct vm *vm, enum entries what, FILE *out)
{
	int fd = htab_open(vm, 0), ret = 0;
	unsigned char *data = malloc(READ_BYTES);
	uint64_t next = 0, valid = 0;

	if (fd < 0 || !data) {
		free(data);
		return fd < 0 ? fd : -ENOMEM;
	}
	while (!ret) {
		ssize_t n = read(fd, data, READ_BYTES);

		if (n <= 0) {
			ret = n ? -errno : 1;
			break;
		}
		ret = count_chunk(data, data + n, &next, &valid, what == ENTRIES_LIST ? out : NULL);
	}
	close(fd);
	free(data);
	if (ret < 0)
		return ret;
	if (what != ENTRIES_LIST)
		fprintf(out, "%llu", (unsigned long long)(what == ENTRIES_VALID ? valid : next));
	return 0;
}

int htab_snapshot(struct vm *vm, struct entry *entries, size_t n)
{
	int fd = htab_open(vm, 0), ret = fd < 0 ? fd : 0;
	unsigned char *data = malloc(READ_BYTES);
	size_t next = 0;

	if (!data)
		ret = -ENOMEM;
	while (!ret && next < n) {
		ssize_t got = read(fd, data, READ_BYTES);
		const unsigned char *at = data;

		if (got <= 0)
			ret = got ? -errno : -EPROTO;
		while (!ret && at < data + got && next < n) {
			struct kvm_get_htab_header header;

			memcpy(&header, at, sizeof(header));
			if (header.index != next || next + header.n_valid + header.n_invalid > n)
				ret = -EPROTO;
			at += sizeof(header);
			for (unsigned int i = 0; !ret && i < header.n_valid;
			     i++, at += sizeof(struct hpte)) {
				struct hpte e;

				memcpy(&e, at, sizeof(e));
				entries[next++] = (struct entry){ header.index + i, be64toh(e.v),
								  be64toh(e.r) };
			}
			next += header.n_invalid;
		}
	}
	close(fd);
	free(data);
	return ret;
}

int htab_write_none(struct vm *vm, uint32_t slot)
{
	const struct kvm_get_htab_header header = { .index = slot, .n_invalid = 1 };
	int fd = htab_open(vm, KVM_GET_HTAB_WRITE), ret = 0;

	if (fd < 0)
		return fd;
	if (write(fd, &header, sizeof(header)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

struct record {
	struct kvm_get_htab_header header;
	struct hpte e;
};

static struct record record_of(const struct entry *entry)
{
	return (struct record){
		.header = { .index = entry->slot, .n_valid = 1 },
		.e = { htobe64(entry->v), htobe64(entry->r) },
	};
}

ssize_t htab_write(struct vm *vm, const struct entry *entries, size_t n, size_t bytes)
{
	struct record data[HTAB_WRITE_MAX];
	int fd = htab_open(vm, KVM_GET_HTAB_WRITE);
	ssize_t ret;

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < n; i++)
		data[i] = record_of(&entries[i]);
	ret = write(fd, data, bytes ? bytes : n * sizeof(data[0]));
	if (ret < 0)
		ret = -errno;
	close(fd);
	return ret;
}

#define STALL_MS 10000

static struct {
	struct record record;
	void *page; /* missing, until the record gets there */
	size_t page_bytes;
	int uffd, htab;
	pthread_t thread;
	ssize_t result;
} stalled;

static void *stalled_write(void *arg)
{
	(void)arg;
	stalled.result = write(stalled.htab, stalled.page, sizeof(stalled.record));
	if (stalled.result < 0)
		stalled.result = -errno;
	return NULL;
}

/* A page whose first access waits for htab_write_release(). */
static int missing_page(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	stalled.page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	stalled.page = mmap(NULL, stalled.page_bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stalled.uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	area.range = (struct uffdio_range){ (uintptr_t)stalled.page, stalled.page_bytes };
	if (stalled.page == MAP_FAILED || stalled.uffd < 0 ||
	    ioctl(stalled.uffd, UFFDIO_API, &api) || ioctl(stalled.uffd, UFFDIO_REGISTER, &area))
		return -errno;
	return 0;
}

int htab_write_stalled(struct vm *vm, struct entry entry)
{
	struct pollfd waits = { .events = POLLIN };
	int ret = missing_page();

	if (ret)
		return ret;
	stalled.record = record_of(&entry);
	stalled.htab = htab_open(vm, KVM_GET_HTAB_WRITE);
	if (stalled.htab < 0)
		return stalled.htab;
	ret = pthread_create(&stalled.thread, NULL, stalled_write, NULL);
	if (ret)
		return -ret;
	waits.fd = stalled.uffd;
	return poll(&waits, 1, STALL_MS) == 1 ? 0 : -ETIMEDOUT;
}

ssize_t htab_write_release(void)
{
	char source[stalled.page_bytes] __attribute__((aligned(8)));
	struct uffdio_copy copy = { (uintptr_t)stalled.page, (uintptr_t)source, stalled.page_bytes,
				    .mode = 0 };

	memset(source, 0, sizeof(source));
	memcpy(source, &stalled.record, sizeof(stalled.record));
	if (ioctl(stalled.uffd, UFFDIO_COPY, &copy))
		return -errno;
	pthread_join(stalled.thread, NULL);
	close(stalled.uffd);
	close(stalled.htab);
	munmap(stalled.page, stalled.page_bytes);
	return stalled.result;
}

/* A positive answer is the number of milliseconds to wait before asking again. */
static int resize(struct vm *vm, unsigned long request, uint32_t shift, bool wait, FILE *out)
{
	struct kvm_ppc_resize_hpt arg = { .shift = shift };
	int ret;

	while ((ret = ioctl(vm->fd, request, &arg)) > 0 && wait)
		usleep((useconds_t)ret * 1000);
	if (ret < 0)
		return -errno;
	fprintf(out, "%d", ret);
	return 0;
}

int htab_prepare(struct vm *vm, uint32_t shift, bool wait, FILE *out)
{
	return resize(vm, KVM_PPC_RESIZE_HPT_PREPARE, shift, wait, out);
}

int htab_commit(struct vm *vm, uint32_t shift, FILE *out)
{
	return resize(vm, KVM_PPC_RESIZE_HPT_COMMIT, shift, true, out);
}

int htab_mmu(struct vm *vm, bool radix)
{
	struct kvm_ppc_mmuv3_cfg cfg = {
		.flags = radix ? KVM_PPC_MMUV3_RADIX : 0,
		.process_table = radix ? 1ULL << 63 : 0, /* GR has to agree */
	};

	return ioctl(vm->fd, KVM_PPC_CONFIGURE_V3_MMU, &cfg) ? -errno : 0;
}
