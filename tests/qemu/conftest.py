# SPDX-License-Identifier: MIT
"""Fixtures of the QEMU tests: the guests are built once, each test gets a machine of its own name."""

import subprocess

import pytest

import control_system
import harness
import linux_system


@pytest.fixture(scope="session", autouse=True)
def guests():
    """Bare-metal guests and the Linux ramdisk, built when missing or older than their sources."""
    with harness.exclusive():
        subprocess.run(["make", "-s", "-f", "tests/qemu/guests/guests.mk", f"GUEST_OUT={harness.GUESTS}", "guests"],
                       cwd=harness.ROOT, check=True)
    return harness.GUESTS


@pytest.fixture(scope="session")
def initramfs(guests):
    with harness.exclusive():
        return linux_system.build_ramdisk()


@pytest.fixture(scope="module")
def control(request, guests, initramfs):
    """A Linux control domain, for all cases of a file."""
    files = control_system.disk_files(guests)
    with control_system.control_machine(request.module.__name__, guests, initramfs, files, 300) as m:
        yield m


@pytest.fixture
def machine(request):
    """machine(kernel=..., initrd=..., ...) -> Machine, named after the test."""
    started = []

    def make(suffix="", **options):
        if options.get("gic") == 2 and "kernel" not in options and not harness.configured("GICV2"):
            pytest.skip("built without CONFIG_GICV2")
        started.append(harness.Machine(request.node.name + suffix, **options))
        return started[-1]

    return make
