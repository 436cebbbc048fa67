/* SPDX-License-Identifier: MIT */
/*
 * GICv2 (IHI 0048B). From EL2, which is not secure, a controller with the Security Extensions shows the same
 * registers: its groups read as zero, and bit 0 of both CTLR is Group 1's.
 */
#include "core/base/bits.h"
#include "drivers/gic/gic_internal.h"

#define GICD_PIDR2_V2 0x0fe8U
#define GICD_CPENDSGIR 0x0f10U

#define GICC_CTLR 0x00U
#define GICC_CTLR_EOIMODE BIT(9)
#define GICC_CTLR_BYPASS GENMASK(8, 5)
#define GICC_PMR 0x04U
#define GICC_BPR 0x08U
#define GICC_APR0 0xd0U
#define GICC_IIDR 0xfcU
#define GICC_DIR UINT64_C(0x1000)

#define GICH_HCR 0x00U
#define GICH_VMCR 0x08U

#define MAX_CPUS_V2 8U

uint8_t *gicv2_cpu;
uint8_t *gicv2_dir;
uint8_t *gicv2_hyp;

/*
 * Where GICC_DIR is. Boards that place each 4 KiB page on 64 KiB, so that all sizes of pages can map it alone, show
 * the first page sixteen times, and the second one behind that.
 */
static uint8_t *find_dir(uint8_t *cpu, uint64_t size)
{
	const bool spread = size >= 0x20000U && mmio_read32(cpu + GICC_IIDR) == mmio_read32(cpu + 0xf000U + GICC_IIDR);

	return cpu + (spread ? UINT64_C(0x10000) : GICC_DIR);
}

fh_status gicv2_init(const struct gic_desc *desc)
{
	uint8_t *dist = desc->dist.va;

	if (dist == NULL || desc->dist.size < PAGE_SIZE || desc->nr_redist != 2U || desc->redist[0].va == NULL ||
	    desc->redist[0].size < 2U * PAGE_SIZE || desc->redist[1].va == NULL) {
		return FH_EINVAL;
	}
	if (FIELD_GET(GIC_PIDR2_REV, mmio_read32(dist + GICD_PIDR2_V2)) != 2U) {
		return FH_ENOTSUP;
	}
	gicv2_cpu = desc->redist[0].va;
	gicv2_dir = find_dir(desc->redist[0].va, desc->redist[0].size);
	gicv2_hyp = desc->redist[1].va;
	mmio_write32(dist + GICD_CTLR, 0U);
	return FH_OK;
}

/* This CPU's bit of target lists: each byte of the first registers of targets, of one's own interrupts, shows it. */
static uint32_t own_target(void)
{
	uint32_t v = mmio_read32(gic.dist + GICD_ITARGETSR);

	v |= v >> 16;
	v |= v >> 8;
	/* With one CPU there are no targets: zero. */
	return (v & 0xffU) != 0U ? v & 0xffU : 1U;
}

static void interface_init(void)
{
	const uint32_t bypass = mmio_read32(gicv2_cpu + GICC_CTLR) & (uint32_t)GICC_CTLR_BYPASS;

	mmio_write32(gicv2_cpu + GICC_CTLR, 0U);
	mmio_write32(gicv2_cpu + GICC_BPR, 0U);
	mmio_write32(gicv2_cpu + GICC_APR0, 0U);
	mmio_write32(gicv2_cpu + GICC_PMR, 0xffU);
	mmio_write32(gicv2_hyp + GICH_HCR, 0U);
	mmio_write32(gicv2_hyp + GICH_VMCR, 0U);
	mmio_write32(gicv2_cpu + GICC_CTLR, 1U | (uint32_t)GICC_CTLR_EOIMODE | bypass);
}

fh_status gicv2_cpu_init(struct gic_cpu *c)
{
	const uint32_t target = own_target();

	if (arch_cpu_id() >= MAX_CPUS_V2) {
		return FH_ENOENT;
	}
	gic_private_init(gic.dist, 0U);
	for (uint32_t i = 0; i < 16U; i += 4U) {
		mmio_write32(gic.dist + GICD_CPENDSGIR + i, UINT32_MAX);
	}
	mmio_write32(gic.dist + GIC_ISENABLER, (uint32_t)(BIT(GIC_SGI_KICK) | BIT(GIC_SGI_STOP)));
	interface_init();
	c->irouter = target;
	c->frame = gic.dist;
	/* Last: from here on other CPUs may send to this one. */
	__atomic_store_n(&c->sgi, (uint64_t)target << 16, __ATOMIC_RELEASE);
	return FH_OK;
}
