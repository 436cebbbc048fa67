/* SPDX-License-Identifier: MIT */
/*
 * /zones: the hyp zone, and the trees of the pool. A node with a reg is a leaf, one with nodes below is the union of
 * them. The index holds nodes in tree order, so a parent is always read before its children, without recursion.
 */
#include "core/base/string.h"
#include "core/config/config_internal.h"

#define MAX_ORDER 18U
#define HYP_MAX UINT64_C(0x40000000) /* what EL2 has room to map */
#define HYP "hyp"

static uint8_t zone_of_node(const struct reader *r, uint16_t node)
{
	for (uint8_t i = 0; i < r->sys->nr_zones; i++) {
		if (r->zone_node[i] == node) {
			return i;
		}
	}
	return CFG_NO_ZONE;
}

fh_status cfg_pool_zone(struct reader *r, uint16_t node, const char *prop, uint32_t phandle, uint8_t *out)
{
	const uint16_t target = fdt_by_phandle(r->t, phandle);
	const uint8_t zone = zone_of_node(r, target);

	if (target == FDT_NO_NODE) {
		return cfg_refuse(r, FH_ENOENT, node, prop, "phandle 0x%x refers to no node", phandle);
	}
	if (zone == CFG_NO_ZONE || r->sys->zones[zone].hyp) {
		return cfg_refuse(r, FH_EINVAL, node, prop, "refers to %.40s, which is no zone of the pool",
				  fdt_node_name(r->t, target));
	}
	*out = zone;
	return FH_OK;
}

static fh_status check_name(struct reader *r, uint16_t node, const struct cfg_zone *z)
{
	for (uint8_t i = 0; i < r->sys->nr_zones; i++) {
		if (strcmp(r->sys->zones[i].name, z->name) == 0) {
			return cfg_refuse(r, FH_EEXIST, node, NULL, "there is a zone %s already", z->name);
		}
	}
	return FH_OK;
}

static const struct prop zone_props[] = {
	{ .name = "reg" },
	{ "max-order", NUMBER(struct cfg_zone, max_order, 0, MAX_ORDER) },
};

static fh_status read_leaf(struct reader *r, uint16_t node, struct cfg_zone *z)
{
	z->leaf = true;
	z->max_order = MAX_ORDER;
	/* The hyp zone has blocks of all sizes: its users ask for several. */
	FH_TRY(cfg_props(r, node, zone_props, z->hyp ? 1U : 2U, z));
	FH_TRY(cfg_one_reg(r, node, z->hyp ? SIZE_2M : PAGE_SIZE, &z->range));
	if (z->hyp && z->range.size > HYP_MAX) {
		return cfg_refuse(r, FH_EOVERFLOW, node, "reg", "the hyp zone has more than 1 GiB");
	}
	return FH_OK;
}

static fh_status read_zone(struct reader *r, uint16_t node, uint16_t top)
{
	struct cfg_zone *z = &r->sys->zones[r->sys->nr_zones];
	const uint16_t parent = r->t->nodes[node].parent;
	const bool has_reg = fdt_has(r->t, node, "reg");
	const bool has_children = r->t->nodes[node].first_child != FDT_NO_NODE;

	if (r->sys->nr_zones == CFG_MAX_ZONES) {
		return cfg_refuse(r, FH_EOVERFLOW, node, NULL, "more than %u zones", CFG_MAX_ZONES);
	}
	FH_TRY(cfg_node_name(r, node, z->name));
	FH_TRY(check_name(r, node, z));
	z->hyp = strcmp(z->name, HYP) == 0;
	z->parent = parent == top ? CFG_NO_ZONE : zone_of_node(r, parent);
	if (z->hyp && parent != top) {
		return cfg_refuse(r, FH_EINVAL, node, NULL, "the hyp zone stands directly under /zones");
	}
	if (has_reg == has_children) {
		return cfg_refuse(r, FH_EINVAL, node, NULL, "a zone has either a reg or zones below it");
	}
	FH_TRY(has_reg ? read_leaf(r, node, z) : cfg_props(r, node, NULL, 0, NULL));
	if (z->hyp && !z->leaf) {
		return cfg_refuse(r, FH_EINVAL, node, NULL, "the hyp zone is one range, without zones below");
	}
	r->zone_node[r->sys->nr_zones] = node;
	r->sys->nr_zones++;
	return FH_OK;
}

fh_status cfg_read_zones(struct reader *r, uint16_t node)
{
	const struct fdt_index *t = r->t;

	FH_TRY(cfg_props(r, node, NULL, 0, NULL));
	for (uint16_t n = (uint16_t)(node + 1U); n < t->nr_nodes && t->nodes[n].parent >= node; n++) {
		FH_TRY(read_zone(r, n, node));
	}
	for (uint8_t i = 0; i < r->sys->nr_zones; i++) {
		if (r->sys->zones[i].hyp) {
			return FH_OK;
		}
	}
	return cfg_refuse(r, FH_ENOENT, node, NULL, "there is no zone hyp@ADDRESS: stage-2 tables need one");
}
