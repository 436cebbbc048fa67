/* SPDX-License-Identifier: MIT */
/*
 * Placing: what was claimed is redeemed and prepared in stage 2, the next 64 blocks a step. Nothing of it is reachable
 * yet. At boot one CPU does this for all domains in configuration order, so that two boots print the same map.
 */
#include "arch/arm64/mm/el2_map.h"
#include "core/domain/body.h"
#include "core/domain/domain.h"
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

#define MAP_LINES 16U /* of a build: where memory is in many pieces, they would drown what becomes of the domain */

/* Fails only where the claim has ended, with its holder. */
static fh_status redeem(struct domain *d, uint32_t term, uint8_t upto, struct claim_block *b)
{
	const fh_status status = claim_redeem_upto(domains.ledger, d->terms.claim, term, upto, b);

	if (status != FH_OK) {
		log_life(LOG_WARN, d->id, "claim: dom=%s: an admitted term is gone: %s", d->cfg->name,
			 fh_status_str(status));
	}
	return status;
}

static fh_status prepare(struct domain *d, uint64_t at, paddr_t where, uint64_t size)
{
	const fh_status status = s2_prepare(&d->s2, ipa(at), where, size, S2_RAM);

	if (status != FH_OK) {
		log_life(LOG_ERROR, d->id, "domain: dom=%s ipa=0x%lx size=0x%lx: %s: refused", d->cfg->name, at, size,
			 fh_status_str(status));
	}
	return status;
}

static void log_map(struct domain *d, uint64_t at, uint64_t where, uint64_t size, const char *kind)
{
	if (d->build.pieces++ < MAP_LINES) {
		log_life(LOG_INFO, d->id, "map: dom=%s ipa=0x%lx pa=0x%lx size=0x%lx %s", d->cfg->name, at, where, size,
			 kind);
	}
}

/* Where the guest's tree lies in the body; the tables follow it. */
static uint64_t tree_at(const struct domain *d)
{
	return pa_val(d->terms.block.base) + (body_tree_at(d->cfg) << PAGE_SHIFT);
}

static fh_status place_tables(struct domain *d)
{
	struct domain_build *b = &d->build;
	const struct claim_block *body = &d->terms.block;
	const uint64_t end = pa_val(body->base) + (PAGE_SIZE << body->order);
	struct claim_block block;

	if (b->mem == 0U) {
		s2_init(&d->s2, body->base, (uint16_t)(d->id + 1U));
		for (uint64_t at = tree_at(d) + (PAGE_SIZE << BODY_TREE_ORDER); at < end; at += PAGE_SIZE) {
			s2_give_table(&d->s2, pa(at));
		}
	}
	/* Many at a time, where the hyp zone has them in one block; a step has no more than before. */
	for (uint32_t i = 0; i < DOM_STEP_BLOCKS && b->mem < d->terms.nr_tables;) {
		FH_TRY(redeem(d, d->terms.tables, (uint8_t)ilog2(DOM_STEP_BLOCKS - i), &block));
		for (uint64_t n = 0; n < BIT(block.order); n++, i++, b->mem++) {
			s2_give_table(&d->s2, pa(pa_val(block.base) + (n << PAGE_SHIFT)));
		}
	}
	if (b->mem == d->terms.nr_tables) {
		b->mem = 0;
		b->phase = PHASE_MEMORY;
	}
	return FH_OK;
}

/*
 * Blocks that were redeemed and follow each other, before they are in stage 2: one walk for all of them. Of 2 MiB only,
 * which are never one leaf together: what is taken apart later is whole blocks.
 */
struct batch {
	uint64_t at; /* IPA of the first */
	uint64_t size;
	uint32_t nr;
	struct claim_block blocks[DOM_STEP_BLOCKS];
};

static bool follows(const struct batch *t, const struct claim_block *b)
{
	return t->nr == 0U || (t->blocks[0].order == ORDER_2M && b->order == ORDER_2M &&
			       pa_val(t->blocks[0].base) + t->size == pa_val(b->base));
}

/* On an error all goes back: no leaf tells of it. */
static fh_status flush(struct domain *d, struct batch *t)
{
	const fh_status status = t->nr != 0U ? prepare(d, t->at, t->blocks[0].base, t->size) : FH_OK;

	while (status != FH_OK && t->nr != 0U) {
		domain_give_back(d, t->blocks[--t->nr], false);
	}
	t->at += t->size;
	t->size = 0;
	t->nr = 0;
	return status;
}

/* One line for blocks that follow each other. */
static void note(struct domain *d, const struct cfg_mem *m, uint64_t at, const struct claim_block *block)
{
	struct domain_build *b = &d->build;
	const char *zone = domains.sys->zones[m->zone].name;

	if (b->run.size != 0U && range_end(b->run) != pa_val(block->base)) {
		log_map(d, at - b->run.size, b->run.base, b->run.size, zone);
		b->run.size = 0;
	}
	b->run.base = b->run.size == 0U ? pa_val(block->base) : b->run.base;
	b->run.size += PAGE_SIZE << block->order;
	if (at + (PAGE_SIZE << block->order) == ipa_val(m->ipa) + m->size) {
		log_map(d, ipa_val(m->ipa) + m->size - b->run.size, b->run.base, b->run.size, zone);
		if (b->pieces > MAP_LINES) {
			log_life(LOG_INFO, d->id, "map: dom=%s ipa=0x%lx size=0x%lx %s: %u pieces more than told",
				 d->cfg->name, ipa_val(m->ipa), m->size, zone, b->pieces - MAP_LINES);
			b->pieces = MAP_LINES;
		}
	}
}

/* The next blocks of a claimed range; the last of them ends it. */
static fh_status place_claimed(struct domain *d, const struct cfg_mem *m, uint32_t term)
{
	struct domain_build *b = &d->build;
	struct batch t;
	fh_status status = FH_OK;

	t.at = ipa_val(m->ipa) + b->ipa;
	t.size = 0;
	t.nr = 0;
	for (uint32_t i = 0; status == FH_OK && i < DOM_STEP_BLOCKS && b->ipa < m->size; i++) {
		const uint64_t at = ipa_val(m->ipa) + b->ipa;
		const uint32_t fits =
			MIN(ctz64(at >> PAGE_SHIFT | BIT(ORDER_1G)), ilog2((m->size - b->ipa) >> PAGE_SHIFT));
		struct claim_block block;

		status = redeem(d, term, (uint8_t)fits, &block);
		if (status != FH_OK) {
			break;
		}
		status = follows(&t, &block) ? FH_OK : flush(d, &t);
		t.blocks[t.nr++] = block;
		t.size += PAGE_SIZE << block.order;
		d->dirty = d->dirty || block.dirty;
		note(d, m, at, &block);
		b->ipa += PAGE_SIZE << block.order;
	}
	const fh_status last = flush(d, &t);

	return status != FH_OK ? status : last;
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
		if (b->mem == d->cfg->nr_mem) {
			b->mem = 0;
			b->phase = PHASE_DEVICES;
		}
	}
	return status;
}

static fh_status place_devices(struct domain *d)
{
	const fh_status status = domain_devices(d, &d->build.mem);

	if (status == FH_OK) {
		d->build.phase = PHASE_TREE;
		d->build.mem = 0;
	}
	return status == FH_EBUSY ? FH_OK : status;
}

static fh_status place_tree(struct domain *d)
{
	const fh_status status =
		domain_tree(d, &d->build.mem, el2_hyp_va(pa(tree_at(d))), PAGE_SIZE << BODY_TREE_ORDER);

	if (status == FH_EBUSY) {
		return FH_OK;
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
	case PHASE_DEVICES:
		return place_devices(d);
	default:
		return place_tree(d);
	}
}
