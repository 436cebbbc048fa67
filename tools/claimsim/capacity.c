/* SPDX-License-Identifier: MIT */
/*
 * The capacity argument. The workload: a domain holds WORK_BASE_MIB, and WORK_PEAK_MIB for WORK_PEAK seconds of each
 * WORK_PERIOD; peaks are spread over the period. Who gives each domain a hard maximum sets aside the sum of the maxima.
 * Who claims when a peak comes and frees when it is over needs the maximum of the sums.
 */
#include "core/base/bits.h"
#include "tools/claimsim/sim.h"

#define DOMAINS LEDGER_MAX_DOMAINS
#define MORE ((WORK_PEAK_MIB - WORK_BASE_MIB) / BLOCK_MIB)

static struct claim_block held[DOMAINS][MORE];
static bool peak[DOMAINS];

/* When the peak of domain i begins, in s: by steps of the golden ratio, which spread any number evenly. */
static uint32_t peak_start(uint32_t i)
{
	return (uint32_t)((uint64_t)i * 618034U % 1000000U * WORK_PERIOD / 1000000U);
}

static bool at_peak(uint32_t i, uint32_t second)
{
	return (second + WORK_PERIOD - peak_start(i)) % WORK_PERIOD < WORK_PEAK;
}

static uint64_t sum_at(uint32_t domains, uint32_t second)
{
	uint64_t mib = 0;

	for (uint32_t i = 0; i < domains; i++) {
		mib += at_peak(i, second) ? WORK_PEAK_MIB : WORK_BASE_MIB;
	}
	return mib;
}

static uint32_t most_by_sums(uint32_t pool_mib)
{
	uint32_t n = 0;

	for (bool fits = true; fits && n < DOMAINS;) {
		for (uint32_t s = 0; s < WORK_PERIOD && fits; s++) {
			fits = sum_at(n + 1U, s) <= pool_mib;
		}
		n += fits;
	}
	return n;
}

static bool take(domid_t dom, uint64_t blocks, struct claim_block *b)
{
	const struct claim_term t = { 0, BLOCK, dom, blocks };
	struct claim_block one;
	claim_handle_t h;

	if (claim_stake(&led, dom, &t, 1, &h, NULL) != FH_OK) {
		return false;
	}
	for (uint64_t i = 0; i < blocks; i++) {
		MUST(claim_redeem(&led, h, 0, b == NULL ? &one : &b[i]) == FH_OK);
	}
	MUST(claim_release(&led, h) == FH_OK);
	return true;
}

/* One period on the ledger: whether every peak of every domain is admitted. */
static bool admits(const struct options *o, uint32_t domains)
{
	sim_pool(o->pool_mib, domains);
	for (uint32_t i = 0; i < domains; i++) {
		peak[i] = false;
		if (!take((domid_t)i, WORK_BASE_MIB / BLOCK_MIB, NULL)) {
			return false;
		}
	}
	for (uint32_t s = 0; s < 2U * WORK_PERIOD; s++) {
		for (uint32_t i = 0; i < domains; i++) {
			for (uint32_t k = 0; peak[i] && !at_peak(i, s) && k < MORE; k++) {
				MUST(claim_free(&led, (domid_t)i, held[i][k]) == FH_OK);
			}
			peak[i] = peak[i] && at_peak(i, s);
		}
		for (uint32_t i = 0; i < domains; i++) {
			if (!peak[i] && at_peak(i, s)) {
				if (!take((domid_t)i, MORE, held[i])) {
					return false;
				}
				peak[i] = true;
			}
		}
	}
	sim_audit();
	return true;
}

struct capacity capacity_run(const struct options *o)
{
	struct capacity c = { o->pool_mib / WORK_PEAK_MIB, most_by_sums(o->pool_mib), 0 };

	while (c.admitted < DOMAINS && admits(o, c.admitted + 1U)) {
		c.admitted++;
	}
	c.by_maxima = MIN(c.by_maxima, DOMAINS);
	return c;
}
