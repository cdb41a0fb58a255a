# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The other ends of links that are up to no good: a signer that proxyd knows,
and a proxy that signerd dials."""

import contextlib
import random

from lib import daemon, eth, wsconn
from lib.proxies import FakeProxy
from lib.signers import FakeSigner
from soak import peers, procs
from soak.attacks import VALUES
from soak.world import JUNK

OFF = (wsconn.Ended, wsconn.NotUpgraded, *peers.GONE)
# What a proxy that is up to no good does; as the shared number says.
QUIET, SLOW, FLOOD, GARBAGE = range(4)


class Place:
    """What lib's peers need of a Site, in a process of their own."""

    class _Authority:
        pass

    def __init__(self, ca, pairs):
        self.authority = self._Authority()
        self.authority.ca = ca
        self.authority.proxy = lambda: pairs["proxy.example"]
        self._ca, self._pairs = ca, pairs

    def tls(self, name):
        return peers.tls(self._ca, self._pairs[name])


class Rude(FakeSigner):
    def unreadable(self, text):
        pass

    def _message(self, text):
        """Whatever is said to it."""
        with contextlib.suppress(AssertionError, KeyError, TypeError):
            super()._message(text)


def junk_messages():
    many = b"[" + b"1," * VALUES + b"1]"
    return [
        many,
        b'{"jsonrpc":"2.0","id":77777,"result":' + many + b"}",
        b'{"jsonrpc":"2.0","id":1,"method":"x","params":' + many + b"}",
        b'["' + b"a" * 3000000 + b'"]',
        b"{" * 3000000,
        b"[" + b"1," * 4000 + b"1]",
    ]


def junk_signer(tally, stopped, number, target):
    """Registers as it should, and then sends what nobody asked for."""
    place, junk = Place(target.ca, target.pairs), junk_messages()
    while not stopped():
        try:
            with Rude(place, target.signers, name=JUNK) as signer:
                while not stopped() and signer.ended is None:
                    signer.send(random.choice(junk))
                    signer.texts.clear()
                    signer.answers.clear()
                    tally.value += 1
        except (*OFF, TimeoutError):
            peers.pause(0.05)


def bad_proxy(pipe, mode, tally, ca, pairs):
    """For as long as the soak; its port comes by the pipe first."""
    procs.attach()
    place = Place(ca, pairs)
    with contextlib.suppress(AssertionError), FakeProxy(place) as proxy:
        pipe.send(proxy.port)
        while not pipe.poll(0):
            link = next((each for each in reversed(proxy.links)
                         if each.registered and each.ended is None), None)
            if link is None or mode.value == QUIET:
                peers.pause(0.05)
                continue
            with contextlib.suppress(*OFF, TimeoutError):
                misbehave(link, mode.value)
                tally.value += 1
            for each in (link.texts, link.answers, link.batches):
                each.clear()
    daemon.LIBC._exit(0)        # whatever threads still wait


def misbehave(link, mode):
    endpoint = link.endpoint
    if mode == SLOW:
        endpoint.stream.send(endpoint.frame(wsconn.TEXT, b"[",
                                            announce=50000))
        for _ in range(20):
            endpoint.stream.send(b"1")
            peers.pause(0.1)
        endpoint.stream.send(b"x" * (50000 - 21))
    elif mode == FLOOD:
        many = b"[" + b"1," * VALUES + b"1]"
        link.send(random.choice((
            many, b'{"jsonrpc":"2.0","id":1,"method":"eth_signTransaction",'
            b'"params":' + many + b"}",
            eth.encode([dict(link.relayed(eth.payload_v2(n), "x.example"))
                        for n in range(1000)]))))
    else:
        endpoint.stream.send(peers.garbage(random.randrange(1, 300)))
        peers.pause(0.05)


class BadProxy:
    """That process, as the driver has it."""

    def __init__(self, site):
        self.mode = procs.context.Value("i", QUIET, lock=False)
        self.tally = procs.context.Value("Q", 0, lock=False)
        self._pipe, theirs = procs.context.Pipe()
        pairs = {"proxy.example": site.authority.proxy()}
        self._process = procs.context.Process(
            target=bad_proxy, daemon=True, args=(
                theirs, self.mode, self.tally, site.authority.ca, pairs))
        self._process.start()
        self.port = self._pipe.recv()

    def stop(self):
        with contextlib.suppress(OSError):
            self._pipe.send("end")
        self._process.join(procs.PATIENCE)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
