/* SPDX-License-Identifier: MIT */
/* fhpack: checks a system's configuration as EL2 will, packs it with its files, and draws the memory map. */
#ifndef TOOLS_FHPACK_FHPACK_H
#define TOOLS_FHPACK_FHPACK_H

#include <stdio.h>

#include "core/config/config.h"

#define MAX_FILES 63U /* beside freehold.dtb */
#define NAME_SIZE (CFG_NAME_MAX * 2U)

enum exit_code { EXIT_GOOD = 0, EXIT_REFUSED = 1, EXIT_TROUBLE = 2 };

/* Ends the program with one line on stderr: the input is refused, or the tool can't work (usage, files). */
FH_NORETURN void refuse(const char *fmt, ...) FH_PRINTF(1, 2);
FH_NORETURN void trouble(const char *fmt, ...) FH_PRINTF(1, 2);

/* A file in memory; data is aligned for any use and stays for the program's life. */
struct blob {
	unsigned char *data;
	size_t size;
};

struct blob read_file(const char *path);
/* A tree: source is compiled by dtc, a blob is taken as it is. */
struct blob read_tree(const char *path);
/*
 * A kernel as EL2 loads it: gzip'd Images and EFI zboot images of gzip are unpacked, else the blob itself.
 * *how: what was done, or NULL.
 */
struct blob read_kernel(const char *path, struct blob b, const char **how);

struct file {
	char name[NAME_SIZE];
	const char *path;
	struct blob blob;
};

/* Writes a newc archive of files[0..nr) to path, data aligned to pages; whole or not at all. Returns its size. */
size_t write_archive(const char *path, const struct file *files, uint32_t nr);

/* Places each domain's files in its memory as EL2 will; ends the program with EL2's own words where it can't. */
void plan_files(const char *config, struct cfg_system *sys, const struct file *files, uint32_t nr);
/* Where they are, for domain d; nothing where plan_files() did not run. */
void print_files(uint32_t d, FILE *out);

/* Ends the program where the claims of all domains do not fit together. tree: of the board, or NULL. */
void check_claims(const char *config, const struct cfg_system *sys, const struct fdt_index *tree);

/* One row of the physical memory map. */
enum row_kind { ROW_FREE, ROW_UNKNOWN, ROW_RESERVED, ROW_HYP, ROW_ZONE, ROW_STATIC };

struct row {
	struct range range;
	enum row_kind kind;
	uint8_t index;  /* of the zone, or of the domain */
	uint8_t memory; /* of the domain */
};
#define MAX_ROWS 256U

struct map {
	const struct cfg_system *sys;
	const struct cfg_board *board; /* NULL: not known */
	const char *title;
	uint32_t nr;
	struct row rows[MAX_ROWS]; /* by rising address, without gaps within a bank */
};

void map_make(struct map *m, const struct cfg_system *sys, const struct cfg_board *board, const char *title);
/* What a row is, for people. */
void row_label(const struct map *m, const struct row *r, char *buf, size_t size);
/* "512 MiB" */
const char *size_text(uint64_t bytes, char *buf, size_t size);
/* Bytes of domain d's claims on a zone itself. */
uint64_t claimed_bytes(const struct cfg_system *sys, uint8_t zone, uint32_t d);

void map_text(const struct map *m, FILE *out);
void map_svg(const struct map *m, FILE *out);

#endif
