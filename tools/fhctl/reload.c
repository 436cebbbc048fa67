/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor keeps no files: a domain that came from files gets them again when it is started anew. Where they are
 * is noted when it is created, in /run/fhctl/NAME, a line a file: which one, its size, its path.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fhctl/fhctl.h"

#define NOTES "/run/fhctl"
#define RUNS_MS 60000

static void note_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, NOTES "/%s", name);
}

void note_files(const char *name, const struct files *f)
{
	char path[128];
	FILE *out;

	mkdir("/run", 0755);
	mkdir(NOTES, 0700);
	note_path(path, sizeof(path), name);
	out = fopen(path, "we");
	if (out == NULL) {
		fprintf(stderr, "%s: %s: %s: it can't be restarted from here\n", program, path, strerror(errno));
		return;
	}
	for (size_t i = 0; i < CTL_FILES; i++) {
		char *real = f->path[i] != NULL ? realpath(f->path[i], NULL) : NULL;

		if (real != NULL) {
			fprintf(out, "%zu %llu %s\n", i, (unsigned long long)f->size[i], real);
		}
		free(real);
	}
	fclose(out);
}

void forget_files(const char *name)
{
	char path[128];

	note_path(path, sizeof(path), name);
	unlink(path);
}

static void read_notes(const char *name, struct files *f)
{
	char path[128];
	char line[4096 + 64];
	FILE *in;

	note_path(path, sizeof(path), name);
	in = fopen(path, "re");
	while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
		unsigned long long size;
		size_t i;
		int at = 0;

		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%zu %llu %n", &i, &size, &at) == 2 && at != 0 && i < CTL_FILES) {
			f->path[i] = strdup(line + at);
			f->size[i] = size;
		}
	}
	if (in != NULL) {
		fclose(in);
	}
}

bool recall_files(const struct ctl_domain *d, struct files *f)
{
	bool wanted = false;

	read_notes(d->name, f);
	for (unsigned int i = 0; i < CTL_FILES; i++) {
		if ((d->flags & CTL_DOMAIN_FILE << i) == 0) {
			f->path[i] = NULL;
			continue;
		}
		wanted = true;
		if (f->path[i] == NULL) {
			die(EXIT_REFUSED, "%s: its files came from elsewhere: destroy it, and create it with them",
			    d->name);
		}
		if (file_open(f, i) != f->size[i]) {
			die(EXIT_USAGE, "%s: %s is not what it was", d->name, f->path[i]);
		}
	}
	return wanted;
}

static void told(uint64_t bytes)
{
	(void)bytes;
}

/* Now; of one that is gone: destroyed. */
static uint32_t state_of(const struct ctl_domain *d)
{
	size_t nr;
	const struct ctl_domain *all = fetch_domains(&nr);

	for (size_t i = 0; i < nr; i++) {
		if (all[i].id == d->id && all[i].gen == d->gen) {
			return all[i].state;
		}
	}
	return CTL_DESTROYED;
}

void reload_files(const struct ctl_domain *d, struct files *f)
{
	struct frame event;

	step("restarting");
	load_files(f, d->id, told);
	while (next_event(RUNS_MS, &event)) {
		struct ctl_event e;

		if (event.head.op != CTL_EVENT || event.head.len < sizeof(e)) {
			continue;
		}
		memcpy(&e, event.data, sizeof(e));
		if (e.type == CTL_EV_LOST) {
			e = (struct ctl_event){ .type = CTL_EV_STATE, .dom = d->id, .value = state_of(d) };
		}
		if (e.type != CTL_EV_STATE || e.dom != d->id) {
			continue;
		}
		if (e.value == CTL_RUNNING) {
			return;
		}
		if (e.value == CTL_DESTROYED) {
			die(EXIT_REFUSED, "%s: it was taken apart; see fhctl log", d->name);
		}
	}
	die(EXIT_BROKEN, "%s: no word of it for a minute; see fhctl list", d->name);
}
