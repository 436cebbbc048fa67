# SPDX-License-Identifier: MIT
"""The two-Linux system of the demo: Debian's kernel twice, one in a static partition, one in claimed memory."""

import subprocess

import harness

CONFIG = harness.ROOT / "tests/qemu/configs/demo.dts"


def build_ramdisk():
    sources = [harness.ROOT / "scripts/mk-initramfs", harness.ROOT / "tests/qemu/initramfs/init", harness.FHCTL]
    out = harness.INITRAMFS
    out.parent.mkdir(parents=True, exist_ok=True)
    if not out.exists() or any(s.stat().st_mtime > out.stat().st_mtime for s in sources):
        subprocess.run(["scripts/mk-initramfs", str(out), str(harness.FETCHED), str(harness.FHCTL)], cwd=harness.ROOT, check=True)
    return out


def build_payload(folder):
    """The payload, packed anew when a part of it is newer. Returns its path."""
    with harness.exclusive():
        return pack_payload(folder)


def pack_payload(folder):
    ramdisk = build_ramdisk()
    folder.mkdir(parents=True, exist_ok=True)
    out = folder / "payload.cpio"
    parts = [CONFIG, harness.ROOT / "dts/qemu-virt-two-linux.dts", harness.LINUX, ramdisk, harness.FHPACK]
    if not out.exists() or any(p.stat().st_mtime > out.stat().st_mtime for p in parts):
        harness.pack(out, CONFIG, {"Image": harness.LINUX, "initramfs.gz": ramdisk})
    return out
