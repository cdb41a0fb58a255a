# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Random rules, requests that touch their edges, and what a taken frontend
would make of these.  All of it comes from one random.Random."""

from lib import imsg, keymsg

CHAINS = (1, 10, 8453, 2**64 - 1, 2**64, 2**256 - 1)
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-."
FOREVER = 2**64 - 1
EDGES = (b"\0\0\0\0", b"\xff" * 4, b"\0\0\0\1", b"\x80\0\0\0", b"\0\1\0\0",
         b"\0\0\xff\xff")
SAFE_FIRST = [0] + list(range(0x80, 0xc0)) + [0xff]
MAX_VALUE = 2**256 - 1


def some(chance, pool, most):
    return chance.sample(pool, chance.randint(1, min(most, len(pool))))


class World:
    """What the rules and the requests of one round are made of."""

    def __init__(self, chance, keys):
        self.chance = chance
        self.keys = keys
        self.clients = ["a", "b" * 253, "sequencer.example"] + [
            "".join(chance.choices(LETTERS, k=chance.randint(1, 40)))
            for _ in range(chance.randint(1, 4))]
        self.addresses = [chance.randbytes(20) for _ in range(5)] + [
            bytes(20), b"\xff" * 20]
        self.domains = [bytes(32), b"\xff" * 32, bytes(31) + b"\1"] + [
            bytes([chance.choice(SAFE_FIRST)]) + chance.randbytes(31)
            for _ in range(4)]
        self.rules = [self.rule() for _ in range(chance.randint(1, 24))]
        self.addressed = []         # of each key, once keyd has told

    # ---- rules -----------------------------------------------------------

    def rule(self):
        chance = self.chance
        via = chance.choice((0, 0, 1, 2, 64))
        made = {"via": via, "key": chance.randrange(self.keys),
                "client": chance.choice(
                    self.clients + ([""] if via else [])),
                "methods": chance.choice((1, 2, 3, 3)),
                "chains": some(chance, CHAINS, 4)}
        if made["methods"] == 1 and chance.random() < 0.3:
            made["chains"] = []
        if chance.random() < 0.5:
            made["domains"] = "any" if chance.random() < 0.4 else \
                some(chance, self.domains, 4)
        if chance.random() < 0.4:
            made["to"] = some(chance, self.addresses, 3)
        for name in ("max_value", "max_fee"):
            if chance.random() < 0.4:
                made[name] = self.amount()
        return made

    def amount(self):
        chance = self.chance
        return chance.choice((
            0, 1, 10**18, 2 * 10**14, MAX_VALUE, MAX_VALUE - 1,
            chance.getrandbits(chance.randint(1, 256))))

    # ---- requests --------------------------------------------------------

    def near(self, limit):
        """At a limit, one beside it, or anywhere."""
        return min(max(limit + self.chance.choice((-1, 0, 0, 0, 1)), 0),
                   MAX_VALUE)

    def deadline(self):
        if self.chance.random() < 0.98:
            return FOREVER
        return self.chance.choice((0, 1, 1000))

    def sender(self, rule):
        key = rule["key"] if self.chance.random() < 0.8 else \
            self.chance.randrange(self.keys)
        return self.addressed[key] if self.chance.random() < 0.95 else \
            self.chance.choice(self.addresses)

    def request(self, role):
        """A message that, more often than not, one rule permits."""
        chance = self.chance
        rule = chance.choice(self.rules)
        via, client = rule["via"], rule["client"]
        if (via > 0) != (role == keymsg.LINK) and chance.random() < 0.9:
            fitting = [r for r in self.rules
                       if (r["via"] > 0) == (role == keymsg.LINK)]
            if fitting:
                rule = chance.choice(fitting)
                via, client = rule["via"], rule["client"]
        if chance.random() < 0.03:
            client = chance.choice(self.clients)
        if chance.random() < 0.03:
            via = chance.choice((0, 1, 2, 3, 64, 65))
        method = rule["methods"] if rule["methods"] != 3 else \
            chance.choice((1, 2))
        if chance.random() < 0.03:
            method = 3 - method
        make = self.transaction if method == 1 else self.payload
        return make(chance.getrandbits(64), client, via, rule)

    def payload(self, ident, client, via, rule):
        chance = self.chance
        allowed = rule.get("domains") or [bytes(32)]
        domain = chance.choice(self.domains) if allowed == "any" or \
            chance.random() < 0.1 else chance.choice(allowed)
        if chance.random() < 0.1:
            domain = bytes([chance.randrange(256)]) + domain[1:]
        chain = chance.choice(rule["chains"]) if rule["chains"] and \
            chance.random() < 0.9 else chance.choice(CHAINS + (0, 11))
        return keymsg.sign_payload(
            ident, client, domain,
            None if chance.random() < 0.02 else chain,
            None if chance.random() < 0.02 else chance.randbytes(32),
            self.sender(rule) if chance.random() < 0.4 else None,
            self.deadline(),
            chance.choice((4, 16, 20)) if chance.random() < 0.03 else 0,
            via)

    def transaction(self, ident, client, via, rule):
        chance = self.chance
        tx = {"gas": 21000, "maxFeePerGas": 10**9,
              "maxPriorityFeePerGas": chance.choice((0, 1, 10**9)),
              "nonce": chance.getrandbits(chance.choice((1, 7, 8, 64))),
              "value": self.near(rule.get("max_value", 10**17)),
              "chainId": chance.choice(rule["chains"] or CHAINS)}
        if chance.random() < 0.9 or rule.get("to"):
            tx["to"] = chance.choice(rule.get("to") or self.addresses)
        data = chance.randbytes(chance.choice((0, 1, 4, 36, 55, 56, 255,
                                               chance.randrange(700))))
        if data or chance.random() < 0.5:
            tx[chance.choice(("data", "input"))] = data
        self._kind(tx)
        self._fee(tx, rule)
        if chance.random() < 0.35:
            tx["from"] = self.sender(rule)
        if chance.random() < 0.25:
            self._disturb(tx)
        return keymsg.sign_transaction(ident, client, tx, self.deadline(),
                                       via)

    def _fee(self, tx, rule):
        """As much as the rule has, or a little more or less."""
        limit = rule.get("max_fee")
        if limit is None or self.chance.random() < 0.2:
            return
        blobs = 131072 * len(tx.get("blobVersionedHashes", ())) * \
            tx.get("maxFeePerBlobGas", 0)
        left = self.near(limit) - blobs
        if left >= 0:
            tx["gas"] = self.chance.choice((1, 7, 21000))
            tx["maxFeePerGas"] = left // tx["gas"]
            tx["maxPriorityFeePerGas"] = min(tx["maxPriorityFeePerGas"],
                                             tx["maxFeePerGas"])

    def _kind(self, tx):
        chance = self.chance
        kind = chance.choice((2, 2, 2, 3, 4))
        if kind == 3:
            tx["blobVersionedHashes"] = [
                chance.randbytes(32) for _ in range(chance.randint(1, 3))]
            tx["maxFeePerBlobGas"] = chance.choice((0, 1, 10**9, 2**255))
        if kind == 4 or chance.random() < 0.01:
            tx["authorizationList"] = [
                (self.amount(), chance.choice(self.addresses),
                 chance.getrandbits(64), chance.randrange(256),
                 self.amount(), self.amount())
                for _ in range(chance.randint(1, 2))]
        if chance.random() < 0.3:
            tx["accessList"] = [
                (chance.choice(self.addresses),
                 [chance.randbytes(32) for _ in range(chance.randrange(3))])
                for _ in range(chance.randrange(3))]
        if chance.random() < 0.3:
            tx["type"] = kind

    def _disturb(self, tx):
        """A member absent, another, or with a value of the edge."""
        chance = self.chance
        for _ in range(chance.choice((1, 1, 2))):
            name = chance.choice(keymsg.FIELDS)[0]
            if name in tx and chance.random() < 0.5:
                del tx[name]
            elif name in ("gas", "nonce", "type"):
                tx[name] = chance.choice((0, 1, 2, 3, 4, 2**64 - 1))
            elif name in ("data", "input"):
                tx[name] = chance.choice((b"", b"\0", b"\x7f", b"\x80"))
            elif name in ("from", "to"):
                tx[name] = chance.choice(self.addresses)
            elif name in ("accessList", "blobVersionedHashes",
                          "authorizationList"):
                tx[name] = []
            else:
                tx[name] = None if name == "gasPrice" else self.amount()

    # ---- what should not have been sent ----------------------------------

    def message(self, role, corpus):
        """(type, payload) of the next one to send."""
        chance = self.chance
        what = chance.random()
        if what < 0.62 or len(corpus) < 16:
            made = self.request(role)
            if len(corpus) < 512:
                corpus.append(made)
            else:
                corpus[chance.randrange(512)] = made
            return keymsg.SIGN, made
        if what < 0.93:
            return keymsg.SIGN, self.mutated(corpus)
        if what < 0.95:
            return keymsg.SIGN, chance.choice(corpus)      # again
        if what < 0.98:
            return keymsg.SIGN, chance.randbytes(chance.choice(
                (0, 1, 7, 8, 9, 21, 64, 300)))
        kind = chance.choice(list(keymsg.TYPES.values()) + [
            0, 2**31, 2**32 - 1, chance.getrandbits(32)])
        return kind, chance.choice(corpus) if kind != keymsg.SIGN else b""

    def mutated(self, corpus):
        chance = self.chance
        made = bytearray(chance.choice(corpus))
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            # The first sixty bytes are what decides most.
            end = len(made) if chance.random() < 0.6 else min(len(made), 60)
            at = chance.randrange(end or 1)
            kind = chance.randrange(7)
            if kind < 2 and made:
                made[at] ^= 1 << chance.randrange(8)
            elif kind == 2 and made:
                made[at] = chance.randrange(256)
            elif kind == 3:
                del made[at:at + chance.choice((1, 4, 8, 20, 32))]
            elif kind == 4:
                made[at:at] = chance.randbytes(chance.choice((1, 4, 8, 32)))
            elif kind == 5:
                made[at:at + 4] = chance.choice(EDGES)
            else:
                other = chance.choice(corpus)
                made[at:] = other[chance.randrange(len(other)):]
        return bytes(made[:8192])

    # ---- framing ---------------------------------------------------------

    def stream(self, role, corpus, limit):
        """Bytes for a channel that will not live: good messages, and one
        place where the framing is not what it should be."""
        chance = self.chance
        parts = [imsg.frame(*self.message(role, corpus))
                 for _ in range(chance.randint(0, 40))]
        body = chance.choice(corpus)
        bad = imsg.frame(keymsg.SIGN, body, length=chance.choice((
            0, 1, 15, limit + 1, 2**31 - 1, chance.getrandbits(31),
            16 + len(body) + chance.randint(1, 99),
            16 + len(body) - chance.randint(1, len(body)))) |
            chance.choice((0, 0, 0, imsg.FD_MARK)))
        parts.insert(chance.randint(0, len(parts)), chance.choice((
            bad, bad, chance.randbytes(chance.randint(1, 200)),
            bad[:chance.randrange(len(bad))])))
        return b"".join(parts)
