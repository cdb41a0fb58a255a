# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A name server on loopback UDP that answers as it is told."""

import ipaddress
import socket
import struct
import threading

A, AAAA = 1, 28
NXDOMAIN, NODATA, SERVFAIL, REFUSED, SILENT, TRUNCATED, GARBAGE = (
    "nxdomain", "nodata", "servfail", "refused", "silent", "truncated",
    "garbage")
CODES = {NXDOMAIN: 3, NODATA: 0, SERVFAIL: 2, REFUSED: 5, TRUNCATED: 0}
HEADER = struct.Struct(">HHHHHH")
PATIENCE = 60.0


def question(packet):
    """Name, type, and where the question ends."""
    labels, at = [], HEADER.size
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode("latin-1"))
        at += 1 + packet[at]
    kind, _ = struct.unpack_from(">HH", packet, at + 1)
    return ".".join(labels), kind, at + 5


def answer(packet, what):
    """The packet that says so; what is a word of above or addresses."""
    ident = packet[:2]
    name, kind, end = question(packet)
    asked = packet[HEADER.size:end]
    if what == GARBAGE:
        return ident + b"\x81\x80" + b"\xff" * 40
    records = []
    if not isinstance(what, str):
        records = [b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 60,
                                             len(each.packed)) + each.packed
                   for each in map(ipaddress.ip_address, what)]
    flags = 0x8180 | (CODES[what] if isinstance(what, str) else 0)
    if what == TRUNCATED:
        flags |= 0x0200
    return ident + HEADER.pack(0, flags, 1, len(records), 0, 0)[2:] + \
        asked + b"".join(records)


class After:
    """Answered right after the next question's answer."""

    def __init__(self, what):
        self.what = what


class Server:
    """names: for each name what A and what AAAA are answered; for others
    it is NXDOMAIN.  May be changed at any time."""

    def __init__(self, names=None, family=socket.AF_INET):
        self.names = dict(names or {})
        self.asked = []             # (name in lower case, type)
        self.held = []              # packets that were answered by silence
        self._lock = threading.Lock()
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1" if family == socket.AF_INET else "::1",
                          0))
        self.port = self.socket.getsockname()[1]
        self.address = ("127.0.0.1:%d" if family == socket.AF_INET else
                        "[::1]:%d") % self.port
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def conf(self):
        """A line of resolv.conf."""
        host, _, port = self.address.rpartition(":")
        return b"nameserver [%s]:%s\n" % (host.strip("[]").encode(),
                                          port.encode())

    def _serve(self):
        later = []
        while True:
            packet, peer = self.socket.recvfrom(4096)
            if packet == b"end":
                return
            name, kind, _ = question(packet)
            name = name.lower()
            what = self.names.get(name, {}).get(kind, NXDOMAIN if
                                                name not in self.names
                                                else NODATA)
            with self._lock:
                if what == SILENT:
                    self.held.append((packet, peer))
                self.asked.append((name, kind))
            if isinstance(what, After):
                later.append((packet, peer, what.what))
                continue
            if what != SILENT:
                self.socket.sendto(answer(packet, what), peer)
            for packet, peer, what in later:
                self.socket.sendto(answer(packet, what), peer)
            later.clear()

    def release(self, what):
        """Answers what was held, at last."""
        with self._lock:
            held, self.held = self.held, []
        for packet, peer in held:
            self.socket.sendto(answer(packet, what), peer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with socket.socket(self.socket.family, socket.SOCK_DGRAM) as s:
            s.sendto(b"end", self.socket.getsockname())
        self._thread.join(PATIENCE)
        self.socket.close()
