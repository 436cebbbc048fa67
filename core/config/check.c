/* SPDX-License-Identifier: MIT */
/* What only the whole configuration shows: nothing is given twice, and addresses lie where a domain has memory. */
#include "core/base/string.h"
#include "core/config/config_internal.h"
#include "core/log/log.h"

uint32_t cfg_given(const struct cfg_system *sys, uint8_t only, const struct given **out)
{
	static FH_NOINIT struct given list[CFG_MAX_GIVEN];
	uint32_t nr = 0;

	*out = list;

	for (uint8_t i = 0; i < sys->nr_domains; i++) {
		const bool counts = cfg_used(&sys->domains[i]) && (only == CFG_NO_DOMAIN || i == only);

		for (uint8_t k = 0; counts && k < sys->domains[i].nr_mem; k++) {
			const struct cfg_mem *m = &sys->domains[i].mem[k];

			if (m->kind == CFG_MEM_STATIC) {
				list[nr++] = (struct given){ { pa_val(m->pa), m->size }, i, k };
			}
		}
	}
	for (uint8_t i = 0; only == CFG_NO_DOMAIN && i < sys->nr_zones; i++) {
		if (sys->zones[i].leaf) {
			list[nr++] = (struct given){ sys->zones[i].range, CFG_NO_DOMAIN, i };
		}
	}
	return nr;
}

void cfg_given_path(const struct cfg_system *sys, const struct given *g, char *buf, size_t size)
{
	char zone[CFG_PATH_MAX] = "";
	size_t at = sizeof(zone) - 1U;

	if (g->domain != CFG_NO_DOMAIN) {
		const struct cfg_domain *d = &sys->domains[g->domain];

		fmt_line(buf, size, "/domains/%s/memory@%lx", d->name, ipa_val(d->mem[g->index].ipa));
		return;
	}
	/* From the leaf upwards, written from the end of the buffer. */
	for (uint8_t z = g->index; z != CFG_NO_ZONE; z = sys->zones[z].parent) {
		const size_t len = strlen(sys->zones[z].name);

		if (len + 1U > at) {
			break;
		}
		at -= len;
		memcpy(zone + at, sys->zones[z].name, len);
		zone[--at] = '/';
	}
	fmt_line(buf, size, "/zones%s", zone + at);
}

/* Of one domain against all, or (CFG_NO_DOMAIN) of all against all. */
static fh_status check_ram(const struct cfg_system *sys, uint8_t of, struct cfg_error *err)
{
	const struct given *all;
	const uint32_t nr = cfg_given(sys, CFG_NO_DOMAIN, &all);

	for (uint32_t i = 0; i < nr; i++) {
		if (of != CFG_NO_DOMAIN && all[i].domain != of) {
			continue;
		}
		for (uint32_t k = 0; k < (of != CFG_NO_DOMAIN ? nr : i); k++) {
			char a[64];
			char b[64];

			if (k == i || !range_overlaps(all[i].range, all[k].range)) {
				continue;
			}
			cfg_given_path(sys, &all[i], a, sizeof(a));
			cfg_given_path(sys, &all[k], b, sizeof(b));
			return cfg_say(err, FH_EEXIST, "%s: RAM 0x%lx to 0x%lx overlaps %s (0x%lx to 0x%lx)", a,
				       all[i].range.base, range_end(all[i].range) - 1U, b, all[k].range.base,
				       range_end(all[k].range) - 1U);
		}
	}
	return FH_OK;
}

static fh_status check_cpus(const struct cfg_system *sys, struct cfg_error *err)
{
	uint8_t owner[CFG_MAX_PCPUS];

	memset(owner, CFG_NO_DOMAIN, sizeof(owner));
	for (uint8_t i = 0; i < sys->nr_domains; i++) {
		const struct cfg_domain *d = &sys->domains[i];

		for (uint32_t k = 0; cfg_used(d) && k < d->nr_vcpus; k++) {
			const uint8_t cpu = d->pcpu[k];

			if (owner[cpu] != CFG_NO_DOMAIN) {
				return cfg_say(err, FH_EEXIST, "/domains/%s/cpus: CPU %u is given to %s already",
					       d->name, cpu, sys->domains[owner[cpu]].name);
			}
			owner[cpu] = i;
		}
	}
	return FH_OK;
}

static bool in_memory(const struct cfg_domain *d, uint64_t addr)
{
	for (uint32_t i = 0; i < d->nr_mem; i++) {
		if (range_has((struct range){ ipa_val(d->mem[i].ipa), d->mem[i].size }, addr)) {
			return true;
		}
	}
	return false;
}

static fh_status check_addresses(const struct cfg_domain *d, struct cfg_error *err)
{
	const struct {
		const char *prop;
		uint64_t addr;
		uint64_t align;
	} list[] = {
		{ "load-address", d->load_address, PAGE_SIZE },
		{ "entry", d->entry, 4 },
		{ "dtb-address", d->dtb_address, 8 },
		{ "ramdisk-address", d->ramdisk_address, PAGE_SIZE },
	};

	for (uint32_t i = 0; i < ARRAY_SIZE(list); i++) {
		if (list[i].addr == CFG_ADDR_AUTO) {
			continue;
		}
		if (!in_memory(d, list[i].addr)) {
			return cfg_say(err, FH_EINVAL, "/domains/%s/%s: 0x%lx is outside of the domain's memory",
				       d->name, list[i].prop, list[i].addr);
		}
		if (!is_aligned(list[i].addr, list[i].align)) {
			return cfg_say(err, FH_EALIGN, "/domains/%s/%s: 0x%lx is no multiple of %u", d->name,
				       list[i].prop, list[i].addr, (uint32_t)list[i].align);
		}
	}
	return FH_OK;
}

/* Names are unique in a tree that dtc made, but not in one that it did not make. */
static fh_status check_name(const struct cfg_system *sys, const struct cfg_domain *d, struct cfg_error *err)
{
	for (uint32_t i = 0; i < sys->nr_domains; i++) {
		if (&sys->domains[i] != d && strcmp(sys->domains[i].name, d->name) == 0) {
			return cfg_say(err, FH_EEXIST, "/domains/%s: there are two domains of this name", d->name);
		}
	}
	return FH_OK;
}

/* What it claims at run time must not lie on what it has for good. */
static fh_status check_window(const struct cfg_domain *d, struct cfg_error *err)
{
	for (uint32_t i = 0; i < d->nr_mem; i++) {
		const struct range ram = { ipa_val(d->mem[i].ipa), d->mem[i].size };

		if (d->claims.window.size != 0U && range_overlaps(d->claims.window, ram)) {
			return cfg_say(err, FH_EEXIST, "/domains/%s/claims@%lx: overlaps memory@%lx", d->name,
				       d->claims.window.base, ram.base);
		}
	}
	return FH_OK;
}

fh_status cfg_check_whole(const struct cfg_system *sys, uint8_t added, struct cfg_error *err)
{
	FH_TRY(check_cpus(sys, err));
	FH_TRY(check_ram(sys, added, err));
	for (uint32_t i = 0; i < sys->nr_domains; i++) {
		if (added == CFG_NO_DOMAIN || i == added) {
			FH_TRY(check_name(sys, &sys->domains[i], err));
			FH_TRY(check_addresses(&sys->domains[i], err));
			FH_TRY(check_window(&sys->domains[i], err));
		}
	}
	return FH_OK;
}
