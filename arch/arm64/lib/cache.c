/* SPDX-License-Identifier: MIT */
#include "arch/cache.h"

#include "arch/barrier.h"
#include "arch/sysreg.h"

static uint64_t dcache_line(void)
{
	return UINT64_C(4) << FIELD_GET(GENMASK(19, 16), READ_SYSREG(ctr_el0));
}

void cache_clean_inval(const void *va, size_t size)
{
	const uint64_t line = dcache_line();
	const uint64_t end = (uint64_t)(uintptr_t)va + size;

	for (uint64_t a = align_down((uint64_t)(uintptr_t)va, line); a < end; a += line) {
		__asm__ volatile("dc civac, %0" : : "r"(a) : "memory");
	}
	dsb(sy);
}

void cache_zero(void *va, size_t size)
{
	const uint64_t dczid = READ_SYSREG(dczid_el0);
	const uint64_t block = UINT64_C(4) << (dczid & 0xfU);
	const uint64_t start = (uint64_t)(uintptr_t)va;

	if ((dczid & BIT(4)) != 0U) {
		for (uint64_t a = start; a < start + size; a += 16U) {
			__asm__ volatile("stp xzr, xzr, [%0]" : : "r"(a) : "memory");
		}
		return;
	}
	for (uint64_t a = start; a < start + size; a += block) {
		__asm__ volatile("dc zva, %0" : : "r"(a) : "memory");
	}
}

void icache_inval_all(void)
{
	dsb(ish);
	__asm__ volatile("ic ialluis" : : : "memory");
	dsb(ish);
	isb();
}
