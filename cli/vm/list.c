// SPDX-License-Identifier: GPL-2.0-only
/* The VMs of this host, from sysfs and /proc. */
#include "vm/list.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vm/domain.h"
#include "vm/vmm.h"

static const char vm_directory[] = "/sys/kernel/kvm_htab/vm";

/* The initial PID namespace (PROC_PID_INIT_INO of the kernel). */
#define INITIAL_PID_NAMESPACE "pid:[4026531836]"

void host_vm_clear(struct host_vm *vm)
{
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

const struct host_vm *vm_list_find(const struct vm_list *list, uint64_t id)
{
	for (size_t i = 0; id && i < list->n; i++)
		if (list->vms[i].id == id)
			return &list->vms[i];
	return NULL;
}

static struct host_vm *add_vm(struct vm_list *list)
{
	struct host_vm *larger = reallocarray(list->vms, list->n + 1, sizeof(*larger));

	if (!larger)
		return NULL;
	list->vms = larger;
	list->vms[list->n] = (struct host_vm){ .fd = -1 };
	return &list->vms[list->n++];
}

/* Who @vmm, which was opened and read, is. */
static void set_process(struct host_vm *vm, struct vmm *vmm, const struct domains *domains)
{
	const char *domain;

	vmm_identify(vmm);
	domain = domains_name_of(domains, vmm->pid) ?: vmm->guest;
	vm->command = vmm->command ? strdup(vmm->command) : NULL;
	vm->domain = domain ? strdup(domain) : NULL;
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

/* Whether file @name of VM @id holds @word. */
static int read_word(const struct sysfs *fs, uint64_t id, const char *name, const char *word,
		     bool *is)
{
	_cleanup_free_ char *text = NULL;
	char path[96];
	int r = sysfs_read(fs, vm_path(id, name, path), &text, NULL);

	if (r)
		return r;
	text[strcspn(text, "\n")] = '\0';
	*is = !strcmp(text, word);
	return 0;
}

static int read_table(const struct sysfs *fs, uint64_t id, struct kvm_ppc_htab_info *info)
{
	uint64_t order, table_bytes, revmap_bytes;
	bool pool = false, pages = false;
	int r;

	if ((r = read_number(fs, id, "order", &order)) ||
	    (r = read_number(fs, id, "table_bytes", &table_bytes)) ||
	    (r = read_number(fs, id, "revmap_bytes", &revmap_bytes)) ||
	    (r = read_word(fs, id, "source", "pool", &pool)) ||
	    (r = read_word(fs, id, "source", "pages", &pages)))
		return r;
	info->order = (uint32_t)order;
	info->table_bytes = table_bytes;
	info->revmap_bytes = revmap_bytes;
	info->source = pool ? KVM_PPC_HTAB_POOL : pages ? KVM_PPC_HTAB_PAGES : 0;
	return 0;
}

static int read_state(const struct sysfs *fs, uint64_t id, struct kvm_ppc_htab_info *info)
{
	static const struct {
		const char *name, *word;
		uint32_t flag;
	} flags[] = {
		{ "mmu", "radix", KVM_PPC_HTAB_INFO_RADIX },
		{ "ready", "1", KVM_PPC_HTAB_INFO_READY },
		{ "resizing", "1", KVM_PPC_HTAB_INFO_RESIZING },
		{ "shared", "1", KVM_PPC_HTAB_INFO_SHARED },
	};
	uint64_t vcpus_running;
	int r = read_number(fs, id, "vcpus_running", &vcpus_running);

	if (r)
		return r;
	info->vcpus_running = (uint32_t)vcpus_running;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		bool is = false;

		r = read_word(fs, id, flags[i].name, flags[i].word, &is);
		if (r)
			return r;
		info->flags |= is ? flags[i].flag : 0;
	}
	return 0;
}

/*
 * The process that sysfs names may be another by now, or be known by another
 * number here (in a PID namespace): then it has nothing of KVM.
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

/* The process that made the VM, and its user; what cannot be read stays unknown. */
static void read_owner(const struct sysfs *fs, const struct domains *domains, struct host_vm *vm)
{
	uint64_t number;

	if (!read_number(fs, vm->id, "owner", &number)) {
		vm->uid = (uid_t)number;
		vm->uid_known = true;
	}
	if (!read_number(fs, vm->id, "pid", &number) && number <= INT32_MAX)
		vm->pid = (pid_t)number;
	find_process(fs, domains, vm);
}

/* Adds VM @id; -EACCES: may not be seen. One that has ended meanwhile is left out. */
static int read_sysfs_vm(const struct sysfs *fs, const struct domains *domains, uint64_t id,
			 struct vm_list *list)
{
	struct kvm_ppc_htab_info info = { 0 };
	struct host_vm *vm;
	char path[96];
	int r;

	r = read_table(fs, id, &info);
	if (!r)
		r = read_state(fs, id, &info);
	if (r == -EACCES)
		return r;
	if (r && !sysfs_has(fs, vm_path(id, "", path)))
		return 0;
	vm = add_vm(list);
	if (!vm)
		return -ENOMEM;
	vm->id = id;
	vm->info_known = !r;
	vm->info = info;
	read_owner(fs, domains, vm);
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const struct host_vm *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/*
 * Errors: -EACCES: there are list->hidden VMs, which may not be seen;
 * -ENOENT: this kernel has no such directory.
 */
static int read_sysfs(const struct sysfs *fs, const struct domains *domains, struct vm_list *list)
{
	int directory_fd = sysfs_open_directory(fs, vm_directory);
	_cleanup_closedir_ DIR *dir = directory_fd < 0 ? NULL : sysfs_list(directory_fd);
	const struct dirent *entry;
	uint64_t id;

	if (!dir)
		return directory_fd < 0 ? directory_fd : -ENOMEM;
	while ((entry = sysfs_next(dir))) {
		int r;

		if (parse_u64(entry->d_name, &id))
			continue;
		r = read_sysfs_vm(fs, domains, id, list);
		if (r && r != -EACCES)
			return r;
		list->hidden += r == -EACCES;
	}
	if (list->hidden)
		return -EACCES;
	if (list->n)
		qsort(list->vms, list->n, sizeof(*list->vms), compare_ids);
	list->source = vm_directory;
	list->hidden_known = true;
	list->tables_known = true;
	return 0;
}

/* What reading /proc has left open. */
struct gaps {
	bool denied; /* processes that may not be looked into, or not even be seen */
	bool namespace; /* those outside this PID namespace */
	bool ambiguous; /* several descriptors that may be one VM */
};

/* Whether a VM of @list is the one that @vmm holds as @fd. */
static bool is_listed(const struct vm_list *list, const struct vmm *vmm, int fd)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->vms[i].pid != vmm->pid &&
		    vmm_same_vm(list->vms[i].pid, list->vms[i].fd, vmm->pid, fd))
			return true;
	return false;
}

static int add_process(struct vmm *vmm, const struct domains *domains, struct vm_list *list)
{
	for (size_t i = 0; i < vmm->nfds; i++) {
		struct host_vm *vm;

		if (!vmm->captured && is_listed(list, vmm, vmm->fds[i]))
			continue;
		vm = add_vm(list);
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

/* Whether processes outside this PID namespace cannot be seen. */
static bool in_namespace(const struct sysfs *fs)
{
	_cleanup_close_ int directory_fd = sysfs_open_directory(fs, "/proc/self/ns");
	char name[64];
	ssize_t n = directory_fd < 0 ? -1 : readlinkat(directory_fd, "pid", name, sizeof(name) - 1);

	if (n < 0)
		return false; /* a kernel without them */
	name[n] = '\0';
	return strcmp(name, INITIAL_PID_NAMESPACE);
}

static void find_gaps(const struct sysfs *fs, struct gaps *gaps)
{
	/* Where /proc is mounted with hidepid=2, others' processes are not listed. */
	_cleanup_close_ int init_fd = fs->captured ? -1 : sysfs_open_directory(fs, "/proc/1");

	if (!fs->captured && init_fd < 0)
		gaps->denied = true;
	gaps->namespace = in_namespace(fs);
}

static int compare_pids(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The processes there are, ascending: of two that have the same VM the older is likely its owner. */
static int read_pids(const struct sysfs *fs, pid_t **pids, size_t *n)
{
	int directory_fd = sysfs_open_directory(fs, "/proc");
	_cleanup_closedir_ DIR *dir = directory_fd < 0 ? NULL : sysfs_list(directory_fd);
	const struct dirent *entry;
	uint64_t pid;

	if (!dir)
		return directory_fd < 0 ? directory_fd : -ENOMEM;
	while ((entry = sysfs_next(dir))) {
		pid_t *larger;

		if (parse_u64(entry->d_name, &pid) || !pid || pid > INT32_MAX)
			continue;
		larger = reallocarray(*pids, *n + 1, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		*pids = larger;
		(*pids)[(*n)++] = (pid_t)pid;
	}
	if (*n)
		qsort(*pids, *n, sizeof(**pids), compare_pids);
	return 0;
}

static int read_proc(const struct sysfs *fs, const struct domains *domains, struct vm_list *list,
		     struct gaps *gaps)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t n = 0;
	int r = read_pids(fs, &pids, &n);

	find_gaps(fs, gaps);
	for (size_t i = 0; !r && i < n; i++)
		r = read_process(fs, domains, pids[i], list, gaps);
	if (!r)
		list->source = "/proc";
	return r;
}

__attribute__((__format__(printf, 2, 3))) static void advise(struct vm_list *list,
							     const char *format, ...)
{
	_cleanup_free_ char *more = NULL;
	char *joined;
	va_list args;

	va_start(args, format);
	if (vasprintf(&more, format, args) < 0)
		more = NULL;
	va_end(args);
	if (!more ||
	    asprintf(&joined, "%s%s%s", list->advice ?: "", list->advice ? "; " : "", more) < 0)
		return;
	free(list->advice);
	list->advice = joined;
}

/* @total: the VMs there are by sysfs. */
static void advise_denied(struct vm_list *list, size_t total, const struct gaps *gaps)
{
	list->hidden = total > list->n ? total - list->n : 0;
	list->hidden_known = !gaps->ambiguous;
	if (!list->hidden_known)
		advise(list,
		       "only root may see what tables the VMs have, and whether there are more: "
		       "try as root");
	else if (!list->hidden)
		advise(list, "only root may see what tables the VMs have: try as root");
	else
		advise(list,
		       "only root may see what tables the VMs have, and %zu more that are not "
		       "shown: try as root",
		       list->hidden);
}

/*
 * How many VMs there are: each holds a reference of the module that runs it, and nothing else
 * does. False: not known, because kvm_hv is built in, or there may be VMs of another module.
 */
static bool count_vms(const struct sysfs *fs, uint64_t *count)
{
	return !sysfs_has(fs, "/sys/module/kvm_pr") &&
	       !sysfs_read_u64(fs, "/sys/module/kvm_hv/refcnt", count);
}

/* @count: the VMs there are; NULL: not known. */
static void advise_proc(struct vm_list *list, const struct host *host, const struct gaps *gaps,
			const uint64_t *count)
{
	bool counted = count && !gaps->ambiguous;
	bool all = counted ? *count <= list->n : !gaps->denied && !gaps->namespace;

	list->hidden_known = all || counted;
	if (!all && counted)
		list->hidden = *count - list->n;
	if (!all && gaps->denied)
		advise(list,
		       "VMs of other users are not shown: their processes may not be looked into; "
		       "try as root");
	if (!all && gaps->namespace)
		advise(list,
		       "VMs outside this container (PID namespace) are not shown: ask its host");
	if (!list->n)
		return;
	if (host->platform == HOST_PSERIES)
		advise(list,
		       "this host is itself a guest (pSeries): its VMs use the radix MMU only and "
		       "have no hashed page table");
	else if (!host->patched)
		advise(list,
		       "this kernel does not tell what tables the VMs have; one with the kvm-htab "
		       "series does (see KERNEL in kvm-htab(8))");
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
	gaps.ambiguous = denied && !total; /* not even how many there are */
	counted = count_vms(fs, &count);
	if (counted && !count && !denied) { /* there is nothing to look through all processes for */
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
		return error_set(err, STATUS_CANNOT, -r,
				 "cannot find the VMs: /proc cannot be read: %s", strerror(-r));
	if (denied)
		advise_denied(list, total, &gaps);
	else
		advise_proc(list, host, &gaps, counted ? &count : NULL);
	return 0;
}

int vm_list_read(const struct sysfs *fs, const struct host *host, struct vm_list *list,
		 struct error *err)
{
	struct domains domains;
	int r;

	*list = (struct vm_list){ 0 };
	if (host->platform == HOST_OTHER) {
		list->hidden_known = true;
		advise(list,
		       "this host is not POWER (%s): KVM-HV, its hashed page tables and their "
		       "pool exist on POWER only",
		       host->machine);
		return 0;
	}
	domains_read(fs, &domains);
	r = read_power(fs, host, &domains, list, err);
	domains_clear(&domains);
	return r;
}
