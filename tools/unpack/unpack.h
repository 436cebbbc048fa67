/* SPDX-License-Identifier: MIT */
/* Kernels as distributions pack them, for the tools that hand them on: by gzip, also within an EFI zboot image. */
#ifndef TOOLS_UNPACK_UNPACK_H
#define TOOLS_UNPACK_UNPACK_H

#include <stdbool.h>
#include <stddef.h>

/* Takes the next bytes of what is unpacked; false: no more, for a reason that it knows. */
typedef bool (*unpack_put)(void *ctx, const unsigned char *data, size_t size);

/*
 * Unpacks a file of `size` bytes into put(). *how: as what, or NULL: it is not packed, and put() was not called.
 * Returns NULL, or why it can't be unpacked ("" where put() ended it).
 */
const char *unpack_kernel(const unsigned char *data, size_t size, unpack_put put, void *ctx, const char **how);

#endif
