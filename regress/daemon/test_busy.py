# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Fairness, and what happens when keyd does not keep up."""

import itertools
import json
import select
import signal
import threading
import time

import pytest

from lib import eth
from lib.daemon import Signerd
from lib.httpclient import request

RULES = ('allow client "sequencer.example" key "sequencer" chain 10\n'
         'allow client "batcher.example" key "batcher" chain 10')
KEYS = ("sequencer", "batcher")
ADDRESSES = {"sequencer.example": "37b74bb9bb365760657ab18581ae67613e9eaafc",
             "batcher.example": "05b4b087e84cc1ab1e96aeb84a56bfffedfb005a"}

CHAINS = itertools.count(987654321)     # that nobody may use


def digest_hash(*numbers):
    """A payload hash of those; never zeros, which mean `absent` in V2."""
    return b"".join(n.to_bytes(8, "big") for n in numbers).rjust(32, b"\1")


@pytest.fixture(scope="module")
def signerd(site, serve):
    return serve(site.config(rules=RULES, keys=KEYS))


@pytest.fixture
def own(site):
    """A daemon of one test, whose keyd may be stopped."""
    with Signerd(site, site.config(
            rules=RULES, keys=KEYS,
            extra="timeout { request 600 ms keyd 300 ms }")) as made:
        yield made


class Stopped:
    """keyd, stopped for as long as the block lasts."""

    def __init__(self, signerd):
        self.signerd = signerd

    def __enter__(self):
        self.signerd.signal("keyd", signal.SIGSTOP)

    def __exit__(self, *_):
        self.signerd.signal("keyd", signal.SIGCONT)


def assert_busy(answer):
    """A bare 503: a JSON-RPC error would be final to the client."""
    assert answer.status == 503, answer
    assert answer.field("Retry-After").isdigit()
    assert answer.field("Content-Type") != "application/json"
    assert b"{" not in answer.body


def settled_mark(signerd):
    """Behind the lines of all that was answered before: they come in order,
    but later than the answers."""
    mark, chain = signerd.mark(), next(CHAINS)
    assert "error" in signerd.rpc(eth.payload_v2(chain=chain)).json()
    signerd.wait_log(mark, msg="refused", chain=str(chain))
    return signerd.mark()


class Held:
    """The frontend, stopped: what is sent meanwhile is there at once."""

    def __init__(self, signerd):
        self.signerd = signerd

    def __enter__(self):
        self.signerd.signal("frontend", signal.SIGSTOP)

    def __exit__(self, *_):
        self.signerd.signal("frontend", signal.SIGCONT)


def before(signerd, mark, quick, slow):
    """How many of slow's signatures came before each one of quick's."""
    counts, count = [], 0
    for record in signerd.logged(mark, msg="signed"):
        if record["client"] == slow:
            count += 1
        elif record["client"] == quick:
            counts.append(count)
    return counts, count


def payloads(*numbers):
    return b"".join(request(body=eth.encode(eth.payload_v2(n)))
                    for n in numbers)


def test_a_large_batch_does_not_delay_others(signerd):
    """keyd signs in the order in which it was asked, and so is the log."""
    batch = eth.encode([eth.payload_v2(n, hash=digest_hash(n))
                        for n in range(1000)])
    with signerd.connect("batcher.example") as slow, \
            signerd.connect() as quick:
        for each in (slow, quick):
            each.rpc(eth.call("health_status", [])).result()
        mark = settled_mark(signerd)
        with Held(signerd):
            slow.send(request(body=batch))
            quick.send(payloads(1, 2, 3))
        for _ in range(3):
            quick.read_response().result()
        answers = slow.read_response().json()
        signerd.wait_log(mark, count=1003, msg="signed")
    counts, total = before(signerd, mark, "sequencer.example",
                           "batcher.example")
    assert total == 1000
    # keyd is asked for no more than 128 at a time.
    for number, count in enumerate(counts):
        assert count <= 200 * (number + 1), counts
    assert [each["id"] for each in answers] == list(range(1000))
    for number in (0, 499, 999):
        signature = eth.unhex(answers[number]["result"])
        assert eth.payload_signer(
            signature, hash=digest_hash(number)).hex() == \
            ADDRESSES["batcher.example"]


def test_pipelined_requests_do_not_delay_others(signerd):
    count = 300
    with signerd.connect("batcher.example") as slow, \
            signerd.connect() as quick:
        for each in (slow, quick):
            each.rpc(eth.call("health_status", [])).result()
        mark = settled_mark(signerd)
        with Held(signerd):
            slow.send(payloads(*range(count)))
            quick.send(payloads(1, 2, 3))
        for _ in range(3):
            quick.read_response().result()
        for number in range(count):
            assert slow.read_response().json()["id"] == number
        signerd.wait_log(mark, count=count + 3, msg="signed")
    counts, total = before(signerd, mark, "sequencer.example",
                           "batcher.example")
    assert total == count
    # One after the other, a few in a turn at most.
    assert all(each <= 40 for each in counts), counts


FLOODS, EACH = 8, 300           # the answers do not stop them: under 64 KiB


def test_requests_without_a_key_do_not_delay_others(signerd):
    """However many came at once: a few of a connection, then the next."""
    many = request("GET", "/healthz", json=False) * EACH
    floods = [signerd.connect("batcher.example") for _ in range(FLOODS)]
    quick = [signerd.connect() for _ in range(3)]
    for each in floods + quick:
        each.rpc(eth.call("health_status", [])).result()
    mark, half = settled_mark(signerd), FLOODS // 2
    with Held(signerd):
        # In whichever order they are seen, one is behind a flood.
        quick[0].send(payloads(97))
        for number, each in enumerate(floods[:half]):
            each.send(many + payloads(number))
        quick[1].send(payloads(98))
        for number, each in enumerate(floods[half:], half):
            each.send(many + payloads(number))
        quick[2].send(payloads(99))
    for each in quick:
        each.read_response().result()
        each.close()
    signerd.wait_log(mark, count=FLOODS + 3, msg="signed")
    counts, total = before(signerd, mark, "sequencer.example",
                           "batcher.example")
    assert (counts, total) == ([0, 0, 0], FLOODS)
    for number, each in enumerate(floods):
        for _ in range(EACH):
            assert each.read_response().status == 200
        assert each.read_response().json()["id"] == number
        each.close()


def test_deadline_and_recovery(own):
    recover(own)
    with own.connect() as connection:
        with Stopped(own):
            began = time.monotonic()
            answer = connection.rpc(eth.payload_v2())
            seconds = time.monotonic() - began
            assert_busy(answer)
            assert 0.2 < seconds < 20
            # What needs no key is answered all the same.
            connection_or_new(own, connection, answer).rpc(
                eth.call("health_status", [])).result()
    recover(own)


def recover(signerd, message=None):
    """Answers come again soon after keyd goes on, as clients retry."""
    with signerd.connect() as connection:
        return insist(signerd, connection, message or eth.payload_v2())[0]


def insist(signerd, connection, message):
    """An answer that is not 503, and the connection that it came by."""
    until = time.monotonic() + 60
    while True:
        answer = connection.rpc(message)
        if answer.status == 200:
            return answer, connection
        assert_busy(answer)
        assert time.monotonic() < until, "no recovery"
        connection = connection_or_new(signerd, connection, answer)


def connection_or_new(signerd, connection, answer):
    return signerd.connect() if answer.closes else connection


def test_late_answers_are_not_taken_for_others(own):
    """Each request gets its own signature though keyd's come late."""
    with own.connect() as connection:
        with Stopped(own):
            for number in range(3):
                connection = connection_or_new(own, connection, ask(
                    connection, number))
        recover(own)
        for number in range(10, 30):
            answer, connection = insist(own, connection, eth.payload_v2(
                hash=digest_hash(number)))
            signature = eth.unhex(answer.result())
            assert eth.payload_signer(
                signature, hash=digest_hash(number)).hex() == \
                ADDRESSES["sequencer.example"]


def ask(connection, number):
    answer = connection.rpc(eth.payload_v2(hash=digest_hash(number)))
    assert_busy(answer)
    return answer


def test_a_batch_of_which_one_is_late(own):
    """The whole answer is 503, that of the easy elements too."""
    with own.connect() as connection:
        with Stopped(own):
            assert_busy(connection.rpc([eth.call("health_status", [], 1),
                                        eth.payload_v2(2)]))
    answer = recover(own, [eth.call("health_status", [], 1),
                           eth.payload_v2(2)])
    assert len(answer.json()) == 2


def test_late_requests_are_logged(own):
    mark = own.mark()
    with own.connect() as connection, Stopped(own):
        connection.rpc(eth.payload_v2())
    own.wait_log(mark, client="sequencer.example", msg="unavailable")


def test_full_queue_is_told_at_once(site):
    """Long before any deadline; those that wait are served later."""
    text = site.config(rules=RULES, keys=KEYS, extra="max queue 2\n"
                       "timeout { request 50 s keyd 50 s }")
    with Signerd(site, text) as signerd:
        held = [signerd.connect() for _ in range(6)]
        with Stopped(signerd):
            for each in held:
                each.send(request(body=eth.encode(eth.payload_v2())))
            ready = set()
            while len(ready) < 4:
                found = select.select([e.sock for e in held
                                       if e not in ready], [], [], 20)[0]
                assert found, "nobody was turned away"
                ready |= {e for e in held
                          if e.sock in found and not e.quiet()}
            for each in ready:
                assert_busy(each.read_response())
        for each in held:
            if each not in ready:
                each.read_response().result()
            each.close()


def test_fifty_connections_at_once(signerd):
    """Every one of a thousand answers is its own request's."""
    answers, faults = {}, []

    def client(thread):
        name = ("sequencer.example", "batcher.example")[thread % 2]
        try:
            with signerd.connect(name) as connection:
                for number in range(20):
                    answer = connection.rpc(eth.payload_v2(
                        number, hash=digest_hash(thread, number)))
                    assert answer.json()["id"] == number
                    answers[thread, number] = (name, answer.result())
        except BaseException as e:
            faults.append((thread, repr(e)))

    signerd.site.tls("sequencer.example"), signerd.site.tls("batcher.example")
    threads = [threading.Thread(target=client, args=(n,)) for n in range(50)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not faults
    assert len(answers) == 1000
    for (thread, number), (name, signature) in answers.items():
        signer = eth.payload_signer(eth.unhex(signature),
                                    hash=digest_hash(thread, number))
        assert signer.hex() == ADDRESSES[name]


def test_log_has_a_line_for_each_of_many(signerd):
    mark = signerd.mark()
    batch = [eth.payload_v2(n, hash=digest_hash(77, n)) for n in range(100)]
    with signerd.connect() as connection:
        assert len(json.loads(connection.rpc(batch).body)) == 100
    for n in range(100):
        digest = eth.hexa(eth.payload_digest(hash=digest_hash(77, n)))
        signerd.wait_log(mark, msg="signed", digest=digest)
        assert len(signerd.logged(mark, digest=digest)) == 1
