/* SPDX-License-Identifier: MIT */
#include "tests/unit/control_cases.h"

uint32_t last_id;
unsigned char data[CTL_REPLY_MAX] FH_ALIGNED(8);

int setup(void **state)
{
	(void)state;
	for (uint32_t i = 1; i < VCON_PORTS; i++) {
		cm_open(i, false);
	}
	cm_init();
	cm_open(PORT, true);
	return 0;
}

void send_head(uint32_t port, uint32_t op, const void *body, uint32_t len)
{
	const struct ctl_head h = { .magic = CTL_MAGIC, .len = len, .id = ++last_id, .op = (uint16_t)op };

	cm_type(port, &h, sizeof(h));
	cm_type(port, body, len);
}

void settle(void)
{
	for (uint32_t i = 0; i < 200U; i++) {
		output_flag(OUTPUT_CONTROL);
		control_poll();
	}
}

struct ctl_head take(uint32_t port)
{
	struct cm_port *p = &cm_ports[port];
	struct ctl_head h;

	assert_true(p->out_len >= sizeof(h));
	memcpy(&h, p->out, sizeof(h));
	assert_int_equal(h.magic, CTL_MAGIC);
	assert_true(sizeof(h) + h.len <= CTL_REPLY_MAX && sizeof(h) + h.len <= p->out_len);
	memcpy(data, p->out + sizeof(h), h.len);
	p->out_len -= (uint32_t)sizeof(h) + h.len;
	memmove(p->out, p->out + sizeof(h) + h.len, p->out_len);
	return h;
}

uint32_t ask(uint32_t op, const void *body, uint32_t len)
{
	struct ctl_head h;

	send_head(PORT, op, body, len);
	settle();
	h = take(PORT);
	assert_int_equal(h.id, last_id);
	assert_int_equal(h.op, op);
	return h.status;
}

uint32_t stake_in(uint8_t zone, uint64_t lease_ms, uint64_t wait_ms, uint16_t owner, uint64_t count,
		  struct ctl_claim *c)
{
	struct {
		struct ctl_stake s;
		struct ctl_want w;
	} q = { { lease_ms, wait_ms, 1, 0 }, { zone, 0, owner, 0, count } };
	const uint32_t status = ask(CTL_STAKE, &q, sizeof(q));

	memcpy(c, data, sizeof(*c));
	return status;
}

uint32_t stake(uint64_t lease_ms, uint64_t wait_ms, uint16_t owner, uint64_t count, struct ctl_claim *c)
{
	return stake_in(0, lease_ms, wait_ms, owner, count, c);
}

uint64_t claimed(void)
{
	struct ledger_zone_info z;

	assert_int_equal(ledger_zone_info(&cm_ledger, 0, &z), FH_OK);
	assert_null(ledger_audit(&cm_ledger));
	return z.claimed_pages;
}
