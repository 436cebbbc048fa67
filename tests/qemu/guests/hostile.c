/* SPDX-License-Identifier: MIT */
/*
 * A hostile guest: from a seed, random accesses in and around its devices, random calls, random system registers. It
 * spares only what would end itself: its power, its own MMU, vectors and exception state. What it gets is no matter;
 * that EL2 and the other domain go on is (test_hostile.py).
 */
#include "guest.h"

#define ACTIONS 1000000U
#define RET 0xd65f03c0U
#define MRS_X0 0xd5200000U
#define MSR_X0 0xd5000000U

static uint64_t state;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t somewhere(void)
{
	static const uint64_t bases[] = {
		GICD_BASE, GICD_BASE + 0x6000, GICR_BASE, GICR_BASE + 0x10000, GICR_BASE + 0x20000, UART_BASE, RTC_BASE,
		NOWHERE,   GICC_BASE
	};
	const uint64_t r = rnd();
	uint64_t pick = (r >> 32) % 12;

	if (gic_v2() && pick >= 1 && pick <= 4) {
		pick = pick < 3 ? 0 : 8;
	}
	if (pick < 9) {
		return bases[pick] + (r & (pick == 5 || pick == 8 ? 0x1fff : gic_v2() && pick == 0 ? 0xfff : 0xffff));
	}
	/* anywhere below 2^48 but in its own RAM */
	return pick == 9 ? (r & 0x3fffffffUL) : ((r & 0xffffffffffffUL) | 0x8000000000UL);
}

static void read_some(uint64_t at)
{
	uint64_t v;

	switch (rnd() % 6) {
	case 0:
		__asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(at) : "memory");
		break;
	case 1:
		__asm__ volatile("ldrsh %0, [%1]" : "=r"(v) : "r"(at) : "memory");
		break;
	case 2:
		__asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(at) : "memory");
		break;
	case 3:
		__asm__ volatile("ldr %0, [%1]" : "=r"(v) : "r"(at) : "memory");
		break;
	case 4:
		__asm__ volatile("ldp %0, xzr, [%1]" : "=r"(v) : "r"(at) : "memory");
		break;
	default:
		__asm__ volatile("ldr %w0, [%1], #4" : "=&r"(v), "+r"(at)::"memory");
		break;
	}
}

static void write_some(uint64_t at, uint64_t v)
{
	if ((at & ~0xffUL) == UART_BASE) {
		return; /* what it prints is for the test */
	}
	switch (rnd() % 6) {
	case 0:
		__asm__ volatile("strb %w0, [%1]" ::"r"(v), "r"(at) : "memory");
		break;
	case 1:
		__asm__ volatile("strh %w0, [%1]" ::"r"(v), "r"(at) : "memory");
		break;
	case 2:
		__asm__ volatile("str %w0, [%1]" ::"r"(v), "r"(at) : "memory");
		break;
	case 3:
		__asm__ volatile("str %0, [%1]" ::"r"(v), "r"(at) : "memory");
		break;
	case 4:
		__asm__ volatile("stp %0, %0, [%1]" ::"r"(v), "r"(at) : "memory");
		break;
	default:
		__asm__ volatile("str %w0, [%1, #4]!" : "+r"(v), "+r"(at)::"memory");
		break;
	}
}

static void call_some(void)
{
	static const uint64_t ranges[] = { 0x80000000UL, 0x84000000UL, 0xc4000000UL, 0x86000000UL, 0xc6000000UL, 0 };
	const uint64_t r = rnd();
	const uint64_t fn = ranges[(r >> 40) % 6] | (r & ((r >> 50) % 2 ? 0x1f : 0xffffffffUL));
	const uint32_t low = (uint32_t)fn & ~0x40000000U;

	if (low == PSCI_CPU_OFF || low == PSCI_SYSTEM_OFF || low == PSCI_SYSTEM_RESET) {
		return;
	}
	if (r >> 63) {
		hvc(fn, rnd(), rnd(), rnd());
	} else {
		smc(fn, rnd(), rnd(), rnd());
	}
}

/* op0 op1 CRn CRm op2 in bits 20:5 of MRS and MSR; bit 21 says which. */
static void register_some(void)
{
	static uint32_t code[16] __attribute__((aligned(64)));
	const uint64_t r = rnd();
	const bool read = (r >> 63) != 0;
	const uint32_t op0 = 1 + (uint32_t)(r >> 40) % 3;
	const uint32_t crn = (uint32_t)(r >> 12) & 15;
	const uint32_t bits = (op0 << 19) | (((uint32_t)r << 5 & 0x70fe0U)) | (crn << 12);

	/* its own MMU, exception state, vectors and thread registers; for op0 1 the set of SYS is left whole */
	if (!read && op0 == 3 && (crn == 1 || crn == 4 || crn == 12 || crn == 13)) {
		return;
	}
	code[0] = (read ? MRS_X0 : MSR_X0) | bits;
	code[1] = RET;
	__asm__ volatile("dc civac, %0; dsb sy; ic iallu; dsb sy; isb" ::"r"(code) : "memory");
	register uint64_t x0 __asm__("x0") = NOWHERE + (r & 0xfff8);

	__asm__ volatile("blr %1" : "+r"(x0) : "r"(code) : "x30", "memory", "cc");
}

static void act(void)
{
	trap_expect();
	switch (rnd() % 8) {
	case 0:
	case 1:
		read_some(somewhere());
		break;
	case 2:
	case 3:
		write_some(somewhere(), rnd());
		break;
	case 4:
		call_some();
		break;
	default:
		register_some();
		break;
	}
	trap_taken();
}

void guest_main(void)
{
	irq_off();
	state = 0x9e3779b97f4a7c15UL;
	print("hostile: begins\n");
	for (uint32_t i = 1; i <= ACTIONS; i++) {
		act();
		irq_off();
		if (i % (ACTIONS / 4) == 0) {
			print("hostile: %u actions\n", i);
		}
	}
	print("hostile: done\n");
	for (;;) {
		__asm__ volatile("wfi");
	}
}
