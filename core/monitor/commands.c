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

static struct domain *find_domain(const char *name)
{
	struct domain *d = domain_find(name);

	if (d == NULL) {
		mon_line("no domain is named '%s'; try domains", name);
	}
	return d;
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

static uint64_t traps(const struct domain_vcpu *v)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < (uint32_t)CAUSE_IRQ; i++) {
		sum += v->exits[i];
	}
	return sum;
}

/* job->i: the domain; job->j: its next vCPU. */
static bool cmd_cpus(struct mon_job *job)
{
	struct domain *d = domain_get(job->i);
	struct domain_vcpu v;

	if (job->i == 0U && job->j == 0U) {
		mon_line("  CPU  %-16s vCPU  power   exits: traps interrupts SErrors   injected  guest longest us",
			 "domain");
	}
	if (d != NULL && domain_vcpu_look(d, job->j, &v)) {
		mon_line("  %3u  %-16s %4u  %-6s %12lu %10lu %7lu %10lu %5lu%% %10lu", v.pcpu, d->cfg->name, job->j++,
			 v.on ? "on" : "off", traps(&v), v.exits[CAUSE_IRQ], v.exits[CAUSE_SERROR], v.injected,
			 v.times.guest * 100U / MAX(v.times.guest + v.times.el2, 1U),
			 v.times.longest / MAX(arch_counter_hz() / 1000000U, 1U));
		return true;
	}
	job->i++;
	job->j = 0;
	return job->i < domain_count();
}

static bool cmd_times(struct mon_job *job)
{
	(void)job;
	domain_measure(!domain_measured());
	mon_line("times are %s", domain_measured() ? "measured from now on: see cpus" : "not measured any more");
	return false;
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
	const struct domain *d = find_domain(job->arg);

	if (d != NULL && !console_focus(d->id)) {
		mon_line("%s has no console", job->arg);
	}
	return false;
}

/* Commands that ask for an operation: their op stands in the table. */
static bool cmd_do(struct mon_job *job)
{
	struct domain *d = find_domain(job->arg);

	if (d != NULL && domain_do(d, (enum domain_op)job->op) == FH_OK) {
		mon_line("%s: asked", job->arg);
	} else if (d != NULL) {
		mon_line("%s is %s: that can't be", job->arg, domain_state_str(d->state));
	}
	return false;
}

static bool cmd_create(struct mon_job *job)
{
	struct domain *d = find_domain(job->arg);
	struct claim_refusal why;
	const fh_status status = d != NULL ? domain_claim(&d, 1, DOMID_HYP, &why) : FH_OK;

	if (status != FH_OK) {
		mon_line("%s is %s: not created: %s", job->arg, domain_state_str(d->state), fh_status_str(status));
		return false;
	}
	return d != NULL && cmd_do(job);
}

/* The way an integrator tries on-panic, the report and what watches the machine from outside. */
static bool cmd_panic(struct mon_job *job)
{
	(void)job;
	panic("monitor: asked for");
}

const struct mon_command mon_commands[] = {
	{ "help", "", "this list", cmd_help, 0 },
	{ "domains", "", "the domains and their states", cmd_domains, 0 },
	{ "memory", "", "who owns which range of RAM", mon_memory, 0 },
	{ "claims", "", "the pool's zones and the claims on them", mon_claims, 0 },
#ifdef CONFIG_LOCK_STATS
	{ "locks", "", "the longest hold of each rank's locks", mon_locks, 0 },
#endif
	{ "cpus", "", "which vCPU runs where", cmd_cpus, 0 },
	{ "times", "", "measures what part of its time a vCPU has, or no more", cmd_times, 0 },
	{ "log", "[N]", "the last N lines that Freehold logged (20)", cmd_log, 0 },
	{ "focus", "NAME", "gives the input to a domain", cmd_focus, 0 },
	{ "create", "NAME", "claims all that a domain needs, builds and starts it", cmd_create, DOM_OP_START },
	{ "start", "NAME", "starts a domain that is claimed or has ended", cmd_do, DOM_OP_START },
	{ "pause", "NAME", "keeps a running domain out of its CPUs", cmd_do, DOM_OP_PAUSE },
	{ "resume", "NAME", "lets it go on", cmd_do, DOM_OP_RESUME },
	{ "reset", "NAME", "resets a running domain", cmd_do, DOM_OP_RESTART },
	{ "ask", "NAME", "presses a domain's power key, where it has one", cmd_do, DOM_OP_ASK },
	{ "off", "NAME", "takes a running domain's power", cmd_do, DOM_OP_STOP },
	{ "destroy", "NAME", "ends a domain and gives back all it had", cmd_do, DOM_OP_DESTROY },
	{ "panic", "", "stops the hypervisor, as on-panic says: to try it", cmd_panic, 0 },
};
const size_t mon_nr_commands = ARRAY_SIZE(mon_commands);
