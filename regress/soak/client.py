# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A client that behaves: one request after the other, each answer checked.

It runs in a process of its own, for as long as the soak does, and reports at
the end of each phase.  A request counts as answered when its signature is
there and is by the right key; a bare 503 is asked again, as clients do.
"""

import array
import json
import select
import socket
import ssl
import time

from lib import eth, ethkey, httpclient, rlp
from lib.keccak import keccak256
from lib.recover import Recovery
from soak import procs

JOBS = 64               # requests, made in advance; each fourth transfers
PATIENCE = 15.0         # seconds for one answer, of one try
AGAIN = 0.02            # seconds until a request is made again
GIVE_UP = 20.0          # seconds for all tries of one request


class Wrong(Exception):
    """An answer that is none."""


class Job:
    """A request and what its answer must be."""

    def __init__(self, number, recover, key):
        self.recover = recover
        self.public = b"".join(each.to_bytes(32, "big")
                               for each in key.public)
        self.transfer = number % 4 == 3
        if self.transfer:
            message = eth.sign_transaction(number, nonce=hex(number))
            raw = key.transaction(message["params"][0])
            fields = rlp.decode(raw[1:])
            self.fields = fields[:-3]
            self.digest = keccak256(b"\2" + rlp.encode(self.fields))
        else:
            digest = keccak256(b"soak %d" % number)
            make = eth.payload_v1 if number % 2 else eth.payload_v2
            message = make(number, hash=digest)
            self.digest = eth.payload_digest(hash=digest)
        self.ident = number
        self.bytes = httpclient.request(body=eth.encode(message))

    def check(self, body):
        """Raises Wrong."""
        answer = json.loads(body)
        if answer.get("id") != self.ident or "result" not in answer:
            raise Wrong(body[:200])
        raw = eth.unhex(answer["result"])
        if self.transfer:
            fields = rlp.decode(raw[1:])
            if raw[0] != 2 or fields[:-3] != self.fields:
                raise Wrong(body[:200])
            parity = int.from_bytes(fields[-3], "big")
            r, s = (each.rjust(32, b"\0") for each in fields[-2:])
        else:
            r, s, parity = raw[:32], raw[32:64], raw[64]
        if len(r) != 32 or len(s) != 32 or self.recover.public(
                self.digest, r, s, parity) != self.public:
            raise Wrong("by another key")


class Report:
    """What one phase has brought; pickled to the driver."""

    def __init__(self, name):
        self.name = name
        self.times = array.array("d")   # seconds, of each request answered
        self.asked = 0
        self.unavailable = 0            # bare 503, asked again
        self.reconnects = 0             # as the server had said
        self.lost = []                  # why, of each request

    @property
    def answered(self):
        return len(self.times)


class Client:
    def __init__(self, port, tls):
        self.port = port
        self.tls = tls
        self.sock = None

    def connect(self):
        raw = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.sock = self.tls.wrap_socket(raw, server_hostname="localhost")
        except BaseException:
            raw.close()
            raise

    def close(self):
        if self.sock is not None:
            self.sock.close()
        self.sock = None

    def _read(self):
        """(status, body, whether it closes) of one answer."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.sock.recv(16384)
            if not more:
                raise ConnectionError("closed instead of an answer")
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        lines = head.lower().split(b"\r\n")
        length = next(int(each[15:]) for each in lines
                      if each.startswith(b"content-length:"))
        while len(body) < length:
            more = self.sock.recv(16384)
            if not more:
                raise ConnectionError("closed within an answer")
            body += more
        return int(head[9:12]), body, b"connection: close" in lines

    def closed_meanwhile(self):
        """Ended in order by the server while nothing was under way."""
        self.sock.settimeout(0)
        try:
            return not self.sock.recv(1)
        except (ssl.SSLWantReadError, BlockingIOError):
            return False
        finally:
            self.sock.settimeout(PATIENCE)

    def once(self, job, report):
        """One try; the body of a signature, or None for a 503."""
        if self.sock is None:
            self.connect()
            report.reconnects += 1
        elif self.closed_meanwhile():
            self.close()
            self.connect()
            report.reconnects += 1
        self.sock.sendall(job.bytes)
        status, body, closes = self._read()
        if closes:
            self.close()
        if status == 503 and not body:
            return None
        if status != 200:
            raise Wrong("status %d" % status)
        return body

    def ask(self, job, report):
        report.asked += 1
        began = time.perf_counter()
        try:
            while True:
                body = self.once(job, report)
                took = time.perf_counter() - began
                if body is not None:
                    break
                report.unavailable += 1
                if took > GIVE_UP:
                    raise Wrong("503 for %d s" % took)
                select.select([], [], [], AGAIN)
            job.check(body)
            report.times.append(took)
        except (OSError, ssl.SSLError, Wrong, ValueError, KeyError,
                StopIteration) as e:
            report.lost.append("%s after %.3f s" % (
                repr(e)[:200], time.perf_counter() - began))
            self.close()


def run(pipe, port, ca, pair, keyname):
    """A process: a phase begins with its name, and ends with the next; each
    is answered with the Report of the one before."""
    procs.attach(0)
    recover = Recovery()
    key = ethkey.Key.recorded(keyname)
    jobs = [Job(number, recover, key) for number in range(JOBS)]
    client = Client(port, httpclient.context(ca, pair))
    report, number = Report(None), 0
    while True:
        while pipe.poll(None if report.name is None else 0):
            name = pipe.recv()
            pipe.send(report)
            report = Report(name)
            if name == "end":
                client.close()
                return
        client.ask(jobs[number % JOBS], report)
        number += 1
