# SPDX-License-Identifier: MIT
# Programs for the host: unit tests, fuzz targets, tools. The first lines of each main file say what goes with it:
#   // SOURCES: core/pool/*.c core/base/status.c     (globs, from the root)
#   // CFLAGS: -DX=1                                 (optional)
#   // LIBS: -lfdt                                   (optional)

HOST_CC ?= gcc
FUZZ_CC ?= clang
sanitize := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
host_cppflags := -I. -Itests/unit/fake -Itests/unit -include tests/unit/fake/autoconf.h -D_GNU_SOURCE
host_cflags := -std=gnu17 $(WARNINGS) -g
unit_flags := $(host_cppflags) $(host_cflags) -O1 $(sanitize)
fuzz_flags := $(host_cppflags) $(host_cflags) -O1 $(sanitize) -fsanitize=fuzzer
tool_flags := $(host_cppflags) $(host_cflags) -O2

tagged = $(shell sed -n 's,^// $(2):,,p' $(1))

# host_program NAME MAIN CC FLAGS: links $(O)/NAME from MAIN and its SOURCES, objects in $(O)/NAME.d.
define host_program
$(1)_objects := $$(patsubst %.c,$(O)/$(1).d/%.o,$$(sort $(2) $$(wildcard $$(call tagged,$(2),SOURCES))))
-include $$($(1)_objects:.o=.d)
# What the first lines say, so that a change of them compiles again and a change of a test compiles that alone.
$(O)/$(1).d/.tags: $(2) scripts/host.mk
	@mkdir -p $$(@D); { sed -n '/^\/\/ [A-Z]*:/p' $(2); echo '$(3) $(4)'; } >$$@.new; \
		if cmp -s $$@ $$@.new; then rm $$@.new; else mv $$@.new $$@; fi
$$($(1)_objects): $(O)/$(1).d/%.o: %.c $(O)/$(1).d/.tags
	$$(call say,HOSTCC,$$<)
	@mkdir -p $$(@D)
	$$(Q)$(3) $(4) $$(call tagged,$(2),CFLAGS) -MMD -MP -c -o $$@ $$<
$(O)/$(1): $$($(1)_objects)
	$$(call say,HOSTLD,$$@)
	$$(Q)$(3) $(4) -o $$@ $$^ $$(call tagged,$(2),LIBS) $(5)
endef

unit_mains := $(wildcard tests/unit/test_*.c)
fuzz_mains := $(wildcard tests/fuzz/fuzz_*.c)
tool_mains := $(foreach m,$(wildcard tools/*/main.c),$(if $(call tagged,$(m),SOURCES),$(m)))
unit_programs := $(unit_mains:tests/unit/%.c=unit/%)
fuzz_programs := $(fuzz_mains:tests/fuzz/%.c=fuzz/%)
tool_programs := $(tool_mains:tools/%/main.c=tools/%)

$(foreach m,$(unit_mains),$(eval $(call host_program,unit/$(basename $(notdir $(m))),$(m),$(HOST_CC),$(unit_flags),-lcmocka)))
$(foreach m,$(fuzz_mains),$(eval $(call host_program,fuzz/$(basename $(notdir $(m))),$(m),$(FUZZ_CC),$(fuzz_flags),)))
$(foreach m,$(tool_mains),$(eval $(call host_program,tools/$(notdir $(patsubst %/main.c,%,$(m))),$(m),$(HOST_CC),$(tool_flags),)))

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
