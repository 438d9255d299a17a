// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's plans to move tables, from /sys/kernel/debug/kvm_htab/plan. */
#include "plan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"

#define PLAN "/sys/kernel/debug/kvm_htab/plan"
#define COMPACT "/sys/kernel/kvm_htab/compact"
#define GRANULE "/sys/kernel/kvm_htab/pool/granule_bytes"

static int refused(const char *path, unsigned int order, int code, struct error *err)
{
	switch (code) {
	case ENOENT:
		return error_set(err, STATUS_CANNOT, code, MSG_NO_MOVES, path);
	case EACCES:
	case EPERM:
		return error_set(err, STATUS_FAILED, code, MSG_MOVE_DENIED);
	case ENOMEM:
		return error_set(err, STATUS_NO, code, MSG_NO_PLAN, order);
	default:
		return error_set(err, STATUS_FAILED, code, MSG_MOVE, path, strerror(code));
	}
}

/* Opens @path and writes @order to it. Returns the file descriptor. */
static int ask(const struct sysfs *fs, const char *path, int flags, unsigned int order,
	       struct error *err)
{
	char text[12];
	int length = snprintf(text, sizeof(text), "%u", order);
	int fd = sysfs_open_file(fs, path, flags);
	int code;

	if (fd < 0)
		return refused(path, order, -fd, err);
	if (write(fd, text, (size_t)length) == length)
		return fd;
	code = errno;
	close(fd);
	return refused(path, order, code, err);
}

/* "move VM FROM TO SIZE", all in granules */
static bool scan_move(const char *s, uint64_t granule, struct plan_move *move)
{
	if (strncmp(s, "move ", 5))
		return false;
	s += 5;
	if (!strncmp(s, "- ", 2))
		s++;
	else if (scan_u64(&s, &move->vm))
		return false;
	if (scan_u64(&s, &move->from) || scan_u64(&s, &move->to) || scan_u64(&s, &move->bytes))
		return false;
	move->from *= granule;
	move->to *= granule;
	move->bytes *= granule;
	return !*s;
}

/* "room AT SIZE", and the moves */
static int scan_plan(char *text, uint64_t granule, struct plan *plan)
{
	char *save = NULL, *line = strtok_r(text, "\n", &save);
	const char *s = line ?: "";

	if (strncmp(s, "room ", 5))
		return -EBADMSG;
	s += 5;
	if (scan_u64(&s, &plan->at) || scan_u64(&s, &plan->bytes) || *s)
		return -EBADMSG;
	plan->at *= granule;
	plan->bytes *= granule;

	while ((line = strtok_r(NULL, "\n", &save))) {
		struct plan_move move = { 0 }, *larger;

		if (!scan_move(line, granule, &move))
			return -EBADMSG;
		larger = reallocarray(plan->moves, plan->nmoves + 1, sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		plan->moves = larger;
		plan->moves[plan->nmoves++] = move;
	}
	return 0;
}

int plan_read(const struct sysfs *fs, unsigned int order, struct plan *plan, struct error *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	uint64_t granule;
	int r;

	*plan = (struct plan){ 0 };
	r = sysfs_read_u64(fs, GRANULE, &granule);
	if (r)
		return refused(GRANULE, order, -r, err);
	fd = ask(fs, PLAN, O_RDWR, order, err);
	if (fd < 0)
		return fd;
	r = sysfs_read_fd(fd, &text, NULL);
	if (!r)
		r = scan_plan(text, granule, plan);
	return r ? error_set(err, STATUS_FAILED, -r, MSG_MOVE, PLAN, strerror(-r)) : 0;
}

void plan_clear(struct plan *plan)
{
	free(plan->moves);
	plan->moves = NULL;
	plan->nmoves = 0;
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
