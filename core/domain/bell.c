/* SPDX-License-Identifier: MIT */
/*
 * Edges that others cause: the power key, which a control domain presses, and doorbells. Who may ring a domain has an
 * interrupt of its own there. Ringing sets its pending bit, so that who rings without end interrupts no more than the
 * other takes.
 */
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

fh_status domain_bells(struct domain *d)
{
	if (d->cfg->power_key) {
		d->power_key = (uint16_t)domain_free_irq(d);
		log_life(LOG_INFO, d->id, "map: dom=%s intid=%u power key", d->cfg->name, d->power_key);
	}
	for (uint32_t i = 0; i < domains.sys->nr_domains; i++) {
		const struct cfg_domain *from = &domains.sys->domains[i];

		if ((from->rings >> d->id & 1U) != 0U && cfg_used(from)) {
			d->bell[i] = (uint16_t)domain_free_irq(d);
			log_life(LOG_INFO, d->id, "map: dom=%s intid=%u doorbell of %s", d->cfg->name, d->bell[i],
				 from->name);
		}
	}
	return FH_OK;
}

fh_status domain_ring(const struct domain *from, uint64_t to)
{
	struct domain *d = to < CFG_MAX_DOMAINS && (from->cfg->rings >> to & 1U) != 0U ? domain_get((uint32_t)to) :
											 NULL;
	fh_status status = FH_EBUSY;

	if (d == NULL) {
		return FH_ENOENT;
	}
	/* So that it is not taken apart meanwhile. */
	lock_acquire(&d->lock);
	if ((d->state == DOM_RUNNING || d->state == DOM_PAUSED) && d->bell[from->id] != 0U) {
		vgic_pend(&d->vgic, 0, d->bell[from->id]);
		status = FH_OK;
	}
	lock_release(&d->lock);
	return status;
}
