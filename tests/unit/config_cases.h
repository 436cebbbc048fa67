/* SPDX-License-Identifier: MIT */
/* One good configuration, and one change at a time: what the cases of test_config*.c do. */
#ifndef TESTS_UNIT_CONFIG_CASES_H
#define TESTS_UNIT_CONFIG_CASES_H

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
	" watchdog = \"/wdt@1\"; watchdog-timeout-ms = <5000>; create-timeout-ms = <7000>; claim-wait-max-ms = <0>;\n"
	" scrub-when-idle;\n"
	" devices { spare { path = \"/pl061@9030000\"; }; }; };\n"
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

static inline fh_status parse(const char *source)
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
static inline char *changed(const char *from, const char *to)
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

static inline void refused(const char *from, const char *to, fh_status want, const char *message)
{
	char *source = changed(from, to);
	const fh_status status = parse(source);

	if (status != want || strcmp(error.text, message) != 0) {
		fail_msg("'%s' -> '%s': %s: '%s', not '%s'", from, to, fh_status_str(status), error.text, message);
	}
	free(source);
}

#endif
