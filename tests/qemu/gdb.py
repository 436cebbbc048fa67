# SPDX-License-Identifier: MIT
"""The little of the GDB remote protocol that a test needs of QEMU's stub: where QEMU can't raise an exception, a CPU that
comes to one vector is sent to another one."""

import contextlib
import re
import socket

PC = 32


class Gdb:
    """Connecting stops the machine. Addresses are EL2's virtual ones."""

    def __init__(self, path):
        self.link = socket.socket(socket.AF_UNIX)
        self.link.settimeout(20)
        self.link.connect(str(path))

    def packet(self, text):
        self.link.sendall(f"${text}#{sum(text.encode()) & 0xff:02x}".encode())

    def answer(self):
        data = b""
        while not re.search(rb"\$[^#]*#..", data):
            part = self.link.recv(4096)
            if not part:
                raise ConnectionResetError("QEMU's gdb stub has closed")
            data += part
        self.link.sendall(b"+")
        return re.search(rb"\$([^#]*)#..", data).group(1).decode()

    def ask(self, text, want="OK"):
        self.packet(text)
        got = self.answer()
        assert re.match(want, got), f"{text}: {got}"
        return got

    def divert(self, here, there):
        """The CPU that comes `here` first goes on `there`; all others go on, too."""
        self.ask(f"Z1,{here:x},4")
        self.packet("c")
        thread = re.search(r"thread:([\w.]+)", self.answer()).group(1)
        self.ask(f"Hg{thread}")
        self.ask(f"P{PC:x}={there.to_bytes(8, 'little').hex()}")
        self.ask(f"z1,{here:x},4")
        with contextlib.suppress(OSError):  # the machine may end by it
            self.ask("D")
        self.link.close()
