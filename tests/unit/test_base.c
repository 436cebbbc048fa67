/* SPDX-License-Identifier: MIT */
// SOURCES: core/base/status.c core/vdev/vdev.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/base/list.h"
#include "core/base/range.h"
#include "core/vdev/vdev.h"

static void bits_and_fields(void **state)
{
	(void)state;
	assert_int_equal(GENMASK(63, 0), UINT64_MAX);
	assert_int_equal(GENMASK(7, 4), 0xf0);
	assert_int_equal(FIELD_GET(GENMASK(63, 60), UINT64_C(0xa) << 60), 0xa);
	assert_int_equal(FIELD_PREP(GENMASK(7, 4), 0x1f), 0xf0);
	assert_false(is_pow2(0));
	assert_true(is_pow2(BIT(63)));
	assert_int_equal(align_down(0x1fff, PAGE_SIZE), 0x1000);
	assert_int_equal(align_up(0x1001, PAGE_SIZE), 0x2000);
	assert_int_equal(ilog2(UINT64_MAX), 63);
	assert_int_equal(ctz64(BIT(63)), 63);
}

static void range_refuses(void **state)
{
	struct range r = { 1, 2 };

	(void)state;
	assert_int_equal(range_make(0, 0, 1, &r), FH_EINVAL);
	assert_int_equal(range_make(UINT64_MAX, 1, 1, &r), FH_EOVERFLOW);
	assert_int_equal(range_make(UINT64_MAX - 0xfff, PAGE_SIZE, 1, &r), FH_EOVERFLOW);
	assert_int_equal(range_make(0x800, PAGE_SIZE, PAGE_SIZE, &r), FH_EALIGN);
	assert_int_equal(range_make(PAGE_SIZE, 0x800, PAGE_SIZE, &r), FH_EALIGN);
	/* A refusal writes nothing. */
	assert_int_equal(r.base, 1);
	assert_int_equal(r.size, 2);
	assert_int_equal(range_make(UINT64_MAX - 1U, 1, 1, &r), FH_OK);
	assert_int_equal(range_end(r), UINT64_MAX);
}

static void range_relations(void **state)
{
	const struct range a = { 0x1000, 0x2000 };
	const struct range next = { 0x3000, 0x1000 };
	const struct range in = { 0x2000, 0x1000 };
	const struct range across = { 0x2000, 0x2000 };

	(void)state;
	assert_false(range_overlaps(a, next));
	assert_false(range_overlaps(next, a));
	assert_true(range_overlaps(a, in));
	assert_true(range_overlaps(across, a));
	assert_true(range_contains(a, in));
	assert_true(range_contains(a, a));
	assert_false(range_contains(a, across));
	assert_false(range_contains(in, a));
	assert_true(range_has(a, 0x2fff));
	assert_false(range_has(a, 0x3000));
	assert_false(range_has(a, 0xfff));
}

static void every_status_has_a_word(void **state)
{
	(void)state;
	for (unsigned int s = 0; s < FH_STATUS_COUNT; s++) {
		assert_non_null(fh_status_str((fh_status)s));
		assert_string_not_equal(fh_status_str((fh_status)s), "unknown");
	}
	assert_string_equal(fh_status_str((fh_status)FH_STATUS_COUNT), "unknown");
}

static void list_order(void **state)
{
	struct list head;
	struct list n[3];
	size_t i = 0;

	(void)state;
	list_init(&head);
	assert_true(list_empty(&head));
	for (i = 0; i < 3; i++) {
		list_insert_before(&head, &n[i]);
	}
	i = 0;
	LIST_FOR_EACH(it, &head) {
		assert_ptr_equal(it, &n[i++]);
	}
	list_remove(&n[1]);
	list_remove(&n[1]);
	assert_ptr_equal(head.next->next, &n[2]);
	LIST_FOR_EACH_SAFE(it, tmp, &head) {
		list_remove(it);
	}
	assert_true(list_empty(&head));
}

static void vdev_look_up(void **state)
{
	struct vdev_table t = { .nr = 0 };
	struct vdev d = { .base = ipa(0x3000), .size = 0x1000 };

	(void)state;
	assert_true(vdev_add(&t, &d));
	d.base = ipa(0x1000);
	assert_true(vdev_add(&t, &d));
	/* Overlaps, empty and wrapping regions are refused. */
	d.base = ipa(0x3800);
	assert_false(vdev_add(&t, &d));
	d.base = ipa(UINT64_MAX - 0xfff);
	d.size = 0x2000;
	assert_false(vdev_add(&t, &d));
	d.size = 0;
	assert_false(vdev_add(&t, &d));
	assert_int_equal(ipa_val(vdev_find(&t, ipa(0x1000), 4)->base), 0x1000);
	assert_int_equal(ipa_val(vdev_find(&t, ipa(0x3ffc), 4)->base), 0x3000);
	assert_null(vdev_find(&t, ipa(0x3ffe), 4));
	assert_null(vdev_find(&t, ipa(0x2000), 4));
	assert_null(vdev_find(&t, ipa(0x4000), 1));
	assert_null(vdev_find(&t, ipa(0), 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_and_fields), cmocka_unit_test(range_refuses),
		cmocka_unit_test(range_relations), cmocka_unit_test(every_status_has_a_word),
		cmocka_unit_test(list_order),      cmocka_unit_test(vdev_look_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
