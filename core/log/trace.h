/* SPDX-License-Identifier: MIT */
/*
 * What each CPU's guest exited for, in a ring of the CPU's own, while tracing is on. Off it costs nothing: the run loop
 * looks at output_pending anyway, and OUTPUT_TRACE in it leads here.
 */
#ifndef CORE_LOG_TRACE_H
#define CORE_LOG_TRACE_H

#include "core/base/types.h"

#define TRACE_KEPT 512U /* of a CPU, a power of two */

struct trace {
	uint64_t time; /* arch_counter() when it was handled */
	uint64_t arg;  /* a trap: its syndrome (ESR_EL2); others: 0 */
	uint16_t type; /* enum vcpu_exit */
	domid_t dom;
	uint16_t vcpu;
	uint16_t cpu;
};

/* Begins or ends; what was kept before a beginning is gone. Any CPU. */
void trace_set(bool on);
/* On the CPU itself. O(1). */
void trace_put(uint16_t type, domid_t dom, uint32_t vcpu, uint64_t arg);
/* A CPU's entry number *at, or the oldest that is kept, and moves *at behind it; false: there is none. */
bool trace_read(uint32_t cpu, uint32_t *at, struct trace *out);

#endif
