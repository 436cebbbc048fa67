/* SPDX-License-Identifier: MIT */
#ifndef ARCH_VCPU_VCPU_INTERNAL_H
#define ARCH_VCPU_VCPU_INTERNAL_H

#include "arch/arm64/vcpu/vcpu.h"

#endif
