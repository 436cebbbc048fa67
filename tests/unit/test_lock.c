/* SPDX-License-Identifier: MIT */
// SOURCES: core/sync/*.c
// LIBS: -lpthread
/* The ticket lock: exclusion between threads, and each misuse stops the machine. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/sync/lock.h"
#include "fake_machine.h"

#define THREADS 4U
#define TURNS 20000U

static jmp_buf stopped;
static unsigned int reason;

void fake_brk(unsigned int imm)
{
	reason = imm;
	longjmp(stopped, 1);
}

/* Runs the statement; true: it stopped the machine because of a lock. */
#define STOPS(statement) (reason = 0, setjmp(stopped) == 0 ? ((statement), false) : reason == FH_BRK_LOCK)

static struct lock domain_a = LOCK_INIT(RANK_DOMAIN);
static struct lock ledger = LOCK_INIT(RANK_LEDGER);
static struct lock log_lock = LOCK_INIT(RANK_LOG);

static void order_is_kept(void **state)
{
	(void)state;
	lock_acquire(&domain_a);
	lock_acquire(&ledger);
	lock_acquire(&log_lock);
	assert_true(lock_held(&ledger));
	lock_release(&ledger); /* giving back needs no order */
	assert_false(lock_held(&ledger));
	lock_release(&log_lock);
	lock_release(&domain_a);
}

static void wrong_order_stops(void **state)
{
	(void)state;
	lock_acquire(&ledger);
	assert_true(STOPS(lock_acquire(&domain_a)));
	assert_true(STOPS(lock_acquire(&ledger)));
	assert_true(STOPS(assert_false(lock_try(&domain_a))));
	lock_release(&ledger);
}

static void a_lock_without_a_rank_stops(void **state)
{
	struct lock none = { 0 };

	(void)state;
	assert_true(STOPS(lock_acquire(&none)));
}

static void release_of_what_is_not_held_stops(void **state)
{
	(void)state;
	assert_true(STOPS(lock_release(&ledger)));
	lock_acquire(&ledger);
	fake_cpu = 1;
	assert_false(lock_held(&ledger));
	assert_true(STOPS(lock_release(&ledger)));
	fake_cpu = 0;
	lock_release(&ledger);
}

static void try_does_not_wait(void **state)
{
	(void)state;
	assert_true(lock_try(&ledger));
	fake_cpu = 1;
	assert_false(lock_try(&ledger));
	fake_cpu = 0;
	lock_release(&ledger);
	assert_true(lock_try(&ledger));
	lock_release(&ledger);
	assert_int_equal(ledger.next, ledger.owner);
}

static void tickets_wrap(void **state)
{
	struct lock l = { UINT32_MAX, UINT32_MAX, 0, 1U << RANK_LEDGER };

	(void)state;
	for (uint32_t i = 0; i < 3U; i++) {
		lock_acquire(&l);
		lock_release(&l);
		assert_true(lock_try(&l));
		lock_release(&l);
	}
	assert_int_equal(l.owner, 5);
}

static uint64_t shared;

static void *count(void *cpu)
{
	fake_cpu = (uint32_t)(uintptr_t)cpu;
	for (uint32_t i = 0; i < TURNS; i++) {
		if (i % 3U == 0U) {
			while (!lock_try(&ledger)) {
				(void)sched_yield();
			}
		} else {
			lock_acquire(&ledger);
		}
		shared++;
		lock_release(&ledger);
	}
	return NULL;
}

static void threads_exclude_each_other(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (uintptr_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, count, (void *)i), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
	assert_int_equal(shared, THREADS * TURNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_is_kept),
		cmocka_unit_test(wrong_order_stops),
		cmocka_unit_test(a_lock_without_a_rank_stops),
		cmocka_unit_test(release_of_what_is_not_held_stops),
		cmocka_unit_test(try_does_not_wait),
		cmocka_unit_test(tickets_wrap),
		cmocka_unit_test(threads_exclude_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
