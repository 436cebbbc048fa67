/* SPDX-License-Identifier: MIT */
#include "core/virtio/guest_mem.h"

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

static inline void *shown(const struct guest_part *p, uint64_t at, uint64_t *len)
{
	*len = MIN(*len, p->size - (at - p->at));
	return p->va + (at - p->at);
}

/* Moves the window to the leaf that holds `at`, of a larger one to 2 MiB of it. */
static __attribute__((noinline)) void *turn_to(struct guest_view *g, enum window_use use, uint64_t at, uint64_t *len)
{
	struct guest_part *p = &g->part[use];
	struct s2_leaf leaf;

	leave(p, use);
	if (s2_find(g->s, ipa(at), &leaf) != FH_OK || !leaf.valid || leaf.kind != S2_RAM) {
		return NULL;
	}
	p->size = MIN(PAGE_SIZE << leaf.order, WINDOW_SIZE);
	p->at = align_down(at, p->size);
	p->va = window_open(use, pa(pa_val(leaf.pa) + (p->at - ipa_val(leaf.ipa))), p->size, leaf.order >= ORDER_2M);
	return shown(p, at, len);
}

void *guest_at(struct guest_view *g, enum window_use use, uint64_t at, uint64_t *len)
{
	const struct guest_part *p = &g->part[use];

	return at - p->at < p->size ? shown(p, at, len) : turn_to(g, use, at, len);
}
