/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the entries of a hashed page table are fetched after it was moved: a model of kvmppc_fetch_hptes() and
 * hpt_end_fetching() of the kernel series, for spin. One piece with one entry is enough.
 *
 * Memory is weak. A store goes to a buffer of its CPU, from which stores come out in any order that no barrier between
 * them forbids. A load may be done earlier than the program says unless a barrier forbids that. Whatever order the CPUs
 * take, and whenever hardware walks the new table:
 *
 *	- hardware never finds a valid entry without its second half;
 *	- whoever has asked for the address of the entry finds it there;
 *	- what was removed stays away, and the change bit that hardware has set is not lost;
 *	- nobody looks into the old place after that was given back.
 *
 * With one of these defined, something of the kernel is left out, and spin has to find an error: NO_EIEIO, NO_RELEASE,
 * NO_ACQUIRE, NO_LOCK, NO_FIRST_WAIT, NO_SECOND_WAIT, NO_FETCH (the one who removes does not fetch).
 */

/* Addresses */
#define NEW_V	0	/* first half of the entry in the new place, with its lock bit */
#define NEW_R	1	/* second half */
#define OLD_V	2	/* first half in the old place, with the lock of the piece, or FETCHED */
#define FLAG	3	/* kvm->arch.hpt.fetching */
#define SIZE	4

/* Values of a first half, and of a second half */
#define NONE	0
#define VALID	1
#define LOCK	2	/* a bit */
#define FETCHED	7
#define REAL	1
#define C	2	/* a bit */

/* CPUs */
#define WORKER	0
#define REMOVER	1
#define READER	2
#define CPUS	3

typedef cpu {
	byte value[SIZE];
	bool pending[SIZE];
	byte after[SIZE];	/* how many barriers came before the store */
	byte barriers;
	bool handler	/* it is where an IPI has to wait, and a lock of the table is held */
};

byte mem[SIZE];
cpu cpus[CPUS];
bool walking;		/* hardware is, which tlbie waits for */
bool changed;		/* hardware has set C */
bool invalidated;	/* the entry was removed, and translations of it are gone */
bool removing;		/* the entry may be gone */
bool removed;
bool freed;		/* the old place is somebody else's */
byte harvested;

/* A store that may come out: no other one is there that came before a barrier before it */
#define OLDER(p, a, i)	(cpus[p].pending[i] && cpus[p].after[i] < cpus[p].after[a])
#define MAY_COME_OUT(p, a) (cpus[p].pending[a] && !OLDER(p, a, 0) && !OLDER(p, a, 1) && !OLDER(p, a, 2) && !OLDER(p, a, 3))
#define COME_OUT(p, a)	mem[a] = cpus[p].value[a]; cpus[p].pending[a] = false; cpus[p].after[a] = 0; cpus[p].value[a] = 0
#define EMPTY(p)	(!cpus[p].pending[0] && !cpus[p].pending[1] && !cpus[p].pending[2] && !cpus[p].pending[3])

proctype buffer(byte p)
{
end:	do
	:: atomic { MAY_COME_OUT(p, 0) -> COME_OUT(p, 0) }
	:: atomic { MAY_COME_OUT(p, 1) -> COME_OUT(p, 1) }
	:: atomic { MAY_COME_OUT(p, 2) -> COME_OUT(p, 2) }
	:: atomic { MAY_COME_OUT(p, 3) -> COME_OUT(p, 3) }
	od
}

inline store(p, a, x)
{
	atomic {
		!cpus[p].pending[a] ->
		cpus[p].value[a] = x;
		cpus[p].pending[a] = true;
		cpus[p].after[a] = cpus[p].barriers
	}
}

#define LOAD(p, a)	(cpus[p].pending[a] -> cpus[p].value[a] : mem[a])

/* eieio, lwsync: stores stay on their side */
inline barrier(p)
{
	cpus[p].barriers++
}

/* hwsync, ptesync */
inline sync(p)
{
	atomic { EMPTY(p) -> cpus[p].barriers = 0 }
}

/* kvmppc_fetch_hptes(): x is left over */
inline fetch(p, x)
{
	do
	:: atomic { x = LOAD(p, OLD_V); assert(!freed) };
	   if
	   :: x == FETCHED -> break
	   :: else
	   fi;
#ifdef NO_LOCK
	   break
#else
	   atomic {
		if
		:: !cpus[p].pending[OLD_V] && !(mem[OLD_V] & LOCK) -> mem[OLD_V] = mem[OLD_V] | LOCK; break
		:: else
		fi
	   }
#endif
	od;
	if
	:: x != FETCHED ->
		store(p, NEW_R, REAL);
#ifndef NO_EIEIO
		barrier(p);
#endif
		store(p, NEW_V, VALID);
#ifndef NO_RELEASE
		barrier(p);
#endif
		store(p, OLD_V, FETCHED)
	:: else
	fi
}

/* Whoever has taken a lock of the table, or is in a handler in real mode, is not waited for until it is done */
inline begin(p)
{
	cpus[p].handler = true
}

inline done(p)
{
	atomic { EMPTY(p) -> cpus[p].barriers = 0; cpus[p].handler = false }
}

/* hpt_wait_for_readers(): what we have done is seen by who comes afterwards */
inline wait_for_readers()
{
	sync(WORKER);
	!cpus[REMOVER].handler;
	!cpus[READER].handler
}

proctype worker()
{
	byte x;

	fetch(WORKER, x);
#ifndef NO_FIRST_WAIT
	wait_for_readers();
#endif
	store(WORKER, FLAG, 0);
#ifndef NO_SECOND_WAIT
	wait_for_readers();
#endif
	sync(WORKER);
	freed = true
}

/*
 * What a load of the entry that is done early finds. Any time up to the acquire will do, if there is one, or up to when
 * the program says.
 */
inline early(p, x)
{
	x = LOAD(p, NEW_V)
}

/* H_REMOVE */
proctype remover()
{
	byte x, v;

	begin(REMOVER);
	early(REMOVER, v);
	if
	:: LOAD(REMOVER, FLAG) ->
#ifndef NO_FETCH
		fetch(REMOVER, x);
#endif
#ifndef NO_ACQUIRE
		v = LOAD(REMOVER, NEW_V)
#else
		if
		:: v = LOAD(REMOVER, NEW_V)
		:: true
		fi
#endif
	:: else ->
		if
		:: v = LOAD(REMOVER, NEW_V)
		:: true
		fi
	fi;
	assert(v & VALID);
	removing = true;
	store(REMOVER, NEW_V, NONE);
	sync(REMOVER);
	atomic { !walking -> invalidated = true };
	harvested = LOAD(REMOVER, NEW_R);
	assert(!changed || (harvested & C));
	removed = true;
	done(REMOVER)
}

/* H_READ, which looks for the entry before the other one removes it, or the like */
proctype reader()
{
	byte x, v;

	begin(READER);
	early(READER, v);
	if
	:: LOAD(READER, FLAG) ->
		fetch(READER, x);
#ifndef NO_ACQUIRE
		v = LOAD(READER, NEW_V)
#else
		if
		:: v = LOAD(READER, NEW_V)
		:: true
		fi
#endif
	:: else ->
		if
		:: v = LOAD(READER, NEW_V)
		:: true
		fi
	fi;
	assert((v & VALID) || removing);
	done(READER)
}

/* Walks the new table, and sets C in what it finds */
proctype hardware()
{
	byte v, r;

	do
	:: atomic { !invalidated -> walking = true };
	   v = mem[NEW_V];
	   if
	   :: v & VALID ->
		r = mem[NEW_R];
		assert(r & REAL);
		atomic { mem[NEW_R] = mem[NEW_R] | C; changed = true }
	   :: else
	   fi;
	   walking = false
	:: break
	od
}

init
{
	atomic {
		mem[OLD_V] = VALID;
		mem[FLAG] = 1;
		run buffer(WORKER);
		run buffer(REMOVER);
		run buffer(READER);
		run hardware();
		run worker();
		run remover();
		run reader()
	}
	/* When all have ended */
	(_nr_pr == CPUS + 1 && EMPTY(0) && EMPTY(1) && EMPTY(2)) ->
	assert(removed -> (mem[NEW_V] == NONE && (!changed || (harvested & C))) : mem[NEW_V] == VALID);
	assert(mem[OLD_V] == FETCHED)
}
