# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What stands in for a service manager: the socket of sd_notify(3)."""

import os
import socket
import struct
import time

from lib.daemon import PATIENCE

CREDENTIALS = struct.Struct("3i")       # pid, uid, gid


class Manager:
    """Takes what a daemon tells it; the daemon finds it by `environment`."""

    def __init__(self, address, watchdog=None):
        self._path = None if address.startswith("\0") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.bind(address)
        if self._path is not None:
            os.chmod(self._path, 0o777)
        self.environment = {"NOTIFY_SOCKET": address.replace("\0", "@")}
        if watchdog is not None:
            self.environment["WATCHDOG_USEC"] = str(int(watchdog * 1e6))
        self.senders = set()            # process ids

    def next(self, patience=PATIENCE):
        """What is told next, as a dict; None where nothing is in time."""
        self._socket.settimeout(patience)
        try:
            data, ancillary, flags, _ = self._socket.recvmsg(
                4096, socket.CMSG_SPACE(CREDENTIALS.size))
        except (socket.timeout, BlockingIOError):
            return None
        assert not flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)
        for level, kind, body in ancillary:
            assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS)
            self.senders.add(CREDENTIALS.unpack(body)[0])
        lines = data.decode("ascii").split("\n")
        told = dict(line.split("=", 1) for line in lines)
        assert len(told) == len(lines), data
        return told

    def wait(self, name, patience=PATIENCE):
        """The next that has that variable; the others before it are gone."""
        until = time.monotonic() + patience
        while True:
            told = self.next(max(0.001, until - time.monotonic()))
            assert told is not None, "no %s" % name
            if name in told:
                return told

    def drain(self):
        """What is there already."""
        found = []
        while True:
            told = self.next(0)
            if told is None:
                return found
            found.append(told)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()
        if self._path is not None:
            os.unlink(self._path)
