# SPDX-License-Identifier: MIT
"""fhctl in a real Linux control domain, beside a bare-metal domain that it manages."""

import json

import harness
import pytest
import systems

BOOTARGS = "console=ttyAMA0 earlycon=pl011,0x9000000 panic=-1 hostname=boss"


def boss(extra="control;", **changes):
    return systems.domain("boss", **{"cpus": [0, 1], "memory": systems.static(0x60000000, 384 * systems.MIB),
                                     "kernel": "Image", "bootargs": BOOTARGS,
                                     "extra": 'ramdisk = "initramfs.gz"; ' + extra, **changes})


@pytest.fixture(scope="module")
def control(guests, initramfs):
    dts = systems.system(boss(), systems.rear(cpus=[2, 3]))
    payload = harness.BUILD / "control" / "payload.cpio"
    payload.parent.mkdir(parents=True, exist_ok=True)
    config = payload.with_suffix(".dts")
    config.write_text(dts)
    harness.pack(payload, config, {"Image": harness.LINUX, "initramfs.gz": initramfs, "agent.bin": guests / "agent.bin"})
    with harness.Machine("control", initrd=payload, limit=240) as m:
        m.expect(r"boss: Linux \d", 120)
        m.focus(1)
        yield m


def fhctl(m, command, code=0):
    out = m.shell(f"fhctl {command}; echo \"exit=$?\"", 30)
    text, _, status = out.rpartition("exit=")
    assert int(status) == code, out
    return text.strip()


def test_list(control):
    rows = fhctl(control, "list").splitlines()
    assert rows[0].split()[:4] == ["ID", "NAME", "STATE", "VCPUS"]
    assert [row.split()[1:3] for row in rows[1:]] == [["boss", "running"], ["rear", "running"]]


def test_list_json(control):
    domains = json.loads(fhctl(control, "--json list"))
    assert [d["name"] for d in domains] == ["boss", "rear"]
    assert domains[0]["self"] and not domains[0]["managed"] and domains[1]["managed"]
    assert domains[1]["memory"] == 64 * systems.MIB
