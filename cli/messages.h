/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The texts of errors, one place for each: what is wrong, why, and the way
 * out. The tests and the manual page quote them.
 */
#ifndef KVM_HTAB_MESSAGES_H
#define KVM_HTAB_MESSAGES_H

/* Usage */
#define MSG_WHICH_COMMAND "which command?"
#define MSG_NO_COMMAND "there is no command \"%s\""
#define MSG_MANY_VMS "at most %d VMs in one call"
#define MSG_BAD_SIZE "\"%s\" is no size: write a number with a unit, as in 64G, 512MiB or 1.5T"
#define MSG_SIZE_RANGE "size \"%s\" is out of range: more than 0 and less than 16 EiB"
#define MSG_BAD_ORDER "\"%s\" is no order: write a number from 18 (256 KiB) to 46 (64 TiB)"
#define MSG_BAD_SECONDS "\"%s\" is no time: write seconds, as in 5 or 0.5"
#define MSG_MIN_ABOVE "--min-order %u is above the order wanted, %u"
#define MSG_NO_SIZE "which size? give --order N or --ram SIZE"
#define MSG_BAD_COUNT "\"%s\" is no number of guests: write one from 1 to 1000000"
#define MSG_NO_RAM "--maxmem goes with --ram: give both"
#define MSG_MAXMEM_BELOW "--maxmem is less than --ram"
#define MSG_BAD_FORMAT "there is no format \"%s\": write --format=prometheus"
#define MSG_NO_VM "which VM? give --vm, as in --vm unix:/run/vm.sock"
#define MSG_BAD_TARGET \
	"\"%s\" is no VM: write unix:PATH, unix:@NAME, fd:N, pid:PID, pid:PID:FD, domain:NAME, a " \
	"path with a \"/\", or @NAME"
#define MSG_DOMAIN_SLASH "\"%s\" is no name of a domain: it holds a \"/\" (a socket is unix:PATH)"
#define MSG_DOMAIN_LENGTH "\"%s\" is no name of a domain: write 1 to %zu bytes"
#define MSG_LONG_PATH "socket name \"%s\" is too long: at most %zu bytes"
#define MSG_BAD_COLUMN "there is no column \"%s\": see --help for their names"
#define MSG_EXCLUSIVE "%s and %s exclude each other"

/* Reaching the VM's file descriptor */
#define MSG_SYSROOT "cannot open the tree %s: %s"
#define MSG_CONNECT "cannot connect: %s"
#define MSG_CONNECT_ENOENT "there is no such socket: is the VMM running, and offering its VM?"
#define MSG_CONNECT_REFUSED "nobody listens on this socket: is the VMM running?"
#define MSG_CONNECT_NO_SOCKET "this is no socket: write the one on which the VMM offers its VM"
#define MSG_CONNECT_EACCES "no permission to connect to this socket: its owner decides who may"
#define MSG_CONNECT_TIME "could not connect within %s s: the VMM does not accept (see --timeout)"
#define MSG_RECEIVE "cannot receive from the peer: %s"
#define MSG_RECEIVE_TIME "the peer sent nothing within %s s (see --timeout)"
#define MSG_HANG_UP "the peer hung up without sending a file descriptor"
#define MSG_NO_FD "the peer sent no file descriptor with its first message"
#define MSG_MANY_FDS "the peer sent %u file descriptors instead of one; all were closed"
#define MSG_NO_BYTE "the peer sent a file descriptor without a byte of data"
#define MSG_TRUNCATED \
	"file descriptors from the peer were lost on the way (is the limit on open files too low?)"
#define MSG_FD_CLOSED "there is no open file descriptor %d: was it handed down by the parent?"
#define MSG_FD_PROC "cannot find out what file descriptor %d is, for want of /proc/self/fd: %s"
#define MSG_NOT_VM "this is no KVM VM but \"%s\""

/* Taking it out of the VMM, and finding that */
#define MSG_NO_PIDFD \
	"this kernel cannot take a file descriptor out of another process (pidfd_getfd(2), since " \
	"Linux 5.6): let the VMM offer its VM on a socket"
#define MSG_NO_PROC "cannot look into processes: /proc is not mounted"
#define MSG_NO_PROCESS "there is no process %d"
#define MSG_THREAD "%d is a thread of process %d: write pid:%d"
#define MSG_PIDFD "cannot open process %d: %s"
#define MSG_PROCESS_ENDED "process %d has ended, and its VM with it"
#define MSG_PTRACE \
	"no permission to take a VM out of %s: that needs ptrace access to it; try as root, or with " \
	"CAP_SYS_PTRACE (kernel.yama.ptrace_scope=0 does for processes of your own)"
#define MSG_PTRACE_LOOK \
	"no permission to look for a VM in %s: that needs ptrace access to it; try as root, or with " \
	"CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
#define MSG_LOOK "cannot look into %s: %s"
#define MSG_PROCESS_NO_VM \
	"%s has no VM of KVM: is this the VMM's number? (`kvm-htab list` shows the VMs)"
#define MSG_PROCESS_MANY "%s has several VMs, its file descriptors %s: say which, as in pid:%d:%d"
#define MSG_PROCESS_NO_FD "%s has no open file descriptor %d"
#define MSG_PROCESS_NOT_VM "of %s, file descriptor %d is no KVM VM but \"%s\""
#define MSG_GETFD "cannot take from %s its file descriptor %d: %s"
#define MSG_DOMAIN_NONE \
	"no domain \"%s\" is running: there is neither %s/%s.pid nor such a file of your own " \
	"session (`virsh list` shows the domains)"
#define MSG_DOMAIN_DENIED "no permission to read %s: try as root"
#define MSG_DOMAIN_READ "cannot read %s: %s"
#define MSG_DOMAIN_NO_PID "%s does not hold the number of a process"
#define MSG_DOMAIN_TWO \
	"there are two domains \"%s\", the system's (process %d) and one of your own session " \
	"(process %d): write pid:PID"
#define MSG_DOMAIN_OTHER \
	"%s is the VMM of domain \"%s\": libvirt's pid file of \"%s\" is left over from another " \
	"process"

/* VMs that nobody has offered */
#define MSG_NOT_OFFERED_READY \
	"the guest has run since its table was last cleared, and nobody has offered this VM for a " \
	"reset, which kills a guest that is only paused: let the VMM offer it (see " \
	"kvm-htab-vm-socket(7)), or use --force if the guest is about to start afresh"
#define MSG_NOT_OFFERED_RESIZE \
	"nobody has offered this VM for a resize, and its VMM would go on with the order that it " \
	"knows (QEMU does): let the VMM ask for another order (maxmem), or use --force"

/* What the kernel answers */
#define MSG_OTHER_ARCH \
	"this is a VM of a host that is not POWER (%s): hashed page tables of KVM-HV exist on " \
	"POWER only"
#define MSG_STOCK_KERNEL \
	"this kernel refuses VM ioctls from any process but the VM's own, so nothing outside the " \
	"VMM can see or reset its table; boot a kernel with the kvm-htab series, or load the " \
	"series' kvm modules (see KERNEL in kvm-htab(8))"
#define MSG_OWNER_GONE \
	"the kernel refuses this VM: its owner is gone, or the VM is dead or not one of KVM-HV"
#define MSG_NESTED \
	"this host is itself a guest (pSeries): its VMs use the radix MMU only and have no hashed " \
	"page table"
#define MSG_NOT_OPTED_IN \
	"no permission: the VM's owner has not opted in (KVM_CAP_PPC_HTAB_CTL) and this process " \
	"lacks CAP_SYS_ADMIN; let the VMM opt in, or try as root"
#define MSG_ORDER_LIMIT \
	"no permission for order %u: it is above the limit that the VM's owner has set for others, " \
	"or the owner has just withdrawn its opt-in (KVM_CAP_PPC_HTAB_CTL)"
#define MSG_RUNNING "vCPUs of the VM are running: stop them first, or use --wait"
#define MSG_STILL_RUNNING "vCPUs of the VM are still running after %s s of --wait: stop them first"
#define MSG_NO_ROOM \
	"no room for a table of order %u (%s): `kvm-htab pool-status` shows what would fit; " \
	"--min-order accepts less"
#define MSG_NO_ROOM_DOWN_TO \
	"no room for a table of order %u (%s), nor for any down to order %u: " \
	"`kvm-htab pool-status` shows what would fit"
#define MSG_REQUEST "the kernel refuses: %s"

/* What became of the table */
#define MSG_UNCHANGED "; nothing was changed"
#define MSG_TABLE_LOST "; meanwhile the VM has lost its table: it has none now"
#define MSG_TABLE_EMPTIED "; meanwhile the table was emptied"
#define MSG_TABLE_OTHER "; the VM now has a table of order %u"
#define MSG_SMALLER "order %u was wanted, order %u (%s) is what could be had"
#define MSG_NO_REPLY "the peer did not take the answer: %s"

/* The map of the pool */
#define MSG_NO_MAP \
	"this kernel does not tell what is where in the pool: a kernel with the kvm-htab series does (%s), " \
	"and one with CMA_DEBUGFS, with debugfs mounted on /sys/kernel/debug"
#define MSG_MAP_DENIED "only root may see what is where in the pool: try as root"
#define MSG_MAP "cannot read what is where in the pool: %s"

/* Moving tables */
#define MSG_COMPACT_TREE "--sysroot goes with --dry-run here: a captured tree is only looked at"
#define MSG_NO_MOVES \
	"this kernel does not move tables (there is no %s): boot one with the kvm-htab series; until " \
	"then, restart or move away guests to join the free pieces"
#define MSG_NO_PLANS \
	"this kernel moves tables, but does not tell which: there is no %s; is debugfs mounted on " \
	"/sys/kernel/debug?"
#define MSG_MOVE_DENIED "only root may have tables moved, or see what would be: try as root"
#define MSG_MOVE_NEVER \
	"no piece of the pool serves order %u (%s), and the kernel is told not to move tables: " \
	"`echo running >/sys/module/kvm_hv/parameters/htab_move` lets it"
#define MSG_NO_PLAN \
	"no room for a table of order %u (%s), whatever the kernel may move: `kvm-htab pool-status` " \
	"shows what is free, and the parameter kvm_hv.htab_move says which tables may be moved"
#define MSG_MOVE "%s: %s"
#define MSG_ROOM_ALREADY "There is room already for a table of order %u (%s)"
#define MSG_WOULD_MOVE "Would move %zu %s (%s) to make room for a table of order %u (%s)"
#define MSG_MOVED "Moved %zu %s (%s): there is room now for a table of order %u (%s)"
#define MSG_NOTHING_FREE "nothing of the pool is free: `kvm-htab list` shows who has it"

/* The pool, and what to do about it */
#define MSG_POOL_FAILED \
	"the pool could not be reserved at boot, so that guests get what the page allocator can " \
	"give (16 MiB tables at most, as a rule); look for \"cma\" in the boot log, and boot with " \
	"another kvm_cma_resv_ratio=N (percent of RAM)"
#define MSG_POOL_FAILED_ZONE \
	"the pool could not be had at boot, so that guests get what the page allocator can give " \
	"(16 MiB tables at most, as a rule); boot without %s, whose zone for movable pages must " \
	"not begin inside the pool, or look for \"cma\" in the boot log"
#define MSG_POOL_ABSENT \
	"this kernel was booted without a pool, so that guests get what the page allocator can " \
	"give (16 MiB tables at most, as a rule); boot without kvm_cma_resv_ratio=0 to have one"
#define MSG_POOL_FULL \
	"the pool is full: %s of %s are free; stop guests or move them to another host, or boot " \
	"with a larger kvm_cma_resv_ratio=N (percent of RAM)"
#define MSG_POOL_FRAGMENTED \
	"the pool is fragmented: %s are free, but no piece serves more than order %u (%s); restart " \
	"or move away guests to join the free pieces, start large guests first, or give them a " \
	"smaller maxmem or resize-hpt"
#define MSG_POOL_FRAGMENTED_MOVES \
	"the pool is fragmented: %s are free, but no piece serves more than order %u (%s); the kernel " \
	"moves tables to join pieces when a guest asks for more, and `kvm-htab compact` has it do so " \
	"now"
#define MSG_POOL_FRAGMENTED_NEVER \
	"the pool is fragmented: %s are free, but no piece serves more than order %u (%s); this kernel " \
	"could move tables to join pieces, but is told not to: " \
	"`echo running >/sys/module/kvm_hv/parameters/htab_move` lets it"
#define MSG_POOL_DENIED \
	"/sys/kernel/debug may not be read by this user: try as root for more exact figures, or " \
	"find out by trying, with --probe"
#define MSG_POOL_UNKNOWN \
	"this kernel does not tell what fits into the pool; a kernel with the kvm-htab series " \
	"does, and as root one with CMA_DEBUGFS and debugfs mounted on /sys/kernel/debug; " \
	"--probe finds out by trying"
#define MSG_HOST_OTHER \
	"this host is not POWER (%s): KVM-HV, its hashed page tables and their pool exist on POWER only"
#define MSG_HOST_NESTED \
	"this host is itself a guest (pSeries): KVM-HV guests inside it are nested and use the " \
	"radix MMU only, so there is neither a hashed page table nor a pool; ask the host below"
#define MSG_NO_MODULE "KVM-HV is not present: the module kvm_hv is not loaded (`modprobe kvm_hv`)"

/* Whether guests would start */
#define MSG_FIT_NO "no room for a table of order %u (%s)"
#define MSG_FIT_NO_MANY "no room for %u tables of order %u (%s)"
#define MSG_FIT_ONLY ", only for %llu"
#define MSG_FIT_POOL_HAS ", the pool has it for %llu"
#define MSG_FIT_UNKNOWN "cannot tell whether there is room for a table of order %u (%s)"
#define MSG_FIT_UNKNOWN_MANY "cannot tell whether there is room for %u tables of order %u (%s)"
#define MSG_FIT_LARGEST "; the largest that fits is of order %u (%s, for a guest of up to %s)"
#define MSG_FIT_NOTHING "; the pool has no room for any table"
#define MSG_FIT_SMALL \
	"the pool is too small for that, even if nothing else were in it: it has %s; boot with a " \
	"larger kvm_cma_resv_ratio=N (percent of RAM), or give guests a smaller maxmem or resize-hpt"
#define MSG_FIT_SHORT \
	"%s of %s of the pool are free, which is not enough; stop guests or move them to another " \
	"host, or boot with a larger kvm_cma_resv_ratio=N (percent of RAM)"
#define MSG_FIT_PIECES \
	"%s of the pool are free, but not in pieces that serve so many such tables; restart or move " \
	"away guests to join the free pieces, or start large guests first"
#define MSG_FIT_WOULD_MOVE \
	"there is room for a table of order %u (%s) when the kernel has moved other tables (%s), as it " \
	"does if it is asked for one"
#define MSG_FIT_MOVES \
	"this kernel moves tables to make room, and may do so for these; whether it would it tells " \
	"root, in debugfs, and of one table at a time"
#define MSG_FIT_STUCK \
	"%s of the pool are free, but in pieces, which the kernel cannot join by moving tables, or may " \
	"not (see kvm_hv.htab_move in kvm-htab(8)); stop guests or move them to another host, or start " \
	"large guests first"
#define MSG_FIT_PAGES \
	"what the pool has no room for may come from the page allocator, which promises nothing; " \
	"--probe finds out by trying"
#define MSG_FIT_NO_REASON \
	"the pool has no room for them, this kernel does not tell why; stop guests or move them to another host, start large " \
	"guests first, or boot with a larger kvm_cma_resv_ratio=N (percent of RAM)"
#define MSG_FIT_MEMORY \
	"a table needs as much memory again for its reverse map, outside the pool, and this host " \
	"has not enough of it available to try without harm; free some"

/* Finding out by trying */
#define MSG_PROBE_NO_KVM \
	"cannot try: there is no usable /dev/kvm (%s): is the module kvm_hv loaded (`modprobe kvm_hv`)?"
#define MSG_PROBE_DENIED \
	"cannot try: no permission for /dev/kvm: it is for root and, as a rule, for the group kvm"
#define MSG_PROBE_OPEN "cannot try: cannot open /dev/kvm: %s"
#define MSG_PROBE_NOT_HV \
	"cannot try: /dev/kvm offers no guests with hashed page tables of ours (KVM-PR?): is the " \
	"module kvm_hv loaded (`modprobe kvm_hv`)?"
#define MSG_PROBE_VM "cannot try: the kernel makes no further VM, after %zu: %s"
#define MSG_PROBE_MEMORY \
	"cannot try to the end: a table needs as much memory again for its reverse map, outside " \
	"the pool, and this host has not enough of it available to try without harm"

/* The VMs of the host */
#define MSG_LIST_PROC "cannot find the VMs: /proc cannot be read: %s"
#define MSG_LIST_TABLES "only root may see what tables the VMs have: try as root"
#define MSG_LIST_TABLES_AND_VMS \
	"only root may see what tables the VMs have, and %zu more that are not shown: try as root"
#define MSG_LIST_TABLES_PERHAPS \
	"only root may see what tables the VMs have, and whether there are more: try as root"
#define MSG_LIST_PROCESSES \
	"VMs of other users are not shown: their processes may not be looked into; try as root"
#define MSG_LIST_NAMESPACE "VMs outside this container (PID namespace) are not shown: ask its host"
#define MSG_LIST_STOCK \
	"this kernel does not tell what tables the VMs have; one with the kvm-htab series does (see " \
	"KERNEL in kvm-htab(8))"

/* Output */
#define MSG_STDOUT "cannot write to standard output: %s"
#define MSG_LACK "the answer may be incomplete: %s"
#define MSG_STANDARD_FD \
	"a standard file descriptor is closed, and there is no /dev/null to take its place"
#define MSG_LIBRARY "a library is missing: %s; install it (Debian: %s)"
#define MSG_LIBRARY_TABLE ", or do without tables: --raw does not need it"

#endif /* KVM_HTAB_MESSAGES_H */
