# SPDX-License-Identifier: MIT
# fhctl for Linux on arm64, static: build/tools/fhctl. Included by scripts/host.mk.
FHCTL_CC ?= aarch64-linux-gnu-gcc
FHCTL_CFLAGS := -std=gnu17 $(filter-out -Wundef,$(WARNINGS)) -O2 -g -D_GNU_SOURCE -I. -ffile-prefix-map=$(CURDIR)=. -MMD -MP
fhctl_objects := $(patsubst tools/%.c,$(O)/tools/fhctl.d/%.o,$(wildcard tools/fhctl/*.c tools/unpack/*.c))

$(O)/tools/fhctl.d/%.o: tools/%.c tools/fhctl/fhctl.mk | $(FETCHED)/guest/libz.a
	$(call say,ARMCC,$<)
	@mkdir -p $(@D)
	$(Q)$(FHCTL_CC) $(FHCTL_CFLAGS) -isystem $(FETCHED)/guest/zlib -c -o $@ $<
$(FETCHED)/guest/libz.a:
	@scripts/setup libfdt
$(O)/tools/fhctl: $(fhctl_objects) $(FETCHED)/guest/libz.a
	$(call say,ARMLD,$@)
	$(Q)$(FHCTL_CC) -static -s -o $@ $(filter %.o %.a,$^)
-include $(fhctl_objects:.o=.d)
tools: $(O)/tools/fhctl

# 0.1 of the commit, as the image tells it; what is not committed is not in it.
fhctl_version = 0.1~$(shell git rev-parse --short=12 HEAD 2>/dev/null || echo release)
.PHONY: deb
deb: $(O)/tools/fhctl
	@tools/fhctl/package/make-deb $< $(fhctl_version) $(O)/fhctl_arm64.deb
