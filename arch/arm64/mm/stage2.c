/* SPDX-License-Identifier: MIT */
/* Changing stage 2: preparing, committing, taking out. */
#include "arch/arm64/mm/stage2.h"

#include "arch/arm64/mm/el2_map.h"
#include "arch/arm64/mm/stage2_internal.h"
#include "arch/barrier.h"
#include "arch/cache.h"
#include "arch/tlb.h"
#include "core/log/log.h"

#define TURN_MAX 1024U /* leaves of one s2_turn() */

void s2_init(struct s2 *s, paddr_t root, uint16_t vmid)
{
	uint64_t *table = el2_hyp_va(root);

	/* Once: in a later life somebody may be looking at it. */
	if (s->lock.bit == 0U) {
		lock_init(&s->lock, RANK_STAGE2);
	}
	cache_zero(table, PAGE_SIZE << S2_ROOT_ORDER);
	s->root = table;
	s->free_list = NULL;
	s->nr_free = 0;
	s->low = UINT64_MAX;
	s->high = 0;
	s->vttbr = pa_val(root) | ((uint64_t)vmid << 48);
	dsb(ishst);
}

void s2_give_table(struct s2 *s, paddr_t page)
{
	uint64_t *table = el2_hyp_va(page);

	cache_zero(table, PAGE_SIZE);
	lock_acquire(&s->lock);
	s2_put_table(s, table);
	lock_release(&s->lock);
}

void s2_put_table(struct s2 *s, uint64_t *table)
{
	table[0] = (uint64_t)(uintptr_t)s->free_list;
	s->free_list = table;
	s->nr_free++;
}

uint64_t *s2_take_table(struct s2 *s)
{
	uint64_t *table = s->free_list;

	if (table != NULL) {
		s->free_list = (uint64_t *)(uintptr_t)table[0];
		table[0] = 0;
		s->nr_free--;
	}
	return table;
}

static uint64_t leaf_attrs(enum s2_kind kind)
{
	return kind == S2_DEVICE ? S2_LEAF_COMMON | S2_MEMATTR(S2_ATTR_DEVICE) | S2_XN : s2_ram_leaf;
}

static unsigned int leaf_level(uint64_t ipa, uint64_t where, uint64_t size)
{
	for (unsigned int level = 1; level < 3U; level++) {
		if (is_aligned(ipa | where, LEVEL_SIZE(level)) && size >= LEVEL_SIZE(level)) {
			return level;
		}
	}
	return 3;
}

/* How many leaves of `level`, from ipa on, lie in one table and within size bytes; 1 at least. */
static uint64_t run_length(uint64_t ipa, uint64_t size, unsigned int level)
{
	const uint64_t in_table = PTES_PER_TABLE - LEVEL_INDEX(ipa, level);

	return MIN(in_table, size >> LEVEL_SHIFT(level));
}

/*
 * Whether [ipa, ipa + size) is free of leaves, and how many tables its leaves will want. A run of leaves shares its
 * tables, so those that are missing are counted once: below where the walk ends, unless the run before ended there.
 */
static fh_status prepare_check(struct s2 *s, uint64_t ipa, uint64_t where, uint64_t size, uint32_t *tables)
{
	uint64_t counted[4] = { 0, 0, UINT64_MAX, UINT64_MAX };

	*tables = 0;
	while (size != 0U) {
		const unsigned int level = leaf_level(ipa, where, size);
		const struct s2_pos pos = s2_walk(s, ipa);
		const uint64_t run = run_length(ipa, size, level);

		if (pos.level > level) {
			return FH_EEXIST;
		}
		for (uint64_t i = 0; i < (pos.level == level ? run : 1U); i++) {
			if (pos.entry[i] != 0U) {
				return FH_EEXIST;
			}
		}
		for (unsigned int l = pos.level + 1U; l <= level; l++) {
			const uint64_t span = ipa >> LEVEL_SHIFT(l - 1U);

			*tables += counted[l] != span ? 1U : 0U;
			counted[l] = span;
		}
		ipa += run << LEVEL_SHIFT(level);
		where += run << LEVEL_SHIFT(level);
		size -= run << LEVEL_SHIFT(level);
	}
	return FH_OK;
}

/* The entry of `level` for ipa; tables are put in where they lack. */
static uint64_t *prepare_entry(struct s2 *s, uint64_t ipa, unsigned int level)
{
	struct s2_pos pos = s2_walk(s, ipa);

	while (pos.level < level) {
		uint64_t *table = s2_take_table(s);

		FH_ASSERT(table != NULL);
		dsb(ishst);
		*pos.entry = s2_table_pa(s, table) | PTE_VALID | PTE_TABLE;
		pos = s2_walk(s, ipa);
	}
	return pos.entry;
}

static bool in_run(uint64_t ipa, uint64_t where, uint64_t start, uint64_t end)
{
	const uint64_t run = PAGE_SIZE << ORDER_64K;
	const uint64_t base = align_down(ipa, run);

	return is_aligned(ipa ^ where, run) && base >= start && base + run <= end;
}

/* The leaves of r, run by run; prepare_check() has found their places empty and the tables there. */
static void fill(struct s2 *s, struct range r, uint64_t to, uint64_t attrs)
{
	uint64_t at = r.base;

	while (at < range_end(r)) {
		const unsigned int level = leaf_level(at, to, range_end(r) - at);
		const uint64_t size = LEVEL_SIZE(level);
		const uint64_t nr = run_length(at, range_end(r) - at, level);
		uint64_t *entry = prepare_entry(s, at, level);

		for (uint64_t i = 0; i < nr; i++, at += size, to += size) {
			const bool run = level == 3U && in_run(at, to, r.base, range_end(r));

			entry[i] = to | attrs | (level == 3U ? PTE_TABLE : 0U) | (run ? PTE_CONT : 0U);
		}
	}
}

fh_status s2_prepare(struct s2 *s, ipaddr_t ipa, paddr_t where, uint64_t size, enum s2_kind kind)
{
	const uint64_t start = ipa_val(ipa);
	uint64_t to = pa_val(where);
	uint32_t tables;
	struct range r;
	fh_status status = range_make(start, size, PAGE_SIZE, &r);

	if (status != FH_OK) {
		return status;
	}
	if (!is_aligned(to, PAGE_SIZE)) {
		return FH_EALIGN;
	}
	if (range_end(r) > BIT(s2_ipa_bits())) {
		return FH_EINVAL;
	}
	lock_acquire(&s->lock);
	status = prepare_check(s, start, to, size, &tables);
	if (status == FH_OK && tables > s->nr_free) {
		status = FH_ENOMEM;
	}
	if (status == FH_OK) {
		fill(s, r, to, leaf_attrs(kind));
		s->low = MIN(s->low, start);
		s->high = MAX(s->high, range_end(r));
	}
	lock_release(&s->lock);
	return status;
}

/* At most `most` places of leaves, and the rest of a table; returns where to go on. */
static uint64_t set_valid(struct s2 *s, uint64_t at, uint64_t end, bool valid, uint64_t most)
{
	uint64_t seen = 0;

	at = MAX(at, s->low);
	end = MIN(end, s->high);
	while (at < end && seen < most) {
		const struct s2_pos pos = s2_walk(s, at);
		const uint64_t size = LEVEL_SIZE(pos.level);
		uint64_t *e = pos.entry;

		/* Leaves of this table, until its end or until an entry leads to another. */
		do {
			if ((*e & S2_LEAF) != 0U) {
				*e = valid ? *e | PTE_VALID : *e & ~PTE_VALID;
			}
			at = align_down(at, size) + size;
			e++;
			seen++;
		} while (at < end && LEVEL_INDEX(at, pos.level) != 0U && (*e == 0U || (*e & S2_LEAF) != 0U));
	}
	return at;
}

void s2_commit(struct s2 *s, ipaddr_t ipa, uint64_t size)
{
	lock_acquire(&s->lock);
	(void)set_valid(s, ipa_val(ipa), ipa_val(ipa) + size, true, UINT64_MAX);
	dsb(ishst);
	isb();
	lock_release(&s->lock);
}

void s2_uncommit(struct s2 *s, ipaddr_t ipa, uint64_t size)
{
	lock_acquire(&s->lock);
	(void)set_valid(s, ipa_val(ipa), ipa_val(ipa) + size, false, UINT64_MAX);
	tlb_inval_vmid(s->vttbr);
	lock_release(&s->lock);
}

bool s2_turn(struct s2 *s, uint64_t *from, bool valid)
{
	bool all;

	lock_acquire(&s->lock);
	*from = set_valid(s, *from, s->high, valid, TURN_MAX);
	all = *from >= s->high;
	if (all && !valid) {
		tlb_inval_vmid(s->vttbr);
	}
	dsb(ishst);
	isb();
	lock_release(&s->lock);
	return all;
}
