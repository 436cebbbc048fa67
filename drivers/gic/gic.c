/* SPDX-License-Identifier: MIT */
/* What GICv3 and GICv2 have alike: the distributor, and single interrupts of both kinds. */
#include "core/base/bits.h"
#include "drivers/gic/gic_internal.h"

struct gic gic;

fh_status gic_wait_clear(const uint8_t *reg, uint64_t bit)
{
	const uint64_t limit = arch_counter_hz() / 1000U * GIC_RWP_MS;
	const uint64_t start = arch_counter();

	while ((mmio_read32(reg) & bit) != 0U) {
		if (arch_counter() - start > limit) {
			return FH_ETIMEOUT;
		}
		cpu_relax();
	}
	return FH_OK;
}

static void fill_prio(uint8_t *reg, uint32_t n)
{
	for (uint32_t i = 0; i < n; i += 4U) {
		mmio_write32(reg + i, GIC_PRIO_GUEST * 0x01010101U);
	}
}

void gic_private_init(uint8_t *frame, uint32_t group)
{
	mmio_write32(frame + GIC_ICENABLER, UINT32_MAX);
	mmio_write32(frame + GIC_ICPENDR, UINT32_MAX);
	mmio_write32(frame + GIC_ICACTIVER, UINT32_MAX);
	mmio_write32(frame + GIC_IGROUPR, group);
	mmio_write32(frame + GIC_ICFGR + 4U, 0U);
	fill_prio(frame + GIC_IPRIORITYR, 32U);
	mmio_write8(frame + GIC_IPRIORITYR + GIC_SGI_KICK, GIC_PRIO_EL2);
	mmio_write8(frame + GIC_IPRIORITYR + GIC_SGI_STOP, GIC_PRIO_EL2);
}

static void spis_init(uint8_t *dist, uint32_t nr_intids, uint32_t group)
{
	for (uint32_t i = GIC_FIRST_SPI; i < nr_intids; i += 32U) {
		mmio_write32(dist + GIC_ICENABLER + i / 8U, UINT32_MAX);
		mmio_write32(dist + GIC_ICPENDR + i / 8U, UINT32_MAX);
		mmio_write32(dist + GIC_ICACTIVER + i / 8U, UINT32_MAX);
		mmio_write32(dist + GIC_IGROUPR + i / 8U, group);
		mmio_write32(dist + GIC_ICFGR + i / 4U, 0U);
		mmio_write32(dist + GIC_ICFGR + i / 4U + 4U, 0U);
	}
	fill_prio(dist + GIC_IPRIORITYR + GIC_FIRST_SPI, nr_intids - GIC_FIRST_SPI);
}

fh_status gic_init(const struct gic_desc *desc)
{
	fh_status st = desc->version == 3U ? gicv3_init(desc) : FH_ENOTSUP;
	uint8_t *dist = desc->dist.va;

#ifdef CONFIG_GICV2
	if (desc->version == 2U) {
		st = gicv2_init(desc);
	}
#endif
	if (st != FH_OK) {
		return st;
	}
	gic.desc = *desc;
	gic.dist = dist;
	gic.nr_intids =
		(uint32_t)MIN(32U * (FIELD_GET(GICD_TYPER_LINES, mmio_read32(dist + GICD_TYPER)) + 1U), GIC_MAX_INTID);
	spis_init(dist, gic.nr_intids, gic_v2() ? 0U : UINT32_MAX);
	/* Bit 0 of a GICv2 is Group 0's, or from the non-secure side Group 1's. */
	mmio_write32(dist + GICD_CTLR, gic_v2() ? 1U : (uint32_t)(GICD_CTLR_ARE | GICD_CTLR_GRP1A));
	return gic_wait_clear(dist + GICD_CTLR, GICD_CTLR_RWP);
}

fh_status gic_cpu_init(void)
{
	struct gic_cpu *c = &gic.cpu[arch_cpu_id()];

#ifdef CONFIG_GICV2
	if (gic_v2()) {
		return gicv2_cpu_init(c);
	}
#endif
	return gicv3_cpu_init(c);
}

uint32_t gic_nr_intids(void)
{
	return gic.nr_intids;
}

/* The frame whose IGROUPR to ICFGR hold intid, or NULL: out of range, or that CPU has none yet. */
static uint8_t *frame_of(uint32_t cpu, uint32_t intid)
{
	if (intid >= GIC_FIRST_SPI) {
		return intid < gic.nr_intids ? gic.dist : NULL;
	}
	return cpu < FH_MAX_CPUS && (!gic_v2() || cpu == arch_cpu_id()) ? gic.cpu[cpu].frame : NULL;
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
		st = gic_wait_clear(gic.dist + GICD_CTLR, GICD_CTLR_RWP);
	} else if (!gic_v2() && frame_of(cpu, intid) != NULL) {
		st = gic_wait_clear(gic.cpu[cpu].frame - GICR_SGI_FRAME + GICR_CTLR, GICR_CTLR_RWP);
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
		 intid < GIC_FIRST_SPI ? &gic.cpu[cpu].edge : &gic.edge[intid / 32U], intid, edge);
}

void gic_irq_route(uint32_t intid, uint32_t cpu)
{
	if (intid < GIC_FIRST_SPI || intid >= gic.nr_intids || cpu >= FH_MAX_CPUS || gic.cpu[cpu].frame == NULL) {
		return;
	}
	if (gic_v2()) {
		mmio_write8(gic.dist + GICD_ITARGETSR + intid, (uint8_t)gic.cpu[cpu].irouter);
	} else {
		mmio_write64(gic.dist + GICD_IROUTER + (uint64_t)intid * 8U, gic.cpu[cpu].irouter);
	}
}

/* v: GICD_SGIR or ICC_SGI1R_EL1 without the INTID. */
static void write_sgi(uint64_t v, uint32_t sgi)
{
	/* What the receiver will look at must be visible before it is interrupted. */
	dsb(ishst);
	if (gic_v2()) {
		mmio_write32(gic.dist + GICD_SGIR, (uint32_t)v | sgi);
	} else {
		WRITE_SYSREG(icc_sgi1r_el1, v | FIELD_PREP(SGI1R_INTID, sgi));
		isb();
	}
}

void gic_send_sgi(uint32_t cpu, uint32_t sgi)
{
	if (cpu < FH_MAX_CPUS && gic.cpu[cpu].sgi != 0U) {
		write_sgi(gic.cpu[cpu].sgi, sgi);
	}
}

void gic_send_sgi_others(uint32_t sgi)
{
	/* A crash may come before there is one. */
	if (gic.dist != NULL) {
		write_sgi(gic_v2() ? GICD_SGIR_OTHERS : SGI1R_IRM, sgi);
	}
}
