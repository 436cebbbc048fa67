# SPDX-License-Identifier: MIT
"""What the loader put where a partition is to be moves away first; what can't move is refused (test_refusals.py)."""

import harness
import pytest
import systems

# where QEMU's -kernel puts a small ramdisk and the tree on a machine of 2 GiB
PAYLOAD = 0x48000000


def pack(tmp_path, guests, *domains, **options):
    return harness.write_payload(tmp_path / "payload.cpio", systems.system(*domains, **options),
                                 {"agent.bin": guests / "agent.bin"})


@pytest.mark.parametrize("names", ["payload", "board tree, payload"])
def test_a_partition_over_what_was_loaded(machine, guests, tmp_path, names):
    size = 64 * systems.MIB if "tree" in names else systems.MIB
    front = systems.front(memory=systems.static(PAYLOAD, size=size))
    with machine(initrd=pack(tmp_path, guests, front, systems.rear())) as m:
        if "tree" in names:
            m.expect(r"memory: board tree moved from 0x[0-9a-f]+ to 0x[0-9a-f]+")
        m.expect(r"memory: payload moved from 0x48000000 to 0x[0-9a-f]+")
        m.expect(r"agent: (front|rear) is up")
        m.expect(r"agent: (front|rear) is up")
        # the payload is still whole where it is now: a reset loads from it again
        m.focus(1)
        m.send("r")
        m.expect("agent: front is up")
        m.ask("p", "pong: front")
        m.focus(2)
        m.ask("p", "pong: rear")


def test_a_hyp_zone_over_the_payload(machine, guests, tmp_path):
    hyp = f"hyp@{PAYLOAD:x} {{ reg = <{systems.cells(PAYLOAD)} {systems.cells(8 * systems.MIB)}>; }};"
    with machine(initrd=pack(tmp_path, guests, systems.front(), systems.rear(), hyp=hyp)) as m:
        m.expect(r"memory: payload moved from 0x48000000")
        m.expect(r"agent: (front|rear) is up")
        m.expect(r"agent: (front|rear) is up")


def test_a_zone_over_the_payload_goes_around_it(machine, guests, tmp_path):
    pool = """
        low: low@48000000 { reg = <0x0 0x48000000 0x0 0x08000000>; };"""
    with machine(initrd=pack(tmp_path, guests, systems.front(), systems.rear(), pool=pool)) as m:
        m.expect(r"claim: domains=2 .*admitted")
        m.expect(r"map: dom=rear ipa=0x40000000 pa=0x(\w+)")
        m.expect(r"agent: (front|rear) is up")
        m.expect(r"agent: (front|rear) is up")


def test_direct_map(machine, guests, tmp_path):
    where = 0x60000000
    memory = f"memory@{where:x} {{ reg = <{systems.cells(where)} {systems.cells(64 * systems.MIB)}>; direct-map; }};"
    with machine(initrd=pack(tmp_path, guests, systems.front(memory=memory), systems.rear())) as m:
        m.expect(r"map: dom=front ipa=0x60000000 pa=0x60000000 size=0x4000000 static")
        m.expect(r"agent: (front|rear) is up")
        m.expect(r"agent: (front|rear) is up")
        m.focus(1)
        m.ask("p", "pong: front")
