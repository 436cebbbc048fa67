/* SPDX-License-Identifier: MIT */
/* Look-ups of nodes in a built index. Loops are bounded by the number of nodes, and by FDT_MAX_DEPTH upwards. */
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/fdt/fdt_internal.h"

const char *fdt_node_name(const struct fdt_index *t, uint16_t node)
{
	return (const char *)t->blob + t->nodes[node].name_off;
}

/* A name without a unit address also matches a node that has one. */
static bool name_matches(const char *node, const char *name, size_t len)
{
	if (strncmp(node, name, len) != 0) {
		return false;
	}
	return node[len] == '\0' || (node[len] == '@' && memchr(name, '@', len) == NULL);
}

static uint16_t child_n(const struct fdt_index *t, uint16_t node, const char *name, size_t len)
{
	uint16_t c = t->nodes[node].first_child;

	while (c != FDT_NO_NODE && !name_matches(fdt_node_name(t, c), name, len)) {
		c = t->nodes[c].next_sibling;
	}
	return c;
}

uint16_t fdt_child(const struct fdt_index *t, uint16_t node, const char *name)
{
	return child_n(t, node, name, strlen(name));
}

/* Length of the path in s: up to the options behind a colon. */
static size_t path_length(const char *s)
{
	const char *colon = strchr(s, ':');

	return colon != NULL ? (size_t)(colon - s) : strlen(s);
}

static uint16_t find_absolute(const struct fdt_index *t, const char *path, size_t len)
{
	uint16_t n = 0;
	size_t at = 0;

	while (at < len && n != FDT_NO_NODE) {
		size_t part = 0;

		while (at < len && path[at] == '/') {
			at++;
		}
		while (at + part < len && path[at + part] != '/') {
			part++;
		}
		if (part != 0U) {
			n = child_n(t, n, path + at, part);
		}
		at += part;
	}
	return n;
}

/* The path that an alias of len characters stands for, or NULL. */
static const char *alias_path(const struct fdt_index *t, const char *alias, size_t len)
{
	const uint16_t aliases = fdt_child(t, 0, "aliases");
	char name[32];
	const char *path;

	if (aliases == FDT_NO_NODE || len >= sizeof(name)) {
		return NULL;
	}
	memcpy(name, alias, len);
	name[len] = '\0';
	return fdt_str(t, aliases, name, &path) == FH_OK && path[0] == '/' ? path : NULL;
}

uint16_t fdt_find(const struct fdt_index *t, const char *path)
{
	size_t len = path_length(path);

	if (len == 0U) {
		return FDT_NO_NODE;
	}
	if (path[0] != '/') {
		path = alias_path(t, path, len);
		if (path == NULL) {
			return FDT_NO_NODE;
		}
		len = path_length(path);
	}
	return find_absolute(t, path, len);
}

uint16_t fdt_by_phandle(const struct fdt_index *t, uint32_t phandle)
{
	if (phandle == 0U) {
		return FDT_NO_NODE;
	}
	for (uint16_t n = 0; n < t->nr_nodes; n++) {
		if (t->nodes[n].phandle == phandle) {
			return n;
		}
	}
	return FDT_NO_NODE;
}

uint16_t fdt_next_compatible(const struct fdt_index *t, uint16_t after, const char *compatible)
{
	uint16_t n = after == FDT_NO_NODE ? (uint16_t)0 : (uint16_t)(after + 1U);

	for (; n < t->nr_nodes; n++) {
		if (fdt_strlist_has(t, n, "compatible", compatible)) {
			return n;
		}
	}
	return FDT_NO_NODE;
}

/* Appends as much of s as fits and keeps the terminator. */
static size_t append(char *buf, size_t size, size_t at, const char *s)
{
	while (*s != '\0' && at + 1U < size) {
		buf[at++] = *s++;
	}
	buf[at] = '\0';
	return at;
}

void fdt_node_path(const struct fdt_index *t, uint16_t node, char *buf, size_t size)
{
	uint16_t up[FDT_MAX_DEPTH];
	uint32_t depth = 0;
	size_t want = 0;
	size_t at = 0;

	if (size == 0U) {
		return;
	}
	for (uint16_t n = node; n != 0U; n = t->nodes[n].parent) {
		up[depth++] = n;
		want += 1U + strlen(fdt_node_name(t, n));
	}
	buf[0] = '\0';
	if (depth == 0U) {
		append(buf, size, 0, "/");
	}
	while (depth != 0U) {
		at = append(buf, size, at, "/");
		at = append(buf, size, at, fdt_node_name(t, up[--depth]));
	}
	if (want >= size && size > 3U) {
		memcpy(buf + size - 4U, "...", 4);
	}
}
