/* SPDX-License-Identifier: MIT */
/* What follows a crash, or a watchdog that ran out: on-crash, on-watchdog. */
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

#define WINDOW_S 60U
#define DOUBLED 6U /* the delay of a restart, at most so often */

bool domain_restarts(struct domain *d, enum domain_request r)
{
	const uint64_t now = arch_counter();
	const uint64_t hz = arch_counter_hz();

	d->verdict = r == DOM_REQ_WATCHDOG ? d->cfg->on_watchdog : d->cfg->on_crash;
	if (d->verdict != CFG_CRASH_RESTART) {
		return false;
	}
	d->crashes = now - d->launched > WINDOW_S * hz ? 1U : d->crashes + 1U;
	if (d->cfg->restart_limit != 0U && d->crashes > d->cfg->restart_limit) {
		log_life(LOG_WARN, d->id, "domain: dom=%s: crashed %u times: not restarted again", d->cfg->name,
			 d->crashes);
		return false;
	}
	d->not_before = now + (hz / 1000U * d->cfg->restart_delay_ms << MIN(d->crashes - 1U, DOUBLED));
	return true;
}

void domain_crashed(const struct domain *d)
{
	if (d->verdict == CFG_CRASH_PANIC) {
		panic("domain: dom=%s crashed, and its configuration says so", d->cfg->name);
	}
	for (uint32_t i = 0; d->verdict == CFG_CRASH_STOP_ALL && i < domains.nr; i++) {
		const fh_status status = domain_do(&domains.domain[i], DOM_OP_STOP);

		FH_ASSERT(status == FH_OK || status == FH_EBUSY); /* it is off */
	}
}
