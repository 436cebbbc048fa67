/* SPDX-License-Identifier: MIT */
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

fh_status domain_watchdog(struct domain *d)
{
	if (d->cfg->watchdog) {
		log_life(LOG_ERROR, d->id, "config: dom=%s: on-watchdog wants CONFIG_WATCHDOG: refused", d->cfg->name);
		return FH_ENOTSUP;
	}
	return FH_OK;
}

void domain_watchdog_reset(struct domain *d)
{
	(void)d;
}

uint64_t domain_watchdog_poll(struct domain *d)
{
	(void)d;
	return UINT64_MAX;
}
