/* SPDX-License-Identifier: MIT */
/* A guest's memory for devices under test, in place of core/virtio/guest_mem.c, and a driver's side of queues in it. */
#ifndef TESTS_UNIT_GUEST_RAM_H
#define TESTS_UNIT_GUEST_RAM_H

#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>

#include "core/virtio/guest_mem.h"

#define RAM_BASE UINT64_C(0x40000000)
#define RAM_SIZE 0x20000U

static unsigned char FH_ALIGNED(4096) ram[RAM_SIZE];
static void (*ram_touched)(void); /* called before each access: what an adversary changes meanwhile */

static void *ram_at(uint64_t at, uint64_t len)
{
	if (at < RAM_BASE || at - RAM_BASE > RAM_SIZE || len > RAM_SIZE - (at - RAM_BASE)) {
		return NULL;
	}
	return ram + (at - RAM_BASE);
}

/* Opened and closed in turn, and nothing is accessed but in between. */
static bool ram_open;

static void guest_opened(const struct guest_view *g)
{
	if (!ram_open || g == NULL) {
		abort();
	}
}

void guest_open(struct guest_view *g, struct s2 *s)
{
	(void)s;
	if (ram_open) {
		abort();
	}
	ram_open = true;
	g->s = s;
}

/* What the view of a ring reaches is one page: the one behind it may be touched when it is asked for. */
static void ram_reach(uint64_t at)
{
	const uint64_t behind = align_up(at - RAM_BASE + 1U, PAGE_SIZE);

	ASAN_UNPOISON_MEMORY_REGION(ram, RAM_SIZE);
	if (behind < RAM_SIZE) {
		ASAN_POISON_MEMORY_REGION(ram + behind, PAGE_SIZE);
	}
}

void guest_close(struct guest_view *g)
{
	guest_opened(g);
	ASAN_UNPOISON_MEMORY_REGION(ram, RAM_SIZE);
	ram_open = false;
}

void *guest_at(struct guest_view *g, enum window_use use, uint64_t at, uint64_t *len)
{
	(void)use;
	guest_opened(g);
	ASAN_UNPOISON_MEMORY_REGION(ram, RAM_SIZE);
	if (ram_touched != NULL) {
		ram_touched();
	}
	if (use == WINDOW_RINGS && at <= RAM_BASE + RAM_SIZE) {
		*len = MIN(*len, RAM_BASE + RAM_SIZE - at);
		ram_reach(at);
	}
	return *len != 0U ? ram_at(at, *len) : NULL;
}

#endif
