/* SPDX-License-Identifier: MIT */
#include "core/vwdt/vwdt.h"

#include "arch/cpu.h"

#define WCS 0x000U
#define WOR 0x008U
#define WOR_HIGH 0x00cU
#define WCV 0x010U
#define WCV_HIGH 0x014U
#define WRR VWDT_FRAME
#define W_IIDR 0xfccU /* of both frames */

#define WCS_EN 1U
#define WCS_WS0 2U
#define WCS_WS1 4U
#define IIDR_REVISION_1 (1U << 16)
#define WOR_HIGH_MASK 0xffffU

/* The specification's pseudocode, for two time-outs at once: nobody may have looked in between. */
static void pass_time(struct vwdt *w, uint64_t now)
{
	if (w->enabled && !w->ws0 && now >= w->compare) {
		w->ws0 = true;
		w->compare += w->offset;
	}
	if (w->ws0 && !w->ws1 && now >= w->compare) {
		w->ws1 = true;
		w->ran_out = true;
	}
}

/* A compare value that the counter will never reach is none, so that who counts with it need not think of wrapping. */
static uint64_t next(const struct vwdt *w)
{
	if (w->ran_out) {
		return 0;
	}
	return w->enabled && !w->ws1 && w->compare <= INT64_MAX ? w->compare : UINT64_MAX;
}

static enum vdev_result vwdt_read(void *dev, uint32_t vcpu, uint64_t off, uint32_t size, uint64_t *val)
{
	struct vwdt *w = dev;
	const uint64_t now = arch_guest_counter();
	enum vdev_result result = size == 4U ? VDEV_OK : VDEV_FAULT;

	(void)vcpu;
	lock_acquire(&w->lock);
	pass_time(w, now);
	switch (off) {
	case WCS:
		*val = (w->enabled ? WCS_EN : 0U) | (w->ws0 ? WCS_WS0 : 0U) | (w->ws1 ? WCS_WS1 : 0U);
		break;
	case WOR:
		*val = w->offset & UINT32_MAX;
		break;
	case WOR_HIGH:
		*val = w->offset >> 32;
		break;
	case WCV:
		*val = w->compare & UINT32_MAX;
		break;
	case WCV_HIGH:
		*val = w->compare >> 32;
		break;
	case W_IIDR:
	case WRR + W_IIDR:
		*val = IIDR_REVISION_1;
		break;
	default:
		*val = 0;
		break;
	}
	lock_release(&w->lock);
	return result;
}

static void refresh(struct vwdt *w, uint64_t now)
{
	w->ws0 = false;
	w->ws1 = false;
	w->compare = now + w->offset;
	vgic_set_level(w->vgic, 0, w->intid, false);
}

static enum vdev_result vwdt_write(void *dev, uint32_t vcpu, uint64_t off, uint32_t size, uint64_t val)
{
	struct vwdt *w = dev;
	const uint64_t now = arch_guest_counter();
	bool effect = true;

	(void)vcpu;
	if (size != 4U) {
		return VDEV_FAULT;
	}
	lock_acquire(&w->lock);
	pass_time(w, now);
	switch (off) {
	case WCS:
		w->enabled = (val & WCS_EN) != 0U;
		break;
	case WOR:
		w->offset = (w->offset & ~(uint64_t)UINT32_MAX) | val;
		break;
	case WOR_HIGH:
		w->offset = (w->offset & UINT32_MAX) | (val & WOR_HIGH_MASK) << 32;
		break;
	case WCV:
		w->compare = (w->compare & ~(uint64_t)UINT32_MAX) | val;
		effect = false;
		break;
	case WCV_HIGH:
		w->compare = (w->compare & UINT32_MAX) | val << 32;
		effect = false;
		break;
	case WRR:
		break;
	default:
		effect = false;
		break;
	}
	if (effect) {
		refresh(w, now);
	}
	if (next(w) != UINT64_MAX) {
		arch_wake_by(arch_counter() + (next(w) - MIN(next(w), now)));
	}
	lock_release(&w->lock);
	return VDEV_OK;
}

const struct vdev_ops vwdt_ops = { vwdt_read, vwdt_write };

void vwdt_reset(struct vwdt *w)
{
	lock_acquire(&w->lock);
	w->enabled = false;
	w->ran_out = false;
	w->offset = 0;
	refresh(w, 0);
	lock_release(&w->lock);
}

void vwdt_init(struct vwdt *w, struct vgic *vgic, uint32_t intid)
{
	*w = (struct vwdt){ .lock = LOCK_INIT(RANK_VUART), .vgic = vgic, .intid = intid };
}

uint64_t vwdt_poll(struct vwdt *w, uint64_t now, bool *ran_out)
{
	uint64_t at;

	lock_acquire(&w->lock);
	pass_time(w, now);
	if (w->ws0) {
		vgic_set_level(w->vgic, 0, w->intid, true);
	}
	*ran_out = w->ran_out;
	w->ran_out = false;
	at = next(w);
	lock_release(&w->lock);
	return at;
}
