/* SPDX-License-Identifier: MIT */
/* Properties of a node, and reg entries translated to CPU addresses (Devicetree Specification v0.4, 2.3.6, 2.3.8). */
#include <libfdt.h>

#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/fdt/fdt_internal.h"

uint32_t fdt_cell(const struct fdt_prop *p, uint32_t i)
{
	return be32((const char *)p->data + (size_t)i * 4U);
}

/*
 * The property at *off of the structure block, NOPs skipped; *off moves behind it. False: the node has no more. The
 * walk has checked all offsets.
 */
static bool next_prop(const struct fdt_index *t, int32_t *off, const char **name, struct fdt_prop *out)
{
	const char *p = t->props + *off;

	while (be32(p) == FDT_NOP) {
		p += 4;
	}
	if (be32(p) != FDT_PROP) {
		return false;
	}
	out->len = be32(p + 4);
	out->data = p + PROP_HEADER;
	*name = t->strings + be32(p + 8);
	*off = (int32_t)(p - t->props) + (int32_t)PROP_HEADER + (int32_t)align_up(out->len, 4U);
	return true;
}

fh_status fdt_prop(const struct fdt_index *t, uint16_t node, const char *name, struct fdt_prop *out)
{
	int32_t off = t->nodes[node].first_prop;
	const char *have;
	struct fdt_prop p;

	if ((t->nodes[node].letters & fdt_letter(name)) == 0U) {
		return FH_ENOENT;
	}
	while (off >= 0 && next_prop(t, &off, &have, &p)) {
		if (have[0] == name[0] && strcmp(have, name) == 0) {
			*out = p;
			return FH_OK;
		}
	}
	return FH_ENOENT;
}

bool fdt_next_prop(const struct fdt_index *t, uint16_t node, uint32_t *at, const char **name, struct fdt_prop *out)
{
	int32_t off = *at != 0U ? (int32_t)*at : t->nodes[node].first_prop;
	const bool found = off >= 0 && next_prop(t, &off, name, out);

	*at = (uint32_t)off;
	return found;
}

bool fdt_has(const struct fdt_index *t, uint16_t node, const char *name)
{
	struct fdt_prop p;

	return fdt_prop(t, node, name, &p) == FH_OK;
}

fh_status fdt_prop_u32(const struct fdt_prop *p, uint32_t *out)
{
	if (p->len != 4U) {
		return FH_EFORMAT;
	}
	*out = fdt_cell(p, 0);
	return FH_OK;
}

fh_status fdt_prop_u64(const struct fdt_prop *p, uint64_t *out)
{
	if (p->len != 4U && p->len != 8U) {
		return FH_EFORMAT;
	}
	*out = p->len == 4U ? fdt_cell(p, 0) : be64(p->data);
	return FH_OK;
}

fh_status fdt_prop_str(const struct fdt_prop *p, const char **out)
{
	if (p->len == 0U || strnlen(p->data, p->len) != p->len - 1U) {
		return FH_EFORMAT;
	}
	*out = p->data;
	return FH_OK;
}

fh_status fdt_u32(const struct fdt_index *t, uint16_t node, const char *name, uint32_t *out)
{
	struct fdt_prop p;

	FH_TRY(fdt_prop(t, node, name, &p));
	return fdt_prop_u32(&p, out);
}

fh_status fdt_u64(const struct fdt_index *t, uint16_t node, const char *name, uint64_t *out)
{
	struct fdt_prop p;

	FH_TRY(fdt_prop(t, node, name, &p));
	return fdt_prop_u64(&p, out);
}

fh_status fdt_str(const struct fdt_index *t, uint16_t node, const char *name, const char **out)
{
	struct fdt_prop p;

	FH_TRY(fdt_prop(t, node, name, &p));
	return fdt_prop_str(&p, out);
}

bool fdt_strlist_has(const struct fdt_index *t, uint16_t node, const char *name, const char *s)
{
	const size_t want = strlen(s) + 1U;
	struct fdt_prop p;
	const char *at;

	if (fdt_prop(t, node, name, &p) != FH_OK) {
		return false;
	}
	at = p.data;
	for (size_t left = p.len; left >= want;) {
		const size_t len = strnlen(at, left) + 1U;

		if (len == want && memcmp(at, s, want) == 0) {
			return true;
		}
		if (len >= left) {
			return false;
		}
		at += len;
		left -= len;
	}
	return false;
}

bool fdt_enabled(const struct fdt_index *t, uint16_t node)
{
	const char *s;
	const fh_status status = fdt_str(t, node, "status", &s);

	return status == FH_ENOENT || (status == FH_OK && (strcmp(s, "okay") == 0 || strcmp(s, "ok") == 0));
}

/* n cells from cell i on; false where they hold more than 64 bits. */
static bool read_cells(const struct fdt_prop *p, uint32_t i, uint32_t n, uint64_t *out)
{
	uint64_t v = 0;

	for (uint32_t k = 0; k < n; k++) {
		if ((v >> 32) != 0U) {
			return false;
		}
		v = (v << 32) | fdt_cell(p, i + k);
	}
	*out = v;
	return true;
}

/* One level up: addr, seen on the bus below node `bus`, as the bus above sees it. */
static fh_status translate(const struct fdt_index *t, uint16_t bus, uint64_t size, uint64_t *addr)
{
	const struct fdt_node *b = &t->nodes[bus];
	const uint32_t up_cells = t->nodes[b->parent].addr_cells;
	const uint32_t step = b->addr_cells + up_cells + b->size_cells;
	struct fdt_prop p;

	if (fdt_prop(t, bus, "ranges", &p) != FH_OK) {
		return FH_EINVAL;
	}
	if (p.len == 0U) {
		return FH_OK;
	}
	if (step == 0U || p.len % (step * 4U) != 0U) {
		return FH_EFORMAT;
	}
	for (uint32_t i = 0; i < p.len / 4U; i += step) {
		uint64_t child;
		uint64_t up;
		uint64_t len;

		if (!read_cells(&p, i, b->addr_cells, &child) || !read_cells(&p, i + b->addr_cells, up_cells, &up) ||
		    !read_cells(&p, i + b->addr_cells + up_cells, b->size_cells, &len)) {
			continue; /* such as PCI's three cells: nothing that is asked for here */
		}
		if (*addr >= child && *addr - child < len && len - (*addr - child) >= size) {
			if (up > UINT64_MAX - (*addr - child)) {
				return FH_EFORMAT;
			}
			*addr = up + (*addr - child);
			return FH_OK;
		}
	}
	return FH_EINVAL;
}

/* Entry i of reg as its bus numbers it; nothing is checked but that it is there. */
static fh_status raw_reg(const struct fdt_index *t, uint16_t node, uint32_t i, uint64_t *addr, uint64_t *size)
{
	const uint16_t bus = t->nodes[node].parent;
	uint32_t step;
	struct fdt_prop p;

	if (bus == FDT_NO_NODE || fdt_prop(t, node, "reg", &p) != FH_OK) {
		return FH_ENOENT;
	}
	step = (uint32_t)t->nodes[bus].addr_cells + t->nodes[bus].size_cells;
	if (step == 0U || p.len == 0U || p.len % (step * 4U) != 0U) {
		return FH_EFORMAT;
	}
	if (i >= p.len / (step * 4U)) {
		return FH_ENOENT;
	}
	if (!read_cells(&p, i * step, t->nodes[bus].addr_cells, addr) ||
	    !read_cells(&p, i * step + t->nodes[bus].addr_cells, t->nodes[bus].size_cells, size)) {
		return FH_EINVAL;
	}
	return FH_OK;
}

fh_status fdt_reg_local(const struct fdt_index *t, uint16_t node, uint32_t i, uint64_t align, struct range *out)
{
	uint64_t addr;
	uint64_t size;
	const fh_status status = raw_reg(t, node, i, &addr, &size);

	return status == FH_OK ? range_make(addr, size, align, out) : status;
}

fh_status fdt_reg(const struct fdt_index *t, uint16_t node, uint32_t i, struct range *out)
{
	uint64_t addr;
	uint64_t size;

	FH_TRY(raw_reg(t, node, i, &addr, &size));
	for (uint16_t bus = t->nodes[node].parent; t->nodes[bus].parent != FDT_NO_NODE; bus = t->nodes[bus].parent) {
		FH_TRY(translate(t, bus, size, &addr));
	}
	return range_make(addr, size, 1U, out) == FH_OK ? FH_OK : FH_EINVAL;
}
