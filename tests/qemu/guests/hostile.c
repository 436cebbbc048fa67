/* SPDX-License-Identifier: MIT */
/*
 * A hostile guest: from a seed, random accesses in and around its devices, random calls, claims, system registers,
 * instructions at EL0 and EL1, page tables. It spares only what would end itself: its power, its own MMU, vectors and
 * exception state. What it gets is no matter; that EL2 and the other domain go on is (test_hostile.py).
 */
#include "claim.h"
#include "guest.h"

#define ACTIONS 1000000U
#define RET 0xd65f03c0U
#define MRS_X0 0xd5200000U
#define MSR_X0 0xd5000000U

#define WINDOW 0xc0000000UL /* where the test's configuration lets it claim */

static uint64_t state, redeemed;

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

/* Claims: stake, redeem, use, give back, by arguments that often fit. */
static void claim_some(void)
{
	static const uint64_t orders[] = { 0, 0, 0, 0, 0, 1, 4, 9 };
	static uint64_t claim;
	const uint64_t r = rnd();
	const uint64_t order = orders[r >> 8 & 7];
	const uint64_t at = WINDOW + (r >> 16 & 31) * 0x200000 + (order < 9 ? (r >> 24 & 3) << (12 + order) : 0);
	struct fhc_regs c = { { FHC_MEM_INFO + r % 9, r >> 40 & 7 ? claim : rnd(), at, order } };

	if (c.x[0] == FHC_MEM_STAKE) {
		c = (struct fhc_regs){ { FHC_MEM_STAKE, r >> 32 & 1, order, r >> 34 & 7 } };
		if (fhc_call(&c) == FHC_OK) {
			claim = c.x[1];
		}
		return;
	}
	if (c.x[0] == FHC_MEM_FREE) {
		c.x[1] = at;
	}
	if (fhc_call(&c) == FHC_OK && r % 9 == FHC_MEM_REDEEM - FHC_MEM_INFO) {
		*(volatile uint64_t *)at = ~0UL;
		redeemed++;
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

/*
 * One random instruction with nowhere in all registers, at EL0 or EL1, in AArch32 too; a timer ends what does not end.
 * Branches, exceptions and system instructions are left out: they have their own cases.
 */
static uint32_t one[16] __attribute__((aligned(64)));

/* x0 to x30 to x0, then to the instruction. */
void hostile_run(void);
__asm__(".text\n.global hostile_run\n"
	"hostile_run:\n"
	".irp n, 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30\n"
	"mov x\\n, x0\n"
	".endr\n"
	"b one\n");

static void put_code(uint32_t n, uint32_t insn, uint32_t end)
{
	one[n] = insn;
	one[n + 1] = end;
	__asm__ volatile("dc civac, %0; dsb sy; ic iallu; dsb sy; isb" ::"r"(one) : "memory");
}

/* mov r1 to r14, r0 first; nothing that is relative to the program counter, which could be a store. */
static void put_a32(uint32_t insn)
{
	for (uint32_t n = 1; n < 15; n++) {
		one[n - 1] = 0xe1a00000 | n << 12;
	}
	put_code(14, insn, 0xef000fff);
}

static void timer_soon(void)
{
	write_sysreg(cntv_tval_el0, 20000);
	write_sysreg(cntv_ctl_el0, 1);
}

#define MASK_I 0x80UL

static void timer_off(void)
{
	uint32_t ack = gic_ack();

	write_sysreg(cntv_ctl_el0, 0);
	if ((ack & 0x3ff) < 1020) {
		gic_eoi(ack);
	}
}

static void instruction_some(void)
{
	const uint64_t r = rnd();
	const uint64_t arg = NOWHERE + (r >> 40 & 0xff8);
	const uint32_t insn = (uint32_t)r;
	struct probe p;

	timer_soon();
	if ((r >> 62) == 0 && (read_sysreg(id_aa64pfr0_el1) & 0xf) == 2) {
		/* A32: no branch (B, BL), no SVC */
		if ((insn >> 25 & 7) != 5 && (insn >> 24 & 0xf) != 0xf && (insn & 0xf000) != 0xf000 &&
		    (insn & 0xf0000) != 0xf0000) {
			put_a32(insn);
			probe_run(one, arg, MODE_EL0_A32 & ~MASK_I, &p, NOWHERE);
		}
	} else if ((insn >> 26 & 7) != 5) {
		put_code(0, insn, 0xd4000001);
		probe_run(hostile_run, arg, (r >> 61 & 1 ? MODE_EL0 : MODE_EL1T) & ~MASK_I, &p, NOWHERE);
	} else {
		/* Left out. */
	}
	timer_off();
}

/* Own RAM and devices one to one; all else is as the dice say: tables and blocks anywhere, of any attributes. */
static void tables_some(void)
{
	static uint64_t table[512] __attribute__((aligned(4096)));
	const uint64_t sctlr = read_sysreg(sctlr_el1);
	const uint64_t r = rnd();
	const uint64_t va = ((r % 510 + 2) << 30) | (rnd() & 0x3fffffff);
	struct probe p;

	table[0] = 0x405;              /* device */
	table[1] = 0x40000000 | 0x709; /* RAM, which EL0 may run in */
	table[va >> 30] = (rnd() & 0xff0000000ffcUL) | (somewhere() & ~0xfffUL) | (r >> 32 & 3);
	write_sysreg(mair_el1, 0x44ff00);
	write_sysreg(ttbr0_el1, (uint64_t)(uintptr_t)table);
	write_sysreg(tcr_el1, 25UL | 1UL << 23 | 2UL << 32 | (r >> 50 & 3) << 39);
	__asm__ volatile("dsb sy; tlbi vmalle1; dsb sy; isb" ::: "memory");
	timer_soon();
	write_sysreg(sctlr_el1, sctlr | 1);
	switch (r >> 53 & 7) {
	case 0:
		__asm__ volatile("at s1e1r, %0; isb" ::"r"(va) : "memory");
		break;
	case 1:
		__asm__ volatile("at s1e0w, %0; isb" ::"r"(va) : "memory");
		break;
	case 2:
	case 3:
		probe_run((const void *)va, 0, (r >> 56 & 1 ? MODE_EL0 : MODE_EL1T) & ~MASK_I, &p, va);
		break;
	case 4:
		write_some(va, r);
		break;
	default:
		read_some(va);
		break;
	}
	write_sysreg(sctlr_el1, sctlr);
	timer_off();
}

static void act(void)
{
	trap_expect();
	switch (rnd() % 16) {
	case 0:
		instruction_some();
		break;
	case 1:
		tables_some();
		break;
	case 2:
		claim_some();
		break;
	case 3:
		call_some();
		break;
	case 4:
	case 5:
	case 6:
	case 7:
		register_some();
		break;
	case 8:
	case 9:
	case 10:
	case 11:
		read_some(somewhere());
		break;
	default:
		write_some(somewhere(), rnd());
		break;
	}
	trap_taken();
}

/* A number behind seed= in the boot arguments. */
static uint64_t seed(void)
{
	const char *s = guest_arg("seed=");
	uint64_t n = 0;

	while (s != NULL && *s >= '0' && *s <= '9') {
		n = n * 10 + (uint64_t)(*s++ - '0');
	}
	return n;
}

void guest_main(void)
{
	irq_off();
	state = 0x9e3779b97f4a7c15UL ^ seed();
	write_sysreg(cpacr_el1, 3UL << 24 | 3UL << 20 | 3UL << 16);
	gic_init();
	gic_cpu_init();
	gic_enable(PPI_VTIMER);
	print("hostile: begins\n");
	for (uint32_t i = 1; i <= ACTIONS; i++) {
		act();
		irq_off();
		if (i % (ACTIONS / 4) == 0) {
			print("hostile: %u actions\n", i);
		}
	}
	print("hostile: %lu blocks were redeemed\n", redeemed);
	print("hostile: done\n");
	for (;;) {
		__asm__ volatile("wfi");
	}
}
