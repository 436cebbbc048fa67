/* SPDX-License-Identifier: MIT */
/* What CPUs do with the ledger (ledger.pml), hold by hold: sets are staked, wait, and are admitted. */

/* What came of a set. */
#define REFUSED 0
#define PREPARED 1
#define QUEUED 2
#define WAITING 3
#define ADMITTED 4

/* --- wait.c ------------------------------------------------------------------------------------------------------- */

/* wait_serve(): two holds a set, until one does not fit; more: of the loop, and whether the set was admitted. */
inline wait_serve()
{
	more = true;
	do
	:: more ->
		LOCK /* copy_first() */
			more = (!NONE_WAIT);
			if
			:: more ->
				waiters?<head>;
				seen[me] = head + 1;
				want = 0;
				for (i : 0 .. TERMS - 1) {
					want = want + (t_in[i] == OF(head) -> t_left[i] : 0)
				}
			:: else
			fi;
		UNLOCK;
		if
		:: more ->
			LOCK /* admit_first() */
				if
#ifndef FAULT_FIRST_NOT_AGAIN
				:: seen[me] == NOBODY /* still_first(): look again */
#endif
				:: else ->
					more = FITS(want);
					if
					:: more ->
						leave_queue(head);
						changed_by(head);
						claimed = claimed + want
					:: else
					fi
				fi;
#if !BAD
				seen[me] = NOBODY; head = 0; want = 0;
#endif
			UNLOCK;
#if BAD
			if
			:: !more -> end_first()
			:: else
			fi;
			d_step { seen[me] = NOBODY; head = 0; want = 0 }
#endif
		:: else
		fi
#ifdef FAULT_SERVE_ONE
		; more = false
#endif
	:: else -> break
	od;
	skip
}

/* end_first(): ends a set that all good memory could not satisfy. */
inline end_first()
{
#ifdef FAULT_FIRST_FOR_EVER
	skip
#else
	LOCK more = want > NR_GOOD; UNLOCK;
	if
	:: more ->
		LOCK
			if
			:: seen[me] != NOBODY ->
				c = head;
				claim_close(c);
				claim_end_step(c, more);
				more = true
			:: else
			fi;
		UNLOCK
	:: else
	fi
#endif
}

/* The end of wait_unlock(): whether some wait was read under the lock. */
inline serve_if(some_wait)
{
	if
	:: some_wait -> wait_serve()
	:: else
	fi;
	some = false
}

/* claim_end() (redeem.c): a term a hold, while the handle that this CPU got is good. */
inline claim_end()
{
	do
	:: more ->
		LOCK
#ifdef FAULT_END_NOT_AGAIN
			c = head;
			claim_end_step(c, more);
#else
			c = closed[me];
			if
			:: c == NOBODY -> more = false /* quarantine, a reaper or the holder's death was quicker */
			:: else -> c--; claim_end_step(c, more)
			fi;
#endif
		UNLOCK
	:: else -> break
	od
}

/* --- staking (stake.c, set.c, wait.c) ------------------------------------------------------------------------------ */

/* stake_one(): a set of one term that fits, in one hold. Else st is REFUSED, and nothing has changed. */
inline stake_one()
{
	LOCK
		find_slot();
		if
#ifdef FAULT_STAKE_DEAD
		:: c < SLOTS && terms_free > 0 && NONE_WAIT && FITS(1) ->
#else
		:: PARTIES(me) && c < SLOTS && terms_free > 0 && NONE_WAIT && FITS(1) ->
#endif
			chain_take(1);
			fill(1);
			open_slot();
			chain_in(c);
			claimed++;
			st = ADMITTED
		:: else -> st = REFUSED
		fi;
	UNLOCK
}

/*
 * term_fill() of all that were taken, without the lock: audit() sees to it that nobody else has them until they are put
 * in, so it is no step of its own. Builder 0's second block is for domain 1.
 */
inline fill(blocks)
{
	n = 0;
	for (i : 0 .. TERMS - 1) {
		if
		:: chain[me] >> i & 1 ->
			t_owner[i] = (n == 1 -> 2 : me + 1);
			t_count[i] = blocks;
			t_left[i] = blocks;
			n++
		:: else
		fi
	}
}

/* set_prepare(): a hold to take as many records as the set has terms; they are filled without the lock. */
inline set_prepare()
{
	LOCK
		find_slot();
		if
		:: PARTIES(me) && c < SLOTS && terms_free >= WANT(me) ->
			chain_take(WANT(me));
			fill(1);
			st = PREPARED
		:: else -> st = REFUSED /* FH_ENOENT, FH_EOVERFLOW */
		fi;
	UNLOCK
}

/* admit(): looks again, then puts the set in, or gives its records back. */
inline admit()
{
	LOCK
		find_slot();
#ifdef FAULT_SLOT_NOT_AGAIN
		c = 0;
#endif
		if
#ifndef FAULT_ADMIT_NOT_AGAIN
		:: !PARTIES(me) || c == SLOTS -> st = REFUSED
#endif
#ifndef FAULT_OVERTAKE
		:: (!NONE_WAIT) -> st = QUEUED
#endif
		:: else -> st = (FITS(WANT(me)) -> ADMITTED : QUEUED) /* FH_ENOFIT: waits as well, if it waits at all */
		fi;
		if
		:: st == ADMITTED -> open_slot(); chain_in(c); claimed = claimed + WANT(me)
#ifdef FAULT_LEAK
		:: else -> chain[me] = 0
#else
		:: else -> c = chain[me]; chain_give(c)
#endif
		fi;
	UNLOCK;
#ifdef FAULT_GIVEN_TWICE
	if
	:: st != ADMITTED -> LOCK chain_give(3); UNLOCK
	:: else
	fi
#endif
}

/* enqueue(): the set goes into the queue. st is WAITING then. */
inline enqueue()
{
	set_prepare();
	if
	:: st == PREPARED ->
		LOCK
			find_slot();
			if
#ifdef FAULT_ENQUEUE_NOT_AGAIN
			:: c < SLOTS ->
#else
			:: PARTIES(me) && c < SLOTS ->
#endif
				open_slot();
				chain_in(c);
				c_waiting[c] = true;
				waits[me] = true;
				waiters!c;
				st = WAITING
			:: else -> c = chain[me]; chain_give(c); st = REFUSED
			fi;
		UNLOCK
	:: else
	fi
}

/* claim_stake(), claim_stake_wait() */
inline stake()
{
	if
	:: WANT(me) == 1 -> stake_one()
	:: else -> st = REFUSED
	fi;
	if
	:: st != ADMITTED ->
		set_prepare();
		if
		:: st == PREPARED -> admit()
		:: else
		fi
	:: else
	fi;
#if BAD
	if
	:: st == QUEUED && WAITS(me) -> LOCK st = (WANT(me) > NR_GOOD -> REFUSED : QUEUED); UNLOCK /* set_feasible() */
	:: else
	fi;
#endif
	if
	:: st == QUEUED && WAITS(me) ->
		enqueue();
#ifndef FAULT_NO_SERVE_AFTER_ENQUEUE
		if
		:: st == WAITING -> wait_serve() /* "memory may have come free between the two" */
		:: else
		fi
#endif
	:: else
	fi
}

/* A set that waits, until it does no longer; the builder asks by claim_info(). */
inline await()
{
	if
	:: !waits[me] -> st = ADMITTED
#if STOPS
	:: timeout -> /* nothing moves any more: then the first that waits must not fit, and could some time */
		d_step {
			waiters?<head>;
			want = 0;
			for (i : 0 .. TERMS - 1) {
				want = want + (t_in[i] == OF(head) -> t_left[i] : 0)
			}
			assert(!FITS(want) && want <= NR_GOOD)
		}
		goto done
#endif
	fi
}
