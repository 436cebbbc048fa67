/* SPDX-License-Identifier: MIT */
/* A domain's claims@IPA node: what it may claim from the pool while it runs, and where it may map that. */
#include "core/config/config_internal.h"

static fh_status read_zones(struct reader *r, uint16_t node, struct cfg_claims *c)
{
	struct fdt_prop p;

	if (fdt_prop(r->t, node, "zones", &p) != FH_OK || p.len == 0U || p.len % 4U != 0U) {
		return cfg_refuse(r, FH_EINVAL, node, "zones", "must be references, such as <&low &high>");
	}
	if (p.len / 4U > CFG_MAX_CLAIM_ZONES) {
		return cfg_refuse(r, FH_EOVERFLOW, node, "zones", "more than %u zones", CFG_MAX_CLAIM_ZONES);
	}
	for (uint32_t i = 0; i < p.len / 4U; i++) {
		FH_TRY(cfg_pool_zone(r, node, "zones", fdt_cell(&p, i), &c->zones[c->nr_zones++]));
	}
	return FH_OK;
}

fh_status cfg_read_claims(struct reader *r, uint16_t node, struct cfg_claims *c)
{
	static const struct prop props[] = {
		{ .name = "reg" },
		{ "limit", ADDRESS(struct cfg_claims, limit) },
		{ .name = "zones" },
	};

	if (c->window.size != 0U) {
		return cfg_refuse(r, FH_EEXIST, node, NULL, "there is another: a domain has one");
	}
	FH_TRY(cfg_props(r, node, props, ARRAY_SIZE(props), c));
	FH_TRY(cfg_one_reg(r, node, SIZE_2M, &c->window));
	if (c->limit == 0U || !is_aligned(c->limit, PAGE_SIZE)) {
		return cfg_refuse(r, FH_EINVAL, node, "limit", "must be bytes, a multiple of 4 KiB above 0");
	}
	return read_zones(r, node, c);
}
