# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Memory for bodies is one budget: who takes the most gives way."""

import contextlib

import pytest

from lib import eth
from lib.httpclient import request

RULES = ('allow client "sequencer.example" key "sequencer" '
         'method block-payload chain 10\n')


@pytest.fixture
def tight(site, serve):
    return serve(site.config(
        rules=RULES, extra="max { body 256 KiB bodies 512 KiB }"))


def begin(connection, size, sent):
    """A body of `size` bytes of which only `sent` come."""
    head = request(body=b"", fields=())
    assert b"Content-Length: 0\r\n" in head
    connection.send(head.replace(b"Content-Length: 0\r\n",
                                 b"Content-Length: %d\r\n" % size) +
                    b" " * sent)


def test_largest_body_gives_way(tight):
    start = tight.mark()
    hogs = [tight.connect() for _ in range(6)]
    try:
        for n, hog in enumerate(hogs):
            begin(hog, 250000, 200000 + n)
        # Six times 200 kB are at least four too many for 512 KiB.
        tight.wait_log(start, 4, msg="unavailable", reason="max bodies")
        with tight.connect() as connection:
            body = eth.encode(eth.payload_v2()) + b" " * 30000
            connection.exchange(body=body).result()
        refused = [hog for hog in hogs if not hog.quiet()]
        assert refused
        answer = refused[0].read_response()
        assert answer.status == 503 and answer.body == b""
        assert answer.field("Retry-After") and answer.closes
    finally:
        for hog in hogs:
            hog.close()


def test_budget_is_given_back(tight):
    """Answered and broken off requests hold nothing: many, one by one."""
    for _ in range(8):
        with tight.connect() as connection:
            begin(connection, 250000, 200000)
        with tight.connect() as connection:
            body = eth.encode(eth.payload_v2()) + b" " * 200000
            connection.exchange(body=body).result()


def test_late_body_holds_nothing(site, serve):
    """Whose time is up holds no memory, though it does not go away."""
    signerd = serve(site.config(
        rules=RULES, extra="max { body 256 KiB bodies 256 KiB }\n"
        "timeout body 3 s"))
    late = [signerd.connect() for _ in range(2)]
    try:
        for connection in late:
            begin(connection, 250000, 120000)
            assert connection.read_response().status in (408, 503)
        for _ in range(4):
            with signerd.connect() as connection:
                body = eth.encode(eth.payload_v2()) + b" " * 120000
                connection.exchange(body=body).result()
    finally:
        for connection in late:
            connection.close()


def test_memory_of_idle_connections_goes_first(site, serve):
    """Kept for the next request of each: nobody is refused because of it."""
    signerd = serve(site.config(
        rules=RULES, extra="max { body 256 KiB bodies 256 KiB }"))
    start = signerd.mark()
    body = eth.encode(eth.payload_v2())
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(signerd.connect()) for _ in range(90)]
        for connection in idle:         # nearly 4 KiB of each is kept
            connection.exchange(body=body + b" " * 3000).result()
        connection = stack.enter_context(signerd.connect())
        connection.exchange(body=body + b" " * 200000).result()
        for connection in idle:
            connection.exchange(body=body).result()
    assert not signerd.logged(start, msg="unavailable")
