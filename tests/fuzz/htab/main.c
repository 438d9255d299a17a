// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz-htab: see usage(). A supervisor tells what became of a child that makes the requests, and may be killed by
 * the kernel.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define HANG_S 300

struct options options;

static const struct operation {
	const char *name;
	bool (*do_it)(struct vm *vm);
	unsigned int weight;
} operations[] = {
	{ "allocate", do_allocate, 10 },
	{ "allocate-odd", do_allocate_odd, 3 },
	{ "allocate2", do_allocate2, 14 },
	{ "reset", do_reset, 8 },
	{ "info", do_info, 4 },
	{ "prepare", do_prepare, 10 },
	{ "prepare-odd", do_prepare_odd, 2 },
	{ "commit", do_commit, 12 },
	{ "commit-odd", do_commit_odd, 1 },
	{ "ctl", do_ctl, 6 },
	{ "mmu", do_mmu, 5 },
	{ "not-yours", do_not_yours, 2 },
	{ "read", do_read, 4 },
	{ "write", do_write, 10 },
	{ "collide", do_collide, 3 },
	{ "files", do_files, 4 },
	{ "slot", do_slot, 3 },
	{ "memory", do_memory, 3 },
	{ "vcpu", do_vcpu, 2 },
	{ "run", do_run, 8 },
	{ "hcall", do_hcall, 6 },
	{ "cede", do_cede, 3 },
	{ "stop", do_stop, 4 },
	{ "hold", do_hold, 2 },
	{ "close", do_close, 3 },
	{ "compact", do_compact, 4 },
	/* not operations, but how they are done */
	{ "hash", NULL, 0 }, /* VMs are made hash where they begin as radix */
	{ "others", NULL, 0 },
	{ "bad-pointers", NULL, 0 },
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static void usage(FILE *out)
{
	fprintf(out, "fuzz-htab [--seed N] [--seconds N | --sequences N] [--only NAME,...]"
		     " [--excuse DEFECT,...] [--verbose]\n"
		     "  --seed      of the first sequence; the others are derived from it\n"
		     "  --seconds   for how long (20)\n"
		     "  --sequences how many, instead of for how long\n"
		     "  --only      operations that may be done, of:\n   ");
	for (size_t i = 0; i < OPERATIONS; i++)
		fprintf(out, " %s", operations[i].name);
	fprintf(out,
		"\n  --excuse    defects, by the numbers of kernel/README.md, that are known:"
		" 1, 3, 7,\n              10, 14 and 15 are kept away from, 2 is not a failure\n"
		"Exit status: 0 model and kernel agree; 1 they do not; 2 usage, or no KVM-HV\n");
}

static bool allowed(const char *name)
{
	for (size_t i = 0; i < OPERATIONS; i++)
		if (!strcmp(operations[i].name, name))
			return options.only >> i & 1;
	return false;
}

bool may_be_others(void)
{
	return allowed("others");
}

bool may_be_bad_pointers(void)
{
	return allowed("bad-pointers");
}

bool excused(unsigned int defect)
{
	return options.excused >> defect & 1;
}

static const struct operation *random_operation(void)
{
	unsigned int total = 0, at;

	for (size_t i = 0; i < OPERATIONS; i++)
		if (options.only >> i & 1)
			total += operations[i].weight;
	at = below(total);
	for (size_t i = 0; i < OPERATIONS; i++) {
		if (!(options.only >> i & 1))
			continue;
		if (at < operations[i].weight)
			return &operations[i];
		at -= operations[i].weight;
	}
	return NULL;
}

static void check_all(void)
{
	for (struct vm *vm = vms; vm < vms + VMS; vm++)
		vm_check(vm);
	pool_check();
	if (report_splat(false))
		_exit(1);
}

/* One operation on one VM, which is made if it is not there */
static void one_step(void)
{
	struct vm *vm = &vms[below(VMS)];

	if (!vm->alive) {
		bool vcpu = chance(80);

		step("VM %u create%s", vm->index, vcpu ? " with a vCPU" : "");
		if (!vm_create(vm, vcpu))
			disagree("no VM");
		/* where a VM begins as radix, most would never have a table */
		if (vm->radix && allowed("hash") && chance(75))
			make_hash(vm);
		check_all();
		return;
	}
	for (unsigned int tries = 0; tries < 50; tries++)
		if (random_operation()->do_it(vm)) {
			check_all();
			return;
		}
}

static void end_sequence(void)
{
	for (struct vm *vm = vms; vm < vms + VMS; vm++) {
		if (!vm->alive)
			continue;
		step("VM %u ends", vm->index);
		vm_close(vm);
		for (enum who who = ADMIN; who <= STRANGER; who++)
			if (vm->held[who - ADMIN])
				vm_let_go(vm, who);
		vm_close_fd(vm, &vm->reader);
		vm_close_fd(vm, &vm->writer);
		if (vm->alive)
			disagree("somebody still holds VM %u", vm->index);
		answered("end", 0);
	}
	step("the end");
	check_all();
}

static void sequence(uint64_t seed)
{
	unsigned int steps;

	report_sequence(seed);
	random_seed(seed);
	pool_start();
	steps = 20 + below(60);
	while (steps--)
		one_step();
	end_sequence();
}

/* No floating point where vCPUs run: under emulation KVM_RUN leaves the guest's registers in the caller's. */
static time_t seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

static void worker(void)
{
	time_t end = seconds() + options.seconds;

	call_start();
	for (struct vm *vm = vms; vm < vms + VMS; vm++)
		vm->index = (unsigned int)(vm - vms);
	for (unsigned long i = 0; options.sequences ? i < options.sequences : seconds() < end; i++)
		sequence(i ? random_mix(options.seed + i) : options.seed);
	call_end();
	_exit(0);
}

/* Waits for the worker; one that makes no step for minutes hangs. */
static int supervise(pid_t pid)
{
	unsigned long steps = 0;
	time_t last = seconds();
	int status;

	while (!waitpid(pid, &status, WNOHANG)) {
		usleep(100000);
		if (report_steps() != steps) {
			steps = report_steps();
			last = seconds();
		}
		if (seconds() - last > HANG_S) {
			char command[64];

			printf("no step for %d s\n", HANG_S);
			fflush(stdout);
			snprintf(command, sizeof(command), "cat /proc/%d/task/*/stack", pid);
			system(command);
			return 1;
		}
	}
	return status;
}

static uint64_t names(char *list)
{
	uint64_t mask = 0;

	for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
		size_t i = 0;

		while (i < OPERATIONS && strcmp(operations[i].name, name))
			i++;
		if (i == OPERATIONS) {
			fprintf(stderr, "fuzz-htab: %s?\n", name);
			exit(2);
		}
		mask |= 1ULL << i;
	}
	return mask;
}

static void parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' },
		{ "sequences", required_argument, NULL, 'n' },
		{ "only", required_argument, NULL, 'o' },
		{ "excuse", required_argument, NULL, 'e' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	getrandom(&options.seed, sizeof(options.seed), 0);
	options.seconds = 20;
	options.only = ~0ULL;
	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (option) {
		case 's':
			options.seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			options.seconds = (unsigned int)strtoul(optarg, NULL, 0);
			break;
		case 'n':
			options.sequences = strtoul(optarg, NULL, 0);
			break;
		case 'o':
			options.only = names(optarg);
			break;
		case 'e':
			for (char *n = strtok(optarg, ","); n; n = strtok(NULL, ","))
				options.excused |= 1U << strtoul(n, NULL, 0) % 32;
			break;
		case 'v':
			options.verbose = true;
			break;
		default:
			usage(option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
		}
	}
}

int main(int argc, char **argv)
{
	bool bad;
	pid_t pid;

	parse(argc, argv);
	setlinebuf(stdout);
	printf("seed %#llx\n", (unsigned long long)options.seed);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
	report_start();
	host_look();
	pool_open();
	pid = fork();
	if (!pid)
		worker();
	bad = supervise(pid) != 0;
	/* The kernel may have more to say once all VMs are gone. */
	if (bad)
		sleep(1);
	bad |= report_splat(true);
	if (bad)
		report_failure();
	report_counts();
	return bad;
}
