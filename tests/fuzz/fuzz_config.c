/* SPDX-License-Identifier: MIT */
// SOURCES: core/config/*.c core/fdt/*.c core/log/fmt.c core/base/status.c
// LIBS: -lfdt
/*
 * The configuration's parser on any bytes, and the same bytes as a board's tree. What is accepted keeps what config.h
 * promises to the rest of EL2; what is refused has a message.
 */
#include <stdlib.h>
#include <string.h>

#include "core/config/config.h"
#include "core/fdt/board.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool what)
{
	if (!what) {
		abort();
	}
}

static void check_memory(const struct cfg_system *sys, const struct cfg_domain *d)
{
	for (uint32_t i = 0; i < d->nr_mem; i++) {
		const struct cfg_mem *m = &d->mem[i];

		require(m->size != 0U && m->size % PAGE_SIZE == 0U && ipa_val(m->ipa) <= UINT64_MAX - m->size);
		require(i == 0U || ipa_val(d->mem[i - 1U].ipa) + d->mem[i - 1U].size <= ipa_val(m->ipa));
		if (m->kind == CFG_MEM_CLAIMED) {
			require(m->zone < sys->nr_zones && !sys->zones[m->zone].hyp);
			require(m->order <= 18U && m->size % (PAGE_SIZE << m->order) == 0U);
		} else {
			require(pa_val(m->pa) % PAGE_SIZE == 0U && pa_val(m->pa) <= UINT64_MAX - m->size);
			require(!m->direct_map || pa_val(m->pa) == ipa_val(m->ipa));
		}
	}
}

static void check_system(const struct cfg_system *sys)
{
	uint32_t hyp = 0;
	uint64_t cpus = 0;

	require(sys->nr_zones <= CFG_MAX_ZONES && sys->nr_domains != 0U && sys->nr_domains <= CFG_MAX_DOMAINS);
	for (uint32_t i = 0; i < sys->nr_zones; i++) {
		const struct cfg_zone *z = &sys->zones[i];

		require(z->parent == CFG_NO_ZONE || z->parent < i);
		require(z->parent == CFG_NO_ZONE || !sys->zones[z->parent].leaf);
		require(!z->hyp || (z->leaf && z->parent == CFG_NO_ZONE));
		hyp += z->hyp ? 1U : 0U;
	}
	require(hyp == 1U);
	for (uint32_t i = 0; i < sys->nr_domains; i++) {
		const struct cfg_domain *d = &sys->domains[i];

		require(d->id == i && d->color >= 31U && d->color <= 36U && d->kernel[0] != '\0');
		require(d->nr_mem != 0U && d->nr_mem <= CFG_MAX_MEM && d->nr_devices <= CFG_MAX_DEVICES);
		require(d->nr_vcpus != 0U && d->nr_vcpus <= CFG_MAX_VCPUS);
		for (uint32_t k = 0; k < d->nr_vcpus; k++) {
			require(d->pcpu[k] < CFG_MAX_PCPUS && (cpus & (UINT64_C(1) << d->pcpu[k])) == 0U);
			cpus |= UINT64_C(1) << d->pcpu[k];
		}
		check_memory(sys, d);
	}
}

static bool has_file(const void *ctx, const char *name)
{
	(void)ctx;
	return name[0] == 'k';
}

static void as_board(const struct cfg_system *sys, const void *blob, size_t size, struct cfg_error *err)
{
	static struct fdt_node nodes[512];
	struct cfg_board board;
	struct fdt_index t;

	if (fdt_index_build(blob, size, nodes, 512, &t) != FH_OK) {
		return;
	}
	if (config_read_board(&t, NULL, 0, "", &board, err) == FH_OK && sys != NULL) {
		(void)(config_check_board(sys, CFG_NO_DOMAIN, &board, err) == FH_OK);
		(void)(config_check_devices(sys, CFG_NO_DOMAIN, &t, err) == FH_OK);
	}
	for (uint16_t n = 0; n < t.nr_nodes; n++) {
		struct board_device d;

		if (board_device_at(&t, n, &d, NULL) == FH_OK) {
			require(d.nr_regs != 0U && d.nr_regs <= BOARD_DEV_REGS && d.nr_irqs <= BOARD_DEV_IRQS);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cfg_system sys;
	struct cfg_error err = { "" };
	unsigned char *copy = malloc(size + (size == 0U ? 1U : 0U));
	bool good;

	if (copy == NULL) {
		return 0;
	}
	memcpy(copy, data, size);
	good = config_parse(copy, size, &sys, &err) == FH_OK;
	if (good) {
		check_system(&sys);
		(void)(config_check_files(&sys, has_file, NULL, &err) == FH_OK);
	} else {
		require(err.text[0] != '\0' && memchr(err.text, '\0', sizeof(err.text)) != NULL);
	}
	as_board(good ? &sys : NULL, copy, size, &err);
	free(copy);
	return 0;
}
