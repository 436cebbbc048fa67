// SPDX-License-Identifier: MIT
/*
 * Waits for its timer in WFI, at varied distances of 0.1 ms and up, over and over; EL2's share of the delay is counted
 * from outside (tests/qemu/plugin/exits.c). Any byte on its console asks how many ticks there were, `o` ends it.
 */
#include "guest.h"

#define TICKS_A_LOOK 256U /* between looks at the console, which exit */

static void tick(uint32_t chance)
{
	uint32_t before = irq_count[0][PPI_VTIMER];

	write_sysreg(cntv_cval_el0, read_sysreg(cntvct_el0) + ms_to_ticks(1) / 10 + chance % 0x1000);
	write_sysreg(cntv_ctl_el0, 1);
	while (irq_count[0][PPI_VTIMER] == before) {
		__asm__ volatile("wfi" ::: "memory");
	}
}

void guest_main(void)
{
	uint32_t chance = 1;

	gic_init();
	gic_cpu_init();
	gic_enable(PPI_VTIMER);
	gic_enable(PPI_PTIMER);
	irq_on();
	print("\nlatency: is up\n");
	for (;;) {
		/* An interrupt that comes right before a WFI is waited for no more: then this one ends the wait. */
		write_sysreg(cntp_tval_el0, ms_to_ticks(1000));
		write_sysreg(cntp_ctl_el0, 1);
		for (uint32_t i = 0; i < TICKS_A_LOOK; i++) {
			chance = chance * 1664525U + 1013904223U;
			tick(chance >> 16);
		}
		int c = get();

		if (c == 'o') {
			system_off();
		} else if (c > 0) {
			print("latency: ticks=%u\n", irq_count[0][PPI_VTIMER]);
		}
	}
}
