/* SPDX-License-Identifier: MIT */
/*
 * Whether all claims fit together: the ledger that EL2 uses, on the zones of the configuration, staked with the same
 * set as core/domain/admit.c makes. Stage-2 tables of devices are counted where the board is known.
 */
#include <stdlib.h>

#include "arch/arm64/mm/stage2.h"
#include "core/claim/claim.h"
#include "core/domain/body.h"
#include "core/fdt/board.h"
#include "tools/fhpack/fhpack.h"

#define MAX_TERMS (CFG_MAX_DOMAINS * (3U + CFG_MAX_MEM))

struct set {
	struct claim_term terms[MAX_TERMS];
	uint32_t nr;
};

/* One thread: a lock is a note that it is held. */
void lock_init(struct lock *l, enum lock_rank rank)
{
	*l = (struct lock)LOCK_INIT(rank);
}

void lock_acquire(struct lock *l)
{
	l->holder = 1;
}

void lock_release(struct lock *l)
{
	l->holder = 0;
}

bool lock_held(const struct lock *l)
{
	return l->holder != 0U;
}

static uint64_t device_tables(const struct cfg_domain *d, const struct fdt_index *tree)
{
	struct range r[CFG_MAX_DEVICES * BOARD_DEV_REGS];
	uint32_t nr = 0;

	for (uint32_t i = 0; tree != NULL && i < d->nr_devices; i++) {
		struct board_device dev;

		if (board_device(tree, d->devices[i].path, &dev, NULL) != FH_OK) {
			continue;
		}
		for (uint32_t k = 0; k < dev.nr_regs; k++) {
			const uint64_t base = align_down(dev.regs[k].base, PAGE_SIZE);

			r[nr++] = (struct range){ base, align_up(range_end(dev.regs[k]), PAGE_SIZE) - base };
		}
	}
	return nr != 0U ? s2_tables_max(r, nr, ORDER_4K) : 0U;
}

static uint64_t memory_tables(const struct cfg_mem *m)
{
	const struct range ram = { ipa_val(m->ipa), m->size };
	const bool aligned = is_aligned(ram.base ^ pa_val(m->pa), PAGE_SIZE << ORDER_2M);

	return s2_tables_max(&ram, 1U, m->kind == CFG_MEM_CLAIMED ? m->order : aligned ? ORDER_2M : ORDER_4K);
}

static void add(struct set *s, uint8_t zone, uint32_t order, uint32_t owner, uint64_t count)
{
	if (count != 0U) {
		s->terms[s->nr++] = (struct claim_term){ zone, (uint8_t)order, (domid_t)owner, count };
	}
}

static void collect_domain(struct set *s, const struct cfg_system *sys, uint32_t i, uint8_t hyp,
			   const struct fdt_index *tree)
{
	const struct cfg_domain *d = &sys->domains[i];
	uint64_t tables = device_tables(d, tree);
	uint64_t more;

	if (d->claims.window.size != 0U) {
		tables += s2_tables_max(&d->claims.window, 1U, ORDER_4K);
	}
	for (uint32_t k = 0; k < d->nr_mem; k++) {
		tables += memory_tables(&d->mem[k]);
	}
	add(s, hyp, body_order(d, tables, &more), i, 1U);
	add(s, hyp, ORDER_4K, i, more);
	for (uint32_t k = 0; k < d->nr_mem; k++) {
		const struct cfg_mem *m = &d->mem[k];

		if (m->kind == CFG_MEM_CLAIMED) {
			add(s, m->zone, m->order, i, m->size >> (PAGE_SHIFT + m->order));
		}
	}
}

static fh_status make_ledger(struct ledger *l, const struct cfg_system *sys, uint8_t *hyp)
{
	struct pool_zone_desc zones[CFG_MAX_ZONES];
	struct pool_bank banks[CFG_MAX_ZONES];
	uint32_t nr_banks = 0;
	fh_status status;

	for (uint8_t i = 0; i < sys->nr_zones; i++) {
		const struct cfg_zone *z = &sys->zones[i];

		zones[i] = (struct pool_zone_desc){ z->name, z->parent, z->leaf, z->max_order, z->range };
		if (z->leaf) {
			const uint64_t pages = z->range.size >> PAGE_SHIFT;

			banks[nr_banks++] = (struct pool_bank){ z->range.base >> PAGE_SHIFT, pages,
								calloc(pages, sizeof(uint64_t)) };
		}
		*hyp = z->hyp ? i : *hyp;
	}
	status = ledger_init(l, zones, sys->nr_zones, banks, nr_banks);
	for (uint8_t i = 0; i < sys->nr_zones && status == FH_OK; i++) {
		status = sys->zones[i].leaf ? ledger_add_range(l, i, sys->zones[i].range) : FH_OK;
	}
	for (uint32_t i = 0; i < sys->nr_domains && status == FH_OK; i++) {
		status = ledger_domain_add(l, (domid_t)i, CLAIM_NO_QUOTA);
	}
	return status;
}

/* Refuses what does not fit into a pool that nobody else uses. */
static void stake(struct ledger *l, const struct set *set, const struct cfg_system *sys, const char *config)
{
	struct claim_refusal why = { 0 };
	claim_handle_t h;
	fh_status status = set->nr == 0U ? FH_OK : claim_stake(l, DOMID_HYP, set->terms, set->nr, &h, &why);

	if (status == FH_ENOFIT) {
		refuse("%s: claim: dom=%s zone=%s order=%u want=%llu have=%llu fit=%llu: refused", config,
		       sys->domains[why.owner].name, sys->zones[why.zone].name, why.order, (unsigned long long)why.want,
		       (unsigned long long)why.have, (unsigned long long)why.fit);
	}
	if (status != FH_OK) {
		refuse("%s: claim: term=%u terms=%u: %s: refused", config, why.term, set->nr, fh_status_str(status));
	}
	if (set->nr != 0U && claim_release(l, h) != FH_OK) {
		refuse("%s: /zones: the ledger lost a claim", config);
	}
}

void check_claims(const char *config, const struct cfg_system *sys, const struct fdt_index *tree)
{
	static struct ledger ledger;
	static struct set set;
	uint8_t hyp = 0;
	fh_status status = make_ledger(&ledger, sys, &hyp);

	if (status != FH_OK) {
		refuse("%s: /zones: the pool can't be made of them: %s", config, fh_status_str(status));
	}
	for (uint32_t i = 0; i < sys->nr_domains; i++) {
		if (!sys->domains[i].on_demand) {
			collect_domain(&set, sys, i, hyp, tree);
		}
	}
	stake(&ledger, &set, sys, config);
	/* Those that are created on demand need not fit beside the others, but each alone. */
	for (uint32_t i = 0; i < sys->nr_domains; i++) {
		if (sys->domains[i].on_demand) {
			set.nr = 0;
			collect_domain(&set, sys, i, hyp, tree);
			stake(&ledger, &set, sys, config);
		}
	}
}
