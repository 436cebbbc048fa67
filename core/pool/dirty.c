/* SPDX-License-Identifier: MIT */
/*
 * Which memory is not known to be zero and clean to the point of coherency. The map lies beside the buddy, so that
 * clean and dirty blocks merge: two bits for each 2 MiB, and a bit for each page where a 2 MiB is mixed.
 *
 *     words of a bank | 2 bits a chunk, 32 in a word | 8 words a chunk: bit set, page dirty (only if it is mixed) |
 *
 * DIRTY is 0, the safe state. A mixed chunk has both kinds of pages: equal memory has equal maps.
 */
#include "core/pool/pool_internal.h"

#define CHUNK_ORDER ORDER_2M
#define CHUNK_PAGES BIT(CHUNK_ORDER)
#define CHUNK_WORDS (CHUNK_PAGES / 64U)
#define IN_WORD 32U /* chunks */
#define ALL_CLEAN UINT64_C(0x5555555555555555)

enum chunk_state { CHUNK_DIRTY, CHUNK_CLEAN, CHUNK_MIXED };

static uint64_t nr_chunks(uint64_t base_pfn, uint64_t nr_pages)
{
	return ((base_pfn + nr_pages - 1U) >> CHUNK_ORDER) - (base_pfn >> CHUNK_ORDER) + 1U;
}

static uint64_t coarse_words(const struct pool_ram *b)
{
	return (nr_chunks(b->base_pfn, b->nr_pages) + IN_WORD - 1U) / IN_WORD;
}

uint64_t pool_dirty_words(uint64_t base_pfn, uint64_t nr_pages)
{
	const uint64_t chunks = nr_chunks(base_pfn, nr_pages);

	return (chunks + IN_WORD - 1U) / IN_WORD + chunks * CHUNK_WORDS;
}

fh_status pool_dirty_map(struct pool *p, uint64_t base_pfn, uint64_t *words, bool clean)
{
	const uint32_t i = pool_bank_of(p, base_pfn);

	if (words == NULL || i == p->nr_banks || p->banks[i].base_pfn != base_pfn) {
		return FH_EINVAL;
	}
	p->banks[i].dirty = words;
	for (uint64_t w = 0; w < coarse_words(&p->banks[i]); w++) {
		words[w] = clean ? ALL_CLEAN : 0U;
	}
	return FH_OK;
}

static uint64_t chunk_of(const struct pool_ram *b, uint64_t pfn)
{
	return (pfn >> CHUNK_ORDER) - (b->base_pfn >> CHUNK_ORDER);
}

static enum chunk_state chunk_state(const struct pool_ram *b, uint64_t chunk)
{
	return (enum chunk_state)((b->dirty[chunk / IN_WORD] >> (2U * (chunk % IN_WORD))) & 3U);
}

static void set_chunk(const struct pool_ram *b, uint64_t chunk, enum chunk_state s)
{
	uint64_t *w = &b->dirty[chunk / IN_WORD];
	const unsigned int shift = (unsigned int)(2U * (chunk % IN_WORD));

	*w = (*w & ~(UINT64_C(3) << shift)) | ((uint64_t)s << shift);
}

static uint64_t *pages_of(const struct pool_ram *b, uint64_t chunk)
{
	return &b->dirty[coarse_words(b) + chunk * CHUNK_WORDS];
}

/* The bits of whole chunks `chunk` up to `end` that lie in the coarse word of `chunk`. */
static uint64_t word_mask(uint64_t chunk, uint64_t end)
{
	const uint64_t last = MIN(end - 1U, chunk | (IN_WORD - 1U));

	return GENMASK(2U * (last % IN_WORD) + 1U, 2U * (chunk % IN_WORD));
}

/* The bits of 2^order pages from pfn, less than a chunk, in word i of its pages. */
static uint64_t page_mask(uint64_t pfn, unsigned int order, unsigned int i)
{
	const uint64_t first = pfn & (CHUNK_PAGES - 1U);

	if (order >= 6U) {
		return i >= first / 64U && i < (first >> 6) + BIT(order - 6U) ? ~UINT64_C(0) : 0U;
	}
	return i == first / 64U ? (BIT(BIT(order)) - 1U) << (first % 64U) : 0U;
}

bool pool_is_dirty(const struct pool *p, uint64_t pfn, unsigned int order)
{
	const struct pool_ram *b = &p->banks[pool_bank_of(p, pfn)];
	uint64_t c;

	if (b->dirty == NULL) {
		return true;
	}
	c = chunk_of(b, pfn);
	if (order == CHUNK_ORDER) {
		return chunk_state(b, c) != CHUNK_CLEAN;
	}
	if (order >= CHUNK_ORDER) {
		const uint64_t end = c + BIT(order - CHUNK_ORDER);
		uint64_t odd = 0;

		for (; c % IN_WORD != 0U && c < end; c = (c | (IN_WORD - 1U)) + 1U) {
			odd |= (b->dirty[c / IN_WORD] ^ ALL_CLEAN) & word_mask(c, end);
		}
		for (; c + IN_WORD <= end; c += IN_WORD) {
			odd |= b->dirty[c / IN_WORD] ^ ALL_CLEAN;
		}
		return odd != 0U || (c < end && ((b->dirty[c / IN_WORD] ^ ALL_CLEAN) & word_mask(c, end)) != 0U);
	}
	if (chunk_state(b, c) != CHUNK_MIXED) {
		return chunk_state(b, c) == CHUNK_DIRTY;
	}
	for (unsigned int i = 0; i < CHUNK_WORDS; i++) {
		if ((pages_of(b, c)[i] & page_mask(pfn, order, i)) != 0U) {
			return true;
		}
	}
	return false;
}

/* Pages of one chunk; the chunk becomes mixed if it must, and stops being so if it can. */
static void set_pages(const struct pool_ram *b, uint64_t pfn, unsigned int order, bool dirty)
{
	const uint64_t c = chunk_of(b, pfn);
	const enum chunk_state was = chunk_state(b, c);
	const unsigned int first = (unsigned int)(pfn & (CHUNK_PAGES - 1U)) / 64U;
	const unsigned int end = first + (order > 6U ? (unsigned int)BIT(order - 6U) : 1U);
	uint64_t *w = pages_of(b, c);
	uint64_t any = 0;
	uint64_t all = ~UINT64_C(0);

	for (unsigned int i = 0; was != CHUNK_MIXED && i < CHUNK_WORDS; i++) {
		w[i] = was == CHUNK_DIRTY ? ~UINT64_C(0) : 0U;
	}
	for (unsigned int i = first; i < end; i++) {
		const uint64_t mask = page_mask(pfn, order, i);

		w[i] = dirty ? w[i] | mask : w[i] & ~mask;
	}
	for (unsigned int i = 0; i < CHUNK_WORDS; i++) {
		any |= w[i];
		all &= w[i];
	}
	set_chunk(b, c, any == 0U ? CHUNK_CLEAN : all == ~UINT64_C(0) ? CHUNK_DIRTY : CHUNK_MIXED);
}

void pool_set_dirty(struct pool *p, uint64_t pfn, unsigned int order, bool dirty)
{
	const struct pool_ram *b = &p->banks[pool_bank_of(p, pfn)];
	uint64_t c;

	if (b->dirty == NULL) {
		return;
	}
	if (order < CHUNK_ORDER) {
		set_pages(b, pfn, order, dirty);
		return;
	}
	c = chunk_of(b, pfn);
	for (const uint64_t end = c + BIT(order - CHUNK_ORDER); c < end; c = (c | (IN_WORD - 1U)) + 1U) {
		const uint64_t mask = word_mask(c, end);
		uint64_t *w = &b->dirty[c / IN_WORD];

		*w = (*w & ~mask) | (dirty ? 0U : ALL_CLEAN & mask);
	}
}

/* The largest aligned block that starts at pfn and ends at end at most. */
static unsigned int piece(uint64_t pfn, uint64_t end)
{
	const unsigned int fit = pfn == 0U ? POOL_MAX_ORDER : ctz64(pfn);

	return MIN(MIN(fit, ilog2(end - pfn)), POOL_MAX_ORDER);
}

void pool_set_range_dirty(struct pool *p, uint64_t pfn, uint64_t end)
{
	for (; pfn < end; pfn += BIT(piece(pfn, end))) {
		pool_set_dirty(p, pfn, piece(pfn, end), true);
	}
}

bool pool_range_dirty(const struct pool *p, uint64_t pfn, uint64_t end)
{
	while (pfn < end && !pool_is_dirty(p, pfn, piece(pfn, end))) {
		pfn += BIT(piece(pfn, end));
	}
	return pfn < end;
}

/* The first dirty page of a chunk from pfn on, before end; end: none. */
static uint64_t first_dirty(const struct pool_ram *b, uint64_t pfn, uint64_t end)
{
	const uint64_t c = chunk_of(b, pfn);

	if (chunk_state(b, c) != CHUNK_MIXED) {
		return chunk_state(b, c) == CHUNK_DIRTY ? pfn : end;
	}
	while (pfn < end) {
		const uint64_t w = pages_of(b, c)[(pfn & (CHUNK_PAGES - 1U)) / 64U] >> (pfn % 64U);

		if (w != 0U) {
			return MIN(pfn + ctz64(w), end);
		}
		pfn = (pfn | 63U) + 1U;
	}
	return end;
}

bool pool_find_dirty(const struct pool *p, uint64_t *at, uint64_t *pfn, unsigned int *order)
{
	for (unsigned int steps = 0; steps < POOL_FIND_STEPS; steps++) {
		const uint32_t i = pool_range_after(p, *at);
		const struct pool_range *r = &p->ranges[i];
		uint64_t head;
		uint64_t rec;
		uint64_t end;
		uint8_t k;

		if (i == p->nr_ranges) {
			*at = POOL_FIND_END;
			return false;
		}
		*at = MAX(*at, r->pfn);
		if (r->state != POOL_FREE || p->banks[r->bank].dirty == NULL) {
			*at = r->end_pfn;
			continue;
		}
		head = pool_block_at(p, r, *at, &k, &rec);
		end = head + BIT(k);
		if (rec_state(rec) != POOL_FREE || !pool_is_dirty(p, head, k)) {
			*at = end;
			continue;
		}
		end = MIN(end, (*at | (CHUNK_PAGES - 1U)) + 1U);
		*at = first_dirty(&p->banks[r->bank], *at, end);
		if (*at < end) {
			*order = MIN(k, *order);
			*pfn = align_down(*at, BIT(*order));
			return true;
		}
	}
	return false;
}
