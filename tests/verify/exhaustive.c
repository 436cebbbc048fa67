// SPDX-License-Identifier: MIT
/*
 * All reachable states of small ledgers, breadth first: from the empty pool, every operation in every state. In each
 * state the audit runs, the packing oracle finds all that is outstanding redeemable, and what an operation answered is
 * judged by the oracle.
 *
 * A state is a number of 64 bits: the blocks of each leaf as a tree, with owners and dirtiness, and what is outstanding;
 * states that differ by a swap of buddies, of leaves or of domains are one. A state is built anew from its number, its
 * operations are tried from a copy. So each state is seen with one order of its free lists; the random test sees others.
 *
 *     exhaustive two|one DIRTY OUTSTANDING       two leaves of 4 pages under a root, or one leaf of 8; 3 outstanding at most
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/claim/claim.h"
#include "core/claim/claim_internal.h"
#include "core/pool/pool_internal.h"
#include "oracle.h"

#define PAGES 8U
#define BASE_PFN UINT64_C(0x1000)
#define MAX_ORDERS 4U
#define KEYS (3U * MAX_ORDERS * 2U) /* zone, order, owner */

static const struct pool_zone_desc two_zones[] = {
	{ "root", POOL_NO_ZONE, false, 0, { 0, 0 } },
	{ "a", 0, true, 2, { BASE_PFN << PAGE_SHIFT, 4 * PAGE_SIZE } },
	{ "b", 0, true, 2, { (BASE_PFN + 4) << PAGE_SHIFT, 4 * PAGE_SIZE } },
};
static const struct pool_zone_desc one_zone[] = {
	{ "one", POOL_NO_ZONE, true, 3, { BASE_PFN << PAGE_SHIFT, 8 * PAGE_SIZE } },
};

/* What is at a page: the block that it starts, and whether the page is dirty. */
struct page {
	uint8_t order; /* of the block */
	uint8_t owner; /* 0: free, 1 + domain */
	uint8_t start;
	uint8_t dirty;
};

struct state {
	struct page page[PAGES];
	uint8_t left[KEYS];
};

static bool two;
static bool track_dirty;
static uint32_t max_left;
static uint32_t nr_zones;
static uint32_t orders;
static struct ledger led;
static struct ledger copy;
static uint64_t records[PAGES];
static uint64_t records_copy[PAGES];
static uint64_t map[16];
static uint64_t map_copy[16];
static claim_handle_t handle[KEYS];
static struct state now;

#define MUST(c)                                                                                                        \
	do {                                                                                                           \
		if (!(c)) {                                                                                            \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #c);                                        \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

static uint32_t key_of(uint32_t zone, uint32_t order, uint32_t owner)
{
	return (zone * MAX_ORDERS + order) * 2U + owner;
}

static paddr_t addr(uint32_t page)
{
	return pa((BASE_PFN + page) << PAGE_SHIFT);
}

/* --- canonical form ---------------------------------------------------------------------------------------------- */

/* How many different dirts a block of each order may have, and trees of blocks there are. */
static const uint32_t nr_dirts[MAX_ORDERS] = { 2, 4, 16, 256 };
static const uint32_t nr_trees[MAX_ORDERS] = { 6, 12 + 36, 48 + 48 * 48, 768 + 2352 * 2352 };

static uint32_t pair(uint32_t a, uint32_t b, uint32_t n)
{
	return a <= b ? a * n + b : b * n + a;
}

/* The dirtiness of 2^order pages as a number; of two halves the smaller first. */
static uint32_t dirt_of(const struct state *s, uint32_t page, uint32_t order)
{
	if (order == 0U) {
		return s->page[page].dirty;
	}
	return pair(dirt_of(s, page, order - 1U), dirt_of(s, page + (1U << (order - 1U)), order - 1U),
		    nr_dirts[order - 1U]);
}

/* The blocks of 2^order pages as a number; of two halves the smaller first. */
static uint32_t tree_of(const struct state *s, uint32_t page, uint32_t order, uint32_t swap)
{
	const struct page *p = &s->page[page];

	if (p->start != 0U && p->order == order) {
		const uint32_t owner = p->owner == 0U ? 0U : 1U + ((p->owner - 1U) ^ swap);

		return owner * nr_dirts[order] + dirt_of(s, page, order);
	}
	return 3U * nr_dirts[order] + pair(tree_of(s, page, order - 1U, swap),
					   tree_of(s, page + (1U << (order - 1U)), order - 1U, swap),
					   nr_trees[order - 1U]);
}

static void put_dirt(struct state *s, uint32_t page, uint32_t order, uint32_t dirt)
{
	if (order == 0U) {
		s->page[page].dirty = (uint8_t)dirt;
		return;
	}
	put_dirt(s, page, order - 1U, dirt / nr_dirts[order - 1U]);
	put_dirt(s, page + (1U << (order - 1U)), order - 1U, dirt % nr_dirts[order - 1U]);
}

static void put_tree(struct state *s, uint32_t page, uint32_t order, uint32_t tree)
{
	if (tree < 3U * nr_dirts[order]) {
		for (uint32_t p = page; p < page + (1U << order); p++) {
			s->page[p].order = (uint8_t)order;
			s->page[p].owner = (uint8_t)(tree / nr_dirts[order]);
			s->page[p].start = p == page;
		}
		put_dirt(s, page, order, tree % nr_dirts[order]);
		return;
	}
	tree -= 3U * nr_dirts[order];
	put_tree(s, page, order - 1U, tree / nr_trees[order - 1U]);
	put_tree(s, page + (1U << (order - 1U)), order - 1U, tree % nr_trees[order - 1U]);
}

/* What is outstanding: two bits a key that there is. */
static uint64_t left_of(const struct state *s, uint32_t leaf_swap, uint32_t dom_swap)
{
	uint64_t n = 0;

	for (uint32_t z = 0; z < nr_zones; z++) {
		const uint32_t from = z == 0U || leaf_swap == 0U ? z : 3U - z;

		for (uint32_t k = 0; k < orders; k++) {
			n = n << 4 | (uint64_t)s->left[key_of(from, k, dom_swap)] << 2 |
			    s->left[key_of(from, k, 1U ^ dom_swap)];
		}
	}
	return n;
}

#define TREE_BITS 12U /* of a leaf of 4; one of 8 has 23 */
#define LEAVES_BITS 24U
_Static_assert(48 + 48 * 48 <= 1 << TREE_BITS && 768 + 2352 * 2352 <= 1 << LEAVES_BITS, "trees fit");

static uint64_t canonical(const struct state *s)
{
	uint64_t best = UINT64_MAX;

	for (uint32_t dom = 0; dom < 2U; dom++) {
		const uint64_t a = tree_of(s, 0, two ? 2U : 3U, dom);
		const uint64_t b = two ? tree_of(s, 4, 2, dom) : 0U;
		const uint64_t straight = left_of(s, 0, dom) << LEAVES_BITS | a << (two ? TREE_BITS : 0U) | b;

		best = straight < best ? straight : best;
		if (two) {
			const uint64_t swapped = left_of(s, 1, dom) << LEAVES_BITS | b << TREE_BITS | a;

			best = swapped < best ? swapped : best;
		}
	}
	return best;
}

static void decode(uint64_t name, struct state *s)
{
	const uint32_t trees = (uint32_t)(name & ((1U << LEAVES_BITS) - 1U));
	uint64_t left = name >> LEAVES_BITS;

	memset(s, 0, sizeof(*s));
	if (two) {
		put_tree(s, 0, 2, trees >> TREE_BITS);
		put_tree(s, 4, 2, trees & ((1U << TREE_BITS) - 1U));
	} else {
		put_tree(s, 0, 3, trees);
	}
	for (uint32_t z = nr_zones; z-- != 0U;) {
		for (uint32_t k = orders; k-- != 0U; left >>= 4) {
			s->left[key_of(z, k, 0)] = (uint8_t)((left >> 2) & 3U);
			s->left[key_of(z, k, 1)] = (uint8_t)(left & 3U);
		}
	}
}

/* --- the set of states --------------------------------------------------------------------------------------------- */

static uint64_t *names; /* in the order in which they were found */
static uint64_t nr_states;
static uint64_t room;
static uint64_t *table; /* 1 + name */
static uint64_t table_size = UINT64_C(1) << 16;

static uint64_t hash(uint64_t x)
{
	x = (x ^ (x >> 31)) * UINT64_C(0x9e3779b97f4a7c15);
	return (x ^ (x >> 29)) & (table_size - 1U);
}

/* Whether the name was not in the table; it is now. */
static bool enter(uint64_t name)
{
	uint64_t h = hash(name);

	for (; table[h] != 0U; h = (h + 1U) & (table_size - 1U)) {
		if (table[h] == name + 1U) {
			return false;
		}
	}
	table[h] = name + 1U;
	return true;
}

static void table_grow(void)
{
	table_size *= 2U;
	free(table);
	table = calloc(table_size, sizeof(*table));
	MUST(table != NULL);
	for (uint64_t i = 0; i < nr_states; i++) {
		(void)enter(names[i]);
	}
}

static void add_state(const struct state *s)
{
	const uint64_t name = canonical(s);

	if (!enter(name)) {
		return;
	}
	if (nr_states == room) {
		room = room == 0U ? 4096U : 2U * room;
		names = realloc(names, room * sizeof(*names));
		MUST(names != NULL);
	}
	names[nr_states++] = name;
	if (nr_states * 2U > table_size) {
		table_grow();
	}
}

/* --- states and the ledger ---------------------------------------------------------------------------------------- */

static uint8_t leaf_of(uint32_t page)
{
	return (uint8_t)(!two ? 0 : page < 4U ? 1 : 2);
}

/* Cuts what the hypervisor has at `page` down to the blocks of the state. */
static void cut(const struct state *s, uint32_t page, uint8_t order)
{
	if (s->page[page].start != 0U && s->page[page].order == order) {
		return;
	}
	MUST(claim_split_owned(&led, DOMID_HYP, (struct claim_block){ addr(page), order, false },
			       (uint8_t)(order - 1U)) == FH_OK);
	cut(s, page, (uint8_t)(order - 1U));
	cut(s, page + (1U << (order - 1U)), (uint8_t)(order - 1U));
}

/* All memory is the hypervisor's, as if just entered; then its blocks get their owners or are freed. */
static void build(const struct state *s)
{
	const struct pool_bank bank = { BASE_PFN, PAGES, records };
	const struct pool_zone_desc *z = two ? two_zones : one_zone;
	struct ledger_account *hyp;

	MUST(ledger_init(&led, z, nr_zones, &bank, 1) == FH_OK);
	MUST(ledger_dirty_map(&led, BASE_PFN, map, true) == FH_OK);
	hyp = account_of(&led, DOMID_HYP);
	for (uint8_t i = 0; i < nr_zones; i++) {
		if (z[i].leaf) {
			MUST(pool_enter_range(&led.pool, i, z[i].range) == FH_OK);
		}
	}
	hyp->owned = PAGES;
	hyp->paid = PAGES;
	for (domid_t d = 0; d < 2U; d++) {
		MUST(ledger_domain_add(&led, d, CLAIM_NO_QUOTA) == FH_OK);
	}
	for (uint32_t p = 0; p < PAGES; p += two ? 4U : 8U) {
		cut(s, p, two ? 2 : 3);
	}
	for (uint32_t p = 0; p < PAGES; p++) {
		const struct page *q = &s->page[p];
		const domid_t d = (domid_t)(q->owner - 1U);

		if (q->start == 0U) {
			continue;
		}
		if (q->owner == 0U) {
			MUST(claim_free(&led, DOMID_HYP, (struct claim_block){ addr(p), q->order, false }) == FH_OK);
			continue;
		}
		*pool_record(&led.pool, BASE_PFN + p) = rec_owned(q->order, d, DOMID_HYP);
		account_of(&led, d)->owned += UINT64_C(1) << q->order;
		hyp->owned -= UINT64_C(1) << q->order;
	}
	for (uint32_t p = 0; p < PAGES; p++) {
		pool_set_dirty(&led.pool, BASE_PFN + p, 0, s->page[p].dirty != 0U);
	}
	hyp->paid = 0;
	for (uint32_t d = 0; d < 2U; d++) {
		hyp->paid += account_of(&led, (domid_t)d)->owned;
	}
	for (uint32_t k = 0; k < KEYS; k++) {
		const struct claim_term t = { (uint8_t)(k / 2U / MAX_ORDERS), (uint8_t)(k / 2U % MAX_ORDERS),
					      (domid_t)(k % 2U), s->left[k] };

		handle[k].gen = 0;
		if (t.count != 0U) {
			MUST(claim_stake(&led, DOMID_HYP, &t, 1, &handle[k], NULL) == FH_OK);
			led.terms[led.claims[handle[k].slot].first].count += 8; /* some was redeemed before */
		}
	}
}

/* What the ledger holds now, as a state. */
static void read_back(struct state *s)
{
	memset(s, 0, sizeof(*s));
	for (uint32_t p = 0; p < PAGES; p++) {
		struct pool_info i;

		MUST(pool_owner(&led.pool, addr(p), &i) == FH_OK);
		s->page[p].order = i.order;
		s->page[p].owner = (uint8_t)(i.state == POOL_FREE ? 0U : 1U + i.owner);
		s->page[p].start = i.range.base == pa_val(addr(p));
		s->page[p].dirty = track_dirty && pool_is_dirty(&led.pool, BASE_PFN + p, 0);
	}
	for (uint32_t i = 0; i < FH_MAX_CLAIMS; i++) {
		if (led.claims[i].holder != DOMID_NONE) {
			const struct ledger_term *t = &led.terms[led.claims[i].first];

			s->left[key_of(t->zone, t->order, t->owner)] += (uint8_t)t->left;
		}
	}
}

#define NOTHING KEYS
#define MEMO (UINT64_C(1) << 18)

/* Answers of the oracle, by question: free blocks 3 or 4 bits an order, what is outstanding, what is asked besides. */
static struct {
	uint64_t question;
	bool asked;
	bool packs;
} memo[MEMO];

static bool ask(const struct state *s, uint32_t more)
{
	struct oracle o = { .nr_leaves = two ? 2U : 1U };

	for (uint32_t p = 0; p < PAGES; p++) {
		if (s->page[p].start != 0U && s->page[p].owner == 0U) {
			o.free[two ? p / 4U : 0U][s->page[p].order]++;
		}
	}
	for (uint32_t k = 0; k < KEYS; k++) {
		const uint32_t zone = k / 2U / MAX_ORDERS;

		if (s->left[k] != 0U || k == more) {
			o.terms[o.nr_terms++] = (struct oracle_term){ !two || zone == 0U ? 3U : 1U << (zone - 1U),
								      k / 2U % MAX_ORDERS,
								      s->left[k] + (k == more ? 1U : 0U) };
		}
	}
	return oracle_packs(&o);
}

/* Whether all that is outstanding can be had, and one block of a key besides. */
static bool packs(const struct state *s, uint32_t more)
{
	uint64_t q = left_of(s, 0, 0);
	uint64_t h;

	for (uint32_t k = 0; k < (two ? 6U : 4U); k++) {
		uint32_t n = 0;

		for (uint32_t p = two ? k / 3U * 4U : 0U; p < (two ? k / 3U * 4U + 4U : 8U); p++) {
			n += s->page[p].start != 0U && s->page[p].owner == 0U && s->page[p].order == (two ? k % 3U : k);
		}
		q = q << (two ? 3U : 4U) | n;
	}
	q = q << 5 | more;
	h = (q * UINT64_C(0x9e3779b97f4a7c15)) >> 46;
	if (!memo[h].asked || memo[h].question != q) {
		memo[h].question = q;
		memo[h].asked = true;
		memo[h].packs = ask(s, more);
	}
	return memo[h].packs;
}

static uint64_t nr_steps;

static void reset(void)
{
	led = copy;
	memcpy(records, records_copy, sizeof(records));
	memcpy(map, map_copy, sizeof(map));
}

/* After an operation: what came of it is a good state, to be visited. */
static void step(void)
{
	struct state s;
	const char *bad = ledger_audit(&led);

	nr_steps++;
	if (bad != NULL) {
		fprintf(stderr, "audit: %s\n", bad);
		abort();
	}
	read_back(&s);
	MUST(packs(&s, NOTHING));
	add_state(&s);
	reset();
}

/* --- operations --------------------------------------------------------------------------------------------------- */

static uint32_t total_left(void)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < KEYS; k++) {
		n += now.left[k];
	}
	return n;
}

static void try_stake(uint32_t k, const struct claim_term *t)
{
	const bool fits = packs(&now, k);
	claim_handle_t h;
	fh_status st;
	struct claim_block b;

	if (total_left() < max_left) {
		st = claim_stake(&led, DOMID_HYP, t, 1, &h, NULL);
		MUST(st == (fits ? FH_OK : FH_ENOFIT));
		step();
	}
	st = claim_alloc(&led, t->owner, t->zone, t->order, &b);
	MUST(st == (fits ? FH_OK : FH_ENOMEM));
	step();
}

static void try_term(uint32_t k, const struct claim_term *t)
{
	struct claim_block b;

	for (uint8_t up = t->order; up < orders; up++) {
		MUST(claim_redeem_upto(&led, handle[k], 0, up, &b) == FH_OK);
		MUST(b.order >= t->order && b.order <= up);
		step();
	}
	MUST(claim_release_part(&led, handle[k], 0, 1) == FH_OK);
	step();
}

static void try_block(uint32_t p)
{
	const domid_t owner = (domid_t)(now.page[p].owner - 1U);
	const struct claim_block b = { addr(p), now.page[p].order, false };

	MUST(claim_free(&led, owner, b) == FH_OK);
	MUST(claim_free(&led, owner, b) != FH_OK);
	step();
	MUST(claim_free(&led, owner ^ 1U, b) == FH_EDENIED);
	for (uint8_t to = 0; to < b.order; to++) {
		MUST(claim_split_owned(&led, owner, b, to) == FH_OK);
		step();
	}
	for (uint32_t k = 0; k < KEYS; k++) {
		const uint32_t zone = k / 2U / MAX_ORDERS;
		const uint32_t order = k / 2U % MAX_ORDERS;
		const uint32_t n = order <= b.order ? 1U << (b.order - order) : 0U;

		if (now.left[k] == 0U || k % 2U != owner || n == 0U || (zone != 0U && zone != leaf_of(p)) ||
		    total_left() + n > max_left) {
			continue;
		}
		MUST(claim_unredeem(&led, handle[k], 0, b) == FH_OK);
		step();
		MUST(claim_unredeem_untouched(&led, handle[k], 0, b) == FH_OK);
		step();
	}
	if (track_dirty) {
		MUST(ledger_cleaned(&led, owner, b) == FH_OK);
		step();
	}
}

static void visit(void)
{
	struct claim_block chunk;

	for (uint32_t k = 0; k < KEYS; k++) {
		const struct claim_term t = { (uint8_t)(k / 2U / MAX_ORDERS), (uint8_t)(k / 2U % MAX_ORDERS),
					      (domid_t)(k % 2U), 1 };

		if (t.zone < nr_zones && t.order < orders) {
			try_stake(k, &t);
		}
		if (now.left[k] != 0U) {
			try_term(k, &t);
		}
	}
	for (uint32_t p = 0; p < PAGES; p++) {
		if (now.page[p].start != 0U && now.page[p].owner != 0U) {
			try_block(p);
		}
	}
	for (domid_t d = 0; d < 2U; d++) {
		MUST(claim_domain_died(&led, d) == FH_OK);
		step();
	}
	while (track_dirty && ledger_scrub_begin(&led, 0, ORDER_64K, &chunk) == FH_OK) {
		MUST(ledger_scrub_end(&led, 0) == FH_OK);
		nr_steps++;
		struct state s;

		read_back(&s);
		add_state(&s);
	}
	reset();
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		return 2;
	}
	two = strcmp(argv[1], "two") == 0;
	track_dirty = atoi(argv[2]) != 0;
	max_left = (uint32_t)atoi(argv[3]);
	nr_zones = two ? 3U : 1U;
	orders = two ? 3U : 4U;
	table = calloc(table_size, sizeof(*table));
	for (uint32_t p = 0; p < PAGES; p++) {
		now.page[p] = (struct page){ (uint8_t)(orders - 1U), 0, p % (two ? 4U : 8U) == 0U, 0 };
	}
	add_state(&now);
	for (uint64_t i = 0; i < nr_states; i++) {
		decode(names[i], &now);
		build(&now);
		copy = led;
		memcpy(records_copy, records, sizeof(records));
		memcpy(map_copy, map, sizeof(map));
		visit();
	}
	printf("exhaustive: %s, %s, at most %u outstanding: %lu states, %lu steps\n",
	       two ? "two leaves of 4" : "one leaf of 8", track_dirty ? "clean and dirty" : "no dirtiness", max_left,
	       (unsigned long)nr_states, (unsigned long)nr_steps);
	return 0;
}
