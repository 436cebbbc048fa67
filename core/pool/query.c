/* SPDX-License-Identifier: MIT */
/* Who owns a page, and which block is it in. */
#include "core/pool/pool_internal.h"

uint64_t pool_block_at(const struct pool *p, const struct pool_range *r, uint64_t pfn, uint8_t *order, uint64_t *rec)
{
	const struct pool_ram *b = &p->banks[r->bank];
	const uint64_t base = b->base_pfn;
	const uint64_t first = r->pfn;
	unsigned int k = p->zones[r->zone].max_order;

	for (;; k--) {
		const uint64_t head = pfn >> k << k;

		if (head >= first && rec_order(b->records[head - base]) == k) {
			*rec = b->records[head - base];
			*order = (uint8_t)k;
			return head;
		}
		POOL_ASSERT(k != 0U); /* the pages of a range are covered by blocks */
	}
}

static struct range pages(uint64_t pfn, uint64_t end)
{
	return (struct range){ pfn << PAGE_SHIFT, (end - pfn) << PAGE_SHIFT };
}

static void describe(const struct pool *p, const struct pool_range *r, uint64_t pfn, struct pool_info *out)
{
	uint64_t head;
	uint64_t rec;

	*out = (struct pool_info){ .range = pages(r->pfn, r->end_pfn),
				   .state = r->state,
				   .owner = r->owner,
				   .payer = DOMID_NONE,
				   .zone = r->zone };
	if (r->state != POOL_FREE) {
		return;
	}
	head = pool_block_at(p, r, pfn, &out->order, &rec);
	out->range = pages(head, head + BIT(out->order));
	out->state = rec_state(rec);
	if (out->state == POOL_OWNED) {
		out->owner = (domid_t)FIELD_GET(REC_OWNER, rec);
		out->payer = (domid_t)FIELD_GET(REC_PAYER, rec);
	}
}

fh_status pool_owner(const struct pool *p, paddr_t addr, struct pool_info *out)
{
	const uint64_t pfn = pa_val(addr) >> PAGE_SHIFT;
	const uint32_t bank = pool_bank_of(p, pfn);
	const uint32_t at = pool_range_after(p, pfn);
	uint64_t from;
	uint64_t to;

	if (bank == p->nr_banks) {
		return FH_ENOENT;
	}
	if (at < p->nr_ranges && p->ranges[at].pfn <= pfn) {
		describe(p, &p->ranges[at], pfn, out);
		return FH_OK;
	}
	from = p->banks[bank].base_pfn;
	to = from + p->banks[bank].nr_pages;
	if (at != 0U) {
		from = MAX(from, p->ranges[at - 1U].end_pfn);
	}
	if (at < p->nr_ranges) {
		to = MIN(to, p->ranges[at].pfn);
	}
	*out = (struct pool_info){ .range = pages(from, to),
				   .state = POOL_UNUSED,
				   .owner = DOMID_NONE,
				   .payer = DOMID_NONE,
				   .zone = POOL_NO_ZONE };
	return FH_OK;
}

fh_status pool_next_block(const struct pool *p, paddr_t addr, struct pool_info *out)
{
	const uint64_t pfn = pa_val(addr) >> PAGE_SHIFT;

	for (uint32_t b = 0; b < p->nr_banks; b++) {
		const struct pool_ram *bank = &p->banks[b];

		if (pfn < bank->base_pfn + bank->nr_pages) {
			return pool_owner(p, pa(MAX(pfn, bank->base_pfn) << PAGE_SHIFT), out);
		}
	}
	return FH_ENOENT;
}

fh_status pool_find_owned(const struct pool *p, domid_t owner, paddr_t addr, uint8_t order, struct pool_owned *out)
{
	const uint64_t pfn = pa_val(addr) >> PAGE_SHIFT;
	const uint32_t at = pool_range_after(p, pfn);
	uint64_t head;
	uint64_t rec;
	uint8_t k;

	if (order > POOL_MAX_ORDER) {
		return FH_EINVAL;
	}
	if (!is_aligned(pa_val(addr), PAGE_SIZE << order)) {
		return FH_EALIGN;
	}
	if (at == p->nr_ranges || p->ranges[at].pfn > pfn || p->ranges[at].state != POOL_FREE) {
		return FH_ENOENT;
	}
	head = pool_block_at(p, &p->ranges[at], pfn, &k, &rec);
	if (rec_state(rec) == POOL_FREE) {
		return FH_ESTALE;
	}
	if (rec_state(rec) == POOL_QUARANTINED) {
		return FH_EREVOKED;
	}
	if (FIELD_GET(REC_OWNER, rec) != owner) {
		return FH_EDENIED;
	}
	if (head != pfn || k != order) {
		return FH_EINVAL;
	}
	*out = (struct pool_owned){ .pfn = pfn,
				    .owner = owner,
				    .payer = (domid_t)FIELD_GET(REC_PAYER, rec),
				    .zone = p->ranges[at].zone,
				    .order = order,
				    .bad = (uint32_t)FIELD_GET(REC_BAD, rec),
				    .range = &p->ranges[at] };
	return FH_OK;
}
