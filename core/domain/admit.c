/* SPDX-License-Identifier: MIT */
/*
 * The boot: all domains are defined, those that start now or by hand are claimed as one set, and each, in
 * configuration order, is placed.
 */
#include "core/domain/domain.h"
#include "core/domain/domain_internal.h"

void domain_adopt(struct domain *d, const struct cfg_domain *cfg, domid_t id)
{
	d->cfg = cfg;
	d->id = id;
	d->gen = d->gen % UINT32_MAX + 1U;
	d->nr_vcpus = cfg->nr_vcpus;
	domain_set_state(d, DOM_DEFINED);
}

static fh_status place(struct domain *d)
{
	fh_status status = FH_OK;

	while (status == FH_OK && !d->placed) {
		status = domain_place_step(d);
	}
	return status;
}

fh_status domains_admit(struct cfg_system *sys, const struct domain_board *board, const struct payload *files,
			struct ledger *ledger)
{
	struct domain *set[CFG_MAX_DOMAINS];
	struct claim_refusal why;
	uint32_t nr = 0;
	fh_status status = FH_OK;

	domains.sys = sys;
	domains.board = board;
	domains.domain = board->table;
	domains.files = files;
	domains.ledger = ledger;
	domains.nr = sys->nr_domains;
	/* Once: whoever looks at a slot later may hold its locks. */
	for (uint32_t i = 0; i < CFG_MAX_DOMAINS; i++) {
		lock_init(&domains.domain[i].lock, RANK_DOMAIN);
		lock_init(&domains.domain[i].memory, RANK_MEMORY);
		vuart_init(&domains.domain[i].vuart, NULL, 0);
	}
	for (uint32_t i = 0; i < domains.nr; i++) {
		domain_adopt(&domains.domain[i], &sys->domains[i], (domid_t)i);
		if (!sys->domains[i].on_demand) {
			set[nr++] = &domains.domain[i];
		}
	}
	if (nr != 0U) {
		status = domain_claim(set, nr, DOMID_HYP, &why);
	}
	for (uint32_t i = 0; status == FH_OK && i < nr; i++) {
		status = place(set[i]);
	}
	domain_audit("admitted");
	for (uint32_t i = 0; status == FH_OK && i < nr; i++) {
		if (set[i]->cfg->autostart) {
			status = domain_do(set[i], DOM_OP_START);
		}
	}
	return status;
}
