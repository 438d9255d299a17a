/* SPDX-License-Identifier: GPL-2.0-only */
/* Hypercalls that guests of tests make. */
#ifndef TEST_HCALL_H
#define TEST_HCALL_H

#define H_REMOVE 0x04
#define H_ENTER 0x08
#define H_READ 0x0c
#define H_CLEAR_MOD 0x10
#define H_CLEAR_REF 0x14
#define H_PROTECT 0x18
#define H_CEDE 0xe0
#define H_BULK_REMOVE 0x124
#define H_REPORT 0xf00 /* unknown to the kernel, so it gets to the VMM */
#define H_FAULT 0xf01
#define H_EXIT 0xf02 /* unknown as well; the VMM goes on at once */

#define H_PTEG_FULL (-6)
#define H_NOT_FOUND (-7)

#endif
