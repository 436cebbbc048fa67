# SPDX-License-Identifier: MIT
"""The test guests on bare QEMU: what Freehold's guests see is compared with this."""

import harness
import pytest

GICS = pytest.mark.parametrize("gic", [3, 2])


@GICS
def test_selftest_on_bare_qemu(machine, guests, gic):
    with machine(kernel=guests / "selftest.bin", gic=gic, virtualization=False, smp=2, mem="256M", limit=20) as m:
        assert m.wait_end() == 0
        names = harness.check_tap(m.console())
    assert "its own timer interrupts it" in names


@GICS
def test_traptest_on_bare_qemu(machine, guests, gic):
    with machine(kernel=guests / "traptest.bin", gic=gic, virtualization=False, smp=2, mem="256M", limit=20) as m:
        assert m.wait_end() == 0
        harness.check_tap(m.console())


@pytest.mark.parametrize("name", ["faults", "walk", "cpu", "psci"])
@pytest.mark.parametrize("cpu", ["max", "cortex-a53"])
def test_cpu_guests_on_bare_qemu(machine, guests, name, cpu):
    with machine(kernel=guests / f"{name}.bin", cpu=cpu, virtualization=False, smp=4, mem="256M", limit=20) as m:
        assert m.wait_end() == 0
        harness.check_tap(m.console())


@GICS
def test_gictest_on_bare_qemu(machine, guests, gic):
    with machine(kernel=guests / "gictest.bin", gic=gic, virtualization=False, mem="256M", limit=30) as m:
        assert m.wait_end() == 0
        names = harness.check_tap(m.console())
    assert "ISPENDR0 shows a timer's level while the interrupt is disabled" in names


@GICS
def test_agent_on_bare_qemu(machine, guests, gic):
    with machine(kernel=guests / "agent.bin", gic=gic, append="name=bare", virtualization=False, smp=2, mem="256M",
                 limit=20, qmp=True) as m:
        m.expect("agent: bare is up")
        m.ask("u", r"unmapped: taken=1 ec=0x25 fsc=0x10 far=0xb000000")
        m.ask("s", "marks: set")
        m.ask("m", "marks: kept=64")
        m.ask("2", "second: code=0 beats=yes")
        m.ask("c", r"rtc: id=0x31 time=\d{10} alarm=taken")
        m.ask("k", "key: ready")
        m.qmp("system_powerdown")
        m.expect("key: pressed")
        m.send("o")
        assert m.wait_end() == 0
