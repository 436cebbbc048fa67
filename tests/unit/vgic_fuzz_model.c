/* SPDX-License-Identifier: MIT */
/* A GIC without list registers: one record an interrupt, and how they come, are taken and are served. */
#include "tests/unit/vgic_fuzz.h"

struct vgic g;
struct vgic_cpu cpus[NR_VCPUS];
struct irq priv[NR_VCPUS][32];
struct irq spis[NR_SPIS];
bool v2;
uint32_t ctlr;
bool loaded[NR_VCPUS];
uint32_t step;
uint32_t taken;
uint64_t rng;

uint32_t rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)(rng >> 16) % n;
}

struct irq *irq_of(uint32_t v, uint32_t intid)
{
	return intid < 32U ? &priv[v][intid] : &spis[intid - 32U];
}

bool is_hw(uint32_t intid)
{
	return intid == PPI_HW || intid == SPI_HW;
}

bool pending(const struct irq *q)
{
	return q->pend || q->from != 0U || (q->line && !q->edge);
}

bool takes(uint32_t v, uint32_t intid)
{
	const struct irq *q = irq_of(v, intid);

	return pending(q) && !q->active && q->enable && (ctlr & (q->group ? 2U : 1U)) != 0U &&
	       (intid < 32U || q->route == v);
}

static void enter(uint32_t v)
{
	const uint32_t back = fake_cpu;

	fake_cpu = v;
	if (loaded[v]) {
		vgic_sync(&cpus[v]);
		vgic_flush(&cpus[v]);
	}
	fake_cpu = back;
}

static void comes(struct irq *q)
{
	q->pend = true;
	q->soft = q->again;
	q->again = false;
}

/* The physical interrupts, which are levels: taken by EL2 where enabled, and handed over. */
static void hardware(void)
{
	for (uint32_t v = 0; v < NR_VCPUS; v++) {
		struct phys_irq *p = machine_phys(v, PPI_HW);

		if (p->enabled && p->pending && !p->active && loaded[v]) {
			p->active = true;
			comes(&priv[v][PPI_HW]);
			fake_cpu = v;
			assert_true(vgic_inject_hw_ppi(&cpus[v], PPI_HW));
		}
	}
	struct phys_irq *p = machine_phys(0, SPI_HW);

	if (p->enabled && p->pending && !p->active) {
		p->active = true;
		comes(&spis[SPI_HW - 32U]);
		fake_cpu = machine.route[SPI_HW];
		assert_true(vgic_inject_hw_spi(&g, SPI_HW));
	}
}

/* Whoever acted goes in again; then all that must look do, until nobody must. */
void settle(uint32_t c)
{
	uint32_t rounds = 0;

	hardware();
	fake_cpu = 99;
	enter(c);
	for (uint32_t v = 0; v < NR_VCPUS; v++) {
		/* Who took a hardware interrupt just now was out of its guest, too. */
		enter(v);
	}
	while (machine.kicks != 0U) {
		const uint32_t v = (uint32_t)__builtin_ctzll(machine.kicks);

		machine.kicks &= machine.kicks - 1U;
		CHECK(loaded[v], "a kick to a vCPU that does not run");
		enter(v);
		CHECK(++rounds < 1000U, "kicks without end");
	}
	for (uint32_t v = 0; v < NR_VCPUS; v++) {
		CHECK(!machine_maintenance(v), "maintenance interrupt without end, cpu %u, hcr %x", v,
		      (unsigned int)machine.hcr[v]);
		CHECK(!loaded[v] || cpus[v].todo == 0U, "todo %x", cpus[v].todo);
	}
}

/* Each interrupt is in one place; the records of list registers are right. */
void audit(void)
{
	uint32_t in_lr[1 + NR_VCPUS + NR_SPIS / 32U] = { 0 };

	for (uint32_t v = 0; v < NR_VCPUS; v++) {
		for (uint32_t i = 0; i < machine.nr_lrs; i++) {
			const uint64_t lr = machine.lr[v][i];
			const uint32_t intid = (uint32_t)lr;
			uint32_t *seen = intid < 32U ? &in_lr[v] : &in_lr[NR_VCPUS + intid / 32U - 1U];

			if (lr >> 62 == 0U) {
				continue;
			}
			CHECK(loaded[v], "list register of an unloaded vCPU");
			CHECK((cpus[v].lr_used >> i & 1U) != 0U && cpus[v].lr_intid[i] == intid, "lr %u", i);
			CHECK((*seen >> (intid % 32U) & 1U) == 0U, "intid %u twice", intid);
			CHECK((lr >> 61 & 1U) == is_hw(intid), "intid %u hw", intid);
			CHECK(lr >> 61 != 7U, "intid %u: active and pending, of hardware", intid);
			CHECK(!v2 || intid >= 16U || lr >> 62 != 3U, "SGI %u: active and pending, of one sender",
			      intid);
			*seen |= 1U << (intid % 32U);
		}
		CHECK((in_lr[v] & ~cpus[v].priv.in_lr) == 0U, "private word of %u", v);
	}
	for (uint32_t w = 0; w < NR_SPIS / 32U; w++) {
		CHECK((in_lr[NR_VCPUS + w] & ~g.spi[w].in_lr) == 0U, "word %u", w);
	}
}
