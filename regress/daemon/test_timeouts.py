# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Time-outs: what is slow ends, what is busy does not."""

import select
import signal
import socket
import time

import pytest

from lib import eth
from lib.daemon import Signerd
from lib.httpclient import Closed, request

RULES = 'allow client "sequencer.example" key "sequencer" chain 10'
HEALTH = eth.encode(eth.call("health_status", []))
SHORT = 0.4         # seconds, as configured below
EARLY = 0.3         # no time-out may strike before
LATE = 15.0         # nor long after


def short(site, *names):
    """A configuration in which those time-outs alone are short."""
    return site.config(rules=RULES, extra="timeout { %s }" % ", ".join(
        "%s 400 ms" % name for name in names))


def raw_close(sock):
    """Seconds until the peer closes a plain socket."""
    began = time.monotonic()
    sock.settimeout(LATE)
    try:
        while sock.recv(4096):
            pass
    except ConnectionResetError:
        pass
    return time.monotonic() - began


def test_handshake_that_never_begins(site, serve):
    signerd = serve(short(site, "handshake"))
    with socket.create_connection(("127.0.0.1", signerd.port)) as sock:
        assert EARLY < raw_close(sock) < LATE


def test_handshake_that_stops_halfway(site, serve):
    signerd = serve(short(site, "handshake"))
    with socket.create_connection(("127.0.0.1", signerd.port)) as sock:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        assert EARLY < raw_close(sock) < LATE


def test_slow_header(site, serve):
    signerd = serve(short(site, "header"))
    with signerd.connect() as connection:
        began = time.monotonic()
        connection.send(b"POST / HTTP/1.1\r\nHost: local")
        answer = connection.read_response()
        assert EARLY < time.monotonic() - began < LATE
        assert answer.status == 408 and answer.closes
        assert connection.orderly


def test_dripping_header(site, serve):
    """A byte now and then does not win time."""
    signerd = serve(short(site, "header"))
    with signerd.connect() as connection:
        began = time.monotonic()
        connection.send(b"POST / HTTP/1.1\r\nX: ")
        while time.monotonic() - began < LATE:
            if select.select([connection.sock], [], [], 0.05)[0]:
                if not connection.quiet():
                    break
            connection.send(b"a")
        assert connection.read_response().status == 408
        assert EARLY < time.monotonic() - began < LATE


def test_header_time_begins_with_the_header(site, serve):
    """An idle connection is not in a header."""
    signerd = serve(short(site, "header"))
    with signerd.connect() as connection:
        connection.exchange(body=HEALTH).result()
        ready = select.select([connection.sock], [], [], 3 * SHORT)[0]
        assert not ready or connection.quiet()
        connection.exchange(body=HEALTH).result()


def test_slow_body(site, serve):
    signerd = serve(short(site, "body"))
    with signerd.connect() as connection:
        connection.send(request(body=HEALTH)[:-5])
        left, seconds = connection.wait_close(LATE)
        assert EARLY < seconds < LATE
        assert left == b"" or left.startswith(b"HTTP/1.1 408 ")


def test_slow_chunked_body(site, serve):
    signerd = serve(short(site, "body"))
    with signerd.connect() as connection:
        connection.send(b"POST / HTTP/1.1\r\nHost: localhost\r\n"
                        b"Content-Type: application/json\r\n"
                        b"Transfer-Encoding: chunked\r\n\r\n5\r\nab")
        left, seconds = connection.wait_close(LATE)
        assert EARLY < seconds < LATE
        assert left == b"" or left.startswith(b"HTTP/1.1 408 ")


def test_idle_from_the_start(site, serve):
    signerd = serve(short(site, "idle"))
    with signerd.connect() as connection:
        left, seconds = connection.wait_close(LATE)
        assert left == b"" and EARLY / 2 < seconds < LATE


def test_idle_after_a_request(site, serve):
    signerd = serve(short(site, "idle"))
    with signerd.connect() as connection:
        for _ in range(3):
            connection.exchange(body=HEALTH).result()
        began = time.monotonic()
        assert connection.orderly, "closed without a word"
        assert EARLY / 2 < time.monotonic() - began < LATE


def test_idle_does_not_strike_a_request_in_flight(site):
    text = site.config(rules=RULES, extra="timeout { idle 400 ms "
                       "request 10 s keyd 10 s }")
    with Signerd(site, text) as signerd, signerd.connect() as connection:
        connection.exchange(body=HEALTH).result()
        signerd.signal("keyd", signal.SIGSTOP)
        try:
            connection.send(request(body=eth.encode(eth.payload_v2())))
            select.select([connection.sock], [], [], 3 * SHORT)
            assert connection.quiet()
        finally:
            signerd.signal("keyd", signal.SIGCONT)
        connection.read_response().result()


def test_reader_that_does_not_read(site, serve):
    """Its connection ends, so that another finds room."""
    text = short(site, "write") + "\nmax connections 1\n"
    signerd = serve(text)
    batch = eth.encode([eth.call("m" * 2000, [], n) for n in range(1000)])
    with signerd.connect() as connection:
        connection.sock.settimeout(1)
        try:
            for _ in range(8):
                connection.send(request(body=batch))
        except (OSError, Closed):
            pass
        until = time.monotonic() + LATE
        while True:
            try:
                with signerd.connect(None) as other:
                    other.exchange("GET", "/healthz", json=False).json()
                break
            except (OSError, Closed):
                assert time.monotonic() < until, "never given up"


@pytest.mark.parametrize("count", (1, 40))
def test_half_closed_client_is_answered_or_closed(site, serve, count):
    """A client that ends its side after its requests: no hang."""
    signerd = serve(site.config(rules=RULES))
    with signerd.connect() as connection:
        connection.send(request(body=eth.encode(eth.payload_v2())) * count)
        socket.socket.shutdown(connection.sock, socket.SHUT_WR)
        connection.wait_close(LATE)
    signerd.rpc(eth.payload_v2()).result()
