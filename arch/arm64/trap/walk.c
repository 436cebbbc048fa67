/* SPDX-License-Identifier: MIT */
/*
 * At which level a guest's own stage-1 walk met an address that is not mapped (Arm ARM D8.2). The hardware tells the
 * page that the descriptor is in, and not the level: the walk is done again, until a descriptor lies in that page.
 */
#include "arch/arm64/mm/el2_map.h"
#include "arch/arm64/trap/trap_internal.h"
#include "arch/sysreg.h"
#include "core/domain/domain.h"

#define SCTLR_EE BIT(25)
#define TCR_HALF 16U /* TCR_EL1: what is TTBR1's lies so much higher */
#define TCR_SIZE GENMASK(5, 0)
#define TCR_GRANULE GENMASK(15, 14)
#define TABLE UINT64_C(3)

static bool read_entry(struct s2 *s, uint64_t at, uint64_t *entry)
{
	struct s2_leaf leaf;
	bool is_ram;

	lock_acquire(&s->lock);
	is_ram = s2_find(s, ipa(at), &leaf) == FH_OK && leaf.valid && leaf.kind == S2_RAM;
	if (is_ram) {
		const paddr_t where = pa(pa_val(leaf.pa) + at - ipa_val(leaf.ipa));

		*entry = *(const volatile uint64_t *)window_open(WINDOW_DATA, where, sizeof(*entry), false);
		window_close(WINDOW_DATA);
	}
	lock_release(&s->lock);
	return is_ram;
}

bool trap_walk_level(struct vcpu *v, uint64_t va, ipaddr_t met, uint32_t *level)
{
	static const uint8_t shifts[2][4] = { { 12, 16, 14, 12 }, { 12, 14, 12, 16 } };
	const bool upper = (va & BIT(55)) != 0U;
	const uint64_t tcr = READ_SYSREG(tcr_el1) >> (upper ? TCR_HALF : 0U);
	const uint32_t page = shifts[upper ? 1 : 0][FIELD_GET(TCR_GRANULE, tcr)];
	const bool swapped = (READ_SYSREG(sctlr_el1) & SCTLR_EE) != 0U;
	uint64_t table = upper ? READ_SYSREG(ttbr1_el1) : READ_SYSREG(ttbr0_el1);
	uint32_t bits = 64U - (uint32_t)FIELD_GET(TCR_SIZE, tcr); /* of the address, that are still to be translated */

	/* Each level takes page - 3 of them, the first one what is left over. */
	for (uint32_t below = (bits - page - 1U) / (page - 3U); bits > page && below < 4U; below--) {
		const uint32_t lsb = page + below * (page - 3U);
		const uint64_t index = va >> lsb & (BIT(bits - lsb) - 1U);
		const uint64_t at = (table & GENMASK(47, bits - lsb + 3U)) + index * sizeof(uint64_t);

		if (at >> PAGE_SHIFT == ipa_val(met) >> PAGE_SHIFT) {
			*level = 3U - below;
			return true;
		}
		if (below == 0U || !read_entry(&v->domain->s2, at, &table)) {
			return false;
		}
		table = swapped ? __builtin_bswap64(table) : table;
		if ((table & TABLE) != TABLE) {
			return false;
		}
		bits = lsb;
	}
	return false;
}
