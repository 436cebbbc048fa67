/* SPDX-License-Identifier: MIT */
/* The canonical text of a ledger. Read from its tables by code of its own; only blocks are found by the pool's walk. */
#include "canon.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pool/pool_alloc.h"

struct text {
	char *at;
	size_t len;
	size_t room;
};

static void say(struct text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	if (t->room - t->len < 256U) {
		t->room = 2U * t->room + 4096U;
		t->at = realloc(t->at, t->room);
		if (t->at == NULL) {
			abort();
		}
	}
	va_start(args, fmt);
	n = vsnprintf(t->at + t->len, t->room - t->len, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= 256U) {
		abort();
	}
	t->len += (size_t)n;
}

static const char *name_of(domid_t dom, char buf[16])
{
	if (dom == DOMID_HYP || dom == DOMID_NONE) {
		return dom == DOMID_HYP ? "hyp" : "none";
	}
	(void)snprintf(buf, 16, "%u", dom);
	return buf;
}

static void say_block(struct text *t, const struct pool_info *b)
{
	static const char *const states[POOL_STATE_COUNT] = { "unused", "free",       "owned",   "quarantined",
							      "static", "hypervisor", "payload", "reserved" };
	char owner[16];
	char payer[16];

	say(t, "block %#llx pages=%llu order=%u zone=%u %s owner=%s payer=%s\n",
	    (unsigned long long)(b->range.base >> PAGE_SHIFT), (unsigned long long)(b->range.size >> PAGE_SHIFT),
	    b->order, b->zone, states[b->state], name_of(b->owner, owner), name_of(b->payer, payer));
}

static void say_blocks(struct text *t, const struct ledger *l)
{
	struct pool_info b;

	for (paddr_t at = pa(0); pool_next_block(&l->pool, at, &b) == FH_OK; at = pa(range_end(b.range))) {
		say_block(t, &b);
	}
}

/* Pages one by one, but clean 2 MiB at a time. */
static void say_dirty_bank(struct text *t, const struct ledger *l, uint64_t pfn, uint64_t end)
{
	uint64_t from = UINT64_MAX;

	for (; pfn < end; pfn++) {
		const bool whole = (pfn & 511U) == 0U && end - pfn >= 512U && !pool_is_dirty(&l->pool, pfn, 9);
		const bool dirty = !whole && pool_is_dirty(&l->pool, pfn, 0);

		if (dirty && from == UINT64_MAX) {
			from = pfn;
		}
		if (!dirty && from != UINT64_MAX) {
			say(t, "dirty %#llx-%#llx\n", (unsigned long long)from, (unsigned long long)pfn - 1U);
			from = UINT64_MAX;
		}
		pfn += whole ? 511U : 0U;
	}
	if (from != UINT64_MAX) {
		say(t, "dirty %#llx-%#llx\n", (unsigned long long)from, (unsigned long long)end - 1U);
	}
}

static void say_dirty(struct text *t, const struct ledger *l)
{
	for (uint32_t i = 0; i < l->pool.nr_banks; i++) {
		const struct pool_ram *b = &l->pool.banks[i];

		if (b->dirty == NULL) {
			say(t, "dirty %#llx-%#llx no map\n", (unsigned long long)b->base_pfn,
			    (unsigned long long)(b->base_pfn + b->nr_pages - 1U));
		} else {
			say_dirty_bank(t, l, b->base_pfn, b->base_pfn + b->nr_pages);
		}
	}
}

/* Terms of which nothing is claimed any more are left out: their places may be taken by others. */
static void say_claim(struct text *t, const struct ledger *l, const struct ledger_claim *c, const char *head)
{
	char holder[16];
	char owner[16];

	say(t, "%s holder=%s uses=%u", head, name_of(c->holder, holder), c->uses);
	if (c->deadline == CLAIM_FOREVER) {
		say(t, " deadline=never\n");
	} else {
		say(t, " deadline=%llu\n", (unsigned long long)c->deadline);
	}
	for (uint16_t at = c->first; at != LEDGER_NO_TERM; at = l->terms[at].next) {
		const struct ledger_term *q = &l->terms[at];

		if (q->count != 0U) {
			say(t, "  term zone=%u order=%u owner=%s count=%llu left=%llu\n", q->zone, q->order,
			    name_of(q->owner, owner), (unsigned long long)q->count, (unsigned long long)q->left);
		}
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Claims are sorted by their text: which slot one has does not matter. */
static void say_claims(struct text *t, const struct ledger *l)
{
	char *claim[FH_MAX_CLAIMS];
	uint32_t n = 0;

	for (uint32_t i = 0; i < FH_MAX_CLAIMS; i++) {
		if (l->claims[i].holder != DOMID_NONE && !l->claims[i].waiting) {
			struct text one = { 0 };

			say_claim(&one, l, &l->claims[i], "claim");
			claim[n++] = one.at;
		}
	}
	qsort(claim, n, sizeof(claim[0]), by_text);
	for (uint32_t i = 0; i < n; i++) {
		for (char *line = strtok(claim[i], "\n"); line != NULL; line = strtok(NULL, "\n")) {
			say(t, "%s\n", line);
		}
		free(claim[i]);
	}
	for (uint32_t at = l->waiters.first, k = 1; at < FH_MAX_CLAIMS; at = l->claims[at].next, k++) {
		char head[32];

		(void)snprintf(head, sizeof(head), "waiting %u:", k);
		say_claim(t, l, &l->claims[at], head);
	}
}

static void say_accounts(struct text *t, const struct ledger *l)
{
	for (uint32_t i = 0; i <= LEDGER_MAX_DOMAINS; i++) {
		const struct ledger_account *a = &l->accounts[i];
		const bool live = i == LEDGER_MAX_DOMAINS || (l->live >> i & 1U) != 0U;
		char name[16];

		if (!live && a->outstanding == 0U && a->paid == 0U && a->owned == 0U) {
			continue;
		}
		say(t, "account %s %s outstanding=%llu paid=%llu owned=%llu",
		    name_of(i == LEDGER_MAX_DOMAINS ? DOMID_HYP : (domid_t)i, name), live ? "alive" : "dead",
		    (unsigned long long)a->outstanding, (unsigned long long)a->paid, (unsigned long long)a->owned);
		if (a->quota == CLAIM_NO_QUOTA) {
			say(t, " quota=none\n");
		} else {
			say(t, " quota=%llu\n", (unsigned long long)a->quota);
		}
	}
}

static void say_zones(struct text *t, const struct ledger *l)
{
	for (uint32_t i = 0; i < l->pool.nr_zones; i++) {
		say(t, "zone %.40s reserve=%llu waits=%u t=", l->pool.zones[i].name, (unsigned long long)l->reserve[i],
		    l->waits[i]);
		for (unsigned int k = 0; k <= l->pool.zones[i].max_order; k++) {
			say(t, "%s%lld", k == 0U ? "" : ",", (long long)l->zones[i].t[k]);
		}
		say(t, "\n");
	}
	for (uint32_t i = 0; i < LEDGER_MAX_SCRUBBERS; i++) {
		if (l->scrubs[i].pages != 0U) {
			say(t, "scrubber %u %#llx pages=%llu\n", i, (unsigned long long)l->scrubs[i].pfn,
			    (unsigned long long)l->scrubs[i].pages);
		}
	}
}

char *canon_text(struct ledger *l, unsigned int parts)
{
	struct text t = { 0 };

	lock_acquire(&l->lock);
	say(&t, "%s", "");
	if ((parts & CANON_BLOCKS) != 0U) {
		say_blocks(&t, l);
	}
	if ((parts & CANON_DIRTY) != 0U) {
		say_dirty(&t, l);
	}
	if ((parts & CANON_CLAIMS) != 0U) {
		say_claims(&t, l);
	}
	if ((parts & CANON_ACCOUNTS) != 0U) {
		say_accounts(&t, l);
	}
	if ((parts & CANON_ZONES) != 0U) {
		say_zones(&t, l);
	}
	lock_release(&l->lock);
	return t.at;
}

bool canon_equal(const char *before, const char *after, const char *what)
{
	size_t line = 0;
	size_t i = 0;

	for (; before[i] == after[i]; i++) {
		if (before[i] == '\0') {
			return true;
		}
		line = before[i] == '\n' ? i + 1U : line;
	}
	fprintf(stderr, "%s: not as before:\n- %.*s\n+ %.*s\n", what, (int)strcspn(before + line, "\n"), before + line,
		(int)strcspn(after + line, "\n"), after + line);
	return false;
}
