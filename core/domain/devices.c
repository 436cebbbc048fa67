/* SPDX-License-Identifier: MIT */
/*
 * A domain's devices: emulated ones at the addresses where the board has its own, so that a guest that knows the
 * board finds them, and the board's devices that the configuration gives to it, at IPA = PA.
 */
#include "core/base/string.h"
#include "core/domain/domain.h"
#include "core/domain/domain_internal.h"
#include "core/fdt/board.h"
#include "core/log/log.h"
#include "drivers/gic/gic.h"

#define PPI_VTIMER 27U
#define PPI_PTIMER 30U
#define STEP_VCPUS 16U /* whose interrupts one step sets up */

struct range domain_gicr(const struct domain *d)
{
	return (struct range){ domains.board->gicr_base,
			       gic_v2() ? VGIC_V2_CPU_SIZE : (uint64_t)d->nr_vcpus * VGIC_REDIST_STRIDE };
}

struct range domain_gicd(void)
{
	return (struct range){ domains.board->gicd.base, gic_v2() ? VGIC_V2_DIST_SIZE : VGIC_DIST_SIZE };
}

static fh_status refuse(const struct domain *d, const char *path, fh_status status, const char *why)
{
	log_life(LOG_ERROR, d->id, "config: dom=%s device=%s: %s: refused", d->cfg->name, path, why);
	return status;
}

/* Whose it is, and whether it may do DMA, was checked with the configuration (config_check_devices). */
fh_status domain_find_device(const struct domain *d, uint32_t i, struct board_device *dev)
{
	const struct cfg_device *c = &d->cfg->devices[i];
	const char *why = "not a device of the board";
	const fh_status status = board_device(domains.board->tree, c->path, dev, &why);

	if (status != FH_OK) {
		return refuse(d, c->path, status, why);
	}
	for (uint32_t r = 0; r < dev->nr_regs; r++) {
		const struct range regs = dev->regs[r];

		if (!is_aligned(regs.base, PAGE_SIZE)) {
			return refuse(d, c->path, FH_EALIGN, "its registers don't begin a page, so others share it");
		}
		if (range_overlaps(regs, domains.board->gicd) || range_overlaps(regs, domains.board->uart) ||
		    range_overlaps(regs, domain_gicr(d))) {
			return refuse(d, c->path, FH_EBUSY, "the hypervisor itself uses it");
		}
	}
	return FH_OK;
}

fh_status domain_device_ranges(const struct domain *d, struct range *out, uint32_t max, uint32_t *nr)
{
	if (gic_v2()) {
		out[(*nr)++] = (struct range){ domains.board->gicr_base, PAGE_SIZE };
	}
	for (uint32_t i = 0; i < d->cfg->nr_devices; i++) {
		struct board_device dev;
		const fh_status status = domain_find_device(d, i, &dev);

		if (status != FH_OK) {
			return status;
		}
		for (uint32_t r = 0; r < dev.nr_regs; r++) {
			if (*nr == max) {
				return refuse(d, d->cfg->devices[i].path, FH_EOVERFLOW, "too many register ranges");
			}
			out[(*nr)++] = (struct range){ dev.regs[r].base, align_up(dev.regs[r].size, PAGE_SIZE) };
		}
	}
	return FH_OK;
}

static fh_status pass_irq(struct domain *d, const char *path, struct board_irq irq)
{
	if (irq.intid < GIC_FIRST_SPI || irq.intid >= GIC_FIRST_SPI + VGIC_MAX_SPIS) {
		return refuse(d, path, FH_ENOTSUP, "its interrupt is not an SPI that a guest can have");
	}
	if (domains.irq_owner[irq.intid] != 0U) {
		return refuse(d, path, FH_EEXIST, "its interrupt belongs to another domain already");
	}
	domains.irq_owner[irq.intid] = (uint8_t)(d->id + 1U);
	return vgic_map_hw(&d->vgic, irq.intid, irq.edge);
}

static fh_status pass_through(struct domain *d, uint32_t i)
{
	const char *path = d->cfg->devices[i].path;
	struct board_device dev;
	fh_status status = domain_find_device(d, i, &dev);

	for (uint32_t r = 0; status == FH_OK && r < dev.nr_regs; r++) {
		const struct range regs = { dev.regs[r].base, align_up(dev.regs[r].size, PAGE_SIZE) };

		status = s2_prepare(&d->s2, ipa(regs.base), pa(regs.base), regs.size, S2_DEVICE);
		if (status != FH_OK) {
			return refuse(d, path, status, "its registers lie where the domain has something else");
		}
		log_life(LOG_INFO, d->id, "map: dom=%s ipa=0x%lx pa=0x%lx size=0x%lx device %s", d->cfg->name,
			 regs.base, regs.base, regs.size, path);
	}
	for (uint32_t n = 0; status == FH_OK && n < dev.nr_irqs; n++) {
		status = pass_irq(d, path, dev.irqs[n]);
	}
	return status;
}

fh_status domain_add_vdev(struct domain *d, struct range where, const struct vdev_ops *ops, void *dev, const char *name)
{
	const struct vdev v = { ipa(where.base), where.size, ops, dev };

	for (uint32_t i = 0; i < d->cfg->nr_mem; i++) {
		const struct range ram = { ipa_val(d->cfg->mem[i].ipa), d->cfg->mem[i].size };

		if (range_overlaps(ram, where)) {
			log_life(LOG_ERROR, d->id,
				 "config: dom=%s memory at ipa=0x%lx overlaps its %s at 0x%lx: refused", d->cfg->name,
				 ram.base, name, where.base);
			return FH_EEXIST;
		}
	}
	return vdev_add(&d->devs, &v) ? FH_OK : FH_EEXIST;
}

/* The distributor, and the redistributors or a GICv2's CPU interface: GICV, and the page with GICC_DIR. */
static fh_status emulated_gic(struct domain *d)
{
	const struct range gicr = domain_gicr(d);
	const struct range dir = { gicr.base + PAGE_SIZE, PAGE_SIZE };
	fh_status status = domain_add_vdev(d, domain_gicd(), gic_v2() ? &vgic_v2_dist_ops : &vgic_dist_ops, &d->vgic,
					   "GIC distributor");

	if (status != FH_OK || !gic_v2()) {
		return status != FH_OK ? status :
					 domain_add_vdev(d, gicr, &vgic_redist_ops, &d->vgic, "GIC redistributors");
	}
	status = domain_add_vdev(d, dir, &vgic_v2_dir_ops, &d->vgic, "GIC CPU interface");
	if (status == FH_OK) {
		status = s2_prepare(&d->s2, ipa(gicr.base), pa(domains.board->gicv_base), PAGE_SIZE, S2_DEVICE);
	}
	return status;
}

/* Its private interrupts, of the next vCPUs. FH_EBUSY: there are more. */
static fh_status interrupts(struct domain *d, uint32_t *at)
{
	const uint32_t ppis[] = { PPI_VTIMER, PPI_PTIMER, domains.board->pmu_irq };
	const uint32_t end = MIN(*at + STEP_VCPUS, d->nr_vcpus);

	if (*at == 0U) {
		FH_TRY(vgic_init(&d->vgic, d->nr_vcpus, VGIC_MAX_SPIS));
		for (uint32_t i = 0; i < d->nr_vcpus; i++) {
			vgic_cpu_init(&d->vgic, &d->vcpus[i].vgic, i, d->vcpus[i].pcpu);
		}
	}
	for (; *at < end; ++*at) {
		for (uint32_t i = 0; i < ARRAY_SIZE(ppis); i++) {
			if (ppis[i] != 0U) {
				FH_TRY(vgic_map_ppi(&d->vgic, *at, ppis[i], false));
			}
		}
	}
	return end == d->nr_vcpus ? FH_OK : FH_EBUSY;
}

static fh_status emulated(struct domain *d)
{
	const struct range uart = { domains.board->uart.base, VUART_SIZE };
	fh_status status = emulated_gic(d);

	if (status == FH_OK && d->cfg->console != CFG_CONSOLE_NONE) {
		vuart_attach(&d->vuart, &d->vgic, domains.board->uart_irq);
		status = domain_add_vdev(d, uart, &vuart_ops, &d->vuart, "console");
	}
	return status;
}

fh_status domain_devices(struct domain *d, uint32_t *at)
{
	FH_TRY(interrupts(d, at));
	d->irqs_given = 0;
	FH_TRY(emulated(d));
	for (uint32_t i = 0; i < d->cfg->nr_devices; i++) {
		FH_TRY(pass_through(d, i));
	}
	FH_TRY(domain_virtio(d));
	FH_TRY(domain_watchdog(d));
	return domain_bells(d);
}

void domain_devices_remove(struct domain *d)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(domains.irq_owner); i++) {
		domains.irq_owner[i] = domains.irq_owner[i] == d->id + 1U ? 0U : domains.irq_owner[i];
	}
	if (d->cfg->console != CFG_CONSOLE_NONE) {
		vuart_attach(&d->vuart, NULL, 0);
	}
	d->virtio.size = 0;
	d->watchdog.size = 0;
	d->power_key = 0;
	memset(d->bell, 0, sizeof(d->bell));
	d->vgic.nr_vcpus = 0;
	d->devs.nr = 0;
}
