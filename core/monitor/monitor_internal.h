/* SPDX-License-Identifier: MIT */
#ifndef CORE_MONITOR_MONITOR_INTERNAL_H
#define CORE_MONITOR_MONITOR_INTERNAL_H

#include "core/log/log.h"
#include "core/monitor/monitor.h"

#define MON_LINE_MAX 80U
/* Room in the output ring that a step may count on. */
#define MON_STEP_ROOM 768U

/* A command at work. */
struct mon_job {
	const char *arg; /* what followed the name, without blanks around it; maybe empty */
	uint32_t op;     /* of the command */
	uint32_t i;      /* for the steps' own use: 0 at the first one */
	uint32_t j;
	uint64_t at;
	struct log_cursor log;
};

/* One step, which prints at least one line; true: there is more. */
typedef bool (*mon_step)(struct mon_job *job);

struct mon_command {
	const char *name;
	const char *args;
	const char *help;
	mon_step step;
	uint32_t op; /* an enum domain_op, for those that ask for one */
};

extern const struct mon_command mon_commands[];
extern const size_t mon_nr_commands;

/* memory.c */
bool mon_memory(struct mon_job *job);
bool mon_claims(struct mon_job *job);
/* stats/locks.c */
bool mon_locks(struct mon_job *job);

/* A line of output; at most LOG_LINE_MAX characters, the rest is cut. */
void mon_line(const char *fmt, ...) FH_PRINTF(1, 2);
/* "hyp" or a domain's name. */
const char *mon_owner(domid_t dom);

/* edit.c. The line being typed: takes a key; true: the line is complete, in mon_typed(). */
bool mon_key(char c);
char *mon_typed(void);
void mon_prompt(void);

#endif
