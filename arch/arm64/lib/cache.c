/* SPDX-License-Identifier: MIT */
#include "arch/cache.h"

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "core/base/string.h"

static uint64_t dcache_line(void)
{
	return UINT64_C(4) << FIELD_GET(GENMASK(19, 16), READ_SYSREG(ctr_el0));
}

/* Lines a turn: this is most of what a domain's launch costs where stage 2 can't force write-back. */
#define TURN 16U

static uint64_t clean_inval_lines(uint64_t a, uint64_t end, uint64_t line)
{
	while (end - a >= TURN * line) {
		__asm__ volatile(".rept 16\n"
				 "dc civac, %0\n"
				 "add %0, %0, %1\n"
				 ".endr"
				 : "+r"(a)
				 : "r"(line)
				 : "memory");
	}
	return a;
}

void cache_clean_inval(const void *va, size_t size)
{
	const uint64_t line = dcache_line();
	const uint64_t end = (uint64_t)(uintptr_t)va + size;
	uint64_t a = align_down((uint64_t)(uintptr_t)va, line);

	if (size == 0U) {
		return;
	}
	for (a = clean_inval_lines(a, end, line); a < end; a += line) {
		__asm__ volatile("dc civac, %0" : : "r"(a) : "memory");
	}
	dsb(sy);
}

/* FEAT_MOPS: one SETP, SETM, SETE sequence for any size (Arm ARM C6.2.307). */
static bool have_mops(void)
{
	return FIELD_GET(GENMASK(19, 16), READ_SYSREG(id_aa64isar2_el1)) != 0U;
}

static void zero_by_mops(void *va, size_t size)
{
	register uint64_t dst __asm__("x0") = (uint64_t)(uintptr_t)va;
	register uint64_t left __asm__("x1") = size;

	/* setp [x0]!, x1!, xzr; setm; sete: written as words, older assemblers don't know them */
	__asm__ volatile(".inst 0x19df0420\n.inst 0x19df4420\n.inst 0x19df8420"
			 : "+r"(dst), "+r"(left)
			 :
			 : "memory", "cc");
}

void cache_zero(void *va, size_t size)
{
	const uint64_t dczid = READ_SYSREG(dczid_el0);
	const uint64_t block = UINT64_C(4) << (dczid & 0xfU);
	const uint64_t start = (uint64_t)(uintptr_t)va;

	if (have_mops()) {
		zero_by_mops(va, size);
		return;
	}
	if ((dczid & BIT(4)) != 0U) {
		for (uint64_t a = start; a < start + size; a += 16U) {
			__asm__ volatile("stp xzr, xzr, [%0]" : : "r"(a) : "memory");
		}
		return;
	}
	/* Pages hold 2 blocks of 2 KiB at least. */
	for (uint64_t a = start; a < start + size; a += block) {
		__asm__ volatile("dc zva, %0\n"
				 "add %0, %0, %1\n"
				 "dc zva, %0"
				 : "+r"(a)
				 : "r"(block)
				 : "memory");
	}
}

void cache_zero_flush(void *va, size_t size)
{
	const uint64_t line = dcache_line();
	const uint64_t end = (uint64_t)(uintptr_t)va + size;

	if (have_mops() || (READ_SYSREG(dczid_el0) & 0x1fU) != FIELD_GET(GENMASK(19, 16), READ_SYSREG(ctr_el0)) ||
	    TURN * line > PAGE_SIZE) {
		cache_zero(va, size);
		cache_clean_inval(va, size);
		return;
	}
	/* What is zeroed at once is a line: one pass does both, and a page is a multiple of a turn. */
	for (uint64_t a = (uint64_t)(uintptr_t)va; a < end;) {
		__asm__ volatile(".rept 16\n"
				 "dc zva, %0\n"
				 "dc civac, %0\n"
				 "add %0, %0, %1\n"
				 ".endr"
				 : "+r"(a)
				 : "r"(line)
				 : "memory");
	}
	dsb(sy);
}

void cache_copy(void *restrict to, const void *restrict from, size_t size)
{
	register uint64_t dst __asm__("x0") = (uint64_t)(uintptr_t)to;
	register uint64_t src __asm__("x1") = (uint64_t)(uintptr_t)from;
	register uint64_t left __asm__("x2") = size;

	if (!have_mops()) {
		memcpy(to, from, size);
		return;
	}
	/* cpyfp [x0]!, [x1]!, x2!; cpyfm; cpyfe */
	__asm__ volatile(".inst 0x19010440\n.inst 0x19410440\n.inst 0x19810440"
			 : "+r"(dst), "+r"(src), "+r"(left)
			 :
			 : "memory", "cc");
}

void icache_inval_all(void)
{
	dsb(ish);
	__asm__ volatile("ic ialluis" : : : "memory");
	dsb(ish);
	isb();
}
