/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest of hcalls.c, which copies it to CODE of the reference VMM's guest: what it does there is what is measured.
 * Position-independent; it starts in real mode with, in registers, count (r14), pteh (r15), ptel (r16), index (r17), EA
 * (r19) and SLB entry (r27, r28). What is measured stands between two hypercalls for the VMM; the second tells how many
 * instructions PMC5 has counted in the guest, and in handlers that run in the guest's context.
 */

#define H_REMOVE	0x04
#define H_ENTER		0x08
#define H_READ		0x0c
#define H_PROTECT	0x18
#define H_FAULT		0xf01
#define H_EXIT		0xf02

#define SPR_PMC5	791
#define SPR_MMCR0	795
#define MSR_DR		0x10

	.macro	h_enter
	li	%r3, H_ENTER
	li	%r4, 0
	mr	%r5, %r17
	mr	%r6, %r15
	mr	%r7, %r16
	sc	1
	cmpdi	%r3, 0
	bne	failed
	.endm

	.macro	h_remove index
	mr	%r5, \index
	li	%r3, H_REMOVE
	li	%r4, 0
	sc	1
	cmpdi	%r3, 0
	bne	failed
	.endm

	.macro	begin
	li	%r3, H_EXIT
	sc	1
	mfspr	%r20, SPR_PMC5
	mr	%r24, %r14
	.endm

	.macro	end
	mfspr	%r21, SPR_PMC5
	subf	%r4, %r20, %r21
	clrldi	%r4, %r4, 32
	li	%r3, H_EXIT
	sc	1
	.endm

	.machine power8
	.section .rodata
	.balign	16
	.globl	hcalls, hcalls_end, hcalls_enter, hcalls_read, hcalls_protect, hcalls_fault

hcalls:

/* An entry comes and goes */
hcalls_enter:
	li	%r3, 0
	mtspr	SPR_MMCR0, %r3		/* let it count */
	isync
1:	begin
2:	h_enter
	h_remove %r4
	addi	%r24, %r24, -1
	cmpdi	%r24, 0
	bne	2b
	end
	b	1b

hcalls_read:
	li	%r3, 0
	mtspr	SPR_MMCR0, %r3
	isync
	h_enter
	mr	%r23, %r4
1:	begin
2:	li	%r3, H_READ
	li	%r4, 0
	mr	%r5, %r23
	sc	1
	cmpdi	%r3, 0
	bne	failed
	addi	%r24, %r24, -1
	cmpdi	%r24, 0
	bne	2b
	end
	b	1b

/* Its page becomes read-only, and writable again */
hcalls_protect:
	li	%r3, 0
	mtspr	SPR_MMCR0, %r3
	isync
	h_enter
	mr	%r23, %r4
	li	%r22, 2
1:	begin
2:	xori	%r22, %r22, 1
	li	%r3, H_PROTECT
	mr	%r4, %r22
	mr	%r5, %r23
	li	%r6, 0
	sc	1
	cmpdi	%r3, 0
	bne	failed
	addi	%r24, %r24, -1
	cmpdi	%r24, 0
	bne	2b
	end
	b	1b

/* Entries for pages that the VMM has not touched by then, and has when they are loaded from */
hcalls_fault:
	li	%r3, 0
	mtspr	SPR_MMCR0, %r3
	isync
	lis	%r31, 4			/* where the entries are */
	mr	%r29, %r16		/* ptel */
	srdi	%r30, %r15, 12		/* VSID */
1:	li	%r24, 0
2:	sldi	%r16, %r24, 16		/* a page of the host each */
	add	%r16, %r16, %r29
	xor	%r17, %r30, %r24
	sldi	%r17, %r17, 3
	h_enter
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
	addi	%r24, %r24, -1
	cmpdi	%r24, 0
	bne	3b
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
