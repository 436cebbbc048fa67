# SPDX-License-Identifier: MIT
files-y := gic.c gicv3.c
files-$(CONFIG_GICV2) += gicv2.c
