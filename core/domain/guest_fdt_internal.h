/* SPDX-License-Identifier: MIT */
/* The writer (guest_fdt_put.c), and the parts that use it. */
#ifndef CORE_DOMAIN_GUEST_FDT_INTERNAL_H
#define CORE_DOMAIN_GUEST_FDT_INTERNAL_H

#include <libfdt.h>

#include "core/domain/guest_fdt.h"

#define PHANDLE_CLOCK 2U
#define PHANDLE_DEVICE 16U /* and on, one for each device */
#define GF_MAX_CELLS 32U

struct tree_writer {
	char *buf;
	uint32_t size;
	uint32_t at;      /* where the structure goes on */
	uint32_t names;   /* where the names begin, which end at size */
	fh_status status; /* the first error */
};

/* buf: 8-byte aligned, below 2 GiB. */
void gf_start(struct tree_writer *w, void *buf, size_t size);
/* FH_ENOMEM: the tree did not fit; or another error that came. *used: bytes. */
fh_status gf_finish(struct tree_writer *w, size_t *used) FH_MUST_CHECK;
void gf_begin(struct tree_writer *w, const char *name);
void gf_begin_at(struct tree_writer *w, const char *name, uint64_t addr);
void gf_end(struct tree_writer *w);
void gf_data(struct tree_writer *w, const char *name, const void *data, size_t len);
void gf_text(struct tree_writer *w, const char *name, const char *s);
void gf_cell(struct tree_writer *w, const char *name, uint32_t cell);
/* n cells, in the CPU's byte order. */
void gf_cells(struct tree_writer *w, const char *name, const uint32_t *cells, uint32_t n);
void gf_reg(struct tree_writer *w, const struct range *ranges, uint32_t n);

/* Copies device i of the board, and the keys that hang on it where it is a GPIO controller. */
void gf_device(struct tree_writer *w, const struct guest_fdt_params *p, uint32_t i);

#endif
