# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A proxy that a signerd dials, and that wants more than its part."""

import contextlib
import signal

from lib import daemon, eth, linked
from lib.proxies import FakeProxy

WINDOW = 32                # requests in keyd at once
PATIENT = "timeout keyd 10 s\ntimeout request 20 s\n"
RULES = """
allow via "edge" client "a.example" key "sequencer" chain 10
allow via "core" client "a.example" key "batcher" chain 10
"""
BUSY = (-32005, "busy")


@contextlib.contextmanager
def two(site, extra=""):
    """A signerd with two links; keyd is stopped within."""
    with FakeProxy(site) as edge, FakeProxy(site) as core:
        text = linked.config(site, edge.port, core.port, rules=RULES,
                             extra=PATIENT + extra)
        with daemon.Signerd(site, text) as signerd:
            links = edge.wait_link(), core.wait_link()
            signerd.signal("keyd", signal.SIGSTOP)
            try:
                yield signerd, *links
            finally:
                signerd.signal("keyd", signal.SIGCONT)


def ask(link, message):
    return link.ask(link.relayed(message, "a.example"))


def relayed_batch(link, count):
    return [link.relayed(eth.payload_v2(i), "a.example")
            for i in range(count)]


def codes(answers):
    return {each.get("error", {}).get("code") for each in answers}


def test_links_take_turns(site):
    """However many requests another has sent before."""
    with two(site, "max link-requests 1000") as (signerd, edge, core):
        many = [ask(edge, eth.payload_v2()) for _ in range(WINDOW + 80)]
        # It is answered at once: all before it has been taken.
        assert edge.call(eth.call("health_status", []))
        one = ask(core, eth.payload_v2())
        assert core.call(eth.call("health_status", []))
        mark = signerd.mark()
        signerd.signal("keyd", signal.SIGCONT)
        assert "result" in core.answer(one)
        for each in many:
            assert "result" in edge.answer(each)
        signerd.wait_log(mark, count=len(many) + 1, msg="signed")
        links = [each["link"] for each in signerd.logged(mark, msg="signed")]
        assert links.index("core") <= WINDOW + 1, links.index("core")


def test_bytes_that_wait_are_counted(site):
    message = eth.sign_transaction(input="0x" + "5a" * 30000)
    with two(site, "max bodies 100 KiB") as (signerd, edge, core):
        first = ask(edge, message)
        assert edge.call(edge.relayed(message, "a.example")) == BUSY
        other = ask(core, message)
        signerd.signal("keyd", signal.SIGCONT)
        assert "result" in edge.answer(first)
        assert "result" in core.answer(other)
