# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A round: one keyd with rules of its own, and what it answers to very many
messages, each judged by verdict.py."""

import os
import random
import shutil
import tempfile
import time

from keccakmany import keccak256_many
import generate
import verdict
from lib import ethkey, imsg, keyd, keymsg, procfs, secp256k1
from lib.recover import Recovery

BURST = 200                 # messages on a channel before its answers
WARM = 0.2                  # of a round, before memory is looked at
# kB of growth beside what was there when warm: two bytes a message that are
# lost show in a round of sixty thousand.
GROWTH = 64
BROKEN = (30, 10)           # channels of each role whose framing breaks


class Counts(dict):
    NAMES = ("messages", "signed", "refused", "malformed", "broken")

    def __init__(self):
        super().__init__({name: 0 for name in self.NAMES})

    def add(self, other):
        for name in self.NAMES:
            self[name] += other[name]


class Wrong(Exception):
    """An answer that is not the oracle's."""


class Place:
    """What keyd.Keyd needs of a site: a chroot; and files of keys."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="signerd-model-")
        os.chmod(self.directory, 0o755)
        self.root = os.path.join(self.directory, "empty")
        os.mkdir(self.root, 0o755)

    def key(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o600)
        return path

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory, ignore_errors=True)


class Round:
    def __init__(self, seed, place, recovery):
        self.seed = seed
        self.chance = random.Random(seed)
        self.counts = Counts()
        self.recovery = recovery
        self.reasons = set()        # of refusals
        self.memory = None          # kB when warm, and at the end
        self.keys = [ethkey.Key(self.chance.randrange(1, secp256k1.N))
                     for _ in range(self.chance.randint(1, 4))]
        self.publics = [b"".join(c.to_bytes(32, "big") for c in key.public)
                        for key in self.keys]
        self.paths = [place.key("key%d" % n, self.text_of(key))
                      for n, key in enumerate(self.keys)]
        self.place = place
        self.world = generate.World(self.chance, len(self.keys))
        self.world.addressed = [key.address for key in self.keys]

    def text_of(self, key):
        return key.pem() if self.chance.random() < 0.5 else \
            "%064x\n" % key.secret

    def start(self, channels, links, level="error"):
        server = keyd.Keyd(self.place, channels, links, level)
        try:
            server.configure(self.paths, self.world.rules)
        except BaseException:
            server.__exit__(Exception)
            raise
        if [server.addresses[n] for n in range(len(self.keys))] != \
                self.world.addressed:
            raise Wrong("addresses %r" % server.addresses)
        self.rules = verdict.by_client(self.world.rules)
        return server

    # ---- judging ---------------------------------------------------------

    def expected(self, kind, message, role):
        """None for BADREQUEST, else the request."""
        return None if kind != keymsg.SIGN else verdict.read(message, role)

    def judge_bad(self, sent, answer):
        kind, message = sent
        ident = int.from_bytes(message[:8], "big") if \
            kind == keymsg.SIGN and len(message) >= 8 else 0
        if answer != (keymsg.BADREQUEST, keymsg.u64(ident)):
            raise Wrong("an answer to what does not decode: %r" % (answer,))
        self.counts["malformed"] += 1

    def reason_for(self, request, since):
        """The verdict; None where it depends on the moment."""
        if request["deadline"] < since:
            return verdict.Verdict("deadline")
        if request["deadline"] < time.monotonic() * 1e6 + 1e6:
            return None
        return verdict.verdict(self.rules, request)

    def judge_refused(self, request, answer, wanted):
        reply = keymsg.Reader(answer[1])
        ident, rule, _, reason = (reply.number(8), reply.number(4),
                                  reply.number(4), reply.number(4))
        reply.end()
        name = verdict.REASONS[reason]
        if ident != request["id"]:
            raise Wrong("another id: %d" % ident)
        if wanted is not None and (name, rule) != (wanted.reason,
                                                   wanted.rule):
            raise Wrong("refused for %s (rule %d), not %r" % (
                name, rule, wanted))
        self.counts["refused"] += 1
        self.reasons.add(name)

    def judge_signed(self, request, answer, wanted):
        """What is left to check: preimage, digest, r, s, v, public key."""
        wanted = wanted or verdict.verdict(self.rules, request)
        reply = keymsg.Reader(answer[1])
        ident, rule, _, key = (reply.number(8), reply.number(4),
                               reply.number(4), reply.number(4))
        digest, result = reply.take(32), reply.read("bytes")
        reply.end()
        if wanted.reason != "none":
            raise Wrong("SIGNED OUTSIDE OF THE POLICY: %r" % wanted)
        if (ident, rule, key) != (request["id"], wanted.rule, wanted.key):
            raise Wrong("signed as id %d by rule %d with key %d, not %r" % (
                ident, rule, key, wanted))
        preimage, r, s, v = verdict.split(request, result)
        self.counts["signed"] += 1
        return preimage, digest, r, s, v, self.publics[key]

    def judge(self, sent, answer, role, since):
        if answer is None:
            raise Wrong("the channel has ended")
        request = self.expected(*sent, role)
        if request is None:
            return self.judge_bad(sent, answer)
        wanted = self.reason_for(request, since)
        if answer[0] == keymsg.SIGNED:
            return self.judge_signed(request, answer, wanted)
        if answer[0] != keymsg.REFUSED:
            raise Wrong("an answer of type %#x" % answer[0])
        return self.judge_refused(request, answer, wanted)

    def judge_all(self, sent, answers, role, since):
        """Of one channel, in the order of the messages; the signatures."""
        signatures = []
        for message, answer in zip(sent, answers):
            try:
                signature = self.judge(message, answer, role, since)
            except (Wrong, AssertionError, IndexError) as error:
                raise Wrong("%s\n    role %d type %#x message %s\n"
                            "    answer %r" % (
                                error, role, message[0], message[1].hex(),
                                answer))
            if signature is not None:
                signatures.append((message, signature))
        self.counts["messages"] += len(answers)
        return signatures

    def check_signatures(self, signatures):
        digests = keccak256_many([s[0] for _, s in signatures])
        for digest, (message, (_, told, r, s, v, public)) in zip(
                digests, signatures):
            if digest != told or self.recovery.public(digest, r, s, v) != \
                    public:
                raise Wrong("not a signature of what was asked, by the key "
                            "of the rule: message %s" % message[1].hex())

    # ---- many messages ---------------------------------------------------

    def burst(self, channel, corpus):
        sent = [self.world.message(channel.role, corpus)
                for _ in range(BURST)]
        since = int(time.monotonic() * 1e6)
        channel.send(b"".join([imsg.frame(*each) for each in sent]))
        return channel, sent, since

    def largest(self, server):
        """One of the most bytes, so that memory has been there before."""
        for channel in server.channels + server.links:
            size = keyd.MAX_MESSAGE - imsg.HEADER.size
            channel.send(imsg.frame(keymsg.SIGN, bytes(size)) * 16)
            channel.read_all(16)

    def take(self, bursts):
        signatures = []
        for channel, sent, since in bursts:
            signatures += self.judge_all(
                sent, channel.read_all(len(sent)), channel.role, since)
        self.check_signatures(signatures)

    def many(self, count, until=None):
        """About that many messages on four channels, with the next ones on
        their way while answers are judged."""
        with self.start(2, 2) as server:
            self.largest(server)
            corpus, waiting, done, warm = [], [], 0, None
            while done < count and (until is None or
                                    time.monotonic() < until):
                new = [self.burst(c, corpus)
                       for c in server.channels + server.links]
                self.take(waiting)
                server.drain_log()
                waiting, done = new, done + BURST * len(new)
                if warm is None and done >= count * WARM:
                    warm = self.resident(server)
            self.take(waiting)
            self.end(server)
            if warm is not None:
                self.memory = warm, self.resident(server)

    def resident(self, server):
        """kB of its own memory; whoever is not root may see that much."""
        return int(procfs.status(server.pid)["RssAnon"].split()[0])

    def end(self, server):
        """Nothing more comes than was asked for, and it lives."""
        for channel in server.channels + server.links:
            channel.near.setblocking(False)
            try:
                extra = channel.buffer or channel.near.recv(1)
            except BlockingIOError:
                extra = None
            if extra is not None:
                raise Wrong("more than was asked for: %r" % extra)
            channel.near.settimeout(imsg.PATIENCE)
        if not server.running():
            raise Wrong("keyd is gone: %r" % server.status)

    # ---- broken framing --------------------------------------------------

    def messages_in(self, stream):
        """Up to where the framing breaks or the bytes end."""
        found, at = [], 0
        while len(stream) - at >= imsg.HEADER.size:
            kind, length, _, _ = imsg.HEADER.unpack_from(stream, at)
            length &= ~imsg.FD_MARK
            if length < imsg.HEADER.size or length > keyd.MAX_MESSAGE or \
                    length > len(stream) - at:
                break
            found.append((kind, stream[at + imsg.HEADER.size:at + length]))
            at += length
        return found

    def broken_one(self, channel, corpus):
        """What is answered before the channel ends is right, too."""
        stream = self.world.stream(channel.role, corpus, keyd.MAX_MESSAGE)
        since = int(time.monotonic() * 1e6)
        channel.send_what_fits(stream)
        channel.near.shutdown(1)
        # Of a framed message whose mark promises a descriptor, and of what
        # was answered in the turn of the break, nothing need come back.
        messages, answers = self.messages_in(stream), []
        while True:
            answer = channel.read()
            if answer is None:
                break
            answers.append(answer)
        if len(answers) > len(messages):
            raise Wrong("more answers than messages: %s" % stream.hex())
        self.check_signatures(self.judge_all(
            messages[:len(answers)], answers, channel.role, since))
        self.counts["broken"] += 1

    def broken(self):
        """Channel after channel is lost, and the others are as before."""
        with self.start(BROKEN[0] + 1, BROKEN[1] + 1) as server:
            corpus = [self.world.request(keymsg.DIRECT) for _ in range(20)]
            good = [server.channels[-1], server.links[-1]]
            bad = server.channels[:-1] + server.links[:-1]
            self.chance.shuffle(bad)
            for number, channel in enumerate(bad):
                self.broken_one(channel, corpus)
                if number % 8 == 0:
                    self.take([self.burst(c, corpus) for c in good])
                server.drain_log()
            self.take([self.burst(c, corpus) for c in good])
            server.channels, server.links = [good[0]], [good[1]]
            self.end(server)
            for channel in bad:
                channel.close()


def play(seed, count, recovery=None, until=None):
    """A whole round; Wrong, with how to have it again, or the Round."""
    with Place() as place:
        made = Round(seed, place, recovery or Recovery())
        try:
            made.many(count, until)
            if until is None or time.monotonic() < until:
                made.broken()
        except (Wrong, AssertionError, OSError) as error:
            raise Wrong("round %s: %s" % (seed, error))
        if made.memory is not None and not os.environ.get(
                "SIGNERD_SANITIZE") == "1" and \
                made.memory[1] > made.memory[0] + GROWTH:
            raise Wrong("round %s: memory grew from %d to %d kB" % (
                seed, *made.memory))
        return made
