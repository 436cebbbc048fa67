/* SPDX-License-Identifier: MIT */
#ifndef CORE_DOMAIN_DOMAIN_INTERNAL_H
#define CORE_DOMAIN_DOMAIN_INTERNAL_H

#include "arch/cpu.h"
#include "core/domain/domain.h"

#define DOM_DTB_ORDER 2U /* a generated guest tree: 16 KiB of the hyp zone */
#define DOM_DTB_ALIGN UINT64_C(0x10000)

/* Everything that admission and building share. */
struct domains {
	const struct cfg_system *sys;
	const struct domain_board *board;
	const struct payload *files;
	struct ledger *ledger;
	uint32_t nr;
	struct domain domain[CFG_MAX_DOMAINS];
	struct vcpu *cpu_vcpu[FH_MAX_CPUS];
	uint8_t irq_owner[1024]; /* domain + 1 by INTID */
};
extern struct domains domains;

/* Debug builds: panics when the ledger's invariants do not hold. No lock is held but the domain's. O(blocks). */
void domain_audit(const char *when);
/* Debug builds: panics when memory of the pool is about to be a domain's that is not known to be clean. O(leaves). */
void domain_audit_clean(struct domain *d);
/* Decides where kernel, ramdisk and tree go, before anything is claimed; logs what does not fit. */
fh_status domain_plan(struct domain *d) FH_MUST_CHECK;
/* Writes or finds the guest's tree. room: generated trees go there. */
fh_status domain_tree(struct domain *d, void *room, size_t size) FH_MUST_CHECK;
/* Emulated and passed-through devices: table, interrupts, stage 2 (after its tables were given). */
fh_status domain_devices(struct domain *d) FH_MUST_CHECK;
/* Puts an emulated device where the guest finds it; logs what it overlaps. */
fh_status domain_add_vdev(struct domain *d, struct range where, const struct vdev_ops *ops, void *dev, const char *name)
	FH_MUST_CHECK;
/*
 * The virtio console of a domain that has one, after its other devices: at the first free page behind the console's,
 * with the highest SPI that none of the others has.
 */
fh_status domain_virtio(struct domain *d) FH_MUST_CHECK;
/* Before the domain's memory is taken back or cleaned: nothing of it is reached any more. */
void domain_virtio_reset(struct domain *d);
/* The IPA ranges of passed-through devices, for s2_tables_max(). */
fh_status domain_device_ranges(const struct domain *d, struct range *out, uint32_t max, uint32_t *nr) FH_MUST_CHECK;

#endif
