/* SPDX-License-Identifier: MIT */
/*
 * A domain's body: one block of the hyp zone, for all that it needs of EL2's own memory. Shared with tools/fhpack.
 *
 *	| root | vCPUs ... | requests | tree | stage-2 tables ... |      2^k pages, so the rest of it is for tables
 */
#ifndef CORE_DOMAIN_BODY_H
#define CORE_DOMAIN_BODY_H

#include "arch/arm64/mm/stage2.h"
#include "arch/arm64/vcpu/vcpu.h"
#include "core/base/bits.h"
#include "core/config/config.h"

#define BODY_ROOT_PAGES (1U << S2_ROOT_ORDER)
#define BODY_REQUEST_PAGES 4U /* of a control domain: what comes in at its ports */
#define BODY_TREE_ORDER 2U    /* a generated guest tree: 64 CPUs and a few devices fit */
#define BODY_TABLES 8U        /* for more than these the body is not made larger */

static inline uint64_t body_vcpu_pages(const struct cfg_domain *c)
{
	return align_up(c->nr_vcpus * sizeof(struct vcpu), PAGE_SIZE) >> PAGE_SHIFT;
}

/* Pages before the tree. */
static inline uint64_t body_tree_at(const struct cfg_domain *c)
{
	return BODY_ROOT_PAGES + body_vcpu_pages(c) + (c->control ? BODY_REQUEST_PAGES : 0U);
}

/* Its order, for a domain that needs so many tables; *more: those that must be claimed beside it. */
static inline uint8_t body_order(const struct cfg_domain *c, uint64_t tables, uint64_t *more)
{
	const uint64_t fixed = body_tree_at(c) + BIT(BODY_TREE_ORDER);
	const uint8_t order = (uint8_t)(ilog2(fixed + MIN(tables, (uint64_t)BODY_TABLES) - 1U) + 1U);

	*more = tables - MIN(tables, BIT(order) - fixed);
	return order;
}

#endif
