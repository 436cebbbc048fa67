/* SPDX-License-Identifier: MIT */
/* What the files of core/claim share: the arithmetic of zones, and the tables. All want the ledger's lock held. */
#ifndef CORE_CLAIM_CLAIM_INTERNAL_H
#define CORE_CLAIM_CLAIM_INTERNAL_H

#include "core/claim/claim.h"
#include "core/pool/pool_alloc.h"

/* --- arithmetic (arith.c) ---------------------------------------------------------------------------------------- */

/* What changes in a zone: d[k] blocks of order k come, lo <= k <= hi. Other places of d are not set. */
struct change {
	uint32_t lo;
	uint32_t hi;
	int64_t d[POOL_ORDERS];
};

/* Changes of several zones, which are made together. Starts with zones = 0. */
struct wave {
	uint32_t zones; /* bit: the zone changes */
	uint32_t done;  /* bit: the zone was changed by wave_run() */
	struct change of[POOL_MAX_ZONES];
};

static inline void change_start(struct change *c, unsigned int k, int64_t n)
{
	c->lo = k;
	c->hi = k;
	c->d[k] = n;
}

void change_add(struct change *c, unsigned int k, int64_t n);
/* Starts with a block of `order` that was taken from one of order `split`. */
void change_taken(struct change *c, unsigned int order, unsigned int split);
/* Starts with a block of `order` that came free in a leaf and merged up to `merged`. */
void change_freed(struct change *c, unsigned int order, unsigned int merged);
/*
 * Makes a change in a zone and what follows from it in the zones above, up to `end` and without it (POOL_NO_ZONE: to
 * the root); c is then what changes in `end`. Returns whether admission holds in the zones that changed. The change
 * with the other sign restores all: t is a function of what is free and claimed. O(depth * orders).
 */
bool change_run(struct ledger *l, uint8_t zone, uint8_t end, struct change *c);
/* Makes a change after which admission holds by its nature (a free, a release): stops the machine if not. */
void change_check(struct ledger *l, uint8_t zone, struct change *c);
/*
 * A block of `order` is claimed on a zone that has one left over: goes up to `end` the short way, as far as nothing is
 * borrowed; returns the zone where change_run() must go on with c, or `end`.
 */
uint8_t take_left(struct ledger *l, uint8_t zone, uint8_t end, uint8_t order, struct change *c);
/* What orders up to `to`, without it, borrow of a block that is split now is paid back, and a half more: t += 2. */
void repay(struct ledger_zone *z, unsigned int order, unsigned int to);
/*
 * The way back: a freed block of c's lowest order is claimed again in a zone, and each order up to c's highest borrows
 * for that. False: it is not as simple, nothing is done.
 */
bool unpay(struct ledger_zone *z, const struct change *c);
/* n blocks of `order` are claimed on a zone (n < 0: no longer). Returns whether admission holds then. */
bool claim_change(struct ledger *l, uint8_t zone, uint8_t order, int64_t n);
/* The same, but if admission would not hold, nothing is changed. */
bool claim_try(struct ledger *l, uint8_t zone, uint8_t order, int64_t n) FH_MUST_CHECK;

/* Puts into a wave that n blocks of `order` come to a zone (n < 0: are claimed on it). */
void wave_add(struct wave *w, uint8_t zone, uint8_t order, int64_t n);
/* Makes all changes of a wave, children first; or none, if admission would not hold. O(zones * orders). */
bool wave_run(struct ledger *l, struct wave *w) FH_MUST_CHECK;
/* Undoes the last wave_run(), in the same section under the lock. */
void wave_undo(struct ledger *l, const struct wave *w);
/* Whether admission holds. O(zones). */
bool all_hold(const struct ledger *l);

/* What an order borrows of the next. */
static inline int64_t borrows(int64_t t)
{
	return t < 0 ? (1 - t) >> 1 : 0;
}

/* What a zone has left over of an order: blocks that it can give upward. */
static inline int64_t zone_left(const struct ledger_zone *z, unsigned int k)
{
	return z->t[k] >= 0 ? z->t[k] : z->t[k] & 1; /* t + 2 b */
}

/*
 * Questions (fit.c). By how much S of a zone may fall, so that it and the zones above keep what they need.
 * O(depth * orders).
 */
void admit_spare(const struct ledger *l, uint8_t zone, int64_t spare[POOL_ORDERS]);
/* Of each order alone, the largest count of blocks that could be claimed on a zone now. O(depth * orders). */
void admit_fits(const struct ledger *l, uint8_t zone, uint64_t fits[POOL_ORDERS]);
/*
 * The largest order up to `max` of which one block could take the place of 2^(it - order) claimed blocks of `order`;
 * order itself if none. O(depth * orders).
 */
uint8_t admit_upto(const struct ledger *l, uint8_t zone, uint8_t order, uint8_t max);
/* Blocks of `order` that are free in a zone, whoever claimed them. O(zones * orders). */
uint64_t admit_have(const struct ledger *l, uint8_t zone, uint8_t order);

/* --- blocks (block.c) -------------------------------------------------------------------------------------------- */

/*
 * Takes a block of `order` in a zone, where claims of blocks of order `from` on the zone that are worth as much are
 * outstanding, and gives those up; admission holds afterwards, as the caller knows.
 */
struct claim_block block_take(struct ledger *l, uint8_t zone, uint8_t order, uint8_t from, domid_t owner,
			      domid_t payer);
/* Frees a block that was found, and writes off the accounts. c: what that changes in its leaf. touched: it is dirty. */
void block_put(struct ledger *l, struct change *c, const struct pool_owned *b, bool touched);
/* Whether a leaf lies in a zone, or is it. */
static inline bool zone_holds(const struct ledger *l, uint8_t zone, uint8_t leaf)
{
	return ((l->zones[zone].leaves >> leaf) & 1U) != 0U;
}

/* The slot of a claim. */
#define LEDGER_NO_SLOT UINT16_MAX

/* --- tables (table.c) -------------------------------------------------------------------------------------------- */

void tables_init(struct ledger *l);
/* A domain's account; NULL: no such number. */
static inline struct ledger_account *account_of(struct ledger *l, domid_t dom)
{
	if (dom < LEDGER_MAX_DOMAINS) {
		return &l->accounts[dom];
	}
	return dom == DOMID_HYP ? &l->accounts[LEDGER_MAX_DOMAINS] : NULL;
}

/* The account of a domain that is alive, or NULL. */
static inline struct ledger_account *account_live(struct ledger *l, domid_t dom)
{
	struct ledger_account *a = account_of(l, dom);

	return a != NULL && a->live ? a : NULL;
}

/* Pages that a holder's quota has room for, when `back` of what is outstanding is given back. */
static inline uint64_t account_room(const struct ledger_account *a, uint64_t back)
{
	const uint64_t used = a->outstanding + a->paid - back;

	return a->quota > used ? a->quota - used : 0U;
}

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
/*
 * A claim's handle answers `how` from now on, and it has another, for claim_end(): what is left of it is to be given
 * up.
 */
claim_handle_t claim_close(struct ledger *l, struct ledger_claim *c, fh_status how);
/* Gives back a claim's first term, of which nothing is outstanding; and its slot, when it has no terms any more. */
void claim_drop_first(struct ledger *l, struct ledger_claim *c);
void claim_drop(struct ledger *l, struct ledger_claim *c);
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

static inline fh_status set_check_term(const struct ledger *l, const struct claim_term *t)
{
	if (t->count == 0U || t->zone >= l->pool.nr_zones || t->order > l->zones[t->zone].max_order) {
		return FH_EINVAL;
	}
	return t->count > UINT64_MAX >> t->order ? FH_EOVERFLOW : FH_OK;
}

/* Checks and merges a set; needs no lock. Errors as claim_stake(). */
fh_status set_make(const struct ledger *l, const struct claim_term *terms, uint32_t nr, struct claim_set *set,
		   struct claim_refusal *why) FH_MUST_CHECK;
/* Whether holder and owners live, and the holder's quota, with `back` pages given back, has room. */
fh_status set_check_parties(struct ledger *l, domid_t holder, uint64_t back, const struct claim_set *set,
			    struct claim_refusal *why) FH_MUST_CHECK;
/* Puts the first n terms of a set into a wave, as claims. Needs no lock. */
void set_wave(const struct ledger *l, const struct claim_set *set, uint32_t n, struct wave *w);
/* Puts a set into the zones if it fits; w: its wave. */
bool set_admit(struct ledger *l, const struct claim_set *set, struct wave *w) FH_MUST_CHECK;
/* Puts into a wave that what is left of owner's terms comes back. Returns its pages. */
uint64_t set_old_terms(const struct ledger *l, const struct ledger_claim *c, domid_t owner, struct wave *w);
/*
 * Says why a set does not fit, in the place of owner's terms in the claim h if that is not NULL. Takes the lock at
 * most 7 times: the answer is of the moment.
 */
void set_explain(struct ledger *l, const struct claim_set *set, const claim_handle_t *h, domid_t owner,
		 struct claim_refusal *why);

/* --- the end of a claim (redeem.c) ------------------------------------------------------------------------------- */

/*
 * Gives up the first term of a closed claim that has something left, or all that it waits for. True: the claim is gone.
 * One term a lock hold, so that a large claim holds the lock no longer than a small one.
 */
bool claim_end_step(struct ledger *l, struct ledger_claim *c);
/* Without the lock: the rest of the steps, of a claim of which the last one answered false. */
void claim_end(struct ledger *l, claim_handle_t closed);

/* --- bad memory (quarantine.c) ----------------------------------------------------------------------------------- */

/* Takes a free page out; c: what that changes in its leaf is added. */
void quarantine_page(struct ledger *l, struct change *c, uint64_t pfn);

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
