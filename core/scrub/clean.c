/* SPDX-License-Identifier: MIT */
#include "arch/arm64/mm/el2_map.h"
#include "arch/arm64/mm/stage2.h"
#include "arch/cache.h"
#include "core/scrub/scrub.h"

#define BLOCK (PAGE_SIZE << ORDER_2M)

void scrub_clean(paddr_t at, uint64_t size, bool whole)
{
	const uint64_t in = whole ? pa_val(at) & (BLOCK - 1U) : 0U;
	char *va = window_open(WINDOW_BUILD, pa(pa_val(at) - in), whole ? BLOCK : size);

	va += in;

	if (s2_fwb()) {
		cache_zero(va, size);
	} else {
		cache_zero_flush(va, size);
	}
	window_close(WINDOW_BUILD);
}
