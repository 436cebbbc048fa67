/* SPDX-License-Identifier: MIT */
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

fh_status domain_virtio(struct domain *d)
{
	if (d->cfg->control || d->cfg->console == CFG_CONSOLE_VIRTIO) {
		log_life(LOG_ERROR, d->id,
			 "config: dom=%s: control and console = \"virtio\" want CONFIG_CONTROL: refused", d->cfg->name);
		return FH_ENOTSUP;
	}
	return FH_OK;
}

void domain_virtio_reset(struct domain *d)
{
	(void)d;
}
