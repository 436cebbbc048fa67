/* SPDX-License-Identifier: MIT */
/*
 * A bounded index over a flattened device tree (Devicetree Specification v0.4), built in one walk: nodes with parent,
 * depth, first property, phandle. All look-ups use the index; none walks the tree.
 * The blob is untrusted: a tree that is truncated, corrupt, deeper than FDT_MAX_DEPTH or larger than the index given
 * is refused. Used for the board's tree and for the configuration, at EL2 and on the host.
 */
#ifndef CORE_FDT_FDT_INDEX_H
#define CORE_FDT_FDT_INDEX_H

#include "core/base/range.h"

#define FDT_MAX_DEPTH 16U
#define FDT_NO_NODE UINT16_MAX

struct fdt_node {
	int32_t name_off;   /* of the node's name in the blob */
	int32_t first_prop; /* structure offset of its first property, -1: none */
	uint32_t phandle;   /* 0: none */
	uint32_t letters; /* that its properties' names begin with, as fdt_letter() has them: most look-ups end here */
	uint16_t parent;
	uint16_t first_child;
	uint16_t next_sibling;
	uint8_t addr_cells; /* its own #address-cells and #size-cells, for its children */
	uint8_t size_cells;
};

/* An index with the caller's storage for nodes (128 for a configuration, 512 or more for a board). */
struct fdt_index {
	const void *blob;
	size_t size; /* as its header tells */
	uint16_t nr_nodes;
	uint16_t max_nodes;
	uint32_t nr_nops;
	struct fdt_node *nodes; /* nodes[0] is the root */
	const char *props;      /* the structure block */
	const char *strings;    /* the strings block, up to its last terminator */
	uint32_t strings_len;
};

struct fdt_prop {
	const void *data; /* big-endian, 4-byte aligned */
	uint32_t len;
};

/* FH_EFORMAT: not a sound tree within size bytes; FH_EOVERFLOW: more nodes or depth than there is room. */
fh_status fdt_index_build(const void *blob, size_t size, struct fdt_node *nodes, uint16_t max_nodes,
			  struct fdt_index *out) FH_MUST_CHECK;

/*
 * Node by absolute path or by alias (with or without ":options" behind it, as in stdout-path); FDT_NO_NODE: none. A
 * part without a unit address matches the first node of that name, with or without one.
 */
uint16_t fdt_find(const struct fdt_index *t, const char *path);
uint16_t fdt_child(const struct fdt_index *t, uint16_t node, const char *name);
uint16_t fdt_by_phandle(const struct fdt_index *t, uint32_t phandle);
/* The next node in tree order after `after` (FDT_NO_NODE: from the first) that is compatible; FDT_NO_NODE: none. */
uint16_t fdt_next_compatible(const struct fdt_index *t, uint16_t after, const char *compatible);
/* Node's own name, with its unit address. */
const char *fdt_node_name(const struct fdt_index *t, uint16_t node);
/* Writes "/a/b" into buf; truncates with "..." where it is longer. */
void fdt_node_path(const struct fdt_index *t, uint16_t node, char *buf, size_t size);

/* The property, or FH_ENOENT. O(properties of the node). */
fh_status fdt_prop(const struct fdt_index *t, uint16_t node, const char *name, struct fdt_prop *out) FH_MUST_CHECK;
/* A node's next property, *at being 0 before the first; false: it has no more. O(NOPs before it). */
bool fdt_next_prop(const struct fdt_index *t, uint16_t node, uint32_t *at, const char **name, struct fdt_prop *out);
bool fdt_has(const struct fdt_index *t, uint16_t node, const char *name);
/*
 * FH_ENOENT: not there. FH_EFORMAT where it is not one cell (fdt_u32), one or two cells (fdt_u64), one terminated
 * string (fdt_str).
 */
fh_status fdt_u32(const struct fdt_index *t, uint16_t node, const char *name, uint32_t *out) FH_MUST_CHECK;
fh_status fdt_u64(const struct fdt_index *t, uint16_t node, const char *name, uint64_t *out) FH_MUST_CHECK;
fh_status fdt_str(const struct fdt_index *t, uint16_t node, const char *name, const char **out) FH_MUST_CHECK;
/* The same of a property that was found. */
fh_status fdt_prop_u32(const struct fdt_prop *p, uint32_t *out) FH_MUST_CHECK;
fh_status fdt_prop_u64(const struct fdt_prop *p, uint64_t *out) FH_MUST_CHECK;
fh_status fdt_prop_str(const struct fdt_prop *p, const char **out) FH_MUST_CHECK;
/* Whether a string list property holds s. */
bool fdt_strlist_has(const struct fdt_index *t, uint16_t node, const char *name, const char *s);
/* Cell i of a property (bounds checked by the caller against len / 4). */
uint32_t fdt_cell(const struct fdt_prop *p, uint32_t i);
/*
 * Entry i of reg, translated through its parents' ranges to a CPU address. FH_ENOENT past the last; FH_EFORMAT for
 * lengths that fit no entry; FH_EINVAL for one that no bus translates.
 */
fh_status fdt_reg(const struct fdt_index *t, uint16_t node, uint32_t i, struct range *out) FH_MUST_CHECK;
/* Entry i of reg as it stands, not translated; errors as fdt_reg() and range_make() give them. */
fh_status fdt_reg_local(const struct fdt_index *t, uint16_t node, uint32_t i, uint64_t align, struct range *out)
	FH_MUST_CHECK;
/* "okay", "ok" or no status at all. */
bool fdt_enabled(const struct fdt_index *t, uint16_t node);
/* Entry i of /memreserve/; FH_ENOENT past the last. */
fh_status fdt_memreserve(const struct fdt_index *t, uint32_t i, struct range *out) FH_MUST_CHECK;

#endif
