/* SPDX-License-Identifier: MIT */
/* The virtio console of a domain with control ports, or with console = "virtio". */
#include "core/domain/domain_internal.h"
#include "core/log/log.h"

fh_status domain_virtio(struct domain *d)
{
	const bool console = d->cfg->console == CFG_CONSOLE_VIRTIO;
	const uint32_t ports = (d->cfg->control ? ~(1U << VCON_CONSOLE) : 0U) | (console ? 1U << VCON_CONSOLE : 0U);
	fh_status status;

	if (ports == 0U) {
		return FH_OK;
	}
	status = domain_free_place(d, VIRTIO_MMIO_SIZE, &d->virtio);
	if (status == FH_OK) {
		vcon_init(&d->vcon, ports & ((1U << VCON_PORTS) - 1U), &d->vgic, &d->s2, domain_free_irq(d));
		status = domain_add_vdev(d, d->virtio, &virtio_ops, &d->vcon.dev, "virtio console");
	}
	d->vuart.beside = console;
	if (status == FH_OK) {
		log_life(LOG_INFO, d->id, "map: dom=%s ipa=0x%lx intid=%u virtio console", d->cfg->name, d->virtio.base,
			 d->vcon.dev.intid);
	}
	return status;
}

void domain_virtio_reset(struct domain *d)
{
	if (d->virtio.size != 0U) {
		virtio_reset(&d->vcon.dev);
	}
}
