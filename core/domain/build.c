/* SPDX-License-Identifier: MIT */
/*
 * Building: cleaning, loading, committing, in steps of at most 512 KiB or 1,536 leaves. Until the commit nothing of the
 * domain's memory is reachable through its stage 2; a reset comes through here again, after the mapping was taken back.
 * What the domain claimed while it ran goes back first, a block a step; where the domain is off, that is all.
 */
#include "arch/arm64/mm/el2_map.h"
#include "arch/cache.h"
#include "arch/cpu.h"
#include "core/domain/domain.h"
#include "core/domain/domain_internal.h"
#include "core/log/log.h"
#include "core/scrub/scrub.h"

#define STEP_BYTES UINT64_C(0x80000) /* zeroed, 25,000 instructions at the most; copied, half of it */
#define STEP_LEAVES 32U              /* that are found clean in one step */

/* The part of [off, size) of a leaf or an image that one window reaches from physical address `at`. */
static uint64_t step_size(uint64_t at, uint64_t left)
{
	const uint64_t to_boundary = STEP_BYTES - (at & (STEP_BYTES - 1U));

	return MIN(left, to_boundary);
}

/* A part of a leaf, 2^n pages. The ledger knows nothing of static memory. */
static void clean(struct domain *d, paddr_t at, uint64_t size, bool whole)
{
	const struct claim_block b = { .base = at, .order = (uint8_t)(ilog2(size) - PAGE_SHIFT) };
	fh_status status;

	scrub_clean(at, size, whole);
	status = ledger_cleaned(domains.ledger, d->id, b);
	FH_ASSERT(status == FH_OK || status == FH_ENOENT);
	d->build.flushed += s2_fwb() ? 0U : size;
	d->build.zeroed += size;
}

/* After a reset the domain itself has written there, whatever was known of it before. */
static bool is_clean(const struct domain *d, const struct s2_leaf *leaf)
{
	const struct range r = { pa_val(leaf->pa), PAGE_SIZE << leaf->order };

	return d->resets == 0U && d->build.offset == 0U && !ledger_range_dirty(domains.ledger, r);
}

/* One step of cleaning; false: nothing is left to clean. */
static bool clean_step(struct domain *d)
{
	struct domain_build *b = &d->build;
	struct s2_leaf leaf;

	for (uint32_t i = 0; i < STEP_LEAVES; i++) {
		if (s2_next(&d->s2, ipa(b->ipa), &leaf) != FH_OK) {
			return false;
		}
		const uint64_t size = PAGE_SIZE << leaf.order;

		if (leaf.kind != S2_RAM || b->offset == size || is_clean(d, &leaf)) {
			b->ipa = ipa_val(leaf.ipa) + size;
			b->offset = 0;
			continue;
		}
		const uint64_t at = pa_val(leaf.pa) + b->offset;
		const uint64_t part = step_size(at, size - b->offset);

		clean(d, pa(at), part, leaf.order >= ORDER_2M);
		b->offset += part;
		break;
	}
	return true;
}

/* Opens the window on the domain's RAM: of *size bytes, as many as it reaches. The plan has checked the place. */
static char *open_in(struct domain *d, uint64_t to, uint64_t *size)
{
	struct s2_leaf leaf;
	const fh_status status = s2_lookup(&d->s2, ipa(to), &leaf);

	FH_ASSERT(status == FH_OK && leaf.kind == S2_RAM);
	const uint64_t in_leaf = to - ipa_val(leaf.ipa);
	const uint64_t at = pa_val(leaf.pa) + in_leaf;

	const uint64_t block = PAGE_SIZE << MIN(leaf.order, ORDER_2M);

	*size = MIN(MIN(*size, STEP_BYTES / 2U), block - (at & (block - 1U)));
	return window_open(WINDOW_BUILD, pa(at), *size, leaf.order >= ORDER_2M);
}

/* What was put there is what a guest without caches finds. */
static void close_in(const char *va, uint64_t size)
{
	cache_clean_inval(va, size);
	window_close(WINDOW_BUILD);
}

/* A file that comes in pieces: true when it is complete, else the builder sleeps until then. */
static bool complete(struct domain *d, uint32_t image)
{
	bool all;

	lock_acquire(&d->lock);
	all = d->arrived[image] == d->images[image].size;
	d->awaiting = !all && d->state == DOM_BUILDING;
	d->loadable = true;
	lock_release(&d->lock);
	return all;
}

/* One step of loading; false: all images are there. */
static bool load_step(struct domain *d)
{
	struct domain_build *b = &d->build;

	if (b->image == DOM_IMG_COUNT) {
		return false;
	}
	const struct domain_image *img = &d->images[b->image];

	if (img->data == NULL && img->size != 0U) {
		b->offset = complete(d, b->image) ? img->size : 0U;
	} else if (b->offset != img->size) {
		uint64_t part = img->size - b->offset;
		char *va = open_in(d, img->ipa + b->offset, &part);

		cache_copy(va, (const char *)img->data + b->offset, part);
		close_in(va, part);
		b->flushed += part;
		b->loaded += part;
		b->offset += part;
	} else {
		/* There is no such file, or it is there. */
	}
	if (b->offset == img->size) {
		b->image++;
		b->offset = 0;
	}
	return true;
}

/* Whether a piece may come now; nobody else copies then, and the domain is not taken apart. */
static fh_status begin_piece(struct domain *d, const void *feeder, uint32_t image, uint64_t offset, uint64_t bytes)
{
	fh_status status = FH_EBUSY;

	lock_acquire(&d->lock);
	if (d->feeder == NULL || d->feeder != feeder) {
		status = FH_ESTALE;
	} else if (!domain_may(d, DOM_OP_LOAD) || !d->loadable || d->loading || d->request != DOM_REQ_NONE) {
		status = FH_EBUSY;
	} else if (image >= DOM_IMG_COUNT || d->files.size[image] == 0U || offset != d->arrived[image] || bytes == 0U ||
		   bytes > DOM_LOAD_MAX || bytes > d->images[image].size - offset) {
		status = FH_EINVAL;
	} else {
		d->loading = true;
		status = FH_OK;
	}
	if (status == FH_EBUSY || status == FH_EINVAL) {
		domain_expect(d); /* it is at it */
	}
	lock_release(&d->lock);
	return status;
}

fh_status domain_load_begin(struct domain *d, const void *feeder, uint32_t image, uint64_t offset, uint64_t *bytes,
			    void **to)
{
	const fh_status status = begin_piece(d, feeder, image, offset, *bytes);

	if (status == FH_OK) {
		*to = open_in(d, d->images[image].ipa + offset, bytes);
	}
	return status;
}

void domain_load_end(struct domain *d, uint32_t image, const void *to, uint64_t bytes)
{
	close_in(to, bytes);
	lock_acquire(&d->lock);
	if (bytes != 0U) {
		domain_expect(d);
	}
	d->arrived[image] += bytes;
	d->loading = false;
	if (d->state != DOM_BUILDING || d->arrived[image] == d->images[image].size) {
		d->awaiting = false;
		domain_attend(&d->vcpus[0]);
	}
	lock_release(&d->lock);
}

static void finish(struct domain *d)
{
	struct domain_build *b = &d->build;
	const uint64_t us = (arch_counter() - b->started) / MAX(arch_counter_hz() / 1000000U, UINT64_C(1));

	domain_audit("built");
	domain_audit_clean(d);
	icache_inval_all();
	vuart_reset(&d->vuart);
	domain_virtio_reset(d);
	domain_watchdog_reset(d);
	lock_acquire(&d->lock);
	if (d->state == DOM_BUILDING && d->run) {
		domain_launch(d);
	} else if (d->state == DOM_BUILDING) {
		domain_set_state(d, DOM_READY);
	} else {
		/* It is to be taken apart again. */
	}
	log_life(LOG_INFO, d->id, "domain: dom=%s zeroed=%lu loaded=%lu flushed=%lu longest=%lu us=%lu: %s",
		 d->cfg->name, b->zeroed, b->loaded, b->flushed, b->longest, us, domain_state_str(d->state));
	lock_release(&d->lock);
}

static void next(struct domain *d, enum domain_phase phase)
{
	d->build.phase = phase;
	d->build.ipa = 0;
	d->build.offset = 0;
}

/* What can't be built is taken apart. */
static void place(struct domain *d)
{
	if (domain_place_step(d) != FH_OK) {
		lock_acquire(&d->lock);
		if (d->state == DOM_BUILDING) {
			domain_begin(d, DOM_DESTROYED);
		}
		lock_release(&d->lock);
	}
}

static void step(struct domain *d)
{
	struct domain_build *b = &d->build;

	switch (b->phase) {
	case PHASE_UNCOMMIT:
		if (s2_turn(&d->s2, &b->ipa, false)) {
			next(d, PHASE_CLEAN);
		}
		break;
	case PHASE_CLEAN:
		/* What another one left goes, in any case: a first build may have been stopped in the middle of it. */
		if ((!d->dirty && (d->resets == 0U || d->cfg->memory_keep)) || !clean_step(d)) {
			d->dirty = false;
			next(d, PHASE_LOAD);
		}
		break;
	case PHASE_LOAD:
		if (!load_step(d)) {
			next(d, PHASE_COMMIT);
		}
		break;
	case PHASE_COMMIT:
		if (s2_turn(&d->s2, &b->ipa, true)) {
			next(d, PHASE_INTERRUPTS);
		}
		break;
	case PHASE_INTERRUPTS:
		if (vgic_reset_step(&d->vgic, &b->mem)) {
			finish(d);
		}
		break;
	default:
		place(d);
		break;
	}
}

static void give(struct domain *d)
{
	if (d->giving == GIVE_MEMORY) {
		d->giving = domain_mem_give_back_step(d) ? GIVE_MEMORY : GIVE_NOTHING;
	} else if (vgic_reset_step(&d->vgic, &d->build.mem)) {
		d->giving = GIVE_MEMORY;
	} else {
		/* Some vCPUs' are reset. */
	}
}

void domain_build_step(struct domain *d)
{
	struct domain_build *b = &d->build;
	const uint64_t now = arch_counter();

	if (d->giving != GIVE_NOTHING) {
		give(d);
		return;
	}
	/* Its CPU has nothing else to do, but for interrupts, which it takes in between. */
	if (now < d->not_before) {
		return;
	}
	b->started = b->started == 0U ? now : b->started;
	step(d);
	b->longest = MAX(b->longest, arch_counter() - now);
}
