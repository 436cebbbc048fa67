/* SPDX-License-Identifier: MIT */
/* What the parts of claimsim share: the pool, the race, the capacity argument, the trace. */
#ifndef TOOLS_CLAIMSIM_SIM_H
#define TOOLS_CLAIMSIM_SIM_H

#include <stdio.h>

#include "core/claim/claim.h"

#define MIB_PAGES 256U
#define BLOCK ORDER_2M /* what a domain is built of */
#define BLOCK_MIB 2U

#define MUST(c)                                                                                                        \
	do {                                                                                                           \
		if (!(c)) {                                                                                            \
			sim_fail(__FILE__, __LINE__, #c);                                                              \
		}                                                                                                      \
	} while (0)

struct options {
	uint64_t seed;
	uint32_t pool_mib; /* a multiple of 1,024 */
	uint32_t builders;
	uint32_t growers;
	uint32_t seconds; /* of simulated time */
	const char *trace;
};

/* What came of a race. */
struct outcome {
	uint32_t begun;
	uint32_t refused; /* at once, before anything was zeroed */
	uint32_t built;
	uint32_t late; /* failed after it had begun */
	uint64_t lost_mib;
	uint64_t lost_ms;
	uint32_t grown; /* times that a running domain got what it asked for */
	uint32_t grow_refused;
};

extern struct ledger led;

void sim_fail(const char *file, int line, const char *what) __attribute__((noreturn));
/* A pool of two leaves, a quarter and the rest, under a root. All clean. */
void sim_pool(uint32_t mib, uint32_t domains);
void sim_audit(void);
uint32_t sim_random(uint64_t *state, uint32_t n);

/* Builders and growing domains compete; claimed: by claims, else each looks first and allocates then. */
struct outcome race_run(const struct options *o, bool claimed, FILE *trace);

/* How many domains of a workload fit: by sum of maxima, by maximum of sums, and by what the ledger admits. */
struct capacity {
	uint32_t by_maxima;
	uint32_t by_sums;
	uint32_t admitted;
};
#define WORK_BASE_MIB 256U
#define WORK_PEAK_MIB 1024U
#define WORK_PERIOD 60U /* s */
#define WORK_PEAK 12U   /* s of it */
struct capacity capacity_run(const struct options *o);

/* trace.c: the first line, and one line for a moment. */
void trace_head(FILE *f);
void trace_line(FILE *f, uint64_t ms);

#endif
