/* SPDX-License-Identifier: MIT */
/* Lines that guests cause: a few a second each, so that none drowns the log or spends EL2's time. */
#include "arch/cpu.h"
#include "core/base/bits.h"
#include "core/log/log_internal.h"
#include "core/sync/lock.h"

#define GUEST_LINES 10U /* a second */
#define LIFE_LINES 50U

/* Guarded by budget_lock. */
static struct budget {
	uint64_t since; /* arch_counter() ticks */
	uint32_t guest; /* lines since then */
	uint32_t life;
	uint32_t dropped;
} budgets[CONFIG_MAX_DOMAINS];

static struct lock budget_lock = LOCK_INIT(RANK_LOG);

/* Whether the domain may print a line now. What it lost in the second that just ended is told before it. */
static bool may_print(domid_t dom, bool life)
{
	const uint64_t now = arch_counter();
	struct budget *b = &budgets[dom % (uint32_t)CONFIG_MAX_DOMAINS];
	uint32_t dropped = 0;
	bool ok;

	lock_acquire(&budget_lock);
	if (now - b->since >= arch_counter_hz()) {
		dropped = b->dropped;
		*b = (struct budget){ .since = now };
	}
	ok = life ? b->life++ < LIFE_LINES : b->guest++ < GUEST_LINES;
	b->dropped += ok ? 0U : 1U;
	lock_release(&budget_lock);
	if (dropped != 0U) {
		log_print(LOG_WARN,
			  "log: dom=%u lines=%u: dropped in a second (a guest's above %u, its life's above %u)", dom,
			  dropped, GUEST_LINES, LIFE_LINES);
	}
	return ok;
}

void log_guest(domid_t dom, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (may_print(dom, false)) {
		log_vline(LOG_WARN, fmt, ap);
	}
	va_end(ap);
}

void log_life(enum log_level level, domid_t dom, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	/* What is said while guests run is not told as a fault of ours. */
	if (log_is_sync()) {
		log_vline(level, fmt, ap);
	} else if (may_print(dom, true)) {
		log_vline(MAX(level, LOG_WARN), fmt, ap);
	} else {
		/* Counted. */
	}
	va_end(ap);
}
