# SPDX-License-Identifier: MIT
"""QEMU machines for the tests: start, expect, type, end. Every machine has a hard time limit and keeps its serial log."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pexpect

import own_trees

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("FREEHOLD_BUILD", "build"))
if not BUILD.is_absolute():
    BUILD = ROOT / BUILD
FETCHED = ROOT / "build"
IMAGE = BUILD / "freehold.bin"
FHPACK = BUILD / "tools" / "fhpack"
FHCTL = BUILD / "tools" / "fhctl"
GUESTS = BUILD / "guests"
LOGS = BUILD / "qemu-logs"
UBOOT = Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
LINUX = FETCHED / "guest" / "vmlinuz"
INITRAMFS = BUILD / "guests" / "initramfs.gz"

PREFIX = "\x01"  # Ctrl-A, the console's prefix key
# What Freehold prints when it gives up; a test that waits for something else need not wait any longer.
FATAL = r"panic: [^\r\n]*|nothing was started"
OTHERS = re.compile(r"\[[\w-]+\] ")  # a line of a domain that is not in focus
COLOR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@contextlib.contextmanager
def exclusive():
    """What several pytest workers would build at once is built by one of them, while the others wait."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / ".tests.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class MachineError(AssertionError):
    """A machine did not do what was expected; the message ends with the last lines of its console."""


def qemu_binary():
    path = os.environ.get("QEMU") or FETCHED / "qemu" / "qemu-system-aarch64"
    if not Path(path).exists():
        raise MachineError(f"no QEMU at {path}: run make setup, or set QEMU")
    return str(path)


def configured(option):
    """Whether the image was built with that option."""
    return f"CONFIG_{option}=y" in (BUILD / ".config").read_text().splitlines()


class Machine:
    """One QEMU virt machine. Use as a context manager: the process never outlives the block."""

    def __init__(self, name, kernel=IMAGE, initrd=None, append=None, bios=None, cpu="cortex-a53", smp=4, mem="2G",
                 virtualization=True, limit=25, qmp=False, gic=3, extra=()):
        self.name = re.sub(r"[^\w.-]+", "_", name)
        self.limit = limit
        self.deadline = time.monotonic() + limit
        self.log_path = LOGS / f"{self.name}.log"
        self.socket_dir = tempfile.mkdtemp(prefix="fh-") if qmp else None
        virt = "on" if virtualization else "off"
        args = ["-machine", f"virt,virtualization={virt},gic-version={gic}", "-cpu", cpu, "-smp", str(smp), "-m", mem,
                "-display", "none", "-monitor", "none", "-serial", "stdio", "-nic", "none", "-no-reboot"]
        for flag, value in (("-kernel", kernel), ("-initrd", initrd), ("-append", append), ("-bios", bios)):
            if value is not None:
                args += [flag, str(value)]
        if qmp:
            args += ["-qmp", f"unix:{self.socket_dir}/qmp,server=on,wait=off"]
        # the outer limit holds even when this program is killed
        self.command = ["timeout", "-k", "2", str(limit + 5), qemu_binary(), *args, *extra]
        self.marks = 0
        self.child = None
        self.log = None

    def __enter__(self):
        LOGS.mkdir(parents=True, exist_ok=True)
        self.log = open(self.log_path, "w", encoding="utf-8", errors="replace", newline="")
        self.child = pexpect.spawn(self.command[0], self.command[1:], encoding="utf-8", codec_errors="replace",
                                   timeout=self.limit, echo=False, dimensions=(50, 200))
        self.child.logfile_read = self.log
        self.child.delaybeforesend = None
        return self

    def __exit__(self, *_):
        self.child.close(force=True)
        self.log.close()
        if self.socket_dir:
            shutil.rmtree(self.socket_dir, ignore_errors=True)

    def tail(self, lines=25):
        return "\n".join(self.console().splitlines()[-lines:])

    def console(self):
        """Everything printed so far, without colours and carriage returns."""
        self.log.flush()
        # bytes: a text read would make a line end of each carriage return
        text = self.log_path.read_bytes().decode("utf-8", "replace")
        return COLOR.sub("", text).replace("\r", "")

    def fail(self, what):
        raise MachineError(f"{self.name}: {what}\n--- last lines of {self.log_path} ---\n{self.tail()}")

    def expect(self, pattern, timeout=None, fatal=FATAL):
        """Waits for a regular expression; returns the match. Fails early on a panic or when QEMU ends."""
        left = max(0.1, self.deadline - time.monotonic())
        wait = left if timeout is None else min(timeout, left)
        patterns = [pattern] + ([fatal] if fatal else [])
        try:
            index = self.child.expect(patterns, timeout=wait)
        except pexpect.TIMEOUT:
            self.fail(f"'{pattern}' did not come in {wait:.0f} s")
        except pexpect.EOF:
            self.fail(f"QEMU ended while waiting for '{pattern}'")
        if index == 1:
            self.fail(f"'{self.child.match.group(0)}' while waiting for '{pattern}'")
        return self.child.match

    def send(self, text):
        self.child.send(text)

    def line(self, text):
        """Types a line, as a terminal does: carriage return at the end."""
        self.child.send(text + "\r")

    def focus(self, number):
        """Switches the console's input: 1 and on are domains, 0 is the monitor."""
        self.child.send(f"{PREFIX}{number}")

    def ask(self, text, pattern, timeout=20):
        self.send(text)
        return self.expect(pattern, timeout)

    def shell(self, command, timeout=20):
        """Types a command at the shell of the Linux domain in focus; returns what it printed, without what others
        printed meanwhile. The marks around it are computed by the shell, so the echo of the line is none."""
        self.marks += 1
        mark = 1000 + self.marks
        self.line(f"echo b$(({mark - 1}+1)); {command}; echo e$(({mark - 1}+1))")
        match = self.expect(rf"b{mark}\r*\n(.*?)e{mark}\r*\n", timeout)
        lines = COLOR.sub("", match.group(1)).replace("\r", "").split("\n")
        return "\n".join(line for line in lines if not OTHERS.match(line)).strip()

    def wait_end(self, timeout=None):
        """Waits until QEMU ends by itself; returns its exit code."""
        left = max(0.1, self.deadline - time.monotonic())
        try:
            self.child.expect(pexpect.EOF, timeout=left if timeout is None else min(timeout, left))
        except pexpect.TIMEOUT:
            self.fail("the machine did not end")
        self.child.close()
        return self.child.exitstatus

    def qmp(self, command):
        """One QMP command, on a connection of its own."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(10)
            link.connect(f"{self.socket_dir}/qmp")
            stream = link.makefile("rw")
            stream.readline()
            for word in ("qmp_capabilities", command):
                stream.write(json.dumps({"execute": word}) + "\n")
                stream.flush()
                while True:
                    answer = json.loads(stream.readline())
                    if "error" in answer:
                        self.fail(f"QMP {word}: {answer['error']}")
                    if "return" in answer:
                        break


TAP_LINE = re.compile(r"^(?:\[[\w-]+\] ?)?(ok|not ok)(?: \d+)? - (.*)$", re.M)
TAP_PLAN = re.compile(r"^(?:\[[\w-]+\] ?)?1\.\.(\d+)$", re.M)


def check_tap(text):
    """All cases of a TAP console are good and as many as planned. Returns the names of the cases."""
    text = COLOR.sub("", text).replace("\r", "")
    cases = TAP_LINE.findall(text)
    plan = TAP_PLAN.search(text)
    bad = [name for verdict, name in cases if verdict != "ok"]
    assert not bad, "failed in the guest: " + "; ".join(bad) + "\n" + "\n".join(
        line for line in text.splitlines() if line.startswith("# "))
    assert plan, "the guest printed no plan: it did not come to its end"
    assert int(plan.group(1)) == len(cases), f"{len(cases)} cases of {plan.group(1)} were printed"
    return [name for _, name in cases]


# ---- payloads ------------------------------------------------------------------------------------------------------

def newc(files, align=4096):
    """A newc cpio archive; own code because the tests also need damaged ones. align: of the files' data, 4 as cpio(1)
    does it, or more as fhpack does it, by zeros behind the name."""
    out = bytearray()

    def pad():
        out.extend(b"\0" * (-len(out) % 4))

    for number, (name, data) in enumerate(list(files.items()) + [("TRAILER!!!", b"")], 1):
        mode = 0 if name == "TRAILER!!!" else 0o100644
        zeros = 1 + (0 if align == 4 else -(len(out) + 110 + len(name) + 1) % align)
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + zeros, 0)
        out.extend(b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0" * zeros)
        pad()
        out.extend(data)
        pad()
    out.extend(b"\0" * (-len(out) % 512))
    return bytes(out)


def compile_dts(text, flags=()):
    """Compiles device tree source; -f and no checks, since the tests need trees that dtc finds odd."""
    done = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", *flags, "-"], input=text.encode(),
                          capture_output=True, check=False)
    if done.returncode:
        raise MachineError("dtc: " + done.stderr.decode())
    return done.stdout


def read_files(files):
    return {name: data if isinstance(data, bytes) else Path(data).read_bytes() for name, data in files.items()}


def write_payload(path, dts, files, align=4096):
    """A payload without fhpack's checks. dts: text or a compiled tree; files: name -> path or bytes. Where the image
    writes no trees, those of the text's domains come along."""
    if not configured("GUEST_TREE") and not isinstance(dts, bytes):
        dts, trees = own_trees.bring(dts)
        files = {**files, **{name: compile_dts(tree) for name, tree in trees.items()}}
    tree = dts if isinstance(dts, bytes) else compile_dts(dts)
    Path(path).write_bytes(newc({"freehold.dtb": tree, **read_files(files)}, align))
    return path


def pack(path, config, files, *options):
    """A payload as an integrator makes it, by fhpack. files: name -> path."""
    done = subprocess.run([str(FHPACK), "-c", str(config), "-o", str(path), *map(str, options),
                           *[f"{name}={file}" for name, file in files.items()]],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise MachineError(f"fhpack exits {done.returncode}: {done.stderr or done.stdout}")
    return path
