// SPDX-License-Identifier: GPL-2.0-only
/* replay FILE...: a target on inputs that are there, without a fuzzer: for coverage and debuggers. */
#include "fuzz.h"

int main(int argc, char **argv)
{
	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		static uint8_t data[1 << 20];
		FILE *f = fopen(argv[i], "re");
		size_t size = f ? fread(data, 1, sizeof(data), f) : 0;

		if (!f) {
			perror(argv[i]);
			return 1;
		}
		fclose(f);
		LLVMFuzzerTestOneInput(data, size);
	}
	return 0;
}
