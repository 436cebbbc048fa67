/* SPDX-License-Identifier: MIT */
/* What the files of core/claim share: the arithmetic of zones, and the tables. All want the ledger's lock held. */
#ifndef CORE_CLAIM_CLAIM_INTERNAL_H
#define CORE_CLAIM_CLAIM_INTERNAL_H

#include "core/claim/claim.h"
#include "core/pool/pool_alloc.h"

/* --- arithmetic (arith.c) ---------------------------------------------------------------------------------------- */

/*
 * A wave is a change on its way to the roots: zones whose s changed, and in which orders. Several changes are put in
 * first, then wave_run() goes through the zones once, children first.
 */
struct wave {
	uint32_t zones; /* bit: the zone has changed */
	uint8_t lo[POOL_MAX_ZONES];
	uint8_t hi[POOL_MAX_ZONES];
};

/* s[k] += d for lo <= k <= hi. */
void wave_step(struct ledger *l, struct wave *w, uint8_t zone, unsigned int lo, unsigned int hi, int64_t d);
/* `n` blocks of `order` come to a zone's s (n < 0: go); |n| << order is at most the pool's pages. */
void wave_blocks(struct ledger *l, struct wave *w, uint8_t zone, uint8_t order, int64_t n);
/* n blocks of `order` are claimed on a zone (n < 0: no longer). */
void wave_claim(struct ledger *l, struct wave *w, uint8_t zone, uint8_t order, int64_t n);
/* A block of `order` came free in a leaf and merged up to `merged`. */
void wave_freed(struct ledger *l, struct wave *w, uint8_t leaf, uint8_t order, uint8_t merged);
/*
 * Computes r of all zones that changed, up to the roots. Returns whether admission holds. If not, the same changes
 * put in again with the other sign, and a second run, restore all: r is a function of s alone.
 */
bool wave_run(struct ledger *l, struct wave *w) FH_MUST_CHECK;
/* Marks all zones, for a run that must look at each s. */
void wave_all(const struct ledger *l, struct wave *w);
/* Runs a wave of changes after which admission holds by their nature (a free, a release): stops the machine if not. */
void wave_check(struct ledger *l, struct wave *w);

/* What s of a zone must keep, by order, so that the zones above keep what they need. O(depth * orders). */
void admit_keep(const struct ledger *l, uint8_t zone, int64_t keep[POOL_ORDERS]);
/* The largest count of blocks of `order` that could be claimed on a zone now. O(depth * orders). */
uint64_t admit_fit(const struct ledger *l, uint8_t zone, uint8_t order);
/*
 * The largest order up to `max` of which one block could take the place of 2^(it - order) claimed blocks of `order`;
 * order itself if none. O(depth * orders).
 */
uint8_t admit_upto(const struct ledger *l, uint8_t zone, uint8_t order, uint8_t max);
/* Blocks of `order` that are free in a zone, whoever claimed them. O(zones * orders). */
uint64_t admit_have(const struct ledger *l, uint8_t zone, uint8_t order);

/* --- blocks (block.c) -------------------------------------------------------------------------------------------- */

/*
 * Takes a block of `order` in a zone, where one such claim on the zone is outstanding, and gives that up. Runs the
 * wave, in which changes may be waiting after which admission holds.
 */
struct claim_block block_take(struct ledger *l, struct wave *w, uint8_t zone, uint8_t order, domid_t owner,
			      domid_t payer);
/* Frees a block that was found, and writes off the accounts. Puts the change into the wave. touched: it is dirty now.
 * */
void block_put(struct ledger *l, struct wave *w, const struct pool_owned *b, bool touched);
/* Whether a leaf lies in a zone, or is it. */
bool zone_holds(const struct ledger *l, uint8_t zone, uint8_t leaf);

/* The slot of a claim. */
#define LEDGER_NO_SLOT UINT16_MAX

/* --- tables (table.c) -------------------------------------------------------------------------------------------- */

void tables_init(struct ledger *l);
/* A domain's account; NULL: no such number. */
struct ledger_account *account_of(struct ledger *l, domid_t dom);
/* The account of a domain that is alive, or NULL. */
struct ledger_account *account_live(struct ledger *l, domid_t dom);
/* Pages that a holder's quota has room for, when `back` of what is outstanding is given back. */
uint64_t account_room(const struct ledger_account *a, uint64_t back);
/* The claim of a handle, or NULL: it has ended. */
struct ledger_claim *claim_of(struct ledger *l, claim_handle_t h);
/* How the claim of a handle ended. */
fh_status claim_gone(const struct ledger *l, claim_handle_t h);
/* FH_ESTALE and its like, FH_EINVAL: no such claim, no such term. */
fh_status term_of(struct ledger *l, claim_handle_t h, uint32_t term, struct ledger_claim **c, struct ledger_term **t)
	FH_MUST_CHECK;
/* Takes a slot and nr terms, of which the caller knows that they are there. */
claim_handle_t claim_new(struct ledger *l, domid_t holder, const struct claim_term *terms, uint32_t nr);
/* Puts a new term at the end of a claim's chain; the caller knows that there is one. */
void claim_append(struct ledger *l, struct ledger_claim *c, const struct claim_term *term);
/* Gives slot and terms back; nothing of them is outstanding. */
void claim_drop(struct ledger *l, struct ledger_claim *c, fh_status how);
/* A slot at the end of a queue, and any slot out of it. O(1), O(length). */
void queue_put(struct ledger *l, struct ledger_queue *q, uint16_t slot);
void queue_remove(struct ledger *l, struct ledger_queue *q, uint16_t slot);
static inline bool queue_empty(const struct ledger_queue *q)
{
	return q->first == LEDGER_NO_SLOT;
}

/* --- sets (set.c) ------------------------------------------------------------------------------------------------ */

/* A set without doubles: terms by first occurrence, and where each stood in the caller's array. */
struct claim_set {
	uint32_t nr;
	uint64_t pages;
	uint16_t place[CLAIM_MAX_TERMS];
	struct claim_term terms[CLAIM_MAX_TERMS];
};

/* Checks and merges a set; needs no lock. Errors as claim_stake(). */
fh_status set_make(const struct ledger *l, const struct claim_term *terms, uint32_t nr, struct claim_set *set,
		   struct claim_refusal *why) FH_MUST_CHECK;
/* Whether holder and owners live, and the holder's quota, with `back` pages given back, has room. */
fh_status set_check_parties(struct ledger *l, domid_t holder, uint64_t back, const struct claim_set *set,
			    struct claim_refusal *why) FH_MUST_CHECK;
/* Puts the first n terms into the zones (sign 1), or takes them out again (-1); into a wave, not run. */
void set_apply(struct ledger *l, struct wave *w, const struct claim_set *set, uint32_t n, int64_t sign);
/* Puts a set into the zones in place of an old one, if it fits: FH_OK, else FH_ENOFIT, with nothing changed. */
fh_status set_admit(struct ledger *l, const struct claim_set *old, const struct claim_set *set) FH_MUST_CHECK;
/* Puts `old` back in place of the first n terms of a set. */
void set_undo(struct ledger *l, const struct claim_set *old, const struct claim_set *set, uint32_t n);

/* A set, and what it would replace: what is left of owner's terms in a claim. DOMID_NONE: nothing. */
struct asked {
	const struct claim_set *set;
	claim_handle_t h;
	domid_t owner;
};

/* What a set would replace now. */
void set_replaced(struct ledger *l, const struct asked *a, struct claim_set *old);
/*
 * Says why a set did not fit (explain.c). Without the lock: takes it up to 8 times, each hold an admission and its undoing.
 */
void set_explain(struct ledger *l, const struct asked *a, struct claim_refusal *why);

/* --- the end of a claim (redeem.c) ------------------------------------------------------------------------------- */

/* Gives up n blocks of what is left of a term. */
void claim_give_up(struct ledger *l, struct wave *w, const struct ledger_claim *c, struct ledger_term *t, uint64_t n);
/* Gives up what is left of a claim, or what it waits for, and drops it. */
void claim_end(struct ledger *l, struct ledger_claim *c, fh_status how);

/* --- bad memory (quarantine.c) ----------------------------------------------------------------------------------- */

/* Takes a free page out. Admission holds after the wave if it did before the page came free. */
void quarantine_page(struct ledger *l, struct wave *w, uint64_t pfn);

/* --- cleaning (scrub.c) ------------------------------------------------------------------------------------------ */

/*
 * Releases the lock after blocks were taken; waits, without it, until no scrubber has a part of the block, and says
 * whether the block is dirty.
 */
void scrub_unlock(struct ledger *l, struct claim_block *taken);

/* --- waiting (wait.c) -------------------------------------------------------------------------------------------- */

/* Whether a set waits for memory of a leaf that is, or lies under, the zone. O(zones). */
bool wait_covers(const struct ledger *l, uint8_t zone);
/* Takes a claim out of the queue, and its pages of `owner` (DOMID_NONE: all) off the holder's account. */
void wait_cancel(struct ledger *l, struct ledger_claim *c, domid_t owner);
/* After memory came free, without the lock: admits those that wait, one a lock hold, up to the first that can't. */
void wait_serve(struct ledger *l);
/* Releases the lock, and serves if some wait. */
void wait_unlock(struct ledger *l);

#endif
