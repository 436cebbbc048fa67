/* SPDX-License-Identifier: MIT */
#include "tools/unpack/unpack.h"

#include <stdint.h>
#include <string.h>
#include <zlib.h>

#define AT_ONCE ((size_t)1 << 18)

static const char *gunzip(const unsigned char *data, size_t size, unpack_put put, void *ctx)
{
	static unsigned char out[AT_ONCE];
	const char *why = NULL;
	int rc = Z_OK;
	z_stream z;

	memset(&z, 0, sizeof(z));
	if (inflateInit2(&z, 15 + 16) != Z_OK) {
		return "zlib does not start";
	}
	z.next_in = (Bytef *)(uintptr_t)data;
	z.avail_in = (uInt)size;
	while (rc == Z_OK && why == NULL) {
		z.next_out = out;
		z.avail_out = (uInt)sizeof(out);
		rc = inflate(&z, Z_NO_FLUSH);
		if (z.avail_out != sizeof(out) && !put(ctx, out, sizeof(out) - z.avail_out)) {
			why = "";
		}
	}
	inflateEnd(&z);
	return why != NULL || rc == Z_STREAM_END ? why : "a damaged gzip file";
}

static size_t le32(const unsigned char *p)
{
	return (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
}

const char *unpack_kernel(const unsigned char *data, size_t size, unpack_put put, void *ctx, const char **how)
{
	*how = NULL;
	if (size > UINT32_MAX) {
		return "4 GiB or more";
	}
	if (size > 18U && data[0] == 0x1fU && data[1] == 0x8bU) {
		*how = "unpacked (gzip)";
		return gunzip(data, size, put, ctx);
	}
	/* "MZ", "zimg", offset and size of what is packed, at 24 the name of its compression. */
	if (size > 64U && memcmp(data, "MZ\0\0zimg", 8) == 0) {
		const size_t at = le32(data + 8);
		const size_t part = le32(data + 12);

		if (memcmp(data + 24, "gzip", 5) != 0) {
			return "an EFI zboot image of another compression than gzip";
		}
		if (at > size || part > size - at) {
			return "a damaged EFI zboot image";
		}
		*how = "unpacked (EFI zboot, gzip)";
		return gunzip(data + at, part, put, ctx);
	}
	return NULL;
}
