/* SPDX-License-Identifier: MIT */
/*
 * The board's hardware watchdog, kept by EL2: it resets the board when the hypervisor's own loop stops. Guests have
 * no part in it. Chosen at run time by `compatible`; the one that is driven is the SBSA generic watchdog
 * (Arm BSA, DEN0094, appendix on the generic watchdog).
 */
#ifndef DRIVERS_WATCHDOG_WATCHDOG_H
#define DRIVERS_WATCHDOG_WATCHDOG_H

#include "core/base/status.h"

/* Its registers, mapped as devices. */
struct watchdog_desc {
	volatile void *control;
	volatile void *refresh;
};

/* The longest time-out that its 32-bit register holds, in ms; hz: of the system counter. */
uint64_t watchdog_max_ms(uint64_t hz);

/*
 * Starts it: the board is reset timeout_ms after the last watchdog_poll() that was due. hz: of the system counter.
 * FH_EINVAL: 0, or more than watchdog_max_ms().
 */
fh_status watchdog_start(const struct watchdog_desc *desc, uint32_t timeout_ms, uint64_t hz) FH_MUST_CHECK;

/* Refreshes it if a quarter of the time has passed; one CPU calls it. now: the counter. O(1). */
void watchdog_poll(uint64_t now);
/* The counter value at which watchdog_poll() should be called; UINT64_MAX: there is no watchdog. */
uint64_t watchdog_next(void);

#endif
