/* SPDX-License-Identifier: MIT */
/* The tree that a guest boots with, where the payload brings none: what it has, in the generator's terms. */
#include "core/base/string.h"
#include "core/domain/domain.h"
#include "core/domain/domain_internal.h"
#include "core/domain/guest_fdt.h"
#include "core/fdt/board.h"
#include "core/log/log.h"
#include "drivers/gic/gic.h"

fh_status domain_tree(struct domain *d, uint32_t *at, void *room, size_t size)
{
	struct guest_fdt_params p = { .name = d->cfg->name, .bootargs = d->cfg->bootargs, .nr_cpus = d->nr_vcpus };
	struct domain_image *img = &d->images[DOM_IMG_DTB];
	size_t used = 0;

	if (d->cfg->dtb[0] != '\0') {
		return FH_OK;
	}
	p.nr_mem = d->cfg->nr_mem;
	for (uint32_t i = 0; i < p.nr_mem; i++) {
		p.mem[i] = (struct range){ ipa_val(d->cfg->mem[i].ipa), d->cfg->mem[i].size };
	}
	p.initrd_base = d->images[DOM_IMG_RAMDISK].ipa;
	p.initrd_size = d->images[DOM_IMG_RAMDISK].size;
	p.gic_version = gic_v2() ? 2U : 3U;
	p.gicd = domain_gicd();
	p.gicr = domain_gicr(d);
	p.has_uart = d->cfg->console != CFG_CONSOLE_NONE;
	p.uart = (struct range){ domains.board->uart.base, VUART_SIZE };
	p.uart_intid = domains.board->uart_irq;
	p.virtio = d->virtio;
	p.virtio_intid = d->vcon.dev.intid;
	p.watchdog = d->watchdog;
	p.watchdog_intid = d->vwdt.intid;
	p.power_key = d->power_key;
	p.peers = domains.sys->domains;
	p.rings = d->cfg->rings;
	memcpy(p.bell, d->bell, sizeof(p.bell));
	p.pmu_intid = domains.board->pmu_irq;
	p.board = domains.board->tree;
	for (uint32_t i = 0; i < d->cfg->nr_devices; i++) {
		struct board_device dev;
		const fh_status status = domain_find_device(d, i, &dev);

		if (status != FH_OK) {
			return status;
		}
		p.devices[p.nr_devices++] = dev.node;
	}
	const fh_status status = guest_fdt_step(&p, at, room, size, &used);

	if (status == FH_EBUSY) {
		return status;
	}
	if (status != FH_OK) {
		log_life(LOG_ERROR, d->id, "domain: dom=%s: its tree can't be written: %s: refused", d->cfg->name,
			 fh_status_str(status));
		return status;
	}
	img->data = room;
	img->size = used;
	return FH_OK;
}
