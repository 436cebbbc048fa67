/* SPDX-License-Identifier: MIT */
/*
 * Placing: what was claimed is redeemed and prepared in stage 2, the next 32 blocks a step. Nothing of it is reachable
 * yet. At boot one CPU does this for all domains in configuration order, so that two boots print the same map.
 */
#include "arch/arm64/mm/el2_map.h"
#include "core/domain/domain.h"
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

/* Fails only where the claim has ended, with its holder. */
static fh_status redeem(struct domain *d, uint32_t term, uint8_t upto, struct claim_block *b)
{
	const fh_status status = claim_redeem_upto(domains.ledger, d->terms.claim, term, upto, b);

	if (status != FH_OK) {
		log_err("claim: dom=%s: an admitted term is gone: %s", d->cfg->name, fh_status_str(status));
	}
	return status;
}

static fh_status prepare(struct domain *d, uint64_t at, paddr_t where, uint64_t size)
{
	const fh_status status = s2_prepare(&d->s2, ipa(at), where, size, S2_RAM);

	if (status != FH_OK) {
		log_err("domain: dom=%s ipa=0x%lx size=0x%lx: %s: refused", d->cfg->name, at, size,
			fh_status_str(status));
	}
	return status;
}

static void log_map(const struct domain *d, uint64_t at, uint64_t where, uint64_t size, const char *kind)
{
	log_info("map: dom=%s ipa=0x%lx pa=0x%lx size=0x%lx %s", d->cfg->name, at, where, size, kind);
}

/* Where the guest's tree lies in the body; the tables follow it. */
static uint64_t tree_at(const struct domain *d)
{
	return pa_val(d->terms.block.base) + ((domain_vcpu_pages(d) + BIT(S2_ROOT_ORDER)) << PAGE_SHIFT);
}

static fh_status place_tables(struct domain *d)
{
	struct domain_build *b = &d->build;
	const struct claim_block *body = &d->terms.block;
	const uint64_t end = pa_val(body->base) + (PAGE_SIZE << body->order);
	fh_status status = FH_OK;
	struct claim_block page;

	if (b->mem == 0U) {
		s2_init(&d->s2, body->base, (uint16_t)(d->id + 1U));
		for (uint64_t at = tree_at(d) + (PAGE_SIZE << DOM_DTB_ORDER); at < end; at += PAGE_SIZE) {
			s2_give_table(&d->s2, pa(at));
		}
	}
	for (uint32_t i = 0; i < DOM_STEP_BLOCKS && b->mem < d->terms.nr_tables; i++, b->mem++) {
		status = redeem(d, d->terms.tables, ORDER_4K, &page);
		if (status != FH_OK) {
			return status;
		}
		s2_give_table(&d->s2, page.base);
	}
	if (b->mem == d->terms.nr_tables) {
		b->mem = 0;
		b->phase = PHASE_MEMORY;
	}
	return FH_OK;
}

/* The next blocks of a claimed range; the last of them ends it. */
static fh_status place_claimed(struct domain *d, const struct cfg_mem *m, uint32_t term)
{
	struct domain_build *b = &d->build;
	const char *zone = domains.sys->zones[m->zone].name;
	const uint64_t start = ipa_val(m->ipa);

	for (uint32_t i = 0; i < DOM_STEP_BLOCKS && b->ipa < m->size; i++) {
		const uint64_t at = start + b->ipa;
		const uint32_t fits =
			MIN(ctz64(at >> PAGE_SHIFT | BIT(ORDER_1G)), ilog2((m->size - b->ipa) >> PAGE_SHIFT));
		struct claim_block block;
		fh_status status = redeem(d, term, (uint8_t)fits, &block);

		if (status != FH_OK) {
			return status;
		}
		d->dirty = d->dirty || block.dirty;
		status = prepare(d, at, block.base, PAGE_SIZE << block.order);
		if (status != FH_OK) {
			domain_give_back(d, block, false); /* no leaf tells of it */
			return status;
		}
		if (b->run.size != 0U && range_end(b->run) != pa_val(block.base)) {
			log_map(d, at - b->run.size, b->run.base, b->run.size, zone);
			b->run.size = 0;
		}
		b->run.base = b->run.size == 0U ? pa_val(block.base) : b->run.base;
		b->run.size += PAGE_SIZE << block.order;
		b->ipa += PAGE_SIZE << block.order;
	}
	if (b->ipa == m->size) {
		log_map(d, start + b->ipa - b->run.size, b->run.base, b->run.size, zone);
	}
	return FH_OK;
}

static fh_status place_memory(struct domain *d)
{
	struct domain_build *b = &d->build;
	const struct cfg_mem *m = &d->cfg->mem[b->mem];
	fh_status status;

	if (m->kind == CFG_MEM_CLAIMED) {
		status = place_claimed(d, m, d->terms.mem[b->mem]);
	} else {
		d->dirty = d->dirty || ledger_range_dirty(domains.ledger, (struct range){ pa_val(m->pa), m->size });
		status = prepare(d, ipa_val(m->ipa), m->pa, m->size);
		log_map(d, ipa_val(m->ipa), pa_val(m->pa), m->size, "static");
		b->ipa = m->size;
	}
	if (status == FH_OK && b->ipa == m->size) {
		b->ipa = 0;
		b->run.size = 0;
		b->mem++;
		b->phase = b->mem == d->cfg->nr_mem ? PHASE_DEVICES : PHASE_MEMORY;
	}
	return status;
}

static fh_status place_devices(struct domain *d)
{
	fh_status status = domain_devices(d);

	if (status == FH_OK) {
		status = domain_tree(d, el2_hyp_va(pa(tree_at(d))), PAGE_SIZE << DOM_DTB_ORDER);
	}
	if (status == FH_OK) {
		d->build = (struct domain_build){ .phase = PHASE_CLEAN, .started = d->build.started };
		d->placed = true;
		domain_drawn(d);
	}
	return status;
}

fh_status domain_place_step(struct domain *d)
{
	switch (d->build.phase) {
	case PHASE_TABLES:
		return place_tables(d);
	case PHASE_MEMORY:
		return place_memory(d);
	default:
		return place_devices(d);
	}
}
