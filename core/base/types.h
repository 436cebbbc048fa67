/* SPDX-License-Identifier: MIT */
/*
 * The words every floor speaks: fixed-width integers and addresses.
 *
 * A physical address and an intermediate physical address are structs of their own, so that a mix-up does not
 * compile. Their values are taken out by name (pa_val, ipa_val) where arithmetic is meant.
 */
#ifndef CORE_BASE_TYPES_H
#define CORE_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12U
#define PAGE_SIZE (UINT64_C(1) << PAGE_SHIFT)
#define PAGE_MASK (PAGE_SIZE - 1U)

/* Orders count pages in powers of two: order k is a block of 2^k pages. */
#define ORDER_4K 0U
#define ORDER_64K 4U
#define ORDER_2M 9U
#define ORDER_1G 18U

/* A physical address: what the memory system sees. */
typedef struct {
	uint64_t v;
} paddr_t;

/* An intermediate physical address: what a guest believes to be physical; input of stage 2. */
typedef struct {
	uint64_t v;
} ipaddr_t;

static inline paddr_t pa(uint64_t v)
{
	return (paddr_t){ v };
}

static inline uint64_t pa_val(paddr_t a)
{
	return a.v;
}

static inline ipaddr_t ipa(uint64_t v)
{
	return (ipaddr_t){ v };
}

static inline uint64_t ipa_val(ipaddr_t a)
{
	return a.v;
}

/* A domain's number: its place in the configuration. The hypervisor itself is DOMID_HYP. */
typedef uint16_t domid_t;
#define DOMID_HYP ((domid_t)0x3ffe)
#define DOMID_NONE ((domid_t)0x3fff)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define CONTAINER_OF(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define FH_MUST_CHECK __attribute__((warn_unused_result))
#define FH_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define FH_NORETURN __attribute__((noreturn))
#define FH_NOINLINE __attribute__((noinline))
/* Before a loop of few turns: it becomes straight code. */
#if defined(__clang__)
#define FH_UNROLL _Pragma("unroll")
#else
#define FH_UNROLL _Pragma("GCC unroll 32")
#endif
#define FH_FALLTHROUGH __attribute__((fallthrough))
/* Not zeroed at boot: whoever uses it writes it first. */
#define FH_NOINIT __attribute__((section(".noinit")))
#define FH_ALIGNED(n) __attribute__((aligned(n)))

#endif
