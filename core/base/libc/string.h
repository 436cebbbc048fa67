/* SPDX-License-Identifier: MIT */
/* For libfdt, which asks for the C library's name. */
#ifndef CORE_BASE_LIBC_STRING_H
#define CORE_BASE_LIBC_STRING_H

#include "core/base/string.h"

#endif
