/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "canon.h"
#include "domain_cases.h"
#include "dts.h"
#include "arch/cpu.h"
#include "fake_machine.h"

struct domain *rear;
struct claim_refusal why;
const int feeder;

int setup(void **state)
{
	(void)state;
	dm_boot();
	rear = domain_find("rear");
	return rear == NULL || domain_find("front")->state != DOM_RUNNING ? -1 : 0;
}

void create(struct domain *d)
{
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	dm_settle();
	assert_int_equal(d->state, DOM_RUNNING);
}

void destroy(struct domain *d)
{
	assert_int_equal(domain_do(d, DOM_OP_DESTROY), FH_OK);
	dm_settle();
}

void as_before(const char *before, unsigned int parts, const char *what)
{
	char *after = canon_text(&dm_ledger, parts);

	assert_true(canon_equal(before, after, what));
	free(after);
	assert_null(ledger_audit(&dm_ledger));
}

const char created[] =
	"/dts-v1/; / { compatible = \"freehold,config-v1\"; zones { low: low { }; };"
	" domains { NAME { #address-cells = <2>; #size-cells = <2>; cpus = <3>; kernel = \"k\"; ramdisk = \"r\";"
	"  MORE memory@40000000 { reg = <0 0x40000000 0 0x800000>; zone = <&low>; };"
	" }; }; };";

fh_status define(const char *name, const char *more, const struct domain_files *f, struct domain **d,
		 struct cfg_error *err)
{
	char text[1024];
	const char *n = strstr(created, "NAME");
	const char *m = strstr(created, "MORE");
	size_t size;

	snprintf(text, sizeof(text), "%.*s%s%.*s%s%s", (int)(n - created), created, name, (int)(m - n - 4), n + 4, more,
		 m + 4);
	unsigned char *tree = dts_compile(text, &size);
	const fh_status status = domain_define(tree, size, f, &feeder, d, err);

	free(tree);
	if (status != FH_OK) {
		print_message("%s\n", err->text);
	}
	return status;
}

fh_status load(struct domain *d, uint32_t image, uint64_t offset, const void *data, uint64_t bytes)
{
	fh_status status = FH_OK;

	for (uint64_t done = 0, part; status == FH_OK && done < bytes; done += part) {
		void *to;

		part = bytes - done;
		status = domain_load_begin(d, &feeder, image, offset + done, &part, &to);
		if (status == FH_OK) {
			memcpy(to, (const char *)data + done, part);
			domain_load_end(d, image, to, part);
		}
	}
	return status;
}

void feed(struct domain *d)
{
	static unsigned char file[0x8000];

	dm_settle();
	for (uint32_t i = 0; i < DOM_IMG_COUNT; i++) {
		while (d->files.size[i] != 0U && d->arrived[i] != d->files.size[i]) {
			dm_settle();
			assert_int_equal(
				load(d, i, d->arrived[i], file, MIN(sizeof(file), d->files.size[i] - d->arrived[i])),
				FH_OK);
		}
	}
	dm_settle();
	assert_int_equal(d->state, DOM_RUNNING);
}

struct domain *fed(const char *more, const struct domain_files *f)
{
	struct cfg_error err = { "" };
	struct domain *d;

	assert_int_equal(define("new", more, f, &d, &err), FH_OK);
	assert_int_equal(domain_claim(&d, 1, DOMID_HYP, &why), FH_OK);
	assert_int_equal(domain_do(d, DOM_OP_START), FH_OK);
	feed(d);
	return d;
}

void set_watchdog(struct domain *d, uint64_t off, uint64_t val)
{
	assert_int_equal(vwdt_ops.write(&d->vwdt, 0, off, 4, val), VDEV_OK);
}

uint64_t start_watchdog(struct domain *d)
{
	fake_offset = d->voff;
	set_watchdog(d, 0x8, 1000);
	set_watchdog(d, 0x0, 1);
	return fake_counter + 2000U;
}
