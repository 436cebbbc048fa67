/* SPDX-License-Identifier: MIT */
#include "arch/arm64/boot/smp.h"

#include "arch/arm64/mm/el2_map.h"
#include "arch/arm64/psci/firmware.h"
#include "core/log/log.h"

#define START_SECONDS 2U

void secondary_entry(void);

static uint32_t arrived[FH_MAX_CPUS]; /* atomic */
static uint32_t go;                   /* atomic */
static struct cpu_features least = { 48U, true };

void smp_record_features(void)
{
	static const uint8_t bits[] = { 32, 36, 40, 42, 44, 48, 48 };
	const uint64_t parange = READ_SYSREG(id_aa64mmfr0_el1) & 0xfU;
	const uint32_t mine = bits[MIN(parange, (uint64_t)ARRAY_SIZE(bits) - 1U)];

	least.pa_bits = MIN(least.pa_bits, mine);
	least.fwb = least.fwb && FIELD_GET(GENMASK(43, 40), READ_SYSREG(id_aa64mmfr2_el1)) != 0U;
}

struct cpu_features smp_features(void)
{
	return least;
}

static bool start_one(const struct machine *m, uint32_t cpu)
{
	const uint64_t entry = pa_val(el2_image_pa((const void *)(uintptr_t)secondary_entry));
	const int64_t ret = firmware_cpu_on(m->mpidr[cpu], entry, cpu);
	const uint64_t deadline = arch_counter() + START_SECONDS * arch_counter_hz();

	if (ret != 0) {
		log_err("smp: cpu=%u mpidr=0x%lx: CPU_ON returned %ld: left out", cpu, m->mpidr[cpu], ret);
		return false;
	}
	while (__atomic_load_n(&arrived[cpu], __ATOMIC_ACQUIRE) == 0U) {
		if (arch_counter() > deadline) {
			log_err("smp: cpu=%u mpidr=0x%lx: did not start in %u s: left out", cpu, m->mpidr[cpu],
				START_SECONDS);
			return false;
		}
		cpu_relax();
	}
	return true;
}

uint32_t smp_start(const struct machine *m, uint64_t *mask)
{
	uint32_t nr = 1;

	*mask = 1;
	if (!m->psci_smc && m->nr_cpus > 1U) {
		log_warn("smp: no /psci by smc in the board's tree: one CPU only");
		return 1;
	}
	for (uint32_t cpu = 1; cpu < m->nr_cpus; cpu++) {
		if (start_one(m, cpu)) {
			*mask |= BIT(cpu);
			nr++;
		}
	}
	return nr;
}

void smp_go(void)
{
	__atomic_store_n(&go, 1U, __ATOMIC_RELEASE);
	dsb(ish);
	__asm__ volatile("sev" : : : "memory");
}

void smp_arrive(uint32_t cpu)
{
	__atomic_store_n(&arrived[cpu], 1U, __ATOMIC_RELEASE);
	while (__atomic_load_n(&go, __ATOMIC_ACQUIRE) == 0U) {
		__asm__ volatile("wfe" : : : "memory");
	}
}
