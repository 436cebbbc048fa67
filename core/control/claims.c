/* SPDX-License-Identifier: MIT */
/* Claims that a control domain holds: staked, renewed, released; and what becomes of them, told as events. */
#include "arch/cpu.h"
#include "core/base/bits.h"
#include "core/claim/ended.h"
#include "core/control/control_internal.h"
#include "core/log/log.h"
#include "core/sync/lock.h"

#define WAITS_MAX 16U
/* Whoever's CPU comes first does it for all, so no call does more than so much of it. */
#define STEP_REAPS 2U
#define STEP_LOOKS 16U
/* A second: whether what waits was admitted, by memory that came free without a word to us. */
#define WAIT_LOOKS 10U

/* Guards waits[]; who polls does not wait for it. */
static struct lock waits_lock = LOCK_INIT(RANK_DOMAIN);
static uint64_t reap_at = UINT64_MAX; /* counter: a lease ends, of a claim or of a domain's files; no lock */
static bool reaping;                  /* it has, and not all that have are ended and looked at; read without the lock */
static uint32_t next_look;            /* slot of the next claim to look at; reaping, it holds the lock */
static struct {
	claim_handle_t claim;
	domid_t holder;
	bool used;
	const struct session *session; /* that waits */
	uint64_t lease_ms;             /* from its admission on; 0: for ever */
} waits[WAITS_MAX];
static uint32_t nr_waits; /* that are used; read without the lock */

static uint64_t due_at(void)
{
	return __atomic_load_n(&reaping, __ATOMIC_RELAXED) ? 0U : __atomic_load_n(&reap_at, __ATOMIC_RELAXED);
}

/* It is control domains' work, and done by their CPUs, or by one that has no guest: no other guest pays for it. */
static bool is_work_of(const struct vcpu *v)
{
	return v == NULL || v->domain->cfg->control;
}

uint64_t control_wake_at(const struct vcpu *v)
{
	return is_work_of(v) ? due_at() : UINT64_MAX;
}

/* While claims wait. */
static void look_again_soon(void)
{
	control_wake_by(arch_counter() + arch_counter_hz() / WAIT_LOOKS);
}

static uint64_t after_ms(uint64_t now, uint64_t ms)
{
	const uint64_t hz = arch_counter_hz();

	return ms > UINT64_MAX / 2U / hz ? UINT64_MAX : now + ms * hz / 1000U;
}

static void post(enum ctl_event_type type, domid_t holder, claim_handle_t h)
{
	event_post(&(struct event){ .type = (uint16_t)type, .dom = holder, .arg = { h.slot, h.gen } });
}

void control_wake_by(uint64_t at)
{
	uint64_t seen = __atomic_load_n(&reap_at, __ATOMIC_RELAXED);

	while (at < seen &&
	       !__atomic_compare_exchange_n(&reap_at, &seen, at, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
	}
}

/* Counted from now; of a claim that has ended: nothing. */
static void set_lease(struct ledger *l, claim_handle_t h, uint64_t ms)
{
	const uint64_t now = arch_counter();
	const uint64_t end = ms == 0U ? UINT64_MAX : after_ms(now, ms);

	if (claim_renew(l, h, now, end == UINT64_MAX ? CLAIM_FOREVER : end - now) == FH_OK) {
		control_wake_by(end);
	}
}

/* Of the claims that are left, the next lease that ends: some of them. False: there are more. */
static bool find_next(struct ledger *l)
{
	claim_handle_t h;
	struct claim_info c;

	for (uint32_t i = 0; i < STEP_LOOKS; i++) {
		if (claim_next(l, next_look, &h) != FH_OK) {
			return true;
		}
		next_look = h.slot + 1U;
		if (claim_info(l, h, &c) == FH_OK) {
			control_wake_by(c.deadline);
		}
	}
	return false;
}

/* Some of the claims whose lease has ended. */
static void reap(struct ledger *l)
{
	claim_handle_t gone;
	uint32_t n = 0;

	if (!reaping) {
		/* From here on who stakes says himself when his lease ends. */
		__atomic_store_n(&reap_at, UINT64_MAX, __ATOMIC_RELAXED);
		__atomic_store_n(&reaping, true, __ATOMIC_RELAXED);
		next_look = 0;
	}
	while (n < STEP_REAPS && claim_reap(l, arch_counter(), &gone) == FH_OK) {
		post(CTL_EV_EXPIRED, claim_was_of(l, gone), gone);
		n++;
	}
	if (n < STEP_REAPS && find_next(l)) {
		__atomic_store_n(&reaping, false, __ATOMIC_RELAXED);
	}
}

static void look_at_waits(struct ledger *l)
{
	struct claim_info c;

	for (uint32_t i = 0; i < WAITS_MAX; i++) {
		if (!waits[i].used) {
			continue;
		}
		const fh_status status = claim_info(l, waits[i].claim, &c);

		if (status != FH_OK || !c.waiting) {
			waits[i].used = false;
			nr_waits--;
			set_lease(l, waits[i].claim, waits[i].lease_ms);
			if (status != FH_EREVOKED) {
				post(status == FH_OK ? CTL_EV_ADMITTED : CTL_EV_EXPIRED, waits[i].holder,
				     waits[i].claim);
			}
		}
	}
}

static void tell_revoked(struct ledger *l)
{
	claim_handle_t h;
	domid_t holder;

	while (claim_any_revoked(l) && claim_next_revoked(l, &h, &holder) == FH_OK) {
		post(CTL_EV_REVOKED, holder, h);
	}
}

void control_claims_poll(void)
{
	struct ledger *l = domain_ledger();
	bool due;

	/* Most calls end here. */
	if (__atomic_load_n(&nr_waits, __ATOMIC_RELAXED) == 0U && !claim_any_revoked(l) && arch_counter() < due_at()) {
		return;
	}
	if (!is_work_of(domain_cpu_vcpu(arch_cpu_id()))) {
		return;
	}
	tell_revoked(l);
	if (!lock_try(&waits_lock)) {
		return;
	}
	due = arch_counter() >= due_at();
	look_at_waits(l);
	if (due) {
		reap(l);
		look_at_waits(l);
	}
	if (nr_waits != 0U) {
		look_again_soon();
	}
	lock_release(&waits_lock);
	if (due) {
		control_wake_by(domain_give_up(NULL));
	}
}

/* false: so many wait already. */
static bool remember(const struct request *r, claim_handle_t h, uint64_t lease_ms)
{
	uint32_t i = 0;

	lock_acquire(&waits_lock);
	while (i < WAITS_MAX && waits[i].used) {
		i++;
	}
	if (i < WAITS_MAX) {
		waits[i].claim = h;
		waits[i].holder = r->self->id;
		waits[i].session = r->session;
		waits[i].lease_ms = lease_ms;
		waits[i].used = true;
		nr_waits++;
	}
	lock_release(&waits_lock);
	return i < WAITS_MAX;
}

void control_forget_waits(const struct session *s)
{
	struct claim_info c;

	lock_acquire(&waits_lock);
	for (uint32_t i = 0; i < WAITS_MAX; i++) {
		if (waits[i].used && waits[i].session == s &&
		    claim_info(domain_ledger(), waits[i].claim, &c) == FH_OK && c.waiting &&
		    claim_release(domain_ledger(), waits[i].claim) == FH_OK) {
			waits[i].used = false;
			nr_waits--;
		}
	}
	lock_release(&waits_lock);
}

/* Terms as the ledger wants them; only for domains that the caller manages, and itself. */
static uint32_t read_terms(const struct request *r, struct claim_term *terms)
{
	const struct ctl_stake *q = r->in;
	const struct ctl_want *want = (const void *)(q + 1);

	if (q->nr == 0U || q->nr > CTL_STAKE_MAX || r->len != sizeof(*q) + q->nr * sizeof(*want)) {
		return CTL_EINVAL;
	}
	for (uint32_t i = 0; i < q->nr; i++) {
		uint32_t status;

		if (want[i].owner != r->self->id && control_named(r, want[i].owner, want[i].gen, &status) == NULL) {
			return status;
		}
		/* Its blocks are EL2's to see: domains' bodies and tables only, which domain_claim() stakes. */
		if (want[i].zone == domain_hyp_zone()) {
			return CTL_EDENIED;
		}
		terms[i] = (struct claim_term){ want[i].zone, want[i].order, want[i].owner, want[i].count };
	}
	return CTL_OK;
}

uint32_t control_refused(struct request *r, uint32_t status, const struct claim_refusal *why)
{
	struct ctl_refusal *out = r->out;

	event_post(&(struct event){ .type = CTL_EV_REFUSED,
				    .dom = why->want != 0U ? why->owner : r->self->id,
				    .value = status,
				    .arg = { why->want, why->fit } });
	*out = (struct ctl_refusal){ why->term, why->zone, why->order, why->owner, why->want, why->have, why->fit };
	r->out_len = sizeof(*out);
	return status;
}

uint32_t control_stake(struct request *r)
{
	const struct ctl_stake *q = r->in;
	struct ctl_claim *out = r->out;
	struct claim_term terms[CTL_STAKE_MAX];
	struct claim_refusal why = { 0 };
	struct ledger *l = domain_ledger();
	claim_handle_t h;
	const uint32_t bad = read_terms(r, terms);
	fh_status status;

	if (bad != CTL_OK || q->wait_ms > domain_wait_max_ms()) {
		return bad != CTL_OK ? bad : CTL_EDENIED;
	}
	status = q->wait_ms == 0U ?
			 claim_stake(l, r->self->id, terms, q->nr, &h, &why) :
			 claim_stake_wait(l, r->self->id, terms, q->nr, after_ms(arch_counter(), q->wait_ms), &h, &why);
	const bool waits_now = q->wait_ms != 0U && status == FH_EQUEUED;

	if (status == FH_EOVERFLOW) {
		domain_claims_full(r->self);
	}
	if (status != FH_OK && !waits_now) {
		return control_refused(r, (uint32_t)status, &why);
	}
	if (waits_now && !remember(r, h, q->lease_ms)) {
		return claim_release(l, h) == FH_OK ? CTL_EOVERFLOW : CTL_ESTALE;
	}
	if (waits_now) {
		control_wake_by(after_ms(arch_counter(), q->wait_ms));
		look_again_soon();
	} else {
		set_lease(l, h, q->lease_ms);
		post(CTL_EV_ADMITTED, r->self->id, h);
	}
	*out = (struct ctl_claim){ h.slot, h.gen, waits_now ? 1U : 0U };
	r->out_len = sizeof(*out);
	return CTL_OK;
}

/* release, renew: of a claim that the caller holds. */
uint32_t control_claim(struct request *r)
{
	const struct ctl_claim *q = r->in;
	const claim_handle_t h = { q->slot, q->gen };
	struct claim_info c;
	fh_status status = claim_info(domain_ledger(), h, &c);

	if (status == FH_OK && c.holder != r->self->id) {
		status = FH_EDENIED;
	} else if (status == FH_OK && (c.uses != 0U || (c.waiting && r->op == CTL_RENEW))) {
		status = FH_EBUSY; /* a build draws on it; or its deadline is that of its waiting, which is bounded */
	} else {
		/* Told as it is. */
	}
	if (status == FH_OK && r->op == CTL_RELEASE) {
		status = claim_release(domain_ledger(), h);
	} else if (status == FH_OK) {
		set_lease(domain_ledger(), h, q->lease_ms);
	} else {
		/* Told as it is. */
	}
	return (uint32_t)status;
}
