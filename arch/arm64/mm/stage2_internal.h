/* SPDX-License-Identifier: MIT */
#ifndef ARCH_MM_STAGE2_INTERNAL_H
#define ARCH_MM_STAGE2_INTERNAL_H

#include "arch/arm64/mm/pte.h"
#include "arch/arm64/mm/stage2.h"

/* A software bit: the entry is a leaf, prepared or valid. */
#define S2_LEAF BIT(55)

/* Where an IPA is in the tree: its entry and that entry's level. */
struct s2_pos {
	uint64_t *entry;
	unsigned int level; /* 1 to 3 */
};

/* The entry that decides about ipa: a leaf, or the empty one where the walk ends. */
struct s2_pos s2_walk(struct s2 *s, uint64_t ipa);
/* The same with the entry of each level on the way in path[1] to path[level]; returns the level. */
unsigned int s2_walk_path(struct s2 *s, uint64_t ipa, uint64_t *path[4]);
/* The tables lie in the hyp zone, which is mapped with one offset: the root tells it. */
uint64_t s2_table_pa(const struct s2 *s, const uint64_t *table);
uint64_t *s2_take_table(struct s2 *s);
/* An empty table back to the free ones; no walker uses it. */
void s2_put_table(struct s2 *s, uint64_t *table);

#endif
