# SPDX-License-Identifier: MIT
# make verify: all reachable states of small ledgers, races, long random runs. Included by the Makefile.
# make soak: random operations until SOAK_STEPS are done.

verify_flags := -std=gnu17 -O2 -g -I. -Itests/unit/fake -Itests/unit -include tests/unit/fake/autoconf.h -D_GNU_SOURCE
verify_engine := $(wildcard core/claim/*.c core/pool/*.c) core/base/status.c tests/unit/fake/lock_host.c
verify_deps := $(verify_engine) $(wildcard core/claim/*.h core/pool/*.h core/base/*.h)
SOAK_STEPS ?= 1000000000

# The engine with tables as small as the states that are walked: a copy of its state is made for each step.
small := $(O)/verify/small
$(O)/verify/exhaustive: tests/verify/exhaustive.c tests/unit/oracle.c tests/verify/small $(verify_deps)
	tests/verify/small $(small) 3
	sed -i -e 's/^#define FH_MAX_CLAIMS .*/#define FH_MAX_CLAIMS 4U/' -e 's/^#define LEDGER_MAX_TERMS .*/#define LEDGER_MAX_TERMS 4U/' \
		$(small)/core/claim/claim.h
	$(HOST_CC) -I$(small) $(verify_flags) -O3 $(addprefix $(small)/,$(filter core/claim/%.c core/pool/%.c,$(verify_engine))) \
		$(filter-out core/claim/%.c core/pool/%.c,$(verify_engine)) $(filter %/exhaustive.c %/oracle.c,$^) -o $@

$(O)/verify/threads: tests/unit/test_claim_threads.c $(verify_deps)
	@mkdir -p $(@D)
	$(HOST_CC) $(verify_flags) -fsanitize=thread $(verify_engine) $< -o $@ -lcmocka -lpthread

# Without sanitizers, which `make check-unit` has, and with a small ledger, which the audit goes through after each step.
$(O)/verify/random: tests/unit/test_claim_random.c tests/unit/oracle.c $(verify_deps)
	@mkdir -p $(@D)
	$(HOST_CC) $(verify_flags) -O3 -DFH_MAX_CLAIMS=16U $(verify_engine) $(filter %random.c %/oracle.c,$^) -o $@ -lcmocka

# random_run STEPS: that many, by two processes with seeds of their own.
random_run = s=$$(date +%s); $(O)/verify/random $$(($(1) / 2)) $$s & $(O)/verify/random $$(($(1) / 2)) $$((s + 1)) && wait $$!

# A part of make check, too.
.PHONY: check-claims
check-claims: verify-random

.PHONY: verify verify-setup verify-exhaustive verify-protocol verify-tsan verify-random soak
verify: verify-exhaustive verify-protocol verify-tsan verify-random

# On a bare machine: the compiler, cmocka, spin.
verify-setup:
	@scripts/setup
$(addprefix $(O)/verify/,exhaustive threads random) verify-protocol: | verify-setup

# The lock, waiting and scrub protocol in spin: deadlock, lost wake-ups, starvation, a page handed over while it is zeroed.
verify-protocol:
	tests/verify/protocol $(O)

# Clean and dirty, at most 3 blocks outstanding; without dirt first, which takes a second and shows most faults.
verify-exhaustive: $(O)/verify/exhaustive
	$< two 0 3
	$< one 0 3
	$< one 1 3 & $< two 1 3 && wait $$!

verify-tsan: $(O)/verify/threads
	$(O)/verify/threads 300

RANDOM_STEPS ?= 10000000
verify-random: $(O)/verify/random
	$(call random_run,$(RANDOM_STEPS))

soak: $(O)/verify/random
	$(call random_run,$(SOAK_STEPS))
