/* SPDX-License-Identifier: MIT */
// SOURCES: core/config/*.c core/fdt/*.c core/log/fmt.c core/base/status.c
// LIBS: -lfdt
/* The reader of the configuration: each refusal's status and its whole message. */
#include <libfdt.h>

#include "tests/unit/config_cases.h"

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
	assert_int_equal(sys.wait_max_ms, 0);
	assert_int_equal(sys.nr_devices, 1);
	assert_string_equal(sys.devices[0].path, "/pl061@9030000");

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
		"boot-memory = \"clean\";\n watchdog = \"/wdt@1\"; watchdog-timeout-ms = <5000>; create-timeout-ms = <7000>; claim-wait-max-ms = <0>;\n"
		" scrub-when-idle;\n"
		" devices { spare { path = \"/pl061@9030000\"; }; }; };",
		"");
	assert_int_equal(sys.nr_devices, 0);
	assert_false(sys.scrub_when_idle);
	assert_int_equal(sys.wait_max_ms, 600000);
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

/* What dtc does not make. */
static void a_property_stands_once(void **state)
{
	static FH_ALIGNED(8) char blob[4096];

	(void)state;
	for (uint32_t nr = 1; nr <= 2U; nr++) {
		assert_int_equal(fdt_create(blob, sizeof(blob)), 0);
		assert_int_equal(fdt_finish_reservemap(blob), 0);
		assert_int_equal(fdt_begin_node(blob, ""), 0);
		assert_int_equal(fdt_property_string(blob, "compatible", "freehold,config-v1"), 0);
		for (uint32_t i = 0; i < nr; i++) {
			assert_int_equal(fdt_property_u32(blob, "#address-cells", 1), 0);
		}
		assert_int_equal(fdt_end_node(blob), 0);
		assert_int_equal(fdt_finish(blob), 0);
		assert_int_equal(config_parse(blob, fdt_totalsize(blob), &sys, &error),
				 nr == 1U ? FH_ENOENT : FH_EEXIST);
		assert_string_equal(error.text, nr == 1U ?
							"/zones: is missing: stage-2 tables need a zone hyp@ADDRESS" :
							"/#address-cells: stands twice");
	}
}

static void unknown_nodes(void **state)
{
	(void)state;
	refused("rtc { path = \"/pl031@9010000\"; }", "rtc { path = \"/pl031@9010000\"; more { }; }", FH_EINVAL,
		"/domains/front/devices/rtc/more: unknown node");
	refused("direct-map; }", "direct-map; more { }; }", FH_EINVAL,
		"/domains/rear/memory@50000000/more: unknown node");
	refused("devices { spare", "device { spare", FH_EINVAL,
		"/hypervisor/device: unknown node, did you mean devices?");
	refused("path = \"/pl061@9030000\";", "path = \"/pl061@9030000\"; allow-unprotected-dma;", FH_EINVAL,
		"/hypervisor/devices/spare/allow-unprotected-dma: unknown property");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hypervisor_and_zones),
		cmocka_unit_test(domains),
		cmocka_unit_test(defaults),
		cmocka_unit_test(unknown_words),
		cmocka_unit_test(unknown_nodes),
		cmocka_unit_test(a_property_stands_once),
		cmocka_unit_test(wrong_values),
		cmocka_unit_test(a_name_that_is_none),
		cmocka_unit_test(wrong_shapes),
		cmocka_unit_test(damaged_trees),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
