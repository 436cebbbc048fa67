/* SPDX-License-Identifier: MIT */
/*
 * Splitting a block and merging it again while the domain runs, by break-before-make (Arm ARM D8.16.1). Nothing in a
 * release does either yet: it is built for the test of what they must not do, CONFIG_TEST_CALLS.
 */
#include "arch/arm64/mm/el2_map.h"
#include "arch/arm64/mm/stage2_internal.h"
#include "arch/barrier.h"
#include "arch/tlb.h"
#include "core/base/string.h"

static void replace(const struct s2 *s, uint64_t *entry, uint64_t by)
{
	*entry = 0;
	tlb_inval_vmid(s->vttbr);
	*entry = by;
	dsb(ishst);
	isb();
}

fh_status s2_split(struct s2 *s, ipaddr_t ipa)
{
	fh_status status = FH_OK;

	if (ipa_val(ipa) >= BIT(s2_ipa_bits())) {
		return FH_ENOENT;
	}
	lock_acquire(&s->lock);
	const struct s2_pos pos = s2_walk(s, ipa_val(ipa));
	const uint64_t old = *pos.entry;

	if ((old & S2_LEAF) == 0U) {
		status = FH_ENOENT;
	} else if (pos.level == 3U) {
		status = FH_EINVAL;
	} else if (s->nr_free == 0U) {
		status = FH_ENOMEM;
	} else {
		uint64_t *table = s2_take_table(s);
		const uint64_t page = pos.level == 2U ? PTE_TABLE : 0U;

		for (uint64_t i = 0; i < PTES_PER_TABLE; i++) {
			table[i] = (old | page) + i * LEVEL_SIZE(pos.level + 1U);
		}
		replace(s, pos.entry, s2_table_pa(s, table) | PTE_VALID | PTE_TABLE);
	}
	lock_release(&s->lock);
	return status;
}

/* Whether a table's entries are one block, cut into leaves of that size. */
static bool is_one(const uint64_t *table, uint64_t leaf)
{
	for (uint64_t i = 1; i < PTES_PER_TABLE; i++) {
		if (table[i] != table[0] + i * leaf) {
			return false;
		}
	}
	return (table[0] & S2_LEAF) != 0U && is_aligned(table[0] & PTE_ADDR, leaf * PTES_PER_TABLE);
}

fh_status s2_merge(struct s2 *s, ipaddr_t ipa)
{
	uint64_t *path[4];
	fh_status status = FH_EINVAL;

	if (ipa_val(ipa) >= BIT(s2_ipa_bits())) {
		return FH_ENOENT;
	}
	lock_acquire(&s->lock);
	const unsigned int level = s2_walk_path(s, ipa_val(ipa), path);
	uint64_t *table = (uint64_t *)align_down((uintptr_t)path[level], PAGE_SIZE);

	/* A table of level 1 is the root: it stays. */
	if (level > 1U && is_one(table, LEVEL_SIZE(level))) {
		replace(s, path[level - 1U], level == 3U ? table[0] & ~PTE_TABLE : table[0]);
		memset(table, 0, PAGE_SIZE);
		s2_put_table(s, table);
		status = FH_OK;
	}
	lock_release(&s->lock);
	return status;
}
