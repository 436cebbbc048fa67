/* SPDX-License-Identifier: MIT */
// SOURCES: tests/unit/domain_machine.c tests/unit/canon.c core/domain/admit.c core/domain/audit_on.c core/domain/bell.c core/domain/build.c core/domain/claim.c core/domain/crash.c core/domain/define.c core/domain/feed.c core/domain/devices.c core/domain/domain.c core/domain/guest_fdt*.c core/domain/life.c core/domain/measure.c core/domain/memory.c core/domain/pause.c core/domain/place.c core/domain/places.c core/domain/plan.c core/domain/tree.c core/domain/unbuild.c core/domain/virtio_off.c core/domain/watchdog.c core/vwdt/*.c core/vdev/*.c core/vuart/vuart.c core/vuart/regs.c core/config/*.c core/fdt/*.c core/payload/*.c core/pool/*.c core/claim/*.c core/log/fmt.c core/log/log.c core/log/event.c core/log/guest.c core/sync/*.c core/base/status.c arch/arm64/mm/stage2*.c
// LIBS: -lfdt -Wl,--wrap=claim_stake,--wrap=claim_use,--wrap=claim_redeem,--wrap=claim_redeem_upto,--wrap=ledger_domain_add,--wrap=ledger_own_range,--wrap=s2_prepare,--wrap=board_device,--wrap=guest_fdt_write,--wrap=vgic_init,--wrap=vgic_map_hw,--wrap=vdev_add,--wrap=payload_find
/*
 * A domain's life on a fake machine, by the real core/domain, ledger, stage 2 and configuration: what fails, and what is
 * destroyed, wherever it stood, leaves the ledger, the pool and the dirty map as they were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/cpu.h"
#include "canon.h"
#include "core/log/log.h"
#include "domain_machine.h"
#include "dts.h"
#include "fake_machine.h"

static struct domain *rear;
static struct claim_refusal why;
static int feeder; /* whose files come */
static const unsigned char file_part[16];

static int setup(void **state)
{
	(void)state;
	dm_boot();
	rear = domain_find("rear");
	return rear == NULL || domain_find("front")->state != DOM_RUNNING ? -1 : 0;
}

static void create(struct domain *d)
{
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	dm_settle();
	assert_int_equal(d->state, DOM_RUNNING);
}

static void destroy(struct domain *d)
{
	assert_int_equal(domain_do(d, DOM_OP_DESTROY), FH_OK);
	dm_settle();
}

static void as_before(const char *before, unsigned int parts, const char *what)
{
	char *after = canon_text(&dm_ledger, parts);

	assert_true(canon_equal(before, after, what));
	free(after);
	assert_null(ledger_audit(&dm_ledger));
}

static void a_domain_comes_and_goes(void **state)
{
	char *before = canon_text(&dm_ledger, CANON_ALL & ~CANON_DIRTY);

	(void)state;
	for (uint32_t i = 0; i < 3U; i++) {
		create(rear);
		assert_ptr_equal(domain_cpu_vcpu(1), &rear->vcpus[0]);
		destroy(rear);
		assert_int_equal(rear->state, DOM_DEFINED);
		assert_null(domain_cpu_vcpu(1));
		assert_null(domain_cpu_vcpu(2));
		assert_null(domain_of_irq(39));
		as_before(before, CANON_ALL & ~CANON_DIRTY, "destroyed");
	}
	free(before);
}

/* Every fallible call of a claim and a build, one after the other. Nothing was written: even the dirty map is equal. */
static void fail_the_nth(void **state)
{
	char *before = canon_text(&dm_ledger, CANON_ALL);
	uint32_t n = 0;

	(void)state;
	for (;;) {
		dm_fail(++n);
		const fh_status status = domain_claim(&rear, 1, DOMID_HYP, &why);

		if (status == FH_OK) {
			assert_int_equal(domain_do(rear, DOM_OP_START), FH_OK);
			dm_settle();
		}
		if (dm_failed() == NULL) {
			break;
		}
		assert_int_equal(rear->state, DOM_DEFINED);
		as_before(before, CANON_ALL, dm_failed());
	}
	assert_int_equal(rear->state, DOM_RUNNING);
	print_message("%u calls of a build were failed\n", n - 1U);
	assert_true(n > 20U);
	free(before);
}

/* The set of a domain that fits and one that fails: neither is left with anything. */
static void fail_the_nth_of_a_set(void **state)
{
	static const char other[] =
		"/dts-v1/; / { compatible = \"freehold,config-v1\"; zones { low: low { }; };"
		" domains { other { #address-cells = <2>; #size-cells = <2>; cpus = <3>; kernel = \"app.bin\";"
		"  memory@40000000 { reg = <0 0x40000000 0 0x400000>; zone = <&low>; };"
		" }; }; };";
	const struct domain_files none = { { 0 }, { 0 } };
	struct cfg_error err = { "" };
	struct domain *set[2] = { rear, NULL };
	size_t size;
	unsigned char *tree = dts_compile(other, &size);
	uint32_t n = 0;

	(void)state;
	assert_int_equal(domain_define(tree, size, &none, NULL, &set[1], &err), FH_OK);
	free(tree);
	char *before = canon_text(&dm_ledger, CANON_ALL);

	do {
		dm_fail(++n);
		if (domain_claim(set, 2, DOMID_HYP, &why) == FH_OK) {
			break;
		}
		assert_non_null(dm_failed());
		assert_int_equal(set[0]->state, DOM_DEFINED);
		assert_int_equal(set[1]->state, DOM_DEFINED);
		as_before(before, CANON_ALL, dm_failed());
	} while (n < 1000U);
	assert_true(n > 8U);
	dm_fail(0);
	assert_int_equal(set[1]->state, DOM_CLAIMED);
	destroy(set[0]);
	destroy(set[1]);
	assert_int_equal(set[1]->state, DOM_UNUSED);
	as_before(before, CANON_ALL, "destroyed when claimed");
	free(before);
}

/* The builder is killed after each of its steps. */
static void killed_at_every_step(void **state)
{
	char *all = canon_text(&dm_ledger, CANON_ALL);
	char *but_dirt = canon_text(&dm_ledger, CANON_ALL & ~CANON_DIRTY);
	uint32_t seen = 0;

	(void)state;
	for (uint32_t steps = 0; rear->state == DOM_DEFINED; steps++) {
		const char *at = "claimed";

		assert_int_equal(domain_claim(&rear, 1, DOMID_HYP, &why), FH_OK);
		assert_int_equal(domain_do(rear, DOM_OP_BUILD), FH_OK);
		for (uint32_t i = 0; i < steps && at != NULL; i++) {
			at = dm_step(rear);
		}
		if (at == NULL) {
			break;
		}
		/* What was written stays dirty; until then nothing was. */
		const bool written = rear->placed;

		print_message("killed after step %u, %s\n", steps, at);
		destroy(rear);
		as_before(written ? but_dirt : all, written ? CANON_ALL & ~CANON_DIRTY : CANON_ALL, at);
		seen++;
	}
	assert_int_equal(rear->state, DOM_READY);
	assert_true(seen > 5U);
	free(all);
	free(but_dirt);
}

/* Only what the table allows, in each state. */
static void illegal_operations_change_nothing(void **state)
{
	(void)state;
	for (enum domain_op op = DOM_OP_BUILD; op < DOM_OP_COUNT; op++) {
		assert_int_equal(domain_do(rear, op), FH_EBUSY);
	}
	create(rear);
	assert_int_equal(domain_claim(&rear, 1, DOMID_HYP, &why), FH_EBUSY);
	assert_int_equal(domain_do(rear, DOM_OP_START), FH_EBUSY);
	assert_int_equal(domain_do(rear, DOM_OP_RESUME), FH_EBUSY);
	assert_int_equal(domain_do(rear, DOM_OP_PAUSE), FH_OK);
	assert_int_equal(domain_do(rear, DOM_OP_PAUSE), FH_EBUSY);
	assert_int_equal(domain_do(rear, DOM_OP_STOP), FH_OK);
	assert_int_equal(rear->state, DOM_STOPPING);
	assert_int_equal(domain_do(rear, DOM_OP_RESTART), FH_EBUSY);
	dm_settle();
	assert_int_equal(rear->state, DOM_STOPPED);
	assert_int_equal(domain_do(rear, DOM_OP_RESUME), FH_EBUSY);
	assert_int_equal(domain_do(rear, DOM_OP_RESTART), FH_OK);
	dm_settle();
	assert_int_equal(rear->state, DOM_RUNNING);
	assert_int_equal(rear->resets, 1);
}

/* One that resets itself is stopped wherever in that it is; started again, it runs. */
static void stopped_in_its_reset(void **state)
{
	uint32_t steps = 0;

	(void)state;
	create(rear);
	for (bool ran = false; !ran; steps++) {
		domain_ask(rear, DOM_REQ_RESET);
		for (uint32_t i = 0; i < steps; i++) {
			(void)dm_step(rear);
		}
		ran = steps != 0U && rear->state == DOM_RUNNING;
		assert_int_equal(domain_do(rear, DOM_OP_STOP), FH_OK);
		dm_settle();
		assert_int_equal(rear->state, DOM_STOPPED);
		assert_int_equal(rear->request, DOM_REQ_NONE);
		assert_int_equal(domain_do(rear, DOM_OP_START), FH_OK);
		dm_settle();
		assert_int_equal(rear->state, DOM_RUNNING);
	}
	assert_true(steps > 3U);
}

static void crash(struct domain *d)
{
	domain_ask(d, DOM_REQ_CRASH);
	for (uint32_t i = 0; i < 5000U && d->state != DOM_CRASHED && d->state != DOM_RUNNING; i++) {
		(void)dm_step(d);
	}
	assert_int_equal(d->state, DOM_BUILDING);
}

static void crash_pause_is_over(struct domain *d)
{
	fake_counter++;
	dm_settle();
	assert_int_equal(d->state, DOM_RUNNING);
}

/* Two restarts, the second after twice the pause, and no third; a minute's run begins a new row. */
static void crashes_restart_it_so_often(void **state)
{
	(void)state;
	create(rear);
	for (uint32_t row = 0; row < 2U; row++) {
		for (uint32_t i = 0; i < 2U; i++) {
			const uint64_t at = fake_counter;

			crash(rear);
			fake_counter = at + (10000000U << i) - 1000U;
			(void)dm_step(rear);
			assert_int_equal(rear->build.started, 0);
			fake_counter = at + (10000000U << i);
			crash_pause_is_over(rear);
			assert_int_equal(rear->crashes, i + 1U);
		}
		fake_counter += row == 0U ? UINT64_C(61000000000) : 0U;
	}
	domain_ask(rear, DOM_REQ_CRASH);
	dm_settle();
	assert_int_equal(rear->state, DOM_CRASHED);
	assert_int_equal(rear->resets, 4);
	assert_int_equal(domain_do(rear, DOM_OP_START), FH_OK);
	dm_settle();
	assert_int_equal(rear->state, DOM_RUNNING);
	/* The other one's crash stops all. */
	domain_ask(domain_find("front"), DOM_REQ_CRASH);
	dm_settle();
	assert_int_equal(domain_find("front")->state, DOM_CRASHED);
	assert_int_equal(rear->state, DOM_STOPPED);
}

static void set_watchdog(struct domain *d, uint64_t off, uint64_t val)
{
	assert_int_equal(vwdt_ops.write(&d->vwdt, 0, off, 4, val), VDEV_OK);
}

static void its_power_key(void **state)
{
	(void)state;
	assert_int_equal(domain_do(domain_find("front"), DOM_OP_ASK), FH_EBUSY); /* it has none */
	assert_int_equal(domain_do(rear, DOM_OP_ASK), FH_EBUSY);
	create(rear);
	assert_int_equal(rear->power_key, 286);
	dm_pended = 0;
	assert_int_equal(domain_do(rear, DOM_OP_ASK), FH_OK);
	assert_int_equal(dm_pended, 286);
	/* What it makes of it is its matter. */
	assert_int_equal(rear->state, DOM_RUNNING);
	dm_pended = 0;
	assert_int_equal(domain_do(rear, DOM_OP_PAUSE), FH_OK);
	assert_int_equal(domain_do(rear, DOM_OP_ASK), FH_EBUSY);
	destroy(rear);
	assert_int_equal(domain_do(rear, DOM_OP_ASK), FH_EBUSY);
	assert_int_equal(rear->power_key, 0);
	assert_int_equal(dm_pended, 0);
}

static void doorbells(void **state)
{
	struct domain *front = domain_find("front");

	(void)state;
	assert_int_equal(rear->cfg->rings, 0);
	assert_int_equal(domain_ring(front, rear->id), FH_EBUSY);
	create(rear);
	assert_int_equal(rear->bell[rear->id], 0);
	assert_int_equal(rear->bell[front->id], 285); /* below its watchdog's and its power key's */
	dm_pended = 0;
	assert_int_equal(domain_ring(front, rear->id), FH_OK);
	assert_int_equal(dm_pended, 285);
	dm_pended = 0;
	assert_int_equal(domain_ring(rear, front->id), FH_ENOENT);
	assert_int_equal(domain_ring(front, front->id), FH_ENOENT);
	assert_int_equal(domain_ring(front, 63), FH_ENOENT);
	assert_int_equal(domain_ring(front, UINT64_MAX), FH_ENOENT);
	assert_int_equal(domain_ring(front, (UINT64_C(1) << 32) + rear->id), FH_ENOENT);
	assert_int_equal(domain_do(rear, DOM_OP_STOP), FH_OK);
	dm_settle();
	assert_int_equal(domain_ring(front, rear->id), FH_EBUSY);
	destroy(rear);
	assert_int_equal(rear->bell[front->id], 0);
	assert_int_equal(domain_ring(front, rear->id), FH_EBUSY);
	assert_int_equal(dm_pended, 0);
}

/* Each vCPU's CPU is called to turn to it, and finds 0. */
static void times_begin_at_nothing(void **state)
{
	struct domain_vcpu v;

	(void)state;
	create(rear);
	rear->vcpus[1].times = (struct vcpu_times){ 5, 6, 7, 0 };
	rear->vcpus[1].stop = 0;
	assert_false(domain_measured());
	domain_measure(false);
	assert_int_equal(rear->vcpus[1].stop, 0);
	domain_measure(true);
	assert_true(domain_measured());
	assert_int_equal(rear->vcpus[1].stop, 1);
	assert_true(domain_vcpu_look(rear, 1, &v));
	assert_int_equal(v.times.guest + v.times.el2 + v.times.longest, 0);
	/* In the guest since a while. */
	rear->vcpus[1].times = (struct vcpu_times){ 5, 6, 7, fake_counter - 100U };
	assert_true(domain_vcpu_look(rear, 1, &v));
	assert_int_equal(v.times.guest, 105);
	/* What was measured can be looked at. */
	domain_measure(true);
	domain_measure(false);
	assert_int_equal(rear->vcpus[1].times.el2, 6);
}

/* Two stages of 1,000 ticks. Returns when the second one ends. */
static uint64_t start_watchdog(struct domain *d)
{
	fake_offset = d->voff;
	set_watchdog(d, 0x8, 1000);
	set_watchdog(d, 0x0, 1);
	return fake_counter + 2000U;
}

static void a_watchdog_runs_out(void **state)
{
	struct domain *front = domain_find("front");
	struct event e;
	uint64_t event;
	uint64_t end;

	(void)state;
	create(rear);
	/* The first free pages behind the console, and not the console's interrupt. */
	assert_int_equal(rear->watchdog.base, 0x9001000);
	assert_int_equal(rear->vwdt.intid, 287);
	assert_int_equal(domain_watchdog_poll(rear), UINT64_MAX);
	end = start_watchdog(rear);
	assert_int_equal(domain_watchdog_poll(rear), end - 1000U);
	fake_counter = end - 1000U;
	assert_int_equal(domain_watchdog_poll(rear), end);
	assert_int_equal(rear->state, DOM_RUNNING);
	fake_counter = end;
	event = event_next();
	assert_int_equal(domain_watchdog_poll(rear), UINT64_MAX);
	assert_true(event_read(&event, &e));
	assert_int_equal(e.type, EVENT_FAULT);
	assert_int_equal(e.dom, rear->id);
	assert_int_equal(e.value, 1);
	assert_true(event_read(&event, &e));
	assert_int_equal(e.type, EVENT_STATE);
	assert_int_equal(e.value, DOM_STOPPING);
	crash_pause_is_over(rear);
	assert_int_equal(rear->resets, 1);
	assert_int_equal(rear->crashes, 1);
	/* It begins anew: off. */
	assert_int_equal(domain_watchdog_poll(rear), UINT64_MAX);
	fake_counter += 100000U;
	assert_int_equal(domain_watchdog_poll(rear), UINT64_MAX);
	assert_int_equal(rear->state, DOM_RUNNING);

	fake_counter = start_watchdog(front);
	assert_int_equal(domain_watchdog_poll(front), UINT64_MAX);
	dm_settle();
	assert_int_equal(front->state, DOM_CRASHED);
	assert_int_equal(rear->state, DOM_RUNNING);
}

/* A CPU_ON that was accepted holds at once, long before the CPU comes. */
static void a_second_cpu_on(void **state)
{
	(void)state;
	create(rear);
	dm_settle();
	assert_int_equal(domain_affinity_info(rear, 1, 0), 1); /* OFF */
	assert_int_equal(domain_cpu_on(rear, 1, rear->entry, 0), PSCI_SUCCESS);
	assert_int_equal(domain_cpu_on(rear, 1, rear->entry, 0), PSCI_ALREADY_ON);
	assert_int_equal(domain_affinity_info(rear, 1, 0), 0); /* ON */
	assert_int_equal(rear->nr_on, 2);
	assert_false(rear->vcpus[1].vgic.loaded);
	dm_settle();
	assert_true(rear->vcpus[1].vgic.loaded);
	assert_int_equal(domain_cpu_on(rear, 1, rear->entry, 0), PSCI_ALREADY_ON);
	domain_cpu_off(&rear->vcpus[0]);
	assert_int_equal(domain_affinity_info(rear, 0, 0), 1);
	assert_int_equal(domain_affinity_info(rear, 0, 1), 0); /* one of the group is on */
}

/* Time stands for rear, and goes for front, while they are paused. */
static void the_time_of_a_pause(void **state)
{
	struct domain *front = domain_find("front");
	uint64_t end;

	(void)state;
	create(rear);
	rear->vcpus[1].on = true;
	rear->nr_on++;
	dm_settle();
	end = start_watchdog(rear);
	for (uint64_t pauses = 0; pauses < 3U; pauses++) {
		const uint64_t lost = rear->voff;

		assert_int_equal(domain_do(rear, DOM_OP_PAUSE), FH_OK);
		dm_settle();
		assert_true(rear->vcpus[0].held && rear->vcpus[1].held);
		/* From when the last vCPU left. */
		const uint64_t left = rear->paused_at;

		assert_true(fake_counter - left < 10U);
		fake_counter += 1000000U;
		assert_int_equal(domain_watchdog_poll(rear), UINT64_MAX);
		assert_int_equal(domain_do(rear, DOM_OP_RESUME), FH_OK);
		assert_int_equal(rear->voff, lost + fake_counter - left);
		/* Resumed and paused again before a vCPU has entered: what passed is taken away once. */
		if (pauses == 1U) {
			assert_int_equal(domain_do(rear, DOM_OP_PAUSE), FH_OK);
			fake_counter += 1000U;
			assert_int_equal(domain_do(rear, DOM_OP_RESUME), FH_OK);
			assert_int_equal(rear->voff, lost + fake_counter - left);
		}
		dm_settle();
		assert_false(rear->vcpus[0].held || rear->vcpus[1].held);
		assert_int_equal(dm_offset[1], rear->voff);
		assert_int_equal(dm_offset[2], rear->voff);
		assert_int_equal(domain_watchdog_poll(rear), end - 1000U + rear->voff);
	}
	/* One vCPU is still in the guest, so all of the time was seen to pass. */
	const uint64_t lost = rear->voff;

	assert_int_equal(domain_do(rear, DOM_OP_PAUSE), FH_OK);
	(void)dm_step(rear);
	assert_true(rear->vcpus[0].held && !rear->vcpus[1].held);
	fake_counter += 1000U;
	assert_int_equal(domain_do(rear, DOM_OP_RESUME), FH_OK);
	assert_int_equal(rear->voff, lost);
	dm_settle();
	assert_false(rear->vcpus[0].held || rear->vcpus[1].held);
	/* A new life has all the time. */
	assert_int_equal(domain_do(rear, DOM_OP_PAUSE), FH_OK);
	dm_settle();
	assert_int_equal(domain_do(rear, DOM_OP_RESTART), FH_OK);
	dm_settle();
	assert_int_equal(rear->state, DOM_RUNNING);
	assert_int_equal(rear->voff, 0);
	assert_int_equal(dm_offset[1], 0);
	assert_false(rear->vcpus[0].held || rear->vcpus[1].held);

	end = start_watchdog(front);
	assert_int_equal(domain_do(front, DOM_OP_PAUSE), FH_OK);
	dm_settle();
	assert_int_equal(domain_watchdog_poll(front), end - 1000U);
	assert_int_equal(domain_do(front, DOM_OP_RESUME), FH_OK);
	dm_settle();
	assert_int_equal(front->voff, 0);
	assert_int_equal(domain_do(front, DOM_OP_PAUSE), FH_OK);
	dm_settle();
	fake_counter = end;
	assert_int_equal(domain_watchdog_poll(front), UINT64_MAX);
	dm_settle();
	assert_int_equal(front->state, DOM_CRASHED);
}

/* The holder's death ends the claim in mid-build: it is taken apart, and nobody panics. */
static void the_holder_dies(void **state)
{
	char *before = canon_text(&dm_ledger, CANON_BLOCKS);

	(void)state;
	assert_int_equal(ledger_domain_add(&dm_ledger, 9, CLAIM_NO_QUOTA), FH_OK);
	assert_int_equal(domain_claim(&rear, 1, 9, &why), FH_OK);
	assert_int_equal(domain_do(rear, DOM_OP_START), FH_OK);
	assert_non_null(dm_step(rear));
	assert_int_equal(claim_domain_died(&dm_ledger, 9), FH_OK);
	dm_settle();
	assert_int_equal(rear->state, DOM_DEFINED);
	as_before(before, CANON_BLOCKS, "holder died");
	free(before);
}

static const char created[] =
	"/dts-v1/; / { compatible = \"freehold,config-v1\"; zones { low: low { }; };"
	" domains { NAME { #address-cells = <2>; #size-cells = <2>; cpus = <3>; kernel = \"k\"; ramdisk = \"r\";"
	"  MORE memory@40000000 { reg = <0 0x40000000 0 0x800000>; zone = <&low>; };"
	" }; }; };";

static fh_status define(const char *name, const char *more, const struct domain_files *f, struct domain **d,
			struct cfg_error *err)
{
	char text[1024];
	const char *n = strstr(created, "NAME");
	const char *m = strstr(created, "MORE");
	size_t size;

	snprintf(text, sizeof(text), "%.*s%s%.*s%s%s", (int)(n - created), created, name, (int)(m - n - 4), n + 4, more,
		 m + 4);
	unsigned char *tree = dts_compile(text, &size);
	const fh_status status = domain_define(tree, size, f, &feeder, d, err);

	free(tree);
	if (status != FH_OK) {
		print_message("%s\n", err->text);
	}
	return status;
}

/* Files come in pieces while it is built; then it runs, and each byte is where it belongs. */
static void files_come_in_pieces(void **state)
{
	static unsigned char file[0x31234];
	const struct domain_files f = { { 0x31234, 0x1001, 0 }, { 0 } };
	char *before = canon_text(&dm_ledger, CANON_ALL & ~CANON_DIRTY);
	struct cfg_error err = { "" };
	struct domain *d;
	struct s2_leaf leaf;

	(void)state;
	for (uint32_t i = 0; i < sizeof(file); i++) {
		file[i] = (unsigned char)(i * 11U + 3U);
	}
	assert_int_equal(define("new", "", &f, &d, &err), FH_OK);
	assert_int_equal(domain_load(d, 0, 0, file, 16), FH_EBUSY);
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	dm_settle();
	assert_int_equal(d->state, DOM_BUILDING);
	assert_int_equal(domain_load(d, DOM_IMG_KERNEL, 16, file, 16), FH_EINVAL);
	assert_int_equal(domain_load(d, DOM_IMG_DTB, 0, file, 16), FH_EINVAL);
	assert_int_equal(domain_load(d, DOM_IMG_COUNT, 0, file, 16), FH_EINVAL);
	assert_int_equal(domain_load(d, DOM_IMG_RAMDISK, 0, file, 0x1002), FH_EINVAL);
	assert_int_equal(domain_load(d, DOM_IMG_RAMDISK, 0, file, 0x1001), FH_OK);
	for (uint64_t at = 0; at < sizeof(file); at += 0xfff1) {
		const uint64_t n = sizeof(file) - at < 0xfff1U ? sizeof(file) - at : 0xfff1U;

		dm_settle();
		assert_int_equal(d->state, DOM_BUILDING);
		assert_int_equal(domain_load(d, DOM_IMG_KERNEL, at, file + at, n), FH_OK);
	}
	dm_settle();
	assert_int_equal(d->state, DOM_RUNNING);
	assert_int_equal(s2_lookup(&d->s2, ipa(d->images[DOM_IMG_KERNEL].ipa), &leaf), FH_OK);
	assert_memory_equal(dm_ram(pa_val(leaf.pa) + d->images[DOM_IMG_KERNEL].ipa - ipa_val(leaf.ipa)), file,
			    sizeof(file));
	destroy(d);
	assert_int_equal(d->state, DOM_UNUSED);
	as_before(before, CANON_ALL & ~CANON_DIRTY, "created and destroyed");

	/* The transfer is aborted. */
	assert_int_equal(define("new", "", &f, &d, &err), FH_OK);
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	dm_settle();
	assert_int_equal(domain_load(d, DOM_IMG_KERNEL, 0, file, 0x8000), FH_OK);
	destroy(d);
	as_before(before, CANON_ALL & ~CANON_DIRTY, "aborted");
	free(before);
}

/* All of its files, with whatever steps are between. */
static void feed(struct domain *d)
{
	static unsigned char file[0x8000];

	dm_settle();
	for (uint32_t i = 0; i < DOM_IMG_COUNT; i++) {
		while (d->files.size[i] != 0U && d->arrived[i] != d->files.size[i]) {
			dm_settle();
			assert_int_equal(domain_load(d, i, d->arrived[i], file,
						     MIN(sizeof(file), d->files.size[i] - d->arrived[i])),
					 FH_OK);
		}
	}
	dm_settle();
	assert_int_equal(d->state, DOM_RUNNING);
}

static struct domain *fed(const char *more, const struct domain_files *f)
{
	struct cfg_error err = { "" };
	struct domain *d;

	assert_int_equal(define("new", more, f, &d, &err), FH_OK);
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	feed(d);
	return d;
}

/* Its files are not kept: who restarts it sends them again; it does not come back by itself. */
static void files_come_again(void **state)
{
	const struct domain_files f = { { 0x10000, 0x1001, 0 }, { 0 } };
	char *before = canon_text(&dm_ledger, CANON_ALL & ~CANON_DIRTY);
	struct domain *d = fed("", &f);
	char *running = canon_text(&dm_ledger, CANON_ALL & ~CANON_DIRTY);

	(void)state;
	assert_int_equal(domain_do(d, DOM_OP_RESTART), FH_ENOTSUP);
	for (uint32_t i = 0; i < 2U; i++) {
		domain_feed(d, DOM_OP_RESTART, &feeder);
		assert_int_equal(domain_do(d, DOM_OP_RESTART), FH_OK);
		feed(d);
		assert_int_equal(d->resets, i + 1U);
		as_before(running, CANON_ALL & ~CANON_DIRTY, "restarted");
	}
	/* By itself. */
	domain_ask(d, DOM_REQ_RESET);
	dm_settle();
	assert_int_equal(d->state, DOM_STOPPED);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_ENOTSUP);
	assert_int_equal(domain_load(d, 0, 0, &f, 1), FH_ESTALE);
	domain_feed(d, DOM_OP_START, &feeder);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	feed(d);
	/* It is stopped while it waits for them. */
	domain_feed(d, DOM_OP_RESTART, &feeder);
	assert_int_equal(domain_do(d, DOM_OP_RESTART), FH_OK);
	dm_settle();
	assert_true(d->awaiting);
	assert_int_equal(domain_do(d, DOM_OP_STOP), FH_OK);
	dm_settle();
	assert_int_equal(d->state, DOM_STOPPED);
	domain_feed(d, DOM_OP_START, &feeder);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	feed(d);
	/* It ends while its feeder has asked for more: nobody waits for files of one that has ended. */
	domain_feed(d, DOM_OP_RESTART, &feeder);
	domain_ask(d, DOM_REQ_CRASH);
	dm_settle();
	assert_int_equal(d->state, DOM_CRASHED);
	assert_int_equal(domain_give_up(&feeder), UINT64_MAX);
	assert_int_equal(d->state, DOM_CRASHED);
	destroy(d);
	as_before(before, CANON_ALL & ~CANON_DIRTY, "destroyed");
	free(running);
	free(before);
}

/* Who is begun anew meanwhile is stopped as well. */
static void stop_all_stops_all(void **state)
{
	const struct domain_files f = { { 0x8000, 0x1001, 0 }, { 0 } };
	struct domain *d;

	(void)state;
	create(rear);
	d = fed("on-crash = \"stop-all\";", &f);
	assert_int_equal(domain_do(rear, DOM_OP_RESTART), FH_OK);
	while (rear->state != DOM_BUILDING) {
		assert_non_null(dm_step(rear));
	}
	domain_ask(d, DOM_REQ_CRASH);
	dm_settle();
	assert_int_equal(d->state, DOM_CRASHED);
	assert_int_equal(rear->state, DOM_STOPPED);
}

/* Each page of its memory behind its files: filled, or how many are. */
static uint32_t pages_filled(struct domain *d, bool fill)
{
	struct s2_leaf leaf;
	uint32_t n = 0;

	for (uint64_t at = 0x40400000; at < 0x40700000; at += PAGE_SIZE) {
		assert_int_equal(s2_lookup(&d->s2, ipa(at), &leaf), FH_OK);
		unsigned char *page = dm_ram(pa_val(leaf.pa) + at - ipa_val(leaf.ipa));

		if (fill) {
			memset(page, 0xa5, PAGE_SIZE);
		}
		n += *page == 0xa5 ? 1U : 0U;
	}
	return n;
}

/* Stopped while it is cleaned for the first time, it does not begin with what another one left, "keep" or not. */
static void what_was_never_cleaned_is_not_kept(void **state)
{
	const struct domain_files f = { { 0x8000, 0x1001, 0 }, { 0 } };
	struct cfg_error err = { "" };
	struct domain *d;

	(void)state;
	d = fed("", &f);
	assert_int_equal(pages_filled(d, true), 0x300);
	destroy(d);

	assert_int_equal(define("new", "memory-on-reset = \"keep\";", &f, &d, &err), FH_OK);
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	domain_feed(d, DOM_OP_START, &feeder);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	while (d->build.zeroed == 0U) {
		assert_non_null(dm_step(d));
	}
	assert_int_equal(d->build.phase, PHASE_CLEAN);
	assert_true(pages_filled(d, false) > 0U);
	assert_int_equal(domain_do(d, DOM_OP_STOP), FH_OK);
	dm_settle();
	assert_int_equal(d->state, DOM_STOPPED);
	domain_feed(d, DOM_OP_START, &feeder);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	feed(d);
	assert_int_equal(pages_filled(d, false), 0);
	/* What is its own it keeps. */
	assert_int_equal(pages_filled(d, true), 0x300);
	domain_feed(d, DOM_OP_RESTART, &feeder);
	assert_int_equal(domain_do(d, DOM_OP_RESTART), FH_OK);
	feed(d);
	assert_int_equal(pages_filled(d, false), 0x300);
	d->vuart.taken = &feeder;
	destroy(d);
	assert_null(d->vuart.taken);
}

#define PATIENCE UINT64_C(60000000000) /* create-timeout-ms, its default */

/* Whoever feeds it goes, or says nothing, wherever it stands: all is back. What runs is nobody's. */
static void nobody_feeds_it(void **state)
{
	const struct domain_files f = { { 0x10000, 0x1001, 0 }, { 0 } };
	char *before = canon_text(&dm_ledger, CANON_ALL & ~CANON_DIRTY);
	struct cfg_error err = { "" };
	struct domain *d;

	(void)state;
	for (uint32_t i = 0; i < 8U; i++) {
		const bool late = i % 2U != 0U;
		const uint32_t at = i / 2U; /* defined, claimed, awaiting, in mid-file */

		assert_int_equal(define("new", "", &f, &d, &err), FH_OK);
		if (at != 0U) {
			assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
		}
		assert_true(at < 2U || domain_do(d, DOM_OP_START) == FH_OK);
		dm_settle();
		assert_true(at < 3U || domain_load(d, 0, 0, file_part, sizeof(file_part)) == FH_OK);
		dm_settle();
		assert_int_equal(domain_give_up(&err), d->due); /* another one goes */
		assert_true(d->due > fake_counter && d->due <= fake_counter + PATIENCE);
		fake_counter += late ? PATIENCE : 0U;
		assert_int_equal(domain_give_up(late ? NULL : &feeder), UINT64_MAX);
		dm_settle();
		assert_int_equal(d->state, DOM_UNUSED);
		as_before(before, CANON_ALL & ~CANON_DIRTY, late ? "too late" : "gone");
	}
	/* While it is placed and cleaned nobody waits for the feeder. */
	assert_int_equal(define("new", "", &f, &d, &err), FH_OK);
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	fake_counter += PATIENCE;
	assert_int_equal(domain_give_up(NULL), fake_counter + PATIENCE);
	assert_int_equal(d->state, DOM_BUILDING);
	/* Asking is a sign of life. */
	fake_counter += PATIENCE - 1U;
	assert_int_equal(domain_load(d, 0, 0, file_part, 1), FH_EBUSY);
	assert_int_equal(d->due, fake_counter + PATIENCE);
	/* It is being claimed: in a moment. */
	d->claiming = true;
	assert_int_equal(domain_give_up(&feeder), 0);
	assert_int_equal(d->state, DOM_BUILDING);
	d->claiming = false;
	assert_int_equal(domain_give_up(NULL), UINT64_MAX);
	dm_settle();
	as_before(before, CANON_ALL & ~CANON_DIRTY, "claimed");
	/* What runs, and what resets after it, is not its creator's. */
	d = fed("", &f);
	assert_int_equal(domain_give_up(&feeder), UINT64_MAX);
	domain_feed(d, DOM_OP_RESTART, &err);
	assert_int_equal(domain_do(d, DOM_OP_RESTART), FH_OK);
	assert_int_equal(d->state, DOM_STOPPING);
	assert_int_equal(domain_give_up(&feeder), d->due);
	assert_int_equal(domain_give_up(&err), UINT64_MAX);
	dm_settle();
	assert_int_equal(d->state, DOM_STOPPED);
	free(before);
}

/* The next domain in a slot finds nothing of the last one: no ramdisk that never comes, no words of another's. */
static void a_slot_is_used_again(void **state)
{
	const struct domain_files two = { { 0x10000, 0x1001, 0 }, { 0 } };
	const struct domain_files one = { { 0x10000, 0, 0 }, { 0 } };
	struct cfg_error err = { "" };
	struct domain *d = fed("", &two);
	size_t size;
	char *without = strdup(created);
	char *word = strstr(without, "ramdisk = \"r\";");

	(void)state;
	assert_int_equal(vuart_tx_send(&d->vuart, "secret", 6), 6);
	destroy(d);
	memset(word, ' ', strlen("ramdisk = \"r\";"));
	memcpy(strstr(without, "MORE"), "    ", 4);
	unsigned char *tree = dts_compile(without, &size);

	assert_int_equal(domain_define(tree, size, &two, &feeder, &d, &err), FH_EINVAL);
	assert_non_null(strstr(err.text, "ramdisk: a file comes for it"));
	assert_int_equal(domain_define(tree, size, &one, &feeder, &d, &err), FH_OK);
	assert_int_equal(vuart_tx_level(&d->vuart), 0);
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	feed(d);
	free(tree);
	free(without);
}

static void what_is_taken_is_refused_with_a_reason(void **state)
{
	const struct domain_files f = { { 4096, 4096, 0 }, { 0 } };
	static const struct {
		const char *name, *more, *why;
		fh_status status;
	} bad[] = {
		{ "front", "", "two domains of this name", FH_EEXIST },
		{ "x", "control;", "only a domain of the boot's configuration has it", FH_EDENIED },
		{ "x", "rings;", "only a domain of the boot's configuration has it", FH_EDENIED },
		{ "x", "on-crash = \"panic\";", "is for the boot's configuration", FH_EDENIED },
		{ "x", "on-watchdog = \"panic\";", "is for the boot's configuration", FH_EDENIED },
		{ "x", "memory@50000000 { reg = <0 0x50000000 0 0x100000>; static = <0 0x60100000>; };", "overlaps",
		  FH_EEXIST },
		{ "x", "memory@50000000 { reg = <0 0x50000000 0 0x100000>; static = <0 0x20000000>; };", "",
		  FH_ENOENT },
		{ "x", "on-crash = \"restart\";", "is for domains whose files are the payload's", FH_ENOTSUP },
		{ "x", "devices { a { path = \"/pl061@9030000\"; }; };", "given already", FH_EEXIST },
		{ "x", "devices { a { path = \"/pl011@9000000\"; allow-unprotected-dma; }; };", "unprotected DMA",
		  FH_EDENIED },
	};
	struct cfg_error err = { "" };
	struct domain *d = NULL;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(define(bad[i].name, bad[i].more, &f, &d, &err), bad[i].status);
		if (strstr(err.text, bad[i].why) == NULL) {
			fail_msg("'%s' is not in '%s'", bad[i].why, err.text);
		}
	}
	for (uint32_t i = domain_count(); i < CFG_MAX_DOMAINS; i++) {
		assert_null(domain_get(i));
	}
	assert_int_equal(define("x", "", &f, &d, &err), FH_OK);
	assert_int_equal(define("y", "", &f, &d, &err), FH_EEXIST); /* its CPU */
	assert_non_null(strstr(err.text, "CPU 3"));
	assert_int_equal(domain_do(d, DOM_OP_DESTROY), FH_OK);
	assert_int_equal(define("y", "", &f, &d, &err), FH_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_domain_comes_and_goes, setup),
		cmocka_unit_test_setup(fail_the_nth, setup),
		cmocka_unit_test_setup(fail_the_nth_of_a_set, setup),
		cmocka_unit_test_setup(killed_at_every_step, setup),
		cmocka_unit_test_setup(illegal_operations_change_nothing, setup),
		cmocka_unit_test_setup(stopped_in_its_reset, setup),
		cmocka_unit_test_setup(crashes_restart_it_so_often, setup),
		cmocka_unit_test_setup(its_power_key, setup),
		cmocka_unit_test_setup(doorbells, setup),
		cmocka_unit_test_setup(times_begin_at_nothing, setup),
		cmocka_unit_test_setup(a_watchdog_runs_out, setup),
		cmocka_unit_test_setup(a_second_cpu_on, setup),
		cmocka_unit_test_setup(the_time_of_a_pause, setup),
		cmocka_unit_test_setup(the_holder_dies, setup),
		cmocka_unit_test_setup(files_come_in_pieces, setup),
		cmocka_unit_test_setup(files_come_again, setup),
		cmocka_unit_test_setup(stop_all_stops_all, setup),
		cmocka_unit_test_setup(what_was_never_cleaned_is_not_kept, setup),
		cmocka_unit_test_setup(nobody_feeds_it, setup),
		cmocka_unit_test_setup(a_slot_is_used_again, setup),
		cmocka_unit_test_setup(what_is_taken_is_refused_with_a_reason, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
