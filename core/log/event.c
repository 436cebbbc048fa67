/* SPDX-License-Identifier: MIT */
/* A ring of events; who comes late finds by the numbers how many it missed. */
#include "arch/cpu.h"
#include "core/base/bits.h"
#include "core/log/log.h"
#include "core/sync/lock.h"

static struct lock events_lock = LOCK_INIT(RANK_LOG);
/* Guarded by events_lock; next is read without it. */
static struct event events[EVENTS_KEPT];
static uint64_t next;

void event_post(const struct event *e)
{
	lock_acquire(&events_lock);
	events[next % EVENTS_KEPT] = *e;
	events[next % EVENTS_KEPT].time = arch_counter();
	__atomic_store_n(&next, next + 1U, __ATOMIC_RELEASE);
	lock_release(&events_lock);
	output_flag(OUTPUT_CONTROL);
}

uint64_t event_next(void)
{
	return __atomic_load_n(&next, __ATOMIC_ACQUIRE);
}

bool event_read(uint64_t *at, struct event *out)
{
	bool found;

	lock_acquire(&events_lock);
	*at = next - *at > EVENTS_KEPT ? next - EVENTS_KEPT : *at;
	found = *at != next;
	if (found) {
		*out = events[*at % EVENTS_KEPT];
		*at += 1U;
	}
	lock_release(&events_lock);
	return found;
}
