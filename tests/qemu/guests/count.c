// SPDX-License-Identifier: MIT
/*
 * The one that must not be disturbed: once told to begin it counts, sums its memory and takes its own timer's ticks,
 * and makes no exit of its own accord; any byte on its console ends that, and it reports.
 */
#include "guest.h"

#define WORDS 8192U
#define TICK_US 2000U

static uint32_t memory[WORDS];
static volatile uint32_t ticks, byte_came;

static uint32_t uart_intid(void)
{
	return 33;
}

/* The CPU interface is the hardware's own: no exit. */
static void poll_interrupts(void)
{
	uint32_t ack = gic_ack();
	uint32_t intid = ack & 0x3ff;

	if (intid == PPI_VTIMER) {
		write_sysreg(cntv_cval_el0, read_sysreg(cntv_cval_el0) + read_sysreg(cntfrq_el0) / 1000000 * TICK_US);
		ticks++;
	} else if (intid == uart_intid()) {
		byte_came = 1;
		mmio_write32(UART_BASE + 0x38, 0);
	} else if (intid < 1020) {
		irq_spurious++;
	}
	if (intid < 1020) {
		gic_eoi(ack);
	}
}

static bool sum_good(void)
{
	uint32_t bad = 0;

	for (uint32_t i = 0; i < WORDS; i++) {
		bad |= memory[i] ^ (i * 2654435761U);
	}
	return bad == 0;
}

static void run(void)
{
	bool good = true;
	uint64_t loops = 0, start;

	for (uint32_t i = 0; i < WORDS; i++) {
		memory[i] = i * 2654435761U;
	}
	ticks = byte_came = irq_spurious = 0;
	gic_enable(uart_intid());
	mmio_write32(UART_BASE + 0x38, 0x10); /* UARTIMSC: receive */
	gic_enable(PPI_VTIMER);
	print("count: begins\n");
	start = now();
	write_sysreg(cntv_cval_el0, start + read_sysreg(cntfrq_el0) / 1000000 * TICK_US);
	write_sysreg(cntv_ctl_el0, 1);
	while (byte_came == 0) {
		good = good && sum_good();
		loops++;
		/* pending interrupts show in ISR_EL1, which does not exit */
		while ((read_sysreg(isr_el1) & 0x80) != 0) {
			poll_interrupts();
		}
	}
	write_sysreg(cntv_ctl_el0, 0);
	while (get() >= 0) { /* before the report: what comes after it is the next command */
	}
	print("count: ticks=%u loops=%s memory=%s odd=%u\n", ticks, loops > 100 ? "on" : "none", good ? "good" : "bad",
	      irq_spurious);
}

void guest_main(void)
{
	gic_init();
	gic_cpu_init();
	print("\ncount: is up\n");
	for (;;) {
		int c = get_wait();

		if (c == 'b') {
			run();
		} else if (c == 'o') {
			system_off();
		}
	}
}
