// SPDX-License-Identifier: MIT
/*
 * Doorbells: the example of both sides, and their test. It rings domains by number at a key (0 to 9), and says how often
 * each of its own doorbells was rung; 'm' masks interrupts until the next 'm'; 's' rings domain 1 a thousand times.
 */
#include "claim.h"
#include "guest.h"

#define BELL_FIRST 280U /* the highest SPIs, from 287 down */
#define BELLS 8U

static uint32_t rung[BELLS];

/* Takes what there is. Interrupts stay masked: the CPU interface is asked. */
static void take(void)
{
	uint32_t ack;

	while (((ack = gic_ack()) & 0x3ff) < 1020) {
		if ((ack & 0x3ff) - BELL_FIRST < BELLS) {
			rung[(ack & 0x3ff) - BELL_FIRST]++;
		}
		gic_eoi(ack);
	}
}

static void show(void)
{
	print("rung:");
	for (uint32_t i = 0; i < BELLS; i++) {
		print(" %u", rung[i]);
	}
	print("\n");
}

static void storm(void)
{
	int64_t code = 0;

	for (uint32_t i = 0; i < 1000; i++) {
		code |= fhc_ring(1);
	}
	print("storm: code=%ld\n", code);
}

void guest_main(void)
{
	bool masked = false;

	gic_init();
	gic_cpu_init();
	for (uint32_t i = 0; i < BELLS; i++) {
		/* Edges: as the tree says. */
		mmio_write32(GICD_BASE + 0xc00 + (BELL_FIRST + i) / 16 * 4, 0xaaaaaaaa);
		gic_enable(BELL_FIRST + i);
	}
	print("belltest: ready\n");
	for (;;) {
		int c = get();

		if (!masked) {
			take();
		}
		if (c >= '0' && c <= '9') {
			print("ring %c: code=%ld\n", (char)c, fhc_ring((uint64_t)c - '0'));
		} else if (c == 'w') {
			print("ring wild: code=%ld %ld\n", fhc_ring(~0UL), fhc_ring(1UL << 32 | 1));
		} else if (c == 'm') {
			masked = !masked;
			print("masked: %d\n", masked);
		} else if (c == 's') {
			storm();
		} else if (c == 'r') {
			show();
		} else {
			pause_cpu();
		}
	}
}
