// SPDX-License-Identifier: MIT
// SOURCES: core/pool/*.c core/claim/*.c core/base/status.c tests/unit/fake/lock_host.c tests/unit/oracle.c tools/ledgerbench/*.c
// CFLAGS: -DFH_MAX_CLAIMS=1024U
/*
 * The ledger on the host: what an operation costs over sizes of the pool and numbers of claims, what boot and metadata
 * cost, and whether memory that was used for long still takes the claims that it has room for. Runs under
 * valgrind --tool=callgrind, which counts the instructions: scripts/bench-host reads its dumps and makes the rows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <valgrind/callgrind.h>

#include "tools/ledgerbench/ledgerbench.h"

#define BASE_PFN UINT64_C(0x100000)
#define REPEAT 16U
#define KEPT 1000U /* claims at most; 1,024 slots */

struct ledger led;

static void *map_words(uint64_t words)
{
	void *p = mmap(NULL, words * 8U, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	MUST(p != MAP_FAILED);
	return p;
}

void check_ledger(void)
{
	const char *bad = ledger_audit(&led);

	if (bad != NULL) {
		fprintf(stderr, "ledgerbench: audit: %s\n", bad);
		exit(1);
	}
}

void pool_make(uint64_t pages, uint8_t max_order)
{
	static uint64_t *records;
	static uint64_t *map;
	static uint64_t had;
	const uint64_t half = pages / 2U;
	const struct pool_zone_desc zones[] = {
		{ "all", POOL_NO_ZONE, false, 0, { 0, 0 } },
		{ "low", 0, true, max_order, { BASE_PFN << PAGE_SHIFT, half << PAGE_SHIFT } },
		{ "high", 0, true, max_order, { (BASE_PFN + half) << PAGE_SHIFT, half << PAGE_SHIFT } },
	};
	struct pool_bank bank = { BASE_PFN, pages, NULL };

	if (had != 0U) {
		MUST(munmap(records, had * 8U) == 0 && munmap(map, pool_dirty_words(BASE_PFN, had) * 8U) == 0);
	}
	had = pages;
	records = map_words(pages);
	map = map_words(pool_dirty_words(BASE_PFN, pages));
	bank.records = records;
	CALLGRIND_ZERO_STATS;
	CALLGRIND_TOGGLE_COLLECT;
	MUST(ledger_init(&led, zones, 3, &bank, 1) == FH_OK);
	MUST(ledger_dirty_map(&led, BASE_PFN, map, true) == FH_OK);
	MUST(ledger_add_range(&led, 1, zones[1].range) == FH_OK);
	MUST(ledger_add_range(&led, 2, zones[2].range) == FH_OK);
	CALLGRIND_TOGGLE_COLLECT;
	for (domid_t d = 0; d < 8; d++) {
		MUST(ledger_domain_add(&led, d, CLAIM_NO_QUOTA) == FH_OK);
	}
}

/* Counts what `code` costs, REPEAT times, in a dump of that name. */
#define COUNT(what, ...)                                                                                               \
	do {                                                                                                           \
		char name_[64];                                                                                        \
		(void)snprintf(name_, sizeof(name_), "%s %lu %u", (what), (unsigned long)mib, claims);                 \
		CALLGRIND_ZERO_STATS;                                                                                  \
		for (uint32_t i = 0; i < REPEAT; i++) {                                                                \
			CALLGRIND_TOGGLE_COLLECT;                                                                      \
			__VA_ARGS__;                                                                                   \
			CALLGRIND_TOGGLE_COLLECT;                                                                      \
		}                                                                                                      \
		CALLGRIND_DUMP_STATS_AT(name_);                                                                        \
	} while (0)

/* The four operations on blocks of 2 MiB and 4 KiB, in turn, beside `claims` claims of the same kind. */
static void operations(uint64_t mib, uint32_t claims)
{
	static claim_handle_t h[REPEAT];
	static struct claim_block b[REPEAT];
	claim_handle_t kept;

	pool_make(mib << 8, 18);
	if (claims == 1U) {
		char name[64];

		(void)snprintf(name, sizeof(name), "boot %lu 0", (unsigned long)mib);
		CALLGRIND_DUMP_STATS_AT(name);
	}
	for (uint32_t i = 0; i < claims; i++) {
		const struct claim_term t = { (uint8_t)(i % 3U), (uint8_t)(i % 3U), (domid_t)(i % 8U), 1 };

		MUST(claim_stake(&led, t.owner, &t, 1, &kept, NULL) == FH_OK);
	}
	COUNT("stake", {
		const struct claim_term t = { (uint8_t)(i % 3U), i % 2U == 0U ? ORDER_4K : ORDER_2M, 1, 1 };

		MUST(claim_stake(&led, 1, &t, 1, &h[i], NULL) == FH_OK);
	});
	COUNT("redeem", MUST(claim_redeem(&led, h[i], 0, &b[i]) == FH_OK));
	COUNT("free", MUST(claim_free(&led, 1, b[i]) == FH_OK));
	for (uint32_t i = 0; i < REPEAT; i++) {
		const struct claim_term t = { (uint8_t)(i % 3U), i % 2U == 0U ? ORDER_4K : ORDER_2M, 1, 1 };

		MUST(claim_release(&led, h[i]) == FH_OK);
		MUST(claim_stake(&led, 1, &t, 1, &h[i], NULL) == FH_OK);
	}
	COUNT("release", MUST(claim_release(&led, h[i]) == FH_OK));
	check_ledger();
}

static void metadata(uint64_t mib)
{
	const uint64_t bytes = (mib << 8) * 8U + pool_dirty_words(BASE_PFN, mib << 8) * 8U;

	printf("metadata %lu %lu\n", (unsigned long)mib, (unsigned long)bytes);
}

int main(void)
{
	static const uint32_t claims[] = { 1, 10, 100, KEPT };

	for (uint64_t mib = 64; mib <= UINT64_C(1) << 20; mib *= 4U) {
		for (uint32_t i = 0; i < ARRAY_SIZE(claims); i++) {
			operations(mib, claims[i]);
		}
		metadata(mib);
	}
	fragmentation();
	return 0;
}
