/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory cgroups, which pay for reverse maps on kernels with the series. */
#ifndef KVM_HTAB_HOST_CGROUP_H
#define KVM_HTAB_HOST_CGROUP_H

#include "host/sysfs.h"

/* The tightest limit on the way from a cgroup to the root. */
struct cgroup_limit {
	bool limited; /* whether a limit was found; if not, the other fields are unset */
	char *cgroup; /* whose it is, without the leading "/"; owned */
	uint64_t max_bytes; /* its memory.max */
	uint64_t room_bytes; /* what may still be charged there, after page cache is reclaimed */
};

/*
 * Returns the memory cgroup of the process whose directory is @proc_fd, without the leading "/" unless
 * it is the root. The caller frees it; NULL: unknown.
 */
char *cgroup_of_process(int proc_fd) _must_check_;

/* Whether @cgroup is such a path. It may also begin with "/" or "/sys/fs/cgroup/". */
bool cgroup_is_valid(const char *cgroup);

/*
 * Reads the limits of @cgroup, which is valid. The caller frees limit->cgroup. Errors: -ENOSYS: no
 * cgroups of version 2; -ENOENT: no such cgroup; -ENOMEM and others of open(2).
 */
int cgroup_read_limit(const struct sysfs *fs, const char *cgroup,
		      struct cgroup_limit *limit) _must_check_;

#endif /* KVM_HTAB_HOST_CGROUP_H */
