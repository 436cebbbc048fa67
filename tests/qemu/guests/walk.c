// SPDX-License-Identifier: MIT
/*
 * Stage-1 tables that lie nowhere, as TAP: what a load, a store, a fetch and an AT instruction meet whose walk stops at
 * each level, under TTBR0_EL1 and TTBR1_EL1, by each granule that the CPU has. Runs on bare QEMU (EL1) too, which is
 * the reference.
 */
#include "guest.h"

#define EC(esr) ((esr) >> 26 & 0x3f)
#define ISS(esr) ((esr)&0x1ffffffUL)
#define IL (1UL << 25)
#define WNR (1UL << 6)
#define CM (1UL << 8)
#define EC_IABT_SAME 0x21
#define EC_DABT_SAME 0x25
#define FSC_EXTERNAL 0x10UL
#define FSC_WALK 0x14UL        /* and the level */
#define WHERE 0x5a5a5a5a5a58UL /* what is accessed: an index of its own at each level */
#define LEAF 0x701UL           /* AF, inner shareable, attribute 0 */
#define ENTRIES 8192U

enum access { LOAD, STORE, FETCH, AT };
static const char *const access_names[] = { "a load", "a store", "a fetch", "an AT" };

struct granule {
	const char *name;
	uint32_t shift, blocks; /* blocks: the level of the largest ones */
	uint64_t tg0, tg1;
};
static const struct granule granules[] = {
	{ "4K", 12, 1, 0, 2 },
	{ "16K", 14, 2, 2, 1 },
	{ "64K", 16, 2, 1, 3 },
};

static uint64_t good[3][ENTRIES] __attribute__((aligned(0x10000))); /* RAM and devices, one to one, in both halves */
static uint64_t chain[4][ENTRIES] __attribute__((aligned(0x10000)));

struct walk {
	uint64_t va, access, offset; /* offset: of the half that the code runs in */
	uint64_t ttbr0, ttbr1;       /* with these */
	uint64_t good, tcr;          /* and back to these */
	uint64_t esr, far, elr;
};
void walk_run(struct walk *w);
void walk_load(void);

/* in: x0 = struct walk. The MMU on, into the half, the tables changed, the access; then all back. */
__asm__(".text\n.global walk_run, walk_load\n"
	"walk_run:\n"
	" ldp x1, x2, [x0]\n ldp x3, x4, [x0, #16]\n ldp x5, x6, [x0, #32]\n ldr x7, [x0, #48]\n"
	" mrs x8, vbar_el1\n mrs x9, sctlr_el1\n"
	" mov x10, #0x44\n msr mair_el1, x10\n msr tcr_el1, x7\n msr ttbr0_el1, x6\n msr ttbr1_el1, x6\n"
	" dsb sy\n tlbi vmalle1\n ic iallu\n dsb sy\n isb\n"
	" orr x10, x9, #1\n msr sctlr_el1, x10\n isb\n"
	" adr x10, 1f\n orr x10, x10, x3\n br x10\n"
	"1: adr x10, walk_vectors\n msr vbar_el1, x10\n"
	" msr ttbr0_el1, x4\n msr ttbr1_el1, x5\n isb\n tlbi vmalle1\n dsb sy\n isb\n"
	" cmp x2, #1\n b.eq 2f\n b.hi 3f\n"
	"walk_load: ldr x10, [x1]\n b walk_back\n"
	"2: str xzr, [x1]\n b walk_back\n"
	"3: cmp x2, #2\n b.ne 4f\n br x1\n"
	"4: at s1e1r, x1\n isb\n"
	"walk_back:\n"
	" mov x10, xzr\n mov x11, xzr\n mov x12, xzr\n"
	"5: msr ttbr0_el1, x6\n msr ttbr1_el1, x6\n isb\n tlbi vmalle1\n dsb sy\n isb\n"
	" adr x13, 6f\n bic x13, x13, x3\n br x13\n"
	"6: msr sctlr_el1, x9\n isb\n msr vbar_el1, x8\n isb\n"
	" stp x10, x11, [x0, #56]\n str x12, [x0, #72]\n ret\n"
	" .balign 2048\n"
	"walk_vectors:\n .skip 0x200\n"
	" mrs x10, esr_el1\n mrs x11, far_el1\n mrs x12, elr_el1\n b 5b\n"
	" .balign 2048\n");

static uint32_t first_level(const struct granule *g, uint32_t bits)
{
	return 4 - (bits - g->shift + g->shift - 4) / (g->shift - 3);
}

static uint64_t *entry(uint64_t *table, const struct granule *g, uint32_t level, uint64_t va)
{
	return &table[va >> (g->shift + (3 - level) * (g->shift - 3)) & ((1U << (g->shift - 3)) - 1)];
}

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static void clear(uint64_t *table)
{
	for (uint32_t i = 0; i < ENTRIES; i++) {
		table[i] = 0;
	}
}

/* The first 4 GiB one to one: what the guest is in. */
static uint64_t good_map(const struct granule *g, uint32_t bits)
{
	const uint32_t first = first_level(g, bits);
	const uint64_t block = 1UL << (g->shift + (3 - g->blocks) * (g->shift - 3));

	for (uint32_t i = 0; i < 3; i++) {
		clear(good[i]);
	}
	for (uint32_t level = first; level < g->blocks; level++) {
		*entry(good[level - first], g, level, 0) = address(good[level - first + 1]) | 3;
	}
	for (uint64_t at = 0; at < 0x100000000UL; at += block) {
		*entry(good[g->blocks - first], g, g->blocks, at) = at | LEAF;
	}
	return address(good[0]);
}

/* Tables to an address whose one of that level is nowhere; 4: all are there, the page is not. */
static uint64_t chain_to(const struct granule *g, uint64_t va, uint32_t first, uint32_t broken)
{
	for (uint32_t level = first; level < 4; level++) {
		clear(chain[level]);
		*entry(chain[level], g, level, va) =
			level == 3 ? NOWHERE | LEAF | 2 :
				     (level + 1 == broken ? NOWHERE : address(chain[level + 1])) | 3;
	}
	return broken == first ? NOWHERE : address(chain[first]);
}

static void check(const struct walk *w, const struct granule *g, uint32_t broken, bool high)
{
	const uint64_t fsc = broken < 4 ? FSC_WALK + broken : FSC_EXTERNAL;
	const uint64_t ec = w->access == FETCH ? EC_IABT_SAME : EC_DABT_SAME;
	const uint64_t iss = fsc | (w->access == STORE ? WNR : w->access == AT ? WNR | CM : 0);
	const bool good_one = EC(w->esr) == ec && ISS(w->esr) == iss && (w->esr & IL) != 0 && w->far == w->va;

	/* AT walks, and does not access. */
	if (broken == 4 && w->access == AT) {
		return;
	}
	if (!good_one) {
		print("# esr=0x%lx far=0x%lx elr=0x%lx\n", w->esr, w->far, w->elr);
	}
	if (broken < 4) {
		print("# %s, %s, TTBR%u, level %u:\n", access_names[w->access], g->name, high ? 1 : 0, broken);
		tap(good_one, "a table that lies nowhere is an external abort on a walk, of its level");
	} else {
		print("# %s, %s, TTBR%u:\n", access_names[w->access], g->name, high ? 1 : 0);
		tap(good_one, "a page that lies nowhere is an external abort");
	}
}

static void test_half(const struct granule *g, uint32_t bits, bool high)
{
	const uint32_t first = first_level(g, bits);
	const uint64_t upper = ~((1UL << bits) - 1);
	const uint64_t va = WHERE & ~upper;
	struct walk w = { .va = high ? va | upper : va, .offset = high ? 0 : upper };

	w.good = good_map(g, bits);
	w.tcr = (64UL - bits) | (64UL - bits) << 16 | g->tg0 << 14 | g->tg1 << 30 | 2UL << 32;
	for (uint32_t broken = first; broken <= 4; broken++) {
		const uint64_t bad = chain_to(g, va, first, broken);

		w.ttbr0 = high ? w.good : bad;
		w.ttbr1 = high ? bad : w.good;
		for (w.access = LOAD; w.access <= AT; w.access++) {
			walk_run(&w);
			check(&w, g, broken, high);
		}
	}
}

static bool has(const struct granule *g)
{
	const uint64_t mmfr0 = read_sysreg(id_aa64mmfr0_el1);

	return g->shift == 12 ? (mmfr0 >> 28 & 0xf) != 0xf :
	       g->shift == 14 ? (mmfr0 >> 20 & 0xf) != 0 :
				(mmfr0 >> 24 & 0xf) != 0xf;
}

void guest_main(void)
{
	print("\n# freehold walk on %s\n", on_freehold() ? "freehold" : "bare");
	for (uint32_t i = 0; i < sizeof(granules) / sizeof(granules[0]); i++) {
		const struct granule *g = &granules[i];

		if (!has(g)) {
			tap_skip(g->name, "not there");
			continue;
		}
		test_half(g, 48, false);
		test_half(g, 48, true);
		test_half(g, 39, false);
		test_half(g, 39, true);
	}
	tap_end();
	system_off();
}
