/* SPDX-License-Identifier: MIT */
/* The limits of int that libfdt uses; the compiler's own header wants a C library below it. */
#ifndef CORE_BASE_LIBC_LIMITS_H
#define CORE_BASE_LIBC_LIMITS_H

#define INT_MAX __INT_MAX__
#define INT_MIN (-INT_MAX - 1)
#define UINT_MAX (__INT_MAX__ * 2U + 1U)

#endif
