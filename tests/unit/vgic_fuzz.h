/* SPDX-License-Identifier: MIT */
/* The model that test_vgic_fuzz runs beside the virtual GIC, what is done to both, and what is compared. */
#ifndef TESTS_UNIT_VGIC_FUZZ_H
#define TESTS_UNIT_VGIC_FUZZ_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/arm64/vgic/vgic.h"
#include "tests/unit/vgic_machine.h"

#define NR_VCPUS 4U
#define NR_SPIS 64U
#define NR_INTIDS (32U + NR_SPIS)
#define STEPS 100000U
#define NOBODY 0xffU
#define PPI_HW 27U
#define SPI_HW 40U

struct irq {
	bool enable;
	bool group;
	bool edge;
	bool pend;
	bool line;
	bool active;
	uint8_t prio;
	uint8_t route; /* SPI: vCPU */
	uint8_t owner; /* who took it */
	uint8_t from;  /* GICv2, an SGI: who sent it */
	bool soft;     /* of hardware: by ISPENDR */
	bool again;    /* and the physical one that this made pending has not come yet */
};

extern struct vgic g;
extern struct vgic_cpu cpus[NR_VCPUS];
extern struct irq priv[NR_VCPUS][32];
extern struct irq spis[NR_SPIS];
extern bool v2;
extern uint32_t ctlr;
extern bool loaded[NR_VCPUS];
extern uint32_t step;
extern uint32_t taken;
extern uint64_t rng;

#define CHECK(cond, ...)                                                                                               \
	do {                                                                                                           \
		if (!(cond)) {                                                                                         \
			printf("step %u: %s: ", step, #cond);                                                          \
			printf(__VA_ARGS__);                                                                           \
			printf("\n");                                                                                  \
			fail();                                                                                        \
		}                                                                                                      \
	} while (0)

uint32_t rnd(uint32_t n);
struct irq *irq_of(uint32_t v, uint32_t intid);
bool is_hw(uint32_t intid);
bool pending(const struct irq *q);
bool takes(uint32_t v, uint32_t intid);
/* Whoever acted goes in again; then all that must look do, until nobody must. */
void settle(uint32_t c);
/* Each interrupt is in one place; the records of list registers are right. */
void audit(void);
const struct vdev_ops *dist(void);
void dist_write(uint32_t c, uint64_t off, uint32_t size, uint64_t v);
/* Whose private interrupts c may access. */
uint32_t any_owner(uint32_t c);
uint32_t word_read(uint32_t c, uint32_t owner, uint32_t w, uint64_t off);
void op_word(uint32_t c, uint64_t off);
void op_prio(uint32_t c);
void op_cfg(uint32_t c);
void op_route(uint32_t c);
/* By GICD_SGIR, or pending and not by the vCPU's own registers. */
void op_sgi_v2(uint32_t c);
void op_sgi(uint32_t c);
void op_device(uint32_t c);
void op_take(uint32_t c);
void op_end(uint32_t c);
void op_put_or_load(uint32_t c);
/* All registers of a word read as the model has it; pending and active ones at the second look. */
void compare(uint32_t c, uint32_t owner, uint32_t w);
/* GICv2: targets and senders by their own registers. */
void compare_v2(uint32_t c);
void check_hw(void);

#endif
