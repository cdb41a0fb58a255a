# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""keyd against a taken frontend, in short; model.py is the long form."""

import os
import random
import sys
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import rounds  # noqa: E402
import verdict  # noqa: E402
from keccakmany import keccak256_many  # noqa: E402
from lib import eth, ethkey, keymsg  # noqa: E402
from lib.daemon import SANITIZE  # noqa: E402
from lib.keccak import keccak256  # noqa: E402
from lib.recover import Recovery  # noqa: E402

SEEDS = ["fixed.%d" % n for n in range(3)] + [
    "clock.%d" % time.time_ns()]
MESSAGES = 2000 if SANITIZE else 5000
OTHER = "another.3"         # whose rules have limits that decide
# Signing that fails, which nothing here can bring about.
NEVER = {"none", "internal", "audit"}
reasons = set()


@pytest.fixture(scope="module")
def recovery():
    return Recovery()


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_signed_outside_of_the_policy(seed, recovery):
    """Every answer is the oracle's: signature, key, rule, refusal, id."""
    made = rounds.play(seed, MESSAGES, recovery)
    print("seed %s: %r, memory %r kB" % (seed, made.counts, made.memory))
    assert made.counts["messages"] >= MESSAGES
    assert min(made.counts[name] for name in (
        "signed", "refused", "malformed")) > MESSAGES // 50
    assert made.counts["broken"] == sum(rounds.BROKEN)
    assert made.memory is not None
    if seed != SEEDS[-1]:
        reasons.update(made.reasons)
    if seed == SEEDS[-2]:
        assert reasons == set(verdict.REASONS) - NEVER, "what never came up"


# ---- the oracle can say no -----------------------------------------------


def played(recovery, change):
    """A round whose oracle believes something else than keyd."""
    with rounds.Place() as place:
        made = rounds.Round(OTHER, place, recovery)
        start = made.start

        def other(*arguments):
            server = start(*arguments)
            change(made)
            return server

        made.start = other
        made.many(MESSAGES)


def another_key(made):
    made.publics = [public[:-1] + bytes([public[-1] ^ 1])
                    for public in made.publics]


def fewer_rules(made):
    made.rules = verdict.by_client(made.world.rules[:-1])


def lower(name):
    def change(made):
        for rule in made.world.rules:
            if rule.get(name):
                rule[name] -= 1
    return change


def other_chains(made):
    for rule in made.world.rules:
        rule["chains"] = rule["chains"][:-1] or [5]


@pytest.mark.parametrize("change", (
    another_key, fewer_rules, lower("max_value"), lower("max_fee"),
    other_chains), ids=("key", "rules", "value", "fee", "chains"))
def test_the_oracle_differs_from_another_policy(change, recovery):
    with pytest.raises(rounds.Wrong):
        played(recovery, change)


def test_signatures_are_looked_at(recovery):
    """One bit of the digest, of r, of s or of v, or the other s."""
    key, digest = ethkey.Key(0x1234567), bytes(range(32))
    public = b"".join(c.to_bytes(32, "big") for c in key.public)
    raw = key.sign(digest)
    r, s, v = raw[:32], raw[32:64], raw[64]
    high = (rounds.secp256k1.N - int.from_bytes(s, "big")).to_bytes(32, "big")
    assert recovery.public(digest, r, s, v) == public
    for changed in ((digest[::-1], r, s, v), (digest, s, r, v),
                    (digest, r, s[:-1] + bytes([s[-1] ^ 1]), v),
                    (digest, r, s, 1 - v), (digest, r, s, v + 2),
                    (digest, r, high, 1 - v), (digest, bytes(32), s, v)):
        assert recovery.public(*changed) != public


def test_many_digests_are_those_of_one():
    chance = random.Random(7)
    messages = [chance.randbytes(n) for n in (*range(0, 300), 5000)]
    assert keccak256_many(messages) == [keccak256(m) for m in messages]


def test_a_transaction_is_taken_apart():
    """As lib/eth.py does it, which is another's work."""
    tx = {"to": b"\xaa" * 20, "gas": 30000, "maxFeePerGas": 10**9,
          "nonce": 1, "maxPriorityFeePerGas": 1, "value": 7,
          "input": b"\x01\x02", "chainId": 10}
    key = ethkey.Key(99)
    signed = key.transaction({
        name: eth.hexa(value) if isinstance(value, bytes) else hex(value)
        for name, value in tx.items()})
    fields = eth.decode_transaction(signed)
    request = {"method": keymsg.TRANSACTION, "tx": tx}
    preimage, r, s, v = verdict.split(request, signed)
    assert keccak256(preimage) == fields["digest"]
    assert (int.from_bytes(r, "big"), int.from_bytes(s, "big"), v) == (
        fields["r"], fields["s"], fields["yParity"])
    for at in range(len(signed)):
        changed = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1:]
        try:
            found = verdict.split(request, changed)
        except (AssertionError, IndexError):
            continue
        assert found[0] == preimage and found[1:] != (r, s, v)
