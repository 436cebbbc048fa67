# SPDX-License-Identifier: MIT
"""Two unmodified Debian kernels, booted once by -kernel; the cases look at that system one after the other."""

import harness
import linux_system
import pytest


@pytest.fixture(scope="module")
def linux(initramfs):
    payload = linux_system.build_payload(harness.BUILD / "demo")
    with harness.Machine("two_linux", initrd=payload, limit=240, qmp=True) as m:
        yield m


def prompt(m, host, number):
    """Focus on a domain, and a fresh prompt from it."""
    m.focus(number)
    m.line("")
    m.expect(rf"{host}:~# ", 60)


def test_both_reach_user_space(linux):
    linux.expect(r"(front|rear): Linux \d", 120)
    linux.expect(r"(front|rear): Linux \d", 60)
    prompt(linux, "front", 1)
    assert linux.shell("front", "echo $((6 * 7))") == "42"
    prompt(linux, "rear", 2)
    assert linux.shell("rear", "echo $((7 * 8))") == "56"


def test_cpus_and_memory_from_inside(linux):
    for number, host in ((1, "front"), (2, "rear")):
        prompt(linux, host, number)
        assert linux.shell(host, "grep -c ^processor /proc/cpuinfo") == "2"
        total = int(linux.shell(host, "awk '/MemTotal/ { print $2 }' /proc/meminfo"))
        assert 400 * 1024 < total < 512 * 1024
        assert linux.shell(host, "hostname") == host


def test_kernels_complain_of_nothing(linux):
    for number, host in ((1, "front"), (2, "rear")):
        prompt(linux, host, number)
        found = linux.shell(host, "dmesg | grep -iE 'WARNING:|BUG:|Oops|stall|Unhandled fault' | head -3")
        assert found == ""


def test_clock_and_its_alarm(linux):
    prompt(linux, "front", 1)
    assert linux.shell("front", "cat /sys/class/rtc/rtc0/name").startswith("rtc-pl031")
    before = linux.shell("front", "awk '/rtc/ { print $2 + $3 }' /proc/interrupts")
    linux.shell("front", "echo +1 > /sys/class/rtc/rtc0/wakealarm")
    after = linux.shell("front", "for i in 1 2 3; do sleep 1; done; awk '/rtc/ { print $2 + $3 }' /proc/interrupts")
    assert int(after) > int(before)


def test_power_key(linux):
    prompt(linux, "rear", 2)
    linux.qmp("system_powerdown")
    linux.expect("rear: power key pressed", 20)


def test_one_reboots_itself(linux):
    prompt(linux, "rear", 2)
    linux.shell("rear", "echo left-behind > /tmp/mark")
    linux.line("reboot -f")
    linux.expect(r"rear: Linux \d", 90)
    prompt(linux, "rear", 2)
    assert linux.shell("rear", "cat /tmp/mark 2>/dev/null | wc -l") == "0"
    prompt(linux, "front", 1)
    assert linux.shell("front", "echo still here") == "still here"


def test_one_powers_off_the_other_goes_on(linux):
    prompt(linux, "front", 1)
    linux.line("poweroff -f")
    prompt(linux, "rear", 2)
    assert linux.shell("rear", "echo alone") == "alone"


def test_the_machine_ends_with_the_last(linux):
    prompt(linux, "rear", 2)
    linux.line("poweroff -f")
    assert linux.wait_end(30) == 0
