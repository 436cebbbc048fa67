/* SPDX-License-Identifier: MIT */
/* fhctl: what its parts share. It runs in a Linux control domain and speaks core/control/protocol.h. */
#ifndef TOOLS_FHCTL_FHCTL_H
#define TOOLS_FHCTL_FHCTL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/control/protocol.h"

/* Exit codes, for scripts. */
enum {
	EXIT_GOOD = 0,
	EXIT_REFUSED = 1,  /* the hypervisor said no, with a reason */
	EXIT_USAGE = 2,    /* an option, a command or a file that makes no sense */
	EXIT_NO_PORT = 3,  /* no control port: no control domain, no driver, or all are in use */
	EXIT_NO_ENTRY = 4, /* no such domain, zone or claim */
	EXIT_BROKEN = 5,   /* the hypervisor did not answer as it should */
};

#define PRINTF(a, b) __attribute__((format(printf, a, b)))
#define NORETURN __attribute__((noreturn))
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The options that hold for all commands. */
extern bool opt_json;
extern bool opt_color;
extern const char *program;

/* --- main.c --- */

/* Says "fhctl: ..." and ends. */
NORETURN void die(int code, const char *fmt, ...) PRINTF(2, 3);
/* What a status means, for people. */
const char *reason(uint32_t status);
/* Ends with what a refusal means; what: "stop rear". */
NORETURN void die_status(uint32_t status, const char *fmt, ...) PRINTF(2, 3);

struct command {
	const char *name;
	const char *args;
	const char *line;                  /* of the list of commands */
	const char *more;                  /* of its own help */
	int (*run)(int argc, char **argv); /* argv[0]: its name */
};
extern const struct command commands[];
extern const size_t nr_commands;

/*
 * Options of a command, in place: long names with a value end in '='. Returns the index of the next one found, with
 * *value, or -1 when the options are over; argv keeps the operands, *argc their number.
 */
int next_option(int *argc, char **argv, const char *const *names, const char **value);
/* The number that an option has; ends with what is wanted where it is none, or not within [min, max]. */
double parse_number(const char *option, const char *text, double min, double max);
/* The command at work. */
const char *command_name(void);
/* Operands of a command must be min to max; ends with its usage otherwise. */
void want_operands(int argc, char **argv, int min, int max);

/* --- port.c --- */

/* Opens a free control port, and says hello. Ends where there is none. */
const struct ctl_hello *port_open(void);
int port_fd(void);
/* EL2's counter as it is now; hello's rate tells its ticks a second. */
uint64_t counter_now(void);
/* Whether this domain manages all others, and so may see what is no one domain's: log and trace. */
bool sees_all(void);
/* A frame: its head, and its bytes; valid until the next one. */
struct frame {
	struct ctl_head head;
	const void *data;
};
/* Sends a request and waits for its reply; events that come before are kept for frame_event(). Returns its status. */
uint32_t request(uint16_t op, const void *data, uint32_t len, struct frame *reply);
/* The same of a frame that has room for its head, struct ctl_head, before its len bytes. */
uint32_t request_frame(uint16_t op, void *frame, uint32_t len, struct frame *reply);
/* Waits for an event, at most timeout_ms (-1: for ever); false: none came. */
bool next_event(int timeout_ms, struct frame *event);

/* All entries of a list, in one array (to be freed); *nr of them. */
void *fetch_list(uint32_t kind, size_t size, size_t *nr);

/* --- domains.c --- */
struct ctl_domain *fetch_domains(size_t *nr);
/* By name or number; ends where there is none. */
struct ctl_domain find_domain(const char *name);
/* "front", "freehold", or "-"; valid as long as the program. */
const char *domain_name(uint32_t dom);
const char *state_name(uint32_t state);
/* "hvc", "data_abort"; cause: enum ctl_cause. */
const char *cause_name(uint32_t cause);

/* --- memory.c --- */
const char *zone_name(uint32_t zone);
/* By name; ends where there is none. */
int find_zone(const char *name);

/* --- claims.c --- */
/* "512M" -> bytes. */
uint64_t parse_size(const char *text);
/* Ends with why a claim was refused. */
NORETURN void refuse_claim(uint32_t status, const struct frame *reply);

/* --- load.c --- */
struct files {
	const char *tree;            /* a compiled configuration with one domain */
	const char *path[CTL_FILES]; /* NULL: the payload's, or none */
	uint64_t size[CTL_FILES];
	int fd[CTL_FILES]; /* open; 0: not yet */
};
/* Opens a file, unless it is open; a packed kernel is unpacked. Returns its size as it is sent. */
uint64_t file_open(struct files *f, size_t i);
/* Its number and generation; ends with the reason where it is refused. */
struct ctl_defined define_domain(struct files *f);
/* For tests: the program dies here, at once, if FHCTL_DIE_AT names the step, or stands still, by FHCTL_STOP_AT. */
void step(const char *name);
/* Sends its files while it is being built; told: bytes that have gone. */
void load_files(struct files *f, uint16_t dom, void (*told)(uint64_t bytes));

/* --- reload.c --- */
/* Notes where the files of a domain are that was created from some, for when it is started anew; and forgets it. */
void note_files(const char *name, const struct files *f);
void forget_files(const char *name);
/* Whether its files have to come again; f: where they are. Ends where they are not known, or not what they were. */
bool recall_files(const struct ctl_domain *d, struct files *f);
/* Sends them, after the domain was asked to start anew, and waits until it runs. Events were asked for before. */
void reload_files(const struct ctl_domain *d, struct files *f);

/* --- table.c: what people read --- */
struct table;
enum align { LEFT, RIGHT };
struct table *table_new(void);
void table_column(struct table *t, const char *head, enum align align);
/* The next cell of the row; the row ends with its last column. color: ANSI, 0: none. */
void table_cell(struct table *t, int color, const char *fmt, ...) PRINTF(3, 4);
void table_print(struct table *t);
/* "512 MiB", "64 KiB", "1.5 GiB"; one of eight static buffers. */
const char *size_text(uint64_t bytes);
/* A bar of `width` columns, with parts. */
void bar_print(const uint64_t *parts, const int *colors, const char *glyphs, size_t nr, uint64_t whole, int width);
int screen_width(void);
/* ANSI on and off; nothing without colours. */
const char *color_on(int color);
const char *color_off(void);
const char *gray_on(void);

/* --- json.c --- */
void json_open(char bracket); /* '{' or '[' */
void json_close(void);
void json_key(const char *key);
void json_str(const char *key, const char *value);
void json_num(const char *key, uint64_t value);
void json_bool(const char *key, bool value);
void json_null(const char *key);
void json_end(void);

/* --- watch.c --- */
/* From now on SIGINT and SIGTERM don't end the program, but are told here. */
void end_by_signals(void);
bool was_ended(void);
/* Leaves top's screen, if it is shown. */
void top_restore(void);

/* --- the commands --- */
int cmd_list(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_act(int argc, char **argv);
int cmd_create(int argc, char **argv);
int cmd_memory(int argc, char **argv);
int cmd_claim(int argc, char **argv);
int cmd_console(int argc, char **argv);
int cmd_events(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_top(int argc, char **argv);

#endif
