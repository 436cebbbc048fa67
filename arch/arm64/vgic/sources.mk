# SPDX-License-Identifier: MIT
files-y := ich.c vgic.c vgic_dist.c vgic_fill.c vgic_lr.c vgic_redist.c vgic_reg.c
files-$(CONFIG_GICV2) += vgic_v2.c
