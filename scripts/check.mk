# SPDX-License-Identifier: MIT
# Set-up, checks and everything that runs the image.

.PHONY: help setup check check-format format check-floors check-headers check-schema check-simd check-qemu check-llvm check-repro \
	check-qemu check-guests fuzz-guest size demo demo-check bench bench-host payload

# Every target with a line of its own here.
help:
	@sed -n 's/^#: //p' scripts/check.mk

#: make                       build $(O)/freehold.elf and freehold.bin (O=build; LLVM=1 by clang; V=1 shows commands)
#: make NAME_defconfig        take configs/NAME_defconfig: qemu_virt, qemu_virt_debug, minimal
#: make menuconfig            change the configuration;  make savedefconfig  writes it short to $(O)/defconfig
#: make objects               compile all, do not link
#: make setup                 install what is missing (also done by demo and check)
setup:
	@scripts/setup

#: make tools                 host programs (fhpack) in $(O)/tools
#: make deb                   fhctl as a Debian package for arm64
#: make payload               the demo's payload in $(O)/demo
payload: setup tools
	@FREEHOLD_BUILD=$(abspath $(O)) PYTHONPATH=tests/qemu $(PYTHON) -c \
		'import harness, linux_system; print(linux_system.build_payload(harness.BUILD / "demo"))'

#: make demo                  two Linux domains on QEMU, you type;  make demo-check  the same unattended
demo: setup
	@$(MAKE) -j2 all tools
	@FREEHOLD_BUILD=$(abspath $(O)) $(PYTHON) tests/qemu/demo.py
demo-check: setup
	@$(MAKE) -j2 all tools
	@FREEHOLD_BUILD=$(abspath $(O)) timeout 180 $(PYTHON) tests/qemu/demo.py --check

#: make bench                 what things cost, in instructions, and sizes, against their budgets: $(O)/bench.json
bench: setup
	@$(MAKE) -j2 all tools $(O)/ledger-bench.elf
	@$(MAKE) O=$(O)/minimal minimal_defconfig
	@$(MAKE) -j2 O=$(O)/minimal all
	@$(MAKE) -s -f tests/qemu/guests/guests.mk GUEST_OUT=$(O)/guests guests
	@$(MAKE) O=$(O)/lockstats qemu_virt_defconfig
	@sed -i 's/^# CONFIG_LOCK_STATS is not set/CONFIG_LOCK_STATS=y/' $(O)/lockstats/.config
	@$(MAKE) -j2 O=$(O)/lockstats all
	@$(MAKE) O=$(O)/nofwb qemu_virt_defconfig
	@sed -i 's/^CONFIG_S2FWB=y/# CONFIG_S2FWB is not set/' $(O)/nofwb/.config
	@$(MAKE) -j2 O=$(O)/nofwb all
	@FREEHOLD_BUILD=$(abspath $(O)) $(PYTHON) tests/qemu/bench.py

#: make bench-host            only what is measured on the host: the ledger over sizes of the pool and numbers of claims
bench-host: setup
	@$(MAKE) $(O)/tools/ledgerbench
	@scripts/bench-host $(O)

#: make check                 all checks, unit tests, fuzz for a short time, QEMU cases; ends with "N passed, N failed"
check: setup
	@scripts/check

#: make check-unit            unit tests on the host under ASan and UBSan (T=test_pool: one program)
#: make check-claims          10 million random operations on claims, two seeds, all compared after each
#: make fuzz                  each fuzz target for its part of FUZZ_SECONDS=60
#: make check-qemu            QEMU cases (K=expr chooses, as pytest -k)
check-qemu: setup
	@$(MAKE) -j2 all tools
	@scripts/run-qemu $(O) $(if $(K),-k '$(K)')

#: make check-guests          Debian's 6.1, 6.12 and -rt kernels as guests, a hundred rounds by fhctl; 45 minutes at most
check-guests: setup
	@scripts/setup kernels
	@$(MAKE) -j2 all tools
	@scripts/run-qemu $(O) tests/qemu/guests_linux.py $(if $(K),-k '$(K)')

#: make fuzz-guest            the hostile guest, by FUZZ_GUEST_SEEDS=10 more seeds, drawn from FUZZ_GUEST_FROM (the time)
FUZZ_GUEST_SEEDS ?= 10
FUZZ_GUEST_FROM ?= $(shell date +%s)
fuzz-guest: setup
	@$(MAKE) -j2 all tools
	@FUZZ_GUEST_SEEDS=$(FUZZ_GUEST_SEEDS) FUZZ_GUEST_FROM=$(FUZZ_GUEST_FROM) scripts/run-qemu $(O) tests/qemu/test_hostile.py -k disturbs

#: make check-format          layout, file sizes, SPDX lines, TODOs;  make format  lays out
check-format:
	@scripts/check-format
format:
	@scripts/check-format --fix

#: make check-floors          includes (and, where it is built, symbols) against the table of docs/architecture.md
check-floors:
	@scripts/check-floors $(if $(wildcard $(O)/.objects),$(O)/obj $(NM))

#: make check-headers         each header compiles alone
check-headers: $(autoconf) | $(libfdt_ready)
	@scripts/check-headers $(CROSS_CC) $(CPPFLAGS) $(CFLAGS)

#: make check-schema          configurations against dts/bindings by dt-validate
check-schema:
	@scripts/check-schema

#: make check-simd            no SIMD or floating-point register in the image
check-simd: $(O)/freehold.elf
	@scripts/check-simd $(OBJDUMP) $<

#: make check-llvm            build with clang and lld in build/llvm, the minimal image in build/llvm/minimal
check-llvm:
	@$(MAKE) O=build/llvm LLVM=1 qemu_virt_defconfig
	@$(MAKE) O=build/llvm LLVM=1 all check-simd
	@$(MAKE) O=build/llvm/minimal LLVM=1 minimal_defconfig
	@$(MAKE) O=build/llvm/minimal LLVM=1 all check-simd

#: make check-repro           two builds in different folders are identical
check-repro: $(O)/freehold.bin
	@scripts/check-repro $(O)

#: make size                  text, data, bss, size of the image and lines, against the budgets
size: $(O)/freehold.bin
	@scripts/size '$(SIZE)' $(O) $(if $(CONFIG_POOL),160 15000,80 8000) $(sources)

#: make verify                proofs, all states of small ledgers, races, long random runs of the claim engine (20 minutes)
#: make soak                  random claims, SOAK_STEPS=1000000000
#: make clean                 remove what was built;  make distclean  also what was fetched
