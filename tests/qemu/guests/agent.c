// SPDX-License-Identifier: MIT
/*
 * A guest that does what it is told over its console, one character a command, each answered by one line. It stands
 * for a victim (a 10 ms tick, a memory pattern) and for an attacker. Its name comes from the bootargs (name=front).
 */
#include "claim.h"
#include "guest.h"

#define MARK_FIRST 0x400000UL /* from the image's end; the marks lie beyond what a loader puts beside an image */
#define MARK_STEP 0x20000UL
#define MARKS 64U
#define MARK 0x5eed5eed00000000UL
#define PATTERN_WORDS 4096U
#define TICK_MS 10U
#define SCAN_SIZE 0x1800000UL

static uint32_t pattern[PATTERN_WORDS];
static volatile uint32_t second_beats;
static uint64_t ticks_started;
static uint32_t ticks_early;

static void print_name(void)
{
	const char *name = guest_arg("name=");

	for (uint32_t i = 0; name != NULL && i < 16 && name[i] > ' ' && name[i] < 0x7f; i++) {
		put(name[i]);
	}
}

static volatile uint64_t *mark(uint32_t i)
{
	uint64_t base = ((uint64_t)(uintptr_t)guest_image_end() + 0xffff) & ~0xffffUL;

	return (volatile uint64_t *)(uintptr_t)(base + MARK_FIRST + i * MARK_STEP);
}

/* What an earlier life left in memory: the marks that still stand, and words that are neither mark nor zero. */
static void show_marks(void)
{
	uint32_t kept = 0, other = 0;

	for (uint32_t i = 0; i < MARKS; i++) {
		uint64_t v = *mark(i);

		kept += v == (MARK | i) ? 1 : 0;
		other += v != (MARK | i) && v != 0 ? 1 : 0;
	}
	print("marks: kept=%u other=%u\n", kept, other);
}

static void set_marks(void)
{
	for (uint32_t i = 0; i < MARKS; i++) {
		*mark(i) = MARK | i;
	}
	print("marks: set\n");
}

/* Whether all memory behind the image is zero, but for the tree: what was there before us must not show. */
static void scan(void)
{
	uint64_t start = ((uint64_t)(uintptr_t)guest_image_end() + 0xffff) & ~0xffffUL;
	uint64_t tree = (uint64_t)(uintptr_t)guest_dtb & ~0xffffUL;
	uint32_t dirty = 0;

	for (uint64_t page = start; page < start + SCAN_SIZE; page += 0x10000) {
		uint64_t sum = 0;

		if (page == tree || page == tree + 0x10000) {
			continue;
		}
		for (uint64_t a = page; a < page + 0x10000; a += 16) {
			uint64_t x, y;

			__asm__ volatile("ldp %0, %1, [%2]" : "=r"(x), "=r"(y) : "r"(a) : "memory");
			sum |= x | y;
		}
		dirty += sum != 0 ? 1 : 0;
	}
	print("scan: %u of %u pieces dirty\n", dirty, (uint32_t)(SCAN_SIZE / 0x10000));
}

/* Stage-1 tables where nothing is: each fetch from now on is an abort on a table walk. */
static void walk_into_nothing(void)
{
	print("walk: tables in nothing\n");
	write_sysreg(tcr_el1, 25UL | 2UL << 32);
	write_sysreg(ttbr0_el1, NOWHERE);
	write_sysreg(sctlr_el1, read_sysreg(sctlr_el1) | 1);
	for (;;) {
		pause_cpu();
	}
}

/* Floods its own and the other CPU with SGIs, and EL2 with calls and traps, for a second. */
static void storm(void)
{
	uint64_t end = now() + ms_to_ticks(1000);
	uint32_t n = 0;

	gic_enable(4);
	for (; now() < end; n++) {
		gic_sgi(4, cpu_id());
		gic_sgi(4, 1);
		hvc(0x8400ff00 + n, n, n, n);
		(void)mmio_read32(GICD_BASE + 4);
	}
	gic_disable(4);
	print("storm: over\n");
}

static void fill_pattern(void)
{
	for (uint32_t i = 0; i < PATTERN_WORDS; i++) {
		pattern[i] = i * 2654435761U;
	}
}

static bool pattern_good(void)
{
	for (uint32_t i = 0; i < PATTERN_WORDS; i++) {
		if (pattern[i] != i * 2654435761U) {
			return false;
		}
	}
	return true;
}

static void arm_tick(void)
{
	write_sysreg(cntv_cval_el0, ticks_started + ms_to_ticks(TICK_MS));
	write_sysreg(cntv_ctl_el0, 1);
}

/* Keeps the tick going: each one is armed when the one before was taken. */
static void tick(void)
{
	if ((read_sysreg(cntv_ctl_el0) & 1) == 0) {
		if (ticks_started != 0 && irq_stamp[cpu_id()] < ticks_started + ms_to_ticks(TICK_MS)) {
			ticks_early++;
		}
		ticks_started = now();
		arm_tick();
	}
}

static void show_ticks(void)
{
	print("ticks: count=%u pattern=%s spurious=%u\n", irq_count[cpu_id()][PPI_VTIMER],
	      pattern_good() ? "good" : "bad", irq_spurious);
}

static void show_trap(const char *what)
{
	struct trap t = trap_taken();

	print("%s: taken=%d ec=0x%lx fsc=0x%lx far=0x%lx\n", what, t.taken, t.esr >> 26 & 0x3f, t.esr & 0x3f, t.far);
}

static void unmapped(void)
{
	trap_expect();
	(void)mmio_read32(NOWHERE);
	show_trap("unmapped");
}

/* No handler where VBAR_EL1 points: the guest takes aborts for ever, which must be its own trouble alone. */
static void jump_into_nothing(void)
{
	print("jump: into nothing\n");
	write_sysreg(vbar_el1, NOWHERE & ~0x7ffUL);
	((void (*)(void))(uintptr_t)NOWHERE)();
}

static void flood(void)
{
	for (uint32_t i = 0; i < 600; i++) {
		print("flood %u ........................................................\n", i);
	}
	print("flood: done\n");
}

static void beat(void)
{
	for (;;) {
		second_beats++;
		pause_cpu();
	}
}

static void start_second(void)
{
	long ret = cpu_start((read_sysreg(mpidr_el1) & 0xff00ffffffUL) + 1, beat);

	print("second: code=%d beats=%s\n", (int)ret, wait_count(&second_beats, 1000, 3000) ? "yes" : "no");
}

static void clock_and_alarm(void)
{
	uint32_t start = mmio_read32(RTC_BASE);

	gic_enable(RTC_INTID);
	mmio_write32(RTC_BASE + 0x1c, 1);         /* RTCICR */
	mmio_write32(RTC_BASE + 0x10, 1);         /* RTCIMSC */
	mmio_write32(RTC_BASE + 0x04, start + 2); /* RTCMR */
	print("rtc: id=0x%x time=%u alarm=%s\n", mmio_read32(RTC_BASE + 0xfe0), start,
	      wait_count(&irq_count[cpu_id()][RTC_INTID], 1, 8000) ? "taken" : "missed");
	mmio_write32(RTC_BASE + 0x10, 0);
	gic_disable(RTC_INTID);
}

static void power_key(void)
{
	gic_enable(PL061_INTID);
	mmio_write32(PL061_BASE + 0x41c, 0xff); /* GPIOIC */
	mmio_write32(PL061_BASE + 0x408, 0x08); /* GPIOIBE: line 3, both edges */
	mmio_write32(PL061_BASE + 0x410, 0x08); /* GPIOIE */
	print("key: ready\n");
	print("key: %s\n", wait_count(&irq_count[cpu_id()][PL061_INTID], 1, 10000) ? "pressed" : "missed");
	mmio_write32(PL061_BASE + 0x410, 0);
	gic_disable(PL061_INTID);
}

/* Ends the domain when its power key is pressed: the first SPI that Freehold gives away. */
static void end_by_key(void)
{
	print("key: listening\n");
	while ((mmio_read32(GICD_BASE + 0x200 + KEY_INTID / 32 * 4) >> (KEY_INTID % 32) & 1) == 0) { /* ISPENDR */
		pause_cpu();
	}
	print("key: off\n");
	system_off();
}

static void show_time(void)
{
	uint64_t virtual = now();

	print("time: virtual=%lu physical=%lu hz=%lu early=%u\n", virtual, read_sysreg(cntpct_el0),
	      read_sysreg(cntfrq_el0), ticks_early);
}

static void probe_ids(void)
{
	print("ids: mpidr=0x%lx pfr0=0x%lx pfr1=0x%lx mmfr0=0x%lx\n", read_sysreg(mpidr_el1),
	      read_sysreg(id_aa64pfr0_el1), read_sysreg(id_aa64pfr1_el1), read_sysreg(id_aa64mmfr0_el1));
}

/* Takes 4 of 8 blocks of 2 MiB into its window, all of which must be zero, and keeps them: its end gives them back. */
static void claim_some(void)
{
	uint64_t window = 0, size = 0, n = 0, claim = 0, fit = 0, order = 0, sum = 0;
	int64_t code = fhc_window(&window, &size, &n);

	if (code == FHC_OK) {
		code = fhc_stake(0, 9, 8, &claim, &fit);
	}
	for (uint32_t i = 0; i < 4 && code == FHC_OK; i++) {
		volatile uint64_t *p = (volatile uint64_t *)(window + i * 0x200000UL);

		code = fhc_redeem(claim, window + i * 0x200000UL, 9, &order);
		for (uint32_t k = 0; k < 0x40000 && code == FHC_OK; k++) {
			sum |= p[k];
			p[k] = MARK | k;
		}
	}
	print("claims: code=%d zero=%s\n", (int)code, sum == 0 ? "yes" : "no");
}

static void command(int c)
{
	switch (c) {
	case 'q':
		claim_some();
		break;
	case 'p':
		print("pong: ");
		print_name();
		print("\n");
		break;
	case 'i':
		probe_ids();
		break;
	case 'v':
		show_time();
		break;
	case 't':
		show_ticks();
		break;
	case 'm':
		show_marks();
		break;
	case 's':
		set_marks();
		break;
	case 'u':
		unmapped();
		break;
	case 'j':
		jump_into_nothing();
		break;
	case 'f':
		flood();
		break;
	case '2':
		start_second();
		break;
	case 'c':
		clock_and_alarm();
		break;
	case 'k':
		power_key();
		break;
	case 'K':
		end_by_key();
		break;
	case 'a':
		scan();
		break;
	case 'w':
		walk_into_nothing();
		break;
	case 'y':
		storm();
		break;
	case 'h':
		print("hang: masked\n");
		irq_off();
		for (;;) {
			pause_cpu();
		}
	case 'z':
		print("stop: by CPU_OFF\n");
		hvc(PSCI_CPU_OFF, 0, 0, 0);
		break;
	case 'r':
		print("reset: now\n");
		system_reset();
	case 'o':
		print("off: now\n");
		system_off();
	default:
		print("what: 0x%x\n", (uint32_t)c);
		break;
	}
}

void guest_main(void)
{
	int c;

	fill_pattern();
	gic_init();
	gic_cpu_init();
	gic_enable(PPI_VTIMER);
	irq_on();
	print("\nagent: ");
	print_name();
	print(" is up at 0x%lx\n", (uint64_t)(uintptr_t)guest_image_end() & ~0xffffUL);
	for (;;) {
		/* masked: a tick taken between the check and WFI would leave no timer to wake us */
		irq_off();
		tick();
		c = get();
		if (c < 0) {
			__asm__ volatile("wfi" ::: "memory");
		}
		irq_on();
		if (c >= 0) {
			command(c);
		}
	}
}
