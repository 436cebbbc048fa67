// SPDX-License-Identifier: MIT
/*
 * The domain's watchdog as TAP; then it is not fed any more, and the guest's next life begins. Bootargs "life=hold" as
 * its last part: the guest only holds the console, and starts the watchdog at a key.
 */
#include "guest.h"

#define WDT_BASE 0x09001000UL /* the first free page behind the console */
#define WCS (WDT_BASE + 0x000)
#define WOR (WDT_BASE + 0x008)
#define WCV (WDT_BASE + 0x010)
#define W_IIDR (WDT_BASE + 0xfcc)
#define WRR (WDT_BASE + 0x1000)
#define WDT_INTID 287U
#define STAGE_MS 400UL

static void start(uint64_t ms)
{
	uint64_t ticks = ms_to_ticks(ms);

	mmio_write32(WOR, (uint32_t)ticks);
	mmio_write32(WOR + 4, (uint32_t)(ticks >> 32));
	mmio_write32(WCS, 1);
}

static uint64_t compare(void)
{
	return mmio_read32(WCV) | (uint64_t)mmio_read32(WCV + 4) << 32;
}

/* What the CPU interface has within ms, or 1023. Interrupts are masked. */
static uint32_t next_irq(uint64_t ms)
{
	uint64_t end = now() + ms_to_ticks(ms);
	uint32_t ack;

	do {
		ack = gic_ack();
		pause_cpu();
	} while ((ack & 0x3ff) >= 1020 && now() < end);
	return ack & 0x3ff;
}

static void test_registers(void)
{
	uint64_t before;

	tap_eq(mmio_read32(WCS), 0, "off in a new life");
	tap_eq(mmio_read32(W_IIDR) >> 16 & 0xf, 1, "revision 1");
	tap_eq(mmio_read32(WRR + 0xfcc), mmio_read32(W_IIDR), "both frames say so");
	before = now();
	mmio_write32(WOR, 1000);
	tap(compare() >= before + 1000 && compare() <= now() + 1000, "the compare value is of the guest's own counter");
	trap_expect();
	(void)mmio_read8(WOR);
	tap(trap_taken().taken, "a byte of a register is an abort");
}

static void test_interrupt(void)
{
	uint64_t begun;

	gic_enable(WDT_INTID);
	start(STAGE_MS);
	begun = now();
	tap_eq(next_irq(10 * STAGE_MS), WDT_INTID, "the first stage ends by an interrupt");
	tap(now() - begun >= ms_to_ticks(STAGE_MS - 1), "not before its time");
	tap_eq(mmio_read32(WCS), 3, "the control register shows it");
	tap((mmio_read32(GICD_BASE + 0x200 + WDT_INTID / 32 * 4) >> WDT_INTID % 32 & 1) == 1, "a level");
	mmio_write32(WRR, 1);
	tap_eq(mmio_read32(WCS), 1, "a refresh ends it");
	gic_eoi(WDT_INTID);
	tap((mmio_read32(GICD_BASE + 0x200 + WDT_INTID / 32 * 4) >> WDT_INTID % 32 & 1) == 0, "and the level");
}

static void test_feeding(void)
{
	uint64_t end = now() + ms_to_ticks(4 * STAGE_MS);
	uint64_t fed = now();

	start(STAGE_MS);
	while (now() < end) {
		if (now() - fed > ms_to_ticks(STAGE_MS / 8)) {
			fed = now();
			mmio_write32(WRR, 1);
		}
	}
	tap_eq(mmio_read32(WCS) & 4, 0, "fed, it does not run out");
	mmio_write32(WCS, 0);
	mmio_write32(WOR, 100);
	tap(next_irq(STAGE_MS / 8) >= 1020 && mmio_read32(WCS) == 0, "off, it does nothing");
}

void guest_main(void)
{
	const char *life = guest_arg("life=");

	gic_init();
	gic_cpu_init();
	if (life != NULL && life[0] == 'h') {
		print("dogtest: held\n");
		(void)get_wait();
	} else {
		test_registers();
		test_interrupt();
		test_feeding();
		tap_end();
	}
	print("dogtest: not fed\n");
	start(STAGE_MS / 8);
	for (;;) {
		pause_cpu();
	}
}
