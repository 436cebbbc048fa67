/* SPDX-License-Identifier: MIT */
/* Four vCPUs of a virtual GIC on the machine of vgic_machine.h: what the cases of test_vgic*.c do; registers are a GICv3's. */
#ifndef TESTS_UNIT_VGIC_CASES_H
#define TESTS_UNIT_VGIC_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "arch/arm64/vgic/vgic.h"
#include "tests/unit/vgic_machine.h"

#define NR_VCPUS 4U
#define NR_SPIS 64U
#define SGI_FRAME(v) ((uint64_t)(v)*VGIC_REDIST_STRIDE + 0x10000U)
#define VTIMER 27U
#define RTC 40U /* an SPI of hardware */

extern struct vgic g;
extern struct vgic_cpu cpus[NR_VCPUS];

uint64_t dist_read(uint64_t off, uint32_t size);
void dist_write(uint64_t off, uint32_t size, uint64_t v);
uint64_t redist_read(uint64_t off, uint32_t size);
void redist_write(uint64_t off, uint32_t size, uint64_t v);
/* CPU i runs vCPU i. */
void on(uint32_t cpu);
void enter(uint32_t cpu);
/* All that were kicked go out and in again. */
void serve_kicks(void);
void set_up_with(uint32_t nr_lrs);
/* The number of list registers is learnt once and for all: the smallest. */
int set_up(void **state);
/* Groups on, all in Group 1, all enabled, priority 0xa0. */
void open_all(void);
void edge(uint32_t intid);

#endif
