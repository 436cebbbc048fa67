/* SPDX-License-Identifier: MIT */
/*
 * A domain whose files come in pieces depends on who sends them, its feeder, until it runs. It is taken apart
 * when the feeder goes, or has kept it waiting for longer than the configuration allows.
 */
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

void domain_expect(struct domain *d)
{
	d->due = arch_counter() + arch_counter_hz() / 1000U * domains.sys->create_timeout_ms;
}

void domain_feed(struct domain *d, uint32_t gen, enum domain_op op, const void *feeder)
{
	lock_acquire(&d->lock);
	if ((gen == 0U || gen == d->gen) && domain_needs_files(d) && d->feeder == NULL && domain_may(d, op)) {
		d->feeder = feeder;
		domain_expect(d);
	}
	lock_release(&d->lock);
}

/* The lock is held; gone: the feeder is. */
static void look(struct domain *d, bool gone)
{
	const bool runs = d->state >= DOM_RUNNING;

	if (gone) {
		d->feeder = runs ? NULL : d->feeder;
		d->due = 0;
	}
	if (d->feeder == NULL || d->due > arch_counter()) {
		return;
	}
	if (d->due != 0U && (runs || (d->state == DOM_BUILDING && !d->awaiting))) {
		domain_expect(d); /* it is us that it waits for */
	} else if (domain_may(d, DOM_OP_DESTROY)) {
		log_life(LOG_WARN, d->id, "domain: dom=%s: %s: taken apart", d->cfg->name,
			 d->due == 0U ? "its creator is gone" : "nothing came of it for too long");
		d->feeder = NULL;
		domain_destroy_held(d);
	} else {
		/* It is being claimed: again in a moment. */
	}
}

uint64_t domain_give_up(const void *feeder)
{
	uint64_t next = UINT64_MAX;

	for (uint32_t i = 0; i < domains.nr; i++) {
		struct domain *d = &domains.domain[i];

		lock_acquire(&d->lock);
		if (d->feeder != NULL) {
			look(d, d->feeder == feeder);
			next = d->feeder != NULL ? MIN(next, d->due) : next;
		}
		lock_release(&d->lock);
	}
	return next;
}
