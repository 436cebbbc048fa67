/* SPDX-License-Identifier: MIT */
#include "core/virtio/guest_mem.h"

#include "core/base/string.h"

#define WINDOW_SIZE UINT64_C(0x200000)

void guest_open(struct guest_view *g, struct s2 *s)
{
	g->s = s;
	g->part[WINDOW_RINGS].size = 0;
	g->part[WINDOW_DATA].size = 0;
	lock_acquire(&s->lock);
}

static void leave(struct guest_part *p, enum window_use use)
{
	if (p->size != 0U) {
		window_close(use);
		p->size = 0;
	}
}

void guest_close(struct guest_view *g)
{
	leave(&g->part[WINDOW_RINGS], WINDOW_RINGS);
	leave(&g->part[WINDOW_DATA], WINDOW_DATA);
	lock_release(&g->s->lock);
}

/* Moves a window to the leaf with IPA `at`, of a larger one to the 2 MiB of it; false: no RAM there. */
static bool turn_to(struct guest_view *g, enum window_use use, uint64_t at)
{
	struct guest_part *p = &g->part[use];
	struct s2_leaf leaf;

	leave(p, use);
	if (s2_find(g->s, ipa(at), &leaf) != FH_OK || !leaf.valid || leaf.kind != S2_RAM) {
		return false;
	}
	p->size = MIN(PAGE_SIZE << leaf.order, WINDOW_SIZE);
	p->at = align_down(at, p->size);
	p->va = window_open(use, pa(pa_val(leaf.pa) + (p->at - ipa_val(leaf.ipa))), p->size);
	return true;
}

/* Where IPA `at` is; *len: of what was asked, the part that the window shows. NULL: no RAM there. */
static void *at_ipa(struct guest_view *g, enum window_use use, uint64_t at, uint64_t *len)
{
	const struct guest_part *p = &g->part[use];

	if (at - p->at >= p->size && !turn_to(g, use, at)) {
		return NULL;
	}
	*len = MIN(*len, p->size - (at - p->at));
	return p->va + (at - p->at);
}

/* Indices have 16 bits, and a driver on another CPU writes and reads them whole: so do we. */
static void copy(void *to, const void *from, uint64_t len)
{
	if (len == sizeof(uint16_t) && is_aligned((uintptr_t)to | (uintptr_t)from, sizeof(uint16_t))) {
		__atomic_store_n((uint16_t *)to, __atomic_load_n((const uint16_t *)from, __ATOMIC_RELAXED),
				 __ATOMIC_RELAXED);
	} else {
		memcpy(to, from, len);
	}
}

fh_status guest_read(struct guest_view *g, enum window_use use, uint64_t at, void *buf, uint64_t len)
{
	for (uint64_t done = 0, part; done < len; done += part) {
		part = len - done;
		const void *va = at_ipa(g, use, at + done, &part);

		if (va == NULL) {
			return FH_ENOENT;
		}
		copy((char *)buf + done, va, part);
	}
	return FH_OK;
}

fh_status guest_write(struct guest_view *g, enum window_use use, uint64_t at, const void *buf, uint64_t len)
{
	for (uint64_t done = 0, part; done < len; done += part) {
		part = len - done;
		void *va = at_ipa(g, use, at + done, &part);

		if (va == NULL) {
			return FH_ENOENT;
		}
		copy(va, (const char *)buf + done, part);
	}
	return FH_OK;
}
