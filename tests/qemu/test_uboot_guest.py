# SPDX-License-Identifier: MIT
"""Debian's U-Boot as a guest: a flat binary, loaded and entered where it wants, with a tree of its own."""

import re

import harness
import systems

TREE = """/dts-v1/;
/ {
    #address-cells = <2>; #size-cells = <2>;
    compatible = "linux,dummy-virt";
    interrupt-parent = <&gic>;
    chosen { stdout-path = "/pl011@9000000"; };
    memory@40000000 { device_type = "memory"; reg = <0x0 0x40000000 0x0 0x8000000>; };
    cpus {
        #address-cells = <1>; #size-cells = <0>;
        cpu@0 { device_type = "cpu"; compatible = "arm,armv8"; reg = <0>; };
    };
    psci { compatible = "arm,psci-1.0", "arm,psci-0.2"; method = "hvc"; };
    timer { compatible = "arm,armv8-timer"; interrupts = <1 13 4>, <1 14 4>, <1 11 4>, <1 10 4>; };
    gic: intc@8000000 {
        compatible = "arm,gic-v3"; #interrupt-cells = <3>; interrupt-controller;
        reg = <0 0x8000000 0 0x10000>, <0 0x80a0000 0 0x40000>;
    };
    clk: apb-pclk { compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <24000000>; };
    pl011@9000000 {
        compatible = "arm,pl011", "arm,primecell"; reg = <0 0x9000000 0 0x1000>; interrupts = <0 1 4>;
        clocks = <&clk>, <&clk>; clock-names = "uartclk", "apb_pclk";
    };
};
"""


def test_uboot_runs_and_resets(machine, tmp_path):
    # it looks for its environment where QEMU has flash: a range that its own tree does not tell as memory
    memory = [systems.static(0x60200000, size=2 * systems.MIB, ipa=0x4000000),
              systems.static(0x60400000, size=128 * systems.MIB)]
    boot = systems.domain("boot", [0], memory, kernel="u-boot.bin", extra="""dtb = "uboot.dtb";
            load-address = <0x0 0x40400000>; entry = <0x0 0x40400000>; dtb-address = <0x0 0x40000000>;""")
    boot = re.sub(r'bootargs = "[^"]*";', "", boot)  # they would belong into its own tree
    tree = tmp_path / "uboot.dtb"
    tree.write_bytes(harness.compile_dts(TREE))
    payload = harness.write_payload(tmp_path / "payload.cpio", systems.system(boot),
                                    {"u-boot.bin": harness.UBOOT, "uboot.dtb": tree})
    with machine(initrd=payload, limit=60) as m:
        for _ in range(2):
            m.expect(r"U-Boot 20\d\d")
            m.expect("Hit any key to stop autoboot")
            m.line("")
            m.expect("=> ")
            m.line("version")
            m.expect(r"U-Boot 20\d\d.*=> ")
            m.line("reset")
            m.expect(r"domain: dom=boot reset=\d+: restarting")
