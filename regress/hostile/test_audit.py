# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The audit trail among liars: a frontend, a link process, and the audit
process itself, which is the test here."""

import contextlib
import random
import select

import pytest

from lib import auditmsg, eth, imsg, keyd, keymsg, trail
from test_frontend import GOOD, HASH, RULES, SEED

SIGN = keymsg.SIGN
PAYLOAD = GOOD["payload"]
LINKED = {"client": "sequencer.example", "via": 1, "key": 1, "methods": 3,
          "chains": [10]}
AUDIT = 33                      # the number of a refusal


def payload(ident, client="sequencer.example", **named):
    return keymsg.sign_payload(ident, client, eth.ZEROS, 10,
                               (2**200 + ident).to_bytes(32, "big"), **named)


class Trail:
    """What comes by the audit process' channel, each chain link checked."""

    def __init__(self, server):
        self.channel = server.audit
        self.records, self.before, self.last = [], trail.ZEROS, 0
        self.sync = self.asked = False
        self.switches = 0

    def take(self):
        """The next message."""
        kind, message = self.channel.read()
        if kind == auditmsg.SWITCH:
            self.switches += 1
            return
        assert kind == auditmsg.APPEND, hex(kind)
        self.last, self.sync, self.asked, text = auditmsg.append(message)
        assert text.endswith("\n")
        for line in text[:-1].split("\n"):
            record = trail.fields(line)
            self.before = trail.chained(self.before, line)
            assert record["hash"] == "0x" + self.before.hex()
            assert int(record["seq"]) == len(self.records) + 1
            self.records.append(record)
        assert self.last == len(self.records)

    def until(self, count):
        while len(self.records) < count:
            self.take()
        assert len(self.records) == count
        return self.records

    def written(self, sequence=None):
        self.channel.send(imsg.frame(auditmsg.WRITTEN, keymsg.u64(
            self.last if sequence is None else sequence)))


def start(site, audit=None, **named):
    server = keyd.Keyd(site, audit=audit or {}, **named)
    try:
        server.configure([site.key("sequencer"), site.key("batcher")],
                         [dict(rule) for rule in RULES + [LINKED]])
    except BaseException:
        server.__exit__(Exception)
        raise
    return server


@pytest.fixture
def server(site):
    with start(site, dict(queue=100000), channels=2, links=1) as made:
        yield made


def send(channel, *messages):
    channel.send(b"".join(imsg.frame(SIGN, each) for each in messages))


def digest_of(answer):
    _, signed = keymsg.read_reply(*answer)
    return None if signed is None else "0x" + signed[0].hex()


def agree(record, answer):
    """The record says what the answer does."""
    if answer[0] == keymsg.SIGNED:
        assert record["event"] == "signed"
        assert record["digest"] == digest_of(answer)
    else:
        assert answer[0] == keymsg.REFUSED
        assert record["event"] == "refused" and "digest" not in record


def select_ready(channel):
    """Whether there is something to read."""
    return bool(channel.buffer) or \
        bool(select.select([channel.near], [], [], 0)[0])


# ---- a frontend that lies -------------------------------------------------


def mutated(chance, whole):
    made = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        what = chance.randrange(4)
        at = chance.randrange(len(made))
        if what == 0:
            made[at] = chance.randrange(256)
        elif what == 1:
            made[at] ^= 1 << chance.randrange(8)
        elif what == 2:
            made[at:at] = chance.randbytes(chance.randint(1, 9))
        else:
            del made[at:at + chance.randint(1, 9)]
        if not made:
            return b""
    return bytes(made)


def over_link(message):
    """The same request, as of the first link."""
    return message[:keymsg.VIA_AT] + keymsg.u32(1) + \
        message[keymsg.VIA_AT + 4:]


def asked(book):
    """Records of requests that were looked at."""
    return [each for each in book.records[1:]
            if each.get("reason") != "channel"]


@pytest.mark.parametrize("role", ("channels", "links"))
def test_what_is_answered_is_on_record(server, role):
    """Whatever it sends: a record for each signature and each refusal, in the
    order of the answers, of that digest; and there is no other."""
    channel, chance = getattr(server, role)[0], random.Random(SEED)
    good = [over_link(each) if role == "links" else each
            for each in GOOD.values()]
    book, signed, count = Trail(server), 0, 0
    book.until(1)
    for _ in range(40):
        batch = [mutated(chance, chance.choice(good)) for _ in range(40)]
        send(channel, *batch, good[0])
        answers = [channel.read() for _ in range(41)]
        # Records go before answers: they are there, or are not made.
        server.audit.near.settimeout(0)
        for answer in answers:
            if answer[0] == keymsg.BADREQUEST:
                continue
            while len(asked(book)) == count:
                book.take()
            agree(asked(book)[count], answer)
            signed += answer[0] == keymsg.SIGNED
            count += 1
    while select_ready(server.audit):
        book.take()
    assert len(asked(book)) == count > 2 * signed / 3 and signed > 40
    server.drain_log()


def test_records_go_before_answers(server):
    """Whoever looks at both at once never sees the answer alone."""
    book, channel = Trail(server), server.channels[0]
    book.until(1)
    for n in range(1, 1001):
        send(channel, payload(n))
        ready = select.select([channel.near, server.audit.near], [], [])[0]
        assert server.audit.near in ready
        assert channel.read()[0] == keymsg.SIGNED
        book.until(n + 1)


def test_names_cannot_forge(server):
    """A client's name is any bytes but controls: it stays one value."""
    names = [b'a" seq=2 event=signed client="b', b"a b=c", b"\\", b'"', b"=",
             b"\xc3\xa9\xff\x80", b"\\u0041", b" ", b"a" * 253,
             b"\xff" * 253, b'"' * 253]
    book = Trail(server)
    book.until(1)
    for n, each in enumerate(names):
        send(server.channels[0], payload(n, each))
        assert server.channels[0].read()[0] == keymsg.REFUSED
        record = book.until(n + 2)[-1]
        assert record["client"].encode("latin-1") == each
        assert record["event"] == "refused"
        assert record["reason"] == "forbidden"


def test_wrong_channel(server):
    """One that claims to come by the other way is on record with its own."""
    book = Trail(server)
    for channel, message, via in (
            (server.channels[0], payload(1, via=1), "direct"),
            (server.links[0], payload(2), "link")):
        send(channel, message)
        assert channel.read()[0] == keymsg.BADREQUEST
        record = book.until(len(book.records) + 1 + (not book.records))[-1]
        assert (record["event"], record["reason"], record["via"]) == (
            "refused", "channel", via)


def test_messages_of_the_trail(server):
    """They are not for an asker to send."""
    for kind in range(auditmsg.CONFIG, auditmsg.STALLED + 1):
        server.channels[0].send(imsg.frame(kind, b"\0" * 8))
        assert server.channels[0].read() == (keymsg.BADREQUEST,
                                             keymsg.u64(0))
    book = Trail(server)
    book.until(1)
    send(server.channels[1], PAYLOAD)
    assert server.channels[1].read()[0] == keymsg.SIGNED
    assert book.until(2)[1]["event"] == "signed"
    server.drain_log()


def test_one_that_reads_no_answers(server):
    """Its records are there."""
    book = Trail(server)
    send(server.channels[0], *(payload(n) for n in range(1, 301)))
    book.until(301)
    assert {each["event"] for each in book.records[1:]} == {"signed"}
    server.channels[0].near.close()
    send(server.channels[1], PAYLOAD)
    assert server.channels[1].read()[0] == keymsg.SIGNED
    book.until(302)
    server.drain_log()


# ---- answers that wait ----------------------------------------------------


@pytest.fixture
def patient(site):
    with start(site, dict(sync=True, queue=100)) as made:
        yield made


def is_served(channel):
    """keyd has done all that came before: this is answered at once, and
    nothing was before it."""
    channel.send(imsg.frame(SIGN, b"short"))
    return channel.read()[0] == keymsg.BADREQUEST


def test_sync(patient):
    book, (one, two) = Trail(patient), patient.channels
    book.until(1)
    send(one, payload(1), payload(2), keymsg.sign_payload(
        3, "nobody.example", eth.ZEROS, 10, HASH))
    send(two, payload(4))
    book.until(5)
    assert book.sync and book.asked
    assert is_served(one) and is_served(two)
    book.written(3)
    assert keymsg.read_reply(*one.read())[0] in (1, 4)
    book.written(5)
    found = [one.read() for _ in range(2)]
    assert found[-1][0] == keymsg.REFUSED
    assert two.read()[0] == keymsg.SIGNED
    patient.drain_log()


def test_closed_while_answers_wait(patient):
    book = Trail(patient)
    send(patient.channels[0], *(payload(n) for n in range(1, 20)))
    book.until(20)
    patient.channels[0].near.close()
    book.written()
    send(patient.channels[1], payload(50))
    book.until(21)
    book.written()
    assert patient.channels[1].read()[0] == keymsg.SIGNED
    patient.drain_log()


def commit(server, site, **audit):
    server.tell(keymsg.CONFIG, keymsg.config(1, 1, keyd.MAX_MESSAGE))
    server.send_key(0, site.key("batcher"))
    server.send_rule(0, dict(RULES[0]))
    server.tell(auditmsg.CONFIG, auditmsg.config(generation=2, **audit))
    server.tell(auditmsg.KEY, auditmsg.name(0, "second"))
    server.tell(keymsg.END)
    assert server.hear()[0] == keymsg.ADDRESS
    assert server.hear()[0] == keymsg.READY
    server.tell(keymsg.COMMIT)
    assert server.hear()[0] == keymsg.COMMITTED


def test_the_word_of_new_rules_waits_too(patient, site):
    """Behind the answers by the old ones, before those by the new."""
    book, channel = Trail(patient), patient.channels[0]
    send(channel, payload(1))
    book.until(2)
    commit(patient, site, sync=True, newfile=True)
    send(channel, payload(2))
    book.until(4)
    assert book.switches == 1
    assert is_served(channel)
    book.written()
    kinds = [channel.read()[0] for _ in range(3)]
    assert kinds == [keymsg.SIGNED, keymsg.SWITCHED, keymsg.SIGNED]
    first, old, new, last = book.records
    assert (old["key"], last["key"]) == ("first", "second")
    assert new["event"] == "reload" and new["generation"] == "2"
    assert new["prev"] == old["hash"]
    # The other one has nothing to wait for.
    assert patient.channels[1].read()[0] == keymsg.SWITCHED


# ---- the audit process ----------------------------------------------------


def test_bounded_queue(site):
    """As many records may wait as it says; then nothing is signed."""
    with start(site, dict(queue=64)) as server:
        book, channel = Trail(server), server.channels[0]
        send(channel, *(payload(n) for n in range(1, 101)))
        answers = [channel.read() for _ in range(100)]
        kinds = [each[0] for each in answers]
        assert kinds == [keymsg.SIGNED] * 63 + [keymsg.REFUSED] * 37
        assert answers[-1][1][-4:] == keymsg.u32(AUDIT)
        book.until(64)
        book.written(32)
        send(channel, payload(200))
        while channel.read()[0] != keymsg.SIGNED:
            send(channel, payload(200))
        book.until(65)
        assert len(book.records) == 65
        server.drain_log()


def test_stalled(site):
    with start(site) as server:
        book, channel = Trail(server), server.channels[0]
        server.audit.send(imsg.frame(auditmsg.STALLED, keymsg.u64(28)))
        send(channel, payload(1))
        while channel.read()[0] == keymsg.SIGNED:
            send(channel, payload(1))
        book.until(len(book.records) or 1)
        while select_ready(server.audit):
            book.take()
        book.written()
        count = len(book.records)
        send(channel, payload(1))
        while channel.read()[0] != keymsg.SIGNED:
            send(channel, payload(1))
        book.until(count + 1)
        server.drain_log()


LIES = (
    imsg.frame(auditmsg.WRITTEN, keymsg.u64(99)),
    imsg.frame(auditmsg.WRITTEN, keymsg.u64(2**64 - 1)),
    imsg.frame(auditmsg.WRITTEN, b"\0" * 7),
    imsg.frame(auditmsg.STALLED, keymsg.u64(0)),
    imsg.frame(auditmsg.STALLED, keymsg.u64(2**63)),
    imsg.frame(auditmsg.HEAD, auditmsg.where()),
    imsg.frame(auditmsg.APPEND, b"\0" * 30),
    imsg.frame(SIGN, PAYLOAD),
    imsg.frame(keymsg.END),
    imsg.frame(auditmsg.WRITTEN, b"", length=3),
    imsg.frame(auditmsg.WRITTEN, b"", length=2**30),
    None)


def test_a_writer_that_lies(site):
    """It cannot say more than how far it is.  Without one nothing is signed,
    and keyd goes: there is no daemon without its trail."""
    with contextlib.ExitStack() as stack:
        servers = []
        for each in LIES:
            servers.append(start(site))
            stack.callback(servers[-1].__exit__, Exception)
        for server, message in zip(servers, LIES):
            if message is None:
                server.audit.close()
            else:
                server.audit.send(message)
        for server in servers:
            channel, kind = server.channels[0], keymsg.SIGNED
            try:
                while kind == keymsg.SIGNED:
                    send(channel, payload(1))
                    kind = (channel.read() or (None,))[0]
            except OSError:
                kind = None         # it has gone by now
            assert kind in (keymsg.REFUSED, None)
        assert [each.wait() for each in servers] == [1] * len(LIES)
