/* SPDX-License-Identifier: MIT */
/*
 * EL2's own stage 1. Tables are static pages of the image; only the boot CPU maps, before the others run, but for
 * the windows, of which each CPU has its own. Nothing is ever writable and executable.
 */
#ifndef ARCH_MM_EL2_MAP_H
#define ARCH_MM_EL2_MAP_H

#include "core/base/range.h"

enum el2_prot { EL2_RX, EL2_RO, EL2_RW, EL2_DEVICE };

/*
 * With the MMU off, from head.S: builds the identity map of head's page and the image's map. image: where the image
 * was loaded, 2 MiB aligned. Position-independent; uses the image's symbols by their load address.
 */
void el2_early_map(uint64_t image);

/* After the MMU is on: remembers where the image was loaded. */
void el2_map_init(uint64_t image);
/* Physical address of something in the image. */
paddr_t el2_image_pa(const void *va);
struct range el2_image_range(void);

/*
 * Maps [pa, pa + size) at va, all page-aligned, by the largest blocks that fit. FH_ENOMEM: the static tables are used
 * up; FH_EEXIST: something is mapped there; FH_EALIGN. Not thread-safe: the boot CPU only. Bound: O(entries).
 */
fh_status el2_map(uint64_t va, paddr_t where, uint64_t size, enum el2_prot prot) FH_MUST_CHECK;
/* Takes pages away: va and size as they were mapped; TLBs are invalidated. */
void el2_unmap(uint64_t va, uint64_t size);
/* Maps device registers (any alignment) in the device area; the returned pointer is to the first byte. */
fh_status el2_map_device(struct range regs, void **va) FH_MUST_CHECK;
/* Drops head's identity map: when the last CPU is up. */
void el2_drop_identity(void);

/* The hyp zone, once mapped: between physical and virtual. */
void el2_hyp_init(struct range hyp);
void *el2_hyp_va(paddr_t where);

/*
 * This CPU's windows on [pa, pa + size): each within one 2 MiB-aligned block of RAM, and closed before it is opened on
 * the next. whole: all of that block may be shown, as one entry. window_close invalidates it for all CPUs. Bound:
 * O(size / 4 KiB), one TLBI per page, or O(1) where it is whole. window_init: by the boot CPU, for each, once its room
 * is mapped; room: where that is.
 */
enum window_use {
	WINDOW_BUILD, /* what is cleaned, or filled for a domain */
	WINDOW_RINGS, /* a guest's queues */
	WINDOW_DATA,  /* its buffers */
	WINDOWS
};
fh_status window_init(uint32_t cpu, paddr_t room) FH_MUST_CHECK;
void *window_open(enum window_use use, paddr_t where, uint64_t size, bool whole);
void window_close(enum window_use use);

#endif
