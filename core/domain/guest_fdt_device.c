/* SPDX-License-Identifier: MIT */
/*
 * A device of the board in a guest's tree: registers and interrupts are written anew, clocks become the fixed clock,
 * properties that refer to nodes which the guest doesn't have are left out, all else is copied. Child nodes are not.
 */
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/domain/guest_fdt_internal.h"
#include "core/fdt/board.h"

#define FIRST_SPI 32U
#define EDGE_RISING 1U
#define LEVEL_HIGH 4U

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool ends_with(const char *s, const char *suffix)
{
	const size_t a = strlen(s);
	const size_t b = strlen(suffix);

	return a >= b && strcmp(s + (a - b), suffix) == 0;
}

/* Written anew, or of no use without the node that it refers to. */
static bool left_out(const char *name)
{
	static const char *const names[] = {
		"phandle",          "linux,phandle", "reg",    "interrupts",    "interrupts-extended",
		"interrupt-parent", "clocks",        "status", "iommus",        "dmas",
		"dma-names",        "power-domains", "resets", "reset-names",   "msi-parent",
		"interconnects",    "mboxes",        "gpios",  "memory-region", "assigned-clocks",
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	return starts_with(name, "pinctrl-") || starts_with(name, "assigned-clock") || ends_with(name, "-supply") ||
	       ends_with(name, "-gpios") || ends_with(name, "-gpio");
}

static void copy_props(struct tree_writer *w, const struct fdt_index *t, uint16_t node)
{
	struct fdt_prop prop;
	const char *name;

	for (uint32_t at = 0; fdt_next_prop(t, node, &at, &name, &prop);) {
		if (!left_out(name)) {
			gf_data(w, name, prop.data, prop.len);
		}
	}
}

static void write_irqs(struct tree_writer *w, const struct board_device *d)
{
	uint32_t cells[BOARD_DEV_IRQS * 3U];

	for (uint32_t i = 0; i < d->nr_irqs; i++) {
		const bool spi = d->irqs[i].intid >= FIRST_SPI;

		cells[3U * i] = spi ? 0U : 1U;
		cells[3U * i + 1U] = d->irqs[i].intid - (spi ? FIRST_SPI : 16U);
		cells[3U * i + 2U] = d->irqs[i].edge ? EDGE_RISING : LEVEL_HIGH;
	}
	if (d->nr_irqs != 0U) {
		gf_cells(w, "interrupts", cells, 3U * d->nr_irqs);
	}
}

/* As many references to the fixed clock as the device names clocks, one where it has no names. */
static void write_clocks(struct tree_writer *w, const struct fdt_index *t, uint16_t node)
{
	uint32_t cells[8];
	struct fdt_prop names;
	uint32_t n = 0;

	if (!fdt_has(t, node, "clocks")) {
		return;
	}
	if (fdt_prop(t, node, "clock-names", &names) == FH_OK) {
		for (uint32_t i = 0; i < names.len; i++) {
			n += ((const char *)names.data)[i] == '\0' ? 1U : 0U;
		}
	}
	n = MAX(n, 1U);
	for (uint32_t i = 0; i < ARRAY_SIZE(cells); i++) {
		cells[i] = PHANDLE_CLOCK;
	}
	gf_cells(w, "clocks", cells, MIN(n, (uint32_t)ARRAY_SIZE(cells)));
}

/* A key: its gpios refer to the controller, which has another phandle here. */
static void write_key(struct tree_writer *w, const struct fdt_index *t, uint16_t key, uint32_t phandle)
{
	uint32_t cells[8];
	struct fdt_prop gpios;

	if (fdt_prop(t, key, "gpios", &gpios) != FH_OK) {
		return;
	}
	cells[0] = phandle;
	for (uint32_t i = 1; i < gpios.len / 4U && i < ARRAY_SIZE(cells); i++) {
		cells[i] = fdt_cell(&gpios, i);
	}
	gf_begin(w, fdt_node_name(t, key));
	copy_props(w, t, key);
	gf_cells(w, "gpios", cells, MIN(gpios.len / 4U, (uint32_t)ARRAY_SIZE(cells)));
	gf_end(w);
}

/* Keys of a gpio-keys node that hang on the controller `node`; on QEMU virt that is the power button. */
static void write_keys(struct tree_writer *w, const struct fdt_index *t, uint16_t node, uint32_t phandle)
{
	const uint32_t wanted = t->nodes[node].phandle;
	uint16_t keys = FDT_NO_NODE;

	if (wanted == 0U || !fdt_has(t, node, "gpio-controller")) {
		return;
	}
	while ((keys = fdt_next_compatible(t, keys, "gpio-keys")) != FDT_NO_NODE) {
		bool open = false;

		for (uint16_t k = t->nodes[keys].first_child; k != FDT_NO_NODE; k = t->nodes[k].next_sibling) {
			struct fdt_prop gpios;

			if (fdt_prop(t, k, "gpios", &gpios) != FH_OK || gpios.len < 4U ||
			    fdt_cell(&gpios, 0) != wanted) {
				continue;
			}
			if (!open) {
				gf_begin(w, fdt_node_name(t, keys));
				copy_props(w, t, keys);
				open = true;
			}
			write_key(w, t, k, phandle);
		}
		if (open) {
			gf_end(w);
		}
	}
}

void gf_device(struct tree_writer *w, const struct guest_fdt_params *p, uint32_t i)
{
	const struct fdt_index *t = p->board;
	const uint16_t node = p->devices[i];
	const uint32_t phandle = PHANDLE_DEVICE + i;
	struct board_device d;
	char name[32];
	size_t len = 0;

	if (node >= t->nr_nodes || board_device_at(t, node, &d, NULL) != FH_OK) {
		w->err = -FDT_ERR_BADVALUE;
		return;
	}
	while (len + 1U < sizeof(name) && fdt_node_name(t, node)[len] != '\0' && fdt_node_name(t, node)[len] != '@') {
		name[len] = fdt_node_name(t, node)[len];
		len++;
	}
	name[len] = '\0';
	gf_begin_at(w, name, d.regs[0].base);
	copy_props(w, t, node);
	gf_reg(w, d.regs, d.nr_regs);
	write_irqs(w, &d);
	write_clocks(w, t, node);
	gf_cell(w, "phandle", phandle);
	gf_end(w);
	write_keys(w, t, node, phandle);
}
