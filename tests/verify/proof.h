/* SPDX-License-Identifier: MIT */
/*
 * For proofs by CBMC. A proof is a function proof_x(); one run of the solver proves one, for the constants that the
 * macros CASE_* give it; tests/verify/prove lists the cases. What is nondet_ is anything at all.
 *
 * The solver is quick where an index into a table is a constant to it. Where the code finds an index by ilog2(), the
 * proof says beforehand what will come: expect() gives that constant, and demands that it is the right one.
 */
#ifndef TESTS_VERIFY_PROOF_H
#define TESTS_VERIFY_PROOF_H

#include "core/base/bits.h"

uint8_t nondet_u8(void);
uint16_t nondet_u16(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);
bool nondet_bool(void);

#define ASSUME(c) __CPROVER_assume(c)
/*
 * A second run of each proof, with REACH, sees to it that the proof is not an empty one: all that it demands is assumed,
 * and that its end can't be reached is claimed, which must be found false.
 */
#ifdef REACH
#define ASSERT(c, what) __CPROVER_assume(c)
#define REACHED(c) __CPROVER_assert(!(c), "reached")
#else
#define ASSERT(c, what) __CPROVER_assert(c, what)
#define REACHED(c) ((void)0)
#endif

/* What an assertion of the engine calls (the proofs are built with -D__builtin_trap=proof_trap). */
int proof_trap(void)
{
#ifndef TRAP_REFUSES
	ASSERT(false, "an assertion of the engine");
#endif
	ASSUME(false);
	return 0;
}

#define EXPECTED 16U
static unsigned int expected[EXPECTED];
static unsigned int nr_expected;

static unsigned int expect(uint64_t v)
{
	const unsigned int n = expected[nr_expected++];

	ASSERT(nr_expected <= EXPECTED && v >> n == 1U, "the bit that was expected");
	ASSUME(v >> n == 1U);
	return n;
}

/* The same for the lowest bit. */
static unsigned int expect_lowest(uint64_t v)
{
	const unsigned int n = expected[nr_expected++];

	ASSERT(nr_expected <= EXPECTED && (v & (BIT(n + 1U) - 1U)) == BIT(n), "the lowest bit that was expected");
	ASSUME((v & (BIT(n + 1U) - 1U)) == BIT(n));
	return n;
}

#endif
