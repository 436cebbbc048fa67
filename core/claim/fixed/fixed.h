/* SPDX-License-Identifier: MIT */
#ifndef CORE_CLAIM_FIXED_FIXED_H
#define CORE_CLAIM_FIXED_FIXED_H

#include "core/claim/claim.h"

/* The one set: what is left of each term, and where its next block is. */
struct fixed_term {
	struct claim_term term;
	uint64_t left;
	uint64_t next_pfn;
};

extern struct fixed_term fixed_terms[CLAIM_MAX_INPUT];
extern uint32_t nr_fixed;

#endif
