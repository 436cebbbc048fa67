/* SPDX-License-Identifier: MIT */
/* What cases about domains' lives (test_domain*.c) do again and again on the machine of domain_machine.h. */
#ifndef TESTS_UNIT_DOMAIN_CASES_H
#define TESTS_UNIT_DOMAIN_CASES_H

#include "domain_machine.h"

extern struct domain *rear;
extern struct claim_refusal why; /* of the last claim */
extern const int feeder;         /* whose files come */

/* A new machine, on which front runs and rear is defined; for cmocka. */
int setup(void **state);
/* Claims a domain, starts it, and sees it run. */
void create(struct domain *d);
void destroy(struct domain *d);
/* The ledger is what canon_text() has written, but for parts, and its audit finds nothing. */
void as_before(const char *before, unsigned int parts, const char *what);
/* The configuration that define() fills in: NAME, MORE. */
extern const char created[];
/* Defines a domain as at run time, on CPU 3, with 8 MiB, a kernel and a ramdisk that come from the feeder. more: properties. */
fh_status define(const char *name, const char *more, const struct domain_files *f, struct domain **d,
		 struct cfg_error *err);
/* A piece of a file. */
fh_status load(struct domain *d, uint32_t image, uint64_t offset, const void *data, uint64_t bytes);
/* All of its files, with whatever steps are between. */
void feed(struct domain *d);
/* Defines "new", creates it, and feeds it until it runs. */
struct domain *fed(const char *more, const struct domain_files *f);
/* Writes a register of its watchdog. */
void set_watchdog(struct domain *d, uint64_t off, uint64_t val);
/* Two stages of 1,000 ticks. Returns when the second one ends. */
uint64_t start_watchdog(struct domain *d);

#endif
