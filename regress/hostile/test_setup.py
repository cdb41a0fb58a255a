# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A parent that the processes of the network should not trust to make
mistakes: each says what is wrong, and ends with a status."""

import os
import re
import struct

import pytest

from lib import childproc, daemon, imsg, keymsg

FRONT = dict(zip(("CONFIG", "FILE", "LISTEN", "KEY", "CHANNEL", "START",
                  "STOP"), range(0x300, 0x307)), KEEP=0x30a, COMMIT=0x30b,
             DISCARD=0x30c, WORKER=0x311)
LINK = dict(FRONT, PROXY=0x500, PROXYFILE=0x501, DIALER=0x502,
            RULE=keymsg.RULE, RULELIST=keymsg.RULELIST)
RELAY = dict(zip(("CONFIG", "LISTEN", "FILE", "SIGNER", "RULE", "LIST",
                  "START", "COMMIT", "DISCARD", "STOP"),
                 range(0x600, 0x60a)))
TYPES = {"frontend": FRONT, "link": LINK, "relay": RELAY}
WITH = object()                 # a message has a descriptor


class Child(childproc.Child):
    """Of any of these; what it is sent has a name."""

    def __init__(self, site, name):
        super().__init__(site, name, "info")
        self.types = TYPES[name]

    def tell(self, kind, payload=b"", descriptor=None):
        """Of the process's own types by name, of others by number."""
        kind = self.types.get(kind, kind)
        if descriptor is not WITH:
            super().tell(kind, payload)
            return
        with open("/dev/null", "rb") as f:
            super().tell(kind, payload, f.fileno())

    def ended(self):
        """The exit status, all that it said before in the log."""
        while True:
            message = self.parent.read()
            if message is None:
                break
            assert message[0] == keymsg.LOG, message
            self.log.append(message[1].replace(b"\0", b" ").decode())
        self.close()
        return self.wait()


def limits(program):
    """As many as the program has, each of one second or a thousand."""
    path = os.path.join(os.path.dirname(daemon.HERE), program, "config.h")
    with open(path) as f:
        text = re.search(r"struct config_limits \{(.*?)\n\}", f.read(),
                         re.DOTALL).group(1)
    return struct.pack(">I", 1000) * text.count("\tuint32_t")


def text(string):
    return struct.pack(">H", len(string)) + string.encode()


def proxy(index):
    return keymsg.u32(index) + b"\0" + text("edge") + text("proxy.example") + \
        text("/ws") + text("proxy.example") + text("tlsv1.3")


def key(index):
    return keymsg.u32(index) + text("sequencer") + bytes(20)


def signer(index):
    return keymsg.u32(index) + keymsg.u32(0) + text("hq") + \
        text("signer.example")


def relay_rule(index):
    return keymsg.u32(index) + keymsg.u32(3) + keymsg.u32(0) + \
        text("a.example")


def piece(kind, items):
    return keymsg.u32(kind) + keymsg.u32(len(items)) + b"".join(items)


FRONT_CONFIG = ("CONFIG", limits("signerd") + text("tlsv1.3"))
RELAY_CONFIG = ("CONFIG", limits("proxyd") + keymsg.u32(0) + b"\3" +
                text("tlsv1.3"))
CHANNEL = ("CHANNEL", b"", WITH)
VIA = {"client": "a.example", "key": 0, "methods": 3, "chains": [], "via": 1}
CHAIN = keymsg.u256(10)
ADDRESS = text("127.0.0.1:1")
LISTEN = ("LISTEN", keymsg.u32(0) + keymsg.u32(1) + b"\0" + ADDRESS)

BOTH = {
    "empty configuration": ([("CONFIG", b"")], "configuration"),
    "configuration, cut": ([
        ("CONFIG", FRONT_CONFIG[1][:-1])], "configuration"),
    "configuration and more": ([
        ("CONFIG", FRONT_CONFIG[1] + b"\0")], "configuration"),
    "configuration twice": ([FRONT_CONFIG, FRONT_CONFIG], "configuration"),
    "key 1": ([("KEY", key(1))], "key"),
    "key, cut": ([("KEY", key(0)[:-1])], "key"),
    "key 0 twice": ([("KEY", key(0)), ("KEY", key(0))], "key"),
    "no channel": ([("CHANNEL",)], "channel"),
    "channel with a body": ([("CHANNEL", b"x", WITH)], "channel"),
    "channel twice": ([("CHANNEL", b"", WITH)] * 2, "channel"),
    "worker before the channel": ([("WORKER", b"", WITH)], "channel"),
    "no worker": ([CHANNEL, ("WORKER",)], "channel"),
    "worker with a body": ([CHANNEL, ("WORKER", b"x", WITH)], "channel"),
    "too many workers": ([CHANNEL] + [("WORKER", b"", WITH)] * 16,
                         "channel"),
    "start with a body": ([FRONT_CONFIG, ("START", b"x")], "start"),
    "stop with a body": ([FRONT_CONFIG, ("STOP", b"x")], "stop"),
    "ready": ([(0x308,)], "unknown message"),
    "keyd's word": ([(keymsg.READY,)], "unknown message"),
    "noise": ([(2**31, b"x" * 1000)], "unknown message"),
}
BAD = {
    "frontend": dict(BOTH, **{
        "no file": ([("FILE", b"\0")], "file"),
        "file 4": ([("FILE", b"\4", WITH)], "file"),
        "file with more": ([("FILE", b"\0\0", WITH)], "file"),
        "file twice": ([("FILE", b"\0", WITH)] * 2, "file"),
        "no listener": ([("LISTEN",)], "listener"),
        "listener with a body": ([("LISTEN", b"x", WITH)], "listener"),
        "too many listeners": ([("LISTEN", b"", WITH)] * 257, "listener"),
    }),
    "link": dict(BOTH, **{
        "proxy over the limit": ([("PROXY", proxy(2**31))], "proxy"),
        "proxy, cut": ([("PROXY", proxy(0)[:-1])], "proxy"),
        "proxy neither up nor down": ([
            ("PROXY", proxy(0).replace(b"\0\0\4edge", b"\2\0\4edge"))],
            "proxy"),
        "proxy 0 twice": ([("PROXY", proxy(0))] * 2, "proxy"),
        "file of no proxy": ([
            ("PROXYFILE", keymsg.u32(0) + b"\0", WITH)], "file"),
        "file twice": ([("PROXY", proxy(0))] + [
            ("PROXYFILE", keymsg.u32(0) + b"\0", WITH)] * 2, "file"),
        "no file": ([("PROXY", proxy(0)), (
            "PROXYFILE", keymsg.u32(0) + b"\0")], "file"),
        "rule of no link": ([
            ("RULE", keymsg.rule(0, dict(VIA, via=0)))], "rule"),
        "rule of another link": ([("PROXY", proxy(0)), (
            "RULE", keymsg.rule(0, dict(VIA, via=2)))], "rule"),
        "rule, cut": ([("PROXY", proxy(0)), (
            "RULE", keymsg.rule(0, VIA)[:-1])], "rule"),
        "list of no rule": ([
            ("RULELIST", keymsg.rulelist(0, 0, [CHAIN]))], "list"),
        "list, cut": ([("PROXY", proxy(0)), (
            "RULE", keymsg.rule(0, VIA)), (
            "RULELIST", keymsg.rulelist(0, 0, [CHAIN])[:-1])], "list"),
        "no dialer": ([("DIALER",)], "channel"),
        "dialer twice": ([("DIALER", b"", WITH)] * 2, "channel"),
        "start without the dialer": ([
            FRONT_CONFIG, ("CHANNEL", b"", WITH), ("START",)], "start"),
    }),
    "relay": {
        "empty configuration": ([("CONFIG", b"")], "configuration"),
        "configuration and more": ([
            ("CONFIG", RELAY_CONFIG[1] + b"\0")], "configuration"),
        "configuration twice": ([RELAY_CONFIG] * 2, "configuration"),
        "listener 1": ([("LISTEN", keymsg.u32(1) * 2 + b"\0" + ADDRESS)], "listener"),
        "listener, cut": ([("LISTEN", LISTEN[1][:-1])], "listener"),
        "listener of no role": ([
            ("LISTEN", keymsg.u32(0) + keymsg.u32(1) + b"\3" + ADDRESS)],
            "listener"),
        "file of no listener": ([("FILE", b"\0", WITH)], "file"),
        "no file": ([LISTEN, ("FILE", b"\0")], "file"),
        "file twice": ([LISTEN] + [("FILE", b"\0", WITH)] * 2, "file"),
        "signer 1": ([("SIGNER", signer(1))], "signer"),
        "signer, cut": ([("SIGNER", signer(0)[:-1])], "signer"),
        "rule 1": ([("RULE", relay_rule(1))], "rule"),
        "rule, cut": ([("RULE", relay_rule(0)[:-1])], "rule"),
        "list of nothing": ([("LIST", piece(1, [CHAIN]))], "list"),
        "list after the configuration": ([
            RELAY_CONFIG, ("LIST", piece(1, [CHAIN]))], "list"),
        "receivers of a signer": ([
            ("SIGNER", signer(0)), ("LIST", piece(3, [bytes(20)]))], "list"),
        "list, cut": ([("SIGNER", signer(0)), (
            "LIST", piece(1, [CHAIN])[:-1])], "list"),
        "signer that there is not": ([
            RELAY_CONFIG, ("RULE", relay_rule(0)), (
                "LIST", piece(4, [keymsg.u32(7)]))], "list"),
        "start with a body": ([RELAY_CONFIG, ("START", b"x")], "start"),
        "stop at once": ([RELAY_CONFIG, ("STOP",)], "stop"),
        "ready": ([(0x60b,)], "unknown message"),
        "noise": ([(2**31, b"x" * 1000)], "unknown message"),
    },
}


@pytest.mark.parametrize("name,case", [
    (name, case) for name in BAD for case in BAD[name]])
def test_bad_message(site, name, case):
    child = Child(site, name)
    messages, what = BAD[name][case]
    # Nothing else begins a configuration: see below.
    if messages[0][0] != "CONFIG":
        child.tell(*(RELAY_CONFIG if name == "relay" else FRONT_CONFIG))
    for message in messages:
        child.tell(*message)
    assert child.ended() == 1
    assert len(child.log) == 1 and what in child.log[0], child.log


@pytest.mark.parametrize("name,kind", [
    (name, kind) for name in TYPES for kind in [*TYPES[name], 0x7fffffff]
    if kind not in ("CONFIG", "STOP")])
def test_before_a_configuration(site, name, kind):
    """And COMMIT also after one, of which it was not said whether it is
    good."""
    for config in (None, RELAY_CONFIG if name == "relay" else FRONT_CONFIG):
        child = Child(site, name)
        if config is not None:
            child.tell(*config)
        child.tell(kind)
        if config is None or kind in ("COMMIT", 0x7fffffff):
            assert child.ended() == 1
            assert len(child.log) == 1, child.log
        else:
            child.parent.near.close()
            child.wait()


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("length", (0, 15, 1 << 20, 2**31 - 1))
def test_bad_length(site, name, length):
    """No message at all: the parent has gone mad."""
    child = Child(site, name)
    child.parent.send(imsg.frame(child.types["CONFIG"], bytes(64), length))
    assert child.ended() == 1


@pytest.mark.parametrize("name", ("frontend", "link"))
def test_stop_before_start(site, name):
    """The parent was told to stop early on."""
    child = Child(site, name)
    child.tell(*FRONT_CONFIG)
    if name == "link":
        child.tell("PROXY", proxy(0))
    child.tell("STOP")
    assert child.ended() == 0


@pytest.mark.parametrize("name", TYPES)
def test_parent_gone(site, name):
    child = Child(site, name)
    child.parent.near.close()
    assert child.wait() == 0
