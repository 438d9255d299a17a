// SPDX-License-Identifier: GPL-2.0-only
/* kvm-htab capture: copies what the program reads of this host into a tree for --sysroot. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "host/boot-modules.h"
#include "host/module.h"
#include "host/tables.h"
#include "host/tree.h"
#include "lib/text.h"
#include "pool/log.h"
#include "pool/moves.h"
#include "pool/read.h"
#include "vm/domain.h"
#include "vm/vmm.h"

/* Files that are copied as they are. */
static const char *const files[] = {
	"/proc/cpuinfo",
	"/proc/meminfo",
	"/proc/vmstat",
	"/proc/zoneinfo",
	"/proc/cmdline",
	"/proc/device-tree/compatible",
	"/proc/sys/kernel/osrelease",
	"/proc/sys/kernel/modules_disabled",
	"/sys/devices/system/cpu/online",
	"/sys/devices/system/cpu/subcores_per_core",
	"/sys/devices/system/cpu/cpu*/topology/thread_siblings_list",
	"/sys/kernel/security/lockdown",
	"/sys/module/module/parameters/sig_enforce",
	"/sys/module/kvm/parameters/*",
	"/sys/module/kvm_hv/initstate",
	"/sys/module/kvm_hv/refcnt",
	"/sys/module/kvm_hv/parameters/*",
	"/sys/module/kvm_pr/initstate",
	"/sys/module/kvm_pr/refcnt",
	"/sys/kernel/kvm_htab/**",
	"/sys/kernel/mm/cma/**",
	"/sys/kernel/debug/cma/**",
	"/sys/kernel/debug/kvm_htab/pool",
	"/sys/fs/cgroup/cgroup.controllers",
	"/sys/fs/cgroup/machine.slice/memory.max",
	"/sys/fs/cgroup/machine.slice/memory.current",
	"/sys/fs/cgroup/machine.slice/memory.stat",
	"/sys/kernel/debug/kvm_htab/occupancy/*",
	"/proc/uptime",
	"/sys/firmware/opal/powercap/*/*-max",
	"/etc/os-release",
	"/usr/lib/os-release",
};

/* Of these, only their existence matters. */
static const char *const marks[] = {
	"/sys/module/kvm_hv",
	"/sys/module/kvm_pr",
	"/sys/firmware/opal",
	"/etc/debian_version",
	"/etc/default/grub",
	"/boot/grub2",
	"/run/ostree-booted",
	"/etc/NIXOS",
	"/usr/sbin/transactional-update",
	"/usr/sbin/update-grub",
	"/usr/sbin/grub2-mkconfig",
	"/usr/sbin/grub-mkconfig",
	"/usr/bin/grub2-mkconfig",
	"/usr/bin/grub-mkconfig",
	"/usr/sbin/grubby",
	"/etc/systemd/system/multi-user.target.wants/smt_off.service",
	"/etc/systemd/system/multi-user.target.wants/smtstate.service",
};

struct capture {
	const struct sysfs *fs;
	struct tree tree;
	struct domains domains;
	bool full;
};

static bool is_about_kvm(const char *line)
{
	return strstr(line, "kvm") != NULL;
}

static void copy_modules(struct capture *c)
{
	static const char *const patterns[] = {
		"modules.alias*",
		"modules.builtin*",
		"modules.dep*",
		"modules.softdep*",
	};
	_cleanup_free_ char *release = NULL, *directory = NULL, *dkms = NULL;
	_cleanup_closedir_ DIR *dir = NULL;
	const struct dirent *entry;

	if (sysfs_read(c->fs, "/proc/sys/kernel/osrelease", &release, NULL))
		return;
	directory = text_format("/lib/modules/%.*s", (int)strcspn(release, "/*\n"), release);
	dkms = directory ? text_format("%s/updates/dkms", directory) : NULL;
	if (!dkms)
		return;
	tree_mark(&c->tree, c->fs, directory);
	for (size_t i = 0; i < COUNT_OF(patterns); i++) {
		_cleanup_free_ char *path = text_format("%s/%s", directory, patterns[i]);

		if (path)
			tree_copy_matching(&c->tree, c->fs, path);
	}
	dir = sysfs_list(sysfs_open_directory(c->fs, dkms));
	while (dir && (entry = sysfs_next(dir))) {
		_cleanup_free_ char *path = text_format("%s/%s", dkms, entry->d_name);

		if (path && is_about_kvm(entry->d_name))
			tree_mark(&c->tree, c->fs, path);
	}
}

/* The files of a directory, as far as they are about KVM. */
static void copy_lines_in(struct capture *c, const char *directory)
{
	_cleanup_closedir_ DIR *dir = sysfs_list(sysfs_open_directory(c->fs, directory));
	const struct dirent *entry;

	if (dir)
		tree_directory(&c->tree, directory);
	while (dir && (entry = sysfs_next(dir))) {
		_cleanup_free_ char *path = text_format("%s/%s", directory, entry->d_name);

		if (path && *entry->d_name != '.')
			tree_copy_lines(&c->tree, c->fs, path, is_about_kvm);
	}
}

/* The configuration of modprobe(8), and of what loads modules at boot. */
static void copy_configuration(struct capture *c)
{
	const char *directory;

	for (size_t i = 0; (directory = module_config_directory(i)); i++)
		copy_lines_in(c, directory);
	for (size_t i = 0; (directory = boot_modules_directory(i)); i++)
		copy_lines_in(c, directory);
	tree_copy_lines(&c->tree, c->fs, BOOT_MODULES_FILE, is_about_kvm);
}

static void copy_page_size(struct capture *c)
{
	uint64_t bytes;
	char text[24];

	if (sysfs_page_size(c->fs, &bytes))
		return;
	snprintf(text, sizeof(text), "%" PRIu64 "\n", bytes);
	tree_write(&c->tree, "/page-size", text, strlen(text), 0);
}

/* The lines about the pool, and about requests that hang; the latter name the VMM. */
static void copy_log(struct capture *c)
{
	_cleanup_free_ char *text = pool_log_text(c->fs, !c->full);

	if (text)
		tree_write(&c->tree, "/var/log/dmesg", text, strlen(text), 0);
}

/* The flags of the pool's pages, at their offset in the file. */
static void copy_page_flags(struct capture *c)
{
	_cleanup_close_ int fd = sysfs_open_file(c->fs, "/proc/kpageflags", O_RDONLY);
	_cleanup_(pool_clear) struct pool pool = { 0 };
	uint64_t page_bytes, at, end;
	char data[65536];

	pool_read(c->fs, &pool);
	if (fd < 0 || !pool_log_of(c->fs, &pool)->base || sysfs_page_size(c->fs, &page_bytes))
		return;
	at = pool.log.base / page_bytes * 8;
	end = at + pool.log.bytes / page_bytes * 8;
	while (at < end) {
		size_t bytes = end - at < sizeof(data) ? (size_t)(end - at) : sizeof(data);
		ssize_t n = pread(fd, data, bytes, (off_t)at);

		if (n <= 0)
			return;
		tree_write(&c->tree, "/proc/kpageflags", data, (size_t)n, (off_t)at);
		at += (uint64_t)n;
	}
}

/* Without the addresses, which would help to attack this host. */
static void copy_tables(struct capture *c)
{
	_cleanup_free_ char *text = host_tables_text(c->fs);

	if (text)
		tree_write(&c->tree, "/proc/vmallocinfo", text, strlen(text), 0);
}

/* What the kernel would move for a table of each order. */
static void copy_plans(struct capture *c)
{
	_cleanup_free_ char *text = plan_text(c->fs);

	if (text)
		tree_write(&c->tree, PLAN_FILE, text, strlen(text), 0);
}

/* Writes file @name of process @pid. */
static void write_of(struct capture *c, pid_t pid, const char *name, const char *text,
		     size_t length)
{
	_cleanup_free_ char *path = text_format("/proc/%d/%s", pid, name);

	if (path)
		tree_write(&c->tree, path, text, length, 0);
}

/* Copies file @name of a thread. */
static void copy_of(struct capture *c, const struct vmm *vmm, const char *thread, const char *name)
{
	_cleanup_free_ char *path = text_format("/proc/%d%s/%s", vmm->pid, thread, name);

	if (path)
		tree_copy(&c->tree, c->fs, path);
}

/* Copies the state of a thread ("", "/task/TID") and, if it is blocked, where. */
static void copy_thread(struct capture *c, const struct vmm *vmm, const char *thread)
{
	_cleanup_free_ char *path = text_format("/proc/%d%s/stat", vmm->pid, thread), *text = NULL,
			    *plain = NULL;
	const char *end;

	if (!path || sysfs_read(c->fs, path, &text, NULL))
		return;
	end = strrchr(text, ')'); /* "4711 (command) S ..." */
	if (!end)
		return;
	if (!c->full)
		plain = text_format("%llu (vmm%s", strtoull(text, NULL, 10), end);
	tree_write(&c->tree, path, plain ?: text, strlen(plain ?: text), 0);
	if (strncmp(end, ") D", 3))
		return;
	copy_of(c, vmm, thread, "wchan");
	copy_of(c, vmm, thread, "stack");
}

static void copy_threads(struct capture *c, const struct vmm *vmm)
{
	_cleanup_free_ char *path = text_format("/proc/%d/task", vmm->pid);
	_cleanup_closedir_ DIR *dir = path ? sysfs_list(sysfs_open_directory(c->fs, path)) : NULL;
	const struct dirent *entry;

	copy_thread(c, vmm, "");
	while (dir && (entry = sysfs_next(dir))) {
		_cleanup_free_ char *thread = text_format("/task/%s", entry->d_name);

		if (thread && *entry->d_name != '.')
			copy_thread(c, vmm, thread);
	}
}

/* The user, the command and the name of the guest, or what stands for these. */
static void copy_identity(struct capture *c, struct vmm *vmm)
{
	static const char *const names[] = { "comm", "cmdline", "cgroup" };
	_cleanup_free_ char *status = NULL;
	pid_t pid = vmm->pid;
	char arguments[128] = "vmm";
	int length = (int)sizeof("vmm");

	vmm_identify(vmm);
	if (vmm->uid_known)
		status = text_format("Tgid:\t%d\nUid:\t%u\n", vmm->pid, vmm->uid);
	if (status)
		write_of(c, pid, "status", status, strlen(status));
	for (size_t i = 0; c->full && i < COUNT_OF(names); i++) {
		_cleanup_free_ char *path = text_format("/proc/%d/%s", pid, names[i]);

		if (path)
			tree_copy(&c->tree, c->fs, path);
	}
	if (c->full)
		return;
	if (vmm->command)
		write_of(c, pid, "comm", "vmm\n", strlen("vmm\n"));
	if (vmm->guest)
		length += snprintf(arguments + length, 64, "-name%cguest=vm-%d%c", 0, pid, 0);
	if (vmm->ram_bytes)
		length += snprintf(arguments + length, 48, "-m%c%" PRIu64 "B%c", 0, vmm->ram_bytes,
				   0);
	if (vmm->guest || vmm->ram_bytes)
		write_of(c, pid, "cmdline", arguments, (size_t)length);
}

static void copy_process(struct capture *c, pid_t pid)
{
	_cleanup_(vmm_clear) struct vmm vmm = { .proc_fd = -1 };

	if (vmm_open(c->fs, pid, &vmm) || vmm_read_fds(&vmm) || !vmm.has_kvm)
		return;
	for (size_t i = 0; i < vmm.nfds; i++) {
		_cleanup_free_ char *path = text_format("/proc/%d/fd/%d", pid, vmm.fds[i]);

		if (path)
			tree_link(&c->tree, path, VMM_VM_LINK);
	}
	copy_identity(c, &vmm);
	copy_threads(c, &vmm);
}

static void copy_processes(struct capture *c)
{
	_cleanup_closedir_ DIR *dir = sysfs_list(sysfs_open_directory(c->fs, "/proc"));
	_cleanup_close_ int ns_fd = sysfs_open_directory(c->fs, "/proc/self/ns");
	const struct dirent *entry;
	char target[64];
	uint64_t pid;
	ssize_t n = ns_fd < 0 ? -1 : readlinkat(ns_fd, "pid", target, sizeof(target) - 1);

	if (n > 0) {
		target[n] = '\0';
		tree_link(&c->tree, "/proc/self/ns/pid", target);
	}
	while (dir && (entry = sysfs_next(dir)))
		if (!parse_u64(entry->d_name, &pid) && pid && pid <= INT32_MAX)
			copy_process(c, (pid_t)pid);
}

static void copy_domains(struct capture *c)
{
	for (size_t i = 0; i < c->domains.n; i++) {
		const struct domain *domain = &c->domains.list[i];
		_cleanup_free_ char *path =
			c->full ? text_format("/run/libvirt/qemu/%s.pid", domain->name) :
				  text_format("/run/libvirt/qemu/vm-%d.pid", domain->pid);
		char pid[16];

		snprintf(pid, sizeof(pid), "%d\n", domain->pid);
		if (path)
			tree_write(&c->tree, path, pid, strlen(pid), 0);
	}
}

static void run(struct call *call)
{
	struct capture *c = call->data;

	c->fs = &call->fs;
	c->full = call->options.full;
	c->tree.fd = -1;
	if (tree_make(&c->tree, call->options.directory, &call->err))
		return;
	for (size_t i = 0; i < COUNT_OF(files); i++)
		tree_copy_matching(&c->tree, c->fs, files[i]);
	for (size_t i = 0; i < COUNT_OF(marks); i++)
		tree_mark(&c->tree, c->fs, marks[i]);
	copy_modules(c);
	copy_configuration(c);
	copy_page_size(c);
	copy_log(c);
	copy_tables(c);
	copy_page_flags(c);
	copy_plans(c);
	copy_processes(c);
	domains_read(c->fs, &c->domains);
	copy_domains(c);
	/* What the kernel says wrongly, or does not let be read, is so in the copy, too. */
	error_clear(&call->fault);
	(void)!tree_check(&c->tree, &call->err);
}

static void clear(void *data)
{
	struct capture *c = data;

	domains_clear(&c->domains);
	tree_clear(&c->tree);
}

static const struct argp_option own_options[] = {
	{ "full", OPT_FULL, NULL, 0,
	  "Keep the names of VMs and the command lines of VMMs, which may hold secrets", 0 },
	{ 0 },
};

const struct command capture_command = {
	.name = "capture",
	.summary = "copy what kvm-htab reads of this host, for others to look at",
	.args_doc = "DIR",
	.doc = "Copy what kvm-htab reads of this host into the new directory DIR, which other "
	       "hosts can use with --sysroot=DIR. Names of VMs and command lines of VMMs are "
	       "replaced. Root captures more than other users.",
	.options = own_options,
	.groups = OPTIONS_DIRECTORY,
	.row_bytes = 1,
	.data_bytes = sizeof(struct capture),
	.run = run,
	.clear = clear,
};
