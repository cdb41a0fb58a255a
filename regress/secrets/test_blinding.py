# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""keyd blinds the signing context again and again, beside its work."""

import os
import re

import pytest

from lib import daemon, eth, imsg, keyd, keymsg
from lib.oracle import ask

NUMBER = 4096               # keyd(8)
ANEW = re.compile(rb"signing context blinded anew after (\d+) signatures")
FAST = os.path.join(daemon.BUILD, "regress", "keyd_fastclock")


def rules():
    return [{"client": "sequencer.example", "key": 0, "methods": 2,
             "chains": [10]}]


def message(number, client="sequencer.example"):
    return keymsg.sign_payload(number, client, eth.ZEROS, 10,
                               number.to_bytes(32, "big"))


def blindings(server):
    """After how many signatures, each time that the log tells of."""
    server.drain_log()
    return [int(m.group(1)) for line in server.log
            for m in [ANEW.search(line)] if m]


def sign(channel, count, size=128):
    """So many, each answered once."""
    for start in range(0, count, size):
        numbers = range(start, min(start + size, count))
        channel.send(b"".join(imsg.frame(keymsg.SIGN, message(n))
                              for n in numbers))
        for number in numbers:
            kind, reply = channel.read()
            assert kind == keymsg.SIGNED
            assert reply[:8] == keymsg.u64(number)


def test_after_a_number_of_signatures(site):
    own = rules()
    with keyd.Keyd(site) as server:
        server.configure([site.key("sequencer")], own)
        sign(server.channels[0], NUMBER - 1)
        # A request that is refused is no signature.
        assert ask(server.channels[0], own, *[
            message(n, "other.example") for n in range(50)]) == 0
        assert blindings(server) == []
        sign(server.channels[0], 1)
        sign(server.channels[0], 2 * NUMBER)
        # The last one is written after its answer: one more, and it is.
        assert ask(server.channels[0], own, message(7)) == 1
        assert ask(server.channels[0], own, message(7)) == 1
        found = blindings(server)
        assert len(found) == 3
        assert all(NUMBER <= each <= 2 * NUMBER for each in found)


def test_under_load_without_a_pause(site):
    """Requests always wait: it is not put off for ever."""
    with keyd.Keyd(site) as server:
        server.configure([site.key("sequencer")], rules())
        one = b"".join(imsg.frame(keymsg.SIGN, message(n))
                       for n in range(400))
        for _ in range(2):
            server.channels[0].send(one)
        for _ in range(3 * NUMBER // 400):
            server.channels[0].send(one)
            for answer in server.channels[0].read_all(400):
                assert answer[0] == keymsg.SIGNED
            server.drain_log()
        server.channels[0].read_all(800)
        found = blindings(server)
        assert found
        assert all(NUMBER <= each <= 2 * NUMBER for each in found)


def test_after_a_minute(site, monkeypatch):
    """Of one signature, with a clock that runs while nothing happens; and
    not again while there is no other."""
    if daemon.SANITIZE:
        pytest.skip("the sanitizers have a clock and a poll of their own")
    monkeypatch.setattr(keyd, "KEYD", FAST)
    own = rules()
    with keyd.Keyd(site) as server:
        server.configure([site.key("sequencer")], own)
        for count in (1, 2):
            assert ask(server.channels[0], own, message(1)) == 1
            while len(blindings(server)) < count:
                server.log.append(server.parent.read()[1])
        for _ in range(50):
            assert ask(server.channels[0], own, message(
                2, "other.example")) == 0
        assert blindings(server) == [1, 1]
