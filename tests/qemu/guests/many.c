// SPDX-License-Identifier: MIT
/* All the CPUs that there are, up to 64: each is turned on, interrupted, interrupts back, and is turned off, as TAP. */
#include "guest.h"

#define TO_ONE 5U
#define TO_ALL 6U
#define SPI 40U
#define WAIT_MS 60000

static volatile uint64_t up[GUEST_MAX_CPUS]; /* MPIDR + 1 of what runs as this one */
static volatile bool stop;
static uint32_t nr;

static uint64_t own_mpidr(void)
{
	return read_sysreg(mpidr_el1) & 0xff00ffffffUL;
}

/* Asleep until stopped: what is sent between the look and the WFI still ends it. */
static void other(void)
{
	const uint32_t self = cpu_id();

	gic_cpu_init();
	gic_enable(TO_ONE);
	gic_enable(TO_ALL);
	up[self] = own_mpidr() + 1;
	irq_off();
	while (!stop) {
		__asm__ volatile("wfi" ::: "memory");
		irq_on();
		__asm__ volatile("isb" ::: "memory");
		irq_off();
	}
}

static uint32_t count_cpus(void)
{
	uint32_t n = 0;

	while (n < 1024 && hvc(PSCI_AFFINITY_INFO, cpu_mpidr(n), 0, 0) != PSCI_INVALID_PARAMETERS) {
		n++;
	}
	return n;
}

static void turn_on(void)
{
	uint32_t started = 0, right = 0;
	uint64_t end = now() + ms_to_ticks(WAIT_MS);

	for (uint32_t i = 1; i < nr; i++) {
		started += cpu_start(cpu_mpidr(i), other) == PSCI_SUCCESS ? 1 : 0;
	}
	tap_eq(started, nr - 1, "CPU_ON of each other CPU succeeds");
	for (uint32_t i = 1; i < nr; i++) {
		while (up[i] == 0 && now() < end) {
			pause_cpu();
		}
		right += up[i] == cpu_mpidr(i) + 1 ? 1 : 0;
	}
	tap_eq(right, nr - 1, "each runs, and has its own MPIDR");
	tap_eq((uint64_t)hvc(PSCI_CPU_ON, cpu_mpidr(nr), (uint64_t)(uintptr_t)guest_image_end(), 0),
	       (uint64_t)PSCI_INVALID_PARAMETERS, "CPU_ON of one more is INVALID_PARAMETERS");
}

static uint32_t taken(uint32_t intid)
{
	uint32_t good = 0;

	for (uint32_t i = 1; i < nr; i++) {
		good += wait_count(&irq_count[i][intid], 1, WAIT_MS) && irq_count[i][intid] == 1 ? 1 : 0;
	}
	return good;
}

static void interrupt(void)
{
	uint32_t good = 0;

	for (uint32_t i = 1; i < nr; i++) {
		gic_sgi(TO_ONE, i);
	}
	tap_eq(taken(TO_ONE), nr - 1, "each takes the SGI that is for it, once");
	write_sysreg(S3_0_C12_C11_5, 1UL << 40 | (uint64_t)TO_ALL << 24); /* ICC_SGI1R_EL1.IRM */
	tap_eq(taken(TO_ALL), nr - 1, "all take the SGI that is for all others");
	tap_eq(irq_count[0][TO_ALL], 0, "but who sent it");
	gic_enable(SPI);
	for (uint32_t i = 1; i < nr; i++) {
		gic_route(SPI, i);
		mmio_write32(GICD_BASE + 0x200 + SPI / 32 * 4, 1U << SPI % 32); /* ISPENDR */
		good += wait_count(&irq_count[i][SPI], 1, WAIT_MS) && irq_count[i][SPI] == 1 ? 1 : 0;
	}
	tap_eq(good, nr - 1, "an SPI comes to whom it is routed");
	tap_eq(irq_spurious, 0, "nothing spurious came");
}

static void turn_off(void)
{
	uint64_t end = now() + ms_to_ticks(WAIT_MS);
	uint32_t off = 0;

	tap_eq((uint64_t)hvc(PSCI_AFFINITY_INFO, cpu_mpidr(nr - 1), 1, 0), 0, "the last CPU's group is ON");
	stop = true;
	write_sysreg(S3_0_C12_C11_5, 1UL << 40 | (uint64_t)TO_ALL << 24);
	for (uint32_t i = 1; i < nr; i++) {
		while (hvc(PSCI_AFFINITY_INFO, cpu_mpidr(i), 0, 0) == 0 && now() < end) {
			pause_cpu();
		}
		off += hvc(PSCI_AFFINITY_INFO, cpu_mpidr(i), 0, 0) == 1 ? 1 : 0;
	}
	tap_eq(off, nr - 1, "each is OFF after its CPU_OFF");
	tap_eq((uint64_t)hvc(PSCI_AFFINITY_INFO, cpu_mpidr(nr - 1), 1, 0), nr > 16 ? 1 : 0,
	       "and so is the last one's group, if it is not this one's");
}

void guest_main(void)
{
	print("\n# freehold many on %s\n", on_freehold() ? "freehold" : "bare");
	nr = count_cpus();
	print("# %u CPUs\n", nr);
	gic_init();
	gic_cpu_init();
	turn_on();
	interrupt();
	turn_off();
	tap_end();
	system_off();
}
