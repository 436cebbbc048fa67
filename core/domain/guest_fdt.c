/* SPDX-License-Identifier: MIT */
/*
 * Bindings: Devicetree Specification v0.4; arm,psci; arm,gic-v3; arm,armv8-timer; arm,pl011; fixed-clock. Written by
 * libfdt's sequential-write calls, names not shared, which keep all that they know in the tree: so it is written in
 * steps. The first error sticks and ends in one status.
 */
#include "core/domain/guest_fdt.h"

#include "arch/arm64/vgic/vgic.h"
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/domain/guest_fdt_internal.h"
#include "core/log/log.h"

#define PHANDLE_GIC 1U
#define SPI 0U
#define PPI 1U
#define EDGE_RISING 1U
#define KEY_POWER 116U /* Linux input-event-codes.h */
#define LEVEL_HIGH 4U
#define CLOCK_HZ 24000000U
#define FIRST_PPI 16U
#define FIRST_SPI 32U
#define LAST_SPI 1019U
#define STEP_CPUS 8U /* 2,500 instructions each */

void gf_begin(struct tree_writer *w, const char *name)
{
	if (w->err == 0) {
		w->err = fdt_begin_node(w->fdt, name);
	}
}

void gf_begin_at(struct tree_writer *w, const char *name, uint64_t addr)
{
	char full[64];

	fmt_line(full, sizeof(full), "%.40s@%lx", name, addr);
	gf_begin(w, full);
}

void gf_end(struct tree_writer *w)
{
	if (w->err == 0) {
		w->err = fdt_end_node(w->fdt);
	}
}

void gf_data(struct tree_writer *w, const char *name, const void *data, size_t len)
{
	if (w->err == 0) {
		w->err = fdt_property(w->fdt, name, data, (int)len);
	}
}

void gf_text(struct tree_writer *w, const char *name, const char *s)
{
	gf_data(w, name, s, strlen(s) + 1U);
}

/* n cells, in the CPU's byte order. */
void gf_cells(struct tree_writer *w, const char *name, const uint32_t *cells, uint32_t n)
{
	fdt32_t out[GF_MAX_CELLS];

	if (n > GF_MAX_CELLS) {
		w->err = -FDT_ERR_NOSPACE;
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		out[i] = cpu_to_fdt32(cells[i]);
	}
	gf_data(w, name, out, (size_t)n * sizeof(out[0]));
}

void gf_cell(struct tree_writer *w, const char *name, uint32_t cell)
{
	gf_cells(w, name, &cell, 1);
}

static void address(struct tree_writer *w, const char *name, uint64_t v)
{
	const uint32_t cells[] = { (uint32_t)(v >> 32), (uint32_t)v };

	gf_cells(w, name, cells, 2);
}

void gf_reg(struct tree_writer *w, const struct range *ranges, uint32_t n)
{
	uint32_t cells[GF_MAX_CELLS];

	for (uint32_t i = 0; i < n && i < GF_MAX_CELLS / 4U; i++) {
		cells[4U * i] = (uint32_t)(ranges[i].base >> 32);
		cells[4U * i + 1U] = (uint32_t)ranges[i].base;
		cells[4U * i + 2U] = (uint32_t)(ranges[i].size >> 32);
		cells[4U * i + 3U] = (uint32_t)ranges[i].size;
	}
	gf_cells(w, "reg", cells, 4U * n);
}

static void write_root(struct tree_writer *w, const struct guest_fdt_params *p)
{
	static const char compatible[] = "freehold,domain-v1\0linux,dummy-virt";
	char model[64];

	fmt_line(model, sizeof(model), "Freehold domain %s", p->name);
	gf_data(w, "compatible", compatible, sizeof(compatible));
	gf_text(w, "model", model);
	gf_cell(w, "#address-cells", 2);
	gf_cell(w, "#size-cells", 2);
	gf_cell(w, "interrupt-parent", PHANDLE_GIC);
}

static void write_chosen(struct tree_writer *w, const struct guest_fdt_params *p)
{
	char path[32];

	if (p->has_uart) {
		fmt_line(path, sizeof(path), "/pl011@%lx", p->uart.base);
		gf_begin(w, "aliases");
		gf_text(w, "serial0", path);
		gf_end(w);
	}
	gf_begin(w, "chosen");
	if (p->bootargs[0] != '\0') {
		gf_text(w, "bootargs", p->bootargs);
	}
	if (p->has_uart) {
		gf_text(w, "stdout-path", path);
	}
	if (p->initrd_size != 0U) {
		address(w, "linux,initrd-start", p->initrd_base);
		address(w, "linux,initrd-end", p->initrd_base + p->initrd_size);
	}
	gf_end(w);
}

static void write_psci(struct tree_writer *w)
{
	static const char psci[] = "arm,psci-1.0\0arm,psci-0.2";

	gf_begin(w, "psci");
	gf_data(w, "compatible", psci, sizeof(psci));
	gf_text(w, "method", "hvc");
	gf_end(w);
}

static void write_cpus(struct tree_writer *w, uint32_t first, uint32_t end)
{
	for (uint32_t i = first; i < end; i++) {
		gf_begin_at(w, "cpu", vgic_affinity(i));
		gf_text(w, "device_type", "cpu");
		gf_text(w, "compatible", "arm,armv8");
		gf_cell(w, "reg", vgic_affinity(i));
		gf_text(w, "enable-method", "psci");
		gf_end(w);
	}
}

static void write_memory(struct tree_writer *w, const struct guest_fdt_params *p)
{
	for (uint32_t i = 0; i < p->nr_mem; i++) {
		gf_begin_at(w, "memory", p->mem[i].base);
		gf_text(w, "device_type", "memory");
		gf_reg(w, &p->mem[i], 1);
		gf_end(w);
	}
}

static void write_gic(struct tree_writer *w, const struct guest_fdt_params *p)
{
	const struct range regs[] = { p->gicd, p->gicr };

	gf_begin_at(w, "interrupt-controller", p->gicd.base);
	gf_text(w, "compatible", p->gic_version == 3U ? "arm,gic-v3" : "arm,cortex-a15-gic");
	gf_data(w, "interrupt-controller", "", 0);
	gf_cell(w, "#interrupt-cells", 3);
	gf_cell(w, "#address-cells", 2);
	gf_cell(w, "#size-cells", 2);
	gf_data(w, "ranges", "", 0);
	if (p->gic_version == 3U) {
		gf_cell(w, "#redistributor-regions", 1);
	}
	gf_reg(w, regs, 2);
	gf_cell(w, "phandle", PHANDLE_GIC);
	gf_end(w);
}

/* Secure, non-secure, virtual and hypervisor's timer: PPIs 13, 14, 11 and 10 (BSA, 3.8.2). */
static void write_timer(struct tree_writer *w, const struct guest_fdt_params *p)
{
	static const char compatible[] = "arm,armv8-timer";
	/* A GICv2's PPIs say which CPUs have them. */
	const uint32_t flags = LEVEL_HIGH | (p->gic_version == 2U ? ((1U << p->nr_cpus) - 1U) << 8 : 0U);
	const uint32_t cells[] = { PPI, 13, flags, PPI, 14, flags, PPI, 11, flags, PPI, 10, flags };

	gf_begin(w, "timer");
	gf_data(w, "compatible", compatible, sizeof(compatible));
	gf_cells(w, "interrupts", cells, ARRAY_SIZE(cells));
	gf_data(w, "always-on", "", 0);
	gf_end(w);
}

static void write_pmu(struct tree_writer *w, uint32_t intid)
{
	const uint32_t irq[] = { PPI, intid - FIRST_PPI, LEVEL_HIGH };

	gf_begin(w, "pmu");
	gf_text(w, "compatible", "arm,armv8-pmuv3");
	gf_cells(w, "interrupts", irq, ARRAY_SIZE(irq));
	gf_end(w);
}

static void write_uart(struct tree_writer *w, const struct guest_fdt_params *p)
{
	static const char compatible[] = "arm,pl011\0arm,primecell";
	static const char clock_names[] = "uartclk\0apb_pclk";
	static const uint32_t clocks[] = { PHANDLE_CLOCK, PHANDLE_CLOCK };
	const uint32_t irq[] = { SPI, p->uart_intid - FIRST_SPI, LEVEL_HIGH };

	gf_begin_at(w, "pl011", p->uart.base);
	gf_data(w, "compatible", compatible, sizeof(compatible));
	gf_reg(w, &p->uart, 1);
	gf_cells(w, "interrupts", irq, ARRAY_SIZE(irq));
	gf_data(w, "clock-names", clock_names, sizeof(clock_names));
	gf_cells(w, "clocks", clocks, ARRAY_SIZE(clocks));
	gf_end(w);
}

/* Bindings virtio,mmio. Its queues are read through the caches. */
static void write_virtio(struct tree_writer *w, const struct guest_fdt_params *p)
{
	const uint32_t irq[] = { SPI, p->virtio_intid - FIRST_SPI, LEVEL_HIGH };

	gf_begin_at(w, "virtio_mmio", p->virtio.base);
	gf_text(w, "compatible", "virtio,mmio");
	gf_reg(w, &p->virtio, 1);
	gf_cells(w, "interrupts", irq, ARRAY_SIZE(irq));
	gf_data(w, "dma-coherent", "", 0);
	gf_end(w);
}

/* Bindings watchdog/arm,sbsa-gwdt. */
static void write_watchdog(struct tree_writer *w, const struct guest_fdt_params *p)
{
	const uint64_t half = p->watchdog.size / 2U;
	const struct range regs[] = { { p->watchdog.base, half }, { p->watchdog.base + half, half } };
	const uint32_t irq[] = { SPI, p->watchdog_intid - FIRST_SPI, LEVEL_HIGH };

	gf_begin_at(w, "watchdog", p->watchdog.base);
	gf_text(w, "compatible", "arm,sbsa-gwdt");
	gf_reg(w, regs, 2);
	gf_cells(w, "interrupts", irq, ARRAY_SIZE(irq));
	gf_end(w);
}

/* Bindings input/gpio-keys: a key that is an interrupt alone, pressed and let go by each. */
static void write_power_key(struct tree_writer *w, uint32_t intid)
{
	const uint32_t irq[] = { SPI, intid - FIRST_SPI, EDGE_RISING };

	gf_begin(w, "freehold-keys");
	gf_text(w, "compatible", "gpio-keys");
	gf_begin(w, "power");
	gf_text(w, "label", "power key of the domain");
	gf_cell(w, "linux,code", KEY_POWER);
	gf_cells(w, "interrupts", irq, ARRAY_SIZE(irq));
	gf_end(w);
	gf_end(w);
}

/* The other ends of its doorbells. */
static void write_bells(struct tree_writer *w, const struct guest_fdt_params *p)
{
	char name[16];

	for (uint32_t i = 0; i < CFG_MAX_DOMAINS; i++) {
		const bool rings = (p->rings >> i & 1U) != 0U && cfg_used(&p->peers[i]);
		const uint32_t irq[] = { SPI, p->bell[i] - FIRST_SPI, EDGE_RISING };

		if (!rings && p->bell[i] == 0U) {
			continue;
		}
		fmt_line(name, sizeof(name), "doorbell-%u", i);
		gf_begin(w, name);
		gf_text(w, "compatible", "freehold,doorbell-v1");
		gf_text(w, "freehold,domain", p->peers[i].name);
		if (rings) {
			gf_cell(w, "freehold,ring", i);
		}
		if (p->bell[i] != 0U) {
			gf_cells(w, "interrupts", irq, ARRAY_SIZE(irq));
		}
		gf_end(w);
	}
}

/* Stands for all clocks: those of a real board stay with the firmware. */
static void write_clock(struct tree_writer *w)
{
	gf_begin(w, "apb-pclk");
	gf_text(w, "compatible", "fixed-clock");
	gf_cell(w, "#clock-cells", 0);
	gf_cell(w, "clock-frequency", CLOCK_HZ);
	gf_text(w, "clock-output-names", "clk24mhz");
	gf_cell(w, "phandle", PHANDLE_CLOCK);
	gf_end(w);
}

static bool sound(const struct guest_fdt_params *p, const void *buf, size_t size)
{
	return is_aligned((uintptr_t)buf, 8U) && size >= sizeof(struct fdt_header) && size <= INT32_MAX &&
	       p->nr_cpus != 0U && p->nr_mem != 0U && p->nr_mem <= GUEST_FDT_MAX_MEM &&
	       p->nr_devices <= GUEST_FDT_MAX_DEVICES && (p->nr_devices == 0U || p->board != NULL) &&
	       (p->gic_version == 2U || p->gic_version == 3U) &&
	       (p->virtio.size == 0U || (p->virtio_intid >= FIRST_SPI && p->virtio_intid <= LAST_SPI)) &&
	       (p->watchdog.size == 0U || (p->watchdog_intid >= FIRST_SPI && p->watchdog_intid <= LAST_SPI)) &&
	       (!p->has_uart || (p->uart_intid >= FIRST_SPI && p->uart_intid <= LAST_SPI));
}

static void write_head(struct tree_writer *w, const struct guest_fdt_params *p, int size)
{
	w->err = fdt_create_with_flags(w->fdt, size, FDT_CREATE_FLAG_NO_NAME_DEDUP);
	if (w->err == 0) {
		w->err = fdt_finish_reservemap(w->fdt);
	}
	gf_begin(w, "");
	write_root(w, p);
	write_chosen(w, p);
	write_psci(w);
	gf_begin(w, "cpus");
	gf_cell(w, "#address-cells", 1);
	gf_cell(w, "#size-cells", 0);
}

static void write_rest(struct tree_writer *w, const struct guest_fdt_params *p)
{
	gf_end(w); /* of the CPUs */
	write_memory(w, p);
	write_gic(w, p);
	write_timer(w, p);
	write_clock(w);
	if (p->pmu_intid != 0U) {
		write_pmu(w, p->pmu_intid);
	}
	if (p->has_uart) {
		write_uart(w, p);
	}
	if (p->virtio.size != 0U) {
		write_virtio(w, p);
	}
	if (p->watchdog.size != 0U) {
		write_watchdog(w, p);
	}
	if (p->power_key != 0U) {
		write_power_key(w, p->power_key);
	}
	write_bells(w, p);
	for (uint32_t i = 0; i < p->nr_devices; i++) {
		gf_device(w, p, i);
	}
	gf_end(w);
	if (w->err == 0) {
		w->err = fdt_finish(w->fdt);
	}
}

fh_status guest_fdt_step(const struct guest_fdt_params *p, uint32_t *at, void *buf, size_t size, size_t *used)
{
	struct tree_writer w = { .fdt = buf };
	const uint32_t end = MIN(*at + STEP_CPUS, p->nr_cpus);

	if (!sound(p, buf, size)) {
		return FH_EINVAL;
	}
	if (*at == 0U) {
		write_head(&w, p, (int)size);
	}
	write_cpus(&w, *at, end);
	if (end == p->nr_cpus) {
		write_rest(&w, p);
	}
	if (w.err != 0) {
		return w.err == -FDT_ERR_NOSPACE ? FH_ENOMEM : FH_EINVAL;
	}
	*at = end;
	if (end != p->nr_cpus) {
		return FH_EBUSY;
	}
	*at = 0;
	*used = fdt_totalsize(buf);
	return FH_OK;
}
