/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/domain_machine.c tests/unit/domain_cases.c
/* Files that come in pieces from a feeder: for a first build and for later ones, and a feeder that goes or says nothing. */
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

static const unsigned char file_part[16];

#define PATIENCE UINT64_C(60000000000) /* create-timeout-ms, its default */

/* Files come in pieces while it is built; then it runs, and each byte is where it belongs. */
static void files_come_in_pieces(void **state)
{
	static unsigned char file[0x31234];
	const struct domain_files f = { { 0x31234, 0x1001, 0 }, { 0 } };
	char *before = canon_text(&dm_ledger, CANON_ALL & ~CANON_DIRTY);
	struct cfg_error err = { "" };
	struct domain *d;
	struct s2_leaf leaf;

	(void)state;
	for (uint32_t i = 0; i < sizeof(file); i++) {
		file[i] = (unsigned char)(i * 11U + 3U);
	}
	assert_int_equal(define("new", "", &f, &d, &err), FH_OK);
	assert_int_equal(load(d, 0, 0, file, 16), FH_EBUSY);
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	dm_settle();
	assert_int_equal(d->state, DOM_BUILDING);
	assert_int_equal(load(d, DOM_IMG_KERNEL, 16, file, 16), FH_EINVAL);
	assert_int_equal(load(d, DOM_IMG_DTB, 0, file, 16), FH_EINVAL);
	assert_int_equal(load(d, DOM_IMG_COUNT, 0, file, 16), FH_EINVAL);
	assert_int_equal(load(d, DOM_IMG_RAMDISK, 0, file, 0x1002), FH_EINVAL);
	/* One piece at a time; of one that brought nothing nothing is left. */
	const uint64_t due = d->due;
	uint64_t bytes = 0x1001;
	void *to = NULL;

	fake_counter++;
	assert_int_equal(domain_load_begin(d, file, DOM_IMG_RAMDISK, 0, &bytes, &to), FH_ESTALE);
	assert_int_equal(d->due, due);
	assert_int_equal(domain_load_begin(d, &feeder, DOM_IMG_RAMDISK, 0, &bytes, &to), FH_OK);
	assert_int_equal(load(d, DOM_IMG_KERNEL, 0, file, 16), FH_EBUSY);
	d->due = due;
	memset(to, 0xee, bytes);
	domain_load_end(d, DOM_IMG_RAMDISK, to, 0);
	assert_int_equal(d->due, due);
	assert_int_equal(d->arrived[DOM_IMG_RAMDISK], 0);
	assert_int_equal(load(d, DOM_IMG_RAMDISK, 0, file, 0x1001), FH_OK);
	for (uint64_t at = 0; at < sizeof(file); at += 0xfff1) {
		const uint64_t n = sizeof(file) - at < 0xfff1U ? sizeof(file) - at : 0xfff1U;

		dm_settle();
		assert_int_equal(d->state, DOM_BUILDING);
		assert_int_equal(load(d, DOM_IMG_KERNEL, at, file + at, n), FH_OK);
	}
	dm_settle();
	assert_int_equal(d->state, DOM_RUNNING);
	assert_int_equal(s2_lookup(&d->s2, ipa(d->images[DOM_IMG_KERNEL].ipa), &leaf), FH_OK);
	assert_memory_equal(dm_ram(pa_val(leaf.pa) + d->images[DOM_IMG_KERNEL].ipa - ipa_val(leaf.ipa)), file,
			    sizeof(file));
	destroy(d);
	assert_int_equal(d->state, DOM_UNUSED);
	as_before(before, CANON_ALL & ~CANON_DIRTY, "created and destroyed");

	/* The transfer is aborted. */
	assert_int_equal(define("new", "", &f, &d, &err), FH_OK);
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	dm_settle();
	assert_int_equal(load(d, DOM_IMG_KERNEL, 0, file, 0x8000), FH_OK);
	destroy(d);
	as_before(before, CANON_ALL & ~CANON_DIRTY, "aborted");
	free(before);
}

/* Its files are not kept: who restarts it sends them again; it does not come back by itself. */
static void files_come_again(void **state)
{
	const struct domain_files f = { { 0x10000, 0x1001, 0 }, { 0 } };
	char *before = canon_text(&dm_ledger, CANON_ALL & ~CANON_DIRTY);
	struct domain *d = fed("", &f);
	char *running = canon_text(&dm_ledger, CANON_ALL & ~CANON_DIRTY);

	(void)state;
	assert_int_equal(domain_do(d, DOM_OP_RESTART), FH_ENOTSUP);
	for (uint32_t i = 0; i < 2U; i++) {
		domain_feed(d, 0, DOM_OP_RESTART, &feeder);
		assert_int_equal(domain_do(d, DOM_OP_RESTART), FH_OK);
		feed(d);
		assert_int_equal(d->resets, i + 1U);
		as_before(running, CANON_ALL & ~CANON_DIRTY, "restarted");
	}
	/* By itself. */
	domain_ask(d, DOM_REQ_RESET);
	dm_settle();
	assert_int_equal(d->state, DOM_STOPPED);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_ENOTSUP);
	assert_int_equal(load(d, 0, 0, &f, 1), FH_ESTALE);
	domain_feed(d, 0, DOM_OP_START, &feeder);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	feed(d);
	/* It is stopped while it waits for them. */
	domain_feed(d, 0, DOM_OP_RESTART, &feeder);
	assert_int_equal(domain_do(d, DOM_OP_RESTART), FH_OK);
	dm_settle();
	assert_true(d->awaiting);
	assert_int_equal(domain_do(d, DOM_OP_STOP), FH_OK);
	dm_settle();
	assert_int_equal(d->state, DOM_STOPPED);
	domain_feed(d, 0, DOM_OP_START, &feeder);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	feed(d);
	/* It ends while its feeder has asked for more: nobody waits for files of one that has ended. */
	domain_feed(d, 0, DOM_OP_RESTART, &feeder);
	domain_ask(d, DOM_REQ_CRASH);
	dm_settle();
	assert_int_equal(d->state, DOM_CRASHED);
	assert_int_equal(domain_give_up(&feeder), UINT64_MAX);
	assert_int_equal(d->state, DOM_CRASHED);
	destroy(d);
	as_before(before, CANON_ALL & ~CANON_DIRTY, "destroyed");
	free(running);
	free(before);
}

/* Whoever feeds it goes, or says nothing, wherever it stands: all is back. What runs is nobody's. */
static void nobody_feeds_it(void **state)
{
	const struct domain_files f = { { 0x10000, 0x1001, 0 }, { 0 } };
	char *before = canon_text(&dm_ledger, CANON_ALL & ~CANON_DIRTY);
	struct cfg_error err = { "" };
	struct domain *d;

	(void)state;
	for (uint32_t i = 0; i < 8U; i++) {
		const bool late = i % 2U != 0U;
		const uint32_t at = i / 2U; /* defined, claimed, awaiting, in mid-file */

		assert_int_equal(define("new", "", &f, &d, &err), FH_OK);
		if (at != 0U) {
			assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
		}
		assert_true(at < 2U || domain_do(d, DOM_OP_START) == FH_OK);
		dm_settle();
		assert_true(at < 3U || load(d, 0, 0, file_part, sizeof(file_part)) == FH_OK);
		dm_settle();
		assert_int_equal(domain_give_up(&err), d->due); /* another one goes */
		assert_true(d->due > fake_counter && d->due <= fake_counter + PATIENCE);
		fake_counter += late ? PATIENCE : 0U;
		assert_int_equal(domain_give_up(late ? NULL : &feeder), UINT64_MAX);
		dm_settle();
		assert_int_equal(d->state, DOM_UNUSED);
		as_before(before, CANON_ALL & ~CANON_DIRTY, late ? "too late" : "gone");
	}
	/* While it is placed and cleaned nobody waits for the feeder. */
	assert_int_equal(define("new", "", &f, &d, &err), FH_OK);
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	fake_counter += PATIENCE;
	assert_int_equal(domain_give_up(NULL), fake_counter + PATIENCE);
	assert_int_equal(d->state, DOM_BUILDING);
	/* Asking is a sign of life. */
	fake_counter += PATIENCE - 1U;
	assert_int_equal(load(d, 0, 0, file_part, 1), FH_EBUSY);
	assert_int_equal(d->due, fake_counter + PATIENCE);
	/* It is being claimed: in a moment. */
	d->claiming = true;
	assert_int_equal(domain_give_up(&feeder), 0);
	assert_int_equal(d->state, DOM_BUILDING);
	d->claiming = false;
	assert_int_equal(domain_give_up(NULL), UINT64_MAX);
	dm_settle();
	as_before(before, CANON_ALL & ~CANON_DIRTY, "claimed");
	/* What runs, and what resets after it, is not its creator's. */
	d = fed("", &f);
	assert_int_equal(domain_give_up(&feeder), UINT64_MAX);
	domain_feed(d, 0, DOM_OP_RESTART, &err);
	assert_int_equal(domain_do(d, DOM_OP_RESTART), FH_OK);
	assert_int_equal(d->state, DOM_STOPPING);
	assert_int_equal(domain_give_up(&feeder), d->due);
	assert_int_equal(domain_give_up(&err), UINT64_MAX);
	dm_settle();
	assert_int_equal(d->state, DOM_STOPPED);
	free(before);
}

/* What is no kernel but often given as one is refused before anything is claimed, by what it is. */
static void a_kernel_of_another_kind(void **state)
{
	static const struct {
		uint32_t at;
		const char *bytes;
		const char *what;
	} kinds[] = {
		{ 0, "\177ELF\2", "an ELF file" },
		{ 0, "\x1f\x8b\x08\x09", "compressed" },
		{ 0, "MZ??zimg", "compressed" },
		{ 36, "\x18\x28\x6f\x01", "a 32-bit kernel" },
	};
	struct cfg_error err = { "" };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct domain_files f = { { 0x1000, 0x1000, 0 }, { 0 } };
		struct log_cursor c;
		struct log_line line = { .len = 0 };
		struct domain *d;
		char *before;

		memcpy(f.head + kinds[i].at, kinds[i].bytes, strlen(kinds[i].bytes));
		assert_int_equal(define("new", "", &f, &d, &err), FH_OK);
		before = canon_text(&dm_ledger, CANON_ALL);
		log_cursor_tail(&c, 0);
		assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_EFORMAT);
		assert_true(log_read(&c, &line));
		assert_non_null(strstr(line.text, kinds[i].what));
		as_before(before, CANON_ALL, kinds[i].what);
		free(before);
		memset(f.head, 0, sizeof(f.head));
		assert_int_equal(domain_do(d, DOM_OP_DESTROY), FH_OK);
		dm_settle();
		assert_int_equal(define("new", "", &f, &d, &err), FH_OK);
		assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
		assert_int_equal(domain_do(d, DOM_OP_DESTROY), FH_OK);
		dm_settle();
	}
}

/* A piece that is copied while it is stopped, and started anew, would count as one of the files that come then. */
static void no_piece_comes_once_it_is_to_stop(void **state)
{
	const struct domain_files f = { { 0x10000, 0x1001, 0 }, { 0 } };
	struct cfg_error err = { "" };
	struct domain *d;

	(void)state;
	assert_int_equal(define("new", "", &f, &d, &err), FH_OK);
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	dm_settle();
	assert_int_equal(load(d, DOM_IMG_KERNEL, 0, file_part, 16), FH_OK);
	dm_settle();
	assert_int_equal(domain_do(d, DOM_OP_STOP), FH_OK);
	assert_int_equal(load(d, DOM_IMG_KERNEL, 16, file_part, 16), FH_EBUSY);
	dm_settle();
	assert_int_equal(d->state, DOM_STOPPED);
	domain_feed(d, 0, DOM_OP_START, &feeder);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	feed(d);
	destroy(d);
}

/* Who names a domain that is gone feeds not the one that has its slot. */
static void a_feeder_names_the_domain(void **state)
{
	const struct domain_files f = { { 0x10000, 0x1001, 0 }, { 0 } };
	struct domain *d = fed("", &f);

	(void)state;
	domain_feed(d, d->gen + 1U, DOM_OP_RESTART, &feeder);
	assert_null(d->feeder);
	domain_feed(d, d->gen, DOM_OP_RESTART, &feeder);
	assert_ptr_equal(d->feeder, &feeder);
	d->vuart.away = true;
	d->vuart.beside = true;
	destroy(d);
	assert_false(d->vuart.away || d->vuart.beside); /* its console is not the next one's */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(files_come_in_pieces, setup),
		cmocka_unit_test_setup(files_come_again, setup),
		cmocka_unit_test_setup(nobody_feeds_it, setup),
		cmocka_unit_test_setup(a_kernel_of_another_kind, setup),
		cmocka_unit_test_setup(no_piece_comes_once_it_is_to_stop, setup),
		cmocka_unit_test_setup(a_feeder_names_the_domain, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
