# SPDX-License-Identifier: MIT
"""Doorbells: who may ring whom, and what comes of it."""

import re

import harness
import pytest
import systems
from test_lifecycle import all_of, monitor


def domain(name, cpu, address, extra=""):
    return systems.domain(name, [cpu], systems.static(address), kernel="belltest.bin", extra=extra).replace(
        f"{name} {{", f"{name}: {name} {{", 1)


def rung(m, number):
    m.focus(number)
    return [int(n) for n in m.ask("r", r"rung:((?: \d+){8})").group(1).split()]


def ring(m, number, key, code):
    m.focus(number)
    m.ask(key, f"ring {key}: code={code}\\r")


def interrupts(m, name):
    """That made the domain's vCPU exit."""
    m.focus(0)
    m.line("cpus")
    return int(m.expect(rf" {name} +0 +on +\d+ +(\d+) ").group(1))


@pytest.mark.parametrize("gic", [3, 2], ids=["gicv3", "gicv2"])
def test_who_may_ring_whom(machine, guests, tmp_path, gic):
    """front rings rear and other; rear rings front; other rings nobody. Each of rear's ringers has its own interrupt."""
    dts = systems.system(domain("front", 0, 0x60000000, "rings = <&rear &other>;"),
                         domain("rear", 1, 0x68000000, "rings = <&front>;"),
                         domain("other", 2, 0x70000000, 'on-watchdog = "stop";'),
                         domain("all", 3, 0x78000000, "rings; manual-start;"))
    payload = harness.write_payload(tmp_path / "payload.cpio", dts, {"belltest.bin": guests / "belltest.bin"})
    with machine(initrd=payload, gic=gic, limit=60) as m:
        all_of(m, *["belltest: ready"] * 3)
        # other's watchdog has its highest one
        assert re.findall(r"map: dom=(\w+) intid=(\d+) doorbell of (\w+)", m.console()) == [
            ("front", "287", "rear"), ("front", "286", "all"), ("rear", "287", "front"), ("rear", "286", "all"),
            ("other", "286", "front"), ("other", "285", "all")]
        # from front to rear: once each
        for count in range(1, 4):
            ring(m, 1, "1", 0)
            while sum(rung(m, 2)) < count:
                pass
            assert rung(m, 2) == [0] * 7 + [count]
        # to itself, to one that rings it not, to none, to wild numbers
        ring(m, 1, "0", -18)
        ring(m, 1, "3", -18)
        ring(m, 1, "9", -18)
        m.ask("w", "ring wild: code=-18 -18")
        ring(m, 3, "0", -18)
        ring(m, 3, "1", -18)
        assert rung(m, 1) == [0] * 8
        ring(m, 2, "0", 0)
        while rung(m, 1) != [0] * 7 + [1]:
            pass
        # a thousand times, while it is masked: one pending bit, and it is left alone
        m.focus(2)
        m.ask("m", "masked: 1")
        before = interrupts(m, "rear")
        m.focus(1)
        for _ in range(20):
            m.ask("s", "storm: code=0")
        assert interrupts(m, "rear") - before < 20
        m.focus(2)
        m.ask("m", "masked: 0")
        while rung(m, 2) == [0] * 7 + [3]:
            pass
        assert rung(m, 2) == [0] * 7 + [4]
        # one that is paused finds it later; one that is off is not rung; in a new life nothing is left
        monitor(m, "pause rear", "rear: asked")
        ring(m, 1, "1", 0)
        monitor(m, "resume rear", "rear: asked")
        while rung(m, 2) != [0] * 7 + [5]:
            pass
        monitor(m, "off rear", "domain: dom=rear: stopped")
        ring(m, 1, "1", -26)
        monitor(m, "start rear", "belltest: ready")
        assert rung(m, 2) == [0] * 8
        # the one that may ring all
        monitor(m, "start all", "belltest: ready")
        ring(m, 4, "1", 0)
        while rung(m, 2) != [0] * 6 + [1, 0]:
            pass
        ring(m, 4, "3", -18)
