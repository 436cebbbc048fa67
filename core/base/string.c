/* SPDX-License-Identifier: MIT */
/*
 * Plain loops. memcpy copies images, too, from wherever a guest has them: by words, whatever the alignment. That is for
 * Normal memory with the MMU on, so nothing is copied before.
 */
#include "core/base/string.h"

#include "core/base/bits.h"

typedef uint64_t any_word __attribute__((aligned(1)));

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
	unsigned char *d = dst;
	const unsigned char *s = src;

	for (; n >= 8U; n -= 8U, d += 8, s += 8) {
		*(any_word *)d = *(const any_word *)s;
	}
	for (; n != 0U; n--) {
		*d++ = *s++;
	}
	return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
	unsigned char *d = dst;
	const unsigned char *s = src;

	if (d <= s || d >= s + n) {
		for (size_t i = 0; i < n; i++) {
			d[i] = s[i];
		}
	} else {
		for (size_t i = n; i != 0U; i--) {
			d[i - 1U] = s[i - 1U];
		}
	}
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	unsigned char *d = dst;
	const uint64_t word = UINT64_C(0x0101010101010101) * (unsigned char)c;

	if (((uintptr_t)d & 7U) == 0U) {
		for (; n >= 32U; n -= 32U, d += 32) {
			uint64_t *w = (uint64_t *)(void *)d;

			w[0] = word;
			w[1] = word;
			w[2] = word;
			w[3] = word;
		}
		for (; n >= 8U; n -= 8U, d += 8) {
			*(uint64_t *)(void *)d = word;
		}
	}
	for (; n != 0U; n--) {
		*d++ = (unsigned char)c;
	}
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a;
	const unsigned char *y = b;

	for (size_t i = 0; i < n; i++) {
		if (x[i] != y[i]) {
			return x[i] < y[i] ? -1 : 1;
		}
	}
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == (unsigned char)c) {
			return (void *)(uintptr_t)(p + i);
		}
	}
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0') {
		n++;
	}
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n] != '\0') {
		n++;
	}
	return n;
}

int strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return (int)(unsigned char)*a - (int)(unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n != 0U && *a != '\0' && *a == *b; n--) {
		a++;
		b++;
	}
	return n == 0U ? 0 : (int)(unsigned char)*a - (int)(unsigned char)*b;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c) {
			return (char *)(uintptr_t)s;
		}
		if (*s == '\0') {
			return NULL;
		}
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c) {
			last = s;
		}
		if (*s == '\0') {
			return (char *)(uintptr_t)last;
		}
	}
}
