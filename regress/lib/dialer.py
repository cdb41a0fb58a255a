# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The real dialer, with the test in its parent's and the link process'
place; signerd/dialmsg.h written and read independently of it."""

import array
import os
import select
import socket
import struct
import time

from lib import childproc, daemon, imsg

LOG = 1
(CONFIG, ENDPOINT, CHANNEL, START, READY, NEEDFILES, RESOLVCONF, HOSTS,
 CONNECT, CANCEL, CONNECTED, FAILED) = range(0x400, 0x40c)


def string(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return bytes([len(raw)]) + raw


def config(timeout, nameservers=()):
    return struct.pack(">II", timeout, len(nameservers)) + b"".join(
        map(string, nameservers))


def endpoint(index, host, port):
    return struct.pack(">IH", index, port) + string(host)


def request(index, cookie):
    return struct.pack(">II", index, cookie)


class FdChannel(imsg.Channel):
    """One that keeps the descriptors that come."""

    def __init__(self):
        super().__init__()
        self.descriptors = []

    def pull(self):
        """Takes what there is, once; False at the end."""
        data, ancillary, _, _ = self.near.recvmsg(
            1 << 16, socket.CMSG_SPACE(64 * 4), socket.MSG_CMSG_CLOEXEC)
        for _, _, raw in ancillary:
            fds = array.array("i")
            fds.frombytes(raw)
            self.descriptors += fds
        self.buffer += data
        return bool(data)

    def next(self):
        """(type, payload, descriptor or None), or None: nothing whole."""
        if self.next_is_missing():
            return None
        kind, length, _, _ = imsg.HEADER.unpack_from(self.buffer)
        marked = length & imsg.FD_MARK
        length &= ~imsg.FD_MARK
        payload = self.buffer[imsg.HEADER.size:length]
        self.buffer = self.buffer[length:]
        return kind, payload, self.descriptors.pop(0) if marked else None

    def next_is_missing(self):
        """Whether no whole message is there."""
        if len(self.buffer) < imsg.HEADER.size:
            return True
        length = imsg.HEADER.unpack_from(self.buffer)[1] & ~imsg.FD_MARK
        return len(self.buffer) < length


class Answer:
    """Of the dialer to the link process."""

    def __init__(self, kind, payload, descriptor):
        assert kind in (CONNECTED, FAILED), hex(kind)
        self.index, self.cookie, size = struct.unpack_from(">IIB", payload)
        self.text = payload[9:].decode()
        assert len(payload) == 9 + size and size
        self.connected = kind == CONNECTED
        assert (descriptor is not None) == self.connected
        self.socket = None
        if self.connected:
            self.socket = socket.socket(fileno=descriptor)

    def __repr__(self):
        return "%s %d %d %s" % ("connected" if self.connected else "failed",
                                self.index, self.cookie, self.text)


class Dialer(childproc.Child):
    """A dialer that was started; used as a context it must end well."""

    def __init__(self, site, endpoints, timeout=60000, nameservers=(),
                 resolv=None, hosts=None):
        super().__init__(site, "dialer", parent=FdChannel())
        self.link = FdChannel()
        self.resolv, self.hosts = resolv, hosts     # bytes; None: no file
        self.needfiles = 0
        self.withhold = False       # the parent does not answer
        self.tell(CONFIG, config(timeout, nameservers))
        for index, (host, port) in enumerate(endpoints):
            self.tell(ENDPOINT, endpoint(index, host, port))

    # ---- as the parent ---------------------------------------------------

    def start(self):
        self.tell(CHANNEL, b"", self.link.far.fileno())
        self.link.gave_away()
        self.tell(START)
        while True:
            message = self.hear()
            if message is None or message[0] != LOG:
                break
            self.log.append(message[1])
        assert message and message[0] == READY, message
        return self

    def hear(self):
        """The next message to the parent; None at the end."""
        while True:
            message = self.parent.next()
            if message is not None:
                return message
            try:
                if not self.parent.pull():
                    return None
            except ConnectionResetError:
                return None

    def send_file(self, kind, content):
        if content is None:
            self.tell(kind)
            return
        fd = os.memfd_create("test")
        try:
            os.write(fd, content)
            os.lseek(fd, 0, os.SEEK_SET)
            self.tell(kind, b"", fd)
        finally:
            os.close(fd)

    def send_files(self):
        self.send_file(RESOLVCONF, self.resolv)
        self.send_file(HOSTS, self.hosts)

    def _serve_parent(self):
        assert self.parent.pull(), "the dialer has gone"
        while True:
            message = self.parent.next()
            if message is None:
                return
            if message[0] == LOG:
                self.log.append(message[1])
                continue
            assert message == (NEEDFILES, b"", None), message
            self.needfiles += 1
            if not self.withhold:
                self.send_files()

    # ---- as the link process ---------------------------------------------

    def ask(self, kind, index, cookie):
        self.link.send(imsg.frame(kind, request(index, cookie)))

    def connect(self, index=0, cookie=1):
        self.ask(CONNECT, index, cookie)

    def serve(self, until):
        """The parent's duties alone, until that is so."""
        end = time.monotonic() + daemon.PATIENCE
        while not until():
            assert time.monotonic() < end, "it does not come"
            if select.select([self.parent.near], [], [], 0.02)[0]:
                self._serve_parent()

    def answer(self):
        """The next answer, while the parent's duties are done."""
        end = time.monotonic() + daemon.PATIENCE
        while True:
            message = self.link.next()
            if message is not None:
                return Answer(*message)
            assert time.monotonic() < end, "no answer"
            ready, _, _ = select.select(
                [self.parent.near, self.link.near], [], [], 1)
            if self.parent.near in ready:
                self._serve_parent()
            if self.link.near in ready:
                assert self.link.pull(), "the dialer has gone"

    def dial(self, index=0, cookie=1):
        """One attempt: its answer, and the seconds that it took."""
        begun = time.monotonic()
        self.connect(index, cookie)
        got = self.answer()
        assert (got.index, got.cookie) == (index, cookie), got
        return got, time.monotonic() - begun

    # ---- ending ----------------------------------------------------------

    def close(self):
        super().close()
        self.link.close()

    def __enter__(self):
        return self.start()
