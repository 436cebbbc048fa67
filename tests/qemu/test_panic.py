# SPDX-License-Identifier: MIT
"""The hypervisor stops: the report is readable, the other CPUs stop too, and on-panic is obeyed."""

import re
import subprocess

import harness
import pytest
import systems

ELF = harness.ROOT / "build" / "freehold.elf"


@pytest.fixture
def panicking(machine, guests, tmp_path):
    """panicking(policy) -> Machine with both domains, at the monitor's prompt once entered."""

    def make(policy, **options):
        dts = systems.system(systems.front(), systems.rear()).replace('on-panic = "off"', f'on-panic = "{policy}"')
        payload = harness.write_payload(tmp_path / "payload.cpio", dts, {"agent.bin": guests / "agent.bin"})
        return machine(initrd=payload, **options)

    return make


def panic(m):
    m.expect(r"agent: (front|rear) is up")
    m.expect(r"agent: (front|rear) is up")
    m.focus(0)
    m.line("panic")
    m.expect(r"panic: cpu=\d+: monitor: asked for", fatal=None)
    m.expect(r"crash: cpu=\d+ vector=4 .*: panic", fatal=None)
    m.expect(r"crash: stopped", fatal=None)


@pytest.mark.parametrize("policy", ["off", "reset"])
def test_panic_ends_the_machine(panicking, policy):
    # QEMU runs with -no-reboot: a reset ends it as well
    with panicking(policy) as m:
        panic(m)
        assert m.wait_end(10) == 0


def test_panic_halts_all_cpus(panicking):
    with panicking("halt") as m:
        panic(m)
        m.focus(2)
        m.send("p")
        with pytest.raises(harness.MachineError, match="did not come"):
            m.expect("pong", timeout=2, fatal=None)


def test_backtrace_is_named(panicking):
    with panicking("off") as m:
        panic(m)
        m.wait_end(10)
        named = subprocess.run(["scripts/symbolize", str(ELF)], input=m.console(), cwd=harness.ROOT, text=True,
                               capture_output=True, check=True).stdout
    names = re.findall(r"= (\w+) at", named)
    assert names[0] == "panic" and "cmd_panic" in names and "run_loop" in " ".join(names), named
