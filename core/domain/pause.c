/* SPDX-License-Identifier: MIT */
/*
 * The time of a paused domain, where it stands (paused-time):
 *
 *	pause --- its vCPUs leave, one by one; their virtual timers are held --- resume: the offset of its counter grows
 *	          by the time since the last one left (paused_at); each vCPU takes it, and its timer back, as it enters
 *
 * So no vCPU sees its counter go back, nor a timer come before its time. A pause that ends before all of them have left
 * takes no time away: one of them saw it pass.
 */
#include "core/domain/domain_internal.h"

/* A vCPU is out of the guest of a paused domain. Lock held. */
void domain_hold(struct vcpu *v)
{
	struct domain *d = v->domain;

	if (d->cfg->time_stands && v->on && !v->held) {
		vcpu_hold_timer(v);
		v->held = true;
		d->paused_at = arch_counter();
	}
}

/* It is about to enter. Lock held. */
void domain_unhold(struct vcpu *v)
{
	if (v->held) {
		v->held = false;
		vcpu_offset(v->domain->voff);
		vcpu_unhold_timer(v);
		arch_wake_by(0); /* for the watchdog, which could not be asked meanwhile */
	}
}

/* The domain is about to run. Lock held. */
void domain_time_goes_on(struct domain *d)
{
	bool all = d->cfg->time_stands;

	for (uint32_t i = 0; i < d->nr_vcpus; i++) {
		all = all && (!d->vcpus[i].on || d->vcpus[i].held);
	}
	if (all) {
		d->voff += arch_counter() - d->paused_at;
	}
}
