/* SPDX-License-Identifier: MIT */
/* Bounded formatting; log.h lists the formats. What does not fit is cut, what is not known is printed as it stands. */
#include "core/base/string.h"
#include "core/log/log.h"

#define DIGITS_MAX 20U /* of 2^64 - 1 in decimal */
#define NO_PRECISION SIZE_MAX

struct out {
	char *buf;
	size_t size;
	size_t len;
};

/* One conversion: the text between % and its letter. */
struct spec {
	bool zero;
	bool left;
	uint32_t longs; /* 0: int, 1: long, 2: long long (z and j are as wide as long) */
	size_t width;
	size_t precision;
	char conv;
};

/* va_list may be an array type, which can't be pointed to as a parameter: it travels in a struct. */
struct args {
	va_list ap;
};

static void put(struct out *o, char c)
{
	if (o->len + 1U < o->size) {
		o->buf[o->len] = c;
		o->len++;
	}
}

/* The padding stops at the buffer's end, whatever width a format names. */
static void pad(struct out *o, char c, size_t width, size_t used)
{
	for (size_t i = used; i < width && o->len + 1U < o->size; i++) {
		put(o, c);
	}
}

static void put_text(struct out *o, const struct spec *sp, const char *s, size_t len)
{
	if (!sp->left) {
		pad(o, ' ', sp->width, len);
	}
	for (size_t i = 0; i < len; i++) {
		put(o, s[i]);
	}
	if (sp->left) {
		pad(o, ' ', sp->width, len);
	}
}

/* prefix: "", "-" or "0x"; it comes before zeros and after spaces. */
static void put_number(struct out *o, const struct spec *sp, uint64_t v, uint32_t radix, const char *prefix)
{
	char digits[DIGITS_MAX];
	const size_t plen = strlen(prefix);
	size_t n = 0;

	do {
		digits[DIGITS_MAX - ++n] = "0123456789abcdef"[v % radix];
		v /= radix;
	} while (v != 0U);
	if (!sp->left && !sp->zero) {
		pad(o, ' ', sp->width, n + plen);
	}
	for (size_t i = 0; i < plen; i++) {
		put(o, prefix[i]);
	}
	if (!sp->left && sp->zero) {
		pad(o, '0', sp->width, n + plen);
	}
	for (size_t i = DIGITS_MAX - n; i < DIGITS_MAX; i++) {
		put(o, digits[i]);
	}
	if (sp->left) {
		pad(o, ' ', sp->width, n + plen);
	}
}

static size_t parse_number(const char **p)
{
	size_t n = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++) {
		n = n < 10000U ? n * 10U + (size_t)(**p - '0') : n;
	}
	return n;
}

/* p stands behind the %; returns what follows the conversion's letter. */
static const char *parse_spec(const char *p, struct spec *sp)
{
	*sp = (struct spec){ .precision = NO_PRECISION };
	for (; *p == '0' || *p == '-'; p++) {
		sp->zero = sp->zero || *p == '0';
		sp->left = sp->left || *p == '-';
	}
	sp->width = parse_number(&p);
	if (*p == '.') {
		p++;
		sp->precision = parse_number(&p);
	}
	for (; *p == 'l' || *p == 'z' || *p == 'j'; p++) {
		sp->longs++;
	}
	sp->conv = *p;
	return *p == '\0' ? p : p + 1;
}

static void put_signed(struct out *o, const struct spec *sp, struct args *a)
{
	const int64_t v = sp->longs == 0U ? va_arg(a->ap, int) : va_arg(a->ap, long);

	/* The negation is done on the unsigned value: INT64_MIN has no positive twin. */
	put_number(o, sp, v < 0 ? 0U - (uint64_t)v : (uint64_t)v, 10U, v < 0 ? "-" : "");
}

static uint64_t get_unsigned(const struct spec *sp, struct args *a)
{
	return sp->longs == 0U ? va_arg(a->ap, unsigned int) : va_arg(a->ap, unsigned long);
}

static void put_string(struct out *o, const struct spec *sp, const char *s)
{
	if (s == NULL) {
		s = "(null)";
	}
	put_text(o, sp, s, strnlen(s, sp->precision));
}

/* false: not a conversion that we know; its argument's type isn't known either, so the rest is printed raw. */
static bool put_conversion(struct out *o, const struct spec *sp, struct args *a)
{
	char c;

	switch (sp->conv) {
	case '%':
		put(o, '%');
		return true;
	case 'c':
		c = (char)va_arg(a->ap, int);
		put_text(o, sp, &c, 1);
		return true;
	case 's':
		put_string(o, sp, va_arg(a->ap, const char *));
		return true;
	case 'd':
	case 'i':
		put_signed(o, sp, a);
		return true;
	case 'u':
		put_number(o, sp, get_unsigned(sp, a), 10U, "");
		return true;
	case 'x':
		put_number(o, sp, get_unsigned(sp, a), 16U, "");
		return true;
	case 'p':
		put_number(o, sp, (uint64_t)(uintptr_t)va_arg(a->ap, void *), 16U, "0x");
		return true;
	default:
		return false;
	}
}

size_t fmt_vline(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { buf, size, 0 };
	struct args a;
	struct spec sp;
	const char *next;

	if (size == 0U) {
		return 0;
	}
	va_copy(a.ap, ap);
	while (*fmt != '\0') {
		if (*fmt != '%') {
			put(&o, *fmt++);
			continue;
		}
		next = parse_spec(fmt + 1, &sp);
		if (!put_conversion(&o, &sp, &a)) {
			break;
		}
		fmt = next;
	}
	while (*fmt != '\0') {
		put(&o, *fmt++);
	}
	va_end(a.ap);
	buf[o.len] = '\0';
	return o.len;
}

size_t fmt_line(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	n = fmt_vline(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
