/* SPDX-License-Identifier: MIT */
/* What test_claim_random draws: numbers, terms, claims, blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "claim_random.h"

uint64_t seed;
uint64_t rng;

uint32_t rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)((rng >> 20) % n);
}

struct claim_term random_term(void)
{
	struct claim_term t = { .zone = (uint8_t)rnd(m.sh->nr), .owner = (domid_t)rnd(DOMS) };
	const uint64_t room = OUTSTANDING - outstanding_blocks();

	t.order = (uint8_t)rnd(max_order(t.zone) + 1U);
	t.count = 1U + rnd(rnd(4) == 0 ? 8 : 3);
	if (t.count > room / TERMS) {
		t.count = 1;
	}
	return t;
}

struct mclaim *random_claim(void)
{
	struct mclaim *c = &m.claims[rnd(CLAIMS)];

	return c->used ? c : NULL;
}

int32_t random_block(void)
{
	const uint32_t i = rnd(m.sh->pages);

	for (uint32_t j = 0; j < m.sh->pages; j++) {
		if (m.live[(i + j) % m.sh->pages]) {
			return (int32_t)((i + j) % m.sh->pages);
		}
	}
	return -1;
}
