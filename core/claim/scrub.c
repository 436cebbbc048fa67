/* SPDX-License-Identifier: MIT */
/*
 * Cleaning while the pool is in use. A scrubber publishes what it zeroes, and leaves it on its free list: nothing is
 * lost
 * to a claim meanwhile. A redeemer takes the block at once and, if a part of it is being zeroed, waits for that chunk:
 *
 *     scrubber                          redeemer
 *     lock, publish chunk, unlock
 *     zero, clean                       lock, take the block, unlock
 *     ...                               lock, overlaps a slot, unlock   (again until it does not)
 *     lock, chunk clean, slot empty,
 *     unlock                            lock, no overlap, unlock: the block is its own
 */
#include "core/claim/claim_internal.h"

#include "core/base/bits.h"

/* Whether a scrubber has a part of the pages. */
static bool overlaps(const struct ledger *l, uint64_t pfn, uint64_t pages)
{
	uint32_t left = l->nr_scrubs;

	for (uint32_t i = 0; left != 0U; i++) {
		const struct ledger_scrub *s = &l->scrubs[i];

		if (s->pages != 0U) {
			left--;
			if (pfn < s->pfn + s->pages && s->pfn < pfn + pages) {
				return true;
			}
		}
	}
	return false;
}

/* A function of its own in the image: tests leave a wait's turns out of what a call costs (tests/qemu/exits.py). */
static FH_NOINLINE void wait_turn(struct ledger *l)
{
	lock_release(&l->lock);
	lock_acquire(&l->lock);
}

void scrub_unlock(struct ledger *l, struct claim_block *taken)
{
	const uint64_t pfn = pa_val(taken->base) >> PAGE_SHIFT;

	while (l->nr_scrubs != 0U && overlaps(l, pfn, BIT(taken->order))) {
		wait_turn(l);
	}
	taken->dirty = pool_is_dirty(&l->pool, pfn, taken->order);
	lock_release(&l->lock);
}

fh_status ledger_dirty_map(struct ledger *l, uint64_t base_pfn, uint64_t *words, bool clean)
{
	fh_status st;

	lock_acquire(&l->lock);
	st = pool_dirty_map(&l->pool, base_pfn, words, clean);
	lock_release(&l->lock);
	return st;
}

bool ledger_range_dirty(struct ledger *l, struct range r)
{
	bool dirty;

	lock_acquire(&l->lock);
	dirty = pool_range_dirty(&l->pool, r.base >> PAGE_SHIFT, range_end(r) >> PAGE_SHIFT);
	lock_release(&l->lock);
	return dirty;
}

/* Looks on for a chunk that no other scrubber has. *order: its largest, and what it is. */
static fh_status find(struct ledger *l, uint64_t *pfn, unsigned int *order)
{
	if (l->scrub_at == POOL_FIND_END) {
		if (!l->scrub_more) {
			return FH_ENOENT;
		}
		l->scrub_at = 0;
		l->scrub_more = false;
	}
	if (!pool_find_dirty(&l->pool, &l->scrub_at, pfn, order)) {
		return FH_EBUSY;
	}
	l->scrub_more = true;
	l->scrub_at = *pfn + BIT(*order);
	return overlaps(l, *pfn, BIT(*order)) ? FH_EBUSY : FH_OK;
}

fh_status ledger_scrub_begin(struct ledger *l, uint32_t scrubber, uint8_t max_order, struct claim_block *chunk)
{
	unsigned int order = MIN(max_order, POOL_SCRUB_ORDER);
	uint64_t pfn = 0;
	fh_status st;

	if (scrubber >= LEDGER_MAX_SCRUBBERS) {
		return FH_EINVAL;
	}
	lock_acquire(&l->lock);
	st = l->scrubs[scrubber].pages != 0U ? FH_EEXIST : find(l, &pfn, &order);
	if (st == FH_OK) {
		l->scrubs[scrubber] = (struct ledger_scrub){ pfn, BIT(order) };
		l->nr_scrubs++;
		*chunk = (struct claim_block){ pa(pfn << PAGE_SHIFT), (uint8_t)order, true };
	}
	lock_release(&l->lock);
	return st;
}

fh_status ledger_scrub_end(struct ledger *l, uint32_t scrubber)
{
	fh_status st = FH_EBUSY;

	if (scrubber >= LEDGER_MAX_SCRUBBERS) {
		return FH_EINVAL;
	}
	lock_acquire(&l->lock);
	if (l->scrubs[scrubber].pages != 0U) {
		struct ledger_scrub *s = &l->scrubs[scrubber];

		pool_set_dirty(&l->pool, s->pfn, ctz64(s->pages), false);
		s->pages = 0;
		l->nr_scrubs--;
		st = FH_OK;
	}
	lock_release(&l->lock);
	return st;
}

fh_status ledger_cleaned(struct ledger *l, domid_t owner, struct claim_block b)
{
	struct pool_info info;
	fh_status st;

	if (b.order > POOL_MAX_ORDER) {
		return FH_EINVAL;
	}
	if (!is_aligned(pa_val(b.base), PAGE_SIZE << b.order)) {
		return FH_EALIGN;
	}
	lock_acquire(&l->lock);
	st = pool_owner(&l->pool, b.base, &info);
	if (st == FH_OK && info.zone == POOL_NO_ZONE) {
		st = FH_ENOENT;
	} else if (st == FH_OK && (info.state != POOL_OWNED || info.owner != owner)) {
		st = FH_EDENIED;
	} else if (st == FH_OK && info.order < b.order) {
		st = FH_EINVAL;
	}
	if (st == FH_OK) {
		pool_set_dirty(&l->pool, pa_val(b.base) >> PAGE_SHIFT, b.order, false);
	}
	lock_release(&l->lock);
	return st;
}
