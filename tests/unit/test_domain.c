/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/domain_machine.c tests/unit/domain_cases.c
/*
 * A domain's life on a fake machine, by the real core/domain, ledger, stage 2 and configuration: what fails, and what is
 * destroyed, wherever it stood, leaves the ledger, the pool and the dirty map as they were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/cpu.h"
#include "canon.h"
#include "core/log/log.h"
#include "domain_cases.h"
#include "dts.h"
#include "fake_machine.h"

static void a_domain_comes_and_goes(void **state)
{
	char *before = canon_text(&dm_ledger, CANON_ALL & ~CANON_DIRTY);

	(void)state;
	for (uint32_t i = 0; i < 3U; i++) {
		create(rear);
		assert_ptr_equal(domain_cpu_vcpu(1), &rear->vcpus[0]);
		destroy(rear);
		assert_int_equal(rear->state, DOM_DEFINED);
		assert_null(domain_cpu_vcpu(1));
		assert_null(domain_cpu_vcpu(2));
		assert_null(domain_of_irq(39));
		as_before(before, CANON_ALL & ~CANON_DIRTY, "destroyed");
	}
	free(before);
}

/* Every fallible call of a claim and a build, one after the other. Nothing was written: even the dirty map is equal. */
static void fail_the_nth(void **state)
{
	char *before = canon_text(&dm_ledger, CANON_ALL);
	uint32_t n = 0;

	(void)state;
	for (;;) {
		dm_fail(++n);
		const fh_status status = domain_claim(&rear, 1, DOMID_HYP, &why);

		if (status == FH_OK) {
			assert_int_equal(domain_do(rear, DOM_OP_START), FH_OK);
			dm_settle();
		}
		if (dm_failed() == NULL) {
			break;
		}
		assert_int_equal(rear->state, DOM_DEFINED);
		as_before(before, CANON_ALL, dm_failed());
	}
	assert_int_equal(rear->state, DOM_RUNNING);
	print_message("%u calls of a build were failed\n", n - 1U);
	assert_true(n > 20U);
	free(before);
}

/* The set of a domain that fits and one that fails: neither is left with anything. */
static void fail_the_nth_of_a_set(void **state)
{
	static const char other[] =
		"/dts-v1/; / { compatible = \"freehold,config-v1\"; zones { low: low { }; };"
		" domains { other { #address-cells = <2>; #size-cells = <2>; cpus = <3>; kernel = \"app.bin\";"
		"  memory@40000000 { reg = <0 0x40000000 0 0x400000>; zone = <&low>; };"
		" }; }; };";
	const struct domain_files none = { { 0 }, { 0 } };
	struct cfg_error err = { "" };
	struct domain *set[2] = { rear, NULL };
	size_t size;
	unsigned char *tree = dts_compile(other, &size);
	uint32_t n = 0;

	(void)state;
	assert_int_equal(domain_define(tree, size, &none, NULL, &set[1], &err), FH_OK);
	free(tree);
	char *before = canon_text(&dm_ledger, CANON_ALL);

	do {
		dm_fail(++n);
		if (domain_claim(set, 2, DOMID_HYP, &why) == FH_OK) {
			break;
		}
		assert_non_null(dm_failed());
		assert_int_equal(set[0]->state, DOM_DEFINED);
		assert_int_equal(set[1]->state, DOM_DEFINED);
		as_before(before, CANON_ALL, dm_failed());
	} while (n < 1000U);
	assert_true(n > 8U);
	dm_fail(0);
	assert_int_equal(set[1]->state, DOM_CLAIMED);
	destroy(set[0]);
	destroy(set[1]);
	assert_int_equal(set[1]->state, DOM_UNUSED);
	as_before(before, CANON_ALL, "destroyed when claimed");
	free(before);
}

/* The builder is killed after each of its steps. */
static void killed_at_every_step(void **state)
{
	char *all = canon_text(&dm_ledger, CANON_ALL);
	char *but_dirt = canon_text(&dm_ledger, CANON_ALL & ~CANON_DIRTY);
	uint32_t seen = 0;

	(void)state;
	for (uint32_t steps = 0; rear->state == DOM_DEFINED; steps++) {
		const char *at = "claimed";

		assert_int_equal(domain_claim(&rear, 1, DOMID_HYP, &why), FH_OK);
		assert_int_equal(domain_do(rear, DOM_OP_BUILD), FH_OK);
		for (uint32_t i = 0; i < steps && at != NULL; i++) {
			at = dm_step(rear);
		}
		if (at == NULL) {
			break;
		}
		/* What was written stays dirty; until then nothing was. */
		const bool written = rear->placed;

		print_message("killed after step %u, %s\n", steps, at);
		destroy(rear);
		as_before(written ? but_dirt : all, written ? CANON_ALL & ~CANON_DIRTY : CANON_ALL, at);
		seen++;
	}
	assert_int_equal(rear->state, DOM_READY);
	assert_true(seen > 5U);
	free(all);
	free(but_dirt);
}

/* Only what the table allows, in each state. */
static void illegal_operations_change_nothing(void **state)
{
	(void)state;
	for (enum domain_op op = DOM_OP_BUILD; op < DOM_OP_COUNT; op++) {
		assert_int_equal(domain_do(rear, op), FH_EBUSY);
	}
	create(rear);
	assert_int_equal(domain_claim(&rear, 1, DOMID_HYP, &why), FH_EBUSY);
	assert_int_equal(domain_do(rear, DOM_OP_START), FH_EBUSY);
	assert_int_equal(domain_do(rear, DOM_OP_RESUME), FH_EBUSY);
	assert_int_equal(domain_do(rear, DOM_OP_PAUSE), FH_OK);
	assert_int_equal(domain_do(rear, DOM_OP_PAUSE), FH_EBUSY);
	assert_int_equal(domain_do(rear, DOM_OP_STOP), FH_OK);
	assert_int_equal(rear->state, DOM_STOPPING);
	assert_int_equal(domain_do(rear, DOM_OP_RESTART), FH_EBUSY);
	dm_settle();
	assert_int_equal(rear->state, DOM_STOPPED);
	assert_int_equal(domain_do(rear, DOM_OP_RESUME), FH_EBUSY);
	assert_int_equal(domain_do(rear, DOM_OP_RESTART), FH_OK);
	dm_settle();
	assert_int_equal(rear->state, DOM_RUNNING);
	assert_int_equal(rear->resets, 1);
}

/* One that resets itself is stopped wherever in that it is; started again, it runs. */
static void stopped_in_its_reset(void **state)
{
	uint32_t steps = 0;

	(void)state;
	create(rear);
	for (bool ran = false; !ran; steps++) {
		domain_ask(rear, DOM_REQ_RESET);
		for (uint32_t i = 0; i < steps; i++) {
			(void)dm_step(rear);
		}
		ran = steps != 0U && rear->state == DOM_RUNNING;
		assert_int_equal(domain_do(rear, DOM_OP_STOP), FH_OK);
		dm_settle();
		assert_int_equal(rear->state, DOM_STOPPED);
		assert_int_equal(rear->request, DOM_REQ_NONE);
		assert_int_equal(domain_do(rear, DOM_OP_START), FH_OK);
		dm_settle();
		assert_int_equal(rear->state, DOM_RUNNING);
	}
	assert_true(steps > 3U);
}

/* The holder's death ends the claim in mid-build: it is taken apart, and nobody panics. */
static void the_holder_dies(void **state)
{
	char *before = canon_text(&dm_ledger, CANON_BLOCKS);

	(void)state;
	assert_int_equal(ledger_domain_add(&dm_ledger, 9, CLAIM_NO_QUOTA), FH_OK);
	assert_int_equal(domain_claim(&rear, 1, 9, &why), FH_OK);
	assert_int_equal(domain_do(rear, DOM_OP_START), FH_OK);
	assert_non_null(dm_step(rear));
	assert_int_equal(claim_domain_died(&dm_ledger, 9), FH_OK);
	dm_settle();
	assert_int_equal(rear->state, DOM_DEFINED);
	as_before(before, CANON_BLOCKS, "holder died");
	free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_domain_comes_and_goes, setup),
		cmocka_unit_test_setup(fail_the_nth, setup),
		cmocka_unit_test_setup(fail_the_nth_of_a_set, setup),
		cmocka_unit_test_setup(killed_at_every_step, setup),
		cmocka_unit_test_setup(illegal_operations_change_nothing, setup),
		cmocka_unit_test_setup(stopped_in_its_reset, setup),
		cmocka_unit_test_setup(the_holder_dies, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
