/* SPDX-License-Identifier: MIT */
/* /domains: one node a domain, in the order of their numbers. */
#include "core/base/string.h"
#include "core/config/config_internal.h"

static const char *const color_words[] = { "red", "green", "yellow", "blue", "magenta", "cyan" }; /* 31 to 36 */
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

static fh_status read_device(struct reader *r, uint16_t node, struct cfg_domain *d)
{
	static const char *const known[] = { "path", "allow-unprotected-dma" };
	struct cfg_device *dev = &d->devices[d->nr_devices];
	fh_status status = cfg_only(r, node, WORDS(known));

	if (status == FH_OK && d->nr_devices == CFG_MAX_DEVICES) {
		status = cfg_refuse(r, FH_EOVERFLOW, node, NULL, "more than %u devices", CFG_MAX_DEVICES);
	}
	if (status == FH_OK) {
		status = cfg_text(r, node, "path", dev->path, sizeof(dev->path));
	}
	if (status == FH_OK && dev->path[0] == '\0') {
		status = cfg_refuse(r, FH_ENOENT, node, "path", "is missing: a path or alias in the board's tree");
	}
	if (status == FH_OK) {
		status = cfg_flag(r, node, "allow-unprotected-dma", &dev->allow_unprotected_dma);
	}
	if (status == FH_OK && r->t->nodes[node].first_child != FDT_NO_NODE) {
		status = cfg_unknown_node(r, r->t->nodes[node].first_child, (struct words){ NULL, 0 });
	}
	if (status == FH_OK) {
		d->nr_devices++;
	}
	return status;
}

static fh_status read_children(struct reader *r, uint16_t node, struct cfg_domain *d)
{
	static const char *const known[] = { "memory", "devices", "claims" };
	const struct fdt_index *t = r->t;
	fh_status status = FH_OK;

	for (uint16_t n = t->nodes[node].first_child; n != FDT_NO_NODE && status == FH_OK;
	     n = t->nodes[n].next_sibling) {
		if (cfg_named(t, n, "memory")) {
			status = cfg_read_memory(r, n, d);
			if (status == FH_OK && t->nodes[n].first_child != FDT_NO_NODE) {
				status = cfg_unknown_node(r, t->nodes[n].first_child, (struct words){ NULL, 0 });
			}
		} else if (cfg_named(t, n, "claims")) {
			status = cfg_read_claims(r, n, &d->claims);
		} else if (strcmp(fdt_node_name(t, n), "devices") == 0) {
			status = cfg_only(r, n, (struct words){ NULL, 0 });
			for (uint16_t c = t->nodes[n].first_child; c != FDT_NO_NODE && status == FH_OK;
			     c = t->nodes[c].next_sibling) {
				status = read_device(r, c, d);
			}
		} else {
			status = cfg_unknown_node(r, n, WORDS(known));
		}
	}
	if (status == FH_OK && d->nr_mem == 0U) {
		status = cfg_refuse(r, FH_ENOENT, node, NULL, "has no memory@IPA node");
	}
	return status;
}

static fh_status read_files(struct reader *r, uint16_t node, struct cfg_domain *d)
{
	const struct {
		const char *prop;
		char *buf;
		size_t size;
	} texts[] = {
		{ "kernel", d->kernel, sizeof(d->kernel) },
		{ "ramdisk", d->ramdisk, sizeof(d->ramdisk) },
		{ "dtb", d->dtb, sizeof(d->dtb) },
		{ "bootargs", d->bootargs, sizeof(d->bootargs) },
	};
	const struct {
		const char *prop;
		uint64_t *out;
	} addresses[] = {
		{ "load-address", &d->load_address },
		{ "entry", &d->entry },
		{ "dtb-address", &d->dtb_address },
		{ "ramdisk-address", &d->ramdisk_address },
	};
	fh_status status = FH_OK;

	for (uint32_t i = 0; i < ARRAY_SIZE(texts) && status == FH_OK; i++) {
		status = cfg_text(r, node, texts[i].prop, texts[i].buf, texts[i].size);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(addresses) && status == FH_OK; i++) {
		*addresses[i].out = CFG_ADDR_AUTO;
		status = cfg_address(r, node, addresses[i].prop, addresses[i].out);
	}
	return status;
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
static fh_status read_ends(struct reader *r, uint16_t node, struct cfg_domain *d)
{
	uint32_t crash = CFG_CRASH_STOP;
	uint32_t watchdog = CFG_CRASH_STOP;
	fh_status status = cfg_word(r, node, "on-crash", WORDS(crash_words), &crash);

	d->watchdog = fdt_has(r->t, node, "on-watchdog");
	if (status == FH_OK) {
		status = cfg_word(r, node, "on-watchdog", WORDS(crash_words), &watchdog);
	}
	if (status == FH_OK) {
		status = cfg_number(r, node, "restart-limit", 1, 1000, &d->restart_limit);
	}
	if (status == FH_OK) {
		status = cfg_number(r, node, "restart-delay-ms", 1, 60000, &d->restart_delay_ms);
	}
	if (status == FH_OK && crash != CFG_CRASH_RESTART && watchdog != CFG_CRASH_RESTART &&
	    (d->restart_limit | d->restart_delay_ms) != 0U) {
		status = cfg_refuse(r, FH_EINVAL, node, d->watchdog ? "on-watchdog" : "on-crash",
				    "is not \"restart\": restart-limit and -delay-ms mean nothing");
	}
	d->on_crash = (enum cfg_on_crash)crash;
	d->on_watchdog = (enum cfg_on_crash)watchdog;
	return status;
}

static fh_status read_manners(struct reader *r, uint16_t node, struct cfg_domain *d)
{
	static const uint8_t default_colors[] = { 36, 33, 32, 35, 34, 31 };
	uint32_t color = default_colors[d->id % ARRAY_SIZE(default_colors)] - 31U;
	uint32_t console = CFG_CONSOLE_NONE;
	uint32_t keep = 0;
	uint32_t stands = 0;
	bool manual = false;
	fh_status status = cfg_word(r, node, "color", WORDS(color_words), &color);

	if (status == FH_OK) {
		status = cfg_word(r, node, "console", WORDS(console_words), &console);
	}
	if (status == FH_OK) {
		status = read_ends(r, node, d);
	}
	if (status == FH_OK) {
		status = cfg_word(r, node, "paused-time", WORDS(paused_words), &stands);
	}
	if (status == FH_OK) {
		status = cfg_word(r, node, "memory-on-reset", WORDS(reset_words), &keep);
	}
	if (status == FH_OK) {
		status = cfg_flag(r, node, "manual-start", &manual);
	}
	if (status == FH_OK) {
		status = cfg_flag(r, node, "on-demand", &d->on_demand);
	}
	d->color = (uint8_t)(31U + color);
	d->console = (enum cfg_console)console;
	d->memory_keep = keep == 1U;
	d->time_stands = stands == 1U;
	d->autostart = !manual && !d->on_demand;
	return status;
}

fh_status cfg_read_domain(struct reader *r, uint16_t node, uint8_t slot)
{
	static const char *const known[] = {
		"cpus",         "color",        "kernel",        "ramdisk",          "dtb",
		"bootargs",     "load-address", "entry",         "dtb-address",      "ramdisk-address",
		"console",      "on-crash",     "on-watchdog",   "paused-time",      "memory-on-reset",
		"manual-start", "on-demand",    "restart-limit", "restart-delay-ms", "control",
	};
	struct cfg_domain *d = &r->sys->domains[slot];
	fh_status status;

	memset(d, 0, sizeof(*d));
	d->id = slot;
	status = cfg_node_name(r, node, d->name);
	if (status == FH_OK && strchr(fdt_node_name(r->t, node), '@') != NULL) {
		status = cfg_refuse(r, FH_EINVAL, node, NULL, "a domain has no unit address");
	}
	if (status == FH_OK) {
		status = cfg_only(r, node, WORDS(known));
	}
	if (status == FH_OK) {
		status = read_cpus(r, node, d);
	}
	if (status == FH_OK) {
		status = read_files(r, node, d);
	}
	if (status == FH_OK) {
		status = check_files(r, node, d);
	}
	if (status == FH_OK) {
		status = read_manners(r, node, d);
	}
	if (status == FH_OK) {
		status = read_children(r, node, d);
	}
	return status;
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

/* control: a flag (all domains), or references to those that it may change. Itself is never among them. */
static fh_status read_control(struct reader *r, uint16_t parent, uint16_t node, struct cfg_domain *d)
{
	struct fdt_prop p;

	if (fdt_prop(r->t, node, "control", &p) != FH_OK) {
		return FH_OK;
	}
	d->control = true;
	d->manages = p.len == 0U ? UINT64_MAX : 0U;
	if (p.len % 4U != 0U) {
		return cfg_refuse(r, FH_EINVAL, node, "control", "must be empty, or references such as <&a &b>");
	}
	for (uint32_t i = 0; i < p.len / 4U; i++) {
		const uint32_t dom = domain_of_phandle(r->t, parent, fdt_cell(&p, i));

		if (dom == CFG_MAX_DOMAINS) {
			return cfg_refuse(r, FH_ENOENT, node, "control", "phandle 0x%x refers to no domain",
					  fdt_cell(&p, i));
		}
		d->manages |= UINT64_C(1) << dom;
	}
	d->manages &= ~(UINT64_C(1) << d->id);
	return FH_OK;
}

fh_status cfg_read_domains(struct reader *r, uint16_t node)
{
	const struct fdt_index *t = r->t;
	fh_status status = cfg_only(r, node, (struct words){ NULL, 0 });

	for (uint16_t n = t->nodes[node].first_child; n != FDT_NO_NODE && status == FH_OK;
	     n = t->nodes[n].next_sibling) {
		const uint8_t slot = r->sys->nr_domains;

		if (slot == CFG_MAX_DOMAINS) {
			return cfg_refuse(r, FH_EOVERFLOW, n, NULL, "more than %u domains", CFG_MAX_DOMAINS);
		}
		status = cfg_read_domain(r, n, slot);
		if (status == FH_OK) {
			status = read_control(r, node, n, &r->sys->domains[slot]);
		}
		r->sys->nr_domains++;
	}
	if (status == FH_OK && r->sys->nr_domains == 0U) {
		status = cfg_refuse(r, FH_ENOENT, node, NULL, "there is no domain");
	}
	return status;
}
