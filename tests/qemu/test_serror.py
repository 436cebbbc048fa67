# SPDX-License-Identifier: MIT
"""SErrors. QEMU raises none, so a CPU that takes another exception is sent to the vector of an SError: from there on all
is as it would be."""

import exits
import harness
import systems
from gdb import Gdb

SYNC_LOWER, SERROR_LOWER, SERROR_OWN = 0x400, 0x580, 0x380  # offsets of vectors: of a guest's exceptions, of EL2's own


def divert(tmp_path, to):
    vectors = exits.symbols(harness.IMAGE.with_suffix(".elf"))["trap_vectors"][0]
    Gdb(tmp_path / "gdb").divert(vectors + SYNC_LOWER, vectors + to)


def start(machine, guests, tmp_path):
    """front makes synchronous exits, rear none: it counts."""
    dts = systems.system(systems.front(cpus=[0]), systems.rear(cpus=[1], kernel="count.bin"))
    payload = harness.write_payload(tmp_path / "payload.cpio", dts, {
        "agent.bin": guests / "agent.bin", "count.bin": guests / "count.bin"})
    return machine(initrd=payload, smp=2, extra=("-gdb", f"unix:{tmp_path}/gdb,server=on,wait=off"))


def test_a_guest_s_serror_ends_its_domain(machine, guests, tmp_path):
    with start(machine, guests, tmp_path) as m:
        for _ in range(2):
            m.expect("agent: front is up|count: is up")
        m.focus(2)
        m.ask("b", "count: begins")
        divert(tmp_path, SERROR_LOWER)
        m.expect("guest: dom=front vcpu=0: SError")
        m.expect("domain: dom=front: crashed")
        m.ask("e", r"count: ticks=\d+ loops=on memory=good odd=0")
        m.send("o")
        assert m.wait_end(15) == 0


def test_one_in_el2_stops_the_machine(machine, guests, tmp_path):
    with start(machine, guests, tmp_path) as m:
        for _ in range(2):
            m.expect("agent: front is up|count: is up")
        divert(tmp_path, SERROR_OWN)
        m.expect(r"crash: cpu=[01] vector=7 ", fatal=None)
        m.expect("crash: stopped", fatal=None)
        m.wait_end(15)
