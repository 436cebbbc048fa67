/* SPDX-License-Identifier: MIT */
/* Lines that guests cause: a few a second each, so that none drowns the log or spends EL2's time. */
#include "arch/cpu.h"
#include "core/log/log_internal.h"
#include "core/sync/lock.h"

#define LINES_PER_SECOND 10U

/* Guarded by budget_lock. */
static struct budget {
	uint64_t since; /* arch_counter() ticks */
	uint32_t lines; /* printed since then */
	uint32_t dropped;
} budgets[CONFIG_MAX_DOMAINS];

static struct lock budget_lock = LOCK_INIT(RANK_LOG);

/* Whether the domain may print a line now; *dropped: how many it lost in the second that just ended. */
static bool may_print(domid_t dom, uint32_t *dropped)
{
	const uint64_t now = arch_counter();
	struct budget *b = &budgets[dom % (uint32_t)CONFIG_MAX_DOMAINS];
	bool ok;

	*dropped = 0;
	lock_acquire(&budget_lock);
	if (now - b->since >= arch_counter_hz()) {
		*dropped = b->dropped;
		*b = (struct budget){ .since = now };
	}
	ok = b->lines < LINES_PER_SECOND;
	if (ok) {
		b->lines++;
	} else {
		b->dropped++;
	}
	lock_release(&budget_lock);
	return ok;
}

void log_guest(domid_t dom, const char *fmt, ...)
{
	char text[LOG_LINE_MAX];
	uint32_t dropped;
	va_list ap;
	size_t len;

	if (!may_print(dom, &dropped)) {
		return;
	}
	if (dropped != 0U) {
		log_print(LOG_WARN, "log: dom=%u lines=%u: dropped, above %u a second", dom, dropped, LINES_PER_SECOND);
	}
	va_start(ap, fmt);
	len = fmt_vline(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_text(LOG_WARN, text, len);
}
