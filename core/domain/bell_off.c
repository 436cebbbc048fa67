/* SPDX-License-Identifier: MIT */
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

fh_status domain_bells(struct domain *d)
{
	if (d->cfg->rings != 0U || d->cfg->power_key) {
		log_life(LOG_ERROR, d->id, "config: dom=%s: rings and power-key want CONFIG_DOORBELLS: refused",
			 d->cfg->name);
		return FH_ENOTSUP;
	}
	return FH_OK;
}

fh_status domain_ring(const struct domain *from, uint64_t to)
{
	(void)from;
	(void)to;
	return FH_ENOTSUP;
}
