/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/control_machine.c
/*
 * The control server's ports under an adversary: frames that are nearly right, in parts, of several sessions, with ports
 * that close in between, buffers that are not given, and time that passes. Checked: what comes out is frames; the ledger
 * holds; when all ports are closed, nothing is left of what sessions began.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/control_machine.h"

static const uint8_t *input;
static size_t left;

static uint32_t take(uint32_t bytes)
{
	uint32_t v = 0;

	for (uint32_t i = 0; i < bytes && left != 0U; i++, left--) {
		v = v << 8 | *input++;
	}
	return v;
}

static void check(bool ok)
{
	if (!ok) {
		abort();
	}
}

/* What the port has said must be whole frames. */
static void drain(uint32_t port)
{
	struct cm_port *p = &cm_ports[port];

	for (uint32_t at = 0; at < p->out_len;) {
		struct ctl_head h;

		check(p->out_len - at >= sizeof(h));
		memcpy(&h, p->out + at, sizeof(h));
		check(h.magic == CTL_MAGIC && h.len <= CTL_REPLY_MAX - sizeof(h) &&
		      h.len <= p->out_len - at - sizeof(h));
		at += (uint32_t)sizeof(h) + h.len;
	}
	p->out_len = 0;
}

/* A frame of an op that exists, its body from the input; its length mostly right. */
static void frame(uint32_t port)
{
	static unsigned char body[CTL_REQUEST_MAX];
	struct ctl_head h = { .magic = CTL_MAGIC, .id = 1, .op = (uint16_t)(take(1) % 36U) };
	const bool wild = take(1) % 4U == 0U;
	uint32_t n = take(1);

	for (uint32_t i = 0; i < n; i++) {
		/* Mostly small numbers in 16-bit places, so that domains, zones and offsets are met. */
		body[i] = (unsigned char)(wild ? take(1) : i % 2U == 0U ? take(1) % 8U : take(1) >> 6);
	}
	if (h.op == CTL_LOAD) {
		n = MAX(n, (uint32_t)sizeof(struct ctl_load) + 1U);
	}
	h.len = n + (take(1) == 0U ? take(2) : 0U);
	cm_type(port, &h, sizeof(h));
	cm_type(port, body, n);
}

static void step(void)
{
	const uint32_t what = take(1);
	const uint32_t port = 1U + take(1) % 3U;
	char raw[16];

	switch (what % 8U) {
	case 0:
		cm_open(port, take(1) % 2U != 0U);
		break;
	case 1:
		for (uint32_t i = 0; i < sizeof(raw); i++) {
			raw[i] = (char)take(1);
		}
		cm_type(port, raw, take(1) % sizeof(raw));
		break;
	case 2:
		cm_ports[port].full = take(1) % 2U != 0U;
		cm_kick(port);
		break;
	case 3:
		fake_counter += take(4);
		break;
	case 4:
		fake_cpu = take(1) % 2U;
		break;
	case 5:
		cm_load_says = take(1) % 2U != 0U ? FH_OK : FH_EBUSY;
		break;
	default:
		frame(port);
		break;
	}
	control_poll();
	fake_cpu = 0;
	control_poll();
	drain(port);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	input = bytes;
	left = size;
	fake_counter = 1;
	cm_init();
	/* Half of the control domains manage one other domain, and what is created. */
	cm_cfg[0].manages = take(1) % 2U != 0U ? cm_cfg[0].manages : 2U | 8U;
	for (uint32_t i = 1; i < VCON_PORTS; i++) {
		cm_open(i, i < 4U);
	}
	while (left != 0U) {
		step();
	}
	for (uint32_t i = 1; i < VCON_PORTS; i++) {
		cm_open(i, false);
	}
	for (uint32_t i = 0; i < CM_DOMAINS; i++) {
		check(!cm_domain[i].vuart.taken);
	}
	check(!cm_domain[3].created || cm_domain[3].state >= DOM_RUNNING);
	check(ledger_audit(&cm_ledger) == NULL);
	/* The room for a tree is free again, for who may define. */
	cm_cfg[0].manages = ~UINT64_C(1);
	cm_open(1, true);
	const struct ctl_tree t = { 0, 0 };
	const struct ctl_head h = { .magic = CTL_MAGIC, .len = sizeof(t), .id = 9, .op = CTL_TREE };
	struct ctl_head answer;

	cm_type(1, &h, sizeof(h));
	cm_type(1, &t, sizeof(t));
	control_poll();
	memcpy(&answer, cm_ports[1].out, sizeof(answer));
	check(answer.op == CTL_TREE && answer.status == CTL_OK);
	cm_open(1, false);
	return 0;
}
