/* SPDX-License-Identifier: MIT */
/*
 * The boot: all domains are defined, those that start now or by hand are claimed as one set, and each, in
 * configuration order, is placed.
 */
#include "core/domain/domain.h"
#include "core/domain/domain_internal.h"

static void define(struct domain *d, const struct cfg_domain *cfg, domid_t id)
{
	lock_init(&d->lock, RANK_DOMAIN);
	lock_init(&d->memory, RANK_MEMORY);
	d->cfg = cfg;
	d->id = id;
	d->nr_vcpus = cfg->nr_vcpus;
	d->state = DOM_DEFINED;
	vuart_init(&d->vuart, NULL, 0);
}

static fh_status place(struct domain *d)
{
	fh_status status = FH_OK;

	while (status == FH_OK && !d->placed) {
		status = domain_place_step(d);
	}
	return status;
}

fh_status domains_admit(const struct cfg_system *sys, const struct domain_board *board, const struct payload *files,
			struct ledger *ledger)
{
	struct domain *set[CFG_MAX_DOMAINS];
	uint32_t nr = 0;
	fh_status status = FH_OK;

	domains.sys = sys;
	domains.board = board;
	domains.files = files;
	domains.ledger = ledger;
	domains.nr = sys->nr_domains;
	for (uint32_t i = 0; i < domains.nr; i++) {
		define(&domains.domain[i], &sys->domains[i], (domid_t)i);
		if (!sys->domains[i].on_demand) {
			set[nr++] = &domains.domain[i];
		}
	}
	if (nr != 0U) {
		status = domain_claim(set, nr, DOMID_HYP);
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
