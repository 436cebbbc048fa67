/* SPDX-License-Identifier: MIT */
/*
 * Sessions and frames: which domain has work, whose CPU does it, and how bytes become requests.
 *
 * What a domain's ports wait for is in vcon.kicked, by bits, set at the guest's kick, and in what told() finds: events,
 * typed input. A CPU that finds some for a domain that is not its own kicks one of the domain's.
 */
#include "arch/cpu.h"
#include "arch/cpu_room.h"
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/control/control_internal.h"
#include "core/domain/body.h"
#include "core/log/log.h"
#include "drivers/gic/gic.h"

#define CALL_BYTES 0x10000U /* of all ports in one call; a frame that is no LOAD counts as many as STEP_BYTES */
#define STEP_BYTES 0x4000U
#define PUMP_BYTES 256U

/* A domain's server; `busy` makes it one CPU's: who sets it from 0. Nobody waits. */
struct server {
	uint32_t busy;
	uint32_t called;    /* its CPU was kicked and has not come yet */
	uint32_t turn;      /* the port that is served first */
	uint32_t listening; /* ports that want events or have a console, by bits as `work`; read by any CPU */
	struct session ports[CONTROL_PORTS];
};
static struct server servers[CFG_MAX_DOMAINS];
_Static_assert(CONTROL_PORTS *CTL_REQUEST_MAX <= BODY_REQUEST_PAGES * PAGE_SIZE, "a request for each port");

/* An answer or an event; a CPU's own, as no call is interrupted. */
static char *reply_room(void)
{
	return cpu_room(arch_cpu_id(), CPU_ROOM_REPLY);
}
_Static_assert(CPU_ROOM_REPLY + CTL_REPLY_MAX <= CPU_ROOM_TABLES, "a reply fits in its part");

static void send(struct domain *d, uint32_t port, struct session *s, struct ctl_head head)
{
	char *out = reply_room();

	head.magic = CTL_MAGIC;
	memcpy(out, &head, sizeof(head));
	/* A guest whose buffers don't hold a frame has lost its place in the stream. */
	if (vcon_write(&d->vcon, port, out, (uint32_t)sizeof(head) + head.len) != sizeof(head) + head.len) {
		s->broken = true;
	}
}

static void answer(struct domain *d, uint32_t port, struct session *s)
{
	const struct ctl_head *head = (const void *)s->in;
	struct request r = {
		.self = d,
		.session = s,
		.op = head->op,
		.len = head->len,
		.in = s->in + sizeof(*head),
		.out = reply_room() + sizeof(*head),
	};
	struct ctl_head reply = { .id = head->id, .op = head->op };

	reply.status = (uint16_t)control_request(&r);
	reply.len = r.out_len;
	s->have = 0;
	send(d, port, s, reply);
}

static bool sound(const struct ctl_head *head)
{
	const uint32_t most = (head->op == CTL_LOAD ? CTL_LOAD_MAX : CTL_REQUEST_MAX) - (uint32_t)sizeof(*head);

	return head->magic == CTL_MAGIC && head->len <= most &&
	       (head->op != CTL_LOAD || head->len > sizeof(struct ctl_load));
}

/* What of a frame is kept: of a LOAD the part before its bytes, which go on at once. */
static uint32_t kept(const struct ctl_head *head)
{
	return (uint32_t)(sizeof(*head) + (head->op == CTL_LOAD ? sizeof(struct ctl_load) : head->len));
}

static bool step_load(struct domain *d, uint32_t port, struct session *s, uint32_t *budget)
{
	const struct ctl_head *head = (const void *)s->in;
	const bool some = control_load_step(d, port, s, budget);
	struct ctl_load *out = (void *)(reply_room() + sizeof(*head));

	if (s->left == 0U) {
		s->have = 0;
		*out = s->load;
		send(d, port, s,
		     (struct ctl_head){
			     .op = head->op, .id = head->id, .status = (uint16_t)s->load_status, .len = sizeof(*out) });
	}
	return some;
}

/* Reads on in the request; false: no more is there. */
static bool step_request(struct domain *d, uint32_t port, struct session *s)
{
	const struct ctl_head *head = (const void *)s->in;

	const uint32_t want = s->have < sizeof(*head) ? (uint32_t)sizeof(*head) : kept(head);
	const uint32_t n = vcon_read(&d->vcon, port, s->in + s->have, want - s->have, false);

	s->have += n;
	if (s->have == sizeof(*head) && !sound(head)) {
		s->broken = true;
		send(d, port, s, (struct ctl_head){ .op = head->op, .id = head->id, .status = CTL_EPROTO });
		return false;
	}
	if (s->have < sizeof(*head) || s->have != kept(head)) {
		return n != 0U;
	}
	if (head->op == CTL_LOAD) {
		control_load_begin(d, s, (const void *)(head + 1), head->len - (uint32_t)sizeof(struct ctl_load));
	} else {
		answer(d, port, s);
	}
	return true;
}

static bool step_event(struct domain *d, uint32_t port, struct session *s)
{
	struct ctl_event *out = (void *)(reply_room() + sizeof(struct ctl_head));
	const uint64_t at = s->event;
	struct event e;

	if (!s->events || !event_read(&s->event, &e)) {
		return false;
	}
	*out = (struct ctl_event){ e.time, e.type, e.dom, e.value, { e.arg[0], e.arg[1] } };
	/* The ones that were overwritten come as one that tells their number; the event itself comes next. */
	if (s->event - at == 1U && e.dom != DOMID_NONE && !control_sees(d, e.dom)) {
		return true;
	}
	if (s->event - at != 1U) {
		*out = (struct ctl_event){ .time = e.time,
					   .type = CTL_EV_LOST,
					   .value = (uint32_t)(s->event - at - 1U) };
		s->event--;
	}
	send(d, port, s, (struct ctl_head){ .op = CTL_EVENT, .len = sizeof(*out) });
	return true;
}

static bool step_output(struct domain *d, uint32_t port, struct session *s)
{
	char *out = reply_room() + sizeof(struct ctl_head);
	struct domain *other = control_attached(s);
	const uint32_t n = other != NULL ? vuart_tx_get(&other->vuart, out, PUMP_BYTES) : 0U;

	if (n != 0U) {
		send(d, port, s, (struct ctl_head){ .op = CTL_OUTPUT, .len = n });
	}
	return n != 0U;
}

static void follow_session(struct domain *d, uint32_t port, struct session *s)
{
	const uint32_t number = vcon_session(&d->vcon, port);

	if (number != s->number) {
		control_detach(s);
		control_watch_no_more(s);
		control_forget(s);
		*s = (struct session){ .number = number };
	}
	/* The domain's body may be another one by now. */
	s->in = number % 2U != 0U ? d->requests + (uint64_t)(port - 1U) * CTL_REQUEST_MAX : NULL;
}

/* Bytes that a slot's console was given, whoever has it. */
static uint32_t tx_count(uint32_t dom)
{
	return __atomic_load_n(&domain_vuart(dom)->tx_in, __ATOMIC_ACQUIRE);
}

/* Serves a port for as many bytes; true: there is more. */
static bool serve_port(struct domain *d, uint32_t port, struct session *s, uint32_t *budget)
{
	bool some = true;

	follow_session(d, port, s);
	s->looked = event_next();
	s->said = s->attached != 0U ? tx_count(s->attached - 1U) : 0U;
	while (some && *budget != 0U) {
		if (s->number % 2U == 0U || s->broken) {
			return false;
		}
		if (s->left != 0U) {
			some = step_load(d, port, s, budget);
			continue;
		}
		*budget -= MIN(*budget, STEP_BYTES);
		/* The room for its answer was there before its first byte was taken, and nothing went there since. */
		some = vcon_room(&d->vcon, port) &&
		       (step_event(d, port, s) || step_output(d, port, s) || step_request(d, port, s));
	}
	return some;
}

/* Between hvc0 and the console's rings; true: there is more. */
static bool pump_console(struct domain *d)
{
	char buf[PUMP_BYTES];
	uint32_t n;

	/* Cleared first: what comes from now on sets it again. */
	__atomic_store_n(&d->vuart.owed, false, __ATOMIC_SEQ_CST);
	d->vuart.away = vcon_session(&d->vcon, VCON_CONSOLE) % 2U != 0U;
	if (vuart_rx_level(&d->vuart) != 0U && d->vuart.away && vcon_room(&d->vcon, VCON_CONSOLE)) {
		n = vuart_rx_get(&d->vuart, buf, sizeof(buf));
		(void)vcon_write(&d->vcon, VCON_CONSOLE, buf, n);
	}
	n = vcon_read(&d->vcon, VCON_CONSOLE, buf, MIN(PUMP_BYTES, VUART_TX_SIZE - vuart_tx_level(&d->vuart)), false);
	(void)vuart_tx_send(&d->vuart, buf, n);
	return n != 0U;
}

static void serve(struct domain *d, struct server *srv, uint32_t work)
{
	uint32_t budget = CALL_BYTES;
	uint32_t more = 0;

	if ((work & 1U) != 0U && pump_console(d)) {
		more |= 1U;
	}
	for (work &= ~1U; work != 0U && budget != 0U;) {
		const uint32_t later = work >> srv->turn << srv->turn;
		const uint32_t port = (uint32_t)__builtin_ctz(later != 0U ? later : work);
		struct session *s = &srv->ports[port - 1U];

		work &= ~(1U << port);
		more |= serve_port(d, port, s, &budget) ? 1U << port : 0U;
		srv->turn = port + 1U;
		srv->listening = (srv->listening & ~(1U << port)) | (s->events || s->attached != 0U ? 1U << port : 0U);
	}
	__atomic_fetch_or(&d->vcon.kicked, more | work, __ATOMIC_RELEASE);
}

/* What a domain's ports wait for, beside its own kicks: only what is new, as each CPU that looks calls its own. */
static uint32_t told(const struct domain *d, const struct server *srv)
{
	uint32_t work = __atomic_load_n(&d->vuart.owed, __ATOMIC_ACQUIRE) ? 1U : 0U;

	for (uint32_t left = __atomic_load_n(&srv->listening, __ATOMIC_RELAXED); left != 0U; left &= left - 1U) {
		const struct session *s = &srv->ports[(uint32_t)__builtin_ctz(left) - 1U];
		const struct domain *other = control_attached(s);

		if ((s->events && s->event != event_next() && s->looked != event_next()) ||
		    (other != NULL && vuart_tx_level(&other->vuart) != 0U && s->said != tx_count(s->attached - 1U))) {
			work |= left & (0U - left);
		}
	}
	return work;
}

/* Makes one of the domain's CPUs come here. */
static void call(struct domain *d, struct server *srv)
{
	output_flag(OUTPUT_CONTROL);
	if (__atomic_exchange_n(&srv->called, 1U, __ATOMIC_RELAXED) != 0U) {
		return;
	}
	domain_kick(d);
}

/* On one of its own CPUs, or on any where it has none any more: its sessions must end. */
static bool is_ours(const struct domain *d)
{
	const struct vcpu *v = domain_cpu_vcpu(arch_cpu_id());

	return (v != NULL && v->domain == d) || d->state == DOM_DEFINED;
}

/*
 * Whether this CPU must come again: there is more than a call does. What it has found is noted before it asks whether
 * another one is at it, and that one looks after it has said that it is not: so one of them sees it, and nobody comes
 * again and again until the other is through.
 */
static bool serve_ours(struct domain *d, struct server *srv, uint32_t work)
{
	srv->called = 0;
	__atomic_fetch_or(&d->vcon.kicked, work, __ATOMIC_SEQ_CST);
	if (__atomic_exchange_n(&srv->busy, 1U, __ATOMIC_SEQ_CST) != 0U) {
		return false;
	}
	serve(d, srv, __atomic_exchange_n(&d->vcon.kicked, 0U, __ATOMIC_ACQUIRE));
	__atomic_store_n(&srv->busy, 0U, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&d->vcon.kicked, __ATOMIC_SEQ_CST) != 0U;
}

void control_poll(void)
{
	if ((__atomic_load_n(&output_pending, __ATOMIC_ACQUIRE) & OUTPUT_CONTROL) == 0U &&
	    arch_counter() < control_wake_at(domain_cpu_vcpu(arch_cpu_id()))) {
		return;
	}
	/* Cleared first: what comes from now on sets it again. */
	output_unflag(OUTPUT_CONTROL);
	control_claims_poll();
	for (uint32_t i = 0; i < domain_count(); i++) {
		struct domain *d = domain_get(i);
		struct server *srv = &servers[i];

		/* One that was taken apart has no device any more, but perhaps sessions that nobody has ended. */
		if (d == NULL || (d->virtio.size == 0U && d->state != DOM_DEFINED)) {
			continue;
		}
		const uint32_t work = __atomic_load_n(&d->vcon.kicked, __ATOMIC_ACQUIRE) | told(d, srv);

		if (work != 0U && !is_ours(d)) {
			call(d, srv);
		} else if (work != 0U && serve_ours(d, srv, work)) {
			/* The guest goes on in between: the interrupt comes at once. */
			output_flag(OUTPUT_CONTROL);
			gic_send_sgi(arch_cpu_id(), GIC_SGI_KICK);
		} else {
			/* Nothing is to be done, or all is done. */
		}
	}
}
