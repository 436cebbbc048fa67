# SPDX-License-Identifier: MIT
"""A million random actions of a hostile guest: the hypervisor and the other domain go on as if nothing were, and no
exit takes EL2 longer than docs/performance.md says."""

import os
import random

import exits
import harness
import pytest
import systems
from test_claims import WINDOW
from test_domains import advances


# `make fuzz-guest` says how many more seeds to try, and from which they are drawn: each of pytest's workers draws the same.
# A seed that failed stands in the name of its case.
DRAW = random.Random(int(os.environ.get("FUZZ_GUEST_FROM", "0")))
SEEDS = [0] + [DRAW.randrange(1 << 62) for _ in range(int(os.environ.get("FUZZ_GUEST_SEEDS", "0")))]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("cpu,gic", [("max", 3), ("cortex-a53", 3), ("cortex-a72", 2)])
def test_a_hostile_guest_disturbs_nobody(machine, guests, tmp_path, cpu, gic, seed):
    dts = systems.system(systems.front(), systems.rear(
        kernel="hostile.bin", bootargs=f"name=rear seed={seed}", memory=[systems.claimed(), WINDOW]))
    payload = harness.write_payload(tmp_path / "payload.cpio", dts, {
        "agent.bin": guests / "agent.bin", "hostile.bin": guests / "hostile.bin"})
    counted = tmp_path / "exits"
    with machine(initrd=payload, cpu=cpu, gic=gic, limit=120, extra=exits.plugin(counted)) as m:
        m.expect("agent: front is up")
        m.focus(1)
        advances(m)
        assert int(m.expect(r"hostile: (\d+) blocks were redeemed", 110).group(1)) > 100
        m.expect("hostile: done")
        advances(m)
        m.ask("2", "second: code=0 beats=yes")
        # its own reset is clean, too
        m.focus(0)
        m.line("reset rear")
        for _ in range(2):  # both, in either order: the log and a domain's console are shown by turns
            m.expect("domain: dom=rear reset=1: restarting|hostile: begins")
        m.line("off rear")
        m.expect("domain: dom=rear: stopped")
        m.focus(1)
        advances(m)
        m.send("o")
        assert m.wait_end(15) == 0
    check(counted)


def check(counted):
    if not harness.configured("DEBUG_BUILD"):  # whose checks cost instructions, too
        exits.check(counted)


@pytest.mark.parametrize("cpu,gic", [("max", 3), ("cortex-a72", 2)])
def test_the_worst_of_each_cause(machine, guests, tmp_path, cpu, gic):
    """Eight vCPUs, and 256 SPIs that are all pending, active, or both, when registers are accessed."""
    dts = systems.system(systems.front(kernel="worst.bin", cpus=range(8)), hypervisor='boot-memory = "clean";')
    payload = harness.write_payload(tmp_path / "payload.cpio", dts, {"worst.bin": guests / "worst.bin"})
    counted = tmp_path / "exits"
    with machine(initrd=payload, cpu=cpu, gic=gic, smp=8, limit=120, extra=exits.plugin(counted)) as m:
        m.expect("worst: 8 CPUs")
        assert m.wait_end() == 0
        assert "worst: done" in m.console()
    assert exits.counts(counted)["gicd+refill"][1] > 10000, "not the worst case"
    check(counted)
