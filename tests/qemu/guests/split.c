// SPDX-License-Identifier: MIT
/*
 * One CPU has the block that all of this guest lies in split and merged again and again, the other one reads, writes
 * and runs in it: no access may see the moment between. Wants a build with CONFIG_TEST_CALLS.
 */
#include "claim.h"
#include "guest.h"

#define TEST_SPLIT 0xc600ff80UL
#define TURNS 100000U

static volatile uint32_t words[1024], stop;
static volatile uint32_t reads;
static volatile bool wrong;

static void reader(void)
{
	for (uint32_t n = 1; stop == 0; n++) {
		for (uint32_t i = 0; i < 1024; i++) {
			wrong = wrong || words[i] != n - 1;
			words[i] = n;
		}
		reads = n;
	}
}

void guest_main(void)
{
	uint32_t good = 0;

	print("\n# freehold split on freehold\n");
	cpu_start(1, reader);
	tap(wait_count(&reads, 1, 3000), "the reader reads");
	for (uint32_t i = 0; i < TURNS; i++) {
		struct fhc_regs r = { { TEST_SPLIT, (uint64_t)(uintptr_t)&words & ~0x1fffffUL, 0, 0 } };

		good += fhc_call(&r) == FHC_OK ? 1 : 0;
	}
	tap_eq(good, TURNS, "a block is split and merged each time");
	tap(reads > 10 && !wrong, "and what is read and run in it is right");
	stop = 1;
	/* an exception on either CPU would have ended this guest with a line of its own */
	print("# %u turns beside %u passes of the reader\n", good, reads);
	tap_end();
	system_off();
}
