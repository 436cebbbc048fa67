// SPDX-License-Identifier: MIT
/* PSCI 1.1 and SMCCC as a guest calls them, as TAP. Runs on bare QEMU (EL1) too, which is the reference. */
#include "guest.h"

#define CPU_SUSPEND 0xc4000001UL
#define CPU_ON32 0x84000003UL
#define SYSTEM_RESET2 0xc4000012UL
#define ARCH_FEATURES 0x80000001UL
#define INVALID_ADDRESS (-9L)
#define POWERDOWN (1UL << 16)
#define ROUNDS 40U
#define CALLERS 3U

static bool freehold;
static uint64_t self;
static volatile uint32_t round_nr, ready, answered, success, odd, up, stop;

static uint64_t invalid(void)
{
	return (uint64_t)PSCI_INVALID_PARAMETERS;
}

static void test_affinity(void)
{
	tap_eq((uint64_t)hvc(PSCI_AFFINITY_INFO, self, 0, 0), 0, "AFFINITY_INFO of this CPU is ON");
	tap_eq((uint64_t)hvc(PSCI_AFFINITY_INFO, 3, 0, 0), 1, "AFFINITY_INFO of a CPU not started is OFF");
	tap_eq((uint64_t)hvc(PSCI_AFFINITY_INFO, 0x70707, 0, 0), invalid(), "of no CPU it is INVALID_PARAMETERS");
	tap_eq((uint64_t)hvc(PSCI_AFFINITY_INFO, self, 1, 0), 0, "of the cluster it is ON");
	tap_eq((uint64_t)hvc(PSCI_AFFINITY_INFO, 3, 2, 0), 0, "of the next level too");
	tap_eq((uint64_t)hvc(PSCI_AFFINITY_INFO, self, 3, 0), 0, "and of the highest");
	if (!freehold) {
		tap_skip("groups and levels that are not there", "bare answers ON");
		return;
	}
	tap_eq((uint64_t)hvc(PSCI_AFFINITY_INFO, 0x100, 1, 0), invalid(), "no such cluster is INVALID_PARAMETERS");
	tap_eq((uint64_t)hvc(PSCI_AFFINITY_INFO, self, 4, 0), invalid(), "no such level is INVALID_PARAMETERS");
	tap_eq((uint64_t)hvc(PSCI_AFFINITY_INFO, self, 1UL << 32, 0), invalid(), "a level of 2^32 is not level 0");
}

static void test_addresses(void)
{
	if (!freehold) {
		tap_skip("entry points that are not RAM", "bare takes any");
		return;
	}
	tap_eq((uint64_t)hvc(PSCI_CPU_ON, 1, NOWHERE, 0), (uint64_t)INVALID_ADDRESS,
	       "CPU_ON at nothing is INVALID_ADDRESS");
	tap_eq((uint64_t)hvc(PSCI_CPU_ON, 1, GICD_BASE, 0), (uint64_t)INVALID_ADDRESS, "in a device it is too");
	tap_eq((uint64_t)hvc(PSCI_CPU_ON, 1, (uint64_t)(uintptr_t)guest_image_end() | 2, 0), (uint64_t)INVALID_ADDRESS,
	       "at half an instruction it is too");
	tap_eq((uint64_t)hvc(PSCI_CPU_ON, 1, 1UL << 60, 0), (uint64_t)INVALID_ADDRESS,
	       "beyond all addresses it is too");
	tap_eq((uint64_t)hvc(PSCI_AFFINITY_INFO, 1, 0, 0), 1, "and the CPU stays off");
}

void suspend_entry(void);
uint64_t suspend_sp, suspend_context, suspend_sctlr;
long suspend_call(uint64_t fn, uint64_t state, uint64_t entry, uint64_t context);

/* The call may come back behind it or at the entry point; either way the callee-saved registers come off the stack. */
__asm__(".text\n.global suspend_call, suspend_entry\n"
	"suspend_call: stp x29, x30, [sp, #-96]!\n"
	"	stp x19, x20, [sp, #16]\n stp x21, x22, [sp, #32]\n stp x23, x24, [sp, #48]\n"
	"	stp x25, x26, [sp, #64]\n stp x27, x28, [sp, #80]\n"
	"	mov x9, sp\n adrp x10, suspend_sp\n str x9, [x10, :lo12:suspend_sp]\n"
	"	hvc #0\n b 1f\n"
	"suspend_entry: adrp x10, suspend_sp\n ldr x9, [x10, :lo12:suspend_sp]\n mov sp, x9\n"
	"	adrp x10, suspend_context\n str x0, [x10, :lo12:suspend_context]\n"
	"	mrs x9, sctlr_el1\n adrp x10, suspend_sctlr\n str x9, [x10, :lo12:suspend_sctlr]\n"
	"	mov x0, #1\n"
	"1:	ldp x19, x20, [sp, #16]\n ldp x21, x22, [sp, #32]\n ldp x23, x24, [sp, #48]\n"
	"	ldp x25, x26, [sp, #64]\n ldp x27, x28, [sp, #80]\n ldp x29, x30, [sp], #96\n"
	"	ret\n");

static void wake_in(uint64_t ms)
{
	gic_enable(PPI_VTIMER);
	write_sysreg(cntv_cval_el0, now() + ms_to_ticks(ms));
	write_sysreg(cntv_ctl_el0, 1);
}

static void wake_soon(void)
{
	wake_in(2);
}

/* What woke it is taken, or it would the next time too. */
static void take_all(void)
{
	uint32_t ack;

	write_sysreg(cntv_ctl_el0, 0);
	while ((ack = gic_ack(), ack & 0x3ff) < 1020) {
		gic_eoi(ack);
	}
}

/* Whether the timer has reached its value: only who waited sees it. */
static bool is_due(void)
{
	return now() >= read_sysreg(cntv_cval_el0);
}

/* A wake-up may come without a cause (EL2's own), but not every time. */
static bool waits(uint64_t state, uint64_t entry)
{
	for (uint32_t i = 0; i < 20; i++) {
		wake_soon();
		(void)suspend_call(CPU_SUSPEND, state, entry, 0);
		write_sysreg(cpacr_el1, 3UL << 20);
		if (is_due()) {
			take_all();
			return true;
		}
	}
	return false;
}

/* An SGI that is pending, with interrupts masked, is a wake-up: the timer far behind it is not waited for. */
static bool returns_at_once(uint64_t state, uint64_t entry)
{
	wake_in(3000);
	gic_enable(3);
	gic_sgi(3, 0);
	(void)suspend_call(CPU_SUSPEND, state, entry, 0);
	return !is_due();
}

static void test_suspend(void)
{
	const uint64_t entry = (uint64_t)(uintptr_t)suspend_entry;
	const uint64_t vbar = read_sysreg(vbar_el1);
	uint64_t cval;
	long ret;

	wake_soon();
	tap_eq((uint64_t)suspend_call(CPU_SUSPEND, 0, 0, 0), 0, "CPU_SUSPEND to standby comes back with SUCCESS");
	take_all();
	tap(waits(0, 0), "it waits for the timer's interrupt, masked as it is");
	tap(returns_at_once(0, 0), "it does not wait where an interrupt is pending already");
	take_all();
	tap_eq((uint64_t)suspend_call(CPU_SUSPEND, 1UL << 31, 0, 0), invalid(),
	       "with reserved bits: INVALID_PARAMETERS");
	if (freehold) {
		tap_eq((uint64_t)suspend_call(CPU_SUSPEND, POWERDOWN, NOWHERE, 0), (uint64_t)INVALID_ADDRESS,
		       "power-down with an entry at nothing: INVALID_ADDRESS");
	}
	wake_soon();
	cval = read_sysreg(cntv_cval_el0);
	ret = suspend_call(CPU_SUSPEND, POWERDOWN, entry, 0x1234567890abcdefUL);
	/* from a power-down that did not happen it may come back with SUCCESS */
	tap(ret == 0 || (ret == 1 && suspend_context == 0x1234567890abcdefUL && (suspend_sctlr & 1) == 0),
	    "CPU_SUSPEND to power-down goes on at the entry, context in x0, MMU off, or comes back");
	if (freehold) {
		tap_eq((uint64_t)ret, 1, "here it is the entry");
		tap_eq(read_sysreg(vbar_el1), 0, "with the registers of a reset");
		tap_eq(read_sysreg(cntv_cval_el0), cval, "and the timer as it was");
	}
	take_all();
	tap(waits(POWERDOWN, entry), "from a power-down too, the timer's interrupt wakes it");
	tap(returns_at_once(POWERDOWN, entry), "and one that was pending before");
	write_sysreg(vbar_el1, vbar);
	write_sysreg(cpacr_el1, 3UL << 20);
	take_all();
	write_sysreg(cntv_ctl_el0, 0);
	gic_disable(PPI_VTIMER);
}

static void test_calls(void)
{
	static const uint32_t there[] = { 0x84000000, 0x84000001, 0xc4000001, 0x84000002, 0x84000003,
					  0xc4000003, 0x84000004, 0xc4000004, 0x84000008, 0x84000009 };
	bool all = true;

	for (uint32_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
		all = all && hvc(PSCI_FEATURES, there[i], 0, 0) == 0;
	}
	tap(all, "PSCI_FEATURES knows all that is mandatory");
	tap_eq((uint64_t)hvc(PSCI_FEATURES, 0x84000005, 0, 0), (uint64_t)PSCI_NOT_SUPPORTED, "and no MIGRATE");
	tap_eq((uint64_t)hvc(CPU_ON32, self, (uint64_t)(uintptr_t)guest_image_end(), 0), (uint64_t)PSCI_ALREADY_ON,
	       "CPU_ON is there in 32 bits");
	if (!freehold) {
		tap_skip("SYSTEM_RESET2, SMCCC, SMC", "bare");
		return;
	}
	tap_eq((uint64_t)hvc(PSCI_FEATURES, SYSTEM_RESET2, 0, 0), 0, "PSCI_FEATURES knows SYSTEM_RESET2");
	tap_eq((uint64_t)hvc(SYSTEM_RESET2, 1, 0, 0), invalid(),
	       "SYSTEM_RESET2 of an unknown type: INVALID_PARAMETERS");
	tap_eq((uint64_t)hvc(SYSTEM_RESET2, 1UL << 31, 0, 0), invalid(), "of a vendor's type too");
	tap_eq((uint64_t)hvc(ARCH_FEATURES, SMCCC_VERSION, 0, 0), 0, "ARCH_FEATURES knows SMCCC_VERSION");
	/* QEMU's firmware knows no work-around */
	tap_eq((uint64_t)hvc(ARCH_FEATURES, 0x80008000, 0, 0), (uint64_t)PSCI_NOT_SUPPORTED,
	       "WORKAROUND_1 as the firmware");
	tap_eq((uint64_t)hvc(0x80008000, 0, 0, 0), (uint64_t)PSCI_NOT_SUPPORTED, "and a call of it");
	tap_eq((uint64_t)hvc(ARCH_FEATURES, 0x80007fff, 0, 0), (uint64_t)PSCI_NOT_SUPPORTED, "WORKAROUND_2");
	tap_eq((uint64_t)hvc(ARCH_FEATURES, 0x80003fff, 0, 0), (uint64_t)PSCI_NOT_SUPPORTED, "WORKAROUND_3");
	tap_eq((uint64_t)smc(0x80003fff, 0, 0, 0), (uint64_t)PSCI_NOT_SUPPORTED, "and by SMC");
}

static void target(void)
{
	__atomic_fetch_add(&up, 1, __ATOMIC_SEQ_CST);
	while (stop != round_nr) {
		pause_cpu();
	}
}

static void add(volatile uint32_t *v)
{
	uint32_t old, fail;

	__asm__ volatile("1: ldaxr %w0, %2\n add %w0, %w0, #1\n stlxr %w1, %w0, %2\n cbnz %w1, 1b"
			 : "=&r"(old), "=&r"(fail), "+Q"(*v)::"memory");
}

/* Calls CPU_ON of CPU 3 in each round, at once with the others. */
static void call_round(uint32_t round, char *stack)
{
	long ret;

	while (round_nr < round) {
		pause_cpu();
	}
	ret = hvc(PSCI_CPU_ON, 3, *(uint64_t *)(void *)stack, *(uint64_t *)(void *)(stack + 8));
	if (ret == PSCI_SUCCESS) {
		add(&success);
	} else if (ret != PSCI_ALREADY_ON) {
		add(&odd);
	}
	add(&answered);
}

extern char secondary_start[];
static uint64_t target_stack[64] __attribute__((aligned(16)));
static uint64_t call_args[2];

static void caller(void)
{
	add(&ready);
	for (uint32_t r = 1; r <= ROUNDS; r++) {
		call_round(r, (char *)call_args);
	}
}

static bool wait_value(volatile uint32_t *v, uint32_t want)
{
	return wait_count(v, want, 5000);
}

static void test_concurrent(void)
{
	uint32_t good = 0;

	target_stack[62] = (uint64_t)(uintptr_t)target;
	call_args[0] = (uint64_t)(uintptr_t)secondary_start;
	call_args[1] = (uint64_t)(uintptr_t)&target_stack[64];
	cpu_start(1, caller);
	cpu_start(2, caller);
	wait_value(&ready, 2);
	for (uint32_t r = 1; r <= ROUNDS; r++) {
		success = answered = up = 0;
		__atomic_store_n(&round_nr, r, __ATOMIC_SEQ_CST);
		call_round(r, (char *)call_args);
		good += wait_value(&answered, CALLERS) && success == 1 && odd == 0 && wait_value(&up, 1) ? 1 : 0;
		if (freehold && (success != 1 || odd != 0 || up != 1)) {
			print("# round %u: answered=%u success=%u odd=%u up=%u\n", r, answered, success, odd, up);
		}
		stop = r;
		for (uint64_t end = now() + ms_to_ticks(5000); hvc(PSCI_AFFINITY_INFO, 3, 0, 0) != 1 && now() < end;) {
			pause_cpu();
		}
		target_stack[62] = (uint64_t)(uintptr_t)target;
	}
	if (!freehold) {
		tap_skip("of concurrent CPU_ON calls exactly one succeeds", "QEMU's own lets several succeed");
		return;
	}
	tap_eq(good, ROUNDS, "of concurrent CPU_ON calls exactly one succeeds");
}

static volatile uint32_t looked;
static bool pends;

static void look(void)
{
	const uint64_t end = now() + ms_to_ticks(2);

	gic_cpu_init();
	gic_enable(PPI_VTIMER);
	do {
		pends = (read_sysreg(isr_el1) & 0x80) != 0;
	} while (!pends && now() < end);
	__atomic_store_n(&looked, 1, __ATOMIC_SEQ_CST);
}

/* Goes off while its timer's interrupt waits for it, masked. */
static void pend_and_look(void)
{
	write_sysreg(cntv_cval_el0, 0);
	write_sysreg(cntv_ctl_el0, 1);
	look();
}

static bool second_pends(void (*fn)(void))
{
	looked = 0;
	cpu_start(1, fn);
	wait_value(&looked, 1);
	while (hvc(PSCI_AFFINITY_INFO, 1, 0, 0) != 1) {
		pause_cpu();
	}
	return pends;
}

static void test_off_with_timer(void)
{
	tap(second_pends(pend_and_look), "a CPU goes off while its timer's interrupt pends");
	if (!freehold) {
		tap_skip("turned on again it does not, as the timer is off", "QEMU's own keeps the line");
		return;
	}
	tap(!second_pends(look), "turned on again it does not, as the timer is off");
}

void guest_main(void)
{
	freehold = on_freehold();
	self = read_sysreg(mpidr_el1) & 0xff00ffffffUL;
	print("\n# freehold psci on %s\n", freehold ? "freehold" : "bare");
	gic_init();
	gic_cpu_init();
	test_affinity();
	test_addresses();
	test_suspend();
	test_calls();
	test_concurrent();
	test_off_with_timer();
	tap_end();
	system_off();
}
