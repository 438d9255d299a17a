// SPDX-License-Identifier: GPL-2.0-only
/* /dev/kvm, and which users may open it. */
#include <fcntl.h>
#include <grp.h>
#include <linux/kvm.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "doctor/doctor.h"

#define KVM_DEVICE "/dev/kvm"
#define KVM_MAJOR 10 /* misc */
#define KVM_MINOR 232

/* Writes @name, or @id if it is NULL, to @text. Returns @text. */
static const char *name_or_id(const char *name, unsigned int id, char text[static 32])
{
	if (name)
		snprintf(text, 32, "%s", name);
	else
		snprintf(text, 32, "%u", id);
	return text;
}

static const char *group_name(gid_t gid, char text[static 32])
{
	const struct group *group = getgrgid(gid);

	return name_or_id(group ? group->gr_name : NULL, gid, text);
}

static const char *user_name(uid_t uid, char text[static 32])
{
	const struct passwd *user = getpwuid(uid);

	return name_or_id(user ? user->pw_name : NULL, uid, text);
}

/* Whether a group other than root's may use the device: usually "root:kvm 0660". */
static bool has_group(const struct stat *st)
{
	return st->st_gid && (st->st_mode & 060) == 060;
}

static bool is_open_to_all(const struct stat *st)
{
	return (st->st_mode & 06) == 06;
}

#define GROUP_COMMAND "chgrp kvm " KVM_DEVICE " && chmod 0660 " KVM_DEVICE

static void device_refused(const struct stat *st, const char *access, struct item *item)
{
	char user[32], group[32];

	user_name(geteuid(), user);
	item_set(item, ITEM_FAILED, "%s: permission denied for user %s", access, user);
	item->of_user = true;
	if (has_group(st)) {
		item_advise(item, "as root, add the user to the group, then log in again");
		item_set_next(item, "usermod -aG %s %s", group_name(st->st_gid, group), user);
	} else {
		item_advise(item, "as root, give the device to group kvm and add the user to that "
				  "group, then log in again");
		item_set_next(item, GROUP_COMMAND " && usermod -aG kvm %s", user);
	}
}

static void device_opened(const struct stat *st, const char *access, struct item *item)
{
	if (has_group(st) || is_open_to_all(st)) {
		item_set(item, ITEM_OK, "%s", access);
		return;
	}
	item_set(item, ITEM_WARNING, "%s: only root may open it, but VMMs run as other users",
		 access);
	item_advise(item, "give the device to group kvm");
	item_set_next(item, GROUP_COMMAND);
}

/* As podman, docker, systemd and Kubernetes mark it. */
static bool is_container(const struct doctor *doctor)
{
	static const char *const marks[] = {
		"/run/.containerenv",
		"/.dockerenv",
		"/run/systemd/container",
		"/run/secrets/kubernetes.io",
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (sysfs_has(doctor->fs, marks[i]))
			return true;
	return false;
}

static void device_missing(const struct doctor *doctor, struct item *item, const char *what)
{
	item_set(item, ITEM_FAILED, "%s", what);
	if (is_container(doctor)) {
		item_advise(item, "start the container with the device: --device=/dev/kvm of "
				  "podman and docker, a device plugin of Kubernetes");
		return;
	}
	item_advise(item, "create the device");
	item_set_next(item,
		      "rm -f " KVM_DEVICE " && mknod -m 0660 " KVM_DEVICE
		      " c %d %d && chgrp kvm " KVM_DEVICE,
		      KVM_MAJOR, KVM_MINOR);
}

/* Opens the device and checks for KVM-HV. @access: owner and mode. */
static void ask_device(struct doctor *doctor, const struct stat *st, const char *access,
		       struct item *item)
{
	doctor->kvm = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);
	if (doctor->kvm < 0) {
		item_set(item, ITEM_FAILED, "%s: cannot open it: %s", access, strerror(errno));
		item_advise(item, "check the kernel log, the device control group and the "
				  "security module");
		item_set_next(item, "dmesg");
	} else if (ioctl(doctor->kvm, KVM_CHECK_EXTENSION, KVM_CAP_PPC_ALLOC_HTAB) <= 0) {
		cleanup_close(&doctor->kvm); /* of no use to other items, either */
		item_set(item, ITEM_FAILED, "%s: KVM-HV does not answer", access);
		item_advise(item, "check the messages of KVM-HV in the kernel log");
		item_set_next(item, "dmesg | grep -i kvm");
	} else {
		device_opened(st, access, item);
	}
}

void doctor_device(struct doctor *doctor, struct item *item)
{
	char user[32], group[32], access[80];
	struct stat st;

	if (doctor->fs->captured) {
		item_set(item, ITEM_NONE, "not in a captured tree");
		return;
	}
	if (!doctor->kvm_hv_live) { /* opening it might load a module */
		item_set(item, ITEM_NONE, "requires kvm_hv");
		return;
	}
	if (stat(KVM_DEVICE, &st)) {
		device_missing(doctor, item, errno == ENOENT ? "missing" : strerror(errno));
		return;
	}
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(KVM_MAJOR, KVM_MINOR)) {
		device_missing(doctor, item, "not the KVM device (character device 10:232)");
		return;
	}
	snprintf(access, sizeof(access), "%s:%s %04o", user_name(st.st_uid, user),
		 group_name(st.st_gid, group), st.st_mode & 07777);
	if (faccessat(AT_FDCWD, KVM_DEVICE, R_OK | W_OK, AT_EACCESS))
		device_refused(&st, access, item);
	else
		ask_device(doctor, &st, access, item);
}
