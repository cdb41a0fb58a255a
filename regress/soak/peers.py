# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What the attackers share: where to, as whom, and connections by the
hundred."""

import collections
import contextlib
import functools
import os
import socket
import ssl
import time

from lib import httpclient
from soak.procs import pause
from soak.world import GREEDY

PATIENCE = 5.0
GONE = (OSError, ssl.SSLError, httpclient.Closed, AssertionError)

# Ports of signerd's clients, proxyd's clients and proxyd's signers; the
# authority; certificates by name.
Target = collections.namedtuple("Target", "direct proxied signers ca pairs")


@functools.lru_cache(None)
def tls(ca, pair):
    return httpclient.context(ca, pair)


def port(target, number):
    """Both daemons get the same."""
    return (target.direct, target.proxied)[number % 2]


def raw(target, number, where=None, patience=PATIENCE):
    """A socket from one of many addresses, to either daemon."""
    sock = socket.create_connection(
        ("127.0.0.1", where or port(target, number)), patience,
        ("127.0.1.%d" % (number % 250 + 1), 0))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def connect(target, number, name=GREEDY, where=None, patience=PATIENCE):
    """The same with TLS; name None: without a certificate."""
    sock = raw(target, number, where, patience)
    try:
        return tls(target.ca, name and target.pairs[name]).wrap_socket(
            sock, server_hostname="localhost")
    except BaseException:
        sock.close()
        raise


class Peer(httpclient.Connection):
    """An httpclient.Connection on such a socket."""

    def __init__(self, target, number, name=GREEDY):
        self.buffer = b""
        self.sock = connect(target, number, name)


def close(sock):
    with contextlib.suppress(OSError):
        sock.close()


class Held:
    """Sockets that are kept open; those that end are made anew.

    open_one(number) makes one; beat(sock, number) is called for each of them
    every `period` seconds.
    """

    def __init__(self, stopped, count, open_one, beat, period):
        self.stopped = stopped
        self.count = count
        self.open_one = open_one
        self.beat = beat
        self.period = period
        self.socks = {}
        self.opened = 0

    def _refill(self):
        for slot in range(self.count):
            if slot in self.socks:
                continue
            if self.stopped():
                return
            try:
                self.socks[slot] = self.open_one(slot)
                self.opened += 1
            except GONE:
                pass

    def _beat(self):
        for slot, sock in list(self.socks.items()):
            if self.stopped():
                return
            try:
                self.beat(sock, slot)
            except (BlockingIOError, ssl.SSLWantReadError,
                    ssl.SSLWantWriteError):
                pass
            except GONE:
                close(self.socks.pop(slot))

    def run(self, tally):
        while not self.stopped():
            began = time.monotonic()
            self._refill()
            tally.value = self.opened
            self._beat()
            pause(max(0.01, self.period - (time.monotonic() - began)))
        for sock in self.socks.values():
            close(sock)


def waiting(target, number, first, name=GREEDY):
    """TLS, a first piece sent, and from then on no call waits."""
    sock = connect(target, number, name)
    sock.sendall(first)
    sock.setblocking(False)
    return sock


def garbage(size):
    return os.urandom(size)
