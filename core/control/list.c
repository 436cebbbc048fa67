/* SPDX-License-Identifier: MIT */
/* The lists: one entry after the other from a cursor, as many as fit an answer. No snapshot: each has its own locks. */
#include "arch/cpu.h"
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/control/control_internal.h"
#include "core/log/log.h"
#include "core/log/trace.h"

#define PASSED_MAX 64U /* entries that are not for the caller's eyes, in one answer */

struct walk {
	const struct domain *self;
	uint64_t at; /* the cursor */
	uint32_t passed;
	struct log_cursor log;
};

static void add_counts(struct ctl_counts *sum, const struct domain_vcpu *v)
{
	for (uint32_t i = 0; i < CTL_CAUSES; i++) {
		sum->exits[i] += v->exits[i];
	}
	sum->injected += v->injected;
	sum->guest += v->times.guest;
	sum->stolen += v->times.el2;
	sum->longest = MAX(sum->longest, v->times.longest);
}

_Static_assert((uint32_t)CTL_SERROR == (uint32_t)CAUSE_SERROR && (uint32_t)CTL_CAUSES == (uint32_t)CAUSE_COUNT,
	       "the order of causes");
_Static_assert((uint32_t)CTL_DESTROYED == (uint32_t)DOM_DESTROYED, "the order of states");

/* NULL: not there, or not for the caller's eyes. */
static struct domain *seen(const struct walk *w, uint32_t dom)
{
	struct domain *d = domain_get(dom);

	return d != NULL && control_sees(w->self, dom) ? d : NULL;
}

/* Which of its files came by LOAD, and have to come again. */
static uint32_t files_of(const struct domain *d)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < CTL_FILES; i++) {
		bits |= d->files.size[i] != 0U ? CTL_DOMAIN_FILE << i : 0U;
	}
	return bits;
}

static bool next_domain(struct walk *w, void *entry)
{
	struct ctl_domain *e = entry;
	struct domain *d = NULL;
	struct domain_vcpu v;

	while (d == NULL && w->at < domain_count()) {
		d = seen(w, (uint32_t)w->at++);
	}
	if (d == NULL) {
		return false;
	}
	memcpy(e->name, d->cfg->name, sizeof(e->name));
	e->id = d->id;
	e->state = (uint8_t)d->state;
	e->flags = (uint8_t)((d == w->self ? CTL_DOMAIN_SELF : 0U) | (d->cfg->control ? CTL_DOMAIN_CONTROL : 0U) |
			     (control_may(w->self, d->id) ? CTL_DOMAIN_MANAGED : 0U) |
			     (d->cfg->console != CFG_CONSOLE_NONE ? CTL_DOMAIN_CONSOLE : 0U) | files_of(d));
	e->nr_vcpus = (uint16_t)d->nr_vcpus;
	e->nr_on = (uint16_t)d->nr_on;
	e->resets = d->resets;
	e->gen = d->gen;
	for (uint32_t i = 0; i < d->cfg->nr_mem; i++) {
		e->memory += d->cfg->mem[i].size;
	}
	for (uint32_t i = 0; domain_vcpu_look(d, i, &v); i++) {
		add_counts(&e->counts, &v);
	}
	return true;
}

static bool next_vcpu(struct walk *w, void *entry)
{
	struct ctl_vcpu *e = entry;
	struct domain *d = seen(w, (uint32_t)(w->at >> 8));
	struct domain_vcpu v;

	while (d == NULL || !domain_vcpu_look(d, (uint32_t)(w->at & 255U), &v)) {
		w->at = (w->at | 255U) + 1U;
		if (w->at >> 8 >= domain_count()) {
			return false;
		}
		d = seen(w, (uint32_t)(w->at >> 8));
	}
	*e = (struct ctl_vcpu){
		d->id, (uint16_t)(w->at++ & 255U), (uint16_t)v.pcpu, v.on ? CTL_POWER_ON : 0U, { .guest = 0 }
	};
	add_counts(&e->counts, &v);
	return true;
}

static bool next_zone(struct walk *w, void *entry)
{
	struct ctl_zone *e = entry;
	struct ledger_zone_info z;

	if (w->at >= POOL_MAX_ZONES || ledger_zone_info(domain_ledger(), (uint8_t)w->at, &z) != FH_OK) {
		return false;
	}
	(void)fmt_line(e->name, sizeof(e->name), "%s", z.name);
	e->index = (uint8_t)w->at++;
	e->parent = z.parent;
	e->leaf = z.leaf ? 1U : 0U;
	e->max_order = z.max_order;
	e->pages = z.pages;
	e->free_pages = z.free_pages;
	e->claimed_pages = z.claimed_pages;
	memcpy(e->nr_free, z.nr_free, sizeof(e->nr_free));
	memcpy(e->nr_available, z.nr_available, sizeof(e->nr_available));
	return true;
}
_Static_assert(CTL_ORDERS == POOL_ORDERS, "a zone's histogram");

static bool next_block(struct walk *w, void *entry)
{
	struct ctl_memory *e = entry;
	struct pool_info b;

	if (ledger_next_block(domain_ledger(), pa(w->at), &b) != FH_OK) {
		return false;
	}
	const domid_t owner = b.owner == DOMID_HYP || control_sees(w->self, b.owner) ? b.owner : DOMID_NONE;

	*e = (struct ctl_memory){ b.range.base, b.range.size, owner, (uint8_t)b.state, b.zone, 0 };
	w->at = range_end(b.range);
	return true;
}
_Static_assert((uint32_t)CTL_RESERVED == (uint32_t)POOL_RESERVED, "the pool's states");

static bool next_term(struct walk *w, void *entry)
{
	struct ctl_term *e = entry;
	struct ledger *l = domain_ledger();
	struct claim_term_info t;
	struct claim_info c;
	claim_handle_t h;
	domid_t holder;

	while (w->passed < PASSED_MAX && claim_next(l, (uint32_t)(w->at >> 8), &h) == FH_OK) {
		const uint32_t term = h.slot == w->at >> 8 ? (uint32_t)(w->at & 255U) : 0U;

		if (claim_info(l, h, &c) == FH_OK && claim_query(l, h, term, &holder, &t) == FH_OK) {
			w->at = ((uint64_t)h.slot << 8) + term + 1U;
			if (!control_sees(w->self, holder) && !control_sees(w->self, t.term.owner)) {
				w->passed++;
				continue;
			}
			*e = (struct ctl_term){ h.slot,       h.gen,        holder,    t.term.owner,
						t.term.zone,  t.term.order, c.waiting, (uint8_t)term,
						t.term.count, t.left,       c.deadline };
			return true;
		}
		w->at = (uint64_t)(h.slot + 1U) << 8;
	}
	return false;
}

static bool next_line(struct walk *w, void *entry)
{
	struct ctl_log *e = entry;
	struct log_line line;

	w->log.next = w->at;
	if (!log_read(&w->log, &line)) {
		return false;
	}
	w->at = w->log.next;
	e->time = line.time;
	e->lost = line.lost;
	e->cpu = (uint16_t)line.cpu;
	e->level = (uint8_t)line.level;
	e->len = (uint8_t)MIN(line.len, (uint32_t)sizeof(e->text));
	memcpy(e->text, line.text, e->len);
	return true;
}

/* The cursor: the CPU, and the number of its next entry. */
static bool next_trace(struct walk *w, void *entry)
{
	struct ctl_trace *e = entry;
	struct trace t;

	for (; w->at >> 32 < FH_MAX_CPUS; w->at = ((w->at >> 32) + 1U) << 32) {
		uint32_t at = (uint32_t)w->at;

		if (trace_read((uint32_t)(w->at >> 32), &at, &t)) {
			*e = (struct ctl_trace){ t.time, t.arg, t.type, t.dom, t.vcpu, t.cpu };
			w->at = w->at >> 32 << 32 | at;
			return true;
		}
	}
	return false;
}

static const struct {
	uint32_t size;
	bool (*next)(struct walk *w, void *entry); /* false: no more; entry is zero before */
} lists[CTL_KINDS] = {
	[CTL_DOMAINS] = { sizeof(struct ctl_domain), next_domain },
	[CTL_VCPUS] = { sizeof(struct ctl_vcpu), next_vcpu },
	[CTL_ZONES] = { sizeof(struct ctl_zone), next_zone },
	[CTL_MEMORY] = { sizeof(struct ctl_memory), next_block },
	[CTL_CLAIMS] = { sizeof(struct ctl_term), next_term },
	[CTL_TRACE] = { sizeof(struct ctl_trace), next_trace },
	[CTL_LOG] = { sizeof(struct ctl_log), next_line },
};

uint32_t control_list(struct request *r)
{
	const struct ctl_list *in = r->in;
	struct ctl_list *out = r->out;
	struct walk w = { .self = r->self, .at = in->cursor };
	const uint32_t kind = in->kind;
	const uint32_t size = kind < CTL_KINDS ? lists[kind].size : 0U;
	bool more = true;
	uint32_t at = sizeof(*out);
	uint32_t nr = 0;

	if (kind >= CTL_KINDS) {
		return CTL_EINVAL;
	}
	/* Of these no entry is one domain's. */
	if ((kind == CTL_LOG || kind == CTL_TRACE) && !control_sees_all(r->self)) {
		return CTL_EDENIED;
	}
	while (more && at + size <= CTL_REPLY_MAX - sizeof(struct ctl_head)) {
		memset((char *)out + at, 0, size);
		more = lists[kind].next(&w, (char *)out + at);
		nr += more ? 1U : 0U;
		at += more ? size : 0U;
	}
	*out = (struct ctl_list){ kind | (more || w.passed == PASSED_MAX ? 0U : CTL_LIST_END), nr, w.at };
	r->out_len = at;
	return CTL_OK;
}
