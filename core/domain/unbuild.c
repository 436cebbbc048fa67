/* SPDX-License-Identifier: MIT */
/*
 * Taking a domain apart, in reverse, 16 blocks a step, on the CPU of its first vCPU: what is claimed for it is
 * released, its memory is unmapped, invalidated in all TLBs and freed, then its devices, its tables, and the body with
 * the vCPUs. Its CPUs have let go of them before (domain_next_step), so nobody waits here. A build that failed half-way
 * comes through here too, with what it has.
 */
#include "core/domain/domain.h"
#include "core/domain/domain_internal.h"
#include "core/log/log.h"
#include "core/scrub/scrub.h"

const bool domain_unbuilds = true;

void domain_give_back(const struct domain *d, struct claim_block b, bool touched)
{
	const fh_status status = touched ? claim_free(domains.ledger, d->id, b) :
					   claim_free_untouched(domains.ledger, d->id, b);

	if (status != FH_OK) {
		panic("domain: dom=%s pa=0x%lx order=%u: can't be freed: %s", d->cfg->name, pa_val(b.base), b.order,
		      fh_status_str(status));
	}
}

/* true: no leaf is left. A block was placed whole, whatever leaves it is mapped by. */
static bool free_memory(struct domain *d)
{
	struct s2_leaf leaf;

	for (uint32_t i = 0; i < DOM_STEP_FREES; i++) {
		struct pool_info info = { .state = POOL_UNUSED };

		if (d->s2.root == NULL || s2_next(&d->s2, ipa(d->build.ipa), &leaf) != FH_OK) {
			return true;
		}
		const bool owned = leaf.kind == S2_RAM && ledger_owner(domains.ledger, leaf.pa, &info) == FH_OK &&
				   info.state == POOL_OWNED;
		const uint64_t size = owned ? info.range.size : PAGE_SIZE << leaf.order;

		s2_unmap(&d->s2, leaf.ipa, size);
		d->build.ipa = ipa_val(leaf.ipa) + size;
		if (owned) {
			domain_give_back(d, (struct claim_block){ pa(info.range.base), info.order, true }, d->placed);
		}
	}
	return false;
}

/* All that it owns of the hyp zone but for the body. */
static bool free_tables(struct domain *d)
{
	const struct range hyp = domains.sys->zones[domain_hyp_zone()].range;
	struct pool_info info;

	d->build.ipa = MAX(d->build.ipa, hyp.base);
	for (uint32_t i = 0; i < DOM_STEP_FREES; i++) {
		if (d->build.ipa >= range_end(hyp) ||
		    ledger_next_block(domains.ledger, pa(d->build.ipa), &info) != FH_OK) {
			return true;
		}
		d->build.ipa = range_end(info.range);
		if (info.state == POOL_OWNED && info.owner == d->id && info.range.base != pa_val(d->terms.block.base)) {
			domain_give_back(d, (struct claim_block){ pa(info.range.base), info.order, true }, true);
		}
	}
	return false;
}

static void next(struct domain *d, enum domain_phase phase)
{
	d->build.phase = phase;
	d->build.ipa = 0;
	d->build.mem = 0;
}

fh_status domain_draw(struct domain *d, claim_handle_t h)
{
	const fh_status status = claim_use(domains.ledger, h);

	d->terms.claim = h;
	d->terms.draws = status == FH_OK;
	return status;
}

void domain_drawn(struct domain *d)
{
	struct claim_info info;
	fh_status status = FH_OK;

	/* The claim may have ended, with its holder or its lease; of two that are the last of a set, one is quicker. */
	if (d->terms.draws) {
		status = claim_unuse(domains.ledger, d->terms.claim);
	}
	d->terms.draws = false;
	if (status == FH_OK && claim_info(domains.ledger, d->terms.claim, &info) == FH_OK && info.uses == 0U) {
		status = claim_release(domains.ledger, d->terms.claim);
	}
	FH_ASSERT(status == FH_OK || domain_claim_ended(status));
}

static void free_claims(struct domain *d)
{
	const fh_status status = claim_domain_died(domains.ledger, d->id);

	FH_ASSERT(status == FH_OK);
	domain_drawn(d);
	d->giving = GIVE_NOTHING;
	d->build.longest = 0;
	next(d, PHASE_FREE_MEMORY);
}

/* Whoever looks at the vCPUs holds the lock. */
static void give_body_back(struct domain *d)
{
	lock_acquire(&d->lock);
	d->vcpus = NULL;
	lock_release(&d->lock);
	domain_give_back(d, d->terms.block, true);
}

void domain_unclaim(struct domain *d)
{
	const fh_status status = claim_domain_died(domains.ledger, d->id);

	FH_ASSERT(status == FH_OK);
	domain_drawn(d);
	domain_disown_partitions(d);
	if (d->vcpus != NULL) {
		give_body_back(d);
	}
}

static bool free_body(struct domain *d)
{
	__atomic_store_n(&domains.cpu_vcpu[d->vcpus[0].pcpu], NULL, __ATOMIC_RELEASE);
	give_body_back(d);
	scrub_wake();
	domain_audit("destroyed");
	log_life(LOG_INFO, d->id, "domain: dom=%s: destroyed longest=%lu", d->cfg->name, d->build.longest);
	lock_acquire(&d->lock);
	d->nr_attached = 0;
	d->doomed = false;
	if (d->created) {
		domain_forget(d);
	} else {
		domain_set_state(d, DOM_DEFINED);
	}
	lock_release(&d->lock);
	return domain_all_off();
}

static bool step(struct domain *d)
{
	switch (d->build.phase) {
	case PHASE_FREE_MEMORY:
		if (free_memory(d)) {
			next(d, PHASE_FREE_DEVICES);
		}
		return false;
	case PHASE_FREE_DEVICES:
		if (d->vgic.nr_vcpus == 0U || vgic_reset_step(&d->vgic, &d->build.mem)) {
			domain_disown_partitions(d);
			domain_devices_remove(d);
			if (d->s2.root != NULL) {
				s2_drop(&d->s2);
			}
			next(d, PHASE_FREE_TABLES);
		}
		return false;
	case PHASE_FREE_TABLES:
		if (free_tables(d)) {
			next(d, PHASE_FREE_BODY);
		}
		return false;
	case PHASE_FREE_BODY:
		return free_body(d);
	default:
		free_claims(d); /* wherever the building stood */
		return false;
	}
}

bool domain_unbuild_step(struct domain *d)
{
	const uint64_t now = arch_counter();
	const bool last = d->build.phase == PHASE_FREE_BODY;
	const bool all_off = step(d);

	/* After the last one the slot may be another's. */
	if (!last) {
		d->build.longest = MAX(d->build.longest, arch_counter() - now);
	}
	return all_off;
}
