# U-Boot script: starts Freehold from a FIT, which U-Boot checks by its hashes.
load ${devtype} ${devnum}:${distro_bootpart} ${ramdisk_addr_r} freehold.itb
bootm ${ramdisk_addr_r}#system ${ramdisk_addr_r}#system ${fdtcontroladdr}
