// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long the kernel's own memset and memcpy take for memory like that of a hashed page table: a
 * block of the same pool. This is what tests/bench/run compares a reset with, and tests/bench/pause
 * the move of a table. In /sys/module/memset_pool/parameters:
 *
 *	order	the block that is held, log2 of its size in bytes; 0: none. Writing replaces it.
 *	clear	reading this clears the block once and answers with how long that took, in
 *		nanoseconds and in instructions
 *	copy	reading this copies it once to another block of the pool, and answers likewise. It
 *		begins with an empty TLB, as the copy of a table does that VCPUs were held out of.
 *
 * While it is loaded, PMC5 counts instructions and can be read in user space; KVM keeps the count
 * while a guest runs. A kernel with perf may not like that.
 */
#include <linux/ktime.h>
#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/smp.h>

#include <asm/kvm_ppc.h>
#include <asm/pmc.h>
#include <asm/reg.h>
#include <asm/tlbflush.h>

#define ORDER_MIN 18
#define ORDER_MAX 46

static DEFINE_MUTEX(lock);
static unsigned int order;
static struct page *block;

static unsigned long block_pages(void)
{
	return 1UL << (order - PAGE_SHIFT);
}

static void give_back(void)
{
	if (block)
		kvm_free_hpt_cma(block, block_pages());
	block = NULL;
	order = 0;
}

static int set_order(const char *text, const struct kernel_param *param)
{
	unsigned int wanted;
	int err = kstrtouint(text, 0, &wanted);

	if (err)
		return err;
	if (wanted && (wanted < ORDER_MIN || wanted > ORDER_MAX))
		return -EINVAL;

	mutex_lock(&lock);
	give_back();
	if (wanted) {
		order = wanted;
		block = kvm_alloc_hpt_cma(block_pages());
		if (!block) {
			order = 0;
			err = -ENOMEM;
		}
	}
	mutex_unlock(&lock);
	return err;
}

static int get_order_held(char *text, const struct kernel_param *param)
{
	return sprintf(text, "%u\n", order);
}

/* Sets of the TLB of a POWER8, the one whose kernel does not use the radix MMU */
#define TLB_SETS 512

static void empty_tlb(void)
{
	unsigned long rb = PPC_BIT(52) | PPC_BIT(53); /* IS = 3: whatever is in the set */
	unsigned long set;

	if (radix_enabled()) {
		flush_tlb_kernel_range(PAGE_OFFSET, ULONG_MAX);
		return;
	}
	for (set = 0; set < TLB_SETS; set++) {
		asm volatile("tlbiel %0" : : "r"(rb) : "memory");
		rb += PPC_BIT(51);
	}
	asm volatile("ptesync" : : : "memory");
}

/* Clears the block or, if there is @to, copies it there */
static int time_block(char *text, struct page *to)
{
	u32 instructions;
	u64 ns;

	if (to)
		empty_tlb();
	instructions = mfspr(SPRN_PMC5);
	ns = ktime_get_ns();
	if (to)
		memcpy(page_address(to), page_address(block), 1UL << order);
	else
		memset(page_address(block), 0, 1UL << order);
	ns = ktime_get_ns() - ns;
	instructions = mfspr(SPRN_PMC5) - instructions;
	return sprintf(text, "%llu %u\n", ns, instructions);
}

static int get_clear(char *text, const struct kernel_param *param)
{
	int ret;

	mutex_lock(&lock);
	ret = block ? time_block(text, NULL) : -ENODATA;
	mutex_unlock(&lock);
	return ret;
}

static int get_copy(char *text, const struct kernel_param *param)
{
	struct page *to = NULL;
	int ret = -ENODATA;

	mutex_lock(&lock);
	if (block)
		to = kvm_alloc_hpt_cma(block_pages());
	if (to) {
		ret = time_block(text, to);
		kvm_free_hpt_cma(to, block_pages());
	}
	mutex_unlock(&lock);
	return ret;
}

static const struct kernel_param_ops order_ops = { .set = set_order, .get = get_order_held };
static const struct kernel_param_ops clear_ops = { .get = get_clear };
static const struct kernel_param_ops copy_ops = { .get = get_copy };

module_param_cb(order, &order_ops, NULL, 0600);
module_param_cb(clear, &clear_ops, NULL, 0400);
module_param_cb(copy, &copy_ops, NULL, 0400);

static unsigned long mmcr0_before;

static void start_counting(void *unused)
{
	mmcr0_before = mfspr(SPRN_MMCR0);
	mtspr(SPRN_MMCR0, MMCR0_PMCC_U6);
	ppc_set_pmu_inuse(1);
}

static void stop_counting(void *unused)
{
	ppc_set_pmu_inuse(0);
	mtspr(SPRN_MMCR0, mmcr0_before);
}

static int __init memset_pool_init(void)
{
	on_each_cpu(start_counting, NULL, 1);
	return 0;
}

static void __exit memset_pool_exit(void)
{
	give_back();
	on_each_cpu(stop_counting, NULL, 1);
}

module_init(memset_pool_init);
module_exit(memset_pool_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Times memset and memcpy on a block of the pool of hashed page tables");
