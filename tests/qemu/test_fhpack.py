# SPDX-License-Identifier: MIT
"""fhpack by itself: what it packs, what it refuses and how it ends. No machine is started."""

import gzip
import os
import re
import subprocess
import xml.etree.ElementTree

import harness
import pytest
import systems
from systems import MIB, claimed, front, rear, static, system

GOOD = system(front(), rear())
FILES = {"agent.bin": b"agent" * 1000}


def run(folder, *arguments):
    return subprocess.run([harness.FHPACK, *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=False,
                          timeout=30)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "system.dts").write_text(GOOD)
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    tree = tmp_path_factory.mktemp("board") / "board.dtb"
    subprocess.run([harness.qemu_binary(), "-machine", f"virt,virtualization=on,gic-version=3,dumpdtb={tree}", "-cpu",
                    "cortex-a53", "-smp", "4", "-m", "2G", "-nic", "none", "-display", "none"], check=True,
                   capture_output=True, timeout=20)
    return tree


def entries(path):
    """name -> (offset of the data, data), read by the format's own rules."""
    data = path.read_bytes()
    found, at = {}, 0
    while True:
        assert data[at:at + 6] == b"070701"
        fields = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = data[at + 110:at + 110 + fields[11]].split(b"\0")[0].decode()
        if name == "TRAILER!!!":
            return found
        start = (at + 110 + fields[11] + 3) & ~3
        assert fields[5] == 0 and fields[2] == 0 and fields[3] == 0, "nothing of the build machine"
        found[name] = (start, data[start:start + fields[6]])
        at = (start + fields[6] + 3) & ~3


def test_help_and_version(tmp_path):
    done = run(tmp_path, "--help")
    assert done.returncode == 0 and "--board" in done.stdout and done.stderr == ""
    done = run(tmp_path, "--version")
    assert done.returncode == 0 and done.stdout.startswith("fhpack ")


def test_what_is_packed(folder):
    done = run(folder, "-c", "system.dts", "-o", "payload.cpio", "agent.bin")
    assert done.returncode == 0, done.stderr
    packed = entries(folder / "payload.cpio")
    assert list(packed) == ["freehold.dtb", "agent.bin"]
    assert packed["agent.bin"][1] == FILES["agent.bin"]
    assert all(start % 4096 == 0 for start, _ in packed.values())
    assert "not checked without --board" in done.stderr
    listing = subprocess.run(["cpio", "-t"], input=(folder / "payload.cpio").read_bytes(), capture_output=True, check=True)
    assert listing.stdout.split() == [b"freehold.dtb", b"agent.bin"]


def test_the_contents_alone_decide(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "x.dts").write_text(GOOD)
    (other / "kernel").write_bytes(FILES["agent.bin"])
    assert run(folder, "-c", "system.dts", "-o", "payload.cpio", "agent.bin").returncode == 0
    assert run(other, "-c", "x.dts", "-o", "p", "agent.bin=kernel").returncode == 0
    assert (folder / "payload.cpio").read_bytes() == (other / "p").read_bytes()


def test_packed_kernels_are_unpacked(folder):
    image = b"A kernel" * 5000
    gz = gzip.compress(image)
    (folder / "agent.bin").write_bytes(gz)
    assert run(folder, "-c", "system.dts", "-o", "payload.cpio", "agent.bin").returncode == 0
    assert entries(folder / "payload.cpio")["agent.bin"][1] == image

    zboot = b"MZ\0\0zimg" + (64).to_bytes(4, "little") + len(gz).to_bytes(4, "little")
    zboot = zboot.ljust(24, b"\0") + b"gzip".ljust(40, b"\0")
    (folder / "agent.bin").write_bytes(zboot + gz + b"padding")
    assert run(folder, "-c", "system.dts", "-o", "payload.cpio", "agent.bin").returncode == 0
    assert entries(folder / "payload.cpio")["agent.bin"][1] == image


NOISE = bytes(i * i % 251 for i in range(9999))


@pytest.mark.parametrize("data", [gzip.compress(NOISE)[:-40], gzip.compress(NOISE)[:30] + b"rubbish",
                                  b"MZ\0\0zimg" + b"\xff" * 16 + b"gzip".ljust(80, b"\0"),
                                  b"MZ\0\0zimg" + b"\x40\0\0\0" * 4 + b"zstd".ljust(80, b"\0")],
                         ids=["truncated", "rubbish", "zboot", "zstd"])
def test_damaged_kernels(folder, data):
    (folder / "agent.bin").write_bytes(data)
    done = run(folder, "-c", "system.dts", "-o", "payload.cpio", "agent.bin")
    assert done.returncode == 1 and "agent.bin" in done.stderr
    assert not list(folder.glob("payload*"))


@pytest.mark.parametrize("data,what", [(b"\x7fELF".ljust(4096, b"\2"), "an ELF file"),
                                       (b"", "is empty: refused"),
                                       (bytes(36) + b"\x18\x28\x6f\x01" + bytes(400), "a 32-bit kernel: EL1 is AArch64")])
def test_kernels_of_another_kind(folder, data, what):
    (folder / "agent.bin").write_bytes(data)
    done = run(folder, "-c", "system.dts", "-o", "payload.cpio", "agent.bin")
    assert done.returncode == 1 and "dom=front file=agent.bin: " + what in done.stderr
    assert not list(folder.glob("payload*"))


def test_a_kernel_that_is_too_large(folder):
    header = bytes(8) + bytes(8) + (128 * MIB).to_bytes(8, "little")
    (folder / "agent.bin").write_bytes(header.ljust(56, b"\0") + b"ARM\x64" + bytes(100))
    done = run(folder, "-c", "system.dts", "-o", "payload.cpio", "agent.bin")
    assert done.returncode == 1 and "dom=front file=agent.bin" in done.stderr


def test_refusals_and_trouble(folder):
    done = run(folder, "-c", "system.dts", "-o", "payload.cpio")
    assert done.returncode == 1 and "/domains/front/kernel: the payload has no file agent.bin" in done.stderr
    done = run(folder, "-c", "system.dts", "-o", "payload.cpio", "agent.bin", "agent.bin=system.dts")
    assert done.returncode == 1 and "already" in done.stderr
    (folder / "bad.dts").write_text("/dts-v1/; / { oops };")
    done = run(folder, "-c", "bad.dts")
    assert done.returncode == 1 and "dtc refuses it" in done.stderr
    (folder / "cut.dtb").write_bytes(harness.compile_dts(GOOD)[:300])
    done = run(folder, "-c", "cut.dtb")
    assert done.returncode == 1 and "truncated" in done.stderr
    done = run(folder, "-c", "system.dts", "--board", "system.dts")
    assert done.returncode == 1 and "system.dts: board: there is no memory node" in done.stderr
    for arguments in ([], ["-c", "nowhere.dts"], ["-c", "system.dts", "nowhere.bin"], ["--what"],
                      ["-c", "system.dts", "-o", "no/folder/x", "agent.bin"], ["-c", "system.dts", "--svg", "no/x.svg"],
                      ["-c", "system.dts", "--board", "nowhere.dtb"]):
        done = run(folder, *arguments)
        assert done.returncode == 2 and done.stderr.startswith(("fhpack: ", harness.FHPACK.name, str(harness.FHPACK)))
    assert not list(folder.glob("*.cpio*"))


def test_what_is_read_is_not_written_over(folder, board):
    """A slip in the order of arguments costs no file, and root no device: /dev/null would have been renamed away."""
    os.mkfifo(folder / "pipe")
    (folder / "link").symlink_to("agent.bin")
    own = folder / "own.dtb"
    own.write_bytes(board.read_bytes())
    before = {f.name: f.read_bytes() for f in folder.iterdir() if f.is_file()}
    for name in ("system.dts", "agent.bin", "link", "own.dtb"):
        for option in ("-o", "--svg"):
            done = run(folder, "-c", "system.dts", "--board", own, option, name, "agent.bin")
            assert done.returncode == 2 and f"{name}: is read too" in done.stderr, done.stderr
    done = run(folder, "-c", "system.dts", "-o", "pipe", "agent.bin")
    assert done.returncode == 2 and "pipe: is no regular file" in done.stderr
    assert {f.name: f.read_bytes() for f in folder.iterdir() if f.is_file()} == before and (folder / "pipe").is_fifo()
    assert run(folder, "-c", "system.dts", "--svg", "/dev/stdout", "-q", "agent.bin").stdout.startswith("<svg")


def test_a_file_that_no_domain_names(folder):
    done = run(folder, "-c", "system.dts", "-o", "payload.cpio", "agent.bin", "readme=system.dts")
    assert done.returncode == 0 and "warning: no domain names the file readme" in done.stderr


@pytest.mark.parametrize("dts, message", [
    (system(front(), rear(memory=claimed(size=768 * MIB))), "claim: dom=rear zone=low order=9 want=384 have=256 fit=256"),
    (system(front(memory=claimed(size=300 * MIB)), rear(memory=claimed(size=300 * MIB))),
     "claim: dom=rear zone=low order=9 want=150 have=256 fit=106"),
    # tables for 1 GiB by 4 KiB pages
    (system(front(memory=static(0x60001000, 510 * MIB)), rear(memory=claimed(size=512 * MIB, block=4096)),
            hyp=systems.HYP.replace("0x800000>", "0x200000>")), "zone=hyp order="),
], ids=["one", "together", "tables"])
def test_claims_that_do_not_fit(folder, dts, message):
    (folder / "system.dts").write_text(dts)
    done = run(folder, "-c", "system.dts")
    assert done.returncode == 1 and message in done.stderr, done.stderr


def test_with_a_board(folder, board):
    done = run(folder, "-c", "system.dts", "--board", board, "--svg", "map.svg")
    assert done.returncode == 0, done.stderr
    assert "without --board" not in done.stderr
    assert "not given" in done.stdout and "pool: low" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80, done.stdout
    picture = xml.etree.ElementTree.parse(folder / "map.svg").getroot()
    texts = " ".join(t.text for t in picture.iter("{http://www.w3.org/2000/svg}text"))
    assert all(word in texts for word in ("front", "rear", "hyp zone", "claimed from low", "0x80000000"))


def test_a_zone_with_several_claims(folder):
    (folder / "system.dts").write_text(system(front(memory=claimed(size=128 * MIB)), rear(memory=claimed(size=256 * MIB)),
                                              systems.domain("third", [4], claimed(size=64 * MIB), extra="on-demand;")))
    lines = run(folder, "-c", "system.dts").stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if "pool: low" in line)
    assert [line[55:] for line in lines[at:at + 3]] == ["front claims 128 MiB", "rear claims 256 MiB",
                                                       "third would claim 64 MiB"]
    assert max(map(len, lines)) <= 80, lines


@pytest.mark.parametrize("dts, message", [
    (system(front(memory=static(0x100000000))), "/domains/front/memory@40000000: .*RAM"),
    (system(front(cpus=[0, 5])), "CPU 5, but the board has 0 to 3"),
    (system(front(memory=static(0x60000000, ipa=0x8000000))), "where the guest sees the interrupt controller"),
    (system(front(devices=[("rtc", "/pl031@1234")])), "/pl031@1234: the board has no such device"),
    (system(front(devices=[("uart", "/pl011@9000000")])), "hypervisor's own console"),
    (system(front(devices=[("disk", "/virtio_mmio@a000000")])), "allow-unprotected-dma"),
], ids=["ram", "cpu", "ipa", "device", "console", "dma"])
def test_a_board_that_does_not_have_it(folder, board, dts, message):
    (folder / "system.dts").write_text(dts)
    done = run(folder, "-c", "system.dts", "--board", board)
    assert done.returncode == 1
    assert re.search(message, done.stderr), done.stderr
