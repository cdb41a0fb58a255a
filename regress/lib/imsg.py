# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""imsg framing on a socketpair, from the side that may lie."""

import array
import socket
import struct

HEADER = struct.Struct("=IIII")     # type, length with header, peerid, pid
FD_MARK = 0x80000000
PATIENCE = 60.0


def frame(kind, payload=b"", length=None, peer=0, pid=0):
    """A message; length, where given, is what the header says instead."""
    if length is None:
        length = HEADER.size + len(payload)
    return HEADER.pack(kind, length & 0xffffffff, peer, pid) + payload


class Channel:
    """One end of a pair; `far` is the other one, to be given away."""

    def __init__(self):
        self.near, self.far = socket.socketpair()
        self.far.setblocking(False)
        self.near.settimeout(PATIENCE)
        self.buffer = b""

    @classmethod
    def inherited(cls, descriptor):
        """The end that a process was started with."""
        made = cls.__new__(cls)
        made.near, made.far = socket.socket(fileno=descriptor), None
        made.near.settimeout(PATIENCE)
        made.buffer = b""
        return made

    def close(self):
        self.near.close()
        if self.far is not None:
            self.far.close()

    def gave_away(self):
        self.far.close()
        self.far = None

    def send(self, data):
        self.near.sendall(data)

    def send_with(self, data, descriptors):
        """The descriptors go with the first byte, as imsg has it."""
        self.near.sendmsg([data], [(
            socket.SOL_SOCKET, socket.SCM_RIGHTS,
            array.array("i", descriptors))])

    def send_what_fits(self, data):
        """Bytes that were taken without waiting."""
        self.near.setblocking(False)
        sent = 0
        try:
            while sent < len(data):
                sent += self.near.send(data[sent:sent + 65536])
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass
        finally:
            self.near.settimeout(PATIENCE)
        return sent

    def read(self):
        """The next message as (type, payload); None at the end."""
        while True:
            if len(self.buffer) >= HEADER.size:
                kind, length, _, _ = HEADER.unpack_from(self.buffer)
                length &= ~FD_MARK
                assert length >= HEADER.size
                if len(self.buffer) >= length:
                    payload = self.buffer[HEADER.size:length]
                    self.buffer = self.buffer[length:]
                    return kind, payload
            try:
                data = self.near.recv(1 << 16)
            except ConnectionResetError:
                return None
            if not data:
                assert not self.buffer, "half a message at the end"
                return None
            self.buffer += data

    def read_all(self, count):
        """The next messages, fast: as read(), but None for the end is the
        last one of fewer."""
        found, at = [], 0
        while len(found) < count:
            size = len(self.buffer)
            while len(found) < count and size - at >= HEADER.size:
                kind, length, _, _ = HEADER.unpack_from(self.buffer, at)
                length &= ~FD_MARK
                assert length >= HEADER.size
                if size - at < length:
                    break
                found.append((kind, self.buffer[at + HEADER.size:
                                                at + length]))
                at += length
            if len(found) == count:
                break
            self.buffer, at = self.buffer[at:], 0
            try:
                data = self.near.recv(1 << 18)
            except ConnectionResetError:
                data = b""
            if not data:
                return found + [None]
            self.buffer += data
        self.buffer = self.buffer[at:]
        return found
