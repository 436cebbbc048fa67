# SPDX-License-Identifier: MIT
"""Devices that are passed through: QEMU virt's clock (PL031) and its power key (PL061)."""

import harness
import pytest
import systems

RTC = ("rtc", "/pl031@9010000")
KEYS = ("gpio", "/pl061@9030000")


def payload(tmp_path, guests):
    dts = systems.system(systems.front(devices=[RTC]), systems.rear(devices=[KEYS]))
    return harness.write_payload(tmp_path / "payload.cpio", dts, {"agent.bin": guests / "agent.bin"})


@pytest.mark.parametrize("gic", [3, 2])
def test_clock_and_power_key(machine, guests, tmp_path, gic):
    with machine(initrd=payload(tmp_path, guests), qmp=True, gic=gic) as m:
        m.expect(r"agent: \w+ is up")
        m.expect(r"agent: \w+ is up")
        m.focus(1)
        m.ask("c", r"rtc: id=0x31 time=\d{10} alarm=taken", 15)
        m.focus(2)
        m.ask("k", "key: ready")
        m.qmp("system_powerdown")
        m.expect("key: pressed", 15)
        # again: the interrupt was ended at the physical GIC as well
        m.ask("k", "key: ready")
        m.qmp("system_powerdown")
        m.expect("key: pressed", 15)
        m.focus(1)
        m.send("o")
        m.expect("off: now")
        m.focus(2)
        m.send("o")
        assert m.wait_end(15) == 0


def test_a_device_is_nobody_elses(machine, guests, tmp_path):
    """The domain without the clock gets an abort at its registers, not the clock."""
    dts = systems.system(systems.front(devices=[RTC]), systems.rear())
    path = harness.write_payload(tmp_path / "payload.cpio", dts, {"agent.bin": guests / "agent.bin"})
    with machine(initrd=path) as m:
        m.expect(r"agent: \w+ is up")
        m.expect(r"agent: \w+ is up")
        m.focus(2)
        m.ask("c", "unexpected synchronous exception|far=0x901")
        m.focus(1)
        m.ask("c", r"rtc: id=0x31 time=\d{10} alarm=taken", 15)
