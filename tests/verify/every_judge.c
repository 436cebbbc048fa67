/* SPDX-License-Identifier: MIT */
/* The judge of every.c: all ways to share the root's terms among the leaves, and all ways to cut each leaf (oracle.c). */
#include <string.h>

#include "every.h"
#include "oracle.h"

/* Whether a leaf with such free blocks holds x of each order: asked of the oracle once. */
static int8_t packs[3][2][2][LEAF + 1U][LEAF + 1U][LEAF + 1U]; /* 0: not asked yet */

static bool leaf_packs(const uint8_t f[3], const uint32_t x[3])
{
	struct oracle o = { .nr_leaves = 1, .nr_terms = 3 };
	int8_t *known;

	if (x[0] > LEAF || x[1] > LEAF || x[2] > LEAF) {
		return false;
	}
	known = &packs[f[0]][f[1]][f[2]][x[0]][x[1]][x[2]];
	if (*known == 0) {
		for (uint32_t k = 0; k < 3U; k++) {
			o.free[0][k] = f[k];
			o.terms[k] = (struct oracle_term){ 1, k, x[k] };
		}
		*known = oracle_packs(&o) ? 1 : -1;
	}
	return *known > 0;
}

/* Whether the terms c fit into leaves with free blocks a and b: all ways to share out the root's. */
bool judge(const uint8_t a[3], const uint8_t b[3], const uint8_t c[TERMS])
{
	for (uint32_t x0 = 0; x0 <= c[0]; x0++) {
		for (uint32_t x1 = 0; x1 <= c[1]; x1++) {
			for (uint32_t x2 = 0; x2 <= c[2]; x2++) {
				const uint32_t x[3] = { c[3] + x0, c[4] + x1, c[5] + x2 };
				const uint32_t y[3] = { c[6] + c[0] - x0, c[7] + c[1] - x1, c[8] + c[2] - x2 };

				if (leaf_packs(a, x) && leaf_packs(b, y)) {
					return true;
				}
			}
		}
	}
	return false;
}

/* Whether n more of term t (fewer: n < 0) would fit now. */
bool more_fits(uint32_t t, int n)
{
	uint8_t c[TERMS];

	memcpy(c, left, sizeof(c));
	c[t] = (uint8_t)(c[t] + n);
	return judge(now[0]->free, now[1]->free, c);
}
