/* SPDX-License-Identifier: MIT */
#include "arch/arm64/mm/pte.h"
#include "arch/arm64/mm/stage2.h"

/* Tables of one level that a range touches: one for each `span` bytes of IPA it has a part of. */
static uint64_t tables_over(const struct range *r, uint64_t span)
{
	return (range_end(*r) - 1U) / span - r->base / span + 1U;
}

uint64_t s2_tables_max(const struct range *ranges, uint32_t nr, uint32_t order)
{
	uint64_t tables = 0;

	for (uint32_t i = 0; i < nr; i++) {
		const bool whole_gib = order >= ORDER_1G && is_aligned(ranges[i].base | ranges[i].size, LEVEL_SIZE(1U));
		const bool whole_2m = order >= ORDER_2M && is_aligned(ranges[i].base | ranges[i].size, LEVEL_SIZE(2U));

		if (!whole_gib) {
			tables += tables_over(&ranges[i], LEVEL_SIZE(1U));
		}
		if (!whole_2m) {
			tables += tables_over(&ranges[i], LEVEL_SIZE(2U));
		}
	}
	return tables;
}
