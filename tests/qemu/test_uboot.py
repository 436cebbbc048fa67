# SPDX-License-Identifier: MIT
"""Boot through Debian's U-Boot: boot.scr with booti, and a FIT with hashes by bootm."""

import re
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


def test_tree_behind_the_payload(machine, guests, tmp_path):
    """A loader may put the board's tree right behind the payload, on its last page: both are kept, in a zone too."""
    at = 0x90000000  # in zone low
    dts = systems.system(systems.front(), systems.rear())
    cpio = harness.write_payload(tmp_path / "payload.cpio", dts, {"agent.bin": guests / "agent.bin"}, align=4)
    end = at + cpio.stat().st_size
    assert end % 4096
    disk = uboot.script_disk(tmp_path / "disk", cpio, text=f"""
        setenv fdt_high 0xffffffffffffffff
        setenv initrd_high 0xffffffffffffffff
        load ${{devtype}} ${{devnum}}:${{distro_bootpart}} ${{kernel_addr_r}} freehold.bin
        load ${{devtype}} ${{devnum}}:${{distro_bootpart}} {at:#x} payload.cpio
        fdt addr ${{fdtcontroladdr}}
        fdt move ${{fdtcontroladdr}} {(end + 7) & ~7:#x}
        booti ${{kernel_addr_r}} {at:#x}:${{filesize}} {(end + 7) & ~7:#x}
        """)
    with machine(**uboot.options(disk)) as m:
        both_answer_and_end(m)
    log = m.log_path.read_text()
    assert "memory: board tree moved from 0x90" in log
    assert re.search(r"memory: 0x90000000-0x9\w+ payload", log)


def test_two_linux_domains():
    """The demo, unattended: make demo-check."""
    done = subprocess.run([sys.executable, str(harness.ROOT / "tests/qemu/demo.py"), "--check"], timeout=190,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
