/* SPDX-License-Identifier: MIT */
/* A domain's life once it is admitted: steps of its CPUs, requests, PSCI's view. */
#include "core/domain/domain.h"

#include "core/base/string.h"
#include "core/domain/domain_internal.h"
#include "core/log/log.h"
#include "drivers/gic/gic.h"

/* DEN0022F 5.7.2 */
#define PSCI_AFF_ON 0
#define PSCI_AFF_OFF 1

struct domains domains;

uint32_t domain_count(void)
{
	return domains.nr;
}

struct domain *domain_get(uint32_t i)
{
	return i < domains.nr && domains.domain[i].state != DOM_UNUSED ? &domains.domain[i] : NULL;
}

struct vuart *domain_vuart(uint32_t i)
{
	return &domains.domain[i].vuart;
}

struct domain *domain_find(const char *name)
{
	for (uint32_t i = 0; i < domains.nr; i++) {
		struct domain *d = domain_get(i);

		if (d != NULL && strcmp(d->cfg->name, name) == 0) {
			return d;
		}
	}
	return NULL;
}

struct vcpu *domain_cpu_vcpu(uint32_t cpu)
{
	return __atomic_load_n(&domains.cpu_vcpu[cpu], __ATOMIC_ACQUIRE);
}

bool domain_vcpu_look(struct domain *d, uint32_t i, struct domain_vcpu *out)
{
	bool there;

	lock_acquire(&d->lock);
	there = d->vcpus != NULL && i < d->nr_vcpus;
	if (there) {
		const struct vcpu *v = &d->vcpus[i];

		*out = (struct domain_vcpu){
			.pcpu = v->pcpu, .on = v->on, .injected = v->vgic.injected, .times = v->times
		};
		memcpy(out->exits, v->exits, sizeof(out->exits));
		out->times.guest += out->times.since != 0U ? arch_counter() - out->times.since : 0U;
	}
	lock_release(&d->lock);
	return there;
}

void domain_kick(struct domain *d)
{
	uint32_t i = 0;

	lock_acquire(&d->lock);
	while (d->vcpus != NULL && i < d->nr_vcpus && !d->vcpus[i].on) {
		i++;
	}
	if (d->vcpus != NULL && i < d->nr_vcpus) {
		gic_send_sgi(d->vcpus[i].pcpu, GIC_SGI_KICK);
	}
	lock_release(&d->lock);
}

struct domain *domain_of_irq(uint32_t intid)
{
	const uint32_t owner = intid < ARRAY_SIZE(domains.irq_owner) ? domains.irq_owner[intid] : 0U;

	return owner != 0U ? &domains.domain[owner - 1U] : NULL;
}

struct ledger *domain_ledger(void)
{
	return domains.ledger;
}

uint32_t domain_wait_max_ms(void)
{
	return domains.sys->wait_max_ms;
}

const char *domain_state_str(enum domain_state s)
{
	static const char *const names[DOM_STATE_COUNT] = {
		[DOM_UNUSED] = "unused",     [DOM_DEFINED] = "defined",     [DOM_CLAIMED] = "claimed",
		[DOM_BUILDING] = "building", [DOM_READY] = "ready",         [DOM_RUNNING] = "running",
		[DOM_PAUSED] = "paused",     [DOM_STOPPING] = "stopping",   [DOM_STOPPED] = "stopped",
		[DOM_CRASHED] = "crashed",   [DOM_DESTROYED] = "destroyed",
	};

	return (unsigned int)s < DOM_STATE_COUNT ? names[s] : "unknown";
}

void domain_attend(struct vcpu *v)
{
	__atomic_store_n(&v->stop, 1U, __ATOMIC_RELEASE);
	gic_send_sgi(v->pcpu, GIC_SGI_KICK);
}

bool domain_all_off(void)
{
	for (uint32_t i = 0; i < domains.nr; i++) {
		const enum domain_state s = __atomic_load_n(&domains.domain[i].state, __ATOMIC_ACQUIRE);

		if (s >= DOM_BUILDING && s != DOM_STOPPED && s != DOM_CRASHED) {
			return false;
		}
	}
	return true;
}

void domain_set_state(struct domain *d, enum domain_state s)
{
	__atomic_store_n(&d->state, s, __ATOMIC_RELEASE);
	event_post(&(struct event){ .dom = d->id, .value = (uint32_t)s });
}

void domain_begin(struct domain *d, enum domain_state state)
{
	if (state == DOM_BUILDING) {
		d->build = (struct domain_build){ .phase = d->placed ? PHASE_UNCOMMIT : PHASE_TABLES,
						  .started = d->placed ? 0U : d->build.started };
		d->loadable = false;
		d->awaiting = false;
		memset(d->arrived, 0, sizeof(d->arrived));
	}
	domain_set_state(d, state);
	for (uint32_t i = 0; i < d->nr_vcpus; i++) {
		domain_attend(&d->vcpus[i]);
	}
}

void domain_launch(struct domain *d)
{
	d->vcpus[0].entry = d->entry;
	d->vcpus[0].context = d->images[DOM_IMG_DTB].ipa;
	d->vcpus[0].on = true;
	d->nr_on = 1;
	d->launched = arch_counter();
	d->voff = 0;
	d->feeder = NULL;
	domain_set_state(d, DOM_RUNNING);
	domain_attend(&d->vcpus[0]);
}

/* The last vCPU has left: the request is carried out. Lock held. */
static void request_done(struct domain *d)
{
	const enum domain_request r = d->request;

	domain_audit("left");
	domain_virtio_reset(d);
	domain_watchdog_reset(d);
	d->request = DOM_REQ_NONE;
	d->giving = d->cfg->claims.window.size != 0U ? GIVE_MEMORY : GIVE_NOTHING;
	if (d->doomed) {
		domain_begin(d, DOM_DESTROYED);
		return;
	}
	if ((r == DOM_REQ_RESET || (r >= DOM_REQ_CRASH && domain_restarts(d, r))) &&
	    (d->feeder != NULL || !domain_needs_files(d))) {
		d->resets++;
		log_life(LOG_INFO, d->id, "domain: dom=%s reset=%u: restarting", d->cfg->name, d->resets);
		d->run = true;
		domain_begin(d, DOM_BUILDING);
		return;
	}
	d->giving = GIVE_INTERRUPTS; /* its devices must not interrupt any more */
	d->build.mem = 0;
	d->feeder = NULL;
	domain_set_state(d, r >= DOM_REQ_CRASH ? DOM_CRASHED : DOM_STOPPED);
	log_life(LOG_INFO, d->id, "domain: dom=%s: %s%s", d->cfg->name, domain_state_str(d->state),
		 r == DOM_REQ_RESET ? ": its files are not kept for a reset" : "");
	domain_attend(&d->vcpus[0]);
}

/* Lock held. */
static void leave(struct vcpu *v)
{
	struct domain *d = v->domain;

	if (v->on) {
		if (v->vgic.loaded != 0U) {
			vcpu_unload();
			vgic_cpu_put(&v->vgic);
		}
		v->on = false;
		v->held = false;
		d->nr_on--;
	}
	if (d->nr_on == 0U) {
		request_done(d);
	}
}

/* A CPU lets go of its vCPU, which will be gone. The first one stays, to take the rest apart. Lock held. */
static void detach(struct vcpu *v)
{
	struct domain *d = v->domain;

	__atomic_store_n(&domains.cpu_vcpu[v->pcpu], NULL, __ATOMIC_RELEASE);
	d->nr_attached--;
	if (d->nr_attached == 1U) {
		domain_attend(&d->vcpus[0]);
	}
}

static enum domain_step step_of(struct vcpu *v)
{
	struct domain *d = v->domain;

	if (d->state == DOM_DESTROYED) {
		return v->index == 0U && d->nr_attached == 1U && !d->loading ? DOM_STEP_UNBUILD : DOM_STEP_IDLE;
	}
	if (d->state == DOM_BUILDING || d->giving != GIVE_NOTHING) {
		return v->index == 0U && !d->awaiting ? DOM_STEP_BUILD : DOM_STEP_IDLE;
	}
	if (d->state == DOM_PAUSED) {
		domain_hold(v);
	}
	if (d->state != DOM_RUNNING || !v->on) {
		return DOM_STEP_IDLE;
	}
	domain_unhold(v);
	return v->vgic.loaded != 0U ? DOM_STEP_RUN : DOM_STEP_START;
}

enum domain_step domain_next_step(struct vcpu *v, bool *last_off)
{
	struct domain *d = v->domain;
	enum domain_step step;

	__atomic_store_n(&v->stop, 0U, __ATOMIC_RELAXED);
	lock_acquire(&d->lock);
	const enum domain_state before = d->state;

	if (d->request != DOM_REQ_NONE && v->on) {
		leave(v);
	} else if (d->request != DOM_REQ_NONE && v->index == 0U &&
		   (d->state == DOM_BUILDING || d->state == DOM_READY)) {
		request_done(d); /* it was stopped before it ran again */
	} else {
		/* Nothing is asked of it. */
	}
	if (d->state == DOM_DESTROYED && v->index != 0U) {
		detach(v);
	}
	step = step_of(v);
	*last_off = before != d->state && (d->state == DOM_STOPPED || d->state == DOM_CRASHED);
	const bool crashed = *last_off && d->state == DOM_CRASHED;

	lock_release(&d->lock);
	if (crashed) {
		domain_crashed(d);
	}
	if (*last_off) {
		*last_off = domain_all_off();
	}
	return step;
}

void domain_vcpu_start(struct vcpu *v)
{
	struct domain *d = v->domain;
	uint64_t entry;
	uint64_t context;

	lock_acquire(&d->lock);
	entry = v->entry;
	context = v->context;
	vcpu_offset(d->voff);
	lock_release(&d->lock);
	vcpu_load(v, d->s2.vttbr, entry, context);
	vgic_cpu_load(&v->vgic);
}

void domain_ask_held(struct domain *d, enum domain_request r)
{
	if ((d->state == DOM_RUNNING || d->state == DOM_PAUSED) && d->request == DOM_REQ_NONE) {
		d->request = r;
		if (r >= DOM_REQ_CRASH) {
			event_post(&(struct event){ .type = EVENT_FAULT, .dom = d->id, .value = r - DOM_REQ_CRASH });
		}
		domain_set_state(d, DOM_STOPPING);
		for (uint32_t i = 0; i < d->nr_vcpus; i++) {
			domain_attend(&d->vcpus[i]);
		}
	}
}

void domain_ask(struct domain *d, enum domain_request r)
{
	lock_acquire(&d->lock);
	domain_ask_held(d, r);
	lock_release(&d->lock);
}

/* The vCPU with that MPIDR's affinity fields, or NULL. Bits other than Aff0 to Aff3 must be clear. */
static struct vcpu *vcpu_of_mpidr(struct domain *d, uint64_t mpidr)
{
	const uint64_t i = vgic_vcpu_of(mpidr);

	return i < d->nr_vcpus ? &d->vcpus[i] : NULL;
}

bool domain_is_entry(struct domain *d, uint64_t entry)
{
	struct s2_leaf leaf;

	return s2_lookup(&d->s2, ipa(entry), &leaf) == FH_OK && leaf.kind == S2_RAM && leaf.valid &&
	       is_aligned(entry, 4U);
}

int64_t domain_cpu_on(struct domain *d, uint64_t mpidr, uint64_t entry, uint64_t context)
{
	struct vcpu *v = vcpu_of_mpidr(d, mpidr);
	int64_t ret = PSCI_SUCCESS;

	if (v == NULL) {
		return PSCI_INVALID_PARAMETERS;
	}
	if (!domain_is_entry(d, entry)) {
		return PSCI_INVALID_ADDRESS;
	}
	lock_acquire(&d->lock);
	if (v->on) {
		ret = PSCI_ALREADY_ON; /* also where its CPU is still on its way: what was accepted is done */
	} else {
		v->entry = entry;
		v->context = context;
		v->on = true;
		d->nr_on++;
		domain_attend(v);
	}
	lock_release(&d->lock);
	return ret;
}

void domain_cpu_off(struct vcpu *v)
{
	struct domain *d = v->domain;

	lock_acquire(&d->lock);
	if (d->nr_on == 1U) {
		domain_ask_held(d, DOM_REQ_OFF); /* nobody is left who could turn a vCPU on */
	}
	if (d->request == DOM_REQ_NONE) {
		leave(v);
	}
	domain_attend(v);
	lock_release(&d->lock);
}

int64_t domain_affinity_info(struct domain *d, uint64_t mpidr, uint64_t level)
{
	int64_t ret = PSCI_INVALID_PARAMETERS;

	/* A group is on as soon as one of its vCPUs is; fields below the level don't count. */
	lock_acquire(&d->lock);
	for (uint32_t i = 0; level <= 3U && i < d->nr_vcpus && ret != PSCI_AFF_ON; i++) {
		if (vgic_affinity(i) >> (8U * level) == mpidr >> (8U * level)) {
			ret = d->vcpus[i].on ? PSCI_AFF_ON : PSCI_AFF_OFF;
		}
	}
	lock_release(&d->lock);
	return ret;
}
