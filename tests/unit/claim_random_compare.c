/* SPDX-License-Identifier: MIT */
/* Whether the ledger of test_claim_random is as the model says, all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/pool/pool_alloc.h"
#include "claim_random.h"

static void compare_pages(void)
{
	for (uint32_t p = 0; p < m.sh->pages; p++) {
		struct pool_info info;

		CHECK(pool_owner(&led.pool, pa((BASE_PFN + p) << PAGE_SHIFT), &info) ==
		      FH_OK); /* one thread: no lock */
		if (m.leaf[p] == 255) {
			CHECK(info.state == POOL_UNUSED || info.state == POOL_STATIC);
			continue;
		}
		CHECK(pool_is_dirty(&led.pool, BASE_PFN + p, 0) == m.dirty[p]);
		if (m.block[p] == -1) {
			CHECK(info.state == POOL_FREE);
		} else if (m.block[p] < 0) {
			CHECK(info.state == (m.block[p] == -1 ? POOL_FREE : POOL_QUARANTINED));
			CHECK(info.zone == m.leaf[p]);
		} else {
			const struct mblock *b = &m.blocks[m.block[p]];

			CHECK(info.state == POOL_OWNED && info.owner == b->owner && info.payer == b->payer);
			CHECK(info.order == b->order && page_of(pa(info.range.base)) == b->page);
		}
	}
}

static void compare_zones(void)
{
	uint32_t f[POOL_ORDERS];

	for (uint8_t z = 0; z < m.sh->nr; z++) {
		if (m.sh->zones[z].leaf) {
			model_free(z, f);
			for (uint32_t k = 0; k < POOL_ORDERS; k++) {
				CHECK(led.pool.zones[z].nr_free[k] == f[k]);
			}
		}
	}
}

static void compare_claims(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < CLAIMS; i++) {
		const struct mclaim *c = &m.claims[i];

		n += c->used;
		if (c->used) {
			struct claim_info info;

			CHECK(claim_info(&led, c->h, &info) == FH_OK && info.holder == c->holder);
			CHECK(info.waiting == c->waiting && info.uses == c->uses && info.deadline == c->deadline);
		}
		for (uint32_t j = 0; c->used && j < c->nr; j++) {
			struct claim_term_info q;
			domid_t holder;

			CHECK(claim_query(&led, c->h, j, &holder, &q) == FH_OK && holder == c->holder);
			CHECK(q.left == c->terms[j].left && q.term.count == c->terms[j].t.count);
			CHECK(q.term.zone == c->terms[j].t.zone && q.term.order == c->terms[j].t.order);
		}
	}
	CHECK(led.nr_claims == n);
}

void compare(void)
{
	struct oracle o = judge();
	const char *bad = ledger_audit(&led);

	if (bad != NULL) {
		fail_msg("seed %llu: audit: %s", (unsigned long long)seed, bad);
	}
	compare_pages();
	compare_zones();
	compare_claims();
	judge_outstanding(&o);
	CHECK(oracle_packs(&o));
}
