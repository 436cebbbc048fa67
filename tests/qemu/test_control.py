# SPDX-License-Identifier: MIT
"""fhctl in a Linux control domain: what it tells, claims, and does to domains that are there."""

import json
import re

import systems
from control_system import ends, fhctl, low_claimed, watch


def test_list(control):
    rows = fhctl(control, "list").splitlines()
    assert rows[0].split()[:4] == ["ID", "NAME", "STATE", "VCPUS"]
    assert [row.split()[1:3] for row in rows[1:]] == [
        ["boss", "running"], ["rear", "running"], ["late", "defined"], ["much", "defined"]]


def test_list_json(control):
    domains = json.loads(fhctl(control, "--json list"))
    assert [d["name"] for d in domains] == ["boss", "rear", "late", "much"]
    assert domains[0]["self"] and not domains[0]["managed"] and domains[1]["managed"]
    assert domains[1]["memory"] == 64 * systems.MIB


def test_info(control):
    info = json.loads(fhctl(control, "--json info rear"))
    assert info["domain"]["name"] == "rear"
    assert [v["cpu"] for v in info["vcpus"]] == [2] and info["vcpus"][0]["power"] == "on"
    assert fhctl(control, "info 1").startswith("rear (1): running")
    control.focus(2)
    control.ask("i", "ids: mpidr.*mmfr0")
    control.ask("q", "claims: code=")
    control.focus(1)
    more = json.loads(fhctl(control, "--json info rear"))["domain"]["exits"]
    causes = {cause: count - info["domain"]["exits"][cause] for cause, count in more.items()}
    # three ID registers are masked, and it may not claim; what it says goes to an emulated UART
    assert [causes[c] for c in ("sysreg", "hvc", "smc", "instr_abort", "serror")] == [3, 1, 0, 0, 0], causes
    assert causes["data_abort"] > 50 and causes["irq"] > 0
    assert re.search(r"sysreg +\d+ +\d+\.\d", fhctl(control, "info rear"))


def test_exit_codes(control):
    assert "no domain is named 'nobody'" in fhctl(control, "info nobody 2>&1", 4)
    assert "the configuration does not let this domain" in fhctl(control, "restart boss 2>&1", 1)
    assert "no command is named" in fhctl(control, "dance 2>&1", 2)
    assert "usage: fhctl restart DOMAIN" in fhctl(control, "restart 2>&1", 2)
    for wrong, what in (("console rear --seconds soon", "--seconds wants a number from 0 to 86400, not 'soon'"),
                        ("events --count -1", "--count wants a number"), ("trace --seconds 1d", "--seconds wants"),
                        ("log --lines x", "--lines wants"), ("top --interval 0", "--interval wants a number from 0.1"),
                        ("claim stake rear:low:99999999999G", "is no size"), ("claim stake rear:low:-2M", "is no size"),
                        ("stop rear --force=no", "--force takes no value"),
                        ("claim stake --lease 1y rear:low:2M", "'1y' is no time"),
                        ("claim stake --lease 99999999999999999999ms rear:low:2M", "is no time"),
                        ("claim renew --lease 0 1.1", "'0' is no time")):
        assert what in fhctl(control, wrong + " 2>&1", 2)
    assert "unknown option --now" in fhctl(control, "restart --now rear 2>&1", 2)
    assert "usage: fhctl" in fhctl(control, "help")
    assert "usage: fhctl claim" in fhctl(control, "claim --help")


def test_memory(control):
    text = fhctl(control, "memory --owners")
    assert "RAM, by owner" in text and "zone" in text.lower() and "hyp" in text
    control.shell("fhctl claim stake --lease 2s rear:low:128M >/tmp/staked; fhctl memory >/tmp/drawn; "
                  "fhctl claim release $(sed 's/claim //; s/:.*//' /tmp/staked)")
    drawn = control.shell("cat /tmp/drawn")
    assert "128 MiB of the free claimed; 2 MiB blocks to be had: 160" in drawn
    assert max(map(len, drawn.splitlines())) <= 80, drawn
    memory = json.loads(fhctl(control, "--json memory"))
    low = next(z for z in memory["zones"] if z["name"] == "low")
    assert low["size"] == 512 * systems.MIB and low["free"] == 448 * systems.MIB
    owned = [r for r in memory["ranges"] if r["owner"] == "rear" and r["zone"] == "low"]
    assert sum(r["size"] for r in owned) == 64 * systems.MIB
    static = [r for r in memory["ranges"] if r["owner"] == "boss" and r["use"] == "static"]
    assert [(r["base"], r["size"]) for r in static] == [(0x60000000, 384 * systems.MIB)]
    # ranges are in order, and don't overlap
    for before, after in zip(memory["ranges"], memory["ranges"][1:]):
        assert before["base"] + before["size"] <= after["base"]


def test_claims(control):
    before = fhctl(control, "claim list")
    name = fhctl(control, "claim stake rear:low:128M rear:high:64M/64K").split()[1].rstrip(":")
    assert low_claimed(control) == 128 * systems.MIB
    rows = [c for c in json.loads(fhctl(control, "--json claim list")) if c["claim"] == name]
    assert [(r["zone"], r["block_size"], r["count"]) for r in rows] == [("low", 2 << 20, 64), ("high", 65536, 1024)]
    assert {r["holder"] for r in rows} == {"boss"} and {r["owner"] for r in rows} == {"rear"}
    text = fhctl(control, "claim stake rear:low:1G 2>&1", 1)
    assert "no room for rear: wants 512 blocks of 2 MiB in low" in text and "160 would fit" in text
    assert low_claimed(control) == 128 * systems.MIB
    watch(control, "--count 1 --seconds 20")
    fhctl(control, "claim stake rear:low:1G 2>/dev/null", 1)
    assert "refused   rear: it does not fit: wants 512 blocks, 160 would fit" in control.shell("wait; cat /tmp/ev")
    assert "released" in fhctl(control, f"claim release {name}")
    assert "there is no such claim" in fhctl(control, f"claim release {name} 2>&1", 4)
    assert fhctl(control, "claim list") == before and low_claimed(control) == 0


def test_full_tables(control):
    before = fhctl(control, "claim list")
    text = control.shell("sh /tmp/full", 60)
    assert "claim: refused: too large, or a table is full: fhctl log tells which" in text
    assert "256 claims and 1024 terms are the most (CONFIG_MAX_CLAIMS): refused" in text
    assert text.endswith("claims: 16")
    assert fhctl(control, "claim list") == before


def test_lease_runs_out(control):
    watch(control, "--count 2 --seconds 20")
    name = fhctl(control, "claim stake --lease 1s rear:low:32M").split()[1].rstrip(":")
    events = control.shell("wait; cat /tmp/ev")
    assert f"admitted  claim {name} of boss" in events and f"expired   claim {name}" in events
    assert low_claimed(control) == 0


def test_waits_for_memory(control):
    name = fhctl(control, "claim stake rear:low:448M").split()[1].rstrip(":")
    control.shell("(fhctl claim stake --wait 30s rear:low:64M > /tmp/won 2>&1; echo $? >> /tmp/won) & "
                  "for i in $(seq 100); do fhctl claim list | grep -q waiting && break; done")
    assert "waiting" in fhctl(control, "claim list")
    assert "600000 ms at most" in fhctl(control, "claim stake --wait 1h rear:low:64M 2>&1", 1)
    fhctl(control, f"claim release {name}")
    won = control.shell("wait; cat /tmp/won")
    assert "admitted" in won and won.endswith("0")
    name = won.split("claim ")[1].split(":")[0]
    fhctl(control, f"claim release {name}")


def test_who_waits_and_misses_events(control):
    text = control.shell("sh /tmp/missed", 60)
    assert "admitted" in text and "misses: 0" in text
    assert low_claimed(control) == 0


def test_log(control):
    text = fhctl(control, "log")
    assert "claim: domains=2" in text and "virtio console" in text
    assert len(fhctl(control, "log --lines 3").splitlines()) == 3


def test_console(control):
    text = control.shell("printf 'p' | fhctl console rear 2>/dev/null")
    assert "pong: rear" in text
    # It is the UART's again.
    control.focus(2)
    control.ask("p", "pong: rear")
    control.focus(1)


def test_restart_is_told(control):
    watch(control, "--count 3 --seconds 30")
    resets = json.loads(fhctl(control, "--json info rear"))["domain"]["resets"]
    assert "is restarting" in fhctl(control, "restart rear")
    control.expect("agent: rear is up")
    assert json.loads(fhctl(control, "--json info rear"))["domain"]["resets"] == resets + 1
    events = control.shell("wait; cat /tmp/ev")
    states = [line.split()[-1] for line in events.splitlines()]
    assert states == ["stopping", "building", "running"], events


def test_four_at_once(control):
    control.shell("for i in 1 2 3 4; do (for k in 1 2 3 4 5; do fhctl --json list || echo bad; done > /tmp/l$i 2>&1) & "
                  "done; wait", 60)
    lines = control.shell("cat /tmp/l1 /tmp/l2 /tmp/l3 /tmp/l4 | grep -c '\"name\":\"rear\"'")
    assert lines == "20"


def test_a_reader_that_dies_leaves_nothing(control):
    # Half a frame, a frame of another magic, and a request whose answer nobody reads: the port is as new each time.
    for junk in (r"FHC1\020\000", r"GARBAGE GARBAGE GARBAGE!", r"FHC1\000\000\000\000\001\000\000\000\001\000\000\000"):
        control.shell(f"printf '{junk}' > /dev/vport0p1")
        assert len(fhctl(control, "list").splitlines()) == 5


def test_trace(control):
    exits = [json.loads(line) for line in fhctl(control, "--json trace --seconds 0.2").splitlines()]
    assert {e["domain"] for e in exits} >= {"boss", "rear"} and {"interrupt", "write"} <= {e["exit"] for e in exits}
    assert all(a["counter"] <= b["counter"] for a, b in zip(exits, exits[1:]))
    for cpu in {e["cpu"] for e in exits}:
        assert len([e for e in exits if e["cpu"] == cpu]) <= 511
    fhctl(control, "trace --seconds 0.1 --perfetto > /tmp/t.json")
    events = json.loads(control.shell("tail -n 3 /tmp/t.json | head -n 1").rstrip(","))
    assert events["ph"] == "i" and events["ts"] > 0
    # It is off again: nothing comes any more.
    assert len(fhctl(control, "trace --seconds 0.1 | wc -l")) > 0


def test_pause(control):
    assert "is paused" in fhctl(control, "pause rear")
    assert json.loads(fhctl(control, "--json info rear"))["domain"]["state"] == "paused"
    assert "goes on" in fhctl(control, "resume rear")
    control.focus(2)
    control.ask("p", "pong: rear")
    control.focus(1)


def test_who_waits_for_a_claim_and_dies(control):
    name = fhctl(control, "claim stake rear:low:448M").split()[1].rstrip(":")
    control.shell("fhctl claim stake --wait 5m rear:low:64M > /dev/null 2>&1 & "
                  "until fhctl claim list | grep -q waiting; do :; done; kill -9 $!; wait", 30)
    assert "waiting" not in fhctl(control, "claim list")
    fhctl(control, f"claim release {name}")
    assert low_claimed(control) == 0


def test_top(control):
    # Not on a terminal: no escape sequences, screens one after the other. The first one has rates too, of a time before it.
    control.shell("fhctl top --count 2 --interval 0.3 </dev/null >/tmp/top; fhctl --json list >/tmp/list")
    screens = control.shell("cat -v /tmp/top").split("fhctl top, every 0.3 s")
    exits = sum(json.loads(control.shell("cat /tmp/list"))[0]["exits"].values())
    assert len(screens) == 3 and "^[" not in "".join(screens), screens
    assert max(len(line) for screen in screens for line in screen.splitlines()) <= 80, screens
    for screen in screens[1:]:
        rates = re.findall(r"^boss ((?: +\d+)+)$", screen, re.M)
        assert len(rates) == 1 and 0 < sum(map(int, rates[0].split())) < exits / 2, (screen, exits)
    text = fhctl(control, "top --count 3 --interval 0.3")
    assert "EXITS/S" in text and "SYSREG" in text
    share, stolen, longest = re.findall(r"rear .* MiB +([\d.]+) +([\d.]+) +([\d.]+) us", text)[-1]
    assert float(share) > 1 and float(stolen) > 0 and float(longest) > 0
    # It is not measured any more, but can be looked at.
    counts = [v for v in json.loads(fhctl(control, "--json info rear"))["vcpus"]]
    assert all(v["guest_ticks"] > v["stolen_ticks"] > v["longest_ticks"] > 0 and v["injected"] > 10 for v in counts[:1])
    assert [v["stolen_ticks"] for v in json.loads(fhctl(control, "--json info rear"))["vcpus"]] == [
        v["stolen_ticks"] for v in counts]


def test_stop(control):
    # rear has a power key: first its guest listens, and ends; then nobody does
    assert "key: listening" in control.shell("printf K | fhctl console rear --until 'key: listening'")
    assert "rear is asked to stop" in fhctl(control, "stop rear")
    ends(control, "rear", "stopped")
    assert "is starting" in fhctl(control, "start rear")
    ends(control, "rear", "running")
    assert "rear is asked to stop" in fhctl(control, "stop rear")
    assert json.loads(fhctl(control, "--json list"))[1]["state"] == "running"
    assert "late: it has no power key" in fhctl(control, "stop late 2>&1", 1)
    assert "is stopped" in fhctl(control, "stop --force rear")
    assert "pause rear: it is stopped" in fhctl(control, "pause rear 2>&1", 1)
    assert json.loads(fhctl(control, "--json list"))[1]["state"] == "stopped"
    control.line("poweroff -f")
    assert control.wait_end(30) == 0
