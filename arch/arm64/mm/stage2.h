/* SPDX-License-Identifier: MIT */
/*
 * Stage 2: from a domain's IPAs to physical addresses (Arm ARM D8.2), 4 KiB granule, starting at level 1, with two
 * concatenated root pages, so 40 bits at most.
 *
 * A leaf is in one of three states:
 *
 *      empty --s2_prepare--> prepared --s2_commit--> valid
 *        ^                    |    ^                  |
 *        +------s2_unmap------+    +--s2_uncommit-----+
 *
 * A prepared leaf holds its address and attributes, but the walker faults on it. So placement, which may fail, is
 * over before anything is reachable; commit only sets a bit and can't fail; and who cleans, loads, resets or gives
 * back memory finds it by walking the prepared leaves.
 *
 * Table pages are handed in beforehand (s2_give_table), as many as s2_tables_max() says: prepare never allocates.
 * All functions but s2_tables_max take the domain's stage-2 lock themselves. Bound: O(leaves in the range).
 */
#ifndef ARCH_MM_STAGE2_H
#define ARCH_MM_STAGE2_H

#include "core/base/range.h"
#include "core/sync/lock.h"

#define S2_ROOT_ORDER 1U
#define S2_IPA_BITS_MAX 40U

enum s2_kind { S2_RAM, S2_DEVICE };

struct s2 {
	struct lock lock;
	uint64_t *root;      /* two pages of the hyp zone; lock */
	uint64_t *free_list; /* table pages, linked by their first word; lock */
	uint32_t nr_free;    /* lock */
	uint64_t low;        /* all leaves lie within [low, high); lock */
	uint64_t high;
	uint64_t vttbr; /* set once */
};

struct s2_leaf {
	ipaddr_t ipa; /* first byte of the leaf */
	paddr_t pa;
	uint8_t order; /* 0, 4 (a contiguous run), 9 or 18 */
	bool valid;    /* committed */
	enum s2_kind kind;
};

/*
 * The most table pages that mapping `nr` ranges of IPAs can need, beside the root, when the smallest leaf is of
 * `order` (0: 4 KiB, 9, 18). Pure; the host tools use it too.
 */
uint64_t s2_tables_max(const struct range *ranges, uint32_t nr, uint32_t order);

/* Of all CPUs the least: set by the boot CPU before any domain is built. fwb: all have FEAT_S2FWB. */
void s2_machine_init(uint32_t pa_bits, bool fwb);
uint32_t s2_ipa_bits(void);
uint64_t s2_vtcr(void);
bool s2_fwb(void);

/* Again for a new life, after s2_drop(). root: two pages of the hyp zone, 8 KiB aligned. vmid: 1 to 255. */
void s2_init(struct s2 *s, paddr_t root, uint16_t vmid);
/* Gives a page of the hyp zone for tables; it is zeroed here. */
void s2_give_table(struct s2 *s, paddr_t page);

/*
 * Makes [ipa, ipa + size) prepared leaves on [pa, pa + size), the largest that fit. Changes nothing on an error.
 * FH_EALIGN; FH_EINVAL: beyond the IPA size; FH_EEXIST: a leaf is there; FH_ENOMEM: too few tables were given.
 */
fh_status s2_prepare(struct s2 *s, ipaddr_t ipa, paddr_t pa, uint64_t size, enum s2_kind kind) FH_MUST_CHECK;
/*
 * Maps a block of 2^order pages of RAM, up to 1 GiB, at an IPA; both are multiples of its size, and the IPA is within
 * what s2_ipa_bits() allows. Prepared, or valid at once: then the memory is clean. FH_EEXIST: a leaf is there;
 * FH_ENOMEM: too few tables were given. Bound: 512 entries.
 */
fh_status s2_map(struct s2 *s, ipaddr_t ipa, paddr_t where, uint8_t order, bool valid) FH_MUST_CHECK;
/* The first leaf, prepared or valid, at or after `from`. FH_ENOENT: none. */
fh_status s2_next(struct s2 *s, ipaddr_t from, struct s2_leaf *leaf) FH_MUST_CHECK;
/* The leaf that holds ipa. FH_ENOENT: none. */
fh_status s2_lookup(struct s2 *s, ipaddr_t ipa, struct s2_leaf *leaf) FH_MUST_CHECK;
/* The same, s->lock held: until it is released the leaf stays, so that its memory may be accessed. */
fh_status s2_find(struct s2 *s, ipaddr_t ipa, struct s2_leaf *leaf) FH_MUST_CHECK;
/* Makes all prepared leaves within [ipa, ipa + size) valid. */
void s2_commit(struct s2 *s, ipaddr_t ipa, uint64_t size);
/* Makes all valid leaves within [ipa, ipa + size) prepared again and invalidates the domain's TLB entries. */
void s2_uncommit(struct s2 *s, ipaddr_t ipa, uint64_t size);
/*
 * Makes all leaves valid, or prepared again, from IPA *from on, in steps of at most 1,536, and moves *from; true: all,
 * and where they are not valid any more, the domain's TLB entries are invalidated.
 */
bool s2_turn(struct s2 *s, uint64_t *from, bool valid);
/*
 * Takes a block out, size bytes that s2_prepare() was called with at ipa, both multiples of a power of two up to 1 GiB
 * that is not less than size; its leaves may be valid. Tables that become empty go back to the free ones. On return no
 * CPU reaches the memory: TLBs are invalidated. Bound: 512 entries, and 1024 more are looked at.
 */
void s2_unmap(struct s2 *s, ipaddr_t ipa, uint64_t size);
/* Nothing is mapped any more: whoever looks from now on finds an empty one, and the root may be given back. */
void s2_drop(struct s2 *s);
/*
 * Splits a leaf of 1 GiB or 2 MiB into leaves of the next level, by break-before-make where it is valid: another
 * CPU's access in between faults, and is retried by its handler once it finds the entry valid (s2_lookup).
 * FH_ENOENT: no leaf; FH_EINVAL: a page already; FH_ENOMEM: no table.
 */
fh_status s2_split(struct s2 *s, ipaddr_t ipa) FH_MUST_CHECK;
/*
 * The other way round, where the table that ipa's leaf stands in is one block cut up. FH_ENOENT: beyond all IPAs;
 * FH_EINVAL: it is not, or is the root.
 */
fh_status s2_merge(struct s2 *s, ipaddr_t ipa) FH_MUST_CHECK;

#endif
