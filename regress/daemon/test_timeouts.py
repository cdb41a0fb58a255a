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
LATE = 60.0         # nor long after


def short(site, *names):
    """A configuration in which those time-outs alone are short."""
    return site.config(rules=RULES, extra="timeout { %s }" % ", ".join(
        "%s 400 ms" % name for name in names))


def raw_close(port, data=b""):
    """Seconds until a plain socket that says this, and no more, is closed;
    from before it was connected: it may take us a while to come to the rest.
    """
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), LATE) as sock:
        sock.sendall(data)
        wait_end(sock)
    return time.monotonic() - began


def wait_end(sock):
    try:
        while sock.recv(4096):
            pass
    except ConnectionResetError:
        pass


def test_handshake_that_never_begins(site, serve):
    signerd = serve(short(site, "handshake"))
    assert EARLY < raw_close(signerd.port) < LATE


def test_handshake_that_stops_halfway(site, serve):
    signerd = serve(short(site, "handshake"))
    assert EARLY < raw_close(
        signerd.port,
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03") < LATE


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
        began = time.monotonic()
        connection.send(request(body=HEALTH)[:-5])
        left, _ = connection.wait_close(LATE)
        assert EARLY < time.monotonic() - began < LATE
        assert left == b"" or left.startswith(b"HTTP/1.1 408 ")


def test_slow_chunked_body(site, serve):
    signerd = serve(short(site, "body"))
    with signerd.connect() as connection:
        began = time.monotonic()
        connection.send(b"POST / HTTP/1.1\r\nHost: localhost\r\n"
                        b"Content-Type: application/json\r\n"
                        b"Transfer-Encoding: chunked\r\n\r\n5\r\nab")
        left, _ = connection.wait_close(LATE)
        assert EARLY < time.monotonic() - began < LATE
        assert left == b"" or left.startswith(b"HTTP/1.1 408 ")


def test_idle_from_the_start(site, serve):
    signerd = serve(short(site, "idle"))
    began = time.monotonic()
    with signerd.connect() as connection:
        left, _ = connection.wait_close(LATE)
        assert left == b""
        assert EARLY / 2 < time.monotonic() - began < LATE


def test_idle_after_a_request(site, serve):
    signerd = serve(short(site, "idle"))
    # On a busy machine it may have been idle between them.
    while True:
        with signerd.connect() as connection:
            try:
                for _ in range(3):
                    began = time.monotonic()
                    connection.exchange(body=HEALTH).result()
            except (OSError, Closed):
                continue
            assert connection.orderly, "closed without a word"
            assert EARLY / 2 < time.monotonic() - began < LATE
            break


def test_idle_does_not_strike_a_request_in_flight(site):
    text = site.config(rules=RULES, extra="timeout { idle 400 ms "
                       "request 50 s keyd 50 s }")
    with Signerd(site, text) as signerd:
        assert any(waits_longer_than_idle(signerd) for _ in range(20))


def waits_longer_than_idle(signerd):
    """False where it was idle, on a busy machine, before it asked."""
    with signerd.connect() as connection:
        signerd.signal("keyd", signal.SIGSTOP)
        try:
            connection.send(request(body=eth.encode(eth.payload_v2())))
            select.select([connection.sock], [], [], 3 * SHORT)
            assert connection.quiet()
        except OSError:
            return False
        finally:
            signerd.signal("keyd", signal.SIGCONT)
        try:
            connection.read_response().result()
        except Closed:
            return False
        return True


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
