// SPDX-License-Identifier: MIT
/* GICv3 or GICv2 and exceptions of the test guests. Register names and offsets: Arm IHI 0069 and IHI 0048. */
#include "guest.h"

#define GICD_CTLR (GICD_BASE + 0x0000)
#define GICD_IGROUPR (GICD_BASE + 0x0080)
#define GICD_ISENABLER (GICD_BASE + 0x0100)
#define GICD_ICENABLER (GICD_BASE + 0x0180)
#define GICD_IPRIORITYR (GICD_BASE + 0x0400)
#define GICD_IROUTER (GICD_BASE + 0x6000)
#define GICD_ITARGETSR (GICD_BASE + 0x0800)
#define GICD_SGIR (GICD_BASE + 0x0f00)
#define GICD_PIDR2_V2 (GICD_BASE + 0x0fe8) /* reserved in a GICv3: zero */
#define GICR_TYPER 0x0008
#define GICR_WAKER 0x0014
#define GICR_SGI 0x10000
#define GICR_STRIDE 0x20000
#define RAM_BASE 0x40000000UL

struct frame {
	uint64_t x[20];
	uint64_t elr, spsr;
	uint64_t stamp; /* virtual counter, two instructions after the vector */
};

volatile uint32_t irq_count[GUEST_MAX_CPUS][IRQ_COUNTS];
volatile uint64_t irq_stamp[GUEST_MAX_CPUS];
volatile uint32_t irq_spurious;
static volatile bool expected[GUEST_MAX_CPUS];
static struct trap noted[GUEST_MAX_CPUS];

void trap_sync(struct frame *f);
void trap_irq(struct frame *f);
void trap_other(struct frame *f);

void trap_expect(void)
{
	noted[cpu_id()] = (struct trap){ 0 };
	expected[cpu_id()] = true;
	__asm__ volatile("dsb sy\n\tisb" ::: "memory");
}

struct trap trap_taken(void)
{
	__asm__ volatile("dsb sy\n\tisb" ::: "memory");
	expected[cpu_id()] = false;
	return noted[cpu_id()];
}

static void die(const char *what, const struct frame *f)
{
	print("\nguest: unexpected %s on cpu %u: esr=0x%lx far=0x%lx elr=0x%lx lr=0x%lx\nnot ok - no exception\n", what,
	      cpu_id(), read_sysreg(esr_el1), read_sysreg(far_el1), f->elr, f->x[19]);
	system_off();
}

void trap_sync(struct frame *f)
{
	uint32_t cpu = cpu_id();
	uint64_t esr = read_sysreg(esr_el1);

	if (!expected[cpu] || noted[cpu].taken) {
		die("synchronous exception", f);
	}
	noted[cpu] = (struct trap){ .taken = true, .esr = esr, .far = read_sysreg(far_el1), .elr = f->elr };
	/* a call to where no code of ours is: go back to the caller */
	f->elr = f->elr < RAM_BASE ? f->x[19] : f->elr + 4;
}

void trap_other(struct frame *f)
{
	die("exception", f);
}

bool gic_v2(void)
{
	static int version;

	if (version == 0) {
		version = (mmio_read32(GICD_PIDR2_V2) >> 4 & 0xf) == 2 ? 2 : 3;
	}
	return version == 2;
}

uint32_t gic_ack(void)
{
	return gic_v2() ? mmio_read32(GICC_BASE + 0xc) : (uint32_t)read_sysreg(S3_0_C12_C12_0); /* ICC_IAR1_EL1 */
}

void gic_eoi(uint32_t ack)
{
	if (gic_v2()) {
		mmio_write32(GICC_BASE + 0x10, ack);
	} else {
		write_sysreg(S3_0_C12_C12_1, ack); /* ICC_EOIR1_EL1 */
	}
}

void gic_deactivate(uint32_t ack)
{
	if (gic_v2()) {
		mmio_write32(GICC_BASE + 0x1000, ack);
	} else {
		write_sysreg(S3_0_C12_C11_1, ack); /* ICC_DIR_EL1 */
	}
}

void gic_split_ends(bool split)
{
	if (gic_v2()) {
		mmio_write32(GICC_BASE, split ? 0x201 : 1);
	} else {
		write_sysreg(S3_0_C12_C12_4, split ? 2 : 0); /* ICC_CTLR_EL1 */
	}
}

void trap_irq(struct frame *f)
{
	uint32_t cpu = cpu_id();
	uint32_t ack = gic_ack();
	uint32_t intid = ack & 0x3ff;

	if (intid >= IRQ_COUNTS) {
		irq_spurious++;
		return;
	}
	irq_stamp[cpu] = f->stamp;
	irq_count[cpu][intid]++;
	if (intid == PPI_VTIMER) {
		write_sysreg(cntv_ctl_el0, 0);
	} else if (intid == PPI_PTIMER) {
		write_sysreg(cntp_ctl_el0, 0);
	} else if (intid == RTC_INTID) {
		mmio_write32(RTC_BASE + 0x1c, 1); /* RTCICR */
	} else if (intid == PL061_INTID) {
		mmio_write32(PL061_BASE + 0x41c, 0xff); /* GPIOIC */
	}
	gic_eoi(ack);
}

void gic_init(void)
{
	if (gic_v2()) {
		mmio_write32(GICD_CTLR, 1); /* group 0, which is the reset state of all */
		return;
	}
	mmio_write32(GICD_CTLR, 0x10); /* ARE first, alone */
	mmio_write32(GICD_CTLR, 0x12); /* group 1 */
}

uint64_t gic_rdist(void)
{
	uint64_t mpidr = read_sysreg(mpidr_el1);
	uint32_t aff = (uint32_t)((mpidr & 0xffffff) | (mpidr >> 32 & 0xff) << 24);

	for (uint64_t base = GICR_BASE;; base += GICR_STRIDE) {
		if (mmio_read32(base + GICR_TYPER + 4) == aff) {
			return base;
		}
		if (mmio_read32(base + GICR_TYPER) & (1U << 4)) {
			return 0;
		}
	}
}

void gic_cpu_init(void)
{
	uint64_t rd;

	if (gic_v2()) {
		mmio_write32(GICC_BASE + 4, 0xff); /* GICC_PMR */
		mmio_write32(GICC_BASE, 1);
		return;
	}
	rd = gic_rdist();
	if (rd == 0) {
		print("guest: cpu %u has no redistributor\n", cpu_id());
		system_off();
	}
	mmio_write32(rd + GICR_WAKER, 0);
	while (mmio_read32(rd + GICR_WAKER) & 4) {
		pause_cpu();
	}
	mmio_write32(rd + GICR_SGI + 0x80, ~0U); /* IGROUPR0 */
	write_sysreg(S3_0_C12_C12_5, 7);         /* ICC_SRE_EL1 */
	write_sysreg(S3_0_C4_C6_0, 0xff);        /* ICC_PMR_EL1 */
	write_sysreg(S3_0_C12_C12_7, 1);         /* ICC_IGRPEN1_EL1 */
}

static void set_priority(uint64_t reg, uint32_t n)
{
	uint64_t word = reg + (n & ~3U);
	uint32_t shift = (n & 3) * 8;

	mmio_write32(word, (mmio_read32(word) & ~(0xffU << shift)) | 0xa0U << shift);
}

uint64_t gic_private(void)
{
	return gic_v2() ? GICD_BASE : gic_rdist() + GICR_SGI;
}

void gic_route(uint32_t intid, uint32_t cpu)
{
	if (gic_v2()) {
		mmio_write8(GICD_ITARGETSR + intid, (uint8_t)(1U << cpu));
		return;
	}
	mmio_write32(GICD_IROUTER + intid * 8, (uint32_t)cpu_mpidr(cpu));
	mmio_write32(GICD_IROUTER + intid * 8 + 4, 0);
}

void gic_enable(uint32_t intid)
{
	uint64_t group = GICD_IGROUPR + intid / 32 * 4;

	if (intid < 32) {
		set_priority(gic_private() + 0x400, intid);
		mmio_write32(gic_private() + 0x100, 1U << intid);
		return;
	}
	set_priority(GICD_IPRIORITYR, intid);
	if (!gic_v2()) {
		mmio_write32(group, mmio_read32(group) | 1U << intid % 32);
	}
	gic_route(intid, cpu_id());
	mmio_write32(GICD_ISENABLER + intid / 32 * 4, 1U << intid % 32);
}

void gic_disable(uint32_t intid)
{
	uint64_t reg = intid < 32 ? gic_private() + 0x180 : GICD_ICENABLER + intid / 32 * 4;

	mmio_write32(reg, 1U << intid % 32);
}

void gic_sgi(uint32_t intid, uint32_t target)
{
	if (gic_v2()) {
		mmio_write32(GICD_SGIR, 1U << (16 + target) | intid);
		return;
	}
	/* ICC_SGI1R_EL1: Aff1, and Aff0 up to 15 as a bit of the target list */
	write_sysreg(S3_0_C12_C11_5, (uint64_t)intid << 24 | (uint64_t)(target / 16) << 16 | 1UL << target % 16);
}
