// SPDX-License-Identifier: GPL-2.0-only
/* The argument vector: NUL-separated bytes, up to where the command would begin to read the host. */
#include <signal.h>
#include <string.h>

#include "fuzz.h"
#include "host/sysfs.h"

#define BYTES_MAX 4096
#define ARGUMENTS_MAX 100

int kvm_htab_main(int argc, char **argv);

int __wrap_sysfs_open(struct sysfs *fs, const char *sysroot, struct error *err);
int __wrap_sysfs_open(struct sysfs *fs, const char *sysroot, struct error *err)
{
	(void)fs, (void)sysroot, (void)err;
	leave(0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char name[] = "kvm-htab", *vector[] = { name, NULL };

	(void)argc, (void)argv;
	setenv("LC_ALL", "C", 1);
	output_begin();
	run(kvm_htab_main, 1, vector); /* what the C library allocates once, it may keep */
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[BYTES_MAX + 1], name[] = "kvm-htab";
	char *vector[ARGUMENTS_MAX + 2] = { name };
	int argc = 1, status;

	if (size > BYTES_MAX)
		size = BYTES_MAX;
	memcpy(text, data, size);
	text[size] = '\0';
	for (char *s = text; s < text + size && argc <= ARGUMENTS_MAX; s += strlen(s) + 1)
		vector[argc++] = s;
	output_begin();
	status = run(kvm_htab_main, argc, vector);
	require(status == 0 || status == 2);
	return 0;
}
