/* SPDX-License-Identifier: MIT */
/* What vCPUs, devices and the hardware do at random, to the virtual GIC and to its model. */
#include "tests/unit/vgic_fuzz.h"

const struct vdev_ops *dist(void)
{
	return v2 ? &vgic_v2_dist_ops : &vgic_dist_ops;
}

void dist_write(uint32_t c, uint64_t off, uint32_t size, uint64_t v)
{
	fake_cpu = c;
	assert_int_equal(dist()->write(&g, c, off, size, v), VDEV_OK);
}

/* Whose private interrupts c may access. */
uint32_t any_owner(uint32_t c)
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

uint32_t word_read(uint32_t c, uint32_t owner, uint32_t w, uint64_t off)
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

void op_word(uint32_t c, uint64_t off)
{
	const uint32_t owner = any_owner(c);
	const uint32_t w = rnd(1U + NR_SPIS / 32U);
	const uint32_t val = rnd(UINT32_MAX) & rnd(UINT32_MAX) & (rnd(3) != 0U ? rnd(UINT32_MAX) : UINT32_MAX);

	word_write(c, owner, w, off, val);
	model_word(c, w == 0U ? owner : c, w, off, val);
}

void op_prio(uint32_t c)
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

void op_cfg(uint32_t c)
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

void op_route(uint32_t c)
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
void op_sgi_v2(uint32_t c)
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

void op_sgi(uint32_t c)
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

void op_device(uint32_t c)
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

void op_take(uint32_t c)
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

void op_end(uint32_t c)
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

void op_put_or_load(uint32_t c)
{
	struct irq *q = &priv[c][PPI_HW];

	fake_cpu = c;
	if (loaded[c]) {
		vgic_sync(&cpus[c]);
		vgic_cpu_put(&cpus[c]);
		/* A level that fell is withdrawn here. */
		if (!q->active && !machine_phys(c, PPI_HW)->pending && (cpus[c].priv.pend >> PPI_HW & 1U) == 0U) {
			CHECK(!q->pend || !q->soft, "the guest's own is gone");
			q->pend = false;
		}
	} else {
		vgic_cpu_load(&cpus[c]);
	}
	loaded[c] = !loaded[c];
}
