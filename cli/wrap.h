/* SPDX-License-Identifier: GPL-2.0-only */
/* Text in lines of a given width, broken between words. */
#ifndef KVM_HTAB_WRAP_H
#define KVM_HTAB_WRAP_H

#include <stddef.h>

/*
 * A copy of @text with newlines in it, so that no line is longer than @width
 * bytes (not 0). A word that is longer is cut. The caller frees it; NULL: no memory.
 */
char *wrap_words(const char *text, size_t width);

/*
 * Shares @total out among the @n @widths wanted: those that want less than
 * the others get it, the others the same. @total must be at least @n.
 */
void wrap_share(size_t total, size_t *widths, size_t n);

#endif /* KVM_HTAB_WRAP_H */
