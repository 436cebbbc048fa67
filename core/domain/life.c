/* SPDX-License-Identifier: MIT */
/* What can be asked of a domain, and when: docs/domains.md draws it. */
#include "core/base/string.h"
#include "core/domain/domain.h"
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

#define IN(state) (1U << (state))
#define RUNS (IN(DOM_RUNNING) | IN(DOM_PAUSED))
#define ENDED (IN(DOM_STOPPED) | IN(DOM_CRASHED))

/* The states in which each operation is legal. */
static const uint16_t legal[DOM_OP_COUNT] = {
	[DOM_OP_CLAIM] = IN(DOM_DEFINED),
	[DOM_OP_BUILD] = IN(DOM_CLAIMED),
	[DOM_OP_LOAD] = IN(DOM_BUILDING),
	[DOM_OP_START] = IN(DOM_CLAIMED) | IN(DOM_BUILDING) | IN(DOM_READY) | ENDED,
	[DOM_OP_STOP] = RUNS | IN(DOM_STOPPING) | IN(DOM_BUILDING),
	[DOM_OP_ASK] = IN(DOM_RUNNING),
	[DOM_OP_RESTART] = RUNS | ENDED,
	[DOM_OP_PAUSE] = IN(DOM_RUNNING),
	[DOM_OP_RESUME] = IN(DOM_PAUSED),
	/* One of the boot's configuration stays defined. */
	[DOM_OP_DESTROY] = IN(DOM_DEFINED) | IN(DOM_CLAIMED) | IN(DOM_BUILDING) | IN(DOM_READY) | RUNS |
			   IN(DOM_STOPPING) | ENDED,
};

bool domain_may(const struct domain *d, enum domain_op op)
{
	if (op == DOM_OP_DESTROY && (!domain_unbuilds || (d->state == DOM_DEFINED && !d->created))) {
		return false;
	}
	if (op == DOM_OP_ASK && d->power_key == 0U) {
		return false;
	}
	/* What is not placed yet is destroyed, not stopped. */
	if (op == DOM_OP_STOP && d->state == DOM_BUILDING && (!d->placed || d->loading)) {
		return false;
	}
	return !d->claiming && (legal[op] & IN(d->state)) != 0U;
}

static void start(struct domain *d)
{
	d->run = true;
	d->request = DOM_REQ_NONE;
	d->not_before = 0;
	if (d->state == DOM_READY) {
		domain_launch(d);
	} else if (d->state != DOM_BUILDING) {
		d->resets += d->state == DOM_CLAIMED ? 0U : 1U;
		domain_begin(d, DOM_BUILDING);
	} else {
		/* It is being built, and will run. */
	}
}

void domain_forget(struct domain *d)
{
	d->created = false;
	d->feeder = NULL;
	/* Whoever showed its console shows not that of the slot's next domain. */
	__atomic_store_n(&d->vuart.taken, NULL, __ATOMIC_RELEASE);
	d->vuart.beside = false;
	d->vuart.away = false;
	d->files = (struct domain_files){ 0 };
	/* DEFINE may be checking all configurations: it clears the rest, under its own lock. */
	domains.sys->domains[d->id].name[0] = '\0';
	domain_set_state(d, DOM_UNUSED);
}

void domain_destroy_held(struct domain *d)
{
	if (d->state == DOM_DEFINED) {
		domain_forget(d);
		return;
	}
	d->doomed = true;
	if ((IN(d->state) & (RUNS | IN(DOM_STOPPING))) != 0U) {
		domain_ask_held(d, DOM_REQ_OFF);
	} else {
		domain_begin(d, DOM_DESTROYED);
	}
}

/* A reset that is under way ends here: by the last vCPU that leaves, or by the builder. */
static void stop(struct domain *d)
{
	domain_ask_held(d, DOM_REQ_OFF);
	d->request = DOM_REQ_OFF;
	domain_attend(&d->vcpus[0]);
}

static void turn(struct domain *d, enum domain_state state)
{
	domain_set_state(d, state);
	for (uint32_t i = 0; i < d->nr_vcpus; i++) {
		domain_attend(&d->vcpus[i]);
	}
}

static void perform(struct domain *d, enum domain_op op)
{
	switch (op) {
	case DOM_OP_BUILD:
		domain_begin(d, DOM_BUILDING);
		break;
	case DOM_OP_START:
		start(d);
		break;
	case DOM_OP_STOP:
		stop(d);
		break;
	case DOM_OP_RESTART:
		if ((IN(d->state) & RUNS) != 0U) {
			domain_ask_held(d, DOM_REQ_RESET);
		} else {
			start(d);
		}
		break;
	case DOM_OP_ASK:
		vgic_pend(&d->vgic, 0, d->power_key);
		break;
	case DOM_OP_PAUSE:
		d->paused_at = arch_counter();
		turn(d, DOM_PAUSED);
		break;
	case DOM_OP_RESUME:
		domain_time_goes_on(d);
		turn(d, DOM_RUNNING);
		break;
	case DOM_OP_DESTROY:
	default:
		domain_destroy_held(d);
		break;
	}
}

/* What it asks for needs files that nobody sends. */
static bool hungry(const struct domain *d, enum domain_op op)
{
	return domain_needs_files(d) && d->feeder == NULL &&
	       (op == DOM_OP_RESTART || (op == DOM_OP_START && (IN(d->state) & ENDED) != 0U));
}

fh_status domain_do_as(struct domain *d, uint32_t gen, enum domain_op op)
{
	fh_status status = FH_EBUSY;

	lock_acquire(&d->lock);
	if (gen != 0U && gen != d->gen) {
		status = FH_ENOENT;
	} else if (domain_may(d, op) && hungry(d, op)) {
		status = FH_ENOTSUP;
	} else if (domain_may(d, op)) {
		status = FH_OK;
		perform(d, op);
	} else {
		/* Not in this state. */
	}
	lock_release(&d->lock);
	return status;
}
