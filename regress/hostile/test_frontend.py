# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A frontend that lies to keyd.

Whatever it sends, keyd lives, answers each message once and in order, signs
what the policy permits and nothing else; lib/oracle.py is the judge.
"""

import os
import random
import time

import pytest

from lib import daemon, eth, imsg, keyd, keymsg, oracle, procfs
from lib.oracle import ask

TO = b"\xaa" * 20
MARK = bytes(31) + b"\x01"
SEED = 20261122
RULES = [
    {"client": "sequencer.example", "key": 0, "methods": 2, "chains": [10],
     "domains": [eth.ZEROS, MARK]},
    {"client": "any.example", "key": 0, "methods": 3, "chains": [10, 1],
     "domains": "any"},
    {"client": "batcher.example", "key": 1, "methods": 1, "chains": [10],
     "to": [TO], "max_value": 10**18, "max_fee": 10**17},
    {"client": "batcher.example", "key": 0, "methods": 1, "chains": [],
     "max_value": 5},
]
HASH = bytes(range(32))
BASE = {"to": TO, "gas": 30000, "maxFeePerGas": 10**9, "nonce": 1,
        "maxPriorityFeePerGas": 1, "value": 7, "input": b"", "chainId": 10}
ACCESS = [(b"\xbb" * 20, [b"\xcc" * 32, b"\xdd" * 32]), (TO, [])]
AUTHS = [(10, TO, 2**64 - 1, 1, 2**255, 7), (0, TO, 0, 255, 1, 1)]
GOOD = {
    "payload": keymsg.sign_payload(1, "sequencer.example", eth.ZEROS, 10,
                                   HASH),
    "payload with domain": keymsg.sign_payload(
        2, "any.example", b"\xff" * 32, 1, HASH),
    "transfer": keymsg.sign_transaction(3, "batcher.example", BASE),
    "access list": keymsg.sign_transaction(
        4, "batcher.example", dict(BASE, accessList=ACCESS, type=2)),
    "blobs": keymsg.sign_transaction(
        5, "batcher.example", dict(BASE, blobVersionedHashes=[HASH, MARK],
                                   maxFeePerBlobGas=1, type=3)),
    "authorizations": keymsg.sign_transaction(
        6, "batcher.example", dict(BASE, authorizationList=AUTHS, type=4,
                                   accessList=ACCESS)),
    "creation": keymsg.sign_transaction(
        7, "any.example", {k: v for k, v in dict(
            BASE, input=b"\x60\x01", data=b"\x60\x01").items()
            if k != "to"}),
}
TRUSTED = ("CONFIG", "KEY", "RULE", "RULELIST", "CHANNEL", "END", "ADDRESS",
           "BADKEY", "READY", "BADCONFIG", "SIGNED", "REFUSED", "BADREQUEST",
           "LOG")


@pytest.fixture(scope="module")
def rules():
    return [dict(rule) for rule in RULES]


@pytest.fixture
def server(site, rules):
    with keyd.Keyd(site, channels=3) as made:
        made.configure([site.key("sequencer"), site.key("batcher")], rules)
        yield made
        check_alive(made, rules)


def check_alive(server, rules):
    """A good request on the channel that no test touches is signed."""
    assert server.running(), server.wait()
    assert ask(server.channels[2], rules, GOOD["payload"]) == 1
    server.drain_log()


def test_addresses(server, site):
    assert eth.hexa(server.addresses[0]) == \
        "0x37b74bb9bb365760657ab18581ae67613e9eaafc"
    assert eth.hexa(server.addresses[1]) == \
        "0x05b4b087e84cc1ab1e96aeb84a56bfffedfb005a"


def test_good_requests(server, rules):
    """What is mutated below is signed as it stands."""
    for name, message in GOOD.items():
        assert ask(server.channels[0], rules, message) == 1, name


# ---- messages that are not what they should be ---------------------------


@pytest.mark.parametrize("name", GOOD)
def test_truncated_at_each_length(server, rules, name):
    whole = GOOD[name]
    assert ask(server.channels[0], rules,
               *(whole[:n] for n in range(len(whole)))) == 0


@pytest.mark.parametrize("name", GOOD)
def test_bytes_left_over(server, rules, name):
    assert ask(server.channels[0], rules, GOOD[name] + b"\0",
               GOOD[name] + GOOD[name], GOOD[name] + b"\0" * 4096) == 0


@pytest.mark.parametrize("name", GOOD)
def test_each_byte_changed(server, rules, name):
    """What is signed is what was sent, not what was sent before."""
    whole, changed = GOOD[name], []
    for at in range(len(whole)):
        value = (whole[at] ^ 0xff, (whole[at] + 1) & 0xff)[at & 1]
        changed.append(whole[:at] + bytes([value]) + whole[at + 1:])
    for at in range(0, len(changed), 64):
        ask(server.channels[0], rules, *changed[at:at + 64])


def test_counts_that_promise_too_much(server, rules):
    """Four bytes anywhere that say that much follows: no memory for it."""
    before = high_water(server.pid)
    for name in ("transfer", "blobs", "authorizations"):
        whole = GOOD[name]
        made = [whole[:at] + count + whole[at + 4:]
                for at in range(keymsg.CLIENT_AT + 1, len(whole) - 4)
                for count in (b"\xff\xff\xff\xff", b"\x00\x10\x00\x00")]
        for at in range(0, len(made), 64):
            ask(server.channels[0], rules, *made[at:at + 64])
    assert high_water(server.pid) < before + 8192 or daemon.SANITIZE


def high_water(pid):
    """Kilobytes of memory that it ever had."""
    return int(procfs.status(pid)["VmHWM"].split()[0])


@pytest.mark.parametrize("bits", range(32))
def test_each_bit_of_what_is_there(server, rules, bits):
    """The `has` word alone is changed, not what follows it."""
    made = []
    for whole in GOOD.values():
        at = keymsg.has_at(whole)
        has = int.from_bytes(whole[at:at + 4], "big") ^ 1 << bits
        made.append(whole[:at] + keymsg.u32(has) + whole[at + 4:])
    ask(server.channels[0], rules, *made)


@pytest.mark.parametrize("client", (
    b"", b"sequencer.example\0", b"sequencer.example\0any.example",
    b"Sequencer.example", b"sequencer.exampl", b"sequencer.examples",
    b"a" * 253, b"a" * 254, b"a" * 255, b"\n", b"any.example\x7f",
    b"\xff\xfe", b"sequencer.example\nx", b" any.example"))
def test_names(server, rules, client):
    for make in (keymsg.sign_payload(9, client, eth.ZEROS, 10, HASH),
                 keymsg.sign_transaction(9, client, BASE)):
        assert ask(server.channels[0], rules, make) == 0


@pytest.mark.parametrize("method", (0, 3, 4, 127, 128, 255))
def test_methods(server, rules, method):
    for whole in GOOD.values():
        assert ask(server.channels[0], rules,
                   whole[:keymsg.METHOD_AT] + bytes([method]) +
                   whole[keymsg.METHOD_AT + 1:]) == 0


def test_methods_exchanged(server, rules):
    """A transaction's fields under a payload's name, and the reverse."""
    at = keymsg.METHOD_AT
    for whole in GOOD.values():
        assert ask(server.channels[0], rules, whole[:at] +
                   bytes([3 - whole[at]]) + whole[at + 1:]) == 0


def test_repeated_ids(server, rules):
    """Each message is answered; the id is the frontend's own affair."""
    assert ask(server.channels[0], rules, *[GOOD["payload"]] * 100) == 100
    mixed = [GOOD["payload"], GOOD["transfer"][:40], GOOD["transfer"]] * 20
    assert ask(server.channels[0], rules, *mixed) == 40


def test_extreme_ids(server, rules):
    for ident in (0, 1, 2**32, 2**63, 2**64 - 1):
        assert ask(server.channels[0], rules, keymsg.sign_payload(
            ident, "sequencer.example", eth.ZEROS, 10, HASH)) == 1


def test_late_requests(server, rules):
    past = int(time.monotonic() * 1e6) - 10**6
    for deadline in (0, 1, past):
        assert ask(server.channels[0], rules, keymsg.sign_payload(
            1, "sequencer.example", eth.ZEROS, 10, HASH,
            deadline=max(deadline, 0))) == 0


# ---- types ---------------------------------------------------------------


def others():
    return [n for n in list(range(0, 16)) + list(range(0x100, 0x110)) +
            list(range(0x200, 0x210)) + [0x300, 0x10200, 2**31, 2**32 - 1]
            if n != keymsg.SIGN]


@pytest.mark.parametrize("kind", others())
def test_other_types(server, rules, kind):
    """Those of the parent too: the channel says who speaks."""
    bodies = (b"", keymsg.config(1, 1, 1 << 20), keymsg.rule(0, dict(
        RULES[1], client="evil.example")), keymsg.rulelist(
            0, keymsg.LIST_CHAIN, [keymsg.u256(11)]), keymsg.u32(0),
        GOOD["payload"])
    channel = server.channels[0]
    for body in bodies:
        channel.send(imsg.frame(kind, body))
        answer, reply = channel.read()
        assert answer == keymsg.BADREQUEST
        assert reply == bytes(8)
    ask(channel, rules, keymsg.sign_payload(
        1, "evil.example", eth.ZEROS, 10, HASH), keymsg.sign_payload(
        2, "sequencer.example", eth.ZEROS, 11, HASH))


@pytest.mark.parametrize("name", TRUSTED)
def test_other_types_at_each_length(server, rules, name):
    body = keymsg.rule(0, RULES[2])
    channel = server.channels[0]
    for length in range(0, len(body), 3):
        channel.send(imsg.frame(keymsg.TYPES[name], body[:length]))
        assert channel.read() == (keymsg.BADREQUEST, bytes(8))


# ---- framing -------------------------------------------------------------


@pytest.mark.parametrize("length", (
    0, 1, 15, keyd.MAX_MESSAGE + 1, 1 << 20, 2**31 - 1))
def test_bad_length_closes_that_channel_alone(server, rules, length):
    bad, good = server.channels[0], server.channels[1]
    assert ask(bad, rules, GOOD["payload"]) == 1
    bad.send(imsg.frame(keymsg.SIGN, GOOD["payload"], length=length))
    while bad.read() is not None:
        pass
    assert ask(good, rules, *GOOD.values()) == len(GOOD)


def test_largest_message(server, rules):
    """Exactly the limit is taken, a byte more is not."""
    channel = server.channels[0]
    head = len(keymsg.sign_transaction(1, "any.example", dict(
        BASE, input=b"")))
    room = keyd.MAX_MESSAGE - imsg.HEADER.size - head
    for size, signed in ((room, True), (room + 1, False)):
        message = keymsg.sign_transaction(1, "any.example", dict(
            BASE, input=b"\x5a" * size))
        if signed:
            assert ask(channel, rules, message) == 1
        else:
            channel.send_what_fits(imsg.frame(keymsg.SIGN, message))
            while channel.read() is not None:
                pass


def test_half_a_message(server, rules):
    """Others are served while one never ends."""
    whole = imsg.frame(keymsg.SIGN, GOOD["transfer"])
    for cut in (1, 15, 16, 17, len(whole) - 1):
        server.channels[0].send(whole[:cut])
        assert ask(server.channels[1], rules, *GOOD.values()) == len(GOOD)
        server.channels[0].send(whole[cut:])
        assert oracle.judge(rules, GOOD["transfer"],
                            *server.channels[0].read())


def test_a_byte_at_a_time(server, rules):
    for byte in imsg.frame(keymsg.SIGN, GOOD["blobs"]):
        server.channels[0].send(bytes([byte]))
    assert oracle.judge(rules, GOOD["blobs"], *server.channels[0].read())


def test_descriptors_are_not_kept(server, rules):
    """Neither those that a header speaks of nor those that it does not."""
    if not daemon.ROOT:
        pytest.skip("a user cannot see the descriptors of keyd")
    before = procfs.descriptors(server.pid)
    null = os.open(os.devnull, os.O_RDONLY)
    try:
        for count in (1, 4):
            for mark in (0, imsg.FD_MARK):
                send_marked(server, null, count, mark)
        assert ask(server.channels[1], rules, GOOD["payload"]) == 1
    finally:
        os.close(null)
    after = procfs.descriptors(server.pid)
    assert "/dev/null" not in [after[n] for n in after if n not in before]
    assert set(after) <= set(before)


def send_marked(server, descriptor, count, mark):
    """A request with descriptors, over a channel that may end of it."""
    message = imsg.frame(
        keymsg.SIGN, GOOD["payload"],
        length=imsg.HEADER.size + len(GOOD["payload"]) | mark)
    try:
        server.channels[0].send_with(message, [descriptor] * count)
    except (BrokenPipeError, ConnectionResetError):
        return
    server.channels[0].read()


def test_mark_without_a_descriptor(server, rules):
    message = imsg.frame(
        keymsg.SIGN, GOOD["payload"],
        length=imsg.HEADER.size + len(GOOD["payload"]) | imsg.FD_MARK)
    server.channels[0].send(message)
    answer = server.channels[0].read()
    assert answer is None or oracle.judge(rules, GOOD["payload"], *answer)


def test_channel_that_ends(server, rules):
    """In the middle of a message, with answers unread."""
    server.channels[0].send(
        imsg.frame(keymsg.SIGN, GOOD["payload"]) * 50 + b"\0\x02")
    server.channels[0].close()
    assert ask(server.channels[1], rules, *GOOD.values()) == len(GOOD)


# ---- floods --------------------------------------------------------------


@pytest.mark.parametrize("what", ("payload", "nonsense"))
def test_flood_that_is_not_read(server, rules, what):
    """It stops at a bound; others are served; all is answered when read."""
    message = GOOD["payload"] if what == "payload" else b"x" * 40
    one = imsg.frame(keymsg.SIGN, message)
    flood, sent = one * 30000, 0
    while True:
        taken = server.channels[0].send_what_fits(flood[sent:])
        sent += taken
        # keyd has had its turn when the other one is answered.
        assert ask(server.channels[1], rules, GOOD["payload"]) == 1
        server.drain_log()
        if taken == 0 or sent == len(flood):
            break
    assert sent < len(flood), "taken without an end"
    assert high_water(server.pid) < 32 * 1024 or daemon.SANITIZE
    for number in range(sent // len(one)):
        answer = server.channels[0].read()
        if number % 500 == 0:
            oracle.judge(rules, message, *answer)
        server.drain_log() if number % 100 == 0 else None


def test_large_answers_that_are_not_read(server, rules):
    """Bounded in bytes, not only in number; it goes on when they are."""
    head = len(keymsg.sign_transaction(1, "any.example", dict(
        BASE, input=b"")))
    room = keyd.MAX_MESSAGE - imsg.HEADER.size - head
    one = keymsg.sign_transaction(1, "any.example", dict(
        BASE, input=b"\x5a" * room))
    flood = imsg.frame(keymsg.SIGN, one)
    assert len(flood) == keyd.MAX_MESSAGE
    before, sent, count, idle = high_water(server.pid), 0, 1024, 0
    while sent < count * len(flood) and idle < 20:
        taken = server.channels[0].send_what_fits(flood[sent % len(flood):])
        sent += taken
        idle = 0 if taken else idle + 1
        # keyd has had its turn when the other one is answered.
        assert ask(server.channels[1], rules, GOOD["payload"]) == 1
        server.drain_log()
    assert sent < count * len(flood) // 2, "taken without an end"
    assert high_water(server.pid) < before + 16 * 1024 or daemon.SANITIZE
    assert oracle.judge(rules, one, *server.channels[0].read())
    for _ in range(sent // len(flood) - 1):
        assert server.channels[0].read()[0] == keymsg.SIGNED
        server.drain_log()
    # It listens again: the rest of the last one, and another.
    rest = flood[sent % len(flood):] if sent % len(flood) else b""
    server.channels[0].send(rest + flood)
    for _ in range(2 if rest else 1):
        assert oracle.judge(rules, one, *server.channels[0].read())


def test_two_channels_share(server, rules):
    """A long queue on one does not come before one on the other."""
    server.channels[0].send(imsg.frame(keymsg.SIGN, GOOD["payload"]) * 600)
    server.channels[1].send(imsg.frame(keymsg.SIGN, GOOD["transfer"]))
    assert oracle.judge(rules, GOOD["transfer"], *server.channels[1].read())
    for _ in range(600):
        assert server.channels[0].read()[0] == keymsg.SIGNED


# ---- what must never be signed -------------------------------------------


@pytest.mark.parametrize("client", ("any.example", "sequencer.example"))
def test_payload_that_is_something_else(server, rules, client):
    for _, domain, digest in eth.masquerades():
        assert ask(server.channels[0], rules, keymsg.sign_payload(
            1, client, domain, 10, digest)) == 0
    for start in ("02f85d", "f85e", "1945"):
        domain = bytes.fromhex(start).ljust(32, b"\x80")
        assert ask(server.channels[0], rules, keymsg.sign_payload(
            1, client, domain, 10, HASH)) == 0


def test_first_byte_of_the_domain(server, rules):
    messages = [keymsg.sign_payload(n, "any.example",
                                    bytes([n]) + b"\x80" * 31, 10, HASH)
                for n in range(256)]
    assert ask(server.channels[0], rules, *messages) == 1 + 64 + 1


@pytest.mark.parametrize("bits", range(32))
def test_payload_bits(server, rules, bits):
    """`Too large` or `wrong length` beside a value: it is not signed."""
    for whole in (GOOD["payload"], GOOD["payload with domain"]):
        at = keymsg.has_at(whole)
        ask(server.channels[0], rules,
            whole[:at] + keymsg.u32(bits) + whole[at + 4:])


@pytest.mark.parametrize("change", (
    {"to": b"\xab" * 20}, {"value": 10**18 + 1}, {"chainId": 11},
    {"chainId": 0}, {"gas": 2**64 - 1, "maxFeePerGas": 2**256 - 1},
    {"gas": 2**63, "maxFeePerGas": 2**193}, {"from": b"\x01" * 20},
    {"gas": 10**8, "maxFeePerGas": 10**9 + 1}, {"gasPrice": None},
    {"data": b"\x01"}, {"type": 0}, {"type": 3}, {"type": 2**64 - 1},
    {"blobVersionedHashes": []}, {"authorizationList": []},
    {"blobVersionedHashes": [HASH]}, {"maxFeePerBlobGas": 1},
    {"blobVersionedHashes": [HASH] * 9, "maxFeePerBlobGas": 2**240},
    {"blobVersionedHashes": [HASH], "maxFeePerBlobGas": 1,
     "authorizationList": AUTHS},
    {"maxPriorityFeePerGas": 10**9 + 1}))
def test_transactions_outside_of_the_policy(server, rules, change):
    tx = dict(BASE, value=10**17)
    tx.update(change)
    assert ask(server.channels[0], rules, keymsg.sign_transaction(
        1, "batcher.example", tx)) == 0


@pytest.mark.parametrize("gone", sorted(BASE))
def test_members_that_are_absent(server, rules, gone):
    tx = {k: v for k, v in BASE.items() if k != gone}
    ask(server.channels[0], rules,
        keymsg.sign_transaction(1, "batcher.example", tx),
        keymsg.sign_transaction(2, "any.example", tx))


# ---- chance --------------------------------------------------------------


def mutate(chance, message):
    """A few random changes of a good message."""
    made = bytearray(message)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        at = chance.randrange(len(made) or 1)
        kind = chance.randrange(6)
        if kind == 0 and made:
            made[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and made:
            made[at] = chance.randrange(256)
        elif kind == 2:
            del made[at:at + chance.choice((1, 4, 8, 20, 32))]
        elif kind == 3:
            made[at:at] = chance.randbytes(chance.choice((1, 4, 8, 32)))
        elif kind == 4:
            made[at:at + 4] = chance.choice(
                (b"\0\0\0\0", b"\xff" * 4, b"\0\0\0\1", b"\x80\0\0\0"))
        else:
            other = chance.choice(list(GOOD.values()))
            made[at:] = other[chance.randrange(len(other)):]
    return bytes(made[:4096])


@pytest.mark.parametrize("part", range(6))
def test_random_changes(server, rules, part):
    chance = random.Random(SEED + part)
    names = sorted(GOOD)
    signed = 0
    for _ in range(20):
        signed += ask(server.channels[0], rules, *(
            mutate(chance, GOOD[chance.choice(names)]) for _ in range(50)))
        server.drain_log()
    assert signed > 0, "nothing of it reached the policy"


@pytest.mark.parametrize("part", range(4))
def test_random_streams(site, rules, part):
    """Bytes without any framing, on channel after channel."""
    chance = random.Random(SEED + part)
    with keyd.Keyd(site, channels=40) as server:
        server.configure([site.key("sequencer"), site.key("batcher")],
                         rules)
        for channel in server.channels[:38]:
            data = bytearray(imsg.frame(keymsg.SIGN, GOOD["transfer"]) * 5)
            for _ in range(8):
                data[chance.randrange(len(data))] = chance.randrange(256)
            channel.send_what_fits(bytes(data))
            channel.near.shutdown(1)
            while True:
                answer = channel.read()
                if answer is None:
                    break
                assert answer[0] in (keymsg.SIGNED, keymsg.REFUSED,
                                     keymsg.BADREQUEST)
            server.drain_log()
        assert ask(server.channels[39], rules, GOOD["payload"]) == 1
