// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reference VMM: a VM-HV guest with a hashed page table, driven from outside.
 *
 *	vmm start NAME [--ram MIB] [--vcpus N]	creates the VM and goes into the background
 *	vmm ctl NAME COMMAND [ARGUMENT]...	prints the answer; exit status 0, or 1 and an
 *						errno's name first
 *	vmm help				the commands
 *
 * /run/vmm/NAME holds the control socket (ctl), the log and the pid.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <kvm-htab.h>

#include "vmm.h"

#define VMM_DIR "/run/vmm"
#define LINE_MAX_BYTES 4096
#define ARGS_MAX 16

static struct vm vm = { .kvm = -1, .fd = -1, .ram_bytes = 64UL << 20, .nr_vcpus = 1 };

struct command {
	const char *name;
	int min, max; /* arguments */
	int (*run)(char **args, int n, FILE *out);
	const char *help;
};

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	return *text && !*end ? value : UINT32_MAX;
}

static int cmd_create(char **args, int n, FILE *out)
{
	(void)args, (void)n, (void)out;
	return vm_create(&vm);
}

static int cmd_second(char **args, int n, FILE *out)
{
	(void)args, (void)n;
	return vm_second(&vm, out);
}

static int cmd_duplicate(char **args, int n, FILE *out)
{
	(void)args, (void)n;
	return vm_duplicate(&vm, out);
}

/* Does not answer. */
static int cmd_exec(char **args, int n, FILE *out)
{
	(void)n, (void)out;
	execlp(args[0], args[0], "60", NULL);
	return -errno;
}

static int cmd_close(char **args, int n, FILE *out)
{
	(void)args, (void)n, (void)out;
	vm_close(&vm);
	return 0;
}

static int cmd_allocate(char **args, int n, FILE *out)
{
	(void)n;
	return htab_allocate(&vm, (uint32_t)number(args[0]), out);
}

static int cmd_allocate2(char **args, int n, FILE *out)
{
	return htab_allocate2(&vm, (uint32_t)number(args[0]), n > 1 ? (uint32_t)number(args[1]) : 0,
			      n > 2 ? (uint32_t)number(args[2]) : 0, out);
}

static int cmd_info(char **args, int n, FILE *out)
{
	(void)args, (void)n;
	return htab_info(&vm, out);
}

static int cmd_enable_cap(char **args, int n, FILE *out)
{
	(void)out;
	return htab_ctl(&vm, number(args[0]), n > 1 ? number(args[1]) : 0);
}

static int cmd_permit(char **args, int n, FILE *out)
{
	(void)out;
	return htab_ctl(&vm, KVM_PPC_HTAB_CTL_OFFER, n > 0 ? number(args[0]) : 0);
}

static int cmd_revoke(char **args, int n, FILE *out)
{
	(void)args, (void)n, (void)out;
	return htab_ctl(&vm, 0, 0);
}

static int cmd_run(char **args, int n, FILE *out)
{
	return vm_run(&vm, n > 1 ? (unsigned int)number(args[1]) : 0,
		      n > 0 ? (unsigned int)number(args[0]) : 8, out);
}

static int cmd_run_loop(char **args, int n, FILE *out)
{
	(void)out;
	return vm_run_endless(&vm, n > 0 ? (unsigned int)number(args[0]) : 0, GUEST_LOOP);
}

static int cmd_cede(char **args, int n, FILE *out)
{
	(void)out;
	return vm_run_endless(&vm, n > 0 ? (unsigned int)number(args[0]) : 0, GUEST_CEDE);
}

static int cmd_hammer(char **args, int n, FILE *out)
{
	(void)out;
	return vm_run_endless(&vm, n > 0 ? (unsigned int)number(args[0]) : 0, GUEST_HAMMER);
}

static int cmd_check(char **args, int n, FILE *out)
{
	(void)out;
	return vm_run_endless(&vm, n > 0 ? (unsigned int)number(args[0]) : 0, GUEST_CHECK);
}

static int cmd_exits(char **args, int n, FILE *out)
{
	(void)out;
	return vm_run_endless(&vm, n > 0 ? (unsigned int)number(args[0]) : 0, GUEST_EXITS);
}

static int cmd_mmio_enter(char **args, int n, FILE *out)
{
	return vm_mmio(&vm, n > 0 ? (unsigned int)number(args[0]) : 0, true, out);
}

static int cmd_mmio(char **args, int n, FILE *out)
{
	return vm_mmio(&vm, n > 0 ? (unsigned int)number(args[0]) : 0, false, out);
}

static int cmd_device_memory(char **args, int n, FILE *out)
{
	(void)args, (void)n, (void)out;
	return vm_device_memory(&vm);
}

static int cmd_device_unmap(char **args, int n, FILE *out)
{
	(void)args, (void)n, (void)out;
	return vm_device_unmap(&vm);
}

static int cmd_device_protect(char **args, int n, FILE *out)
{
	(void)n, (void)out;
	return vm_device_protect(&vm, number(args[0]));
}

static int cmd_model(char **args, int n, FILE *out)
{
	return vm_model(&vm, strtoull(args[0], NULL, 0), (unsigned int)number(args[1]),
			n > 2 ? (unsigned int)number(args[2]) : 0, out);
}

static int cmd_model_check(char **args, int n, FILE *out)
{
	(void)args, (void)n;
	return vm_model_check(&vm, out);
}

static int cmd_stop(char **args, int n, FILE *out)
{
	(void)args, (void)n;
	return vm_stop(&vm, out);
}

static int cmd_advise(char **args, int n, FILE *out)
{
	(void)n, (void)out;
	return vm_advise(&vm, (int)number(args[0]));
}

static int cmd_offer(char **args, int n, FILE *out)
{
	(void)out;
	return offer_start(&vm, args[0], n > 1 && !strcmp(args[1], "seqpacket"));
}

static int cmd_lend(char **args, int n, FILE *out)
{
	(void)n;
	return offer_lend(&vm, args[0], (uint32_t)number(args[1]), out);
}

static int cmd_offered(char **args, int n, FILE *out)
{
	return offer_result(n > 0 ? (unsigned int)number(args[0]) : 30, out);
}

static int cmd_entries(char **args, int n, FILE *out)
{
	(void)args, (void)n;
	return htab_entries(&vm, ENTRIES_VALID, out);
}

static int cmd_entries_list(char **args, int n, FILE *out)
{
	(void)args, (void)n;
	return htab_entries(&vm, ENTRIES_LIST, out);
}

static int cmd_slots(char **args, int n, FILE *out)
{
	(void)args, (void)n;
	return htab_entries(&vm, ENTRIES_ALL, out);
}

static int cmd_htab_write(char **args, int n, FILE *out)
{
	struct entry entries[HTAB_WRITE_MAX];
	int i;
	ssize_t ret;

	if (n % 3 == 2)
		return -EINVAL;
	for (i = 0; i < n / 3; i++)
		entries[i] = (struct entry){ (uint32_t)number(args[3 * i]),
					     strtoull(args[3 * i + 1], NULL, 0),
					     strtoull(args[3 * i + 2], NULL, 0) };
	ret = htab_write(&vm, entries, (size_t)i, n > 3 * i ? number(args[3 * i]) : 0);
	if (ret < 0)
		return (int)ret;
	fprintf(out, "%zd", ret);
	return 0;
}

static int cmd_htab_write_stalled(char **args, int n, FILE *out)
{
	const struct entry entry = { (uint32_t)number(args[0]), strtoull(args[1], NULL, 0),
				     strtoull(args[2], NULL, 0) };

	(void)n, (void)out;
	return htab_write_stalled(&vm, entry);
}

static int cmd_htab_write_release(char **args, int n, FILE *out)
{
	ssize_t ret = htab_write_release();

	(void)args, (void)n;
	if (ret < 0)
		return (int)ret;
	fprintf(out, "%zd", ret);
	return 0;
}

static int cmd_enter(char **args, int n, FILE *out)
{
	return vm_enter(&vm, 0, number(args[0]), number(args[1]), n > 2 ? number(args[2]) : 8, out);
}

static int cmd_fill(char **args, int n, FILE *out)
{
	return vm_fill(&vm, args[0], (unsigned int)number(args[1]), args[2],
		       n > 3 ? number(args[3]) : 1, out);
}

static int cmd_stat(char **args, int n, FILE *out)
{
	return vm_stat(&vm, n > 1 ? (unsigned int)number(args[1]) : 0, args[0], out);
}

static int cmd_prepare(char **args, int n, FILE *out)
{
	(void)n;
	return htab_prepare(&vm, (uint32_t)number(args[0]), true, out);
}

static int cmd_prepare_nowait(char **args, int n, FILE *out)
{
	(void)n;
	return htab_prepare(&vm, (uint32_t)number(args[0]), false, out);
}

static int cmd_commit(char **args, int n, FILE *out)
{
	(void)n;
	return htab_commit(&vm, (uint32_t)number(args[0]), out);
}

static int cmd_radix(char **args, int n, FILE *out)
{
	(void)args, (void)n, (void)out;
	return htab_mmu(&vm, true);
}

static int cmd_hash(char **args, int n, FILE *out)
{
	(void)args, (void)n, (void)out;
	return htab_mmu(&vm, false);
}

static int cmd_faulty(char **args, int n, FILE *out);

static const struct command commands[] = {
	{ "create", 0, 0, cmd_create, "a VM, after close-vm" },
	{ "close-vm", 0, 0, cmd_close, "stops vCPUs and closes everything of the VM" },
	{ "second", 0, 0, cmd_second, "one more VM, without memory; its descriptor" },
	{ "duplicate", 0, 0, cmd_duplicate, "one more descriptor of the VM; that" },
	{ "exec", 1, 1, cmd_exec, "PROGRAM: becomes it, with the argument 60" },
	{ "allocate", 1, 1, cmd_allocate, "ORDER: KVM_PPC_ALLOCATE_HTAB; the order in effect" },
	{ "allocate2", 1, 3, cmd_allocate2, "ORDER [MIN [FLAGS]]: KVM_PPC_ALLOCATE_HTAB2" },
	{ "info", 0, 0, cmd_info, "KVM_PPC_GET_HTAB_INFO" },
	{ "enable-cap", 1, 2, cmd_enable_cap, "ARG0 [ARG1]: KVM_CAP_PPC_HTAB_CTL" },
	{ "permit", 0, 1, cmd_permit, "[MAX-ORDER]: the same with OFFER" },
	{ "revoke", 0, 0, cmd_revoke, "the same with 0" },
	{ "run", 0, 2, cmd_run, "[N [VCPU]]: the guest uses its table and adds N+1 (9) entries" },
	{ "run-loop", 0, 1, cmd_run_loop, "[VCPU]: stays in KVM_RUN until stop" },
	{ "cede", 0, 1, cmd_cede, "[VCPU]: stays in KVM_RUN, asleep in H_CEDE, until stop" },
	{ "hammer", 0, 1, cmd_hammer,
	  "[VCPU]: the same, entering and removing entries all the time" },
	{ "check", 0, 1, cmd_check, "[VCPU]: the same, and checks memory through them" },
	{ "exits", 0, 1, cmd_exits,
	  "[VCPU]: leaves KVM_RUN and comes back all the time; fails if an entry of its own goes" },
	{ "mmio-enter", 0, 1, cmd_mmio_enter,
	  "[VCPU]: enters a page that is no memory and loads from it twice" },
	{ "mmio", 0, 1, cmd_mmio, "[VCPU]: the same without entering it" },
	{ "device-memory", 0, 0, cmd_device_memory, "from now on that page is memory" },
	{ "device-unmap", 0, 0, cmd_device_unmap,
	  "takes the page out of all page tables; it keeps its content" },
	{ "device-protect", 1, 1, cmd_device_protect, "0|1: whether it cannot be accessed" },
	{ "enter", 2, 3, cmd_enter,
	  "N INDEX [PLACES]: the guest enters N entries, each PLACES (8) behind the one before" },
	{ "fill", 3, 4, cmd_fill,
	  "HOW PPM SIZE [SEED]: a table with a known load, see vmm.h; that" },
	{ "stat", 1, 2, cmd_stat, "NAME [VCPU]: one of the vCPU's binary statistics" },
	{ "model", 2, 3, cmd_model,
	  "SEED BATCHES [ORDER]: random hypercalls, loads and stores, compared with a model; says what differs" },
	{ "model-check", 0, 0, cmd_model_check, "compares all of the table and the dirty log" },
	{ "stop", 0, 0, cmd_stop, "takes all vCPUs out of KVM_RUN; none may have ended by itself" },
	{ "advise", 1, 1, cmd_advise, "ADVICE: madvise for the guest's memory, by number" },
	{ "offer", 1, 2, cmd_offer, "PATH|@NAME [seqpacket]: hands the VM to one client" },
	{ "lend", 2, 2, cmd_lend, "PATH MAX-ORDER: lends the VM as examples/share-vm-fd.c does" },
	{ "offered", 0, 1, cmd_offered, "[SECONDS]: waits for that client's line" },
	{ "entries", 0, 0, cmd_entries, "number of valid entries" },
	{ "entries-list", 0, 0, cmd_entries_list, "the entries, one a line" },
	{ "slots", 0, 0, cmd_slots, "number of entries there is room for" },
	{ "htab-write", 3, 3 * HTAB_WRITE_MAX + 1, cmd_htab_write,
	  "SLOT V R... [BYTES]: one write to the htab fd, a record each; bytes taken" },
	{ "htab-write-stalled", 3, 3, cmd_htab_write_stalled,
	  "INDEX V R: one entry, from memory that is not there" },
	{ "htab-write-release", 0, 0, cmd_htab_write_release, "it comes; what was written" },
	{ "prepare", 1, 1, cmd_prepare, "SHIFT: KVM_PPC_RESIZE_HPT_PREPARE until it is done" },
	{ "prepare-nowait", 1, 1, cmd_prepare_nowait, "SHIFT: once; the answer" },
	{ "commit", 1, 1, cmd_commit, "SHIFT: KVM_PPC_RESIZE_HPT_COMMIT" },
	{ "faulty", 2, ARGS_MAX, cmd_faulty,
	  "N COMMAND...: with the Nth allocation of memory failing (0: all); what is left of N" },
	{ "radix", 0, 0, cmd_radix, "KVM_PPC_CONFIGURE_V3_MMU" },
	{ "hash", 0, 0, cmd_hash, "KVM_PPC_CONFIGURE_V3_MMU" },
	{ "quit", 0, 0, NULL, "closes the VM and ends" },
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name) && commands[i].run)
			return &commands[i];
	return NULL;
}

static int run_command(char **words, int n, FILE *out)
{
	const struct command *c = n > 0 ? find_command(words[0]) : NULL;

	if (!c)
		return -ENOSYS;
	return n - 1 < c->min || n - 1 > c->max ? -E2BIG : c->run(words + 1, n - 1, out);
}

/* For kernels with fault injection. With 0, /sys/kernel/debug/fail* say what fails, and how often. */
static int cmd_faulty(char **args, int n, FILE *out)
{
	bool all = !number(args[0]);
	int fd = open(all ? "/proc/thread-self/make-it-fail" : "/proc/thread-self/fail-nth",
		      O_RDWR | O_CLOEXEC);
	const char *value = all ? "1" : args[0];
	char left[16] = "";
	int ret;

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return -EOPNOTSUPP;
	ret = run_command(args + 1, n - 1, out);
	if (!all)
		pread(fd, left, sizeof(left) - 1, 0);
	pwrite(fd, "0", 1, 0);
	close(fd);
	left[strcspn(left, "\n")] = 0;
	fprintf(out, " left=%s", left);
	return ret;
}

static void fail(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fprintf(stderr, "vmm: ");
	vfprintf(stderr, format, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(2);
}

static int make_address(const char *name, struct sockaddr_un *addr)
{
	*addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return snprintf(addr->sun_path, sizeof(addr->sun_path), VMM_DIR "/%s/ctl", name) <
			       (int)sizeof(addr->sun_path) ?
		       0 :
		       -ENAMETOOLONG;
}

/* Splits the line at its blanks. Returns the number of words. */
static int split(char *line, char **words)
{
	int n = 0;

	for (char *s = strtok(line, " \n"); s && n < ARGS_MAX; s = strtok(NULL, " \n"))
		words[n++] = s;
	return n;
}

/* The answer's first byte tells success ('+') from failure ('-'). */
static bool execute(char *line, FILE *answer)
{
	char *words[ARGS_MAX], *text = NULL;
	int n = split(line, words), ret;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	bool quit = n > 0 && !strcmp(words[0], "quit");

	ret = run_command(words, n, out);
	if (quit) {
		vm_close(&vm);
		ret = 0;
	}
	fclose(out);
	if (ret < 0)
		fprintf(answer, "-%s%s%s\n", strerrorname_np(-ret), len ? ": " : "", text);
	else
		fprintf(answer, "+%s%s", text, len && text[len - 1] == '\n' ? "" : "\n");
	printf("%s: %d %s\n", n > 0 ? words[0] : "", ret, text);
	fflush(stdout);
	free(text);
	return quit;
}

static void serve(int listener)
{
	bool quit = false;

	while (!quit) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		char line[LINE_MAX_BYTES];
		FILE *f = fd < 0 ? NULL : fdopen(fd, "r+");

		if (!f)
			continue;
		if (fgets(line, sizeof(line), f))
			quit = execute(line, f);
		fclose(f);
	}
}

static int open_ctl(const char *name)
{
	struct sockaddr_un addr;
	char path[256];
	int fd;

	mkdir(VMM_DIR, 0755);
	snprintf(path, sizeof(path), VMM_DIR "/%s", name);
	if (mkdir(path, 0755) && errno != EEXIST)
		return -errno;
	if (make_address(name, &addr))
		return -ENAMETOOLONG;
	unlink(addr.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 8))
		return -errno;
	return fd;
}

/* Becomes a daemon; returns in it. The parent waits for what the pipe says. */
static int daemonise(const char *name)
{
	int ready[2];
	char path[256], message[256];
	FILE *f;

	if (pipe2(ready, O_CLOEXEC))
		fail("pipe: %s", strerror(errno));
	if (fork()) {
		ssize_t n;

		close(ready[1]);
		n = read(ready[0], message, sizeof(message) - 1);
		message[n > 0 ? n : 0] = 0;
		if (strcmp(message, "ok"))
			fail("%s", n > 0 ? message : "ended");
		exit(0);
	}
	setsid();
	signal(SIGPIPE, SIG_IGN);
	snprintf(path, sizeof(path), VMM_DIR "/%s/log", name);
	freopen("/dev/null", "r", stdin);
	freopen(path, "a", stdout);
	dup2(STDOUT_FILENO, STDERR_FILENO);
	snprintf(path, sizeof(path), VMM_DIR "/%s/pid", name);
	f = fopen(path, "w");
	if (f) {
		fprintf(f, "%d\n", getpid());
		fclose(f);
	}
	return ready[1];
}

static int start(int argc, char **argv)
{
	int listener, ready, ret;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--ram"))
			vm.ram_bytes = (size_t)number(argv[i + 1]) << 20;
		else if (!strcmp(argv[i], "--vcpus") && number(argv[i + 1]) <= VCPUS_MAX)
			vm.nr_vcpus = (unsigned int)number(argv[i + 1]);
		else
			fail("%s?", argv[i]);
	}
	listener = open_ctl(argv[0]);
	if (listener < 0)
		fail("cannot make " VMM_DIR "/%s: %s", argv[0], strerror(-listener));
	ready = daemonise(argv[0]);
	ret = vm_create(&vm);
	if (ret) {
		dprintf(ready, "cannot create a VM: %s", strerrorname_np(-ret));
		return 1;
	}
	dprintf(ready, "ok");
	close(ready);
	serve(listener);
	return 0;
}

static int ctl(int argc, char **argv)
{
	struct sockaddr_un addr;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), first, c;
	FILE *f;

	if (make_address(argv[0], &addr) || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		fail("%s: %s", argv[0], strerror(errno));
	f = fdopen(fd, "r+");
	for (int i = 1; i < argc; i++)
		fprintf(f, "%s%c", argv[i], i + 1 < argc ? ' ' : '\n');
	fflush(f);
	first = fgetc(f);
	if (first == EOF)
		fail("%s: no answer, it has died", argv[0]);
	while ((c = fgetc(f)) != EOF)
		putchar(c);
	return first != '+';
}

static int help(void)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		printf("  %-16s%s\n", commands[i].name, commands[i].help);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "start"))
		return start(argc - 2, argv + 2);
	if (argc > 3 && !strcmp(argv[1], "ctl"))
		return ctl(argc - 2, argv + 2);
	if (argc > 1 && !strcmp(argv[1], "help"))
		return help();
	fail("usage: vmm start NAME [--ram MIB] [--vcpus N] | ctl NAME COMMAND... | help");
}
