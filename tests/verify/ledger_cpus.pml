/* SPDX-License-Identifier: MIT */
/* The CPUs of ledger.pml, and what must come about. */
#include "ledger_sets.pml"
#include "ledger_ops.pml"

/* Stakes, redeems all, releases. */
inline build()
{
	stake();
	if
	:: st == WAITING -> await()
	:: else
	fi;
	if
	:: st == ADMITTED -> use(true)
	:: else
	fi;
	if
	:: st == ADMITTED ->
#if REPLACE
		if
		:: me == BUILDERS - 1 -> replace()
		:: else
		fi;
#endif
#if TRANSFER
		if
		:: me == 0 -> transfer()
		:: true
		fi;
#endif
		do
		:: st == ADMITTED && !untouched ->
			redeem();
			if
			:: st == ADMITTED -> hand_over()
			:: else
			fi
		:: else -> break
		od;
		if
		:: untouched -> unredeem()
		:: else
		fi;
		give_back_untouched();
#if STOPS
		if
		:: true -> goto done
		:: true
		fi;
#endif
		use(false);
		release_claim()
	:: else /* refused; or it has ended, and nothing is to be released */
	fi
}

proctype builder(byte me)
{
	TICKET
	byte st;
	byte head;
	byte want;
	byte block;
	byte term;
	bool more;
	bool some;
	bool was_dirty;
	bool untouched;

end:	do
#if STOPS
	:: true -> break
#endif
	:: true ->
#if ALLOC
		if
		:: me == 1 ->
			alloc();
			if
			:: st == ADMITTED -> hand_over(); give_back_untouched()
			:: else
			fi
		:: else -> build()
		fi;
#else
		build();
#endif
		do
		:: owner[0] == me + 1 -> block = 0; free_block()
		:: owner[0] != me + 1 && owner[1] == me + 1 -> block = 1; free_block()
		:: owner[0] != me + 1 && owner[1] != me + 1 -> break
		od;
		atomic {
			block = 0; term = 0; st = 0; head = 0; want = 0; untouched = false; was_dirty = false; some = false;
			more = false
		}
	od;
done:	skip
}

/*
 * core/scrub's loop on a CPU: ledger_scrub_begin(), zero, ledger_scrub_end() (scrub.c).
 * Between rounds it sleeps until there is dirty free memory (FH_ENOENT until scrub_more is set by block_put()).
 */
proctype scrubber(byte me; byte nr)
{
	TICKET
	byte block;

end:	do
	:: (owner[0] == NOBODY && dirty[0]) || (owner[1] == NOBODY && dirty[1]) ->
		ACQUIRE
		atomic {
			/* find(): pool_find_dirty() finds what is free and dirty, and a chunk of another is left alone. */
			if
			:: owner[0] == NOBODY && dirty[0] && !TAKEN(0) -> chunk[nr] = 1; block = 0
			:: owner[1] == NOBODY && dirty[1] && !TAKEN(1) -> chunk[nr] = 2; block = 1
			:: else
			fi
		}
		RELEASE
		if
		:: chunk[nr] != NOBODY -> /* FH_OK: zero it, clean it */
#ifdef FAULT_SLOT_CLEARED_EARLY
			chunk[nr] = NOBODY;
#endif
			atomic {
				assert(zeroing[block] == 0); /* no two scrubbers on one chunk */
				zeroing[block]++
			}
			atomic { zeroing[block]--; zero[block] = true }
			LOCK dirty[block] = false; chunk[nr] = NOBODY; UNLOCK
		:: else /* FH_EBUSY */
		fi;
		block = 0
	od
}

inline find_expired()
{
	c = 0;
	do
	:: c < SLOTS && (c_holder[c] != BUILDERS || c_uses[c]) -> c++
	:: else -> break
	od
}

/* claim_reap() (lease.c): a lease of the last builder's runs out at any time. */
proctype reaper(byte me)
{
	TICKET
	byte head;
	byte want;
	bool more;
	bool some;

end:	do
	:: h[BUILDERS - 1] != NOBODY && !c_uses[h[BUILDERS - 1] - 1] ->
		LOCK /* reap_some(): it may be closed already, and is then closed again */
			find_expired();
			more = false;
			some = c < SLOTS;
			if
			:: some -> claim_close(c); claim_end_step(c, more)
			:: else
			fi;
		UNLOCK;
#ifdef FAULT_END_NOT_AGAIN
		head = closed[me] - 1;
#endif
		claim_end();
#ifndef FAULT_NO_SERVE_ON_REAP
		serve_if(some)
#endif
	od
}

inline bury_terms()
{
	more = false;
	if
	:: c_holder[c] != NOBODY && c_waiting[c] -> wait_cancel(c, 2)
	:: c_holder[c] != NOBODY && !c_waiting[c] ->
		for (i : 0 .. TERMS - 1) {
			if
			:: !more && t_in[i] == OF(c) && t_owner[i] == 2 && t_left[i] != 0 ->
				give_up(i);
				more = true
			:: else
			fi
		}
		if
		:: more -> changed_by(c)
		:: else
		fi
	:: else
	fi
}

/* bury(): closes what the domain held, or gives up what is for it, a term a hold. */
inline bury()
{
	more = true;
	held = false;
	do
	:: more && !held ->
		LOCK
			c = at;
			held = c_holder[c] == 2;
			if
			:: held -> claim_close(c); claim_end_step(c, more)
			:: else -> bury_terms()
			fi;
		UNLOCK
	:: else -> break
	od;
#ifdef FAULT_END_NOT_AGAIN
	head = at;
#endif
	claim_end()
}

/* claim_domain_died() (redeem.c) of domain 1, once; then ledger_domain_add() (ledger.c). */
proctype death(byte me)
{
	TICKET
	byte at;
	byte head;
	byte want;
	bool more;
	bool some;
	bool held;

end:	if
	:: true -> skip /* it may also live for ever */
	:: true ->
#ifndef FAULT_DEATH_TOLD_LATE
		LOCK live[1] = false; UNLOCK;
#endif
		do
		:: at < SLOTS -> bury(); at++
		:: else -> break
		od;
		skip;
#ifdef FAULT_DEATH_TOLD_LATE
		LOCK live[1] = false; UNLOCK;
#endif
#ifndef FAULT_NO_SERVE_ON_DEATH
		wait_serve();
#endif
		LOCK /* one pass found all, and nothing came after it */
			for (i : 0 .. SLOTS - 1) {
				assert(c_holder[i] != 2)
			}
			for (i : 0 .. TERMS - 1) {
				assert(t_in[i] < OF(0) || t_owner[i] != 2 || t_left[i] == 0)
			}
			live[1] = true; /* a domain of that number comes back */
		UNLOCK
	fi
}

/* ledger_quarantine() (quarantine.c), once: a free block goes, and with it the claims that no longer fit, those in use last;
 * one that is owned goes when it is freed. */
#if BAD
proctype goes_bad(byte me)
{
	TICKET
	byte block;
	byte victim;
	byte head;
	byte want;
	bool more;
	bool some;

end:	if
	:: block = 0
	:: block = 1
	fi;
	atomic {
		if
		:: owner[block] != NOBODY -> bad[block] = true
		:: else ->
			owner[block] = POISON;
			do
#ifndef FAULT_REVOKE_NONE
			:: NR_FREE < claimed ->
				if
				:: DRAWS(0, false) -> victim = 0
				:: DRAWS(1, false) -> victim = 1
				:: !DRAWS(0, false) && !DRAWS(1, false) && DRAWS(0, true) -> victim = 0
				:: !DRAWS(0, false) && !DRAWS(1, false) && DRAWS(1, true) -> victim = 1
				fi;
				d_step {
					c = victim;
					claim_close(c);
					do
					:: claim_end_step(c, more); if :: !more -> break :: else fi
					od
				}
#endif
			:: else -> break
			od
		fi;
		d_step { audit() }
	}
	some = true;
	serve_if(some)
}
#endif

init {
	atomic {
		dirty[0] = DIRTY; dirty[1] = DIRTY; /* boot-memory = "dirty" */
		run builder(0);
		run builder(1);
#if BUILDERS == 3
		run builder(2);
#endif
#if REAPER
		run reaper(BUILDERS);
#endif
#if DEATH
		run death(BUILDERS + REAPER);
#endif
#if BAD
		run goes_bad(BUILDERS + REAPER + DEATH);
#endif
#ifndef CLEAN
		run scrubber(SERVERS, 0);
#if SCRUBBERS == 2
		run scrubber(SERVERS + 1, 1);
#endif
#endif
	}
}

/* --- what must come about, under weak fairness -------------------------------------------------------------------- */

/* Whoever asks for the lock gets it. */
ltl lock { [] ((trying[0] -> <> !trying[0]) && (trying[1] -> <> !trying[1]) && (trying[2] -> <> !trying[2])) }
/* Whoever redeems gets its block: a scrubber that has it ends, and can. */
ltl redeemed { [] ((redeeming[0] -> <> !redeeming[0]) && (redeeming[1] -> <> !redeeming[1])) }
/* A set that waits is admitted, though others claim and free all the time. */
ltl admitted { [] (waits[0] -> <> !waits[0]) }
