/* SPDX-License-Identifier: MIT */
/* What the parts of the host's bench share. */
#ifndef TOOLS_LEDGERBENCH_H
#define TOOLS_LEDGERBENCH_H

#include <stdio.h>
#include <stdlib.h>

#include "core/claim/claim.h"

#define MUST(c)                                                                                                        \
	do {                                                                                                           \
		if (!(c)) {                                                                                            \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #c);                                        \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

extern struct ledger led;

/* Exits if the ledger's audit finds something. */
void check_ledger(void);

/* A pool of two leaves under a root. Leaves callgrind's counts as the cost of boot. */
void pool_make(uint64_t pages, uint8_t max_order);

/* Random use for long; asks for order 9 again and again, and compares with a packing oracle. Exits if they differ. */
void fragmentation(void);

#endif
