/* SPDX-License-Identifier: MIT */
/*
 * The ledger's bench: drives core/pool and core/claim, the image's own objects, on bare QEMU virt, where a tick of the
 * counter is an instruction. Locks are wrapped by the linker (--wrap), so that each hold is measured; what measuring
 * costs is taken off again, to the instruction.
 */
#ifndef LEDGER_BENCH_H
#define LEDGER_BENCH_H

#include "core/claim/claim.h"

/* One thing that is measured: least and most of its calls, and its longest hold of the lock. */
struct row {
	const char *name;
	uint64_t least;
	uint64_t most;
	uint64_t hold;
	uint32_t zone; /* of the most */
	uint32_t order;
};

#define ROW(n)                                                                                                         \
	{                                                                                                              \
		.name = (n)                                                                                            \
	}

struct probe {
	uint64_t start;
	uint64_t hold; /* the longest since it was set to 0 */
	uint64_t pairs;
};
extern struct probe probe;

/* probe.c: what one pair of wrapped calls costs more than a plain one, and a hold of nothing. */
void probe_calibrate(void);
uint64_t probe_cost(void);

static inline uint64_t ticks(void)
{
	uint64_t v;

	__asm__ volatile("mrs %0, cntpct_el0" : "=r"(v)::"memory");
	return v;
}

/* machine.c */
void print(const char *fmt, ...);
void machine_off(void);
void row_add(struct row *r, uint64_t n, uint32_t zone, uint32_t order);
void row_print(const struct row *r);

/* Measures `code`; a row that another measurement interrupts would be wrong, so they are not nested. */
#define MEASURE(row, zone, order, code)                                                                                \
	do {                                                                                                           \
		uint64_t t0_, t1_;                                                                                     \
		probe.hold = 0;                                                                                        \
		probe.pairs = 0;                                                                                       \
		t0_ = ticks();                                                                                         \
		code;                                                                                                  \
		t1_ = ticks();                                                                                         \
		row_add((row), t1_ - t0_, (zone), (order));                                                            \
	} while (0)

#define MUST(c)                                                                                                        \
	do {                                                                                                           \
		if (!(c)) {                                                                                            \
			print("ledger: %s:%u: %s: failed\n", __FILE__, (uint32_t)__LINE__, #c);                        \
			machine_off();                                                                                 \
		}                                                                                                      \
	} while (0)

/* Ends the run if the ledger's audit finds something. */
void check_ledger(void);

/* The pool that is measured (state.c): 8 zones in three levels, 18 orders. */
#define NR_ZONES 8U
#define NR_DOMS 60U
#define HYP_ZONE 7U
extern struct ledger led;

/* A pool of one block of 1 GiB after the other, nothing claimed. */
void state_fresh(void);
/* Half of the claims' slots taken, claims and owned blocks of all sizes on all zones, from a fixed seed. */
void state_worked(void);
uint32_t rnd(uint32_t n);

void bench_sets(void);
void bench_rest(void);

#endif
