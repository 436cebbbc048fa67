# SPDX-License-Identifier: MIT
"""`make check-guests`: Debian's kernels, unmodified, on both GICs; each reboots three times. Not part of `make check`."""

import control_system
import harness
import pytest
import systems
from control_system import back_to, fhctl

KERNELS = {
    "6.1": harness.FETCHED / "guest" / "Image",
    "6.1-rt": harness.FETCHED / "guest" / "rt" / "Image",
    "6.12": harness.FETCHED / "guest" / "backports" / "Image",
    "6.12-rt": harness.FETCHED / "guest" / "backports-rt" / "Image",
}
COMPLAINTS = r"dmesg | grep -iE 'WARNING:|BUG:|Oops|stall|Unhandled|Unexpected|failed to|unable to' | grep -vE '%s' | head -5"
# What these kernels say of any machine of this kind: no EFI, no ACPI, no disk.
COMMON = "ACPI|efi|EFI|regulatory|vgaarb|hw perfevents|KVM|kvm|Failed to find.*init|firmware|rtc-efi|initcall|cacheinfo"


def domain(name, cpus, memory, devices=()):
    return systems.domain(name, cpus, memory, kernel="Image", devices=devices,
                          bootargs=f"console=ttyAMA0 quiet panic=-1 hostname={name}",
                          extra='ramdisk = "initramfs.gz";')


def check_life(m, name, cpu):
    assert m.shell("nproc") == "2"
    flags = m.shell("grep -m1 Features /proc/cpuinfo")
    assert "fp" in flags and (" sve" in flags) == (cpu == "max") and "sme" not in flags and " mte" not in flags
    assert m.shell(COMPLAINTS % COMMON) == ""
    # timers, SGIs and the console interrupt on both CPUs
    before = int(m.shell("awk '/arch_timer/ { print $2 + $3 }' /proc/interrupts"))
    assert m.shell("for i in 1 2 3 4 5 6; do usleep 50000; done; echo slept") == "slept"
    assert int(m.shell("awk '/arch_timer/ { print $2 + $3 }' /proc/interrupts")) > before
    assert m.shell("taskset 2 sh -c 'echo $((6 * 7))'") == "42"
    # one CPU off and on again, by PSCI
    assert m.shell("echo 0 > /sys/devices/system/cpu/cpu1/online; nproc") == "1"
    assert m.shell("echo 1 > /sys/devices/system/cpu/cpu1/online; nproc") == "2"
    assert m.shell("hostname") == name


def test_ramdisk_on_bare_qemu(machine, initramfs):
    """The ramdisk itself, before it is blamed on Freehold."""
    with machine(kernel=harness.LINUX, initrd=initramfs, append="console=ttyAMA0 hostname=front quiet",
                 virtualization=False, smp=2, mem="512M", limit=90) as m:
        m.expect(r"front:~# ")
        assert m.shell("nproc") == "2"
        assert m.shell("echo $((6 * 7))") == "42"
        m.line("poweroff -f")
        assert m.wait_end() == 0


@pytest.mark.parametrize("cpu,gic", [("max", 3), ("cortex-a53", 2)], ids=["gicv3", "gicv2"])
@pytest.mark.parametrize("version", KERNELS)
def test_kernel(machine, initramfs, tmp_path, version, cpu, gic):
    size = 384 * systems.MIB
    dts = systems.system(domain("front", [0, 1], systems.static(systems.FRONT_PA, size)),
                         domain("rear", [2, 3], systems.claimed(size=size)))
    payload = harness.write_payload(tmp_path / "payload.cpio", dts, {
        "Image": KERNELS[version], "initramfs.gz": initramfs})
    with machine(initrd=payload, cpu=cpu, gic=gic, limit=600) as m:
        m.expect(r"(front|rear): Linux \d", 150)
        m.expect(r"(front|rear): Linux \d", 150)
        for life in range(4):
            m.focus(2)
            release = m.shell("uname -r")
            assert release.startswith(version.partition("-")[0]) and ("-rt-" in release) == version.endswith("-rt")
            check_life(m, "rear", cpu)
            if life < 3:
                m.line("reboot -f")
                m.expect(r"rear: Linux \d", 150)
        m.focus(1)
        check_life(m, "front", cpu)
        m.line("poweroff -f")
        m.expect("dom=front: (off|stopped)", 60)
        m.focus(2)
        m.line("poweroff -f")
        assert m.wait_end(60) == 0


SECOND = r"""
say() { printf "$1\r" | fhctl console second --seconds 120 --until "$2" >/tmp/out 2>&1 || { tail -n 5 /tmp/out; exit 1; }; }
for n in 1 2 3; do
	fhctl create -c /tmp/second.dtb --kernel /tmp/Image --ramdisk /tmp/initramfs || exit 1
	say "" "second: Linux" && say "echo a\$((6*7))b" a42b
	fhctl restart second || exit 1
	say "" "second: Linux" && say "nproc; echo c\$((6*7))d" c42d
	fhctl destroy second || exit 1
	k=0
	until fhctl --json memory | cmp -s - /tmp/before; do k=$((k + 1)); [ $k -lt 300 ] || { echo memory; exit 1; }; done
done
echo "seconds: $n"
"""


@pytest.fixture(scope="module")
def boss(guests, initramfs):
    second = control_system.tree([5, 6], size=256 * systems.MIB, name="second", extra='ramdisk = "initramfs";',
                               bootargs="console=ttyAMA0 quiet panic=-1 hostname=second")
    files = {**control_system.disk_files(guests), "tmp/second.dtb": second, "tmp/second": SECOND.encode(),
             "tmp/Image": harness.LINUX.read_bytes(), "tmp/initramfs": initramfs.read_bytes()}
    with control_system.control_machine("guests-control", guests, initramfs, files, 1200) as m:
        yield m


def test_a_hundred_rounds(boss):
    """A bare-metal domain created from files, used, restarted, used, destroyed; memory exactly back each time."""
    assert boss.shell("sh /tmp/rounds 100", 600) == "rounds: 100"


def test_a_second_kernel_from_files(boss):
    """Debian's kernel and a ramdisk from the control domain's disk: launched, its console used, restarted, destroyed."""
    before = fhctl(boss, "--json memory")
    boss.shell("fhctl --json memory > /tmp/before")
    assert boss.shell("sh /tmp/second", 600).splitlines()[-1] == "seconds: 3"
    back_to(boss, before)
