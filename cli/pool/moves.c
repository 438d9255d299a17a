// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's plans to move tables. */
#include "pool/moves.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/hpt.h"
#include "lib/text.h"

#define COMPACT "/sys/kernel/kvm_htab/compact"
#define GRANULE "/sys/kernel/kvm_htab/pool/granule_bytes"

/* Opening, reading or writing @path has failed with the errno @code. */
static int failed(const char *path, int code, struct error *err)
{
	if (code == ENOENT)
		return error_set(
			err, STATUS_CANNOT, code,
			"cannot see which tables the kernel would move: %s does not exist; mount "
			"debugfs on /sys/kernel/debug",
			path);
	if (code == EACCES)
		return error_set(err, STATUS_FAILED, code,
				 "only root may move tables, or see the plan: try as root");
	return error_set(err, STATUS_FAILED, code, "%s: %s", path, strerror(code));
}

static int no_plan(unsigned int order, struct error *err)
{
	char table[BYTES_TEXT_MAX];

	return error_set(
		err, STATUS_NO, ENOMEM,
		"no room for a table of order %u (%s), even if the kernel moves tables: see "
		"`kvm-htab pool-status`, and htab_move in kvm-htab-kernel(7)",
		order, bytes_format(hpt_bytes(order), table));
}

/* Opens @path and writes @order to it. Returns the file descriptor. */
static int ask(const struct sysfs *fs, const char *path, int flags, unsigned int order,
	       struct error *err)
{
	_cleanup_close_ int fd = sysfs_open_file(fs, path, flags);
	char text[12];
	ssize_t length = snprintf(text, sizeof(text), "%u", order), n;

	if (fd < 0)
		return failed(path, -fd, err);
	n = write(fd, text, (size_t)length);
	if (n < 0 && errno == ENOMEM)
		return no_plan(order, err);
	if (n != length)
		return failed(path, n < 0 ? errno : EIO, err);
	return take_fd(&fd);
}

/* A number of granules, in bytes */
static bool scan_granules(const char **s, uint64_t granule, uint64_t *bytes)
{
	return !scan_u64(s, bytes) && !__builtin_mul_overflow(*bytes, granule, bytes);
}

/* "room AT SIZE" */
static bool scan_room(const char *s, uint64_t granule, struct plan *plan)
{
	if (strncmp(s, "room ", 5))
		return false;
	s += 5;
	return scan_granules(&s, granule, &plan->at) && scan_granules(&s, granule, &plan->bytes) &&
	       !*s;
}

/* "move VM FROM TO SIZE", or "move - FROM TO SIZE" for a VM without a number */
static bool scan_move(const char *s, uint64_t granule, struct plan_move *move)
{
	if (strncmp(s, "move ", 5))
		return false;
	s += 5;
	if (!strncmp(s, "- ", 2))
		s++;
	else if (scan_u64(&s, &move->vm))
		return false;
	return scan_granules(&s, granule, &move->from) && scan_granules(&s, granule, &move->to) &&
	       scan_granules(&s, granule, &move->bytes) && move->bytes && !*s;
}

static int add_move(struct plan *plan, const struct plan_move *move)
{
	struct plan_move *larger = reallocarray(plan->moves, plan->nmoves + 1, sizeof(*larger));

	if (!larger)
		return -ENOMEM;
	plan->moves = larger;
	plan->moves[plan->nmoves++] = *move;
	return 0;
}

void plan_clear(struct plan *plan)
{
	free(plan->moves);
	*plan = (struct plan){ 0 };
}

/* Finds the answer for a table of @bytes in @text. Errors: -ENOENT: none; -EBADMSG; -ENOMEM. */
static int scan_plan(char *text, uint64_t granule, uint64_t bytes, struct plan *plan)
{
	bool begun = false, found = false, ours = false;
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct plan room = { 0 };
		struct plan_move move = { 0 };

		if (scan_room(line, granule, &room)) {
			ours = room.bytes == bytes && !found;
			if (ours)
				*plan = room;
			found = found || ours;
			begun = true;
		} else if (!begun || !scan_move(line, granule, &move)) {
			return -EBADMSG;
		} else if (ours && add_move(plan, &move)) {
			return -ENOMEM;
		}
	}
	return found ? 0 : -ENOENT;
}

/* Reads the answer for @order; from a captured tree, all answers. */
static int read_answer(const struct sysfs *fs, unsigned int order, char **text, struct error *err)
{
	_cleanup_close_ int fd = -1;
	int r;

	if (fs->captured) {
		r = sysfs_read(fs, PLAN_FILE, text, NULL);
		return r ? failed(PLAN_FILE, -r, err) : 0;
	}
	fd = ask(fs, PLAN_FILE, O_RDWR, order, err);
	if (fd < 0)
		return fd;
	r = sysfs_read_fd(fd, text, NULL);
	return r ? failed(PLAN_FILE, -r, err) : 0;
}

char *plan_text(const struct sysfs *fs)
{
	char *all = NULL;

	for (unsigned int order = HPT_ORDER_MIN; order <= HPT_ORDER_MAX; order++) {
		_cleanup_(error_clear) struct error err = { 0 };
		_cleanup_free_ char *text = NULL;

		if (read_answer(fs, order, &text, &err)) {
			if (err.status != STATUS_NO)
				break;
			continue;
		}
		text_add(&all, "%s", text);
		if (fs->captured) /* that were all answers */
			break;
	}
	return all;
}

int plan_check(const struct sysfs *fs, struct error *err)
{
	if (sysfs_has(fs, COMPACT))
		return 0;
	return error_set(
		err, STATUS_CANNOT, ENOENT,
		"this kernel cannot move tables (no %s): boot one with the kvm-htab series, or "
		"restart or migrate guests to join the free pieces",
		COMPACT);
}

int plan_read(const struct sysfs *fs, unsigned int order, struct plan *plan, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	uint64_t granule;
	int r;

	*plan = (struct plan){ 0 };
	r = sysfs_read_u64(fs, GRANULE, &granule);
	if (r)
		return failed(GRANULE, -r, err);
	r = read_answer(fs, order, &text, err);
	if (r)
		return r;
	r = scan_plan(text, granule, hpt_bytes(order), plan);
	if (r)
		plan_clear(plan);
	if (r == -ENOENT && fs->captured)
		return no_plan(order, err);
	return r ? failed(PLAN_FILE, r == -ENOENT ? EBADMSG : -r, err) : 0;
}

uint64_t plan_bytes(const struct plan *plan)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < plan->nmoves; i++)
		bytes += plan->moves[i].bytes;
	return bytes;
}

int plan_carry_out(const struct sysfs *fs, unsigned int order, struct error *err)
{
	_cleanup_close_ int fd = ask(fs, COMPACT, O_WRONLY, order, err);

	return fd < 0 ? fd : 0;
}
