/* SPDX-License-Identifier: MIT */
/*
 * The ledger's protocol between CPUs, for spin: the ticket lock, redeemers that wait for a chunk that is being zeroed,
 * sets that wait for memory and are served by whoever frees, claims whose lease runs out. `tests/verify/spin` runs it,
 * as it is and with each seeded fault.
 *
 * A process is a CPU. What the lock guards is changed in one atomic step where the code holds the lock without giving
 * it back; the lock itself, zeroing, a guest's use of memory, and all between two holds are steps of their own. Each
 * block below names the lines that it stands for: function (file), and what of it.
 *
 *   -DBUILDERS=n -DSCRUBBERS=n -DREAPER=0|1   processes; builder 0 claims both blocks and waits for them, the others
 *                                             claim one, builder 1 without waiting (-DALL_WAIT: all wait)
 *   -DSTOPS=1                                 a builder may end after any round, or run on what it has for ever: what is
 *                                             not served then, never is
 *   -DCLEAN                                   nothing is ever dirty: fewer states, for three builders
 *   -DFAULT_x                                 a seeded fault
 */
#ifndef BUILDERS
#define BUILDERS 2
#endif
#ifndef SCRUBBERS
#define SCRUBBERS 1
#endif
#ifndef REAPER
#define REAPER 0
#endif
#ifndef STOPS
#define STOPS 1
#endif
#ifdef CLEAN
#define DIRTY false
#else
#define DIRTY true
#endif
#define BLOCKS 2
#define CPUS (BUILDERS + SCRUBBERS + REAPER)
#define TICKETS 8 /* more than CPUs: a ticket is not drawn again while it is held */
#define NOBODY 0  /* of an owner or a slot: free, empty; else 1 + number */

/* --- struct lock (core/sync/lock.h) ------------------------------------------------------------------------------ */
byte next;   /* lock.next */
byte served; /* lock.owner */
byte inside; /* ghost: CPUs in a critical section */
bool trying[CPUS]; /* ghost: between asking and having, of the CPU's number */

/* --- struct ledger (core/claim/claim.h); guarded by the lock ------------------------------------------------------ */
byte owner[BLOCKS];             /* pool_record(): POOL_FREE, or the owner */
bool dirty[BLOCKS];             /* pool_is_dirty() */
byte slot[SCRUBBERS];           /* scrubs[i]: the chunk published */
byte left[BUILDERS];            /* terms[..].left of the builder's claim */
bool uses[BUILDERS];            /* claims[..].uses */
bool waiting[BUILDERS];         /* claims[..].waiting */
bool ended[BUILDERS];           /* claim_of() says NULL: expired */
chan waiters = [BUILDERS] of { byte }; /* waiters */

/* --- memory: not guarded, whoever has it may touch it ------------------------------------------------------------- */
byte zeroing[BLOCKS]; /* scrubbers that write zeroes there */
bool zero[BLOCKS];    /* what it holds is zero */
bool redeeming[BUILDERS]; /* ghost: in claim_redeem() */

#ifdef ALL_WAIT
#define WAITS(i) true
#else
#define WAITS(i) ((i) != 1)
#endif
#define WANT(i) ((i) == 0 -> 2 : 1)
#define NR_FREE ((owner[0] == NOBODY -> 1 : 0) + (owner[1] == NOBODY -> 1 : 0))
#if BUILDERS == 3
#define CLAIMED (left[0] + left[1] + left[2])
#else
#define CLAIMED (left[0] + left[1])
#endif
/* wave_run() (arith.c): blocks of one order in one leaf, so admission is a count. */
#define FITS(n) (NR_FREE >= CLAIMED + (n))
/* overlaps() (scrub.c): whether a scrubber has the block. */
#if SCRUBBERS == 2
#define OVERLAPS(b) (slot[0] == (b) + 1 || slot[1] == (b) + 1)
#else
#define OVERLAPS(b) (slot[0] == (b) + 1)
#endif

#ifdef FAULT_SAME_CHUNK
#define TAKEN(b) false
#else
#define TAKEN(b) OVERLAPS(b)
#endif

/* --- lock_acquire(), lock_release() (core/sync/lock.c) ------------------------------------------------------------ */

/*
 * take_ticket(): ticket = arch_fetch_inc(&l->next); then arch_load_acquire(&l->owner) until it is the ticket
 * (arch_wait_equal() sleeps in WFE meanwhile; the store of the releaser is the event).
 */
inline acquire()
{
#ifdef FAULT_UNFAIR_LOCK
	trying[me] = true;
	atomic { inside == 0 -> inside++; trying[me] = false }
#else
	atomic { trying[me] = true; ticket = next; next = (next + 1) % TICKETS }
	atomic { served == ticket -> inside++; assert(inside == 1); trying[me] = false; ticket = 0 }
#endif
}

/* lock_release(): arch_store_release(&l->owner, l->owner + 1). With no ticket out, the count starts at 0 again. */
inline release()
{
	atomic {
		inside--;
		served = (served + 1) % TICKETS;
		if
		:: served == next -> served = 0; next = 0
		:: else
		fi
	}
}

/* --- wait.c ------------------------------------------------------------------------------------------------------- */

/* serve_one(), under the lock: the first of the queue is admitted if it fits. `more` is what it returns. */
inline serve_one()
{
	atomic {
		more = false;
		if
		:: nempty(waiters) ->
			waiters?<head>; /* c = &l->claims[l->waiters.first] */
			if
			:: FITS(WANT(head)) -> /* make_wave(), wave_run() */
				waiters?head; /* leave_queue() */
				waiting[head] = false;
				left[head] = WANT(head); /* t->left = t->count */
				more = true
			:: !FITS(WANT(head))
			fi;
			head = 0
		:: empty(waiters)
		fi
	}
}

/* wait_serve(): one admission a lock hold, until one does not fit. (end_one() has nothing to end: no memory goes bad.) */
inline wait_serve()
{
	more = true;
	do
	:: more ->
		acquire();
		serve_one();
		release();
#ifdef FAULT_SERVE_ONE
		more = false
#endif
	:: else -> break
	od
}

/* wait_unlock(): whether some wait is read under the lock; they are served after it was given back. */
inline wait_unlock()
{
	some = nempty(waiters);
	release();
	if
	:: some -> some = false; wait_serve()
	:: else
	fi
}

/* --- scrub.c ------------------------------------------------------------------------------------------------------ */

/* scrub_unlock(): without the lock between two looks, until no scrubber has the block; then it says what is dirty. */
inline scrub_unlock()
{
#ifndef FAULT_NO_WAIT
	do
	:: OVERLAPS(block) ->
#ifndef FAULT_WAIT_WITH_LOCK
		release();
		acquire()
#else
		!OVERLAPS(block)
#endif
	:: else -> break
	od;
#endif
	was_dirty = dirty[block];
	release()
}

/*
 * core/scrub's loop on a CPU: ledger_scrub_begin(), zero, ledger_scrub_end().
 * Between rounds it sleeps until there is dirty free memory (FH_ENOENT until scrub_more is set by block_put()).
 */
proctype scrubber(byte me; byte k)
{
	byte ticket;
	byte block;

end:	do
	:: (owner[0] == NOBODY && dirty[0]) || (owner[1] == NOBODY && dirty[1]) ->
		acquire();
		atomic {
			/* find(): pool_find_dirty() finds what is free and dirty, and a chunk of another is left alone. */
			if
			:: owner[0] == NOBODY && dirty[0] && !TAKEN(0) -> slot[k] = 1; block = 0
			:: owner[1] == NOBODY && dirty[1] && !TAKEN(1) -> slot[k] = 2; block = 1
			:: else
			fi
		}
		release();
		if
		:: slot[k] != NOBODY -> /* FH_OK: zero it, clean it */
#ifdef FAULT_SLOT_CLEARED_EARLY
			slot[k] = NOBODY;
#endif
			atomic {
				assert(zeroing[block] == 0); /* no two scrubbers on one chunk */
				zeroing[block]++
			}
			atomic { zeroing[block]--; zero[block] = true }
			acquire();
			/* ledger_scrub_end(): pool_set_dirty(.., false), the slot is empty, nr_scrubs-- */
			atomic { dirty[block] = false; slot[k] = NOBODY }
			release()
		:: else /* FH_EBUSY */
		fi;
		block = 0
	od
}

/* --- lease.c ------------------------------------------------------------------------------------------------------ */

/* claim_reap(): ends a claim whose deadline has passed and that is not in use; then those that wait are served. */
proctype reaper(byte me)
{
	byte ticket;
	byte head;
	byte i;
	bool more;
	bool found;

end:	do
	:: (left[BUILDERS - 1] != 0 && !uses[BUILDERS - 1]) || waiting[BUILDERS - 1] ->
		acquire();
		atomic { /* reap_some(): claim_close(); wait_cancel() for one that waits, else claim_end_step() */
			i = BUILDERS - 1;
			found = false;
			if
			:: waiting[i] -> waiters??eval(i); waiting[i] = false; ended[i] = true; found = true
			:: !waiting[i] && left[i] != 0 && !uses[i] -> left[i] = 0; ended[i] = true; found = true
			:: !waiting[i] && (left[i] == 0 || uses[i])
			fi
		}
		release();
#ifndef FAULT_NO_SERVE_ON_REAP
		if
		:: found -> wait_serve()
		:: else
		fi
#endif
	od
}

/* --- a domain's builder ------------------------------------------------------------------------------------------- */

/* claim_stake(): admit() (stake.c): check_queue(), then set_admit(). claim_stake_wait(): enqueue() if that was refused. */
inline stake()
{
	acquire();
	atomic {
		ended[me] = false;
		admitted = false;
		if
#ifndef FAULT_OVERTAKE
		:: nempty(waiters) /* FH_EQUEUED */
		:: empty(waiters) && FITS(WANT(me)) -> left[me] = WANT(me); admitted = true
		:: empty(waiters) && !FITS(WANT(me)) /* FH_ENOFIT */
#else
		:: FITS(WANT(me)) -> left[me] = WANT(me); admitted = true
		:: !FITS(WANT(me))
#endif
		fi
	}
	release();
	if
	:: !admitted && WAITS(me) ->
		acquire();
		atomic { waiters!me; waiting[me] = true } /* enqueue(): queue_put() */
		release();
#ifndef FAULT_NO_SERVE_AFTER_ENQUEUE
		wait_serve(); /* "memory may have come free between the two" */
#endif
		if
		:: !waiting[me] -> admitted = true /* the builder asks by claim_info() */
#if STOPS
		:: timeout -> /* nothing moves any more: then the first that waits must not fit */
			waiters?<head>;
			assert(!FITS(WANT(head)));
			goto done
#endif
		fi
	:: else
	fi
}

/* claim_redeem(): block_take() (block.c), then scrub_unlock(). */
inline redeem()
{
	redeeming[me] = true;
	acquire();
	atomic {
		assert(left[me] > 0 && NR_FREE > 0); /* redemption never fails */
		if
		:: owner[0] == NOBODY -> block = 0
		:: owner[1] == NOBODY -> block = 1
		fi;
		owner[block] = me + 1;
		left[me]--
	}
	scrub_unlock();
	redeeming[me] = false
}

/* The block is handed over: nobody zeroes it any more, and what is told clean is zero. The build cleans what is not. */
inline hand_over()
{
	assert(zeroing[block] == 0);
	assert(owner[block] == me + 1);
	assert(was_dirty || zero[block] || !DIRTY);
	if
	:: zero[block] = false; assert(zeroing[block] == 0) /* the guest runs on it, until teardown has unmapped it */
	:: untouched = true /* the build is broken off before it wrote */
	fi;
	was_dirty = false;
	assert(zeroing[block] == 0 && owner[block] == me + 1)
}

/* claim_free(): block_put() (block.c), wait_unlock(). */
inline free_block()
{
	acquire();
	atomic { owner[block] = NOBODY; dirty[block] = DIRTY }
#ifdef FAULT_NO_SERVE_ON_FREE
	release()
#else
	wait_unlock()
#endif
}

/* claim_unredeem_untouched() (redeem.c): the block goes back into the term, as dirty as it was. */
inline unredeem()
{
	acquire();
	atomic { owner[block] = NOBODY; left[me]++ }
	wait_unlock()
}

/* claim_release() (redeem.c): claim_close(), claim_end_step(), wait_unlock(). */
inline release_claim()
{
	acquire();
	atomic { left[me] = 0; uses[me] = false }
#ifdef FAULT_NO_SERVE_ON_RELEASE
	release()
#else
	wait_unlock()
#endif
}

proctype builder(byte me)
{
	byte ticket;
	byte head;
	byte block;
	bool more;
	bool some;
	bool was_dirty;
	bool admitted;
	bool untouched;

end:	do
#if STOPS
	:: true -> break
#endif
	:: true ->
		stake();
		if
		:: admitted ->
			acquire();
			atomic { /* claim_use() (lease.c); FH_EEXPIRED if it was reaped before */
				if
				:: ended[me] -> admitted = false
				:: else -> uses[me] = true
				fi
			}
			release()
		:: else
		fi;
		if
		:: admitted ->
			do
			:: left[me] > 0 && !untouched ->
				redeem();
				hand_over()
			:: else -> break
			od;
			if
			:: untouched -> unredeem()
			:: else
			fi;
#if STOPS
			if
			:: true -> goto done
			:: true
			fi;
#endif
			release_claim();
			block = 0;
			do
			:: block < BLOCKS && owner[block] == me + 1 -> free_block(); block++
			:: block < BLOCKS && owner[block] != me + 1 -> block++
			:: else -> break
			od;
			atomic { block = 0; untouched = false; was_dirty = false; admitted = false; some = false; more = false; head = 0 }
		:: else
		fi
	od;
done:	skip
}

init {
	atomic {
		dirty[0] = DIRTY; dirty[1] = DIRTY; /* boot-memory = "dirty" */
		run builder(0);
		run builder(1);
#if BUILDERS == 3
		run builder(2);
#endif
		run scrubber(BUILDERS, 0);
#if SCRUBBERS == 2
		run scrubber(BUILDERS + 1, 1);
#endif
#if REAPER
		run reaper(BUILDERS + SCRUBBERS);
#endif
	}
}

/* --- what must come about, under weak fairness -------------------------------------------------------------------- */

/* Whoever asks for the lock gets it. */
ltl lock { [] ((trying[0] -> <> !trying[0]) && (trying[1] -> <> !trying[1]) && (trying[2] -> <> !trying[2])) }
/* Whoever redeems gets its block: a scrubber that has it ends, and can. */
ltl redeemed { [] ((redeeming[0] -> <> !redeeming[0]) && (redeeming[1] -> <> !redeeming[1])) }
/* A set that waits is admitted, though others claim and free all the time. */
ltl admitted { [] (waiting[0] -> <> !waiting[0]) }
