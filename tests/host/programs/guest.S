/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the reference VMM's guests execute: an image for guest real address 0. It runs with MSR
 * SF and LE and without IR and DR, so all its accesses go through the VRMA, that is, through
 * entries of the hashed page table. vmm-vm.c fills the mailbox and knows the registers of a report.
 */

#include "hcall.inc"

/* The mailbox's SLB entry */
	.macro	slb_from_mailbox
	ld	%r27, 56(%r31)		/* SLB VSID */
	ld	%r28, 64(%r31)		/* SLB ESID */
	.endm

/* Loads and stores go through the SLB entry in r27 and r28, until translation_off; r9 is taken */
	.macro	translation_on
	isync
	slbmte	%r27, %r28
	isync
	mfmsr	%r9
	ori	%r10, %r9, MSR_DR
	mtmsrd	%r10
	isync
	.endm

	.macro	translation_off
	mtmsrd	%r9
	isync
	.endm

	.machine power8
	.section .rodata
	.balign	16
	.globl	guest_image, guest_image_end, guest_run, guest_loop, guest_cede, guest_hammer, guest_check
	.globl	guest_exits
	.globl	guest_mmio_enter, guest_mmio, guest_enter, guest_steps, guest_gap

guest_image:
	.irp	vec, 0x100, 0x200
	.org	guest_image + \vec
	li	%r4, \vec
	li	%r3, H_FAULT
	sc	1
	b	.
	.endr

	/* A step may end like this. */
	.org	guest_image + 0x300
	cmpdi	%r29, 0x7e57
	beq	step_faulted
	li	%r4, 0x300
	li	%r3, H_FAULT
	sc	1
	b	.

	/* Other interrupts are reported with their vectors; the guest does not go on after one. */
	.irp	vec, 0x380, 0x400, 0x480, 0x500, 0x600, 0x700, 0x800
	.org	guest_image + \vec
	li	%r4, \vec
	li	%r3, H_FAULT
	sc	1
	b	.
	.endr

	/* The decrementer only has to be quiet. */
	.org	guest_image + 0x900
	lis	%r0, 0x7fff
	mtdec	%r0
	rfid

	.irp	vec, 0xa00, 0xb00, 0xc00, 0xd00, 0xe40, 0xf00, 0xf20, 0xf40, 0xf60
	.org	guest_image + \vec
	li	%r4, \vec
	li	%r3, H_FAULT
	sc	1
	b	.
	.endr

	.org	guest_image + 0x2000
guest_run:
	lis	%r31, 2			/* the mailbox */
	ld	%r14, 0(%r31)		/* pattern */
	ld	%r15, 8(%r31)		/* pteh */
	ld	%r16, 16(%r31)		/* ptel */
	ld	%r17, 24(%r31)		/* index */
	ld	%r18, 32(%r31)		/* more entries */
	ld	%r19, 40(%r31)		/* ea */
	ld	%r20, 48(%r31)		/* page */

	std	%r14, 0(%r20)
	ld	%r21, 0(%r20)

	/* an entry of our own, and what the kernel says it is */
	h_enter
	mr	%r22, %r3
	mr	%r23, %r4
	li	%r3, H_READ
	li	%r4, 0
	mr	%r5, %r23
	sc	1
	mr	%r24, %r3
	mr	%r25, %r4
	mr	%r26, %r5

	/* the page once more, translated by that entry */
	slb_from_mailbox
	translation_on
	ld	%r29, 0(%r19)
	translation_off

	/* more entries, a segment and a group further each */
	li	%r13, 0
	mr	%r30, %r18
1:	cmpdi	%r30, 0
	beq	3f
	addi	%r17, %r17, 8
	addi	%r15, %r15, 0x1000
	h_enter
	cmpdi	%r3, 0
	bne	2f
	addi	%r13, %r13, 1
2:	addi	%r30, %r30, -1
	b	1b

3:	li	%r3, H_REPORT
	mr	%r4, %r21
	mr	%r5, %r22
	mr	%r6, %r23
	mr	%r7, %r24
	mr	%r8, %r25
	mr	%r9, %r26
	mr	%r10, %r29
	mr	%r11, %r13
	sc	1
	b	.

/* Never leaves the guest; the counter tells that it runs. */
guest_loop:
	lis	%r31, 2
1:	ld	%r5, 128(%r31)
	addi	%r5, %r5, 1
	std	%r5, 128(%r31)
	b	1b

/* Reads the timebase all the time, and keeps the longest time between two looks at it. */
guest_gap:
	lis	%r31, 2
	mftb	%r6
1:	mftb	%r7
	subf	%r8, %r6, %r7
	mr	%r6, %r7
	ld	%r9, 136(%r31)
	cmpld	%r8, %r9
	ble	2f
	std	%r8, 136(%r31)
2:	ld	%r5, 128(%r31)
	addi	%r5, %r5, 1
	std	%r5, 128(%r31)
	b	1b

/* An idle guest: inside KVM_RUN, asleep in the kernel. */
guest_cede:
	lis	%r31, 2
1:	ld	%r5, 128(%r31)
	addi	%r5, %r5, 1
	std	%r5, 128(%r31)
	li	%r3, H_CEDE
	sc	1
	b	1b

/* Keeps the kernel busy with its table: enters, reads and removes an entry, a group further each time. */
guest_hammer:
	lis	%r31, 2
	ld	%r15, 8(%r31)		/* pteh */
	ld	%r16, 16(%r31)		/* ptel */
	li	%r17, 0			/* index */
1:	h_enter
	cmpdi	%r3, 0
	bne	2f
	mr	%r23, %r4
	li	%r3, H_READ
	li	%r4, 0
	mr	%r5, %r23
	sc	1
	li	%r3, H_REMOVE
	li	%r4, 0
	mr	%r5, %r23
	sc	1
2:	addi	%r17, %r17, 8
	andi.	%r17, %r17, 0x3ff8
	ld	%r5, 128(%r31)
	addi	%r5, %r5, 1
	std	%r5, 128(%r31)
	b	1b

/*
 * Enters entries for pages of its own, stores to the pages and loads from them by these entries, and
 * removes them, again and again. r3 is the vCPU's number: each has pages, a segment and a list of its
 * entries. What is not as it has to be ends it: r4 is where, r5 what came, r6 for which page, r7 what
 * was stored there last.
 */
	.set	CHECK_PAGES, 32
	.set	CHECK_STRIDE, 16	/* log2 of bytes: a page of the host each */
	.set	CHECK_ROUNDS, 16
guest_check:
	lis	%r31, 2
	addi	%r22, %r3, 1
	sldi	%r22, %r22, 21		/* its pages */
	sldi	%r23, %r3, 8
	add	%r23, %r23, %r31
	addi	%r23, %r23, 0x400	/* where its entries are */
	sldi	%r21, %r3, 9
	addi	%r21, %r21, 0x123	/* VSID */
	sldi	%r27, %r21, 12
	ori	%r15, %r27, 1		/* pteh */
	lis	%r28, 0x1800
	ori	%r28, %r28, 1		/* EA 0x10000000, V, slot 1 */
	lis	%r19, 0x1000
	li	%r14, 0			/* rounds */

check_again:
	li	%r24, 0
1:	sldi	%r16, %r24, CHECK_STRIDE
	add	%r16, %r16, %r22
	ori	%r16, %r16, 0x12	/* ptel: M; read and write */
	xor	%r17, %r21, %r24
	sldi	%r17, %r17, 3
	h_enter
	li	%r29, 1
	cmpdi	%r3, 0
	bne	check_failed
	sldi	%r10, %r24, 3
	stdx	%r4, %r23, %r10
	addi	%r24, %r24, 1
	cmpdi	%r24, CHECK_PAGES
	blt	1b

	li	%r26, CHECK_ROUNDS
2:	translation_on
	li	%r24, 0
3:	sldi	%r11, %r24, 12
	add	%r12, %r14, %r24
	stdx	%r12, %r19, %r11
	addi	%r24, %r24, 1
	cmpdi	%r24, CHECK_PAGES
	blt	3b
	li	%r24, 0
4:	sldi	%r11, %r24, 12
	add	%r12, %r14, %r24
	ldx	%r3, %r19, %r11
	li	%r29, 2
	cmpd	%r3, %r12
	bne	check_failed
	addi	%r24, %r24, 1
	cmpdi	%r24, CHECK_PAGES
	blt	4b
	translation_off
	addi	%r14, %r14, 1
	addic.	%r26, %r26, -1
	bne	2b

	li	%r24, 0
5:	li	%r3, H_REMOVE
	li	%r4, 0
	sldi	%r10, %r24, 3
	ldx	%r5, %r23, %r10
	sc	1
	li	%r29, 3
	cmpdi	%r3, 0
	bne	check_failed
	addi	%r24, %r24, 1
	cmpdi	%r24, CHECK_PAGES
	blt	5b

	ld	%r5, 128(%r31)
	addi	%r5, %r5, 1
	std	%r5, 128(%r31)
	b	check_again

check_failed:
	mr	%r5, %r3
	mr	%r4, %r29
	mr	%r6, %r24
	mr	%r7, %r12
	li	%r3, H_FAULT
	sc	1
	b	.

/*
 * Leaves KVM_RUN all the time, and looks each time whether an entry of its own is still there. What is
 * not as it has to be ends it: r4 is where, r5 what came.
 */
guest_exits:
	lis	%r31, 2
	ld	%r15, 8(%r31)		/* pteh */
	ld	%r16, 16(%r31)		/* ptel */
	ld	%r17, 24(%r31)		/* index */
	li	%r24, 0
	li	%r12, 0
	h_enter
	li	%r29, 1
	cmpdi	%r3, 0
	bne	check_failed
	mr	%r23, %r4
1:	li	%r3, H_EXIT
	sc	1
	li	%r3, H_READ
	li	%r4, 0
	mr	%r5, %r23
	sc	1
	li	%r29, 2
	cmpdi	%r3, 0
	bne	check_failed
	li	%r29, 3
	andi.	%r3, %r4, 1		/* valid */
	beq	check_failed
	ld	%r5, 128(%r31)
	addi	%r5, %r5, 1
	std	%r5, 128(%r31)
	b	1b

/*
 * Loads twice from a page that is no memory. The first time there has to be an entry for it: after
 * that the kernel may remember what it found.
 */
guest_mmio_enter:
	lis	%r31, 2
	ld	%r15, 8(%r31)		/* pteh */
	ld	%r16, 16(%r31)		/* ptel */
	ld	%r17, 24(%r31)		/* index */
	h_enter
	mr	%r22, %r3
	b	1f

/* The same, with the entry that may be there from before */
guest_mmio:
	li	%r22, 0
1:	lis	%r31, 2
	ld	%r19, 40(%r31)		/* ea */
	slb_from_mailbox
	translation_on
	ld	%r23, 0(%r19)
	ld	%r24, 0(%r19)
	translation_off
	li	%r3, H_REPORT
	mr	%r4, %r22
	mr	%r5, %r23
	mr	%r6, %r24
	sc	1
	b	.

/* Enters as many entries as it is told, each so many places behind the one before: how many, and how many were refused */
guest_enter:
	lis	%r31, 2
	ld	%r15, 8(%r31)		/* pteh */
	ld	%r16, 16(%r31)		/* ptel */
	ld	%r17, 24(%r31)		/* index */
	ld	%r18, 32(%r31)		/* entries */
	ld	%r20, 48(%r31)		/* places */
	li	%r22, 0
	li	%r23, 0
1:	cmpdi	%r18, 0
	beq	4f
	h_enter
	cmpdi	%r3, 0
	bne	2f
	addi	%r22, %r22, 1
	b	3f
2:	cmpdi	%r3, H_PTEG_FULL
	bne	4f
	addi	%r23, %r23, 1
3:	add	%r17, %r17, %r20
	addi	%r15, %r15, 0x1000
	addi	%r18, %r18, -1
	b	1b
4:	li	%r3, H_REPORT
	mr	%r4, %r22
	mr	%r5, %r23
	mr	%r6, %r18
	sc	1
	b	.

/* Loads or stores r3 to r11 at that offset of a step */
	.macro	step_registers op, offset
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7, 8
	\op	3 + \n, \offset + 8 * \n(%r31)
	.endr
	.endm

/* Does one step after the other, and reports: see struct guest_step */
guest_steps:
	lis	%r31, 8
	ld	%r30, 0(%r31)		/* how many */
	addi	%r31, %r31, 256
1:	cmpdi	%r30, 0
	beq	4f
	step_registers ld, 0
	cmpdi	%r3, 2
	ble	2f
	sc	1
	b	3f

2:	mr	%r14, %r4
	mr	%r15, %r7
	mr	%r27, %r5
	cmpdi	%cr1, %r3, 2
	mr	%r28, %r6
	li	%r29, 0x7e57
	translation_on
	bne	%cr1, 5f
	std	%r15, 0(%r14)
5:	ld	%r4, 0(%r14)
	translation_off
	li	%r3, 0
step_done:
	li	%r29, 0
3:	step_registers std, 128
	addi	%r31, %r31, 256
	addi	%r30, %r30, -1
	b	1b
4:	li	%r3, H_REPORT
	sc	1
	b	.
step_faulted:
	li	%r3, 0x300
	b	step_done
guest_image_end:

	.section .note.GNU-stack, "", @progbits
