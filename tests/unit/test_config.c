/* SPDX-License-Identifier: MIT */
// SOURCES: core/config/*.c core/fdt/*.c core/log/fmt.c core/base/status.c
// LIBS: -lfdt
/* One good system, and one change at a time: each refusal's status and its whole message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/config/config.h"
#include "tests/unit/dts.h"

static const char good[] =
	"/dts-v1/;\n/ {\n"
	"compatible = \"freehold,config-v1\";\n"
	"hypervisor { console = \"serial0\"; on-panic = \"halt\"; on-last-domain-off = \"reset\"; boot-memory = \"clean\";\n"
	" watchdog = \"/wdt@1\"; watchdog-timeout-ms = <5000>; create-timeout-ms = <7000>; scrub-when-idle; };\n"
	"zones { #address-cells = <2>; #size-cells = <2>;\n"
	" hyp@5f800000 { reg = <0 0x5f800000 0 0x800000>; };\n"
	" pool { #address-cells = <2>; #size-cells = <2>;\n"
	"  low: low@80000000 { reg = <0 0x80000000 0 0x20000000>; max-order = <9>; };\n"
	"  upper: upper { #address-cells = <2>; #size-cells = <2>;\n"
	"   a: a@a0000000 { reg = <0 0xa0000000 0 0x10000000>; };\n"
	"   b: b@b0000000 { reg = <0 0xb0000000 0 0x10000000>; }; }; }; };\n"
	"domains {\n"
	"front { #address-cells = <2>; #size-cells = <2>;\n"
	" cpus = <0 1>; color = \"blue\"; kernel = \"Image\"; ramdisk = \"rd\"; bootargs = \"quiet\"; console = \"pl011\";\n"
	" on-crash = \"restart\"; on-watchdog = \"stop-all\"; paused-time = \"stands\"; power-key; memory-on-reset = \"keep\"; load-address = <0x40200000>; entry = <0 0x40200000>;\n"
	" memory@80000000 { reg = <0 0x80000000 0 0x200000>; zone = <&upper>; block-size = <0x1000>; };\n"
	" memory@40000000 { reg = <0 0x40000000 0 0x20000000>; static = <0 0x60000000>; };\n"
	" devices { rtc { path = \"/pl031@9010000\"; }; disk { path = \"/virtio@a000000\"; allow-unprotected-dma; }; }; };\n"
	"rear { #address-cells = <2>; #size-cells = <2>;\n"
	" cpus = <3>; kernel = \"app.bin\"; dtb = \"app.dtb\"; manual-start;\n"
	" memory@40000000 { reg = <0 0x40000000 0 0x4000000>; zone = <&low>; };\n"
	" memory@50000000 { reg = <0 0x50000000 0 0x100000>; direct-map; };\n"
	" claims@c0000000 { reg = <0 0xc0000000 0 0x800000>; limit = <0x400000>; zones = <&upper &low>; }; };\n"
	"}; };\n";

static struct cfg_system sys;
static struct cfg_error error;

static fh_status parse(const char *source)
{
	size_t size;
	unsigned char *blob = dts_compile(source, &size);
	/* On the heap with its exact size, so that a byte read behind the end is found. */
	unsigned char *exact = malloc(size);
	fh_status status;

	memcpy(exact, blob, size);
	free(blob);
	memset(&error, 0, sizeof(error));
	status = config_parse(exact, size, &sys, &error);
	free(exact);
	return status;
}

/* The good system with the first `from` replaced. */
static char *changed(const char *from, const char *to)
{
	const char *at = strstr(good, from);
	char *out = malloc(sizeof(good) + strlen(to));

	if (at == NULL) {
		fail_msg("the good system has no '%s'", from);
	}
	memcpy(out, good, (size_t)(at - good));
	strcpy(out + (at - good), to);
	strcat(out, at + strlen(from));
	return out;
}

static void refused(const char *from, const char *to, fh_status want, const char *message)
{
	char *source = changed(from, to);
	const fh_status status = parse(source);

	if (status != want || strcmp(error.text, message) != 0) {
		fail_msg("'%s' -> '%s': %s: '%s', not '%s'", from, to, fh_status_str(status), error.text, message);
	}
	free(source);
}

static void accepted(const char *from, const char *to)
{
	char *source = changed(from, to);

	if (parse(source) != FH_OK) {
		fail_msg("'%s' -> '%s': %s", from, to, error.text);
	}
	free(source);
}

static void the_hypervisor_and_zones(void **state)
{
	(void)state;
	assert_int_equal(parse(good), FH_OK);
	assert_string_equal(sys.console, "serial0");
	assert_int_equal(sys.on_panic, CFG_PANIC_HALT);
	assert_int_equal(sys.on_last_domain_off, CFG_LAST_RESET);
	assert_true(sys.boot_memory_clean);
	assert_true(sys.scrub_when_idle);
	assert_string_equal(sys.watchdog, "/wdt@1");
	assert_int_equal(sys.watchdog_ms, 5000);
	assert_int_equal(sys.create_timeout_ms, 7000);

	assert_int_equal(sys.nr_zones, 6);
	assert_string_equal(sys.zones[0].name, "hyp");
	assert_true(sys.zones[0].hyp && sys.zones[0].leaf);
	assert_int_equal(sys.zones[0].parent, CFG_NO_ZONE);
	assert_int_equal(sys.zones[0].range.base, 0x5f800000);
	assert_string_equal(sys.zones[1].name, "pool");
	assert_false(sys.zones[1].leaf || sys.zones[1].hyp);
	assert_string_equal(sys.zones[2].name, "low");
	assert_int_equal(sys.zones[2].parent, 1);
	assert_int_equal(sys.zones[2].max_order, 9);
	assert_string_equal(sys.zones[3].name, "upper");
	assert_int_equal(sys.zones[5].parent, 3);
	assert_int_equal(sys.zones[5].range.size, 0x10000000);
	assert_int_equal(sys.zones[5].max_order, 18);
}

static void domains(void **state)
{
	const struct cfg_domain *d = &sys.domains[0];

	(void)state;
	assert_int_equal(parse(good), FH_OK);
	assert_int_equal(sys.nr_domains, 2);
	assert_string_equal(d->name, "front");
	assert_int_equal(d->id, 0);
	assert_int_equal(d->color, 34);
	assert_true(d->autostart);
	assert_int_equal(d->nr_vcpus, 2);
	assert_int_equal(d->pcpu[1], 1);
	assert_string_equal(d->kernel, "Image");
	assert_string_equal(d->ramdisk, "rd");
	assert_string_equal(d->dtb, "");
	assert_string_equal(d->bootargs, "quiet");
	assert_int_equal(d->load_address, 0x40200000);
	assert_int_equal(d->entry, 0x40200000);
	assert_int_equal(d->dtb_address, CFG_ADDR_AUTO);
	assert_int_equal(d->console, CFG_CONSOLE_PL011);
	assert_int_equal(d->on_crash, CFG_CRASH_RESTART);
	assert_true(d->watchdog && d->time_stands && d->power_key);
	assert_int_equal(d->on_watchdog, CFG_CRASH_STOP_ALL);
	assert_false(sys.domains[1].watchdog || sys.domains[1].time_stands);
	assert_true(d->memory_keep);

	/* By rising IPA, whatever the order in the tree. */
	assert_int_equal(d->nr_mem, 2);
	assert_int_equal(ipa_val(d->mem[0].ipa), 0x40000000);
	assert_int_equal(d->mem[0].kind, CFG_MEM_STATIC);
	assert_int_equal(pa_val(d->mem[0].pa), 0x60000000);
	assert_int_equal(d->mem[1].kind, CFG_MEM_CLAIMED);
	assert_int_equal(d->mem[1].zone, 3);
	assert_int_equal(d->mem[1].order, 0);
	assert_int_equal(d->nr_devices, 2);
	assert_string_equal(d->devices[0].path, "/pl031@9010000");
	assert_false(d->devices[0].allow_unprotected_dma);
	assert_true(d->devices[1].allow_unprotected_dma);

	d = &sys.domains[1];
	assert_int_equal(d->color, 33);
	assert_false(d->autostart);
	assert_false(d->memory_keep);
	assert_int_equal(d->console, CFG_CONSOLE_NONE);
	assert_int_equal(d->mem[0].order, 9);
	assert_true(d->mem[1].direct_map);
	assert_int_equal(pa_val(d->mem[1].pa), 0x50000000);
}

static void defaults(void **state)
{
	(void)state;
	accepted(
		"hypervisor { console = \"serial0\"; on-panic = \"halt\"; on-last-domain-off = \"reset\"; "
		"boot-memory = \"clean\";\n watchdog = \"/wdt@1\"; watchdog-timeout-ms = <5000>; create-timeout-ms = <7000>; scrub-when-idle; };",
		"");
	assert_false(sys.scrub_when_idle);
	assert_int_equal(sys.on_panic, CFG_PANIC_RESET);
	assert_int_equal(sys.on_last_domain_off, CFG_LAST_OFF);
	assert_false(sys.boot_memory_clean);
	assert_string_equal(sys.console, "");
	assert_string_equal(sys.watchdog, "");
	/* 2 MiB blocks only where reg and zone allow them. */
	accepted("reg = <0 0x40000000 0 0x4000000>; zone = <&low>;",
		 "reg = <0 0x40000000 0 0x4001000>; zone = <&low>;");
	assert_int_equal(sys.domains[1].mem[0].order, 0);
	accepted("max-order = <9>", "max-order = <8>");
	assert_int_equal(sys.domains[1].mem[0].order, 0);
}

static void unknown_words(void **state)
{
	(void)state;
	refused("cpus = <3>;", "cpu = <3>;", FH_EINVAL, "/domains/rear/cpu: unknown property, did you mean cpus?");
	refused("manual-start;", "autostart-please;", FH_EINVAL, "/domains/rear/autostart-please: unknown property");
	refused("max-order", "max-ordr", FH_EINVAL,
		"/zones/pool/low@80000000/max-ordr: unknown property, did you mean max-order?");
	refused("reg = <0 0x5f800000 0 0x800000>;", "reg = <0 0x5f800000 0 0x800000>; max-order = <9>;", FH_EINVAL,
		"/zones/hyp@5f800000/max-order: unknown property");
	refused("compatible = ", "version = <1>; compatible = ", FH_EINVAL, "/version: unknown property");
	refused("path = \"/pl031", "paht = \"/pl031", FH_EINVAL,
		"/domains/front/devices/rtc/paht: unknown property, did you mean path?");
	refused("static = <0 0x6", "statik = <0 0x6", FH_EINVAL,
		"/domains/front/memory@40000000/statik: unknown property, did you mean static?");
	refused("zones {", "zone { }; zones {", FH_EINVAL, "/zone: unknown node, did you mean zones?");
	refused("devices { rtc", "device { rtc", FH_EINVAL,
		"/domains/front/device: unknown node, did you mean devices?");
}

static void unknown_nodes(void **state)
{
	(void)state;
	refused("rtc { path = \"/pl031@9010000\"; }", "rtc { path = \"/pl031@9010000\"; more { }; }", FH_EINVAL,
		"/domains/front/devices/rtc/more: unknown node");
	refused("direct-map; }", "direct-map; more { }; }", FH_EINVAL,
		"/domains/rear/memory@50000000/more: unknown node");
	refused("scrub-when-idle; }", "x { }; }", FH_EINVAL, "/hypervisor/x: unknown node");
}

static void wrong_values(void **state)
{
	(void)state;
	refused("freehold,config-v1", "freehold,config-v2", FH_EFORMAT, "/compatible: is not \"freehold,config-v1\"");
	refused("\"halt\"", "\"explode\"", FH_EINVAL, "/hypervisor/on-panic: \"explode\" is none of reset, off, halt");
	refused("\"halt\"", "<1>", FH_EINVAL, "/hypervisor/on-panic: \"?\" is none of reset, off, halt");
	refused("\"blue\"", "\"black\"", FH_EINVAL,
		"/domains/front/color: \"black\" is none of red, green, yellow, blue, magenta, cyan");
	refused("<5000>", "<50>", FH_EINVAL, "/hypervisor/watchdog-timeout-ms: 50 is not within 100 to 3600000");
	refused("watchdog = \"/wdt@1\";", "", FH_EINVAL, "/hypervisor/watchdog-timeout-ms: there is no watchdog");
	refused("max-order = <9>", "max-order = <19>", FH_EINVAL,
		"/zones/pool/low@80000000/max-order: 19 is not within 0 to 18");
	refused("max-order = <9>", "max-order = [09]", FH_EINVAL,
		"/zones/pool/low@80000000/max-order: must be one number");
}

/* dtc takes no such name: it is put into the blob. */
static void a_name_that_is_none(void **state)
{
	static const char wrong[] = { 0x1b, '\n', '/', ' ', (char)0xc2 };
	size_t size;
	unsigned char *blob = dts_compile(good, &size);
	unsigned char *name = memmem(blob, size, "\0\0\0\1rear", 9);

	(void)state;
	assert_non_null(name);
	for (uint32_t i = 0; i < sizeof(wrong); i++) {
		name[5] = (unsigned char)wrong[i];
		assert_int_equal(config_parse(blob, size, &sys, &error), FH_EINVAL);
		assert_non_null(strstr(error.text, "its name has a character that is not"));
	}
	memcpy(name + 4, ".ear", 4);
	assert_int_equal(config_parse(blob, size, &sys, &error), FH_EINVAL);
	assert_non_null(strstr(error.text, "its name has a character that is not"));
	memcpy(name + 4, "r.1r", 4);
	assert_int_equal(config_parse(blob, size, &sys, &error), FH_OK);
	free(blob);
}

static void wrong_shapes(void **state)
{
	(void)state;
	refused("manual-start;", "manual-start = <1>;", FH_EINVAL,
		"/domains/rear/manual-start: is a flag and takes no value");
	refused("\"app.bin\"", "\"a\", \"b\"", FH_EINVAL, "/domains/rear/kernel: must be one string that is not empty");
	refused("\"app.bin\"", "\"\"", FH_EINVAL, "/domains/rear/kernel: must be one string that is not empty");
	refused("\"app.bin\"", "\"0123456789012345678901234567890123456789012345678901234567890123\"", FH_EOVERFLOW,
		"/domains/rear/kernel: is longer than 63 characters");
	refused("\"app.bin\"", "[1b 5b 32 4a 00]", FH_EINVAL,
		"/domains/rear/kernel: has a character that is not one of ASCII's printable ones");
	refused("load-address = <0x40200000>", "load-address = <1 2 3>", FH_EINVAL,
		"/domains/front/load-address: must be one address, of one or two cells");
	refused("cpus = <3>", "cpus = \"abc\"", FH_EINVAL,
		"/domains/rear/cpus: CPU 1633837824: 0 to 63 can be named (CONFIG_MAX_CPUS)");
	refused("cpus = <3>", "cpus = [00 01 02]", FH_EINVAL,
		"/domains/rear/cpus: must be a list of numbers, such as <2 3>");
	refused("cpus = <3>", "cpus", FH_EINVAL, "/domains/rear/cpus: must be a list of numbers, such as <2 3>");
	refused("cpus = <3>;", "", FH_ENOENT, "/domains/rear/cpus: is missing: a domain needs a CPU");
}

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
	refused("0xb0000000 0 0x10000000>", "0xafff0000 0 0x10000000>", FH_EEXIST,
		"/zones/pool/upper/b: RAM 0xafff0000 to 0xbffeffff overlaps /zones/pool/upper/a (0xa0000000 to 0xafffffff)");
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
	refused("reg = <0 0x50000000 0 0x100000>", "reg = <0 0x60000000 0 0x100000>", FH_EEXIST,
		"/domains/rear/memory@60000000: RAM 0x60000000 to 0x600fffff overlaps /domains/front/memory@40000000 "
		"(0x60000000 to 0x7fffffff)");
	refused("reg = <0 0x80000000 0 0x200000>", "reg = <0 0x5ffff000 0 0x200000>", FH_EEXIST,
		"/domains/front/memory@40000000/reg: overlaps memory@5ffff000 of the same domain");
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
	refused("reg = <0 0x40000000 0 0x4000000>; zone = <&low>;",
		"reg = <0 0xc0000000 0 0x40000000>; zone = <&low>; block-size = <0x40000000>;", FH_EINVAL,
		"/domains/rear/memory@40000000/block-size: zone low has no blocks of 0x40000000");
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
	refused("<0 0xc0000000 0 0x800000>", "<0 0x40000000 0 0x800000>", FH_EEXIST,
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
		"claims@0 { reg = <0 0x80000000 0 0x200000>; limit = <0x1000>; zones = <&low>; }; "
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
		sprintf(source + strlen(source), "memory@%d { reg = <0x%d0000000 0x1000>; direct-map; };", i, 9 - i);
	}
	strcat(source, "}; }; };");
	assert_int_equal(parse(source), FH_EOVERFLOW);
	assert_string_equal(error.text, "/domains/x/memory@8: more than 8 ranges of memory");
	free(source);
}

static void damaged_trees(void **state)
{
	size_t size;
	unsigned char *blob = dts_compile(good, &size);

	(void)state;
	assert_int_equal(config_parse(blob, 20, &sys, &error), FH_EFORMAT);
	assert_string_equal(error.text, "the tree is truncated: 20 bytes");
	assert_int_equal(config_parse(blob, size - 1U, &sys, &error), FH_EFORMAT);
	assert_non_null(strstr(error.text, "the tree is truncated: its header tells"));
	blob[100] ^= 0xffU;
	for (size_t at = 0; at < size; at++) {
		const unsigned char was = blob[at];

		blob[at] = (unsigned char)~was;
		error.text[0] = '\0';
		if (config_parse(blob, size, &sys, &error) != FH_OK) {
			assert_true(error.text[0] != '\0' && strlen(error.text) < sizeof(error.text));
		}
		blob[at] = was;
	}
	blob[0] = 0;
	assert_int_equal(config_parse(blob, size, &sys, &error), FH_EFORMAT);
	assert_string_equal(error.text, "not a device tree: it begins with 0x000dfeed");
	free(blob);
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

static bool only_image(const void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "Image") == 0;
}

static bool any_file(const void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return true;
}

static void files(void **state)
{
	(void)state;
	assert_int_equal(parse(good), FH_OK);
	assert_int_equal(config_check_files(&sys, any_file, NULL, &error), FH_OK);
	assert_int_equal(config_check_files(&sys, only_image, NULL, &error), FH_ENOENT);
	assert_string_equal(error.text, "/domains/front/ramdisk: the payload has no file rd");
}

static void boards(void **state)
{
	struct cfg_board b = { .nr_cpus = 4, .nr_ram = 1, .ram = { { 0x40000000, 0x80000000 } } };
	struct cfg_board bad;

	(void)state;
	assert_int_equal(parse(good), FH_OK);
	assert_int_equal(config_check_board(&sys, &b, &error), FH_OK);
#define ON_BOARD(change, want, message)                                                                                \
	do {                                                                                                           \
		bad = b;                                                                                               \
		change;                                                                                                \
		assert_int_equal(config_check_board(&sys, &bad, &error), want);                                        \
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
	"  reg = <0 0x8000000 0 0x10000>, <0 0x80a0000 0 0xf60000>; };"
	" uart@9000000 { compatible = \"arm,pl011\"; reg = <0 0x9000000 0 0x1000>; interrupts = <0 1 4>; };"
	" rtc@9010000 { compatible = \"arm,pl031\"; reg = <0 0x9010000 0 0x1000>; interrupts = <0 2 4>; };"
	" twin@9010800 { compatible = \"arm,pl031\"; reg = <0 0x9010800 0 0x100>; interrupts = <0 3 4>; };"
	" line@9020000 { compatible = \"arm,pl031\"; reg = <0 0x9020000 0 0x1000>; interrupts = <0 2 4>; };"
	" ppi@9030000 { compatible = \"arm,pl031\"; reg = <0 0x9030000 0 0x1000>; interrupts = <1 2 4>; };"
	" ram@41000000 { compatible = \"arm,pl031\"; reg = <0 0x41000000 0 0x1000>; interrupts = <0 4 4>; };"
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
	assert_int_equal(config_check_board(&sys, &b, &error), FH_EOVERFLOW);
	assert_string_equal(error.text, "/domains/rear/cpus: 9 vCPUs, but the board's GICv2 serves 8");
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
		{ "/ram@41000000", "/rtc", false, FH_EEXIST,
		  "/domains/front/devices: /ram@41000000: its registers lie in the domain's own memory" },
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
		sys.domains[0].nr_devices = 1;
		sys.domains[0].devices[0] = give(cases[i].front, false);
		sys.domains[1].nr_devices = 1;
		sys.domains[1].devices[0] = give(cases[i].rear, cases[i].allow);
		error.text[0] = '\0';
		assert_int_equal(config_check_devices(&sys, &t, &error), cases[i].want);
		assert_string_equal(error.text, cases[i].message);
	}
	strcpy(sys.watchdog, "/dog@1");
	assert_int_equal(config_check_devices(&sys, &t, &error), FH_ENOENT);
	assert_string_equal(error.text, "/hypervisor/watchdog: /dog@1: the board has no such device");
	strcpy(sys.console, "serial7");
	assert_int_equal(config_check_devices(&sys, &t, &error), FH_ENOENT);
	assert_string_equal(error.text, "/hypervisor/console: serial7: the board has no such device");
	free((void *)(uintptr_t)t.blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hypervisor_and_zones),
		cmocka_unit_test(domains),
		cmocka_unit_test(defaults),
		cmocka_unit_test(unknown_words),
		cmocka_unit_test(unknown_nodes),
		cmocka_unit_test(wrong_values),
		cmocka_unit_test(a_name_that_is_none),
		cmocka_unit_test(wrong_shapes),
		cmocka_unit_test(zones),
		cmocka_unit_test(memory),
		cmocka_unit_test(claims),
		cmocka_unit_test(whole_domains),
		cmocka_unit_test(too_many),
		cmocka_unit_test(damaged_trees),
		cmocka_unit_test(what_follows),
		cmocka_unit_test(control),
		cmocka_unit_test(files),
		cmocka_unit_test(boards),
		cmocka_unit_test(devices),
		cmocka_unit_test(board_with_a_gicv2),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
