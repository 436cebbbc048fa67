/* SPDX-License-Identifier: MIT */
// SOURCES: core/config/*.c core/fdt/*.c core/log/fmt.c core/base/status.c
// LIBS: -lfdt
/* A configuration against a board: what it does not have, keeps for itself, or gives twice. */
#include "tests/unit/config_cases.h"

static void boards(void **state)
{
	struct cfg_board b = { .nr_cpus = 4, .nr_ram = 1, .ram = { { 0x40000000, 0x80000000 } } };
	struct cfg_board bad;

	(void)state;
	assert_int_equal(parse(good), FH_OK);
	assert_int_equal(config_check_board(&sys, CFG_NO_DOMAIN, &b, &error), FH_OK);
#define ON_BOARD(change, want, message)                                                                                \
	do {                                                                                                           \
		bad = b;                                                                                               \
		change;                                                                                                \
		assert_int_equal(config_check_board(&sys, CFG_NO_DOMAIN, &bad, &error), want);                         \
		assert_string_equal(error.text, message);                                                              \
	} while (0)
	ON_BOARD(bad.nr_cpus = 3, FH_ENOENT, "/domains/rear/cpus: CPU 3, but the board has 0 to 2");
	ON_BOARD(bad.ram[0].size = 0x40000000, FH_ENOENT,
		 "/zones/pool/low: 0x80000000 to 0x9fffffff is not in one range of the board's RAM");
	ON_BOARD(bad.ram[0].base = 0x60000000, FH_ENOENT,
		 "/domains/rear/memory@50000000: 0x50000000 to 0x500fffff is not in one range of the board's RAM");
	ON_BOARD((bad.nr_reserved = 1, bad.reserved[0] = (struct range){ 0x7ffff000, 0x1000 }), FH_EEXIST,
		 "/domains/front/memory@40000000: 0x60000000 to 0x7fffffff overlaps what the firmware reserved "
		 "(0x7ffff000 to 0x7fffffff)");
	ON_BOARD((bad.image = (struct range){ 0x5fe00000, 0x100000 }), FH_EEXIST,
		 "/zones/hyp: 0x5f800000 to 0x5fffffff overlaps the hypervisor's image (0x5fe00000 to 0x5fefffff)");
	ON_BOARD(bad.ipa_limit = 0x80000000, FH_EINVAL,
		 "/domains/front/memory@80000000: ends at 0x801fffff, beyond what the CPUs can map (0x7fffffff)");
	ON_BOARD(
		(bad.nr_emulated = 1, bad.emulated[0] = (struct cfg_emulated){ "the console", { 0x5ffff000, 0x1000 } }),
		FH_EEXIST,
		"/domains/front/memory@40000000: lies where the guest sees the console (0x5ffff000 to 0x5fffffff)");
	ON_BOARD(
		(bad.nr_emulated = 1, bad.emulated[0] = (struct cfg_emulated){ "the console", { 0xc07ff000, 0x1000 } }),
		FH_EEXIST,
		"/domains/rear/claims@c0000000: lies where the guest sees the console (0xc07ff000 to 0xc07fffff)");
}

static const char board_source[] =
	"/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;"
	" chosen { stdout-path = \"/uart@9000000\"; };"
	" memory@40000000 { device_type = \"memory\"; reg = <0 0x40000000 0 0x80000000>; };"
	" cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { device_type = \"cpu\"; reg = <0>; }; };"
	" gic: intc@8000000 { compatible = \"arm,gic-v3\"; interrupt-controller; #interrupt-cells = <3>;"
	"  reg = <0 0x8000000 0 0x10000>, <0 0x80a0000 0 0xf60000>; #address-cells = <2>; #size-cells = <2>; ranges;"
	"  its@9080000 { compatible = \"arm,gic-v3-its\"; reg = <0 0x9080000 0 0x20000>; }; };"
	" reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;"
	"  secure@30000000 { reg = <0 0x30000000 0 0x1000>; }; };"
	" uart@9000000 { compatible = \"arm,pl011\"; reg = <0 0x9000000 0 0x1000>; interrupts = <0 1 4>; };"
	" rtc@9010000 { compatible = \"arm,pl031\"; reg = <0 0x9010000 0 0x1000>; interrupts = <0 2 4>; };"
	" twin@9010800 { compatible = \"arm,pl031\"; reg = <0 0x9010800 0 0x100>; interrupts = <0 3 4>; };"
	" line@9020000 { compatible = \"arm,pl031\"; reg = <0 0x9020000 0 0x1000>; interrupts = <0 2 4>; };"
	" ppi@9030000 { compatible = \"arm,pl031\"; reg = <0 0x9030000 0 0x1000>; interrupts = <1 2 4>; };"
	" ram@41000000 { compatible = \"arm,pl031\"; reg = <0 0x41000000 0 0x1000>; interrupts = <0 4 4>; };"
	" rtc@c0100000 { compatible = \"arm,pl031\"; reg = <0 0xc0100000 0 0x1000>; interrupts = <0 6 4>; };"
	" dma@9040000 { compatible = \"arm,pl330\"; reg = <0 0x9040000 0 0x1000>; interrupts = <0 5 4>; }; };";

#define CPU_NODE(n) " cpu@" #n " { device_type = \"cpu\"; reg = <" #n ">; };"

/* A GICv2: guests see its distributor and CPU interface, not GICH and GICV; it serves eight CPUs. */
static void board_with_a_gicv2(void **state)
{
	static const char head[] =
		"/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;"
		" memory@40000000 { device_type = \"memory\"; reg = <0 0x40000000 0 0x80000000>; };"
		" gic: intc@8000000 { compatible = \"arm,cortex-a15-gic\"; interrupt-controller; #interrupt-cells = <3>;"
		"  reg = <0 0x8000000 0 0x1000>, <0 0x8010000 0 0x2000>, <0 0x8030000 0 0x1000>, <0 0x8040000 0 0x2000>; };"
		" cpus { #address-cells = <1>; #size-cells = <0>;" CPU_NODE(0) CPU_NODE(1) CPU_NODE(2) CPU_NODE(3)
			CPU_NODE(4) CPU_NODE(5) CPU_NODE(6) CPU_NODE(7);
	static struct fdt_node nodes[32];
	char source[2048];
	struct fdt_index t;
	struct cfg_board b;

	(void)state;
	snprintf(source, sizeof(source), "%s }; };", head);
	dts_index(source, nodes, 32, &t);
	assert_int_equal(config_read_board(&t, NULL, 0, "", &b, &error), FH_OK);
	assert_int_equal(b.nr_cpus, 8);
	assert_int_equal(b.nr_emulated, 2);
	assert_int_equal(b.emulated[1].range.base, 0x8010000);
	free((void *)(uintptr_t)t.blob);
	snprintf(source, sizeof(source), "%s%s }; };", head, CPU_NODE(8));
	dts_index(source, nodes, 32, &t);
	assert_int_equal(config_read_board(&t, NULL, 0, "", &b, &error), FH_EOVERFLOW);
	assert_string_equal(error.text, "board: 9 CPUs, but its GICv2 serves 8");
	free((void *)(uintptr_t)t.blob);
	assert_int_equal(parse(good), FH_OK);
	sys.domains[1].nr_vcpus = 9;
	assert_int_equal(config_check_board(&sys, CFG_NO_DOMAIN, &b, &error), FH_EOVERFLOW);
	assert_string_equal(error.text, "/domains/rear/cpus: 9 vCPUs, but the board's GICv2 serves 8");
}

static struct cfg_device give(const char *path, bool allow)
{
	struct cfg_device d = { .allow_unprotected_dma = allow };

	strcpy(d.path, path);
	return d;
}

static void devices(void **state)
{
	static struct fdt_node nodes[32];
	struct fdt_index t;
	struct cfg_board b;
	static const struct {
		const char *front;
		const char *rear;
		bool allow;
		fh_status want;
		const char *message;
	} cases[] = {
		{ "/rtc@9010000", "/dma@9040000", true, FH_OK, "" },
		{ "/rtc@9010000", "/dma@9040000", false, FH_EDENIED,
		  "/domains/rear/devices: /dma@9040000: may do DMA past stage 2: allow-unprotected-dma accepts that" },
		{ "/rtc@9010000", "/none", false, FH_ENOENT,
		  "/domains/rear/devices: /none: the board has no such device" },
		{ "/rtc@9010000", "/rtc", false, FH_EEXIST, "/domains/rear/devices: /rtc: is given already, to front" },
		{ "/rtc@9010000", "/twin@9010800", false, FH_EEXIST,
		  "/domains/rear/devices: /twin@9010800: shares a page or an interrupt with a device of front" },
		{ "/rtc@9010000", "/line@9020000", false, FH_EEXIST,
		  "/domains/rear/devices: /line@9020000: shares a page or an interrupt with a device of front" },
		{ "/rtc@9010000", "/uart@9000000", false, FH_EEXIST,
		  "/domains/rear/devices: /uart@9000000: is the hypervisor's own console" },
		{ "/rtc@9010000", "/intc@8000000", true, FH_EEXIST,
		  "/domains/rear/devices: /intc@8000000: is the hypervisor's own interrupt controller" },
		{ "/rtc@9010000", "/ppi@9030000", false, FH_ENOTSUP,
		  "/domains/rear/devices: /ppi@9030000: its interrupt is private to each CPU (a PPI)" },
		/* What has a reg and is no device, or not one of its own. */
		{ "/rtc@9010000", "/memory@40000000", true, FH_EINVAL,
		  "/domains/rear/devices: /memory@40000000: its reg lies in the board's RAM, so it is no device: "
		  "RAM is given by memory@IPA" },
		{ "/ram@41000000", "/rtc", false, FH_EINVAL,
		  "/domains/front/devices: /ram@41000000: its reg lies in the board's RAM, so it is no device: "
		  "RAM is given by memory@IPA" },
		{ "/rtc@9010000", "/reserved-memory/secure@30000000", true, FH_EINVAL,
		  "/domains/rear/devices: /reserved-memory/secure@30000000: is memory that the firmware reserved, "
		  "no device: leave it out" },
		{ "/rtc@9010000", "/intc@8000000/its@9080000", true, FH_EEXIST,
		  "/domains/rear/devices: /intc@8000000/its@9080000: is a part of the hypervisor's interrupt "
		  "controller: leave it out" },
		{ "/rtc@9010000", "/cpus/cpu@0", true, FH_EINVAL,
		  "/domains/rear/devices: /cpus/cpu@0: its reg is unsound or can't be reached by a CPU" },
		{ "/rtc@9010000", "/rtc@c0100000", false, FH_EEXIST,
		  "/domains/rear/devices: /rtc@c0100000: its registers lie in the domain's claims@IPA" },
	};

	(void)state;
	assert_int_equal(parse(good), FH_OK);
	dts_index(board_source, nodes, 32, &t);
	assert_int_equal(config_read_board(&t, NULL, 0, "", &b, &error), FH_OK);
	assert_int_equal(b.nr_cpus, 1);
	assert_int_equal(b.nr_ram, 1);
	assert_int_equal(b.nr_emulated, 3);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sys.console[0] = '\0';
		sys.watchdog[0] = '\0';
		sys.devices[0] = give("/rtc@9010000", false);
		sys.domains[0].nr_devices = 1;
		sys.domains[0].devices[0] = give(cases[i].front, false);
		sys.domains[1].nr_devices = 1;
		sys.domains[1].devices[0] = give(cases[i].rear, cases[i].allow);
		error.text[0] = '\0';
		assert_int_equal(config_check_devices(&sys, CFG_NO_DOMAIN, &t, &error), cases[i].want);
		assert_string_equal(error.text, cases[i].message);
	}
	sys.domains[0].mem[1].ipa = ipa(0xc0100000);
	sys.domains[0].devices[0] = give("/rtc@c0100000", false);
	assert_int_equal(config_check_devices(&sys, CFG_NO_DOMAIN, &t, &error), FH_EEXIST);
	assert_string_equal(error.text,
			    "/domains/front/devices: /rtc@c0100000: its registers lie in the domain's own memory");
	sys.devices[0] = give("/led@5", false);
	assert_int_equal(config_check_devices(&sys, CFG_NO_DOMAIN, &t, &error), FH_ENOENT);
	assert_string_equal(error.text, "/hypervisor/devices: /led@5: the board has no such device");
	strcpy(sys.watchdog, "/dog@1");
	assert_int_equal(config_check_devices(&sys, CFG_NO_DOMAIN, &t, &error), FH_ENOENT);
	assert_string_equal(error.text, "/hypervisor/watchdog: /dog@1: the board has no such device");
	strcpy(sys.console, "serial7");
	assert_int_equal(config_check_devices(&sys, CFG_NO_DOMAIN, &t, &error), FH_ENOENT);
	assert_string_equal(error.text, "/hypervisor/console: serial7: the board has no such device");
	free((void *)(uintptr_t)t.blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boards),
		cmocka_unit_test(devices),
		cmocka_unit_test(board_with_a_gicv2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
