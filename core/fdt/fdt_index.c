/* SPDX-License-Identifier: MIT */
/*
 * The one walk over a tree. After it, every offset that the index holds or that a property refers to lies within the
 * blob, every name is terminated there, and the other functions need no check of their own. libfdt checks the header;
 * the walk itself is ours: fdt_next_tag() costs four times as many instructions, and in 1.6 it lets a property's
 * length wrap an int.
 */
#include <libfdt.h>

#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/fdt/fdt_internal.h"

/* The specification has 31 (2.2.1, 2.2.4.1); what is longer than this is not looked through. */
#define NAME_LEN_MAX 255U

/* The walk's state: the open nodes from the root down, and the last child of each. */
struct walk {
	struct fdt_index *t;
	uint32_t size;  /* of the structure block; below 2^31, as fdt_check_header() has seen to */
	uint32_t depth; /* open nodes */
	uint16_t open[FDT_MAX_DEPTH];
	uint16_t last[FDT_MAX_DEPTH];
};

static fh_status check_header(const void *blob, size_t size)
{
	if (size < sizeof(struct fdt_header) || !is_aligned((uintptr_t)blob, 8U)) {
		return FH_EFORMAT;
	}
	/* Version 17 tells the structure block's size; all tools have written it since 2007. */
	if (fdt_check_header(blob) != 0 || fdt_version(blob) < 17U || fdt_totalsize(blob) > size) {
		return FH_EFORMAT;
	}
	if (!is_aligned(fdt_off_dt_struct(blob), 4U) || !is_aligned(fdt_off_mem_rsvmap(blob), 8U)) {
		return FH_EFORMAT;
	}
	return FH_OK;
}

/* The strings block up to its last terminator: a name that begins below this length is terminated. */
static uint32_t strings_usable(const void *blob)
{
	const char *s = (const char *)blob + fdt_off_dt_strings(blob);
	const uint32_t size = fdt_size_dt_strings(blob);
	uint32_t n = size;

	while (n != 0U && s[n - 1U] != '\0') {
		n = size - n < NAME_LEN_MAX ? n - 1U : 0U;
	}
	return n;
}

static fh_status begin_node(struct walk *w, uint32_t off)
{
	struct fdt_index *t = w->t;
	const uint16_t n = t->nr_nodes;
	const uint16_t parent = w->depth != 0U ? w->open[w->depth - 1U] : FDT_NO_NODE;

	if (w->depth == FDT_MAX_DEPTH || n == t->max_nodes) {
		return FH_EOVERFLOW;
	}
	if (w->depth == 0U && n != 0U) {
		return FH_EFORMAT; /* a second root */
	}
	t->nodes[n] = (struct fdt_node){
		.name_off = (int32_t)(fdt_off_dt_struct(t->blob) + off + FDT_TAGSIZE),
		.first_prop = -1,
		.parent = parent,
		.first_child = FDT_NO_NODE,
		.next_sibling = FDT_NO_NODE,
		.addr_cells = 2,
		.size_cells = 1,
	};
	if (parent != FDT_NO_NODE) {
		if (w->last[w->depth - 1U] == FDT_NO_NODE) {
			t->nodes[parent].first_child = n;
		} else {
			t->nodes[w->last[w->depth - 1U]].next_sibling = n;
		}
		w->last[w->depth - 1U] = n;
	}
	w->open[w->depth] = n;
	w->last[w->depth] = FDT_NO_NODE;
	w->depth++;
	t->nr_nodes++;
	return FH_OK;
}

static fh_status set_cells(uint8_t *cells, const struct fdt_prop *p)
{
	if (p->len != 4U || fdt_cell(p, 0) > FDT_MAX_CELLS) {
		return FH_EFORMAT;
	}
	*cells = (uint8_t)fdt_cell(p, 0);
	return FH_OK;
}

/* The four properties that the index keeps. */
static fh_status note_prop(struct fdt_node *n, const char *name, const struct fdt_prop *p)
{
	if (name[0] == '#') {
		if (strcmp(name, "#address-cells") == 0) {
			return set_cells(&n->addr_cells, p);
		}
		return strcmp(name, "#size-cells") == 0 ? set_cells(&n->size_cells, p) : FH_OK;
	}
	if ((name[0] == 'p' && strcmp(name, "phandle") == 0) ||
	    (name[0] == 'l' && strcmp(name, "linux,phandle") == 0)) {
		if (p->len != 4U || fdt_cell(p, 0) == 0U || fdt_cell(p, 0) == UINT32_MAX) {
			return FH_EFORMAT;
		}
		n->phandle = fdt_cell(p, 0);
	}
	return FH_OK;
}

/* Length of the node's name at off, or what no name has where it has no end there. */
static uint32_t name_length(const struct walk *w, uint32_t off)
{
	const uint32_t most = MIN(w->size - off, NAME_LEN_MAX + 1U);
	const uint32_t len = (uint32_t)strnlen(w->t->props + off, most);

	return len < most ? len : w->size;
}

static fh_status take_prop(struct walk *w, uint32_t off, uint32_t *next)
{
	struct fdt_index *t = w->t;
	const char *base = t->props + off;
	struct fdt_prop p = { .data = base + PROP_HEADER };
	struct fdt_node *n;
	uint32_t name_off;

	if (w->depth == 0U || w->size - off < PROP_HEADER) {
		return FH_EFORMAT;
	}
	p.len = be32(base + 4);
	name_off = be32(base + 8);
	if (p.len > w->size - off - PROP_HEADER || name_off >= t->strings_len) {
		return FH_EFORMAT;
	}
	if (w->last[w->depth - 1U] != FDT_NO_NODE) {
		return FH_EFORMAT; /* properties come before child nodes */
	}
	n = &t->nodes[w->open[w->depth - 1U]];
	if (n->first_prop < 0) {
		n->first_prop = (int32_t)off;
	}
	n->letters |= fdt_letter(t->strings + name_off);
	*next = off + PROP_HEADER + (uint32_t)align_up(p.len, 4U);
	return note_prop(n, t->strings + name_off, &p);
}

/* The tag at off, which lies in the block; *next: behind it. *end: it was the last one. */
static fh_status take_tag(struct walk *w, uint32_t off, uint32_t *next, bool *end)
{
	uint32_t len;

	*next = off + FDT_TAGSIZE;
	switch (be32(w->t->props + off)) {
	case FDT_BEGIN_NODE:
		len = name_length(w, *next);
		*next += (uint32_t)align_up(len + 1U, 4U);
		return len < w->size - off - FDT_TAGSIZE ? begin_node(w, off) : FH_EFORMAT;
	case FDT_END_NODE:
		if (w->depth == 0U) {
			return FH_EFORMAT;
		}
		w->depth--;
		return FH_OK;
	case FDT_PROP:
		return take_prop(w, off, next);
	case FDT_NOP:
		w->t->nr_nops++;
		return FH_OK;
	case FDT_END:
		*end = true;
		return w->depth == 0U && w->t->nr_nodes != 0U ? FH_OK : FH_EFORMAT;
	default:
		return FH_EFORMAT;
	}
}

static fh_status walk_tree(struct walk *w)
{
	bool end = false;
	uint32_t off = 0;

	while (!end) {
		fh_status status;

		if (off > w->size || w->size - off < FDT_TAGSIZE) {
			return FH_EFORMAT;
		}
		status = take_tag(w, off, &off, &end);
		if (status != FH_OK) {
			return status;
		}
	}
	return FH_OK;
}

fh_status fdt_index_build(const void *blob, size_t size, struct fdt_node *nodes, uint16_t max_nodes,
			  struct fdt_index *out)
{
	struct fdt_index t = { .blob = blob, .size = size, .max_nodes = max_nodes, .nodes = nodes };
	struct walk w = { .t = &t };
	fh_status status = check_header(blob, size);

	if (status != FH_OK) {
		return status;
	}
	t.size = fdt_totalsize(blob);
	t.props = (const char *)blob + fdt_off_dt_struct(blob);
	t.strings = (const char *)blob + fdt_off_dt_strings(blob);
	t.strings_len = strings_usable(blob);
	w.size = fdt_size_dt_struct(blob);
	status = walk_tree(&w);
	if (status == FH_OK) {
		*out = t;
	}
	return status;
}

fh_status fdt_memreserve(const struct fdt_index *t, uint32_t i, struct range *out)
{
	const uint64_t at = fdt_off_mem_rsvmap(t->blob) + (uint64_t)i * 16U;
	const char *p = (const char *)t->blob + at;

	if (at + 16U > t->size) {
		return FH_EFORMAT;
	}
	if (be64(p) == 0U && be64(p + 8) == 0U) {
		return FH_ENOENT;
	}
	return range_make(be64(p), be64(p + 8), 1U, out);
}
