/* SPDX-License-Identifier: MIT */
// SOURCES: arch/arm64/vgic/*.c tests/unit/fake/lock_host.c core/base/status.c
#include "tests/unit/vgic_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LR_PEND (UINT64_C(1) << 62)
#define LR_ACTIVE (UINT64_C(1) << 63)
#define LR_HW (UINT64_C(1) << 61)
#define LR_EOI (UINT64_C(1) << 41)
#define EOICOUNT_ONE (UINT64_C(1) << 27)

/* As in drivers/gic/gic.h, which can't be included here: its fakes are in this file. */
void gic_irq_enable(uint32_t cpu, uint32_t intid);
void gic_irq_disable(uint32_t cpu, uint32_t intid);
void gic_irq_set_pending(uint32_t cpu, uint32_t intid, bool pending);
void gic_irq_set_active(uint32_t cpu, uint32_t intid, bool active);
void gic_irq_config(uint32_t cpu, uint32_t intid, bool edge);
void gic_irq_route(uint32_t intid, uint32_t cpu);
uint32_t gic_irqs_pending(uint32_t cpu, uint32_t word);
void gic_send_sgi(uint32_t cpu, uint32_t sgi);
uint32_t gic_nr_intids(void);
uint64_t fake_sysreg_read(const char *name);
void fake_sysreg_write(const char *name, uint64_t v);

uint32_t mmio_read32(const volatile void *a);
void mmio_write32(volatile void *a, uint32_t v);
extern uint8_t *gicv2_cpu;
extern uint8_t *gicv2_hyp;

struct machine machine;
uint8_t *gicv2_cpu;
uint8_t *gicv2_hyp;
static uint8_t gich[0x200];

void machine_reset(uint32_t nr_lrs)
{
	memset(&machine, 0, sizeof(machine));
	machine.nr_lrs = nr_lrs;
	fake_cpu = 0;
	gicv2_hyp = NULL;
}

void machine_reset_v2(uint32_t nr_lrs)
{
	machine_reset(nr_lrs);
	machine.v2 = true;
	gicv2_hyp = gich;
}

struct phys_irq *machine_phys(uint32_t cpu, uint32_t intid)
{
	return intid < 32U ? &machine.ppi[cpu][intid] : &machine.spi[intid];
}

/* As EL2 reaches it: a GICv2's private ones of another CPU not at all. */
static struct phys_irq *reach(uint32_t cpu, uint32_t intid)
{
	static struct phys_irq none;

	return machine.v2 && intid < 32U && cpu != fake_cpu ? &none : machine_phys(cpu, intid);
}

void gic_irq_enable(uint32_t cpu, uint32_t intid)
{
	reach(cpu, intid)->enabled = true;
}

void gic_irq_disable(uint32_t cpu, uint32_t intid)
{
	reach(cpu, intid)->enabled = false;
}

void gic_irq_set_pending(uint32_t cpu, uint32_t intid, bool pending)
{
	reach(cpu, intid)->pending = pending;
}

void gic_irq_set_active(uint32_t cpu, uint32_t intid, bool active)
{
	reach(cpu, intid)->active = active;
}

void gic_irq_config(uint32_t cpu, uint32_t intid, bool edge)
{
	reach(cpu, intid)->edge = edge;
}

void gic_irq_route(uint32_t intid, uint32_t cpu)
{
	if (intid >= 32U) {
		machine.route[intid] = cpu;
	}
}

uint32_t gic_irqs_pending(uint32_t cpu, uint32_t word)
{
	uint32_t v = 0;

	for (uint32_t i = 0; i < 32U; i++) {
		v |= machine_phys(cpu, word * 32U + i)->pending ? 1U << i : 0U;
	}
	return v;
}

void gic_send_sgi(uint32_t cpu, uint32_t sgi)
{
	if (sgi != 0U || cpu == fake_cpu) {
		abort();
	}
	__atomic_fetch_or(&machine.kicks, UINT64_C(1) << cpu, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&machine.nr_kicks, 1U, __ATOMIC_RELAXED);
}

uint32_t gic_nr_intids(void)
{
	return 288U;
}

static uint64_t elrsr(uint32_t cpu)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < machine.nr_lrs; i++) {
		const uint64_t lr = machine.lr[cpu][i];

		if ((lr & (LR_PEND | LR_ACTIVE)) == 0U && ((lr & LR_HW) != 0U || (lr & LR_EOI) == 0U)) {
			v |= UINT64_C(1) << i;
		}
	}
	return v;
}

static uint64_t eisr(uint32_t cpu)
{
	uint64_t v = 0;

	for (uint32_t i = 0; i < machine.nr_lrs; i++) {
		const uint64_t lr = machine.lr[cpu][i];

		if ((lr & (LR_PEND | LR_ACTIVE | LR_HW)) == 0U && (lr & LR_EOI) != 0U) {
			v |= UINT64_C(1) << i;
		}
	}
	return v;
}

/* The index in "ich_lrN_el2", or -1. */
static int lr_of(const char *name)
{
	int n;
	char end;

	return sscanf(name, "ich_lr%d_el%c", &n, &end) == 2 && end == '2' ? n : -1;
}

/* ICH_MISR_EL2.NP */
static uint64_t none_pending(uint32_t cpu)
{
	for (uint32_t i = 0; i < machine.nr_lrs; i++) {
		if ((machine.lr[cpu][i] & (LR_PEND | LR_ACTIVE)) == LR_PEND) {
			return 0;
		}
	}
	return UINT64_C(8);
}

uint64_t fake_sysreg_read(const char *name)
{
	const int n = lr_of(name);

	if (n >= 0) {
		if ((uint32_t)n >= machine.nr_lrs) {
			abort();
		}
		__atomic_fetch_add(&machine.lr_accesses, 1U, __ATOMIC_RELAXED);
		return machine.lr[fake_cpu][n];
	}
	if (strcmp(name, "ich_vtr_el2") == 0) {
		return UINT64_C(4) << 29 | UINT64_C(4) << 26 | (machine.nr_lrs - 1U);
	}
	if (strcmp(name, "ich_elrsr_el2") == 0) {
		return elrsr(fake_cpu);
	}
	if (strcmp(name, "ich_eisr_el2") == 0) {
		return eisr(fake_cpu);
	}
	if (strcmp(name, "ich_misr_el2") == 0) {
		return none_pending(fake_cpu);
	}
	if (strcmp(name, "ich_hcr_el2") == 0) {
		return machine.hcr[fake_cpu];
	}
	if (strcmp(name, "ich_vmcr_el2") == 0) {
		return machine.vmcr[fake_cpu];
	}
	return 0;
}

void fake_sysreg_write(const char *name, uint64_t v)
{
	const int n = lr_of(name);

	if (n >= 0) {
		if ((uint32_t)n >= machine.nr_lrs) {
			abort();
		}
		__atomic_fetch_add(&machine.lr_accesses, 1U, __ATOMIC_RELAXED);
		machine.lr[fake_cpu][n] = v;
	} else if (strcmp(name, "ich_hcr_el2") == 0) {
		machine.hcr[fake_cpu] = v;
	} else if (strcmp(name, "ich_vmcr_el2") == 0) {
		machine.vmcr[fake_cpu] = v;
	}
}

uint32_t guest_ack(uint32_t cpu)
{
	int best = -1;

	for (uint32_t i = 0; i < machine.nr_lrs; i++) {
		const uint64_t lr = machine.lr[cpu][i];

		if ((lr & LR_PEND) != 0U && (lr & LR_ACTIVE) == 0U &&
		    (best < 0 || (lr >> 48 & 0xffU) < (machine.lr[cpu][best] >> 48 & 0xffU))) {
			best = (int)i;
		}
	}
	if (best < 0) {
		return NO_INTID;
	}
	machine.lr[cpu][best] ^= LR_PEND | LR_ACTIVE;
	return (uint32_t)machine.lr[cpu][best];
}

int machine_find_lr(uint32_t cpu, uint32_t intid)
{
	for (uint32_t i = 0; i < machine.nr_lrs; i++) {
		const uint64_t lr = machine.lr[cpu][i];

		if ((lr & (LR_PEND | LR_ACTIVE)) != 0U && (uint32_t)lr == intid) {
			return (int)i;
		}
	}
	return -1;
}

bool guest_dir(uint32_t cpu, uint32_t intid)
{
	const int i = machine_find_lr(cpu, intid);

	if (i < 0 || (machine.lr[cpu][i] & LR_ACTIVE) == 0U) {
		return false;
	}
	machine.lr[cpu][i] &= ~LR_ACTIVE;
	if ((machine.lr[cpu][i] & LR_HW) != 0U) {
		machine_phys(cpu, (uint32_t)(machine.lr[cpu][i] >> 32) & 0x1fffU)->active = false;
	}
	return true;
}

void guest_eoi(uint32_t cpu, uint32_t intid)
{
	if (!guest_dir(cpu, intid)) {
		machine.hcr[cpu] += EOICOUNT_ONE;
	}
}

bool guest_dir_traps(uint32_t cpu)
{
	return (machine.hcr[cpu] >> 14 & 1U) != 0U;
}

bool machine_maintenance(uint32_t cpu)
{
	const uint64_t hcr = machine.hcr[cpu];
	uint32_t valid = 0;
	uint32_t pending = 0;

	for (uint32_t i = 0; i < machine.nr_lrs; i++) {
		valid += (machine.lr[cpu][i] & (LR_PEND | LR_ACTIVE)) != 0U ? 1U : 0U;
		pending += (machine.lr[cpu][i] & (LR_PEND | LR_ACTIVE)) == LR_PEND ? 1U : 0U;
	}
	return (hcr & 1U) != 0U && (((hcr & 2U) != 0U && valid <= 1U) || ((hcr & 4U) != 0U && hcr >> 27 != 0U) ||
				    ((hcr & 8U) != 0U && pending == 0U) || eisr(cpu) != 0U);
}

uint32_t guest_sender(uint32_t cpu, uint32_t intid)
{
	const int i = machine_find_lr(cpu, intid);

	return i < 0 ? NO_INTID : (uint32_t)(machine.lr[cpu][i] >> 32 & 7U);
}

/* A list register of GICH (IHI 0048B 5.3.8) as one of ICH. */
static uint64_t lr_from_v2(uint32_t v)
{
	uint64_t lr = v & 0x3ffU;

	lr |= (uint64_t)(v >> 10 & 0x3ffU) << 32; /* EOI, the sender, or the physical interrupt */
	lr |= (uint64_t)(v >> 23 & 0x1fU) << 51;
	lr |= (uint64_t)(v >> 28 & 3U) << 62;
	lr |= (uint64_t)(v >> 30 & 1U) << 60;
	lr |= (uint64_t)(v >> 31) << 61;
	return lr;
}

uint32_t mmio_read32(const volatile void *a)
{
	const uint32_t off = (uint32_t)((const volatile uint8_t *)a - gich);
	char name[] = "ich_lr00_el2";

	switch (off) {
	case 0x00:
		return (uint32_t)machine.hcr[fake_cpu];
	case 0x04:
		return (uint32_t)fake_sysreg_read("ich_vtr_el2");
	case 0x08:
		return (uint32_t)machine.vmcr[fake_cpu];
	case 0x10:
		return (uint32_t)none_pending(fake_cpu);
	case 0x20:
		return (uint32_t)eisr(fake_cpu);
	case 0x30:
		return (uint32_t)elrsr(fake_cpu);
	case 0xf0:
		return (uint32_t)machine.apr[fake_cpu];
	default:
		break;
	}
	if (off < 0x100U || off >= 0x200U) {
		abort();
	}
	snprintf(name, sizeof(name), "ich_lr%u_el2", (off - 0x100U) / 4U % 16U);
	/* The state; the rest would have to be put together, and nobody asks. */
	return (uint32_t)(fake_sysreg_read(name) >> 62) << 28;
}

void mmio_write32(volatile void *a, uint32_t v)
{
	const uint32_t off = (uint32_t)((volatile uint8_t *)a - gich);
	char name[] = "ich_lr00_el2";

	if (off == 0U) {
		/* Its reserved bits are written as zero. */
		if ((v & 0x07ffff00U) != 0U) {
			abort();
		}
		machine.hcr[fake_cpu] = v;
	} else if (off == 8U) {
		machine.vmcr[fake_cpu] = v;
	} else if (off == 0xf0U) {
		machine.apr[fake_cpu] = v;
	} else if (off >= 0x100U && off < 0x200U) {
		snprintf(name, sizeof(name), "ich_lr%u_el2", (off - 0x100U) / 4U % 16U);
		fake_sysreg_write(name, lr_from_v2(v));
	} else {
		abort();
	}
}
