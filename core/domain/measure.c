/* SPDX-License-Identifier: MIT */
/* Whether times are measured: a CPU turns to it, or from it, when it is called out of its guest for that. */
#include "core/base/string.h"
#include "core/domain/domain_internal.h"

static bool measured; /* atomic */

bool domain_measured(void)
{
	return __atomic_load_n(&measured, __ATOMIC_RELAXED);
}

void domain_measure(bool on)
{
	const bool before = __atomic_exchange_n(&measured, on, __ATOMIC_RELAXED);

	for (uint32_t i = 0; on != before && i < domains.nr; i++) {
		struct domain *d = &domains.domain[i];

		lock_acquire(&d->lock);
		for (uint32_t k = 0; d->vcpus != NULL && k < d->nr_vcpus; k++) {
			if (on) {
				memset(&d->vcpus[k].times, 0, sizeof(d->vcpus[k].times));
			}
			domain_attend(&d->vcpus[k]);
		}
		lock_release(&d->lock);
	}
}
