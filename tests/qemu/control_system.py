# SPDX-License-Identifier: MIT
"""A Linux control domain with fhctl, beside a bare-metal domain that it manages: the machine, its disk, and what cases ask
of it."""

import contextlib
import gzip
import json
import struct

import harness
import systems

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


def fhctl(m, command, code=0):
    out = m.shell(f"fhctl {command}; echo \"exit=$?\"", 30)
    text, _, status = out.rpartition("exit=")
    assert int(status) == code, out
    return text.strip()


def back_to(m, before):
    """What is taken apart goes by steps of another CPU: asked until it is as before."""
    for _ in range(40):
        now = fhctl(m, "--json memory")
        if now == before:
            break
    assert now == before
    assert len(fhctl(m, "list").splitlines()) == 5


def low_claimed(m):
    memory = json.loads(fhctl(m, "--json memory"))
    return next(z for z in memory["zones"] if z["name"] == "low")["claimed"]


def watch(m, options):
    """fhctl events in the background, once it watches; what it says is in /tmp/ev."""
    m.shell(f"rm -f /tmp/w; fhctl events {options} > /tmp/ev 2> /tmp/w & until grep -q watching /tmp/w; do :; done", 30)


def state(m, name):
    return json.loads(fhctl(m, f"--json info {name}"))["domain"]


def ends(m, name, want):
    """It goes by steps of another CPU: asked until it is there. In few words: it is now that others' lines come between."""
    for _ in range(40):
        now = fhctl(m, f"--json info {name} | grep -o 'state\":\"[a-z]*'").split('"')[-1]
        if now == want:
            break
    assert now == want
