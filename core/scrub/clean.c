/* SPDX-License-Identifier: MIT */
#include "arch/arm64/mm/el2_map.h"
#include "arch/arm64/mm/stage2.h"
#include "arch/cache.h"
#include "core/scrub/scrub.h"

void scrub_clean(paddr_t at, uint64_t size, bool whole)
{
	char *va = window_open(WINDOW_BUILD, at, size, whole);

	if (s2_fwb()) {
		cache_zero(va, size);
	} else {
		cache_zero_flush(va, size);
	}
	window_close(WINDOW_BUILD);
}
