# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Daemons whose calls fail when a test wants them to (regress/faults)."""

import errno
import mmap
import os
import shutil
import struct
import tempfile

from lib import daemon

# As struct fault_map of regress/faults/faults.h has it.
HEAD = struct.Struct("II")
PLAN = struct.Struct("16sQQQQiHHQ")
MAGIC = 0x746c6166
ROOM = HEAD.size + 128 * PLAN.size
INTR, AGAIN, LESS = 1, 2, 4
SHORT = -1              # instead of errno: one byte and no more
FOREVER = 2 ** 32
SIGNERD = ("signerd", "keyd", "frontend", "dialer", "link")
PROXYD = ("proxyd", "relay")


def name_of(error):
    return "SHORT" if error == SHORT else errno.errorcode[error]


class Call:
    """One call of one program: its counters, and what is to become of it."""

    def __init__(self, area, offset):
        self._area, self._offset = area, offset

    def _get(self, index):
        return PLAN.unpack_from(self._area, self._offset)[index]

    def _set(self, offset, form, value):
        struct.pack_into("=" + form, self._area, self._offset + offset,
                         value)

    count = property(lambda self: self._get(1))
    failed = property(lambda self: self._get(2))

    def arm(self, error, n=1, times=1):
        """The n'th from now on fails, and those after it."""
        self._set(40, "Q", 0)
        self._set(48, "i", error)
        self._set(32, "Q", self.count + n)
        self._set(40, "Q", times)

    def at_random(self, odds, seed, kinds):
        """odds: in 256; kinds: a sum of INTR, AGAIN and LESS."""
        self._set(56, "Q", seed * 0x9e3779b97f4a7c15 % 2 ** 64 or 1)
        self._set(54, "H", kinds)
        self._set(52, "H", odds)

    def disarm(self):
        self._set(40, "Q", 0)
        self._set(52, "H", 0)


class Faults:
    """The calls of one program, by name, as soon as it has started once."""

    def __init__(self, path):
        with open(path, "wb") as f:
            f.truncate(ROOM)
        with open(path, "r+b") as f:
            self._area = mmap.mmap(f.fileno(), ROOM)
        self._calls = {}

    def __getitem__(self, name):
        return self.calls()[name]

    def calls(self):
        if not self._calls:
            magic, n = HEAD.unpack_from(self._area, 0)
            assert magic == MAGIC, "not a program for fault tests"
            for i in range(n):
                at = HEAD.size + i * PLAN.size
                name = PLAN.unpack_from(self._area, at)[0]
                self._calls[name.rstrip(b"\0").decode()] = Call(self._area,
                                                                at)
        return self._calls

    def disarm(self):
        for call in self.calls().values():
            call.disarm()


class Place:
    """A directory of programs; as -x it has the daemons start these."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="faults-", dir=daemon.BUILD)
        os.chmod(self.directory, 0o755)
        self.faults = {}
        for name in SIGNERD + PROXYD:
            os.link(os.path.join(daemon.BUILD, "regress", name + "-fault"),
                    self.program(name))
            self.faults[name] = Faults(self.program(name) + ".faults")

    def program(self, name):
        return os.path.join(self.directory, name)

    def __getitem__(self, name):
        return self.faults[name]

    def disarm(self, *names):
        for name in names or self.faults:
            self.faults[name].disarm()

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)
