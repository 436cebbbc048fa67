# SPDX-License-Identifier: MIT
"""Instructions that EL2 executes between an exit from a guest and the return to it, by cause, by the plugin exits.c.

The causes and their bounds stand in docs/performance.md, "Exits: bounds by cause"; check() compares a run with them.
What begins or ends a vCPU's run (`left`; an SError is that, too) is no exit that returns, and has no bound here. Nor has
`wfx`, a trapped WFI, which lasts until an interrupt: it is an error where it comes in a run that is checked.
"""

import re
import subprocess

import harness
import systems

# Function at EL2 -> cause; the last one in this order that ran in an exit names it.
FUNCTIONS = [
    ("trap_sync", "wfx"), ("trap_sysreg", "sysreg"), ("psci_call", "call"), ("hypercall", "own"), ("trap_data_abort", "abort"),
    ("trap_instr_abort", "abort"), ("vuart_read", "uart"), ("vuart_write", "uart"),
    ("dist_read", "gicd"), ("dist_write", "gicd"), ("redist_read", "gicr"), ("redist_write", "gicr"),
    ("dir_read", "gicc"), ("dir_write", "gicc"),
    ("vgic_sgi", "sgi"), ("log_guest", "logged"), ("console_poll", "console"), ("control_poll", "console"),
    ("console_irq", "console"),
    ("monitor_poll", "console"), ("domain_next_step", "left"),
]
# Filling the list registers anew is the same work in any exit: exits with it are counted apart, as "CAUSE+refill".
PLUS = [("vgic_refill", "refill"), ("vgic_retire", "refill")]
TURN = "wait_turn"  # of a wait for a chunk that another CPU cleans, which lasts as long as the host lets that one sleep
VECTORS = [(0x480, "irq")]  # of a lower EL


def symbols(elf):
    """name -> addresses; two files may have a function of one name, and the compiler ends it as it likes (.lto_priv.0)."""
    nm = subprocess.run(["aarch64-linux-gnu-nm", str(elf)], capture_output=True, text=True, check=True).stdout
    found = {}
    for address, name in re.findall(r"^([0-9a-f]+) \w (\w+)\S*$", nm, re.M):
        found.setdefault(name, []).append(int(address, 16))
    return found


def extent(elf, function):
    """START:END of a function."""
    nm = subprocess.run(["aarch64-linux-gnu-nm", "-S", str(elf)], capture_output=True, text=True, check=True).stdout
    at, size = re.search(rf"^([0-9a-f]+) ([0-9a-f]+) \w {re.escape(function)}$", nm, re.M).groups()
    return f"{int(at, 16):x}:{int(at, 16) + int(size, 16):x}"


def plugin(out, image=harness.IMAGE, irq=None, span=None, parts_of_span=()):
    """QEMU's arguments that make it write the counts to `out` when it ends. irq: (CPU, guest), whose delay is counted,
    too. span: (function, function), from the one to the other all is counted, and what of it is in parts_of_span."""
    names = symbols(image.with_suffix(".elf"))
    missing = [f for f in (TURN, *(f for f, _ in FUNCTIONS + PLUS)) if f not in names]
    if missing:
        raise harness.MachineError(f"the image has no function {', '.join(missing)}: tests/qemu/exits.py is behind it")
    vectors = names["trap_vectors"][0]
    parts = [harness.GUESTS / "exits.so", f"out={out}", f"text={names['image_start'][0]:x}:{names['text_end'][0]:x}",
             f"vectors={vectors:x}", *(f"at={vectors + offset:x}:{cause}" for offset, cause in VECTORS),
             *(f"at={at:x}:{cause}" for function, cause in FUNCTIONS for at in names[function]),
             *(f"plus={at:x}:{cause}" for function, cause in PLUS for at in names[function]), f"turn={names[TURN][0]:x}"]
    if irq:
        cpu, guest = irq
        vector = systems.IPA + symbols(harness.GUESTS / f"{guest}.elf")["vectors"][0] + 0x280
        parts.append(f"irq={cpu}:{vector:x}")
    if span:
        parts.append(f"span={names[span[0]][0]:x}:{names[span[1]][0]:x}")
        parts += [f"part={extent(image.with_suffix('.elf'), function)}" for function in parts_of_span]
    return "-plugin", ",".join(str(p) for p in parts)


def counts(out):
    """cause -> (exits, largest, sum)."""
    return {cause: tuple(int(n) for n in numbers)
            for cause, *numbers in (line.split() for line in out.read_text().splitlines())}


def bounds():
    """cause -> bound, from the table in the docs."""
    text = (harness.ROOT / "docs" / "performance.md").read_text()
    section = text.split("## Exits: bounds by cause")[1].split("\n## ")[0]
    return {cause: int(n.replace(",", "")) for cause, n in re.findall(r"^\| `(\w+)` \|.*\| ([\d,]+) \|$", section, re.M)}


def bound(limits, cause):
    """The bound of a cause, or of one with another beside it; None: a part has none."""
    parts = [limits.get(part) for part in cause.split("+")]
    return None if None in parts else sum(parts)


def check(out):
    """Fails where a cause took more than its bound, or has none."""
    limits = bounds()
    over = [f"{cause}: {largest} instructions, {bound(limits, cause) or 'no bound'} at most"
            for cause, (_, largest, _) in counts(out).items()
            if not cause.startswith("left") and largest > (bound(limits, cause) or -1)]
    assert not over, "; ".join(over)
