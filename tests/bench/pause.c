// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest notices while its table is moved, beside the kernel's memcpy of a block of the pool of
 * the same size.
 *
 *	pause SAMPLES ORDER [idle|capped]
 *
 * The pool has to be empty, and kvm_hv loaded anew: of stops the kernel keeps the longest one. Takes
 * all of the pool but four tables' room, in which SAMPLES times a table is moved to join what is free,
 * while its guest looks at the timebase all the time. Prints a JSON object: nanoseconds of each
 * memcpy, of the longest gap that the guest saw in each move and in as long a time without one, and
 * of the longest stop, and how many tables were moved. The host needs two CPUs.
 *
 * With idle or capped, who has the room made hardly gets to run: it has the priority SCHED_IDLE, or is
 * in a control group that may use 1 ms of each 200, and shares a CPU with a busy loop. Guests have the
 * other CPU, and tests/bench/pause keeps the kernel's thread that moves tables off that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../host/programs/number.h"
#include "cost.h"
#include "guests.h"

#define COPY_ORDER "/sys/module/memset_pool/parameters/order"
#define COPY "/sys/module/memset_pool/parameters/copy"
#define CGROUP "/sys/fs/cgroup/pause"

enum who { WHO_ANYBODY, WHO_IDLE, WHO_CAPPED };

enum cpu { CPU_GUESTS, CPU_OTHERS };

static uint64_t longest_gap_ns(struct vm *vm)
{
	return vm_longest_gap(vm) * 1000000000ULL / TIMEBASE_HZ;
}

static void stay_on(enum cpu cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		fail("sched_setaffinity", -errno);
}

static void become(enum who who)
{
	stay_on(CPU_OTHERS);
	if (who == WHO_CAPPED) {
		write_text(CGROUP "/cgroup.procs", "0");
	} else if (sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){ 0 })) {
		fail("SCHED_IDLE", -errno);
	}
}

/* Ends with this process */
static void start_busy_loop(void)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork", -errno);
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stay_on(CPU_OTHERS);
	for (volatile unsigned long turns = 0;; turns++)
		;
}

static void prepare(enum who who)
{
	if (who == WHO_ANYBODY)
		return;
	if (who == WHO_CAPPED) {
		write_text("/sys/fs/cgroup/cgroup.subtree_control", "+cpu");
		if (mkdir(CGROUP, 0755) && errno != EEXIST)
			fail(CGROUP, -errno);
		write_text(CGROUP "/cpu.max", "1000 200000");
	}
	start_busy_loop();
	/* vCPUs inherit it */
	stay_on(CPU_GUESTS);
}

static void make_room(enum who who, unsigned int order)
{
	int status;
	pid_t pid;

	if (who == WHO_ANYBODY) {
		write_number(COMPACT, order);
		return;
	}
	pid = fork();
	if (pid < 0)
		fail("fork", -errno);
	if (!pid) {
		become(who);
		write_number(COMPACT, order);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status)
		fail("who has room made", -ECHILD);
}

/* Has room made by moving the table of one of these; what its guest notices, and in as long a time without that */
static void sample(struct guest_vm **vms, unsigned int order, enum who who, uint64_t *gap_ns,
		   uint64_t *idle_ns)
{
	struct guest_vm *moved = guest_to_move(vms, order);
	uint64_t start, took_ns;

	guest_run_as(moved, GUEST_GAP);
	settle();
	longest_gap_ns(&moved->vm);
	start = now_ns();
	make_room(who, order);
	took_ns = now_ns() - start;
	*gap_ns = longest_gap_ns(&moved->vm);
	settle();
	longest_gap_ns(&moved->vm);
	usleep(took_ns / 1000);
	*idle_ns = longest_gap_ns(&moved->vm);
	guest_run_as(moved, GUEST_CEDE);
}

int main(int argc, char **argv)
{
	uint64_t gaps[SAMPLES_MAX], idle[SAMPLES_MAX];
	unsigned int samples, order;
	enum who who = WHO_ANYBODY;
	struct guest_vm *vms[3];

	if (argc == 4) {
		who = !strcmp(argv[3], "idle") ? WHO_IDLE : WHO_CAPPED;
		argc = 3;
	}
	samples_and_order(argc, argv, &samples, &order);
	prepare(who);
	make_pairs(vms, order);
	for (unsigned int i = 0; i < samples; i++) {
		next_pair(vms, order);
		sample(vms, order + 1, who, &gaps[i], &idle[i]);
	}
	printf("{\"order\":%u,\"longest_stop_ns\":%llu,\"moves\":%llu", order,
	       (unsigned long long)read_number(STATS "longest_stop_us") * 1000,
	       (unsigned long long)read_number(STATS "moves"));
	print_all("gap_ns", gaps, samples);
	print_all("idle_ns", idle, samples);
	guest_end(vms[0]);
	guest_end(vms[1]);
	write_number(COPY_ORDER, order);
	printf(",\"copy_ns\":[");
	for (unsigned int i = 0; i <= samples; i++) {
		uint64_t ns;

		settle();
		ns = read_number(COPY);
		if (i) /* the first one warms things up */
			printf("%s%llu", i > 1 ? "," : "", (unsigned long long)ns);
	}
	printf("]}\n");
	write_number(COPY_ORDER, 0);
	return 0;
}
