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
#define ISS_S1PTW BIT(7)
#define ISS_WNR BIT(6)
#define ISS_FSC GENMASK(5, 0)
#define FSC_KIND GENMASK(5, 2) /* without the level */
#define FSC_TRANSLATION UINT64_C(0x4)
#define FSC_ACCESS UINT64_C(0x8)
#define FSC_PERMISSION UINT64_C(0xc)

/* HPFAR_EL2 holds the page for these faults (not for external aborts). */
static ipaddr_t fault_ipa(uint64_t far)
{
	return ipa((FIELD_GET(GENMASK(43, 4), READ_SYSREG(hpfar_el2)) << PAGE_SHIFT) | (far & PAGE_MASK));
}

static bool from_stage2(uint64_t esr)
{
	const uint64_t kind = esr & FSC_KIND;

	return kind == FSC_TRANSLATION || kind == FSC_ACCESS || kind == FSC_PERMISSION;
}

static void refuse(struct vcpu *v, uint64_t esr, uint64_t far, ipaddr_t at, bool instruction)
{
	log_guest(v->domain->id, "guest: dom=%s vcpu=%u pc=0x%lx ipa=0x%lx %s: abort", v->domain->cfg->name, v->index,
		  v->regs.elr, ipa_val(at),
		  instruction           ? "fetch" :
		  (esr & ISS_WNR) != 0U ? "write" :
					  "read");
	vcpu_inject_abort(v, esr, far, instruction);
}

static bool mapped_now(struct vcpu *v, uint64_t esr, ipaddr_t at)
{
	struct s2_leaf leaf;

	return (esr & FSC_KIND) != FSC_PERMISSION && s2_lookup(&v->domain->s2, at, &leaf) == FH_OK && leaf.valid;
}

static uint64_t extend(uint64_t val, uint64_t esr, uint32_t size)
{
	const uint32_t unused = 64U - 8U * size;

	if ((esr & ISS_SSE) != 0U) {
		val = (uint64_t)((int64_t)(val << unused) >> unused);
	}
	return (esr & ISS_SF) != 0U ? val : val & UINT32_MAX;
}

static bool emulate(struct vcpu *v, const struct vdev *dev, uint64_t off, uint64_t esr)
{
	const uint32_t size = 1U << FIELD_GET(ISS_SAS, esr);
	const uint32_t rt = (uint32_t)FIELD_GET(ISS_SRT, esr);
	uint64_t val = 0;

	if ((esr & ISS_WNR) != 0U) {
		val = rt < 31U ? v->regs.x[rt] : 0U;
		if (size < 8U) {
			val &= BIT(8U * size) - 1U;
		}
		return dev->ops->write(dev->dev, v->index, off, size, val) == VDEV_OK;
	}
	if (dev->ops->read(dev->dev, v->index, off, size, &val) != VDEV_OK) {
		return false;
	}
	if (rt < 31U) {
		v->regs.x[rt] = extend(val, esr, size);
	}
	return true;
}

void trap_data_abort(struct vcpu *v, uint64_t esr)
{
	const uint64_t far = READ_SYSREG(far_el2);
	const ipaddr_t at = fault_ipa(far);
	const uint32_t size = 1U << FIELD_GET(ISS_SAS, esr);
	const uint64_t usable = ISS_ISV;

	if (from_stage2(esr) && (esr & ISS_S1PTW) == 0U && (esr & usable) != 0U) {
		const struct vdev *dev = vdev_find(&v->domain->devs, at, size);

		if (dev != NULL && is_aligned(ipa_val(at), size) &&
		    emulate(v, dev, ipa_val(at) - ipa_val(dev->base), esr)) {
			v->regs.elr += 4U;
			return;
		}
	}
	if (from_stage2(esr) && mapped_now(v, esr, at)) {
		return;
	}
	refuse(v, esr, far, at, false);
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
