# SPDX-License-Identifier: MIT
"""Two unmodified Debian kernels, booted once by -kernel; the cases look at that system one after the other.
FREEHOLD_GICS=3,2 does so on a GICv3 and on a GICv2."""

import os

import harness
import linux_system
import pytest


@pytest.fixture(scope="module", params=[int(gic) for gic in os.environ.get("FREEHOLD_GICS", "3").split(",")])
def linux(request, initramfs):
    payload = linux_system.build_payload(harness.BUILD / "demo")
    with harness.Machine(f"two_linux_gicv{request.param}", gic=request.param, initrd=payload, smp=5, limit=240,
                         qmp=True) as m:
        yield m


def test_both_reach_user_space(linux):
    linux.expect(r"(front|rear): Linux \d", 120)
    linux.expect(r"(front|rear): Linux \d", 60)
    linux.focus(1)
    assert linux.shell("echo $((6 * 7))") == "42"
    linux.focus(2)
    assert linux.shell("echo $((7 * 8))") == "56"


def test_cpus_and_memory_from_inside(linux):
    for number, host in ((1, "front"), (2, "rear")):
        linux.focus(number)
        assert linux.shell("grep -c ^processor /proc/cpuinfo") == "2"
        total = int(linux.shell("awk '/MemTotal/ { print $2 }' /proc/meminfo"))
        assert 400 * 1024 < total < 512 * 1024
        assert linux.shell("hostname") == host


def test_kernels_complain_of_nothing(linux):
    for number, host in ((1, "front"), (2, "rear")):
        linux.focus(number)
        found = linux.shell("dmesg | grep -iE 'WARNING:|BUG:|Oops|stall|Unhandled fault' | head -3")
        assert found == ""


def test_clock_and_its_alarm(linux):
    linux.focus(1)
    assert linux.shell("cat /sys/class/rtc/rtc0/name").startswith("rtc-pl031")
    before = linux.shell("awk '/rtc/ { print $2 + $3 }' /proc/interrupts")
    linux.shell("echo +1 > /sys/class/rtc/rtc0/wakealarm")
    after = linux.shell("for i in 1 2 3; do sleep 1; done; awk '/rtc/ { print $2 + $3 }' /proc/interrupts")
    assert int(after) > int(before)


def test_power_key(linux):
    linux.focus(2)
    linux.qmp("system_powerdown")
    linux.expect("rear: power key pressed", 20)


def test_unmapped_read_is_a_bus_error_of_one_program(linux):
    linux.focus(1)
    assert "Bus error" in linux.shell("devmem 0xb000000 2>&1; echo $?") or \
        linux.shell("sh -c 'devmem 0xb000000' > /dev/null 2>&1; echo $?") == "135"
    assert linux.shell("echo alive") == "alive"
    linux.focus(2)
    assert linux.shell("echo alive") == "alive"


def test_one_reboots_itself(linux):
    linux.focus(2)
    linux.shell("echo left-behind > /tmp/mark")
    linux.line("reboot -f")
    linux.expect(r"rear: Linux \d", 90)
    linux.focus(2)
    assert linux.shell("cat /tmp/mark 2>/dev/null | wc -l") == "0"
    linux.focus(1)
    assert linux.shell("echo still here") == "still here"


def test_one_powers_off_the_other_goes_on(linux):
    linux.focus(1)
    linux.line("poweroff -f")
    linux.focus(2)
    assert linux.shell("echo alone") == "alone"


def test_the_machine_ends_with_the_last(linux):
    linux.focus(2)
    linux.line("poweroff -f")
    assert linux.wait_end(30) == 0


def test_gicv2(initramfs):
    """A kernel that uses all that it finds: what is hidden must be hidden well. (-cpu max: check-guests.)"""
    payload = linux_system.build_payload(harness.BUILD / "demo")
    with harness.Machine("linux-gicv2", initrd=payload, cpu="cortex-a72", gic=2, smp=5, limit=150) as m:
        m.expect(r"(front|rear): Linux \d", 80)
        m.expect(r"(front|rear): Linux \d", 60)
        for number in (1, 2):
            m.focus(number)
            flags = m.shell("grep -m1 Features /proc/cpuinfo")
            assert "fp" in flags and " sve" not in flags
            assert m.shell("dmesg | grep -ciE 'WARNING:|BUG:|Oops|Unhandled'") == "0"
