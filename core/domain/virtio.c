/* SPDX-License-Identifier: MIT */
/* The virtio console of a domain with control ports, or with console = "virtio". */
#include "core/domain/domain_internal.h"
#include "core/log/log.h"
#include "drivers/gic/gic.h"

#define RANGES_MAX (1U + CFG_MAX_MEM + CFG_MAX_DEVICES * 2U + VDEV_MAX)

/* All that the domain has in its IPA space so far. */
static fh_status used_ranges(const struct domain *d, struct range *r, uint32_t *nr)
{
	for (uint32_t i = 0; i < d->cfg->nr_mem; i++) {
		r[(*nr)++] = (struct range){ ipa_val(d->cfg->mem[i].ipa), d->cfg->mem[i].size };
	}
	r[(*nr)++] = d->cfg->claims.window;
	for (uint32_t i = 0; i < d->devs.nr; i++) {
		r[(*nr)++] = (struct range){ ipa_val(d->devs.devs[i].base), d->devs.devs[i].size };
	}
	return domain_device_ranges(d, r, RANGES_MAX, nr);
}

static fh_status choose_place(struct domain *d)
{
	struct range r[RANGES_MAX];
	struct range at = { domains.board->uart.base + VUART_SIZE, VIRTIO_MMIO_SIZE };
	uint32_t nr = 0;
	const fh_status status = used_ranges(d, r, &nr);

	/* Each turn leaves one range behind for good, or ends. */
	for (uint32_t i = 0; status == FH_OK && i < nr; i++) {
		if (range_overlaps(at, r[i])) {
			at.base = align_up(range_end(r[i]), PAGE_SIZE);
			i = UINT32_MAX;
		}
	}
	d->virtio = at;
	return status;
}

static uint32_t choose_irq(const struct domain *d)
{
	uint32_t intid = GIC_FIRST_SPI + VGIC_MAX_SPIS - 1U;

	while (domains.irq_owner[intid] == d->id + 1U || intid == domains.board->uart_irq) {
		intid--;
	}
	return intid;
}

fh_status domain_virtio(struct domain *d)
{
	const bool console = d->cfg->console == CFG_CONSOLE_VIRTIO;
	const uint32_t ports = (d->cfg->control ? ~(1U << VCON_CONSOLE) : 0U) | (console ? 1U << VCON_CONSOLE : 0U);
	fh_status status;

	if (ports == 0U) {
		return FH_OK;
	}
	status = choose_place(d);
	if (status == FH_OK) {
		vcon_init(&d->vcon, ports & ((1U << VCON_PORTS) - 1U), &d->vgic, &d->s2, choose_irq(d));
		status = domain_add_vdev(d, d->virtio, &virtio_ops, &d->vcon.dev, "virtio console");
	}
	d->vuart.beside = console;
	if (status == FH_OK) {
		log_info("map: dom=%s ipa=0x%lx intid=%u virtio console", d->cfg->name, d->virtio.base,
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
