# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A client of HTTP/1.1 over mutual TLS that takes nothing on trust."""

import json
import re
import select
import socket
import ssl
import time

from lib import eth

STATUS = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) [ -~]*")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([ -~]*)")
PATIENCE = 60.0     # seconds, for what should come at once


class Closed(Exception):
    """The connection ended before an answer was complete."""


class Response:
    def __init__(self, status, fields, body):
        self.status = status
        self.fields = fields
        self.body = body

    def field(self, name):
        found = [v for k, v in self.fields if k.lower() == name.lower()]
        if len(found) > 1:
            raise AssertionError("repeated field " + name)
        return found[0] if found else None

    @property
    def closes(self):
        return (self.field("Connection") or "").lower() == "close"

    def json(self):
        assert self.field("Content-Type") == "application/json", self
        assert self.body.endswith(b"\n"), self.body[-80:]
        return json.loads(self.body)

    def result(self):
        """The answer's result; its absence is the test's failure."""
        assert self.status == 200, self
        answer = self.json()
        assert "result" in answer and "error" not in answer, answer
        return answer["result"]

    def error(self):
        assert self.status == 200, self
        answer = self.json()
        assert "error" in answer and "result" not in answer, answer
        return answer["error"]["code"], answer["error"]["message"]

    def __repr__(self):
        return "<%d %r %r>" % (self.status, self.fields, self.body[:400])


def context(ca, pair=None, highest=ssl.TLSVersion.TLSv1_3,
            lowest=ssl.TLSVersion.TLSv1_3):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = lowest
    made.maximum_version = highest
    made.load_verify_locations(ca)
    if pair is not None:
        made.load_cert_chain(*pair)
    return made


def request(method="POST", path="/", body=b"", fields=None, json=True,
            version="1.1"):
    """Bytes of a request; fields are (name, value), after the usual ones."""
    lines = ["%s %s HTTP/%s" % (method, path, version), "Host: localhost"]
    if json:
        lines.append("Content-Type: application/json")
    if body or method == "POST":
        lines.append("Content-Length: %d" % len(body))
    lines += ["%s: %s" % field for field in fields or ()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Connection:
    """TLS connection to a port of this machine, with a buffer to parse."""

    def __init__(self, port, tls, host="127.0.0.1", patience=PATIENCE):
        self.buffer = b""
        self.raw = socket.create_connection((host, port), patience)
        self.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = None
        try:
            self.sock = tls.wrap_socket(self.raw, server_hostname="localhost",
                                        suppress_ragged_eofs=False)
        except BaseException:
            self.raw.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.sock is not None:
            self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def send_until_answered(self, data, piece=65536):
        """Sends until all is sent or an answer comes; the bytes sent."""
        sent = 0
        while sent < len(data) and not self._heard():
            try:
                self.sock.sendall(data[sent:sent + piece])
            except (OSError, ssl.SSLError):
                break
            sent += len(data[sent:sent + piece])
        return sent

    def _heard(self):
        """Takes what is there already, without waiting."""
        patience = self.sock.gettimeout()
        self.sock.settimeout(0)
        try:
            self._more()
        except (ssl.SSLWantReadError, Closed):
            pass
        finally:
            self.sock.settimeout(patience)
        return bool(self.buffer)

    # ---- reading ---------------------------------------------------------

    def _more(self):
        try:
            data = self.sock.recv(65536)
        except (ssl.SSLWantReadError, TimeoutError):
            raise
        except OSError as e:
            raise Closed(repr(e)) from e
        if not data:
            raise Closed("close_notify, %r left" % self.buffer[:200])
        self.buffer += data

    def _line(self):
        while b"\r\n" not in self.buffer:
            assert len(self.buffer) < 65536, "endless header"
            self._more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        assert b"\n" not in line and b"\r" not in line, line
        return line

    def read_response(self, head=False):
        match = STATUS.fullmatch(self._line())
        assert match, "not a status line"
        status, fields = int(match.group(1)), []
        while True:
            line = self._line()
            if not line:
                break
            match = FIELD.fullmatch(line)
            assert match, line
            fields.append((match.group(1).decode(), match.group(2).decode()))
        response = Response(status, fields, b"")
        if status == 100:
            return response
        length = response.field("Content-Length")
        assert length is not None and re.fullmatch("0|[1-9][0-9]*", length)
        if not head:
            response.body = self.read_exactly(int(length))
        return response

    def read_exactly(self, length):
        parts, have = [self.buffer], len(self.buffer)
        while have < length:
            self.buffer = b""
            self._more()
            parts.append(self.buffer)
            have += len(self.buffer)
        whole = b"".join(parts)
        self.buffer = whole[length:]
        return whole[:length]

    def exchange(self, *arguments, **named):
        self.send(request(*arguments, **named))
        method = arguments[0] if arguments else named.get("method", "POST")
        return self.read_response(head=method == "HEAD")

    def rpc(self, message, **named):
        return self.exchange(body=eth.encode(message), **named)

    def quiet(self):
        """Whether no byte has come that was not read yet."""
        return not self._heard()

    def answers_so_far(self):
        """How many have come, roughly, of those that nobody read yet."""
        before = -1
        while len(self.buffer) > before:
            before = len(self.buffer)
            self._heard()
        return self.buffer.count(b"HTTP/1.1 ")

    def wait_close(self, patience=PATIENCE):
        """Reads to the end: what still came, and the seconds it took."""
        began = time.monotonic()
        self.sock.settimeout(patience)
        try:
            while True:
                self._more()
        except Closed:
            pass
        left, self.buffer = self.buffer, b""
        return left, time.monotonic() - began

    @property
    def orderly(self):
        """The peer says that it is through (close_notify), and no more."""
        try:
            return self.sock.recv(1) == b""
        except TimeoutError:
            raise
        except OSError:
            return False
