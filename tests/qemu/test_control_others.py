# SPDX-License-Identifier: MIT
"""What a control port, and a console on virtio, do to others: limits of rights and of work, and a hostile driver."""

import json

import exits
import harness
import systems
from control_system import boss, fhctl, low_claimed
from test_domains import advances


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
