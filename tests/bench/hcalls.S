/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest of hcalls.c, which copies it to CODE of the reference VMM's guest: what it does there is what is measured.
 * Position-independent; it starts in real mode with, in registers, count (r14), pteh (r15), ptel (r16), index (r17), EA
 * (r19) and SLB entry (r27, r28). What is measured stands between two hypercalls for the VMM, and between the marks of
 * count.c.
 */

#include "../host/programs/hcall.inc"

	.macro	success
	cmpdi	%r3, 0
	bne	failed
	.endm

	.macro	h_remove index
	mr	%r5, \index
	li	%r3, H_REMOVE
	li	%r4, 0
	sc	1
	success
	.endm

	.macro	begin
	li	%r3, H_EXIT
	sc	1
	ori	%r28, %r28, 0
	mr	%r24, %r14
	.endm

	.macro	end
	ori	%r29, %r29, 0
	li	%r3, H_EXIT
	sc	1
	.endm

	.macro	until_done again
	addi	%r24, %r24, -1
	cmpdi	%r24, 0
	bne	\again
	.endm

	.machine power8
	.section .rodata
	.balign	16
	.globl	hcalls, hcalls_end, hcalls_enter, hcalls_read, hcalls_protect, hcalls_fault

hcalls:

/* An entry comes and goes */
hcalls_enter:
1:	begin
2:	h_enter
	success
	h_remove %r4
	until_done 2b
	end
	b	1b

hcalls_read:
	h_enter
	success
	mr	%r23, %r4
1:	begin
2:	li	%r3, H_READ
	li	%r4, 0
	mr	%r5, %r23
	sc	1
	success
	until_done 2b
	end
	b	1b

/* Its page becomes read-only, and writable again */
hcalls_protect:
	h_enter
	success
	mr	%r23, %r4
	li	%r22, 2
1:	begin
2:	xori	%r22, %r22, 1
	li	%r3, H_PROTECT
	mr	%r4, %r22
	mr	%r5, %r23
	li	%r6, 0
	sc	1
	success
	until_done 2b
	end
	b	1b

/* Entries for pages that the VMM has not touched by then, and has when they are loaded from */
hcalls_fault:
	lis	%r31, 4			/* where the entries are */
	mr	%r29, %r16		/* ptel */
	srdi	%r30, %r15, 12		/* VSID */
1:	li	%r24, 0
2:	sldi	%r16, %r24, 16		/* a page of the host each */
	add	%r16, %r16, %r29
	xor	%r17, %r30, %r24
	sldi	%r17, %r17, 3
	h_enter
	success
	sldi	%r10, %r24, 3
	stdx	%r4, %r31, %r10
	addi	%r24, %r24, 1
	cmpd	%r24, %r14
	bne	2b
	slbmte	%r27, %r28
	isync
	mfmsr	%r23
	mr	%r26, %r19

	begin
	ori	%r22, %r23, MSR_DR
	mtmsrd	%r22
	isync
3:	ld	%r25, 0(%r26)
	addi	%r26, %r26, 0x1000
	until_done 3b
	mtmsrd	%r23
	isync
	end

4:	sldi	%r10, %r24, 3
	ldx	%r11, %r31, %r10
	h_remove %r11
	addi	%r24, %r24, 1
	cmpd	%r24, %r14
	bne	4b
	b	1b

failed:
	mr	%r4, %r3
	li	%r3, H_FAULT
	sc	1
	b	.
hcalls_end:

	.section .note.GNU-stack, "", @progbits
