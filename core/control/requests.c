/* SPDX-License-Identifier: MIT */
/* The requests, by a table: what each wants, and whether the caller may. */
#include "arch/cpu.h"
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/control/control_internal.h"
#include "core/log/log.h"
#include "generated/version.h"

_Static_assert((uint32_t)CTL_ETIMEOUT == (uint32_t)FH_ETIMEOUT, "the order of fh_status");

bool control_may(const struct domain *d, uint32_t dom)
{
	return dom < 64U && (d->cfg->manages >> dom & 1U) != 0U;
}

/* The domain that a request names; NULL: *status says why. */
static struct domain *named(const struct request *r, uint32_t dom, uint32_t *status)
{
	struct domain *d = domain_get(dom);

	*status = d == NULL ? CTL_ENOENT : CTL_EDENIED;
	return d != NULL && control_may(r->self, dom) ? d : NULL;
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
	};
	(void)fmt_line(h->build, sizeof(h->build), "%s", FREEHOLD_VERSION);
	r->out_len = sizeof(*h);
	return CTL_OK;
}

static uint32_t do_domain(struct request *r)
{
	const struct ctl_domain_req *q = r->in;
	uint32_t status;
	struct domain *d = named(r, q->dom, &status);

	if (d == NULL) {
		return status;
	}
	if (q->action != CTL_KILL && q->action != CTL_RESTART) {
		return CTL_ENOTSUP;
	}
	return domain_do(d, q->action == CTL_KILL ? DOM_OP_STOP : DOM_OP_RESTART) == FH_OK ? CTL_OK : CTL_EBUSY;
}

static uint32_t want_events(struct request *r)
{
	const struct ctl_events_req *q = r->in;

	r->session->events = q->on != 0U;
	r->session->event = event_next();
	return CTL_OK;
}

void control_detach(struct session *s)
{
	struct domain *d = s->in != NULL && s->attached != NOT_ATTACHED ? domain_get(s->attached) : NULL;

	s->attached = NOT_ATTACHED;
	if (d != NULL) {
		d->vuart.taken = false;
		output_flag(OUTPUT_NEW);
	}
}

static uint32_t attach(struct request *r)
{
	const struct ctl_domain_req *q = r->in;
	uint32_t status;
	struct domain *d = named(r, q->dom, &status);

	control_detach(r->session);
	if (d == NULL || q->action == 0U) {
		return d == NULL ? status : CTL_OK;
	}
	if (d->cfg->console == CFG_CONSOLE_NONE) {
		return CTL_ENOENT;
	}
	if (d->vuart.taken) {
		return CTL_EEXIST;
	}
	d->vuart.taken = true;
	r->session->attached = q->dom;
	return CTL_OK;
}

static uint32_t input(struct request *r)
{
	const char *text = r->in;
	struct ctl_input *out = r->out;
	struct domain *d = r->session->attached != NOT_ATTACHED ? domain_get(r->session->attached) : NULL;

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
	[CTL_EVENTS] = { want_events, sizeof(struct ctl_events_req) },
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
