/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Strings from elsewhere (paths, peers' bytes) made fit for a terminal and
 * for JSON.
 */
#ifndef KVM_HTAB_ESCAPE_H
#define KVM_HTAB_ESCAPE_H

/*
 * A copy of @s in which every byte that is not printable ASCII reads \xNN.
 * The caller frees it; NULL: out of memory.
 */
char *escape_ascii(const char *s);

/*
 * The same, but well-formed UTF-8 stays (control characters U+0080..U+009F
 * do not), so that the result is valid inside JSON whatever @s was.
 */
char *escape_utf8(const char *s);

#endif /* KVM_HTAB_ESCAPE_H */
