/* SPDX-License-Identifier: MIT */
/* A build without the generator: each domain's tree is a file of the payload. */
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

fh_status domain_tree(struct domain *d, uint32_t *at, void *room, size_t size)
{
	(void)at;
	(void)room;
	(void)size;
	if (d->cfg->dtb[0] == '\0') {
		log_life(LOG_ERROR, d->id,
			 "config: dom=%s has no dtb, and this build writes none (CONFIG_GUEST_TREE): refused",
			 d->cfg->name);
		return FH_ENOTSUP;
	}
	return FH_OK;
}
