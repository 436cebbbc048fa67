# SPDX-License-Identifier: MIT
# The ledger's bench on bare QEMU virt: $(O)/ledger-bench.elf, of the image's own objects. Included by the Makefile.
ledger_dir := tests/qemu/ledger
ledger_folders := core/base/ core/sync/ core/pool/ core/claim/
ledger_objects := $(sort $(foreach f,$(ledger_folders),$(filter $(O)/obj/$(f)%,$(objects))) \
	$(O)/obj/core/pool/audit.o $(O)/obj/core/claim/audit.o)
ledger_own := $(patsubst %.c,$(O)/obj/%.o,$(wildcard $(ledger_dir)/*.c)) $(O)/obj/$(ledger_dir)/start.S.o

$(O)/ledger-bench.elf: $(ledger_own) $(ledger_objects) $(ledger_dir)/ledger.lds
	$(call say,LD,$@)
	$(Q)$(LD) -nostdlib -static -z noexecstack -z max-page-size=4096 --wrap=lock_acquire --wrap=lock_release \
		$(if $(LLVM),,--no-warn-rwx-segments) -T $(ledger_dir)/ledger.lds -o $@ $(filter %.o,$^)

-include $(ledger_own:.o=.d) $(ledger_objects:.o=.d)
