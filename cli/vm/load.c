// SPDX-License-Identifier: GPL-2.0-only
/* How full the table of a VM is. */
#include "vm/load.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/hpt.h"

static const char load_directory[] = "/sys/kernel/debug/kvm_htab/occupancy";

/* The size of the table may change while the kernel reads it, which takes it milliseconds. */
#define TRIES 5

int vm_load_check(const struct sysfs *fs, bool patched, struct error *err)
{
	int r = sysfs_lookup(fs, load_directory);

	if (!r)
		return 0;
	if (r == -EACCES)
		return error_set(err, STATUS_FAILED, EACCES,
				 "the load of tables is visible to root only");
	if (r != -ENOENT)
		return error_set(err, STATUS_FAILED, -r, "cannot read %s: %s", load_directory,
				 strerror(-r));
	if (patched && !sysfs_has(fs, "/sys/kernel/debug/kvm") &&
	    !sysfs_has(fs, "/sys/kernel/debug/kvm_htab"))
		return error_set(err, STATUS_CANNOT, ENOENT,
				 "debugfs is not mounted: mount -t debugfs debugfs "
				 "/sys/kernel/debug");
	return error_set(err, STATUS_CANNOT, ENOENT,
			 "this kernel does not report how full tables are; the kvm-htab "
			 "modules or series do (see kvm-htab-kernel(7))");
}

static const struct {
	const char *name;
	size_t offset;
} numbers[] = {
#define ENTRY(member, key) { key, offsetof(struct vm_load, member) },
	VM_LOAD_NUMBERS(ENTRY)
};

static struct fact *find_number(struct vm_load *load, const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strlen(numbers[i].name) == length && !strncmp(numbers[i].name, name, length))
			return (struct fact *)((char *)load + numbers[i].offset);
	return NULL;
}

/* Parses names with a number behind each. Names that this version does not know are skipped. */
static bool parse(const char *s, struct vm_load *load)
{
	while (*s && *s != '\n') {
		const size_t length = strcspn(s, " \n");
		struct fact *fact = find_number(load, s, length);
		uint64_t value;

		s += length;
		if (*s != ' ' || s[1] < '0' || s[1] > '9' || scan_u64(&s, &value))
			return false;
		if (fact)
			*fact = fact_of(value);
		s += *s == ' ';
	}
	return true;
}

/* Whether the numbers can be those of a table. */
static bool makes_sense(const struct vm_load *load)
{
	const struct fact *const needed[] = {
		&load->order,	 &load->read,	   &load->full,	    &load->used,
		&load->load_ppm, &load->error_ppm, &load->size_4k,  &load->size_64k,
		&load->bolted,	 &load->secondary, &load->size_16m, &load->size_16g,
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!needed[i]->known)
			return false;
	if (load->hpt_enter.known != load->hpt_full.known ||
	    load->hpt_full.value > load->hpt_enter.value)
		return false;
	if (!load->order.value)
		return true;
	return load->order.value >= HPT_ORDER_MIN && load->order.value <= HPT_ORDER_MAX &&
	       load->read.value && load->read.value <= UINT32_MAX &&
	       load->full.value <= load->read.value &&
	       load->used.value <= load->read.value * LOAD_GROUP_ENTRIES &&
	       load->load_ppm.value <= MILLION && load->error_ppm.value <= MILLION;
}

int vm_load_read(const struct sysfs *fs, uint64_t id, struct vm_load *load, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	char path[96];
	int r = -EAGAIN;

	snprintf(path, sizeof(path), "%s/%" PRIu64, load_directory, id);
	for (int i = 0; r == -EAGAIN && i < TRIES; i++)
		r = sysfs_read(fs, path, &text, NULL);
	if (r == -ENOENT)
		return error_set(err, STATUS_FAILED, ENOENT, "VM %" PRIu64 " has ended", id);
	if (r)
		return error_set(err, STATUS_FAILED, -r, "cannot read %s: %s", path, strerror(-r));
	*load = (struct vm_load){ 0 };
	if (parse(text, load) && makes_sense(load))
		return 0;
	sysfs_note_fault(fs, EBADMSG, path, "this version of kvm-htab does not understand it");
	return error_set(err, STATUS_FAILED, EBADMSG, "cannot understand %s", path);
}
