# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""One end of a websocket (RFC 6455) on TLS, every byte under control.

What comes is judged strictly: a breach of the protocol is an AssertionError.
What is sent is whatever the test wants.
"""

import base64
import collections
import hashlib
import os
import re
import select
import socket
import ssl
import struct
import threading
import time

from lib import eth
from lib.httpclient import FIELD, PATIENCE

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CODES = set(range(1000, 1004)) | set(range(1007, 1015)) | \
    set(range(3000, 5000))
STATUS = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) [ -~]*")
LARGEST = 1 << 25           # bytes of a message, from the peer


class Ended(Exception):
    """The websocket is over: code and reason of the peer's close frame; the
    code is None where none came.  `how` says it in words."""

    def __init__(self, code, reason, how):
        super().__init__("%s %s %s" % (code, reason, how))
        self.code = code
        self.reason = reason
        self.how = how


Frame = collections.namedtuple("Frame", "opcode payload fin masked")
Head = collections.namedtuple("Head", "first fields")


def field(head, name):
    """Its only value, or None."""
    found = [v for k, v in head.fields if k.lower() == name.lower()]
    assert len(found) < 2, "repeated field " + name
    return found[0] if found else None


def accept_for(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()
                            ).decode()


class Stream:
    """TLS that one thread reads and any may write; who waits holds no lock.

    A stream that a thread reads is ended with end(); that thread closes it.
    """

    def __init__(self, sock):
        self.sock = sock
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.settimeout(0)
        self.buffer = b""
        self._tls = threading.Lock()
        self._turn = threading.Lock()
        self._may_read = threading.Event()
        self._may_read.set()

    def _wait(self, what, until):
        poll = select.poll()
        poll.register(self.sock, what)
        left = None if until is None else until - time.monotonic()
        if left is not None and (left <= 0 or not poll.poll(left * 1000)):
            raise TimeoutError("nothing %s in time" % (
                "came" if what == select.POLLIN else "was taken"))
        if left is None:
            poll.poll()

    def _try(self, function, *arguments):
        """None: it has to wait."""
        try:
            with self._tls:
                return function(*arguments)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except (OSError, ValueError) as e:
            raise Ended(None, "", repr(e)) from e

    def send(self, data, patience=PATIENCE):
        until = time.monotonic() + patience
        view = memoryview(data)
        with self._turn:
            while view:
                sent = self._try(self.sock.send, view[:65536])
                if sent:
                    view = view[sent:]
                else:
                    self._guarded(select.POLLOUT, until)

    def _guarded(self, what, until):
        try:
            self._wait(what, until)
        except ValueError as e:         # closed meanwhile
            raise Ended(None, "", repr(e)) from e

    def _receive(self):
        if not self._may_read.is_set():     # since the wait
            raise ssl.SSLWantReadError
        return self.sock.recv(65536)

    def more(self, patience=PATIENCE):
        """Adds to the buffer.  patience None: however long it takes."""
        until = None if patience is None else time.monotonic() + patience
        while True:
            self._may_read.wait()
            data = self._try(self._receive)
            if data is not None:
                break
            self._guarded(select.POLLIN, until)
        if not data:
            raise Ended(None, "", "closed without a close frame")
        self.buffer += data

    def line(self, patience=PATIENCE):
        while b"\r\n" not in self.buffer:
            assert len(self.buffer) < 65536, "endless header"
            self.more(patience)
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        assert b"\n" not in line and b"\r" not in line, line
        return line

    def exactly(self, length, patience=PATIENCE):
        parts, have = [self.buffer], len(self.buffer)
        while have < length:
            self.buffer = b""
            self.more(patience)
            parts.append(self.buffer)
            have += len(self.buffer)
        whole = b"".join(parts)
        self.buffer = whole[length:]
        return whole[:length]

    def head(self, patience=PATIENCE):
        """First line and fields of an HTTP message."""
        first, fields = self.line(patience), []
        while True:
            line = self.line(patience)
            if not line:
                return Head(first, fields)
            match = FIELD.fullmatch(line)
            assert match, line
            fields.append((match.group(1).decode(), match.group(2).decode()))

    # ---- being slow, rude or gone ----------------------------------------

    def pause(self):
        """Reads no more until resume()."""
        with self._tls:
            self._may_read.clear()

    def resume(self):
        self._may_read.set()

    def half_close(self):
        """Says that it says no more: close_notify and FIN."""
        try:
            with self._tls:
                self.sock._sslobj.shutdown()
        except (ssl.SSLError, OSError):
            pass                # the other side's has not come yet
        socket.socket.shutdown(self.sock, socket.SHUT_WR)

    def end(self, reset=False):
        """Gone without a word; whoever reads wakes up."""
        self.resume()
        try:
            if reset:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                     struct.pack("ii", 1, 0))
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self):
        with self._tls:
            self.sock.close()


class Endpoint:
    """After the opening handshake.  server: which of the two this one is."""

    def __init__(self, stream, server):
        self.stream = stream
        self.server = server
        self.answers_pings = True
        self.said_close = False
        self.head = None            # of the other side's handshake
        self._parts = None          # opcode and pieces of a message

    # ---- sending ---------------------------------------------------------

    def frame(self, opcode, payload=b"", fin=True, mask=None, rsv=0,
              form=None, announce=None):
        """Bytes of a frame.  mask: True, False, four bytes, or None for what
        the role demands; form: 16 or 64 bits of length where fewer would
        do; announce: a length that it does not have."""
        length = len(payload) if announce is None else announce
        mask = not self.server if mask is None else mask
        head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
        bit = 0x80 if mask else 0
        if form == 64 or form is None and length > 65535:
            head += bytes([bit | 127]) + struct.pack(">Q", length)
        elif form == 16 or form is None and length > 125:
            head += bytes([bit | 126]) + struct.pack(">H", length)
        else:
            head += bytes([bit | length])
        if mask:
            key = os.urandom(4) if mask is True else mask
            head, payload = head + key, masked(payload, key)
        return head + payload

    def send_frame(self, opcode, payload=b"", **named):
        self.stream.send(self.frame(opcode, payload, **named))

    def send(self, message):
        """A text message: bytes as they are, else as JSON."""
        if not isinstance(message, (bytes, bytearray)):
            message = eth.encode(message)
        self.send_frame(TEXT, message)

    def send_fragments(self, message, size, between=b""):
        """The same in pieces of that size, with bytes between them."""
        if not isinstance(message, (bytes, bytearray)):
            message = eth.encode(message)
        pieces = [message[i:i + size] for i in range(0, len(message), size)]
        for i, piece in enumerate(pieces):
            self.stream.send(self.frame(
                CONTINUATION if i else TEXT, piece,
                fin=i == len(pieces) - 1) + (
                    between if i < len(pieces) - 1 else b""))

    def ping(self, data=b""):
        self.send_frame(PING, data)

    def send_close(self, code=1000, reason=""):
        self.said_close = True
        self.send_frame(CLOSE, b"" if code is None else
                        struct.pack(">H", code) + reason.encode())

    # ---- receiving -------------------------------------------------------

    def read_frame(self, patience=PATIENCE):
        first, second = self.stream.exactly(2, patience)
        opcode, length = first & 15, second & 127
        assert not first & 0x70, "reserved bits"
        assert bool(second & 0x80) == self.server, "masked against its role"
        if length == 126:
            length, = struct.unpack(">H", self.stream.exactly(2))
            assert length > 125, "length not in its shortest form"
        elif length == 127:
            length, = struct.unpack(">Q", self.stream.exactly(8))
            assert length > 65535, "length not in its shortest form"
        assert length < LARGEST, "a frame of %d bytes" % length
        key = self.stream.exactly(4) if self.server else None
        payload = self.stream.exactly(length)
        frame = Frame(opcode, payload if key is None else
                      masked(payload, key), bool(first & 0x80), key)
        if opcode >= CLOSE:
            assert opcode in (CLOSE, PING, PONG), opcode
            assert frame.fin and length < 126, "control frame"
        return frame

    def take(self, frame):
        """What the frame ends: a message, or None.  Raises Ended."""
        if frame.opcode == CLOSE:
            self._closed(frame.payload)
        if frame.opcode == PING and self.answers_pings:
            self.send_frame(PONG, frame.payload)
        if frame.opcode in (PING, PONG):
            return None
        assert frame.opcode <= BINARY, "opcode %d" % frame.opcode
        assert (frame.opcode == CONTINUATION) == (self._parts is not None), \
            "fragments in disorder"
        if self._parts is None:
            assert frame.opcode == TEXT, "a binary message"
            self._parts = []
        self._parts.append(frame.payload)
        if not frame.fin:
            return None
        message, self._parts = b"".join(self._parts), None
        message.decode("utf-8")
        return message

    def _closed(self, payload):
        code, reason = 1005, ""
        if payload:
            assert len(payload) != 1, "a close frame of one byte"
            code, = struct.unpack(">H", payload[:2])
            assert code in CODES, "code %d" % code
            reason = payload[2:].decode("utf-8")
        if not self.said_close:
            try:
                self.send_close(None if code == 1005 else code)
            except (Ended, TimeoutError):
                pass
        raise Ended(code, reason, "close frame")

    def read(self, patience=PATIENCE):
        """The next message; pings are answered on the way."""
        while True:
            message = self.take(self.read_frame(patience))
            if message is not None:
                return message

    def wait_end(self, patience=PATIENCE):
        """Reads to the end: Ended, with what came of a close frame."""
        try:
            while True:
                self.read(patience)
        except Ended as e:
            return e


def masked(data, key):
    """Each byte combined with the key's; the same again takes it off."""
    size = len(data)
    if not size:
        return b""
    whole = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(data, "big") ^
            int.from_bytes(whole, "big")).to_bytes(size, "big")


# ---- opening handshake ---------------------------------------------------


def connect(port, tls, path="/ws", server_hostname="localhost",
            host="127.0.0.1", fields=()):
    """A client's end; more fields for the request where given."""
    raw = socket.create_connection((host, port), PATIENCE)
    try:
        stream = Stream(tls.wrap_socket(raw, suppress_ragged_eofs=False,
                                        server_hostname=server_hostname))
    except BaseException:
        raw.close()
        raise
    try:
        return upgrade(stream, path, fields)
    except BaseException:
        stream.close()
        raise


class NotUpgraded(Exception):
    """The answer was another status than 101: it, and the Head."""


def upgrade(stream, path="/ws", fields=()):
    key = base64.b64encode(os.urandom(16)).decode()
    lines = ["GET %s HTTP/1.1" % path, "Host: localhost",
             "Upgrade: websocket", "Connection: Upgrade",
             "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + key]
    lines += ["%s: %s" % each for each in fields]
    stream.send("\r\n".join(lines + ["", ""]).encode())
    head = stream.head()
    match = STATUS.fullmatch(head.first)
    assert match, head.first
    if match.group(1) != b"101":
        raise NotUpgraded(int(match.group(1)), head)
    assert field(head, "Upgrade").lower() == "websocket", head
    assert field(head, "Connection").lower() == "upgrade", head
    assert field(head, "Sec-WebSocket-Accept") == accept_for(key), head
    for name in ("Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"):
        assert field(head, name) is None, head
    endpoint = Endpoint(stream, server=False)
    endpoint.head = head
    return endpoint


def read_request(stream):
    """A signer's request for a websocket: its path, and the Head."""
    head = stream.head()
    words = head.first.split(b" ")
    assert len(words) == 3 and words[0] == b"GET", head.first
    assert words[2] == b"HTTP/1.1", head.first
    assert field(head, "Host"), head
    assert field(head, "Upgrade").lower() == "websocket", head
    assert "upgrade" in field(head, "Connection").lower(), head
    assert field(head, "Sec-WebSocket-Version") == "13", head
    key = field(head, "Sec-WebSocket-Key")
    assert len(base64.b64decode(key, validate=True)) == 16, head
    for name in ("Origin", "Sec-WebSocket-Extensions",
                 "Sec-WebSocket-Protocol"):
        assert field(head, name) is None, head
    return words[1].decode(), head


def serve(stream, head):
    """Answers such a request: a server's end."""
    stream.send(("HTTP/1.1 101 Switching Protocols\r\n"
                 "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: %s\r\n\r\n" %
                 accept_for(field(head, "Sec-WebSocket-Key"))).encode())
    endpoint = Endpoint(stream, server=True)
    endpoint.head = head
    return endpoint
