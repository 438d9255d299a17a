// SPDX-License-Identifier: GPL-2.0-only
/* seeds CALL TREE: the input of target "files" for the captured host TREE and call number CALL, on stdout. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "tree.h"

static const char *const paths[] = {
#define PATH(path) path,
#include "paths.h"
#undef PATH
};

/* Of what is long its beginning and its end do. */
#define TEXT_MAX 256

static void put_file(size_t i, const char *name)
{
	static char text[1 << 20];
	FILE *f = fopen(name, "re");
	size_t n = f ? fread(text, 1, sizeof(text), f) : 0;

	if (!f)
		return;
	fclose(f);
	putchar(TREE_MARK);
	putchar((int)i);
	if (n <= 2 * TEXT_MAX) {
		fwrite(text, 1, n, stdout);
	} else {
		fwrite(text, 1, TEXT_MAX, stdout);
		fwrite(text + n - TEXT_MAX, 1, TEXT_MAX, stdout);
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	putchar(atoi(argv[1]));
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char pattern[4096];
		glob_t found;

		snprintf(pattern, sizeof(pattern), "%s%s", argv[2], paths[i]);
		if (!glob(pattern, 0, NULL, &found))
			put_file(i, found.gl_pathv[0]);
		globfree(&found);
	}
	return 0;
}
