/* SPDX-License-Identifier: MIT */
/* Host: the rooms are an array. */
#ifndef ARCH_CPU_ROOM_H
#define ARCH_CPU_ROOM_H

#include "arch/cpu.h"

#define CPU_ROOM_TRACE 0x5000
#define CPU_ROOM_REPLY 0x8000
#define CPU_ROOM_TABLES 0x9000
#define CPU_ROOM_END 0xc000

__attribute__((weak, aligned(4096))) char fake_rooms[FH_MAX_CPUS][CPU_ROOM_END];

static inline void *cpu_room(uint32_t cpu, uint64_t part)
{
	return fake_rooms[cpu] + part;
}

#endif
