# SPDX-License-Identifier: MIT
"""Bad inputs: each is refused with one line that names what, where and why; nothing is started and nothing hangs."""

import re
import struct
import subprocess

import harness
import pytest
import systems
from systems import MIB, claimed, domain, front, rear, static, system

STOPPED = r"nothing was started|: stopped"
GOOD = system(front(), rear())

# name: (tree, what the line must say). fhpack must refuse the first group as well, without a board.
BY_ITSELF = {
    "overlapping-partitions": (system(front(), rear(memory=static(0x60000000 + 32 * MIB))),
                               r"/domains/(front|rear)/memory@40000000.*overlaps"),
    "partition-over-a-zone": (system(front(), rear(memory=static(0x80000000 - 32 * MIB))),
                              r"overlaps.*(low|zone)|low.*overlaps"),
    "overlapping-zones": (system(front(), pool=systems.POOL.replace("a0000000", "90000000")),
                          r"/zones/(low|high)\S*.*overlaps"),
    "cpu-twice": (system(front(), rear(cpus=[1, 2])), r"/domains/rear/cpus.*CPU 1.*front"),
    "cpu-twice-in-one-domain": (system(front(cpus=[0, 0])), r"/domains/front/cpus.*CPU 0"),
    "unknown-property": (system(front(extra="load-adress = <0x0 0x40200000>;")),
                         r"/domains/front/load-adress: unknown property, did you mean load-address\?"),
    "unknown-node": (system(front(), extra="zone { };"), r"/zone: unknown node"),
    "unknown-word": (system(front(extra='on-crash = "explode";')), r'/domains/front/on-crash: "explode" is none of'),
    "dangling-phandle": (system(front(memory=claimed().replace("<&low>", "<0x77>"))),
                         r"/domains/front/memory@40000000/zone: phandle 0x77"),
    "misaligned-reg": (system(front(memory=static(0x60000800))), r"/domains/front/memory@40000000/\w+: .*4 KiB"),
    "reg-elsewhere": (system(front(memory=static(0x60000000).replace("memory@4", "memory@5"))),
                      r"/domains/front/memory@50000000/reg: is at 0x40000000, but the node's name says 0x50000000"),
    "size-zero": (system(front(memory=static(0x60000000, 0))), r"/domains/front/memory@40000000/reg: .*0"),
    "wraps-round": (system(front(memory=static(0xfffffffffff00000, 64 * MIB))),
                    r"/domains/front/memory@40000000/\w+: .*too high|past the end"),
    "a-domain-too-many": (system(*(domain(f"d{i}", [i], static(0x60000000 + i * 2 * MIB, 2 * MIB)) for i in range(33))),
                          r"/domains/d32: more than 32 domains \(CONFIG_MAX_DOMAINS\)"),
    "a-vcpu-too-many": (system(front(cpus=range(65))),
                        r"/domains/front/cpus: 65 vCPUs: 64 at most \(CONFIG_MAX_CPUS\)"),
    "a-cpu-too-many": (system(front(cpus=[64])),
                       r"/domains/front/cpus: CPU 64: 0 to 63 can be named \(CONFIG_MAX_CPUS\)"),
    "no-domain": (system(), r"/domains: .*no domain"),
    "no-hyp-zone": (system(front(), hyp=""), r"/zones: .*hyp"),
    "other-binding": (GOOD.replace("config-v1", "config-v9"), r"compatible"),
    "no-kernel-named": (system(front(kernel="x")).replace('kernel = "x";', ""), r"/domains/front/kernel: is missing"),
}

# These need the board, or the files.
BY_BOARD = {
    "partition-over-the-image": (system(front(memory=static(0x40000000))), r"(/domains/front|front).*image"),
    "memory-outside-ram": (system(front(memory=static(0x100000000))), r"/domains/front/memory@40000000.*RAM"),
    "zone-outside-ram": (system(front(), pool=systems.POOL.replace("high@a0000000", "high@1a0000000").replace("0x0 0xa0000000", "0x1 0xa0000000")),
                         r"/zones/high\S*.*RAM"),
    "cpu-not-there": (system(front(cpus=[0, 5])), r"/domains/front/cpus.*CPU 5"),
    "claims-that-do-not-fit": (system(front(), rear(memory=claimed(size=768 * MIB))),
                               r"claim: dom=rear zone=low order=9 want=384 have=256\b.*: refused"),
    "claims-that-do-not-fit-together": (system(front(memory=claimed(size=300 * MIB)),
                                               rear(memory=claimed(size=300 * MIB))),
                                        r"claim: dom=rear zone=low order=9 want=150 have=\d+\b.*: refused"),
    "file-missing": (system(front(kernel="nowhere.bin")), r"/domains/front/kernel.*nowhere\.bin"),
    "ramdisk-missing": (system(front(extra='ramdisk = "nowhere.gz";')), r"/domains/front/ramdisk.*nowhere\.gz"),
    "kernel-empty": (system(front(kernel="empty")), r"config: dom=front file=empty: is empty: refused"),
    "ramdisk-empty": (system(front(extra='ramdisk = "empty";')), r"config: dom=front file=empty: is empty: refused"),
    "device-not-there": (system(front(devices=[("rtc", "/pl031@1234")])), r"/pl031@1234"),
    "device-twice": (system(front(devices=[("rtc", "/pl031@9010000")]), rear(devices=[("rtc", "/pl031@9010000")])),
                     r"/pl031@9010000"),
    "dma-not-allowed": (system(front(devices=[("disk", "/virtio_mmio@a000000")])),
                        r"/virtio_mmio@a000000.*(DMA|allow-unprotected-dma)"),
}


def refused(m, pattern):
    """One line says it, the machine stops, and no guest has run. Both may come in either order of buffers."""
    m.expect(STOPPED, fatal=None)
    text = m.console()
    assert re.search(pattern, text), f"no line like '{pattern}' in:\n{m.tail()}"
    assert "agent:" not in text


@pytest.mark.parametrize("name", [*BY_ITSELF, *BY_BOARD])
def test_configuration(machine, guests, tmp_path, name):
    dts, pattern = {**BY_ITSELF, **BY_BOARD}[name]
    path = harness.write_payload(tmp_path / "payload.cpio", dts, {"agent.bin": guests / "agent.bin", "empty": b""})
    with machine(initrd=path, limit=20) as m:
        refused(m, pattern)


@pytest.mark.parametrize("name", BY_ITSELF)
def test_fhpack_refuses_it_too(guests, tmp_path, name):
    dts, pattern = BY_ITSELF[name]
    (tmp_path / "system.dts").write_text(dts)
    done = subprocess.run([harness.FHPACK, "-c", tmp_path / "system.dts", "-o", tmp_path / "payload.cpio",
                           f"agent.bin={guests}/agent.bin", f"x={guests}/agent.bin"],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.search(pattern, done.stderr), done.stderr
    assert not (tmp_path / "payload.cpio").exists()


def test_no_initrd(machine):
    with machine(limit=20) as m:
        refused(m, r"payload: no initrd")


def test_no_configuration_in_the_payload(machine, tmp_path):
    path = tmp_path / "payload.cpio"
    path.write_bytes(harness.newc({"agent.bin": b"x"}))
    with machine(initrd=path, limit=20) as m:
        refused(m, r"payload: no freehold\.dtb")


@pytest.mark.parametrize("keep", [50, 109, 700, 3000])
def test_truncated_archive(machine, guests, tmp_path, keep):
    path = harness.write_payload(tmp_path / "payload.cpio", GOOD, {"agent.bin": guests / "agent.bin"})
    path.write_bytes(path.read_bytes()[:keep])
    with machine(initrd=path, limit=20) as m:
        refused(m, r"payload: at byte \d+ of \d+: .*: refused")


def test_not_an_archive(machine, tmp_path):
    path = tmp_path / "payload.cpio"
    path.write_bytes(b"\x1f\x8b" + bytes(4094))
    with machine(initrd=path, limit=20) as m:
        refused(m, r"payload: at byte 0 of 4096: .*: refused")


def damaged_trees():
    tree = harness.compile_dts(GOOD)
    off_struct, = struct.unpack_from(">I", tree, 8)
    yield "truncated", tree[:len(tree) // 2]
    yield "no-magic", b"\0\0\0\0" + tree[4:]
    yield "size-too-large", tree[:4] + struct.pack(">I", 0x7fffffff) + tree[8:]
    yield "struct-outside", tree[:8] + struct.pack(">I", len(tree) + 64) + tree[12:]
    yield "bad-token", tree[:off_struct] + struct.pack(">I", 0x77) + tree[off_struct + 4:]
    yield "empty", b""


@pytest.mark.parametrize("damage", dict(damaged_trees()))
def test_damaged_tree(machine, guests, tmp_path, damage):
    tree = dict(damaged_trees())[damage]
    path = harness.write_payload(tmp_path / "payload.cpio", tree, {"agent.bin": guests / "agent.bin"})
    with machine(initrd=path, limit=20) as m:
        refused(m, r"config: .*: refused")


def test_started_at_el1(machine, guests, tmp_path):
    path = harness.write_payload(tmp_path / "payload.cpio", GOOD, {"agent.bin": guests / "agent.bin"})
    with machine(initrd=path, virtualization=False, limit=20) as m:
        m.expect(r"below EL2.*: stopped", fatal=None)
        assert "agent:" not in m.console()


@pytest.mark.skipif(harness.configured("GICV2"), reason="this image drives a GICv2")
def test_gicv2_in_a_build_without_it(guests, tmp_path):
    path = harness.write_payload(tmp_path / "payload.cpio", GOOD, {"agent.bin": guests / "agent.bin"})
    with harness.Machine("gicv2-refused", initrd=path, gic=2, limit=20) as m:
        refused(m, r"gic: version 2: notsup: refused")


@pytest.mark.skipif(harness.configured("GUEST_TREE"), reason="this image writes trees")
def test_no_tree_in_a_build_that_writes_none(guests, tmp_path):
    path = harness.write_payload(tmp_path / "payload.cpio", harness.compile_dts(GOOD), {"agent.bin": guests / "agent.bin"})
    with harness.Machine("no-tree", initrd=path, limit=20) as m:
        refused(m, r"config: dom=front has no dtb, and this build writes none \(CONFIG_GUEST_TREE\): refused")


def test_firmware_reserved_memory(machine, guests, tmp_path):
    """A partition over memory that the board's tree reserves."""
    tree = tmp_path / "board.dtb"
    subprocess.run([harness.qemu_binary(), "-machine", f"virt,virtualization=on,gic-version=3,dumpdtb={tree}", "-cpu",
                    "cortex-a53", "-smp", "4", "-m", "2G", "-nic", "none", "-display", "none"], check=True,
                   capture_output=True, timeout=20)
    text = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", tree], check=True, capture_output=True,
                          text=True).stdout
    tree.write_bytes(harness.compile_dts(text + """
/ {
    reserved-memory {
        #address-cells = <2>;
        #size-cells = <2>;
        ranges;
        firmware@61000000 { reg = <0x0 0x61000000 0x0 0x100000>; no-map; };
    };
};"""))
    path = harness.write_payload(tmp_path / "payload.cpio", GOOD, {"agent.bin": guests / "agent.bin"})
    with machine(initrd=path, limit=20, extra=("-dtb", str(tree))) as m:
        refused(m, r"front.*(reserved|0x61000000)|reserved.*front")
