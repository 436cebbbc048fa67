# SPDX-License-Identifier: MIT
"""Domains that come and go while others run: memory comes back exactly, and nobody else notices."""

import re

import harness
import pytest
import systems
from test_claims import WINDOW
from test_domains import advances


@pytest.fixture
def crowd(machine, guests, tmp_path):
    """crowd(*domains, **machine options) -> Machine with front running and the given domains defined on demand."""

    def make(*domains, hypervisor="", pool=systems.POOL, front=None, **options):
        dts = systems.system(systems.front(cpus=[0], **(front or {})), *domains, hypervisor=hypervisor, pool=pool)
        payload = harness.write_payload(tmp_path / "payload.cpio", dts, {"agent.bin": guests / "agent.bin"})
        return machine(initrd=payload, **options)

    return make


def demand(name, cpus, memory=None, extra=""):
    return systems.domain(name, cpus, memory or systems.claimed(), extra="on-demand; " + extra)


def monitor(m, command, pattern, timeout=20):
    m.focus(0)
    m.line(command)
    return m.expect(pattern, timeout)


def memory(m):
    """Every range of RAM with its owner, every zone and claim, as the monitor prints them."""
    first = len(m.console())
    m.focus(0)
    m.line("memory")
    m.expect(r"\(end of RAM\)")
    m.line("claims")
    m.expect(r"\(end of the claims\)")
    text = m.console()[first:]
    return joined(text) + re.findall(r"^  (?:zone|claim ).*", text, re.M)


def joined(text):
    """The ranges with their owners, those that touch in one; how much of it is scrubbed by now is no matter."""
    ranges = []
    for start, end, what in re.findall(r"^  0x(\w+)-0x(\w+) +\d+ \w+  (.*)", text, re.M):
        start, end, what = int(start, 16), int(end, 16), what.replace("dirty", "").split()
        if ranges and ranges[-1][1] + 1 == start and ranges[-1][2] == what and what[0] == "free":
            ranges[-1] = (ranges[-1][0], end, what)
        else:
            ranges.append((start, end, what))
    return ranges


def create(m, name):
    monitor(m, f"create {name}", f"agent: {name} is up")


def destroy(m, name):
    monitor(m, f"destroy {name}", f"domain: dom={name}: destroyed")


def test_created_and_destroyed_a_hundred_times(crowd):
    """Memory is exactly back each time; the other domain's tick goes on."""
    with crowd(demand("rear", [2, 3]), limit=150) as m:
        m.expect("agent: front is up")
        before = memory(m)
        assert "zone low" in str(before) and "rear" not in str(before)
        for turn in range(100):
            create(m, "rear")
            if turn % 20 == 0:
                assert memory(m) != before
                m.focus(2)
                m.ask("m", "marks: kept=0 other=0")
                m.ask("s", "marks: set")
                m.ask("2", "second: code=0 beats=yes")
            destroy(m, "rear")
            if turn % 20 == 0:
                assert memory(m) == before
        assert memory(m) == before
        m.focus(1)
        advances(m)
        m.send("o")
        assert m.wait_end(15) == 0


def test_two_that_want_the_same_memory(crowd):
    """One is admitted, the other refused with the reason, having changed nothing; then the other way round."""
    big = systems.claimed(size=384 * systems.MIB)
    with crowd(demand("rear", [1], big), demand("other", [2], big)) as m:
        m.expect("agent: front is up")
        create(m, "rear")
        held = memory(m)
        monitor(m, "create other", r"claim: dom=other zone=low order=9 want=192 have=\d+ fit=\d+: refused")
        assert memory(m) == held
        destroy(m, "rear")
        create(m, "other")
        monitor(m, "create rear", r"claim: dom=rear zone=low order=9 want=192 have=\d+ fit=\d+: refused")


def test_paused_resumed_stopped_started(crowd):
    with crowd(demand("rear", [2, 3])) as m:
        m.expect("agent: front is up")
        monitor(m, "pause rear", "rear is defined: that can't be")
        create(m, "rear")
        monitor(m, "start rear", "rear is running: that can't be")
        monitor(m, "pause rear", "rear: asked")
        m.focus(2)
        m.send("p")
        m.focus(1)
        advances(m)
        assert "pong: rear" not in m.console()
        monitor(m, "resume rear", "rear: asked")
        m.focus(2)
        m.expect("pong: rear")
        advances(m)
        m.ask("s", "marks: set")
        monitor(m, "off rear", "domain: dom=rear: stopped")
        monitor(m, "start rear", "agent: rear is up")
        m.focus(2)
        m.ask("m", "marks: kept=0 other=0")
        monitor(m, "pause rear", "rear: asked")
        destroy(m, "rear")
        create(m, "rear")
        monitor(m, "off rear", "domain: dom=rear: stopped")
        destroy(m, "rear")


def test_a_hanging_domain_is_destroyed(crowd):
    with crowd(demand("rear", [2, 3])) as m:
        m.expect("agent: front is up")
        before = memory(m)
        create(m, "rear")
        m.focus(2)
        m.ask("h", "hang: masked")
        destroy(m, "rear")
        assert memory(m) == before


def test_destroyed_while_it_is_built(crowd):
    """Wherever the build stands when the second line is read."""
    with crowd(demand("rear", [2], systems.claimed(size=256 * systems.MIB)), limit=60) as m:
        m.expect("agent: front is up")
        before = memory(m)
        for _ in range(10):
            m.send("create rear\rdestroy rear\r")
            m.expect("domain: dom=rear: destroyed")
        assert memory(m) == before
        create(m, "rear")


SMALL = """
        low: low@80000000 { reg = <0x0 0x80000000 0x0 0x4000000>; };
        high: high@a0000000 { reg = <0x0 0xa0000000 0x0 0x4000000>; };"""


def all_of(m, *patterns):
    """Waits for all of them, in whatever order they come."""
    left = list(patterns)
    while left:
        match = m.expect("|".join(f"(?:{p})" for p in left))
        left.remove(next(p for p in left if re.fullmatch(p, match.group(0))))


def test_builders_race_for_the_last_memory(crowd):
    """Three builders, of which two fit, and a guest that claims by itself: whoever is admitted comes up, whoever is
    refused has changed nothing; one that comes while another is taken apart gets its memory or is refused."""
    names = ["one", "two", "three"]
    some = systems.claimed(size=24 * systems.MIB)
    front = {"memory": [systems.static(systems.FRONT_PA), WINDOW]}
    with crowd(*(demand(name, [cpu], some) for cpu, name in enumerate(names, 1)), front=front, pool=SMALL,
               limit=150) as m:
        m.expect("agent: front is up")
        before = memory(m)
        for turn in range(10):
            first, second, third = names[turn % 3:] + names[:turn % 3]
            m.focus(0)
            m.send(f"create {first}\rcreate {second}\rcreate {third}\r")
            all_of(m, f"claim: dom={third} zone=low order=9 want=12 have=\\d+ fit=\\d+: refused",
                   f"agent: {first} is up", f"agent: {second} is up")
            m.focus(1)
            m.ask("q", "claims: code=0 zero=yes")
            m.focus(0)
            # the third comes while the first goes: early it is refused, late it is not
            m.send(f"destroy {first}\rcreate {third}\r")
            all_of(m, f"domain: dom={first}: destroyed", rf"terms=2: admitted|dom={third} [^\r]*: refused")
            if f"dom={third} zone=low" not in m.console().rsplit(f"destroy {first}", 1)[1]:
                m.expect(f"agent: {third} is up")
                destroy(m, third)
            destroy(m, second)
            m.focus(1)
            m.send("r")  # what it claimed goes back
            m.expect("agent: front is up")
            assert memory(m) == before
        assert "an admitted term is gone" not in m.console()


def test_power_key(machine, guests, initramfs, tmp_path):
    """Debian's gpio_keys hears of it, once each time; a domain that has none, or does not run, is not asked."""
    dts = systems.system(systems.front(cpus=[0]), systems.domain(
        "rear", [1, 2], systems.claimed(size=384 * systems.MIB), kernel="Image",
        bootargs="console=ttyAMA0 quiet panic=-1 hostname=rear", extra='power-key; ramdisk = "initramfs.gz";'))
    payload = harness.write_payload(tmp_path / "payload.cpio", dts, {
        "agent.bin": guests / "agent.bin", "Image": harness.LINUX, "initramfs.gz": initramfs})
    with machine(initrd=payload, limit=150) as m:
        m.expect(r"rear: Linux \d", 120)
        m.focus(2)
        presses = "awk '/power key/ { print $2 + $3 }' /proc/interrupts"
        assert m.shell(presses) == "0"
        monitor(m, "ask rear", "rear: asked")
        m.expect("rear: power key pressed")
        m.focus(2)
        assert m.shell(presses) == "1"
        monitor(m, "ask rear", "rear: asked")
        m.focus(2)
        while m.shell(presses) == "1":
            pass
        assert m.shell(presses) == "2"
        monitor(m, "ask front", "front is running: that can't be")
        monitor(m, "pause rear", "rear: asked")
        monitor(m, "ask rear", "rear is paused: that can't be")
        monitor(m, "off rear", "domain: dom=rear: stopped")
        monitor(m, "ask rear", "rear is stopped: that can't be")


def test_times(crowd):
    """What the monitor tells of a vCPU's interrupts, its share of time, and the longest time in EL2."""
    row = r"  0  front +0  on +\d+ +\d+ +0 +(\d+) +(\d+)% +(\d+)\r"
    with crowd(demand("rear", [2])) as m:
        m.expect("agent: front is up")
        m.focus(1)
        advances(m)  # its first ticks have come
        injected, share, longest = map(int, monitor(m, "cpus", row).groups())
        assert injected > 0 and (share, longest) == (0, 0)
        monitor(m, "times", "times are measured from now on")
        m.focus(1)
        advances(m)
        more, share, _ = map(int, monitor(m, "cpus", row).groups())
        assert more >= injected + 5 and 0 < share < 100
        monitor(m, "times", "times are not measured any more")
        last = monitor(m, "cpus", row).groups()
        m.focus(1)
        advances(m)
        assert monitor(m, "cpus", row).groups()[1:] == last[1:]
