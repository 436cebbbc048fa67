# SPDX-License-Identifier: MIT
"""Disks for Debian's U-Boot: a folder that QEMU shows as a FAT disk, with boot.scr in it."""

import shutil
import subprocess
from pathlib import Path

import harness

HERE = Path(__file__).resolve().parent / "boot"


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        raise harness.MachineError(f"{command[0]}: {done.stderr or done.stdout}")


def script_disk(folder, payload, script="boot.cmd", text=None):
    """boot.scr, freehold.bin and payload.cpio. text: the script itself, in place of a file's."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(harness.IMAGE, folder / "freehold.bin")
    if Path(payload) != folder / "payload.cpio":
        shutil.copyfile(payload, folder / "payload.cpio")
    (folder / "boot.cmd").write_text(text or (HERE / script).read_text())
    run("mkimage", "-A", "arm64", "-O", "linux", "-T", "script", "-C", "none", "-d", "boot.cmd",
        str(folder / "boot.scr"), cwd=folder)
    return folder


def fit_disk(folder, payload):
    """boot.scr and freehold.itb, with sha256 over both parts."""
    folder = script_disk(folder, payload, "fit.cmd")
    shutil.copyfile(HERE / "freehold.its", folder / "freehold.its")  # its files stand beside it
    run("mkimage", "-f", "freehold.its", "freehold.itb", cwd=folder)
    for part in ("freehold.its", "freehold.bin", "payload.cpio"):
        (folder / part).unlink()
    return folder


def options(folder):
    """Machine's arguments: U-Boot as firmware, the folder as its disk. With firmware and ACPI, QEMU virt would have no
    PL061, but an ACPI device for its power key."""
    return {"kernel": None, "bios": harness.UBOOT, "smp": 5,
            "extra": ("-machine", "acpi=off", "-drive", f"if=none,format=raw,readonly=on,file=fat:{folder},id=disk", "-device",
                      "virtio-blk-device,drive=disk")}
