/* SPDX-License-Identifier: MIT */
// SOURCES: core/config/*.c core/fdt/*.c core/log/fmt.c core/base/status.c
// LIBS: -lfdt
/* What parts of a configuration say of each other: zones, memory, claims, domains; and how much there may be of each. */
#include "tests/unit/config_cases.h"

static void zones(void **state)
{
	(void)state;
	refused("hyp@5f800000 {", "hip@5f800000 {", FH_ENOENT,
		"/zones: there is no zone hyp@ADDRESS: stage-2 tables need one");
	refused("reg = <0 0x5f800000 0 0x800000>", "reg = <0 0x5f900000 0 0x800000>", FH_EALIGN,
		"/zones/hyp@5f800000/reg: address and size must be multiples of 2 MiB");
	refused("reg = <0 0x5f800000 0 0x800000>", "reg = <0 0x5f800000 0 0>", FH_EINVAL,
		"/zones/hyp@5f800000/reg: its size is 0, or a number has more than 64 bits");
	refused("reg = <0 0x5f800000 0 0x800000>", "reg = <0xffffffff 0xffe00000 0 0x800000>", FH_EOVERFLOW,
		"/zones/hyp@5f800000/reg: runs past the end of the address space");
	refused("reg = <0 0x5f800000 0 0x800000>", "reg = <0 0x5f800000 1 0>", FH_EOVERFLOW,
		"/zones/hyp@5f800000/reg: the hyp zone has more than 1 GiB");
	refused("reg = <0 0x5f800000 0 0x800000>", "reg = <0 0x5f800000 0>", FH_EINVAL,
		"/zones/hyp@5f800000/reg: is no <address size>, by #address-cells and #size-cells of the node above");
	refused("reg = <0 0x5f800000 0 0x800000>", "reg = <0 0x5f800000 0 0x200000>, <0 0x5fa00000 0 0x200000>",
		FH_EINVAL, "/zones/hyp@5f800000/reg: has more than one range: make a node for each");
	refused("a: a@a0000000 {", "a: hyp@a0000000 {", FH_EEXIST,
		"/zones/pool/upper/hyp@a0000000: there is a zone hyp already");
	refused("a: a@a0000000 {", "a: low@a0000000 {", FH_EEXIST,
		"/zones/pool/upper/low@a0000000: there is a zone low already");
	refused("reg = <0 0xa0000000 0 0x10000000>;", "", FH_EINVAL,
		"/zones/pool/upper/a@a0000000: a zone has either a reg or zones below it");
	refused("upper: upper {", "upper: upper { reg = <0 0xa0000000 0 0x10000000>;", FH_EINVAL,
		"/zones/pool/upper: a zone has either a reg or zones below it");
	refused("b@b0000000 { reg = <0 0xb0000000", "b@afff0000 { reg = <0 0xafff0000", FH_EEXIST,
		"/zones/pool/upper/b: RAM 0xafff0000 to 0xbffeffff overlaps /zones/pool/upper/a (0xa0000000 to 0xafffffff)");
	refused("reg = <0 0xa0000000 0 0x10000000>", "reg = <0xa 0 0 0x10000000>", FH_EINVAL,
		"/zones/pool/upper/a@a0000000/reg: is at 0xa00000000, but the node's name says 0xa0000000");
	refused("zones { #a", "zonen { #a", FH_EINVAL, "/zonen: unknown node, did you mean zones?");
}

static void memory(void **state)
{
	(void)state;
	refused("static = <0 0x60000000>;", "", FH_EINVAL,
		"/domains/front/memory@40000000: needs exactly one of static, direct-map, zone");
	refused("static = <0 0x60000000>;", "static = <0 0x60000000>; direct-map;", FH_EINVAL,
		"/domains/front/memory@40000000: needs exactly one of static, direct-map, zone");
	refused("static = <0 0x60000000>;", "static = <0 0x60000800>;", FH_EALIGN,
		"/domains/front/memory@40000000/static: 0x60000800 is no multiple of 4 KiB");
	refused("static = <0 0x60000000>;", "static = <0xffffffff 0xfffff000>;", FH_EOVERFLOW,
		"/domains/front/memory@40000000/static: 0xfffffffffffff000 is too high for this size");
	refused("static = <0 0x60000000>;", "static = <0 0x60000000>; block-size = <0x1000>;", FH_EINVAL,
		"/domains/front/memory@40000000/block-size: only claimed memory has one");
	refused("static = <0 0x60000000>;", "static = <0 0x70000000>;", FH_EEXIST,
		"/zones/pool/low: RAM 0x80000000 to 0x9fffffff overlaps /domains/front/memory@40000000 "
		"(0x70000000 to 0x8fffffff)");
	refused("memory@50000000 { reg = <0 0x50000000", "memory@60000000 { reg = <0 0x60000000", FH_EEXIST,
		"/domains/rear/memory@60000000: RAM 0x60000000 to 0x600fffff overlaps /domains/front/memory@40000000 "
		"(0x60000000 to 0x7fffffff)");
	refused("memory@80000000 { reg = <0 0x80000000", "memory@5ffff000 { reg = <0 0x5ffff000", FH_EEXIST,
		"/domains/front/memory@40000000/reg: overlaps memory@5ffff000 of the same domain");
	refused("memory@50000000 {", "memory@60000000 {", FH_EINVAL,
		"/domains/rear/memory@60000000/reg: is at 0x50000000, but the node's name says 0x60000000");
	refused("<&upper>", "<0x77>", FH_ENOENT, "/domains/front/memory@80000000/zone: phandle 0x77 refers to no node");
	refused("<&upper>", "<&upper &low>", FH_EINVAL,
		"/domains/front/memory@80000000/zone: must be one reference, such as <&low>");
	refused("<&upper>", "<&{/zones/hyp@5f800000}>", FH_EINVAL,
		"/domains/front/memory@80000000/zone: refers to hyp@5f800000, which is no zone of the pool");
	refused("<&upper>", "<&{/domains}>", FH_EINVAL,
		"/domains/front/memory@80000000/zone: refers to domains, which is no zone of the pool");
	refused("block-size = <0x1000>", "block-size = <0x2000>", FH_EINVAL,
		"/domains/front/memory@80000000/block-size: 0x2000 is none of 0x1000, 0x10000, 0x200000, 0x40000000");
	refused("block-size = <0x1000>", "block-size = <0x40000000>", FH_EALIGN,
		"/domains/front/memory@80000000/block-size: reg is no multiple of 0x40000000");
	refused("memory@40000000 { reg = <0 0x40000000 0 0x4000000>; zone = <&low>;",
		"memory@c0000000 { reg = <0 0xc0000000 0 0x40000000>; zone = <&low>; block-size = <0x40000000>;",
		FH_EINVAL, "/domains/rear/memory@c0000000/block-size: zone low has no blocks of 0x40000000");
	refused("memory@40000000 { reg = <0 0x40000000 0 0x4000000>; zone = <&low>; };\n memory@50000000 "
		"{ reg = <0 0x50000000 0 0x100000>; direct-map; };",
		"", FH_ENOENT, "/domains/rear: has no memory@IPA node");
}

static void claims(void **state)
{
	const struct cfg_claims *c = &sys.domains[1].claims;

	(void)state;
	assert_int_equal(parse(good), FH_OK);
	assert_int_equal(sys.domains[0].claims.window.size, 0);
	assert_true(c->window.base == 0xc0000000 && c->window.size == 0x800000);
	assert_int_equal(c->limit, 0x400000);
	assert_int_equal(c->nr_zones, 2);
	assert_int_equal(c->zones[0], 3);
	assert_int_equal(c->zones[1], 2);
	refused("<0 0xc0000000 0 0x800000>", "<0 0xc0001000 0 0x800000>", FH_EALIGN,
		"/domains/rear/claims@c0000000/reg: address and size must be multiples of 2 MiB");
	refused("claims@c0000000 { reg = <0 0xc0000000", "claims@40000000 { reg = <0 0x40000000", FH_EEXIST,
		"/domains/rear/claims@40000000: overlaps memory@40000000");
	refused("limit = <0x400000>;", "", FH_EINVAL,
		"/domains/rear/claims@c0000000/limit: must be bytes, a multiple of 4 KiB above 0");
	refused("limit = <0x400000>;", "limit = <0x400800>;", FH_EINVAL,
		"/domains/rear/claims@c0000000/limit: must be bytes, a multiple of 4 KiB above 0");
	refused("zones = <&upper &low>;", "", FH_EINVAL,
		"/domains/rear/claims@c0000000/zones: must be references, such as <&low &high>");
	refused("<&upper &low>", "<&upper 0x77>", FH_ENOENT,
		"/domains/rear/claims@c0000000/zones: phandle 0x77 refers to no node");
	refused("<&upper &low>", "<&low &low &low &low &low &low &low &low &low>", FH_EOVERFLOW,
		"/domains/rear/claims@c0000000/zones: more than 8 zones");
	refused("zones = <&upper &low>;", "zones = <&upper &low>; zone = <&low>;", FH_EINVAL,
		"/domains/rear/claims@c0000000/zone: unknown property, did you mean zones?");
	refused("claims@c0000000 {",
		"claims@80000000 { reg = <0 0x80000000 0 0x200000>; limit = <0x1000>; zones = <&low>; }; "
		"claims@c0000000 {",
		FH_EEXIST, "/domains/rear/claims@c0000000: there is another: a domain has one");
}

static void whole_domains(void **state)
{
	(void)state;
	refused("cpus = <3>", "cpus = <1>", FH_EEXIST, "/domains/rear/cpus: CPU 1 is given to front already");
	refused("cpus = <3>", "cpus = <2 2>", FH_EEXIST, "/domains/rear/cpus: CPU 2 is given to rear already");
	refused("cpus = <3>", "cpus = <64>", FH_EINVAL,
		"/domains/rear/cpus: CPU 64: 0 to 63 can be named (CONFIG_MAX_CPUS)");
	refused("kernel = \"app.bin\";", "", FH_ENOENT,
		"/domains/rear/kernel: is missing: the name of a file in the payload");
	refused("dtb = \"app.dtb\";", "dtb = \"app.dtb\"; bootargs = \"x\";", FH_EINVAL,
		"/domains/rear/bootargs: belong into app.dtb, which is not edited");
	refused("dtb = \"app.dtb\";", "dtb = \"app.dtb\"; ramdisk = \"rd\";", FH_EINVAL,
		"/domains/rear/ramdisk-address: is missing: app.dtb must tell the same address");
	refused("dtb = \"app.dtb\";", "ramdisk-address = <0x41000000>;", FH_EINVAL,
		"/domains/rear/ramdisk-address: there is no ramdisk");
	refused("load-address = <0x40200000>", "load-address = <0x3ffff000>", FH_EINVAL,
		"/domains/front/load-address: 0x3ffff000 is outside of the domain's memory");
	refused("entry = <0 0x40200000>", "entry = <0 0x40200002>", FH_EALIGN,
		"/domains/front/entry: 0x40200002 is no multiple of 4");
	refused("rear {", "rear@1 {", FH_EINVAL, "/domains/rear@1: a domain has no unit address");
	refused("rear {", "abcdefghijklmnopqrstuvwxyz0123456 {", FH_EOVERFLOW,
		"/domains/abcdefghijklmnopqrstuvwxyz0123456: its name is empty or longer than 31 characters");
	refused("path = \"/pl031@9010000\";", "", FH_ENOENT,
		"/domains/front/devices/rtc/path: is missing: a path or alias in the board's tree");
	refused("domains {", "domians {", FH_EINVAL, "/domians: unknown node, did you mean domains?");
}

/* Tables that are full, by generated text. */
static void too_many(void **state)
{
	char *source = malloc(65536);

	(void)state;
	strcpy(source,
	       "/dts-v1/; / { compatible = \"freehold,config-v1\"; zones { #address-cells = <2>; #size-cells = <2>;");
	for (int i = 0; i < 17; i++) {
		sprintf(source + strlen(source), "z%d { reg = <%d 0 0 0x1000>; };", i, i + 1);
	}
	strcat(source, "}; domains { }; };");
	assert_int_equal(parse(source), FH_EOVERFLOW);
	assert_string_equal(error.text, "/zones/z16: more than 16 zones");

	strcpy(source,
	       "/dts-v1/; / { compatible = \"freehold,config-v1\"; zones { #address-cells = <2>; #size-cells = <2>;"
	       "hyp@0 { reg = <0 0 0 0x200000>; }; }; domains { ");
	strcat(source, "}; };");
	assert_int_equal(parse(source), FH_ENOENT);
	assert_string_equal(error.text, "/domains: there is no domain");

	*strstr(source, "domains {") = '\0';
	strcat(source, "domains { x { #address-cells = <1>; #size-cells = <1>; cpus = <0>; kernel = \"k\"; ");
	for (int i = 0; i < 9; i++) {
		sprintf(source + strlen(source), "memory@%d0000000 { reg = <0x%d0000000 0x1000>; direct-map; };", 9 - i,
			9 - i);
	}
	strcat(source, "}; }; };");
	assert_int_equal(parse(source), FH_EOVERFLOW);
	assert_string_equal(error.text, "/domains/x/memory@10000000: more than 8 ranges of memory");
	free(source);
}

static void what_follows(void **state)
{
	(void)state;
	refused("\"stop-all\"", "\"reboot\"", FH_EINVAL,
		"/domains/front/on-watchdog: \"reboot\" is none of stop, restart, panic, stop-all");
	refused("\"stands\"", "\"still\"", FH_EINVAL, "/domains/front/paused-time: \"still\" is none of goes, stands");
	refused("on-crash = \"restart\";", "restart-limit = <3>;", FH_EINVAL,
		"/domains/front/on-watchdog: is not \"restart\": restart-limit and -delay-ms mean nothing");
	refused("manual-start;", "restart-delay-ms = <3>;", FH_EINVAL,
		"/domains/rear/on-crash: is not \"restart\": restart-limit and -delay-ms mean nothing");
	refused("power-key;", "power-key = <1>;", FH_EINVAL, "/domains/front/power-key: is a flag and takes no value");
	refused("on-watchdog =", "on-watchdogs =", FH_EINVAL,
		"/domains/front/on-watchdogs: unknown property, did you mean on-watchdog?");

	char *source = changed("manual-start;", "on-watchdog = \"restart\"; restart-limit = <3>;");

	assert_int_equal(parse(source), FH_OK);
	free(source);
	assert_int_equal(sys.domains[1].on_watchdog, CFG_CRASH_RESTART);
	assert_int_equal(sys.domains[1].on_crash, CFG_CRASH_STOP);
}

static void control(void **state)
{
	char *source = changed("manual-start;", "control;");

	(void)state;
	assert_int_equal(parse(good), FH_OK);
	assert_false(sys.domains[0].control || sys.domains[1].control);
	assert_int_equal(parse(source), FH_OK);
	assert_false(sys.domains[0].control);
	assert_true(sys.domains[1].control);
	assert_true(sys.domains[1].manages == ~UINT64_C(2));
	free(source);
	/* References may point forward, and to itself, which is nothing to be had. */
	source = changed("front {", "f: front { control = <&r &f>;");
	memcpy(strstr(source, "rear {"), "r:rr {\n", 6);
	assert_int_equal(parse(source), FH_OK);
	assert_true(sys.domains[0].control);
	assert_true(sys.domains[0].manages == 2U);
	free(source);
	refused("manual-start;", "control = <&low>;", FH_ENOENT,
		"/domains/rear/control: phandle 0x2 refers to no domain");
	refused("manual-start;", "control = [01 02];", FH_EINVAL,
		"/domains/rear/control: must be empty, or references such as <&a &b>");
	/* Doorbells are told in the same way. */
	source = changed("front {", "f: front { rings = <&r &f>;");
	{
		char *both = malloc(strlen(source) + 8U);
		char *at = strstr(source, "\nrear {");

		memcpy(both, source, (size_t)(at - source));
		strcpy(both + (at - source), "\nr: ");
		strcat(both, at + 1);
		assert_int_equal(parse(both), FH_OK);
		free(both);
	}
	free(source);
	assert_int_equal(sys.domains[0].rings, 2);
	assert_int_equal(sys.domains[0].manages, 0);
	assert_int_equal(sys.domains[1].rings, 0);
	refused("manual-start;", "rings = <&low>;", FH_ENOENT, "/domains/rear/rings: phandle 0x2 refers to no domain");
	source = changed("\"pl011\"", "\"virtio\"");
	assert_int_equal(parse(source), FH_OK);
	assert_int_equal(sys.domains[0].console, CFG_CONSOLE_VIRTIO);
	free(source);
}

/* A configuration of nr domains, each with a CPU and 2 MiB, of which the first is a control domain. */
static fh_status parse_domains(uint32_t nr)
{
	static char source[16384];
	size_t at = (size_t)snprintf(source, sizeof(source),
				     "/dts-v1/; / { compatible = \"freehold,config-v1\"; zones {"
				     " #address-cells = <2>; #size-cells = <2>;"
				     " hyp@5f800000 { reg = <0 0x5f800000 0 0x800000>; }; }; domains {");

	for (uint32_t i = 0; i < nr; i++) {
		at += (size_t)snprintf(source + at, sizeof(source) - at,
				       " d%u { #address-cells = <2>; #size-cells = <2>; cpus = <%u>; kernel = \"k\"; %s"
				       " memory@40000000 { reg = <0 0x40000000 0 0x200000>; static = <0x%x>; }; };",
				       i, i, i == 0U ? "control;" : "", 0x60000000U + i * 0x200000U);
	}
	snprintf(source + at, sizeof(source) - at, " }; };");
	return parse(source);
}

static void accepted_domains(uint32_t nr)
{
	if (parse_domains(nr) != FH_OK) {
		fail_msg("%u domains: %s", nr, error.text);
	}
}

static void refused_domains(uint32_t nr, const char *message)
{
	assert_int_equal(parse_domains(nr), FH_EOVERFLOW);
	assert_string_equal(error.text, message);
}

/* What one configuration may have of each, and one more. */
static void limits(void **state)
{
	char list[512] = "cpus = <3";

	(void)state;
	for (uint32_t i = 0; i < 64U; i++) {
		snprintf(list + strlen(list), sizeof(list) - strlen(list), " %u", i);
	}
	strcat(list, ">");
	refused("cpus = <3>", list, FH_EOVERFLOW, "/domains/rear/cpus: 65 vCPUs: 64 at most (CONFIG_MAX_CPUS)");
	accepted_domains(32);
	assert_int_equal(sys.nr_domains, 32);
	assert_int_equal(sys.domains[31].pcpu[0], 31);
	assert_int_equal(sys.domains[0].manages, UINT64_MAX & ~UINT64_C(1));
	refused_domains(33, "/domains/d32: more than 32 domains (CONFIG_MAX_DOMAINS)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones),         cmocka_unit_test(memory),   cmocka_unit_test(claims),
		cmocka_unit_test(whole_domains), cmocka_unit_test(too_many), cmocka_unit_test(what_follows),
		cmocka_unit_test(control),       cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
