# SPDX-License-Identifier: MIT
"""make demo: two Linux domains on QEMU virt, through U-Boot, in your terminal. --check: the same, unattended."""

import argparse
import os
import sys
import time

import harness
import linux_system
import uboot

HINT = """
Freehold demo: U-Boot starts the hypervisor, the hypervisor starts two Debian kernels.
  front   512 MiB of its own, for good (static partition), CPUs 0 and 1
  rear    512 MiB claimed from the pool, CPUs 2 and 3
  third   not there yet: front, a control domain, can launch it (fhctl create third)

  Ctrl-A 1   type into front           Ctrl-A 2   type into rear
  Ctrl-A 0   the hypervisor's monitor  Ctrl-A ?   all keys
  try: cat /proc/meminfo, reboot -f; in the monitor: domains, memory, claims

  To end: 'poweroff -f' in all domains.
"""


def disk():
    folder = harness.BUILD / "demo"
    return uboot.script_disk(folder / "disk", linux_system.build_payload(folder))


def interactive():
    folder = disk()
    machine = harness.Machine("demo", **uboot.options(folder))
    command = machine.command[4:]  # without the time limit
    at = command.index("-serial")
    # Ctrl-A and Ctrl-C belong to the domains: QEMU's own escape key and signals are off
    command[at:at + 2] = ["-chardev", "stdio,id=tty,signal=off", "-serial", "chardev:tty"]
    print(HINT, flush=True)
    os.execv(command[0], command)


def check():
    start = time.monotonic()
    with harness.Machine("demo-check", limit=175, **uboot.options(disk())) as m:
        m.expect(r"(front|rear): Linux \d", 120)
        m.expect(r"(front|rear): Linux \d", 60)
        for number, host in ((1, "front"), (2, "rear")):
            m.focus(number)
            answer = m.shell("echo $((6 * 7)) from $(hostname)")
            if answer != f"42 from {host}":
                m.fail(f"{host} answered '{answer}'")
            print(f"demo: {host} answers")
        m.focus(1)
        launched = m.shell("fhctl create third", 60)
        m.expect(r"third: Linux \d", 120)
        m.focus(3)
        answer = m.shell("hostname")
        if answer != "third":
            m.fail(f"third answered '{answer}'; {launched}")
        print("demo: third, launched from front, answers")
        m.focus(1)
        m.shell("fhctl destroy third")
        print("demo: third is destroyed")
        for number in (1, 2):
            m.focus(number)
            m.line("poweroff -f")
        status = m.wait_end(30)
    print(f"demo: both domains are off, QEMU ended with {status}, {time.monotonic() - start:.0f} s")
    return status


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="run unattended; exit code 0 when all went well")
    options = parser.parse_args()
    try:
        return check() if options.check else interactive()
    except harness.MachineError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
