/* SPDX-License-Identifier: MIT */
/* Every register must read what the model says. */
#include "tests/unit/vgic_fuzz.h"

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
void compare(uint32_t c, uint32_t owner, uint32_t w)
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
void compare_v2(uint32_t c)
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

void check_hw(void)
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
