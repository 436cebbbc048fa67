/* SPDX-License-Identifier: MIT */
// SOURCES: core/domain/guest_fdt.c core/domain/guest_fdt_device.c core/fdt/*.c core/log/fmt.c core/base/status.c
// LIBS: -lfdt
/* A guest's tree is written, read again by libfdt's full check and by our own index, and compared part by part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "core/domain/body.h"
#include "core/domain/guest_fdt.h"
#include "core/fdt/board.h"
#include "tests/unit/dts.h"

static const char board_source[] =
	"/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;"
	" gic: intc@8000000 { compatible = \"arm,gic-v3\"; interrupt-controller; #interrupt-cells = <3>;"
	"  reg = <0 0x8000000 0 0x10000>, <0 0x80a0000 0 0xf60000>; };"
	" clk: apb-pclk { compatible = \"fixed-clock\"; #clock-cells = <0>; clock-frequency = <24000000>; };"
	" gpio: pl061@9030000 { compatible = \"arm,pl061\", \"arm,primecell\"; reg = <0 0x9030000 0 0x1000>;"
	"  interrupts = <0 7 4>; gpio-controller; #gpio-cells = <2>; clocks = <&clk>; clock-names = \"apb_pclk\"; };"
	" gpio-keys { compatible = \"gpio-keys\"; poweroff { label = \"Key\"; linux,code = <0x74>; gpios = <&gpio 3 0>; };"
	"  other { linux,code = <1>; gpios = <&clk 1 0>; }; };"
	" soc { compatible = \"simple-bus\"; #address-cells = <1>; #size-cells = <1>; ranges = <0 0 0x10000000 0x10000>;"
	"  edge: serial@1000 { compatible = \"ns16550a\"; reg = <0x1000 0x100>; interrupts = <0 9 1>;"
	"   vcc-supply = <&clk>; pinctrl-0 = <&clk>; reg-shift = <2>; clocks = <&clk>, <&clk>; clock-names = \"a\", \"b\"; };"
	" }; };";

static struct fdt_node board_nodes[64];
static struct fdt_index board;

static struct guest_fdt_params params(void)
{
	return (struct guest_fdt_params){
		.name = "front",
		.bootargs = "console=ttyAMA0",
		.nr_cpus = 2,
		.nr_mem = 2,
		.mem = { { 0x40000000, 0x20000000 }, { 0x100000000, 0x40000000 } },
		.initrd_base = 0x48000000,
		.initrd_size = 0x123456,
		.gic_version = 3,
		.gicd = { 0x8000000, 0x10000 },
		.gicr = { 0x80a0000, 0x40000 },
		.has_uart = true,
		.uart = { 0x9000000, 0x1000 },
		.uart_intid = 33,
		.pmu_intid = 23,
		.board = &board,
	};
}

static int setup(void **state)
{
	(void)state;
	dts_index(board_source, board_nodes, 64, &board);
	return 0;
}

static fh_status guest_fdt_write(const struct guest_fdt_params *p, void *buf, size_t size, size_t *used)
{
	uint32_t at = 0;
	uint32_t steps = 1;
	fh_status status = guest_fdt_step(p, &at, buf, size, used);

	for (; status == FH_EBUSY; steps++) {
		assert_int_equal(at, 8U * steps);
		status = guest_fdt_step(p, &at, buf, size, used);
	}
	assert_true(status != FH_OK || (at == 0U && steps == (p->nr_cpus + 7U) / 8U));
	return status;
}

static uint64_t room[(PAGE_SIZE << BODY_TREE_ORDER) / 8U];
static struct fdt_node nodes[128];

static struct fdt_index write_tree(const struct guest_fdt_params *p)
{
	struct fdt_index t;
	size_t used = 0;

	memset(room, 0xa5, sizeof(room));
	assert_int_equal(guest_fdt_write(p, room, sizeof(room), &used), FH_OK);
	assert_int_equal(used, fdt_totalsize(room));
	assert_int_equal(fdt_check_full(room, used), 0);
	assert_int_equal(fdt_index_build(room, used, nodes, 128, &t), FH_OK);
	return t;
}

static void assert_reg(const struct fdt_index *t, const char *path, uint32_t i, uint64_t base, uint64_t size)
{
	struct range r;
	const uint16_t n = fdt_find(t, path);

	assert_int_not_equal(n, FDT_NO_NODE);
	assert_int_equal(fdt_reg(t, n, i, &r), FH_OK);
	assert_int_equal(r.base, base);
	assert_int_equal(r.size, size);
}

static void assert_text(const struct fdt_index *t, const char *path, const char *prop, const char *want)
{
	const char *s;

	assert_int_equal(fdt_str(t, fdt_find(t, path), prop, &s), FH_OK);
	assert_string_equal(s, want);
}

static void assert_number(const struct fdt_index *t, const char *path, const char *prop, uint64_t want)
{
	uint64_t v;

	assert_int_equal(fdt_u64(t, fdt_find(t, path), prop, &v), FH_OK);
	assert_int_equal(v, want);
}

static void a_watchdog(void **state)
{
	struct guest_fdt_params p = params();
	struct fdt_index t = write_tree(&p);
	struct board_irq irq;
	size_t used;

	(void)state;
	assert_int_equal(fdt_next_compatible(&t, FDT_NO_NODE, "arm,sbsa-gwdt"), FDT_NO_NODE);
	p.watchdog = (struct range){ 0x9002000, 0x2000 };
	assert_int_equal(guest_fdt_write(&p, room, sizeof(room), &used), FH_EINVAL);
	p.watchdog_intid = 286;
	t = write_tree(&p);
	assert_int_equal(fdt_next_compatible(&t, FDT_NO_NODE, "arm,sbsa-gwdt"), fdt_find(&t, "/watchdog@9002000"));
	assert_reg(&t, "/watchdog@9002000", 0, 0x9002000, 0x1000);
	assert_reg(&t, "/watchdog@9002000", 1, 0x9003000, 0x1000);
	assert_int_equal(board_irq(&t, fdt_find(&t, "/watchdog@9002000"), 0, &irq), FH_OK);
	assert_int_equal(irq.intid, 286);
	assert_false(irq.edge);
}

static void a_power_key(void **state)
{
	struct guest_fdt_params p = params();
	struct fdt_index t = write_tree(&p);
	struct board_irq irq;
	uint32_t code = 0;

	(void)state;
	assert_int_equal(fdt_find(&t, "/freehold-keys"), FDT_NO_NODE);
	p.power_key = 285;
	t = write_tree(&p);
	assert_true(fdt_strlist_has(&t, fdt_find(&t, "/freehold-keys"), "compatible", "gpio-keys"));
	const uint16_t key = fdt_find(&t, "/freehold-keys/power");

	assert_int_equal(fdt_u32(&t, key, "linux,code", &code), FH_OK);
	assert_int_equal(code, 116);
	assert_false(fdt_has(&t, key, "gpios"));
	assert_int_equal(board_irq(&t, key, 0, &irq), FH_OK);
	assert_int_equal(irq.intid, 285);
	assert_true(irq.edge);
}

/* One end that it rings, one that rings it, and one that is both. */
static void its_doorbells(void **state)
{
	static const struct cfg_domain peers[CFG_MAX_DOMAINS] = {
		{ .name = "self" }, { .name = "a" }, { .name = "b" }, { .name = "c" }
	};
	struct guest_fdt_params p = params();
	const char *name;
	struct board_irq irq;
	struct fdt_index t;
	uint32_t n;

	(void)state;
	p.peers = peers;
	/* All, of whom some are not there. */
	p.rings = ~UINT64_C(0) << 2;
	p.bell[1] = 287;
	p.bell[2] = 286;
	t = write_tree(&p);
	assert_int_equal(fdt_find(&t, "/doorbell-0"), FDT_NO_NODE);
	assert_int_equal(fdt_find(&t, "/doorbell-4"), FDT_NO_NODE);
	for (uint32_t i = 1; i < 4U; i++) {
		char path[16];

		(void)snprintf(path, sizeof(path), "/doorbell-%u", i);
		const uint16_t node = fdt_find(&t, path);

		assert_int_not_equal(node, FDT_NO_NODE);
		assert_true(fdt_strlist_has(&t, node, "compatible", "freehold,doorbell-v1"));
		assert_int_equal(fdt_str(&t, node, "freehold,domain", &name), FH_OK);
		assert_string_equal(name, peers[i].name);
		assert_int_equal(fdt_u32(&t, node, "freehold,ring", &n), i == 1U ? FH_ENOENT : FH_OK);
		assert_true(i == 1U || n == i);
		assert_int_equal(board_irq(&t, node, 0, &irq), i == 3U ? FH_ENOENT : FH_OK);
		assert_true(i == 3U || (irq.edge && irq.intid == 288U - i));
	}
}

/* 64 of them, with all the RAM, arguments and interrupts that a domain can have, leave room for devices. */
static void all_cpus(void **state)
{
	static char args[CFG_ARGS_MAX];
	struct guest_fdt_params p = params();
	struct fdt_index t;

	(void)state;
	memset(args, 'x', sizeof(args) - 1U);
	p.bootargs = args;
	p.nr_cpus = 64;
	p.nr_mem = GUEST_FDT_MAX_MEM;
	for (uint32_t i = 0; i < p.nr_mem; i++) {
		p.mem[i] = (struct range){ 0x40000000U + i * UINT64_C(0x40000000), 0x1000 };
	}
	p.virtio = (struct range){ 0x9001000, 0x1000 };
	p.virtio_intid = 287;
	t = write_tree(&p);
	assert_number(&t, "/cpus/cpu@f", "reg", 0xf);
	assert_number(&t, "/cpus/cpu@100", "reg", 0x100);
	assert_number(&t, "/cpus/cpu@30f", "reg", 0x30f);
	assert_int_equal(fdt_find(&t, "/cpus/cpu@400"), FDT_NO_NODE);
	assert_true(t.size < sizeof(room) - 4096U);
}

static void a_virtio_device(void **state)
{
	struct guest_fdt_params p = params();
	struct board_irq irq;
	struct fdt_index t;
	size_t used;

	(void)state;
	t = write_tree(&p);
	assert_int_equal(fdt_next_compatible(&t, FDT_NO_NODE, "virtio,mmio"), FDT_NO_NODE);
	p.virtio = (struct range){ 0x9001000, 0x1000 };
	assert_int_equal(guest_fdt_write(&p, room, sizeof(room), &used), FH_EINVAL);
	p.virtio_intid = 287;
	t = write_tree(&p);
	assert_int_equal(fdt_next_compatible(&t, FDT_NO_NODE, "virtio,mmio"), fdt_find(&t, "/virtio_mmio@9001000"));
	assert_reg(&t, "/virtio_mmio@9001000", 0, 0x9001000, 0x1000);
	assert_int_equal(board_irq(&t, fdt_find(&t, "/virtio_mmio@9001000"), 0, &irq), FH_OK);
	assert_int_equal(irq.intid, 287);
	assert_false(irq.edge);
	assert_true(fdt_has(&t, fdt_find(&t, "/virtio_mmio@9001000"), "dma-coherent"));
}

static void a_plain_domain(void **state)
{
	struct guest_fdt_params p = params();
	const struct fdt_index t = write_tree(&p);
	struct board_irq irq;
	uint32_t version;

	(void)state;
	assert_true(fdt_strlist_has(&t, 0, "compatible", "freehold,domain-v1"));
	assert_true(fdt_strlist_has(&t, 0, "compatible", "linux,dummy-virt"));
	assert_text(&t, "/", "model", "Freehold domain front");
	assert_text(&t, "/chosen", "bootargs", "console=ttyAMA0");
	assert_number(&t, "/chosen", "linux,initrd-start", 0x48000000);
	assert_number(&t, "/chosen", "linux,initrd-end", 0x48123456);
	assert_reg(&t, "/memory@40000000", 0, 0x40000000, 0x20000000);
	assert_reg(&t, "/memory@100000000", 0, 0x100000000, 0x40000000);
	assert_text(&t, "/psci", "method", "hvc");
	assert_number(&t, "/cpus/cpu@1", "reg", 1);
	assert_int_equal(fdt_find(&t, "/cpus/cpu@2"), FDT_NO_NODE);
	assert_int_equal(board_gic(&t, &version), fdt_find(&t, "/interrupt-controller@8000000"));
	assert_int_equal(version, 3);
	assert_reg(&t, "/interrupt-controller@8000000", 1, 0x80a0000, 0x40000);
	assert_int_equal(board_irq(&t, fdt_find(&t, "/timer"), 2, &irq), FH_OK);
	assert_int_equal(irq.intid, 27);
	assert_false(irq.edge);
	assert_int_equal(fdt_find(&t, "serial0"), fdt_find(&t, "/pl011@9000000"));
	assert_int_equal(board_console(&t, ""), fdt_find(&t, "/pl011@9000000"));
	assert_int_equal(board_irq(&t, fdt_find(&t, "/pl011"), 0, &irq), FH_OK);
	assert_int_equal(irq.intid, 33);
	assert_text(&t, "/pmu", "compatible", "arm,armv8-pmuv3");
	assert_int_equal(board_irq(&t, fdt_find(&t, "/pmu"), 0, &irq), FH_OK);
	assert_int_equal(irq.intid, 23);
	assert_false(irq.edge);
}

static void without_console_ramdisk_and_arguments(void **state)
{
	struct guest_fdt_params p = params();
	struct fdt_prop irqs;
	struct fdt_index t;

	(void)state;
	p.has_uart = false;
	p.initrd_size = 0;
	p.bootargs = "";
	p.gic_version = 2;
	t = write_tree(&p);
	assert_int_equal(fdt_find(&t, "/pl011"), FDT_NO_NODE);
	assert_int_equal(fdt_find(&t, "/aliases"), FDT_NO_NODE);
	assert_false(fdt_has(&t, fdt_find(&t, "/chosen"), "bootargs"));
	assert_false(fdt_has(&t, fdt_find(&t, "/chosen"), "linux,initrd-start"));
	assert_false(fdt_has(&t, fdt_find(&t, "/chosen"), "stdout-path"));
	assert_true(fdt_strlist_has(&t, fdt_find(&t, "/interrupt-controller"), "compatible", "arm,cortex-a15-gic"));
	/* Its private interrupts name the CPUs that have them. */
	assert_int_equal(fdt_prop(&t, fdt_find(&t, "/timer"), "interrupts", &irqs), FH_OK);
	assert_int_equal(fdt_cell(&irqs, 2), ((1U << p.nr_cpus) - 1U) << 8 | 4U);
}

static void devices_are_copied(void **state)
{
	struct guest_fdt_params p = params();
	struct fdt_index t;
	struct board_device d;
	struct fdt_prop prop;
	uint16_t n;

	(void)state;
	p.nr_devices = 2;
	p.devices[0] = fdt_find(&board, "/pl061@9030000");
	p.devices[1] = fdt_find(&board, "/soc/serial@1000");
	t = write_tree(&p);
	assert_int_equal(board_device(&t, "/pl061@9030000", &d, NULL), FH_OK);
	assert_int_equal(d.regs[0].base, 0x9030000);
	assert_int_equal(d.irqs[0].intid, 39);
	assert_true(fdt_has(&t, d.node, "gpio-controller"));

	/* The key refers to the controller by its phandle in this tree; the key of another one is not there. */
	n = fdt_find(&t, "/gpio-keys/poweroff");
	assert_int_not_equal(n, FDT_NO_NODE);
	assert_int_equal(fdt_prop(&t, n, "gpios", &prop), FH_OK);
	assert_int_equal(prop.len, 12);
	assert_int_equal(fdt_by_phandle(&t, fdt_cell(&prop, 0)), d.node);
	assert_int_equal(fdt_cell(&prop, 1), 3);
	assert_number(&t, "/gpio-keys/poweroff", "linux,code", 0x74);
	assert_int_equal(fdt_find(&t, "/gpio-keys/other"), FDT_NO_NODE);

	/* Off its bus: at the address that the CPU sees. */
	assert_int_equal(board_device(&t, "/serial@10001000", &d, NULL), FH_OK);
	assert_int_equal(d.regs[0].size, 0x100);
	assert_int_equal(d.irqs[0].intid, 41);
	assert_true(d.irqs[0].edge);
	assert_false(fdt_has(&t, d.node, "vcc-supply"));
	assert_false(fdt_has(&t, d.node, "pinctrl-0"));
	assert_number(&t, "/serial@10001000", "reg-shift", 2);
	assert_int_equal(fdt_prop(&t, d.node, "clocks", &prop), FH_OK);
	assert_int_equal(prop.len, 8);
	assert_int_equal(fdt_by_phandle(&t, fdt_cell(&prop, 1)), fdt_find(&t, "/apb-pclk"));
}

static void any_smaller_buffer_is_refused(void **state)
{
	struct guest_fdt_params p = params();
	size_t used = 0;
	size_t full;

	(void)state;
	p.nr_devices = 1;
	p.devices[0] = fdt_find(&board, "/pl061@9030000");
	write_tree(&p);
	full = fdt_totalsize(room);
	for (size_t size = 0; size < full; size += 4U) {
		/* On the heap, so that a byte behind the end is seen. */
		void *small = malloc(size + 1U);
		const fh_status status = guest_fdt_write(&p, small, size, &used);

		free(small);
		assert_true(status == FH_ENOMEM || (size < sizeof(struct fdt_header) && status == FH_EINVAL));
	}
	assert_int_equal(used, 0);
}

static void bad_parameters(void **state)
{
	size_t used;
	struct guest_fdt_params p;

	(void)state;
#define REFUSED(change)                                                                                                \
	do {                                                                                                           \
		p = params();                                                                                          \
		change;                                                                                                \
		assert_int_equal(guest_fdt_write(&p, room, sizeof(room), &used), FH_EINVAL);                           \
	} while (0)
	REFUSED(p.nr_cpus = 0);
	REFUSED(p.nr_mem = 0);
	REFUSED(p.nr_mem = GUEST_FDT_MAX_MEM + 1U);
	REFUSED(p.gic_version = 4);
	REFUSED(p.uart_intid = 31);
	REFUSED(p.uart_intid = 1020);
	REFUSED(p.nr_devices = GUEST_FDT_MAX_DEVICES + 1U);
	REFUSED((p.nr_devices = 1, p.board = NULL));
	REFUSED((p.nr_devices = 1, p.devices[0] = FDT_NO_NODE));
	p = params();
	assert_int_equal(guest_fdt_write(&p, (char *)room + 4, sizeof(room) - 4U, &used), FH_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_domain),
		cmocka_unit_test(a_watchdog),
		cmocka_unit_test(a_power_key),
		cmocka_unit_test(its_doorbells),
		cmocka_unit_test(all_cpus),
		cmocka_unit_test(a_virtio_device),
		cmocka_unit_test(without_console_ramdisk_and_arguments),
		cmocka_unit_test(devices_are_copied),
		cmocka_unit_test(any_smaller_buffer_is_refused),
		cmocka_unit_test(bad_parameters),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
