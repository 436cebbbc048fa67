/* SPDX-License-Identifier: MIT */
#include "tests/unit/gic_machine.h"

#include <string.h>

uint64_t fake_sysreg_read(const char *name);
void fake_sysreg_write(const char *name, uint64_t v);

uint64_t machine_mpidr;
uint64_t machine_sgi1r;
uint64_t machine_icc_ctlr;
bool machine_no_sre;
static uint64_t sre;

uint64_t fake_sysreg_read(const char *name)
{
	if (strcmp(name, "mpidr_el1") == 0) {
		return machine_mpidr;
	}
	if (strcmp(name, "icc_sre_el2") == 0) {
		return sre;
	}
	return 0;
}

void fake_sysreg_write(const char *name, uint64_t v)
{
	if (strcmp(name, "icc_sgi1r_el1") == 0) {
		machine_sgi1r = v;
	} else if (strcmp(name, "icc_sre_el2") == 0) {
		sre = machine_no_sre ? 0U : v;
	} else if (strcmp(name, "icc_ctlr_el1") == 0) {
		machine_icc_ctlr = v;
	}
}
