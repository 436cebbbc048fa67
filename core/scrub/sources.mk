# SPDX-License-Identifier: MIT
# A domain's memory is cleaned in every build; what is free, where there is a pool.
files-y := clean.c $(if $(CONFIG_POOL),scrub.c,scrub_off.c)
