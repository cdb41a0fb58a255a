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


@pytest.mark.parametrize("kind", (
    2, 0xff, keymsg.ADDRESS, keymsg.BADCONFIG, 0x10a, keymsg.SIGN,
    2**31 - 1))
def test_not_a_parents_message(server, kind):
    begin(server)
    server.tell(kind, bytes(16))
    assert ends(server)


def test_no_message(server):
    """Bytes that are none."""
    begin(server)
    server.parent.send(bytes(64))
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
    (0, {"client": b"a\nb"}), (0, {"via": 129}), (0, {"via": 2**32 - 1}),
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


def faulted(server):
    """What it says is wrong; it serves nobody then."""
    server.tell(keymsg.END)
    while True:
        kind, body = server.hear()
        assert kind != keymsg.READY
        if kind == keymsg.BADCONFIG:
            return body[4:].decode()


@pytest.mark.parametrize("said", range(4))
def test_end_before_all_is_said(server, site, said):
    begin(server)
    if said > 0:
        server.send_key(0, site.key("sequencer"))
        assert server.hear()[0] == keymsg.ADDRESS
    if said > 1:
        server.tell(keymsg.RULE, keymsg.rule(0, RULE))
    if said > 2:
        server.tell(keymsg.RULELIST, keymsg.rulelist(0, 0, [bytes(32)]))
        server.tell(keymsg.END)
        assert server.hear() == (keymsg.READY, b"")
    else:
        assert ("a key is missing", "a rule is missing",
                "without a chain")[said] in faulted(server)


def test_rule_with_an_empty_list(server, site):
    """It says that receivers are listed, and lists none: not anybody."""
    begin(server)
    server.send_key(0, site.key("sequencer"))
    server.tell(keymsg.RULE, keymsg.rule(0, dict(RULE, methods=1, to=[])))
    assert "empty list" in faulted(server)


def test_key_in_the_place_of_a_refused_one(server, site):
    begin(server, rules=0)
    server.send_key(0, "/dev/null")
    assert server.hear()[0] == keymsg.BADKEY
    server.send_key(0, site.key("sequencer"))
    assert server.hear()[0] == keymsg.ADDRESS
    assert faulted(server) == "a key was refused"


def test_end_with_a_body(server):
    begin(server, 0, 0)
    server.tell(keymsg.END, b"\0")
    assert ends(server)


def test_too_many_channels(server):
    begin(server, 0, 0)
    for _ in range(65):
        server.add_channel()
    assert ends(server)


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


# ---- a candidate, while it serves ------------------------------------------


@pytest.fixture
def serving(server, site):
    server.wanted = (1, 0)
    return server.configure([site.key("sequencer")], [dict(RULE)])


def candidate(server, site, keys=1):
    begin(server, keys=keys)
    server.send_key(0, site.key("batcher"))
    server.send_rule(0, RULE)
    server.tell(keymsg.END)
    assert server.hear()[0] == keymsg.ADDRESS
    return server.hear()[0]


def test_candidate_over_and_over(serving, site):
    """Taken up or not; the asker is told of each that is."""
    for kind in (keymsg.COMMIT, keymsg.DISCARD) * 20:
        assert candidate(serving, site) == keymsg.READY
        serving.tell(kind)
        if kind == keymsg.COMMIT:
            assert serving.hear() == (keymsg.COMMITTED, b"")
            assert serving.channels[0].read() == (keymsg.SWITCHED, b"")


@pytest.mark.parametrize("kind", ("COMMIT", "DISCARD", "KEY", "RULE",
                                  "RULELIST", "CHANNEL", "END"))
def test_without_a_candidate(serving, kind):
    serving.tell(keymsg.TYPES[kind])
    assert ends(serving)


@pytest.mark.parametrize("kind", ("COMMIT", "DISCARD", "CONFIG"))
def test_before_its_end(serving, kind):
    begin(serving)
    serving.tell(keymsg.TYPES[kind], keymsg.config(1, 1, 65536)
                 if kind == "CONFIG" else b"")
    assert ends(serving)


@pytest.mark.parametrize("kind", ("KEY", "RULE", "RULELIST", "CHANNEL",
                                  "END", "CONFIG"))
def test_after_its_end(serving, site, kind):
    assert candidate(serving, site) == keymsg.READY
    serving.tell(keymsg.TYPES[kind], keymsg.config(1, 1, 65536)
                 if kind == "CONFIG" else b"")
    assert ends(serving)


def test_bad_candidate_is_not_taken_up(serving, site):
    assert candidate(serving, site, keys=2) == keymsg.BADCONFIG
    serving.tell(keymsg.COMMIT)
    assert ends(serving)


def test_no_channel_comes_later(serving):
    begin(serving)
    with open("/dev/null", "rb") as f:
        serving.tell(keymsg.CHANNEL, keymsg.u32(0), f.fileno())
    assert ends(serving)


@pytest.mark.parametrize("body", (b"", b"\x04", b"\xff", b"\0\0"))
def test_bad_level(serving, body):
    serving.tell(keymsg.SETLEVEL, body)
    assert ends(serving)


# ---- pings ------------------------------------------------------------------


@pytest.mark.parametrize("number", (0, 2**32 - 1))
def test_ping(server, number):
    """It is answered with its number, before there is a configuration, too."""
    server.tell(keymsg.PING, keymsg.u32(number))
    assert server.hear() == (keymsg.PONG, keymsg.u32(number))


@pytest.mark.parametrize("body", (b"", bytes(3), bytes(5)))
def test_bad_ping(server, body):
    server.tell(keymsg.PING, body)
    assert ends(server)
