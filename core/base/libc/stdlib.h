/* SPDX-License-Identifier: MIT */
/* libfdt's environment asks for this header and uses nothing of it. */
#ifndef CORE_BASE_LIBC_STDLIB_H
#define CORE_BASE_LIBC_STDLIB_H

#include <stddef.h>

#endif
