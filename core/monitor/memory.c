/* SPDX-License-Identifier: MIT */
/* What the ledger knows: ranges and their owners, zones, claims. */
#include "core/base/bits.h"
#include "core/claim/claim.h"
#include "core/domain/domain.h"
#include "core/monitor/monitor_internal.h"

/* Blocks that a step looks at; a run of more is shown in parts. */
#define BLOCKS_MAX 256U

static const char *state_name(const struct pool_info *b)
{
	static const char *const names[POOL_STATE_COUNT] = {
		[POOL_UNUSED] = "unused",           [POOL_FREE] = "free",         [POOL_OWNED] = "claimed",
		[POOL_QUARANTINED] = "quarantined", [POOL_STATIC] = "static",     [POOL_HYPERVISOR] = "hypervisor",
		[POOL_PAYLOAD] = "payload",         [POOL_RESERVED] = "reserved",
	};

	return (unsigned int)b->state < POOL_STATE_COUNT ? names[b->state] : "?";
}

static bool same_use(const struct pool_info *a, const struct pool_info *b)
{
	return a->state == b->state && a->owner == b->owner && a->zone == b->zone &&
	       range_end(a->range) == b->range.base;
}

static const char *zone_name(struct ledger *l, uint8_t zone)
{
	struct ledger_zone_info z;

	if (zone == POOL_NO_ZONE || ledger_zone_info(l, zone, &z) != FH_OK) {
		return "";
	}
	return z.name;
}

/* Of what is free: whether a part of it is not clean. */
static bool is_dirty(struct ledger *l, const struct pool_info *b)
{
	return b->state == POOL_FREE && ledger_range_dirty(l, b->range);
}

/* job->at: the address to go on from. */
bool mon_memory(struct mon_job *job)
{
	struct ledger *l = domain_ledger();
	struct pool_info run;
	struct pool_info next;
	uint64_t size;
	bool in_mib;
	bool dirty;

	if (l == NULL || ledger_next_block(l, pa(job->at), &run) != FH_OK) {
		mon_line("(end of RAM)");
		return false;
	}
	dirty = is_dirty(l, &run);
	for (uint32_t i = 0; i < BLOCKS_MAX; i++) {
		if (ledger_next_block(l, pa(range_end(run.range)), &next) != FH_OK || !same_use(&run, &next) ||
		    is_dirty(l, &next) != dirty) {
			break;
		}
		run.range.size += next.range.size;
	}
	job->at = range_end(run.range);
	size = run.range.size >> 10;
	in_mib = (size & 1023U) == 0U;
	mon_line("  0x%010lx-0x%010lx %8lu %s  %-11s %-8s %s", run.range.base, job->at - 1U, in_mib ? size >> 10 : size,
		 in_mib ? "MiB" : "KiB", dirty ? "free dirty" : state_name(&run), zone_name(l, run.zone),
		 mon_owner(run.owner));
	return true;
}

static bool show_zone(struct ledger *l, uint8_t zone)
{
	struct ledger_zone_info z;

	if (ledger_zone_info(l, zone, &z) != FH_OK) {
		return false;
	}
	mon_line("  zone %-10s %7lu MiB, free %7lu MiB, claimed of it %7lu MiB, 2 MiB blocks to be had %lu", z.name,
		 z.pages >> 8, z.free_pages >> 8, z.claimed_pages >> 8, z.nr_available[ORDER_2M]);
	return true;
}

/* job->at: the claim's slot; job->j: its term. */
static bool show_term(struct ledger *l, struct mon_job *job)
{
	struct claim_term_info info;
	claim_handle_t h;
	domid_t holder;

	while (claim_next(l, (uint32_t)job->at, &h) == FH_OK) {
		job->at = h.slot;
		if (claim_query(l, h, job->j, &holder, &info) == FH_OK) {
			mon_line("  claim %u.%u holder=%s owner=%s zone=%s order=%u count=%lu left=%lu", h.slot, job->j,
				 mon_owner(holder), mon_owner(info.term.owner), zone_name(l, info.term.zone),
				 info.term.order, info.term.count, info.left);
			job->j++;
			return true;
		}
		job->at++;
		job->j = 0;
	}
	return false;
}

bool mon_claims(struct mon_job *job)
{
	struct ledger *l = domain_ledger();

	if (l != NULL && job->i < POOL_MAX_ZONES) {
		if (show_zone(l, (uint8_t)job->i)) {
			job->i++;
			return true;
		}
		job->i = POOL_MAX_ZONES;
	}
	if (l != NULL && show_term(l, job)) {
		return true;
	}
	mon_line("(end of the claims)");
	return false;
}
