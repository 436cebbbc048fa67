# SPDX-License-Identifier: MIT
# Programs for the host: unit tests, fuzz targets, tools. The first lines of each main file say what goes with it:
#   // SOURCES: core/pool/*.c core/base/status.c     (globs, from the root)
#   // CFLAGS: -DX=1                                 (optional)
#   // LIBS: -lfdt                                   (optional)
#   // WITH: tests/unit/domain_machine.c             (optional: compiled with it, and its lines count, too)

HOST_CC ?= gcc
FUZZ_CC ?= clang
sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
host_cppflags := -I. -Itests/unit/fake -Itests/unit -include tests/unit/fake/autoconf.h -D_GNU_SOURCE
host_cflags := -std=gnu17 $(WARNINGS) -g
unit_flags := $(host_cppflags) $(host_cflags) -O1 $(sanitize)
fuzz_flags := $(host_cppflags) $(host_cflags) -O1 $(sanitize) -fsanitize=fuzzer
tools_flags := $(host_cppflags) $(host_cflags) -O2

with = $(shell sed -n 's,^// WITH:,,p' $(1))
tagged = $(shell sed -n 's,^// $(2):,,p' $(1) $(call with,$(1)))

# host_kind KIND CC FLAGS: objects of programs without CFLAGS of their own are shared, in $(O)/KIND/shared.
define host_kind
$(O)/$(1)/shared/%.o: %.c scripts/host.mk
	$$(call say,HOSTCC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$(2) $(3) -MMD -MP -c -o $$@ $$<
endef

# host_program NAME MAIN CC FLAGS LIBS: links $(O)/NAME from MAIN and its SOURCES.
define host_program
$(1)_cflags := $$(call tagged,$(2),CFLAGS)
$(1)_folder := $(O)/$$(if $$($(1)_cflags),$(1).d,$(dir $(1))shared)
$(1)_objects := $$(patsubst %.c,$$($(1)_folder)/%.o,$$(sort $(2) $$(call with,$(2)) $$(wildcard $$(call tagged,$(2),SOURCES))))
-include $$($(1)_objects:.o=.d)
# What the first lines say: a change of them links again, and compiles again what has flags of its own.
$(O)/$(1).tags: $(2) $(call with,$(2)) scripts/host.mk
	@mkdir -p $$(@D); { sed -n '/^\/\/ [A-Z]*:/p' $(2) $(call with,$(2)); echo '$(3) $(4)'; } >$$@.new; \
		if cmp -s $$@ $$@.new; then rm $$@.new; else mv $$@.new $$@; fi
ifneq ($$($(1)_cflags),)
$$($(1)_objects): $(O)/$(1).d/%.o: %.c $(O)/$(1).tags
	$$(call say,HOSTCC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$(3) $(4) $$($(1)_cflags) -MMD -MP -c -o $$@ $$<
endif
$(O)/$(1): $$($(1)_objects) $(O)/$(1).tags
	$$(call say,HOSTLD,$$@)
	$$(Q)$(3) $(4) -o $$@ $$(filter %.o,$$^) $$(call tagged,$(2),LIBS) $(5)
endef

$(eval $(call host_kind,unit,$(HOST_CC),$(unit_flags)))
$(eval $(call host_kind,fuzz,$(FUZZ_CC),$(fuzz_flags)))
$(eval $(call host_kind,tools,$(HOST_CC),$(tools_flags)))

unit_mains := $(wildcard tests/unit/test_*.c)
fuzz_mains := $(wildcard tests/fuzz/fuzz_*.c)
tool_mains := $(foreach m,$(wildcard tools/*/main.c),$(if $(call tagged,$(m),SOURCES),$(m)))
unit_programs := $(unit_mains:tests/unit/%.c=unit/%)
fuzz_programs := $(fuzz_mains:tests/fuzz/%.c=fuzz/%)
tool_programs := $(tool_mains:tools/%/main.c=tools/%)

$(foreach m,$(unit_mains),$(eval $(call host_program,unit/$(basename $(notdir $(m))),$(m),$(HOST_CC),$(unit_flags),-lcmocka)))
$(foreach m,$(fuzz_mains),$(eval $(call host_program,fuzz/$(basename $(notdir $(m))),$(m),$(FUZZ_CC),$(fuzz_flags),)))
$(foreach m,$(tool_mains),$(eval $(call host_program,tools/$(notdir $(patsubst %/main.c,%,$(m))),$(m),$(HOST_CC),$(tools_flags),)))

.PHONY: tools unit-programs fuzz-programs check-unit fuzz
tools: $(addprefix $(O)/,$(tool_programs))
unit-programs: $(addprefix $(O)/,$(unit_programs))
fuzz-programs: $(addprefix $(O)/,$(fuzz_programs))

# T=test_pool runs one program only.
check-unit: $(addprefix $(O)/,$(if $(T),unit/$(T),$(unit_programs)))
	@scripts/run-unit $(O) $^

FUZZ_SECONDS ?= 60
# Each target for an equal part of FUZZ_SECONDS.
fuzz: fuzz-programs
	@scripts/run-fuzz $(O) $(FUZZ_SECONDS) $(addprefix $(O)/,$(fuzz_programs))

include tools/fhctl/fhctl.mk
