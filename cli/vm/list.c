// SPDX-License-Identifier: GPL-2.0-only
/* The VMs of this host, from sysfs and /proc. */
#include "vm/list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/hpt.h"
#include "lib/array.h"
#include "lib/text.h"
#include "vm/domain.h"
#include "vm/vmm.h"

static const char vm_directory[] = "/sys/kernel/kvm_htab/vm";

/* The initial PID namespace (PROC_PID_INIT_INO of the kernel). */
#define INITIAL_PID_NAMESPACE "pid:[4026531836]"

void host_vm_clear(struct host_vm *vm)
{
	free(vm->cgroup);
	free(vm->command);
	free(vm->domain);
}

void vm_list_clear(struct vm_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		host_vm_clear(&list->vms[i]);
	free(list->vms);
	free(list->advice);
	*list = (struct vm_list){ 0 };
}

static int compare_ids(const void *a, const void *b)
{
	const struct host_vm *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

const struct host_vm *vm_list_find(const struct vm_list *list, uint64_t id)
{
	const struct host_vm key = { .id = id };

	return id && list->n ? bsearch(&key, list->vms, list->n, sizeof(key), compare_ids) : NULL;
}

static struct host_vm *add_vm(struct vm_list *list)
{
	struct host_vm *larger = array_grow(list->vms, list->n, sizeof(*larger));

	if (!larger)
		return NULL;
	list->vms = larger;
	list->vms[list->n] = (struct host_vm){ .fd = -1 };
	return &list->vms[list->n++];
}

/* Fills in the process @vmm, which was opened and read. */
static void set_process(struct host_vm *vm, struct vmm *vmm, const struct domains *domains)
{
	const char *domain;

	vmm_identify(vmm);
	domain = vmm->guest ?: domains_name_of(domains, vmm->pid); /* its file may be outdated */
	vm->cgroup = vmm->cgroup ? strdup(vmm->cgroup) : NULL;
	vm->command = vmm->command ? strdup(vmm->command) : NULL;
	vm->domain = domain ? strdup(domain) : NULL;
	vm->ram_bytes = vmm->ram_bytes;
	vm->start_ticks = vmm->start_ticks;
	if (!vm->uid_known) {
		vm->uid = vmm->uid;
		vm->uid_known = vmm->uid_known;
	}
}

/* File @name of VM @id. */
static const char *vm_path(uint64_t id, const char *name, char path[static 96])
{
	snprintf(path, 96, "%s/%llu/%s", vm_directory, (unsigned long long)id, name);
	return path;
}

static int read_number(const struct sysfs *fs, uint64_t id, const char *name, uint64_t *value)
{
	char path[96];

	return sysfs_read_u64(fs, vm_path(id, name, path), value);
}

/* Files of a VM, and the members of kvm_ppc_htab_info they fill in. */
static const struct info_file {
	const char *name;
	size_t offset, bytes; /* of the member */
	const char *words[4]; /* that the file may hold, for values 0, 1...; none: a number */
	uint64_t unit; /* the value of the second word, or the largest number */
} info_files[] = {
#define MEMBER(member) \
	offsetof(struct kvm_ppc_htab_info, member), \
		sizeof(((struct kvm_ppc_htab_info *)NULL)->member)
	{ "order", MEMBER(order), { NULL }, HPT_ORDER_MAX },
	{ "table_bytes", MEMBER(table_bytes), { NULL }, UINT64_C(1) << HPT_ORDER_MAX },
	{ "revmap_bytes", MEMBER(revmap_bytes), { NULL }, UINT64_C(1) << HPT_ORDER_MAX },
	{ "vcpus_running", MEMBER(vcpus_running), { NULL }, INT32_MAX },
	{ "source", MEMBER(source), { "none", "pool", "pages" }, 1 },
	{ "mmu", MEMBER(flags), { "hpt", "radix" }, KVM_PPC_HTAB_INFO_RADIX },
	{ "ready", MEMBER(flags), { "0", "1" }, KVM_PPC_HTAB_INFO_READY },
	{ "resizing", MEMBER(flags), { "0", "1" }, KVM_PPC_HTAB_INFO_RESIZING },
	{ "offered", MEMBER(flags), { "0", "1" }, KVM_PPC_HTAB_INFO_OFFERED },
};
_Static_assert(KVM_PPC_HTAB_POOL == 1 && KVM_PPC_HTAB_PAGES == 2, "values of the words of source");

/* Reads a number. Notes a fault if it is not from @least to @most. Errors: as sysfs_read_u64(). */
static int read_in_range(const struct sysfs *fs, uint64_t id, const char *name, uint64_t least,
			 uint64_t most, uint64_t *value)
{
	_cleanup_free_ char *what = NULL;
	char path[96];
	int r = read_number(fs, id, name, value);

	if (r || (*value >= least && *value <= most))
		return r;
	what = text_format("%" PRIu64 " is out of range (%" PRIu64 " to %" PRIu64 ")", *value,
			   least, most);
	sysfs_note_fault(fs, ERANGE, vm_path(id, name, path), what ?: strerror(ERANGE));
	return -ERANGE;
}

/* Reads one of the words of @file. Notes a fault if it is another one. */
static int read_word(const struct sysfs *fs, uint64_t id, const struct info_file *file,
		     uint64_t *value)
{
	_cleanup_free_ char *text = NULL, *what = NULL;
	char path[96];
	int r = sysfs_read(fs, vm_path(id, file->name, path), &text, NULL);

	if (r)
		return r;
	text[strcspn(text, "\n")] = '\0';
	for (size_t i = 0; file->words[i]; i++) {
		*value = i * file->unit;
		if (!strcmp(text, file->words[i]))
			return 0;
	}
	what = text_format("this version of kvm-htab does not know \"%s\"", text);
	sysfs_note_fault(fs, EBADMSG, path, what ?: strerror(EBADMSG));
	return -EBADMSG;
}

static int read_file(const struct sysfs *fs, uint64_t id, const struct info_file *file,
		     struct kvm_ppc_htab_info *info)
{
	void *member = (char *)info + file->offset;
	uint64_t value;
	int r = *file->words ? read_word(fs, id, file, &value) :
			       read_in_range(fs, id, file->name, 0, file->unit, &value);

	if (r)
		return r;
	if (file->bytes == sizeof(__u64))
		*(__u64 *)member = value;
	else
		*(__u32 *)member |= (__u32)value; /* flags are in several files */
	return 0;
}

/* Errors: -errno; *@name is the file that could not be read, or is wrong. */
static int read_info(const struct sysfs *fs, uint64_t id, struct kvm_ppc_htab_info *info,
		     const char **name)
{
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(info_files) / sizeof(info_files[0]); i++) {
		*name = info_files[i].name;
		r = read_file(fs, id, &info_files[i], info);
	}
	if (r || !info->order || info->order >= HPT_ORDER_MIN)
		return r;
	*name = "order";
	return read_in_range(fs, id, *name, HPT_ORDER_MIN, HPT_ORDER_MAX, &(uint64_t){ 0 });
}

/*
 * The process ID in sysfs may belong to another process by now, or be a different one in this
 * PID namespace. A process without a KVM descriptor is therefore ignored.
 */
static void find_process(const struct sysfs *fs, const struct domains *domains, struct host_vm *vm)
{
	_cleanup_(vmm_clear) struct vmm vmm = { .proc_fd = -1 };

	if (!vm->pid || vmm_open(fs, vm->pid, &vmm))
		return;
	if (!vmm_read_fds(&vmm) && !vmm.has_kvm)
		return;
	set_process(vm, &vmm, domains);
	if (vmm.nfds == 1)
		vm->fd = vmm.fds[0];
}

/* Fills in the process that created the VM, and its user. What cannot be read stays unknown. */
static void read_owner(const struct sysfs *fs, const struct domains *domains, struct host_vm *vm)
{
	uint64_t number;

	if (!read_in_range(fs, vm->id, "owner", 0, UINT32_MAX, &number)) {
		vm->uid = (uid_t)number;
		vm->uid_known = true;
	}
	if (!read_in_range(fs, vm->id, "pid", 0, INT32_MAX, &number))
		vm->pid = (pid_t)number;
	find_process(fs, domains, vm);
}

/* Adds VM @id, unless it has ended. Errors: -ENOMEM; -EACCES: only root may see the VM. */
static int read_sysfs_vm(const struct sysfs *fs, const struct domains *domains, uint64_t id,
			 struct vm_list *list)
{
	struct kvm_ppc_htab_info info = { 0 };
	const char *name = NULL;
	struct host_vm *vm;
	uint64_t charged;
	char path[96];
	int r = read_info(fs, id, &info, &name);

	if (r == -EACCES)
		return r;
	if (r && !sysfs_has(fs, vm_path(id, "", path)))
		return 0;
	if (r)
		sysfs_note_fault(fs, -r, vm_path(id, name, path), strerror(-r));
	vm = add_vm(list);
	if (!vm)
		return -ENOMEM;
	vm->id = id;
	vm->info_known = !r;
	vm->info = info;
	if (!read_number(fs, id, "charged_bytes", &charged)) /* earlier kernels charge nobody */
		vm->charged_bytes = fact_of(charged);
	read_owner(fs, domains, vm);
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Lists the entries of directory @path that are numbers, in ascending order. Errors: -errno. */
static int list_numbers(const struct sysfs *fs, const char *path, uint64_t **numbers, size_t *n)
{
	int directory_fd = sysfs_open_directory(fs, path);
	_cleanup_closedir_ DIR *dir = sysfs_list(directory_fd);
	const struct dirent *entry;
	uint64_t number;

	if (!dir)
		return directory_fd < 0 ? directory_fd : -ENOMEM;
	while ((entry = sysfs_next(dir))) {
		uint64_t *larger;

		if (parse_u64(entry->d_name, &number))
			continue;
		larger = array_grow(*numbers, *n, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		*numbers = larger;
		(*numbers)[(*n)++] = number;
	}
	if (*n)
		qsort(*numbers, *n, sizeof(**numbers), compare_numbers);
	return 0;
}

/*
 * Errors: -EACCES: only root may see list->hidden of the VMs;
 * -ENOENT: this kernel has no such directory.
 */
static int read_sysfs(const struct sysfs *fs, const struct domains *domains, struct vm_list *list)
{
	_cleanup_free_ uint64_t *ids = NULL;
	size_t n = 0;
	int r = list_numbers(fs, vm_directory, &ids, &n);

	for (size_t i = 0; !r && i < n; i++) {
		r = read_sysfs_vm(fs, domains, ids[i], list);
		if (r == -EACCES) {
			list->hidden++;
			r = 0;
		}
	}
	if (r || list->hidden)
		return r ?: -EACCES;
	list->source = vm_directory;
	list->hidden_known = true;
	return 0;
}

/* VMs that /proc may not have shown. */
struct gaps {
	bool denied; /* in processes that this user cannot inspect or see */
	bool namespace; /* in processes outside this PID namespace */
	bool ambiguous; /* several descriptors may be one VM */
};

/* Drops VMs that an earlier process has, too. Errors: -ENOMEM. */
static int drop_repeated(struct vm_list *list)
{
	_cleanup_free_ struct vmm_fd *fds = calloc(list->n + 1, sizeof(*fds));
	size_t kept = 0;

	if (!fds)
		return -ENOMEM;
	for (size_t i = 0; i < list->n; i++)
		fds[i] = (struct vmm_fd){ .pid = list->vms[i].pid, .fd = list->vms[i].fd };
	vmm_find_repeated(fds, list->n);
	for (size_t i = 0; i < list->n; i++)
		if (fds[i].repeated)
			host_vm_clear(&list->vms[i]);
		else
			list->vms[kept++] = list->vms[i];
	list->n = kept;
	return 0;
}

static int add_process(struct vmm *vmm, const struct domains *domains, struct vm_list *list)
{
	for (size_t i = 0; i < vmm->nfds; i++) {
		struct host_vm *vm = add_vm(list);

		if (!vm)
			return -ENOMEM;
		vm->pid = vmm->pid;
		vm->fd = vmm->fds[i];
		set_process(vm, vmm, domains);
	}
	return 0;
}

static int read_process(const struct sysfs *fs, const struct domains *domains, pid_t pid,
			struct vm_list *list, struct gaps *gaps)
{
	_cleanup_(vmm_clear) struct vmm vmm = { .proc_fd = -1 };
	int r = vmm_open(fs, pid, &vmm);

	if (!r)
		r = vmm_read_fds(&vmm);
	if (r == -EACCES)
		gaps->denied = true;
	if (r)
		return r == -ENOMEM ? r : 0;
	if (vmm.nfds > 1 && (fs->captured || !vmm_can_compare()))
		gaps->ambiguous = true;
	return add_process(&vmm, domains, list);
}

/* Whether this PID namespace hides processes of the host. */
static bool in_namespace(const struct sysfs *fs)
{
	_cleanup_close_ int directory_fd = sysfs_open_directory(fs, "/proc/self/ns");
	char name[64];
	ssize_t n = directory_fd < 0 ? -1 : readlinkat(directory_fd, "pid", name, sizeof(name) - 1);

	if (n < 0)
		return false; /* a kernel without namespaces */
	name[n] = '\0';
	return strcmp(name, INITIAL_PID_NAMESPACE);
}

static void find_gaps(const struct sysfs *fs, struct gaps *gaps)
{
	/* With hidepid=2, /proc does not list the processes of other users. */
	_cleanup_close_ int init_fd = fs->captured ? -1 : sysfs_open_directory(fs, "/proc/1");

	if (!fs->captured && init_fd < 0)
		gaps->denied = true;
	gaps->namespace = in_namespace(fs);
}

/* Ascending: if two processes hold the same VM, the older one is likely its owner. */
static int read_proc(const struct sysfs *fs, const struct domains *domains, struct vm_list *list,
		     struct gaps *gaps)
{
	_cleanup_free_ uint64_t *pids = NULL;
	size_t n = 0;
	int r = list_numbers(fs, "/proc", &pids, &n);

	find_gaps(fs, gaps);
	for (size_t i = 0; !r && i < n; i++)
		if (pids[i] && pids[i] <= INT32_MAX)
			r = read_process(fs, domains, (pid_t)pids[i], list, gaps);
	if (!r && !fs->captured)
		r = drop_repeated(list);
	if (!r)
		list->source = "/proc";
	return r;
}

/* Appends a sentence to the advice. */
#define advise(list, format, ...) \
	text_add(&(list)->advice, "%s" format, (list)->advice ? "; " : "", ##__VA_ARGS__)

/* @total: number of VMs in sysfs. */
static void advise_denied(struct vm_list *list, size_t total, const struct gaps *gaps)
{
	list->hidden = total > list->n ? total - list->n : 0;
	list->hidden_known = !gaps->ambiguous;
	if (!list->hidden_known)
		advise(list, "VM tables, and possibly more VMs, are visible to root only");
	else if (!list->hidden)
		advise(list, "VM tables are visible to root only");
	else
		advise(list, "VM tables and %zu more %s are visible to root only", list->hidden,
		       list->hidden == 1 ? "VM" : "VMs");
}

/*
 * Counts the VMs: each holds a reference to the module that runs it, and nothing else does.
 * Returns false if the number is unknown: kvm_hv is built in, or kvm_pr may have VMs, too.
 */
static bool count_vms(const struct sysfs *fs, uint64_t *count)
{
	return !sysfs_has(fs, "/sys/module/kvm_pr") &&
	       !sysfs_read_u64(fs, "/sys/module/kvm_hv/refcnt", count);
}

/* "2 of order 24, 1 of order 26 (96M in all)"; the caller frees it. */
static char *tables_text(const struct host_tables *tables)
{
	char bytes[BYTES_TEXT_MAX], *text = NULL;

	for (unsigned int i = 0; i < HPT_ORDERS; i++)
		if (tables->count[i])
			text_add(&text, "%s%llu of order %u", text ? ", " : "",
				 (unsigned long long)tables->count[i], i + HPT_ORDER_MIN);
	if (text)
		text_add(&text, " (%s in all)", bytes_format(tables->bytes, bytes));
	return text;
}

/* A kernel without the series. */
static void advise_tables(struct vm_list *list)
{
	_cleanup_free_ char *tables = list->tables_known ? tables_text(&list->tables) : NULL;

	if (list->tables_known)
		advise(list,
		       "tables in use: %s; to see whose they are, use the kvm-htab modules or "
		       "series (see kvm-htab-kernel(7))",
		       tables ?: "none");
	else
		advise(list, "this kernel does not report VM tables; the kvm-htab modules or "
			     "series do (see kvm-htab-kernel(7))");
}

/* @count: number of VMs; NULL: unknown. */
static void advise_proc(struct vm_list *list, const struct host *host, const struct gaps *gaps,
			const uint64_t *count)
{
	bool counted = count && !gaps->ambiguous;
	bool all = counted ? *count <= list->n : !gaps->denied && !gaps->namespace;

	list->hidden_known = all || counted;
	if (!all && counted)
		list->hidden = *count - list->n;
	if (!all && gaps->denied)
		advise(list, "VMs of other users are visible to root only");
	if (!all && gaps->namespace)
		advise(list, "VMs outside this container (PID namespace) are visible on its host "
			     "only");
	if (!all && !gaps->denied && !gaps->namespace)
		advise(list,
		       "%zu more %s in use by processes that %s not show (references of "
		       "kvm_hv)",
		       list->hidden, list->hidden == 1 ? "VM is" : "VMs are",
		       host->captured ? "this tree does" : "/proc does");
	if (!list->n && !(list->tables_known && list->tables.bytes))
		return;
	if (host->platform == HOST_PSERIES)
		advise(list, "this host is itself a guest (pSeries): its VMs use radix and have "
			     "no hashed page table");
	else if (!host->patched)
		advise_tables(list);
}

static int read_power(const struct sysfs *fs, const struct host *host,
		      const struct domains *domains, struct vm_list *list, struct error *err)
{
	int r = read_sysfs(fs, domains, list);
	bool denied = r == -EACCES;
	size_t total = list->hidden + list->n;
	struct gaps gaps = { 0 };
	uint64_t count = 0;
	bool counted;

	if (!r)
		return 0;
	gaps.ambiguous = denied && !total; /* even their number is hidden */
	counted = count_vms(fs, &count);
	if (counted && !count && !denied) { /* no need to search all processes */
		list->source = "/sys/module/kvm_hv";
		list->hidden_known = true;
		return 0;
	}
	for (size_t i = 0; i < list->n; i++)
		host_vm_clear(&list->vms[i]);
	list->n = 0;
	list->hidden = 0;
	r = read_proc(fs, domains, list, &gaps);
	if (r)
		return error_set(err, STATUS_CANNOT, -r, "cannot list VMs: cannot read /proc: %s",
				 strerror(-r));
	list->tables_known = host->platform == HOST_POWERNV && !host->patched &&
			     !host_tables_read(fs, &list->tables);
	if (denied)
		advise_denied(list, total, &gaps);
	else
		advise_proc(list, host, &gaps, counted ? &count : NULL);
	return 0;
}

/* Another VM that process @pid has made than @id; 0: none, or not to be seen. */
static uint64_t other_vm_of(const struct sysfs *fs, uint64_t id, pid_t pid)
{
	_cleanup_free_ uint64_t *ids = NULL;
	size_t n = 0;
	uint64_t number;

	if (list_numbers(fs, vm_directory, &ids, &n))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (ids[i] != id && !read_number(fs, ids[i], "pid", &number) &&
		    number == (uint64_t)pid)
			return ids[i];
	return 0;
}

int vm_id_find(const struct sysfs *fs, uint64_t id, pid_t *pid, struct error *err)
{
	unsigned long long number = id;
	uint64_t value, other;
	char path[96];
	int r = read_number(fs, id, "pid", &value);

	if (r == -ENOENT && !sysfs_has(fs, vm_directory))
		return error_set(err, STATUS_CANNOT, ENOENT,
				 "this kernel does not number VMs: use pid:PID or domain:NAME, or "
				 "the kvm-htab modules or series");
	if (r == -ENOENT)
		return error_set(err, STATUS_FAILED, ENOENT,
				 "there is no VM %llu; `kvm-htab list` shows the VMs", number);
	if (r)
		return error_set(err, STATUS_FAILED, -r, "cannot read %s: %s%s",
				 vm_path(id, "pid", path), strerror(-r),
				 r == -EACCES ? "; run as root" : "");
	if (!value || value > INT32_MAX)
		return error_set(err, STATUS_FAILED, ESRCH,
				 "the process that made VM %llu has ended, or is outside this "
				 "container",
				 number);
	*pid = (pid_t)value;
	other = other_vm_of(fs, id, *pid);
	if (!other)
		return 0;
	return error_set(err, STATUS_FAILED, EINVAL,
			 "process %d has made VM %llu, too, and the kernel does not report which "
			 "is which; choose a file descriptor, as in pid:%d:FD",
			 *pid, (unsigned long long)other, *pid);
}

int vm_list_read(const struct sysfs *fs, const struct host *host, struct vm_list *list,
		 struct error *err)
{
	struct error not_power = { 0 };
	struct domains domains;
	int r;

	*list = (struct vm_list){ 0 };
	if (host->platform == HOST_OTHER && host_check(host, &not_power)) {
		list->hidden_known = true;
		list->advice = not_power.message;
		return 0;
	}
	domains_read(fs, &domains);
	r = read_power(fs, host, &domains, list, err);
	domains_clear(&domains);
	return r;
}
