/* SPDX-License-Identifier: MIT */
// SOURCES: core/virtio/guest_mem.c tests/unit/fake/lock_host.c
/* A guest's memory through two windows: what they show, when they move, and that what is not its RAM is never shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/virtio/guest_mem.h"

#define BLOCK UINT64_C(0x200000)
#define SHIFT UINT64_C(0x1000000000) /* from an IPA to its address */

/* A page, 64 KiB, 2 MiB and 1 GiB, holes in between; a device; a leaf that is not valid. */
static const struct s2_leaf leaves[] = {
	{ .ipa = { 0x1000 }, .order = 0, .valid = true, .kind = S2_RAM },
	{ .ipa = { 0x2000 }, .order = 0, .valid = true, .kind = S2_DEVICE },
	{ .ipa = { 0x3000 }, .order = 0, .valid = false, .kind = S2_RAM },
	{ .ipa = { 0x10000 }, .order = 4, .valid = true, .kind = S2_RAM },
	{ .ipa = { 0x200000 }, .order = 9, .valid = true, .kind = S2_RAM },
	{ .ipa = { 0x40000000 }, .order = 18, .valid = true, .kind = S2_RAM },
};
static struct {
	uint64_t at; /* address */
	uint64_t size;
	bool open;
	bool whole;
} windows[WINDOWS];
static uint32_t opened;
static struct s2 s2;

fh_status s2_find(struct s2 *s, ipaddr_t where, struct s2_leaf *leaf)
{
	assert_ptr_equal(s, &s2);
	assert_int_equal(s->lock.holder, 1);
	for (uint32_t i = 0; i < ARRAY_SIZE(leaves); i++) {
		if (ipa_val(where) - ipa_val(leaves[i].ipa) < PAGE_SIZE << leaves[i].order) {
			*leaf = leaves[i];
			leaf->pa = pa(ipa_val(leaf->ipa) + SHIFT);
			return FH_OK;
		}
	}
	return FH_ENOENT;
}

/* What it would be at: its use in the upper bits. */
void *window_open(enum window_use use, paddr_t where, uint64_t size, bool whole)
{
	assert_false(windows[use].open);
	assert_int_equal((pa_val(where) ^ (pa_val(where) + size - 1U)) / BLOCK, 0);
	windows[use].open = true;
	windows[use].whole = whole;
	windows[use].at = whole ? align_down(pa_val(where), BLOCK) : pa_val(where);
	windows[use].size = whole ? BLOCK : size;
	opened++;
	return (void *)(uintptr_t)(pa_val(where) + ((uint64_t)use << 48));
}

void window_close(enum window_use use)
{
	assert_true(windows[use].open);
	windows[use].open = false;
}

/* As many bytes as are shown from there, 0: none; all of them are the guest's. */
static uint64_t look(struct guest_view *g, enum window_use use, uint64_t at, uint64_t want)
{
	uint64_t len = want;
	const void *va = guest_at(g, use, at, &len);
	struct s2_leaf leaf;

	if (va == NULL) {
		assert_false(windows[use].open);
		return 0;
	}
	assert_int_equal((uintptr_t)va, at + SHIFT + ((uint64_t)use << 48));
	assert_true(windows[use].open && len != 0U && len <= want);
	assert_int_equal(s2_find(&s2, ipa(at), &leaf), FH_OK);
	assert_true(leaf.valid && leaf.kind == S2_RAM);
	assert_true(windows[use].at >= pa_val(leaf.pa) &&
		    windows[use].at + windows[use].size <= pa_val(leaf.pa) + (PAGE_SIZE << leaf.order));
	assert_true(at + SHIFT >= windows[use].at && at + SHIFT + len <= windows[use].at + windows[use].size);
	return len;
}

static void shows(void **state)
{
	struct guest_view g;

	(void)state;
	lock_init(&s2.lock, RANK_STAGE2);
	opened = 0;
	guest_open(&g, &s2);
	assert_int_equal(look(&g, WINDOW_RINGS, 0x1ff0, 64), 16);
	assert_int_equal(look(&g, WINDOW_DATA, 0x1f000, 0x2000), 0x1000);
	assert_int_equal(look(&g, WINDOW_RINGS, 0x1000, 2), 2);
	assert_int_equal(look(&g, WINDOW_DATA, 0x10000, 0x20000), 0x10000);
	assert_int_equal(opened, 2); /* they stayed */
	assert_false(windows[WINDOW_DATA].whole);
	assert_int_equal(look(&g, WINDOW_DATA, 0x3fffff, 2), 1);
	assert_true(windows[WINDOW_DATA].whole);
	assert_int_equal(look(&g, WINDOW_DATA, 0x40000000 + 5 * BLOCK - 8, 64), 8);
	assert_int_equal(look(&g, WINDOW_DATA, 0x40000000 + 5 * BLOCK, 64), 64);
	assert_int_equal(opened, 5);
	guest_close(&g);
	assert_false(windows[WINDOW_RINGS].open || windows[WINDOW_DATA].open);
	assert_int_equal(s2.lock.holder, 0);
}

static void never_shows(void **state)
{
	static const uint64_t no[] = { 0, 0xfff, 0x2000, 0x2fff, 0x3000, 0x4000, 0x400000, 0x80000000, UINT64_MAX };
	struct guest_view g;

	(void)state;
	lock_init(&s2.lock, RANK_STAGE2);
	for (uint32_t i = 0; i < ARRAY_SIZE(no); i++) {
		guest_open(&g, &s2);
		assert_int_equal(look(&g, WINDOW_DATA, no[i], 1), 0);
		/* Nor after something else, which the window shows no longer. */
		assert_int_equal(look(&g, WINDOW_DATA, 0x1000, 1), 1);
		assert_int_equal(look(&g, WINDOW_DATA, no[i], 1), 0);
		assert_int_equal(look(&g, WINDOW_DATA, 0x1000, 1), 1);
		guest_close(&g);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(shows), cmocka_unit_test(never_shows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
