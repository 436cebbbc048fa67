/* SPDX-License-Identifier: MIT */
// SOURCES: core/base/status.c
/* EL2's own memcpy, at each alignment of both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define memcpy own_memcpy
#define memmove own_memmove
#define memset own_memset
#define memcmp own_memcmp
#define memchr own_memchr
#define strlen own_strlen
#define strnlen own_strnlen
#define strcmp own_strcmp
#define strncmp own_strncmp
#define strchr own_strchr
#define strrchr own_strrchr
#include "core/base/string.c"

#define MOST 80U

static void copies(void **state)
{
	unsigned char from[MOST + 8U];
	unsigned char to[MOST + 8U];

	(void)state;
	for (uint32_t i = 0; i < sizeof(from); i++) {
		from[i] = (unsigned char)(i * 7U + 1U);
	}
	for (uint32_t n = 0; n <= MOST; n++) {
		for (uint32_t at = 0; at < 64U; at++) {
			const uint32_t s = at % 8U;
			const uint32_t d = at / 8U;

			own_memset(to, 0, sizeof(to));
			assert_ptr_equal(own_memcpy(to + d, from + s, n), to + d);
			for (uint32_t i = 0; i < sizeof(to); i++) {
				assert_int_equal(to[i], i < d || i >= d + n ? 0U : from[i - d + s]);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(copies) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
