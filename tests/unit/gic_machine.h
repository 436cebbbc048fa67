/* SPDX-License-Identifier: MIT */
/* System registers for the test of the physical GIC. */
#ifndef TESTS_UNIT_GIC_MACHINE_H
#define TESTS_UNIT_GIC_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

extern uint64_t machine_mpidr;
extern uint64_t machine_sgi1r; /* as last written */
extern uint64_t machine_icc_ctlr;
extern bool machine_no_sre;

#endif
