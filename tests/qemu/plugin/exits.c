/* SPDX-License-Identifier: MIT */
/*
 * A TCG plugin for QEMU: counts the instructions that EL2 executes between an exit from a guest and the return to it,
 * for each CPU, and reports the largest count by cause. The cause is the last in the list of functions that ran.
 *
 *   -plugin exits.so,out=FILE,text=START:END,vectors=ADDRESS,at=ADDRESS:NAME,at=ADDRESS:NAME...
 *       [,plus=ADDRESS:NAME...][,turn=ADDRESS][,irq=CPU:ADDRESS][,span=ADDRESS:ADDRESS[,part=START:END...]]
 *
 * Addresses are EL2's virtual ones; later names win over earlier ones. FILE gets a line "NAME COUNT MAX SUM" each.
 * plus: exits in which this function ran as well are counted apart, as "NAME+OTHER". turn: a function that each turn of a
 * wait begins with; of turns that follow each other the last is counted.
 * irq: of that CPU, "delay" is what EL2 executes between the guest's last instruction and its vector at ADDRESS, in
 * however many exits: no interrupt of that guest waits longer for instructions of its CPU.
 * span: "span" is what EL2 executes on all CPUs from the last time that a CPU came to the first address before one came
 * to the second; "part" is what of it lies in the functions named by part=.
 * It counts whole translation blocks, so a figure is never too small, but for turns of a loop that begins with WFE: a
 * wait for a lock lasts as long as the host lets the holder's thread sleep, and its bound is stated elsewhere.
 *
 * Not for -accel tcg,thread=single with several CPUs: QEMU 10 then names the CPU that translated a block, not the one
 * that runs it.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is used of QEMU's plugin interface, version 4 (docs/devel/tcg-plugins.rst), of which Debian ships no header. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void (*tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*vcpu_cb)(unsigned int vcpu, void *data);
typedef void (*plain_cb)(qemu_plugin_id_t id, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *to, size_t len);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_cb cb);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, vcpu_cb cb, int flags, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, plain_cb cb, void *data);

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 4;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

#define MAX_CPUS 64U
#define MAX_TAGS 128U
#define ERET UINT32_C(0xd69f03e0)
#define WFE UINT32_C(0xd503205f)
#define LOWER_EL 0x400U /* from here on, the vectors for exceptions of a lower EL */
#define VECTORS_SIZE 0x800U
#define TURN_MAX 1000U /* instructions of a turn: more is work between two waits */
#define MAX_PLUS 8U

struct tag {
	uint64_t at;
	uint32_t name; /* place in names[] of the first tag with this name */
	char text[48];
};
static struct tag tags[MAX_TAGS];
static uint32_t nr_tags = 1; /* the first one has no function: what is left */

static struct cpu {
	uint64_t count; /* instructions since the exit */
	uint32_t tag;
	bool inside;
	bool plus;
	uint64_t away; /* instructions since the guest's last */
	uint64_t turn; /* count at the last turn of a wait */
	struct {
		uint64_t n;
		uint64_t max;
		uint64_t sum;
	} by[2][MAX_TAGS];
} cpus[MAX_CPUS];

static uint64_t text_start;
static uint64_t text_end;
static uint64_t vectors;
static uint64_t turn_at;
static uint64_t plus[MAX_PLUS];
static uint32_t nr_plus;
static char plus_name[48];
static uint64_t irq_vector;
static unsigned int irq_cpu;
static bool irq_watched;
static struct {
	uint64_t n;
	uint64_t max;
	uint64_t sum;
} delay;
#define MAX_PARTS 8U
static struct {
	uint64_t from;
	uint64_t to;
	uint64_t part[MAX_PARTS][2];
	uint32_t nr_parts;
	bool on;
	uint64_t all;
	uint64_t in_parts;
} span;
static char *out;

/* What a block of EL2's code means; lives as long as QEMU, which may translate a block again. */
struct block {
	uint32_t insns;
	uint32_t tag;
	bool enters;
	bool leaves;
	bool begins;
	bool ends;
	bool part;
	bool plus;
	bool turn;
};

/* Of the block at an address; a block lies in one function, or begins there and falls into what is inlined. */
static bool in_part(uint64_t at)
{
	for (uint32_t i = 0; i < span.nr_parts; i++) {
		if (at >= span.part[i][0] && at < span.part[i][1]) {
			return true;
		}
	}
	return false;
}

static void count_span(const struct block *b)
{
	if (b->begins) {
		__atomic_store_n(&span.all, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&span.in_parts, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&span.on, true, __ATOMIC_RELEASE);
	} else if (b->ends) {
		__atomic_store_n(&span.on, false, __ATOMIC_RELEASE);
	}
	if (__atomic_load_n(&span.on, __ATOMIC_ACQUIRE)) {
		__atomic_fetch_add(&span.all, b->insns, __ATOMIC_RELAXED);
		__atomic_fetch_add(&span.in_parts, b->part ? b->insns : 0U, __ATOMIC_RELAXED);
	}
}

static void finish(struct cpu *c)
{
	const uint32_t name = tags[c->tag].name;

	c->by[c->plus][name].n++;
	c->by[c->plus][name].sum += c->count;
	if (c->count > c->by[c->plus][name].max) {
		c->by[c->plus][name].max = c->count;
	}
	c->inside = false;
}

static void executed(unsigned int vcpu, void *data)
{
	const struct block *b = data;
	struct cpu *c = &cpus[vcpu % MAX_CPUS];

	if (span.to != 0U) {
		count_span(b);
	}
	if (b->enters) {
		c->count = 0;
		c->tag = 0;
		c->plus = false;
		c->turn = UINT64_MAX;
		c->inside = true;
	}
	if (b->turn) {
		c->count = c->count - c->turn < TURN_MAX ? c->turn : c->count;
		c->turn = c->count;
	}
	c->plus = c->plus || b->plus;
	c->count += b->insns;
	c->away += b->insns;
	if (b->tag > c->tag) {
		c->tag = b->tag;
	}
	if (b->leaves && c->inside) {
		finish(c);
	}
}

static void guest_executed(unsigned int vcpu, void *at)
{
	struct cpu *c = &cpus[vcpu % MAX_CPUS];

	if (vcpu == irq_cpu && *(uint64_t *)at == irq_vector && c->away != 0U) {
		delay.n++;
		delay.sum += c->away;
		delay.max = c->away > delay.max ? c->away : delay.max;
	}
	c->away = 0;
}

static void translated_guest(struct qemu_plugin_tb *tb, uint64_t at)
{
	uint64_t *kept = malloc(sizeof(*kept));

	if (kept == NULL) {
		abort();
	}
	*kept = at;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, guest_executed, 0, kept);
}

static uint32_t tag_of(uint64_t at)
{
	for (uint32_t i = 1; i < nr_tags; i++) {
		if (tags[i].at == at) {
			return i;
		}
	}
	return 0;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	const size_t n = qemu_plugin_tb_n_insns(tb);
	const uint64_t at = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
	uint32_t first = 0;
	uint32_t last = 0;
	struct block *b;

	(void)id;
	if (at < text_start || at >= text_end) {
		if (irq_watched) {
			translated_guest(tb, at);
		}
		return;
	}
	b = malloc(sizeof(*b));
	if (b == NULL) {
		abort();
	}
	qemu_plugin_insn_data(qemu_plugin_tb_get_insn(tb, 0), &first, sizeof(first));
	qemu_plugin_insn_data(qemu_plugin_tb_get_insn(tb, n - 1U), &last, sizeof(last));
	b->insns = first == WFE ? 0U : (uint32_t)n;
	b->tag = tag_of(at);
	b->enters = at >= vectors + LOWER_EL && at < vectors + VECTORS_SIZE && at % 0x80U == 0U;
	b->leaves = last == ERET;
	b->begins = at == span.from;
	b->ends = at == span.to;
	b->part = in_part(at);
	b->turn = at == turn_at;
	b->plus = false;
	for (uint32_t i = 0; i < nr_plus; i++) {
		b->plus = b->plus || at == plus[i];
	}
	qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, 0, b);
}

static void report_tag(FILE *f, uint32_t t, uint32_t more)
{
	uint64_t n = 0;
	uint64_t max = 0;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < MAX_CPUS; i++) {
		n += cpus[i].by[more][t].n;
		sum += cpus[i].by[more][t].sum;
		max = cpus[i].by[more][t].max > max ? cpus[i].by[more][t].max : max;
	}
	if (n != 0U) {
		fprintf(f, "%s%s%s %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", tags[t].text, more != 0U ? "+" : "",
			more != 0U ? plus_name : "", n, max, sum);
	}
}

static void report(qemu_plugin_id_t id, void *data)
{
	FILE *f = fopen(out, "w");

	(void)id;
	(void)data;
	if (f == NULL) {
		perror(out);
		return;
	}
	for (uint32_t t = 0; t < nr_tags; t++) {
		report_tag(f, t, 0);
		report_tag(f, t, 1);
	}
	if (irq_watched) {
		fprintf(f, "delay %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", delay.n, delay.max, delay.sum);
	}
	if (span.to != 0U) {
		fprintf(f, "span 1 0 %" PRIu64 "\npart 1 0 %" PRIu64 "\n", span.all, span.in_parts);
	}
	fclose(f);
}

static bool add_tag(const char *arg)
{
	struct tag *t = &tags[nr_tags];

	if (nr_tags == MAX_TAGS || sscanf(arg, "%" SCNx64 ":%47s", &t->at, t->text) != 2) {
		return false;
	}
	while (strcmp(tags[t->name].text, t->text) != 0) {
		t->name++;
	}
	nr_tags++;
	return true;
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	bool good = true;

	(void)info;
	strcpy(tags[0].text, "other");
	for (int i = 0; i < argc && good; i++) {
		if (strncmp(argv[i], "out=", 4) == 0) {
			out = strdup(argv[i] + 4);
		} else if (strncmp(argv[i], "text=", 5) == 0) {
			good = sscanf(argv[i] + 5, "%" SCNx64 ":%" SCNx64, &text_start, &text_end) == 2;
		} else if (strncmp(argv[i], "vectors=", 8) == 0) {
			good = sscanf(argv[i] + 8, "%" SCNx64, &vectors) == 1;
		} else if (strncmp(argv[i], "turn=", 5) == 0) {
			good = sscanf(argv[i] + 5, "%" SCNx64, &turn_at) == 1;
		} else if (strncmp(argv[i], "plus=", 5) == 0) {
			good = nr_plus < MAX_PLUS &&
			       sscanf(argv[i] + 5, "%" SCNx64 ":%47s", &plus[nr_plus++], plus_name) == 2;
		} else if (strncmp(argv[i], "irq=", 4) == 0) {
			good = sscanf(argv[i] + 4, "%u:%" SCNx64, &irq_cpu, &irq_vector) == 2;
			irq_watched = true;
		} else if (strncmp(argv[i], "span=", 5) == 0) {
			good = sscanf(argv[i] + 5, "%" SCNx64 ":%" SCNx64, &span.from, &span.to) == 2;
		} else if (strncmp(argv[i], "part=", 5) == 0) {
			uint64_t *p = span.part[span.nr_parts];

			good = sscanf(argv[i] + 5, "%" SCNx64 ":%" SCNx64, &p[0], &p[1]) == 2 &&
			       ++span.nr_parts < MAX_PARTS;
		} else {
			good = strncmp(argv[i], "at=", 3) == 0 && add_tag(argv[i] + 3);
		}
		if (!good) {
			fprintf(stderr, "exits: can't make sense of '%s'\n", argv[i]);
		}
	}
	if (good && (out == NULL || text_end == 0U || vectors == 0U)) {
		fprintf(stderr, "exits: out=, text= and vectors= are needed\n");
		good = false;
	}
	if (good) {
		qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
		qemu_plugin_register_atexit_cb(id, report, NULL);
	}
	return good ? 0 : -1;
}
