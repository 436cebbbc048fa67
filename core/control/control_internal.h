/* SPDX-License-Identifier: MIT */
/* What the server's parts share: server.c (sessions, frames), requests.c, list.c. */
#ifndef CORE_CONTROL_CONTROL_INTERNAL_H
#define CORE_CONTROL_CONTROL_INTERNAL_H

#include "core/control/control.h"
#include "core/control/protocol.h"
#include "core/domain/domain.h"

#define CONTROL_PORTS (VCON_PORTS - 1U)

/* A port that a guest has open. Only the CPU that has the domain's server. */
struct session {
	uint32_t number;      /* of the port's session; even: closed */
	uint32_t have;        /* bytes of the request in work */
	bool broken;          /* it is no frame that came: until it is closed */
	bool events;          /* wanted */
	bool watches[2];      /* times, traces */
	uint64_t event;       /* the next one's number */
	uint64_t looked;      /* events that there were when the port was served last */
	uint32_t said;        /* bytes that the attached console had been given by then */
	uint16_t attached;    /* to the console of that domain, plus 1; 0: to none */
	char *in;             /* CTL_REQUEST_MAX bytes; NULL: closed */
	struct ctl_load load; /* where the file goes that is coming */
	uint32_t left;        /* bytes of the piece that are still to come */
	uint32_t load_status;
};

/* A request that is complete, and room for its answer. */
struct request {
	struct domain *self; /* the domain that asks */
	struct session *session;
	uint32_t op;
	uint32_t len;
	const void *in; /* len bytes, 8-byte aligned */
	uint32_t out_len;
	void *out; /* CTL_REPLY_MAX less the head, 8-byte aligned, not cleared */
};

/* Carries it out; the status that the reply will carry. */
uint32_t control_request(struct request *r);
uint32_t control_list(struct request *r);
uint32_t control_tree(struct request *r);
uint32_t control_define(struct request *r);
void control_load_begin(const struct domain *self, struct session *s, const struct ctl_load *q, uint32_t bytes);
bool control_load_step(struct domain *self, uint32_t port, struct session *s, uint32_t *budget);
void control_forget(struct session *s);
uint32_t control_stake(struct request *r);
uint32_t control_claim(struct request *r);
/* Leases that end, some a call, claims that waited, domains whose files don't come. No lock held. */
void control_claims_poll(void);
/* It should be called at that counter value at the latest. */
void control_wake_by(uint64_t at);
/* The session ends: nobody is left whom its claims that wait could serve. */
void control_forget_waits(const struct session *s);
/* The domain whose console the session shows; NULL: none, or it went, whoever has its slot now. */
struct domain *control_attached(const struct session *s);
/* The session wants neither times nor traces any more. */
void control_watch_no_more(struct session *s);
/* Gives a console back to the UART. */
void control_detach(struct session *s);
/* A refused claim's reply; returns the status. */
uint32_t control_refused(struct request *r, uint32_t status, const struct claim_refusal *why);
/* Whether d may change domain dom; see it, which is that and itself; see all, and so what is no one domain's. */
bool control_may(const struct domain *d, uint32_t dom);
bool control_sees(const struct domain *d, uint32_t dom);
bool control_sees_all(const struct domain *d);
/* The domain of that number and generation (0: any), if the caller may change it; NULL: *status says why not. */
struct domain *control_named(const struct request *r, uint32_t dom, uint32_t gen, uint32_t *status);

#endif
