# SPDX-License-Identifier: MIT
"""The limits of docs/configuration.md: what works at each, and that one more is refused with a line of its own."""

import json

import exits
import harness
import pytest
import systems
from control_system import boss, fhctl, tree
from systems import MIB
from test_domains import advances

# 64 CPUs that clean memory leave the one that boots no time under emulation.
CLEAN = 'boot-memory = "clean";'


@pytest.mark.parametrize("cpus", [17, 64])
def test_many_vcpus(machine, guests, tmp_path, cpus):
    """One domain with all the CPUs of a board: each is turned on, interrupted by SGI and SPI, and turned off."""
    dts = systems.system(systems.front(kernel="guest.bin", cpus=range(cpus)), hypervisor=CLEAN)
    path = harness.write_payload(tmp_path / "payload.cpio", dts, {"guest.bin": guests / "many.bin"})
    counted = tmp_path / "exits"
    # With 64 of them counting takes longer than the firmware of a busy host has to start one.
    with machine(initrd=path, smp=cpus, limit=120, extra=exits.plugin(counted) if cpus == 17 else ()) as m:
        m.expect(rf"# {cpus} CPUs")
        assert m.wait_end() == 0
        names = harness.check_tap(m.console())
        assert f"boot: cpus={cpus} " in m.console()
    assert "an SPI comes to whom it is routed" in names
    if cpus == 17:
        exits.check(counted)


def test_a_board_of_65_cpus(machine, guests, tmp_path):
    """The last one stays off, with a line that says why."""
    dts = systems.system(systems.front(kernel="off.bin", cpus=[63]), hypervisor=CLEAN)
    path = harness.write_payload(tmp_path / "payload.cpio", dts, {"off.bin": guests / "off.bin"})
    with machine(initrd=path, smp=65, limit=90) as m:
        assert m.wait_end() == 0
        text = m.console()
    assert "board: more than 64 CPUs (CONFIG_MAX_CPUS): the others stay off" in text
    assert "boot: cpus=64 " in text and "off: the guest ran" in text


def test_a_vcpu_too_many_for_a_gicv2(machine, guests, tmp_path):
    dts = systems.system(systems.front(kernel="off.bin", cpus=range(9)))
    path = harness.write_payload(tmp_path / "payload.cpio", dts, {"off.bin": guests / "off.bin"})
    with machine(initrd=path, gic=2, smp=8) as m:
        m.expect(r"/domains/front/cpus: 9 vCPUs, but the board's GICv2 serves 8: refused")
        m.expect("nothing was started", fatal=None)


def many(kernels):
    """A domain for each kernel, on a CPU of its own."""
    return systems.system(*(systems.domain(f"d{i}", [i], systems.static(0x60000000 + i * 4 * MIB, 4 * MIB), kernel=k)
                            for i, k in enumerate(kernels)), hypervisor=CLEAN)


def test_many_domains(machine, guests, tmp_path):
    """32 of them: all are built and run; thirty end, the first and the last go on, each by its own console."""
    dts = many(["agent.bin", *["off.bin"] * 30, "agent.bin"])
    files = {name: guests / name for name in ("agent.bin", "off.bin")}
    with machine(initrd=harness.write_payload(tmp_path / "payload.cpio", dts, files), smp=32, limit=120) as m:
        m.expect(r"agent: (d0|d31) is up")
        m.expect(r"agent: (d0|d31) is up")
        m.focus(0)
        states = ""
        while states.count(" stopped ") < 30:  # the machine's time limit ends this
            m.line("domains")
            states = m.expect(r"(?s)key  domain.*? d31 .*?\n").group(0)
        assert states.count(" running ") == 2
        for name in ("d31", "d0"):
            m.focus(0)
            m.line(f"focus {name}")
            m.expect(f"console: {name} ")
            advances(m)


@pytest.fixture(scope="module")
def full(guests, initramfs):
    """A Linux control domain beside 31 domains that have a slot: there is none for another one."""
    others = [systems.domain(f"d{i}", [i], systems.claimed(size=4 * MIB), extra="on-demand;") for i in range(1, 32)]
    dts = systems.system(boss(cpus=[0]), *others, hypervisor=CLEAN)
    folder = harness.BUILD / "limits"
    folder.mkdir(parents=True, exist_ok=True)
    ramdisk = folder / "ramdisk"
    ramdisk.write_bytes(initramfs.read_bytes().ljust(-(-initramfs.stat().st_size // 512) * 512, b"\0")
                        + harness.newc({"tmp/one.dtb": tree(32), "tmp/app": (guests / "agent.bin").read_bytes()}, 4))
    (folder / "system.dts").write_text(dts)
    path = harness.pack(folder / "payload.cpio", folder / "system.dts",
                        {"Image": harness.LINUX, "initramfs.gz": ramdisk, "agent.bin": guests / "agent.bin"})
    with harness.Machine("limits", initrd=path, smp=33, limit=240) as m:
        m.expect(r"boss: Linux \d", 180)
        m.focus(1)
        yield m


def test_a_domain_too_many_is_created(full):
    assert len(json.loads(fhctl(full, "list --json"))) == 32
    out = fhctl(full, "create -c /tmp/one.dtb --kernel /tmp/app 2>&1", 1)
    assert "there are 32 domains already, which is the most (CONFIG_MAX_DOMAINS)" in out
