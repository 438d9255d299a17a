// SPDX-License-Identifier: GPL-2.0-only
/* Tables whose load is known, and what KVM counts of a vCPU. */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <kvm-htab.h>

#include "vmm.h"

#define GROUP_ENTRIES 8U
#define STRIDE 64U
#define MILLION 1000000U

#define V_VALID 1ULL
#define V_SECONDARY 2ULL
#define V_LARGE 4ULL

/* No memory is there, so the kernel keeps no list of the entries for a page; I and G; read and write */
#define GPA 0x40000000ULL
#define R_BITS (GPA | 0x28 | 0x2)

static const struct {
	const char *name;
	uint64_t v, r;
} sizes[] = { { "4k", 0, 0 }, { "64k", V_LARGE, 0x1000 }, { "16m", V_LARGE, 0 } };

struct record {
	struct kvm_get_htab_header header;
	uint64_t e[GROUP_ENTRIES][2]; /* big-endian */
};

#define BATCH_BYTES 65536U

struct fill {
	int fd;
	uint64_t random;
	uint64_t v, r;
	size_t bytes; /* in data */
	unsigned char data[BATCH_BYTES];
	/* the truth */
	uint64_t groups, used, full;
};

/* splitmix64 */
static uint64_t next_random(struct fill *fill)
{
	uint64_t z = fill->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static bool chance(struct fill *fill, unsigned int ppm)
{
	return next_random(fill) % MILLION < ppm;
}

static int flush(struct fill *fill)
{
	const size_t bytes = fill->bytes;
	ssize_t n;

	fill->bytes = 0;
	if (!bytes)
		return 0;
	n = write(fill->fd, fill->data, bytes);
	if (n < 0)
		return -errno;
	return (size_t)n == bytes ? 0 : -EIO;
}

/* What was there is removed. */
static int set_group(struct fill *fill, uint64_t group, unsigned int n)
{
	struct record record = {
		.header = { .index = (uint32_t)(group * GROUP_ENTRIES),
			    .n_valid = (uint16_t)n,
			    .n_invalid = (uint16_t)(GROUP_ENTRIES - n) },
	};
	const size_t bytes = sizeof(record.header) + n * sizeof(record.e[0]);
	int ret = 0;

	for (unsigned int i = 0; i < n; i++) {
		record.e[i][0] = htobe64(fill->v | (group & 0xffffff) << 12);
		record.e[i][1] = htobe64(fill->r);
	}
	if (fill->bytes + bytes > sizeof(fill->data))
		ret = flush(fill);
	memcpy(fill->data + fill->bytes, &record, bytes);
	fill->bytes += bytes;
	fill->used += n;
	fill->full += n == GROUP_ENTRIES;
	return ret;
}

/* Each entry is used, or not, whatever the others are. */
static unsigned int uniform(struct fill *fill, unsigned int ppm)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < GROUP_ENTRIES; i++)
		n += chance(fill, ppm);
	return n;
}

static int fill_groups(struct fill *fill, const char *how, unsigned int ppm)
{
	const uint64_t first = next_random(fill) % STRIDE;
	uint64_t left = 0; /* groups of a piece that is full, or empty */
	bool full = false;
	int ret = 0;

	for (uint64_t g = 0; g < fill->groups && !ret; g++) {
		unsigned int n;

		if (!strcmp(how, "strided")) {
			n = g % STRIDE == first ? GROUP_ENTRIES : 0;
		} else if (!strcmp(how, "clustered")) {
			if (!left) {
				left = 1 + next_random(fill) % 512;
				full = chance(fill, ppm);
			}
			left--;
			n = full ? GROUP_ENTRIES : 0;
		} else if (!strcmp(how, "one")) {
			n = 1;
		} else {
			n = uniform(fill, ppm);
		}
		ret = set_group(fill, g, n);
	}
	return ret ? ret : flush(fill);
}

int vm_fill(struct vm *vm, const char *how, unsigned int ppm, const char *size, uint64_t seed,
	    FILE *out)
{
	struct kvm_get_htab_fd arg = { .flags = KVM_GET_HTAB_WRITE };
	struct kvm_ppc_htab_info info = { 0 };
	struct fill *fill;
	size_t i = 0;
	int ret;

	while (i < sizeof(sizes) / sizeof(sizes[0]) && strcmp(sizes[i].name, size))
		i++;
	if (i == sizeof(sizes) / sizeof(sizes[0]))
		return -EINVAL;
	if (ioctl(vm->fd, KVM_PPC_GET_HTAB_INFO, &info))
		return -errno;
	if (!info.order)
		return -ENOENT;
	fill = calloc(1, sizeof(*fill));
	if (!fill)
		return -ENOMEM;
	fill->random = seed;
	fill->groups = 1ULL << (info.order - 7);
	fill->v = sizes[i].v | V_VALID | (strcmp(how, "secondary") ? 0 : V_SECONDARY);
	fill->r = sizes[i].r | R_BITS;
	fill->fd = ioctl(vm->fd, KVM_PPC_GET_HTAB_FD, &arg);
	ret = fill->fd < 0 ? -errno : fill_groups(fill, how, ppm);
	if (fill->fd >= 0)
		close(fill->fd);
	if (!ret)
		fprintf(out, "groups=%llu used=%llu full=%llu", (unsigned long long)fill->groups,
			(unsigned long long)fill->used, (unsigned long long)fill->full);
	free(fill);
	return ret;
}

static int read_at(int fd, void *data, size_t bytes, off_t at)
{
	return pread(fd, data, bytes, at) == (ssize_t)bytes ? 0 : -EIO;
}

/* As the descriptor of binary statistics describes itself */
static int find_stat(int fd, const char *name, FILE *out)
{
	struct kvm_stats_header header;
	struct {
		struct kvm_stats_desc desc;
		char name[256];
	} stat;
	uint64_t value;

	if (read_at(fd, &header, sizeof(header), 0) || header.name_size > sizeof(stat.name))
		return -EPROTO;
	for (uint32_t i = 0; i < header.num_desc; i++) {
		const size_t bytes = sizeof(stat.desc) + header.name_size;

		if (read_at(fd, &stat, bytes, (off_t)(header.desc_offset + i * bytes)))
			return -EPROTO;
		if (strncmp(stat.desc.name, name, header.name_size))
			continue;
		if (read_at(fd, &value, sizeof(value), header.data_offset + stat.desc.offset))
			return -EPROTO;
		fprintf(out, "%llu", (unsigned long long)value);
		return 0;
	}
	return -ENOENT;
}

int vm_stat(struct vm *vm, unsigned int cpu, const char *name, FILE *out)
{
	int fd, ret;

	if (vm->fd < 0 || cpu >= vm->nr_vcpus)
		return -ENOENT;
	fd = ioctl(vm->vcpus[cpu].fd, KVM_GET_STATS_FD, NULL);
	if (fd < 0)
		return -errno;
	ret = find_stat(fd, name, out);
	close(fd);
	return ret;
}
