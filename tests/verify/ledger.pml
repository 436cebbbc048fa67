/* SPDX-License-Identifier: MIT */
/*
 * The ledger's protocol between CPUs, for spin; `tests/verify/protocol` runs it, as it is and with each seeded fault.
 *
 * A process is a CPU (ledger_cpus.pml). What a CPU does in one hold of the ledger's lock is one step here (ledger_sets.pml,
 * ledger_ops.pml), LOCK to UNLOCK, and no more than that: a set's records are taken in one hold and put in in another, a set
 * that waits is copied in one and admitted in another, a claim is given up in one a term. Each names the function (and
 * file) that it stands for. Between them anything may happen on the other CPUs.
 *
 *   -DBUILDERS=n -DSCRUBBERS=n     processes; builder 0 claims two blocks, one for its own domain and one for domain 1,
 *                                  in two terms, and waits for them; the others claim one, builder 1 without waiting
 *                                  (-DALL_WAIT: all wait); builder i acts for domain i
 *   -DREAPER=1 -DDEATH=1 -DBAD=1   leases of the last builder run out; domain 1 dies, and comes back; a block goes bad
 *   -DREPLACE=1 -DTRANSFER=1       the last builder asks for a second block in place of its claim; the first one hands
 *   -DALLOC=1                      its claim over to domain 1; builder 1 allocates without a claim
 *   -DSLOTS=n -DTERMS=n            records for claims and terms; fewer than wanted, a set is refused
 *   -DSTOPS=1                      a builder may end after any round, or run on what it has for ever: what is not
 *                                  served then, never is
 *   -DCLEAN                        nothing is ever dirty: fewer states
 *   -DTICKETS=1                    the ticket lock (core/sync/lock.c) step by step; without it a hold is one step at any
 *                                  time, which is what the lock makes of it, in any order and not the tickets' alone
 *   -DFAULT_x                      a seeded fault
 *
 * What differs from the code: the lowest free record and slot are taken, not the oldest (so a slot is taken again at
 * once, which is worse); a handle is not compared by its generation, but forgotten by all when that moves on, and the same
 * with versions; blocks are of one order in one leaf, so that admission is a count. Quotas aren't in it, nor what only
 * reads (claim_query(), set_explain()).
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
#ifndef DEATH
#define DEATH 0
#endif
#ifndef BAD
#define BAD 0
#endif
#ifndef REPLACE
#define REPLACE 0
#endif
#ifndef TRANSFER
#define TRANSFER 0
#endif
#ifndef ALLOC
#define ALLOC 0
#endif
#ifndef SLOTS
#define SLOTS (BUILDERS + REAPER + DEATH)
#endif
#ifndef TERMS
#define TERMS (BUILDERS + 1 + REAPER + DEATH + REPLACE)
#endif
#ifndef STOPS
#define STOPS 1
#endif
#ifndef TICKETS
#define TICKETS 0
#endif
#ifdef CLEAN
#define DIRTY false
#else
#define DIRTY true
#endif
#define BLOCKS 2
#define SERVERS (BUILDERS + REAPER + DEATH + BAD) /* CPUs that stake, release or serve; then the scrubbers */
#define CPUS (SERVERS + SCRUBBERS)
#define NOBODY 0 /* of an owner, a holder, a handle, a scrubber's slot; else 1 + number */
#define POISON 99 /* of an owner: the block is quarantined */

/* --- struct lock (core/sync/lock.h) ------------------------------------------------------------------------------ */
#if TICKETS
#define NR_TICKETS 8 /* more than CPUs: a ticket is not drawn again while it is held */
byte next;           /* lock.next */
byte served;         /* lock.owner */
byte inside;         /* ghost: CPUs in a critical section */
#endif
bool trying[5]; /* ghost: between asking and having, of the CPU's number */

/* --- struct ledger (core/claim/claim.h); guarded by the lock ------------------------------------------------------ */
byte owner[BLOCKS];          /* pool_record(): POOL_FREE, or the builder that has it */
bool dirty[BLOCKS];          /* pool_is_dirty() */
bool bad[BLOCKS];            /* it has a bad page, and an owner still */
byte chunk[SCRUBBERS];       /* scrubs[i] */
byte claimed;                /* zones[0].t: what is outstanding of admitted claims */
bool live[BUILDERS] = true;  /* bit: domain */
byte c_holder[SLOTS];        /* claims[c].holder; NOBODY: the slot is free */
bool c_waiting[SLOTS];       /* .waiting */
bool c_uses[SLOTS];          /* .uses */
bool c_closed[SLOTS];        /* ghost: its handle has ended, somebody gives it up in steps */
chan waiters = [SLOTS] of { byte }; /* waiters */
byte terms_free = TERMS;     /* nr_terms_free */
byte t_in[TERMS];            /* whose the record is: */
#define FREE 0
#define OUT 1                /* taken, and nobody's yet */
#define OF(c) (2 + (c))      /* claim c's */
byte t_owner[TERMS];         /* terms[t].owner, 1 + domain */
byte t_count[TERMS];         /* .count */
byte t_left[TERMS];          /* .left */

/* --- what CPUs remember of it without the lock: good for as long as it is the same -------------------------------- */
byte h[BUILDERS];       /* handle of the builder's claim; NOBODY: claim_gone() */
byte closed[SERVERS];   /* the handle that claim_close() gave, for claim_end() */
byte seen[SERVERS];     /* a claim that was copied, and its version (struct first, struct exchange) */
byte chain[SERVERS];    /* struct term_chain: records that the CPU has taken, a bit each */

/* --- memory: not guarded, whoever has it may touch it ------------------------------------------------------------- */
byte zeroing[BLOCKS];     /* CPUs that write zeroes there */
bool zero[BLOCKS];        /* what it holds is zero */
bool redeeming[BUILDERS]; /* ghost: in claim_redeem() */
bool waits[BUILDERS];     /* ghost: its set is in the queue */

/* Within a step only. */
hidden byte i;
hidden byte j;
hidden byte k;
hidden byte c;
hidden byte n;
hidden byte given;

#if TICKETS
#define TICKET byte ticket;
#define ACQUIRE acquire();
#define RELEASE release();
#define UNLOCK audit() }; release()
#else
#define TICKET
#define ACQUIRE
#define RELEASE
#define UNLOCK audit() }
#endif
#define LOCK ACQUIRE d_step {

#ifdef ALL_WAIT
#define WAITS(b) true
#else
#define WAITS(b) ((b) != 1)
#endif
#define WANT(b) ((b) == 0 -> 2 : 1) /* blocks, and terms */
#define NONE_WAIT (len(waiters) == 0) /* queue_empty() */
#define NR_FREE ((owner[0] == NOBODY -> 1 : 0) + (owner[1] == NOBODY -> 1 : 0))
#define NR_GOOD ((owner[0] != POISON -> 1 : 0) + (owner[1] != POISON -> 1 : 0))
/* wave_run(), claim_try() (wave.c, arith.c) */
#define FITS(nr) (NR_FREE >= claimed + (nr))
/* overlaps() (scrub.c): whether a scrubber has the block. */
#if SCRUBBERS == 2
#define OVERLAPS(b) (chunk[0] == (b) + 1 || chunk[1] == (b) + 1)
#else
#define OVERLAPS(b) (chunk[0] == (b) + 1)
#endif
#ifdef FAULT_SAME_CHUNK
#define TAKEN(b) false
#else
#define TAKEN(b) OVERLAPS(b)
#endif
/* choose_victim() (quarantine.c): an admitted claim with something left. Which one of several is the youngest is left open. */
#define LEFT(s, t) ((t) < TERMS && t_in[(t) % TERMS] == OF(s) && t_left[(t) % TERMS] != 0)
#define DRAWS(s, used) (c_holder[s] != NOBODY && !c_waiting[s] && c_uses[s] == used && (LEFT(s, 0) || LEFT(s, 1) || \
	LEFT(s, 2) || LEFT(s, 3) || LEFT(s, 4)))
/* domain_lives() of the holder and all owners (set_check_parties(), set.c) */
#define PARTIES(b) (live[b] && ((b) != 0 || live[1]))

/* --- lock_acquire(), lock_release() (core/sync/lock.c) ------------------------------------------------------------ */

#if TICKETS
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
	atomic { trying[me] = true; ticket = next; next = (next + 1) % NR_TICKETS }
	atomic { served == ticket -> inside++; assert(inside == 1); trying[me] = false; ticket = 0 }
#endif
}

/* lock_release(): arch_store_release(&l->owner, l->owner + 1). With no ticket out, the count starts at 0 again. */
inline release()
{
	atomic {
		inside--;
		served = (served + 1) % NR_TICKETS;
		if
		:: served == next -> served = 0; next = 0
		:: else
		fi
	}
}
#endif

/* --- at the end of each hold (audit.c) ---------------------------------------------------------------------------- */

inline audit()
{
	n = 0;
	k = 0;
	for (i : 0 .. TERMS - 1) {
		if
		:: t_in[i] == FREE -> k++
		:: t_in[i] >= OF(0) ->
			assert(c_holder[t_in[i] - OF(0)] != NOBODY);
			n = n + (c_waiting[t_in[i] - OF(0)] -> 0 : t_left[i])
		:: else /* OUT: of one CPU, and one only */
			given = 0;
			for (j : 0 .. SERVERS - 1) {
				given = given + (chain[j] >> i & 1)
			}
			assert(given == 1)
		fi
	}
	assert(k == terms_free && n == claimed);
	assert(NR_FREE >= claimed); /* so redemption can't fail */
}

/* --- tables (table.c) --------------------------------------------------------------------------------------------- */

/* chain_take(): the first nr free records are this CPU's. */
inline chain_take(nr)
{
	assert(terms_free >= nr && chain[me] == 0);
	n = 0;
	for (i : 0 .. TERMS - 1) {
		if
		:: t_in[i] == FREE && n < nr -> t_in[i] = OUT; chain[me] = chain[me] | (1 << i); n++
		:: else
		fi
	}
	terms_free = terms_free - nr
}

inline term_free(r)
{
	t_in[r] = FREE; t_owner[r] = 0; t_count[r] = 0; t_left[r] = 0;
	terms_free++
}

inline chain_give(mask)
{
	for (i : 0 .. TERMS - 1) {
		if
		:: mask >> i & 1 -> assert(t_in[i] == OUT); term_free(i)
		:: else
		fi
	}
	chain[me] = 0
}

/* chain_in() */
inline chain_in(slot)
{
	for (i : 0 .. TERMS - 1) {
		if
		:: chain[me] >> i & 1 -> assert(t_in[i] == OUT); t_in[i] = OF(slot)
		:: else
		fi
	}
	chain[me] = 0
}

/* open_slot(): c is the slot; SLOTS: there is none. */
inline find_slot()
{
	c = 0;
	do
	:: c < SLOTS && c_holder[c] != NOBODY -> c++
	:: else -> break
	od
}

inline open_slot()
{
	find_slot();
	assert(c < SLOTS);
	c_holder[c] = me + 1;
	h[me] = c + 1
}

/* c->version++: copies are no longer what it is */
inline changed_by(slot)
{
	for (j : 0 .. SERVERS - 1) {
		if
		:: seen[j] == slot + 1 -> seen[j] = NOBODY
		:: else
		fi
	}
}

/* claim_close(): all handles have ended but the one that this CPU gets. */
inline claim_close(slot)
{
	changed_by(slot);
	for (i : 0 .. SERVERS - 1) {
		if
		:: closed[i] == slot + 1 -> closed[i] = NOBODY
		:: else
		fi;
		if
		:: i < BUILDERS && h[i] == slot + 1 -> h[i] = NOBODY; waits[i] = false
		:: else
		fi
	}
	c_closed[slot] = true;
	closed[me] = slot + 1
}

/* claim_drop() */
inline claim_drop(slot)
{
	for (i : 0 .. SERVERS - 1) {
		if
		:: closed[i] == slot + 1 -> closed[i] = NOBODY
		:: else
		fi
	}
	c_holder[slot] = NOBODY; c_uses[slot] = false; c_closed[slot] = false
}

/* --- giving up (redeem.c, wait.c) --------------------------------------------------------------------------------- */

/* leave_queue() (wait.c) */
inline leave_queue(slot)
{
	assert(waiters??[eval(slot)]);
	waiters??eval(slot);
	c_waiting[slot] = false;
	for (i : 0 .. BUILDERS - 1) {
		if
		:: h[i] == slot + 1 -> waits[i] = false
		:: else
		fi
	}
}

/* wait_cancel() (wait.c) of the terms of one owner; all of them: dom is NOBODY. */
inline wait_cancel(slot, dom)
{
	for (i : 0 .. TERMS - 1) {
		if
		:: t_in[i] == OF(slot) && (dom == NOBODY || t_owner[i] == dom) -> t_count[i] = 0; t_left[i] = 0
		:: else
		fi
	}
	changed_by(slot);
	if
	:: dom == NOBODY -> leave_queue(slot)
	:: else
	fi
}

/* give_up() (redeem.c) all that is left of a term. */
inline give_up(r)
{
	claimed = claimed - t_left[r];
	t_count[r] = t_count[r] - t_left[r];
	t_left[r] = 0
}

/* claim_end_step() (redeem.c): the first term that has something left, and the empty ones before it. left_over: the claim
 * is not gone yet. */
inline claim_end_step(slot, left_over)
{
	assert(c_closed[slot]);
	if
	:: c_waiting[slot] -> wait_cancel(slot, NOBODY)
	:: else
	fi;
	given = 0;
	left_over = false;
	for (i : 0 .. TERMS - 1) {
		if
		:: t_in[i] == OF(slot) && given == 0 -> given = t_left[i]; give_up(i); term_free(i)
		:: t_in[i] == OF(slot) && given != 0 -> left_over = true
		:: else
		fi
	}
	if
	:: !left_over -> claim_drop(slot)
	:: else
	fi
}

#include "ledger_cpus.pml"
