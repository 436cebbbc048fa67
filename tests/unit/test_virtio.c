/* SPDX-License-Identifier: MIT */
// SOURCES: core/virtio/virtq.c core/virtio/virtio.c core/virtio/vcon.c core/sync/*.c core/log/fmt.c
/* The virtio console as a driver uses it, and as an adversary does: registers, queues, ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/log/log.h"
#include "core/virtio/vcon.h"
#include "tests/unit/guest_ram.h"

#define ALL_PORTS 0x1ffU
#define QUEUE_SIZE 0x1000U /* of RAM for each queue's rings */
#define BUFFERS (RAM_BASE + 0x15000U)
#define NUM 8U

#define CONTROL_IN 2U
#define CONTROL_OUT 3U
#define PORT1_IN 4U
#define PORT1_OUT 5U

#define F_NEXT 1U
#define F_WRITE 2U
#define F_INDIRECT 4U

#define R_STATUS 0x70U
#define S_DRIVER_OK 4U
#define S_NEEDS_RESET 0x40U

uint32_t output_pending;
static struct vcon con;
static struct vgic vgic;
static bool line;

void vgic_set_level(struct vgic *g, uint32_t vcpu, uint32_t intid, bool level)
{
	(void)g;
	(void)vcpu;
	assert_int_equal(intid, 287);
	line = level;
}

static void put(uint32_t reg, uint32_t val)
{
	assert_int_equal(virtio_ops.write(&con.dev, 0, reg, 4, val), VDEV_OK);
}

static uint32_t get(uint32_t reg)
{
	uint64_t v = UINT64_MAX;

	assert_int_equal(virtio_ops.read(&con.dev, 0, reg, 4, &v), VDEV_OK);
	return (uint32_t)v;
}

/* The driver's rings of queue q. The first element of each used ring is on two pages. */
#define DESC_AT 0x200U
#define AVAIL_AT 0x600U
#define USED_AT (QUEUE_SIZE - 8U)
struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};
static uint64_t ring_ipa(uint32_t q)
{
	return RAM_BASE + q * QUEUE_SIZE;
}

static struct desc *desc(uint32_t q, uint32_t i)
{
	return (struct desc *)(void *)ram_at(ring_ipa(q) + DESC_AT + 16U * i, 16);
}

static uint16_t *avail(uint32_t q)
{
	return ram_at(ring_ipa(q) + AVAIL_AT, 64);
}

static uint16_t used_idx(uint32_t q)
{
	return *(uint16_t *)ram_at(ring_ipa(q) + USED_AT + 2U, 2);
}

static uint32_t used(uint32_t q, uint32_t i, uint32_t which)
{
	return *(uint32_t *)ram_at(ring_ipa(q) + USED_AT + 4U + 8U * (i % NUM) + 4U * which, 4);
}

static void offer(uint32_t q, uint16_t head)
{
	avail(q)[2U + avail(q)[1] % NUM] = head;
	avail(q)[1]++;
}

static void setup_queue(uint32_t q)
{
	put(0x30, q);
	assert_int_equal(get(0x34), VIRTQ_MAX);
	assert_int_equal(get(0x44), 0);
	put(0x38, NUM);
	put(0x80, (uint32_t)ring_ipa(q) + DESC_AT);
	put(0x84, 0);
	put(0x90, (uint32_t)ring_ipa(q) + AVAIL_AT);
	put(0x94, 0);
	put(0xa0, (uint32_t)ring_ipa(q) + USED_AT);
	put(0xa4, 0);
	put(0x44, 1);
	assert_int_equal(get(0x44), 1);
}

static void negotiate(void)
{
	put(R_STATUS, 0);
	put(R_STATUS, 1);
	put(R_STATUS, 3);
	put(0x24, 0);
	put(0x20, 2);
	put(0x24, 1);
	put(0x20, 1);
	put(R_STATUS, 11);
	assert_int_equal(get(R_STATUS), 11);
}

static void start(void)
{
	memset(ram, 0, sizeof(ram));
	ram_touched = NULL;
	line = false;
	negotiate();
	for (uint32_t q = 0; q < 20U; q++) {
		setup_queue(q);
	}
	put(R_STATUS, 15);
	assert_int_equal(get(R_STATUS), 15);
}

static int setup(void **state)
{
	(void)state;
	memset(&con, 0, sizeof(con));
	vcon_init(&con, ALL_PORTS, &vgic, NULL, 287);
	start();
	return 0;
}

static void say(uint32_t port, uint16_t event, uint16_t value)
{
	uint16_t *m = ram_at(BUFFERS, 8);

	m[0] = (uint16_t)port;
	m[1] = (uint16_t)(port >> 16);
	m[2] = event;
	m[3] = value;
	*desc(CONTROL_OUT, 0) = (struct desc){ BUFFERS, 8, 0, 0 };
	offer(CONTROL_OUT, 0);
	put(0x50, CONTROL_OUT);
}

/* A buffer of 64 bytes for what the device says. */
static uint64_t listen(uint32_t q, uint16_t i)
{
	const uint64_t at = BUFFERS + 0x1000U + 64U * i;

	*desc(q, i) = (struct desc){ at, 64, F_WRITE, 0 };
	offer(q, i);
	return at;
}

static void registers(void **state)
{
	uint64_t v;

	(void)state;
	assert_int_equal(get(0), 0x74726976);
	assert_int_equal(get(4), 2);
	assert_int_equal(get(8), 3);
	put(0x14, 0);
	assert_int_equal(get(0x10), 2);
	put(0x14, 1);
	assert_int_equal(get(0x10), 1);
	put(0x14, 2);
	assert_int_equal(get(0x10), 0);
	put(0x30, 20);
	assert_int_equal(get(0x34), 0);
	put(0x44, 1);
	assert_int_equal(get(0x44), 0);
	put(0x30, UINT32_MAX);
	put(0x80, 1);
	assert_int_equal(get(0x44), 0);
	assert_int_equal(get(0xb0), UINT32_MAX);
	assert_int_equal(get(0x104), VCON_PORTS);
	assert_int_equal(virtio_ops.read(&con.dev, 0, 0x104, 2, &v), VDEV_OK);
	assert_int_equal(v, VCON_PORTS);
	assert_int_equal(virtio_ops.read(&con.dev, 0, 0x108, 8, &v), VDEV_OK);
	assert_int_equal(v, 0);
	assert_int_equal(virtio_ops.read(&con.dev, 0, 0xff8, 8, &v), VDEV_OK);
	assert_int_equal(virtio_ops.read(&con.dev, 0, 0x70, 1, &v), VDEV_FAULT);
	assert_int_equal(virtio_ops.write(&con.dev, 0, 0x70, 8, 0), VDEV_FAULT);
	assert_int_equal(virtio_ops.write(&con.dev, 0, 0x104, 4, 7), VDEV_OK);
	assert_int_equal(get(0x104), VCON_PORTS);
}

static void features_are_settled(void **state)
{
	(void)state;
	put(R_STATUS, 0);
	assert_int_equal(get(R_STATUS), 0);
	put(R_STATUS, 3);
	put(0x24, 0);
	put(0x20, 0xffffffff);
	put(0x24, 1);
	put(0x20, 1);
	put(R_STATUS, 15);
	assert_int_equal(get(R_STATUS), 3); /* what was not offered */
	put(0x24, 0);
	put(0x20, 2);
	put(0x24, 1);
	put(0x20, 0);
	put(R_STATUS, 15);
	assert_int_equal(get(R_STATUS), 3); /* not VERSION_1 */
	negotiate();
	put(0x24, 0);
	put(0x20, 0xffffffff); /* too late */
	put(R_STATUS, 15);
	assert_int_equal(get(R_STATUS), 15);
}

static void bad_queues(void **state)
{
	static const struct {
		uint32_t reg;
		uint32_t val;
	} bad[] = { { 0x38, 0 }, { 0x38, 3 }, { 0x38, 32 }, { 0x80, 8 }, { 0x90, 1 }, { 0xa0, 2 }, { 0xa4, 0x100 } };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		negotiate();
		put(0x30, 4);
		put(0x38, NUM);
		put(bad[i].reg, bad[i].val);
		put(0x44, 1);
		assert_int_equal(get(0x44), 0);
		assert_int_equal(get(R_STATUS) & S_NEEDS_RESET, S_NEEDS_RESET);
		assert_true(line);
		put(0x64, 2);
		assert_false(line);
	}
	/* A queue in use keeps its addresses. */
	start();
	put(0x30, PORT1_OUT);
	put(0x80, 0xdead0000);
	assert_true(con.dev.queues[PORT1_OUT].desc == ring_ipa(PORT1_OUT) + DESC_AT);
}

static void ports_are_named(void **state)
{
	static const uint16_t want[] = { 1, 4, 7, 6 };
	uint32_t seen[8] = { 0 };
	uint32_t names = 0;
	uint32_t next = 0;

	(void)state;
	for (uint16_t i = 0; i < NUM; i++) {
		listen(CONTROL_IN, i);
	}
	put(0x50, CONTROL_IN);
	assert_int_equal(used_idx(CONTROL_IN), 0);
	say(UINT32_MAX, 0, 1);
	assert_int_equal(used_idx(CONTROL_IN), NUM); /* nine are owed, eight had room */
	for (uint32_t round = 0; round < 6U; round++) {
		for (; (uint16_t)next != used_idx(CONTROL_IN); next++) {
			const uint16_t i = (uint16_t)used(CONTROL_IN, next, 0);
			const uint16_t *m = ram_at(BUFFERS + 0x1000U + 64U * i, 8);
			const char *name = (const char *)&m[4];

			assert_int_equal(m[3], 1);
			assert_true(m[0] < VCON_PORTS);
			seen[m[2]]++;
			if (m[2] == 7U) {
				assert_int_equal(used(CONTROL_IN, next, 1), 8U + 22U);
				assert_memory_equal(name, "org.freehold.control.", 21);
				assert_int_equal(name[21], '0' + m[0] - 1);
				names |= 1U << m[0];
			}
			if (m[2] == 1U) {
				say(m[0], 3, 1);
			}
			listen(CONTROL_IN, i);
		}
		put(0x50, CONTROL_IN);
	}
	assert_int_equal(names, 0x1fe);
	assert_int_equal(seen[want[0]], 9);
	assert_int_equal(seen[want[1]], 1);
	assert_int_equal(seen[want[2]], 8);
	assert_int_equal(seen[want[3]], 9);
	assert_true(line);
	put(0x64, 1);
	assert_false(line);
}

static void sessions(void **state)
{
	char buf[8];

	(void)state;
	assert_int_equal(vcon_session(&con, 1) % 2U, 0);
	say(1, 6, 1);
	assert_int_equal(vcon_session(&con, 1) % 2U, 1);
	const uint32_t first = vcon_session(&con, 1);

	say(1, 6, 1);
	assert_int_equal(vcon_session(&con, 1), first);
	/* What was sent and not read falls with the session. */
	*desc(PORT1_OUT, 0) = (struct desc){ BUFFERS, 4, 0, 0 };
	offer(PORT1_OUT, 0);
	say(1, 6, 0);
	assert_int_equal(used_idx(PORT1_OUT), 1);
	assert_int_equal(vcon_read(&con, 1, buf, 8, false), 0);
	say(1, 6, 1);
	assert_int_equal(vcon_session(&con, 1), first + 2U);
	/* No such port; a message of any other kind. */
	say(9, 6, 1);
	say(UINT32_MAX, 6, 1);
	say(1, 99, 1);
	assert_int_equal(get(R_STATUS), 15);
	put(R_STATUS, 0);
	assert_int_equal(vcon_session(&con, 1), first + 3U);
}

static void bytes_go_both_ways(void **state)
{
	char buf[64] = "";

	(void)state;
	/* A chain of three, one of them empty, read in parts. */
	memcpy(ram_at(BUFFERS, 16), "hello, world....", 16);
	*desc(PORT1_OUT, 3) = (struct desc){ BUFFERS, 5, F_NEXT, 1 };
	*desc(PORT1_OUT, 1) = (struct desc){ BUFFERS, 0, F_NEXT, 2 };
	*desc(PORT1_OUT, 2) = (struct desc){ BUFFERS + 5U, 7, 0, 0 };
	offer(PORT1_OUT, 3);
	output_pending = 0;
	put(0x50, PORT1_OUT);
	assert_int_equal(output_pending, OUTPUT_CONTROL);
	assert_int_equal(con.kicked, 2);
	assert_int_equal(vcon_read(&con, 1, buf, 3, false), 3);
	assert_int_equal(used_idx(PORT1_OUT), 0);
	assert_int_equal(vcon_read(&con, 1, buf + 3, 61, false), 9);
	assert_string_equal(buf, "hello, world");
	assert_int_equal(used_idx(PORT1_OUT), 1);
	assert_int_equal(used(PORT1_OUT, 0, 0), 3);
	assert_true(line);
	assert_int_equal(vcon_read(&con, 1, buf, 64, false), 0);
	/* To the guest: as far as its buffers reach. */
	assert_false(vcon_room(&con, 1));
	assert_int_equal(vcon_write(&con, 1, "x", 1), 0);
	const uint64_t at = listen(PORT1_IN, 5);

	assert_true(vcon_room(&con, 1));
	assert_int_equal(vcon_write(&con, 1, "answer", 6), 6);
	assert_memory_equal(ram_at(at, 6), "answer", 6);
	assert_int_equal(used(PORT1_IN, 0, 0), 5);
	assert_int_equal(used(PORT1_IN, 0, 1), 6);
	assert_false(vcon_room(&con, 1));
	listen(PORT1_IN, 6);
	memset(buf, 'y', sizeof(buf));
	assert_int_equal(vcon_write(&con, 1, ram, 100), 64);
	assert_int_equal(get(R_STATUS), 15);
}

static void indices_wrap(void **state)
{
	char c;

	(void)state;
	for (uint32_t i = 0; i < 70000U; i++) {
		*(unsigned char *)ram_at(BUFFERS, 1) = (unsigned char)i;
		*desc(PORT1_OUT, i % NUM) = (struct desc){ BUFFERS, 1, 0, 0 };
		offer(PORT1_OUT, (uint16_t)(i % NUM));
		assert_int_equal(vcon_read(&con, 1, &c, 1, false), 1);
		assert_int_equal((unsigned char)c, i & 255U);
		assert_int_equal(used_idx(PORT1_OUT), (i + 1U) & 0xffffU);
	}
	assert_int_equal(get(R_STATUS), 15);
}

/* Each is the driver's fault: nothing is moved, and the device asks for its reset. */
static void an_adversary(void **state)
{
	static const struct {
		struct desc d[3];
		uint16_t head;
		uint16_t jump;
	} cases[] = {
		{ { { BUFFERS, 4, 0, 0 } }, 0, NUM }, /* the index jumps */
		{ { { BUFFERS, 4, 0, 0 } }, 0, 0x8000 },
		{ { { BUFFERS, 4, 0, 0 } }, NUM, 0 }, /* a head beyond the queue */
		{ { { BUFFERS, 4, 0, 0 } }, 0xffff, 0 },
		{ { { BUFFERS, 4, F_NEXT, 0 } }, 0, 0 }, /* a loop of one */
		{ { { BUFFERS, 0, F_NEXT, 1 }, { BUFFERS, 0, F_NEXT, 0 } }, 0, 0 },
		{ { { BUFFERS, 4, F_NEXT, NUM } }, 0, 0 }, /* next beyond the queue */
		{ { { BUFFERS, 4, F_WRITE, 0 } }, 0, 0 },  /* the wrong direction */
		{ { { BUFFERS, 4, F_INDIRECT, 0 } }, 0, 0 },
		{ { { RAM_BASE + RAM_SIZE - 2U, 4, 0, 0 } }, 0, 0 }, /* across the end of RAM */
		{ { { 0x1000, 4, 0, 0 } }, 0, 0 },
		{ { { UINT64_MAX - 2U, 4, 0, 0 } }, 0, 0 }, /* an address that wraps */
		{ { { BUFFERS, 4, F_NEXT, 1 }, { UINT64_MAX, 0xffffffff, 0, 0 } }, 0, 0 },
	};
	char buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start();
		for (uint32_t k = 0; k < 3U; k++) {
			*desc(PORT1_OUT, k) = cases[i].d[k];
		}
		offer(PORT1_OUT, cases[i].head);
		avail(PORT1_OUT)[1] = (uint16_t)(avail(PORT1_OUT)[1] + cases[i].jump);
		if (vcon_read(&con, 1, buf, sizeof(buf), false) != 0U || get(R_STATUS) != (15U | S_NEEDS_RESET) ||
		    !line) {
			fail_msg("case %zu: status 0x%x", i, get(R_STATUS));
		}
		/* Deaf until it is reset. */
		assert_int_equal(vcon_read(&con, 1, buf, sizeof(buf), false), 0);
		assert_int_equal(used_idx(PORT1_OUT), 0);
		assert_false(vcon_room(&con, 1));
	}
	start();
	assert_int_equal(get(R_STATUS), 15);
}

/* The guest writes its descriptor again while we look at it: what was checked is what is used. */
static void other_descriptor(void)
{
	desc(PORT1_OUT, 0)->addr = 0;
	desc(PORT1_OUT, 0)->len = 0xffffffff;
	desc(PORT1_OUT, 0)->flags = F_NEXT;
}

static uint32_t reads;
static void after_three_reads(void)
{
	if (++reads == 4U) {
		other_descriptor();
	}
}

static void what_was_checked_is_used(void **state)
{
	char buf[64];

	(void)state;
	*desc(PORT1_OUT, 0) = (struct desc){ BUFFERS, 4, 0, 0 };
	offer(PORT1_OUT, 0);
	reads = 0;
	ram_touched = after_three_reads; /* index, head, descriptor, then the bytes */
	assert_int_equal(vcon_read(&con, 1, buf, 2, false), 2);
	assert_int_equal(reads, 4);
	assert_int_equal(vcon_read(&con, 1, buf, 2, false), 2);
	ram_touched = NULL;
	assert_int_equal(used_idx(PORT1_OUT), 1);
	assert_int_equal(get(R_STATUS), 15);
}

static void count_read(void)
{
	reads++;
}

static void a_call_is_bounded(void **state)
{
	char buf[4096];

	(void)state;
	/* All chains are empty: as many are looked at as the bound says, and the next call goes on. */
	for (uint32_t i = 0; i < NUM; i++) {
		*desc(PORT1_OUT, i) = (struct desc){ BUFFERS, 0, i + 1U < NUM ? F_NEXT : 0, (uint16_t)(i + 1U) };
	}
	for (uint32_t i = 0; i < NUM; i++) {
		offer(PORT1_OUT, 0);
	}
	for (uint32_t calls = 0; used_idx(PORT1_OUT) != NUM; calls++) {
		reads = 0;
		ram_touched = count_read;
		assert_int_equal(vcon_read(&con, 1, buf, sizeof(buf), false), 0);
		assert_true(reads <= 3U * 2U * VIRTQ_MAX && calls < 8U);
	}
	ram_touched = NULL;
	assert_int_equal(get(R_STATUS), 15);
	/* A large buffer is taken in the caller's parts. */
	*desc(PORT1_OUT, 0) = (struct desc){ RAM_BASE, RAM_SIZE, 0, 0 };
	offer(PORT1_OUT, 0);
	for (uint32_t done = 0; done < RAM_SIZE; done += 4096U) {
		assert_int_equal(vcon_read(&con, 1, buf, sizeof(buf), false), 4096);
	}
	assert_int_equal(used_idx(PORT1_OUT), NUM + 1U);
}

/* Of buffers that are taken quietly one interrupt tells, when they are as many as the queue has, or at the next read. */
static void quiet_reads(void **state)
{
	char c;

	(void)state;
	for (uint32_t i = 0; i < 2U * NUM; i++) {
		*desc(PORT1_OUT, i % NUM) = (struct desc){ BUFFERS, 1, 0, 0 };
		offer(PORT1_OUT, (uint16_t)(i % NUM));
		assert_int_equal(vcon_read(&con, 1, &c, 1, true), 1);
		assert_int_equal(used_idx(PORT1_OUT), i + 1U);
		assert_int_equal(line, i % NUM == NUM - 1U);
		put(0x64, 1);
	}
	offer(PORT1_OUT, 0);
	assert_int_equal(vcon_read(&con, 1, &c, 1, true), 1);
	assert_false(line);
	assert_int_equal(vcon_read(&con, 1, &c, 1, false), 0);
	assert_true(line);
	/* Of an error it is told at once. */
	put(0x64, 1);
	assert_false(line);
	offer(PORT1_OUT, NUM);
	assert_int_equal(vcon_read(&con, 1, &c, 1, true), 0);
	assert_true(line);
	assert_int_equal(get(R_STATUS), 15U | S_NEEDS_RESET);
}

static void the_domain_resets(void **state)
{
	char buf[4];

	(void)state;
	say(1, 6, 1);
	*desc(PORT1_OUT, 0) = (struct desc){ BUFFERS, 4, 0, 0 };
	offer(PORT1_OUT, 0);
	virtio_reset(&con.dev);
	assert_int_equal(vcon_session(&con, 1) % 2U, 0);
	assert_int_equal(vcon_read(&con, 1, buf, 4, false), 0);
	assert_int_equal(get(R_STATUS), 0);
	assert_false(line);
	put(0x50, PORT1_OUT); /* not ready: nothing */
	assert_int_equal(vcon_read(&con, 1, buf, 4, false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(registers, setup),
		cmocka_unit_test_setup(features_are_settled, setup),
		cmocka_unit_test_setup(bad_queues, setup),
		cmocka_unit_test_setup(ports_are_named, setup),
		cmocka_unit_test_setup(sessions, setup),
		cmocka_unit_test_setup(bytes_go_both_ways, setup),
		cmocka_unit_test_setup(indices_wrap, setup),
		cmocka_unit_test_setup(an_adversary, setup),
		cmocka_unit_test_setup(what_was_checked_is_used, setup),
		cmocka_unit_test_setup(a_call_is_bounded, setup),
		cmocka_unit_test_setup(quiet_reads, setup),
		cmocka_unit_test_setup(the_domain_resets, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
