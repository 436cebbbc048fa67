// SPDX-License-Identifier: MIT
/*
 * Exceptions as a guest takes them, as TAP: the vector, ESR, FAR, ELR and SPSR of aborts and undefined instructions,
 * from EL1 with both stacks, from EL0 in AArch64 and AArch32. Runs on bare QEMU (EL1) too, which is the reference.
 */
#include "guest.h"

#define EC(p) ((p).esr >> 26 & 0x3f)
#define ISS(p) ((p).esr & 0x1ffffffUL)
#define IL (1UL << 25)
#define WNR (1UL << 6)
#define EC_UNKNOWN 0x00
#define EC_SVC32 0x11
#define EC_SVC64 0x15
#define EC_IABT_LOW 0x20
#define EC_DABT_LOW 0x24
#define FSC_EXTERNAL 0x10UL
#define HOLE (NOWHERE + 0x120)

static bool freehold;

void f_load(void), f_store(void), f_pair(void), f_writeback(void), f_undefined(void), f_civac(void), f_big(void);
extern const uint32_t a32_load[];
extern const uint16_t t32_load[], t32_it_load[];

__asm__(".text\n"
	".global f_load, f_store, f_pair, f_writeback, f_undefined, f_civac, f_big\n"
	".global a32_load, t32_load, t32_it_load\n"
	"f_load: ldr w0, [x0]\n ret\n"
	"f_store: str w0, [x0]\n ret\n"
	"f_pair: ldp x0, x1, [x0]\n ret\n"
	"f_writeback: ldr w1, [x0], #4\n ret\n"
	"f_undefined: mrs x0, S3_0_C5_C7_7\n ret\n"
	"f_civac: dc civac, x0\n ret\n"
	/* by SCTLR_EL1.EE: stores 0x1234 with its bytes swapped, and loads it with a sign */
	"f_big: mrs x1, sctlr_el1\n orr x2, x1, #0x2000000\n mov w3, #0x34120000\n"
	" msr sctlr_el1, x2\n isb\n str w3, [x0]\n ldrsh x0, [x0]\n msr sctlr_el1, x1\n isb\n ret\n"
	/* ldr r0, [r0]; svc #0xfff */
	"a32_load: .inst 0xe5900000, 0xef000fff\n"
	/* ldr r0, [r0]; svc #0xff */
	"t32_load: .short 0x6800, 0xdfff\n"
	/* cmp r0, r0; ite eq; ldreq r1, [r0]; movne r0, #1; svc #0xff */
	"t32_it_load: .short 0x4280, 0xbf0c, 0x6801, 0x2001, 0xdfff\n"
	".balign 4\n");

struct mode {
	const char *name;
	uint64_t spsr, vector;
	bool lower;
};
static const struct mode modes[] = {
	{ "EL1h", MODE_EL1H, 0x200, false },
	{ "EL1t", MODE_EL1T, 0x000, false },
	{ "EL0", MODE_EL0, 0x400, true },
};

/* Good, or what was got is printed. */
static void check(struct probe p, const struct mode *m, uint64_t ec_low, uint64_t iss, uint64_t far, const void *at,
		  const char *what)
{
	const uint64_t ec = ec_low + (ec_low != EC_UNKNOWN && !m->lower ? 1 : 0);
	const bool good = EC(p) == ec && ISS(p) == iss && (p.esr & IL) != 0 && (ec_low == EC_UNKNOWN || p.far == far) &&
			  p.elr == (uint64_t)(uintptr_t)at && p.spsr == m->spsr && p.vector == m->vector;

	if (!good) {
		print("# vector=0x%lx esr=0x%lx far=0x%lx elr=0x%lx (0x%lx) spsr=0x%lx\n", p.vector, p.esr, p.far,
		      p.elr, (uint64_t)(uintptr_t)at, p.spsr);
	}
	print("# from %s:\n", m->name);
	tap(good, what);
}

static void test_mode(const struct mode *m)
{
	check(probe(f_load, HOLE, m->spsr), m, EC_DABT_LOW, FSC_EXTERNAL, HOLE, f_load,
	      "a load from nothing: vector, ESR, FAR, ELR, SPSR");
	check(probe(f_store, HOLE, m->spsr), m, EC_DABT_LOW, FSC_EXTERNAL | WNR, HOLE, f_store,
	      "a store to nothing: vector, ESR, FAR, ELR, SPSR");
	check(probe(f_pair, HOLE, m->spsr), m, EC_DABT_LOW, FSC_EXTERNAL, HOLE, f_pair,
	      "a pair from nothing: vector, ESR, FAR, ELR, SPSR");
	check(probe(f_writeback, HOLE, m->spsr), m, EC_DABT_LOW, FSC_EXTERNAL, HOLE, f_writeback,
	      "a load with write-back from nothing: vector, ESR, FAR, ELR, SPSR");
	check(probe((const void *)(uintptr_t)HOLE, 0, m->spsr), m, EC_IABT_LOW, FSC_EXTERNAL, HOLE,
	      (const void *)(uintptr_t)HOLE, "a fetch from nothing: vector, ESR, FAR, ELR, SPSR");
	check(probe(f_undefined, 0, m->spsr), m, EC_UNKNOWN, 0, 0, f_undefined,
	      "a register that is not there: vector, ESR, ELR, SPSR");
}

static void test_through(const struct mode *m)
{
	struct probe p = probe(f_load, UART_BASE + 0xfe0, m->spsr);

	print("# from %s:\n", m->name);
	tap(p.x0 == 0x11 && ISS(p) == 0xfff, "a device's register is read");
	p = probe(f_civac, HOLE, m->spsr);
	tap(ISS(p) == 0xfff && p.elr != (uint64_t)(uintptr_t)f_civac, "cache maintenance of nothing is done");
}

/* EL0 may not do so unless SCTLR_EL1 says: UCI, DZE. */
static void test_user_rights(void)
{
	const uint64_t sctlr = read_sysreg(sctlr_el1);
	struct probe p;

	write_sysreg(sctlr_el1, sctlr & ~(1UL << 26));
	p = probe(f_civac, HOLE, MODE_EL0);
	tap(EC(p) == 0x18 && p.vector == 0x400, "DC CIVAC at EL0 is trapped to EL1 without SCTLR_EL1.UCI");
	write_sysreg(sctlr_el1, sctlr | 1UL << 26);
}

static bool has_a32(void)
{
	return (read_sysreg(id_aa64pfr0_el1) & 0xf) == 2;
}

static void test_a32(void)
{
	struct probe p;

	if (!has_a32()) {
		tap_skip("AArch32 at EL0", "not there");
		return;
	}
	__asm__ volatile("dc civac, %0; dsb sy; ic iallu; dsb sy; isb" ::"r"(a32_load) : "memory");
	p = probe(a32_load, UART_BASE + 0xfe0, MODE_EL0_A32);
	tap(EC(p) == EC_SVC32 && (uint32_t)p.x0 == 0x11 && p.vector == 0x600, "A32 reads a device's register");
	p = probe(a32_load, HOLE, MODE_EL0_A32);
	tap(EC(p) == EC_DABT_LOW && ISS(p) == FSC_EXTERNAL && p.far == HOLE && p.vector == 0x600 &&
		    p.elr == (uint64_t)(uintptr_t)a32_load && p.spsr == MODE_EL0_A32,
	    "a load from nothing in A32: vector, ESR, FAR, ELR, SPSR");
	p = probe(t32_load, UART_BASE + 0xfe0, MODE_EL0_T32);
	if (EC(p) != EC_SVC32 || (uint32_t)p.x0 != 0x11) {
		print("# esr=0x%lx x0=0x%lx elr=0x%lx\n", p.esr, p.x0, p.elr);
	}
	tap(EC(p) == EC_SVC32 && (uint32_t)p.x0 == 0x11, "T32 reads a device's register by two bytes of code");
	p = probe(t32_it_load, UART_BASE + 0xfe0, MODE_EL0_T32);
	if (EC(p) != EC_SVC32) {
		print("# esr=0x%lx x0=0x%lx elr=0x%lx spsr=0x%lx\n", p.esr, p.x0, p.elr, p.spsr);
	}
	tap(EC(p) == EC_SVC32 && (uint32_t)p.x0 == (uint32_t)(UART_BASE + 0xfe0) && (p.spsr & 0x600fc00) == 0,
	    "and in an IT block, which goes on");
	p = probe(t32_load, HOLE, MODE_EL0_T32);
	tap(EC(p) == EC_DABT_LOW && (p.esr & IL) != 0 && p.elr == (uint64_t)(uintptr_t)t32_load,
	    "a load from nothing in T32 has IL set, as it has no syndrome");
}

/* Big-endian data: a device's register is little-endian all the same, so its bytes are swapped. */
static void test_big_endian(void)
{
	const uint64_t sctlr = read_sysreg(sctlr_el1);
	struct probe p;

	if ((read_sysreg(id_aa64mmfr0_el1) >> 8 & 0xf) == 0) {
		tap_skip("big-endian accesses to a device's register", "not there");
		return;
	}
	mmio_write32(UART_BASE + 0x24, 0);
	p = probe(f_big, UART_BASE + 0x24, MODE_EL1H);
	tap_eq(mmio_read32(UART_BASE + 0x24), 0x1234, "a big-endian store to a device's register");
	tap_eq(p.x0, 0x3412, "a big-endian load from it");
	write_sysreg(sctlr_el1, sctlr | 1UL << 24); /* E0E */
	p = probe(f_load, UART_BASE + 0xfe0, MODE_EL0);
	write_sysreg(sctlr_el1, sctlr);
	tap_eq(p.x0, 0x11000000, "a big-endian load from it at EL0");
	if (has_a32()) {
		p = probe(a32_load, UART_BASE + 0xfe0, MODE_EL0_A32 | 1UL << 9);
		tap_eq((uint32_t)p.x0, 0x11000000, "and in A32, by CPSR.E");
	}
}

/* A stepped instruction that is emulated is one step. */
static void test_step(void)
{
	struct probe p;

	write_sysreg(oslar_el1, 0);
	write_sysreg(mdscr_el1, 1); /* SS */
	p = probe(f_load, UART_BASE + 0xfe0, (MODE_EL0 & ~0x200UL) | 1UL << 21);
	write_sysreg(mdscr_el1, 0);
	if (EC(p) != 0x32 || p.elr != (uint64_t)(uintptr_t)f_load + 4) {
		print("# esr=0x%lx elr=0x%lx (0x%lx)\n", p.esr, p.elr, (uint64_t)(uintptr_t)f_load);
	}
	tap(EC(p) == 0x32 && p.elr == (uint64_t)(uintptr_t)f_load + 4,
	    "a step over a device's register ends behind it");
}

void guest_main(void)
{
	freehold = on_freehold();
	print("\n# freehold faults on %s\n", freehold ? "freehold" : "bare");
	write_sysreg(sctlr_el1, read_sysreg(sctlr_el1) | 1UL << 26); /* UCI */
	for (uint32_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		test_mode(&modes[i]);
		test_through(&modes[i]);
	}
	test_user_rights();
	test_a32();
	test_big_endian();
	test_step();
	tap_end();
	system_off();
}
