/* SPDX-License-Identifier: MIT */
// SOURCES: core/control/server.c core/control/requests.c core/control/list.c core/control/claims.c core/control/create.c
// SOURCES: core/claim/*.c core/pool/*.c core/sync/*.c core/log/*.c core/vuart/*.c core/base/status.c
#include "tests/unit/control_machine.h"

#include <stdlib.h>
#include <string.h>

#include "arch/cpu.h"
#include "core/base/bits.h"
#include "core/control/control_internal.h"
#include "core/log/log.h"
#include "drivers/gic/gic.h"
#include "fake_uart.h"

struct cfg_domain cm_cfg[CM_DOMAINS];
struct domain cm_domain[CM_DOMAINS];
static struct vcpu cm_vcpu;
static _Alignas(8) char cm_requests[CONTROL_PORTS * CTL_REQUEST_MAX];
struct ledger cm_ledger;
static uint64_t cm_records[0x4000];
uint32_t cm_kicks;
uint64_t cm_loaded;
fh_status cm_load_says;
struct cm_port cm_ports[VCON_PORTS];
static uint32_t cm_full; /* told that the ledger's tables are full */

/* ---- in place of core/domain/claim.c ---- */

uint8_t domain_hyp_zone(void)
{
	return CM_HYP_ZONE;
}

void domain_claims_full(const struct domain *d)
{
	(void)d;
	cm_full++;
}

/* ---- in place of core/virtio ---- */

uint32_t vcon_session(struct vcon *c, uint32_t port)
{
	(void)c;
	return cm_ports[port].session;
}

void (*cm_beside)(void);

uint32_t vcon_read(struct vcon *c, uint32_t port, void *buf, uint32_t max, bool quiet)
{
	struct cm_port *p = &cm_ports[port];
	void (*beside)(void) = cm_beside;

	cm_beside = NULL;
	if (beside != NULL) {
		beside();
	}
	const uint32_t n = MIN(max, p->in_len - p->in_at);

	(void)c;
	(void)quiet;
	memcpy(buf, p->in + p->in_at, n);
	p->in_at += n;
	return n;
}

bool vcon_room(struct vcon *c, uint32_t port)
{
	(void)c;
	return !cm_ports[port].full;
}

uint32_t vcon_write(struct vcon *c, uint32_t port, const void *buf, uint32_t len)
{
	struct cm_port *p = &cm_ports[port];

	(void)c;
	if (p->full || len > CM_STREAM - p->out_len) {
		return 0;
	}
	memcpy(p->out + p->out_len, buf, len);
	p->out_len += len;
	return len;
}

/* ---- in place of core/domain and the log ---- */

uint32_t domain_count(void)
{
	return CM_DOMAINS;
}

bool cm_goes;

struct domain *domain_get(uint32_t i)
{
	if (cm_goes && i < CM_DOMAINS && cm_domain[i].vuart.taken != NULL) {
		cm_domain[i].state = DOM_UNUSED;
	}
	return i < CM_DOMAINS && cm_domain[i].state != DOM_UNUSED ? &cm_domain[i] : NULL;
}

struct vuart *domain_vuart(uint32_t i)
{
	return &cm_domain[i].vuart;
}

struct vcpu *domain_cpu_vcpu(uint32_t cpu)
{
	return cpu != 1U && cm_vcpu.domain != NULL ? &cm_vcpu : NULL;
}

struct ledger *domain_ledger(void)
{
	return &cm_ledger;
}

bool domain_vcpu_look(struct domain *d, uint32_t i, struct domain_vcpu *out)
{
	*out = (struct domain_vcpu){ .pcpu = d->id,
				     .on = true,
				     .exits = { 1, 2, [CAUSE_SERROR] = 3 },
				     .injected = 4 + i,
				     .times = { .guest = 500, .el2 = 60 + i, .longest = 20 - i } };
	return i < 1U + d->id && d->state >= DOM_CLAIMED;
}

bool cm_measured;

void domain_measure(bool on)
{
	cm_measured = on;
}

uint32_t cm_again;

void gic_send_sgi(uint32_t cpu, uint32_t sgi)
{
	(void)cpu;
	(void)sgi;
	cm_again++;
}

void domain_kick(struct domain *d)
{
	(void)d;
	cm_kicks++;
}

void cm_state(struct domain *d, enum domain_state s)
{
	d->state = s;
	event_post(&(struct event){ .dom = d->id, .value = (uint32_t)s });
}

struct domain *cm_pressed;

uint32_t domain_wait_max_ms(void)
{
	return CM_WAIT_MAX_MS;
}

fh_status domain_do_as(struct domain *d, uint32_t gen, enum domain_op op)
{
	(void)gen; /* the real one is tested by test_domain_define */
	if (op == DOM_OP_DESTROY && (d->created || d->state != DOM_DEFINED)) {
		cm_state(d, d->created ? DOM_UNUSED : DOM_DEFINED);
		d->created = false;
		d->feeder = NULL;
		return FH_OK;
	}
	if (op == DOM_OP_START && d->state == DOM_CLAIMED) {
		cm_state(d, d->created ? DOM_BUILDING : DOM_RUNNING);
		return FH_OK;
	}
	if (op == DOM_OP_ASK && d->state == DOM_RUNNING) {
		cm_pressed = d;
		return FH_OK;
	}
	if (op == DOM_OP_STOP && d->state == DOM_RUNNING) {
		cm_state(d, DOM_STOPPED);
		return FH_OK;
	}
	return FH_EBUSY;
}

struct claim_refusal cm_claim_says;

fh_status domain_claim(struct domain *const *set, uint32_t nr, domid_t holder, struct claim_refusal *why)
{
	(void)holder;
	*why = cm_claim_says;
	if (why->want != 0U) {
		return FH_ENOFIT;
	}
	for (uint32_t i = 0; i < nr; i++) {
		if (set[i]->state != DOM_DEFINED) {
			return FH_EBUSY;
		}
	}
	for (uint32_t i = 0; i < nr; i++) {
		cm_state(set[i], DOM_CLAIMED);
	}
	return FH_OK;
}

/* Any tree that begins with a d is a domain's. */
fh_status domain_define(const void *tree, size_t size, const struct domain_files *files, const void *feeder,
			struct domain **out, struct cfg_error *err)
{
	struct domain *d = &cm_domain[CM_DOMAINS - 1U];

	if (d->state != DOM_UNUSED || size == 0U || *(const char *)tree != 'd') {
		strcpy(err->text, "/domains/new: no");
		return FH_EFORMAT;
	}
	d->created = true;
	d->gen++;
	d->files = *files;
	d->feeder = feeder;
	d->due = fake_counter + CM_PATIENCE;
	cm_state(d, DOM_DEFINED);
	*out = d;
	return FH_OK;
}

void domain_feed(struct domain *d, uint32_t gen, enum domain_op op, const void *feeder)
{
	(void)gen;
	(void)op;
	if (d->created && d->feeder == NULL && d->state == DOM_RUNNING) {
		d->feeder = feeder;
		d->due = fake_counter + CM_PATIENCE;
	}
}

/* The real one is tested by test_domain. */
uint64_t domain_give_up(const void *feeder)
{
	struct domain *d = &cm_domain[CM_DOMAINS - 1U];

	if (d->feeder != NULL && d->state < DOM_RUNNING && (d->feeder == feeder || d->due <= fake_counter)) {
		d->feeder = domain_do(d, DOM_OP_DESTROY) == FH_OK ? NULL : d->feeder;
	}
	d->feeder = d->feeder == feeder ? NULL : d->feeder;
	return d->feeder != NULL ? d->due : UINT64_MAX;
}

fh_status domain_load_begin(struct domain *d, const void *feeder, uint32_t image, uint64_t offset, uint64_t *bytes,
			    void **to)
{
	static char place[DOM_LOAD_MAX];

	if (d->feeder != feeder) {
		return FH_ESTALE;
	}
	if (d->state != DOM_BUILDING || image >= DOM_IMG_COUNT || offset != cm_loaded || *bytes > DOM_LOAD_MAX) {
		return FH_EINVAL;
	}
	if (cm_load_says == FH_OK) {
		*to = place;
	}
	return cm_load_says;
}

void domain_load_end(struct domain *d, uint32_t image, const void *to, uint64_t bytes)
{
	(void)d;
	(void)image;
	(void)to;
	cm_loaded += bytes;
}

void vgic_set_level(struct vgic *g, uint32_t vcpu, uint32_t intid, bool level)
{
	(void)g;
	(void)vcpu;
	(void)intid;
	(void)level;
}

/* ---- the machine ---- */

void cm_init(void)
{
	log_sync(false);
	static const struct pool_zone_desc zones[] = {
		{ "low", POOL_NO_ZONE, true, 18, { 0x40000000, 0x1000000 } },
	};
	const struct pool_bank bank = { 0x40000, 0x1000, cm_records };
	static const char *const names[CM_DOMAINS] = { "boss", "one", "two", "new" };
	fh_status status = ledger_init(&cm_ledger, zones, 1, &bank, 1);

	if (status == FH_OK) {
		status = ledger_add_range(&cm_ledger, 0, zones[0].range);
	}
	memset(cm_domain, 0, sizeof(cm_domain));
	memset(cm_cfg, 0, sizeof(cm_cfg));
	for (uint32_t i = 0; i < CM_DOMAINS; i++) {
		struct domain *d = &cm_domain[i];

		strcpy(cm_cfg[i].name, names[i]);
		cm_cfg[i].console = CFG_CONSOLE_PL011;
		cm_cfg[i].manages = i == 0U ? ~UINT64_C(1) : 0U;
		cm_cfg[i].control = i == 0U;
		d->cfg = &cm_cfg[i];
		d->id = (domid_t)i;
		d->state = i == 3U ? DOM_UNUSED : DOM_RUNNING;
		d->virtio.size = i == 0U ? 0x1000U : 0U;
		d->requests = cm_requests;
		vuart_init(&d->vuart, NULL, 33);
		if (status == FH_OK && i < 3U) {
			status = ledger_domain_add(&cm_ledger, (domid_t)i, CLAIM_NO_QUOTA);
		}
	}
	if (status != FH_OK) {
		abort();
	}
	cm_vcpu.domain = &cm_domain[0];
	cm_loaded = 0;
	cm_measured = false;
	cm_load_says = FH_OK;
	cm_claim_says = (struct claim_refusal){ 0 };
}

void cm_kick(uint32_t port)
{
	cm_domain[0].vcon.kicked |= 1U << port;
	output_flag(OUTPUT_CONTROL);
}

void cm_open(uint32_t port, bool open)
{
	struct cm_port *p = &cm_ports[port];

	if ((p->session % 2U != 0U) != open) {
		p->session++;
	}
	p->in_len = 0;
	p->in_at = 0;
	p->out_len = 0;
	p->full = false;
	cm_kick(port);
	control_poll();
}

void cm_type(uint32_t port, const void *data, uint32_t len)
{
	struct cm_port *p = &cm_ports[port];

	if (p->in_at == p->in_len) {
		p->in_at = 0;
		p->in_len = 0;
	}
	len = MIN(len, CM_STREAM - p->in_len);
	memcpy(p->in + p->in_len, data, len);
	p->in_len += len;
	cm_kick(port);
}
