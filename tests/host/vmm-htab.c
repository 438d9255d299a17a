// SPDX-License-Identifier: GPL-2.0-only
/* The VM's hashed page table, with the rights of its owner. */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <asm/kvm_htab.h>

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

ssize_t htab_write(struct vm *vm, const struct entry *entries, size_t n, size_t bytes)
{
	struct {
		struct kvm_get_htab_header header;
		struct hpte e;
	} data[HTAB_WRITE_MAX];
	int fd = htab_open(vm, KVM_GET_HTAB_WRITE);
	ssize_t ret;

	if (fd < 0)
		return fd;
	for (size_t i = 0; i < n; i++) {
		data[i].header =
			(struct kvm_get_htab_header){ .index = entries[i].slot, .n_valid = 1 };
		data[i].e = (struct hpte){ htobe64(entries[i].v), htobe64(entries[i].r) };
	}
	ret = write(fd, data, bytes ? bytes : n * sizeof(data[0]));
	if (ret < 0)
		ret = -errno;
	close(fd);
	return ret;
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
