# SPDX-License-Identifier: MIT
files-y := $(if $(CONFIG_POOL),hypercall.c,hypercall_off.c) $(if $(CONFIG_TEST_CALLS),test.c,test_off.c)
