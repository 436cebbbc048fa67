/* SPDX-License-Identifier: MIT */
/* The configuration's root, and the order in which its parts are read. */
#include "core/config/config.h"

#include "core/base/string.h"
#include "core/config/config_internal.h"

#define MAX_NODES 256U
#define NOPS_MAX 64U /* of a tree that comes at run time */
#define MAGIC 0xd00dfeedU

static struct fdt_node nodes[MAX_NODES];

/* A tree that no index can be built of: what is wrong with it. */
static fh_status refuse_tree(const void *blob, size_t size, fh_status status, struct cfg_error *err)
{
	const struct fdt_prop header = { .data = blob, .len = 8 };

	if (status == FH_EOVERFLOW) {
		return cfg_say(err, status, "the tree has more than %u nodes, or is deeper than %u", MAX_NODES,
			       FDT_MAX_DEPTH);
	}
	if (size < 40U || !is_aligned((uintptr_t)blob, 8U)) {
		return cfg_say(err, status, "the tree is truncated: %zu bytes", size);
	}
	if (fdt_cell(&header, 0) != MAGIC) {
		return cfg_say(err, status, "not a device tree: it begins with 0x%08x", fdt_cell(&header, 0));
	}
	if (fdt_cell(&header, 1) > size) {
		return cfg_say(err, status, "the tree is truncated: its header tells %u bytes, there are %zu",
			       fdt_cell(&header, 1), size);
	}
	return cfg_say(err, status, "the tree is corrupt");
}

static const char *const panic_words[] = { "reset", "off", "halt" };
static const char *const last_words[] = { "off", "reset", "halt" };
static const char *const memory_words[] = { "dirty", "clean" };

static const struct prop hypervisor_props[] = {
	{ "console", TEXT(struct cfg_system, console) },
	{ "on-panic", WORD(struct cfg_system, on_panic, panic_words) },
	{ "on-last-domain-off", WORD(struct cfg_system, on_last_domain_off, last_words) },
	{ "boot-memory", WORD(struct cfg_system, boot_memory_clean, memory_words) },
	{ "scrub-when-idle", FLAG(struct cfg_system, scrub_when_idle) },
	{ "watchdog", TEXT(struct cfg_system, watchdog) },
	{ "watchdog-timeout-ms", NUMBER(struct cfg_system, watchdog_ms, 100, 3600000) },
	{ "claim-wait-max-ms", NUMBER(struct cfg_system, wait_max_ms, 0, 3600000) },
	{ "create-timeout-ms", NUMBER(struct cfg_system, create_timeout_ms, 100, 3600000) },
};

static fh_status read_hypervisor(struct reader *r, uint16_t node)
{
	static const char *const known[] = { "devices" };
	const struct fdt_index *t = r->t;

	FH_TRY(cfg_props(r, node, hypervisor_props, ARRAY_SIZE(hypervisor_props), r->sys));
	if (r->sys->watchdog[0] == '\0' && fdt_has(r->t, node, "watchdog-timeout-ms")) {
		return cfg_refuse(r, FH_EINVAL, node, "watchdog-timeout-ms", "there is no watchdog");
	}
	for (uint16_t n = t->nodes[node].first_child; n != FDT_NO_NODE; n = t->nodes[n].next_sibling) {
		if (strcmp(fdt_node_name(t, n), "devices") != 0) {
			return cfg_unknown_node(r, n, WORDS(known));
		}
		FH_TRY(cfg_read_devices(r, n, false, r->sys->devices, &r->sys->nr_devices));
	}
	return FH_OK;
}

/* Known nodes of the root; dtc -@ adds the ones with underscores, which say nothing here. */
static fh_status check_root(struct reader *r)
{
	static const struct prop props[] = { { .name = "compatible" }, { .name = "model" } };
	static const char *const known[] = { "hypervisor",  "zones",      "domains",
					     "__symbols__", "__fixups__", "__local_fixups__" };
	const struct fdt_index *t = r->t;
	uint32_t seen = 0;

	if (!fdt_strlist_has(t, 0, "compatible", "freehold,config-v1")) {
		return cfg_refuse(r, FH_EFORMAT, 0, "compatible", "is not \"freehold,config-v1\"");
	}
	for (uint16_t n = t->nodes[0].first_child; n != FDT_NO_NODE; n = t->nodes[n].next_sibling) {
		uint32_t i = 0;

		while (i < ARRAY_SIZE(known) && strcmp(fdt_node_name(t, n), known[i]) != 0) {
			i++;
		}
		if (i == ARRAY_SIZE(known)) {
			return cfg_unknown_node(r, n, (struct words){ known, 3 });
		}
		if ((seen & (1U << i)) != 0U) {
			return cfg_refuse(r, FH_EEXIST, n, NULL, "stands twice");
		}
		seen |= 1U << i;
	}
	return cfg_props(r, 0, props, ARRAY_SIZE(props), NULL);
}

static fh_status read_tree(struct reader *r)
{
	const uint16_t hypervisor = fdt_child(r->t, 0, "hypervisor");
	const uint16_t zones = fdt_child(r->t, 0, "zones");
	const uint16_t domains = fdt_child(r->t, 0, "domains");

	FH_TRY(check_root(r));
	if (hypervisor != FDT_NO_NODE) {
		FH_TRY(read_hypervisor(r, hypervisor));
	}
	if (zones == FDT_NO_NODE) {
		return cfg_say(r->err, FH_ENOENT, "/zones: is missing: stage-2 tables need a zone hyp@ADDRESS");
	}
	FH_TRY(cfg_read_zones(r, zones));
	if (domains == FDT_NO_NODE) {
		return cfg_say(r->err, FH_ENOENT, "/domains: is missing");
	}
	return cfg_read_domains(r, domains);
}

fh_status config_parse(const void *blob, size_t size, struct cfg_system *out, struct cfg_error *err)
{
	struct fdt_index t;
	struct reader r = { .t = &t, .sys = out, .err = err };
	const fh_status status = fdt_index_build(blob, size, nodes, MAX_NODES, &t);

	if (status != FH_OK) {
		return refuse_tree(blob, size, status, err);
	}
	/* Domains are cleared one by one: most are not there, and the table is large. */
	memset(out, 0, offsetof(struct cfg_system, domains));
	out->watchdog_ms = 10000;
	out->create_timeout_ms = 60000;
	out->wait_max_ms = 600000;
	FH_TRY(read_tree(&r));
	return cfg_check_whole(out, CFG_NO_DOMAIN, err);
}

/* What only the configuration of the boot may give. */
static fh_status check_added(struct reader *r, uint16_t node, const struct cfg_domain *d)
{
	for (uint32_t i = 0; i < 2U; i++) {
		const char *prop = i == 0U ? "control" : "rings";

		if (fdt_has(r->t, node, prop)) {
			return cfg_refuse(r, FH_EDENIED, node, prop,
					  "only a domain of the boot's configuration has it");
		}
	}
	if (d->on_crash == CFG_CRASH_PANIC || d->on_watchdog == CFG_CRASH_PANIC) {
		return cfg_refuse(r, FH_EDENIED, node, d->on_crash == CFG_CRASH_PANIC ? "on-crash" : "on-watchdog",
				  "\"panic\" is for the boot's configuration");
	}
	for (uint32_t i = 0; i < d->nr_devices; i++) {
		if (d->devices[i].allow_unprotected_dma) {
			return cfg_refuse(r, FH_EDENIED, node, NULL,
					  "%.40s: unprotected DMA is for the boot's configuration", d->devices[i].path);
		}
	}
	return FH_OK;
}

/* The zones that it refers to: empty nodes, by the names of the system's, wherever those stand. */
static fh_status find_zones(struct reader *r, uint16_t zones)
{
	const struct fdt_index *t = r->t;

	for (uint32_t i = 0; i < CFG_MAX_ZONES; i++) {
		r->zone_node[i] = FDT_NO_NODE;
	}
	if (zones != FDT_NO_NODE) {
		FH_TRY(cfg_props(r, zones, NULL, 0, NULL));
	}
	for (uint16_t n = zones != FDT_NO_NODE ? t->nodes[zones].first_child : FDT_NO_NODE; n != FDT_NO_NODE;
	     n = t->nodes[n].next_sibling) {
		uint32_t i = 0;

		while (i < r->sys->nr_zones && !cfg_named(t, n, r->sys->zones[i].name)) {
			i++;
		}
		if (i == r->sys->nr_zones || r->zone_node[i] != FDT_NO_NODE) {
			return cfg_refuse(r, FH_EINVAL, n, NULL,
					  i == r->sys->nr_zones ? "there is no such zone" : "stands twice");
		}
		FH_TRY(cfg_props(r, n, NULL, 0, NULL));
		FH_TRY(cfg_no_children(r, n));
		r->zone_node[i] = n;
	}
	return FH_OK;
}

static fh_status read_added(struct reader *r, uint8_t slot)
{
	const uint16_t domains = fdt_child(r->t, 0, "domains");
	const uint16_t zones = fdt_child(r->t, 0, "zones");
	const uint16_t node = domains != FDT_NO_NODE ? r->t->nodes[domains].first_child : FDT_NO_NODE;

	FH_TRY(check_root(r));
	/* Each look-up passes them: what dtc writes has none. */
	if (r->t->nr_nops > NOPS_MAX) {
		return cfg_say(r->err, FH_EFORMAT, "the tree has more than %u NOPs: compile it anew", NOPS_MAX);
	}
	if (fdt_child(r->t, 0, "hypervisor") != FDT_NO_NODE) {
		return cfg_say(r->err, FH_EDENIED, "/hypervisor: only the boot's configuration has it");
	}
	FH_TRY(find_zones(r, zones));
	if (node == FDT_NO_NODE || r->t->nodes[node].next_sibling != FDT_NO_NODE) {
		return cfg_say(r->err, FH_EINVAL, "/domains: must have one domain, for one that is created");
	}
	FH_TRY(cfg_read_domain(r, node, slot));
	return check_added(r, node, &r->sys->domains[slot]);
}

fh_status config_add_domain(const void *blob, size_t size, struct cfg_system *sys, uint8_t slot, struct cfg_error *err)
{
	struct fdt_index t;
	struct reader r = { .t = &t, .sys = sys, .err = err };
	fh_status status = fdt_index_build(blob, size, nodes, MAX_NODES, &t);

	if (status != FH_OK) {
		return refuse_tree(blob, size, status, err);
	}
	status = read_added(&r, slot);
	if (status == FH_OK) {
		sys->nr_domains = MAX(sys->nr_domains, (uint8_t)(slot + 1U));
		status = cfg_check_whole(sys, slot, err);
	}
	if (status != FH_OK) {
		memset(&sys->domains[slot], 0, sizeof(sys->domains[slot]));
	}
	return status;
}

fh_status config_check_files(const struct cfg_system *sys, config_has_file has, const void *ctx, struct cfg_error *err)
{
	for (uint32_t i = 0; i < sys->nr_domains; i++) {
		const struct cfg_domain *d = &sys->domains[i];
		const struct {
			const char *prop;
			const char *file;
		} files[] = { { "kernel", d->kernel }, { "ramdisk", d->ramdisk }, { "dtb", d->dtb } };

		for (uint32_t k = 0; k < ARRAY_SIZE(files); k++) {
			if (files[k].file[0] != '\0' && !has(ctx, files[k].file)) {
				return cfg_say(err, FH_ENOENT, "/domains/%s/%s: the payload has no file %s", d->name,
					       files[k].prop, files[k].file);
			}
		}
	}
	return FH_OK;
}
