/* SPDX-License-Identifier: MIT */
/* Single blocks into stage 2 and out of it, while the domain runs. */
#include "arch/barrier.h"
#include "arch/arm64/mm/stage2_internal.h"
#include "arch/tlb.h"
#include "core/log/log.h"

/* Whether n entries from e on are free. */
static bool is_free(const uint64_t *e, uint64_t n)
{
	uint64_t any = 0;

	for (uint64_t i = 0; i < n; i++) {
		any |= e[i];
	}
	return any == 0U;
}

/* Puts tables in from where the walk ended down to `level`. */
static struct s2_pos add_tables(struct s2 *s, uint64_t at, struct s2_pos pos, unsigned int level)
{
	while (pos.level < level) {
		uint64_t *table = s2_take_table(s);

		dsb(ishst);
		*pos.entry = s2_table_pa(s, table) | PTE_VALID | PTE_TABLE;
		pos.level++;
		pos.entry = &table[LEVEL_INDEX(at, pos.level)];
	}
	return pos;
}

fh_status s2_map(struct s2 *s, ipaddr_t ipa, paddr_t where, uint8_t order, bool valid)
{
	const uint64_t at = ipa_val(ipa);
	const unsigned int level = order >= ORDER_1G ? 1U : order >= ORDER_2M ? 2U : 3U;
	const uint64_t n = BIT(order - 9U * (3U - level));
	uint64_t e = pa_val(where) | s2_ram_leaf | (valid ? PTE_VALID : 0U);
	fh_status status = FH_OK;

	if (level == 3U) {
		e |= PTE_TABLE | (order >= ORDER_64K ? PTE_CONT : 0U);
	}
	lock_acquire(&s->lock);
	struct s2_pos pos = s2_walk_to(s, at, level);

	/* A table in the place of a block is not empty: s2_unmap() takes those out. */
	if (!is_free(pos.entry, pos.level == level ? n : 1U)) {
		status = FH_EEXIST;
	} else if (level - pos.level > s->nr_free) {
		status = FH_ENOMEM;
	} else {
		pos = add_tables(s, at, pos, level);
		for (uint64_t i = 0; i < n; i++, e += LEVEL_SIZE(level)) {
			pos.entry[i] = e;
		}
		s->low = MIN(s->low, at);
		s->high = MAX(s->high, at + (PAGE_SIZE << order));
		dsb(ishst);
	}
	lock_release(&s->lock);
	return status;
}

static bool is_empty(const uint64_t *table)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i < PTES_PER_TABLE; i += 8U) {
		any |= table[i] | table[i + 1U] | table[i + 2U] | table[i + 3U] | table[i + 4U] | table[i + 5U] |
		       table[i + 6U] | table[i + 7U];
	}
	return any == 0U;
}

void s2_unmap(struct s2 *s, ipaddr_t ipa, uint64_t size)
{
	uint64_t *path[4];
	uint64_t *empty[2];
	uint32_t nr_empty = 0;

	lock_acquire(&s->lock);
	unsigned int level = s2_walk_path(s, ipa_val(ipa), path);

	/* A block is aligned to its size: all its leaves stand in one table. */
	for (uint64_t i = 0; i < size >> LEVEL_SHIFT(level); i++) {
		FH_ASSERT((path[level][i] & S2_LEAF) != 0U);
		path[level][i] = 0;
	}
	for (; level > 1U; level--) {
		uint64_t *table = (uint64_t *)(align_down((uintptr_t)path[level], PAGE_SIZE));

		if (!is_empty(table)) {
			break;
		}
		*path[level - 1U] = 0;
		empty[nr_empty++] = table;
	}
	tlb_inval_vmid(s->vttbr);
	while (nr_empty != 0U) {
		s2_put_table(s, empty[--nr_empty]);
	}
	lock_release(&s->lock);
}

void s2_drop(struct s2 *s)
{
	lock_acquire(&s->lock);
	s->low = UINT64_MAX;
	s->high = 0;
	s->root = NULL;
	lock_release(&s->lock);
}
