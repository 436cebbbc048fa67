/* SPDX-License-Identifier: MIT */
/* GICv3: the distributor, and single interrupts of both kinds. */
#include "core/base/bits.h"
#include "core/base/string.h"
#include "drivers/gic/gicv3_internal.h"

struct gicv3 gicv3;

fh_status gicv3_wait_clear(const uint8_t *reg, uint64_t bit)
{
	const uint64_t limit = arch_counter_hz() / 1000U * GICV3_RWP_MS;
	const uint64_t start = arch_counter();

	while ((mmio_read32(reg) & bit) != 0U) {
		if (arch_counter() - start > limit) {
			return FH_ETIMEOUT;
		}
		cpu_relax();
	}
	return FH_OK;
}

void gicv3_fill_prio(uint8_t *reg, uint32_t n, uint32_t prio)
{
	for (uint32_t i = 0; i < n; i += 4U) {
		mmio_write32(reg + i, prio * 0x01010101U);
	}
}

static fh_status check_desc(const struct gic_desc *desc)
{
	if (strcmp(desc->compatible, "arm,gic-v3") != 0) {
		return FH_ENOTSUP;
	}
	if (desc->dist.va == NULL || desc->dist.size < 0x10000U || desc->nr_redist == 0U ||
	    desc->nr_redist > GIC_MAX_REDIST || !is_aligned(desc->stride, 0x10000U)) {
		return FH_EINVAL;
	}
	for (uint32_t i = 0; i < desc->nr_redist; i++) {
		if (desc->redist[i].va == NULL || desc->redist[i].size < GICR_FRAMES) {
			return FH_EINVAL;
		}
	}
	return FH_OK;
}

static uint64_t own_irouter(void)
{
	return READ_SYSREG(mpidr_el1) & UINT64_C(0xff00ffffff);
}

static void spis_init(uint8_t *dist, uint32_t nr_intids)
{
	const uint64_t route = own_irouter();

	for (uint32_t i = GIC_FIRST_SPI; i < nr_intids; i += 32U) {
		mmio_write32(dist + GIC_ICENABLER + i / 8U, UINT32_MAX);
		mmio_write32(dist + GIC_ICPENDR + i / 8U, UINT32_MAX);
		mmio_write32(dist + GIC_ICACTIVER + i / 8U, UINT32_MAX);
		mmio_write32(dist + GIC_IGROUPR + i / 8U, UINT32_MAX);
		mmio_write32(dist + GIC_ICFGR + i / 4U, 0U);
		mmio_write32(dist + GIC_ICFGR + i / 4U + 4U, 0U);
	}
	gicv3_fill_prio(dist + GIC_IPRIORITYR + GIC_FIRST_SPI, nr_intids - GIC_FIRST_SPI, GIC_PRIO_GUEST);
	for (uint32_t i = GIC_FIRST_SPI; i < nr_intids; i++) {
		mmio_write64(dist + GICD_IROUTER + (uint64_t)i * 8U, route);
	}
}

fh_status gic_init(const struct gic_desc *desc)
{
	fh_status st = check_desc(desc);
	uint8_t *dist;
	uint64_t rev;

	if (st != FH_OK) {
		return st;
	}
	dist = desc->dist.va;
	rev = FIELD_GET(GIC_PIDR2_REV, mmio_read32(dist + GICD_PIDR2));
	if (rev != 3U && rev != 4U) {
		return FH_ENOTSUP;
	}
	/* Off first: affinity routing may only be set while the groups are disabled, and never cleared (12.9.4). */
	mmio_write32(dist + GICD_CTLR, mmio_read32(dist + GICD_CTLR) & (uint32_t)GICD_CTLR_ARE);
	st = gicv3_wait_clear(dist + GICD_CTLR, GICD_CTLR_RWP);
	if (st != FH_OK) {
		return st;
	}
	mmio_write32(dist + GICD_CTLR, (uint32_t)GICD_CTLR_ARE);
	gicv3.desc = *desc;
	gicv3.dist = dist;
	gicv3.nr_intids =
		(uint32_t)MIN(32U * (FIELD_GET(GICD_TYPER_LINES, mmio_read32(dist + GICD_TYPER)) + 1U), GIC_MAX_INTID);
	spis_init(dist, gicv3.nr_intids);
	mmio_write32(dist + GICD_CTLR, (uint32_t)(GICD_CTLR_ARE | GICD_CTLR_GRP1A));
	return gicv3_wait_clear(dist + GICD_CTLR, GICD_CTLR_RWP);
}

uint32_t gic_nr_intids(void)
{
	return gicv3.nr_intids;
}

/* The frame whose IGROUPR to ICFGR hold intid, or NULL: out of range, or that CPU has no redistributor yet. */
static uint8_t *frame_of(uint32_t cpu, uint32_t intid)
{
	if (intid >= GIC_FIRST_SPI) {
		return intid < gicv3.nr_intids ? gicv3.dist : NULL;
	}
	if (cpu >= FH_MAX_CPUS || gicv3.cpu[cpu].redist == NULL) {
		return NULL;
	}
	return gicv3.cpu[cpu].redist + GICR_SGI_FRAME;
}

static void set_bit_of(uint32_t cpu, uint32_t intid, uint32_t reg)
{
	uint8_t *frame = frame_of(cpu, intid);

	if (frame != NULL) {
		mmio_write32(frame + reg + intid / 32U * 4U, (uint32_t)BIT(intid % 32U));
	}
}

void gic_irq_enable(uint32_t cpu, uint32_t intid)
{
	set_bit_of(cpu, intid, GIC_ISENABLER);
}

void gic_irq_disable(uint32_t cpu, uint32_t intid)
{
	fh_status st = FH_OK;

	set_bit_of(cpu, intid, GIC_ICENABLER);
	if (intid >= GIC_FIRST_SPI) {
		st = gicv3_wait_clear(gicv3.dist + GICD_CTLR, GICD_CTLR_RWP);
	} else if (frame_of(cpu, intid) != NULL) {
		st = gicv3_wait_clear(gicv3.cpu[cpu].redist + GICR_CTLR, GICR_CTLR_RWP);
	}
	/* A controller that never finishes may still deliver it once: the receiver sees it disabled and drops it. */
	(void)st;
}

void gic_irq_set_pending(uint32_t cpu, uint32_t intid, bool pending)
{
	set_bit_of(cpu, intid, pending ? GIC_ISPENDR : GIC_ICPENDR);
}

void gic_irq_set_active(uint32_t cpu, uint32_t intid, bool active)
{
	set_bit_of(cpu, intid, active ? GIC_ISACTIVER : GIC_ICACTIVER);
}

uint32_t gic_irqs_pending(uint32_t cpu, uint32_t word)
{
	const uint8_t *frame = frame_of(cpu, word * 32U);

	return frame == NULL ? 0U : mmio_read32(frame + GIC_ISPENDR + (uint64_t)word * 4U);
}

bool gic_irq_is_pending(uint32_t cpu, uint32_t intid)
{
	return (gic_irqs_pending(cpu, intid / 32U) & BIT(intid % 32U)) != 0U;
}

void gic_irq_priority(uint32_t cpu, uint32_t intid, uint8_t prio)
{
	uint8_t *frame = frame_of(cpu, intid);

	if (frame != NULL) {
		mmio_write8(frame + GIC_IPRIORITYR + intid, prio);
	}
}

/* Bit i of half becomes bit 2i + 1. */
static uint32_t edge_to_cfg(uint32_t half)
{
	uint32_t v = half & 0xffffU;

	v = (v | v << 8) & 0x00ff00ffU;
	v = (v | v << 4) & 0x0f0f0f0fU;
	v = (v | v << 2) & 0x33333333U;
	v = (v | v << 1) & 0x55555555U;
	return v << 1;
}

/*
 * Sixteen interrupts share a register, and CPUs that build different domains may change it at once. Each writes the
 * whole of a shared record and looks again, so that the last write holds all changes. No lock; O(number of CPUs).
 */
static void set_edge(uint8_t *reg, uint32_t *record, uint32_t intid, bool edge)
{
	const uint32_t bit = (uint32_t)BIT(intid % 32U);
	uint32_t seen = edge ? __atomic_or_fetch(record, bit, __ATOMIC_SEQ_CST) :
			       __atomic_and_fetch(record, ~bit, __ATOMIC_SEQ_CST);
	uint32_t written;

	do {
		written = seen;
		mmio_write32(reg, edge_to_cfg(written >> (intid % 32U / 16U * 16U)));
		dsb(sy);
		seen = __atomic_load_n(record, __ATOMIC_SEQ_CST);
	} while (seen != written);
}

void gic_irq_config(uint32_t cpu, uint32_t intid, bool edge)
{
	uint8_t *frame = frame_of(cpu, intid);

	if (frame == NULL || intid < 16U) {
		return;
	}
	set_edge(frame + GIC_ICFGR + intid / 16U * 4U,
		 intid < GIC_FIRST_SPI ? &gicv3.cpu[cpu].edge : &gicv3.edge[intid / 32U], intid, edge);
}

void gic_irq_route(uint32_t intid, uint32_t cpu)
{
	if (intid < GIC_FIRST_SPI || intid >= gicv3.nr_intids || cpu >= FH_MAX_CPUS || gicv3.cpu[cpu].redist == NULL) {
		return;
	}
	mmio_write64(gicv3.dist + GICD_IROUTER + (uint64_t)intid * 8U, gicv3.cpu[cpu].irouter);
}
