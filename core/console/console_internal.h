/* SPDX-License-Identifier: MIT */
/* What the parts of the multiplexer share: console.c (calls), mux.c (whose turn), emit.c (bytes), input.c (keys). */
#ifndef CORE_CONSOLE_CONSOLE_INTERNAL_H
#define CORE_CONSOLE_CONSOLE_INTERNAL_H

#include "core/console/console.h"
#include "core/sync/lock.h"

#define SOURCE_LOG (CONSOLE_MONITOR + 1U)
#define NR_SOURCES (SOURCE_LOG + 1U)
#define NO_SOURCE UINT32_MAX

#define STAGE_SIZE 1024U
#define NOTICE_SIZE 768U
#define PIECE_MAX 64U /* bytes taken from a source at once */
#define MONITOR_OUT_SIZE 4096U
#define MONITOR_IN_SIZE 128U

/* A ring of bytes with one reader and one writer, both under the console's lock. Counts may wrap. */
struct byte_ring {
	char *buf;
	uint32_t size; /* a power of two */
	uint32_t in;
	uint32_t out;
};

/* Where the escape sequence filter stands. */
enum esc_state { ESC_NONE, ESC_START, ESC_CSI, ESC_STRING };

struct source {
	const char *name;    /* NULL: not attached */
	struct vuart *vuart; /* NULL: the monitor or the log */
	uint64_t since;      /* when an unfinished line was first seen waiting; 0: none */
	enum esc_state esc;
	uint8_t color;
};

struct console {
	struct lock lock; /* RANK_CONSOLE; guards all below */
	bool ready;
	bool prefix; /* the prefix key came, its command follows */
	bool tx_on;  /* the transmit interrupt is on and will come; read without the lock */
	uint32_t focus;
	uint32_t last;        /* the source that was served last: turns go on from here */
	uint32_t owner;       /* whose unfinished line stands on the terminal, or NO_SOURCE */
	uint32_t owner_bytes; /* of that line */
	uint64_t owner_time;  /* when its last bytes came */
	uint64_t blocked;     /* since when another source waits for that line; 0: none does */
	uint64_t wake_at;     /* read without the lock */
	uint64_t ms;          /* counter ticks of a millisecond */
	struct log_cursor log;
	struct byte_ring mon_out;
	struct byte_ring mon_in;
	uint32_t mon_lines; /* newlines in mon_out */
	struct source sources[NR_SOURCES];
	/* Bytes composed for the UART. */
	uint32_t stage_len;
	uint32_t stage_out;
	char stage[STAGE_SIZE];
	/* A message of the console's own, shown before anything else. */
	uint32_t notice_len;
	char notice[NOTICE_SIZE];
};

extern struct console con;

static inline uint32_t byte_ring_level(const struct byte_ring *r)
{
	return r->in - r->out;
}

static inline void byte_ring_put(struct byte_ring *r, char c)
{
	r->buf[r->in & (r->size - 1U)] = c;
	r->in++;
}

static inline char byte_ring_get(struct byte_ring *r)
{
	const char c = r->buf[r->out & (r->size - 1U)];

	r->out++;
	return c;
}

/* mux.c. Composes the next bytes into the empty stage; false: nothing is ready. force: nobody waits for a time. */
bool mux_fill(uint64_t now, bool force);
/* emit.c. A piece of what a source says, as its mode wants it, into the stage. */
void emit_source(uint32_t s, uint64_t now);
void emit_notice(void);
/* input.c. A byte from the UART. */
void input_byte(char c);
void input_show_help(void);
/* Whether the focus can go there. */
bool input_has_console(uint32_t s);
void input_set_focus(uint32_t s);

#endif
