/* SPDX-License-Identifier: MIT */
/* Where each domain's files go in its memory: decided by the same code as at EL2 (core/domain/plan.c). */
#include <stdarg.h>
#include <string.h>

#include "core/domain/domain_internal.h"
#include "core/log/log.h"
#include "tools/fhpack/fhpack.h"

struct domains domains;
static const char *config;

/* EL2's log line is the refusal. */
void log_life(enum log_level level, domid_t dom, const char *fmt, ...)
{
	char line[512];
	size_t len;
	va_list ap;

	(void)dom;
	if (level != LOG_ERROR) {
		return;
	}
	va_start(ap, fmt);
	len = fmt_vline(line, sizeof(line), fmt, ap);
	va_end(ap);
	while (len != 0U && line[len - 1U] == '\n') {
		line[--len] = '\0';
	}
	refuse("%s: %s", config, line);
}

void plan_files(const char *name, struct cfg_system *sys, const struct file *files, uint32_t nr)
{
	static struct payload payload;
	static struct domain table[CFG_MAX_DOMAINS];

	config = name;
	for (uint32_t i = 0; i < nr; i++) {
		payload.files[i] = (struct payload_file){ files[i].name, files[i].blob.data, files[i].blob.size };
	}
	payload.nr_files = nr;
	domains.domain = table;
	domains.files = &payload;
	domains.nr = sys->nr_domains;
	for (uint32_t i = 0; i < domains.nr; i++) {
		struct domain *d = &domains.domain[i];

		d->cfg = &sys->domains[i];
		d->id = (domid_t)i;
		if (domain_plan(d) != FH_OK) {
			refuse("%s: /domains/%s: its files have no room in its memory", name, d->cfg->name);
		}
	}
}

void print_files(uint32_t d, FILE *out)
{
	const struct domain *dom = &domains.domain[d];

	for (uint32_t i = 0; d < domains.nr && i < DOM_IMG_COUNT; i++) {
		const struct domain_image *img = &dom->images[i];

		if (img->size != 0U) {
			fprintf(out, "    %012llx  %012llx  %9llu  %s\n", (unsigned long long)img->ipa,
				(unsigned long long)(img->ipa + img->size - 1U), (unsigned long long)img->size,
				img->name);
		}
	}
}
