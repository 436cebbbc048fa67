/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/vgic_machine.c
// SOURCES: tests/unit/vgic_fuzz_*.c
/*
 * Random operations of four vCPUs, their devices and the hardware against a model without list registers: one record
 * an interrupt. Kicks and maintenance interrupts are served after each operation; then what a guest takes must be
 * the model's most urgent, and every register must read what the model says. VGIC_SEED=n repeats a run.
 *
 * GICv2: word 0 is each vCPU's own, SGIs pend by sender and are enabled for good, an SPI has one target or none.
 */
#include "tests/unit/vgic_fuzz.h"

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
