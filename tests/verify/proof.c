/* SPDX-License-Identifier: MIT */
/*
 * Proofs by CBMC on the real .c files: from any state of a ledger that its audit accepts, one operation with any
 * arguments leads to a state that the audit accepts, redemption does not fail, and nothing overflows or leaves its bounds.
 * The pool has a root and two leaves of 4 pages, orders 0 to 2; the sizes of the tables are made small (verify.mk).
 *
 * A state is anything at all in records, free lists, zones, terms and accounts: only what the audit says is assumed of it.
 * Unfinished: the solver does not end on it yet (docs/claims.md); no target runs it.
 */
#include "core/claim/claim.h"
#include "core/claim/claim_internal.h"
#include "core/pool/pool_internal.h"

#define PAGES 8U
#define BASE_PFN UINT64_C(0x1000)

uint64_t nondet_u64(void);
uint8_t nondet_u8(void);
int64_t nondet_i64(void);
void __CPROVER_assume(_Bool);
void __CPROVER_assert(_Bool, const char *);

void lock_init(struct lock *l, enum lock_rank rank)
{
	(void)l;
	(void)rank;
}

void lock_acquire(struct lock *l)
{
	(void)l;
}

void lock_release(struct lock *l)
{
	(void)l;
}

static struct ledger l;
static uint64_t records[PAGES];
static uint64_t map[16];

static const struct pool_zone_desc zones[] = {
	{ "root", POOL_NO_ZONE, false, 0, { 0, 0 } },
	{ "a", 0, true, 2, { BASE_PFN << PAGE_SHIFT, 4 * PAGE_SIZE } },
	{ "b", 0, true, 2, { (BASE_PFN + 4) << PAGE_SHIFT, 4 * PAGE_SIZE } },
};

/* What does not change: tree, bank, ranges. */
static void fixed_parts(void)
{
	const struct pool_bank bank = { BASE_PFN, PAGES, records };

	__CPROVER_assume(ledger_init(&l, zones, 3, &bank, 1) == FH_OK);
	__CPROVER_assume(pool_enter_range(&l.pool, 1, zones[1].range) == FH_OK);
	__CPROVER_assume(pool_enter_range(&l.pool, 2, zones[2].range) == FH_OK);
}

static void any_zone(uint32_t i)
{
	struct pool_zone *p = &l.pool.zones[i];
	struct ledger_zone *z = &l.zones[i];

	for (uint32_t k = 0; k < POOL_ORDERS; k++) {
		z->t[k] = nondet_i64();
		z->claimed[k] = nondet_u64();
		__CPROVER_assume(z->t[k] >= -64 && z->t[k] <= 64 && z->claimed[k] <= 8);
		if (p->leaf) {
			p->head[k] = nondet_u8();
			p->nr_free[k] = nondet_u8();
			__CPROVER_assume(p->head[k] < 4U && p->nr_free[k] <= 4U);
		}
	}
	z->left = nondet_u8();
	z->lacks = nondet_u8();
	if (p->leaf) {
		p->mask = nondet_u8();
		p->free_pages = nondet_u8();
	}
}

/* One claim with one term, on any zone, of any order, for domain 0, held by the hypervisor. */
static void any_claim(void)
{
	const struct claim_term t = { nondet_u8(), nondet_u8(), 0, nondet_u8() };
	struct ledger_term *q;

	__CPROVER_assume(t.zone < 3U && t.order <= 2U && t.count >= 1U && t.count <= 8U);
	(void)claim_new(&l, DOMID_HYP, &t, 1);
	q = &l.terms[l.claims[0].first];
	q->left = nondet_u8();
	__CPROVER_assume(q->left <= q->count && q->left <= 4U);
}

static void any_state(void)
{
	fixed_parts();
	for (uint32_t i = 0; i < PAGES; i++) {
		records[i] = nondet_u64();
	}
	for (uint32_t i = 0; i < 3U; i++) {
		any_zone(i);
	}
	l.accounts[0].live = true;
	l.accounts[0].owned = nondet_u8();
	l.accounts[0].paid = nondet_u8();
	l.accounts[LEDGER_MAX_DOMAINS].owned = nondet_u8();
	l.accounts[LEDGER_MAX_DOMAINS].paid = nondet_u8();
	l.accounts[LEDGER_MAX_DOMAINS].outstanding = nondet_u8();
	any_claim();
	__CPROVER_assume(ledger_audit(&l) == NULL);
}

static void good(void)
{
	__CPROVER_assert(ledger_audit(&l) == NULL, "the audit accepts the state after");
}

static claim_handle_t handle(void)
{
	return (claim_handle_t){ 0, l.claims[0].gen };
}

/* The state must not be empty of meaning: this assertion is meant to fail. */
void proof_vacuous(void)
{
	any_state();
	__CPROVER_assert(l.terms[l.claims[0].first].left < 3U || l.pool.zones[1].nr_free[0] == 0U, "reachable");
}

void proof_redeem(void)
{
	const uint8_t max = nondet_u8();
	struct claim_block b;
	uint64_t left;

	any_state();
	left = l.terms[l.claims[0].first].left;
	if (left != 0U) {
		__CPROVER_assert(claim_redeem_upto(&l, handle(), 0, max, &b) == FH_OK, "redemption does not fail");
		__CPROVER_assert(b.order >= l.terms[l.claims[0].first].order, "not less than was claimed");
	} else {
		__CPROVER_assert(claim_redeem_upto(&l, handle(), 0, max, &b) == FH_EBUSY, "not more than was claimed");
	}
	good();
}

static struct claim_block any_block(void)
{
	return (struct claim_block){ pa(nondet_u64()), nondet_u8(), false };
}

void proof_free(void)
{
	const domid_t owner = nondet_u8() % 2U == 0U ? 0 : DOMID_HYP;

	any_state();
	(void)!claim_free(&l, owner, any_block());
	good();
}

void proof_unredeem(void)
{
	any_state();
	(void)!claim_unredeem(&l, handle(), nondet_u8(), any_block());
	good();
}

void proof_release(void)
{
	any_state();
	(void)!claim_release_part(&l, handle(), nondet_u8(), nondet_u64());
	good();
}

void proof_alloc(void)
{
	struct claim_block b;

	any_state();
	(void)!claim_alloc(&l, nondet_u8(), nondet_u8(), nondet_u8(), &b);
	good();
}

void proof_split(void)
{
	any_state();
	(void)!claim_split_owned(&l, nondet_u8() % 2U == 0U ? 0 : DOMID_HYP, any_block(), nondet_u8());
	good();
}

void proof_stake(void)
{
	const struct claim_term t = { nondet_u8(), nondet_u8(), nondet_u8() % 2U == 0U ? 0 : DOMID_HYP, nondet_u64() };
	struct claim_refusal why;
	claim_handle_t h;

	any_state();
	(void)!claim_stake(&l, DOMID_HYP, &t, 1, &h, &why);
	good();
}
