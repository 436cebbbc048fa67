/* SPDX-License-Identifier: MIT */
#ifndef CORE_DOMAIN_DOMAIN_INTERNAL_H
#define CORE_DOMAIN_DOMAIN_INTERNAL_H

#include "arch/cpu.h"
#include "core/domain/domain.h"
#include "core/fdt/board.h"

#define DOM_DTB_ALIGN UINT64_C(0x10000)
#define DOM_STEP_BLOCKS 64U /* that one step places */
#define DOM_STEP_FREES 16U  /* that one step takes out of stage 2 and frees */

/* Everything that claiming and building share. */
struct domains {
	struct cfg_system *sys;
	const struct domain_board *board;
	const struct payload *files;
	struct ledger *ledger;
	uint32_t nr;
	struct domain *domain;              /* CFG_MAX_DOMAINS slots */
	struct vcpu *cpu_vcpu[FH_MAX_CPUS]; /* atomic */
	uint8_t irq_owner[1024];            /* domain + 1 by INTID */
};
extern struct domains domains;

/* Debug builds: panics when the ledger's invariants do not hold. No lock is held but the domain's. O(blocks). */
void domain_audit(const char *when);
/* Debug builds: panics when memory of the pool is about to be a domain's that is not known to be clean. O(leaves). */
void domain_audit_clean(struct domain *d);
/* Of the domain's lock; who watches is told. */
void domain_set_state(struct domain *d, enum domain_state s);
/* A slot's configuration is set: DEFINED. */
void domain_adopt(struct domain *d, const struct cfg_domain *cfg, domid_t id);
/* The domain's static partitions are noted as its own, and struck out; those of the boot's configuration stay. */
fh_status domain_own_partitions(struct domain *d) FH_MUST_CHECK;
void domain_disown_partitions(struct domain *d);
/* Decides where kernel, ramdisk and tree go, before anything is claimed; logs what does not fit. */
fh_status domain_plan(struct domain *d) FH_MUST_CHECK;
/* Redeems and prepares the next 64 blocks, tables before, devices and tree after them; in the end placed is set. */
fh_status domain_place_step(struct domain *d) FH_MUST_CHECK;
/*
 * Writes the guest's tree into room, unless it is a file, in steps as guest_fdt_step(): FH_EBUSY: there is more. Logs
 * what is wrong. FH_ENOTSUP: a build without the generator.
 */
fh_status domain_tree(struct domain *d, uint32_t *at, void *room, size_t size) FH_MUST_CHECK;
/* Where the guest sees the distributor; the redistributors, or a GICv2's CPU interface. */
struct range domain_gicd(void);
struct range domain_gicr(const struct domain *d);
/* Device i of the configuration, as the board has it; logs why not. */
fh_status domain_find_device(const struct domain *d, uint32_t i, struct board_device *dev) FH_MUST_CHECK;
/*
 * Emulated and passed-through devices: table, interrupts, stage 2 (after its tables were given). FH_EBUSY: interrupts
 * of 16 vCPUs are set up, and *at, 0 at first, tells where to go on.
 */
fh_status domain_devices(struct domain *d, uint32_t *at) FH_MUST_CHECK;
/* Puts an emulated device where the guest finds it; logs what it overlaps. */
fh_status domain_add_vdev(struct domain *d, struct range where, const struct vdev_ops *ops, void *dev, const char *name)
	FH_MUST_CHECK;
/*
 * The virtio console of a domain that has one, after its other devices: at the first free page behind the console's,
 * with the highest SPI that none of the others has.
 */
fh_status domain_virtio(struct domain *d) FH_MUST_CHECK;
/* Room for the registers of another emulated device, at the first free page behind the console's. */
fh_status domain_free_place(const struct domain *d, uint64_t size, struct range *out) FH_MUST_CHECK;
/* The highest SPI that no device of the domain has, but the virtual ones that asked before. */
uint32_t domain_free_irq(struct domain *d);
/* The watchdog of a domain that has one, after the virtio console; and its reset. */
fh_status domain_watchdog(struct domain *d) FH_MUST_CHECK;
/* Interrupts of its power key, and for those who may ring it, after that. */
fh_status domain_bells(struct domain *d) FH_MUST_CHECK;
void domain_watchdog_reset(struct domain *d);
/* Its time, where it stands while it is paused (pause.c). */
void domain_hold(struct vcpu *v);
void domain_unhold(struct vcpu *v);
void domain_time_goes_on(struct domain *d);
/* Whether a crash, or a watchdog that ran out, is followed by a restart; then, when. Lock held. */
bool domain_restarts(struct domain *d, enum domain_request r);
/* It is not: what follows for the others. No lock held. */
void domain_crashed(const struct domain *d);
/* Before the domain's memory is taken back or cleaned: nothing of it is reached any more. */
void domain_virtio_reset(struct domain *d);
/* The IPA ranges of passed-through devices, for s2_tables_max(). */
fh_status domain_device_ranges(const struct domain *d, struct range *out, uint32_t max, uint32_t *nr) FH_MUST_CHECK;
/* The other way: interrupts are nobody's, the console has no line. All its CPUs but this one have let go. */
void domain_devices_remove(struct domain *d);
/* A build begins to draw on the claim; and has all of it, or gives up: the last of a set releases the claim. */
fh_status domain_draw(struct domain *d, claim_handle_t h) FH_MUST_CHECK;
void domain_drawn(struct domain *d);
/* Whether that says of a claim that it has ended: released, its lease run out, its memory lost. */
static inline bool domain_claim_ended(fh_status s)
{
	return s == FH_ESTALE || s == FH_EEXPIRED || s == FH_EREVOKED;
}
/* Whether this build can take a domain apart. */
extern const bool domain_unbuilds;
/* Frees a block of the domain's. touched: something may have been written there. */
void domain_give_back(const struct domain *d, struct claim_block b, bool touched);
/* What a claim that was not used gave is given back. */
void domain_unclaim(struct domain *d);

/* Makes a vCPU's CPU look at what is to be done, now. */
void domain_attend(struct vcpu *v);
bool domain_all_off(void);

/* domain_ask() with the lock held. */
void domain_ask_held(struct domain *d, enum domain_request r);
/* BUILDING or DESTROYED: the first vCPU's CPU, which may be in a step of building, is to go on with that. Lock held. */
void domain_begin(struct domain *d, enum domain_state state);
/* The slot is free. Lock held. */
void domain_forget(struct domain *d);
void domain_destroy_held(struct domain *d);
/* From now on its feeder has the configuration's time to send more. Lock held. */
void domain_expect(struct domain *d);
/* Whether it can't be loaded without a feeder: some of its files came from one. */
static inline bool domain_needs_files(const struct domain *d)
{
	return (d->files.size[DOM_IMG_KERNEL] | d->files.size[DOM_IMG_RAMDISK] | d->files.size[DOM_IMG_DTB]) != 0U;
}
/* It is built: the first vCPU is about to start. Lock held. */
void domain_launch(struct domain *d);

#endif
