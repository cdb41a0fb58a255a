# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A certificate that expires while its connection lasts."""

import time

import pytest

from lib import daemon, eth, httpclient
from lib.httpclient import Closed, Connection

RULES = 'allow client "sequencer.example" key "sequencer" chain 10'
LIFE = 3 if not daemon.SANITIZE else 6


def stamp(when):
    return time.strftime("%y%m%d%H%M%SZ", time.gmtime(when))


@pytest.fixture
def own(site):
    with daemon.Signerd(site, site.config(rules=RULES)) as made:
        yield made


def test_no_request_after_the_end(site, own):
    """An idle one is closed then; what began before is refused after it."""
    end = int(time.time()) + LIFE
    pair = site.authority.issue("shortlived", "sequencer.example",
                                "DNS:sequencer.example",
                                (stamp(end - 3600), stamp(end)))
    context = httpclient.context(site.authority.ca, pair)
    message = httpclient.request(body=eth.encode(eth.payload_v2(2)))
    with own.connect("sequencer.example") as lasting, \
            Connection(own.port, context) as idle, \
            Connection(own.port, context) as begun, \
            Connection(own.port, context) as silent:
        mark = own.mark()
        for each in (idle, begun):
            each.rpc(eth.payload_v2()).result()
        begun.send(message[:-10])
        # Not before the end of the last second in which it is good.
        for each in (idle, silent):
            assert each.orderly
            assert time.time() >= end + 1, "closed too early"
        own.wait_log(mark, msg="certificate expired", count=2,
                     client="sequencer.example", peer="127.0.0.1")
        begun.send(message[-10:])
        answer = begun.read_response()
        assert answer.status == 401 and answer.closes
        assert answer.field("Content-Type").startswith("text/plain")
        assert b"expired" in answer.body
        assert begun.orderly
        lasting.rpc(eth.payload_v2(3)).result()
        own.wait_log(mark, msg="signed", count=3)
        assert len(own.logged(mark, msg="signed")) == 3
        assert len(own.logged(mark, msg="certificate expired")) == 2
    with pytest.raises((OSError, Closed)):
        with Connection(own.port, context) as late:
            late.rpc(eth.payload_v2())


def test_idle_time_before_the_end(site):
    """`timeout idle` holds for who has a certificate, as it did."""
    text = site.config(rules=RULES, extra="timeout idle 1 s",
                       log="{ level debug }")
    pair = site.authority.client("sequencer.example")
    with daemon.Signerd(site, text) as own, \
            Connection(own.port,
                       httpclient.context(site.authority.ca, pair)) as idle:
        mark = own.mark()
        assert idle.orderly
        own.wait_log(mark, msg="connection timed out", after_ms="1000")
        assert not own.logged(mark, msg="certificate expired")
