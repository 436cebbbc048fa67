/* SPDX-License-Identifier: MIT */
/*
 * A hostile driver of the virtio console: sets it up as it should be, then writes random registers, rings and
 * descriptors, and sends frames that are nearly right to the control server. What it gets is no matter; that EL2 and
 * the other domain go on is (test_control_others.py).
 */
#include "guest.h"

#define ACTIONS 200000U
#define VIRTIO 0x09001000UL
#define QUEUES 20U
#define NUM 8U

static unsigned char rings[QUEUES][0x1000] __attribute__((aligned(4096)));
static unsigned char buffers[64][1024] __attribute__((aligned(4096)));
static uint64_t state;
static uint32_t answers; /* frames that came back: else the attack went nowhere */
static uint32_t resets;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void reg_put(uint32_t reg, uint32_t val)
{
	*(volatile uint32_t *)(VIRTIO + reg) = val;
}

static void set_up(void)
{
	static const uint32_t steps[][2] = { { 0x70, 0 }, { 0x70, 3 }, { 0x24, 0 }, { 0x20, 2 },
					     { 0x24, 1 }, { 0x20, 1 }, { 0x70, 11 } };

	for (uint32_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		reg_put(steps[i][0], steps[i][1]);
	}
	for (uint32_t q = 0; q < QUEUES; q++) {
		for (uint32_t i = 0; i < sizeof(rings[q]); i++) {
			rings[q][i] = 0;
		}
		reg_put(0x30, q);
		reg_put(0x38, NUM);
		reg_put(0x80, (uint32_t)(uintptr_t)rings[q]);
		reg_put(0x90, (uint32_t)(uintptr_t)rings[q] + 0x400);
		reg_put(0xa0, (uint32_t)(uintptr_t)rings[q] + 0x800);
		reg_put(0x44, 1);
	}
	reg_put(0x70, 15);
}

/* A descriptor of a queue, mostly right, and its head in the ring. */
static void offer(uint32_t q, uint64_t at, uint32_t len)
{
	const uint64_t r = rnd();
	const uint32_t i = r % NUM;
	volatile uint64_t *d = (volatile uint64_t *)(rings[q] + 16 * i);
	volatile uint16_t *avail = (volatile uint16_t *)(rings[q] + 0x400);

	d[0] = (r >> 8) % 64 == 0 ? rnd() : at;
	d[1] = ((r >> 16) % 64 == 0 ? (uint32_t)rnd() : len) | (uint64_t)(q % 2 == 0 ? 2 : 0) << 32 |
	       ((r >> 24) % 8 == 0 ? 1UL << 32 | (rnd() % (NUM + 1)) << 48 : 0);
	avail[2 + avail[1] % NUM] = (uint16_t)((r >> 32) % 64 == 0 ? rnd() : i);
	avail[1] = (uint16_t)(avail[1] + ((r >> 40) % 64 == 0 ? rnd() : 1));
	reg_put(0x50, q);
}

/* A frame for port 1 to 8: of an op that is, with small numbers. */
static void talk(void)
{
	const uint32_t port = 1 + rnd() % 8;
	unsigned char *b = buffers[rnd() % 64];
	volatile uint32_t *head = (volatile uint32_t *)b;
	const uint32_t len = 8 * (rnd() % 8);

	head[0] = rnd() % 16 == 0 ? (uint32_t)rnd() : 0x31434846;
	head[1] = rnd() % 16 == 0 ? (uint32_t)rnd() : len;
	head[2] = 1;
	head[3] = rnd() % 16;
	for (uint32_t i = 0; i < len; i++) {
		b[16 + i] = (unsigned char)(rnd() % 4 == 0 ? rnd() % 4 : 0);
	}
	offer(2 * port + 2, (uint64_t)(uintptr_t)buffers[rnd() % 64], 1024);
	const volatile uint16_t *used = (const volatile uint16_t *)(rings[2 * port + 2] + 0x802);
	const uint16_t before = *used;

	offer(2 * port + 3, (uint64_t)(uintptr_t)b, 16 + len);
	answers += *used != before;
}

/* A message of a port: ready, open, closed. */
static void control(void)
{
	unsigned char *b = buffers[rnd() % 64];

	*(volatile uint32_t *)b = rnd() % 10;
	*(volatile uint16_t *)(b + 4) = (uint16_t)(rnd() % 2 == 0 ? 6 : rnd() % 8);
	*(volatile uint16_t *)(b + 6) = (uint16_t)(rnd() % 4 != 0);
	offer(2, (uint64_t)(uintptr_t)buffers[rnd() % 64], 64);
	offer(3, (uint64_t)(uintptr_t)b, 8);
}

static void act(void)
{
	const uint64_t r = rnd();

	trap_expect();
	switch (r % 64) {
	case 0:
		reg_put((uint32_t)(r >> 8) % 0x110 & ~3U, (uint32_t)rnd());
		break;
	case 1:
		rings[(r >> 8) % QUEUES][(r >> 16) % 0x1000] = (unsigned char)(r >> 32);
		break;
	case 2:
		reg_put(0x50, (uint32_t)(r >> 8) % 32);
		break;
	case 3:
		set_up();
		break;
	default:
		if (r >> 63 != 0) {
			talk();
		} else {
			control();
		}
		break;
	}
	/* It asks for its reset: that is a driver's answer, too. */
	if ((*(volatile uint32_t *)(VIRTIO + 0x70) & 0x40) != 0) {
		resets++;
		set_up();
	}
	trap_taken();
}

/* A buffer of a queue, as it should be. */
static void give(uint32_t q, const void *at, uint32_t len)
{
	volatile uint64_t *d = (volatile uint64_t *)rings[q];
	volatile uint16_t *avail = (volatile uint16_t *)(rings[q] + 0x400);

	d[0] = (uint64_t)(uintptr_t)at;
	d[1] = len | (uint64_t)(q % 2 == 0 ? 2 : 0) << 32;
	avail[2 + avail[1] % NUM] = 0;
	__asm__ volatile("dmb ish" ::: "memory");
	avail[1] = (uint16_t)(avail[1] + 1);
	reg_put(0x50, q);
}

/* As many claims as there may be, whose leases end together, a few times. */
static void leases(void)
{
	static const uint32_t open[2] = { 1, 1U << 16 | 6 };
	static uint32_t frame[14] = { 0x31434846, 40, 1, 7, 0, 0, 0, 0, 1, 0, 1U | 1U << 16, 0, 1, 0 };
	const volatile uint32_t *status = (const volatile uint32_t *)buffers[0] + 3;
	uint32_t good = 0;

	set_up();
	give(3, open, sizeof(open));
	print("vhostile: leases\n");
	for (uint32_t round = 0; round < 5; round++) {
		const uint64_t end = now() + ms_to_ticks(300);

		for (uint32_t i = 0; i < 240; i++) {
			const uint64_t left = (end - now()) / ms_to_ticks(1);
			frame[4] = now() < end && left != 0 ? (uint32_t)left : 1;
			give(4, buffers[0], sizeof(buffers[0]));
			give(5, frame, sizeof(frame));
			good += *status >> 16 == 0;
		}
		while (now() < end + ms_to_ticks(100)) {
		}
	}
	print("vhostile: %u of 1200 were admitted: done\n", good);
	for (;;) {
		__asm__ volatile("wfi");
	}
}

void guest_main(void)
{
	irq_off();
	if (guest_arg("leases") != NULL) {
		leases();
	}
	state = 0x9e3779b97f4a7c15UL;
	print("vhostile: begins\n");
	set_up();
	for (uint32_t i = 1; i <= ACTIONS; i++) {
		act();
		irq_off();
		if (i % (ACTIONS / 4) == 0) {
			print("vhostile: %u actions\n", i);
		}
	}
	print("vhostile: %u answers, %u resets: done\n", answers, resets);
	for (;;) {
		__asm__ volatile("wfi");
	}
}
