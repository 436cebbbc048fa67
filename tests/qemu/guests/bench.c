// SPDX-License-Identifier: MIT
/*
 * What a guest pays, in counter ticks, which are instructions under -icount shift=0 with a counter of 1 GHz. Lines
 * "bench: NAME N": the least of several tries, less the cost of reading the counter.
 */
#include "claim.h"
#include "guest.h"

#define TRIES 8U

static volatile uint32_t other_ready;

static inline uint64_t ticks(void)
{
	return read_sysreg(cntvct_el0);
}

#define LEAST(out, code)                                                                                               \
	do {                                                                                                           \
		uint64_t least_ = UINT64_MAX;                                                                          \
		for (uint32_t i_ = 0; i_ < TRIES; i_++) {                                                              \
			uint64_t t0_ = ticks(), t_;                                                                    \
			code;                                                                                          \
			t_ = ticks() - t0_;                                                                            \
			least_ = t_ < least_ ? t_ : least_;                                                            \
		}                                                                                                      \
		(out) = least_;                                                                                        \
	} while (0)

static uint64_t nothing;

/* Without the barrier of gic_sgi(): it would be counted. v2: known before. */
static inline void send_sgi(bool v2, uint32_t sgi, uint32_t target)
{
	if (v2) {
		mmio_write32(GICD_BASE + 0xf00, 1U << (16 + target) | sgi);
	} else {
		__asm__ volatile("msr S3_0_C12_C11_5, %0" ::"r"((uint64_t)sgi << 24 | 1UL << target) : "memory");
	}
}

static void report(const char *name, uint64_t n)
{
	print("bench: %s %lu\n", name, n);
}

static void calls(void)
{
	uint64_t least, n;

	LEAST(least, hvc(SMCCC_VERSION, 0, 0, 0));
	LEAST(n, hvc(PSCI_FEATURES, 0, 0, 0));
	least = n < least ? n : least;
	LEAST(n, hvc(PSCI_VERSION, 0, 0, 0));
	report("psci_version_hvc", n - nothing);
	least = n < least ? n : least;
	report("hypercall", least - nothing);
	if (on_freehold()) {
		LEAST(n, smc(PSCI_VERSION, 0, 0, 0));
		report("psci_version_smc", n - nothing);
	}
}

static void registers(void)
{
	uint64_t priv = gic_private();
	uint64_t n;

	LEAST(n, (void)mmio_read32(GICD_BASE + 0x4));
	report("gicd_typer", n - nothing);
	LEAST(n, (void)mmio_read32(GICD_BASE + 0x104));
	report("gicd_isenabler1", n - nothing);
	LEAST(n, (void)mmio_read32(priv + 0x100));
	report("gicr_isenabler0_read", n - nothing);
	LEAST(n, mmio_write32(priv + 0x100, 1U << 5));
	report("gicr_isenabler0_write", n - nothing);
}

static void arm(uint64_t due)
{
	write_sysreg(cntv_cval_el0, due);
	write_sysreg(cntv_ctl_el0, 1);
}

/* From the counter's reaching CVAL to the vector; halted: the CPU waits in WFI. */
static uint64_t timer(bool halted)
{
	uint64_t least = UINT64_MAX;
	uint32_t me = cpu_id();

	for (uint32_t i = 0; i < TRIES; i++) {
		uint32_t before = irq_count[me][PPI_VTIMER];
		uint64_t due = ticks() + 20000;

		arm(due);
		if (halted) {
			__asm__ volatile("wfi" ::: "memory");
		}
		while (irq_count[me][PPI_VTIMER] == before) {
			__asm__ volatile("nop");
		}
		least = irq_stamp[me] - due < least ? irq_stamp[me] - due : least;
	}
	return least;
}

static uint64_t sgi_self(void)
{
	uint64_t least = UINT64_MAX;
	uint32_t me = cpu_id(); /* 0 */
	bool v2 = gic_v2();

	for (uint32_t i = 0; i < TRIES; i++) {
		uint32_t before = irq_count[me][1];
		uint64_t t0 = ticks();

		send_sgi(v2, 1, 0);
		while (irq_count[me][1] == before) {
			__asm__ volatile("nop");
		}
		least = irq_stamp[me] - t0 < least ? irq_stamp[me] - t0 : least;
	}
	return least;
}

static void other_main(void)
{
	gic_cpu_init();
	gic_enable(2);
	irq_on();
	other_ready = 1;
	for (;;) {
		pause_cpu();
	}
}

static void two_cpus(void)
{
	uint64_t other = (read_sysreg(mpidr_el1) & 0xff00ffffffUL) + 1;
	uint64_t least = UINT64_MAX;
	bool v2 = gic_v2();
	uint64_t t0;

	if (hvc(PSCI_AFFINITY_INFO, other, 0, 0) != 1) {
		return;
	}
	t0 = ticks();
	cpu_start(other, other_main);
	wait_count(&other_ready, 1, 3000);
	report("cpu_on", secondary_stamp - t0);
	for (uint32_t i = 0; i < TRIES; i++) {
		uint32_t before = irq_count[1][2];

		t0 = ticks();
		send_sgi(v2, 2, 1);
		wait_count(&irq_count[1][2], before + 1, 1000);
		least = irq_stamp[1] - t0 < least ? irq_stamp[1] - t0 : least;
	}
	report("ipi", least);
}

/* The least of a stake of one block, over all zones and orders the dearest. */
static uint64_t stake_worst(uint64_t zones)
{
	uint64_t worst = 0, claim = 0, fit;

	for (uint64_t z = 0; z < zones; z++) {
		for (uint64_t k = 0; k <= 18; k++) {
			uint64_t least = UINT64_MAX;

			for (uint32_t i = 0; i < TRIES; i++) {
				uint64_t t0 = ticks(), t;

				if (fhc_stake(z, k, 1, &claim, &fit) != FHC_OK) {
					break;
				}
				t = ticks() - t0 - nothing;
				least = t < least ? t : least;
				(void)fhc_release(claim);
			}
			worst = least != UINT64_MAX && least > worst ? least : worst;
		}
	}
	return worst;
}

/* The first 2 MiB of a zone, each split from its largest block; the first zone only warms up. */
static uint64_t redeem_worst(uint64_t window, uint64_t first, uint64_t zones)
{
	uint64_t worst = 0, claim, fit, order, t0, t;

	for (uint64_t z = first; z < zones; z++) {
		if (fhc_stake(z, 9, 1, &claim, &fit) != FHC_OK) {
			return 0;
		}
		t0 = ticks();
		if (fhc_redeem(claim, window + (z << 21), 9, &order) != FHC_OK) {
			return 0;
		}
		t = ticks() - t0 - nothing;
		worst = z != first && t > worst ? t : worst;
		(void)fhc_release(claim);
	}
	return worst;
}

/* Where the configuration lets us claim: zones of a tree, the leaves last (bench.py). */
static void claims(void)
{
	uint64_t window, size, zones;

	if (on_freehold() && fhc_present() && fhc_window(&window, &size, &zones) == FHC_OK) {
		report("stake", stake_worst(zones));
		report("populate", redeem_worst(window, 3, zones));
	}
}

void guest_main(void)
{
	print("\nbench: start on %s\n", on_freehold() ? "freehold" : "bare");
	report("entry", start_stamp);
	gic_init();
	gic_cpu_init();
	LEAST(nothing, __asm__ volatile("" ::: "memory"));
	calls();
	registers();
	claims();
	gic_enable(1);
	gic_enable(PPI_VTIMER);
	irq_on();
	report("timer", timer(false));
	report("wfi_timer", timer(true));
	report("sgi_self", sgi_self());
	two_cpus();
	print("bench: end\n");
	system_off();
}
