/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/domain_machine.c tests/unit/domain_cases.c
// LIBS: -Wl,--wrap=config_check_devices
/* Domains that are defined at run time: what their slots and memory held before, and what they may not have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "arch/cpu.h"
#include "canon.h"
#include "core/log/log.h"
#include "domain_cases.h"
#include "dts.h"
#include "fake_machine.h"

/* Each page of its memory behind its files: filled, or how many are. */
static uint32_t pages_filled(struct domain *d, bool fill)
{
	struct s2_leaf leaf;
	uint32_t n = 0;

	for (uint64_t at = 0x40400000; at < 0x40700000; at += PAGE_SIZE) {
		assert_int_equal(s2_lookup(&d->s2, ipa(at), &leaf), FH_OK);
		unsigned char *page = dm_ram(pa_val(leaf.pa) + at - ipa_val(leaf.ipa));

		if (fill) {
			memset(page, 0xa5, PAGE_SIZE);
		}
		n += *page == 0xa5 ? 1U : 0U;
	}
	return n;
}

/* Stopped while it is cleaned for the first time, it does not begin with what another one left, "keep" or not. */
static void what_was_never_cleaned_is_not_kept(void **state)
{
	const struct domain_files f = { { 0x8000, 0x1001, 0 }, { 0 } };
	struct cfg_error err = { "" };
	struct domain *d;

	(void)state;
	d = fed("", &f);
	assert_int_equal(pages_filled(d, true), 0x300);
	destroy(d);

	assert_int_equal(define("new", "memory-on-reset = \"keep\";", &f, &d, &err), FH_OK);
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	domain_feed(d, 0, DOM_OP_START, &feeder);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	while (d->build.zeroed == 0U) {
		assert_non_null(dm_step(d));
	}
	assert_int_equal(d->build.phase, PHASE_CLEAN);
	assert_true(pages_filled(d, false) > 0U);
	assert_int_equal(domain_do(d, DOM_OP_STOP), FH_OK);
	dm_settle();
	assert_int_equal(d->state, DOM_STOPPED);
	domain_feed(d, 0, DOM_OP_START, &feeder);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	feed(d);
	assert_int_equal(pages_filled(d, false), 0);
	/* What is its own it keeps. */
	assert_int_equal(pages_filled(d, true), 0x300);
	domain_feed(d, 0, DOM_OP_RESTART, &feeder);
	assert_int_equal(domain_do(d, DOM_OP_RESTART), FH_OK);
	feed(d);
	assert_int_equal(pages_filled(d, false), 0x300);
	d->vuart.taken = &feeder;
	destroy(d);
	assert_null(d->vuart.taken);
}

/* The next domain in a slot finds nothing of the last one: no ramdisk that never comes, no words of another's. */
static void a_slot_is_used_again(void **state)
{
	const struct domain_files two = { { 0x10000, 0x1001, 0 }, { 0 } };
	const struct domain_files one = { { 0x10000, 0, 0 }, { 0 } };
	struct cfg_error err = { "" };
	struct domain *d = fed("", &two);
	size_t size;
	char *without = strdup(created);
	char *word = strstr(without, "ramdisk = \"r\";");

	(void)state;
	assert_int_equal(vuart_tx_send(&d->vuart, "secret", 6), 6);
	destroy(d);
	memset(word, ' ', strlen("ramdisk = \"r\";"));
	memcpy(strstr(without, "MORE"), "    ", 4);
	unsigned char *tree = dts_compile(without, &size);

	assert_int_equal(domain_define(tree, size, &two, &feeder, &d, &err), FH_EINVAL);
	assert_non_null(strstr(err.text, "ramdisk: a file comes for it"));
	assert_int_equal(domain_define(tree, size, &one, &feeder, &d, &err), FH_OK);
	assert_int_equal(vuart_tx_level(&d->vuart), 0);
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	feed(d);
	free(tree);
	free(without);
}

/* The one that a client means is the one that it has seen, or none. */
static void a_number_is_not_a_name(void **state)
{
	const struct domain_files f = { { 0x8000, 0x1001, 0 }, { 0 } };
	struct domain *d = fed("", &f);
	const uint32_t gen = d->gen;
	struct cfg_error err = { "" };
	struct domain *next;

	(void)state;
	assert_int_equal(domain_do_as(d, gen, DOM_OP_DESTROY), FH_OK);
	dm_settle();
	assert_int_equal(define("new", "", &f, &next, &err), FH_OK);
	assert_ptr_equal(next, d);
	assert_int_equal(domain_do_as(d, gen, DOM_OP_DESTROY), FH_ENOENT);
	assert_int_equal(d->state, DOM_DEFINED);
	assert_int_equal(domain_do_as(d, d->gen, DOM_OP_DESTROY), FH_OK);
}

/* In the moment in which a domain has lost its name, and not its state, its CPU, memory and devices are free. */
static void what_is_just_gone_keeps_nothing(void **state)
{
	static const char all[] = "memory@50000000 { reg = <0 0x50000000 0 0x100000>; static = <0 0x60200000>; };"
				  " devices { a { path = \"/pl031@9010000\"; }; };";
	const struct domain_files f = { { 0x8000, 0x1001, 0 }, { 0 } };
	struct cfg_error err = { "" };
	struct domain *d;
	struct domain *gone;

	(void)state;
	dm_sys.domains[0].mem[0].size = 0x200000; /* front's, so that there is RAM for another */
	assert_int_equal(define("gone", all, &f, &gone, &err), FH_OK);
	assert_int_equal(define("new", "", &f, &d, &err), FH_EEXIST);
	dm_sys.domains[gone->id].name[0] = '\0';
	assert_int_equal(define("new", all, &f, &d, &err), FH_OK);
	assert_ptr_not_equal(d, gone);
}

/* A look-up passes what stands before; zones are named once, and by names that there are. */
static void trees_are_short_of_words(void **state)
{
	static const struct {
		const char *from, *to, *why;
		uint32_t nops; /* bytes of bootargs that become NOPs, with 12 of its head */
		fh_status status;
	} cases[] = {
		{ "low: low { };", "low: low { };", "", 64U * 4U - 12U, FH_OK },
		{ "low: low { };", "low: low { };", "the tree has more than 64 NOPs: compile it anew", 65U * 4U - 12U,
		  FH_EFORMAT },
		{ "low: low { };", "low: low { }; high { };", "/zones/high: there is no such zone", 4, FH_EINVAL },
		{ "low: low { };", "low: low { }; low@1 { };", "/zones/low@1: stands twice", 4, FH_EINVAL },
		{ "low: low { };", "low: low { max-order = <9>; };", "/zones/low/max-order: unknown property", 4,
		  FH_EINVAL },
		{ "low: low { };", "low: low { part { }; };", "/zones/low/part: unknown node", 4, FH_EINVAL },
		{ "low: low { };", "low: low { }; }; hypervisor { on-panic = \"off\";",
		  "/hypervisor: only the boot's configuration has it", 4, FH_EDENIED },
	};
	const struct domain_files f = { { 4096, 4096, 0 }, { 0 } };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct cfg_error err = { "" };
		struct domain *d;
		char args[300];
		char text[1024];
		const char *at = strstr(created, cases[i].from);
		size_t size;

		memset(args, 'a', sizeof(args));
		args[cases[i].nops - 1U] = '\0';
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - created), created, cases[i].to,
			 at + strlen(cases[i].from));
		memcpy(strstr(text, "NAME"), "some", 4);
		memcpy(strstr(text, "MORE"), "    ", 4);
		snprintf(strstr(text, "cpus"), 400, "bootargs = \"%s\"; %s", args, strstr(created, "cpus"));
		memcpy(strstr(text, "MORE"), "    ", 4);
		unsigned char *tree = dts_compile(text, &size);

		assert_int_equal(fdt_nop_property(tree, fdt_path_offset(tree, "/domains/some"), "bootargs"), 0);
		assert_int_equal(domain_define(tree, size, &f, &feeder, &d, &err), cases[i].status);
		assert_string_equal(err.text, cases[i].why);
		free(tree);
	}
}

static void what_is_taken_is_refused_with_a_reason(void **state)
{
	const struct domain_files f = { { 4096, 4096, 0 }, { 0 } };
	static const struct {
		const char *name, *more, *why;
		fh_status status;
	} bad[] = {
		{ "front", "", "two domains of this name", FH_EEXIST },
		{ "x", "control;", "only a domain of the boot's configuration has it", FH_EDENIED },
		{ "x", "rings;", "only a domain of the boot's configuration has it", FH_EDENIED },
		{ "x", "on-crash = \"panic\";", "is for the boot's configuration", FH_EDENIED },
		{ "x", "on-watchdog = \"panic\";", "is for the boot's configuration", FH_EDENIED },
		{ "x", "memory@50000000 { reg = <0 0x50000000 0 0x100000>; static = <0 0x60100000>; };", "overlaps",
		  FH_EEXIST },
		{ "x", "memory@50000000 { reg = <0 0x50000000 0 0x100000>; static = <0 0x20000000>; };", "",
		  FH_ENOENT },
		{ "x", "on-crash = \"restart\";", "is for domains whose files are the payload's", FH_ENOTSUP },
		{ "x", "devices { a { path = \"/pl061@9030000\"; }; };", "given already", FH_EEXIST },
		{ "x", "devices { a { path = \"/pl031@9010000\"; }; b { path = \"/pl031@9020000\"; }; };",
		  "/domains/x/devices: /pl031@9020000: is none that the boot's configuration lists in "
		  "/hypervisor/devices",
		  FH_EDENIED },
		{ "x", "devices { a { path = \"/nothing\"; }; };", "is none that", FH_EDENIED },
		{ "x", "devices { a { path = \"/pl011@9000000\"; allow-unprotected-dma; }; };", "unprotected DMA",
		  FH_EDENIED },
	};
	struct cfg_error err = { "" };
	struct domain *d = NULL;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(define(bad[i].name, bad[i].more, &f, &d, &err), bad[i].status);
		if (strstr(err.text, bad[i].why) == NULL) {
			fail_msg("'%s' is not in '%s'", bad[i].why, err.text);
		}
	}
	for (uint32_t i = domain_count(); i < CFG_MAX_DOMAINS; i++) {
		assert_null(domain_get(i));
	}
	assert_int_equal(define("x", "", &f, &d, &err), FH_OK);
	assert_int_equal(define("y", "", &f, &d, &err), FH_EEXIST); /* its CPU */
	assert_non_null(strstr(err.text, "CPU 3"));
	assert_int_equal(domain_do(d, DOM_OP_DESTROY), FH_OK);
	assert_int_equal(define("y", "devices { a { path = \"/pl031@9010000\"; }; };", &f, &d, &err), FH_OK);
}

/* Whoever defines, claims in vain and destroys without end has no more lines than a stated number a second. */
static void a_session_does_not_flood_the_log(void **state)
{
	const struct domain_files f = { { 4096, UINT64_C(0x1000000), 0 }, { 0 } }; /* its ramdisk is too large */
	struct cfg_error err = { "" };
	struct log_cursor c = { 0 };
	struct log_line line;
	struct domain *d;
	uint32_t lines = 0;

	(void)state;
	log_sync(false);
	fake_counter += arch_counter_hz();
	log_cursor_tail(&c, 0);
	for (uint32_t i = 0; i < 100U; i++) {
		assert_int_equal(define("new", "", &f, &d, &err), FH_OK);
		assert_int_equal(domain_claim(&d, 1, 0, &why), FH_ENOFIT);
		assert_int_equal(domain_do(d, DOM_OP_DESTROY), FH_OK);
	}
	while (log_read(&c, &line)) {
		lines++;
	}
	log_sync(true);
	assert_int_equal(lines, 50);
}

fh_status __real_config_check_devices(const struct cfg_system *sys, uint8_t added, const struct fdt_index *tree,
				      struct cfg_error *err);
fh_status __wrap_config_check_devices(const struct cfg_system *sys, uint8_t added, const struct fdt_index *tree,
				      struct cfg_error *err);
static struct domain *leaver; /* is destroyed from another CPU while a configuration is checked */

fh_status __wrap_config_check_devices(const struct cfg_system *sys, uint8_t added, const struct fdt_index *tree,
				      struct cfg_error *err)
{
	if (leaver != NULL) {
		const struct cfg_domain before = sys->domains[leaver->id];
		const size_t name = sizeof(before.name);

		fake_cpu = 2;
		assert_int_equal(domain_do(leaver, DOM_OP_DESTROY), FH_OK);
		fake_cpu = 3;
		/* Not half of it: the check reads it, and tells its CPUs and memory as the slot's. */
		assert_memory_equal((const char *)&sys->domains[leaver->id] + name, (const char *)&before + name,
				    sizeof(before) - name);
		assert_int_equal(sys->domains[leaver->id].name[0], 0);
		leaver = NULL;
	}
	return __real_config_check_devices(sys, added, tree, err);
}

static void one_goes_while_another_is_defined(void **state)
{
	const struct domain_files f = { { 4096, 4096, 0 }, { 0 } };
	struct cfg_error err = { "" };
	struct domain *d;
	struct domain *e;

	(void)state;
	assert_int_equal(define("x", "", &f, &leaver, &err), FH_OK);
	d = leaver;
	dm_sys.domains[d->id].pcpu[0] = 1; /* rear's: so that there is a CPU for the other one */
	dm_sys.domains[rear->id].nr_vcpus = 0;
	assert_int_equal(define("y", "", &f, &e, &err), FH_OK);
	assert_ptr_not_equal(d, e);
	assert_null(leaver);
	/* Its slot, name and CPU are free. */
	assert_int_equal(domain_do(e, DOM_OP_DESTROY), FH_OK);
	assert_int_equal(define("x", "", &f, &e, &err), FH_OK);
	assert_ptr_equal(d, e);
}

/* Memory in many pieces: some are told, and how many more there are; "running" is not lost behind them. */
static void pieces_are_not_all_told(void **state)
{
	static const struct domain_files f = { { 0x1000, 0x1000, 0 }, { 0 } };
	static const uint8_t low = 1;
	struct claim_block b[64];
	struct cfg_error err = { "" };
	struct log_cursor c;
	struct log_line line;
	struct domain *d;
	uint32_t nr = 0;
	uint32_t told = 0;
	bool more = false;

	(void)state;
	while (claim_alloc(&dm_ledger, DOMID_HYP, low, ORDER_2M, &b[nr]) == FH_OK) {
		nr++;
	}
	assert_true(nr > 5U);
	for (uint32_t i = 0; i < 4U; i++) {
		assert_int_equal(claim_free(&dm_ledger, DOMID_HYP, b[i]), FH_OK);
	}
	assert_int_equal(claim_split_owned(&dm_ledger, DOMID_HYP, b[4], 0), FH_OK);
	for (uint64_t page = 0; page < 512U; page += 2U) {
		const struct claim_block one = { pa(pa_val(b[4].base) + page * PAGE_SIZE), 0, true };

		assert_int_equal(claim_free(&dm_ledger, DOMID_HYP, one), FH_OK);
	}
	log_cursor_tail(&c, 0);
	assert_int_equal(define("new",
				"memory@50000000 { reg = <0 0x50000000 0 0x40000>; zone = <&low>; "
				"block-size = <0 0x1000>; };",
				&f, &d, &err),
			 FH_OK);
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	feed(d);
	while (log_read(&c, &line)) {
		told += strstr(line.text, " pa=0x") != NULL ? 1U : 0U;
		more = more || strstr(line.text, "ipa=0x50000000 size=0x40000 low: 49 pieces more than told") != NULL;
	}
	assert_int_equal(told, 16);
	assert_true(more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_was_never_cleaned_is_not_kept, setup),
		cmocka_unit_test_setup(a_slot_is_used_again, setup),
		cmocka_unit_test_setup(a_number_is_not_a_name, setup),
		cmocka_unit_test_setup(what_is_just_gone_keeps_nothing, setup),
		cmocka_unit_test_setup(trees_are_short_of_words, setup),
		cmocka_unit_test_setup(what_is_taken_is_refused_with_a_reason, setup),
		cmocka_unit_test_setup(a_session_does_not_flood_the_log, setup),
		cmocka_unit_test_setup(one_goes_while_another_is_defined, setup),
		cmocka_unit_test_setup(pieces_are_not_all_told, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
