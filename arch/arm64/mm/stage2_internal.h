/* SPDX-License-Identifier: MIT */
#ifndef ARCH_MM_STAGE2_INTERNAL_H
#define ARCH_MM_STAGE2_INTERNAL_H

#include "arch/arm64/mm/pte.h"
#include "arch/arm64/mm/stage2.h"

/* A software bit: the entry is a leaf, prepared or valid. */
#define S2_LEAF BIT(55)
#define S2_LEAF_COMMON (S2_LEAF | S2_READ | S2_WRITE | PTE_AF)

/* Where an IPA is in the tree: its entry and that entry's level. */
struct s2_pos {
	uint64_t *entry;
	unsigned int level; /* 1 to 3 */
};

/* The tables lie in the hyp zone, which is mapped with one offset: the root tells it. */
static inline uint64_t s2_table_pa(const struct s2 *s, const uint64_t *table)
{
	return (uint64_t)(uintptr_t)table - (uint64_t)(uintptr_t)s->root + (s->vttbr & PTE_ADDR);
}
static inline uint64_t *s2_table_at(const struct s2 *s, uint64_t entry)
{
	return (uint64_t *)((uintptr_t)s->root + (entry & PTE_ADDR) - (s->vttbr & PTE_ADDR));
}
static inline bool s2_is_table(uint64_t e)
{
	return (e & (PTE_VALID | PTE_TABLE | S2_LEAF)) == (PTE_VALID | PTE_TABLE);
}
/* The entry for ipa of the level, or of one before it where the walk ends. The root's pages are concatenated: its index
 * has ten bits. */
static inline struct s2_pos s2_walk_to(struct s2 *s, uint64_t ipa, unsigned int level)
{
	struct s2_pos pos = { &s->root[ipa >> LEVEL_SHIFT(1U)], 1 };

	while (pos.level < level && s2_is_table(*pos.entry)) {
		uint64_t *table = s2_table_at(s, *pos.entry);

		pos.level++;
		pos.entry = &table[LEVEL_INDEX(ipa, pos.level)];
	}
	return pos;
}

/* The entry that decides about ipa: a leaf, or the empty one where the walk ends. */
struct s2_pos s2_walk(struct s2 *s, uint64_t ipa);
/* The same with the entry of each level on the way in path[1] to path[level]; returns the level. */
unsigned int s2_walk_path(struct s2 *s, uint64_t ipa, uint64_t *path[4]);
uint64_t *s2_take_table(struct s2 *s);
/* A leaf of RAM, prepared, without its address. Set by s2_machine_init(). */
extern uint64_t s2_ram_leaf;
/* An empty table back to the free ones; no walker uses it. */
void s2_put_table(struct s2 *s, uint64_t *table);

#endif
