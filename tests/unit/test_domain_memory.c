/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/domain_machine.c
// LIBS: -Wl,--wrap=claim_unredeem_untouched,--wrap=claim_unredeem,--wrap=claim_release
/*
 * What a running domain claims for itself, where another of its vCPUs, or a lease, comes in between two calls to the
 * ledger: on the fake machine, so that it does each time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "canon.h"
#include "domain_machine.h"
#include "dts.h"

#define WINDOW UINT64_C(0xc0000000)

static struct domain *d;
static claim_handle_t claim;
static void (*between)(void); /* done once, before a block is given back into a claim */

static void come_between(void)
{
	void (*const what)(void) = between;

	between = NULL;
	if (what != NULL) {
		what();
	}
}

#define WRAP(f)                                                                                                        \
	fh_status __real_##f(struct ledger *l, claim_handle_t h, uint32_t term, struct claim_block b);                 \
	fh_status __wrap_##f(struct ledger *l, claim_handle_t h, uint32_t term, struct claim_block b);                 \
	fh_status __wrap_##f(struct ledger *l, claim_handle_t h, uint32_t term, struct claim_block b)                  \
	{                                                                                                              \
		come_between();                                                                                        \
		return __real_##f(l, h, term, b);                                                                      \
	}

WRAP(claim_unredeem_untouched)
WRAP(claim_unredeem)

fh_status __real_claim_release(struct ledger *l, claim_handle_t h);
fh_status __wrap_claim_release(struct ledger *l, claim_handle_t h);
fh_status __wrap_claim_release(struct ledger *l, claim_handle_t h)
{
	claim = h;
	come_between();
	return __real_claim_release(l, h);
}

static claim_handle_t stake(uint64_t count)
{
	const struct claim_term t = { 0, 0, 0, count };
	claim_handle_t h = { 0, 0 };
	uint64_t fit;

	assert_int_equal(domain_mem_stake(d, &t, &h, &fit), FH_OK);
	return h;
}

static fh_status redeem(claim_handle_t h, uint64_t at)
{
	uint8_t order = 0;
	bool more = true;
	fh_status status = FH_OK;

	while (status == FH_OK && more) {
		status = domain_mem_redeem(d, h, ipa(at), &order, &more);
	}
	return status;
}

/* Pages that it has claimed, and has. */
static void has(uint64_t outstanding, uint64_t paid)
{
	struct ledger_account a;

	assert_int_equal(ledger_account(&dm_ledger, d->id, &a), FH_OK);
	assert_int_equal(a.outstanding, outstanding);
	assert_int_equal(a.paid, paid);
	assert_null(ledger_audit(&dm_ledger));
}

static int setup(void **state)
{
	static const char text[] =
		"/dts-v1/; / { compatible = \"freehold,config-v1\"; zones { low: low { }; };"
		" domains { x { #address-cells = <2>; #size-cells = <2>; cpus = <3>; kernel = \"app.bin\";"
		"  memory@40000000 { reg = <0 0x40000000 0 0x400000>; zone = <&low>; };"
		"  claims@c0000000 { reg = <0 0xc0000000 0 0x1000000>; limit = <0 0x800000>; zones = <&low>; };"
		" }; }; };";
	const struct domain_files none = { { 0 }, { 0 } };
	struct cfg_error err = { "" };
	struct claim_refusal why;
	size_t size;

	(void)state;
	dm_boot();
	unsigned char *tree = dts_compile(text, &size);

	assert_int_equal(domain_define(tree, size, &none, NULL, &d, &err), FH_OK);
	free(tree);
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	dm_settle();
	assert_int_equal(d->state, DOM_RUNNING);
	has(0, 0);
	return 0;
}

static void release(void)
{
	assert_int_equal(claim_release(&dm_ledger, claim), FH_OK);
}

/* Another vCPU releases the claim while a block of it finds its place taken. */
static void released_while_a_redemption_fails(void **state)
{
	(void)state;
	claim = stake(2);
	assert_int_equal(redeem(claim, WINDOW), FH_OK);
	between = release;
	assert_int_equal(redeem(claim, WINDOW), FH_EEXIST);
	assert_null(between);
	has(0, 1);
	assert_int_equal(domain_mem_free(d, ipa(WINDOW)), FH_OK);
	has(0, 0);
}

static claim_handle_t other;

/* The claim's lease ends; another vCPU takes the place. */
static void take_the_place(void)
{
	release();
	assert_int_equal(redeem(other, WINDOW), FH_OK);
}

static void lost_while_a_block_goes_back(void **state)
{
	(void)state;
	claim = stake(1);
	other = stake(1);
	assert_int_equal(redeem(claim, WINDOW), FH_OK);
	between = release;
	assert_int_equal(domain_mem_unredeem(d, claim, ipa(WINDOW)), FH_ESTALE);
	has(1, 1);
	assert_int_equal(domain_mem_free(d, ipa(WINDOW)), FH_OK);
	claim = stake(1);
	assert_int_equal(redeem(claim, WINDOW), FH_OK);
	between = take_the_place;
	assert_int_equal(domain_mem_unredeem(d, claim, ipa(WINDOW)), FH_ESTALE);
	has(0, 1);
	assert_int_equal(domain_mem_free(d, ipa(WINDOW)), FH_OK);
	has(0, 0);
}

/* What it holds for another is none of its window's: a reset gives back its own, and the calls don't know the rest. */
static void a_claim_for_another(void **state)
{
	const domid_t front = domain_find("front")->id;
	const struct claim_term t = { 1, 0, front, 3 };
	struct claim_term_info info;
	claim_handle_t h;

	(void)state;
	assert_int_equal(claim_stake(&dm_ledger, d->id, &t, 1, &h, NULL), FH_OK);
	claim = stake(2);
	assert_int_equal(redeem(claim, WINDOW), FH_OK);
	has(4, 1);
	assert_int_equal(redeem(h, WINDOW + PAGE_SIZE), FH_ESTALE);
	assert_int_equal(domain_mem_release(d, h), FH_ESTALE);
	assert_int_equal(domain_mem_unredeem(d, h, ipa(WINDOW)), FH_ESTALE);
	assert_int_equal(domain_mem_query(d, h, &info), FH_ESTALE);
	assert_int_equal(domain_do(d, DOM_OP_RESTART), FH_OK);
	dm_settle();
	assert_int_equal(d->state, DOM_RUNNING);
	has(3, 0);
}

/* By its port a control domain may have staked for itself where its window has no zone of. */
static void a_claim_in_another_zone(void **state)
{
	const struct claim_term t = { domain_hyp_zone(), 0, d->id, 1 };
	struct claim_term_info info;
	claim_handle_t h;

	(void)state;
	assert_int_equal(claim_stake(&dm_ledger, d->id, &t, 1, &h, NULL), FH_OK);
	assert_int_equal(domain_mem_query(d, h, &info), FH_ESTALE);
}

static void run_out(void)
{
	claim_handle_t gone;

	assert_int_equal(claim_renew(&dm_ledger, claim, 0, 1), FH_OK);
	assert_int_equal(claim_reap(&dm_ledger, 2, &gone), FH_OK);
}

/* A lease ends just before what is left of a claim is released: at the end of a build, and in a reset. */
static void a_lease_is_quicker(void **state)
{
	struct domain *rear = domain_find("rear");
	struct claim_refusal why;

	(void)state;
	assert_int_equal(domain_claim(&rear, 1, DOMID_HYP, &why), FH_OK);
	between = run_out;
	assert_int_equal(domain_do(rear, DOM_OP_START), FH_OK);
	dm_settle();
	assert_null(between);
	assert_int_equal(rear->state, DOM_RUNNING);
	(void)stake(2);
	between = run_out;
	assert_int_equal(domain_do(d, DOM_OP_RESTART), FH_OK);
	dm_settle();
	assert_null(between);
	assert_int_equal(d->state, DOM_RUNNING);
	assert_null(ledger_audit(&dm_ledger));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(released_while_a_redemption_fails, setup),
		cmocka_unit_test_setup(lost_while_a_block_goes_back, setup),
		cmocka_unit_test_setup(a_claim_for_another, setup),
		cmocka_unit_test_setup(a_claim_in_another_zone, setup),
		cmocka_unit_test_setup(a_lease_is_quicker, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
