# SPDX-License-Identifier: MIT
files-y := early_map.c window.c el2_map.c stage2.c stage2_size.c stage2_walk.c \
	$(if $(CONFIG_POOL),stage2_block.c) $(if $(CONFIG_POOL),stage2_block.c) $(if $(CONFIG_TEST_CALLS),stage2_split.c)
