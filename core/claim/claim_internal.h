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

/* Changes of several zones, which are made together. */
struct wave_row {
	int64_t n[POOL_ORDERS]; /* blocks of each order that come to the zone; once made: what t was */
	uint32_t left;          /* once made: what the marks were */
	uint32_t lacks;
};
struct wave {
	uint32_t zones;                           /* bit: the zone changes, or one under it */
	struct wave_row row[POOL_MAX_ZONES + 1U]; /* the last is above the roots */
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
 * borrowed; *from: the order that it was left over of. Returns the zone where change_run() must go on with
 * change_taken(order, *from), or `end`.
 */
uint8_t take_left(struct ledger *l, uint8_t zone, uint8_t end, uint8_t order, unsigned int *from);
/* What orders up to `to`, without it, borrow of a block that is split now is paid back, and a half more: t += 2. */
void repay(struct ledger_zone *z, unsigned int order, unsigned int to);
/*
 * The way back: a freed block of c's lowest order is claimed again in a zone, and each order up to c's highest borrows
 * for that. False: it is not as simple, nothing is done.
 */
bool unpay(struct ledger_zone *z, const struct change *c);
/* n blocks of `order` are claimed on a zone (n < 0: no longer). Returns whether admission holds then. */
bool claim_many(struct ledger *l, uint8_t zone, uint8_t order, int64_t n);
/* The rest, from a zone on, of a claim of a block that was left over of order `from`. */
bool claim_on(struct ledger *l, uint8_t zone, uint8_t order, unsigned int from);
/* As claim_many(), but if admission would not hold, nothing is changed. */
static inline bool claim_try(struct ledger *l, uint8_t zone, uint8_t order, int64_t n)
{
	bool holds;

	if (n == 1 && l->zones[zone].left >> order != 0U) {
		unsigned int from;
		const uint8_t at = take_left(l, zone, POOL_NO_ZONE, order, &from);

		holds = at == POOL_NO_ZONE || claim_on(l, at, order, from);
	} else {
		holds = claim_many(l, zone, order, n);
	}
	if (!holds && !claim_many(l, zone, order, -n)) {
		POOL_ASSERT(false);
	}
	return holds;
}

/* --- changes of several zones (wave.c) ---------------------------------------------------------------------------- */

void wave_start(struct wave *w);
/* Puts into a wave that n blocks of `order` come to a zone (n < 0: are claimed on it). */
void wave_add(const struct ledger *l, struct wave *w, uint8_t zone, uint8_t order, int64_t n);
/* Makes all changes of a wave, children first; or none, if admission would not hold. O(zones * orders). */
bool wave_run(struct ledger_zone *zones, struct wave *w) FH_MUST_CHECK;
/* Adds all good memory to a wave, less the reserves: as blocks, nothing owned nor claimed. O(zones * orders). */
void wave_add_whole(const struct ledger *l, struct wave *w);
/* Without the lock: whether a wave to which all memory was added fits into that; it is used up. */
bool wave_fits_alone(const struct ledger *l, struct wave *w) FH_MUST_CHECK;
/* Whether admission holds. O(zones). */
bool all_hold(const struct ledger *l);

/* What an order borrows of the next. */
static inline int64_t borrows(int64_t t)
{
	return t < 0 ? (1 - t) >> 1 : 0;
}

/* -borrows(t), without a branch. */
static inline int64_t owes(int64_t t)
{
	return (t & t >> 63) >> 1;
}

/* What a zone has left over of an order: blocks that it can give upward. */
static inline int64_t zone_left(const struct ledger_zone *z, unsigned int k)
{
	return z->t[k] >= 0 ? z->t[k] : z->t[k] & 1; /* t + 2 b */
}

/* What the children of an inner zone have left over of order k (fit.c): what is free in it. */
int64_t zone_free(const struct ledger_zone *zones, uint32_t zone, unsigned int k);

/* The zones as they are, to be asked without the lock. O(zones * orders). */
void zones_copy(const struct ledger *l, struct ledger_zone zones[POOL_MAX_ZONES]);
/* Questions (fit.c). By how much S of a zone may fall, so that it and those above keep what they need. */
void admit_spare(const struct ledger_zone *zones, uint8_t zone, int64_t spare[POOL_ORDERS]);
/* Of each order alone, the largest count of blocks that could be claimed on a zone. O(depth * orders). */
void admit_fits(const struct ledger_zone *zones, uint8_t zone, uint64_t fits[POOL_ORDERS]);
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

static inline bool domain_lives(const struct ledger *l, domid_t dom)
{
	return dom < LEDGER_MAX_DOMAINS ? (l->live >> dom & 1U) != 0U : dom == DOMID_HYP;
}

/* The account of a domain that is alive, or NULL. */
static inline struct ledger_account *account_live(struct ledger *l, domid_t dom)
{
	return domain_lives(l, dom) ? account_of(l, dom) : NULL;
}

/* Pages that a holder's quota has room for, when `back` of what is outstanding is given back. */
static inline uint64_t account_room(const struct ledger_account *a, uint64_t back)
{
	const uint64_t used = a->outstanding + a->paid - back;

	return a->quota > used ? a->quota - used : 0U;
}

/* The claim of a handle, or NULL: it has ended. */
static inline struct ledger_claim *claim_of(struct ledger *l, claim_handle_t h)
{
	if (h.slot >= FH_MAX_CLAIMS) {
		return NULL;
	}
	struct ledger_claim *c = &l->claims[h.slot];

	return c->gen == h.gen && c->holder != DOMID_NONE ? c : NULL;
}
#define LEDGER_UNTOLD 0x80U /* of `ended`: it was revoked, and claim_next_revoked() has not told */
_Static_assert(POOL_MAX_ZONES <= 16U, "a claim's leaves");

/* How the claim of a handle ended. */
fh_status claim_gone(const struct ledger *l, claim_handle_t h);
/* FH_ESTALE and its like, FH_EINVAL: no such claim, no such term. */
fh_status term_of(struct ledger *l, claim_handle_t h, uint32_t term, struct ledger_claim **c, struct ledger_term **t)
	FH_MUST_CHECK;
/*
 * Terms that are nobody's yet: taken in one section under the lock, filled without it, and made a claim's in another:
 * no section writes them one by one. The caller knows that there are as many. O(nr); O(1).
 */
struct term_chain {
	uint16_t first;
	uint16_t last;
	uint16_t nr;
};
void chain_take(struct ledger *l, struct term_chain *ch, uint32_t nr);
void chain_give(struct ledger *l, const struct term_chain *ch);
/* The chain is the claim's, which has none. */
void chain_in(struct ledger *l, struct ledger_claim *c, const struct term_chain *ch);
/* The chain takes the place of the claim's terms, of which `last` is the last. */
void chain_swap(struct ledger *l, struct ledger_claim *c, const struct term_chain *ch, uint16_t last);
static inline void term_fill(struct ledger_term *t, const struct claim_term *from)
{
	t->zone = from->zone;
	t->order = from->order;
	t->owner = from->owner;
	t->count = from->count;
	t->left = from->count;
}
/* Takes a slot, of which the caller knows that it is there, for a chain; or for a term, which is there too. */
claim_handle_t claim_new(struct ledger *l, domid_t holder, const struct term_chain *ch);
claim_handle_t claim_new_one(struct ledger *l, domid_t holder, const struct claim_term *term);
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
	uint32_t leaves; /* bit: a leaf under the terms' zones */
	uint64_t pages;
	uint64_t owners; /* bit: domain; the hypervisor has none */
	bool strangers;  /* an owner has no domain's number */
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
/* Whether holder and owners live, and the holder's quota, with `back` pages given back, has room. O(1), but refused. */
fh_status set_check_parties(struct ledger *l, domid_t holder, uint64_t back, const struct claim_set *set,
			    struct claim_refusal *why) FH_MUST_CHECK;
/* FH_EQUEUED: a set waits for what this one asks of; the first term that does, in why. O(1), but refused. */
fh_status set_check_queue(const struct ledger *l, const struct claim_set *set, struct claim_refusal *why);
/*
 * Without the lock: checks parties, slots and terms, and takes as many terms as the set has, filled. To be given back
 * where the set is refused later.
 */
fh_status set_prepare(struct ledger *l, domid_t holder, const struct claim_set *set, struct term_chain *ch,
		      struct claim_refusal *why) FH_MUST_CHECK;
/* Puts the first n terms of a set into a wave, as claims. Needs no lock. */
void set_wave(const struct ledger *l, const struct claim_set *set, uint32_t n, struct wave *w);
/*
 * Copies a claim's terms, so that they can be gone through without the lock. Returns how many, the last one's place in
 * *last.
 */
uint32_t terms_copy(const struct ledger *l, const struct ledger_claim *c, struct ledger_term terms[CLAIM_MAX_TERMS],
		    uint16_t *last);
/* Puts into a wave what is left of terms (of owner; DOMID_NONE: of all), n for each block. Returns its pages. */
uint64_t terms_wave(const struct ledger *l, struct wave *w, const struct ledger_term *terms, uint32_t nr, domid_t owner,
		    int64_t n);
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

/* Whether a set waits for memory of one of the leaves (bit: zone). O(1), O(zones) while some wait. */
bool wait_covers(const struct ledger *l, uint32_t leaves);
/* Takes a claim out of the queue, and its pages of `owner` (DOMID_NONE: all) off the holder's account. */
void wait_cancel(struct ledger *l, struct ledger_claim *c, domid_t owner);
/* After memory came free, without the lock: admits those that wait, one a lock hold, up to the first that can't. */
void wait_serve(struct ledger *l);
/* Releases the lock, and serves if some wait. */
void wait_unlock(struct ledger *l);

#endif
