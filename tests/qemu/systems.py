# SPDX-License-Identifier: MIT
"""Configurations (freehold,config-v1) for the tests, put together from parts, so that a bad one differs in one place."""

CELLS = "#address-cells = <2>; #size-cells = <2>;"
HYP = "hyp@5f800000 { reg = <0x0 0x5f800000 0x0 0x800000>; };"
POOL = """
        low: low@80000000 { reg = <0x0 0x80000000 0x0 0x20000000>; };
        high: high@a0000000 { reg = <0x0 0xa0000000 0x0 0x20000000>; };"""
IPA = 0x40000000
MIB = 1 << 20


def cells(value):
    return f"{value >> 32:#x} {value & 0xffffffff:#x}"


def static(pa, size=64 * MIB, ipa=IPA):
    return f"memory@{ipa:x} {{ reg = <{cells(ipa)} {cells(size)}>; static = <{cells(pa)}>; }};"


def claimed(zone="low", size=64 * MIB, ipa=IPA, block=2 * MIB):
    return f"memory@{ipa:x} {{ reg = <{cells(ipa)} {cells(size)}>; zone = <&{zone}>; block-size = <{cells(block)}>; }};"


def domain(name, cpus, memory, kernel="agent.bin", bootargs=None, extra="", devices=()):
    parts = [CELLS, f"cpus = <{' '.join(str(c) for c in cpus)}>;", f'kernel = "{kernel}";',
             f'bootargs = "{bootargs or "name=" + name}";', 'console = "pl011";', extra]
    parts += [memory] if isinstance(memory, str) else list(memory)
    if devices:
        nodes = "".join(f'{label} {{ path = "{path}"; }}; ' for label, path in devices)
        parts.append(f"devices {{ {nodes}}};")
    return f"{name} {{\n\t\t\t" + "\n\t\t\t".join(p for p in parts if p) + "\n\t\t};"


def system(*domains, hypervisor="", hyp=HYP, pool=POOL, extra=""):
    """A whole tree. domains: texts of domain(); the other parts may be replaced by bad ones."""
    body = "\n\t\t".join(domains)
    return f"""/dts-v1/;
/ {{
    compatible = "freehold,config-v1";
    hypervisor {{
        on-panic = "off";
        {"" if "on-last-domain-off" in hypervisor else 'on-last-domain-off = "off";'}
        {hypervisor}
    }};
    zones {{
        {CELLS}
        {hyp}{pool}
    }};
    domains {{
        {body}
    }};
    {extra}
}};
"""


FRONT_PA = 0x60000000


def front(**changes):
    return domain("front", **{"cpus": [0, 1], "memory": static(FRONT_PA), **changes})


def rear(**changes):
    return domain("rear", **{"cpus": [2, 3], "memory": claimed(), **changes})
