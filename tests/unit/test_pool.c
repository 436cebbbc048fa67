// SPDX-License-Identifier: MIT
// SOURCES: core/pool/*.c core/base/status.c
/*
 * The pool without claims: what it refuses to be made of, the range table, blocks over banks and holes, and that a
 * terabyte costs no more than a megabyte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "core/pool/pool_alloc.h"

#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)
#define TIB (GIB * 1024)
#define BASE UINT64_C(0x40000000)
#define LEAF(name, parent, order, base, size)                                                                          \
	{                                                                                                              \
		name, parent, true, order,                                                                             \
		{                                                                                                      \
			base, size                                                                                     \
		}                                                                                                      \
	}

static struct pool p;
static uint64_t records[4096];

static const struct pool_zone_desc two[] = {
	{ "root", POOL_NO_ZONE, false, 0, { 0, 0 } },
	LEAF("a", 0, 9, BASE, 8 * MIB),
	LEAF("b", 0, 11, BASE + 8 * MIB, 8 * MIB),
};
static const struct pool_bank bank = { BASE >> PAGE_SHIFT, 4096, records };

static fh_status init(const struct pool_zone_desc *z, uint32_t nr)
{
	return pool_init(&p, z, nr, &bank, 1);
}

static struct range at(uint64_t off, uint64_t size)
{
	return (struct range){ BASE + off, size };
}

static void good(void)
{
	const char *bad = pool_audit(&p);

	if (bad != NULL) {
		fail_msg("audit: %s", bad);
	}
}

/* Enters a range and frees its pieces, as the ledger does. */
static fh_status add(uint8_t leaf, struct range r)
{
	const fh_status st = pool_enter_range(&p, leaf, r);
	uint64_t pfn = r.base >> PAGE_SHIFT;

	while (st == FH_OK && pfn < range_end(r) >> PAGE_SHIFT) {
		const uint8_t k = pool_fit_order(&p, leaf, pfn, range_end(r) >> PAGE_SHIFT);

		(void)pool_put_new(&p, pfn, k);
		pfn += UINT64_C(1) << k;
	}
	return st;
}

static void test_zones_refused(void **state)
{
	struct pool_zone_desc z[POOL_MAX_ZONES + 1];
	(void)state;

	assert_int_equal(init(two, 3), FH_OK);
	assert_int_equal(init(two, 0), FH_EINVAL);
	assert_int_equal(init(NULL, 1), FH_EINVAL);
	assert_int_equal(init(two, 1), FH_EINVAL); /* an inner zone without children */
	for (uint32_t i = 0; i <= POOL_MAX_ZONES; i++) {
		z[i] = (struct pool_zone_desc)LEAF("z", POOL_NO_ZONE, 0, BASE + i * PAGE_SIZE, PAGE_SIZE);
	}
	assert_int_equal(init(z, POOL_MAX_ZONES), FH_OK);
	assert_int_equal(init(z, POOL_MAX_ZONES + 1), FH_EINVAL);
	z[1].range.base = BASE;
	assert_int_equal(init(z, 2), FH_EEXIST);
	z[0] = two[1];
	assert_int_equal(init(z, 1), FH_EINVAL); /* its own parent */
	z[0].parent = 7;
	assert_int_equal(init(z, 1), FH_EINVAL);
	z[0].parent = POOL_NO_ZONE;
	z[1] = two[2];
	assert_int_equal(init(z, 2), FH_EINVAL); /* a child of a leaf */
	z[0].max_order = 19;
	assert_int_equal(init(z, 1), FH_EINVAL);
	z[0].max_order = 18;
	z[0].name = NULL;
	assert_int_equal(init(z, 1), FH_EINVAL);
	z[0] = (struct pool_zone_desc)LEAF("z", POOL_NO_ZONE, 0, BASE, 0);
	assert_int_equal(init(z, 1), FH_EINVAL);
	z[0].range.size = 0x1800;
	assert_int_equal(init(z, 1), FH_EALIGN);
	z[0].range = (struct range){ UINT64_MAX & ~PAGE_MASK, 2 * PAGE_SIZE };
	assert_int_equal(init(z, 1), FH_EINVAL);
	z[0].range = (struct range){ 0, TIB + PAGE_SIZE };
	assert_int_equal(init(z, 1), FH_EOVERFLOW);
}

static void test_banks_refused(void **state)
{
	struct pool_bank b[POOL_MAX_BANKS + 1];
	(void)state;

	for (uint32_t i = 0; i <= POOL_MAX_BANKS; i++) {
		b[i] = (struct pool_bank){ 0x1000 * (i + 1), 16, records };
	}
	assert_int_equal(pool_init(&p, two, 3, b, POOL_MAX_BANKS), FH_OK);
	assert_int_equal(pool_init(&p, two, 3, b, POOL_MAX_BANKS + 1), FH_EINVAL);
	assert_int_equal(pool_init(&p, two, 3, b, 0), FH_EINVAL);
	b[0].nr_pages = 0x1001;
	assert_int_equal(pool_init(&p, two, 3, b, 2), FH_EEXIST);
	b[0].nr_pages = 0;
	assert_int_equal(pool_init(&p, two, 3, b, 2), FH_EINVAL);
	b[0] = (struct pool_bank){ 1, 1, NULL };
	assert_int_equal(pool_init(&p, two, 3, b, 2), FH_EINVAL);
	b[0] = (struct pool_bank){ UINT64_C(1) << 51, UINT64_C(1) << 52, records };
	assert_int_equal(pool_init(&p, two, 3, b, 1), FH_EOVERFLOW);
}

static void test_range_table(void **state)
{
	struct pool_info i;
	(void)state;

	assert_int_equal(init(two, 3), FH_OK);
	assert_int_equal(pool_own_range(&p, at(MIB, MIB), POOL_STATIC, 3), FH_OK);
	assert_int_equal(pool_own_range(&p, at(0, MIB), POOL_HYPERVISOR, 5), FH_OK);
	assert_int_equal(pool_own_range(&p, at(MIB, PAGE_SIZE), POOL_STATIC, 4), FH_EEXIST);
	assert_int_equal(pool_own_range(&p, at(2 * MIB - PAGE_SIZE, MIB), POOL_STATIC, 4), FH_EEXIST);
	assert_int_equal(pool_own_range(&p, at(0, 16 * MIB), POOL_STATIC, 4), FH_EEXIST);
	assert_int_equal(pool_own_range(&p, at(2 * MIB, 15 * MIB), POOL_STATIC, 4), FH_ENOENT); /* past the bank */
	assert_int_equal(pool_own_range(&p, at(UINT64_C(0) - PAGE_SIZE, MIB), POOL_STATIC, 4), FH_ENOENT);
	assert_int_equal(pool_own_range(&p, at(2 * MIB + 1, MIB), POOL_STATIC, 4), FH_EALIGN);
	assert_int_equal(pool_own_range(&p, at(2 * MIB, MIB - 1), POOL_STATIC, 4), FH_EALIGN);
	assert_int_equal(pool_own_range(&p, at(2 * MIB, 0), POOL_STATIC, 4), FH_EINVAL);
	assert_int_equal(pool_own_range(&p, (struct range){ UINT64_MAX - PAGE_MASK, MIB }, POOL_STATIC, 4), FH_EINVAL);
	assert_int_equal(pool_own_range(&p, at(2 * MIB, MIB), POOL_FREE, 4), FH_EINVAL);
	assert_int_equal(pool_own_range(&p, at(2 * MIB, MIB), POOL_OWNED, 4), FH_EINVAL);
	assert_int_equal(pool_own_range(&p, at(2 * MIB, MIB), POOL_UNUSED, 4), FH_EINVAL);
	assert_int_equal(pool_owner(&p, pa(BASE + MIB + 5), &i), FH_OK);
	assert_int_equal(i.state, POOL_STATIC);
	assert_int_equal(i.owner, 3);
	assert_int_equal(i.range.base, BASE + MIB);
	assert_int_equal(pool_owner(&p, pa(BASE), &i), FH_OK);
	assert_int_equal(i.owner, DOMID_NONE);
	assert_int_equal(pool_owner(&p, pa(BASE + 2 * MIB), &i), FH_OK);
	assert_int_equal(i.state, POOL_UNUSED);
	assert_int_equal(i.range.size, 14 * MIB);
	assert_int_equal(pool_owner(&p, pa(BASE - 1), &i), FH_ENOENT);
	assert_int_equal(pool_owner(&p, pa(BASE + 16 * MIB), &i), FH_ENOENT);
	assert_int_equal(pool_disown_range(&p, at(MIB, PAGE_SIZE)), FH_ENOENT);
	assert_int_equal(pool_disown_range(&p, at(3 * MIB, MIB)), FH_ENOENT);
	assert_int_equal(pool_disown_range(&p, at(MIB, MIB)), FH_OK);
	assert_int_equal(pool_owner(&p, pa(BASE + MIB), &i), FH_OK);
	assert_int_equal(i.state, POOL_UNUSED);
	good();
}

static void test_table_full(void **state)
{
	(void)state;

	assert_int_equal(init(two, 3), FH_OK);
	for (uint64_t i = 0; i < POOL_MAX_RANGES; i++) {
		assert_int_equal(pool_own_range(&p, at(i * 2 * PAGE_SIZE, PAGE_SIZE), POOL_STATIC, 0), FH_OK);
	}
	assert_int_equal(pool_own_range(&p, at(15 * MIB, PAGE_SIZE), POOL_STATIC, 0), FH_EOVERFLOW);
	assert_int_equal(pool_enter_range(&p, 2, at(15 * MIB, PAGE_SIZE)), FH_EOVERFLOW);
	good();
}

static void test_ranges_of_a_leaf_join(void **state)
{
	(void)state;

	assert_int_equal(init(two, 3), FH_OK);
	assert_int_equal(add(2, at(8 * MIB, 2 * MIB)), FH_OK);
	assert_int_equal(add(2, at(12 * MIB, 4 * MIB)), FH_OK);
	assert_int_equal(p.nr_ranges, 2);
	assert_int_equal(add(2, at(10 * MIB, 2 * MIB)), FH_OK); /* between them: one range, one block */
	assert_int_equal(p.nr_ranges, 1);
	assert_int_equal(p.zones[2].nr_free[11], 1);
	assert_int_equal(p.zones[2].free_pages, 2048);
	good();
	/* Of another leaf: touches, but does not join. */
	assert_int_equal(add(1, at(0, 8 * MIB)), FH_OK);
	assert_int_equal(p.nr_ranges, 2);
	assert_int_equal(p.zones[1].nr_free[9], 4);
	assert_int_equal(p.zones[0].pages, 4096);
	assert_int_equal(add(1, at(0, MIB)), FH_EEXIST);
	good();
}

static void test_range_of_a_leaf_refused(void **state)
{
	(void)state;

	assert_int_equal(init(two, 3), FH_OK);
	assert_int_equal(add(0, at(0, MIB)), FH_EINVAL); /* an inner zone */
	assert_int_equal(add(3, at(0, MIB)), FH_EINVAL);
	assert_int_equal(add(1, at(7 * MIB, 2 * MIB)), FH_ENOENT); /* past the leaf */
	assert_int_equal(add(2, at(7 * MIB, 2 * MIB)), FH_ENOENT);
	assert_int_equal(pool_own_range(&p, at(MIB, MIB), POOL_PAYLOAD, DOMID_NONE), FH_OK);
	assert_int_equal(add(1, at(0, 2 * MIB)), FH_EEXIST);
	assert_int_equal(add(1, at(0, MIB + 1)), FH_EALIGN);
	assert_int_equal(p.zones[1].pages, 0);
	good();
}

static void test_lowest_first_at_boot(void **state)
{
	uint8_t split;
	(void)state;

	assert_int_equal(init(two, 3), FH_OK);
	assert_int_equal(add(1, at(0, 8 * MIB)), FH_OK);
	for (uint64_t i = 0; i < 4; i++) {
		assert_int_equal(pool_take(&p, 1, 9, 0, 0, &split), (BASE >> PAGE_SHIFT) + 512 * i);
		assert_int_equal(split, 9);
	}
	good();
}

static void test_odd_sizes(void **state)
{
	uint8_t split;
	uint64_t n = 0;
	(void)state;

	assert_int_equal(init(two, 3), FH_OK);
	assert_int_equal(add(2, at(8 * MIB + 3 * PAGE_SIZE, 1003 * PAGE_SIZE)), FH_OK);
	good();
	while (pool_has(&p.zones[2], 0)) {
		(void)pool_take(&p, 2, 0, 1, 1, &split);
		n++;
	}
	assert_int_equal(n, 1003);
	good();
}

/* Blocks in address order; what is in between is unused or static. */
static void test_walk(void **state)
{
	struct pool_info i;
	uint64_t end = 0;
	uint32_t n = 0;
	paddr_t where = pa(0);
	(void)state;

	assert_int_equal(init(two, 3), FH_OK);
	assert_int_equal(add(1, at(0, 3 * MIB)), FH_OK);
	assert_int_equal(pool_own_range(&p, at(4 * MIB, MIB), POOL_RESERVED, DOMID_NONE), FH_OK);
	assert_int_equal(add(2, at(8 * MIB, 8 * MIB)), FH_OK);
	while (pool_next_block(&p, where, &i) == FH_OK) {
		assert_true(n == 0 ? i.range.base == BASE : i.range.base == end);
		end = range_end(i.range);
		where = pa(end);
		n++;
	}
	assert_int_equal(end, BASE + 16 * MIB);
	assert_int_equal(n, 2 + 1 + 1 + 1 + 1); /* 2 MiB, 1 MiB, unused, reserved, unused, 8 MiB */
}

/* 1 TiB in one leaf, and a second bank above: records are touched at blocks only. */
static void test_terabyte(void **state)
{
	const struct pool_zone_desc z[] = { LEAF("big", POOL_NO_ZONE, 18, TIB, TIB),
					    LEAF("next", POOL_NO_ZONE, 18, 4 * TIB, GIB) };
	struct pool_bank b[2] = { { TIB >> PAGE_SHIFT, TIB >> PAGE_SHIFT, NULL },
				  { (4 * TIB) >> PAGE_SHIFT, 1 << 18, NULL } };
	struct pool_owned found;
	uint64_t pfn;
	uint8_t split;
	(void)state;

	for (int i = 0; i < 2; i++) {
		b[i].records = mmap(NULL, b[i].nr_pages * 8, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		assert_true(b[i].records != MAP_FAILED);
	}
	assert_int_equal(pool_init(&p, z, 2, b, 2), FH_OK);
	assert_int_equal(add(0, z[0].range), FH_OK);
	assert_int_equal(add(1, z[1].range), FH_OK);
	assert_int_equal(p.zones[0].nr_free[18], 1024);
	for (int i = 0; i < 1024; i++) {
		(void)pool_take(&p, 0, 18, 2, 2, &split);
	}
	assert_int_equal(p.zones[0].mask, 0);
	pfn = pool_take(&p, 1, 0, 1, 1, &split);
	assert_int_equal(split, 18);
	assert_int_equal(pfn, (4 * TIB) >> PAGE_SHIFT);
	/* The last block of the terabyte: the highest link there is. */
	assert_int_equal(pool_find_owned(&p, 2, pa(2 * TIB - GIB), 18, &found), FH_OK);
	assert_int_equal(pool_put(&p, &found), 18);
	assert_int_equal(pool_find_owned(&p, 2, pa(TIB), 18, &found), FH_OK);
	assert_int_equal(pool_put(&p, &found), 18);
	assert_int_equal(pool_find_owned(&p, 1, pa(4 * TIB), 0, &found), FH_OK);
	assert_int_equal(pool_put(&p, &found), 18);
	good();
	for (int i = 0; i < 2; i++) {
		(void)munmap(b[i].records, b[i].nr_pages * 8);
	}
}

/* The dirty map against a plain one, a page at a time, over many chunks and a bank that starts in the middle of one. */
static void test_dirty_map(void **state)
{
	const uint64_t base = (BASE >> PAGE_SHIFT) + 100;
	const uint64_t n = UINT64_C(1) << 17;
	const struct pool_bank b = { base, n, records };
	uint64_t *words = malloc(pool_dirty_words(base, n) * 8);
	bool *plain = malloc(n);
	uint64_t rng = 88172645463325252U;
	(void)state;

	memset(words, 0xa5, pool_dirty_words(base, n) * 8);
	memset(plain, 0, n);
	assert_int_equal(pool_init(&p, two, 3, &b, 1), FH_OK);
	assert_int_equal(pool_dirty_map(&p, base + 1, words, true), FH_EINVAL);
	assert_int_equal(pool_dirty_map(&p, base, NULL, true), FH_EINVAL);
	assert_true(pool_is_dirty(&p, base, 0)); /* no map */
	assert_int_equal(pool_dirty_map(&p, base, words, true), FH_OK);
	assert_true(pool_dirty_words(base, n) * 8 < n * PAGE_SIZE / 30000);
	for (int i = 0; i < 20000; i++) {
		unsigned int order;
		uint64_t pfn;
		bool any = false;

		rng ^= rng << 13;
		rng ^= rng >> 7;
		rng ^= rng << 17;
		order = (unsigned int)(rng >> 40) % 16U;
		pfn = (base + (rng >> 8) % n) & ~((UINT64_C(1) << order) - 1U);
		if (pfn < base || pfn + (UINT64_C(1) << order) > base + n) {
			continue;
		}
		for (uint64_t j = pfn; j < pfn + (UINT64_C(1) << order); j++) {
			any |= plain[j - base];
		}
		assert_int_equal(pool_is_dirty(&p, pfn, order), any);
		if (order < 12 || i % 8 == 0) {
			memset(&plain[pfn - base], (rng >> 50) % 2 != 0, UINT64_C(1) << order);
			pool_set_dirty(&p, pfn, order, (rng >> 50) % 2 != 0);
		}
	}
	for (uint64_t j = 0; j < n; j++) {
		assert_int_equal(pool_is_dirty(&p, base + j, 0), plain[j]);
	}
	for (uint64_t j = 0; j < n; j += 977) {
		const uint64_t end = j + 1 + (j * 7919) % (n - j);
		bool any = false;

		for (uint64_t i = j; i < end; i++) {
			any |= plain[i];
		}
		assert_int_equal(pool_range_dirty(&p, base + j, base + end), any);
	}
	/* What an owner gives up is dirty, and nothing beside it. */
	assert_int_equal(pool_dirty_map(&p, base, words, true), FH_OK);
	assert_int_equal(pool_own_range(&p, (struct range){ (base + 333) << PAGE_SHIFT, 777 << PAGE_SHIFT },
					POOL_PAYLOAD, DOMID_NONE),
			 FH_OK);
	assert_false(pool_range_dirty(&p, base, base + n));
	assert_int_equal(pool_disown_range(&p, (struct range){ (base + 333) << PAGE_SHIFT, 777 << PAGE_SHIFT }), FH_OK);
	assert_false(pool_range_dirty(&p, base, base + 333));
	assert_true(pool_range_dirty(&p, base, base + 334));
	assert_true(pool_range_dirty(&p, base + 333 + 776, base + n));
	assert_false(pool_range_dirty(&p, base + 333 + 777, base + n));
	free(words);
	free(plain);
}

/* The audit must see what it is for. */
static void test_audit_sees(void **state)
{
	uint8_t split;
	uint64_t head;
	uint64_t pfn;
	uint64_t keep;
	(void)state;

	assert_int_equal(init(two, 3), FH_OK);
	assert_int_equal(add(1, at(0, 8 * MIB)), FH_OK);
	pfn = pool_take(&p, 1, 3, 0, 0, &split);
	good();
	p.zones[1].nr_free[4]++;
	assert_non_null(pool_audit(&p));
	p.zones[1].nr_free[4]--;
	p.zones[1].free_pages--;
	assert_non_null(pool_audit(&p));
	p.zones[1].free_pages++;
	p.zones[1].mask ^= 1U << 5;
	assert_non_null(pool_audit(&p));
	p.zones[1].mask ^= 1U << 5;
	keep = records[pfn - (BASE >> PAGE_SHIFT)];
	records[pfn - (BASE >> PAGE_SHIFT)] ^= 1U << 6; /* its order: 11 */
	assert_non_null(pool_audit(&p));
	records[pfn - (BASE >> PAGE_SHIFT)] = keep;
	records[8] ^= UINT64_C(1) << 36; /* a link backward */
	assert_non_null(pool_audit(&p));
	records[8] ^= UINT64_C(1) << 36;
	p.zones[0].pages++;
	assert_non_null(pool_audit(&p));
	p.zones[0].pages--;
	good();
	head = p.zones[1].head[9]; /* of three blocks, the first one's links lead to itself: the others are lost */
	keep = records[head];
	records[head] = (keep & 0xffU) | head << 8 | head << 36;
	assert_non_null(pool_audit(&p));
	records[head] = keep;
	good();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zones_refused),
		cmocka_unit_test(test_banks_refused),
		cmocka_unit_test(test_range_table),
		cmocka_unit_test(test_table_full),
		cmocka_unit_test(test_ranges_of_a_leaf_join),
		cmocka_unit_test(test_range_of_a_leaf_refused),
		cmocka_unit_test(test_lowest_first_at_boot),
		cmocka_unit_test(test_odd_sizes),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_terabyte),
		cmocka_unit_test(test_audit_sees),
		cmocka_unit_test(test_dirty_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
