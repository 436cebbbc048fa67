/* SPDX-License-Identifier: MIT */
/*
 * An independent judge of admission: tries every way to cut blocks out of what is free. It shares no code and no
 * formula with core/claim; it is slow, and for pools of a few hundred pages at most.
 */
#ifndef TESTS_UNIT_ORACLE_H
#define TESTS_UNIT_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#define ORACLE_ORDERS 7
#define ORACLE_LEAVES 4
#define ORACLE_TERMS 80

struct oracle_term {
	uint32_t leaves; /* bit: a leaf that the term may draw on */
	uint32_t order;
	uint32_t count;
};

struct oracle {
	uint32_t nr_leaves;
	uint32_t nr_terms;
	uint32_t free[ORACLE_LEAVES][ORACLE_ORDERS]; /* blocks by order */
	struct oracle_term terms[ORACLE_TERMS];
};

/* Whether all terms can be packed at once. */
bool oracle_packs(const struct oracle *o);

#endif
