# SPDX-License-Identifier: MIT
"""A thousand reboots of one domain beside one that counts: no leak, no disturbance (docs/testing.md)."""

import re

import harness
import pytest
import systems


def exits(m, name):
    """Traps and interrupts of a domain's first vCPU so far, as the monitor tells them."""
    m.line("cpus")
    match = m.expect(rf"\d+  {name} +0  on +(\d+) +(\d+) +(\d+)")
    assert match.group(3) == "0"
    return int(match.group(1)), int(match.group(2))


def figures(m):
    """What each zone has free and claimed, and who owns which range, as the monitor tells it."""
    before = len(m.console())
    m.line("memory")
    m.expect(r"claimed +low +rear")
    m.line("claims")
    m.expect(r"zone high .*blocks to be had \d+\r*\n")
    return sorted(re.findall(r"^ *(?:zone \w+ .*|0x.* (?:static|claimed) .*)$", m.console()[before:], re.M))


@pytest.mark.parametrize("gic,reboots", [(3, 1000), (2, 100)])
def test_a_thousand_reboots(machine, guests, tmp_path, gic, reboots):
    """The victim's CPU runs nothing else, and its exits are its own timer's ticks."""
    victim = systems.front(cpus=[1], kernel="count.bin")
    other = systems.rear(cpus=[2, 3], kernel="reboot.bin", memory=systems.claimed(size=4 * systems.MIB))
    dts = systems.system(victim, other)
    payload = harness.write_payload(tmp_path / "payload.cpio", dts, {
        "count.bin": guests / "count.bin", "reboot.bin": guests / "reboot.bin"})
    with machine(initrd=payload, cpu="max", gic=gic, limit=90) as m:
        m.expect("count: is up")
        m.focus(0)
        owned = figures(m)
        m.focus(1)
        m.send("b")
        m.expect("count: begins")
        m.focus(0)
        first = int(m.expect(r"dom=rear reset=(\d+)").group(1))
        traps, interrupts = exits(m, "front")
        # not each is told: 50 lines a second are
        while int(m.expect(r"dom=rear reset=(\d+): restarting", 120).group(1)) < first + reboots:
            pass
        traps_then, interrupts_then = exits(m, "front")
        assert figures(m) == owned and len(owned) == 7
        m.focus(1)
        m.send("e")
        ticks = int(m.expect(r"count: ticks=(\d+) loops=on memory=good odd=0").group(1))
        assert traps_then == traps, "the victim made exits that it has no reason for"
        assert interrupts_then - interrupts <= ticks
        m.focus(0)
        _, at_end = exits(m, "front")
        # its ticks, the console's byte and the kicks around it; a thousand reboots would show
        assert ticks <= at_end <= ticks + 12
        assert "not clean" not in m.console()
        # wherever in a reset it is
        m.line("off rear")
        m.expect("dom=rear: stopped")
        m.line("off front")
        assert m.wait_end(15) == 0
