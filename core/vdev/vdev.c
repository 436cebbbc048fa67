/* SPDX-License-Identifier: MIT */
#include "core/vdev/vdev.h"

bool vdev_add(struct vdev_table *t, const struct vdev *d)
{
	const uint64_t base = ipa_val(d->base);
	uint32_t at = t->nr;

	if (t->nr == VDEV_MAX || d->size == 0U || base > UINT64_MAX - d->size) {
		return false;
	}
	for (uint32_t i = 0; i < t->nr; i++) {
		const uint64_t other = ipa_val(t->devs[i].base);

		if (base < other + t->devs[i].size && other < base + d->size) {
			return false;
		}
	}
	for (; at > 0U && ipa_val(t->devs[at - 1U].base) > base; at--) {
		t->devs[at] = t->devs[at - 1U];
	}
	t->devs[at] = *d;
	t->nr++;
	return true;
}

const struct vdev *vdev_find(const struct vdev_table *t, ipaddr_t addr, uint32_t size)
{
	const uint64_t a = ipa_val(addr);
	uint32_t lo = 0;
	uint32_t hi = t->nr;

	while (lo < hi) {
		const uint32_t mid = lo + (hi - lo) / 2U;
		const struct vdev *d = &t->devs[mid];
		const uint64_t base = ipa_val(d->base);

		if (a < base) {
			hi = mid;
		} else if (a - base >= d->size) {
			lo = mid + 1U;
		} else {
			return d->size - (a - base) >= size ? d : NULL;
		}
	}
	return NULL;
}
