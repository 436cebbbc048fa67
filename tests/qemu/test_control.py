# SPDX-License-Identifier: MIT
"""fhctl in a real Linux control domain, beside a bare-metal domain that it manages."""

import contextlib
import gzip
import json
import re
import struct

import exits
import harness
import pytest
import systems
from test_domains import advances

BOOTARGS = "console=ttyAMA0 earlycon=pl011,0x9000000 panic=-1 hostname=boss"


def boss(extra="control;", **changes):
    return systems.domain("boss", **{"cpus": [0, 1], "memory": systems.static(0x60000000, 384 * systems.MIB),
                                     "kernel": "Image", "bootargs": BOOTARGS,
                                     "extra": 'ramdisk = "initramfs.gz"; ' + extra, **changes})


def tree(cpus=5, zone="high", size=64 * systems.MIB, name="guest", extra="", bootargs=None):
    """A domain of its own, as fhctl create -c takes it."""
    node = systems.domain(name, cpus if isinstance(cpus, list) else [cpus], systems.claimed(zone, size), kernel="app",
                          bootargs=bootargs, extra=extra)
    return harness.compile_dts(f"""/dts-v1/; / {{ compatible = "freehold,config-v1";
        zones {{ {zone}: {zone} {{ }}; }}; domains {{ {node} }}; }};""")


# A domain is created from a file, used, restarted, used and destroyed, and all is as before, so often. What a round
# costs is the start of a dozen programs; the console is left when the word has come, not half a second later.
ROUNDS = r"""
fail() { echo "round $i: $*"; cat /tmp/out; exit 1; }
use() { printf p | fhctl console guest --until 'pong: guest' >/tmp/out 2>&1; }
same() { fhctl --json memory | cmp -s - /tmp/before && ! fhctl list | grep -q guest; }
fhctl --json memory >/tmp/before
i=0
while [ $i -lt $1 ]; do
	i=$((i + 1))
	fhctl create -c /tmp/good.dtb --kernel /tmp/app >/tmp/out 2>&1 || fail create
	use || fail use
	fhctl restart guest >/tmp/out 2>&1 || fail restart
	use || fail use again
	fhctl destroy guest >/tmp/out 2>&1 || fail destroy
	n=0
	until same; do n=$((n + 1)); [ $n -lt 200 ] || fail memory; done
done
echo "rounds: $i"
"""
# Claims of 64 terms each, until there are no terms any more; then all are released.
FULL = r"""
for d in rear boss; do for z in low high last; do for s in 4K 8K 16K 32K 64K 128K 256K 512K 1M 2M 4M; do
	set -- "$@" $d:$z:$s/$s
done; done; done
shift 2
names=
while name=$(fhctl claim stake "$@" 2>/tmp/why); do
	name=${name#claim }
	names="$names ${name%:*}"
done
cat /tmp/why
fhctl log --lines 4 | grep -o 'claim: dom=.*'
for name in $names; do fhctl claim release $name >/dev/null || echo "$name: not released"; done
echo "claims: $(echo $names | wc -w)"
"""
LAST = "last: last@c0000000 { reg = <0x0 0xc0000000 0x0 0x40000000>; };"


# A STAKE for rear that does not fit: an event (core/control/protocol.h).
REFUSED = struct.pack("<4sIIHH QQII BBHIQ", b"FHC1", 40, 1, 7, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1 << 30)
# Who waits for a claim stands still while more happens than is kept; that the claim is admitted is among it.
MISSED = """
flood() {
	exec 3<>/dev/vport0p8
	cat <&3 >/dev/null &
	cat /tmp/refused >&3
	sleep 1
	kill $!
	exec 3>&-
}
name=$(fhctl claim stake rear:low:448M)
name=${name#claim }
fhctl claim stake --wait 5m rear:low:64M >/tmp/won 2>&1 &
waits=$!
until fhctl claim list | grep -q waiting; do :; done
kill -STOP $waits
flood
fhctl claim release ${name%:*}
flood
kill -CONT $waits
(sleep 10; kill $waits) 2>/dev/null &
wait $waits
echo "misses: $?"
cat /tmp/won
name=$(grep -o '[0-9.]*: admitted' /tmp/won)
fhctl claim release ${name%:*}
"""


# Two that have a number one after the other.
NAMES = """
fhctl events --seconds 4 >/tmp/events 2>&1 &
sleep 1
for d in good:guest twin:twin; do
	fhctl create -c /tmp/${d%:*}.dtb --kernel /tmp/app >/dev/null && fhctl destroy ${d#*:} >/dev/null
	while fhctl list | grep -q ${d#*:}; do :; done
done
wait
grep 'is defined' /tmp/events
"""


def disk_files(guests):
    """What the control domain has on its disk."""
    return {"tmp/good.dtb": tree(), "tmp/crash.dtb": tree(extra='on-crash = "restart";'), "tmp/twin.dtb": tree(6, name="twin"), "tmp/much.dtb": tree(6, size=1024 * systems.MIB, name="huge"),
            "tmp/cpu.dtb": tree(2), "tmp/name.dtb": tree(name="rear"), "tmp/boss.dtb": tree(extra="control;"),
            "tmp/rounds": ROUNDS.encode(), "tmp/full": FULL.encode(),
            "tmp/refused": 100 * REFUSED, "tmp/missed": MISSED.encode(),
            "tmp/names": NAMES.encode(),
            "tmp/left.dtb": tree(5, "last", 1024 * systems.MIB, "left"),
            "tmp/right.dtb": tree(6, "last", 1024 * systems.MIB, "right"),
            "tmp/zone.dtb": tree(zone="lower"), "tmp/junk.dtb": b"no tree at all, but long enough to be looked at......",
            "tmp/app": (guests / "agent.bin").read_bytes(), "tmp/empty": b"",
            "tmp/packed": gzip.compress((guests / "agent.bin").read_bytes()),
            "tmp/damaged": gzip.compress((guests / "agent.bin").read_bytes())[:-100], "tmp/elf": b"\x7fELF".ljust(4096, b"\2"),
            "tmp/big": (guests / "agent.bin").read_bytes() + bytes(4 * systems.MIB)}


@contextlib.contextmanager
def control_machine(name, guests, initramfs, files, limit):
    """boss, a Linux that manages all others, with these files on its disk; its shell has the focus."""
    late = systems.domain("late", cpus=[3], memory=systems.claimed("high"), extra="on-demand;")
    much = systems.domain("much", cpus=[4], memory=systems.claimed("high", 512 * systems.MIB), extra="on-demand;")
    dts = systems.system(boss(), systems.rear(cpus=[2], extra="power-key;"), late, much, hypervisor="create-timeout-ms = <6000>;",
                         pool=systems.POOL + LAST)
    payload = harness.BUILD / name / "payload.cpio"
    payload.parent.mkdir(parents=True, exist_ok=True)
    config = payload.with_suffix(".dts")
    config.write_text(dts)
    # The kernel takes a second archive behind the first.
    ramdisk = payload.with_name("ramdisk")
    ramdisk.write_bytes(initramfs.read_bytes().ljust((initramfs.stat().st_size + 511) // 512 * 512, b"\0")
                        + harness.newc(files, 4))
    harness.pack(payload, config, {"Image": harness.LINUX, "initramfs.gz": ramdisk, "agent.bin": guests / "agent.bin"})
    with harness.Machine(name, initrd=payload, smp=7, mem="3G", limit=limit) as m:
        m.expect(r"boss: Linux \d", 120)
        m.focus(1)
        yield m


@pytest.fixture(scope="module")
def control(guests, initramfs):
    with control_machine("control", guests, initramfs, disk_files(guests), 300) as m:
        yield m


def fhctl(m, command, code=0):
    out = m.shell(f"fhctl {command}; echo \"exit=$?\"", 30)
    text, _, status = out.rpartition("exit=")
    assert int(status) == code, out
    return text.strip()


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


def low_claimed(m):
    memory = json.loads(fhctl(m, "--json memory"))
    return next(z for z in memory["zones"] if z["name"] == "low")["claimed"]


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


def watch(m, options):
    """fhctl events in the background, once it watches; what it says is in /tmp/ev."""
    m.shell(f"rm -f /tmp/w; fhctl events {options} > /tmp/ev 2> /tmp/w & until grep -q watching /tmp/w; do :; done", 30)


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


def test_create_and_destroy(control):
    before = fhctl(control, "--json memory")
    for _ in range(3):
        text = fhctl(control, "create late")
        assert "64 MiB" in text and "running" in text
        assert json.loads(fhctl(control, "--json info late"))["domain"]["state"] == "running"
        assert "pong: late" in control.shell("printf 'p' | fhctl console late 2>/dev/null")
        assert "only a domain that is defined" in fhctl(control, "create late 2>&1", 1)
        watch(control, "--count 3 --seconds 30")
        fhctl(control, "destroy late")
        events = control.shell("wait; cat /tmp/ev")
        assert events.splitlines()[-1].endswith("late is defined"), events
        assert fhctl(control, "--json memory") == before


def test_a_set_that_does_not_fit(control):
    before = fhctl(control, "--json memory")
    watch(control, "--seconds 3")
    text = fhctl(control, "create late much 2>&1", 1)
    assert "nothing was claimed" in text and "refused: no room for much: wants 256 blocks of 2 MiB in high" in text
    assert "224 would fit" in text, text
    assert "refused   much: it does not fit: wants 256 blocks, 224 would fit" in control.shell("wait; cat /tmp/ev")
    assert fhctl(control, "--json memory") == before
    assert [d["state"] for d in json.loads(fhctl(control, "--json list"))][2:] == ["defined", "defined"]


def test_create_from_files(control):
    before = fhctl(control, "--json memory")
    made = json.loads(fhctl(control, "--json create -c /tmp/good.dtb --kernel /tmp/big"))
    assert made[0]["domain"] == "guest" and made[0]["running"] and made[0]["memory"] == 64 * systems.MIB
    assert "pong: guest" in control.shell("printf 'p' | fhctl console guest 2>/dev/null")
    assert "/domains/guest" in fhctl(control, "create -c /tmp/good.dtb --kernel /tmp/app 2>&1", 1)
    fhctl(control, "destroy guest")
    back_to(control, before)


def state(m, name):
    return json.loads(fhctl(m, f"--json info {name}"))["domain"]


def ends(m, name, want):
    """It goes by steps of another CPU: asked until it is there. In few words: it is now that others' lines come between."""
    for _ in range(40):
        now = fhctl(m, f"--json info {name} | grep -o 'state\":\"[a-z]*'").split('"')[-1]
        if now == want:
            break
    assert now == want


def test_events_tell_the_name_of_who_has_the_number_now(control):
    text = control.shell("sh /tmp/names", 60)
    assert [line.split()[-3] for line in text.splitlines()] == ["guest", "twin"]


def test_restart_from_files(control):
    """fhctl knows where the files are and sends them again; without it the domain stops where it resets itself."""
    before = fhctl(control, "--json memory")
    fhctl(control, "create -c /tmp/good.dtb --kernel /tmp/big")
    running = fhctl(control, "--json memory")
    for n in range(1, 3):
        assert "is restarting" in fhctl(control, "restart guest")
        assert (state(control, "guest")["state"], state(control, "guest")["resets"]) == ("running", n)
        assert fhctl(control, "--json memory") == running
    control.focus(5)
    control.ask("p", "pong: guest")
    control.send("r")
    control.expect("dom=guest: stopped: its files are not kept for a reset")
    control.focus(1)
    assert state(control, "guest")["state"] == "stopped" and fhctl(control, "--json memory") == running
    control.shell("mv /run/fhctl/guest /tmp/kept")
    assert "its files came from elsewhere" in fhctl(control, "start guest 2>&1", 1)
    control.shell("sed 's/[0-9]* .tmp.big/17 \\/tmp\\/big/' /tmp/kept > /run/fhctl/guest")
    assert "is not what it was" in fhctl(control, "start guest 2>&1", 2)
    control.shell("mv /tmp/kept /run/fhctl/guest")
    assert "is starting" in fhctl(control, "start guest")
    assert "pong: guest" in control.shell("printf 'p' | fhctl console guest 2>/dev/null")
    # Killed when it was asked to reset, and has nobody to load it: it stops, or all of it is back.
    control.shell("FHCTL_DIE_AT=restarting fhctl restart guest >/dev/null 2>&1")
    control.shell("fhctl destroy guest >/dev/null 2>&1")
    back_to(control, before)
    assert control.shell("ls /run/fhctl | wc -l") in ("0", "1")


def test_kernels_of_another_kind(control):
    """A packed one is unpacked, for the restart too; what is no kernel is refused by name."""
    before = fhctl(control, "--json memory")
    assert "/tmp/packed: unpacked (gzip)" in fhctl(control, "create -c /tmp/good.dtb --kernel /tmp/packed")
    assert "pong: guest" in control.shell("printf 'p' | fhctl console guest 2>/dev/null")
    fhctl(control, "restart guest")
    assert "pong: guest" in control.shell("printf 'p' | fhctl console guest 2>/dev/null")
    fhctl(control, "destroy guest")
    assert "a damaged gzip file" in fhctl(control, "create -c /tmp/good.dtb --kernel /tmp/damaged 2>&1", 2)
    assert "an ELF file" in fhctl(control, "create -c /tmp/good.dtb --kernel /tmp/elf 2>&1", 1)
    back_to(control, before)


def test_rounds(control):
    """A hundred of them are among make check-guests."""
    assert control.shell("sh /tmp/rounds 25", 120) == "rounds: 25"


def test_two_race_for_the_last_gigabyte(control):
    """Exactly one is admitted; the other one is refused with the reason, before anything of it was placed or copied. A
    claim that waits for that memory has it when the domain ends."""
    before = fhctl(control, "--json memory")
    for _ in range(3):
        lines = len(fhctl(control, "log").splitlines())
        control.shell("for n in left right; do (fhctl create -c /tmp/$n.dtb --kernel /tmp/big > /tmp/$n.out 2>&1; "
                      "echo $? > /tmp/$n.code) & done; wait", 90)
        codes = {name: control.shell(f"cat /tmp/{name}.code") for name in ("left", "right")}
        assert sorted(codes.values()) == ["0", "1"], codes
        (winner, _), (loser, _) = sorted(codes.items(), key=lambda item: item[1])
        said = control.shell(f"cat /tmp/{loser}.out")
        assert "nothing was claimed" in said and f"no room for {loser}: wants 512 blocks of 2 MiB in last" in said
        assert "0 would fit" in said, said
        log = fhctl(control, "log").splitlines()[lines:]
        assert [line for line in log if f"dom={winner}" in line and "zeroed=" in line]
        assert not [line for line in log if f"dom={loser}" in line and ("map:" in line or "zeroed=" in line)], log
        assert f"pong: {winner}" in control.shell(f"printf p | fhctl console {winner} --until 'pong: {winner}' 2>&1")
        control.shell("(fhctl claim stake --wait 60s rear:last:1G > /tmp/won 2>&1; echo $? >> /tmp/won) & "
                      "for i in $(seq 100); do fhctl claim list | grep -q waiting && break; done", 30)
        fhctl(control, f"destroy {winner}")
        won = control.shell("wait; cat /tmp/won", 60)
        assert "admitted" in won and won.endswith("0"), won
        fhctl(control, f"claim release {won.split('claim ')[1].split(':')[0]}")
        back_to(control, before)


def test_who_stalls_in_the_middle(control):
    """Two clients that stand still, one before its claim and one among its pieces: after create-timeout-ms all is back."""
    before = fhctl(control, "--json memory")
    control.shell("for s in defined:good loading:twin; do (FHCTL_STOP_AT=${s%:*} fhctl create -c /tmp/${s#*:}.dtb --kernel "
                  "/tmp/big > /tmp/${s#*:}.out 2>&1; echo $? >> /tmp/${s#*:}.out) & done")
    gone = {control.expect(r"dom=(guest|twin): nothing came of it for too long: taken apart", 60).group(1) for _ in range(2)}
    assert gone == {"guest", "twin"}
    back_to(control, before)
    said = control.shell("killall -CONT fhctl; wait; cat /tmp/good.out /tmp/twin.out")
    assert said.count("there is no such thing") == 2, said


def test_who_waits_for_a_claim_and_dies(control):
    name = fhctl(control, "claim stake rear:low:448M").split()[1].rstrip(":")
    control.shell("fhctl claim stake --wait 5m rear:low:64M > /dev/null 2>&1 & "
                  "until fhctl claim list | grep -q waiting; do :; done; kill -9 $!; wait", 30)
    assert "waiting" not in fhctl(control, "claim list")
    fhctl(control, f"claim release {name}")
    assert low_claimed(control) == 0


def back_to(m, before):
    """What is taken apart goes by steps of another CPU: asked until it is as before."""
    for _ in range(40):
        now = fhctl(m, "--json memory")
        if now == before:
            break
    assert now == before
    assert len(fhctl(m, "list").splitlines()) == 5


@pytest.mark.parametrize("name,reason", [
    ("crash", "is for domains whose files are the payload's"), ("cpu", "CPU 2 is given to rear already"), ("name", "rear"), ("boss", "control"), ("zone", "lower"), ("junk", "tree"),
])
def test_bad_trees_are_refused(control, name, reason):
    before = fhctl(control, "--json memory")
    text = fhctl(control, f"create -c /tmp/{name}.dtb --kernel /tmp/app 2>&1", 1)
    assert "refused" in text and reason in text
    back_to(control, before)


def test_source_in_place_of_a_tree(control):
    control.shell("echo '/dts-v1/; / { };' > /tmp/guest.dts")
    assert "/tmp/guest.dts: is source: dtc" in fhctl(control, "create -c /tmp/guest.dts --kernel /tmp/app 2>&1", 2)


def test_a_set_of_files_of_which_one_does_not_fit(control):
    before = fhctl(control, "--json memory")
    text = fhctl(control, "create --together /tmp/good.dtb --kernel /tmp/app /tmp/much.dtb --kernel /tmp/app 2>&1", 1)
    assert "nothing was claimed" in text or "guest" in text
    back_to(control, before)


def test_two_of_files_together(control):
    before = fhctl(control, "--json memory")
    made = json.loads(fhctl(control, "--json create -c /tmp/good.dtb --kernel /tmp/app -c /tmp/twin.dtb --kernel /tmp/big"))
    assert [m["running"] for m in made] == [True, True]
    fhctl(control, "destroy guest")
    fhctl(control, "destroy twin")
    back_to(control, before)


@pytest.mark.parametrize("step", ["tree", "defined", "claimed", "loading", "loaded"])
def test_killed_in_the_middle(control, step):
    """fhctl dies at a step by name; the port closes, and all is back. Behind its last piece the domain may run already:
    then it stays until it is destroyed."""
    before = fhctl(control, "--json memory")
    lines = len(fhctl(control, "log").splitlines())
    code = control.shell(f"FHCTL_DIE_AT={step} fhctl create -c /tmp/good.dtb --kernel /tmp/big >/dev/null 2>&1; echo $?", 30)
    assert code.splitlines()[-1] == "137", code
    if step == "loaded":
        control.shell("fhctl destroy guest >/dev/null 2>&1", 30)
    back_to(control, before)
    log = "\n".join(fhctl(control, "log").splitlines()[lines:])
    assert ("dom=guest: defined" in log) == (step != "tree"), log
    assert ("dom=guest: destroyed" in log) == (step in ("claimed", "loading", "loaded")), log
    control.focus(2)
    control.ask("p", "pong: rear")
    control.focus(1)


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


def test_limited_and_on_hvc0(machine, guests, initramfs, tmp_path):
    """A control domain that may change one of two others, with its shell on the virtio console; it reboots, and finds
    them again."""
    rear = systems.rear(cpus=[2]).replace("rear {", "rear: rear {", 1)
    other = systems.domain("other", cpus=[3], memory=systems.claimed("high"))
    dts = systems.system(boss("control = <&rear>;").replace('"pl011"', '"virtio"'), rear, other)
    (tmp_path / "system.dts").write_text(dts)
    payload = tmp_path / "payload.cpio"
    harness.pack(payload, tmp_path / "system.dts",
                 {"Image": harness.LINUX, "initramfs.gz": initramfs, "agent.bin": guests / "agent.bin"})
    with machine(initrd=payload, limit=200) as m:
        for boots in range(2):
            m.expect(r"boss: Linux \d", 120)
            m.focus(1)
            m.expect("boss:~# ", 20)
            assert m.shell("tty") == "/dev/hvc0"
            assert m.shell("cat /sys/class/virtio-ports/vport0p1/name") == "org.freehold.control.0"
            # longer than a ring, and nothing of it is lost
            assert m.shell("seq 3000", 60).split() == [str(i) for i in range(1, 3001)]
            managed = {d["name"]: d["managed"] for d in json.loads(fhctl(m, "--json list"))}
            assert managed == {"boss": False, "rear": True}
            assert "no domain is named 'other'" in fhctl(m, "stop --force other 2>&1", 4)
            assert {d["owner"] for d in json.loads(fhctl(m, "--json memory"))["ranges"]} == {"", "boss", "rear"}
            for command in ("log", "trace"):
                assert f"{command}: refused: the configuration does not let" in fhctl(m, f"{command} 2>&1", 1)
            assert "is restarting" in fhctl(m, "restart rear")
            m.expect("agent: rear is up")
            if boots == 0:
                fhctl(m, "claim stake rear:low:16M")
                assert low_claimed(m) == 16 * systems.MIB
                m.line("reboot -f")
        for number, name in ((2, "rear"), (3, "other")):
            m.focus(number)
            m.ask("p", f"pong: {name}")


def test_consoles_that_are_idle_are_left_alone(machine, guests, tmp_path):
    """Two domains with a virtio console and nothing to say: an interrupt is one that its guest gets, or was meant for it."""
    dts = systems.system(systems.front(cpus=[0]), systems.rear(cpus=[1])).replace('"pl011"', '"virtio"')
    payload = harness.write_payload(tmp_path / "payload.cpio", dts, {"agent.bin": guests / "agent.bin"})
    with machine(initrd=payload, limit=40) as m:
        for _ in range(2):  # in either order
            m.expect(r"agent: \w+ is up")
        m.focus(1)
        advances(m)
        m.focus(2)
        advances(m)
        m.focus(0)
        m.line("cpus")
        for name in ("front", "rear"):
            interrupts, injected = m.expect(rf"{name} +0  on +\d+ +(\d+) +0 +(\d+)").groups()
            # without end they were some 10,000 a second
            assert int(interrupts) < int(injected) + 100


def test_leases_that_end_together(machine, guests, tmp_path):
    """240 claims end at once, on whichever CPU comes first: in steps, each no longer than what an exit may last."""
    rear = systems.rear(cpus=[1], kernel="vhostile.bin", bootargs="name=rear leases", extra="control = <&rear>;")
    dts = systems.system(systems.front(cpus=[0]), rear.replace("rear {", "rear: rear {", 1))
    payload = harness.write_payload(tmp_path / "payload.cpio", dts, {
        "agent.bin": guests / "agent.bin", "vhostile.bin": guests / "vhostile.bin"})
    counted = tmp_path / "exits"
    with machine(initrd=payload, limit=60, extra=exits.plugin(counted)) as m:
        m.expect("agent: front is up")
        m.expect("vhostile: 1200 of 1200 were admitted")
        m.focus(1)
        advances(m)
        m.send("o")
        m.focus(0)
        m.line("off rear")
        assert m.wait_end(15) == 0
    # a step, and a console's work in the same exit
    assert exits.counts(counted)["console"][1] < 2 * exits.bounds()["console"] or harness.configured("DEBUG_BUILD")


def test_a_hostile_driver_disturbs_nobody(machine, guests, tmp_path):
    """Random rings, descriptors and frames from a domain with control ports, which may change nobody."""
    dts = systems.system(systems.front(), systems.rear(kernel="vhostile.bin", extra="control = <&rear>;").replace(
        "rear {", "rear: rear {", 1))
    payload = harness.write_payload(tmp_path / "payload.cpio", dts, {
        "agent.bin": guests / "agent.bin", "vhostile.bin": guests / "vhostile.bin"})
    with machine(initrd=payload, limit=110) as m:
        m.expect("agent: front is up")
        m.focus(1)
        advances(m)
        answers, resets = m.expect(r"vhostile: (\d+) answers, (\d+) resets: done", 100).groups()
        assert int(answers) > 1000 and int(resets) > 100
        advances(m)
        m.ask("2", "second: code=0 beats=yes")
        m.focus(0)
        m.line("reset rear")
        m.expect("vhostile: begins")
        m.line("off rear")
        m.expect("domain: dom=rear: stopped")
        m.focus(1)
        advances(m)
        m.send("o")
        assert m.wait_end(15) == 0
