/* SPDX-License-Identifier: MIT */
/* The range table: what each part of RAM is for. Changed at boot, and when the payload goes; read at each free. */
#include "core/pool/pool_internal.h"

uint32_t pool_range_after(const struct pool *p, uint64_t pfn)
{
	uint32_t lo = 0;
	uint32_t hi = p->nr_ranges;

	while (lo < hi) {
		const uint32_t mid = (lo + hi) / 2U;

		if (p->ranges[mid].end_pfn > pfn) {
			hi = mid;
		} else {
			lo = mid + 1U;
		}
	}
	return lo;
}

/* Checks that r may be entered; *e gets its pages and its bank, *at its place. */
static fh_status check_new(const struct pool *p, struct range r, struct pool_range *e, uint32_t *at)
{
	uint32_t bank;

	if (r.size == 0U || r.base > UINT64_MAX - r.size) {
		return FH_EINVAL;
	}
	if (!is_aligned(r.base | r.size, PAGE_SIZE)) {
		return FH_EALIGN;
	}
	e->pfn = r.base >> PAGE_SHIFT;
	e->end_pfn = range_end(r) >> PAGE_SHIFT;
	bank = pool_bank_of(p, e->pfn);
	if (bank == p->nr_banks || e->end_pfn > p->banks[bank].base_pfn + p->banks[bank].nr_pages) {
		return FH_ENOENT;
	}
	e->bank = (uint8_t)bank;
	*at = pool_range_after(p, e->pfn);
	if (*at < p->nr_ranges && p->ranges[*at].pfn < e->end_pfn) {
		return FH_EEXIST;
	}
	return FH_OK;
}

static void remove_at(struct pool *p, uint32_t at)
{
	p->nr_ranges--;
	for (uint32_t i = at; i < p->nr_ranges; i++) {
		p->ranges[i] = p->ranges[i + 1U];
	}
}

static fh_status insert_at(struct pool *p, uint32_t at, const struct pool_range *e)
{
	if (p->nr_ranges == POOL_MAX_RANGES) {
		return FH_EOVERFLOW;
	}
	for (uint32_t i = p->nr_ranges; i > at; i--) {
		p->ranges[i] = p->ranges[i - 1U];
	}
	p->ranges[at] = *e;
	p->nr_ranges++;
	return FH_OK;
}

fh_status pool_own_range(struct pool *p, struct range r, enum pool_state state, domid_t owner)
{
	struct pool_range e = { .state = state, .owner = DOMID_NONE, .zone = POOL_NO_ZONE };
	uint32_t at;
	fh_status st;

	if (state < POOL_STATIC || state > POOL_RESERVED) {
		return FH_EINVAL;
	}
	if (state == POOL_STATIC) {
		e.owner = owner;
	}
	st = check_new(p, r, &e, &at);
	return st == FH_OK ? insert_at(p, at, &e) : st;
}

fh_status pool_disown_range(struct pool *p, struct range r)
{
	const uint64_t pfn = r.base >> PAGE_SHIFT;
	const uint32_t at = pool_range_after(p, pfn);

	if (at == p->nr_ranges || p->ranges[at].state == POOL_FREE || p->ranges[at].pfn << PAGE_SHIFT != r.base ||
	    (p->ranges[at].end_pfn - p->ranges[at].pfn) << PAGE_SHIFT != r.size) {
		return FH_ENOENT;
	}
	pool_set_range_dirty(p, p->ranges[at].pfn, p->ranges[at].end_pfn);
	remove_at(p, at);
	return FH_OK;
}

uint8_t pool_fit_order(const struct pool *p, uint8_t leaf, uint64_t pfn, uint64_t end)
{
	unsigned int order = ilog2(end - pfn);

	if (pfn != 0U) {
		order = MIN(order, ctz64(pfn));
	}
	return (uint8_t)MIN(order, p->zones[leaf].max_order);
}

static bool joins(const struct pool_range *a, const struct pool_range *b)
{
	return a->end_pfn == b->pfn && a->state == POOL_FREE && b->state == POOL_FREE && a->zone == b->zone &&
	       a->bank == b->bank;
}

static fh_status enter(struct pool *p, uint32_t at, const struct pool_range *e)
{
	const bool left = at != 0U && joins(&p->ranges[at - 1U], e);
	const bool right = at < p->nr_ranges && joins(e, &p->ranges[at]);

	if (left) {
		p->ranges[at - 1U].end_pfn = right ? p->ranges[at].end_pfn : e->end_pfn;
		if (right) {
			remove_at(p, at);
		}
		return FH_OK;
	}
	if (right) {
		p->ranges[at].pfn = e->pfn;
		return FH_OK;
	}
	return insert_at(p, at, e);
}

fh_status pool_enter_range(struct pool *p, uint8_t leaf, struct range r)
{
	struct pool_range e = { .state = POOL_FREE, .owner = DOMID_NONE, .zone = leaf };
	uint32_t at;
	fh_status st;

	if (leaf >= p->nr_zones || !p->zones[leaf].leaf) {
		return FH_EINVAL;
	}
	st = check_new(p, r, &e, &at);
	if (st != FH_OK) {
		return st;
	}
	if (e.pfn < p->zones[leaf].base_pfn || e.end_pfn > p->zones[leaf].end_pfn) {
		return FH_ENOENT;
	}
	st = enter(p, at, &e);
	if (st != FH_OK) {
		return st;
	}
	for (uint64_t pfn = e.pfn; pfn < e.end_pfn;) {
		const uint8_t order = pool_fit_order(p, leaf, pfn, e.end_pfn);

		*pool_record(p, pfn) = rec_owned(order, DOMID_HYP, DOMID_HYP);
		pfn += BIT(order);
	}
	p->zones[leaf].bank = e.bank;
	for (uint8_t z = leaf; z != POOL_NO_ZONE; z = p->zones[z].parent) {
		p->zones[z].pages += e.end_pfn - e.pfn;
	}
	return FH_OK;
}

uint64_t *pool_record(const struct pool *p, uint64_t pfn)
{
	const uint32_t b = pool_bank_of(p, pfn);

	POOL_ASSERT(b < p->nr_banks);
	return &p->banks[b].records[pfn - p->banks[b].base_pfn];
}
