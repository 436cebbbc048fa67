/* SPDX-License-Identifier: MIT */
/* A client of the control server on the machine of control_machine.h: what the cases of test_control*.c do. */
#ifndef TESTS_UNIT_CONTROL_CASES_H
#define TESTS_UNIT_CONTROL_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/bits.h"
#include "core/log/log.h"
#include "tests/unit/control_machine.h"

#define PORT 1U

extern uint32_t last_id;                                /* of the last frame that was sent */
extern unsigned char data[CTL_REPLY_MAX] FH_ALIGNED(8); /* of the last frame that was taken */

/* A new machine whose port PORT alone is open; for cmocka. */
int setup(void **state);
/* Sends a frame; the server has not looked yet. */
void send_head(uint32_t port, uint32_t op, const void *body, uint32_t len);
/* The server looks until it has done all that it will. */
void settle(void);
/* Takes the next frame from the port's output; its bytes are in data. */
struct ctl_head take(uint32_t port);
/* Sends a frame on PORT and takes its answer, whose status it returns. */
uint32_t ask(uint32_t op, const void *body, uint32_t len);

/* STAKE on PORT of one term of single pages, in zone 0 but for stake_in(); *c: the claim. */
uint32_t stake_in(uint8_t zone, uint64_t lease_ms, uint64_t wait_ms, uint16_t owner, uint64_t count,
		  struct ctl_claim *c);
uint32_t stake(uint64_t lease_ms, uint64_t wait_ms, uint16_t owner, uint64_t count, struct ctl_claim *c);
/* Pages that are claimed; the ledger is sound. */
uint64_t claimed(void);

#endif
