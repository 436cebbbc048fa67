# SPDX-License-Identifier: MIT
"""Boot through Debian's U-Boot: boot.scr with booti, and a FIT with hashes by bootm."""

import subprocess
import sys

import harness
import systems
import uboot


def payload(tmp_path, guests):
    dts = systems.system(systems.front(), systems.rear())
    return harness.write_payload(tmp_path / "payload.cpio", dts, {"agent.bin": guests / "agent.bin"})


def both_answer_and_end(m):
    m.expect("Starting kernel")
    m.expect(r"agent: \w+ is up")
    m.expect(r"agent: \w+ is up")
    m.focus(1)
    m.ask("p", "pong: front")
    m.ask("2", "second: code=0 beats=yes")
    m.focus(2)
    m.ask("p", "pong: rear")
    m.send("o")
    m.expect("off: now")
    m.focus(1)
    m.send("o")
    assert m.wait_end(15) == 0


def test_booti(machine, guests, tmp_path):
    disk = uboot.script_disk(tmp_path / "disk", payload(tmp_path, guests))
    with machine(**uboot.options(disk)) as m:
        both_answer_and_end(m)


def test_fit(machine, guests, tmp_path):
    disk = uboot.fit_disk(tmp_path / "disk", payload(tmp_path, guests))
    with machine(**uboot.options(disk)) as m:
        m.expect(r"sha256\+")
        both_answer_and_end(m)


def test_fit_with_a_wrong_hash_is_refused_by_uboot(machine, guests, tmp_path):
    disk = uboot.fit_disk(tmp_path / "disk", payload(tmp_path, guests))
    image = bytearray((disk / "freehold.itb").read_bytes())
    at = image.index(b"agent: ")  # within a guest, in the payload
    image[at] ^= 1
    (disk / "freehold.itb").write_bytes(image)
    with machine(**uboot.options(disk)) as m:
        m.expect(r"Bad hash value|Bad Data Hash")


def test_two_linux_domains():
    """The demo, unattended: make demo-check."""
    done = subprocess.run([sys.executable, str(harness.ROOT / "tests/qemu/demo.py"), "--check"], timeout=190,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
