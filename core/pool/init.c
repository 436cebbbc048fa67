/* SPDX-License-Identifier: MIT */
/* Making a pool: zones and banks are checked here once, and trusted from then on. */
#include "core/pool/pool_internal.h"

static fh_status check_zone(const struct pool_zone_desc *zones, uint32_t i)
{
	const struct pool_zone_desc *z = &zones[i];

	if (z->name == NULL || z->max_order > POOL_MAX_ORDER) {
		return FH_EINVAL;
	}
	if (z->parent != POOL_NO_ZONE && (z->parent >= i || zones[z->parent].leaf)) {
		return FH_EINVAL;
	}
	if (!z->leaf) {
		return FH_OK;
	}
	if (z->range.size == 0U || z->range.base > UINT64_MAX - z->range.size) {
		return FH_EINVAL;
	}
	if (!is_aligned(z->range.base | z->range.size, PAGE_SIZE)) {
		return FH_EALIGN;
	}
	if (z->range.size >> PAGE_SHIFT > POOL_LEAF_PAGES) {
		return FH_EOVERFLOW;
	}
	for (uint32_t j = 0; j < i; j++) {
		if (zones[j].leaf && range_overlaps(zones[j].range, z->range)) {
			return FH_EEXIST;
		}
	}
	return FH_OK;
}

static bool has_child(const struct pool_zone_desc *zones, uint32_t nr, uint32_t i)
{
	for (uint32_t j = i + 1U; j < nr; j++) {
		if (zones[j].parent == i) {
			return true;
		}
	}
	return false;
}

static fh_status check_zones(const struct pool_zone_desc *zones, uint32_t nr)
{
	if (zones == NULL || nr == 0U || nr > POOL_MAX_ZONES) {
		return FH_EINVAL;
	}
	for (uint32_t i = 0; i < nr; i++) {
		const fh_status st = check_zone(zones, i);

		if (st != FH_OK) {
			return st;
		}
		if (!zones[i].leaf && !has_child(zones, nr, i)) {
			return FH_EINVAL;
		}
	}
	return FH_OK;
}

static fh_status check_banks(const struct pool_bank *banks, uint32_t nr)
{
	if (banks == NULL || nr == 0U || nr > POOL_MAX_BANKS) {
		return FH_EINVAL;
	}
	for (uint32_t i = 0; i < nr; i++) {
		const struct pool_bank *b = &banks[i];

		if (b->records == NULL || b->nr_pages == 0U) {
			return FH_EINVAL;
		}
		if (b->base_pfn > BIT(52) || b->nr_pages > BIT(52) - b->base_pfn) {
			return FH_EOVERFLOW;
		}
		for (uint32_t j = 0; j < i; j++) {
			if (b->base_pfn < banks[j].base_pfn + banks[j].nr_pages &&
			    banks[j].base_pfn < b->base_pfn + b->nr_pages) {
				return FH_EEXIST;
			}
		}
	}
	return FH_OK;
}

static void init_zone(struct pool_zone *z, const struct pool_zone_desc *d)
{
	*z = (struct pool_zone){
		.name = d->name,
		.parent = d->parent,
		.leaf = d->leaf,
		.max_order = d->leaf ? d->max_order : 0U,
		.bad = POOL_NO_PAGE,
	};
	if (d->leaf) {
		z->base_pfn = d->range.base >> PAGE_SHIFT;
		z->end_pfn = range_end(d->range) >> PAGE_SHIFT;
	}
}

/* Puts a bank in its place by address. */
static void insert_bank(struct pool *p, const struct pool_bank *b)
{
	uint32_t i = p->nr_banks++;

	for (; i != 0U && p->banks[i - 1U].base_pfn > b->base_pfn; i--) {
		p->banks[i] = p->banks[i - 1U];
	}
	p->banks[i] = (struct pool_ram){ b->base_pfn, b->nr_pages, b->records, NULL };
}

fh_status pool_init(struct pool *p, const struct pool_zone_desc *zones, uint32_t nr_zones,
		    const struct pool_bank *banks, uint32_t nr_banks)
{
	fh_status st = check_zones(zones, nr_zones);

	if (st == FH_OK) {
		st = check_banks(banks, nr_banks);
	}
	if (st != FH_OK) {
		return st;
	}
	p->nr_zones = nr_zones;
	p->nr_banks = 0;
	p->nr_ranges = 0;
	for (uint32_t i = 0; i < nr_zones; i++) {
		init_zone(&p->zones[i], &zones[i]);
	}
	for (uint32_t i = nr_zones - 1U; i != 0U; i--) { /* children first */
		const struct pool_zone *z = &p->zones[i];

		if (z->parent != POOL_NO_ZONE) {
			p->zones[z->parent].max_order = MAX(p->zones[z->parent].max_order, z->max_order);
		}
	}
	for (uint32_t i = 0; i < nr_banks; i++) {
		insert_bank(p, &banks[i]);
	}
	return FH_OK;
}
