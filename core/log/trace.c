/* SPDX-License-Identifier: MIT */
#include "core/log/trace.h"

#include "arch/cpu.h"
#include "arch/cpu_room.h"
#include "core/base/bits.h"
#include "core/log/log.h"

static uint32_t first[FH_MAX_CPUS]; /* since tracing began */
static uint32_t next[FH_MAX_CPUS];  /* only its CPU moves it; counts may wrap */

_Static_assert(CPU_ROOM_TRACE + TRACE_KEPT * sizeof(struct trace) <= CPU_ROOM_REPLY, "a ring fits in its part");

static struct trace *entry(uint32_t cpu, uint32_t at)
{
	return (struct trace *)cpu_room(cpu, CPU_ROOM_TRACE) + at % TRACE_KEPT;
}

void trace_set(bool on)
{
	for (uint32_t i = 0; on && i < FH_MAX_CPUS; i++) {
		first[i] = __atomic_load_n(&next[i], __ATOMIC_ACQUIRE);
	}
	if (on) {
		output_flag(OUTPUT_TRACE);
	} else {
		output_unflag(OUTPUT_TRACE);
	}
}

void trace_put(uint16_t type, domid_t dom, uint32_t vcpu, uint64_t arg)
{
	const uint32_t cpu = arch_cpu_id();
	const uint32_t at = next[cpu];

	*entry(cpu, at) = (struct trace){ arch_counter(), arg, type, dom, (uint16_t)vcpu, (uint16_t)cpu };
	__atomic_store_n(&next[cpu], at + 1U, __ATOMIC_RELEASE);
}

bool trace_read(uint32_t cpu, uint32_t *at, struct trace *out)
{
	const uint32_t end = __atomic_load_n(&next[cpu], __ATOMIC_ACQUIRE);
	const uint32_t begin = end - first[cpu] > TRACE_KEPT - 1U ? end - (TRACE_KEPT - 1U) : first[cpu];

	/* The entry that its CPU may be writing over is left out. */
	*at = *at - begin > end - begin ? begin : *at;
	if (*at == end) {
		return false;
	}
	*out = *entry(cpu, *at);
	*at += 1U;
	return true;
}
