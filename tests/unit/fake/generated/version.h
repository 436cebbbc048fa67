/* SPDX-License-Identifier: MIT */
#define FREEHOLD_VERSION "test"
