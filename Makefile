# SPDX-License-Identifier: MIT
# Freehold's build. `make help` lists the targets; docs/testing.md tells of the checks.
#
#   O=DIR       output folder (build); QEMU, kernels and other fetched parts always stay in build/
#   LLVM=1      clang and ld.lld instead of gcc
#   V=1         show the commands
#   LIBFDT_SRC=DIR  compile libfdt from its source instead of Debian's arm64 archive

MAKEFLAGS += --no-builtin-rules --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:

O ?= build
FETCHED := build
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
Q := $(if $(V),,@)
comma := ,
say = $(if $(V),@:,@printf '  %-8s%s\n' '$(1)' '$(2)')
# A file that is written again only when its text changes: call it with the command that prints the text.
update = @mkdir -p $(@D); t=$@.$$$$; { $(1); } >$$t && if cmp -s $@ $$t; then rm $$t; else mv $$t $@; fi

config_goals := $(filter %config,$(MAKECMDGOALS))
other_goals := $(filter-out %config,$(MAKECMDGOALS))
# These need no configuration.
plain_goals := help setup clean distclean format check-format check demo demo-check bench bench-host check-llvm \
	verify verify-% soak check-qemu check-unit check-headers check-floors check-schema check-claims fuzz tools deb
plain_goals += check-guests fuzz-guest
needs_config := $(if $(MAKECMDGOALS),$(filter-out $(plain_goals) %config,$(MAKECMDGOALS)),all)

.PHONY: all
all:

ifneq ($(and $(config_goals),$(other_goals)),)
# "make minimal_defconfig all": one after the other, each with the configuration that it finds.
.PHONY: $(MAKECMDGOALS) one_by_one
$(MAKECMDGOALS): one_by_one
	@:
one_by_one:
	@set -e; for goal in $(MAKECMDGOALS); do $(MAKE) $$goal; done
else

# ---- configuration -------------------------------------------------------------------------------------------------

export KCONFIG_CONFIG := $(O)/.config
autoconf := $(O)/include/generated/autoconf.h

.PHONY: FORCE menuconfig savedefconfig olddefconfig
%_defconfig: configs/%_defconfig
	@mkdir -p $(O)
	$(Q)$(PYTHON) -m defconfig --kconfig Kconfig $< >/dev/null
	@echo "$(O)/.config: $@"
menuconfig olddefconfig: $(O)/.config
	$(Q)$(PYTHON) -m $@ Kconfig
# Writes $(O)/defconfig: copy it to configs/NAME_defconfig.
savedefconfig: $(O)/.config
	$(Q)$(PYTHON) -m savedefconfig --kconfig Kconfig --out $(O)/defconfig

ifneq ($(needs_config),)
include $(O)/.config
endif

$(O)/.config:
	@echo "no $(O)/.config: using qemu_virt_defconfig"
	@$(MAKE) qemu_virt_defconfig

$(autoconf): $(O)/.config Kconfig
	@mkdir -p $(@D)
	$(Q)$(PYTHON) -m genconfig --header-path $@ Kconfig

# ---- what is compiled ----------------------------------------------------------------------------------------------
# Configuration picks folders here and files in a folder's own sources.mk (files-y += x.c, files-$(CONFIG_X) += y.c);
# a folder without one gives all its *.c and *.S.

folders-y := core/base core/sync drivers/uart core/log core/fdt core/payload core/config drivers/gic drivers/watchdog
folders-y += arch/arm64/lib arch/arm64/mm core/vdev core/smp arch/arm64/vgic drivers/smmu arch/arm64/vcpu core/vuart
folders-y += core/scrub core/domain core/hypercall arch/arm64/psci arch/arm64/trap arch/arm64/boot core/control
folders-$(CONFIG_CONTROL) += core/virtio
folders-$(CONFIG_WATCHDOG) += core/vwdt
folders-$(CONFIG_LOCK_STATS) += core/sync/stats core/monitor/stats
folders-y += $(if $(CONFIG_MULTIPLEXER),core/console core/monitor,core/console/plain core/monitor/off)
# Without the pool a ledger is left that lays out what static partitions need, once.
folders-y += core/pool $(if $(CONFIG_POOL),core/claim,core/claim/fixed core/pool/fixed)

define add_folder
files-y :=
-include $(1)/sources.mk
sources += $$(if $$(wildcard $(1)/sources.mk),$$(addprefix $(1)/,$$(files-y)),$$(wildcard $(1)/*.c $(1)/*.S))
endef
sources :=
$(foreach folder,$(folders-y),$(eval $(call add_folder,$(folder))))
sources := $(sort $(filter-out %/asm-offsets.c %.lds.S,$(sources)))
# x.c and x.S may stand side by side.
objects := $(patsubst %.c,$(O)/obj/%.o,$(patsubst %.S,$(O)/obj/%.S.o,$(sources)))

# ---- tools and flags -----------------------------------------------------------------------------------------------

ifdef LLVM
CROSS_CC := clang --target=aarch64-linux-gnu
LD := ld.lld
OBJCOPY := llvm-objcopy
OBJDUMP := llvm-objdump
NM := llvm-nm
SIZE := llvm-size
else
CROSS_COMPILE ?= aarch64-linux-gnu-
CROSS_CC := $(CROSS_COMPILE)gcc
LD := $(CROSS_COMPILE)ld
OBJCOPY := $(CROSS_COMPILE)objcopy
OBJDUMP := $(CROSS_COMPILE)objdump
NM := $(CROSS_COMPILE)nm
SIZE := $(CROSS_COMPILE)size
endif

WARNINGS := -Wall -Wextra -Wconversion -Wsign-conversion -Wmissing-prototypes -Wswitch-default -Wcast-qual -Wundef \
	-Wvla -Wimplicit-fallthrough -Werror
compiler_headers = $(shell $(CROSS_CC) -print-file-name=include)
ifneq ($(LIBFDT_SRC),)
libfdt_headers := $(LIBFDT_SRC)
libfdt_ready := $(LIBFDT_SRC)/libfdt.h
else
libfdt_headers := $(FETCHED)/guest/include
libfdt_ready := $(FETCHED)/guest/libfdt.a
endif

CPPFLAGS := -nostdinc -I. -Iarch/arm64/include -I$(O)/include -isystem $(compiler_headers) \
	-isystem core/base/libc -isystem $(libfdt_headers) -include $(autoconf)
# The image with its data lies within 1 MiB: one instruction reaches any of it.
MACHINE := -march=armv8-a -mgeneral-regs-only -mno-outline-atomics -mstrict-align -mcmodel=tiny -fno-pic -fno-pie
# What a guest waits for is made fast; all else is made small.
fast_files := arch/arm64/trap/% arch/arm64/vcpu/% arch/arm64/lib/% core/vdev/% core/virtio/guest_mem.c core/virtio/virtq.c core/sync/% core/base/string.c \
	$(addprefix arch/arm64/vgic/,vgic.c vgic_fill.c vgic_lr.c) $(addprefix core/pool/,buddy.c dirty.c query.c) \
	$(addprefix arch/arm64/mm/,stage2.c stage2_walk.c stage2_block.c) \
	$(addprefix core/claim/,arith.c block.c fit.c redeem.c scrub.c set.c stake.c table.c wave.c)
slow_files := arch/arm64/trap/crash.c arch/arm64/vcpu/vcpu.c
# Small functions are put into their callers where every instruction is under the ledger's lock; elsewhere it wins nothing.
fast := -O2 $(if $(LLVM),,-fno-inline-functions -fno-align-functions -fno-align-jumps -fno-align-loops -fno-align-labels)
# What gcc 12 does at -Os although it makes code larger is left out.
small := -Os $(if $(LLVM),,-fno-tree-ch -fno-tree-forwprop)
is_fast = $(if $(CONFIG_OPTIMIZE_SIZE),,$(filter-out $(slow_files),$(filter $(fast_files),$<)))
optimize = $(if $(is_fast),$(fast) $(if $(LLVM)$(filter core/claim/% core/pool/%,$<),,-fno-inline-small-functions),$(small))
CFLAGS := -std=c17 $(WARNINGS) -g -ffreestanding -fno-common $(MACHINE) -fno-stack-protector \
	-fno-omit-frame-pointer -fno-asynchronous-unwind-tables -fno-strict-aliasing -ffunction-sections -fdata-sections \
	-ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(O)/=build/
ASFLAGS := -D__ASSEMBLY__ -g $(MACHINE) -ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(O)/=build/
LDFLAGS := -nostdlib -static --gc-sections --orphan-handling=error --build-id=none -z noexecstack \
	-z max-page-size=4096 --fatal-warnings
# A debug build stops at undefined behaviour, by a trap.
ifdef CONFIG_DEBUG_BUILD
CFLAGS += -fsanitize=undefined $(if $(LLVM),-fsanitize-trap=undefined,-fsanitize-undefined-trap-on-error)
else
# A stack has 16 KiB.
CFLAGS += -Wframe-larger-than=3328
endif
# Each hold of a lock is measured: the linker hands the calls to core/sync/stats.
ifdef CONFIG_LOCK_STATS
LDFLAGS += --wrap=lock_acquire --wrap=lock_try --wrap=lock_release
endif
ifdef LLVM
CFLAGS += -Wno-unused-command-line-argument
ASFLAGS += -Wno-unused-command-line-argument
else
LDFLAGS += --no-warn-rwx-segments
endif

# gcc sees the whole image at the link, so that what is used once stands where it is used. Objects are code as well (fat):
# the floors are checked, and the ledger's bench is linked, from them. A debug build keeps its files apart; the linker
# can't hand on a call that is inlined (CONFIG_LOCK_STATS).
space := $(subst ,, )
ifeq ($(LLVM)$(CONFIG_DEBUG_BUILD)$(CONFIG_LOCK_STATS),)
CFLAGS += -flto -ffat-lto-objects
# The compiler itself calls memcpy and memset, when it has long decided what is needed.
lto_string.c := -fno-lto
# Out-parameters are written on success only, which shows where callers and callees meet.
LINK = $(CROSS_CC) $(CFLAGS) -Os -Wno-maybe-uninitialized -flto-partition=one -nostdlib -static -Wl,$(subst $(space),$(comma),$(strip $(LDFLAGS)))
else
LINK = $(LD) $(LDFLAGS)
endif

# memcpy is not confined to aligned words.
drop_string.c := -mstrict-align

# Objects depend on the flags that they were compiled with, the link on the list of its objects.
$(O)/.flags: FORCE
	$(call update,echo '$(LINK) $(CPPFLAGS) $(CONFIG_OPTIMIZE_SIZE) $(fast) $(small) $(lto_string.c) $(drop_string.c) $(fast_files) $(slow_files) $(CFLAGS) $(ASFLAGS) $(LDFLAGS)')
$(O)/.objects: FORCE
	$(call update,printf '%s\n' $(objects))

$(FETCHED)/guest/libfdt.a:
	@scripts/setup libfdt

asm_offsets := $(O)/include/generated/asm-offsets.h
version := $(O)/include/generated/version.h
before := $(autoconf) $(O)/.flags | $(version) $(libfdt_ready)

# The commit's hash, so that a log tells what ran; one commit gives one image, wherever it is built.
$(version): FORCE
	$(call update,echo "#define FREEHOLD_VERSION \"0.1-$(or $(FREEHOLD_HASH),$$(git rev-parse --short=12 HEAD 2>/dev/null || echo release))\"")

# asm-offsets.c holds lines "->NAME value" after compilation, made by its DEFINE().
$(O)/obj/arch/arm64/boot/asm-offsets.s: arch/arm64/boot/asm-offsets.c $(before)
	@mkdir -p $(@D)
	$(Q)$(CROSS_CC) $(CPPFLAGS) -O1 $(filter-out -g -flto -ffat-lto-objects,$(CFLAGS)) -MMD -MP -MT $@ -S -o $@ $<
$(asm_offsets): $(O)/obj/arch/arm64/boot/asm-offsets.s
	$(call update,sed -n 's/.*->\([A-Za-z_0-9]*\) [$$#]*\(-\{0$(comma)1\}[0-9]*\).*/\#define \1 \2/p' $<)

$(O)/obj/%.o: %.c $(before)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CROSS_CC) $(CPPFLAGS) $(optimize) $(filter-out $(drop_$(<F)),$(CFLAGS)) $(lto_$(<F)) -MMD -MP -c -o $@ $<

# The offsets come first, but rebuild only what names them (by its dependency file).
$(O)/obj/%.S.o: %.S $(before) $(if $(wildcard arch/arm64/boot/asm-offsets.c),$(asm_offsets))
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CROSS_CC) $(CPPFLAGS) $(ASFLAGS) -MMD -MP -c -o $@ $<

# ---- the image -----------------------------------------------------------------------------------------------------

# The parts of libfdt that use no SIMD register; scripts/check-simd sees to it that nothing else comes in.
libfdt_parts := fdt fdt_ro fdt_sw fdt_strerror
libfdt := $(O)/obj/libfdt-el2.a
ifneq ($(LIBFDT_SRC),)
libfdt_objects := $(libfdt_parts:%=$(O)/obj/libfdt/%.o)
$(O)/obj/libfdt/%.o: $(LIBFDT_SRC)/%.c $(before)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CROSS_CC) $(CPPFLAGS) -O2 $(filter-out -W% -std%,$(CFLAGS)) -MMD -MP -c -o $@ $<
$(libfdt): $(libfdt_objects)
	$(Q)rm -f $@; ar rcsD $@ $^
else
$(libfdt): $(libfdt_ready)
	@mkdir -p $(O)/obj/libfdt
	$(Q)cd $(O)/obj/libfdt && ar x $(abspath $<) $(libfdt_parts:%=%.o)
	$(Q)rm -f $@; ar rcsD $@ $(libfdt_parts:%=$(O)/obj/libfdt/%.o)
endif

$(O)/freehold.lds: arch/arm64/boot/freehold.lds.S $(asm_offsets) $(before)
	$(Q)$(CROSS_CC) $(CPPFLAGS) -D__ASSEMBLY__ -D__LINKER__ -E -P -x assembler-with-cpp -MMD -MP -MT $@ -MF $@.d -o $@ $<

$(O)/freehold.elf: $(O)/freehold.lds $(objects) $(libfdt) $(O)/.objects
	$(call say,LD,$@)
	$(Q)$(LINK) $(if $(findstring $(CROSS_CC),$(LINK)),-Wl$(comma)-Map$(comma),-Map )$@.map -T $< -o $@ $(objects) $(libfdt)

$(O)/freehold.bin: $(O)/freehold.elf
	$(call say,BIN,$@)
	$(Q)$(OBJCOPY) -O binary $< $@

.PHONY: objects
# All objects without the link: useful while a part of the image is missing.
objects: $(objects) $(O)/.objects
all: $(O)/freehold.bin

-include $(objects:.o=.d) $(O)/obj/arch/arm64/boot/asm-offsets.d $(O)/freehold.lds.d

include tests/qemu/ledger/ledger.mk
include scripts/host.mk
include scripts/check.mk
-include tests/verify/verify.mk

clean:
	rm -rf $(O)/obj $(O)/include $(O)/unit $(O)/fuzz $(O)/tools $(O)/freehold.* $(O)/.flags $(O)/.objects $(O)/.config*
distclean:
	rm -rf build
endif
