/* SPDX-License-Identifier: MIT */
/*
 * Stage-2 aborts (Arm ARM D19.2.37, ISS of EC 0x24). An emulated device answers; an entry that is valid by now was
 * in the middle of a break-before-make, and is tried again; anything else is an external abort in the guest.
 */
#include "arch/arm64/trap/trap_internal.h"
#include "arch/sysreg.h"
#include "core/domain/domain.h"
#include "core/log/log.h"

#define ISS_ISV BIT(24)
#define ISS_SAS GENMASK(23, 22)
#define ISS_SSE BIT(21)
#define ISS_SRT GENMASK(20, 16)
#define ISS_SF BIT(15)
#define ISS_CM BIT(8)
#define ISS_S1PTW BIT(7)
#define ISS_FSC GENMASK(5, 0)
#define SCTLR_E0E BIT(24)
#define SCTLR_EE BIT(25)
#define SPSR_A32 BIT(4)
#define SPSR_A32_E BIT(9)
#define FSC_KIND GENMASK(5, 2) /* without the level */
#define FSC_TRANSLATION UINT64_C(0x4)
#define FSC_ACCESS UINT64_C(0x8)
#define FSC_PERMISSION UINT64_C(0xc)
#define FSC_EXTERNAL UINT64_C(0x10)
#define FSC_EXTERNAL_WALK UINT64_C(0x14) /* and the level */

/* HPFAR_EL2 holds the page for faults of these kinds, but for a permission fault that is not a walk's. */
static ipaddr_t fault_ipa(uint64_t far)
{
	return ipa((FIELD_GET(GENMASK(43, 4), READ_SYSREG(hpfar_el2)) << PAGE_SHIFT) | (far & PAGE_MASK));
}

static bool from_stage2(uint64_t esr)
{
	const uint64_t kind = esr & FSC_KIND;

	return kind == FSC_TRANSLATION || kind == FSC_ACCESS || kind == FSC_PERMISSION;
}

/* On the guest's own walk it is one of that, at its level. */
static void refuse(struct vcpu *v, uint64_t esr, uint64_t far, ipaddr_t at, bool instruction)
{
	const bool walk = (esr & ISS_S1PTW) != 0U;
	uint32_t level;
	uint64_t iss = instruction ? 0U : esr & (ISS_WNR | ISS_CM);

	iss |= walk && trap_walk_level(v, far, at, &level) ? FSC_EXTERNAL_WALK + level : FSC_EXTERNAL;
	log_guest(v->domain->id, "guest: dom=%s vcpu=%u pc=0x%lx ipa=0x%lx %s: abort", v->domain->cfg->name, v->index,
		  v->regs.elr, ipa_val(at),
		  instruction           ? "fetch" :
		  (esr & ISS_WNR) != 0U ? "write" :
					  "read");
	vcpu_inject_abort(v, iss, far, instruction);
}

static bool mapped_now(struct vcpu *v, uint64_t esr, ipaddr_t at)
{
	struct s2_leaf leaf;

	return (esr & FSC_KIND) != FSC_PERMISSION && s2_lookup(&v->domain->s2, at, &leaf) == FH_OK && leaf.valid;
}

/* What is left when no emulated device answered; out of line, so that the quick way needs few registers. */
static __attribute__((noinline)) void not_emulated(struct vcpu *v, uint64_t esr)
{
	const uint64_t far = READ_SYSREG(far_el2);
	const ipaddr_t at = fault_ipa(far);

	if (from_stage2(esr) && mapped_now(v, esr, at)) {
		return;
	}
	/* Cache maintenance of what has no cache: done. (With S1PTW it is an AT instruction.) */
	if ((esr & (ISS_CM | ISS_S1PTW | FSC_KIND)) == (ISS_CM | FSC_TRANSLATION)) {
		vcpu_skip(v, esr);
		return;
	}
	refuse(v, esr, far, at, false);
}

/* The device that holds an access, from the vCPU's last one on: accesses come in series. */
static inline const struct vdev *find_device(struct vcpu *v, ipaddr_t at, uint32_t size)
{
	const struct vdev *dev = v->last_dev;

	if (ipa_val(at) - ipa_val(dev->base) >= dev->size) {
		dev = vdev_find(&v->domain->devs, at, size);
		if (dev != NULL) {
			v->last_dev = dev;
		}
	}
	return dev;
}

static uint64_t sign_extend(uint64_t val, uint64_t esr, uint32_t size)
{
	const uint32_t unused = 64U - 8U * size;
	const uint64_t wide = (uint64_t)((int64_t)(val << unused) >> unused);

	return (esr & ISS_SF) != 0U ? wide : wide & UINT32_MAX;
}

/* The bytes the other way round where the guest's data are big-endian: registers are not. */
static __attribute__((noinline)) uint64_t swapped(const struct vcpu *v, uint64_t val, uint32_t size)
{
	const uint64_t spsr = v->regs.spsr;
	const uint64_t big = (spsr & SPSR_A32) != 0U ?
				     spsr & SPSR_A32_E :
				     READ_SYSREG(sctlr_el1) & ((spsr & GENMASK(3, 2)) != 0U ? SCTLR_EE : SCTLR_E0E);

	return big != 0U ? __builtin_bswap64(val) >> (64U - 8U * size) : val;
}

static inline uint64_t in_order(const struct vcpu *v, uint64_t val, uint32_t size)
{
	const bool little = ((READ_SYSREG(sctlr_el1) & (SCTLR_EE | SCTLR_E0E)) | (v->regs.spsr & SPSR_A32)) == 0U;

	return little ? val : swapped(v, val, size);
}

static inline bool emulate_write(const struct vcpu *v, const struct vdev *dev, uint64_t off, uint64_t esr,
				 uint32_t size)
{
	const uint32_t rt = (uint32_t)FIELD_GET(ISS_SRT, esr);
	const uint64_t val = in_order(v, rt < 31U ? v->regs.x[rt] : 0U, size);

	return dev->ops->write(dev->dev, v->index, off, size, val & (UINT64_MAX >> (64U - 8U * size))) == VDEV_OK;
}

static inline bool emulate_read(struct vcpu *v, const struct vdev *dev, uint64_t off, uint64_t esr, uint32_t size)
{
	const uint32_t rt = (uint32_t)FIELD_GET(ISS_SRT, esr);
	uint64_t val;

	if (dev->ops->read(dev->dev, v->index, off, size, &val) != VDEV_OK) {
		return false;
	}
	val = in_order(v, val, size);
	if ((esr & ISS_SSE) != 0U) {
		val = sign_extend(val, esr, size);
	}
	if (rt < 31U) {
		v->regs.x[rt] = val;
	}
	return true;
}

/* A naturally aligned access to an emulated device; false: it is none, or the device refuses it. */
static inline bool emulate(struct vcpu *v, uint64_t esr)
{
	const ipaddr_t at = fault_ipa(READ_SYSREG(far_el2));
	const uint32_t size = 1U << FIELD_GET(ISS_SAS, esr);
	const struct vdev *dev = find_device(v, at, size);

	if (dev == NULL || !is_aligned(ipa_val(at), size)) {
		return false;
	}
	const uint64_t off = ipa_val(at) - ipa_val(dev->base);

	return (esr & ISS_WNR) != 0U ? emulate_write(v, dev, off, esr, size) : emulate_read(v, dev, off, esr, size);
}

void trap_data_abort(struct vcpu *v, uint64_t esr)
{
	/* A translation fault at any level, with a valid syndrome, not on a stage-1 walk. */
	if ((esr & (ISS_ISV | ISS_S1PTW | FSC_KIND)) == (ISS_ISV | FSC_TRANSLATION) && emulate(v, esr)) {
		vcpu_skip(v, esr);
		return;
	}
	not_emulated(v, esr);
}

void trap_instr_abort(struct vcpu *v, uint64_t esr)
{
	const uint64_t far = READ_SYSREG(far_el2);
	const ipaddr_t at = fault_ipa(far);

	if (from_stage2(esr) && mapped_now(v, esr, at)) {
		return;
	}
	refuse(v, esr, far, at, true);
}
