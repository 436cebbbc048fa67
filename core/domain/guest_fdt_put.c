/* SPDX-License-Identifier: MIT */
/*
 * Writing a flattened tree in one go (Devicetree Specification v0.4, chapter 5; version 17):
 *
 *     header | no reservations | structure -->        <-- names |
 *
 * A property's name is put at the end of the buffer, each anew, below those before it. Its offset is counted from that
 * end; gf_finish() moves the names behind the structure and counts from their beginning.
 */
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/domain/guest_fdt_internal.h"
#include "core/log/log.h"

#define STRUCTURE ((uint32_t)sizeof(struct fdt_header) + 16U) /* behind the end of the reservations */
#define VERSION 17U
#define COMPATIBLE_VERSION 16U

/* Room for bytes, zeroed and rounded up to cells; NULL: there is none, or an error came before. */
static void *grow(struct tree_writer *w, size_t bytes)
{
	char *p = w->buf + w->at;
	const uint64_t whole = align_up(bytes, 4U);

	if (w->status == FH_OK && whole > w->names - w->at) {
		w->status = FH_ENOMEM;
	}
	if (w->status != FH_OK) {
		return NULL;
	}
	memset(p, 0, whole);
	w->at += (uint32_t)whole;
	return p;
}

static void put(struct tree_writer *w, const void *data, size_t len)
{
	void *p = grow(w, len);

	if (p != NULL) {
		memcpy(p, data, len);
	}
}

static void put_cell(struct tree_writer *w, uint32_t cell)
{
	const uint32_t be = __builtin_bswap32(cell);

	put(w, &be, sizeof(be));
}

/* Puts a name, and its distance from the buffer's end into the structure. */
static void put_name(struct tree_writer *w, const char *name)
{
	const size_t len = strlen(name) + 1U;

	put_cell(w, (uint32_t)(w->size - w->names + len));
	if (w->status == FH_OK && len > w->names - w->at) {
		w->status = FH_ENOMEM;
	}
	if (w->status == FH_OK) {
		w->names -= (uint32_t)len;
		memcpy(w->buf + w->names, name, len);
	}
}

void gf_begin(struct tree_writer *w, const char *name)
{
	put_cell(w, FDT_BEGIN_NODE);
	put(w, name, strlen(name) + 1U);
}

void gf_begin_at(struct tree_writer *w, const char *name, uint64_t addr)
{
	char full[64];

	fmt_line(full, sizeof(full), "%.40s@%lx", name, addr);
	gf_begin(w, full);
}

void gf_end(struct tree_writer *w)
{
	put_cell(w, FDT_END_NODE);
}

void gf_data(struct tree_writer *w, const char *name, const void *data, size_t len)
{
	put_cell(w, FDT_PROP);
	put_cell(w, (uint32_t)len);
	put_name(w, name);
	put(w, data, len);
}

void gf_text(struct tree_writer *w, const char *name, const char *s)
{
	gf_data(w, name, s, strlen(s) + 1U);
}

void gf_cells(struct tree_writer *w, const char *name, const uint32_t *cells, uint32_t n)
{
	put_cell(w, FDT_PROP);
	put_cell(w, n * 4U);
	put_name(w, name);
	for (uint32_t i = 0; i < n; i++) {
		put_cell(w, cells[i]);
	}
}

void gf_cell(struct tree_writer *w, const char *name, uint32_t cell)
{
	gf_cells(w, name, &cell, 1);
}

void gf_start(struct tree_writer *w, void *buf, size_t size)
{
	*w = (struct tree_writer){ .buf = buf, .size = (uint32_t)size, .names = (uint32_t)size };
	(void)grow(w, STRUCTURE);
}

/* Offsets of names from the beginning of all; the structure is our own, and sound. */
static void count_names(const struct tree_writer *w)
{
	const uint32_t bytes = w->size - w->names;
	uint32_t at = STRUCTURE;

	while (at < w->at) {
		uint32_t *cell = (uint32_t *)(void *)(w->buf + at);

		at += 4U;
		if (cell[0] == __builtin_bswap32(FDT_BEGIN_NODE)) {
			at += (uint32_t)align_up(strlen(w->buf + at) + 1U, 4U);
		} else if (cell[0] == __builtin_bswap32(FDT_PROP)) {
			cell[2] = __builtin_bswap32(bytes - __builtin_bswap32(cell[2]));
			at += 8U + (uint32_t)align_up(__builtin_bswap32(cell[1]), 4U);
		} else {
			/* An end. */
		}
	}
}

fh_status gf_finish(struct tree_writer *w, size_t *used)
{
	const uint32_t names = w->size - w->names;

	put_cell(w, FDT_END);
	FH_TRY(w->status);
	count_names(w);
	memmove(w->buf + w->at, w->buf + w->names, names);
	const uint32_t header[] = { FDT_MAGIC, w->at + names,      STRUCTURE, w->at, sizeof(struct fdt_header),
				    VERSION,   COMPATIBLE_VERSION, 0,         names, w->at - STRUCTURE };

	for (uint32_t i = 0; i < ARRAY_SIZE(header); i++) {
		((uint32_t *)(void *)w->buf)[i] = __builtin_bswap32(header[i]);
	}
	*used = header[1];
	return FH_OK;
}
