# SPDX-License-Identifier: MIT
"""Domains that claim memory while they run, and the memory that is cleaned for them."""

import re

import harness
import pytest
import systems
from test_domains import advances

WINDOW = f"""claims@c0000000 {{
            reg = <{systems.cells(0xc0000000)} {systems.cells(128 * systems.MIB)}>;
            limit = <{systems.cells(64 * systems.MIB)}>; zones = <&low &high>; }};"""


def payload(tmp_path, guests, name, hypervisor="", **changes):
    memory = changes.pop("memory", systems.static(systems.FRONT_PA))
    dts = systems.system(systems.front(kernel=f"{name}.bin", memory=[memory, WINDOW], **changes),
                         hypervisor=hypervisor)
    return harness.write_payload(tmp_path / "payload.cpio", dts, {f"{name}.bin": guests / f"{name}.bin"})


@pytest.mark.parametrize("cpu", ["max", "cortex-a53"])
def test_a_guest_claims_memory(machine, guests, tmp_path, cpu):
    with machine(initrd=payload(tmp_path, guests, "claimtest"), cpu=cpu, smp=2, limit=90) as m:
        assert m.wait_end() == 0
        text = m.console()
    names = harness.check_tap(text)
    assert "it goes back into the claim" in names
    assert "claim: dom=front: 256 claims and 1024 terms are the most (CONFIG_MAX_CLAIMS): refused" in text


def test_who_claims_does_not_fail_late(machine, guests, tmp_path):
    """Four builders at eight blocks of 2 MiB: with claims a build that has begun ends well; who checks and allocates then
    fails late, and is counted."""
    window = f"""claims@c0000000 {{ reg = <{systems.cells(0xc0000000)} {systems.cells(64 * systems.MIB)}>;
        limit = <{systems.cells(64 * systems.MIB)}>; zones = <&small>; }};"""
    small = f"small: small@80000000 {{ reg = <{systems.cells(0x80000000)} {systems.cells(16 * systems.MIB)}>; }};"
    dts = systems.system(systems.front(kernel="claimrace.bin", cpus=[0, 1, 2, 3],
                                       memory=[systems.static(systems.FRONT_PA), window]), pool=small)
    image = harness.write_payload(tmp_path / "payload.cpio", dts, {"claimrace.bin": guests / "claimrace.bin"})
    with machine(initrd=image, smp=4, limit=120) as m:
        assert m.wait_end() == 0
        harness.check_tap(m.console())
        counts = re.findall(r"race: (\w+): built=(\d+) refused=(\d+) late=(\d+)", m.console())
    assert [name for name, *_ in counts] == ["claims", "checks"]
    assert int(counts[0][3]) == 0 and int(counts[1][3]) > 0


@pytest.mark.skipif("CONFIG_TEST_CALLS=y" not in (harness.BUILD / ".config").read_text(), reason="no CONFIG_TEST_CALLS")
@pytest.mark.parametrize("cpu", ["max", "cortex-a53"])
def test_a_split_is_not_seen(machine, guests, tmp_path, cpu):
    """A block is split and merged 100,000 times while the other vCPU reads, writes and runs in it."""
    with machine(initrd=payload(tmp_path, guests, "split"), cpu=cpu, smp=2, limit=120) as m:
        assert m.wait_end() == 0
        names = harness.check_tap(m.console())
    assert "and what is read and run in it is right" in names


def dirty(m):
    """The ranges of free memory that the monitor shows as dirty."""
    m.focus(0)
    m.line("memory")
    shown = m.expect(r"(?s)memory(.*?)end of RAM").group(1)
    m.focus(1)
    return shown.count("free dirty")


def settles(m):
    """All free memory becomes clean, while the guest goes on."""
    while dirty(m):
        advances(m)


def cleaned_in_two_lives(m):
    """All the pool; and after a reset what the guest had claimed and given back."""
    for last in "ro":
        m.expect("agent: .* is up")
        settles(m)
        m.ask("q", "claims: code=0 zero=yes")
        m.send(last)
    assert m.wait_end() == 0


def test_memory_stays_dirty_without_an_idle_cpu(machine, guests, tmp_path):
    with machine(initrd=payload(tmp_path, guests, "agent", cpus=[0]), smp=1) as m:
        m.expect("agent: .* is up")
        for _ in range(5):
            assert dirty(m) == 3, "hyp, low and high"
            advances(m)
        m.ask("q", "claims: code=0 zero=yes")
        m.send("o")
        assert m.wait_end() == 0


@pytest.mark.parametrize("cpu", ["max", "cortex-a53"])
def test_an_idle_cpu_cleans(machine, guests, tmp_path, cpu):
    """All the pool, and then what a guest gives back."""
    with machine(initrd=payload(tmp_path, guests, "agent", cpus=[0]), cpu=cpu, smp=2, limit=60) as m:
        cleaned_in_two_lives(m)


@pytest.mark.parametrize("cpu", ["max", "cortex-a53"])
def test_a_waiting_guest_lets_its_cpu_clean(machine, guests, tmp_path, cpu):
    """scrub-when-idle: its timer still comes, and what it gives back is cleaned in its own next life."""
    image = payload(tmp_path, guests, "agent", cpus=[0], hypervisor="scrub-when-idle;")
    with machine(initrd=image, cpu=cpu, smp=1, limit=60) as m:
        cleaned_in_two_lives(m)


@pytest.mark.parametrize("end", ["reset", "off"])
def test_what_was_claimed_comes_back(machine, guests, tmp_path, end):
    """A domain that is ended from outside owns nothing of the pool any more, and holds no claim."""
    other = systems.rear(kernel="agent.bin", memory=systems.static(0x70000000))
    dts = systems.system(systems.front(kernel="agent.bin", memory=[systems.static(systems.FRONT_PA), WINDOW]), other)
    files = {"agent.bin": guests / "agent.bin"}
    with machine(initrd=harness.write_payload(tmp_path / "payload.cpio", dts, files)) as m:
        m.expect(r"agent: (front|rear) is up")
        m.expect(r"agent: (front|rear) is up")
        m.focus(0)
        m.line("claims")
        before = m.expect(r"(?s)zone low .*?end of the claims").group(0)
        m.focus(1)
        m.ask("q", "claims: code=0 zero=yes")
        m.focus(0)
        m.line("claims")
        assert m.expect(r"holder=front owner=front zone=low order=9 count=8 left=(\d)").group(1) == "4"
        m.expect("end of the claims")
        m.line(f"{end} front")
        m.expect("agent: front is up" if end == "reset" else "dom=front: stopped")
        after = None
        while after != before:  # it goes back a block a step; the machine's time limit ends this
            m.focus(2)
            advances(m)
            m.focus(0)
            m.line("claims")
            after = m.expect(r"(?s)zone low .*?end of the claims").group(0)
        m.line("off rear")
        if end == "reset":
            m.line("off front")
        assert m.wait_end() == 0
