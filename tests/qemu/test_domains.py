# SPDX-License-Identifier: MIT
"""Two bare-metal domains, one static and one claimed: what one does is no trouble of the other."""

import re

import harness
import pytest
import systems


@pytest.fixture
def pair(machine, guests, tmp_path):
    """pair(front={...}, rear={...}, **machine options) -> Machine, with both agents up once entered."""

    def make(front=None, rear=None, hypervisor="", **options):
        dts = systems.system(systems.front(**(front or {})), systems.rear(**(rear or {})), hypervisor=hypervisor)
        payload = harness.write_payload(tmp_path / "payload.cpio", dts, {"agent.bin": guests / "agent.bin"})
        return machine(initrd=payload, **options)

    return make


def both_up(m):
    m.expect(r"agent: (front|rear) is up")
    m.expect(r"agent: (front|rear) is up")


def ticks(m):
    match = m.ask("t", r"ticks: count=(\d+) pattern=(\w+) spurious=(\d+)")
    assert match.group(2) == "good"
    return int(match.group(1))


def advances(m):
    """The domain in focus goes on: its tick does, its memory is whole, and it answers."""
    first = ticks(m)
    while ticks(m) < first + 5:
        pass


def end_both(m, first=1, second=2):
    m.focus(first)
    m.send("o")
    m.expect("off: now")
    m.focus(second)
    m.send("o")
    assert m.wait_end(15) == 0


@pytest.mark.parametrize("gic", [3, 2])
def test_both_run_and_machine_ends_with_the_last(pair, gic):
    with pair(gic=gic) as m:
        both_up(m)
        m.focus(1)
        m.ask("p", "pong: front")
        advances(m)
        m.focus(2)
        m.ask("p", "pong: rear")
        advances(m)
        end_both(m)


def test_one_powers_off_the_other_goes_on(pair):
    with pair() as m:
        both_up(m)
        m.focus(2)
        m.send("o")
        m.expect("off: now")
        m.focus(1)
        advances(m)
        m.ask("2", "second: code=0 beats=yes")
        m.send("o")
        assert m.wait_end(15) == 0


def test_unmapped_read_is_an_abort_in_the_guest(pair):
    with pair() as m:
        both_up(m)
        m.focus(2)
        m.ask("u", "unmapped: taken=1 ec=0x25 fsc=0x10 far=0xb000000")
        advances(m)
        m.focus(1)
        advances(m)
        end_both(m)


def test_jump_into_nothing_disturbs_nobody(pair):
    with pair() as m:
        both_up(m)
        m.focus(2)
        m.ask("j", "jump: into nothing")
        m.focus(1)
        advances(m)
        m.ask("p", "pong: front")
        m.send("r")
        m.expect("agent: front is up")
        advances(m)


def test_table_walk_into_nothing_disturbs_nobody(pair):
    with pair() as m:
        both_up(m)
        m.focus(2)
        m.ask("w", "walk: tables in nothing")
        m.focus(1)
        advances(m)


@pytest.mark.parametrize("gic", [3, 2])
def test_storm_of_traps_disturbs_nobody(pair, gic):
    with pair(gic=gic) as m:
        both_up(m)
        m.focus(2)
        m.ask("2", "second: code=0 beats=yes")
        m.send("y")
        m.focus(1)
        advances(m)
        m.focus(2)
        m.expect("storm: over")
        advances(m)
        end_both(m)


def test_hang_with_interrupts_masked_disturbs_nobody(pair):
    with pair() as m:
        both_up(m)
        m.focus(2)
        m.ask("h", "hang: masked")
        m.focus(1)
        advances(m)


@pytest.mark.parametrize("victim,number,gic", [("front", 1, 3), ("rear", 2, 3), ("rear", 2, 2)])
def test_reset_gives_a_clean_state(pair, victim, number, gic):
    """Static and claimed memory: nothing of the former life is left, the other domain notices nothing."""
    with pair(gic=gic) as m:
        both_up(m)
        m.focus(number)
        m.ask("m", "marks: kept=0 other=0")
        m.ask("s", "marks: set")
        m.ask("m", "marks: kept=64")
        m.ask("2", "second: code=0 beats=yes")
        m.send("r")
        m.expect(f"agent: {victim} is up")
        m.ask("m", "marks: kept=0 other=0")
        m.ask("2", "second: code=0 beats=yes")
        advances(m)
        m.focus(3 - number)
        advances(m)
        end_both(m)


def test_memory_is_kept_on_reset_where_the_configuration_says_so(pair):
    with pair(front={"extra": 'memory-on-reset = "keep";'}) as m:
        both_up(m)
        m.focus(1)
        m.ask("s", "marks: set")
        m.send("r")
        m.expect("agent: front is up")
        m.ask("m", "marks: kept=64 other=0")
        end_both(m)


def test_many_resets(pair):
    """Nothing is lost by a reset: the pool's figures at the end are those of the beginning."""
    with pair(limit=90) as m:
        both_up(m)
        m.focus(2)
        for _ in range(50):
            m.send("r")
            m.expect("agent: rear is up", 10)
        m.focus(1)
        advances(m)
        end_both(m)


def test_flood_on_the_console_disturbs_nobody(pair):
    with pair() as m:
        both_up(m)
        m.focus(2)
        m.send("f")
        m.expect("flood 3 ")
        m.focus(1)
        advances(m)
        m.focus(2)
        m.ask("p", "pong: rear", 20)  # it answers when the flood is over, which may be by now
        assert "flood 599 " in m.console() and "flood: done" in m.console()
        end_both(m)


def test_cpu_off_of_the_last_cpu_is_told(pair):
    with pair() as m:
        both_up(m)
        m.focus(2)
        m.send("z")
        m.expect("stop: by CPU_OFF")
        m.focus(1)
        advances(m)


def test_monitor(pair):
    with pair() as m:
        both_up(m)
        m.focus(0)
        m.line("help")
        for command in ("domains", "memory", "claims", "cpus", "log"):
            m.expect(command)
        m.line("domains")
        m.expect(r"front")
        m.expect(r"rear")
        m.line("memory")
        m.expect(r"0x0*60000000.*front")
        m.line("claims")
        m.expect(r"low")
        m.line("cpus")
        m.expect(r"3.*rear")
        m.line("nonsense")
        m.expect(r"nonsense|unknown|help")
        end_both(m)


def test_monitor_resets_and_ends_a_domain(pair):
    """A domain that hangs is brought back from outside, without its help."""
    with pair() as m:
        both_up(m)
        m.focus(2)
        m.ask("h", "hang: masked")
        m.focus(0)
        m.line("reset rear")
        m.expect("agent: rear is up")
        m.focus(2)
        m.ask("p", "pong: rear")
        m.ask("w", "walk: tables in nothing")
        m.focus(0)
        m.line("off rear")
        m.expect(r"domain: dom=rear: stopped")
        m.line("off front")
        assert m.wait_end(15) == 0


@pytest.mark.parametrize("policy", ["reset", "halt"])
def test_last_domain_off_does_what_is_configured(pair, policy):
    """-no-reboot makes QEMU end where the board would start anew."""
    with pair(hypervisor=f'on-last-domain-off = "{policy}";') as m:
        both_up(m)
        m.focus(1)
        m.send("o")
        m.focus(2)
        m.send("o")
        m.expect(rf"all are off: (system )?{policy}")
        if policy == "reset":
            assert m.wait_end(15) == 0


def test_two_boots_print_the_same_map(pair):
    maps = []
    for turn in range(2):
        with pair(suffix=f"-{turn}") as m:
            both_up(m)
            end_both(m)
            text = m.console()
        # domains are built in parallel: their lines come in any order
        maps.append(sorted(re.findall(r"\b(?:memory|map|claim): .*$", text, re.M)))
    assert maps[0], "no line of the memory map was printed"
    assert maps[0] == maps[1]
