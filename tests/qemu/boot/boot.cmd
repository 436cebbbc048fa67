# U-Boot script: starts Freehold with its payload from the disk that the script came from.
# mkimage -A arm64 -O linux -T script -C none -d boot.cmd boot.scr
load ${devtype} ${devnum}:${distro_bootpart} ${kernel_addr_r} freehold.bin
load ${devtype} ${devnum}:${distro_bootpart} ${ramdisk_addr_r} payload.cpio
booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}
