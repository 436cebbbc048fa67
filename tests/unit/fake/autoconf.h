/* SPDX-License-Identifier: MIT */
/* The configuration that unit tests, fuzz targets and host tools are built with: all of it. */
#define CONFIG_POOL 1
#define CONFIG_MULTIPLEXER 1
#define CONFIG_GICV2 1
#define CONFIG_WATCHDOG 1
#define CONFIG_DOORBELLS 1
#define CONFIG_DEBUG_BUILD 1
#define CONFIG_S2FWB 1
#define CONFIG_MAX_CPUS 64
#define CONFIG_MAX_DOMAINS 32
#define CONFIG_MAX_CLAIMS 256
#define CONFIG_EARLY_UART_BASE 0x09000000
#define CONFIG_LOG_LEVEL 3
