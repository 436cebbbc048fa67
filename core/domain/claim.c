/* SPDX-License-Identifier: MIT */
/*
 * What a domain needs, as terms of a claim: one block of the hyp zone for its body, further stage-2 tables by pages,
 * and its claimed memory. A set of domains is staked as one; what doesn't fit is named and nothing is taken. From
 * here on no memory can run out.
 */
#include "arch/arm64/mm/el2_map.h"
#include "core/base/string.h"
#include "core/domain/body.h"
#include "core/domain/domain.h"
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

struct claim_set {
	uint32_t nr;
	struct claim_term terms[CLAIM_MAX_TERMS];
};

uint8_t domain_hyp_zone(void)
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

	FH_TRY(domain_device_ranges(d, r, ARRAY_SIZE(r), &nr));
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

/* Equal terms of one domain are one, as the ledger would have it. first: the domain's first term. */
static fh_status add_term(struct claim_set *s, uint32_t first, struct claim_term t, uint8_t *place)
{
	uint32_t i = first;

	while (i < s->nr && (s->terms[i].zone != t.zone || s->terms[i].order != t.order)) {
		i++;
	}
	if (i == CLAIM_MAX_TERMS) {
		log_life(LOG_ERROR, t.owner, "claim: dom=%s: more than %u terms in one set: refused",
			 domains.domain[t.owner].cfg->name, CLAIM_MAX_TERMS);
		return FH_EOVERFLOW;
	}
	if (i == s->nr) {
		s->terms[s->nr++] = t;
	} else {
		s->terms[i].count += t.count;
	}
	*place = (uint8_t)i;
	return FH_OK;
}

static fh_status add_overhead(struct domain *d, struct claim_set *s, uint32_t first)
{
	const uint8_t hyp = domain_hyp_zone();
	uint64_t tables = 0;
	uint64_t more;
	fh_status status = count_tables(d, &tables);

	if (status != FH_OK) {
		return status;
	}
	const uint8_t order = body_order(d->cfg, tables, &more);

	d->terms.nr_tables = (uint32_t)more;
	status = add_term(s, first, (struct claim_term){ hyp, order, d->id, 1U }, &d->terms.body);
	if (status == FH_OK && more != 0U) {
		status = add_term(s, first, (struct claim_term){ hyp, ORDER_4K, d->id, more }, &d->terms.tables);
	}
	return status;
}

static fh_status collect(struct domain *d, struct claim_set *s)
{
	const uint32_t first = s->nr;

	FH_TRY(domain_plan(d));
	FH_TRY(add_overhead(d, s, first));
	for (uint32_t i = 0; i < d->cfg->nr_mem; i++) {
		const struct cfg_mem *m = &d->cfg->mem[i];
		const struct claim_term t = { m->zone, m->order, d->id, m->size >> (PAGE_SHIFT + m->order) };

		if (m->kind == CFG_MEM_CLAIMED) {
			FH_TRY(add_term(s, first, t, &d->terms.mem[i]));
		}
	}
	return FH_OK;
}

void domain_claims_full(const struct domain *d)
{
	log_guest(d->id, "claim: dom=%s: %u claims and %u terms are the most (CONFIG_MAX_CLAIMS): refused",
		  d->cfg->name, FH_MAX_CLAIMS, LEDGER_MAX_TERMS);
}

/* What a domain asks for in vain is a guest's line. */
#define REFUSE(holder, ...)                                                                                            \
	((holder) == DOMID_HYP ? log_life(LOG_ERROR, s->terms[0].owner, __VA_ARGS__) : log_guest(holder, __VA_ARGS__))

static fh_status stake(const struct claim_set *s, uint32_t nr, domid_t holder, claim_handle_t *h,
		       struct claim_refusal *why)
{
	const fh_status status = claim_stake(domains.ledger, holder, s->terms, s->nr, h, why);

	if (status == FH_ENOFIT) {
		REFUSE(holder, "claim: dom=%s zone=%s order=%u want=%lu have=%lu fit=%lu: refused",
		       domains.domain[why->owner].cfg->name, domains.sys->zones[why->zone].name,
		       (unsigned int)why->order, why->want, why->have, why->fit);
	} else if (status != FH_OK) {
		REFUSE(holder, "claim: dom=%s term=%u terms=%u: %s: refused",
		       domains.domain[s->terms[0].owner].cfg->name, why->term, s->nr, fh_status_str(status));
		if (status == FH_EOVERFLOW) {
			domain_claims_full(&domains.domain[s->terms[0].owner]);
		}
	} else {
		log_life(LOG_INFO, s->terms[0].owner, "claim: domains=%u terms=%u: admitted", nr, s->nr);
	}
	return status;
}

static fh_status take_body(struct domain *d)
{
	struct claim_block *b = &d->terms.block;
	const fh_status status = claim_redeem(domains.ledger, d->terms.claim, d->terms.body, b);
	struct vcpu *vcpus;

	if (status != FH_OK) {
		return status;
	}
	vcpus = el2_hyp_va(pa(pa_val(b->base) + BODY_ROOT_PAGES * PAGE_SIZE));
	memset(vcpus, 0, d->nr_vcpus * sizeof(*vcpus));
	/* From here on others see them. */
	lock_acquire(&d->lock);
	d->vcpus = vcpus;
	d->requests = (char *)vcpus + (body_vcpu_pages(d->cfg) << PAGE_SHIFT);
	lock_release(&d->lock);
	return FH_OK;
}

/* The vCPUs come to be, and their CPUs know them. */
static void attach(struct domain *d)
{
	d->nr_attached = d->nr_vcpus;
	for (uint32_t i = 0; i < d->nr_vcpus; i++) {
		struct vcpu *v = &d->vcpus[i];

		v->domain = d;
		v->index = i;
		v->pcpu = d->cfg->pcpu[i];
		v->stop = 1;
		v->last_dev = &d->devs.devs[0];
		__atomic_store_n(&domains.cpu_vcpu[v->pcpu], v, __ATOMIC_RELEASE);
	}
}

/* Nobody else may ask it for anything while it is claimed. */
static fh_status begin(struct domain *d)
{
	fh_status status = FH_EBUSY;

	lock_acquire(&d->lock);
	if (d->state == DOM_DEFINED && !d->claiming) {
		d->claiming = true;
		status = FH_OK;
	}
	lock_release(&d->lock);
	return status;
}

/* since: when the claim was asked for; the report of a domain that is created then tells the whole time. */
static void end(struct domain *d, enum domain_state state, uint64_t since)
{
	lock_acquire(&d->lock);
	d->claiming = false;
	d->run = false;
	d->loadable = false;
	d->awaiting = false;
	d->doomed = false;
	d->placed = false;
	d->dirty = false;
	d->giving = GIVE_NOTHING;
	d->cleaning = 0;
	d->resets = 0;
	d->crashes = 0;
	d->not_before = 0;
	d->build = (struct domain_build){ .started = d->created || d->cfg->on_demand ? since : 0U };
	domain_set_state(d, state);
	lock_release(&d->lock);
}

/* What it has from boot on the hypervisor pays; this is what it may claim itself, or a control domain for others. */
static uint64_t quota(const struct cfg_domain *c)
{
	return c->control && c->claims.limit == 0U ? CLAIM_NO_QUOTA : c->claims.limit >> PAGE_SHIFT;
}

fh_status domain_claim(struct domain *const *set, uint32_t nr, domid_t holder, struct claim_refusal *why)
{
	const uint64_t since = arch_counter();
	struct claim_set s = { 0 };
	claim_handle_t h;
	uint32_t begun = 0;
	uint32_t added = 0;
	fh_status status = FH_OK;

	*why = (struct claim_refusal){ 0 };
	while (status == FH_OK && begun < nr) {
		status = begin(set[begun]);
		begun += status == FH_OK ? 1U : 0U;
	}
	while (status == FH_OK && added < nr) {
		/* What it has by its configuration is paid by the holder; this is what it may claim itself. */
		status = ledger_domain_add(domains.ledger, set[added]->id, quota(set[added]->cfg));
		added += status == FH_OK ? 1U : 0U;
		if (status == FH_OK) {
			status = collect(set[added - 1U], &s);
		}
		if (status == FH_OK) {
			status = domain_own_partitions(set[added - 1U]);
		}
	}
	if (status == FH_OK) {
		status = stake(&s, nr, holder, &h, why);
	}
	for (uint32_t i = 0; status == FH_OK && i < nr; i++) {
		status = domain_draw(set[i], h);
	}
	for (uint32_t i = 0; status == FH_OK && i < nr; i++) {
		status = take_body(set[i]);
	}
	for (uint32_t i = 0; status != FH_OK && i < added; i++) {
		domain_unclaim(set[i]);
	}
	for (uint32_t i = 0; i < begun; i++) {
		if (status == FH_OK) {
			attach(set[i]);
		}
		end(set[i], status == FH_OK ? DOM_CLAIMED : DOM_DEFINED, since);
	}
	return status;
}
