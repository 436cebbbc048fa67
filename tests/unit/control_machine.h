/* SPDX-License-Identifier: MIT */
/*
 * A machine for the control server: three domains (0 is a control domain) whose operations only move their states, a
 * real ledger, and ports that are two byte streams each, in place of core/virtio.
 */
#ifndef TESTS_UNIT_CONTROL_MACHINE_H
#define TESTS_UNIT_CONTROL_MACHINE_H

#include "core/control/control.h"
#include "core/control/protocol.h"
#include "core/domain/domain.h"
#include "fake_machine.h"

#define CM_DOMAINS 4U
#define CM_STREAM 0x201000U
#define CM_PATIENCE 50000000U /* ticks that a domain waits for files */
#define CM_HYP_ZONE 3U
#define CM_WAIT_MAX_MS 60000U

struct cm_port {
	uint32_t session;
	bool full; /* the guest gives no buffers */
	uint32_t in_len;
	uint32_t in_at;
	uint32_t out_len;
	unsigned char in[CM_STREAM];
	unsigned char out[CM_STREAM];
};

extern struct cfg_domain cm_cfg[CM_DOMAINS];
extern struct domain cm_domain[CM_DOMAINS];
extern struct ledger cm_ledger;
extern struct cm_port cm_ports[VCON_PORTS];
extern uint32_t cm_kicks;
extern uint32_t cm_again;       /* SGIs that a CPU sent itself, to come again */
extern void (*cm_beside)(void); /* what another CPU does, once, while a port is read; NULL: nothing */
extern uint64_t cm_loaded;      /* bytes that domain_load_end() was told */
extern fh_status cm_load_says;
extern struct claim_refusal cm_claim_says; /* want 0: it is admitted */
extern bool cm_goes;                       /* a domain is gone as soon as somebody has its console */
extern bool cm_measured;
extern struct domain *cm_pressed; /* its power key was, last */

/* A new machine; the ports stay as they are. */
void cm_init(void);
/* Moves a domain to a state, and posts the event. */
void cm_state(struct domain *d, enum domain_state s);
/* The guest kicks a port's queues. */
void cm_kick(uint32_t port);
/* The guest opens or closes a port, which is empty then, and the server sees it. */
void cm_open(uint32_t port, bool open);
/* The guest writes to a port. */
void cm_type(uint32_t port, const void *data, uint32_t len);

#endif
