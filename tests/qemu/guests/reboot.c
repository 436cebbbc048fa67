// SPDX-License-Identifier: MIT
/*
 * A guest that resets itself as soon as it runs, for ever; before that it looks whether its memory and timers are as at
 * a first start, and uses them. By turns it starts a second CPU and is reset by that one.
 */
#include "guest.h"

#define MARKS 64U

static volatile uint64_t *word(uint32_t i)
{
	return (volatile uint64_t *)(((uint64_t)(uintptr_t)guest_image_end() + 0xffff) & ~0xffffUL) + 0x2000 +
	       i * 512UL;
}

static void second(void)
{
	system_reset();
}

void guest_main(void)
{
	const uint64_t timers = read_sysreg(cntv_ctl_el0) | read_sysreg(cntp_ctl_el0) | read_sysreg(cntv_cval_el0);
	bool clean = timers == 0;

	for (uint32_t i = 0; i < MARKS; i++) {
		clean = clean && *word(i) == 0;
		*word(i) = ~0UL;
	}
	gic_init();
	gic_cpu_init();
	clean = clean && (mmio_read32(gic_private() + 0x200) >> 16) == 0;
	gic_enable(PPI_VTIMER);
	gic_sgi(3, 0);
	write_sysreg(cntv_cval_el0, 1);
	write_sysreg(cntv_ctl_el0, 1);
	if (!clean) {
		print("reboot: not clean: timers=0x%lx\n", timers);
		for (;;) {
			pause_cpu();
		}
	}
	if ((read_sysreg(cntvct_el0) & 1) != 0 && cpu_start(1, second) == 0) {
		for (;;) {
			pause_cpu();
		}
	}
	system_reset();
}
