# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A client that ends its own half of the connection after its requests."""

import contextlib
import signal
import socket
import ssl

import pytest

from lib import daemon, eth, httpclient
from lib.httpclient import Closed, Connection, request

RULES = ('allow client "sequencer.example" key "sequencer" chain 10\n'
         'allow client "batcher.example" key "sequencer" method transaction')


@pytest.fixture(scope="module")
def signerd(site, serve):
    return serve(site.config(rules=RULES))


def end(connection, farewell=True):
    """The end of what we say; with a close_notify before it, or without."""
    if farewell:
        connection.sock.settimeout(0)
        try:
            connection.sock._sslobj.shutdown()
        except ssl.SSLWantReadError:
            pass                # the other side's has not come yet
        connection.sock.settimeout(httpclient.PATIENCE)
    socket.socket.shutdown(connection.sock, socket.SHUT_WR)


def orderly(connection):
    """The other side says that it is through, and no more."""
    try:
        return connection.sock.recv(1) == b""
    except ssl.SSLZeroReturnError:
        return True


@contextlib.contextmanager
def held(signerd):
    """All that is sent meanwhile, and its end, is there at once."""
    signerd.signal("frontend", signal.SIGSTOP)
    try:
        yield
    finally:
        signerd.signal("frontend", signal.SIGCONT)


def payload(ident):
    return request(body=eth.encode(eth.payload_v2(ident)))


@pytest.mark.parametrize("count", (1, 2, 30))
def test_requests_are_answered(signerd, count):
    with signerd.connect() as connection:
        with held(signerd):
            connection.send(b"".join(payload(n) for n in range(count)))
            end(connection)
        for number in range(count):
            answer = connection.read_response()
            answer.result()
            assert answer.json()["id"] == number
        assert orderly(connection)


def test_end_without_farewell(signerd):
    """Without close_notify it could be an attacker's cut (RFC 8446, 6.1):
    the connection has failed, and nobody else has a part in it."""
    with signerd.connect() as connection, signerd.connect() as other:
        with held(signerd):
            connection.send(payload(1))
            end(connection, False)
        with pytest.raises(Closed):
            connection.read_response()
        other.rpc(eth.payload_v2()).result()


def test_requests_that_need_no_key(signerd):
    """More of them than are taken in one turn."""
    count = 50
    with signerd.connect() as connection:
        with held(signerd):
            connection.send(request("GET", "/healthz", json=False) * count)
            end(connection)
        for _ in range(count):
            assert connection.read_response().status == 200
        assert orderly(connection)


def test_batch_is_answered(signerd):
    with signerd.connect() as connection:
        with held(signerd):
            connection.send(request(body=eth.encode(
                [eth.payload_v2(n) for n in range(300)])))
            end(connection)
        assert len(connection.read_response().json()) == 300
        assert orderly(connection)


@pytest.mark.parametrize("count", (1, 2))
def test_end_comes_before_the_answer(site, count):
    """keyd takes its time; the frontend has seen the end meanwhile."""
    text = site.config(rules=RULES, extra="timeout { request 50 s "
                       "keyd 50 s }")
    with daemon.Signerd(site, text) as own, own.connect() as connection, \
            own.connect() as other:
        connection.rpc(eth.payload_v2()).result()
        own.signal("keyd", signal.SIGSTOP)
        try:
            connection.send(b"".join(payload(n) for n in range(count)))
            end(connection)
            for _ in range(3):
                other.rpc(eth.call("health_status", [])).result()
        finally:
            own.signal("keyd", signal.SIGCONT)
        for number in range(count):
            assert connection.read_response().json()["id"] == number
        assert orderly(connection)


def test_half_a_request_and_the_end(signerd):
    """Nothing is answered that was not asked, and nothing is kept."""
    with signerd.connect() as connection:
        with held(signerd):
            connection.send(payload(1) + payload(2)[:-1])
            end(connection)
        assert connection.read_response().json()["id"] == 1
        left, _ = connection.wait_close()
        assert left == b""


def slow_connection(signerd):
    """One that takes little at once."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.settimeout(httpclient.PATIENCE)
    raw.connect(("127.0.0.1", signerd.port))
    made = Connection.__new__(Connection)
    made.raw, made.buffer = raw, b""
    made.sock = signerd.site.tls("batcher.example").wrap_socket(
        raw, server_hostname="localhost", suppress_ragged_eofs=False)
    return made


def test_more_answers_than_the_sockets_take(signerd):
    """All of them come, though the end came long before."""
    count, each = 100, 500
    body = b"[" + b",".join([b"{}"] * each) + b"]"
    with slow_connection(signerd) as connection:
        with held(signerd):
            connection.send(request(body=body) * count)
            end(connection)
        for number in range(count):
            try:
                assert len(connection.read_response().json()) == each
            except Closed:
                pytest.fail("ended after %d answers" % number)
        assert connection.wait_close()[0] == b""
