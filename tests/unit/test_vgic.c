/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/vgic_machine.c tests/unit/vgic_cases.c
/* The virtual GIC's registers: what reads back, what is reserved, which sizes. */
#include "tests/unit/vgic_cases.h"

static void refuses(void **state)
{
	struct vgic bad;

	(void)state;
	assert_int_equal(vgic_init(&bad, 0, 32), FH_EINVAL);
	assert_int_equal(vgic_init(&bad, VGIC_MAX_VCPUS + 1U, 32), FH_EINVAL);
	assert_int_equal(vgic_init(&bad, 1, 0), FH_EINVAL);
	assert_int_equal(vgic_init(&bad, 1, 33), FH_EINVAL);
	assert_int_equal(vgic_init(&bad, 1, VGIC_MAX_SPIS + 32U), FH_EINVAL);
	assert_int_equal(vgic_map_hw(&g, 3, false), FH_EINVAL);
	assert_int_equal(vgic_map_hw(&g, 32U + NR_SPIS, false), FH_EINVAL);
	assert_int_equal(vgic_map_hw(&g, UINT32_MAX, false), FH_EINVAL);
	assert_false(vgic_inject_hw_ppi(&cpus[0], 28));
	assert_false(vgic_inject_hw_ppi(&cpus[0], 32));
	assert_false(vgic_inject_hw_spi(&g, 41));
	assert_false(vgic_inject_hw_spi(&g, 27));
	assert_false(vgic_inject_hw_spi(&g, 5000));
}

static void dist_identity(void **state)
{
	(void)state;
	assert_int_equal(dist_read(0x0, 4), 0x50);
	assert_int_equal(dist_read(0x4, 4) & 0x1f, NR_SPIS / 32U);
	assert_int_equal(dist_read(0x4, 4) >> 16 & 3, 0); /* no MBIS, no LPIs */
	assert_int_equal(dist_read(0x4, 4) >> 10 & 1, 0); /* one security state */
	assert_int_equal(dist_read(0x4, 4) >> 25 & 1, 1); /* no 1-of-N */
	assert_int_equal(dist_read(0xffe8, 4) >> 4 & 0xf, 3);
	dist_write(0x0, 4, UINT32_MAX);
	assert_int_equal(dist_read(0x0, 4), 0x53);
	dist_write(0x4, 4, 0);
	assert_int_equal(dist_read(0x4, 4) & 0x1f, NR_SPIS / 32U);
}

static void wrong_sizes_fault(void **state)
{
	static const struct {
		uint64_t off;
		uint32_t size;
	} bad[] = { { 0x0, 1 },   { 0x0, 8 },   { 0x104, 2 },  { 0x104, 1 },  { 0x100, 8 },  { 0x400, 2 },
		    { 0x420, 8 }, { 0xc08, 1 }, { 0x6100, 1 }, { 0x6100, 2 }, { 0xffe8, 8 }, { VGIC_DIST_SIZE, 4 } };
	static const struct {
		uint64_t off;
		uint32_t size;
	} bad_redist[] = { { 0x0, 1 },     { 0x0, 8 },     { 0x14, 2 },    { 0x10100, 1 },
			   { 0x10100, 8 }, { 0x10400, 2 }, { 0x10c00, 1 }, { NR_VCPUS * VGIC_REDIST_STRIDE, 4 } };
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(vgic_dist_ops.read(&g, 0, bad[i].off, bad[i].size, &v), VDEV_FAULT);
		assert_int_equal(vgic_dist_ops.write(&g, 0, bad[i].off, bad[i].size, 1), VDEV_FAULT);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad_redist); i++) {
		assert_int_equal(vgic_redist_ops.read(&g, 0, bad_redist[i].off, bad_redist[i].size, &v), VDEV_FAULT);
		assert_int_equal(vgic_redist_ops.write(&g, 0, bad_redist[i].off, bad_redist[i].size, 1), VDEV_FAULT);
	}
}

/* Reserved registers, word 0 of the distributor and what lies beyond the last SPI read 0 and ignore writes. */
static void reserved_is_raz_wi(void **state)
{
	static const uint64_t offs[] = { 0x10,  0x40,   0x80,   0x100,  0x180,  0x200,  0x280,  0x300, 0x380,
					 0x400, 0x800,  0xc00,  0xc04,  0xd04,  0xe00,  0xf00,  0x10c, 0x46c,
					 0xc20, 0x6000, 0x60f8, 0x6300, 0x8000, 0xa000, 0xc000, 0xffdc };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(offs); i++) {
		dist_write(offs[i], 4, UINT32_MAX);
		assert_int_equal(dist_read(offs[i], 4), 0);
	}
	assert_int_equal(dist_read(0x820, 1), 0);
	redist_write(0x70, 8, UINT64_MAX);
	assert_int_equal(redist_read(0x70, 8), 0);
	redist_write(0, 4, UINT32_MAX);
	assert_int_equal(redist_read(0, 4), 0);
	redist_write(0x10104, 4, UINT32_MAX);
	assert_int_equal(redist_read(0x10104, 4), 0);
}

static void words_and_bytes(void **state)
{
	(void)state;
	dist_write(0x104, 4, 0xf0f0);
	assert_int_equal(dist_read(0x104, 4), 0xf0f0);
	assert_int_equal(dist_read(0x184, 4), 0xf0f0);
	dist_write(0x184, 4, 0x00f0);
	assert_int_equal(dist_read(0x104, 4), 0xf000);
	/* Five bits of priority. */
	dist_write(0x424, 4, 0xff804781);
	assert_int_equal(dist_read(0x424, 4), 0xf8804080);
	assert_int_equal(dist_read(0x426, 1), 0x80);
	dist_write(0x425, 1, 0x18);
	assert_int_equal(dist_read(0x424, 4), 0xf8801880);
	dist_write(0xc08, 4, 0xffffffff);
	assert_int_equal(dist_read(0xc08, 4), 0xaaaaaaaa & ~UINT64_C(0x20000));
	dist_write(0xc0c, 4, 0x00000008);
	assert_int_equal(dist_read(0xc0c, 4), 0x8);
}

/* The trigger of an SPI that is backed by hardware is the board's. */
static void hw_trigger_is_fixed(void **state)
{
	(void)state;
	dist_write(0xc08, 4, 0xaaaaaaaa);
	assert_int_equal(dist_read(0xc08, 4), 0xaaa8aaaa);
}

static void routes(void **state)
{
	(void)state;
	dist_write(0x6100, 8, UINT64_C(0x0000001280030201));
	assert_int_equal(dist_read(0x6100, 8), UINT64_C(0x1200030201));
	assert_int_equal(dist_read(0x6100, 4), 0x030201);
	assert_int_equal(dist_read(0x6104, 4), 0x12);
	dist_write(0x6104, 4, 0);
	dist_write(0x6100, 4, 2);
	assert_int_equal(dist_read(0x6100, 8), 2);
	assert_int_equal(cpus[2].mine[0] & 1, 1);
	assert_int_equal(cpus[0].mine[0] & 1, 0);
	dist_write(0x6000 + 8U * RTC, 8, 3);
	assert_int_equal(machine.route[RTC], 3);
}

static void redist_registers(void **state)
{
	(void)state;
	for (uint32_t v = 0; v < NR_VCPUS; v++) {
		const uint64_t base = v * VGIC_REDIST_STRIDE;
		const uint64_t typer = redist_read(base + 8, 8);

		assert_int_equal(typer >> 32, v);
		assert_int_equal(typer >> 8 & 0xffff, v);
		assert_int_equal(typer >> 4 & 1, v == NR_VCPUS - 1U);
		assert_int_equal(redist_read(base + 0xc, 4), v);
		assert_int_equal(redist_read(base + 0xffe8, 4) >> 4, 3);
	}
	redist_write(0x14, 4, 2);
	assert_int_equal(redist_read(0x14, 4), 6);
	redist_write(0x14, 4, 0);
	assert_int_equal(redist_read(0x14, 4), 0);
	redist_write(0x10c00, 4, 0);
	assert_int_equal(redist_read(0x10c00, 4), 0xaaaaaaaa);
	redist_write(0x10c04, 4, 0xffffffff);
	assert_int_equal(redist_read(0x10c04, 4), 0xaaaaaaaa & ~(UINT64_C(2) << (11U * 2U)));
	redist_write(SGI_FRAME(2) + 0x41c, 1, 0x48);
	assert_int_equal(redist_read(SGI_FRAME(2) + 0x41c, 4), 0x48);
	assert_int_equal(redist_read(SGI_FRAME(1) + 0x41c, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(refuses, set_up),
		cmocka_unit_test_setup(dist_identity, set_up),
		cmocka_unit_test_setup(wrong_sizes_fault, set_up),
		cmocka_unit_test_setup(reserved_is_raz_wi, set_up),
		cmocka_unit_test_setup(words_and_bytes, set_up),
		cmocka_unit_test_setup(hw_trigger_is_fixed, set_up),
		cmocka_unit_test_setup(routes, set_up),
		cmocka_unit_test_setup(redist_registers, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
