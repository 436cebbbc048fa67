/* SPDX-License-Identifier: MIT */
/*
 * The library of the bare-metal test guests: EL1, MMU off, one image that runs at any address, under Freehold or on
 * bare QEMU virt (GICv3 or GICv2, PL011) as the reference.
 */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UART_BASE 0x09000000UL
#define GICD_BASE 0x08000000UL
#define GICR_BASE 0x080a0000UL
#define GICC_BASE 0x08010000UL /* GICv2 */
#define RTC_BASE 0x09010000UL
#define RTC_INTID 34U
#define PL061_BASE 0x09030000UL
#define PL061_INTID 39U
#define KEY_INTID 287U       /* a domain's power key, where it has no device of Freehold's */
#define NOWHERE 0x0b000000UL /* QEMU virt: a hole between the virtio slots and the platform bus */

#define GUEST_MAX_CPUS 64U
#define PPI_VTIMER 27U
#define PPI_PTIMER 30U

/* PSCI 1.1 and SMCCC 1.1 function numbers */
#define PSCI_VERSION 0x84000000UL
#define PSCI_CPU_OFF 0x84000002UL
#define PSCI_CPU_ON 0xc4000003UL
#define PSCI_AFFINITY_INFO 0xc4000004UL
#define PSCI_SYSTEM_OFF 0x84000008UL
#define PSCI_SYSTEM_RESET 0x84000009UL
#define PSCI_FEATURES 0x8400000aUL
#define SMCCC_VERSION 0x80000000UL
#define PSCI_SUCCESS 0L
#define PSCI_NOT_SUPPORTED (-1L)
#define PSCI_INVALID_PARAMETERS (-2L)
#define PSCI_ALREADY_ON (-4L)

#define read_sysreg(r)                                                                                                 \
	({                                                                                                             \
		uint64_t v_;                                                                                           \
		__asm__ volatile("mrs %0, " #r : "=r"(v_)::"memory");                                                  \
		v_;                                                                                                    \
	})
#define write_sysreg(r, v) __asm__ volatile("msr " #r ", %0\n\tisb" ::"r"((uint64_t)(v)) : "memory")

static inline uint32_t mmio_read32(uint64_t addr)
{
	uint32_t v;

	__asm__ volatile("ldr %w0, [%1]" : "=r"(v) : "r"(addr) : "memory");
	return v;
}

static inline void mmio_write32(uint64_t addr, uint32_t v)
{
	__asm__ volatile("str %w0, [%1]" ::"r"(v), "r"(addr) : "memory");
}

static inline uint8_t mmio_read8(uint64_t addr)
{
	uint8_t v;

	__asm__ volatile("ldrb %w0, [%1]" : "=r"(v) : "r"(addr) : "memory");
	return v;
}

static inline void mmio_write8(uint64_t addr, uint8_t v)
{
	__asm__ volatile("strb %w0, [%1]" ::"r"(v), "r"(addr) : "memory");
}

/* console */
void put(char c);
int get(void); /* -1: no character waits */
int get_wait(void);
void print(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* %s %d %u %x %lx %lu %ld %c */

/* TAP: one line a case; tap_end() prints the plan and a line with the sum */
void tap(bool good, const char *name);
/* prints what was got and what was wanted beside a failure */
void tap_eq(uint64_t got, uint64_t want, const char *name);
void tap_skip(const char *name, const char *why);
void tap_end(void);

/* who we run on */
extern uint64_t start_stamp;     /* physical counter at our first instruction */
extern uint64_t secondary_stamp; /* virtual counter at the first instruction of the CPU started last */
extern const void *guest_dtb;
bool on_freehold(void); /* by the tree's root compatible */
/* What stands behind the first such word in the tree: of a boot argument, word is "name=". NULL: nowhere. */
const char *guest_arg(const char *word);
const char *guest_image_end(void);
uint32_t cpu_id(void); /* by MPIDR, 16 CPUs an Aff1 */
uint64_t cpu_mpidr(uint32_t cpu);

/* PSCI */
long hvc(uint64_t fn, uint64_t a, uint64_t b, uint64_t c);
long smc(uint64_t fn, uint64_t a, uint64_t b, uint64_t c);
__attribute__((noreturn)) void system_off(void);
__attribute__((noreturn)) void system_reset(void);
/* Starts the CPU with that MPIDR; fn runs on a stack of its own. Returns PSCI's code. */
long cpu_start(uint64_t mpidr, void (*fn)(void));

/* Exceptions. Between trap_expect() and trap_taken() a synchronous exception is noted, and its instruction skipped. */
struct trap {
	bool taken;
	uint64_t esr, far, elr;
};
void trap_expect(void);
struct trap trap_taken(void);

/*
 * Runs fn(arg) in the mode that spsr names until its first exception, of whatever kind; a return is an SVC of its own
 * (immediate 0xfff). What was taken, through which vector (offset from VBAR_EL1), and x0 then. One at a time a CPU.
 */
#define MODE_EL0 0x3c0UL
#define MODE_EL0_A32 0x1d0UL
#define MODE_EL0_T32 0x1f0UL
#define MODE_EL1T 0x3c4UL
#define MODE_EL1H 0x3c5UL
struct probe {
	uint64_t vector, esr, far, elr, spsr, x0;
};
struct probe probe(const void *fn, uint64_t arg, uint64_t spsr);
/* The same with SP_EL0 as given. */
void probe_run(const void *fn, uint64_t arg, uint64_t spsr, struct probe *p, uint64_t sp_el0);

/* interrupts */
#define IRQ_COUNTS 128U
extern volatile uint32_t irq_count[GUEST_MAX_CPUS][IRQ_COUNTS];
extern volatile uint64_t irq_stamp[GUEST_MAX_CPUS]; /* counter at the last interrupt's vector */
extern volatile uint32_t irq_spurious;
bool gic_v2(void);                            /* by the distributor's identification registers; else it is a GICv3 */
void gic_init(void);                          /* distributor, by the first CPU; GICv3: group 1, GICv2: group 0 */
void gic_cpu_init(void);                      /* redistributor and CPU interface of this CPU */
uint64_t gic_rdist(void);                     /* GICv3: base of this CPU's redistributor, 0: none found */
uint64_t gic_private(void);                   /* base of the frame that has this CPU's ISENABLER0 and so on */
void gic_route(uint32_t intid, uint32_t cpu); /* an SPI */
uint32_t gic_ack(void); /* INTID in bits 9:0, 1020 and up: none; GICv2: an SGI's sender in bits 12:10 */
void gic_eoi(uint32_t ack);
void gic_deactivate(uint32_t ack); /* where ends are split */
void gic_split_ends(bool split);   /* EOImode of this CPU */
void gic_enable(uint32_t intid);   /* SGI, PPI or SPI; to this CPU, priority 0xa0 */
void gic_disable(uint32_t intid);
void gic_sgi(uint32_t intid, uint32_t target);
static inline void irq_on(void)
{
	__asm__ volatile("msr daifclr, #2" ::: "memory");
}
static inline void irq_off(void)
{
	__asm__ volatile("msr daifset, #2" ::: "memory");
}

/* time */
static inline uint64_t now(void)
{
	__asm__ volatile("isb" ::: "memory");
	return read_sysreg(cntvct_el0);
}
uint64_t ms_to_ticks(uint64_t ms);
void pause_cpu(void); /* yield: a spin burns a whole time slice under -icount */
/* waits until *v reaches want; false: not within ms */
bool wait_count(volatile uint32_t *v, uint32_t want, uint64_t ms);

void guest_main(void);

#endif
