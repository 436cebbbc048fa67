/* SPDX-License-Identifier: MIT */
/*
 * What each CPU has for itself, at an address that its number tells, mapped at boot for the CPUs that there are. Read
 * by assembly too.
 *
 *	+0x0000  not mapped: a stack that overflows faults
 *	+0x1000  its stack (the boot CPU's is the image's)
 *	+0x5000  its rings and buffers, by parts, not cleared
 */
#ifndef ARCH_CPU_ROOM_H
#define ARCH_CPU_ROOM_H

#define CPU_ROOM_BASE 0xff8018000000
#define CPU_ROOM_SHIFT 16 /* from one CPU's to the next one's */

#define CPU_ROOM_STACK 0x1000
#define CPU_ROOM_STACK_TOP 0x5000
#define CPU_ROOM_TRACE 0x5000  /* core/log/trace.c */
#define CPU_ROOM_REPLY 0x8000  /* core/control/server.c */
#define CPU_ROOM_TABLES 0x9000 /* of its windows: arch/arm64/mm/window.c */
#define CPU_ROOM_END 0xc000

#ifndef __ASSEMBLY__
#include "core/base/types.h"

/* A part of a CPU's room; part: one of the above. */
static inline void *cpu_room(uint32_t cpu, uint64_t part)
{
	return (void *)(uintptr_t)(CPU_ROOM_BASE + ((uint64_t)cpu << CPU_ROOM_SHIFT) + part);
}
#endif

#endif
