/* SPDX-License-Identifier: MIT */
/* Taking blocks out of stage 2 while the domain runs. */
#include "arch/arm64/mm/stage2_internal.h"
#include "arch/tlb.h"
#include "core/log/log.h"

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
