/* SPDX-License-Identifier: MIT */
/*
 * The control server: requests that come over control ports, and what is told there (docs/control.md). Also moves a
 * domain's console between its virtual UART's rings and hvc0.
 *
 * A domain's ports are served by its own CPUs alone, after an exit, 64 KiB of all a call, in turn, so others don't
 * pay; a CPU that finds work for another domain kicks one of that domain's. Nothing is kept of a request but a frame
 * that is not complete yet, and that is dropped when the guest closes the port.
 */
#ifndef CORE_CONTROL_CONTROL_H
#define CORE_CONTROL_CONTROL_H

#include "core/base/types.h"

/* Does what is to be done on this CPU. With OUTPUT_CONTROL set; no lock held. Bound: 64 KiB. */
void control_poll(void);
struct vcpu;
/* Counter value at which the CPU of that vCPU (NULL: it has none) should call control_poll(); UINT64_MAX: none. */
uint64_t control_wake_at(const struct vcpu *v);

#endif
