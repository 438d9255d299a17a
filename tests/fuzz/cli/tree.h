/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A host's files in memory. An input is pieces that begin with a byte TREE_MARK and one that says
 * which file (or link) of tree_paths[] the rest is; a directory is there if something in it is. A file
 * that begins with TREE_DENIED may not be opened.
 */
#ifndef TREE_H
#define TREE_H

#include "fuzz.h"

#define TREE_MARK 0xfe
#define TREE_DENIED 0xfd

/* Makes the tree of @bytes, which have to stay. */
void tree_make(const struct bytes *bytes);

/* Every file that was opened is closed. */
void tree_check(void);

#endif /* TREE_H */
