# SPDX-License-Identifier: MIT
"""Trees that a payload brings along, for builds without CONFIG_GUEST_TREE: of a domain on QEMU virt with a GICv3, as
systems.domain() describes it."""

import re

DOMAIN = re.compile(r"(\w+) \{\n\t\t\t#address-cells(.*?)\n\t\t\};", re.S)

TREE = """/dts-v1/;
/ {{
    compatible = "freehold,domain-v1", "linux,dummy-virt";
    #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;
    aliases {{ serial0 = &uart; }};
    chosen {{ bootargs = "{bootargs}"; stdout-path = &uart; }};
    psci {{ compatible = "arm,psci-1.0", "arm,psci-0.2"; method = "hvc"; }};
    cpus {{ #address-cells = <1>; #size-cells = <0>;{cpus} }};{memory}
    gic: interrupt-controller@8000000 {{
        compatible = "arm,gic-v3"; interrupt-controller; #interrupt-cells = <3>; #redistributor-regions = <1>;
        reg = <0 0x8000000 0 0x10000>, <0 0x80a0000 0 {gicr:#x}>;
    }};
    timer {{ compatible = "arm,armv8-timer"; interrupts = <1 13 4>, <1 14 4>, <1 11 4>, <1 10 4>; always-on; }};
    pmu {{ compatible = "arm,armv8-pmuv3"; interrupts = <1 7 4>; }};
    clk: apb-pclk {{ compatible = "fixed-clock"; #clock-cells = <0>; clock-frequency = <24000000>; }};
    uart: pl011@9000000 {{
        compatible = "arm,pl011", "arm,primecell"; reg = <0 0x9000000 0 0x1000>; interrupts = <0 1 4>;
        clocks = <&clk>, <&clk>; clock-names = "uartclk", "apb_pclk";
    }};
}};
"""


def tree(text):
    """The tree for one domain's text."""
    nr = len(re.search(r"cpus = <([^>]*)>", text).group(1).split())
    cpu = ' cpu@{0:x} {{ device_type = "cpu"; compatible = "arm,armv8"; reg = <{0}>; enable-method = "psci"; }};'
    memory = '\n    memory@{} {{ device_type = "memory"; reg = <{}>; }};'
    return TREE.format(bootargs=re.search(r'bootargs = "([^"]*)"', text).group(1), gicr=nr * 0x20000,
                       cpus="".join(cpu.format(i) for i in range(nr)),
                       memory="".join(memory.format(*m) for m in re.findall(r"memory@(\w+) \{ reg = <([^>]*)>", text)))


def bring(dts):
    """dts with a dtb for each domain; and the trees, by their names."""
    trees = {}

    def with_dtb(match):
        name, text = match.groups()
        if "dtb = " in text:
            return match.group(0)
        trees[f"{name}.dtb"] = tree(text)
        return re.sub(r'bootargs = "[^"]*";', f'dtb = "{name}.dtb";', match.group(0))

    return DOMAIN.sub(with_dtb, dts), trees
