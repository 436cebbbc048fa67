/* SPDX-License-Identifier: MIT */
// SOURCES: core/fdt/*.c core/base/status.c
// LIBS: -lfdt
/* The index over trees that dtc compiles, over every truncation of one, and over single damaged bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "core/fdt/board.h"
#include "tests/unit/dts.h"

static const char source[] =
	"/dts-v1/; /memreserve/ 0x47000000 0x3000; /memreserve/ 0x1000 0x1000;"
	"/ { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;"
	" aliases { serial0 = \"/soc/uart@1000\"; far = \"/nowhere\"; loop = \"loop\"; };"
	" chosen { stdout-path = \"serial0:115200n8\"; };"
	" memory@80000000 { device_type = \"memory\"; reg = <0 0x80000000 0 0x10000000>, <1 0 0 0x1000>; };"
	" memory@90000000 { device_type = \"memory\"; reg = <0 0x90000000 0 0x1000>; };"
	" memory@a0000000 { device_type = \"memory\"; status = \"disabled\"; reg = <0 0xa0000000 0 0x1000>; };"
	" reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges;"
	"  fw@81000000 { reg = <0 0x81000000 0 0x1000>, <0 0x82000000 0 0x2000>; }; dynamic { size = <0 0x1000>; }; };"
	" cpus { #address-cells = <1>; #size-cells = <0>; cpu-map { };"
	"  cpu@0 { device_type = \"cpu\"; reg = <0>; }; cpu@1 { device_type = \"cpu\"; reg = <1>; status = \"fail\"; };"
	"  cpu@100 { device_type = \"cpu\"; reg = <0x100>; }; };"
	" gic: intc@8000000 { compatible = \"arm,gic-v3\"; interrupt-controller; #interrupt-cells = <3>;"
	"  reg = <0 0x8000000 0 0x10000>, <0 0x80a0000 0 0xf60000>; };"
	" gpio: other-intc { interrupt-controller; #interrupt-cells = <2>; };"
	" soc { compatible = \"simple-bus\"; #address-cells = <1>; #size-cells = <1>;"
	"  ranges = <0 0 0x10000000 0x10000>, <0x100000 1 0x20000000 0x1000>;"
	"  uart@1000 { compatible = \"vendor,u\", \"ns16550a\"; reg = <0x1000 0x100>; interrupts = <0 9 4>; };"
	"  high@100000 { compatible = \"arm,pl031\"; reg = <0x100000 0x1000>; interrupts-extended = <&gpio 1 2>,"
	"   <&gic 0 5 1>; };"
	"  ext@3000 { compatible = \"arm,pl031\"; reg = <0x3000 0x1000>; interrupts-extended = <&gic 1 5 4>, <&gic 0 5 1>; };"
	"  out@f000 { reg = <0xf000 0x2000>; };"
	"  dma@2000 { compatible = \"arm,pl330\"; reg = <0x2000 0x100>; status = \"disabled\"; };"
	"  coherent@4000 { compatible = \"arm,pl011\"; dma-coherent; reg = <0x4000 0x100>; interrupts = <0 600 4>; };"
	" };"
	" island { #address-cells = <1>; #size-cells = <1>; dev@0 { reg = <0 0x100>; }; };"
	" values { one = <7>; two = <1 2>; three = <1 2 3>; str = \"text\"; list = \"a\", \"bc\"; raw = [61 62]; flag; };"
	"};";

static struct fdt_node nodes[64];
static struct fdt_index t;
static unsigned char *blob;
static size_t blob_size;

static int setup(void **state)
{
	(void)state;
	if (blob == NULL) {
		blob = dts_compile(source, &blob_size);
	}
	return fdt_index_build(blob, blob_size, nodes, 64, &t) == FH_OK ? 0 : -1;
}

static void nodes_are_found(void **state)
{
	char path[64];

	(void)state;
	for (uint16_t n = 0; n < t.nr_nodes; n++) {
		fdt_node_path(&t, n, path, sizeof(path));
		assert_int_equal(fdt_find(&t, path), n);
	}
	assert_int_equal(fdt_find(&t, "/soc/uart"), fdt_find(&t, "/soc/uart@1000"));
	assert_int_equal(fdt_find(&t, "//soc//uart/"), fdt_find(&t, "/soc/uart@1000"));
	assert_int_equal(fdt_find(&t, "serial0"), fdt_find(&t, "/soc/uart@1000"));
	assert_int_equal(fdt_find(&t, "serial0:9600"), fdt_find(&t, "/soc/uart@1000"));
	assert_int_equal(fdt_find(&t, "far"), FDT_NO_NODE);
	assert_int_equal(fdt_find(&t, "loop"), FDT_NO_NODE);
	assert_int_equal(fdt_find(&t, "none"), FDT_NO_NODE);
	assert_int_equal(fdt_find(&t, ""), FDT_NO_NODE);
	assert_int_equal(fdt_find(&t, "/so"), FDT_NO_NODE);
	assert_int_equal(fdt_find(&t, "/soc/uart@2000"), FDT_NO_NODE);
	assert_int_equal(fdt_by_phandle(&t, 0), FDT_NO_NODE);
	assert_int_equal(fdt_by_phandle(&t, 0x77), FDT_NO_NODE);
	assert_int_equal(fdt_by_phandle(&t, t.nodes[fdt_find(&t, "/intc")].phandle), fdt_find(&t, "/intc"));
	fdt_node_path(&t, fdt_find(&t, "serial0"), path, 10);
	assert_string_equal(path, "/soc/u...");
}

static void compatible_nodes_come_in_order(void **state)
{
	uint16_t n = fdt_next_compatible(&t, FDT_NO_NODE, "arm,pl031");

	(void)state;
	assert_string_equal(fdt_node_name(&t, n), "high@100000");
	n = fdt_next_compatible(&t, n, "arm,pl031");
	assert_string_equal(fdt_node_name(&t, n), "ext@3000");
	assert_int_equal(fdt_next_compatible(&t, n, "arm,pl031"), FDT_NO_NODE);
}

static void values(void **state)
{
	const uint16_t n = fdt_find(&t, "/values");
	uint32_t u32;
	uint64_t u64;
	const char *s;
	struct fdt_prop p;

	(void)state;
	assert_int_equal(fdt_u32(&t, n, "one", &u32), FH_OK);
	assert_int_equal(u32, 7);
	assert_int_equal(fdt_u32(&t, n, "two", &u32), FH_EFORMAT);
	assert_int_equal(fdt_u32(&t, n, "no", &u32), FH_ENOENT);
	assert_int_equal(fdt_u64(&t, n, "two", &u64), FH_OK);
	assert_int_equal(u64, 0x100000002);
	assert_int_equal(fdt_u64(&t, n, "three", &u64), FH_EFORMAT);
	assert_int_equal(fdt_str(&t, n, "str", &s), FH_OK);
	assert_string_equal(s, "text");
	assert_int_equal(fdt_str(&t, n, "list", &s), FH_EFORMAT);
	assert_int_equal(fdt_str(&t, n, "raw", &s), FH_EFORMAT);
	assert_int_equal(fdt_str(&t, n, "flag", &s), FH_EFORMAT);
	assert_true(fdt_has(&t, n, "flag"));
	assert_true(fdt_strlist_has(&t, n, "list", "bc"));
	assert_false(fdt_strlist_has(&t, n, "list", "b"));
	assert_false(fdt_strlist_has(&t, n, "list", "c"));
	assert_false(fdt_strlist_has(&t, n, "raw", "ab"));
	uint32_t at = 0;

	for (uint32_t i = 0; i < 7U; i++) {
		assert_true(fdt_next_prop(&t, n, &at, &s, &p));
	}
	assert_string_equal(s, "flag");
	assert_false(fdt_next_prop(&t, n, &at, &s, &p));
	assert_false(fdt_next_prop(&t, n, &at, &s, &p));
}

static void registers_are_translated(void **state)
{
	struct range r;

	(void)state;
	assert_int_equal(fdt_reg(&t, fdt_find(&t, "/soc/uart"), 0, &r), FH_OK);
	assert_int_equal(r.base, 0x10001000);
	assert_int_equal(r.size, 0x100);
	assert_int_equal(fdt_reg(&t, fdt_find(&t, "/soc/high"), 0, &r), FH_OK);
	assert_int_equal(r.base, 0x120000000);
	assert_int_equal(fdt_reg(&t, fdt_find(&t, "/soc/uart"), 1, &r), FH_ENOENT);
	assert_int_equal(fdt_reg(&t, fdt_find(&t, "/soc/out"), 0, &r), FH_EINVAL);
	assert_int_equal(fdt_reg(&t, fdt_find(&t, "/island/dev"), 0, &r), FH_EINVAL);
	assert_int_equal(fdt_reg(&t, fdt_find(&t, "/values"), 0, &r), FH_ENOENT);
	assert_int_equal(fdt_reg(&t, 0, 0, &r), FH_ENOENT);
	assert_int_equal(fdt_reg_local(&t, fdt_find(&t, "/soc/uart"), 0, 0x100, &r), FH_OK);
	assert_int_equal(r.base, 0x1000);
	assert_int_equal(fdt_reg_local(&t, fdt_find(&t, "/soc/uart"), 0, 0x1000, &r), FH_EALIGN);
}

static void a_board(void **state)
{
	struct range r[8];
	const struct range own = { 0x47000000, 0x1000 };
	uint32_t nr;
	uint64_t mpidr;

	(void)state;
	assert_int_equal(board_ram(&t, r, 8, &nr), FH_OK);
	assert_int_equal(nr, 2);
	assert_int_equal(r[0].base, 0x80000000);
	assert_int_equal(r[0].size, 0x10001000);
	assert_int_equal(r[1].base, 0x100000000);
	assert_int_equal(board_ram(&t, r, 1, &nr), FH_EOVERFLOW);

	assert_int_equal(board_reserved(&t, NULL, 0, r, 8, &nr), FH_OK);
	assert_int_equal(nr, 4);
	assert_int_equal(board_reserved(&t, &own, 1, r, 8, &nr), FH_OK);
	assert_int_equal(nr, 3);
	assert_int_equal(r[0].base, 0x1000);
	assert_int_equal(r[2].base, 0x82000000);
	assert_int_equal(board_reserved(&t, NULL, 0, r, 3, &nr), FH_EOVERFLOW);

	assert_int_equal(board_cpu_mpidr(&t, board_cpu(&t, 0), &mpidr), FH_OK);
	assert_int_equal(mpidr, 0);
	assert_int_equal(board_cpu_mpidr(&t, board_cpu(&t, 1), &mpidr), FH_OK);
	assert_int_equal(mpidr, 0x100);
	assert_int_equal(board_cpu(&t, 2), FDT_NO_NODE);
	assert_int_equal(board_console(&t, ""), fdt_find(&t, "/soc/uart"));
	assert_int_equal(board_console(&t, "/intc"), fdt_find(&t, "/intc"));
}

static void devices(void **state)
{
	struct board_device d;
	const char *why = NULL;

	(void)state;
	assert_int_equal(board_device(&t, "serial0", &d, &why), FH_OK);
	assert_int_equal(d.nr_regs, 1);
	assert_int_equal(d.nr_irqs, 1);
	assert_int_equal(d.irqs[0].intid, 41);
	assert_false(d.irqs[0].edge);
	assert_false(d.dma);
	assert_int_equal(board_device(&t, "/soc/ext", &d, &why), FH_OK);
	assert_int_equal(d.nr_irqs, 2);
	assert_int_equal(d.irqs[0].intid, 21);
	assert_int_equal(d.irqs[1].intid, 37);
	assert_true(d.irqs[1].edge);
	assert_int_equal(board_device(&t, "/soc/coherent", &d, &why), FH_OK);
	assert_true(d.dma);
	assert_int_equal(board_device(&t, "/soc/high", &d, &why), FH_ENOTSUP);
	assert_non_null(strstr(why, "GIC"));
	assert_int_equal(board_device(&t, "/soc/dma", &d, &why), FH_ENOTSUP);
	assert_non_null(strstr(why, "disabled"));
	assert_int_equal(board_device(&t, "/values", &d, &why), FH_ENOTSUP);
	assert_int_equal(board_device(&t, "/soc/none", &d, &why), FH_ENOENT);
	assert_int_equal(board_device(&t, "/island/dev", &d, &why), FH_EINVAL);
}

static fh_status build_copy(const unsigned char *from, size_t size)
{
	struct fdt_node *room = malloc(64 * sizeof(*room));
	unsigned char *copy = malloc(size + 1U);
	struct fdt_index x;
	fh_status status;

	memcpy(copy, from, size);
	status = fdt_index_build(copy, size, room, 64, &x);
	if (status == FH_OK) {
		/* Everything that look-ups may touch. */
		for (uint16_t n = 0; n < x.nr_nodes; n++) {
			struct board_device d;
			struct fdt_prop p;
			const char *name;
			char path[32];

			fdt_node_path(&x, n, path, sizeof(path));
			for (uint32_t at = 0; fdt_next_prop(&x, n, &at, &name, &p);) {
				assert_true(strlen(name) < size);
				assert_true((const unsigned char *)p.data + p.len <= copy + size);
			}
			(void)(board_device_at(&x, n, &d, NULL) == FH_OK);
		}
		struct range r[8];
		uint32_t nr;

		(void)(board_ram(&x, r, 8, &nr) == FH_OK);
		(void)(board_reserved(&x, NULL, 0, r, 8, &nr) == FH_OK);
		(void)board_console(&x, "");
	}
	free(copy);
	free(room);
	return status;
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (size_t size = 0; size < blob_size; size++) {
		assert_int_equal(build_copy(blob, size), FH_EFORMAT);
	}
	assert_int_equal(build_copy(blob, blob_size), FH_OK);
}

/* No damage may be read beyond the blob; the sanitizers look on. */
static void every_damaged_byte_is_survived(void **state)
{
	static const unsigned char damage[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
	unsigned char *bad = malloc(blob_size);

	(void)state;
	for (size_t at = 0; at < blob_size; at++) {
		for (size_t i = 0; i < sizeof(damage); i++) {
			memcpy(bad, blob, blob_size);
			bad[at] = damage[i];
			(void)(build_copy(bad, blob_size) == FH_OK);
		}
	}
	free(bad);
}

/* Lengths that wrap an int, as libfdt 1.6 lets them. */
static void every_wrapping_word_is_survived(void **state)
{
	unsigned char *bad = malloc(blob_size);

	(void)state;
	for (size_t at = 0; at + 4U <= blob_size; at += 4U) {
		for (unsigned char low = 0xe0; low != 0; low = (unsigned char)(low + 4U)) {
			memcpy(bad, blob, blob_size);
			memset(bad + at, 0xff, 3);
			bad[at + 3U] = low;
			(void)(build_copy(bad, blob_size) == FH_OK);
		}
	}
	free(bad);
}

/* A name of more than 255 characters, and as many bytes behind the last string, are not looked through. */
static void names_are_short(void **state)
{
	static FH_ALIGNED(8) unsigned char d[2048];
	char name[300];

	(void)state;
	for (uint32_t len = 255; len <= 256U; len++) {
		memset(name, 'n', sizeof(name));
		name[len] = '\0';
		for (uint32_t where = 0; where < 2U; where++) {
			assert_int_equal(fdt_create(d, sizeof(d)), 0);
			assert_int_equal(fdt_finish_reservemap(d), 0);
			assert_int_equal(fdt_begin_node(d, ""), 0);
			assert_int_equal(fdt_property_u32(d, "one", 1), 0);
			assert_int_equal(fdt_begin_node(d, where == 0U ? name : "n"), 0);
			assert_int_equal(fdt_end_node(d), 0);
			assert_int_equal(fdt_end_node(d), 0);
			assert_int_equal(fdt_finish(d), 0);
			if (where == 1U) {
				memset(d + fdt_totalsize(d), 'x', len);
				fdt_set_size_dt_strings(d, fdt_size_dt_strings(d) + len);
				fdt_set_totalsize(d, fdt_totalsize(d) + len);
			}
			assert_int_equal(build_copy(d, fdt_totalsize(d)), len == 255U ? FH_OK : FH_EFORMAT);
		}
	}
}

static void bounds_of_the_index(void **state)
{
	struct fdt_node few[8];
	char deep[1024] = "/dts-v1/; / {";
	size_t size;
	unsigned char *d;
	struct fdt_index x;

	(void)state;
	assert_int_equal(fdt_index_build(blob, blob_size, few, 8, &x), FH_EOVERFLOW);
	for (int i = 0; i < 15; i++) {
		strcat(deep, "n {");
	}
	for (int i = 0; i < 15; i++) {
		strcat(deep, "};");
	}
	strcat(deep, "};");
	d = dts_compile(deep, &size);
	assert_int_equal(fdt_index_build(d, size, nodes, 64, &x), FH_OK);
	assert_int_equal(x.nr_nodes, 16);
	free(d);
	strcpy(deep, "/dts-v1/; / {");
	for (int i = 0; i < 16; i++) {
		strcat(deep, "n {");
	}
	for (int i = 0; i < 16; i++) {
		strcat(deep, "};");
	}
	strcat(deep, "};");
	d = dts_compile(deep, &size);
	assert_int_equal(fdt_index_build(d, size, nodes, 64, &x), FH_EOVERFLOW);
	free(d);
	assert_int_equal(fdt_index_build(blob + 4, blob_size - 4U, nodes, 64, &x), FH_EFORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nodes_are_found, setup),
		cmocka_unit_test_setup(compatible_nodes_come_in_order, setup),
		cmocka_unit_test_setup(values, setup),
		cmocka_unit_test_setup(registers_are_translated, setup),
		cmocka_unit_test_setup(a_board, setup),
		cmocka_unit_test_setup(devices, setup),
		cmocka_unit_test_setup(names_are_short, setup),
		cmocka_unit_test_setup(every_truncation_is_refused, setup),
		cmocka_unit_test_setup(every_damaged_byte_is_survived, setup),
		cmocka_unit_test_setup(every_wrapping_word_is_survived, setup),
		cmocka_unit_test_setup(bounds_of_the_index, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
