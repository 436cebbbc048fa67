/* SPDX-License-Identifier: MIT */
/*
 * All domains that start at boot are admitted as one claim set: RAM, stage-2 tables, trees. What doesn't fit is named
 * and nothing is taken. Then each, in configuration order, redeems and places; from here on nothing can run out.
 */
#include "arch/arm64/mm/el2_map.h"
#include "core/base/string.h"
#include "core/domain/domain.h"
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

/* Every domain has three terms of overhead before those of its claimed memory. */
enum { TERM_ROOT, TERM_TABLES, TERM_TREE, TERM_MEM };
#define TERMS_PER_DOMAIN (TERM_MEM + CFG_MAX_MEM)

struct admission {
	uint32_t nr;
	uint32_t first[CFG_MAX_DOMAINS];            /* each domain's first term */
	uint32_t mem[CFG_MAX_DOMAINS][CFG_MAX_MEM]; /* the term that a claimed range draws on */
	struct claim_term terms[CFG_MAX_DOMAINS * TERMS_PER_DOMAIN];
};
static struct admission admission;

static uint8_t hyp_zone(void)
{
	for (uint8_t i = 0; i < domains.sys->nr_zones; i++) {
		if (domains.sys->zones[i].hyp) {
			return i;
		}
	}
	panic("claim: the configuration has no hyp zone");
}

static fh_status count_tables(const struct domain *d, uint64_t *tables)
{
	struct range r[CFG_MAX_DEVICES * 2U + 1U]; /* and a GICv2's CPU interface */
	uint32_t nr = 0;
	fh_status status = domain_device_ranges(d, r, ARRAY_SIZE(r), &nr);

	if (status != FH_OK) {
		return status;
	}
	*tables = s2_tables_max(r, nr, ORDER_4K);
	if (d->cfg->claims.window.size != 0U) {
		*tables += s2_tables_max(&d->cfg->claims.window, 1U, ORDER_4K);
	}
	for (uint32_t i = 0; i < d->cfg->nr_mem; i++) {
		const struct cfg_mem *m = &d->cfg->mem[i];
		const struct range ram = { ipa_val(m->ipa), m->size };
		const bool aligned = is_aligned(ram.base ^ pa_val(m->pa), PAGE_SIZE << ORDER_2M);
		const uint32_t order = m->kind == CFG_MEM_CLAIMED ? m->order : aligned ? ORDER_2M : ORDER_4K;

		*tables += s2_tables_max(&ram, 1U, order);
	}
	return FH_OK;
}

static void add_term(uint8_t zone, uint8_t order, domid_t owner, uint64_t count)
{
	admission.terms[admission.nr++] = (struct claim_term){ zone, order, owner, count };
}

/* Ranges of one domain that draw on the same zone by the same order share a term: the ledger would merge them. */
static uint32_t add_memory(const struct domain *d, const struct cfg_mem *m)
{
	const uint64_t count = m->size >> (PAGE_SHIFT + m->order);

	for (uint32_t t = admission.first[d->id] + TERM_MEM; t < admission.nr; t++) {
		if (admission.terms[t].zone == m->zone && admission.terms[t].order == m->order) {
			admission.terms[t].count += count;
			return t;
		}
	}
	add_term(m->zone, m->order, d->id, count);
	return admission.nr - 1U;
}

static fh_status collect(struct domain *d)
{
	const uint8_t hyp = hyp_zone();
	uint64_t tables = 0;
	fh_status status = count_tables(d, &tables);

	if (status != FH_OK) {
		return status;
	}
	admission.first[d->id] = admission.nr;
	add_term(hyp, S2_ROOT_ORDER, d->id, 1U);
	add_term(hyp, ORDER_4K, d->id, tables);
	add_term(hyp, DOM_DTB_ORDER, d->id, 1U);
	for (uint32_t i = 0; i < d->cfg->nr_mem; i++) {
		const struct cfg_mem *m = &d->cfg->mem[i];

		if (m->kind == CFG_MEM_CLAIMED) {
			admission.mem[d->id][i] = add_memory(d, m);
		}
	}
	return FH_OK;
}

static const char *zone_name(uint8_t zone)
{
	return zone < domains.sys->nr_zones ? domains.sys->zones[zone].name : "?";
}

static fh_status stake(claim_handle_t *h)
{
	struct claim_refusal why = { 0 };
	const fh_status status = claim_stake(domains.ledger, DOMID_HYP, admission.terms, admission.nr, h, &why);

	if (status == FH_ENOFIT) {
		log_err("claim: dom=%s zone=%s order=%u want=%lu have=%lu fit=%lu: refused",
			domains.domain[why.owner].cfg->name, zone_name(why.zone), (unsigned int)why.order, why.want,
			why.have, why.fit);
	} else if (status != FH_OK) {
		log_err("claim: term=%u terms=%u: %s: refused", why.term, admission.nr, fh_status_str(status));
	} else {
		log_info("claim: domains=%u terms=%u: admitted", domains.nr, admission.nr);
	}
	return status;
}

/* After admission a redemption can't fail; if it does, the ledger is broken and the machine must stop. */
static struct claim_block redeem(claim_handle_t h, uint32_t term, uint8_t upto)
{
	struct claim_block b;
	const fh_status status = claim_redeem_upto(domains.ledger, h, term, upto, &b);

	if (status != FH_OK) {
		panic("claim: redeem of an admitted term failed: %s", fh_status_str(status));
	}
	return b;
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

static fh_status place_claimed(struct domain *d, const struct cfg_mem *m, claim_handle_t h, uint32_t term)
{
	const uint64_t start = ipa_val(m->ipa);
	struct range run = { 0, 0 }; /* blocks that follow each other, for one line of the map */

	for (uint64_t at = start; at < start + m->size;) {
		const uint64_t left = (start + m->size - at) >> PAGE_SHIFT;
		const uint32_t fits = MIN(ctz64(at >> PAGE_SHIFT | BIT(ORDER_1G)), ilog2(left));
		const struct claim_block b = redeem(h, term, (uint8_t)fits);
		const uint64_t size = PAGE_SIZE << b.order;
		const fh_status status = prepare(d, at, b.base, size);

		d->dirty = d->dirty || b.dirty;
		if (status != FH_OK) {
			return status;
		}
		if (run.size != 0U && range_end(run) != pa_val(b.base)) {
			log_map(d, at - run.size, run.base, run.size, zone_name(m->zone));
			run.size = 0;
		}
		run.base = run.size == 0U ? pa_val(b.base) : run.base;
		run.size += size;
		at += size;
	}
	log_map(d, start + m->size - run.size, run.base, run.size, zone_name(m->zone));
	return FH_OK;
}

static fh_status place_memory(struct domain *d, claim_handle_t h)
{
	fh_status status = FH_OK;

	for (uint32_t i = 0; status == FH_OK && i < d->cfg->nr_mem; i++) {
		const struct cfg_mem *m = &d->cfg->mem[i];

		if (m->kind == CFG_MEM_CLAIMED) {
			status = place_claimed(d, m, h, admission.mem[d->id][i]);
		} else {
			const struct range r = { pa_val(m->pa), m->size };

			d->dirty = d->dirty || ledger_range_dirty(domains.ledger, r);
			status = prepare(d, ipa_val(m->ipa), m->pa, m->size);
			log_map(d, ipa_val(m->ipa), pa_val(m->pa), m->size, "static");
		}
	}
	return status;
}

static fh_status place_domain(struct domain *d, claim_handle_t h)
{
	const uint32_t first = admission.first[d->id];
	const struct claim_block root = redeem(h, first + TERM_ROOT, S2_ROOT_ORDER);
	fh_status status;

	s2_init(&d->s2, root.base, (uint16_t)(d->id + 1U));
	for (uint64_t i = 0; i < admission.terms[first + TERM_TABLES].count; i++) {
		s2_give_table(&d->s2, redeem(h, first + TERM_TABLES, ORDER_4K).base);
	}
	status = place_memory(d, h);
	if (status == FH_OK) {
		status = domain_devices(d);
	}
	if (status == FH_OK) {
		const struct claim_block tree = redeem(h, first + TERM_TREE, DOM_DTB_ORDER);

		status = domain_tree(d, el2_hyp_va(tree.base), PAGE_SIZE << DOM_DTB_ORDER);
	}
	return status;
}

static void define(struct domain *d, const struct cfg_domain *cfg, domid_t id)
{
	lock_init(&d->lock, RANK_DOMAIN);
	lock_init(&d->memory, RANK_MEMORY);
	d->cfg = cfg;
	d->id = id;
	d->nr_vcpus = cfg->nr_vcpus;
	for (uint32_t i = 0; i < d->nr_vcpus; i++) {
		struct vcpu *v = &d->vcpus[i];

		v->domain = d;
		v->index = i;
		v->pcpu = cfg->pcpu[i];
		v->stop = 1;
		v->last_dev = &d->devs.devs[0];
		domains.cpu_vcpu[v->pcpu] = v;
	}
}

fh_status domains_admit(const struct cfg_system *sys, const struct domain_board *board, const struct payload *files,
			struct ledger *ledger)
{
	claim_handle_t h;
	fh_status status = FH_OK;

	domains.sys = sys;
	domains.board = board;
	domains.files = files;
	domains.ledger = ledger;
	domains.nr = sys->nr_domains;
	for (uint32_t i = 0; status == FH_OK && i < domains.nr; i++) {
		define(&domains.domain[i], &sys->domains[i], (domid_t)i);
		/* What it has from boot on is paid by the hypervisor; this is what it may claim itself. */
		status = ledger_domain_add(ledger, (domid_t)i, sys->domains[i].claims.limit >> PAGE_SHIFT);
		if (status == FH_OK) {
			status = domain_plan(&domains.domain[i]);
		}
		if (status == FH_OK) {
			status = collect(&domains.domain[i]);
		}
	}
	if (status == FH_OK) {
		status = stake(&h);
	}
	for (uint32_t i = 0; status == FH_OK && i < domains.nr; i++) {
		status = place_domain(&domains.domain[i], h);
	}
	domain_audit("admitted");
	for (uint32_t i = 0; status == FH_OK && i < domains.nr; i++) {
		domains.domain[i].state = domains.domain[i].cfg->autostart ? DOM_CLAIMED : DOM_DEFINED;
	}
	return status;
}
