/* SPDX-License-Identifier: MIT */
/* The pool that is simulated: records and dirty map in memory of the host, nothing behind the addresses. */
#include <stdlib.h>

#include "tools/claimsim/sim.h"

#define BASE_PFN UINT64_C(0x100000)

struct ledger led;

void sim_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "claimsim: %s:%d: %s\n", file, line, what);
	exit(1);
}

void sim_audit(void)
{
	const char *bad = ledger_audit(&led);

	if (bad != NULL) {
		fprintf(stderr, "claimsim: audit: %s\n", bad);
		exit(1);
	}
}

uint32_t sim_random(uint64_t *state, uint32_t n)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)((*state >> 20) % n);
}

void sim_pool(uint32_t mib, uint32_t domains)
{
	static uint64_t *records;
	static uint64_t *map;
	const uint64_t pages = (uint64_t)mib * MIB_PAGES;
	const uint64_t low = pages / 4U;
	const struct pool_zone_desc zones[] = {
		{ "all", POOL_NO_ZONE, false, 0, { 0, 0 } },
		{ "low", 0, true, 18, { BASE_PFN << PAGE_SHIFT, low << PAGE_SHIFT } },
		{ "high", 0, true, 18, { (BASE_PFN + low) << PAGE_SHIFT, (pages - low) << PAGE_SHIFT } },
	};
	struct pool_bank bank = { BASE_PFN, pages, NULL };

	free(records);
	free(map);
	records = calloc(pages, sizeof(*records));
	map = calloc(pool_dirty_words(BASE_PFN, pages), sizeof(*map));
	MUST(records != NULL && map != NULL);
	bank.records = records;
	MUST(ledger_init(&led, zones, 3, &bank, 1) == FH_OK);
	MUST(ledger_dirty_map(&led, BASE_PFN, map, true) == FH_OK);
	MUST(ledger_add_range(&led, 1, zones[1].range) == FH_OK);
	MUST(ledger_add_range(&led, 2, zones[2].range) == FH_OK);
	for (domid_t d = 0; d < domains; d++) {
		MUST(ledger_domain_add(&led, d, CLAIM_NO_QUOTA) == FH_OK);
	}
}
