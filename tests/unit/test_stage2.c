/* SPDX-License-Identifier: MIT */
// SOURCES: arch/arm64/mm/stage2.c arch/arm64/mm/stage2_walk.c arch/arm64/mm/stage2_split.c arch/arm64/mm/stage2_size.c tests/unit/fake/lock_host.c core/base/status.c
/*
 * Stage 2 against a second reader of the tables: a walker of the test's own that knows only what the hardware reads
 * (Arm ARM D8.3), and a list of what was prepared and committed. After each step both must agree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/arm64/mm/el2_map.h"
#include "arch/arm64/mm/stage2.h"
#include "arch/tlb.h"
#include "core/log/log.h"

#define MIB UINT64_C(0x100000)
#define GIB UINT64_C(0x40000000)
#define NR_TABLES 600U
#define HYP_BASE UINT64_C(0x5f800000)

static FH_ALIGNED(8192) uint64_t hyp[(NR_TABLES + 2U) * 512U];
static struct s2 s2;
static uint32_t invalidations;
static uint64_t watched; /* an IPA that must fault while the TLB is invalidated; UINT64_MAX: none */
static bool watched_faulted;

void *el2_hyp_va(paddr_t where)
{
	assert_true(pa_val(where) >= HYP_BASE && pa_val(where) - HYP_BASE < sizeof(hyp));
	return (char *)hyp + (pa_val(where) - HYP_BASE);
}

void panic(const char *fmt, ...)
{
	fail_msg("panic: %s", fmt);
	abort();
}

/* What the hardware finds: the physical address of an IPA, or UINT64_MAX for a fault. */
static uint64_t hardware(uint64_t ipa_at, uint64_t *attrs)
{
	uint64_t e = hyp[ipa_at >> 30];

	for (unsigned int level = 1; level <= 3U; level++) {
		const uint64_t size = UINT64_C(1) << (12U + 9U * (3U - level));

		if ((e & 1U) == 0U || (level == 3U && (e & 2U) == 0U)) {
			return UINT64_MAX;
		}
		if (level == 3U || (e & 2U) == 0U) {
			*attrs = e & (UINT64_C(0xffc) | (UINT64_C(3) << 53));
			return (e & UINT64_C(0xfffffffff000) & ~(size - 1U)) + (ipa_at & (size - 1U));
		}
		const uint64_t *table = el2_hyp_va(pa(e & UINT64_C(0xfffffffff000)));

		e = table[(ipa_at >> (12U + 9U * (2U - level))) & 511U];
	}
	return UINT64_MAX;
}

void tlb_inval_vmid(uint64_t vttbr)
{
	uint64_t attrs;

	assert_int_equal(vttbr >> 48, 7);
	invalidations++;
	if (watched != UINT64_MAX) {
		watched_faulted = hardware(watched, &attrs) == UINT64_MAX;
	}
}

static void fresh(uint32_t tables)
{
	memset(hyp, 0xa5, sizeof(hyp));
	s2_machine_init(48, false);
	s2_init(&s2, pa(HYP_BASE), 7);
	for (uint32_t i = 0; i < tables; i++) {
		s2_give_table(&s2, pa(HYP_BASE + (2U + i) * PAGE_SIZE));
	}
	watched = UINT64_MAX;
	invalidations = 0;
}

static int setup(void **state)
{
	(void)state;
	fresh(NR_TABLES);
	return 0;
}

static void prepared_is_not_reachable(void **state)
{
	uint64_t attrs;
	struct s2_leaf leaf;

	(void)state;
	assert_int_equal(s2_prepare(&s2, ipa(0x40000000), pa(0x80000000), 2U * MIB, S2_RAM), FH_OK);
	assert_int_equal(hardware(0x40000000, &attrs), UINT64_MAX);
	assert_int_equal(s2_lookup(&s2, ipa(0x40001234), &leaf), FH_OK);
	assert_int_equal(leaf.order, ORDER_2M);
	assert_false(leaf.valid);
	s2_commit(&s2, ipa(0x40000000), 2U * MIB);
	assert_int_equal(hardware(0x40001234, &attrs), 0x80001234);
	s2_uncommit(&s2, ipa(0x40000000), 2U * MIB);
	assert_int_equal(hardware(0x40001234, &attrs), UINT64_MAX);
	assert_int_equal(invalidations, 1);
}

static void the_largest_leaves_are_taken(void **state)
{
	static const struct {
		uint64_t ipa, pa, size;
		uint8_t order;
	} cases[] = {
		{ GIB, 4U * GIB, GIB, ORDER_1G },
		{ 2U * GIB, 5U * GIB + 2U * MIB, GIB, ORDER_2M },
		{ 3U * GIB, 7U * GIB + 0x10000, 4U * MIB, ORDER_64K },
		{ 4U * GIB, 8U * GIB + 0x1000, MIB, ORDER_4K },
		{ 5U * GIB, 9U * GIB, 0x8000, ORDER_4K },
	};
	struct s2_leaf leaf;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(s2_prepare(&s2, ipa(cases[i].ipa), pa(cases[i].pa), cases[i].size, S2_RAM), FH_OK);
		assert_int_equal(s2_next(&s2, ipa(cases[i].ipa), &leaf), FH_OK);
		assert_int_equal(leaf.order, cases[i].order);
		assert_int_equal(pa_val(leaf.pa), cases[i].pa);
	}
}

static void device_memory_is_neither_cached_nor_executed(void **state)
{
	uint64_t attrs = 0;

	(void)state;
	assert_int_equal(s2_prepare(&s2, ipa(0x9010000), pa(0x9010000), 0x1000, S2_DEVICE), FH_OK);
	s2_commit(&s2, ipa(0), 8U * GIB);
	assert_int_equal(hardware(0x9010008, &attrs), 0x9010008);
	assert_int_equal((attrs >> 2) & 0xfU, 1); /* Device-nGnRE */
	assert_int_equal(attrs >> 53, 2);         /* execute never */
}

static void bad_requests_change_nothing(void **state)
{
	struct s2_leaf leaf;

	(void)state;
	assert_int_equal(s2_prepare(&s2, ipa(0x1000), pa(0x1000), 0, S2_RAM), FH_EINVAL);
	assert_int_equal(s2_prepare(&s2, ipa(0x1001), pa(0x1000), 0x1000, S2_RAM), FH_EALIGN);
	assert_int_equal(s2_prepare(&s2, ipa(0x1000), pa(0x1800), 0x1000, S2_RAM), FH_EALIGN);
	assert_int_equal(s2_prepare(&s2, ipa(UINT64_MAX - 0xfff), pa(0), 0x2000, S2_RAM), FH_EOVERFLOW);
	assert_int_equal(s2_prepare(&s2, ipa((UINT64_C(1) << 40) - 0x1000), pa(0), 0x2000, S2_RAM), FH_EINVAL);
	assert_int_equal(s2.nr_free, NR_TABLES);
	assert_int_equal(s2_next(&s2, ipa(0), &leaf), FH_ENOENT);
	assert_int_equal(s2_prepare(&s2, ipa(GIB), pa(GIB), 4U * MIB, S2_RAM), FH_OK);
	const uint32_t left = s2.nr_free;

	assert_int_equal(s2_prepare(&s2, ipa(GIB - 2U * MIB), pa(0), 6U * MIB, S2_RAM), FH_EEXIST);
	assert_int_equal(s2_prepare(&s2, ipa(0), pa(0), 2U * GIB, S2_RAM), FH_EEXIST);
	assert_int_equal(s2.nr_free, left);
	assert_int_equal(s2_lookup(&s2, ipa(GIB - 2U * MIB), &leaf), FH_ENOENT);
}

static void too_few_tables_change_nothing(void **state)
{
	struct s2_leaf leaf;

	(void)state;
	for (uint32_t n = 0; n < 3U; n++) {
		fresh(n);
		/* one table of level 2 and two of level 3 */
		assert_int_equal(s2_prepare(&s2, ipa(GIB + MIB), pa(GIB + MIB + 0x1000), 2U * MIB, S2_RAM), FH_ENOMEM);
		assert_int_equal(s2.nr_free, n);
		assert_int_equal(s2_next(&s2, ipa(0), &leaf), FH_ENOENT);
	}
	fresh(3);
	assert_int_equal(s2_prepare(&s2, ipa(GIB + MIB), pa(GIB + MIB + 0x1000), 2U * MIB, S2_RAM), FH_OK);
	assert_int_equal(s2.nr_free, 0);
}

static void a_split_breaks_before_it_makes(void **state)
{
	uint64_t attrs;
	struct s2_leaf leaf;

	(void)state;
	assert_int_equal(s2_prepare(&s2, ipa(GIB), pa(4U * GIB), GIB, S2_RAM), FH_OK);
	s2_commit(&s2, ipa(GIB), GIB);
	for (uint32_t turn = 0; turn < 2U; turn++) {
		watched = GIB + 5U * MIB;
		watched_faulted = false;
		assert_int_equal(s2_split(&s2, ipa(watched)), FH_OK);
		assert_true(watched_faulted);
		assert_int_equal(s2_lookup(&s2, ipa(watched), &leaf), FH_OK);
		assert_int_equal(leaf.order, turn == 0U ? ORDER_2M : ORDER_4K);
		assert_true(leaf.valid);
		for (uint64_t at = GIB; at < 2U * GIB; at += 0x7f000) {
			assert_int_equal(hardware(at, &attrs), at + 3U * GIB);
		}
	}
	assert_int_equal(s2_split(&s2, ipa(watched)), FH_EINVAL);
	assert_int_equal(s2_split(&s2, ipa(3U * GIB)), FH_ENOENT);
}

static void a_merge_is_a_split_undone(void **state)
{
	uint64_t attrs;
	struct s2_leaf leaf;
	const uint32_t before = s2.nr_free;

	(void)state;
	assert_int_equal(s2_prepare(&s2, ipa(GIB), pa(4U * GIB), GIB, S2_RAM), FH_OK);
	s2_commit(&s2, ipa(GIB), GIB);
	assert_int_equal(s2_merge(&s2, ipa(GIB)), FH_EINVAL);
	assert_int_equal(s2_split(&s2, ipa(GIB)), FH_OK);
	assert_int_equal(s2_split(&s2, ipa(GIB + 4U * MIB)), FH_OK);
	assert_int_equal(s2.nr_free, before - 2U);
	/* a piece of it is smaller still */
	assert_int_equal(s2_merge(&s2, ipa(GIB)), FH_EINVAL);
	for (uint32_t turn = 0; turn < 2U; turn++) {
		watched = GIB + 5U * MIB;
		watched_faulted = false;
		assert_int_equal(s2_merge(&s2, ipa(watched)), FH_OK);
		assert_true(watched_faulted);
		watched = UINT64_MAX;
		assert_int_equal(s2_lookup(&s2, ipa(GIB + 5U * MIB), &leaf), FH_OK);
		assert_int_equal(leaf.order, turn == 0U ? ORDER_2M : ORDER_1G);
		for (uint64_t at = GIB; at < 2U * GIB; at += 0x7f000) {
			assert_int_equal(hardware(at, &attrs), at + 3U * GIB);
		}
	}
	assert_int_equal(s2.nr_free, before);
	/* a leaf that is not valid, or is missing, is none of one block's */
	assert_int_equal(s2_split(&s2, ipa(GIB)), FH_OK);
	s2_uncommit(&s2, ipa(GIB + 2U * MIB), 2U * MIB);
	assert_int_equal(s2_merge(&s2, ipa(GIB)), FH_EINVAL);
	assert_int_equal(s2_merge(&s2, ipa(UINT64_C(1) << 45)), FH_ENOENT);
}

/* What a domain's build and reset do: all leaves, in steps; the TLB is invalidated once, when none is valid. */
static void turning_takes_steps(void **state)
{
	const uint64_t base = GIB + 0x1000;
	const uint32_t before = invalidations;
	uint64_t from = 0;
	uint64_t attrs;
	uint32_t steps = 1;

	(void)state;
	assert_int_equal(s2_prepare(&s2, ipa(base), pa(0x3000), 16U * MIB, S2_RAM), FH_OK);
	assert_false(s2_turn(&s2, &from, true));
	assert_true(from >= base + 1024U * 0x1000 && from <= base + 1536U * 0x1000);
	assert_int_equal(hardware(base, &attrs), 0x3000);
	assert_int_equal(hardware(from, &attrs), UINT64_MAX);
	while (!s2_turn(&s2, &from, true)) {
		steps++;
	}
	assert_int_equal(steps, 3);
	assert_int_equal(hardware(base + 16U * MIB - 0x1000, &attrs), 0x3000 + 16U * MIB - 0x1000);
	assert_int_equal(invalidations, before);
	for (from = 0; !s2_turn(&s2, &from, false);) {
		assert_int_equal(invalidations, before);
	}
	assert_int_equal(invalidations, before + 1U);
	assert_int_equal(hardware(base, &attrs), UINT64_MAX);
	assert_int_equal(hardware(base + 16U * MIB - 0x1000, &attrs), UINT64_MAX);
}

/* Random ranges in 8 GiB; the model is one entry for each range that was prepared. */
#define MAX_RANGES 24U
struct mapped {
	uint64_t ipa, pa, size;
	bool valid;
};

static uint64_t random_size(void)
{
	static const uint64_t units[] = { 0x1000, 0x10000, 2U * MIB, GIB };
	const uint64_t unit = units[(uint32_t)rand() % ARRAY_SIZE(units)];

	return unit * (1U + (uint32_t)rand() % (unit == GIB ? 2U : 40U));
}

static void compare(const struct mapped *m, uint32_t nr)
{
	uint64_t attrs;

	for (uint32_t i = 0; i < nr; i++) {
		for (uint32_t k = 0; k < 20U; k++) {
			const uint64_t off = k == 0U ? 0U :
					     k == 1U ? m[i].size - 1U :
						       (uint64_t)rand() * 4097U % m[i].size;

			assert_int_equal(hardware(m[i].ipa + off, &attrs), m[i].valid ? m[i].pa + off : UINT64_MAX);
		}
	}
	for (uint32_t k = 0; k < 20U; k++) {
		const uint64_t at = (uint64_t)rand() * 4096U % (8U * GIB);
		bool known = false;

		for (uint32_t i = 0; i < nr; i++) {
			known = known || (at >= m[i].ipa && at - m[i].ipa < m[i].size);
		}
		if (!known) {
			assert_int_equal(hardware(at, &attrs), UINT64_MAX);
		}
	}
}

static void random_steps(unsigned int seed)
{
	struct mapped m[MAX_RANGES];
	uint32_t nr = 0;

	srand(seed);
	fresh(NR_TABLES);
	for (uint32_t step = 0; step < 200U; step++) {
		const uint64_t at = (uint64_t)rand() * 4096U % (8U * GIB);
		const struct range r = { at, random_size() };

		if (nr < MAX_RANGES && rand() % 2 == 0) {
			const uint64_t to = rand() % 2 == 0 ? at + 64U * GIB : (uint64_t)rand() * 4096U;
			const uint32_t before = s2.nr_free;
			const fh_status status = s2_prepare(&s2, ipa(at), pa(to), r.size, S2_RAM);
			bool overlaps = false;

			for (uint32_t i = 0; i < nr; i++) {
				overlaps = overlaps || range_overlaps((struct range){ m[i].ipa, m[i].size }, r);
			}
			if (status == FH_OK) {
				assert_false(overlaps);
				assert_true(before - s2.nr_free <= s2_tables_max(&r, 1, ORDER_4K));
				m[nr++] = (struct mapped){ at, to, r.size, false };
			} else {
				assert_true(overlaps || status == FH_ENOMEM);
				assert_int_equal(s2.nr_free, before);
			}
		} else if (nr != 0U) {
			struct mapped *p = &m[(uint32_t)rand() % nr];

			if (p->valid && rand() % 3 == 0) {
				const fh_status status =
					s2_split(&s2, ipa(p->ipa + (uint64_t)rand() * 4096U % p->size));

				assert_true(status == FH_OK || status == FH_EINVAL || status == FH_ENOMEM);
			} else if (p->valid) {
				s2_uncommit(&s2, ipa(p->ipa), p->size);
				p->valid = false;
			} else {
				s2_commit(&s2, ipa(p->ipa), p->size);
				p->valid = true;
			}
		} else {
			/* Nothing to change yet. */
		}
		compare(m, nr);
	}
}

static void random_against_the_model(void **state)
{
	const char *given = getenv("SEED");
	const unsigned int first = given != NULL ? (unsigned int)strtoul(given, NULL, 0) : 1U;

	(void)state;
	for (unsigned int seed = first; seed < first + 100U; seed++) {
		print_message("seed %u\n", seed);
		random_steps(seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(prepared_is_not_reachable, setup),
		cmocka_unit_test_setup(the_largest_leaves_are_taken, setup),
		cmocka_unit_test_setup(device_memory_is_neither_cached_nor_executed, setup),
		cmocka_unit_test_setup(bad_requests_change_nothing, setup),
		cmocka_unit_test_setup(too_few_tables_change_nothing, setup),
		cmocka_unit_test_setup(a_split_breaks_before_it_makes, setup),
		cmocka_unit_test_setup(turning_takes_steps, setup),
		cmocka_unit_test_setup(a_merge_is_a_split_undone, setup),
		cmocka_unit_test_setup(random_against_the_model, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
