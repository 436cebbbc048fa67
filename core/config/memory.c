/* SPDX-License-Identifier: MIT */
/* A domain's memory@IPA nodes: static (at an address of RAM), direct-map (IPA = PA) or claimed from a zone. */
#include "core/base/string.h"
#include "core/config/config_internal.h"

/* Block sizes that stage 2 can map: order and bytes. */
static const uint8_t orders[] = { ORDER_4K, ORDER_64K, ORDER_2M, ORDER_1G };

static uint64_t order_bytes(uint32_t order)
{
	return PAGE_SIZE << order;
}

/* The largest order that a leaf of the zone, or of one below it, can give. */
static uint32_t zone_max_order(const struct cfg_system *sys, uint8_t zone)
{
	uint32_t best = 0;

	for (uint8_t i = zone; i < sys->nr_zones; i++) {
		const struct cfg_zone *z = &sys->zones[i];
		uint8_t up = i;

		while (up != CFG_NO_ZONE && up != zone) {
			up = sys->zones[up].parent;
		}
		if (up == zone && z->leaf && z->max_order > best) {
			best = z->max_order;
		}
	}
	return best;
}

static fh_status read_order(struct reader *r, uint16_t node, struct cfg_mem *m)
{
	const uint32_t best = zone_max_order(r->sys, m->zone);
	/* 2 MiB where the range allows it, as then no page tables of the last level are needed. */
	const bool fits_2m = is_aligned(m->size | ipa_val(m->ipa), SIZE_2M) && best >= ORDER_2M;
	uint64_t bytes = fits_2m ? SIZE_2M : PAGE_SIZE;

	FH_TRY(cfg_address(r, node, "block-size", &bytes));
	for (uint32_t i = 0; i < ARRAY_SIZE(orders); i++) {
		if (bytes != order_bytes(orders[i])) {
			continue;
		}
		if (!is_aligned(m->size, bytes) || !is_aligned(ipa_val(m->ipa), bytes)) {
			return cfg_refuse(r, FH_EALIGN, node, "block-size", "reg is no multiple of 0x%lx", bytes);
		}
		if (orders[i] > best) {
			return cfg_refuse(r, FH_EINVAL, node, "block-size", "zone %s has no blocks of 0x%lx",
					  r->sys->zones[m->zone].name, bytes);
		}
		m->order = orders[i];
		return FH_OK;
	}
	return cfg_refuse(r, FH_EINVAL, node, "block-size", "0x%lx is none of 0x1000, 0x10000, 0x200000, 0x40000000",
			  bytes);
}

static fh_status read_claimed(struct reader *r, uint16_t node, struct cfg_mem *m)
{
	uint32_t phandle = 0;

	if (fdt_u32(r->t, node, "zone", &phandle) != FH_OK) {
		return cfg_refuse(r, FH_EINVAL, node, "zone", "must be one reference, such as <&low>");
	}
	m->kind = CFG_MEM_CLAIMED;
	FH_TRY(cfg_pool_zone(r, node, "zone", phandle, &m->zone));
	return read_order(r, node, m);
}

static fh_status read_static(struct reader *r, uint16_t node, struct cfg_mem *m)
{
	uint64_t base = ipa_val(m->ipa);
	struct range range;
	fh_status status;

	if (fdt_has(r->t, node, "block-size")) {
		return cfg_refuse(r, FH_EINVAL, node, "block-size", "only claimed memory has one");
	}
	m->kind = CFG_MEM_STATIC;
	m->zone = CFG_NO_ZONE;
	if (!m->direct_map) {
		FH_TRY(cfg_address(r, node, "static", &base));
	}
	status = range_make(base, m->size, PAGE_SIZE, &range);
	if (status != FH_OK) {
		return cfg_refuse(r, status, node, "static", "0x%lx is %s", base,
				  status == FH_EALIGN ? "no multiple of 4 KiB" : "too high for this size");
	}
	m->pa = pa(base);
	return FH_OK;
}

/* Puts m in its place by IPA. */
static fh_status insert(struct reader *r, uint16_t node, struct cfg_domain *d, const struct cfg_mem *m)
{
	const struct range mine = { ipa_val(m->ipa), m->size };
	uint32_t at = 0;

	while (at < d->nr_mem && ipa_val(d->mem[at].ipa) < mine.base) {
		at++;
	}
	for (uint32_t i = at > 0U ? at - 1U : 0U; i < d->nr_mem && i <= at; i++) {
		const struct range other = { ipa_val(d->mem[i].ipa), d->mem[i].size };

		if (range_overlaps(mine, other)) {
			return cfg_refuse(r, FH_EEXIST, node, "reg", "overlaps memory@%lx of the same domain",
					  other.base);
		}
	}
	memmove(&d->mem[at + 1U], &d->mem[at], (d->nr_mem - at) * sizeof(*m));
	d->mem[at] = *m;
	d->nr_mem++;
	return FH_OK;
}

fh_status cfg_read_memory(struct reader *r, uint16_t node, struct cfg_domain *d)
{
	static const struct prop props[] = {
		{ .name = "reg" },  { .name = "static" },     { "direct-map", FLAG(struct cfg_mem, direct_map) },
		{ .name = "zone" }, { .name = "block-size" },
	};
	struct cfg_mem m = { .zone = CFG_NO_ZONE };
	const bool is_static = fdt_has(r->t, node, "static");
	const bool claimed = fdt_has(r->t, node, "zone");
	struct range reg;

	if (d->nr_mem == CFG_MAX_MEM) {
		return cfg_refuse(r, FH_EOVERFLOW, node, NULL, "more than %u ranges of memory", CFG_MAX_MEM);
	}
	FH_TRY(cfg_props(r, node, props, ARRAY_SIZE(props), &m));
	FH_TRY(cfg_one_reg(r, node, PAGE_SIZE, &reg));
	if ((is_static ? 1 : 0) + (claimed ? 1 : 0) + (m.direct_map ? 1 : 0) != 1) {
		return cfg_refuse(r, FH_EINVAL, node, NULL, "needs exactly one of static, direct-map, zone");
	}
	m.ipa = ipa(reg.base);
	m.size = reg.size;
	FH_TRY(claimed ? read_claimed(r, node, &m) : read_static(r, node, &m));
	FH_TRY(insert(r, node, d, &m));
	return cfg_no_children(r, node);
}
