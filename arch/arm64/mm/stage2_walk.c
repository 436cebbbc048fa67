/* SPDX-License-Identifier: MIT */
/* The walk, looking up, and the machine's parameters of stage 2. */
#include "arch/arm64/mm/stage2_internal.h"

#ifdef CONFIG_S2FWB
#define USE_FWB true
#else
#define USE_FWB false
#endif

static uint32_t ipa_bits = S2_IPA_BITS_MAX;
static uint64_t pa_field;
static bool have_fwb;
uint64_t s2_ram_leaf;

void s2_machine_init(uint32_t pa_bits, bool fwb)
{
	static const uint8_t sizes[] = { 32, 36, 40, 42, 44, 48 };

	for (uint32_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (sizes[i] <= pa_bits) {
			pa_field = i;
		}
	}
	ipa_bits = MIN(pa_bits, S2_IPA_BITS_MAX);
	have_fwb = USE_FWB && fwb;
	s2_ram_leaf = S2_LEAF_COMMON | PTE_SH_INNER | S2_MEMATTR(have_fwb ? S2_ATTR_NORMAL_FWB : S2_ATTR_NORMAL);
}

uint32_t s2_ipa_bits(void)
{
	return ipa_bits;
}

bool s2_fwb(void)
{
	return have_fwb;
}

uint64_t s2_vtcr(void)
{
	/* RES1; PS; SH0 inner; ORGN0, IRGN0 write-back; SL0 = 1: start at level 1; T0SZ. */
	return BIT(31) | FIELD_PREP(GENMASK(18, 16), pa_field) | FIELD_PREP(GENMASK(13, 12), 3) |
	       FIELD_PREP(GENMASK(11, 10), 1) | FIELD_PREP(GENMASK(9, 8), 1) | FIELD_PREP(GENMASK(7, 6), 1) |
	       (64U - ipa_bits);
}

struct s2_pos s2_walk(struct s2 *s, uint64_t ipa)
{
	return s2_walk_to(s, ipa, 3U);
}

unsigned int s2_walk_path(struct s2 *s, uint64_t ipa, uint64_t *path[4])
{
	unsigned int level = 1;

	path[1] = &s->root[ipa >> LEVEL_SHIFT(1U)];
	while (level < 3U && s2_is_table(*path[level])) {
		uint64_t *table = s2_table_at(s, *path[level]);

		level++;
		path[level] = &table[LEVEL_INDEX(ipa, level)];
	}
	return level;
}

static void describe(uint64_t ipa_at, struct s2_pos pos, struct s2_leaf *leaf)
{
	const uint64_t e = *pos.entry;
	const bool run = pos.level == 3U && (e & PTE_CONT) != 0U;
	const uint64_t size = run ? PAGE_SIZE << ORDER_64K : LEVEL_SIZE(pos.level);

	leaf->ipa = ipa(align_down(ipa_at, size));
	leaf->pa = pa(align_down(e & PTE_ADDR, size));
	leaf->order = (uint8_t)(ilog2(size) - PAGE_SHIFT);
	leaf->valid = (e & PTE_VALID) != 0U;
	leaf->kind = FIELD_GET(GENMASK(5, 2), e) == S2_ATTR_DEVICE ? S2_DEVICE : S2_RAM;
}

fh_status s2_find(struct s2 *s, ipaddr_t ipa, struct s2_leaf *leaf)
{
	const uint64_t at = ipa_val(ipa);

	if (at >= BIT(ipa_bits)) {
		return FH_ENOENT;
	}
	const struct s2_pos pos = s2_walk(s, at);

	if ((*pos.entry & S2_LEAF) == 0U) {
		return FH_ENOENT;
	}
	describe(at, pos, leaf);
	return FH_OK;
}

fh_status s2_lookup(struct s2 *s, ipaddr_t ipa, struct s2_leaf *leaf)
{
	fh_status status;

	lock_acquire(&s->lock);
	status = s2_find(s, ipa, leaf);
	lock_release(&s->lock);
	return status;
}

fh_status s2_next(struct s2 *s, ipaddr_t from, struct s2_leaf *leaf)
{
	uint64_t at = ipa_val(from);
	fh_status status = FH_ENOENT;

	lock_acquire(&s->lock);
	at = MAX(at, s->low);
	while (at < s->high) {
		const struct s2_pos pos = s2_walk(s, at);

		if ((*pos.entry & S2_LEAF) != 0U) {
			describe(at, pos, leaf);
			status = FH_OK;
			break;
		}
		at = align_down(at, LEVEL_SIZE(pos.level)) + LEVEL_SIZE(pos.level);
	}
	lock_release(&s->lock);
	return status;
}
