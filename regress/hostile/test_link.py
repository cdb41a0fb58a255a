# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A frontend and a link process that speak for each other.

keyd knows from the channel which of the two it hears: what a frontend says of
links, and a link process of direct connections, is not even decided on.  A
link's rules hold for that link's number alone.
"""

import random

import pytest

from lib import daemon, eth, imsg, keyd, keymsg, oracle, procfs
from lib.oracle import ask

SEED = 20261122
HASH = bytes(range(32))
TO = b"\xaa" * 20
BASE = {"to": TO, "gas": 30000, "maxFeePerGas": 10**9, "nonce": 1,
        "maxPriorityFeePerGas": 1, "value": 7, "input": b"", "chainId": 10}
# What each rule permits, no other does: each has a chain of its own.
RULES = [
    {"client": "a.example", "key": 0, "methods": 3, "chains": [10]},
    {"client": "b.example", "key": 1, "methods": 3, "chains": [11]},
    {"via": 1, "client": "a.example", "key": 1, "methods": 3, "chains": [20]},
    {"via": 1, "client": "link.example", "key": 0, "methods": 3,
     "chains": [21]},
    {"via": 2, "client": "a.example", "key": 0, "methods": 3, "chains": [30]},
    {"via": 2, "client": "", "key": 1, "methods": 3, "chains": [31]},
    {"via": 128, "client": "", "key": 0, "methods": 3, "chains": [40]},
]
VIAS = (0, 1, 2, 3, 127, 128)
NO_VIAS = (129, 256, 257, 2**16, 2**24, 2**31, 2**31 + 1, 2**32 - 1)
CLIENTS = ("", "a.example", "b.example", "link.example", "c.example")
CHAINS = sorted({chain for rule in RULES for chain in rule["chains"]})
ROLES = (keymsg.DIRECT, keymsg.LINK)


def payload(via, client, chain, ident=1):
    return keymsg.sign_payload(ident, client, eth.ZEROS, chain, HASH,
                               via=via)


def transaction(via, client, chain, ident=1):
    return keymsg.sign_transaction(ident, client, dict(BASE, chainId=chain),
                                   via=via)


def of_rules(role):
    """Requests that the rules of that role permit, one of each kind each."""
    return [make(rule.get("via", 0), rule["client"], rule["chains"][0])
            for rule in RULES for make in (payload, transaction)
            if (rule.get("via", 0) != 0) == (role == keymsg.LINK)]


GOOD = {role: of_rules(role) for role in ROLES}


@pytest.fixture(scope="module")
def rules():
    return [dict(rule) for rule in RULES]


@pytest.fixture
def server(site, rules):
    with keyd.Keyd(site, channels=2, links=2) as made:
        made.configure([site.key("sequencer"), site.key("batcher")], rules)
        made.of = {keymsg.DIRECT: made.channels[0],
                   keymsg.LINK: made.links[0]}
        yield made
        # The channels that no test touches.
        assert made.running(), made.wait()
        assert ask(made.channels[1], rules, *GOOD[keymsg.DIRECT]) == 4
        assert ask(made.links[1], rules, *GOOD[keymsg.LINK]) == 10
        made.drain_log()


def test_each_role_has_its_own(server, rules):
    for role in ROLES:
        assert ask(server.of[role], rules, *GOOD[role]) == len(GOOD[role])


@pytest.mark.parametrize("role", ROLES)
def test_each_role_has_nothing_of_the_other(server, rules, role):
    """Malformed, not refused: the rules were not asked."""
    for ident, message in enumerate(GOOD[1 - role]):
        message = keymsg.u64(ident + 7) + message[8:]
        server.of[role].send(imsg.frame(keymsg.SIGN, message))
        assert server.of[role].read() == (keymsg.BADREQUEST,
                                          keymsg.u64(ident + 7))
    assert ask(server.of[role], rules, *GOOD[role]) == len(GOOD[role])
    server.drain_log()
    who = (b"frontend", b"link process")[role]
    said = [each for each in server.log if b"with via" in each]
    assert len(said) == len(GOOD[1 - role])
    assert all(who in each for each in said)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("make", (payload, transaction))
def test_every_combination(server, rules, role, make):
    """Of a via, a client and a chain: signed is what the rules list."""
    signed = 0
    for via in VIAS + NO_VIAS:
        signed += ask(server.of[role], rules, *(
            make(via, client, chain) for client in CLIENTS
            for chain in CHAINS))
        server.drain_log()
    assert signed == len(GOOD[role]) // 2


@pytest.mark.parametrize("make", (payload, transaction))
def test_rules_of_another_link(server, rules, make):
    """By its number alone; a name does not stand in for it, nor for none."""
    link = server.of[keymsg.LINK]
    assert ask(link, rules, make(2, "a.example", 30)) == 1
    assert ask(link, rules, make(2, "", 31)) == 1
    assert ask(link, rules, make(1, "a.example", 30), make(1, "", 31),
               make(3, "", 31), make(1, "link.example", 30),
               make(128, "a.example", 30), make(2, "a.example", 31),
               make(2, "a.example", 10), make(2, "b.example", 31),
               make(2, "", 30)) == 0


@pytest.mark.parametrize("role", ROLES)
def test_no_sender_helps(server, rules, role):
    """Nor does naming the key's address."""
    for address in server.addresses.values():
        for message in GOOD[1 - role]:
            at = keymsg.has_at(message)
            bits = int.from_bytes(message[at:at + 4], "big") | 1
            skip = at + 4
            if message[keymsg.METHOD_AT] == keymsg.PAYLOAD:
                skip += 32
            made = message[:at] + keymsg.u32(bits) + message[at + 4:skip] + \
                address + message[skip:]
            for via in VIAS:
                ask(server.of[role], rules, made, made[:keymsg.VIA_AT] +
                    keymsg.u32(via) + made[keymsg.CLIENT_AT:])


@pytest.mark.parametrize("role", ROLES)
def test_names_with_a_via(server, rules, role):
    for client in (b"\0", b"\0a.example", b"a.example\0", b"2/a.example",
                   b"A.example", b"\n", b"a" * 253, b"a" * 254, b"a" * 255):
        for via in VIAS:
            assert ask(server.of[role], rules, *(
                make(via, client, chain) for chain in CHAINS
                for make in (payload, transaction))) == 0


@pytest.mark.parametrize("role", ROLES)
def test_each_byte_changed(server, rules, role):
    """Each bit of the via, too."""
    for whole in of_rules(keymsg.DIRECT)[:2] + of_rules(keymsg.LINK)[:2]:
        made = [whole[:at] + bytes([value & 0xff]) + whole[at + 1:]
                for at in range(len(whole))
                for value in (whole[at] ^ 0xff, whole[at] + 1)]
        made += [whole[:keymsg.VIA_AT] + keymsg.u32(1 << bit) +
                 whole[keymsg.CLIENT_AT:] for bit in range(32)]
        for at in range(0, len(made), 64):
            ask(server.of[role], rules, *made[at:at + 64])
            server.drain_log()


@pytest.mark.parametrize("role", ROLES)
def test_truncated_at_each_length(server, rules, role):
    for whole in of_rules(keymsg.DIRECT)[:2] + of_rules(keymsg.LINK)[-2:]:
        assert ask(server.of[role], rules,
                   *(whole[:n] for n in range(len(whole)))) == 0


@pytest.mark.parametrize("role", ROLES)
def test_random_changes(server, rules, role):
    chance = random.Random(SEED + role)
    signed = 0
    for _ in range(20):
        made = []
        for _ in range(50):
            each = bytearray(chance.choice(GOOD[chance.choice(ROLES)]))
            for _ in range(chance.choice((0, 1, 1, 2))):
                each[chance.randrange(16, len(each))] = chance.choice(
                    (0, 1, 2, 10, 64, 255))
            if chance.randrange(2):
                each[keymsg.VIA_AT:keymsg.CLIENT_AT] = keymsg.u32(
                    chance.choice(VIAS))
            made.append(bytes(each))
        signed += ask(server.of[role], rules, *made)
        server.drain_log()
    assert signed > 0, "nothing of it reached the policy"


def test_what_is_refused_is_freed(server, rules):
    """The lists of a request of the wrong role."""
    access = [(TO, [HASH]) for _ in range(600)]
    message = keymsg.sign_transaction(
        1, "a.example", dict(BASE, accessList=access, chainId=20), via=1)
    frame = imsg.frame(keymsg.SIGN, message)
    assert ask(server.of[keymsg.LINK], rules, message) == 1
    before = high_water(server.pid)
    for _ in range(40):
        server.of[keymsg.DIRECT].send(frame * 50)
        for _ in range(50):
            assert server.of[keymsg.DIRECT].read()[0] == keymsg.BADREQUEST
        server.drain_log()
    assert high_water(server.pid) < before + 8192 or daemon.SANITIZE


def high_water(pid):
    """Kilobytes of memory that it ever had."""
    return int(procfs.status(pid)["VmHWM"].split()[0])


def test_both_at_once(server, rules):
    """Each is answered by its own channel's role, whoever came before."""
    for role in ROLES * 20:
        other = server.of[1 - role]
        other.send(b"".join(imsg.frame(keymsg.SIGN, m) for m in GOOD[role]))
        assert ask(server.of[role], rules, *GOOD[role]) == len(GOOD[role])
        for message in GOOD[role]:
            assert not oracle.judge(rules, message, *other.read(),
                                    role=other.role)
        server.drain_log()
