# SPDX-License-Identifier: MIT
# make verify: all reachable states of small ledgers, races, long random runs. Included by the Makefile.
# make soak: random operations until SOAK_STEPS are done.

verify_flags := -std=gnu17 -O2 -g -I. -Itests/unit/fake -Itests/unit -include tests/unit/fake/autoconf.h -D_GNU_SOURCE
verify_engine := $(wildcard core/claim/*.c core/pool/*.c) core/base/status.c tests/unit/fake/lock_host.c
verify_deps := $(verify_engine) $(wildcard core/claim/*.h core/pool/*.h core/base/*.h)
SOAK_STEPS ?= 1000000000

$(O)/verify/exhaustive: tests/verify/exhaustive.c tests/unit/oracle.c $(verify_deps)
	@mkdir -p $(@D)
	$(HOST_CC) $(verify_flags) -DFH_MAX_CLAIMS=16U $(verify_engine) $(filter %/exhaustive.c %/oracle.c,$^) -o $@

$(O)/verify/threads: tests/unit/test_claim_threads.c $(verify_deps)
	@mkdir -p $(@D)
	$(HOST_CC) $(verify_flags) -fsanitize=thread $(verify_engine) $< -o $@ -lcmocka -lpthread

$(O)/verify/random: tests/unit/test_claim_random.c tests/unit/oracle.c $(verify_deps)
	@mkdir -p $(@D)
	$(HOST_CC) $(verify_flags) $(verify_engine) $(filter %random.c %/oracle.c,$^) -o $@ -lcmocka

.PHONY: verify verify-exhaustive verify-tsan verify-random soak
verify: verify-exhaustive verify-tsan verify-random

# What is tracked, and how many blocks are outstanding at most: the whole of both takes longest.
verify-exhaustive: $(O)/verify/exhaustive
	$(O)/verify/exhaustive two 0 3
	$(O)/verify/exhaustive one 0 3
	$(O)/verify/exhaustive two 1 1
	$(O)/verify/exhaustive one 1 1

verify-tsan: $(O)/verify/threads
	$(O)/verify/threads 300

verify-random: $(O)/verify/random
	$(O)/verify/random 10000000

soak: $(O)/verify/random
	$(O)/verify/random $(SOAK_STEPS)
