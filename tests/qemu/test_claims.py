# SPDX-License-Identifier: MIT
"""Domains that claim memory while they run, and the memory that is cleaned for them."""

import harness
import pytest
import systems

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
    with machine(initrd=payload(tmp_path, guests, "claimtest"), cpu=cpu, smp=2) as m:
        assert m.wait_end() == 0
        names = harness.check_tap(m.console())
    assert "it goes back into the claim" in names


@pytest.mark.skipif("CONFIG_TEST_CALLS=y" not in (harness.BUILD / ".config").read_text(), reason="no CONFIG_TEST_CALLS")
@pytest.mark.parametrize("cpu", ["max", "cortex-a53"])
def test_a_split_is_not_seen(machine, guests, tmp_path, cpu):
    """A block is split and merged 100,000 times while the other vCPU reads, writes and runs in it."""
    with machine(initrd=payload(tmp_path, guests, "split"), cpu=cpu, smp=2, limit=120) as m:
        assert m.wait_end() == 0
        names = harness.check_tap(m.console())
    assert "and what is read and run in it is right" in names
