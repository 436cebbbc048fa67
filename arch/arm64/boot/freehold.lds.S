/* SPDX-License-Identifier: MIT */
/*
 * Linked at its run-time virtual address, loaded at any 2 MiB boundary. Each change of permission is page-aligned;
 * what a section is not placed by name fails the link.
 */
#include "arch/arm64/mm/layout.h"

OUTPUT_ARCH(aarch64)
ENTRY(head)

SECTIONS
{
	. = EL2_VA_IMAGE;
	image_start = .;
	.text : {
		KEEP(*(.head.text))
		/* Fills what the vectors' alignment leaves. */
		*switch.S.o(.text .text.*)
		KEEP(*(.text.vectors))
		*(.text .text.*)
	}
	text_end = ALIGN(4096);
	/* Constants follow in the file without a gap. The page that holds both is mapped twice, one page apart. */
	. = . + 4096;
	.rodata : AT(ADDR(.rodata) - 4096) {
		*(.rodata .rodata.*)
		*(.note.gnu.build-id)
	}
	.rela.dyn : { *(.rela*) }
	.iplt : { *(.iplt) }
	/* libfdt reaches the stack guard through it; it is resolved at the link, and so read-only. */
	.got : AT(ADDR(.got) - 4096) { *(.got) *(.got.plt) *(.igot .igot.plt) }
	/* What .data holds at first comes behind it in the file, without a page of its own: head copies it. */
	data_load = ALIGN(16);
	. = ALIGN(data_load + SIZEOF(.data), 4096);
	rodata_end = .;
	.data : AT(data_load - 4096) {
		data_start = .;
		*(.data .data.*)
	}
	data_size = ABSOLUTE(SIZEOF(.data));
	. = ALIGN(4096);
	.bss (NOLOAD) : AT(ADDR(.bss)) {
		early_bss_start = .;
		*(.bss.early)
		. = ALIGN(4096);
		early_bss_end = .;
		bss_start = .;
		*(.bss .bss.* COMMON)
		. = ALIGN(4096);
		bss_end = .;
		*(.noinit .noinit.*)
		. = ALIGN(4096);
		boot_stack = .;
		. += EL2_STACK_GUARDED;
		boot_stack_top = .;
	}
	image_end = .;
	image_memory_size = ABSOLUTE(image_end - image_start);

	/DISCARD/ : { *(.comment) *(.note.GNU-stack) *(.eh_frame) *(.eh_frame_hdr) *(.interp) *(.dynamic) *(.ARM.attributes) }
	.debug_info 0 : { *(.debug_info) }
	.debug_abbrev 0 : { *(.debug_abbrev) }
	.debug_aranges 0 : { *(.debug_aranges) }
	.debug_line 0 : { *(.debug_line) }
	.debug_line_str 0 : { *(.debug_line_str) }
	.debug_str 0 : { *(.debug_str) }
	.debug_str_offsets 0 : { *(.debug_str_offsets) }
	.debug_addr 0 : { *(.debug_addr) }
	.debug_ranges 0 : { *(.debug_ranges) }
	.debug_rnglists 0 : { *(.debug_rnglists) }
	.debug_loc 0 : { *(.debug_loc) }
	.debug_loclists 0 : { *(.debug_loclists) }
	.debug_frame 0 : { *(.debug_frame) }
	.symtab 0 : { *(.symtab) }
	.strtab 0 : { *(.strtab) }
	.shstrtab 0 : { *(.shstrtab) }

	ASSERT(SIZEOF(.rela.dyn) == 0, "the image must hold no relocations")
	ASSERT(image_end - image_start <= EL2_IMAGE_MAX, "the image is over 1 MiB")
}
