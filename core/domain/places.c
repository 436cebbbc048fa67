/* SPDX-License-Identifier: MIT */
/* Where a domain finds the emulated devices that no board has: registers and interrupts that nothing else of it has. */
#include "core/domain/domain_internal.h"
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

fh_status domain_free_place(const struct domain *d, uint64_t size, struct range *out)
{
	struct range r[RANGES_MAX];
	struct range at = { domains.board->uart.base + VUART_SIZE, size };
	uint32_t nr = 0;
	const fh_status status = used_ranges(d, r, &nr);

	/* Each turn leaves one range behind for good, or ends. */
	for (uint32_t i = 0; status == FH_OK && i < nr; i++) {
		if (range_overlaps(at, r[i])) {
			at.base = align_up(range_end(r[i]), PAGE_SIZE);
			i = UINT32_MAX;
		}
	}
	*out = at;
	return status;
}

uint32_t domain_free_irq(struct domain *d)
{
	uint32_t intid;

	do {
		d->irqs_given++;
		intid = GIC_FIRST_SPI + VGIC_MAX_SPIS - d->irqs_given;
	} while (domains.irq_owner[intid] == d->id + 1U || intid == domains.board->uart_irq);
	return intid;
}
