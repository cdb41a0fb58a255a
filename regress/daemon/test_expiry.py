# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A certificate that expires while its connection lasts."""

import time

import pytest

from lib import daemon, eth, httpclient
from lib.httpclient import Closed, Connection

RULES = 'allow client "sequencer.example" key "sequencer" chain 10'
LIFE = 3 if not daemon.SANITIZE else 6
BOUND = 30


def stamp(when):
    return time.strftime("%y%m%d%H%M%SZ", time.gmtime(when))


@pytest.fixture
def own(site):
    with daemon.Signerd(site, site.config(rules=RULES)) as made:
        yield made


def test_no_request_after_the_end(site, own):
    """The connection is refused with the first request, and closed."""
    end = int(time.time()) + LIFE
    pair = site.authority.issue("shortlived", "sequencer.example",
                                "DNS:sequencer.example",
                                (stamp(end - 3600), stamp(end)))
    context = httpclient.context(site.authority.ca, pair)
    with own.connect("sequencer.example") as lasting, \
            Connection(own.port, context) as first, \
            Connection(own.port, context) as other:
        mark = own.mark()
        for each in (first, other):
            each.rpc(eth.payload_v2()).result()
        answer = first.rpc(eth.call("health_status", []))
        while answer.status == 200:
            assert time.time() < end + BOUND, "it is taken for ever"
            answer = first.rpc(eth.call("health_status", []))
        assert time.time() >= end, "refused too early"
        assert answer.status == 401 and answer.closes
        assert answer.field("Content-Type").startswith("text/plain")
        assert b"expired" in answer.body
        assert first.orderly
        # Nor does the other one get a signature any more.
        answer = other.rpc(eth.payload_v2(2))
        assert answer.status == 401 and answer.closes
        assert other.orderly
        lasting.rpc(eth.payload_v2(3)).result()
        own.wait_log(mark, msg="signed", count=3)
        assert len(own.logged(mark, msg="signed")) == 3
    with pytest.raises((OSError, Closed)):
        with Connection(own.port, context) as late:
            late.rpc(eth.payload_v2())
