/* SPDX-License-Identifier: MIT */
#include "arch/arm64/boot/machine.h"

#include "arch/arm64/mm/el2_map.h"
#include "arch/arm64/mm/layout.h"
#include "core/fdt/board.h"
#include "core/log/log.h"

#define TREE_NODES 768U
/* MPIDR_EL1: the affinity fields. */
#define MPIDR_AFF (GENMASK(39, 32) | GENMASK(23, 0))

static struct fdt_node nodes[TREE_NODES];

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

fh_status machine_map_tree(struct machine *m, uint64_t dtb)
{
	const uint64_t first = align_down(dtb, PAGE_SIZE);
	const unsigned char *blob = (const unsigned char *)(uintptr_t)(EL2_VA_FDT + (dtb - first));
	struct range r;
	fh_status status;

	if (dtb == 0U || !is_aligned(dtb, 8U)) {
		return FH_EALIGN;
	}
	status = el2_map(EL2_VA_FDT, pa(first), PAGE_SIZE, EL2_RO);
	if (status != FH_OK) {
		return status;
	}
	const uint64_t size = be32(blob + 4);

	if (be32(blob) != 0xd00dfeedU || size < 64U || size > EL2_FDT_MAX - PAGE_SIZE) {
		return FH_EFORMAT;
	}
	status = range_make(first, align_up(dtb + size, PAGE_SIZE) - first, PAGE_SIZE, &r);
	if (status == FH_OK && r.size > PAGE_SIZE) {
		status = el2_map(EL2_VA_FDT + PAGE_SIZE, pa(first + PAGE_SIZE), r.size - PAGE_SIZE, EL2_RO);
	}
	if (status != FH_OK) {
		return status;
	}
	m->tree_range = r;
	m->tree_at = dtb;
	return fdt_index_build(blob, size, nodes, TREE_NODES, &m->tree);
}

fh_status machine_uart(struct machine *m, const char *path)
{
	struct board_irq irq;
	struct range regs;
	uint16_t node = board_console(&m->tree, path);

	if (node == FDT_NO_NODE && path[0] == '\0') {
		node = fdt_next_compatible(&m->tree, FDT_NO_NODE, "arm,pl011");
	}
	if (node == FDT_NO_NODE || fdt_reg(&m->tree, node, 0, &regs) != FH_OK) {
		return FH_ENOENT;
	}
	m->uart_node = node;
	m->uart = regs;
	m->uart_irq = board_irq(&m->tree, node, 0, &irq) == FH_OK ? irq.intid : 0U;
	return FH_OK;
}

static fh_status read_cpus(struct machine *m)
{
	uint16_t n;

	while ((n = board_cpu(&m->tree, m->nr_cpus)) != FDT_NO_NODE) {
		if (m->nr_cpus == FH_MAX_CPUS) {
			log_warn("board: more than %u CPUs (CONFIG_MAX_CPUS): the others stay off", FH_MAX_CPUS);
			break;
		}
		if (board_cpu_mpidr(&m->tree, n, &m->mpidr[m->nr_cpus]) != FH_OK) {
			log_err("board: /cpus/%s: its reg is not one CPU: refused", fdt_node_name(&m->tree, n));
			return FH_EFORMAT;
		}
		m->nr_cpus++;
	}
	if (m->nr_cpus == 0U || m->mpidr[0] != (READ_SYSREG(mpidr_el1) & MPIDR_AFF)) {
		log_err("board: /cpus: this is not the first CPU of the tree (MPIDR 0x%lx): refused",
			READ_SYSREG(mpidr_el1) & MPIDR_AFF);
		return FH_ENOTSUP;
	}
	return FH_OK;
}

static fh_status read_memory(struct machine *m)
{
	const struct range own[] = { { m->tree_at, m->tree.size }, m->initrd };
	fh_status status = board_ram(&m->tree, m->ram, CFG_MAX_BANKS, &m->nr_ram);

	if (status == FH_OK) {
		status = board_reserved(&m->tree, own, ARRAY_SIZE(own), m->reserved, CFG_MAX_BANKS, &m->nr_reserved);
	}
	if (status != FH_OK) {
		log_err("board: memory and reserved ranges: %s: refused", fh_status_str(status));
	}
	/* Whole pages around what the firmware keeps. */
	for (uint32_t i = 0; status == FH_OK && i < m->nr_reserved; i++) {
		const uint64_t base = align_down(m->reserved[i].base, PAGE_SIZE);

		m->reserved[i].size = align_up(range_end(m->reserved[i]), PAGE_SIZE) - base;
		m->reserved[i].base = base;
	}
	return status;
}

static fh_status read_gic(struct machine *m)
{
	uint32_t regions = 1;
	uint32_t stride = 0;
	struct board_irq maint = { 0 };
	const uint16_t n = board_gic(&m->tree, &m->gic_version);

	if (n == FDT_NO_NODE || fdt_reg(&m->tree, n, 0, &m->gicd) != FH_OK) {
		log_err("board: no interrupt controller that is known (arm,gic-v3, arm,gic-400): refused");
		return FH_ENOTSUP;
	}
	if (m->gic_version == 2U) {
		regions = 3;
	} else if (fdt_u32(&m->tree, n, "#redistributor-regions", &regions) != FH_OK) {
		regions = 1;
	}
	if (fdt_u32(&m->tree, n, "redistributor-stride", &stride) != FH_OK) {
		stride = 0;
	}
	m->gicr_stride = stride;
	while (m->nr_gicr < regions && m->nr_gicr < GIC_MAX_REDIST &&
	       fdt_reg(&m->tree, n, 1U + m->nr_gicr, &m->gicr[m->nr_gicr]) == FH_OK) {
		m->nr_gicr++;
	}
	/* A GICv2's virtual CPU interface is mapped by pages. */
	if (m->nr_gicr == 0U || board_irq(&m->tree, n, 0, &maint) != FH_OK || maint.intid > 31U ||
	    (m->gic_version == 2U && (m->nr_gicr != 3U || !is_aligned(m->gicr[2].base, PAGE_SIZE)))) {
		log_err("board: %s: no redistributors (GICv2: GICH and GICV), or no maintenance interrupt: refused",
			fdt_node_name(&m->tree, n));
		return FH_EFORMAT;
	}
	m->maint_irq = maint.intid;
	return FH_OK;
}

/* Boards name it so, whatever their CPU is (Devicetree Specification 2.2.2). */
static void read_pmu(struct machine *m)
{
	const uint16_t n = fdt_find(&m->tree, "/pmu");
	struct board_irq irq;

	if (n != FDT_NO_NODE && board_irq(&m->tree, n, 0, &irq) == FH_OK && irq.intid < 32U) {
		m->pmu_irq = irq.intid;
	}
}

static void read_initrd(struct machine *m)
{
	const uint16_t chosen = fdt_find(&m->tree, "/chosen");
	uint64_t start;
	uint64_t end;

	if (chosen == FDT_NO_NODE || fdt_u64(&m->tree, chosen, "linux,initrd-start", &start) != FH_OK ||
	    fdt_u64(&m->tree, chosen, "linux,initrd-end", &end) != FH_OK || end <= start) {
		return;
	}
	m->initrd = (struct range){ start, end - start };
}

fh_status machine_read(struct machine *m)
{
	const uint16_t psci = fdt_find(&m->tree, "/psci");
	fh_status status;

	read_initrd(m);
	read_pmu(m);
	m->psci_smc = psci != FDT_NO_NODE && fdt_strlist_has(&m->tree, psci, "method", "smc");
	status = read_cpus(m);
	if (status == FH_OK) {
		status = read_memory(m);
	}
	return status == FH_OK ? read_gic(m) : status;
}
