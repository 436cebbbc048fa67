/* SPDX-License-Identifier: MIT */
/* GICv3: its affinity routing, its redistributors and its system registers. */
#include "core/base/bits.h"
#include "drivers/gic/gic_internal.h"

#define ICC_SRE_SRE BIT(0)
#define ICC_SRE_DFB BIT(1)
#define ICC_SRE_DIB BIT(2)
#define ICC_CTLR_EOIMODE BIT(1)
#define ICH_VMCR_VFIQEN BIT(3) /* RES1 with system registers alone */

/* ICC_SGI1R_EL1 (IHI 0069H 12.2.20). */
#define SGI1R_LIST GENMASK(15, 0)
#define SGI1R_AFF1 GENMASK(23, 16)
#define SGI1R_AFF2 GENMASK(39, 32)
#define SGI1R_RS GENMASK(47, 44)
#define SGI1R_AFF3 GENMASK(55, 48)

#define MPIDR_AFF0 GENMASK(7, 0)
#define MPIDR_AFF1 GENMASK(15, 8)
#define MPIDR_AFF2 GENMASK(23, 16)
#define MPIDR_AFF3 GENMASK(39, 32)

static fh_status check_desc(const struct gic_desc *desc)
{
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

fh_status gicv3_init(const struct gic_desc *desc)
{
	uint8_t *dist = desc->dist.va;
	fh_status st = check_desc(desc);
	uint64_t rev;

	if (st != FH_OK) {
		return st;
	}
	rev = FIELD_GET(GIC_PIDR2_REV, mmio_read32(dist + GICD_PIDR2));
	if (rev != 3U && rev != 4U) {
		return FH_ENOTSUP;
	}
	/* Off first: affinity routing may only be set while the groups are disabled, and never cleared (12.9.4). */
	mmio_write32(dist + GICD_CTLR, mmio_read32(dist + GICD_CTLR) & (uint32_t)GICD_CTLR_ARE);
	st = gic_wait_clear(dist + GICD_CTLR, GICD_CTLR_RWP);
	if (st == FH_OK) {
		mmio_write32(dist + GICD_CTLR, (uint32_t)GICD_CTLR_ARE);
	}
	return st;
}

static uint64_t sgi1r_of(uint64_t mpidr)
{
	const uint64_t aff0 = FIELD_GET(MPIDR_AFF0, mpidr);

	return FIELD_PREP(SGI1R_AFF3, FIELD_GET(MPIDR_AFF3, mpidr)) |
	       FIELD_PREP(SGI1R_AFF2, FIELD_GET(MPIDR_AFF2, mpidr)) |
	       FIELD_PREP(SGI1R_AFF1, FIELD_GET(MPIDR_AFF1, mpidr)) | FIELD_PREP(SGI1R_RS, aff0 / 16U) |
	       FIELD_PREP(SGI1R_LIST, BIT(aff0 % 16U));
}

/* Aff3.Aff2.Aff1.Aff0 in 32 bits, as GICR_TYPER has it. */
static uint64_t aff32_of(uint64_t mpidr)
{
	return FIELD_GET(MPIDR_AFF3, mpidr) << 24 | (mpidr & GENMASK(23, 0));
}

/* The redistributor with that affinity in one region, or NULL. The walk ends at Last or at the region's end. */
static uint8_t *find_in_region(const struct gic_region *r, uint64_t aff)
{
	uint64_t off = 0;

	while (off + GICR_FRAMES <= r->size) {
		uint8_t *frame = (uint8_t *)r->va + off;
		const uint64_t typer = mmio_read64(frame + GICR_TYPER);

		if (FIELD_GET(GICR_TYPER_AFF, typer) == aff) {
			return frame;
		}
		if ((typer & GICR_TYPER_LAST) != 0U) {
			break;
		}
		off += gic.desc.stride != 0U            ? gic.desc.stride :
		       (typer & GICR_TYPER_VLPIS) != 0U ? 2U * GICR_FRAMES :
							  GICR_FRAMES;
	}
	return NULL;
}

static uint8_t *find_redist(uint64_t mpidr)
{
	uint8_t *frame = NULL;

	for (uint32_t i = 0; i < gic.desc.nr_redist && frame == NULL; i++) {
		frame = find_in_region(&gic.desc.redist[i], aff32_of(mpidr));
	}
	return frame;
}

static fh_status redist_init(uint8_t *redist)
{
	uint8_t *sgi = redist + GICR_SGI_FRAME;
	fh_status st;

	mmio_write32(redist + GICR_WAKER, mmio_read32(redist + GICR_WAKER) & ~(uint32_t)GICR_WAKER_SLEEP);
	st = gic_wait_clear(redist + GICR_WAKER, GICR_WAKER_ASLEEP);
	if (st != FH_OK) {
		return st;
	}
	gic_private_init(sgi, UINT32_MAX);
	st = gic_wait_clear(redist + GICR_CTLR, GICR_CTLR_RWP);
	mmio_write32(sgi + GIC_ISENABLER, (uint32_t)(BIT(GIC_SGI_KICK) | BIT(GIC_SGI_STOP)));
	return st;
}

static fh_status interface_init(void)
{
	/* Enable stays 0: a guest's ICC_SRE_EL1 traps, so it can't ask for the memory-mapped interface. */
	WRITE_SYSREG(icc_sre_el2, ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB);
	isb();
	if ((READ_SYSREG(icc_sre_el2) & ICC_SRE_SRE) == 0U) {
		return FH_ENOTSUP;
	}
	WRITE_SYSREG(icc_sre_el1, ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB);
	isb();
	WRITE_SYSREG(icc_igrpen1_el1, 0U);
	WRITE_SYSREG(icc_ctlr_el1, ICC_CTLR_EOIMODE);
	WRITE_SYSREG(icc_bpr1_el1, 0U);
	WRITE_SYSREG(icc_ap1r0_el1, 0U);
	WRITE_SYSREG(icc_pmr_el1, 0xffU);
	WRITE_SYSREG(ich_hcr_el2, 0U);
	WRITE_SYSREG(ich_vmcr_el2, ICH_VMCR_VFIQEN);
	WRITE_SYSREG(icc_igrpen1_el1, 1U);
	isb();
	return FH_OK;
}

fh_status gicv3_cpu_init(struct gic_cpu *c)
{
	const uint64_t mpidr = READ_SYSREG(mpidr_el1);
	uint8_t *redist = find_redist(mpidr);
	fh_status st;

	if (redist == NULL) {
		return FH_ENOENT;
	}
	st = redist_init(redist);
	if (st == FH_OK) {
		st = interface_init();
	}
	if (st == FH_OK) {
		c->irouter = mpidr & UINT64_C(0xff00ffffff);
		c->frame = redist + GICR_SGI_FRAME;
		/* Last: from here on other CPUs may send to this one. */
		__atomic_store_n(&c->sgi, sgi1r_of(mpidr), __ATOMIC_RELEASE);
	}
	return st;
}
