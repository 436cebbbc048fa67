/* SPDX-License-Identifier: MIT */
/* Devices of the board's tree: registers, interrupts at the GIC, and whether they can do DMA. */
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/fdt/board.h"

/* Binding arm,gic: <type number flags>; type 0 is an SPI, 1 a PPI; flags 1 and 2 are edges, 4 and 8 levels. */
#define GIC_CELLS 3U
#define GIC_TYPE_SPI 0U
#define GIC_TYPE_PPI 1U
#define GIC_FLAG_EDGES 3U

static const char *const gic_v2[] = { "arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a7-gic", "arm,cortex-a9-gic" };

static bool is_gic(const struct fdt_index *t, uint16_t node, uint32_t *version)
{
	if (fdt_strlist_has(t, node, "compatible", "arm,gic-v3")) {
		*version = 3;
		return true;
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(gic_v2); i++) {
		if (fdt_strlist_has(t, node, "compatible", gic_v2[i])) {
			*version = 2;
			return true;
		}
	}
	return false;
}

uint16_t board_gic(const struct fdt_index *t, uint32_t *version)
{
	for (uint16_t n = 0; n < t->nr_nodes; n++) {
		if (fdt_has(t, n, "interrupt-controller") && fdt_enabled(t, n) && is_gic(t, n, version)) {
			return n;
		}
	}
	return FDT_NO_NODE;
}

/* The controller that a node's interrupts property speaks to: its interrupt-parent, or that of a node above it. */
static uint16_t interrupt_parent(const struct fdt_index *t, uint16_t node)
{
	for (uint16_t n = node; n != FDT_NO_NODE; n = t->nodes[n].parent) {
		uint32_t phandle;

		if (n != node && fdt_has(t, n, "interrupt-map")) {
			return n;
		}
		if (fdt_u32(t, n, "interrupt-parent", &phandle) == FH_OK) {
			return fdt_by_phandle(t, phandle);
		}
		if (n != node && fdt_has(t, n, "interrupt-controller")) {
			return n;
		}
	}
	return FDT_NO_NODE;
}

/* A specifier of `cells` cells at cell `at` of p, for controller c. */
static fh_status read_specifier(const struct fdt_index *t, uint16_t c, const struct fdt_prop *p, uint32_t at,
				uint32_t cells, struct board_irq *out)
{
	uint32_t version;
	uint32_t number;

	if (c == FDT_NO_NODE || !is_gic(t, c, &version) || cells < GIC_CELLS) {
		return FH_ENOTSUP;
	}
	number = fdt_cell(p, at + 1U);
	if (fdt_cell(p, at) == GIC_TYPE_SPI && number < 988U) {
		out->intid = 32U + number;
	} else if (fdt_cell(p, at) == GIC_TYPE_PPI && number < 16U) {
		out->intid = 16U + number;
	} else {
		return FH_ENOTSUP; /* extended ranges of GICv3.1 */
	}
	out->edge = (fdt_cell(p, at + 2U) & GIC_FLAG_EDGES) != 0U;
	return FH_OK;
}

/* interrupts-extended: <&controller specifier...> each, of lengths that differ by controller. */
static fh_status extended_irq(const struct fdt_index *t, const struct fdt_prop *p, uint32_t i, struct board_irq *out)
{
	for (uint32_t at = 0; at < p->len / 4U; i--) {
		const uint16_t c = fdt_by_phandle(t, fdt_cell(p, at));
		uint32_t cells;

		at++;
		if (c == FDT_NO_NODE || fdt_u32(t, c, "#interrupt-cells", &cells) != FH_OK ||
		    cells > p->len / 4U - at) {
			return FH_EFORMAT;
		}
		if (i == 0U) {
			return read_specifier(t, c, p, at, cells, out);
		}
		at += cells;
	}
	return FH_ENOENT;
}

fh_status board_irq(const struct fdt_index *t, uint16_t node, uint32_t i, struct board_irq *out)
{
	struct fdt_prop p;
	uint16_t c;
	uint32_t cells;

	if (fdt_prop(t, node, "interrupts-extended", &p) == FH_OK) {
		return extended_irq(t, &p, i, out);
	}
	if (fdt_prop(t, node, "interrupts", &p) != FH_OK) {
		return FH_ENOENT;
	}
	c = interrupt_parent(t, node);
	if (c == FDT_NO_NODE || fdt_u32(t, c, "#interrupt-cells", &cells) != FH_OK || cells == 0U ||
	    p.len / 4U % cells != 0U) {
		return FH_EFORMAT;
	}
	if (i >= p.len / 4U / cells) {
		return FH_ENOENT;
	}
	return read_specifier(t, c, &p, i * cells, cells, out);
}

/* Known not to reach memory by themselves: a UART with a dmas property relies on the DMA controller's node for it. */
static bool never_dma(const struct fdt_index *t, uint16_t node)
{
	static const char *const list[] = {
		"arm,pl011",           "arm,sbsa-uart",    "arm,pl031",
		"arm,pl061",           "arm,pl050",        "arm,sp804",
		"arm,sp805",           "arm,sbsa-gwdt",    "cdns,uart-r1p12",
		"xlnx,xuartps",        "fsl,imx6q-uart",   "fsl,imx21-wdt",
		"fsl,imx35-gpio",      "ns16550a",         "ns16550",
		"snps,dw-apb-uart",    "snps,dw-apb-gpio", "snps,dw-wdt",
		"google,goldfish-rtc", "cdns,wdt-r1p2",
	};

	if (fdt_has(t, node, "iommus") || fdt_has(t, node, "dma-coherent") || fdt_has(t, node, "dma-ranges")) {
		return false;
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(list); i++) {
		if (fdt_strlist_has(t, node, "compatible", list[i])) {
			return true;
		}
	}
	return false;
}

static fh_status refuse(fh_status status, const char *reason, const char **why)
{
	if (why != NULL) {
		*why = reason;
	}
	return status;
}

static fh_status device_regs(const struct fdt_index *t, struct board_device *d, const char **why)
{
	struct range r;
	fh_status status;

	for (uint32_t i = 0; (status = fdt_reg(t, d->node, i, &r)) == FH_OK; i++) {
		if (i == BOARD_DEV_REGS) {
			return refuse(FH_EOVERFLOW, "it has more than 4 register ranges", why);
		}
		d->regs[d->nr_regs++] = r;
	}
	if (status != FH_ENOENT) {
		return refuse(status, "its reg is unsound or can't be reached by a CPU", why);
	}
	return d->nr_regs != 0U ? FH_OK : refuse(FH_ENOTSUP, "it has no registers", why);
}

static fh_status device_irqs(const struct fdt_index *t, struct board_device *d, const char **why)
{
	struct board_irq irq;
	fh_status status;

	for (uint32_t i = 0; (status = board_irq(t, d->node, i, &irq)) == FH_OK; i++) {
		if (i == BOARD_DEV_IRQS) {
			return refuse(FH_EOVERFLOW, "it has more than 8 interrupts", why);
		}
		d->irqs[d->nr_irqs++] = irq;
	}
	if (status == FH_ENOTSUP) {
		return refuse(status, "its interrupts do not go straight to the GIC", why);
	}
	return status == FH_ENOENT ? FH_OK : refuse(status, "its interrupts are unsound", why);
}

fh_status board_device_at(const struct fdt_index *t, uint16_t node, struct board_device *out, const char **why)
{
	struct board_device d = { .node = node };
	fh_status status;

	if (node == FDT_NO_NODE) {
		return refuse(FH_ENOENT, "the board has no such device", why);
	}
	if (!fdt_enabled(t, node)) {
		return refuse(FH_ENOTSUP, "it is disabled in the board's tree", why);
	}
	d.dma = !never_dma(t, node);
	status = device_regs(t, &d, why);
	if (status == FH_OK) {
		status = device_irqs(t, &d, why);
	}
	if (status == FH_OK) {
		*out = d;
	}
	return status;
}

fh_status board_device(const struct fdt_index *t, const char *path, struct board_device *out, const char **why)
{
	return board_device_at(t, fdt_find(t, path), out, why);
}
