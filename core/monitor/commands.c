/* SPDX-License-Identifier: MIT */
/* The commands, but for those that read the ledger (memory.c). */
#include "arch/cpu.h"
#include "core/base/bits.h"
#include "core/base/string.h"
#include "core/console/console.h"
#include "core/domain/domain.h"
#include "core/monitor/monitor_internal.h"

#define LOG_DEFAULT 20U

const char *mon_owner(domid_t dom)
{
	struct domain *d = dom < domain_count() ? domain_get(dom) : NULL;

	if (dom == DOMID_HYP) {
		return "freehold";
	}
	return d != NULL ? d->cfg->name : "-";
}

static struct domain *find_domain(const char *name, uint32_t *index)
{
	for (uint32_t i = 0; i < domain_count(); i++) {
		struct domain *d = domain_get(i);

		if (d != NULL && strcmp(d->cfg->name, name) == 0) {
			*index = i;
			return d;
		}
	}
	mon_line("no domain is named '%s'; try domains", name);
	return NULL;
}

static bool cmd_help(struct mon_job *job)
{
	const struct mon_command *c = &mon_commands[job->i++];

	mon_line("  %-8s %-6s %s", c->name, c->args, c->help);
	return job->i < mon_nr_commands;
}

static uint64_t domain_mib(const struct domain *d)
{
	uint64_t size = 0;

	for (uint32_t i = 0; i < d->cfg->nr_mem; i++) {
		size += d->cfg->mem[i].size;
	}
	return size >> 20;
}

static bool cmd_domains(struct mon_job *job)
{
	const struct domain *d;

	if (job->i == 0U) {
		mon_line("  key  %-16s state    vCPUs on  memory     resets", "domain");
	}
	d = domain_get(job->i);
	if (d != NULL) {
		mon_line("  %3u  %-16s %-8s %5u of %u %6lu MiB %8u%s", job->i + 1U, d->cfg->name,
			 domain_state_str(d->state), d->nr_on, d->nr_vcpus, domain_mib(d), d->resets,
			 console_focused() == job->i ? "  (focus)" : "");
	}
	job->i++;
	return job->i < domain_count();
}

/* The next CPU from `cpu` on that runs a vCPU; FH_MAX_CPUS: none. */
static uint32_t next_cpu(uint32_t cpu)
{
	while (cpu < FH_MAX_CPUS && domain_cpu_vcpu(cpu) == NULL) {
		cpu++;
	}
	return cpu;
}

static bool cmd_cpus(struct mon_job *job)
{
	static const char *const power[] = {
		[VCPU_OFF] = "off",
		[VCPU_ON_PENDING] = "starts",
		[VCPU_ON] = "on",
	};
	const struct vcpu *v;

	if (job->i == 0U) {
		mon_line("  CPU  %-16s vCPU  power   exits: traps interrupts SErrors", "domain");
	}
	job->i = next_cpu(job->i);
	v = job->i < FH_MAX_CPUS ? domain_cpu_vcpu(job->i) : NULL;
	if (v != NULL) {
		mon_line("  %3u  %-16s %4u  %-6s %12lu %10lu %7lu", job->i, v->domain->cfg->name, v->index,
			 power[v->power], v->exits[VCPU_EXIT_SYNC], v->exits[VCPU_EXIT_IRQ],
			 v->exits[VCPU_EXIT_SERROR]);
	}
	job->i = next_cpu(job->i + 1U);
	return job->i < FH_MAX_CPUS;
}

/* Digits to a number up to 99999; 0: none, or not a number. */
static uint32_t parse_count(const char *text)
{
	uint32_t n = 0;

	for (; *text >= '0' && *text <= '9' && n < 10000U; text++) {
		n = n * 10U + (uint32_t)(*text - '0');
	}
	return *text == '\0' ? n : 0U;
}

/* Prints what the log had when the command began, so that it ends though lines go on coming. */
static bool cmd_log(struct mon_job *job)
{
	const uint64_t hz = MAX(arch_counter_hz(), 1U);
	struct log_line line;

	if (job->i == 0U) {
		const uint32_t n = parse_count(job->arg);

		if (n == 0U && job->arg[0] != '\0') {
			mon_line("log: how many lines? '%s' is not a number above 0", job->arg);
			return false;
		}
		log_cursor_tail(&job->log, 0);
		job->at = job->log.next;
		log_cursor_tail(&job->log, n != 0U ? n : LOG_DEFAULT);
		job->i = 1;
	}
	if (job->log.next >= job->at || !log_read(&job->log, &line)) {
		mon_line("(end of the log)");
		return false;
	}
	mon_line("%5lu.%06lu cpu%-2u %s", line.time / hz, line.time % hz * 1000000U / hz, line.cpu, line.text);
	return true;
}

static bool cmd_focus(struct mon_job *job)
{
	uint32_t i;

	if (find_domain(job->arg, &i) != NULL && !console_focus(i)) {
		mon_line("%s has no console", job->arg);
	}
	return false;
}

static void ask(struct mon_job *job, enum domain_request what)
{
	uint32_t i;
	struct domain *d = find_domain(job->arg, &i);

	if (d == NULL) {
		return;
	}
	if (d->state != DOM_RUNNING) {
		mon_line("%s is %s: not running", job->arg, domain_state_str(d->state));
		return;
	}
	domain_ask(d, what);
	mon_line("%s: asked", job->arg);
}

static bool cmd_reset(struct mon_job *job)
{
	ask(job, DOM_REQ_RESET);
	return false;
}

static bool cmd_off(struct mon_job *job)
{
	ask(job, DOM_REQ_OFF);
	return false;
}

/* The way an integrator tries on-panic, the report and what watches the machine from outside. */
static bool cmd_panic(struct mon_job *job)
{
	(void)job;
	panic("monitor: asked for");
}

const struct mon_command mon_commands[] = {
	{ "help", "", "this list", cmd_help },
	{ "domains", "", "the domains and their states", cmd_domains },
	{ "memory", "", "who owns which range of RAM", mon_memory },
	{ "claims", "", "the pool's zones and the claims on them", mon_claims },
	{ "cpus", "", "which vCPU runs where", cmd_cpus },
	{ "log", "[N]", "the last N lines that Freehold logged (20)", cmd_log },
	{ "focus", "NAME", "gives the input to a domain", cmd_focus },
	{ "reset", "NAME", "resets a running domain", cmd_reset },
	{ "off", "NAME", "takes a running domain's power", cmd_off },
	{ "panic", "", "stops the hypervisor, as on-panic says: to try it", cmd_panic },
};
const size_t mon_nr_commands = ARRAY_SIZE(mon_commands);
