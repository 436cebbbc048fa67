/* SPDX-License-Identifier: MIT */
/* The writer that guest_fdt.c and guest_fdt_device.c share. */
#ifndef CORE_DOMAIN_GUEST_FDT_INTERNAL_H
#define CORE_DOMAIN_GUEST_FDT_INTERNAL_H

#include <libfdt.h>

#include "core/domain/guest_fdt.h"

#define PHANDLE_CLOCK 2U
#define PHANDLE_DEVICE 16U /* and on, one for each device */
#define GF_MAX_CELLS 32U

struct tree_writer {
	void *fdt;
	int err; /* of libfdt, the first one; 0: none */
};

void gf_begin(struct tree_writer *w, const char *name);
void gf_begin_at(struct tree_writer *w, const char *name, uint64_t addr);
void gf_end(struct tree_writer *w);
void gf_data(struct tree_writer *w, const char *name, const void *data, size_t len);
void gf_text(struct tree_writer *w, const char *name, const char *s);
void gf_cell(struct tree_writer *w, const char *name, uint32_t cell);
void gf_cells(struct tree_writer *w, const char *name, const uint32_t *cells, uint32_t n);
void gf_reg(struct tree_writer *w, const struct range *ranges, uint32_t n);

/* Copies device i of the board, and the keys that hang on it where it is a GPIO controller. */
void gf_device(struct tree_writer *w, const struct guest_fdt_params *p, uint32_t i);

#endif
