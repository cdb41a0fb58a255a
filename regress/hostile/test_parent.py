# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A parent that keyd should not trust to make mistakes: it ends, unharmed."""

import pytest

from lib import keyd, keymsg

RULE = {"client": "a.example", "key": 0, "methods": 2, "chains": [10]}


@pytest.fixture
def server(site):
    made = keyd.Keyd(site, channels=0)
    yield made
    made.__exit__(RuntimeError)


def ends(server):
    """With a status, not by a signal."""
    while server.hear() is not None:
        pass
    return server.wait() == 1


def begin(server, keys=1, rules=1):
    server.tell(keymsg.CONFIG, keymsg.config(keys, rules, 65536))


@pytest.mark.parametrize("kind", ("KEY", "RULE", "RULELIST", "CHANNEL",
                                  "END", "READY", "SIGNED"))
def test_out_of_turn(server, kind):
    server.tell(keymsg.TYPES[kind], bytes(16))
    assert ends(server)


@pytest.mark.parametrize("body", (
    b"", bytes(11), bytes(13), keymsg.config(257, 0, 65536),
    keymsg.config(1, 65537, 65536), keymsg.config(1, 1, 0),
    keymsg.config(2**32 - 1, 2**32 - 1, 2**32 - 1)))
def test_bad_configuration(server, body):
    server.tell(keymsg.CONFIG, body)
    assert ends(server)


def test_configured_twice(server):
    begin(server)
    begin(server)
    assert ends(server)


@pytest.mark.parametrize("index", (1, 255, 256, 2**32 - 1))
def test_key_index(server, site, index):
    begin(server)
    server.send_key(index, site.key("sequencer"))
    assert ends(server)


def test_key_without_a_descriptor(server):
    begin(server)
    server.tell(keymsg.KEY, keymsg.u32(0))
    assert ends(server)


def test_key_twice(server, site):
    begin(server)
    for _ in range(2):
        server.send_key(0, site.key("sequencer"))
    assert ends(server)


@pytest.mark.parametrize("index,change", (
    (1, {}), (2**32 - 1, {}), (0, {"key": 1}), (0, {"key": 2**32 - 1}),
    (0, {"methods": 0}), (0, {"methods": 4}), (0, {"client": b""}),
    (0, {"client": b"a\nb"}), (0, {"via": 65}), (0, {"via": 2**32 - 1}),
    (0, {"via": 2**24, "client": b""}), (0, {"via": 1, "client": b"a\nb"})))
def test_bad_rule(server, index, change):
    begin(server)
    server.tell(keymsg.RULE, keymsg.rule(index, dict(RULE, **change)))
    assert ends(server)


@pytest.mark.parametrize("role", (
    b"", bytes(3), bytes(5), keymsg.u32(2), keymsg.u32(2**32 - 1),
    bytes((1, 0, 0, 0))))
def test_bad_role(server, role):
    begin(server)
    with open("/dev/null", "rb") as f:
        server.tell(keymsg.CHANNEL, role, f.fileno())
    assert ends(server)


def test_channel_without_a_descriptor(server):
    begin(server)
    server.tell(keymsg.CHANNEL, keymsg.u32(keymsg.LINK))
    assert ends(server)


@pytest.mark.parametrize("body", (
    keymsg.rulelist(1, 0, [bytes(32)]), keymsg.rulelist(0, 3, [bytes(32)]),
    keymsg.rulelist(0, 0, []), keymsg.rulelist(0, 0, [bytes(31)]),
    keymsg.rulelist(0, 0, [bytes(32)] * 257), keymsg.rulelist(
        0, 0, [bytes(32)])[:-1], b""))
def test_bad_list(server, body):
    begin(server)
    server.tell(keymsg.RULE, keymsg.rule(0, RULE))
    server.tell(keymsg.RULELIST, body)
    assert ends(server)


def test_rule_of_payloads_without_a_chain(server, site):
    begin(server)
    server.send_key(0, site.key("sequencer"))
    server.tell(keymsg.RULE, keymsg.rule(0, RULE))
    server.tell(keymsg.END)
    assert server.hear()[0] == keymsg.ADDRESS
    assert server.hear()[0] == keymsg.BADCONFIG


def test_end_before_all_is_said(server):
    begin(server)
    server.tell(keymsg.END)
    assert server.hear()[0] == keymsg.BADCONFIG


def test_bad_key_is_told(server, site):
    path = site.path("keys", "none.pem")
    with open(path, "w") as f:
        f.write("no key\n")
    begin(server)
    server.send_key(0, path)
    kind, body = server.hear()
    assert kind == keymsg.BADKEY and body[:4] == keymsg.u32(0)
    assert body[4:8] != keymsg.u32(0) and len(body) == 12


def test_key_that_is_no_file(server):
    """Reading it fails or never ends: it is refused all the same."""
    begin(server)
    server.send_key(0, "/dev/zero")
    assert server.hear()[0] == keymsg.BADKEY


def test_end_of_the_parent(server, site):
    server.wanted = (1, 0)
    server.configure([site.key("sequencer")], [dict(RULE)])
    server.parent.near.close()
    assert server.wait() == 0
