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

fh_status domain_own_partitions(struct domain *d)
{
	(void)d; /* noted when the memory map was made */
	return FH_OK;
}

void domain_give_back(const struct domain *d, struct claim_block b, bool touched)
{
	(void)d; /* the boot ends there */
	(void)b;
	(void)touched;
}

void domain_unclaim(struct domain *d)
{
	(void)d;
}

bool domain_unbuild_step(struct domain *d)
{
	panic("domain: dom=%s can't be taken apart by this build", d->cfg->name);
}
