/* SPDX-License-Identifier: MIT */
/* The requests, by a table: what each wants, and whether the caller may. */
#include "arch/cpu.h"
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/control/control_internal.h"
#include "core/log/log.h"
#include "core/log/trace.h"
#include "generated/version.h"

_Static_assert((uint32_t)CTL_ETIMEOUT == (uint32_t)FH_ETIMEOUT, "the order of fh_status");
_Static_assert(CTL_EV_STATE == EVENT_STATE && CTL_EV_FAULT == EVENT_FAULT, "what core/domain posts");

bool control_may(const struct domain *d, uint32_t dom)
{
	return dom < 64U && (d->cfg->manages >> dom & 1U) != 0U;
}

bool control_sees(const struct domain *d, uint32_t dom)
{
	return dom == d->id || control_may(d, dom);
}

bool control_sees_all(const struct domain *d)
{
	return (d->cfg->manages | UINT64_C(1) << d->id) == UINT64_MAX;
}

struct domain *control_named(const struct request *r, uint32_t dom, uint32_t gen, uint32_t *status)
{
	struct domain *d = domain_get(dom);
	const bool there = d != NULL && (gen == 0U || d->gen == gen);

	*status = there ? CTL_EDENIED : CTL_ENOENT;
	return there && control_may(r->self, dom) ? d : NULL;
}

static uint32_t hello(struct request *r)
{
	struct ctl_hello *h = r->out;

	*h = (struct ctl_hello){
		.version = 1,
		.self = r->self->id,
		.nr_domains = (uint16_t)domain_count(),
		.manages = r->self->cfg->manages,
		.counter_hz = arch_counter_hz(),
		.counter = arch_counter(),
		.wait_max_ms = domain_wait_max_ms(),
	};
	(void)fmt_line(h->build, sizeof(h->build), "%s", FREEHOLD_VERSION);
	r->out_len = sizeof(*h);
	return CTL_OK;
}

static const enum domain_op actions[] = {
	[CTL_STOP] = DOM_OP_ASK,        [CTL_START] = DOM_OP_START, [CTL_KILL] = DOM_OP_STOP,
	[CTL_RESTART] = DOM_OP_RESTART, [CTL_PAUSE] = DOM_OP_PAUSE, [CTL_RESUME] = DOM_OP_RESUME,
	[CTL_DESTROY] = DOM_OP_DESTROY,
};

static uint32_t do_domain(struct request *r)
{
	const struct ctl_domain_req *q = r->in;
	uint32_t status;
	struct domain *d = control_named(r, q->dom, q->gen, &status);

	if (d == NULL) {
		return status;
	}
	if (q->action >= ARRAY_SIZE(actions) || (q->action == CTL_STOP && !d->cfg->power_key)) {
		return CTL_ENOTSUP;
	}
	if (q->action == CTL_START || q->action == CTL_RESTART) {
		domain_feed(d, q->gen, actions[q->action], r->session);
		control_wake_by(d->due);
	}
	return (uint32_t)domain_do_as(d, q->gen, actions[q->action]);
}

/* The set's claim is the caller's: it falls with it, and what is being built by it. */
static uint32_t create(struct request *r)
{
	const struct ctl_create *q = r->in;
	struct domain *set[CTL_CREATE_MAX];
	struct claim_refusal why;
	uint32_t status;

	if (q->nr == 0U || q->nr > CTL_CREATE_MAX) {
		return CTL_EINVAL;
	}
	for (uint32_t i = 0; i < q->nr; i++) {
		set[i] = control_named(r, q->dom[i], q->gen[i], &status);
		if (set[i] == NULL) {
			return status;
		}
	}
	status = (uint32_t)domain_claim(set, q->nr, r->self->id, &why);
	if (why.want != 0U) {
		return control_refused(r, status, &why);
	}
	for (uint32_t i = 0; status == CTL_OK && i < q->nr; i++) {
		status = (uint32_t)domain_do(set[i], DOM_OP_START);
	}
	return status;
}

static uint32_t want_events(struct request *r)
{
	const struct ctl_events_req *q = r->in;

	r->session->events = q->on != 0U;
	r->session->event = event_next();
	return CTL_OK;
}

static void watch_set(bool traces, bool on)
{
	if (traces) {
		trace_set(on);
	} else {
		domain_measure(on);
	}
}

/* With the last session that watches it ends; a beginning that came between is seen behind the end. */
static void watch(struct session *s, bool traces, bool on)
{
	static uint32_t watching[2];
	const bool did = s->watches[traces];

	s->watches[traces] = on;
	if (on) {
		__atomic_fetch_add(&watching[traces], did ? 0U : 1U, __ATOMIC_SEQ_CST);
		watch_set(traces, true);
	} else if (did && __atomic_fetch_sub(&watching[traces], 1U, __ATOMIC_SEQ_CST) == 1U) {
		watch_set(traces, false);
		if (__atomic_load_n(&watching[traces], __ATOMIC_SEQ_CST) != 0U) {
			watch_set(traces, true);
		}
	} else {
		/* Others go on. */
	}
}

void control_watch_no_more(struct session *s)
{
	watch(s, false, false);
	watch(s, true, false);
}

static uint32_t want_trace(struct request *r)
{
	const struct ctl_events_req *q = r->in;

	if (!control_sees_all(r->self)) {
		return CTL_EDENIED;
	}
	watch(r->session, r->op == CTL_TRACING, q->on != 0U);
	return CTL_OK;
}

struct domain *control_attached(const struct session *s)
{
	struct domain *d = s->attached != 0U ? domain_get(s->attached - 1U) : NULL;

	return d != NULL && __atomic_load_n(&d->vuart.taken, __ATOMIC_ACQUIRE) == s ? d : NULL;
}

void control_detach(struct session *s)
{
	const void *own = s;

	/* Not of a domain: that may be gone. */
	if (s->attached != 0U && __atomic_compare_exchange_n(&domain_vuart(s->attached - 1U)->taken, &own, NULL, false,
							     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		output_flag(OUTPUT_NEW);
	}
	s->attached = 0;
}

static uint32_t attach(struct request *r)
{
	const struct ctl_domain_req *q = r->in;
	uint32_t status;
	struct domain *d = control_named(r, q->dom, q->gen, &status);
	const void *none = NULL;

	control_detach(r->session);
	if (d == NULL || q->action == 0U) {
		return d == NULL ? status : CTL_OK;
	}
	if (d->cfg->console == CFG_CONSOLE_NONE) {
		return CTL_ENOENT;
	}
	if (!__atomic_compare_exchange_n(&d->vuart.taken, &none, r->session, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE)) {
		return CTL_EEXIST; /* of two that come at once, one */
	}
	r->session->attached = (uint16_t)(q->dom + 1U);
	/* It may have gone since it was looked up, and the slot be another's: that one must be the caller's, too. */
	if (control_named(r, q->dom, q->gen, &status) == NULL) {
		control_detach(r->session);
		return status;
	}
	return CTL_OK;
}

static uint32_t input(struct request *r)
{
	const char *text = r->in;
	struct ctl_input *out = r->out;
	struct domain *d = control_attached(r->session);

	if (d == NULL) {
		return CTL_EBUSY;
	}
	*out = (struct ctl_input){ 0, 0 };
	while (out->taken < r->len && vuart_rx_put(&d->vuart, text[out->taken])) {
		out->taken++;
	}
	r->out_len = sizeof(*out);
	return CTL_OK;
}

static const struct {
	uint32_t (*carry_out)(struct request *r);
	uint32_t size; /* of the request, at least; the longer ones look for themselves */
} ops[] = {
	[CTL_HELLO] = { hello, 0 },
	[CTL_LIST] = { control_list, sizeof(struct ctl_list) },
	[CTL_DOMAIN] = { do_domain, sizeof(struct ctl_domain_req) },
	[CTL_TREE] = { control_tree, sizeof(struct ctl_tree) },
	[CTL_DEFINE] = { control_define, sizeof(struct ctl_define) },
	[CTL_CREATE] = { create, sizeof(struct ctl_create) },
	[CTL_EVENTS] = { want_events, sizeof(struct ctl_events_req) },
	[CTL_TRACING] = { want_trace, sizeof(struct ctl_events_req) },
	[CTL_TIMES] = { want_trace, sizeof(struct ctl_events_req) },
	[CTL_ATTACH] = { attach, sizeof(struct ctl_domain_req) },
	[CTL_INPUT] = { input, 0 },
	[CTL_STAKE] = { control_stake, sizeof(struct ctl_stake) },
	[CTL_RELEASE] = { control_claim, sizeof(struct ctl_claim) },
	[CTL_RENEW] = { control_claim, sizeof(struct ctl_claim) },
};

uint32_t control_request(struct request *r)
{
	if (r->op >= ARRAY_SIZE(ops) || ops[r->op].carry_out == NULL) {
		return CTL_ENOTSUP;
	}
	return r->len >= ops[r->op].size ? ops[r->op].carry_out(r) : CTL_EINVAL;
}
