# SPDX-License-Identifier: MIT
"""One bare-metal domain: what a guest sees is what the architecture says."""

import harness
import pytest
import systems

CPUS = ["max", "cortex-a53", "cortex-a72", "cortex-a76"]


def one(tmp_path, guests, name, **changes):
    dts = systems.system(systems.front(kernel="guest.bin", **changes))
    return harness.write_payload(tmp_path / "payload.cpio", dts, {"guest.bin": guests / f"{name}.bin"})


@pytest.mark.parametrize("cpu", CPUS)
def test_selftest(machine, guests, tmp_path, cpu):
    with machine(initrd=one(tmp_path, guests, "selftest"), cpu=cpu, smp=2) as m:
        m.expect(r"# freehold selftest on freehold")
        assert m.wait_end() == 0
        names = harness.check_tap(m.console())
    assert "its own timer interrupts it" in names
    assert "PSCI by SMC answers as by HVC" in names


def test_selftest_in_claimed_memory(machine, guests, tmp_path):
    with machine(initrd=one(tmp_path, guests, "selftest", memory=systems.claimed()), smp=2) as m:
        assert m.wait_end() == 0
        harness.check_tap(m.console())


def test_plain_cpio(machine, guests, tmp_path):
    """An archive as cpio(1) makes it: data at multiples of 4 only."""
    dts = systems.system(systems.front(kernel="off.bin"))
    payload = harness.write_payload(tmp_path / "payload.cpio", dts, {"off.bin": guests / "off.bin"}, align=4)
    with machine(initrd=payload) as m:
        m.expect("off: the guest ran")
        assert m.wait_end() == 0


def test_flat_binary(machine, guests, tmp_path):
    """A headerless binary at an address of its own."""
    flat = bytearray((guests / "off.bin").read_bytes())
    flat[56:60] = b"\0\0\0\0"  # no Image magic
    dts = systems.system(systems.front(kernel="guest.bin", extra="load-address = <0x0 0x40100000>;"))
    payload = harness.write_payload(tmp_path / "payload.cpio", dts, {"guest.bin": bytes(flat)})
    with machine(initrd=payload) as m:
        m.expect("off: the guest ran")
        assert m.wait_end() == 0


def test_mixed_memory(machine, guests, tmp_path):
    """Static and claimed memory in one domain."""
    memory = (systems.static(systems.FRONT_PA, 32 * systems.MIB),
              systems.claimed(size=32 * systems.MIB, ipa=0x50000000))
    with machine(initrd=one(tmp_path, guests, "agent", memory=memory)) as m:
        m.expect("agent: .* is up")
        m.ask("t", "pattern=good")
        m.send("o")
        assert m.wait_end() == 0


def test_ids_hide_what_is_not_switched(machine, guests, tmp_path):
    with machine(initrd=one(tmp_path, guests, "agent"), cpu="max") as m:
        m.expect("agent: .* is up")
        ids = m.ask("i", r"ids: mpidr=0x(\w+) pfr0=0x(\w+) pfr1=0x(\w+) mmfr0=0x(\w+)")
        pfr0, mmfr0 = int(ids.group(2), 16), int(ids.group(4), 16)
        assert int(ids.group(1), 16) & 0xff00ffffff == 0
        assert pfr0 >> 8 & 0xf == 0, "EL2 is shown"
        assert mmfr0 & 0xf <= 5, "a physical address size of more than 48 bits is shown"
        m.send("o")
        assert m.wait_end() == 0
