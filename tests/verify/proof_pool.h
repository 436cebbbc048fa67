/* SPDX-License-Identifier: MIT */
/*
 * A leaf of 4 pages, orders 0 to 2: what it is to be well-formed, written as a condition on each of its records and not
 * as a walk. proof_accept and proof_refuse (proof_pool.c) show that it is what the audit accepts, no more and no less.
 */
#ifndef TESTS_VERIFY_PROOF_POOL_H
#define TESTS_VERIFY_PROOF_POOL_H

#include "core/pool/pool_internal.h"
#include "tests/verify/proof.h"

#define PAGES 4U
#define BASE_PFN UINT64_C(0x1000)

static uint64_t records[PAGES];

/* What never changes: one bank, one range, one zone. */
static void fixed_pool(struct pool *p)
{
	p->nr_zones = 1;
	p->nr_banks = 1;
	p->nr_ranges = 1;
	p->banks[0] = (struct pool_ram){ BASE_PFN, PAGES, records, NULL };
	p->ranges[0] = (struct pool_range){ BASE_PFN, BASE_PFN + PAGES, POOL_FREE, DOMID_NONE, 0, 0 };
	p->zones[0].parent = POOL_NO_ZONE;
	p->zones[0].leaf = true;
	p->zones[0].max_order = 2;
	p->zones[0].base_pfn = BASE_PFN;
	p->zones[0].end_pfn = BASE_PFN + PAGES;
	p->zones[0].pages = PAGES;
}

static void havoc_pool(struct pool *p)
{
	fixed_pool(p);
	for (uint32_t i = 0; i < PAGES; i++) {
		records[i] = nondet_u64();
	}
	for (uint32_t k = 0; k < 3U; k++) {
		p->zones[0].nr_free[k] = nondet_u64();
		p->zones[0].head[k] = nondet_u32();
	}
	p->zones[0].mask = nondet_u32();
	ASSUME(p->zones[0].mask >> 3 == 0U); /* the audit looks at the bits of orders only */
	p->zones[0].free_pages = nondet_u64();
	p->zones[0].bad = nondet_u32();
	for (uint32_t k = 0; k < 3U; k++) {
		p->zones[0].whole[k] = nondet_u64();
	}
}

static bool half_pair(uint32_t i)
{
	return rec_order(records[i]) == 1U;
}

static bool whole(void)
{
	return rec_order(records[0]) == 2U;
}

/* Whether a block starts at page i. */
static bool starts(uint32_t i)
{
	return i == 0U || (!whole() && (i == 2U || !half_pair(i - 1U)));
}

static bool is_free(uint32_t i)
{
	return starts(i) && rec_state(records[i]) == POOL_FREE;
}

static uint32_t count_free(uint32_t order)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < PAGES; i++) {
		n += is_free(i) && rec_order(records[i]) == order ? 1U : 0U;
	}
	return n;
}

/* The other free page, where there are two: they lie in different halves. */
static uint32_t other(uint32_t i)
{
	const uint32_t far = i < 2U ? 2U : 0U;

	return is_free(far) && rec_order(records[far]) == 0U ? far : far + 1U;
}

static bool listed(const struct pool_zone *z, uint32_t i)
{
	const uint8_t k = rec_order(records[i]);
	const uint32_t next = k == 0U && count_free(0) == 2U ? other(i) : i;

	return FIELD_GET(REC_NEXT, records[i]) == next && FIELD_GET(REC_PREV, records[i]) == next &&
	       (k == 0U ? z->head[0] == i || z->head[0] == next :
		k == 1U ? z->head[1] == i :
			  z->head[2] == i);
}

static bool placed(uint32_t i)
{
	const uint8_t k = rec_order(records[i]);
	const enum pool_state s = rec_state(records[i]);

	return (k == 0U || (k == 1U && i % 2U == 0U) || (k == 2U && i == 0U)) &&
	       (s == POOL_FREE || s == POOL_OWNED || s == POOL_QUARANTINED);
}

static bool well_formed(const struct pool *p)
{
	const struct pool_zone *z = &p->zones[0];
	bool good = true;
	uint64_t pages = 0;

	for (uint32_t i = 0; i < PAGES; i++) {
		good = good && (!starts(i) || placed(i)) && (!is_free(i) || listed(z, i));
	}
	good = good && (whole() || half_pair(0) || !is_free(0) || !is_free(1));
	good = good && (whole() || half_pair(2) || !is_free(2) || !is_free(3));
	good = good && (whole() || !half_pair(0) || !half_pair(2) || !is_free(0) || !is_free(2));
	for (uint32_t k = 0; k < 3U; k++) {
		good = good && z->nr_free[k] == count_free(k) && ((z->mask >> k) & 1U) == (count_free(k) != 0U);
		pages += (uint64_t)count_free(k) << k;
	}
	return good && z->free_pages == pages && z->mask >> 3 == 0U;
}

/* --- quarantined pages: they are of no concern to the audit --------------------------------------------------------- */

static bool is_bad(uint32_t i)
{
	return starts(i) && rec_state(records[i]) == POOL_QUARANTINED;
}

/* Of 2^order pages from i on, none is quarantined. */
static bool all_good(uint32_t i, uint32_t order)
{
	bool good = true;

	for (uint32_t j = 0; j < PAGES; j++) {
		good = good && (j < i || j >= i + (1U << order) || !is_bad(j));
	}
	return good;
}

static uint32_t next_in_list(uint32_t at)
{
	return (uint32_t)FIELD_GET(REC_NEXT, records[at]);
}

/* Only pages are quarantined; the list has each once, and the last names itself; `whole` is what is without them. */
static bool bad_listed(const struct pool *p)
{
	const struct pool_zone *z = &p->zones[0];
	uint32_t n = 0;
	uint32_t seen = 0;
	uint32_t at = z->bad;
	bool good = true;

	for (uint32_t i = 0; i < PAGES; i++) {
		n += is_bad(i) ? 1U : 0U;
		good = good && (!is_bad(i) || rec_order(records[i]) == 0U);
	}
	good = good && (n == 0U) == (at == POOL_NO_PAGE);
	for (uint32_t i = 0; i < PAGES && good; i++) {
		if (i < n) {
			good = at < PAGES && is_bad(at) && ((seen >> at) & 1U) == 0U &&
			       (i + 1U == n) == (next_in_list(at) == at);
			seen |= good ? 1U << at : 0U;
			at = good ? next_in_list(at) : at;
		}
	}
	return good && z->whole[0] == PAGES - n &&
	       z->whole[1] == (all_good(0, 1) ? 1U : 0U) + (all_good(2, 1) ? 1U : 0U) &&
	       z->whole[2] == (all_good(0, 2) ? 1U : 0U);
}

/* --- a state before, to compare with ------------------------------------------------------------------------------- */

static uint64_t was_rec[PAGES];
static bool was_start[PAGES];
static bool was_free[PAGES];
static uint64_t was_nr_free[3];

static void remember(const struct pool *p)
{
	for (uint32_t i = 0; i < PAGES; i++) {
		was_rec[i] = records[i];
		was_start[i] = starts(i);
		was_free[i] = is_free(i);
	}
	for (uint32_t k = 0; k < 3U; k++) {
		was_nr_free[k] = p->zones[0].nr_free[k];
	}
}

#endif
