/* SPDX-License-Identifier: MIT */
/* /domains: one node a domain, in the order of their numbers. */
#include "core/base/string.h"
#include "core/config/config_internal.h"

#define FIRST_COLOR 31U /* ANSI foreground */

static const char *const color_words[] = { "red", "green", "yellow", "blue", "magenta", "cyan" };
static const char *const console_words[] = { "none", "pl011", "virtio" };
static const char *const crash_words[] = { "stop", "restart", "panic", "stop-all" };
static const char *const reset_words[] = { "scrub", "keep" };
static const char *const paused_words[] = { "goes", "stands" };

static fh_status read_cpus(struct reader *r, uint16_t node, struct cfg_domain *d)
{
	struct fdt_prop p;

	if (fdt_prop(r->t, node, "cpus", &p) != FH_OK) {
		return cfg_refuse(r, FH_ENOENT, node, "cpus", "is missing: a domain needs a CPU");
	}
	if (p.len == 0U || p.len % 4U != 0U) {
		return cfg_refuse(r, FH_EINVAL, node, "cpus", "must be a list of numbers, such as <2 3>");
	}
	if (p.len / 4U > CFG_MAX_VCPUS) {
		return cfg_refuse(r, FH_EOVERFLOW, node, "cpus", "%u vCPUs: %u at most (CONFIG_MAX_CPUS)", p.len / 4U,
				  CFG_MAX_VCPUS);
	}
	for (uint32_t i = 0; i < p.len / 4U; i++) {
		const uint32_t cpu = fdt_cell(&p, i);

		if (cpu >= CFG_MAX_PCPUS) {
			return cfg_refuse(r, FH_EINVAL, node, "cpus", "CPU %u: 0 to %u can be named (CONFIG_MAX_CPUS)",
					  cpu, CFG_MAX_PCPUS - 1U);
		}
		d->pcpu[d->nr_vcpus++] = (uint8_t)cpu;
	}
	return FH_OK;
}

static fh_status read_device(struct reader *r, uint16_t node, bool dma, struct cfg_device *list, uint8_t *nr)
{
	static const struct prop props[] = {
		{ "path", TEXT(struct cfg_device, path) },
		{ "allow-unprotected-dma", FLAG(struct cfg_device, allow_unprotected_dma) },
	};

	if (*nr == CFG_MAX_DEVICES) {
		return cfg_refuse(r, FH_EOVERFLOW, node, NULL, "more than %u devices", CFG_MAX_DEVICES);
	}
	FH_TRY(cfg_props(r, node, props, dma ? 2U : 1U, &list[*nr]));
	if (list[*nr].path[0] == '\0') {
		return cfg_refuse(r, FH_ENOENT, node, "path", "is missing: a path or alias in the board's tree");
	}
	(*nr)++;
	return cfg_no_children(r, node);
}

fh_status cfg_read_devices(struct reader *r, uint16_t node, bool dma, struct cfg_device *list, uint8_t *nr)
{
	FH_TRY(cfg_props(r, node, NULL, 0, NULL));
	for (uint16_t c = r->t->nodes[node].first_child; c != FDT_NO_NODE; c = r->t->nodes[c].next_sibling) {
		FH_TRY(read_device(r, c, dma, list, nr));
	}
	return FH_OK;
}

static fh_status read_children(struct reader *r, uint16_t node, struct cfg_domain *d)
{
	static const char *const known[] = { "memory", "devices", "claims" };
	const struct fdt_index *t = r->t;

	for (uint16_t n = t->nodes[node].first_child; n != FDT_NO_NODE; n = t->nodes[n].next_sibling) {
		if (cfg_named(t, n, "memory")) {
			FH_TRY(cfg_read_memory(r, n, d));
		} else if (cfg_named(t, n, "claims")) {
			FH_TRY(cfg_read_claims(r, n, &d->claims));
		} else if (strcmp(fdt_node_name(t, n), "devices") == 0) {
			FH_TRY(cfg_read_devices(r, n, true, d->devices, &d->nr_devices));
		} else {
			return cfg_unknown_node(r, n, WORDS(known));
		}
	}
	if (d->nr_mem == 0U) {
		return cfg_refuse(r, FH_ENOENT, node, NULL, "has no memory@IPA node");
	}
	return FH_OK;
}

/* What files and addresses mean together. */
static fh_status check_files(struct reader *r, uint16_t node, const struct cfg_domain *d)
{
	if (d->kernel[0] == '\0') {
		return cfg_refuse(r, FH_ENOENT, node, "kernel", "is missing: the name of a file in the payload");
	}
	if (d->ramdisk[0] == '\0' && d->ramdisk_address != CFG_ADDR_AUTO) {
		return cfg_refuse(r, FH_EINVAL, node, "ramdisk-address", "there is no ramdisk");
	}
	if (d->dtb[0] == '\0') {
		return FH_OK;
	}
	/* A tree of the integrator's own is passed on untouched. */
	if (d->bootargs[0] != '\0') {
		return cfg_refuse(r, FH_EINVAL, node, "bootargs", "belong into %s, which is not edited", d->dtb);
	}
	if (d->ramdisk[0] != '\0' && d->ramdisk_address == CFG_ADDR_AUTO) {
		return cfg_refuse(r, FH_EINVAL, node, "ramdisk-address", "is missing: %s must tell the same address",
				  d->dtb);
	}
	return FH_OK;
}

/* What follows a crash, or a watchdog that ran out. */
static fh_status check_ends(struct reader *r, uint16_t node, const struct cfg_domain *d)
{
	if (d->on_crash != CFG_CRASH_RESTART && d->on_watchdog != CFG_CRASH_RESTART &&
	    (d->restart_limit | d->restart_delay_ms) != 0U) {
		return cfg_refuse(r, FH_EINVAL, node, d->watchdog ? "on-watchdog" : "on-crash",
				  "is not \"restart\": restart-limit and -delay-ms mean nothing");
	}
	return FH_OK;
}

static const struct prop domain_props[] = {
	{ .name = "cpus" },
	{ "kernel", TEXT(struct cfg_domain, kernel) },
	{ "ramdisk", TEXT(struct cfg_domain, ramdisk) },
	{ "dtb", TEXT(struct cfg_domain, dtb) },
	{ "bootargs", TEXT(struct cfg_domain, bootargs) },
	{ "load-address", ADDRESS(struct cfg_domain, load_address) },
	{ "entry", ADDRESS(struct cfg_domain, entry) },
	{ "dtb-address", ADDRESS(struct cfg_domain, dtb_address) },
	{ "ramdisk-address", ADDRESS(struct cfg_domain, ramdisk_address) },
	{ "color", WORD(struct cfg_domain, color, color_words) },
	{ "console", WORD(struct cfg_domain, console, console_words) },
	{ "on-crash", WORD(struct cfg_domain, on_crash, crash_words) },
	{ "on-watchdog", WORD(struct cfg_domain, on_watchdog, crash_words) },
	{ "restart-limit", NUMBER(struct cfg_domain, restart_limit, 1, 1000) },
	{ "restart-delay-ms", NUMBER(struct cfg_domain, restart_delay_ms, 1, 60000) },
	{ "paused-time", WORD(struct cfg_domain, time_stands, paused_words) },
	{ "memory-on-reset", WORD(struct cfg_domain, memory_keep, reset_words) },
	{ "manual-start", FLAG(struct cfg_domain, manual) },
	{ "on-demand", FLAG(struct cfg_domain, on_demand) },
	{ "power-key", FLAG(struct cfg_domain, power_key) },
	{ .name = "control" },
	{ .name = "rings" },
};

/* What a domain is that says nothing. */
static void preset(struct cfg_domain *d, uint8_t slot)
{
	static const uint8_t default_colors[] = { 5, 2, 1, 4, 3, 0 };

	memset(d, 0, sizeof(*d));
	d->id = slot;
	d->color = default_colors[slot % ARRAY_SIZE(default_colors)];
	d->load_address = CFG_ADDR_AUTO;
	d->entry = CFG_ADDR_AUTO;
	d->dtb_address = CFG_ADDR_AUTO;
	d->ramdisk_address = CFG_ADDR_AUTO;
}

fh_status cfg_read_domain(struct reader *r, uint16_t node, uint8_t slot)
{
	struct cfg_domain *d = &r->sys->domains[slot];

	preset(d, slot);
	FH_TRY(cfg_node_name(r, node, d->name));
	if (strchr(fdt_node_name(r->t, node), '@') != NULL) {
		return cfg_refuse(r, FH_EINVAL, node, NULL, "a domain has no unit address");
	}
	FH_TRY(cfg_props(r, node, domain_props, ARRAY_SIZE(domain_props), d));
	d->color = (uint8_t)(FIRST_COLOR + d->color);
	d->watchdog = fdt_has(r->t, node, "on-watchdog");
	d->autostart = !d->on_demand && !d->manual;
	FH_TRY(read_cpus(r, node, d));
	FH_TRY(check_files(r, node, d));
	FH_TRY(check_ends(r, node, d));
	return read_children(r, node, d);
}

/* The place among its siblings of the node that a phandle names; CFG_MAX_DOMAINS: it is none of them. */
static uint32_t domain_of_phandle(const struct fdt_index *t, uint16_t parent, uint32_t phandle)
{
	const uint16_t target = fdt_by_phandle(t, phandle);
	uint32_t i = 0;

	for (uint16_t n = t->nodes[parent].first_child; n != FDT_NO_NODE; n = t->nodes[n].next_sibling, i++) {
		if (n == target) {
			return i;
		}
	}
	return CFG_MAX_DOMAINS;
}

/* References to domains, by bits; empty: all. Itself is never among them. 0: there is no such property. */
static fh_status read_domain_set(struct reader *r, uint16_t node, const char *prop, struct cfg_domain *d, uint64_t *set)
{
	struct fdt_prop p;

	if (fdt_prop(r->t, node, prop, &p) != FH_OK) {
		return FH_OK;
	}
	*set = p.len == 0U ? UINT64_MAX : 0U;
	if (p.len % 4U != 0U) {
		return cfg_refuse(r, FH_EINVAL, node, prop, "must be empty, or references such as <&a &b>");
	}
	for (uint32_t i = 0; i < p.len / 4U; i++) {
		const uint32_t dom = domain_of_phandle(r->t, r->t->nodes[node].parent, fdt_cell(&p, i));

		if (dom == CFG_MAX_DOMAINS) {
			return cfg_refuse(r, FH_ENOENT, node, prop, "phandle 0x%x refers to no domain",
					  fdt_cell(&p, i));
		}
		*set |= UINT64_C(1) << dom;
	}
	*set &= ~(UINT64_C(1) << d->id);
	return FH_OK;
}

/* What it may do with others. */
static fh_status read_rights(struct reader *r, uint16_t node, struct cfg_domain *d)
{
	d->control = fdt_has(r->t, node, "control");
	FH_TRY(read_domain_set(r, node, "control", d, &d->manages));
	return read_domain_set(r, node, "rings", d, &d->rings);
}

fh_status cfg_read_domains(struct reader *r, uint16_t node)
{
	const struct fdt_index *t = r->t;

	FH_TRY(cfg_props(r, node, NULL, 0, NULL));
	for (uint16_t n = t->nodes[node].first_child; n != FDT_NO_NODE; n = t->nodes[n].next_sibling) {
		const uint8_t slot = r->sys->nr_domains;

		if (slot == CFG_MAX_DOMAINS) {
			return cfg_refuse(r, FH_EOVERFLOW, n, NULL, "more than %u domains (CONFIG_MAX_DOMAINS)",
					  CFG_MAX_DOMAINS);
		}
		FH_TRY(cfg_read_domain(r, n, slot));
		FH_TRY(read_rights(r, n, &r->sys->domains[slot]));
		r->sys->nr_domains++;
	}
	if (r->sys->nr_domains == 0U) {
		return cfg_refuse(r, FH_ENOENT, node, NULL, "there is no domain");
	}
	return FH_OK;
}
