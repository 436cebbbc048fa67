/* SPDX-License-Identifier: MIT */
/* The pool's state over time, as CSV for tools/pooltrace (docs/claims.md has the format): ms, and figures in pages. */
#include "core/claim/claim_internal.h"
#include "tools/claimsim/sim.h"

void trace_head(FILE *f)
{
	fputs("ms,owned,claimed,dirty", f);
	for (uint32_t k = 0; k < POOL_ORDERS; k++) {
		fprintf(f, ",free%u", k);
	}
	fputc('\n', f);
}

/* Free memory that is not known to be clean, by 2 MiB. */
static uint64_t dirty_pages(void)
{
	struct pool_info b;
	uint64_t dirty = 0;

	for (paddr_t at = pa(0); ledger_next_block(&led, at, &b) == FH_OK; at = pa(range_end(b.range))) {
		for (uint64_t p = 0; b.state == POOL_FREE && p < b.range.size >> PAGE_SHIFT; p += 1U << BLOCK) {
			const unsigned int order = b.order < BLOCK ? b.order : BLOCK;

			dirty += pool_is_dirty(&led.pool, (b.range.base >> PAGE_SHIFT) + p, order) ? 1U << order : 0U;
		}
	}
	return dirty;
}

void trace_line(FILE *f, uint64_t ms)
{
	struct ledger_zone_info all;
	struct ledger_zone_info z;
	uint64_t claimed = 0;

	MUST(ledger_zone_info(&led, 0, &all) == FH_OK);
	for (uint8_t i = 0; ledger_zone_info(&led, i, &z) == FH_OK; i++) {
		claimed += z.claimed_pages;
	}
	fprintf(f, "%lu,%lu,%lu,%lu", (unsigned long)ms, (unsigned long)(all.pages - all.free_pages),
		(unsigned long)claimed, (unsigned long)dirty_pages());
	for (uint32_t k = 0; k < POOL_ORDERS; k++) {
		fprintf(f, ",%lu", (unsigned long)(all.nr_free[k] << k));
	}
	fputc('\n', f);
}
