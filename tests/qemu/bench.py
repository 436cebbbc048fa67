# SPDX-License-Identifier: MIT
"""make bench: guest-visible costs, boot, the ledger and sizes against their budgets. Writes build/bench.json, a list of
{"name", "unit", "value", "budget"}; a row without a budget tells how a figure comes about.

QEMU with -icount shift=0 and a counter of 1 GHz (-cpu max) ticks once an instruction, so the figures repeat to the
digit; they are instructions, not time. Exit code 1 when a budget is exceeded or a figure is missing.
"""

import json
import re
import sys
import tempfile
from pathlib import Path

import bench_rows
import exits
import harness
import systems
from systems import MIB, static

# row: (what, budget in instructions)
BUDGETS = {
    "hypercall": ("cheapest hypercall, round trip", 120),
    "psci_version_hvc": ("PSCI_VERSION by HVC", 150),
    "psci_version_smc": ("PSCI_VERSION by SMC", 160),
    "gicd_typer": ("GICD_TYPER read, trapped", 180),
    "gicd_isenabler1": ("GICD_ISENABLER1 read", 190),
    "gicr_isenabler0_read": ("GICR_ISENABLER0 read", 190),
    "gicr_isenabler0_write": ("GICR_ISENABLER0 write", 300),
    "timer": ("virtual timer: CVAL reached -> handler", 150),
    "wfi_timer": ("wake-up from WFI by its timer", 150),
    "sgi_self": ("SGI to self: write -> handler", 350),
    "ipi": ("IPI: write -> handler on the other vCPU", 450),
    "cpu_on": ("CPU_ON -> first instruction of that vCPU", 1200),
    "boot_64m": ("own entry -> first guest instruction, 64 MiB", 600000),
    "boot_512m_more": ("the same with 512 MiB, more", 10000),
    "boot_64m_dirty_per_mib": ("the same, dirty memory, each MiB, S2FWB", 20000),
    "boot_64m_dirty_per_mib_nofwb": ("the same, dirty memory, each MiB, CONFIG_S2FWB=n", 40000),
    # DC ZVA, DC CIVAC, ADD for each line of 64 bytes: 49,152 at the least
    "boot_64m_dirty_per_mib_a72": ("the same, dirty memory, each MiB, Cortex-A72", None),
    "stake": ("stake of one term by hypercall, any order, of 8 zones", 600),
    "populate": ("populate and map a clean 2 MiB, splitting 1 GiB", 600),
    "launch": ("launch of 1 GiB, 512 clean blocks of 2 MiB: asked for -> its vCPU starts", 400000),
    "launch_dirty": ("the same, dirty memory, S2FWB", 22000000),
    "launch_dirty_nofwb": ("the same, dirty memory, CONFIG_S2FWB=n", 42000000),
    "launch_step": ("longest time with interrupts off, launch of 1 GiB", 50000),
    "launch_step_a72": ("the same, dirty memory, Cortex-A72", 50000),
    "teardown_step": ("longest time with interrupts off, its teardown", 50000),
    "timer_beside_launch": ("timer interrupt, worst case, over its quiet value: 1 GiB launched, torn down", 2000),
    "boot_further_domain": ("a further 64 MiB domain at boot, on a CPU of its own", 150000),
}
# 512 blocks of 2 MiB, and none larger.
BIG = "\nbig: big@80000000 { reg = <0x0 0x80000000 0x0 0x40000000>; max-order = <9>; };"
# Eight zones in three levels, of which a domain may claim.
TREE = """
        all: all { #address-cells = <2>; #size-cells = <2>;
            left: left { #address-cells = <2>; #size-cells = <2>;
                l0: l0@80000000 { reg = <0x0 0x80000000 0x0 0x40000000>; };
                l1: l1@c0000000 { reg = <0x0 0xc0000000 0x0 0x40000000>; }; };
            right: right { #address-cells = <2>; #size-cells = <2>;
                r0: r0@100000000 { reg = <0x1 0x0 0x0 0x20000000>; };
                r1: r1@120000000 { reg = <0x1 0x20000000 0x0 0x20000000>; }; }; };"""
CLAIMS = """claims@c0000000 { reg = <0x0 0xc0000000 0x0 0x80000000>; limit = <0x0 0x80000000>;
            zones = <&all &left &right &l0 &l1 &r0 &r1>; };"""


def measure(name, initrd=None, kernel=harness.IMAGE, smp=1, mem="4G", virtualization=True, cpu="max"):
    """Runs the bench guest once; returns the figures by name of the domain in focus, and of rear with _rear."""
    with harness.Machine(f"bench-{name}", kernel=kernel, initrd=initrd, cpu=cpu, smp=smp, mem=mem, limit=60,
                         virtualization=virtualization, extra=("-icount", "shift=0,sleep=off")) as m:
        m.expect("bench: end")
        m.wait_end(20)
        figures = {}
        figures["console"] = m.console()
        for source, row, n in re.findall(r"^(\[\w+\] )?bench: (\w+) (\d+)", m.console(), re.MULTILINE):
            figures.setdefault(f"{row}{'_rear' if source else ''}", int(n))
        built = re.search(r"domain: dom=rear .* us=(\d+): running", m.console())
        figures["rear_build"] = int(built.group(1)) * 1000 if built else 0
        return figures


def payload(folder, memory, cpus, clean=True, more=()):
    dts = systems.system(systems.front(kernel="bench.bin", cpus=cpus, memory=memory), *more,
                         hypervisor='boot-memory = "clean";' if clean else "")
    return harness.write_payload(Path(folder) / "payload.cpio", dts, {"bench.bin": harness.GUESTS / "bench.bin"})


def launch(name, clean=True, cpu="max", kernel=harness.IMAGE):
    """One CPU, one domain of 1 GiB that is created by the monitor, and destroyed: its time and the longest steps."""
    dts = systems.system(systems.domain("rear", [0], systems.claimed("big", 1024 * MIB), kernel="agent.bin",
                                        extra="on-demand;"),
                         pool=BIG, hypervisor='boot-memory = "clean";' if clean else "")
    with tempfile.TemporaryDirectory() as folder:
        image = harness.write_payload(Path(folder) / "payload.cpio", dts,
                                      {"agent.bin": harness.GUESTS / "agent.bin"})
        with harness.Machine(f"bench-launch-{name}", kernel=kernel, initrd=image, cpu=cpu, mem="4G", smp=1, limit=60,
                             extra=("-icount", "shift=0,sleep=off")) as m:
            m.expect("Ctrl-A")
            m.focus(0)
            m.line("create rear")
            m.expect("agent: rear is up")
            m.line("destroy rear")
            m.wait_end(20)
            built = re.search(r"longest=(\d+) us=(\d+): running", m.console())
            gone = re.search(r"destroyed longest=(\d+)", m.console())
    return int(built.group(2)) * 1000, int(built.group(1)), int(gone.group(1))


def beside(name, turns, clean=True):
    """What EL2 executes on a CPU before a guest on it takes its timer's interrupt: the most, while on another CPU a
    domain of 1 GiB is launched and torn down some times. Counted by the plugin, so for itself, without icount."""
    dts = systems.system(systems.front(kernel="latency.bin", cpus=[0], memory=static(0x60000000)),
                         systems.domain("rear", [1], systems.claimed("big", 1024 * MIB), kernel="agent.bin",
                                        extra="on-demand;"),
                         pool=BIG, hypervisor='boot-memory = "clean";' if clean else "")
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder) / "exits"
        image = harness.write_payload(Path(folder) / "payload.cpio", dts, {
            guest: harness.GUESTS / guest for guest in ("agent.bin", "latency.bin")})
        with harness.Machine(f"bench-beside-{name}", initrd=image, cpu="max", mem="4G", smp=2, limit=90,
                             extra=exits.plugin(counted, irq=(0, "latency"))) as m:
            m.expect("latency: is up")
            for _ in range(turns):
                m.focus(0)
                m.line("create rear")
                m.expect("agent: rear is up")
                m.line("destroy rear")
                m.expect("dom=rear: destroyed")
            m.focus(1)
            m.ask("t", r"latency: ticks=", timeout=60)
            m.send("o")
            m.wait_end(20)
        return exits.counts(counted)["delay"]


def launches():
    figures = {}
    ticks, _, instructions = beside("quiet", 0)
    worst = max(beside("clean", 3)[1], beside("dirty", 3, clean=False)[1])
    figures["timer_beside_launch"] = worst - instructions // ticks
    figures["launch"], figures["launch_step"], figures["teardown_step"] = launch("clean")
    figures["launch_dirty"] = launch("dirty", clean=False)[0]
    figures["launch_dirty_nofwb"] = launch("nofwb", clean=False, kernel=harness.BUILD / "nofwb/freehold.bin")[0]
    figures["launch_step_a72"] = launch("a72", clean=False, cpu="cortex-a72,cntfrq=1000000000")[1]
    return figures


def freehold():
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        two = measure("two", payload(folder, static(0x60000000), [0, 1]), smp=2)
        figures.update({row: two[row] for row in ("ipi", "cpu_on") if row in two})
        one = measure("one", payload(folder, static(0x60000000), [0]))
        figures.update({row: n for row, n in one.items() if row != "entry"})
        tree = systems.system(systems.front(kernel="bench.bin", cpus=[0], memory=[static(0x60000000), CLAIMS]),
                              pool=TREE, hypervisor='boot-memory = "clean";')
        claims = measure("claims", harness.write_payload(Path(folder) / "payload.cpio", tree,
                                                         {"bench.bin": harness.GUESTS / "bench.bin"}))
        figures.update({row: claims[row] for row in ("stake", "populate") if row in claims})
        big = measure("big", payload(folder, static(0x60000000, 512 * MIB), [0]))
        dirty = measure("dirty", payload(folder, static(0x60000000), [0], clean=False))
        no_fwb = harness.BUILD / "nofwb/freehold.bin"
        clean_nofwb = measure("nofwb", payload(folder, static(0x60000000), [0]), kernel=no_fwb)
        dirty_nofwb = measure("nofwb-dirty", payload(folder, static(0x60000000), [0], clean=False), kernel=no_fwb)
        figures["boot_64m_dirty_per_mib_nofwb"] = (dirty_nofwb["entry"] - clean_nofwb["entry"]) // 64
        a72 = "cortex-a72,cntfrq=1000000000"
        clean_a72 = measure("a72", payload(folder, static(0x60000000), [0]), cpu=a72)
        dirty_a72 = measure("a72-dirty", payload(folder, static(0x60000000), [0], clean=False), cpu=a72)
        alone = measure("alone", payload(folder, static(0x60000000), [0]), smp=2)
        rear = systems.domain("rear", [1], static(0x70000000), kernel="bench.bin")
        both = measure("both", payload(folder, static(0x60000000), [0], more=[rear]), smp=2)
        figures["boot_64m_dirty_per_mib_a72"] = (dirty_a72["entry"] - clean_a72["entry"]) // 64
        # what it delays the first one, plus its own build, which runs beside that (and counts what both do meanwhile)
        figures["boot_further_domain"] = both["entry"] - alone["entry"] + both["rear_build"]
        figures.update(launches())
        figures["boot_64m"] = one["entry"]
        figures["boot_512m_more"] = big["entry"] - one["entry"]
        figures["boot_64m_dirty_per_mib"] = (dirty["entry"] - one["entry"]) // 64
    return figures


def bare():
    """The same guest without a hypervisor: what the machine itself costs."""
    return measure("bare", kernel=harness.GUESTS / "bench.bin", smp=2, mem="256M", virtualization=False)


def show(row, reference):
    value, budget = row["value"], row["budget"]
    verdict = "missing" if value is None else "over" if budget is not None and value > budget else "ok"
    print(f"{row['name']:<76}{reference or '':>7}{'-' if value is None else value:>12}{budget or '':>10}  "
          f"{row['unit'] if budget is None else verdict}")
    return verdict != "ok"


def main():
    reference = bare()
    figures = freehold()
    rows = [(bench_rows.row(what, "instructions", figures.get(name), budget), reference.get(name))
            for name, (what, budget) in BUDGETS.items()]
    rows += [(row, None) for row in bench_rows.ledger() + bench_rows.locks() + bench_rows.creation() + bench_rows.host() + bench_rows.sizes() +
             bench_rows.memory_kept(figures["console"])]
    print(f"{'what':<76}{'bare':>7}{'here':>12}{'at most':>10}")
    bad = sum(show(row, bare_value) for row, bare_value in rows)
    harness.BUILD.mkdir(parents=True, exist_ok=True)
    (harness.BUILD / "bench.json").write_text(json.dumps([row for row, _ in rows], indent=1) + "\n")
    print(f"{sum(row['budget'] is not None for row, _ in rows) - bad} within their budget, {bad} not")
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except harness.MachineError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
