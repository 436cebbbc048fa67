# SPDX-License-Identifier: MIT
"""A domain's watchdog, and the time of one that is paused."""

import harness
import pytest
import systems
from test_domains import advances
from test_lifecycle import all_of, monitor

RAN_OUT = "guest: dom=rear: its watchdog ran out"


def boot(machine, folder, rear, files, **options):
    dts = systems.system(systems.front(cpus=[0]), rear, hypervisor=options.pop("hypervisor", ""))
    return machine(initrd=harness.write_payload(folder / "payload.cpio", dts, files), **options)


@pytest.fixture
def dog(machine, guests, tmp_path):
    """dog(properties, bootargs) -> Machine with front and a rear that stops feeding its watchdog."""

    def make(extra, bootargs="name=rear", **options):
        rear = systems.rear(cpus=[2], kernel="dogtest.bin", extra=extra, bootargs=bootargs)
        return boot(machine, tmp_path, rear, {name: guests / name for name in ("agent.bin", "dogtest.bin")}, **options)

    return make


@pytest.mark.parametrize("gic", [3, 2], ids=["gicv3", "gicv2"])
def test_restarted_so_often(dog, gic):
    """Every life finds it off and right, stops feeding it, and is restarted; after the limit it is not."""
    with dog('on-watchdog = "restart"; restart-limit = <2>; restart-delay-ms = <1>;', gic=gic, limit=60) as m:
        m.focus(1)
        for life in range(3):
            # 100 ms lie between: on a busy host its line may come after the hypervisor's
            all_of(m, "dogtest: not fed", RAN_OUT)
            if life < 2:
                m.expect(f"domain: dom=rear reset={life + 1}: restarting")
        m.expect("domain: dom=rear: crashed 3 times: not restarted again")
        m.expect("domain: dom=rear: crashed")
        for life in m.console().split("dogtest: not fed")[:3]:
            assert len(harness.check_tap(life)) == 13
        advances(m)
        m.send("o")
        assert m.wait_end(15) == 0


@pytest.mark.parametrize("action", ["stop", "stop-all", "panic"])
def test_other_ends(dog, action):
    with dog(f'on-watchdog = "{action}";', bootargs="name=rear life=hold", limit=60) as m:
        all_of(m, "agent: front is up", "dogtest: held")
        m.focus(2)
        m.send("x")
        # a panic leaves no time for the line
        if action != "panic":
            m.expect(RAN_OUT)
        if action == "panic":
            m.expect("panic: cpu=2: domain: dom=rear crashed, and its configuration says so", fatal=None)
        elif action == "stop":
            m.expect("domain: dom=rear: crashed")
            m.focus(1)
            advances(m)
            m.send("o")
        else:
            m.expect("domain: dom=front: stopped")
        assert m.wait_end(40) == 0


def test_linux(machine, guests, initramfs, tmp_path):
    """Debian's driver: while it is fed Linux runs, and a Linux whose feeder has died is restarted."""
    rear = systems.rear(kernel="Image", memory=systems.claimed(size=384 * systems.MIB),
                        bootargs="console=ttyAMA0 quiet panic=-1 hostname=rear",
                        extra='ramdisk = "initramfs.gz"; on-watchdog = "restart"; restart-limit = <5>;')
    files = {"agent.bin": guests / "agent.bin", "Image": harness.LINUX, "initramfs.gz": initramfs}
    with boot(machine, tmp_path, rear, files, limit=240) as m:
        m.expect(r"rear: Linux \d", 100)
        m.focus(2)
        assert m.shell("cat /sys/class/watchdog/watchdog0/identity") == "SBSA Generic Watchdog"
        assert m.shell("cat /sys/class/watchdog/watchdog0/state") == "inactive"
        m.shell("watchdog -F -T 4 -t 1 /dev/watchdog & for i in $(seq 100); do grep -q '^active' "
                "/sys/class/watchdog/watchdog0/state && break; usleep 50000; done")
        # twice its time, fed
        left = m.shell("for i in $(seq 8); do usleep 1000000; cat /sys/class/watchdog/watchdog0/timeleft; done", 60)
        assert len(left.split()) == 8 and all(0 < int(t) <= 4 for t in left.split()), left
        assert RAN_OUT not in m.console()
        m.line("kill -9 %1")
        m.expect(RAN_OUT, 60)
        m.expect("domain: dom=rear reset=1: restarting")
        m.expect(r"rear: Linux \d", 100)
        assert m.shell("cat /sys/class/watchdog/watchdog0/state") == "inactive"


def times(m, number):
    m.focus(number)
    match = m.ask("v", r"time: virtual=(\d+) physical=(\d+) hz=(\d+) early=(\d+)")
    return [int(group) for group in match.groups()]


@pytest.mark.parametrize("word", ["stands", "goes"])
def test_paused_time(machine, guests, tmp_path, word):
    """Three pauses of a second of the other domain's time: the virtual counter is behind by them, or not at all, and the
    physical one goes on; no tick comes before its time."""
    rear = systems.rear(extra=f'paused-time = "{word}";')
    with boot(machine, tmp_path, rear, {"agent.bin": guests / "agent.bin"}, limit=60) as m:
        m.expect("agent: (front|rear) is up")
        m.expect("agent: (front|rear) is up")
        m.focus(2)
        m.ask("2", "second: code=0 beats=yes")
        for pauses in range(1, 4):
            monitor(m, "pause rear", "rear: asked")
            m.focus(1)
            m.ask("y", "storm: over")
            monitor(m, "resume rear", "rear: asked")
            m.focus(2)
            advances(m)
            first = times(m, 1)
            virtual, physical, hz, early = times(m, 2)
            last = times(m, 1)
            assert early == 0
            if word == "stands":
                assert last[0] - virtual >= pauses * hz and physical - virtual >= pauses * hz
            else:
                assert first[0] <= virtual <= last[0]
            assert first[1] <= physical <= last[1]
