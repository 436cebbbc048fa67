/* SPDX-License-Identifier: MIT */
/* RAM, reserved memory, CPUs and the console in the board's tree (Devicetree Specification v0.4, chapter 3). */
#include "core/fdt/board.h"

#include "core/base/bits.h"
#include "core/base/string.h"

static bool type_is(const struct fdt_index *t, uint16_t node, const char *type)
{
	const char *s;

	return fdt_str(t, node, "device_type", &s) == FH_OK && strcmp(s, type) == 0;
}

uint16_t board_cpu(const struct fdt_index *t, uint32_t i)
{
	const uint16_t cpus = fdt_find(t, "/cpus");
	uint16_t n = cpus == FDT_NO_NODE ? cpus : t->nodes[cpus].first_child;

	for (; n != FDT_NO_NODE; n = t->nodes[n].next_sibling) {
		if (type_is(t, n, "cpu") && fdt_enabled(t, n) && i-- == 0U) {
			return n;
		}
	}
	return FDT_NO_NODE;
}

fh_status board_cpu_mpidr(const struct fdt_index *t, uint16_t cpu, uint64_t *mpidr)
{
	return fdt_u64(t, cpu, "reg", mpidr) == FH_OK ? FH_OK : FH_EFORMAT;
}

/* Puts r where it belongs in a rising list and joins it with neighbours that it touches. */
static fh_status insert_range(struct range *list, uint32_t max, uint32_t *nr, struct range r)
{
	uint32_t at = 0;

	while (at < *nr && list[at].base < r.base) {
		at++;
	}
	if ((at < *nr && range_overlaps(list[at], r)) || (at > 0U && range_overlaps(list[at - 1U], r))) {
		return FH_EEXIST;
	}
	if (at > 0U && range_end(list[at - 1U]) == r.base) {
		list[at - 1U].size += r.size;
		if (at < *nr && range_end(list[at - 1U]) == list[at].base) {
			list[at - 1U].size += list[at].size;
			memmove(&list[at], &list[at + 1U], (*nr - at - 1U) * sizeof(*list));
			(*nr)--;
		}
		return FH_OK;
	}
	if (at < *nr && range_end(r) == list[at].base) {
		list[at].base = r.base;
		list[at].size += r.size;
		return FH_OK;
	}
	if (*nr == max) {
		return FH_EOVERFLOW;
	}
	memmove(&list[at + 1U], &list[at], (*nr - at) * sizeof(*list));
	list[at] = r;
	(*nr)++;
	return FH_OK;
}

fh_status board_ram(const struct fdt_index *t, struct range *out, uint32_t max, uint32_t *nr)
{
	uint32_t have = 0;

	for (uint16_t n = 0; n < t->nr_nodes; n++) {
		fh_status status = FH_OK;
		struct range r;

		if (!type_is(t, n, "memory") || !fdt_enabled(t, n)) {
			continue;
		}
		for (uint32_t i = 0; status == FH_OK && (status = fdt_reg(t, n, i, &r)) == FH_OK; i++) {
			status = insert_range(out, max, &have, r);
		}
		if (status != FH_ENOENT) {
			return status;
		}
	}
	*nr = have;
	return have != 0U ? FH_OK : FH_ENOENT;
}

static bool begins_own(struct range r, const struct range *own, uint32_t nr_own)
{
	for (uint32_t i = 0; i < nr_own; i++) {
		if (own[i].size != 0U && own[i].base == r.base) {
			return true;
		}
	}
	return false;
}

fh_status board_reserved(const struct fdt_index *t, const struct range *own, uint32_t nr_own, struct range *out,
			 uint32_t max, uint32_t *nr)
{
	const uint16_t top = fdt_find(t, "/reserved-memory");
	uint16_t n = top == FDT_NO_NODE ? top : t->nodes[top].first_child;
	uint32_t have = 0;
	struct range r;
	fh_status status;

	for (uint32_t i = 0; (status = fdt_memreserve(t, i, &r)) != FH_ENOENT; i++) {
		/* An entry of length 0 ends nothing and reserves nothing. */
		if (status == FH_EINVAL || (status == FH_OK && begins_own(r, own, nr_own))) {
			continue;
		}
		if (status != FH_OK || have == max) {
			return status != FH_OK ? status : FH_EOVERFLOW;
		}
		out[have++] = r;
	}
	for (; n != FDT_NO_NODE; n = t->nodes[n].next_sibling) {
		if (!fdt_enabled(t, n)) {
			continue;
		}
		for (uint32_t i = 0; (status = fdt_reg(t, n, i, &r)) == FH_OK; i++) {
			if (have == max) {
				return FH_EOVERFLOW;
			}
			out[have++] = r;
		}
		if (status != FH_ENOENT) {
			return status;
		}
	}
	*nr = have;
	return FH_OK;
}

uint16_t board_console(const struct fdt_index *t, const char *path)
{
	uint16_t chosen;
	const char *out;

	if (path[0] != '\0') {
		return fdt_find(t, path);
	}
	chosen = fdt_find(t, "/chosen");
	if (chosen == FDT_NO_NODE || fdt_str(t, chosen, "stdout-path", &out) != FH_OK) {
		return FDT_NO_NODE;
	}
	return fdt_find(t, out);
}
