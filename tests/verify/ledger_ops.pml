/* SPDX-License-Identifier: MIT */
/* What CPUs do with the ledger (ledger.pml), hold by hold: a claim after it was admitted, and its blocks. */

/* --- an admitted claim --------------------------------------------------------------------------------------------- */

/* claim_replace(): two blocks in place of the one that is left, made up from a copy, as a set is. */
inline replace()
{
	LOCK /* copy_old() */
		if
		:: h[me] != NOBODY -> seen[me] = h[me]; st = PREPARED
		:: else -> st = REFUSED
		fi;
	UNLOCK;
	if
	:: st == PREPARED ->
		LOCK /* take_new() */
			if
			:: seen[me] != NOBODY && PARTIES(me) && terms_free > 0 -> chain_take(1); fill(2)
			:: else -> st = REFUSED; seen[me] = NOBODY
			fi;
		UNLOCK;
		if
		:: st == PREPARED -> put_in(); wait_serve()
		:: else
		fi
	:: else
	fi;
	st = ADMITTED
}

inline put_in()
{
	LOCK
		c = seen[me];
#ifdef FAULT_PUT_IN_NOT_AGAIN
		c = head + 1;
#endif
		if
		:: c != NOBODY && PARTIES(me) && NONE_WAIT && FITS(1) -> /* chain_swap() */
			c--;
			k = 0;
			for (i : 0 .. TERMS - 1) {
				if
				:: t_in[i] == OF(c) -> assert(t_left[i] == 1); t_in[i] = OUT; k = k | (1 << i)
				:: else
				fi
			}
			chain_in(c);
			chain_give(k);
			changed_by(c);
			claimed++
		:: else -> c = chain[me]; chain_give(c)
		fi;
		seen[me] = NOBODY;
	UNLOCK
}

/* claim_use(), claim_unuse() (lease.c); st is REFUSED if the claim has ended. */
inline use(on)
{
	LOCK
		c = h[me];
		if
		:: c != NOBODY -> c--; c_uses[c] = on
		:: else -> st = REFUSED
		fi;
	UNLOCK
}

/* claim_transfer() (lease.c) to domain 1. */
inline transfer()
{
	LOCK
		c = h[me];
		if
		:: c != NOBODY && live[1] -> c--; c_holder[c] = 2; changed_by(c)
		:: else
		fi;
	UNLOCK
}

/*
 * claim_redeem() (redeem.c) of the first term with something left: block_take() (block.c), then scrub_unlock() (scrub.c):
 * without the lock between two looks, until no scrubber has the block; the last look says whether it is dirty.
 */
inline redeem()
{
#if !STOPS
	redeeming[me] = true;
#endif
	ACQUIRE
	atomic {
		d_step {
			c = h[me];
			st = REFUSED; /* the claim has ended (FH_ESTALE), or nothing is left (FH_EBUSY) */
			for (i : 0 .. TERMS - 1) {
				if
				:: c != NOBODY && t_in[i] == OF(c - 1) && t_left[i] != 0 && st == REFUSED ->
					t_left[i]--;
					claimed--;
					changed_by(c - 1);
					st = ADMITTED;
					term = i
				:: else
				fi
			}
		}
		take_block();
		d_step { audit() }
#if !TICKETS && !defined(FAULT_NO_WAIT)
		st != ADMITTED || !OVERLAPS(block); /* if it must wait, others go on: the lock is not held */
		was_dirty = st == ADMITTED && dirty[block]
#endif
	}
#if TICKETS || defined(FAULT_NO_WAIT)
	scrub_unlock();
#endif
	RELEASE
#if !STOPS
	redeeming[me] = false
#endif
}

/* pool_take(): any block that is free. */
inline take_block()
{
	if
	:: st == REFUSED
	:: st == ADMITTED && owner[0] == NOBODY -> block = 0; owner[0] = me + 1
	:: st == ADMITTED && owner[1] == NOBODY -> block = 1; owner[1] = me + 1
	:: st == ADMITTED && NR_FREE == 0 -> assert(false) /* redemption never fails */
	fi
}

inline scrub_unlock()
{
#ifndef FAULT_NO_WAIT
	do
	:: st == ADMITTED && OVERLAPS(block) ->
#ifndef FAULT_WAIT_WITH_LOCK
		release();
		acquire()
#else
		!OVERLAPS(block)
#endif
	:: else -> break
	od;
#endif
	was_dirty = st == ADMITTED && dirty[block]
}

/* claim_alloc() (block.c): a block without a claim, where all claims can be redeemed after it. */
inline alloc()
{
	atomic {
		st = (live[me] && NONE_WAIT && FITS(1) -> ADMITTED : REFUSED);
		take_block();
		d_step { audit() }
		st != ADMITTED || !OVERLAPS(block);
		was_dirty = st == ADMITTED && dirty[block]
	}
}

/*
 * The block is handed over: nobody zeroes it any more, and what is told clean is zero. What is not is cleaned first
 * (ledger_cleaned(), scrub.c); then a guest runs on it, or the build is broken off before it wrote.
 */
inline hand_over()
{
	d_step {
		assert(zeroing[block] == 0);
		assert(owner[block] == me + 1);
		assert(was_dirty || zero[block] || !DIRTY)
	}
	if
	:: was_dirty ->
		zeroing[block]++;
		atomic { zeroing[block]--; zero[block] = true }
		LOCK dirty[block] = false; UNLOCK
	:: else
	fi;
	atomic {
		assert(zeroing[block] == 0);
		was_dirty = false;
		if
		:: zero[block] = !DIRTY
		:: untouched = true
		fi
	}
	assert(zeroing[block] == 0 && owner[block] == me + 1) /* until teardown has unmapped it */
}

/* block_put() (block.c): a bad page goes out. */
inline block_put(touched)
{
	owner[block] = (bad[block] -> POISON : NOBODY);
	bad[block] = false;
	dirty[block] = dirty[block] || (touched && DIRTY)
}

/* claim_free() (block.c), claim_free_untouched(), of a block that is this builder's. */
inline free_block()
{
	LOCK
		block_put(!untouched);
		some = (!NONE_WAIT);
	UNLOCK;
#ifndef FAULT_NO_SERVE_ON_FREE
	serve_if(some)
#endif
}

/* claim_unredeem_untouched() (redeem.c): the block goes back into the term, as dirty as it was. */
inline unredeem()
{
	LOCK
		c = h[me];
		if
#ifdef FAULT_UNREDEEM_DEAD
		:: c != NOBODY && t_in[term] == OF(c - 1) && t_count[term] > t_left[term] && !bad[block] ->
#else
		:: c != NOBODY && t_in[term] == OF(c - 1) && t_count[term] > t_left[term] && !bad[block] && live[t_owner[term] - 1] ->
#endif
			block_put(false);
			t_left[term]++;
			claimed++;
			changed_by(c - 1);
			untouched = false
		:: else
		fi;
	UNLOCK
}

/* A block that did not go back into its term, the claim having ended. */
inline give_back_untouched()
{
	if
	:: untouched -> free_block(); untouched = false
	:: else
	fi
}

/* claim_release() (redeem.c): the first term in the hold that ends the handle. */
inline release_claim()
{
	LOCK
		c = h[me];
		more = false;
		if
		:: c != NOBODY -> c--; claim_close(c); claim_end_step(c, more)
		:: else /* claim_gone() */
		fi;
		some = (!NONE_WAIT);
	UNLOCK;
	if
	:: more ->
#ifdef FAULT_END_NOT_AGAIN
		head = closed[me] - 1;
#endif
		claim_end();
		some = true
	:: else
	fi;
#ifndef FAULT_NO_SERVE_ON_RELEASE
	serve_if(some)
#endif
}
