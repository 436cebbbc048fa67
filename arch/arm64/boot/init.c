/* SPDX-License-Identifier: MIT */
/*
 * The boot, in the order in which it happens: the one file that knows all the others. What is refused here is told in
 * one line; then the machine stops as on-panic says, with nothing built.
 */
#include "arch/arm64/boot/init.h"

#include "arch/arm64/boot/machine.h"
#include "arch/arm64/boot/memmap.h"
#include "arch/arm64/boot/payload_map.h"
#include "arch/arm64/boot/smp.h"
#include "arch/arm64/mm/el2_map.h"
#include "arch/arm64/mm/stage2.h"
#include "arch/arm64/psci/firmware.h"
#include "arch/arm64/trap/crash.h"
#include "arch/arm64/trap/trap.h"
#include "arch/arm64/vcpu/vcpu.h"
#include "core/base/string.h"
#include "core/console/console.h"
#include "core/domain/domain.h"
#include "core/fdt/board.h"
#include "core/log/log.h"
#include "core/monitor/monitor.h"
#include "drivers/uart/uart.h"
#include "drivers/watchdog/watchdog.h"
#include "generated/version.h"

#define CONFIG_TREE_MAX 65536U
#define GICR_STRIDE_MAX UINT64_C(0x40000) /* four frames a CPU, of GICv4 */

static struct machine machine;
static struct cfg_system sys;
static struct payload payload;
static struct ledger ledger;
static struct domain_board domain_board;

/* A step of the boot failed and has said why. */
static FH_NORETURN void refused(const char *step)
{
	log_err("boot: %s failed: nothing was started", step);
	crash_refused();
}

static void check(fh_status status, const char *step)
{
	if (status != FH_OK) {
		refused(step);
	}
}

/* The driver for the first string of a compatible property that one knows; the index has checked that it ends in 0. */
static const struct uart_ops *find_driver(const struct fdt_prop *compatible)
{
	const char *s = compatible->data;
	const struct uart_ops *ops = NULL;

	for (uint32_t at = 0; ops == NULL && at < compatible->len;
	     at += (uint32_t)strnlen(s + at, compatible->len - at) + 1U) {
		ops = s[compatible->len - 1U] == '\0' ? uart_find(s + at) : NULL;
	}
	return ops;
}

/* path: of the configuration, or "": /chosen/stdout-path. */
static fh_status start_console(const char *path)
{
	void *regs;
	struct uart_desc uart = { 0 };
	struct fdt_prop compatible;
	fh_status status = machine_uart(&machine, path);

	if (status == FH_OK) {
		status = fdt_prop(&machine.tree, machine.uart_node, "compatible", &compatible);
	}
	if (status == FH_OK) {
		uart.ops = find_driver(&compatible);
		status = uart.ops != NULL ? el2_map_device(machine.uart, &regs) : FH_ENOTSUP;
	}
	if (status == FH_OK) {
		uart.base = regs;
		uart_init(&uart);
	}
	return status;
}

/* The configuration may name another UART than the firmware's console: what follows is told there. */
static fh_status change_console(void)
{
	const uint16_t before = machine.uart_node;
	fh_status status = FH_OK;

	if (sys.console[0] != '\0' && fdt_find(&machine.tree, sys.console) != before) {
		log_info("boot: the console is %s from here on", sys.console);
		uart_flush_sync();
		status = start_console(sys.console);
	}
	if (status != FH_OK) {
		log_err("config: /hypervisor/console: %s is no UART that is driven: refused", sys.console);
	}
	return status;
}

static fh_status start_gic(void)
{
	struct gic_desc gic = { .version = machine.gic_version,
				.nr_redist = machine.gic_version == 2U ? 2U : machine.nr_gicr,
				.stride = machine.gicr_stride };
	fh_status status = el2_map_device(machine.gicd, &gic.dist.va);

	gic.dist.size = machine.gicd.size;
	/* A board's region may be made for more CPUs than there are: only what they can use is mapped. */
	for (uint32_t i = 0; status == FH_OK && i < gic.nr_redist; i++) {
		struct range r = machine.gicr[i];

		r.size = MIN(r.size, machine.nr_cpus * MAX(machine.gicr_stride, GICR_STRIDE_MAX));
		if (machine.gic_version == 2U) {
			/* Old trees leave out GICC_DIR. */
			r.size = MAX(r.size, VGIC_V2_CPU_SIZE);
		}
		gic.redist[i].size = r.size;
		status = el2_map_device(r, &gic.redist[i].va);
	}
	if (status == FH_OK) {
		status = gic_init(&gic);
	}
	if (status == FH_OK) {
		status = gic_cpu_init();
	}
	if (status != FH_OK) {
		log_err("gic: version %u: %s: refused", machine.gic_version, fh_status_str(status));
	}
	return status;
}

/* The tree is copied first: cpio aligns files to 4 bytes, trees want 8. */
static fh_status read_config(void)
{
	static FH_NOINIT FH_ALIGNED(8) unsigned char tree[CONFIG_TREE_MAX];
	struct cfg_error err = { "" };
	const struct payload_file *f = payload_find(&payload, "freehold.dtb");
	fh_status status;

	if (f == NULL) {
		log_err("payload: no freehold.dtb in it; build it with fhpack: refused");
		return FH_ENOENT;
	}
	if (f->size > sizeof(tree)) {
		log_err("config: freehold.dtb has %zu bytes, %u is the most: refused", f->size, CONFIG_TREE_MAX);
		return FH_EOVERFLOW;
	}
	memcpy(tree, f->data, f->size);
	status = config_parse(tree, f->size, &sys, &err);
	if (status == FH_OK) {
		status = config_check_files(&sys, payload_has, &payload, &err);
	}
	if (status != FH_OK) {
		log_err("config: %s: refused", err.text);
	}
	return status;
}

static fh_status check_board(void)
{
	static FH_NOINIT struct cfg_board board; /* kept: domains that are created are checked against it */
	const struct range own[] = { { machine.tree_at, machine.tree.size }, machine.initrd };
	struct cfg_error err = { "" };
	fh_status status = config_read_board(&machine.tree, own, ARRAY_SIZE(own), sys.console, &board, &err);

	if (status == FH_OK) {
		board.image = el2_image_range();
		board.ipa_limit = BIT(s2_ipa_bits());
		domain_board.limits = &board;
		status = config_check_board(&sys, CFG_NO_DOMAIN, &board, &err);
	}
	if (status == FH_OK) {
		status = config_check_devices(&sys, CFG_NO_DOMAIN, &machine.tree, &err);
	}
	if (status != FH_OK) {
		log_err("config: %s: refused", err.text);
	}
	return status;
}

/* All CPUs that a domain wants must run. */
static fh_status check_cpus(uint64_t running)
{
	domain_board.cpus = running;
	for (uint32_t i = 0; i < sys.nr_domains; i++) {
		for (uint32_t c = 0; c < sys.domains[i].nr_vcpus; c++) {
			if ((running & BIT(sys.domains[i].pcpu[c])) == 0U) {
				log_err("smp: dom=%s wants cpu=%u, which did not start: refused", sys.domains[i].name,
					(unsigned int)sys.domains[i].pcpu[c]);
				return FH_ENOENT;
			}
		}
	}
	return FH_OK;
}

/* The others may have less than the boot CPU, by which the configuration was checked. */
static void start_cpus(uint64_t image)
{
	const uint32_t ipa_bits = s2_ipa_bits();
	uint64_t running = 1;
	const uint32_t cpus = smp_start(&machine, &running);

	el2_drop_identity();
	s2_machine_init(smp_features().pa_bits, smp_features().fwb);
	log_info("boot: cpus=%u ipa_bits=%u fwb=%u image=0x%lx", cpus, s2_ipa_bits(), s2_fwb() ? 1U : 0U, image);
	check(s2_ipa_bits() == ipa_bits ? FH_OK : check_board(), "checking the configuration against the CPUs");
	check(check_cpus(running), "checking the CPUs");
}

/* The board's own watchdog, where the configuration names one: EL2 keeps it. */
static fh_status start_watchdog(void)
{
	struct board_device dev;
	struct watchdog_desc regs;
	void *va[2];
	const char *why = "not an arm,sbsa-gwdt with its two frames";
	fh_status status;

	if (sys.watchdog[0] == '\0') {
		return FH_OK;
	}
	status = board_device(&machine.tree, sys.watchdog, &dev, &why);
	if (status == FH_OK &&
	    (dev.nr_regs < 2U || !fdt_strlist_has(&machine.tree, dev.node, "compatible", "arm,sbsa-gwdt"))) {
		status = FH_ENOTSUP;
	}
	for (uint32_t i = 0; status == FH_OK && i < 2U; i++) {
		status = el2_map_device(dev.regs[i], &va[i]);
	}
	if (status == FH_OK) {
		regs = (struct watchdog_desc){ va[0], va[1] };
		why = "the time-out is longer than its register holds";
		status = watchdog_start(&regs, sys.watchdog_ms, arch_counter_hz());
	}
	if (status != FH_OK) {
		log_err("config: /hypervisor/watchdog: %s, %u ms (%lu at most): %s: refused", sys.watchdog,
			sys.watchdog_ms, watchdog_max_ms(arch_counter_hz()), why);
	}
	return status;
}

static void describe_board(void)
{
	domain_board.tree = &machine.tree;
	domain_board.gicd = machine.gicd;
	domain_board.gicr_base = machine.gicr[0].base;
	domain_board.gicv_base = machine.gicr[2].base;
	domain_board.uart = machine.uart;
	domain_board.uart_irq = machine.uart_irq;
	domain_board.maint_irq = machine.maint_irq;
	domain_board.pmu_irq = machine.pmu_irq;
}

static void start_consoles(void)
{
	struct console_source sources[CFG_MAX_DOMAINS];

	/* Of all slots: some domains come later. */
	for (uint32_t i = 0; i < CFG_MAX_DOMAINS; i++) {
		const struct cfg_domain *c = &sys.domains[i];
		const bool silent = i < domain_count() && c->console == CFG_CONSOLE_NONE;

		sources[i] = (struct console_source){ c->name, (uint8_t)(i < domain_count() ? c->color : 31U + i % 6U),
						      silent ? NULL : domain_vuart(i) };
	}
	console_init(sources, CFG_MAX_DOMAINS);
	if (machine.uart_irq != 0U) {
		gic_irq_config(0, machine.uart_irq, false);
		gic_irq_priority(0, machine.uart_irq, GIC_PRIO_EL2);
		gic_irq_route(machine.uart_irq, 0);
		gic_irq_enable(0, machine.uart_irq);
	}
}

void init_primary(uint64_t dtb, uint64_t image)
{
	struct range where = { 0, 0 };
	struct memmap_table table = { CFG_MAX_DOMAINS * sizeof(struct domain), NULL };

	el2_map_init(image);
	if (machine_map_tree(&machine, dtb) != FH_OK) {
		crash_early("freehold: boot: x0 is not a device tree: stopped");
	}
	if (start_console("") != FH_OK) {
		crash_early("freehold: boot: no console that is driven in the board's tree: stopped");
	}
	log_info("Freehold %s", FREEHOLD_VERSION);
	check(machine_read(&machine), "reading the board's tree");
	firmware_init(machine.psci_smc);
	crash_set_policy(CFG_PANIC_HALT);
	check(start_gic(), "starting the interrupt controller");
	smp_record_features();
	check(payload_map(&machine, &payload, &where), "reading the payload");
	check(read_config(), "reading the configuration");
	check(change_console(), "changing the console");
	crash_set_policy((uint32_t)sys.on_panic);
	s2_machine_init(smp_features().pa_bits, smp_features().fwb);
	check(check_board(), "checking the configuration against the board");
	check(memmap_init(&machine, &sys, where, &ledger, &table), "making the memory map");
	domain_board.table = table.at;
	start_cpus(image);
	vgic_hw_init();
	describe_board();
	check(domains_admit(&sys, &domain_board, &payload, &ledger), "admitting the domains");
	check(start_watchdog(), "starting the watchdog");
	start_consoles();
	trap_init(&(struct trap_machine){ &sys, machine.uart_irq, machine.maint_irq });
	vcpu_cpu_init();
	smp_go();
	log_sync(false);
	run_loop();
}

void init_secondary(uint32_t cpu)
{
	smp_record_features();
	if (gic_cpu_init() != FH_OK) {
		log_err("smp: cpu=%u: no place at the GIC: left out", cpu);
		crash_stop_here();
	}
	vgic_hw_init();
	smp_arrive(cpu);
	vcpu_cpu_init();
	run_loop();
}
