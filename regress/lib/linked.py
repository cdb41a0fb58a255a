# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A signerd that dials proxies that stand in for real ones."""

import contextlib

from lib import daemon, eth, ethkey
from lib.proxies import FakeProxy

ADDRESS = {"sequencer": "0x37b74bb9bb365760657ab18581ae67613e9eaafc",
           "batcher": "0x05b4b087e84cc1ab1e96aeb84a56bfffedfb005a",
           "multi10": "0xb2290f2b6b85189d35aa4f8ea148071528910781",
           "multi8453": "0x28cc1351ce219fd89725024afc52e68a6fb96c5d"}
KEYS = tuple(ADDRESS)
# Nobody's requests are for multi10; multi8453 is for none that comes by link.
RULES = """
allow via "edge" client "a.example" key "sequencer" chain 10
allow via "edge" client "b.example" key "batcher" method transaction
allow via "edge" key "multi10" chain 10
allow client "direct.example" key "multi8453" chain 10
"""


def config(site, *ports, labels=("edge", "core"), rules=RULES, extra="",
           more=None, **named):
    """Text of a signerd.conf(5) with a proxy at each port; more: arguments
    for Site.proxy()."""
    named.setdefault("keys", KEYS)
    return site.config(rules=rules, extra=extra, proxies=[
        site.proxy(label, port, **(more or {}))
        for label, port in zip(labels, ports)], **named)


@contextlib.contextmanager
def linked(site, extra="", kind="v1", proxy=None, **named):
    """A proxy, a signerd and the link between them; proxy: arguments of
    FakeProxy, the rest those of config()."""
    with FakeProxy(site, kind, **(proxy or {})) as edge:
        with daemon.Signerd(site, config(site, edge.port, extra=extra,
                                         **named)) as signerd:
            yield edge, signerd, edge.wait_link()


def who(message, outcome):
    """Name of the key whose signature it is, of just that request; or the
    error as it is."""
    if isinstance(outcome, tuple):
        return outcome
    address = eth.hexa(ethkey.verify(message, outcome))
    return next(name for name in ADDRESS if ADDRESS[name] == address)


def asked(link, message, client=None, **more):
    """The same of a request that is passed on for a client."""
    return who(message, link.relay(message, client, **more))
