/* SPDX-License-Identifier: MIT */
/* The watchdog of a domain with the on-watchdog property. */
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

fh_status domain_watchdog(struct domain *d)
{
	fh_status status;

	if (!d->cfg->watchdog) {
		return FH_OK;
	}
	vwdt_init(&d->vwdt, &d->vgic, domain_free_irq(d));
	status = domain_free_place(d, VWDT_SIZE, &d->watchdog);
	if (status == FH_OK) {
		status = domain_add_vdev(d, d->watchdog, &vwdt_ops, &d->vwdt, "watchdog");
	}
	if (status == FH_OK) {
		log_life(LOG_INFO, d->id, "map: dom=%s ipa=0x%lx intid=%u watchdog", d->cfg->name, d->watchdog.base,
			 d->vwdt.intid);
	}
	return status;
}

void domain_watchdog_reset(struct domain *d)
{
	if (d->watchdog.size != 0U) {
		vwdt_reset(&d->vwdt);
	}
}

uint64_t domain_watchdog_poll(struct domain *d)
{
	const enum domain_state state = __atomic_load_n(&d->state, __ATOMIC_ACQUIRE);
	bool ran_out = false;
	uint64_t next;

	/* voff is what it was when the domain began to run. */
	if (d->watchdog.size == 0U || (state != DOM_RUNNING && (state != DOM_PAUSED || d->cfg->time_stands))) {
		return UINT64_MAX;
	}
	next = vwdt_poll(&d->vwdt, arch_counter() - d->voff, &ran_out);
	if (ran_out) {
		log_guest(d->id, "guest: dom=%s: its watchdog ran out", d->cfg->name);
		domain_ask(d, DOM_REQ_WATCHDOG);
	}
	return next == UINT64_MAX ? next : next + d->voff;
}
