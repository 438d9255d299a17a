// SPDX-License-Identifier: GPL-2.0-only
/* The distribution of this host. */
#include "host/distribution.h"

#include <stdio.h>
#include <string.h>

#include "host/cmdline.h"
#include "lib/text.h"

#define GRUB_DEFAULTS "/etc/default/grub"

/* The value of "@key=" in os-release, without quotes, in @value; "": it is not there. */
static void os_release_value(const char *text, const char *key, char *value, size_t size)
{
	size_t length = strlen(key);

	*value = '\0';
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) || line[length] != '=')
			continue;
		line += length + 1;
		line += strspn(line, "\"'");
		snprintf(value, size, "%.*s", (int)strcspn(line, "\"'\n"), line);
		return;
	}
}

/* Whether the words of @list, with blanks between them, contain @word. */
static bool has_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *s = list; (s = strstr(s, word)); s += length)
		if ((s == list || s[-1] == ' ') && (!s[length] || s[length] == ' '))
			return true;
	return false;
}

static enum distribution_family family_of(const char *ids)
{
	static const struct {
		const char *word;
		enum distribution_family family;
	} words[] = {
		{ "debian", DISTRIBUTION_DEBIAN }, { "ubuntu", DISTRIBUTION_DEBIAN },
		{ "rhel", DISTRIBUTION_RHEL },	   { "fedora", DISTRIBUTION_RHEL },
		{ "centos", DISTRIBUTION_RHEL },   { "suse", DISTRIBUTION_SUSE },
		{ "sles", DISTRIBUTION_SUSE },	   { "opensuse", DISTRIBUTION_SUSE },
		{ "sles_sap", DISTRIBUTION_SUSE }, { "ibm_powerkvm", DISTRIBUTION_RHEL },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (has_word(ids, words[i].word))
			return words[i].family;
	return DISTRIBUTION_OTHER;
}

void distribution_read(const struct sysfs *fs, struct distribution *distribution)
{
	_cleanup_free_ char *text = NULL;
	char like[128], ids[192], version[32];

	*distribution = (struct distribution){ 0 };
	if (sysfs_read(fs, "/etc/os-release", &text, NULL) &&
	    sysfs_read(fs, "/usr/lib/os-release", &text, NULL)) {
		if (sysfs_has(fs, "/etc/debian_version"))
			distribution->family = DISTRIBUTION_DEBIAN;
		return;
	}
	os_release_value(text, "ID", distribution->id, sizeof(distribution->id));
	os_release_value(text, "ID_LIKE", like, sizeof(like));
	os_release_value(text, "VERSION_ID", version, sizeof(version));
	snprintf(ids, sizeof(ids), "%s %s", distribution->id, like);
	distribution->family = family_of(ids);
	if (sscanf(version, "%u", &distribution->version) != 1)
		distribution->version = 0;
}

/* The command that writes the boot loader's configuration from GRUB_DEFAULTS; NULL: not known. */
static const char *grub_command(const struct sysfs *fs)
{
	static const struct {
		const char *tool, *directory, *command;
	} commands[] = {
		{ "/usr/sbin/update-grub", "/", "update-grub" },
		{ "/usr/sbin/grub2-mkconfig", "/boot/grub2",
		  "grub2-mkconfig -o /boot/grub2/grub.cfg" },
		{ "/usr/sbin/grub2-mkconfig", "/", "grub2-mkconfig -o /boot/grub2/grub.cfg" },
		{ "/usr/bin/grub2-mkconfig", "/", "grub2-mkconfig -o /boot/grub2/grub.cfg" },
		{ "/usr/sbin/grub-mkconfig", "/", "grub-mkconfig -o /boot/grub/grub.cfg" },
		{ "/usr/bin/grub-mkconfig", "/", "grub-mkconfig -o /boot/grub/grub.cfg" },
	};
	struct distribution distribution;

	if (sysfs_has(fs, "/usr/sbin/transactional-update")) /* of a read-only root */
		return "transactional-update grub.cfg";
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (sysfs_has(fs, commands[i].tool) && sysfs_has(fs, commands[i].directory))
			return commands[i].command;
	distribution_read(fs, &distribution);
	switch (distribution.family) {
	case DISTRIBUTION_DEBIAN:
		return "update-grub";
	case DISTRIBUTION_SUSE:
	case DISTRIBUTION_RHEL:
		return "grub2-mkconfig -o /boot/grub2/grub.cfg";
	case DISTRIBUTION_OTHER: /* GRUB's own name */
		return *distribution.id ? "grub-mkconfig -o /boot/grub/grub.cfg" : NULL;
	}
	return NULL;
}

/* Whether the root file system is an image, which is replaced as a whole. */
static bool boots_images(const struct sysfs *fs)
{
	return sysfs_has(fs, "/run/ostree-booted");
}

/* Whether the kernel was booted with an option of this name. */
static bool is_set(const struct sysfs *fs, const char *option)
{
	_cleanup_free_ char *name = strndup(option, strcspn(option, "="));

	return name && cmdline_has(fs, name);
}

void distribution_boot_option(const struct sysfs *fs, const char *option, bool remove, char **what,
			      char **command)
{
	const char *with = remove ? "without" : "with", *grub = grub_command(fs);
	bool change = !remove &&
		      is_set(fs, option); /* where it is; behind it, or before, may not help */

	*what = *command = NULL;
	if (boots_images(fs)) {
		*what = text_format("boot %s %s: %s it, then reboot", with, option,
				    remove ? "remove" : "set");
		*command = text_format("rpm-ostree kargs --%s=%s", remove ? "delete" : "append",
				       option);
	} else if (sysfs_has(fs, "/etc/NIXOS")) {
		*what = text_format("boot %s %s: %s boot.kernelParams in "
				    "/etc/nixos/configuration.nix, run nixos-rebuild boot and "
				    "reboot",
				    with, option,
				    remove ? "remove it from" :
				    change ? "change it in" :
					     "add it to");
	} else if (sysfs_has(fs, "/usr/sbin/grubby")) {
		*what = text_format("boot %s %s: %s it, then reboot", with, option,
				    remove ? "remove" : "set");
		*command = text_format("grubby --update-kernel=ALL --%s=%s",
				       remove ? "remove-args" : "args", option);
	} else if (sysfs_has(fs, GRUB_DEFAULTS)) {
		*what = text_format("boot %s %s: %s " GRUB_DEFAULTS ", run %s and reboot", with,
				    option,
				    remove ? "remove it from" :
				    change ? "change it in" :
					     "add it to GRUB_CMDLINE_LINUX in",
				    grub ?: "update-grub or grub2-mkconfig");
	} else {
		*what = text_format(
			"boot %s %s on the kernel's command line, which Petitboot takes from the "
			"boot loader's configuration",
			with, option);
	}
}
