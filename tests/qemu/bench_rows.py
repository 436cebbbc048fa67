# SPDX-License-Identifier: MIT
"""Rows of make bench that are not a guest's: the ledger on the bare machine, the ledger on the host, sizes."""

import json
import re
import subprocess

import tempfile
from pathlib import Path

import exits
import harness
import linux_system
import systems

KIB = 1024
HOLD = 3000  # PEERS: the longest hold of the ledger's lock, 8 zones
# operation of tests/qemu/ledger: what it is. Those of boot and of bad memory hold longer by design.
LEDGER = {
    "stake": "stake, one term", "refused": "stake, one term, refused", "redeem": "redeem, one block", "unredeem": "unredeem", "free": "free",
    "release": "release, one term", "cleaned": "cleaned", "redeem_upto": "redeem a larger block",
    "unredeem_upto": "unredeem a larger block", "alloc": "allocate without a claim", "split": "split into 512",
    "free_parts": "free one of 512 parts", "scrub_begin": "scrub: begin", "scrub_end": "scrub: end",
    "zone_info": "a zone's figures", "owner": "owner of a page", "list": "next claim",
    "set_stake": "stake, 64 terms", "set_refused": "stake, 64 terms, refused and explained",
    "set_release": "release, 64 terms", "set_replace": "replace 32 terms by 32", "set_transfer": "transfer, 32 terms",
    "set_reap": "reap a claim of 64 terms", "set_died": "a holder of 64 terms dies",
    "set_wait": "64 terms wait", "set_served": "free, which admits 64 terms",
}
NO_BUDGET = {"quarantine": "quarantine: a page of a pool all claimed", "boot": "boot: the pool is filled"}


def row(name, unit, value, budget=None):
    return {"name": name, "unit": unit, "value": value, "budget": budget}


def ledger():
    """The bare program: each operation's longest hold, and what a stake and a redemption cost in all."""
    with harness.Machine("bench-ledger", kernel=harness.BUILD / "ledger-bench.elf", cpu="max", smp=1, mem="4G",
                         limit=120, extra=("-icount", "shift=0,sleep=off")) as m:
        m.expect("ledger: end", fatal="failed")
        text = m.console()
    found = {}
    for name, least, most, hold in re.findall(r"^ledger: (\w+) least=(\d+) most=(\d+) hold=(\d+)", text, re.M):
        name = re.sub(r"^(fresh|worked)_", "", name)
        seen = found.get(name, (int(least), 0, 0))
        found[name] = (min(seen[0], int(least)), max(seen[1], int(most)), max(seen[2], int(hold)))
    rows = [row("ledger: longest hold of its lock, 8 zones, claims of one term", "instructions",
                max(found[n][2] for n in LEDGER if not n.startswith("set_")), HOLD),
            row("ledger: longest hold of its lock, 8 zones, claims of up to 64 terms", "instructions",
                max(found[n][2] for n in LEDGER), HOLD)]
    for name, what in {**LEDGER, **NO_BUDGET}.items():
        rows.append(row(f"ledger: hold, {what}", "instructions", found[name][2]))
    for name in ("stake", "redeem", "unredeem", "free", "release"):
        rows.append(row(f"ledger: {LEDGER[name]}, least", "instructions", found[name][0]))
        rows.append(row(f"ledger: {LEDGER[name]}, most", "instructions", found[name][1]))
    return rows


def locks():
    """The build with CONFIG_LOCK_STATS: a domain boots, claims memory and gives it back, and is reset."""
    window = f"""claims@c0000000 {{ reg = <0x0 0xc0000000 {systems.cells(128 * systems.MIB)}>;
        limit = <{systems.cells(64 * systems.MIB)}>; zones = <&low &high>; }};"""
    dts = systems.system(systems.front(cpus=[0], memory=[systems.static(systems.FRONT_PA), window]))
    with tempfile.TemporaryDirectory() as folder:
        payload = harness.write_payload(Path(folder) / "payload.cpio", dts,
                                        {"agent.bin": harness.GUESTS / "agent.bin"})
        with harness.Machine("bench-locks", kernel=harness.BUILD / "lockstats" / "freehold.bin", initrd=payload,
                             cpu="max", smp=1, limit=60, extra=("-icount", "shift=0,sleep=off")) as m:
            m.expect("agent: front is up")
            m.ask("q", "claims: code=0 zero=yes")
            m.focus(0)
            m.line("reset front")
            m.expect("agent: front is up")
            m.line("locks")
            text = m.expect(r"(?s)lock domain .*?lock log +longest \d+").group(0)
    return [row(f"hold of the {name} lock: a domain boots, claims and is reset", "instructions", int(longest),
                HOLD if name == "ledger" else None)
            for name, longest in re.findall(r"lock (\w+) +longest (\d+)", text)]


# memcpy copies what came over the port, and from there to the domain; its memory is cleaned for a guest without caches.
COPYING = ("memcpy", "cache_clean_inval")


def creation():
    """fhctl creates a domain with an image of 40 MiB, in clean memory, from a Linux control domain: what EL2 executes on
    all CPUs from the claim to the domain's start, and how much of it is copying. A Cortex-A53, as newer CPUs copy by an
    instruction."""
    boss = systems.domain("boss", [0], systems.static(0x60000000, 384 * systems.MIB), kernel="Image",
                          bootargs="console=ttyAMA0 quiet panic=-1 hostname=boss",
                          extra='control; ramdisk = "initramfs.gz";')
    guest = systems.domain("guest", [1], systems.claimed("high"), kernel="big")
    files = {"tmp/guest.dtb": harness.compile_dts(f"""/dts-v1/; / {{ compatible = "freehold,config-v1";
        zones {{ high: high {{ }}; }}; domains {{ {guest} }}; }};"""),
             "tmp/big": (harness.GUESTS / "agent.bin").read_bytes().ljust(40 * systems.MIB, b"x")}
    ramdisk = linux_system.build_ramdisk().read_bytes()
    ramdisk = ramdisk.ljust((len(ramdisk) + 511) // 512 * 512, b"\0") + harness.newc(files, 4)
    with tempfile.TemporaryDirectory() as folder:
        counted = Path(folder) / "exits"
        payload = harness.write_payload(Path(folder) / "payload.cpio", systems.system(
            boss, hypervisor='boot-memory = "clean";'), {"Image": harness.LINUX, "initramfs.gz": ramdisk})
        with harness.Machine("bench-creation", initrd=payload, smp=2, limit=240,
                             extra=exits.plugin(counted, span=("domain_claim", "domain_launch"),
                                                parts_of_span=COPYING)) as m:
            m.expect(r"boss: Linux \d", 150)
            m.focus(1)
            assert "running" in m.shell("fhctl create -c /tmp/guest.dtb --kernel /tmp/big > /tmp/said; cat /tmp/said", 120)
            m.line("poweroff -f")
            m.expect("dom=boss: stopped", 30)
            m.focus(2)
            m.send("o")
            m.wait_end(30)
        counts = exits.counts(counted)
    whole, copying = counts["span"][2], counts["part"][2]
    return [row("create with an image of 40 MiB: what EL2 executes", "instructions", whole),
            row("create with an image of 40 MiB: of that not copying", "%", -(-100 * (whole - copying) // whole), 10)]


def sizes():
    """Binary and lines of both configurations (the last line of `make size`), and the memory that is kept of 4 GiB."""
    rows = []
    for out, name, kb, lines in (("", "", 160, 15000), ("minimal", ", minimum configuration", 80, 8000)):
        text = subprocess.run(["make", "-s", f"O={harness.BUILD / out}", "size"], cwd=harness.ROOT, check=True,
                              capture_output=True, text=True).stdout
        bytes_, code = re.search(r"image (\d+) bytes.*; (\d+) lines of code", text).groups()
        rows.append(row(f"binary{name}", "KB", -(-int(bytes_) // KIB), kb))
        rows.append(row(f"lines{name}", "lines", int(code), lines))
    return rows


def memory_kept(console):
    """Of a boot with 4 GiB: image with stacks, page records with the dirty map."""
    kept = sum(int(end, 16) + 1 - int(base, 16) for base, end in
               re.findall(r"memory: (0x\w+)-(0x\w+) (?:image|page records)", console))
    return [row("memory kept, of 4 GiB", "KiB", kept // KIB, 10240)]


def host():
    """tools/ledgerbench under valgrind: cost over sizes of the pool and numbers of claims, fragmentation, metadata."""
    done = subprocess.run([harness.ROOT / "scripts/bench-host", harness.BUILD], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        raise harness.MachineError("bench-host: " + done.stderr + done.stdout)
    return json.loads((harness.BUILD / "bench-host.json").read_text())
