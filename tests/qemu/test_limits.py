# SPDX-License-Identifier: MIT
"""The limits of docs/configuration.md: what works at each, and that one more is refused with a line of its own."""

import harness
import pytest
import systems

# 64 CPUs that clean memory leave the one that boots no time under emulation.
CLEAN = 'boot-memory = "clean";'


@pytest.mark.parametrize("cpus", [17, 64])
def test_many_vcpus(machine, guests, tmp_path, cpus):
    """One domain with all the CPUs of a board: each is turned on, interrupted by SGI and SPI, and turned off."""
    dts = systems.system(systems.front(kernel="guest.bin", cpus=range(cpus)), hypervisor=CLEAN)
    path = harness.write_payload(tmp_path / "payload.cpio", dts, {"guest.bin": guests / "many.bin"})
    with machine(initrd=path, smp=cpus, limit=120) as m:
        m.expect(rf"# {cpus} CPUs")
        assert m.wait_end() == 0
        names = harness.check_tap(m.console())
        assert f"boot: cpus={cpus} " in m.console()
    assert "an SPI comes to whom it is routed" in names
