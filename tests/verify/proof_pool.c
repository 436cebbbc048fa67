/* SPDX-License-Identifier: MIT */
/*
 * Proofs by CBMC of core/pool, as it is: a leaf of 4 pages in any well-formed state, whatever stands in the records that
 * start no block, and any arguments. Nothing is read or written out of bounds, no assertion of the pool's fires, the leaf
 * is well-formed after, and the histogram changes as core/claim/arith.c is told.
 */
#include "tests/verify/proof_pool.h"

static struct pool p;

static void any_state(void)
{
	havoc_pool(&p);
	ASSUME(well_formed(&p) && bad_listed(&p));
	remember(&p);
}

/* The audit accepts what is well-formed... */
void proof_accept(void)
{
	any_state();
	ASSERT(pool_audit(&p) == NULL, "the audit accepts the well-formed");
	REACHED(p.zones[0].nr_free[0] == 2U);
}

#ifdef TRAP_REFUSES
/* ... and nothing else: it says what is wrong, or stops the machine at a list that leads out of memory. */
void proof_refuse(void)
{
	havoc_pool(&p);
	if (pool_audit(&p) == NULL) {
		ASSERT(well_formed(&p), "the audit accepts nothing else");
		REACHED(p.zones[0].nr_free[0] == 2U);
	}
}
#endif

/* A take of `order`: the smallest free block that holds one, at order k, is gone, and halves of it are there. */
void proof_take(void)
{
	const uint8_t order = nondet_u8();
	const domid_t owner = nondet_u16() & 0x3fffU;
	const domid_t payer = nondet_u16() & 0x3fffU;
	uint64_t at;
	uint8_t k = 3;

	any_state();
	ASSUME(order <= 2U && pool_has(&p.zones[0], order));
	at = pool_take(&p, 0, order, owner, payer, &k) - BASE_PFN;
	ASSERT(well_formed(&p), "well-formed after");
	ASSERT(at < PAGES && k <= 2U && k >= order, "in the leaf");
	for (uint32_t i = 0; i < PAGES; i++) {
		ASSERT(i != at || (was_free[i] && rec_order(was_rec[i]) == k),
		       "it was a free block of the order that was cut");
		ASSERT(i != at || (starts(i) && records[i] == rec_owned(order, owner, payer)), "it is the owner's");
		ASSERT(i == at || (starts(i) && !is_free(i)) == (was_start[i] && !was_free[i]), "other blocks stay");
		ASSERT(i == at || !starts(i) || is_free(i) || records[i] == was_rec[i], "other blocks' records stay");
	}
	for (uint32_t j = 0; j < 3U; j++) {
		ASSERT(j < order || j >= k || was_nr_free[j] == 0U, "the smallest that holds one");
		ASSERT(p.zones[0].nr_free[j] == was_nr_free[j] - (j == k ? 1U : 0U) + (j >= order && j < k ? 1U : 0U),
		       "the histogram");
	}
	REACHED(k == 2U && order == 0U);
}

/* Any block that anybody names by any address and order is found if it is just that, and then freed. */
void proof_free(void)
{
	const domid_t owner = nondet_u16();
	const uint64_t addr = nondet_u64();
	const uint8_t order = nondet_u8();
	const uint64_t at = (addr >> PAGE_SHIFT) - BASE_PFN;
	struct pool_owned b;
	bool there = false;
	uint8_t m;

	any_state();
	for (uint32_t i = 0; i < PAGES; i++) {
		there = there ||
			(i == at && addr % PAGE_SIZE == 0U && was_start[i] && rec_state(was_rec[i]) == POOL_OWNED &&
			 rec_order(was_rec[i]) == order && FIELD_GET(REC_OWNER, was_rec[i]) == owner);
	}
	ASSERT((pool_find_owned(&p, owner, pa(addr), order, &b) == FH_OK) == there, "found if it is just that");
	if (!there) {
		return;
	}
	ASSERT(b.pfn == BASE_PFN + at && b.order == order && b.owner == owner && b.range == &p.ranges[0], "as named");
	m = pool_put(&p, &b);
	ASSERT(well_formed(&p), "well-formed after");
	for (uint32_t i = 0; i < PAGES; i++) {
		ASSERT(i == at || (starts(i) && !is_free(i)) == (was_start[i] && !was_free[i]), "other blocks stay");
		ASSERT(i == at || !starts(i) || is_free(i) || records[i] == was_rec[i], "other blocks' records stay");
	}
	for (uint32_t j = 0; j < 3U; j++) {
		ASSERT(p.zones[0].nr_free[j] == was_nr_free[j] + (j == m ? 1U : 0U) - (j >= order && j < m ? 1U : 0U),
		       "the histogram: merged up to m");
	}
	REACHED(m == 2U && order == 0U);
}

void proof_split(void)
{
	const uint8_t to = nondet_u8();
	struct pool_owned b;

	any_state();
	if (pool_find_owned(&p, nondet_u16(), pa(nondet_u64()), nondet_u8(), &b) != FH_OK || to > b.order ||
	    b.bad > BIT(b.order)) {
		return;
	}
	pool_split(&p, &b, to);
	ASSERT(well_formed(&p), "well-formed after");
	for (uint32_t i = 0; i < PAGES; i++) {
		const uint64_t pfn = BASE_PFN + i;
		const bool in = pfn >= b.pfn && pfn < b.pfn + BIT(b.order);
		const uint64_t r = rec_owned(to, b.owner, b.payer);

		ASSERT(!in || (i & (BIT(to) - 1U)) != 0U || (starts(i) && (records[i] & ~REC_BAD) == r), "cut");
		ASSERT(in || (starts(i) == was_start[i] && records[i] == was_rec[i]), "other blocks stay");
	}
	REACHED(b.order == 2U && to == 0U && b.bad == 3U);
}

void proof_quarantine(void)
{
	const uint64_t pfn = nondet_u64();
	uint8_t leaf = 9;
	uint8_t order = 9;
	fh_status st;

	any_state();
	st = pool_quarantine(&p, pfn, &leaf, &order);
	ASSERT(well_formed(&p), "well-formed after");
	ASSERT(bad_listed(&p), "the page is in its list, and what is worth whole is without it");
	ASSERT((st == FH_ENOENT) == (pfn - BASE_PFN >= PAGES), "only the pool's");
	for (uint32_t i = 0; i < PAGES && st == FH_OK; i++) {
		if (BASE_PFN + i == pfn) {
			ASSERT(is_bad(i), "it is out");
		} else {
			ASSERT((starts(i) && !is_free(i)) == (was_start[i] && !was_free[i]), "other blocks stay");
		}
	}
	for (uint32_t j = 0; j < 3U; j++) {
		ASSERT(p.zones[0].nr_free[j] == was_nr_free[j] - (st == FH_OK && j == order ? 1U : 0U) +
							(st == FH_OK && j < order ? 1U : 0U),
		       "the histogram");
	}
	REACHED(st == FH_OK && order == 2U);
}

/* Questions with any address: in bounds, and what comes is a block or range that holds the address. */
void proof_ask(void)
{
	const uint64_t addr = nondet_u64();
	struct pool_info info;

	any_state();
	if (pool_owner(&p, pa(addr), &info) == FH_OK) {
		ASSERT(range_has(info.range, addr), "it holds the address");
	}
	if (pool_next_block(&p, pa(addr), &info) == FH_OK) {
		ASSERT(range_end(info.range) > addr, "it ends after the address");
		REACHED(info.order == 2U);
	}
}
