// SPDX-License-Identifier: MIT
/* GICv3 and exceptions of the test guests. Register names and offsets: Arm IHI 0069. */
#include "guest.h"

#define GICD_CTLR (GICD_BASE + 0x0000)
#define GICD_IGROUPR (GICD_BASE + 0x0080)
#define GICD_ISENABLER (GICD_BASE + 0x0100)
#define GICD_ICENABLER (GICD_BASE + 0x0180)
#define GICD_IPRIORITYR (GICD_BASE + 0x0400)
#define GICD_IROUTER (GICD_BASE + 0x6000)
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

volatile uint32_t irq_count[GUEST_MAX_CPUS][64];
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

void trap_irq(struct frame *f)
{
	uint32_t cpu = cpu_id();
	uint32_t intid = (uint32_t)read_sysreg(S3_0_C12_C12_0); /* ICC_IAR1_EL1 */

	if (intid >= 64) {
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
	write_sysreg(S3_0_C12_C12_1, intid); /* ICC_EOIR1_EL1 */
}

void gic_init(void)
{
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
	uint64_t rd = gic_rdist();

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

void gic_enable(uint32_t intid)
{
	uint64_t sgi = gic_rdist() + GICR_SGI;

	if (intid < 32) {
		set_priority(sgi + 0x400, intid);
		mmio_write32(sgi + 0x100, 1U << intid);
		return;
	}
	set_priority(GICD_IPRIORITYR, intid);
	mmio_write32(GICD_IGROUPR + intid / 32 * 4, mmio_read32(GICD_IGROUPR + intid / 32 * 4) | 1U << intid % 32);
	mmio_write32(GICD_IROUTER + intid * 8, (uint32_t)(read_sysreg(mpidr_el1) & 0xffffff));
	mmio_write32(GICD_IROUTER + intid * 8 + 4, 0);
	mmio_write32(GICD_ISENABLER + intid / 32 * 4, 1U << intid % 32);
}

void gic_disable(uint32_t intid)
{
	uint64_t reg = intid < 32 ? gic_rdist() + GICR_SGI + 0x180 : GICD_ICENABLER + intid / 32 * 4;

	mmio_write32(reg, 1U << intid % 32);
}

void gic_sgi(uint32_t intid, uint32_t target)
{
	/* affinity 0 up to 15: a bit of the target list */
	write_sysreg(S3_0_C12_C11_5, (uint64_t)intid << 24 | 1UL << target); /* ICC_SGI1R_EL1 */
}
