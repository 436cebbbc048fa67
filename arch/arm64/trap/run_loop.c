/* SPDX-License-Identifier: MIT */
#include "arch/arm64/psci/firmware.h"
#include "arch/arm64/trap/crash.h"
#include "arch/arm64/trap/trap.h"
#include "arch/arm64/trap/trap_internal.h"
#include "arch/barrier.h"
#include "arch/cpu.h"
#include "core/console/console.h"
#include "core/control/control.h"
#include "core/domain/domain.h"
#include "core/log/log.h"
#include "core/log/trace.h"
#include "core/monitor/monitor.h"
#include "core/scrub/scrub.h"
#include "drivers/gic/gic.h"
#include "drivers/uart/uart.h"
#include "drivers/watchdog/watchdog.h"

#define PPI_HYP_TIMER 26U /* fixed by the base system architecture (Arm BSA 3.5) */
#define DABT_WRITE (FIELD_PREP(ESR_EC, UINT64_C(0x24)) | ISS_WNR)

static struct trap_machine machine;

void trap_init(const struct trap_machine *m)
{
	machine = *m;
}

void machine_last_off(void)
{
	static const char *const what[] = {
		[CFG_LAST_OFF] = "system off", [CFG_LAST_RESET] = "system reset", [CFG_LAST_HALT] = "halt"
	};

	log_info("domain: all are off: %s", what[machine.sys->on_last_domain_off]);
	console_flush();
	if (machine.sys->on_last_domain_off == CFG_LAST_OFF) {
		firmware_system_off();
	} else if (machine.sys->on_last_domain_off == CFG_LAST_RESET) {
		firmware_system_reset();
	} else {
		/* The monitor still answers. */
	}
}

/*
 * When this CPU's timer must come next: for an unfinished line that has waited long enough, a lease, its domain's
 * watchdog; the board's is refreshed by CPU 0.
 */
static uint64_t next_wake(void)
{
	const uint32_t cpu = arch_cpu_id();
	const struct vcpu *v = domain_cpu_vcpu(cpu);
	uint64_t at = MIN(console_wake_at(), control_wake_at(v));

	if (v != NULL) {
		at = MIN(at, domain_watchdog_poll(v->domain));
	}
	if (cpu != 0U) {
		return at;
	}
	watchdog_poll(arch_counter());
	return MIN(at, watchdog_next());
}

/*
 * The consoles' work is done by one CPU, that has the UART's interrupt: one without a guest while there is one, so that
 * what is launched, ends or is typed is shown at no running domain's cost. Others do what their own guests cause on
 * the spot, and tell that one what else there is.
 */
static uint32_t console_cpu;  /* atomic */
static uint32_t console_told; /* atomic: a kick is under way to it */
static uint64_t free_cpus;    /* atomic: without a guest, as bits */
_Static_assert(FH_MAX_CPUS <= 64U, "a bit each");

static void move_console(uint32_t cpu)
{
	__atomic_store_n(&console_cpu, cpu, __ATOMIC_SEQ_CST);
	__atomic_store_n(&console_told, 0U, __ATOMIC_SEQ_CST);
	/* Until the route is right: another may move it meanwhile. */
	do {
		cpu = __atomic_load_n(&console_cpu, __ATOMIC_SEQ_CST);
		gic_irq_route(machine.uart_irq, cpu);
	} while (__atomic_load_n(&console_cpu, __ATOMIC_SEQ_CST) != cpu);
}

/* This CPU turns to its guest: one that is free takes the consoles over, or the next that becomes free. */
static void leave_console(uint32_t cpu)
{
	uint64_t others = __atomic_and_fetch(&free_cpus, ~BIT(cpu), __ATOMIC_SEQ_CST);

	while (others != 0U && (others & BIT(__atomic_load_n(&console_cpu, __ATOMIC_SEQ_CST))) == 0U) {
		cpu = (uint32_t)__builtin_ctzll(others);
		move_console(cpu);
		gic_send_sgi(cpu, GIC_SGI_KICK);
		others = __atomic_load_n(&free_cpus, __ATOMIC_SEQ_CST);
	}
}

static void tell_console(void)
{
	if (__atomic_exchange_n(&console_told, 1U, __ATOMIC_SEQ_CST) == 0U) {
		gic_send_sgi(__atomic_load_n(&console_cpu, __ATOMIC_SEQ_CST), GIC_SGI_KICK);
	}
}

static void set_wake(void)
{
	const uint64_t at = next_wake();

	if (at != UINT64_MAX) {
		arch_wake_at(at);
	}
}

static void consoles(void)
{
	if ((__atomic_load_n(&output_pending, __ATOMIC_ACQUIRE) & ~(OUTPUT_CONTROL | OUTPUT_TRACE)) != 0U) {
		console_poll();
		monitor_poll();
	}
	control_poll();
	set_wake();
}

/* What the exits left for the consoles, on a CPU that runs no guest. */
static void chores(void)
{
	const uint32_t cpu = arch_cpu_id();

	__atomic_fetch_or(&free_cpus, BIT(cpu), __ATOMIC_SEQ_CST);
	if ((__atomic_load_n(&free_cpus, __ATOMIC_SEQ_CST) & BIT(__atomic_load_n(&console_cpu, __ATOMIC_SEQ_CST))) ==
	    0U) {
		move_console(cpu);
	}
	if (console_pending()) {
		consoles();
	}
}

/* Whether the guest made this work itself: it wrote to its UART, or its own ports have some. */
static bool is_own(const struct vcpu *v, enum vcpu_exit why, uint32_t bits)
{
	return (why == VCPU_EXIT_SYNC && (READ_SYSREG(esr_el2) & (ESR_EC | ISS_WNR)) == DABT_WRITE &&
		v->last_dev->ops == &vuart_ops) ||
	       ((bits & OUTPUT_CONTROL) != 0U && v->domain->virtio.size != 0U);
}

/* After an exit: the trace, where it is on, and what was left for the consoles. */
static __attribute__((noinline)) void after_exit(const struct vcpu *v, enum vcpu_exit why)
{
	const uint32_t bits = __atomic_load_n(&output_pending, __ATOMIC_RELAXED);

	if ((bits & OUTPUT_TRACE) != 0U) {
		trace_put((uint16_t)why, v->domain->id, v->index, why == VCPU_EXIT_SYNC ? READ_SYSREG(esr_el2) : 0U);
	}
	if ((bits & ~OUTPUT_TRACE) == 0U) {
		return;
	}
	const bool here = arch_cpu_id() == __atomic_load_n(&console_cpu, __ATOMIC_RELAXED);

	if (here || is_own(v, why, bits)) {
		consoles();
	}
	if (!here && console_due()) {
		tell_console();
	}
}

/*
 * The interrupt path is compiled twice, for GICv3 and for GICv2: which of them a board has is a constant in it, and
 * is asked for once, where a CPU turns to its guest.
 */
#define EACH_GIC static inline __attribute__((always_inline))

EACH_GIC void device_irq(uint32_t ack, uint32_t intid, bool v2)
{
	struct domain *d = domain_of_irq(intid);

	gic_eoi(ack, v2);
	if (d == NULL || !vgic_inject_hw_spi(&d->vgic, intid)) {
		gic_deactivate(ack, v2);
	}
}

EACH_GIC void one_irq(struct vcpu *v, uint32_t ack, uint32_t intid, bool v2)
{
	if (intid == PPI_HYP_TIMER) {
		WRITE_SYSREG(cnthp_ctl_el2, 0);
		gic_eoi(ack, v2);
		gic_deactivate(ack, v2);
		consoles();
		return;
	}
	if (v != NULL && intid >= 16U && intid < 32U && intid != machine.maint_irq) {
		gic_eoi(ack, v2);
		if (!(v2 ? vgic_inject_new(&v->vgic, intid) : vgic_inject_hw_ppi(&v->vgic, intid))) {
			gic_deactivate(ack, v2);
		}
		return;
	}
	if (intid >= 32U && intid != machine.uart_irq) {
		device_irq(ack, intid, v2);
		return;
	}
	if (intid == GIC_SGI_STOP) {
		crash_stop_here();
	}
	if (intid == machine.uart_irq) {
		console_irq();
	}
	if (scrub_asked()) {
		vcpu_trap_wfi(true);
	}
	/* A kick, or the maintenance interrupt: coming out of the guest was its purpose. It looks for work now. */
	__atomic_store_n(&console_told, 0U, __ATOMIC_SEQ_CST);
	gic_eoi(ack, v2);
	gic_deactivate(ack, v2);
}

/*
 * One an exit: another one that is pending by then interrupts the guest at once. The maintenance interrupt is a level
 * that stays until the list registers are filled again, on the way in; a UART may be faster than its driver.
 */
EACH_GIC void take_irq(struct vcpu *v, bool v2)
{
	const uint32_t ack = gic_ack(v2);
	const uint32_t intid = gic_ack_intid(ack, v2);

	if (intid < GIC_SPURIOUS) {
		one_irq(v, ack, intid, v2);
	}
}

static __attribute__((noinline)) void trap_irq_v3(struct vcpu *v)
{
	take_irq(v, false);
}

static __attribute__((noinline)) void trap_irq_v2(struct vcpu *v)
{
	take_irq(v, true);
}

/* Takes a physical interrupt, if one is pending; v: this CPU's vCPU, or NULL. */
static void trap_irq(struct vcpu *v)
{
	if (gic_v2()) {
		trap_irq_v2(v);
	} else {
		trap_irq_v3(v);
	}
}

EACH_GIC void answer(struct vcpu *v, enum vcpu_exit why, bool v2)
{
	vgic_sync(&v->vgic);
	if (why == VCPU_EXIT_SYNC) {
		trap_sync(v);
	} else if (why == VCPU_EXIT_IRQ) {
		v->exits[CAUSE_IRQ]++;
		if (v2) {
			trap_irq_v2(v);
		} else {
			trap_irq_v3(v);
		}
	} else {
		v->exits[CAUSE_SERROR]++;
		log_guest(v->domain->id, "guest: dom=%s vcpu=%u: SError", v->domain->cfg->name, v->index);
		domain_ask(v->domain, DOM_REQ_CRASH);
	}
	if (console_pending()) {
		after_exit(v, why);
	}
}

/* The guest, until its CPU must look at more than an exit. */
EACH_GIC void run_guest(struct vcpu *v, bool v2)
{
	while (__atomic_load_n(&v->stop, __ATOMIC_ACQUIRE) == 0U) {
		vgic_flush(&v->vgic);
		answer(v, vcpu_enter(&v->regs), v2);
	}
}

/* The same by the clock, so that who does not want to know does not pay. */
static __attribute__((noinline)) void run_measured(struct vcpu *v)
{
	struct vcpu_times *t = &v->times;
	uint64_t out = arch_counter();

	while (__atomic_load_n(&v->stop, __ATOMIC_ACQUIRE) == 0U) {
		vgic_flush(&v->vgic);
		const uint64_t in = arch_counter();

		t->el2 += in - out;
		t->longest = MAX(t->longest, in - out);
		__atomic_store_n(&t->since, in, __ATOMIC_RELAXED);
		const enum vcpu_exit why = vcpu_enter(&v->regs);

		out = arch_counter();
		__atomic_store_n(&t->since, 0U, __ATOMIC_RELAXED);
		t->guest += out - in;
		answer(v, why, gic_v2());
	}
}

/* For an interrupt, or a chunk of free memory. */
static void wait(void)
{
	if (!scrub_step(domain_ledger(), SCRUB_IDLE)) {
		dsb(sy);
		cpu_wfi();
		scrub_awake();
	}
}

static void idle(struct vcpu *v)
{
	chores();
	if (v == NULL || __atomic_load_n(&v->stop, __ATOMIC_ACQUIRE) == 0U) {
		wait();
	}
	trap_irq(v);
}

void run_loop(void)
{
	const uint32_t cpu = arch_cpu_id();

	WRITE_SYSREG(cnthp_ctl_el2, 0);
	gic_irq_priority(cpu, PPI_HYP_TIMER, GIC_PRIO_EL2);
	gic_irq_enable(cpu, PPI_HYP_TIMER);
	gic_irq_priority(cpu, machine.maint_irq, GIC_PRIO_EL2);
	gic_irq_enable(cpu, machine.maint_irq);
	set_wake();

	for (;;) {
		bool last_off = false;
		struct vcpu *v = domain_cpu_vcpu(cpu);
		const enum domain_step step = v != NULL ? domain_next_step(v, &last_off) : DOM_STEP_IDLE;

		if (last_off) {
			machine_last_off();
		}
		switch (step) {
		case DOM_STEP_RUN:
			vcpu_trap_wfi(machine.sys->scrub_when_idle);
			if (domain_measured()) {
				run_measured(v);
			} else if (gic_v2()) {
				run_guest(v, true);
			} else {
				run_guest(v, false);
			}
			break;
		case DOM_STEP_START:
			leave_console(cpu);
			domain_vcpu_start(v);
			break;
		case DOM_STEP_BUILD:
			domain_build_step(v->domain);
			trap_irq(v);
			chores();
			break;
		case DOM_STEP_UNBUILD:
			if (domain_unbuild_step(v->domain)) {
				machine_last_off();
			}
			trap_irq(domain_cpu_vcpu(cpu));
			chores();
			break;
		case DOM_STEP_IDLE:
		default:
			/* It may have let go of its vCPU just now. */
			idle(domain_cpu_vcpu(cpu));
			break;
		}
	}
}
