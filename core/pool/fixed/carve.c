/* SPDX-License-Identifier: MIT */
/* Writing records without free lists: what was laid out stays as it is. */
#include "core/pool/fixed/carve.h"

#include "core/pool/pool_internal.h"

void pool_carve(const struct pool *p, uint64_t pfn, uint8_t order, uint64_t count, domid_t owner)
{
	for (uint64_t i = 0; i < count; i++, pfn += BIT(order)) {
		*pool_record(p, pfn) = rec_owned(order, owner, DOMID_HYP);
	}
}

void pool_carve_rest(const struct pool *p, uint8_t leaf, uint64_t pfn, uint64_t end)
{
	while (pfn < end) {
		const uint8_t order = pool_fit_order(p, leaf, pfn, end);

		pool_carve(p, pfn, order, 1U, DOMID_HYP);
		pfn += BIT(order);
	}
}
