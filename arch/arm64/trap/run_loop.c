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
#include "core/monitor/monitor.h"
#include "drivers/gic/gic.h"
#include "drivers/uart/uart.h"
#include "drivers/watchdog/watchdog.h"

#define PPI_HYP_TIMER 26U /* fixed by the base system architecture (Arm BSA 3.5) */
#define TIMER_ENABLE UINT64_C(1)

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

/* EL2's own timer (CNTHP) brings this CPU back to the consoles when an unfinished line has waited long enough. */
static void wake_at(uint64_t counter)
{
	if (counter != UINT64_MAX) {
		WRITE_SYSREG(cnthp_cval_el2, counter);
		WRITE_SYSREG(cnthp_ctl_el2, TIMER_ENABLE);
		isb();
	}
}

/* When this CPU's timer must come next; the board's watchdog is refreshed by CPU 0. */
static uint64_t next_wake(void)
{
	const uint64_t at = console_wake_at();

	if (arch_cpu_id() != 0U) {
		return at;
	}
	watchdog_poll(arch_counter());
	return MIN(at, watchdog_next());
}

static void consoles(void)
{
	console_poll();
	monitor_poll();
	control_poll();
	wake_at(next_wake());
}

/* What the exits left for the consoles. */
static inline void chores(void)
{
	if (console_pending()) {
		consoles();
	}
}

static void device_irq(uint32_t intid)
{
	struct domain *d = domain_of_irq(intid);

	gic_eoi(intid);
	if (d == NULL || !vgic_inject_hw_spi(&d->vgic, intid)) {
		gic_deactivate(intid);
	}
}

static void one_irq(struct vcpu *v, uint32_t intid)
{
	if (intid == PPI_HYP_TIMER) {
		WRITE_SYSREG(cnthp_ctl_el2, 0);
		gic_eoi(intid);
		gic_deactivate(intid);
		consoles();
		return;
	}
	if (v != NULL && intid >= 16U && intid < 32U && intid != machine.maint_irq) {
		gic_eoi(intid);
		if (!vgic_inject_hw_ppi(&v->vgic, intid)) {
			gic_deactivate(intid);
		}
		return;
	}
	if (intid >= 32U && intid != machine.uart_irq) {
		device_irq(intid);
		return;
	}
	if (intid == GIC_SGI_STOP) {
		crash_stop_here();
	}
	if (intid == machine.uart_irq) {
		console_irq();
	}
	/* A kick, or the maintenance interrupt: coming out of the guest was its purpose. */
	gic_eoi(intid);
	gic_deactivate(intid);
}

void trap_irq(struct vcpu *v)
{
	uint32_t intid;

	/* The maintenance interrupt is a level that stays until the list registers are filled again, on the way in. */
	do {
		intid = gic_ack();
		if (intid < GIC_SPURIOUS) {
			one_irq(v, intid);
		}
	} while (intid < GIC_SPURIOUS && intid != machine.maint_irq);
}

/* The guest, until its CPU must look at more than an exit. */
static void run_guest(struct vcpu *v)
{
	while (__atomic_load_n(&v->stop, __ATOMIC_ACQUIRE) == 0U) {
		vgic_flush(&v->vgic);
		const enum vcpu_exit why = vcpu_enter(&v->regs);

		vgic_sync(&v->vgic);
		v->exits[why]++;
		if (why == VCPU_EXIT_SYNC) {
			trap_sync(v);
		} else if (why == VCPU_EXIT_IRQ) {
			trap_irq(v);
		} else {
			log_guest(v->domain->id, "guest: dom=%s vcpu=%u: SError", v->domain->cfg->name, v->index);
			domain_ask(v->domain, DOM_REQ_CRASH);
		}
		chores();
	}
}

static void idle(struct vcpu *v)
{
	chores();
	if (v == NULL || __atomic_load_n(&v->stop, __ATOMIC_ACQUIRE) == 0U) {
		dsb(sy);
		cpu_wfi();
	}
	trap_irq(v);
}

void run_loop(void)
{
	const uint32_t cpu = arch_cpu_id();
	struct vcpu *v = domain_cpu_vcpu(cpu);

	WRITE_SYSREG(cnthp_ctl_el2, 0);
	gic_irq_priority(cpu, PPI_HYP_TIMER, GIC_PRIO_EL2);
	gic_irq_enable(cpu, PPI_HYP_TIMER);
	gic_irq_priority(cpu, machine.maint_irq, GIC_PRIO_EL2);
	gic_irq_enable(cpu, machine.maint_irq);
	wake_at(next_wake());

	for (;;) {
		bool last_off = false;
		const enum domain_step step = v != NULL ? domain_next_step(v, &last_off) : DOM_STEP_IDLE;

		if (last_off) {
			machine_last_off();
		}
		switch (step) {
		case DOM_STEP_RUN:
			run_guest(v);
			break;
		case DOM_STEP_START:
			domain_vcpu_start(v);
			break;
		case DOM_STEP_BUILD:
			(void)domain_build_step(v->domain);
			trap_irq(v);
			chores();
			break;
		case DOM_STEP_IDLE:
		default:
			idle(v);
			break;
		}
	}
}
