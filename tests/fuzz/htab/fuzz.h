/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stateful fuzzer of the requests about a VM's hashed page table: random sequences over several VMs
 * (requests.c, resize.c, files.c, guest.c), a model of what the kernel may answer and has to have afterwards (the
 * model is struct vm, entries.c and pool.c), other processes (call.c), and what is told of it (report.c).
 */
#ifndef FUZZ_HTAB_H
#define FUZZ_HTAB_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <kvm-htab.h>

#include "random.h"

#define VMS 4
#define VCPUS 2
#define ORDER_MIN KVM_PPC_HTAB_ORDER_MIN
#define ORDER_MAX KVM_PPC_HTAB_ORDER_MAX

/* main.c */
struct options {
	uint64_t seed;
	unsigned int seconds; /* 0: until the sequences are done */
	unsigned long sequences; /* 0: until the time is up */
	bool verbose;
	uint64_t only; /* mask of operations that may be done */
	unsigned int excused; /* mask of defects that are known to be there, see README */
};

extern struct options options;

bool excused(unsigned int defect);

/* What the host is; found once */
struct host {
	bool patched; /* it has our requests */
	bool hash_only;
	bool power9; /* or later: CONFIGURE_V3_MMU is there */
	unsigned int max_pages_order;
	size_t page_bytes;
	bool reads_kernel_pointers; /* instead of EFAULT: it is left alone with those */
};

extern struct host host;

/* pool.c */
#define POOL_WORDS 64

struct bits {
	uint64_t word[POOL_WORDS];
};

/* What of the pool a table has. Only known once nothing else is in doubt. */
struct place {
	bool known;
	struct bits bits;
};

struct vm;

void pool_open(void);
void pool_start(void);
bool pool_quiet(void);
bool pool_could(const struct vm *vm, unsigned int order, bool own_place_too);
void pool_check(void);
void pool_orphan(void);

/* entries.c: the entries that a table has, as the htab file descriptor shows them */
struct entry {
	uint32_t slot;
	uint64_t v, r;
};

struct entries {
	struct entry *entry; /* by slot */
	unsigned int count, room;
	bool known; /* else what is read next is believed */
};

enum enter {
	ENTER_OK,
	ENTER_PARAMETER,
	ENTER_EITHER, /* OK or PARAMETER: depends on what of the memory is there */
};

void entries_clear(struct entries *entries);
void entries_copy(struct entries *to, const struct entries *from);
const struct entry *entries_at(const struct entries *entries, uint64_t slot);
void entries_put(struct entries *entries, uint64_t slot, uint64_t v, uint64_t r);
void entries_remove(struct entries *entries, uint64_t slot);
unsigned int entry_base_shift(uint64_t v, uint64_t r);
enum enter entry_enter(const struct vm *vm, uint64_t v, uint64_t r);
int entries_rehash(const struct entries *from, unsigned int from_order, struct entries *to,
		   unsigned int order);
void entries_map_vrma(struct vm *vm);
void entries_check(struct vm *vm, unsigned int flags);
bool entry_is_vrma(uint64_t v);
void entry_random(const struct vm *vm, struct entry *e);
void entry_collider(struct entry *e);

/* The model, and what it takes to make requests of the VM that it is about */
enum tri { NO, YES, DONT_KNOW };

enum pending { PENDING_NONE, PENDING_UNDER_WAY, PENDING_DONE };

struct vcpu {
	int fd; /* -1: none */
	struct kvm_run *run;
	pthread_t thread;
	bool running;
	volatile bool stop;
};

enum who { OWNER, ADMIN, STRANGER };
#define OTHERS 2

struct vm {
	unsigned int index;
	unsigned long long id; /* the kernel's number */
	bool alive; /* somebody holds it, so it has what it has */
	int fd; /* -1: the owner has closed it */
	bool held[OTHERS]; /* by ADMIN and STRANGER */
	int reader, writer; /* htab file descriptors that stay open; -1 */

	unsigned int order, source; /* 0: no table; source 0: not known */
	struct place place;
	bool radix;
	enum tri ready; /* to run: mmu_ready, of a radix VM, too */
	enum tri used; /* has run or been written to since it last got an empty table: READY of GET_HTAB_INFO */
	struct entries entries;

	enum pending pending;
	unsigned int pending_order;
	struct place pending_place;

	uint64_t ctl, max_order;
	enum tri offered; /* an offer stands; NO and OFFER in ctl: it has ended */

	struct vcpu vcpus[VCPUS];
	unsigned int nr_running;
	unsigned char *ram, *more_ram;
	bool has_slot[2], dirty_log;
};

extern struct vm vms[VMS];

/* call.c */
enum pointer { GOOD, READ_ONLY, HALF, NOWHERE, KERNELS, POINTERS };

void call_start(void);
void call_end(void);
int call(enum who who, int fd, unsigned long request, void *data, size_t bytes,
	 enum pointer pointer);
void call_hold(enum who who, unsigned int slot, int fd);
void call_drop(enum who who, unsigned int slot);
void *call_bad_pointer(enum pointer pointer, size_t bytes);
const char *who_name(enum who who);
const char *pointer_name(enum pointer pointer);

/* requests.c, for resize.c too: who makes a request, through which file descriptor, with what pointer */
struct way {
	enum who who;
	int fd;
	enum pointer pointer;
};

struct way random_way(const struct vm *vm);
bool readable(enum pointer pointer);
unsigned int ordinary_order(void);
uint32_t odd_order(void);
bool order_valid(uint32_t order);
void pending_gone(struct vm *vm);
bool sure(const struct vm *vm, unsigned int order, bool own_place_too);

/* report.c */
void report_start(void);
void report_sequence(uint64_t seed);
void step(const char *format, ...) __attribute__((format(printf, 1, 2)));
void answer(const char *request, long ret, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void answered(const char *request, long ret);
void disagree(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void allow(long ret, long a, long b);
bool report_splat(bool all);
void report_failure(void);
void report_counts(void);
unsigned long report_steps(void);

/* vm.c */
#define RAM_BYTES (2U << 20)
#define MORE_RAM_BYTES (16U << 20)
#define MORE_RAM_GPA (16ULL << 20)

void host_look(void);
bool vm_create(struct vm *vm, bool vcpu);
bool vcpu_create(struct vm *vm, unsigned int cpu);
void vm_close(struct vm *vm);
void vm_close_fd(struct vm *vm, int *fd);
void vm_let_go(struct vm *vm, enum who who);
void vm_check(struct vm *vm);
void vm_adopt(struct vm *vm);
void vm_used(struct vm *vm, enum tri sure);
int vm_slot(struct vm *vm, unsigned int slot, bool there, unsigned int flags);
void vm_write_code(struct vm *vm);
unsigned int table_bits(unsigned int order);
void table_gone(struct vm *vm);

/* The operations: each picks what it does and does it, or returns false if there is nothing to do */
bool do_allocate(struct vm *vm);
bool do_allocate_odd(struct vm *vm);
bool do_allocate2(struct vm *vm);
bool do_reset(struct vm *vm);
bool do_info(struct vm *vm);
bool do_prepare(struct vm *vm);
bool do_prepare_odd(struct vm *vm);
bool do_commit(struct vm *vm);
bool do_commit_odd(struct vm *vm);
bool do_ctl(struct vm *vm);
bool do_mmu(struct vm *vm);
bool do_not_yours(struct vm *vm);
bool do_read(struct vm *vm);
bool do_write(struct vm *vm);
bool do_collide(struct vm *vm);
bool do_files(struct vm *vm);
bool do_slot(struct vm *vm);
bool do_memory(struct vm *vm);
bool do_vcpu(struct vm *vm);
bool do_run(struct vm *vm);
bool do_hcall(struct vm *vm);
bool do_cede(struct vm *vm);
bool do_stop(struct vm *vm);
bool do_hold(struct vm *vm);
bool do_close(struct vm *vm);
bool do_compact(struct vm *vm);

void make_hash(struct vm *vm);
void prepare_cancel(struct vm *vm);
bool may_be_others(void);
bool may_be_bad_pointers(void);
void vcpu_stop(struct vm *vm, unsigned int cpu);

#endif
