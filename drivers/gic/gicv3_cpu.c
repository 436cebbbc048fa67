/* SPDX-License-Identifier: MIT */
/* GICv3: what each CPU sets up for itself, and SGIs. */
#include "core/base/bits.h"
#include "drivers/gic/gicv3_internal.h"

#define ICC_SRE_SRE BIT(0)
#define ICC_SRE_DFB BIT(1)
#define ICC_SRE_DIB BIT(2)
#define ICC_CTLR_EOIMODE BIT(1)
#define ICH_VMCR_VFIQEN BIT(3) /* RES1 with system registers alone */

/* ICC_SGI1R_EL1 (IHI 0069H 12.2.20). */
#define SGI1R_LIST GENMASK(15, 0)
#define SGI1R_AFF1 GENMASK(23, 16)
#define SGI1R_INTID GENMASK(27, 24)
#define SGI1R_AFF2 GENMASK(39, 32)
#define SGI1R_IRM BIT(40)
#define SGI1R_RS GENMASK(47, 44)
#define SGI1R_AFF3 GENMASK(55, 48)

#define MPIDR_AFF0 GENMASK(7, 0)
#define MPIDR_AFF1 GENMASK(15, 8)
#define MPIDR_AFF2 GENMASK(23, 16)
#define MPIDR_AFF3 GENMASK(39, 32)

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
		off += gicv3.desc.stride != 0U          ? gicv3.desc.stride :
		       (typer & GICR_TYPER_VLPIS) != 0U ? 2U * GICR_FRAMES :
							  GICR_FRAMES;
	}
	return NULL;
}

static uint8_t *find_redist(uint64_t mpidr)
{
	uint8_t *frame = NULL;

	for (uint32_t i = 0; i < gicv3.desc.nr_redist && frame == NULL; i++) {
		frame = find_in_region(&gicv3.desc.redist[i], aff32_of(mpidr));
	}
	return frame;
}

static fh_status redist_init(uint8_t *redist)
{
	uint8_t *sgi = redist + GICR_SGI_FRAME;
	fh_status st;

	mmio_write32(redist + GICR_WAKER, mmio_read32(redist + GICR_WAKER) & ~(uint32_t)GICR_WAKER_SLEEP);
	st = gicv3_wait_clear(redist + GICR_WAKER, GICR_WAKER_ASLEEP);
	if (st != FH_OK) {
		return st;
	}
	mmio_write32(sgi + GIC_ICENABLER, UINT32_MAX);
	mmio_write32(sgi + GIC_ICPENDR, UINT32_MAX);
	mmio_write32(sgi + GIC_ICACTIVER, UINT32_MAX);
	mmio_write32(sgi + GIC_IGROUPR, UINT32_MAX);
	mmio_write32(sgi + GIC_ICFGR + 4U, 0U);
	gicv3_fill_prio(sgi + GIC_IPRIORITYR, 32U, GIC_PRIO_GUEST);
	mmio_write8(sgi + GIC_IPRIORITYR + GIC_SGI_KICK, GIC_PRIO_EL2);
	mmio_write8(sgi + GIC_IPRIORITYR + GIC_SGI_STOP, GIC_PRIO_EL2);
	st = gicv3_wait_clear(redist + GICR_CTLR, GICR_CTLR_RWP);
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

fh_status gic_cpu_init(void)
{
	const uint64_t mpidr = READ_SYSREG(mpidr_el1);
	struct gicv3_cpu *c = &gicv3.cpu[arch_cpu_id()];
	uint8_t *redist = find_redist(mpidr);
	fh_status st;

	if (redist == NULL) {
		return FH_ENOENT;
	}
	st = redist_init(redist);
	if (st != FH_OK) {
		return st;
	}
	st = interface_init();
	if (st != FH_OK) {
		return st;
	}
	c->irouter = mpidr & UINT64_C(0xff00ffffff);
	c->redist = redist;
	/* Last: from here on other CPUs may send to this one. */
	__atomic_store_n(&c->sgi1r, sgi1r_of(mpidr), __ATOMIC_RELEASE);
	return FH_OK;
}

static void write_sgi1r(uint64_t v)
{
	/* What the receiver will look at must be visible before it is interrupted. */
	dsb(ishst);
	WRITE_SYSREG(icc_sgi1r_el1, v);
	isb();
}

void gic_send_sgi(uint32_t cpu, uint32_t sgi)
{
	if (cpu < FH_MAX_CPUS && gicv3.cpu[cpu].sgi1r != 0U) {
		write_sgi1r(gicv3.cpu[cpu].sgi1r | FIELD_PREP(SGI1R_INTID, sgi));
	}
}

void gic_send_sgi_others(uint32_t sgi)
{
	write_sgi1r(SGI1R_IRM | FIELD_PREP(SGI1R_INTID, sgi));
}
