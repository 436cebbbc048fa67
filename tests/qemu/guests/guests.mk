# SPDX-License-Identifier: MIT
# The bare-metal test guests: tests/qemu/guests/NAME.c with the library in lib/ -> build/guests/NAME.bin.
# Included by the Makefile, and usable alone: make -f tests/qemu/guests/guests.mk guests
GUEST_DIR := tests/qemu/guests
GUEST_OUT ?= build/guests
GUEST_CROSS ?= aarch64-linux-gnu-
GUEST_NAMES := $(basename $(notdir $(wildcard $(GUEST_DIR)/*.c)))
GUEST_CFLAGS := -std=gnu17 -O2 -g -Wall -Wextra -Werror -ffreestanding -fpie -mgeneral-regs-only -mstrict-align \
	-fno-common -fno-stack-protector -fno-asynchronous-unwind-tables -mno-outline-atomics -march=armv8-a \
	-ffile-prefix-map=$(CURDIR)/= -MMD -MP -I$(GUEST_DIR)/lib
GUEST_LDFLAGS := -nostdlib -static -Wl,-pie -Wl,--no-dynamic-linker -Wl,-z,norelro -Wl,-z,noexecstack \
	-Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments -Wl,-T,$(GUEST_DIR)/lib/guest.lds
GUEST_LIB := $(addprefix $(GUEST_OUT)/lib/,start.o lib.o gic.o claim.o probe.o)

.PHONY: guests
guests: $(GUEST_NAMES:%=$(GUEST_OUT)/%.bin) $(GUEST_OUT)/exits.so

# Counts EL2's instructions in QEMU (tests/qemu/exits.py).
$(GUEST_OUT)/exits.so: $(GUEST_DIR)/../plugin/exits.c $(GUEST_DIR)/guests.mk
	@mkdir -p $(@D)
	@gcc -std=gnu17 -O2 -Wall -Wextra -Werror -fvisibility=hidden -shared -fPIC -o $@ $<

$(GUEST_OUT)/lib/%.o: $(GUEST_DIR)/lib/%.S $(GUEST_DIR)/guests.mk
	@mkdir -p $(@D)
	@$(GUEST_CROSS)gcc $(GUEST_CFLAGS) -c -o $@ $<
$(GUEST_OUT)/lib/%.o: $(GUEST_DIR)/lib/%.c $(GUEST_DIR)/guests.mk
	@mkdir -p $(@D)
	@$(GUEST_CROSS)gcc $(GUEST_CFLAGS) -c -o $@ $<
$(GUEST_OUT)/%.o: $(GUEST_DIR)/%.c $(GUEST_DIR)/guests.mk
	@mkdir -p $(@D)
	@$(GUEST_CROSS)gcc $(GUEST_CFLAGS) -c -o $@ $<
$(GUEST_OUT)/%.elf: $(GUEST_OUT)/%.o $(GUEST_LIB) $(GUEST_DIR)/lib/guest.lds
	@$(GUEST_CROSS)gcc $(GUEST_LDFLAGS) -o $@ $(filter %.o,$^)
$(GUEST_OUT)/%.bin: $(GUEST_OUT)/%.elf
	@$(GUEST_CROSS)objcopy -O binary $< $@
.PRECIOUS: $(GUEST_OUT)/%.elf $(GUEST_OUT)/%.o $(GUEST_OUT)/lib/%.o

-include $(wildcard $(GUEST_OUT)/*.d $(GUEST_OUT)/lib/*.d)
