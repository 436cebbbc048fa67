# SPDX-License-Identifier: MIT
"""One bare-metal domain: what a guest sees is what the architecture says."""

import re

import harness
import pytest
import systems

CPUS = ["max", "cortex-a53", "cortex-a72", "cortex-a76"]
GICS = pytest.mark.parametrize("gic", [3, 2])
CPUS_AND_GICS = pytest.mark.parametrize("cpu,gic", [*((cpu, 3) for cpu in CPUS), ("cortex-a53", 2), ("cortex-a72", 2)])


def one(tmp_path, guests, name, **changes):
    dts = systems.system(systems.front(kernel="guest.bin", **changes))
    return harness.write_payload(tmp_path / "payload.cpio", dts, {"guest.bin": guests / f"{name}.bin"})


@CPUS_AND_GICS
def test_traptest(machine, guests, tmp_path, cpu, gic):
    with machine(initrd=one(tmp_path, guests, "traptest"), cpu=cpu, gic=gic, smp=2) as m:
        m.expect(r"# freehold traptest on freehold")
        assert m.wait_end() == 0
        names = harness.check_tap(m.console())
    assert "SVCR (SME) is undefined" in names
    assert "a jump to an unmapped address is an external abort" in names


@CPUS_AND_GICS
@pytest.mark.parametrize("name,case", [
    ("faults", "a step over a device's register ends behind it"),
    ("cpu", "its overflow interrupts"),
])
def test_cpu_as_the_architecture_says(machine, guests, tmp_path, name, case, cpu, gic):
    with machine(initrd=one(tmp_path, guests, name), cpu=cpu, gic=gic, smp=2) as m:
        m.expect(rf"# freehold {name} on freehold")
        assert m.wait_end() == 0
        assert case in harness.check_tap(m.console())


@pytest.mark.parametrize("cpu", ["max", "cortex-a72"])
def test_tables_that_lie_nowhere(machine, guests, tmp_path, cpu):
    with machine(initrd=one(tmp_path, guests, "walk"), cpu=cpu, smp=2) as m:
        m.expect("# freehold walk on freehold")
        assert m.wait_end() == 0
        names = harness.check_tap(m.console())
    assert "a table that lies nowhere is an external abort on a walk, of its level" in names
    assert "a page that lies nowhere is an external abort" in names


@pytest.mark.parametrize("cpu,gic", [("max", 3), ("cortex-a53", 3), ("cortex-a72", 2)])
def test_psci(machine, guests, tmp_path, cpu, gic):
    with machine(initrd=one(tmp_path, guests, "psci", cpus=[0, 1, 2, 3]), cpu=cpu, gic=gic, smp=4) as m:
        m.expect(r"# freehold psci on freehold")
        assert m.wait_end() == 0
        assert "of concurrent CPU_ON calls exactly one succeeds" in harness.check_tap(m.console())


@pytest.mark.parametrize("cpu", ["max", "cortex-a53"])
def test_nothing_is_left_of_a_former_life(machine, guests, tmp_path, cpu):
    """FP, SVE, debug, PMU, timers, EL1's registers: over a reset and over CPU_OFF and CPU_ON."""
    with machine(initrd=one(tmp_path, guests, "clean", extra='memory-on-reset = "keep";'), cpu=cpu, smp=2) as m:
        m.expect("clean: life 2")
        assert m.wait_end() == 0
        assert "the second CPU begins clean again" in harness.check_tap(m.console())


@CPUS_AND_GICS
def test_selftest(machine, guests, tmp_path, cpu, gic):
    with machine(initrd=one(tmp_path, guests, "selftest"), cpu=cpu, gic=gic, smp=2) as m:
        m.expect(r"# freehold selftest on freehold")
        assert m.wait_end() == 0
        names = harness.check_tap(m.console())
    assert "its own timer interrupts it" in names
    assert "PSCI by SMC answers as by HVC" in names


@pytest.mark.parametrize("cpu,gic", [("max", 3), ("cortex-a53", 3), ("cortex-a72", 2)])
def test_gictest(machine, guests, tmp_path, cpu, gic):
    """Levels, states, groups, routes, senders, and storms with more sources than list registers."""
    with machine(initrd=one(tmp_path, guests, "gictest", cpus=[0, 1, 2, 3]), cpu=cpu, gic=gic) as m:
        m.expect(rf"# freehold gictest on freehold, GICv{gic}")
        assert m.wait_end() == 0
        names = harness.check_tap(m.console())
    assert "in a storm of 1440 SPIs none is lost" in names
    assert "nothing spurious came" in names
    assert ("an SGI pends by sender" in names) == (gic == 2)


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


@GICS
def test_flat_binary(machine, guests, tmp_path, gic):
    """A headerless binary at an address of its own."""
    flat = bytearray((guests / "off.bin").read_bytes())
    flat[56:60] = b"\0\0\0\0"  # no Image magic
    dts = systems.system(systems.front(kernel="guest.bin", extra="load-address = <0x0 0x40100000>;"))
    payload = harness.write_payload(tmp_path / "payload.cpio", dts, {"guest.bin": bytes(flat)})
    with machine(initrd=payload, gic=gic) as m:
        m.expect("off: the guest ran")
        assert m.wait_end() == 0


def test_memory_above_4_gib(machine, guests, tmp_path):
    with machine(initrd=one(tmp_path, guests, "selftest", memory=systems.static(0x140000000)), mem="6G", smp=2) as m:
        assert m.wait_end() == 0
        harness.check_tap(m.console())


@GICS
def test_last_of_eight_cpus(machine, guests, tmp_path, gic):
    with machine(initrd=one(tmp_path, guests, "selftest", cpus=[7, 5]), smp=8, gic=gic, limit=60) as m:
        assert m.wait_end() == 0
        harness.check_tap(m.console())


@pytest.mark.parametrize("cpu", ["max", "cortex-a53"])
@pytest.mark.parametrize("memory,at", [(systems.static(systems.FRONT_PA), systems.FRONT_PA),
                                       (systems.claimed(), 0x80000000)], ids=["static", "claimed"])
def test_what_was_in_ram_does_not_show(machine, guests, tmp_path, cpu, memory, at):
    """RAM is full of an earlier system's data; with the firmware's promise that it is clean, it is not touched."""
    junk = tmp_path / "junk"
    junk.write_bytes(bytes(range(1, 256)) * (64 * systems.MIB // 255))
    loader = ("-device", f"loader,file={junk},addr={at:#x},force-raw=on")
    with machine(initrd=one(tmp_path, guests, "agent", memory=memory), cpu=cpu, extra=loader) as m:
        m.expect("agent: .* is up")
        m.ask("a", r"scan: 0 of \d+ pieces dirty")
        m.send("o")
        assert m.wait_end() == 0
        done = re.search(r"zeroed=(\d+) loaded=(\d+) flushed=(\d+)", m.console())
    zeroed, loaded, flushed = map(int, done.groups())
    assert zeroed == 64 * systems.MIB
    if cpu == "cortex-a53":
        # QEMU has no caches: only the count shows that all that was written was cleaned to the point of coherency
        assert flushed >= zeroed + loaded


def test_clean_memory_is_not_zeroed_again(machine, guests, tmp_path):
    dts = systems.system(systems.front(), hypervisor='boot-memory = "clean";')
    payload = harness.write_payload(tmp_path / "payload.cpio", dts, {"agent.bin": guests / "agent.bin"})
    with machine(initrd=payload) as m:
        m.expect("zeroed=0 ")
        m.expect("agent: .* is up")


def test_payload_moves_out_of_a_partition(machine, guests, tmp_path):
    """A static partition where the loader put payload and tree: they move, it starts, and it can be reset."""
    with machine(initrd=one(tmp_path, guests, "agent", memory=systems.static(0x48000000))) as m:
        m.expect("agent: .* is up")
        m.ask("a", r"scan: 0 of \d+ pieces dirty")
        m.send("r")
        m.expect("agent: .* is up")
        m.send("o")
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
