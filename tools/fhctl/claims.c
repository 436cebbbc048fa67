/* SPDX-License-Identifier: MIT */
/* claim list, stake, renew, release. A claim's name is SLOT.GENERATION. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/fhctl/fhctl.h"

#define PAGE 4096ull
#define FOREVER UINT64_MAX

static const char *left_text(uint64_t deadline)
{
	static char text[24];
	const struct ctl_hello *h = port_open();

	if (deadline == FOREVER) {
		return "";
	}
	/* The counter moved a little since hello; a second is what is shown. */
	snprintf(text, sizeof(text), "%llu s",
		 (unsigned long long)(deadline > h->counter ? (deadline - h->counter) / h->counter_hz : 0));
	return text;
}

static int list(int argc, char **argv)
{
	size_t nr;
	struct ctl_term *c;
	struct table *t;

	want_operands(argc, argv, 0, 0);
	c = fetch_list(CTL_CLAIMS, sizeof(*c), &nr);
	if (opt_json) {
		json_open('[');
		for (size_t i = 0; i < nr; i++) {
			char name[32];

			snprintf(name, sizeof(name), "%u.%u", c[i].slot, c[i].gen);
			json_open('{');
			json_str("claim", name);
			json_num("term", c[i].term);
			json_str("holder", domain_name(c[i].holder));
			json_str("owner", domain_name(c[i].owner));
			json_str("zone", zone_name(c[i].zone));
			json_num("block_size", PAGE << c[i].order);
			json_num("count", c[i].count);
			json_num("left", c[i].left);
			json_bool("waiting", (c[i].flags & CTL_CLAIM_WAITS) != 0);
			if (c[i].deadline == FOREVER) {
				json_null("deadline");
			} else {
				json_num("deadline", c[i].deadline);
			}
			json_close();
		}
		json_close();
		json_end();
		return EXIT_GOOD;
	}
	t = table_new();
	table_column(t, "CLAIM", RIGHT);
	table_column(t, "HOLDER", LEFT);
	table_column(t, "FOR", LEFT);
	table_column(t, "ZONE", LEFT);
	table_column(t, "BLOCKS", RIGHT);
	table_column(t, "OF", RIGHT);
	table_column(t, "LEFT", RIGHT);
	table_column(t, "LEASE", RIGHT);
	table_column(t, "STATE", LEFT);
	for (size_t i = 0; i < nr; i++) {
		const bool waits = (c[i].flags & CTL_CLAIM_WAITS) != 0;

		table_cell(t, 0, "%u.%u", c[i].slot, c[i].gen);
		table_cell(t, 0, "%s", domain_name(c[i].holder));
		table_cell(t, 0, "%s", domain_name(c[i].owner));
		table_cell(t, 0, "%s", zone_name(c[i].zone));
		table_cell(t, 0, "%llu", (unsigned long long)c[i].count);
		table_cell(t, 0, "%s", size_text(PAGE << c[i].order));
		table_cell(t, 0, "%s", size_text(c[i].left * (PAGE << c[i].order)));
		table_cell(t, 0, "%s", left_text(c[i].deadline));
		table_cell(t, waits ? 33 : 32, "%s", waits ? "waiting" : c[i].left == 0 ? "used" : "admitted");
	}
	table_print(t);
	free(c);
	return EXIT_GOOD;
}

uint64_t parse_size(const char *text)
{
	static const char units[] = "kmg";
	char *end;
	const uint64_t n = strtoull(text, &end, 0);
	const char *unit = *end != '\0' ? strchr(units, *end | ' ') : NULL;
	const unsigned int shift = unit != NULL ? 10U * (unsigned int)(unit - units + 1) : 0;

	end += unit != NULL ? 1 : 0;
	if (end == text || strchr(text, '-') != NULL || n > UINT64_MAX >> shift ||
	    (*end != '\0' && strcmp(end, "iB") != 0)) {
		die(EXIT_USAGE, "'%s' is no size; write 512M, 2G, 64K", text);
	}
	return n << shift;
}

/* "rear:low:512M" or "rear:low:512M/2M": for whom, where, how much, in blocks of what size (2M). */
static struct ctl_want parse_want(char *text)
{
	char *zone = strchr(text, ':');
	char *size = zone != NULL ? strchr(zone + 1, ':') : NULL;
	char *block = size != NULL ? strchr(size + 1, '/') : NULL;
	struct ctl_want w = { 0 };
	struct ctl_domain owner;
	uint64_t bytes;
	uint64_t each = 2ull << 20;

	if (size == NULL) {
		die(EXIT_USAGE, "'%s': write DOMAIN:ZONE:SIZE[/BLOCK], such as rear:low:512M/2M", text);
	}
	*zone++ = '\0';
	*size++ = '\0';
	if (block != NULL) {
		*block++ = '\0';
		each = parse_size(block);
	}
	owner = find_domain(text);
	w.owner = owner.id;
	w.gen = owner.gen;
	w.zone = (uint8_t)find_zone(zone);
	bytes = parse_size(size);
	while (w.order < CTL_ORDERS && PAGE << w.order != each) {
		w.order++;
	}
	if (w.order == CTL_ORDERS || bytes == 0 || bytes % each != 0) {
		die(EXIT_USAGE, "%s is no multiple of a block of %s (a power of two from 4K to 1G)", size,
		    size_text(each));
	}
	w.count = bytes / each;
	return w;
}

/* "30", "30s", "5m", "1h", "200ms" -> ms. A lease of 0 would be one that never ends: that is told by leaving it out. */
static uint64_t parse_time(const char *text, bool lease)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = { { "", 1000 }, { "s", 1000 }, { "ms", 1 }, { "m", 60000 }, { "h", 3600000 } };
	char *end;
	const uint64_t n = strtoull(text, &end, 10);

	for (size_t i = 0; i < COUNT(units) && end != text && strchr(text, '-') == NULL && (n != 0 || !lease); i++) {
		if (strcmp(end, units[i].unit) == 0 && n < UINT64_MAX / units[i].ms) {
			return n * units[i].ms;
		}
	}
	die(EXIT_USAGE, "'%s' is no time; write 30s, 5m, 1h", text);
}

void refuse_claim(uint32_t status, const struct frame *reply)
{
	struct ctl_refusal why;

	if (reply->head.len < sizeof(why) || (status != CTL_ENOFIT && status != CTL_EQUOTA)) {
		die_status(status, "claim");
	}
	memcpy(&why, reply->data, sizeof(why));
	die(EXIT_REFUSED, "claim: refused: %s for %s: wants %llu blocks of %s in %s, %llu are free, %llu would fit",
	    status == CTL_EQUOTA ? "its quota" : "no room", domain_name(why.owner), (unsigned long long)why.want,
	    size_text(PAGE << why.order), zone_name(why.zone), (unsigned long long)why.have,
	    (unsigned long long)why.fit);
}

/* What became of it, when the event that told may be lost. */
static uint16_t look_for(const struct ctl_claim *c)
{
	uint16_t type = CTL_EV_EXPIRED;
	size_t nr;
	struct ctl_term *t = fetch_list(CTL_CLAIMS, sizeof(*t), &nr);

	for (size_t i = 0; i < nr; i++) {
		if (t[i].slot == c->slot && t[i].gen == c->gen) {
			type = (t[i].flags & CTL_CLAIM_WAITS) != 0 ? CTL_EV_STATE : CTL_EV_ADMITTED;
		}
	}
	free(t);
	return type;
}

/* Until the claim is admitted, or has ended; the events were asked for before it was staked. */
static void wait_admitted(const struct ctl_claim *c)
{
	for (;;) {
		struct frame f;
		struct ctl_event e;

		if (!next_event(-1, &f) || f.head.op != CTL_EVENT) {
			continue;
		}
		memcpy(&e, f.data, sizeof(e));
		if (e.type == CTL_EV_LOST) {
			e = (struct ctl_event){ .type = look_for(c), .arg = { c->slot, c->gen } };
		}
		if (e.arg[0] != c->slot || e.arg[1] != c->gen) {
			continue;
		}
		if (e.type == CTL_EV_ADMITTED) {
			return;
		}
		if (e.type == CTL_EV_EXPIRED || e.type == CTL_EV_REVOKED) {
			die(EXIT_REFUSED, "claim: refused: no room came while it waited");
		}
	}
}

static int stake(int argc, char **argv)
{
	static const char *const options[] = { "lease=", "wait=", NULL };
	static char buf[CTL_REQUEST_MAX];
	struct ctl_stake *q = (void *)buf;
	struct ctl_want *want = (void *)(q + 1);
	const struct ctl_events_req events = { .on = 1 };
	struct frame reply;
	struct ctl_claim c;
	const char *value;
	uint32_t status;
	int o;

	while ((o = next_option(&argc, argv, options, &value)) >= 0) {
		*(o == 0 ? &q->lease_ms : &q->wait_ms) = parse_time(value, o == 0);
	}
	want_operands(argc, argv, 1, CTL_STAKE_MAX);
	for (int i = 1; i < argc; i++) {
		want[q->nr++] = parse_want(argv[i]);
	}
	if (q->wait_ms > port_open()->wait_max_ms) {
		die(EXIT_REFUSED,
		    "claim: refused: the configuration lets a claim wait %llu ms at most (claim-wait-max-ms)",
		    (unsigned long long)port_open()->wait_max_ms);
	}
	if (q->wait_ms != 0) {
		request(CTL_EVENTS, &events, sizeof(events), NULL);
	}
	status = request(CTL_STAKE, q, (uint32_t)(sizeof(*q) + q->nr * sizeof(*want)), &reply);
	if (status != CTL_OK) {
		refuse_claim(status, &reply);
	}
	memcpy(&c, reply.data, sizeof(c));
	if (c.lease_ms != 0) {
		fprintf(stderr, "waiting for memory ...\n");
		wait_admitted(&c);
	}
	if (opt_json) {
		char name[32];

		snprintf(name, sizeof(name), "%u.%u", c.slot, c.gen);
		json_open('{');
		json_str("claim", name);
		json_close();
		json_end();
	} else {
		printf("claim %u.%u: admitted\n", c.slot, c.gen);
	}
	return EXIT_GOOD;
}

static int change(int argc, char **argv)
{
	static const char *const options[] = { "lease=", NULL };
	const bool release = strcmp(argv[0], "release") == 0;
	int end = -1;
	struct ctl_claim c = { 0 };
	const char *value;
	uint32_t status;

	while (next_option(&argc, argv, options + (release ? 1 : 0), &value) >= 0) {
		c.lease_ms = parse_time(value, true);
	}
	want_operands(argc, argv, 1, 1);
	(void)sscanf(argv[1], "%u.%u%n", &c.slot, &c.gen, &end);
	if (end != (int)strspn(argv[1], "0123456789.") || argv[1][end] != '\0') {
		die(EXIT_USAGE, "'%s' is no claim; fhctl claim list tells them", argv[1]);
	}
	port_open();
	status = request(release ? CTL_RELEASE : CTL_RENEW, &c, sizeof(c), NULL);
	if (status != CTL_OK) {
		die_status(status, "%s claim %s", argv[0], argv[1]);
	}
	if (!opt_json) {
		printf("claim %s: %s\n", argv[1], release ? "released" : "renewed");
	}
	return EXIT_GOOD;
}

int cmd_claim(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "list";

	if (argc > 1) {
		argc--;
		argv++;
	}
	if (strcmp(what, "list") == 0) {
		return list(argc, argv);
	}
	if (strcmp(what, "stake") == 0) {
		return stake(argc, argv);
	}
	if (strcmp(what, "release") == 0 || strcmp(what, "renew") == 0) {
		return change(argc, argv);
	}
	die(EXIT_USAGE, "claim: '%s' is none of list, stake, renew, release", what);
}
