# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What /proc tells of a process."""

import os
import re


def session(leader):
    """Processes (not zombies) of the session that this process led."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name) as f:
                fields = f.read().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[3]) == leader and fields[0] not in "ZX":
            found.append(int(name))
    return found


def status(pid):
    with open("/proc/%d/status" % pid) as f:
        return dict(line.rstrip("\n").split(":\t", 1) for line in f
                    if ":\t" in line)


def limits(pid):
    """Soft and hard limit by name, as text."""
    found = {}
    with open("/proc/%d/limits" % pid) as f:
        for line in f.readlines()[1:]:
            parts = re.split(r"  +", line.strip())
            found[parts[0]] = (parts[1], parts[2])
    return found


def _sockets():
    """Kind of each socket by its inode."""
    kinds = {}
    with open("/proc/net/unix") as f:
        for line in f.readlines()[1:]:
            kinds[line.split()[6]] = "unix"
    for name in ("tcp", "tcp6"):
        path = "/proc/net/" + name
        if not os.path.exists(path):
            continue
        with open(path) as f:
            for line in f.readlines()[1:]:
                fields = line.split()
                kinds[fields[9]] = ("listen" if fields[3] == "0A" else "tcp")
    return kinds


def descriptors(pid):
    """Kind of each open descriptor by its number."""
    kinds, sockets = {}, None
    for name in os.listdir("/proc/%d/fd" % pid):
        try:
            target = os.readlink("/proc/%d/fd/%s" % (pid, name))
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            sockets = sockets or _sockets()
            target = sockets.get(target[8:-1], "other socket")
        elif target.startswith("pipe:["):
            target = "pipe"
        kinds[int(name)] = target
    return kinds


class Mapping:
    def __init__(self, start, end, mode, name, flags):
        self.start, self.end = start, end
        self.mode, self.name, self.flags = mode, name, flags

    @property
    def dumped(self):
        """Whether a core dump would hold it."""
        return "dd" not in self.flags

    def __repr__(self):
        return "%x-%x %s %s" % (self.start, self.end, self.mode, self.name)


def mappings(pid):
    found = []
    with open("/proc/%d/smaps" % pid) as f:
        for line in f:
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *"
                            r"(.*)", line)
            if head:
                found.append(Mapping(int(head.group(1), 16),
                                     int(head.group(2), 16), head.group(3),
                                     head.group(4), ()))
            elif line.startswith("VmFlags:"):
                found[-1].flags = tuple(line.split()[1:])
    return found


def memory(pid, only=None):
    """(mapping, bytes) of all that can be read; None where it cannot.

    only: says of a mapping whether it is wanted.
    """
    with open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for mapping in mappings(pid):
            if mapping.name in ("[vvar]", "[vsyscall]", "[vvar_vclock]") or \
                    only is not None and not only(mapping):
                continue
            try:
                mem.seek(mapping.start)
                data = bytearray()
                while len(data) < mapping.end - mapping.start:
                    part = mem.read(mapping.end - mapping.start - len(data))
                    if not part:
                        break
                    data += part
            except (OSError, OverflowError):
                yield mapping, None
                continue
            yield mapping, bytes(data)
