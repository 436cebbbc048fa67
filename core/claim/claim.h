/* SPDX-License-Identifier: MIT */
/*
 * The ledger: claims on the pool. A claim is admitted whole, at once, or refused whole, at once; an admitted claim
 * can always be redeemed. docs/claims.md tells why.
 *
 *     ledger_init(&l, zones, nr, banks, nr_banks);            one CPU, at boot
 *     ledger_own_range(&l, image, POOL_HYPERVISOR, DOMID_NONE);   what is not the pool's
 *     ledger_add_range(&l, LOW, r);                            what is, piece by piece
 *     ledger_domain_add(&l, 0, CLAIM_NO_QUOTA);
 *
 *     struct claim_term t[] = { { LOW, ORDER_2M, 0, 512 }, { HYP, ORDER_4K, 0, 20 } };
 *     claim_stake(&l, DOMID_HYP, t, 2, &h, &why);              both or none
 *     claim_redeem(&l, h, 0, &block);                          never fails while there are some left
 *     claim_unredeem(&l, h, 0, block);                         back into the term: for a reset, or a build undone
 *     claim_free(&l, 0, block);                                back to the pool
 *     claim_release(&l, h);                                    what is not redeemed
 *
 * A claim's *holder* staked it and gives the handle; the *owner* of a term is the domain that its blocks will belong
 * to. Blocks redeemed count against the quota of the holder until they are freed.
 *
 * A handle of a claim that has ended answers how: FH_ESTALE (released, or its holder died), FH_EEXPIRED, FH_EREVOKED;
 * once its slot has ended another one, FH_ESTALE. Where FH_ESTALE is named below, all three are meant.
 *
 * Locks: each function takes the ledger's lock (RANK_LEDGER) itself, unless it says otherwise; none is held by the
 * caller that ranks as high. Bounds are per call, O(zones * orders) if nothing else is stated.
 * Out-parameters are written on FH_OK only, but for a refusal.
 */
#ifndef CORE_CLAIM_CLAIM_H
#define CORE_CLAIM_CLAIM_H

#include "core/pool/pool.h"
#include "core/sync/lock.h"

#ifndef FH_MAX_CLAIMS
#define FH_MAX_CLAIMS ((uint32_t)CONFIG_MAX_CLAIMS)
#endif
#ifndef CLAIM_MAX_TERMS      /* make verify sets all five: a proof takes small tables */
#define CLAIM_MAX_TERMS 128U /* of one set, after merging; while the system runs sets are smaller */
#define CLAIM_MAX_INPUT 256U /* of one set, before */
#define LEDGER_MAX_TERMS (FH_MAX_CLAIMS * 4U)
#define LEDGER_MAX_DOMAINS 64U /* domain numbers 0 to 63, and DOMID_HYP */
#define LEDGER_MAX_SCRUBBERS 64U
#endif
#define CLAIM_NO_QUOTA UINT64_MAX
#define CLAIM_FOREVER UINT64_MAX /* no deadline */

/* `count` blocks of 2^order pages, naturally aligned, anywhere in the zone, for the domain `owner`. */
struct claim_term {
	uint8_t zone;
	uint8_t order;
	domid_t owner;
	uint64_t count;
};

/* A claim's name. A slot's generation moves on when it is released; slots are taken again oldest first. */
typedef struct {
	uint32_t slot;
	uint32_t gen;
} claim_handle_t;

/* A block of memory: 2^order pages at base. */
struct claim_block {
	paddr_t base;
	uint8_t order;
	bool dirty; /* redeemed: not known to be zero and clean to the point of coherency; given back: not read */
};

/* Why a set was refused. Terms before this one fit together. */
struct claim_refusal {
	uint32_t term; /* place in the caller's array */
	uint8_t zone;
	uint8_t order;
	domid_t owner;
	uint64_t want; /* blocks of that order */
	uint64_t have; /* free in that zone, whoever claimed them; with FH_EQUOTA: 0 */
	uint64_t fit;  /* the largest count of this term that would be admitted; with FH_EQUOTA: by the quota */
};

/* What claim_query() answers of a term. */
struct claim_term_info {
	struct claim_term term; /* count: claimed, less what was released */
	uint64_t left;          /* not redeemed yet */
};

struct claim_info { /* what claim_info() answers of a claim */
	domid_t holder;
	uint16_t nr_terms;
	uint16_t uses;    /* builds that are drawing on it */
	bool waiting;     /* not admitted yet */
	uint32_t version; /* moves on with each change of its terms */
	uint64_t deadline;
};

/* What the memory of a zone is, in pages and blocks. */
struct ledger_zone_info {
	const char *name;
	uint8_t parent;
	bool leaf;
	uint8_t max_order;
	uint64_t pages;                     /* all that was added */
	uint64_t free_pages;                /* not owned, of all leaves under it */
	uint64_t claimed_pages;             /* outstanding terms on this zone itself */
	uint64_t nr_free[POOL_ORDERS];      /* free blocks by order, of all leaves under it */
	uint64_t nr_claimed[POOL_ORDERS];   /* outstanding terms on this zone itself, by order */
	uint64_t nr_available[POOL_ORDERS]; /* of each order alone: the largest count that a new term may have */
};

/* --- the parts of the ledger; for core/claim itself, and for the size ------------------------------------------- */

#define LEDGER_NO_TERM UINT16_MAX

struct ledger_term {
	uint8_t zone;
	uint8_t order;
	domid_t owner;
	uint16_t next; /* of its claim, or of the free list */
	uint64_t count;
	uint64_t left;
};

struct ledger_claim {
	uint32_t gen;
	domid_t holder; /* DOMID_NONE: the slot is free */
	uint16_t first; /* term */
	uint16_t nr;
	uint16_t next; /* slot: of the free ones, or of those that wait */
	uint16_t uses;
	bool waiting;  /* its terms are counted in the holder's account, but in no zone yet */
	uint8_t ended; /* how the generation before this one ended, an fh_status; and whether that was not told */
	uint32_t version;
	uint16_t leaves; /* that it waits for, bit: zone */
	domid_t last;    /* the holder of the generation before this one */
	uint64_t deadline;
	uint64_t serial; /* of its admission: the youngest is the largest */
};

struct ledger_queue { /* of slots, first in first out */
	uint16_t first;
	uint16_t last;
};

/*
 * The arithmetic of a zone (arith.c). t[k]: blocks of order k free here, less those claimed here, less those that
 * smaller orders borrow; the next order lends what is lacking. Of the largest never negative while the lock is free.
 */
struct ledger_zone {
	int64_t t[POOL_ORDERS];
	uint32_t children;          /* bit: zone; of an inner zone */
	uint32_t leaves;            /* bit: a leaf under it, or itself */
	uint32_t left;              /* bit k: a block of order k is left over */
	uint32_t lacks;             /* bit k: order k borrows, t[k] is negative */
	uint32_t max_order, parent; /* as the pool's; POOL_NO_ZONE: a root */
} FH_ALIGNED(64);

/* What a CPU is zeroing: still on its free list, but whoever redeems it waits. */
struct ledger_scrub {
	uint64_t pfn;
	uint64_t pages; /* 0: nothing */
};

struct ledger_account {
	uint64_t quota;       /* pages, outstanding and paid together */
	uint64_t outstanding; /* pages of the terms it holds that are not redeemed */
	uint64_t paid;        /* pages redeemed from its claims and not yet freed */
	uint64_t owned;       /* pages it owns */
};

struct ledger {                     /* what each operation reads comes first, so that its places are near */
	struct lock lock;           /* guards all below */
	struct ledger_queue unused; /* slots */
	struct ledger_queue waiters;
	uint16_t term_free;
	uint16_t nr_terms_free;
	uint16_t nr_terms_out; /* taken for a set that is not admitted yet */
	uint16_t nr_untold;    /* claims with LEDGER_UNTOLD; read without the lock by claim_any_revoked() */
	uint32_t nr_claims;
	uint64_t live; /* bit: domain; DOMID_HYP always is */
	uint64_t serial;
	struct ledger_zone zones[POOL_MAX_ZONES];
	struct ledger_account accounts[LEDGER_MAX_DOMAINS + 1U]; /* the last is DOMID_HYP's */
	struct ledger_claim claims[FH_MAX_CLAIMS];
	struct pool pool;
	struct ledger_term terms[LEDGER_MAX_TERMS];
	uint64_t reserve[POOL_MAX_ZONES]; /* of a leaf: pages claimed on it that only the hypervisor draws on */
	uint16_t waits[POOL_MAX_ZONES];   /* of a leaf: claims that wait for memory in a zone above it, or in it */
	struct ledger_scrub scrubs[LEDGER_MAX_SCRUBBERS];
	uint32_t nr_scrubs;
	bool scrub_more;   /* something came dirty, or was found dirty, since the search began at the bottom */
	uint64_t scrub_at; /* page from which the search goes on */
};

/* --- boot ------------------------------------------------------------------------------------------------------ */

/* Makes an empty ledger over zones and banks; errors as pool_init(). One CPU runs. Bound: O(claims + zones^2). */
fh_status ledger_init(struct ledger *l, const struct pool_zone_desc *zones, uint32_t nr_zones,
		      const struct pool_bank *banks, uint32_t nr_banks) FH_MUST_CHECK;

/*
 * Gives unused RAM to a leaf. FH_EINVAL: not a leaf; FH_EALIGN: not whole pages; FH_ENOENT: not all in one bank and
 * in the leaf's range; FH_EEXIST: part of it has an owner; FH_EOVERFLOW: the range table is full.
 * Bound: O(ranges), and O(zones * orders) for each maximal block, each in a lock hold of its own.
 */
fh_status ledger_add_range(struct ledger *l, uint8_t leaf, struct range r) FH_MUST_CHECK;

/* pool_own_range() and pool_disown_range() under the lock. */
fh_status ledger_own_range(struct ledger *l, struct range r, enum pool_state state, domid_t owner) FH_MUST_CHECK;
fh_status ledger_disown_range(struct ledger *l, struct range r) FH_MUST_CHECK;

/* Sets a leaf's reserve: pages that the hypervisor alone may draw on, when no other is left (claim_alloc() for
 * DOMID_HYP of order 0, quarantine). FH_EINVAL: not a leaf; FH_ENOFIT: the memory is not there, and nothing changed. */
fh_status ledger_set_reserve(struct ledger *l, uint8_t leaf, uint64_t pages) FH_MUST_CHECK;

/* --- domains --------------------------------------------------------------------------------------------------- */

/* From now on dom may hold and own claims, up to quota pages (CLAIM_NO_QUOTA: no limit) outstanding and redeemed.
 * FH_EINVAL: not 0 to LEDGER_MAX_DOMAINS - 1; FH_EEXIST: it is there. DOMID_HYP is always there. O(1). */
fh_status ledger_domain_add(struct ledger *l, domid_t dom, uint64_t quota) FH_MUST_CHECK;

/*
 * dom is dead: releases the claims it holds, and the outstanding part of all terms it owns. What it owns stays owned
 * until it is freed. FH_ENOENT: it is not there. Bound: O(claims * terms), in one lock hold a claim.
 */
fh_status claim_domain_died(struct ledger *l, domid_t dom) FH_MUST_CHECK;

/* --- claims ---------------------------------------------------------------------------------------------------- */

/*
 * Admits the nr terms as one claim of holder's, or none of them. Terms of the same zone, order and owner are merged:
 * the claim's terms are numbered by first occurrence; with none to merge the numbers are the array's.
 * refusal (NULL: not wanted) is written on FH_ENOFIT and FH_EQUOTA, and its `term` on the other refusals of a term.
 * FH_EINVAL: no terms, a count of 0, a zone that does not exist, an order beyond the zone's largest;
 * FH_EOVERFLOW: more than CLAIM_MAX_TERMS after merging (or CLAIM_MAX_INPUT before), a sum of pages beyond 64 bits,
 * or no slot or terms free in the ledger; FH_ENOENT: holder or an owner does not exist or is dead;
 * FH_EQUOTA: the holder's quota; FH_EQUEUED: an older set waits for memory of the same leaves; FH_ENOFIT: the memory is
 * not there.
 */
fh_status claim_stake(struct ledger *l, domid_t holder, const struct claim_term *terms, uint32_t nr,
		      claim_handle_t *handle, struct claim_refusal *refusal) FH_MUST_CHECK;

/*
 * As claim_stake(), but a set that does not fit now waits, first come first served, until `deadline`: FH_EQUEUED, with
 * *handle written. Frees and releases admit it (claim_info() tells); it counts against the quota meanwhile.
 * FH_ENOFIT: it would not fit with all free that is not quarantined. Where that becomes so while it waits (memory went
 * bad, a reserve grew), it ends when its turn comes, FH_EREVOKED. While a set waits, claim_stake() and claim_alloc()
 * answer FH_EQUEUED for memory of the same leaves, and redeem no larger blocks.
 */
fh_status claim_stake_wait(struct ledger *l, domid_t holder, const struct claim_term *terms, uint32_t nr,
			   uint64_t deadline, claim_handle_t *handle, struct claim_refusal *refusal) FH_MUST_CHECK;

/* Takes one block of a term; it belongs to the term's owner then. Waits for a scrubber that has a part of it.
 * FH_ESTALE: no such claim; FH_EINVAL: no such term; FH_EBUSY: none of the term is left. Never for lack of memory. */
fh_status claim_redeem(struct ledger *l, claim_handle_t h, uint32_t term, struct claim_block *out) FH_MUST_CHECK;

/*
 * As claim_redeem(), but takes up to 2^(max_order - order) blocks of the term at once as a single block of the
 * largest order, at most max_order, that the count left covers and after which all claims can still be redeemed.
 */
fh_status claim_redeem_upto(struct ledger *l, claim_handle_t h, uint32_t term, uint8_t max_order,
			    struct claim_block *out) FH_MUST_CHECK;

/* The same of a claim's first term. FH_ESTALE: holder is not holder and owner; FH_EINVAL: blocks above max_order. */
fh_status claim_redeem_own(struct ledger *l, domid_t holder, claim_handle_t h, uint8_t max_order,
			   struct claim_block *out) FH_MUST_CHECK;

/*
 * Frees a block back into the term that it was redeemed from: it can be redeemed again. A block of a larger order
 * gives back as many as it took. FH_ESTALE, FH_EINVAL as claim_redeem(); FH_EINVAL too: the block is smaller than the
 * term's, not in the term's zone, or was not paid by the claim's holder; FH_EOVERFLOW: more than was redeemed;
 * FH_EBUSY: the claim waits; FH_ENOENT: the term's owner is dead, FH_EREVOKED: the block has a bad page, free it
 * instead; the errors of claim_free() by the term's owner.
 */
fh_status claim_unredeem(struct ledger *l, claim_handle_t h, uint32_t term, struct claim_block b) FH_MUST_CHECK;
/* What it would answer now: asked before the block is unmapped. */
fh_status claim_may_unredeem(struct ledger *l, claim_handle_t h, uint32_t term, struct claim_block b) FH_MUST_CHECK;

/*
 * Gives a whole block of owner's back to the pool. It must have been unmapped, with TLB invalidation complete on all
 * CPUs. FH_EINVAL: order beyond the largest, or b is not exactly a block (a part, or several); FH_EALIGN: the address
 * is not a multiple of its size; FH_ENOENT: not memory of the pool; FH_ESTALE: free already (a double free);
 * FH_EDENIED: another's; FH_EREVOKED: quarantined.
 */
fh_status claim_free(struct ledger *l, domid_t owner, struct claim_block b) FH_MUST_CHECK;

/* The same, of a block that nobody has written to since it was redeemed: what was clean is still clean. */
fh_status claim_free_untouched(struct ledger *l, domid_t owner, struct claim_block b) FH_MUST_CHECK;

/* Cuts owner's block into blocks of order `to`, so that they can be freed in parts. Errors as claim_free();
 * FH_EINVAL too: to is above the block's order. Bound: O(2^(order - to)), at most 512 blocks a call (FH_EOVERFLOW). */
fh_status claim_split_owned(struct ledger *l, domid_t owner, struct claim_block b, uint8_t to) FH_MUST_CHECK;

/* Releases all that is not redeemed, one term a lock hold; the handle is stale at once. FH_ESTALE: no such claim. */
fh_status claim_release(struct ledger *l, claim_handle_t h) FH_MUST_CHECK;

/* Releases count blocks of a term. FH_ESTALE, FH_EINVAL: no such claim or term; FH_EOVERFLOW: more than is left. */
fh_status claim_release_part(struct ledger *l, claim_handle_t h, uint32_t term, uint64_t count) FH_MUST_CHECK;

/*
 * Replaces what is outstanding of owner's terms in a claim by other terms of the same owner, in one check: refused,
 * all is as before. version: of claim_info(), FH_ESTALE if it has moved on. New terms join those of their zone and
 * order, or take the places of empty ones, or follow; claim_query() tells which. Refusals as claim_stake(), and
 * FH_EBUSY: the claim waits; FH_EINVAL: a term of another owner; FH_EOVERFLOW: fewer terms free than it will have.
 */
fh_status claim_replace(struct ledger *l, claim_handle_t h, domid_t owner, uint32_t version,
			const struct claim_term *terms, uint32_t nr, struct claim_refusal *refusal) FH_MUST_CHECK;

/*
 * Makes `to` the holder. What is outstanding counts against its quota from now on; blocks that were redeemed stay
 * paid by the old holder, and can be freed but no longer unredeemed. FH_ENOENT: no such domain; FH_EQUOTA.
 */
fh_status claim_transfer(struct ledger *l, claim_handle_t h, domid_t to) FH_MUST_CHECK;

/* --- leases; times are ticks of any clock that only rises --------------------------------------------------------- */

/* The claim ends at now + lease (CLAIM_FOREVER: never). FH_EINVAL: lease is 0; FH_EOVERFLOW: the sum wraps. */
fh_status claim_renew(struct ledger *l, claim_handle_t h, uint64_t now, uint64_t lease) FH_MUST_CHECK;

/* A build draws on the claim from here to claim_unuse(): it does not run out. FH_EOVERFLOW: 65,535 do already. */
fh_status claim_use(struct ledger *l, claim_handle_t h) FH_MUST_CHECK;
/* FH_EBUSY: it is not in use. */
fh_status claim_unuse(struct ledger *l, claim_handle_t h) FH_MUST_CHECK;

/* Ends one claim whose deadline has passed and that is not in use: its handle answers FH_EEXPIRED then. *gone names it.
 * FH_ENOENT: there is none (more). Bound: O(claims), 16 a lock hold. */
fh_status claim_reap(struct ledger *l, uint64_t now, claim_handle_t *gone) FH_MUST_CHECK;

/* --- cleaning (docs/claims.md); core/scrub zeroes, here is the protocol ------------------------------------------- */

/* Gives the bank that starts at base_pfn a dirty map: pool_dirty_words() words, which need no initialisation. clean: by
 * the firmware's promise all its memory is zero and clean to the point of coherency; what an owner gives up later by
 * ledger_disown_range() is dirty in any case. Without a map all is dirty for ever. At boot, before memory is redeemed.
 * FH_EINVAL: no such bank. Bound: a word for 64 MiB. */
fh_status ledger_dirty_map(struct ledger *l, uint64_t base_pfn, uint64_t *words, bool clean) FH_MUST_CHECK;

/* Whether a page of the range, within a bank, is not known to be clean; of what has an owner, when it was taken or
 * ledger_cleaned(). Bound: 17 words of the map a GiB, and at most 2 * orders pieces. */
bool ledger_range_dirty(struct ledger *l, struct range r);

/*
 * Finds dirty free memory, 2^max_order pages (at most 64 KiB), and publishes it in the slot of a scrubber (a CPU): it
 * stays free, and who redeems it waits until ledger_scrub_end(). FH_EBUSY: none found yet, call again; FH_ENOENT: none
 * since the last free; FH_EINVAL: no such slot; FH_EEXIST: the slot has a chunk. Bound: O(8 * orders).
 */
fh_status ledger_scrub_begin(struct ledger *l, uint32_t scrubber, uint8_t max_order, struct claim_block *chunk)
	FH_MUST_CHECK;
/* The chunk is zero and clean to the point of coherency. FH_EBUSY: the slot has none. */
fh_status ledger_scrub_end(struct ledger *l, uint32_t scrubber) FH_MUST_CHECK;

/* owner's block, or an aligned part of it, was cleaned. Errors as claim_free(); FH_EDENIED: another's, or free. */
fh_status ledger_cleaned(struct ledger *l, domid_t owner, struct claim_block b) FH_MUST_CHECK;

/* As claim_unredeem(), of a block that nobody has written to since it was redeemed: what was clean is still clean. */
fh_status claim_unredeem_untouched(struct ledger *l, claim_handle_t h, uint32_t term, struct claim_block b)
	FH_MUST_CHECK;

/* --- bad memory --------------------------------------------------------------------------------------------------- */

/*
 * Takes a page out of use. A free one goes at once: where claims need it, the leaf's reserve is drawn, else claims on
 * that leaf are ended, youngest first, those in use last (FH_EREVOKED by their handles). An owned page stays with its
 * owner, marked, and goes when its block is freed. FH_ENOENT: not memory of the pool; FH_EREVOKED: it is out already.
 * Bound: O(claims * (claims + terms + zones * orders)), in one lock hold: the only one that is.
 */
fh_status ledger_quarantine(struct ledger *l, paddr_t page) FH_MUST_CHECK;

/*
 * One block for owner without a claim, where all claims can still be redeemed afterwards. Counts against owner's
 * quota. FH_EINVAL, FH_ENOENT, FH_EQUOTA, FH_EQUEUED as claim_stake(); FH_ENOMEM: there is none that is not claimed.
 */
fh_status claim_alloc(struct ledger *l, domid_t owner, uint8_t zone, uint8_t order, struct claim_block *out)
	FH_MUST_CHECK;

/* --- questions ------------------------------------------------------------------------------------------------- */

/* A claim. FH_ESTALE, FH_EEXPIRED, FH_EREVOKED: how it ended. */
fh_status claim_info(struct ledger *l, claim_handle_t h, struct claim_info *out) FH_MUST_CHECK;

/* A term of a claim, and the claim's holder. FH_ESTALE, FH_EINVAL: no such claim, no such term. */
fh_status claim_query(struct ledger *l, claim_handle_t h, uint32_t term, domid_t *holder, struct claim_term_info *out)
	FH_MUST_CHECK;

/* The first claim in slot `slot` or after it, for lists: go on with out->slot + 1. FH_ENOENT: no more. O(claims). */
fh_status claim_next(struct ledger *l, uint32_t slot, claim_handle_t *out) FH_MUST_CHECK;

/* FH_EINVAL: no such zone. Bound: O(zones * orders * depth). */
fh_status ledger_zone_info(struct ledger *l, uint8_t zone, struct ledger_zone_info *out) FH_MUST_CHECK;

/* pool_owner() and pool_next_block() under the lock. */
fh_status ledger_owner(struct ledger *l, paddr_t addr, struct pool_info *out) FH_MUST_CHECK;
fh_status ledger_next_block(struct ledger *l, paddr_t addr, struct pool_info *out) FH_MUST_CHECK;

/* A domain's account; FH_ENOENT: never added. */
fh_status ledger_account(struct ledger *l, domid_t dom, struct ledger_account *out) FH_MUST_CHECK;

/*
 * Recomputes all from page records, free lists and terms, and compares: NULL, or what is wrong (a constant string).
 * Holds the lock throughout. Bound: O(blocks + claims * terms); for tests and debug builds.
 */
const char *ledger_audit(struct ledger *l);

#endif
