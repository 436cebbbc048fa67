/* SPDX-License-Identifier: MIT */
// WITH: tests/unit/vgic_machine.c
// LIBS: -lpthread
/*
 * Four vCPUs as threads pass a token around by SGI, while each disturbs the others' interrupts. A vCPU that waits
 * comes out of its guest only when it is kicked: a kick or an SGI that gets lost stops the ring, and the test fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "arch/arm64/vgic/vgic.h"
#include "tests/unit/vgic_machine.h"

#define NR_VCPUS 4U
#define ROUNDS 40000U
#define SECONDS 80
#define TOKEN 1U
#define NOISE_FIRST 40U /* SPIs that are driven as levels and routed about */
#define NOISE_NR 8U

static struct vgic g;
static struct vgic_cpu cpus[NR_VCPUS];
static bool v2;
static uint32_t passed; /* atomic */
static bool late;       /* atomic */
static time_t end;

static uint32_t next(uint32_t *rng)
{
	*rng = *rng * 1664525U + 1013904223U;
	return *rng >> 8;
}

static void kicked(uint32_t me)
{
	if ((__atomic_fetch_and(&machine.kicks, ~(1U << me), __ATOMIC_SEQ_CST) >> me & 1U) != 0U ||
	    machine_maintenance(me)) {
		vgic_sync(&cpus[me]);
		vgic_flush(&cpus[me]);
	}
}

/* Takes all there is; whether the token was among it. Each end of a level, and each token, is an exit. */
static bool take(uint32_t me)
{
	bool token = false;
	uint32_t intid = guest_ack(me);

	while (intid != NO_INTID) {
		token |= intid == TOKEN;
		if (intid >= NOISE_FIRST) {
			vgic_sync(&cpus[me]);
			vgic_set_level(&g, me, intid, false);
			vgic_flush(&cpus[me]);
		}
		guest_eoi(me, intid);
		kicked(me);
		intid = guest_ack(me);
	}
	return token;
}

static const struct vdev_ops *dist(void)
{
	return v2 ? &vgic_v2_dist_ops : &vgic_dist_ops;
}

static void route(uint32_t me, uint32_t n, uint32_t to)
{
	if (v2) {
		dist()->write(&g, me, 0x800U + n, 1, 1U << to);
	} else {
		dist()->write(&g, me, 0x6000U + 8U * n, 8, to);
	}
}

static void pass(uint32_t me, uint32_t to)
{
	if (v2) {
		dist()->write(&g, me, 0xf00, 4, 1U << (16U + to) | TOKEN);
	} else {
		vgic_sgi(&g, me, (uint64_t)TOKEN << 24 | 1U << to, 1);
	}
}

static void disturb(uint32_t me, uint32_t *rng)
{
	const uint32_t n = NOISE_FIRST + next(rng) % NOISE_NR;
	uint64_t v;

	switch (next(rng) % 8U) {
	case 0:
		route(me, n, next(rng) % NR_VCPUS);
		break;
	case 1:
		dist()->write(&g, me, 0x184, 4, 1U << (n % 32U));
		dist()->write(&g, me, 0x104, 4, 1U << (n % 32U));
		break;
	case 2:
		dist()->read(&g, me, 0x304, 4, &v);
		break;
	case 3:
		if (v2) {
			/* Another's SGI may come at any moment of it; not the token's senders. */
			dist()->read(&g, me, 0x200, 4, &v);
			dist()->write(&g, me, 0xf10U + TOKEN + 1U, 1, 0xff);
			break;
		}
		vgic_redist_ops.read(&g, me, next(rng) % NR_VCPUS * VGIC_REDIST_STRIDE + 0x10200U, 4, &v);
		break;
	default:
		vgic_set_level(&g, me, n, true);
		break;
	}
}

static void *vcpu(void *arg)
{
	const uint32_t me = (uint32_t)(uintptr_t)arg;
	uint32_t rng = me + 1U;

	fake_cpu = me;
	vgic_cpu_load(&cpus[me]);
	vgic_flush(&cpus[me]);
	while (__atomic_load_n(&passed, __ATOMIC_RELAXED) < ROUNDS && !__atomic_load_n(&late, __ATOMIC_RELAXED)) {
		kicked(me);
		if (take(me)) {
			vgic_sync(&cpus[me]);
			disturb(me, &rng);
			__atomic_fetch_add(&passed, 1U, __ATOMIC_SEQ_CST);
			pass(me, (me + 1U) % NR_VCPUS);
			vgic_flush(&cpus[me]);
		} else if (time(NULL) > end) {
			__atomic_store_n(&late, true, __ATOMIC_RELAXED);
		} else {
			sched_yield();
		}
	}
	vgic_sync(&cpus[me]);
	vgic_cpu_put(&cpus[me]);
	return NULL;
}

static void run_ring(void)
{
	pthread_t threads[NR_VCPUS];

	passed = 0;
	if (v2) {
		machine_reset_v2(4);
	} else {
		machine_reset(4);
	}
	vgic_hw_init();
	assert_int_equal(vgic_init(&g, NR_VCPUS, 32), FH_OK);
	for (uint32_t i = 0; i < NR_VCPUS; i++) {
		vgic_cpu_init(&g, &cpus[i], i, i);
	}
	dist()->write(&g, 0, 0, 4, 3);
	dist()->write(&g, 0, 0x84, 4, UINT32_MAX);
	dist()->write(&g, 0, 0x104, 4, 0xff00);
	for (uint32_t i = 0; i < NR_VCPUS && !v2; i++) {
		vgic_redist_ops.write(&g, 0, i * VGIC_REDIST_STRIDE + 0x10080U, 4, UINT32_MAX);
		vgic_redist_ops.write(&g, 0, i * VGIC_REDIST_STRIDE + 0x10100U, 4, UINT32_MAX);
	}
	end = time(NULL) + SECONDS;
	pass(1, 0);
	for (uint32_t i = 0; i < NR_VCPUS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, vcpu, (void *)(uintptr_t)i), 0);
	}
	for (uint32_t i = 0; i < NR_VCPUS; i++) {
		pthread_join(threads[i], NULL);
	}
	printf("%u passes, %u kicks\n", passed, machine.nr_kicks);
	assert_false(late);
}

static void ring(void **state)
{
	(void)state;
	run_ring();
}

static void ring_v2(void **state)
{
	(void)state;
	v2 = true;
	run_ring();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(ring), cmocka_unit_test(ring_v2) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
