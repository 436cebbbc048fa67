# SPDX-License-Identifier: MIT
"""The hypervisor's own end: a panic stops all CPUs, says why and where, and does what on-panic says."""

import re
import subprocess

import harness
import pytest
import systems


@pytest.mark.parametrize("policy", ["off", "reset", "halt"])
def test_panic_does_what_is_configured(machine, guests, tmp_path, policy):
    dts = systems.system(systems.front(), systems.rear()).replace('on-panic = "off"', f'on-panic = "{policy}"')
    payload = harness.write_payload(tmp_path / "payload.cpio", dts, {"agent.bin": guests / "agent.bin"})
    with machine(initrd=payload) as m:
        m.expect(r"agent: \w+ is up")
        m.expect(r"agent: \w+ is up")
        m.focus(0)
        m.line("panic")
        m.expect(r"panic: [^\r\n]+", fatal=None)
        m.expect(r"0x[0-9a-f]{8,}", fatal=None)  # registers and a back-trace
        if policy == "halt":
            m.expect(r"stopped|halt", fatal=None)
        else:
            assert m.wait_end(15) == 0
        after = m.console().split("panic: ", 1)[1]
        assert "agent:" not in after and "pong" not in after


def test_the_back_trace_is_named(machine, guests, tmp_path):
    payload = harness.write_payload(tmp_path / "payload.cpio", systems.system(systems.front(), systems.rear()),
                                    {"agent.bin": guests / "agent.bin"})
    with machine(initrd=payload) as m:
        m.expect(r"agent: \w+ is up")
        m.expect(r"agent: \w+ is up")
        m.focus(0)
        m.line("panic")
        m.expect(r"crash: stopped", fatal=None)
        m.wait_end(15)
        elf = harness.IMAGE.with_suffix(".elf")
        named = subprocess.run(["scripts/symbolize", str(elf)], input=m.console(), cwd=harness.ROOT, text=True,
                               capture_output=True, check=True).stdout
    names = re.findall(r"= (\w+) at", named)
    assert names[0] == "panic" and "cmd_panic" in names and {"init_primary", "init_secondary"} & set(names), named
