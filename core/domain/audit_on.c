/* SPDX-License-Identifier: MIT */
/*
 * CONFIG_DEBUG_BUILD: where a domain's life changes the invariants are recomputed: the ledger's own, and that every
 * stage-2 leaf of RAM points at memory that its domain owns.
 */
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

static bool owns(const struct domain *d, const struct s2_leaf *leaf)
{
	struct pool_info info;
	const struct range r = { pa_val(leaf->pa), PAGE_SIZE << leaf->order };
	uint64_t at = r.base;

	while (at < range_end(r)) {
		if (ledger_owner(domains.ledger, pa(at), &info) != FH_OK || info.owner != d->id ||
		    (info.state != POOL_OWNED && info.state != POOL_STATIC)) {
			return false;
		}
		at = range_end(info.range);
	}
	return true;
}

static void audit_stage2(struct domain *d, const char *when)
{
	struct s2_leaf leaf;
	uint64_t at = 0;

	while (d->s2.root != NULL && s2_next(&d->s2, ipa(at), &leaf) == FH_OK) {
		if (leaf.kind == S2_RAM && !owns(d, &leaf)) {
			panic("audit: %s: dom=%s ipa=0x%lx pa=0x%lx: not its own", when, d->cfg->name,
			      ipa_val(leaf.ipa), pa_val(leaf.pa));
		}
		at = ipa_val(leaf.ipa) + (PAGE_SIZE << leaf.order);
	}
}

void domain_audit_clean(struct domain *d)
{
	struct s2_leaf leaf;
	struct pool_info info;

	/* A reset zeroes, or keeps, whatever the map says. */
	for (uint64_t at = 0; d->resets == 0U && s2_next(&d->s2, ipa(at), &leaf) == FH_OK;) {
		const struct range r = { pa_val(leaf.pa), PAGE_SIZE << leaf.order };

		if (leaf.kind == S2_RAM && ledger_owner(domains.ledger, leaf.pa, &info) == FH_OK &&
		    info.state == POOL_OWNED && ledger_range_dirty(domains.ledger, r)) {
			panic("audit: dom=%s ipa=0x%lx pa=0x%lx: not clean", d->cfg->name, ipa_val(leaf.ipa), r.base);
		}
		at = ipa_val(leaf.ipa) + r.size;
	}
}

void domain_audit(const char *when)
{
	const char *wrong = ledger_audit(domains.ledger);

	if (wrong != NULL) {
		panic("audit: %s: %s", when, wrong);
	}
	for (uint32_t i = 0; i < domains.nr; i++) {
		audit_stage2(&domains.domain[i], when);
	}
	log_dbg("audit: %s: ledger and stage 2 hold", when);
}
