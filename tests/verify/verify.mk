# SPDX-License-Identifier: MIT
# make verify: proofs, all reachable states of small ledgers, races, long random runs. Included by the Makefile.
# make soak: random operations until SOAK_STEPS are done.

verify_flags := -std=gnu17 -O2 -g -I. -Itests/unit/fake -Itests/unit -include tests/unit/fake/autoconf.h -D_GNU_SOURCE
verify_engine := $(wildcard core/claim/*.c core/pool/*.c) core/base/status.c tests/unit/fake/lock_host.c
verify_deps := $(verify_engine) $(wildcard core/claim/*.h core/pool/*.h core/base/*.h)
SOAK_STEPS ?= 1000000000

# small_engine FOLDER ORDER CLAIMS TERMS MORE: copies the engine with tables as small as the test that goes through them, or
# copies them, after each step. verify_program FOLDER: compiles it with the test.
small_engine = tests/verify/small $(1) $(2) && sed -i -e 's/^\#define FH_MAX_CLAIMS .*/\#define FH_MAX_CLAIMS $(3)U/' \
	-e 's/^\#define LEDGER_MAX_TERMS .*/\#define LEDGER_MAX_TERMS $(4)U/' $(5) $(1)/core/claim/claim.h $(1)/core/pool/pool.h
verify_program = $(HOST_CC) -I$(1) $(verify_flags) -O3 $(addprefix $(1)/,$(filter core/claim/%.c core/pool/%.c,$(verify_engine))) \
	$(filter-out core/claim/%.c core/pool/%.c,$(verify_engine)) $(filter tests/%.c,$(filter-out $(verify_engine),$^)) -o $@

$(O)/verify/exhaustive: tests/verify/exhaustive.c tests/unit/oracle.c tests/verify/small $(verify_deps)
	$(call small_engine,$(O)/verify/small,3,4,4)
	$(call verify_program,$(O)/verify/small)

# Without sanitizers, which `make check-unit` has.
random_tables := -e 's/^\#define POOL_MAX_ZONES .*/\#define POOL_MAX_ZONES 8U/' -e 's/^\#define POOL_MAX_BANKS .*/\#define POOL_MAX_BANKS 2U/' \
	-e 's/^\#define POOL_MAX_RANGES .*/\#define POOL_MAX_RANGES 16U/' -e 's/^\#define CLAIM_MAX_\(TERMS\|INPUT\) .*/\#define CLAIM_MAX_\1 4U/' \
	-e 's/^\#define LEDGER_MAX_DOMAINS .*/\#define LEDGER_MAX_DOMAINS 3U/' \
	-e 's/^\#define LEDGER_MAX_SCRUBBERS .*/\#define LEDGER_MAX_SCRUBBERS 4U/'
$(O)/verify/random: tests/unit/test_claim_random.c $(wildcard tests/unit/claim_random*.[ch]) tests/unit/oracle.c tests/verify/small \
		$(verify_deps)
	$(call small_engine,$(O)/verify/small6,6,16,64,$(random_tables))
	$(call verify_program,$(O)/verify/small6) -lcmocka

$(O)/verify/threads $(O)/verify/crowd: $(O)/verify/%: tests/unit/test_claim_%.c $(verify_deps)
	@mkdir -p $(@D)
	$(HOST_CC) $(verify_flags) -fsanitize=thread $(verify_engine) $< -o $@ -lcmocka -lpthread

$(O)/verify/large: tests/unit/test_claim_large.c $(verify_deps)
	@mkdir -p $(@D)
	$(HOST_CC) $(verify_flags) -O3 -DFH_MAX_CLAIMS=128U $(verify_engine) $< -o $@ -lcmocka

# random_run STEPS: that many on small pools, by two processes with seeds of their own; then a tenth on a large one.
random_run = s=$$(date +%s); $(O)/verify/random $$(($(1) / 2)) $$s & $(O)/verify/random $$(($(1) / 2)) $$((s + 1)) && wait $$! && \
	$(O)/verify/large $$(($(1) / 10)) $$s

# A part of make check, too.
.PHONY: check-claims
check-claims: verify-random

# Tables of the sizes that the states of every.c need: orders 0 to 2, three zones.
verify_small := -DPOOL_MAX_ORDER=2U -DPOOL_MAX_ZONES=3U -DPOOL_MAX_BANKS=2U -DPOOL_MAX_RANGES=3U -DFH_MAX_CLAIMS=12U \
	-DCLAIM_MAX_TERMS=12U -DCLAIM_MAX_INPUT=12U -DLEDGER_MAX_TERMS=32U -DLEDGER_MAX_DOMAINS=2U -DLEDGER_MAX_SCRUBBERS=1U

every_parts := tests/verify/every.c $(patsubst %,tests/verify/every_%.c,states judge outcome steps) tests/unit/oracle.c

$(O)/verify/every: $(every_parts) tests/verify/every.h $(verify_deps)
	@mkdir -p $(@D)
	$(HOST_CC) $(verify_flags) $(verify_small) $(verify_engine) $(every_parts) -o $@

# The same under the sanitizers, for a part of the states.
$(O)/verify/every_san: $(every_parts) tests/verify/every.h $(verify_deps)
	@mkdir -p $(@D)
	$(HOST_CC) $(verify_flags) -O1 -fsanitize=address,undefined -fno-sanitize-recover=all $(verify_small) $(verify_engine) \
		$(every_parts) -o $@

# The arithmetic of one zone, orders 0 to 4.
$(O)/verify/every_arith: tests/verify/every_arith.c core/claim/arith.c $(verify_deps)
	@mkdir -p $(@D)
	$(HOST_CC) $(verify_flags) $(filter-out -DPOOL_MAX_ORDER=%,$(verify_small)) -DPOOL_MAX_ORDER=4U $(filter %/every_arith.c %/arith.c,$^) -o $@

.PHONY: verify verify-setup verify-proofs verify-every verify-mutants verify-sizes verify-exhaustive verify-protocol \
	verify-tsan verify-random soak
verify: verify-every verify-exhaustive verify-protocol verify-tsan verify-random verify-proofs verify-mutants

# On a bare machine: the compiler, cmocka, spin.
verify-setup:
	@scripts/setup
$(addprefix $(O)/verify/,exhaustive threads crowd random large every every_san every_arith) verify-protocol verify-mutants: | verify-setup

# By the solver: any records, addresses, counts.
verify-proofs:
	tests/verify/prove

# By enumeration: every state that the invariant accepts, not only those that are reached.
verify-every: $(O)/verify/every $(O)/verify/every_san $(O)/verify/every_arith
	$(O)/verify/every states & $(O)/verify/every sets && wait $$!
	$(O)/verify/every_arith & $(O)/verify/every_san states 7 20 && wait $$!

# The proofs must find what is wrong.
verify-mutants:
	HOST_CC="$(HOST_CC)" tests/verify/mutate $(O)

verify-sizes:
	@echo $(verify_small)

# The lock, waiting and scrub protocol in spin: deadlock, lost wake-ups, starvation, a page handed over while it is zeroed.
verify-protocol:
	tests/verify/protocol $(O)

# Clean and dirty, at most 3 blocks outstanding; without dirt first, which takes a second and shows most faults.
verify-exhaustive: $(O)/verify/exhaustive
	$< two 0 3
	$< one 0 3
	$< one 1 3 & $< two 1 3 && wait $$!

verify-tsan: $(O)/verify/threads $(O)/verify/crowd
	$(O)/verify/threads 300
	timeout 300 $(O)/verify/crowd 5000

RANDOM_STEPS ?= 10000000
verify-random: $(O)/verify/random $(O)/verify/large
	$(call random_run,$(RANDOM_STEPS))

soak: $(O)/verify/random $(O)/verify/large
	$(call random_run,$(SOAK_STEPS))
