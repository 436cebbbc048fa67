/* SPDX-License-Identifier: MIT */
// SOURCES: arch/arm64/vgic/*.c tests/unit/vgic_machine.c tests/unit/fake/lock_host.c core/base/status.c
/*
 * Random operations of four vCPUs, their devices and the hardware against a model without list registers: one record
 * an interrupt. Kicks and maintenance interrupts are served after each operation; then what a guest takes must be
 * the model's most urgent, and every register must read what the model says. VGIC_SEED=n repeats a run.
 *
 * GICv2: word 0 is each vCPU's own, SGIs pend by sender and are enabled for good, an SPI has one target or none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/arm64/vgic/vgic.h"
#include "tests/unit/vgic_machine.h"

#define NR_VCPUS 4U
#define NR_SPIS 64U
#define NR_INTIDS (32U + NR_SPIS)
#define STEPS 100000U
#define NOBODY 0xffU
#define PPI_HW 27U
#define SPI_HW 40U

struct irq {
	bool enable;
	bool group;
	bool edge;
	bool pend;
	bool line;
	bool active;
	uint8_t prio;
	uint8_t route; /* SPI: vCPU */
	uint8_t owner; /* who took it */
	uint8_t from;  /* GICv2, an SGI: who sent it */
	bool soft;     /* of hardware: by ISPENDR */
	bool again;    /* and the physical one that this made pending has not come yet */
};

static struct vgic g;
static struct vgic_cpu cpus[NR_VCPUS];
static struct irq priv[NR_VCPUS][32];
static struct irq spis[NR_SPIS];
static bool v2;
static uint32_t ctlr;
static bool loaded[NR_VCPUS];
static uint32_t step;
static uint32_t taken;
static uint64_t rng;

static uint32_t rnd(uint32_t n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (uint32_t)(rng >> 16) % n;
}

#define CHECK(cond, ...)                                                                                               \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			printf("step %u: %s: ", step, #cond);                                                          \
			printf(__VA_ARGS__);                                                                           \
			printf("\n");                                                                                  \
			fail();                                                                                        \
		}                                                                                                      \
	} while (0)

static struct irq *irq_of(uint32_t v, uint32_t intid)
{
	return intid < 32U ? &priv[v][intid] : &spis[intid - 32U];
}

static bool is_hw(uint32_t intid)
{
	return intid == PPI_HW || intid == SPI_HW;
}

static bool pending(const struct irq *q)
{
	return q->pend || q->from != 0U || (q->line && !q->edge);
}

static bool takes(uint32_t v, uint32_t intid)
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
static void settle(uint32_t c)
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
static void audit(void)
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

static const struct vdev_ops *dist(void)
{
	return v2 ? &vgic_v2_dist_ops : &vgic_dist_ops;
}

static void dist_write(uint32_t c, uint64_t off, uint32_t size, uint64_t v)
{
	fake_cpu = c;
	assert_int_equal(dist()->write(&g, c, off, size, v), VDEV_OK);
}

/* Whose private interrupts c may access. */
static uint32_t any_owner(uint32_t c)
{
	return v2 ? c : rnd(NR_VCPUS);
}

/* A register of 32 interrupts: of a redistributor (w == 0) or of the distributor. */
static void word_write(uint32_t c, uint32_t owner, uint32_t w, uint64_t off, uint32_t val)
{
	fake_cpu = c;
	if (w == 0U && !v2) {
		const uint64_t base = owner * VGIC_REDIST_STRIDE + 0x10000U;

		assert_int_equal(vgic_redist_ops.write(&g, c, base + off, 4, val), VDEV_OK);
	} else {
		dist_write(c, off + 4U * w, 4, val);
	}
}

static uint32_t word_read(uint32_t c, uint32_t owner, uint32_t w, uint64_t off)
{
	const uint64_t base = owner * VGIC_REDIST_STRIDE + 0x10000U;
	uint64_t v = 0;

	fake_cpu = c;
	if (w == 0U && !v2) {
		assert_int_equal(vgic_redist_ops.read(&g, c, base + off, 4, &v), VDEV_OK);
	} else {
		assert_int_equal(dist()->read(&g, c, off + 4U * w, 4, &v), VDEV_OK);
	}
	return (uint32_t)v;
}

static void model_word(uint32_t c, uint32_t owner, uint32_t w, uint64_t off, uint32_t val)
{
	for (uint32_t n = 0; n < 32U; n++) {
		const uint32_t intid = w * 32U + n;
		struct irq *q = irq_of(owner, intid);
		const bool bit = (val >> n & 1U) != 0U;

		if (v2 && intid < 16U && off >= 0x100U && off < 0x300U) {
			continue;
		}
		switch (off) {
		case 0x80:
			q->group = bit;
			break;
		case 0x100:
			q->enable |= bit;
			break;
		case 0x180:
			q->enable &= !bit;
			break;
		case 0x200:
			q->pend |= bit && !is_hw(intid);
			q->again |= bit && is_hw(intid);
			break;
		case 0x280:
			q->pend &= !bit;
			q->soft &= !bit;
			q->again &= !bit;
			break;
		case 0x300:
			if (bit && !q->active) {
				q->soft = false;
				q->active = true;
				q->owner = intid < 32U ? (uint8_t)owner : q->route != NOBODY ? q->route : (uint8_t)c;
			}
			break;
		default:
			q->active &= !bit;
			break;
		}
	}
}

static void op_word(uint32_t c, uint64_t off)
{
	const uint32_t owner = any_owner(c);
	const uint32_t w = rnd(1U + NR_SPIS / 32U);
	const uint32_t val = rnd(UINT32_MAX) & rnd(UINT32_MAX) & (rnd(3) != 0U ? rnd(UINT32_MAX) : UINT32_MAX);

	word_write(c, owner, w, off, val);
	model_word(c, w == 0U ? owner : c, w, off, val);
}

static void op_prio(uint32_t c)
{
	const uint32_t intid = rnd(NR_INTIDS);
	const uint32_t owner = any_owner(c);
	const uint8_t prio = (uint8_t)rnd(256);
	const uint64_t base = owner * VGIC_REDIST_STRIDE + 0x10400U;

	fake_cpu = c;
	if (intid < 32U && !v2) {
		assert_int_equal(vgic_redist_ops.write(&g, c, base + intid, 1, prio), VDEV_OK);
	} else {
		dist_write(c, 0x400 + intid, 1, prio);
	}
	irq_of(owner, intid)->prio = prio & 0xf8U;
}

static void op_cfg(uint32_t c)
{
	const uint32_t w = rnd(1U + NR_SPIS / 32U);
	const uint32_t half = rnd(2);
	const uint32_t owner = any_owner(c);
	const uint32_t val = rnd(UINT32_MAX);

	if (w == 0U && !v2) {
		word_write(c, owner, 0, 0xc00U + 4U * half, val);
	} else {
		dist_write(c, 0xc00U + 8U * w + 4U * half, 4, val);
	}
	for (uint32_t i = 0; i < 16U; i++) {
		const uint32_t intid = w * 32U + half * 16U + i;

		if (intid >= 16U && !is_hw(intid)) {
			irq_of(owner, intid)->edge = (val >> (2U * i + 1U) & 1U) != 0U;
		}
	}
}

static void op_route(uint32_t c)
{
	const uint32_t intid = 32U + rnd(NR_SPIS);
	const uint32_t to = rnd(8) == 0U ? 0x10000U : rnd(NR_VCPUS);

	if (v2) {
		dist_write(c, 0x800U + intid, 1, to < NR_VCPUS ? 1U << to : 0xf0U);
	} else {
		dist_write(c, 0x6000U + 8U * intid, 8, to);
	}
	spis[intid - 32U].route = to < NR_VCPUS ? (uint8_t)to : NOBODY;
}

/* By GICD_SGIR, or pending and not by the vCPU's own registers. */
static void op_sgi_v2(uint32_t c)
{
	const uint32_t sgi = rnd(16);
	const uint32_t filter = rnd(4);
	const uint32_t list = rnd(256);
	const uint32_t all = (1U << NR_VCPUS) - 1U;
	const uint32_t to[] = { list & all, all & ~(1U << c), 1U << c, 0 };
	const uint32_t how = rnd(8);

	if (how > 1U) {
		dist_write(c, 0xf00, 4, filter << 24 | list << 16 | sgi);
		for (uint32_t v = 0; v < NR_VCPUS; v++) {
			if ((to[filter] >> v & 1U) != 0U) {
				priv[v][sgi].from |= (uint8_t)(1U << c);
			}
		}
	} else if (how == 1U) {
		dist_write(c, 0xf20U + sgi, 1, list);
		priv[c][sgi].from |= (uint8_t)(list & all);
	} else {
		dist_write(c, 0xf10U + sgi, 1, list);
		priv[c][sgi].from &= (uint8_t)~list;
	}
}

static void op_sgi(uint32_t c)
{
	const uint32_t sgi = rnd(16);
	const uint32_t list = rnd(16);
	const bool irm = rnd(4) == 0U;

	fake_cpu = c;
	vgic_sgi(&g, c, (uint64_t)sgi << 24 | (irm ? UINT64_C(1) << 40 : 0U) | list, 1);
	for (uint32_t v = 0; v < NR_VCPUS; v++) {
		if ((irm ? v != c : (list >> v & 1U) != 0U) && priv[v][sgi].group) {
			priv[v][sgi].pend = true;
		}
	}
}

static void op_device(uint32_t c)
{
	const uint32_t intid = 16U + rnd(NR_INTIDS - 16U);
	const uint32_t v = rnd(NR_VCPUS);
	struct irq *q = irq_of(v, intid);

	fake_cpu = c;
	if (is_hw(intid)) {
		machine_phys(v, intid)->pending = rnd(2) != 0U;
	} else if (rnd(2) == 0U) {
		vgic_pend(&g, v, intid);
		q->pend = true;
	} else {
		const bool level = rnd(2) != 0U;

		vgic_set_level(&g, v, intid, level);
		q->pend |= level && !q->line && q->edge;
		q->line = level;
	}
}

static void op_take(uint32_t c)
{
	uint32_t best = UINT32_MAX;
	uint32_t intid;

	if (!loaded[c]) {
		return;
	}
	for (uint32_t i = 0; i < NR_INTIDS; i++) {
		if (takes(c, i)) {
			best = irq_of(c, i)->prio < best ? irq_of(c, i)->prio : best;
		}
	}
	intid = guest_ack(c);
	if (intid == NO_INTID) {
		CHECK(best == UINT32_MAX, "vcpu %u gets nothing, priority %u waits", c, best);
		return;
	}
	CHECK(takes(c, intid), "vcpu %u takes %u: pend %d line %d edge %d active %d enable %d route %u", c, intid,
	      irq_of(c, intid)->pend, irq_of(c, intid)->line, irq_of(c, intid)->edge, irq_of(c, intid)->active,
	      irq_of(c, intid)->enable, irq_of(c, intid)->route);
	CHECK(irq_of(c, intid)->prio == best, "vcpu %u takes %u, prio %u before %u", c, intid, irq_of(c, intid)->prio,
	      best);
	if (v2 && intid < 16U) {
		const uint32_t sender = guest_sender(c, intid);

		CHECK(((uint32_t)irq_of(c, intid)->from >> sender & 1U) != 0U, "vcpu %u takes %u from %u", c, intid,
		      sender);
		irq_of(c, intid)->from &= (uint8_t) ~(1U << sender);
	}
	irq_of(c, intid)->active = true;
	irq_of(c, intid)->pend = false;
	irq_of(c, intid)->soft = false;
	irq_of(c, intid)->owner = (uint8_t)c;
	taken++;
}

static void op_end(uint32_t c)
{
	const uint32_t first = rnd(NR_INTIDS);

	for (uint32_t k = 0; k < NR_INTIDS && loaded[c]; k++) {
		const uint32_t intid = (first + k) % NR_INTIDS;
		struct irq *q = irq_of(c, intid);

		if (!q->active || (intid >= 32U && q->owner != c)) {
			continue;
		}
		fake_cpu = c;
		if (v2 && (rnd(4) == 0U || machine_find_lr(c, intid) < 0)) {
			/* GICC_DIR, with what an SGI's sender adds. */
			vgic_sync(&cpus[c]);
			machine.vmcr[c] |= 1U << 9;
			assert_int_equal(vgic_v2_dir_ops.write(&g, c, 0, 4, intid | 5U << 10), VDEV_OK);
		} else if (guest_dir_traps(c)) {
			vgic_sync(&cpus[c]);
			vgic_dir(&cpus[c], intid);
		} else {
			CHECK(guest_dir(c, intid), "vcpu %u: %u is active in no list register", c, intid);
		}
		q->active = false;
		return;
	}
}

static void op_put_or_load(uint32_t c)
{
	fake_cpu = c;
	if (loaded[c]) {
		vgic_sync(&cpus[c]);
		vgic_cpu_put(&cpus[c]);
		if (v2) {
			priv[c][PPI_HW].active = false;
			priv[c][PPI_HW].pend = false;
			priv[c][PPI_HW].soft = false;
		}
	} else {
		vgic_cpu_load(&cpus[c]);
	}
	loaded[c] = !loaded[c];
}

/*
 * A level of hardware that fell before it was taken is withdrawn by the look, unless another vCPU's list register has
 * it, or the guest itself made it pending.
 */
static uint32_t fallen(uint32_t c, uint32_t owner, uint32_t w, uint32_t got)
{
	const uint32_t n = (w == 0U ? PPI_HW : SPI_HW) % 32U;
	struct irq *q = irq_of(owner, w * 32U + n);
	const bool line = machine_phys(owner, w * 32U + n)->pending;

	if (!is_hw(w * 32U + n) || line || !q->pend || q->active) {
		return 0U;
	}
	if ((got >> n & 1U) == 0U) {
		CHECK(!q->soft, "intid %u: the guest's own is gone", w * 32U + n);
		q->pend = false;
		return 1U << n;
	}
	/* That it is the guest's own may be known for longer than it is so. */
	CHECK(c != owner || w != 0U || (cpus[c].priv.soft >> n & 1U) != 0U, "intid %u: its level fell", w * 32U + n);
	return 0U;
}

/* All registers of a word read as the model has it; pending and active ones at the second look. */
static void compare(uint32_t c, uint32_t owner, uint32_t w)
{
	static const uint64_t offs[] = { 0x80, 0x100, 0x200, 0x300 };
	uint32_t want[4] = { 0 };

	for (uint32_t n = 0; n < 32U; n++) {
		const uint32_t intid = w * 32U + n;
		const struct irq *q = irq_of(owner, intid);

		want[0] |= (uint32_t)q->group << n;
		want[1] |= (uint32_t)q->enable << n;
		want[2] |= (uint32_t)(pending(q) || (is_hw(intid) && machine_phys(owner, intid)->pending)) << n;
		want[3] |= (uint32_t)q->active << n;
	}
	for (uint32_t i = 0; i < 4U; i++) {
		if (i >= 2U) {
			(void)word_read(c, owner, w, offs[i]);
			settle(c);
		}
		const uint32_t got = word_read(c, owner, w, offs[i]);

		if (i == 2U) {
			want[2] &= ~fallen(c, owner, w, got);
		}
		CHECK(got == want[i], "reg %x word %u of %u by %u: %08x, want %08x", (unsigned int)offs[i], w, owner, c,
		      got, want[i]);
		settle(c);
	}
}

/* GICv2: targets and senders by their own registers. */
static void compare_v2(uint32_t c)
{
	const uint32_t intid = 32U + rnd(NR_SPIS);
	const uint32_t sgi = rnd(16);
	uint64_t v = 0;

	fake_cpu = c;
	assert_int_equal(dist()->read(&g, c, 0x800U + intid, 1, &v), VDEV_OK);
	CHECK(v == (spis[intid - 32U].route == NOBODY ? 0U : 1U << spis[intid - 32U].route), "targets of %u", intid);
	assert_int_equal(dist()->read(&g, c, (rnd(2) == 0U ? 0xf10U : 0xf20U) + sgi, 1, &v), VDEV_OK);
	CHECK(v == priv[c][sgi].from, "senders of %u: %x, want %x", sgi, (unsigned int)v, priv[c][sgi].from);
}

static void check_hw(void)
{
	for (uint32_t v = 0; v < NR_VCPUS; v++) {
		const struct phys_irq *p = machine_phys(v, PPI_HW);
		const struct irq *q = &priv[v][PPI_HW];

		CHECK(!p->active || q->active || q->pend, "PPI of %u stays active", v);
		CHECK(p->enabled == (q->enable && loaded[v]), "PPI of %u enabled %d", v, p->enabled);
	}
	const struct phys_irq *p = machine_phys(0, SPI_HW);
	const struct irq *q = &spis[SPI_HW - 32U];

	CHECK(!p->active || q->active || q->pend, "SPI stays active");
	CHECK(p->enabled == q->enable, "SPI enabled");
	CHECK(q->route == NOBODY || machine.route[SPI_HW] == q->route, "SPI route");
}

static void one_step(void)
{
	static const uint16_t words[] = { 0x100, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380 };
	const uint32_t c = rnd(NR_VCPUS);
	const uint32_t what = rnd(100);

	/* It comes out of its guest, where it runs. */
	fake_cpu = c;
	if (loaded[c]) {
		vgic_sync(&cpus[c]);
	}
	if (what < 20U) {
		op_take(c);
	} else if (what < 40U) {
		op_end(c);
	} else if (what < 55U) {
		op_device(c);
	} else if (what < 70U) {
		if (v2) {
			op_sgi_v2(c);
		} else {
			op_sgi(c);
		}
	} else if (what < 80U) {
		op_word(c, words[rnd(ARRAY_SIZE(words))]);
	} else if (what < 86U) {
		op_prio(c);
	} else if (what < 89U) {
		op_cfg(c);
	} else if (what < 93U) {
		op_route(c);
	} else if (what < 95U) {
		op_put_or_load(c);
	} else if (what < 96U) {
		op_word(c, 0x80);
	} else if (what < 97U) {
		ctlr = rnd(4) != 0U ? 3U : rnd(4);
		dist_write(c, 0, 4, ctlr);
	} else {
		compare(c, what == 97U ? c : any_owner(c), rnd(1U + NR_SPIS / 32U));
		if (v2) {
			compare_v2(c);
		}
	}
	settle(c);
	audit();
	check_hw();
}

static void run_with(uint32_t nr_lrs)
{
	const char *seed = getenv("VGIC_SEED");

	memset(priv, 0, sizeof(priv));
	memset(spis, 0, sizeof(spis));
	memset(loaded, 0, sizeof(loaded));
	ctlr = 0;
	taken = 0;
	rng = seed != NULL ? strtoull(seed, NULL, 0) : UINT64_C(0x5eed1234abcd);
	printf("VGIC_SEED=0x%llx\n", (unsigned long long)rng);
	if (v2) {
		machine_reset_v2(nr_lrs);
		for (uint32_t i = 0; i < NR_SPIS; i++) {
			spis[i].route = NOBODY;
		}
	} else {
		machine_reset(nr_lrs);
	}
	vgic_hw_init();
	assert_int_equal(vgic_init(&g, NR_VCPUS, NR_SPIS), FH_OK);
	for (uint32_t v = 0; v < NR_VCPUS; v++) {
		vgic_cpu_init(&g, &cpus[v], v, v);
		for (uint32_t i = 0; i < 16U; i++) {
			priv[v][i].edge = true;
			priv[v][i].enable = v2;
		}
	}
	assert_int_equal(vgic_map_hw(&g, PPI_HW, false), FH_OK);
	assert_int_equal(vgic_map_hw(&g, SPI_HW, false), FH_OK);
	for (step = 1; step <= STEPS; step++) {
		one_step();
	}
	printf("GICv%u, %u list registers, %u steps, %u interrupts taken, %u kicks\n", v2 ? 2U : 3U, nr_lrs, STEPS,
	       taken, machine.nr_kicks);
	assert_true(taken > STEPS / 20U);
}

static void run_both(uint32_t nr_lrs)
{
	v2 = false;
	run_with(nr_lrs);
	v2 = true;
	run_with(nr_lrs);
}

/* In falling order: the smallest number seen is used. */
static void with_16(void **state)
{
	(void)state;
	run_both(16);
}

static void with_4(void **state)
{
	(void)state;
	run_both(4);
}

static void with_2(void **state)
{
	(void)state;
	run_both(2);
}

static void with_1(void **state)
{
	(void)state;
	run_both(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_16),
		cmocka_unit_test(with_4),
		cmocka_unit_test(with_2),
		cmocka_unit_test(with_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
