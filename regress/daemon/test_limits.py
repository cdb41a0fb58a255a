# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Limits that keep one client from using up what belongs to all."""

import socket
import ssl

import pytest

from lib import daemon, eth, httpclient
from lib.httpclient import request

RULES = 'allow client "sequencer.example" key "sequencer" chain 10'
HEALTH = eth.encode(eth.call("health_status", []))
REFUSED = (OSError, ssl.SSLError, httpclient.Closed)


def served(signerd, source=None, name=None):
    """A connection on which a request was answered, or None."""
    connection = None
    try:
        if source is None:
            connection = signerd.connect(name)
        else:
            connection = From(source, signerd.port, signerd.site.tls(None))
        connection.exchange("GET", "/healthz", json=False).json()
        return connection
    except REFUSED:
        if connection is not None:
            connection.close()
        return None


class From(httpclient.Connection):
    """A connection from another address of this machine."""

    def __init__(self, source, port, tls):
        self.buffer = b""
        self.raw = socket.create_connection(
            ("127.0.0.1", port), httpclient.PATIENCE, (source, 0))
        self.sock = tls.wrap_socket(self.raw, server_hostname="localhost",
                                    suppress_ragged_eofs=False)


def until_served(signerd, name=None):
    """One comes free as soon as the daemon has seen the close."""
    while True:
        connection = served(signerd, name=name)
        if connection is not None:
            return connection


def close_all(connections):
    for connection in connections:
        connection.close()


def test_connections_per_address(site, serve):
    signerd = serve(site.config(
        rules=RULES, extra="max connections-per-address 3"))
    held = [served(signerd) for _ in range(3)]
    assert None not in held
    assert served(signerd) is None
    other = served(signerd, "127.0.0.2")
    assert other is not None, "one address took the room of another"
    held.pop().close()
    close_all(held + [other, until_served(signerd)])


NAMED = "unknown.example"       # a certificate, though no rule names it


def test_connections_in_all(site, serve):
    """Nobody with a certificate is sent away for another's sake."""
    signerd = serve(site.config(rules=RULES, extra="max connections 4"))
    held = [served(signerd, name=NAMED) for _ in range(4)]
    assert None not in held
    for name in (NAMED, "sequencer.example", None):
        assert served(signerd, name=name) is None
    for connection in held:
        connection.exchange("GET", "/healthz", json=False).json()
    held.pop().close()
    close_all(held + [until_served(signerd, NAMED)])


def is_open(connection):
    try:
        connection.exchange("GET", "/healthz", json=False).json()
        return True
    except REFUSED:
        return False


@pytest.fixture
def four(site):
    with daemon.Signerd(site, site.config(
            rules=RULES, extra="max connections 4")) as made:
        yield made


def test_nobody_makes_room(four):
    """All places are nobody's: the oldest goes for one that has a name."""
    held = [served(four) for _ in range(4)]
    assert None not in held
    named = []
    for number in range(4):
        named.append(four.connect())
        named[-1].rpc(eth.payload_v2(number)).result()
        # The connection that goes is known by its end, the others answer.
        held.pop(0).wait_close()
        assert all(is_open(each) for each in held)
    assert served(four, name=NAMED) is None
    for connection in named:
        connection.rpc(eth.payload_v2()).result()
    close_all(named)


def test_silence_makes_room(four):
    """The same for those that never begin a handshake, or never end it."""
    held = [socket.create_connection(("127.0.0.1", four.port), 20)
            for _ in range(4)]
    for each in held[1::2]:
        each.sendall(b"\x16\x03\x01\x02\x00\x01")
    with four.connect() as connection:
        connection.rpc(eth.payload_v2()).result()
        assert held[0].recv(1) == b""
        four.connect(None).close()
        connection.rpc(eth.payload_v2()).result()
    for each in held:
        each.close()


def test_nobody_makes_room_for_nobody(four):
    """A flood of them does not drive out who has a name."""
    with four.connect() as connection:
        connection.rpc(eth.payload_v2()).result()
        close_all([each for each in [served(four) for _ in range(12)]
                   if each is not None])
        connection.rpc(eth.payload_v2()).result()


def test_many_short_connections_leave_nothing(site, serve):
    signerd = serve(site.config(rules=RULES, extra="max connections 4"))
    for _ in range(30):
        until_served(signerd).close()


@pytest.fixture(scope="module")
def small(site, serve):
    return serve(site.config(rules=RULES, extra="\n".join((
        "max { batch 5, values 200", "header 1 KiB, body 64 KiB",
        "response 9000 bytes, transaction 4 KiB }"))))


def errors_in(answer):
    parsed = answer.json()
    parsed = parsed if isinstance(parsed, list) else [parsed]
    return [each["error"]["code"] for each in parsed if "error" in each]


def test_batch_at_the_limit_and_over_it(small):
    with small.connect() as connection:
        whole = [eth.call("health_status", [], n) for n in range(6)]
        answer = connection.exchange(body=eth.encode(whole[:5]))
        assert [each["id"] for each in answer.json()] == list(range(5))
        answer = connection.exchange(body=eth.encode(whole))
        assert errors_in(answer) == [-32600]
        assert b"batch too large" in answer.body
        connection.exchange(body=HEALTH).result()


def test_nothing_of_a_batch_over_the_limit_is_signed(small):
    mark = small.mark()
    batch = [eth.payload_v2(n, hash=bytes([77]) * 32) for n in range(6)]
    with small.connect() as connection:
        connection.rpc(batch)
        connection.rpc(eth.payload_v2(9, hash=bytes([78]) * 32)).result()
    small.wait_log(mark, msg="signed", digest=eth.hexa(
        eth.payload_digest(hash=bytes([78]) * 32)))
    assert not small.logged(mark, msg="signed", digest=eth.hexa(
        eth.payload_digest(hash=bytes([77]) * 32)))


def test_body_over_a_configured_limit(small):
    with small.connect() as connection:
        body = HEALTH + b" " * (65536 - len(HEALTH))
        connection.exchange(body=body).result()
        answer = connection.exchange(body=body + b" ")
        assert answer.status == 413 and answer.closes


def test_header_over_a_configured_limit(small):
    with small.connect() as connection:
        connection.exchange(body=HEALTH, fields=[("X", "a" * 700)]).result()
        answer = connection.exchange(body=HEALTH, fields=[("X", "a" * 1024)])
        assert answer.status == 431 and answer.closes


def test_values_over_the_limit(small):
    with small.connect() as connection:
        for count, fits in ((150, True), (250, False)):
            body = eth.encode(dict(eth.call("health_status", []),
                                   x=[1] * count))
            answer = connection.exchange(body=body)
            assert answer.status == 200
            assert ("result" in answer.json()) == fits
        connection.exchange(body=HEALTH).result()


def test_response_over_the_limit(small):
    """Many answers that are too long together: -32003, and no flood."""
    batch = [eth.call("m" * 2000, [], n) for n in range(5)]
    with small.connect() as connection:
        answer = connection.exchange(body=eth.encode(batch))
        assert -32003 in errors_in(answer)
        assert b"response too large" in answer.body
        assert len(answer.body) < 10000
        connection.exchange(body=HEALTH).result()


def test_transaction_over_the_limit(small):
    """An answer, no signature, and the daemon goes on."""
    with small.connect() as connection:
        fits = eth.sign_transaction(input="0x" + "ab" * 3000)
        connection.rpc(fits).result()
        answer = connection.rpc(eth.sign_transaction(
            input="0x" + "ab" * 5000))
        assert answer.status == 413 or answer.error()
    with small.connect() as connection:
        connection.rpc(eth.sign_transaction()).result()


def test_large_transaction(site, serve):
    """Half a megabyte of call data is signed as it stands."""
    signerd = serve(site.config(rules=RULES))
    arguments = {"input": "0x" + "5a" * 500000}
    with signerd.connect() as connection:
        raw = eth.unhex(connection.rpc(
            eth.sign_transaction(**arguments)).result())
    assert len(raw) > 500000
    assert eth.unhex(arguments["input"]) in raw


def test_largest_array_of_small_values(site, serve):
    """What would take hundreds of megabytes as a tree is not built."""
    signerd = serve(site.config(rules=RULES))
    body = b'{"jsonrpc":"2.0","id":1,"method":"health_status","x":[' + \
        b"1," * 2600000 + b"1]}"
    with signerd.connect() as connection:
        connection.send_until_answered(request(body=body))
        answer = connection.read_response()
        assert answer.status == 200
        assert "error" in answer.json()
    with open("/proc/%d/status" % signerd.children["frontend"]) as f:
        for line in f:
            if line.startswith("VmHWM:") and not daemon.SANITIZE:
                assert int(line.split()[1]) < 100 * 1024
