/* SPDX-License-Identifier: MIT */
/* Without the pool nothing is given back: what was laid out at boot stays. */
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

const bool domain_unbuilds;

fh_status domain_draw(struct domain *d, claim_handle_t h)
{
	d->terms.claim = h;
	return FH_OK;
}

void domain_drawn(struct domain *d)
{
	(void)d;
}

void domain_unclaim(struct domain *d)
{
	(void)d; /* the boot ends there */
}

bool domain_unbuild_step(struct domain *d)
{
	panic("domain: dom=%s can't be taken apart by this build", d->cfg->name);
}
