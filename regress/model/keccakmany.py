# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Keccak-256 of many messages at once.

The lanes of a batch lie side by side in one large integer each, 64 bits a
message, so that one operation of Python works on all of them.
"""

from lib.keccak import CONSTANTS, RATE, STEPS

WIDEST = 512                # messages in one batch
_masks = {}


def _mask(count):
    """For each turn: what of a lane stays within it when it is shifted left;
    and one bit a lane."""
    if count not in _masks:
        ones = sum(1 << 64 * i for i in range(count))
        _masks[count] = ones, [((1 << turn) - 1) * ones
                               for turn in range(65)]
    return _masks[count]


def _turned(lane, turn, low):
    """Each 64 bits of it, turned left."""
    high = lane >> (64 - turn) & low[turn]
    return (lane & low[64 - turn]) << turn | high


def _permute(a, count):
    ones, low = _mask(count)
    full = low[64]
    for constant in CONSTANTS:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20]
             for x in range(5)]
        d = [c[x - 1] ^ _turned(c[(x + 1) % 5], 1, low) for x in range(5)]
        a = [a[i] ^ d[i % 5] for i in range(25)]
        last = a[1]
        for lane, turn in STEPS:
            held = a[lane]
            a[lane] = _turned(last, turn, low)
            last = held
        for y in range(0, 25, 5):
            b = a[y:y + 5]
            for x in range(5):
                a[y + x] = b[x] ^ ((b[(x + 1) % 5] ^ full) & b[(x + 2) % 5])
        a[0] ^= constant * ones
    return a


def _padded(data):
    made = bytearray(data)
    made += bytes(RATE - len(made) % RATE)
    made[len(data)] ^= 0x01
    made[-1] ^= 0x80
    return made


def _same_length(messages):
    """Of messages that take as many blocks each, padded."""
    count = len(messages)
    state = [0] * 25
    for at in range(0, len(messages[0]), RATE):
        for i in range(RATE // 8):
            where = at + 8 * i
            state[i] ^= int.from_bytes(b"".join(
                [m[where:where + 8] for m in messages]), "little")
        state = _permute(state, count)
    lanes = [lane.to_bytes(8 * count, "little") for lane in state[:4]]
    return [b"".join([lane[8 * i:8 * i + 8] for lane in lanes])
            for i in range(count)]


def keccak256_many(messages):
    """The digest of each."""
    by_size, digests = {}, [None] * len(messages)
    for index, message in enumerate(messages):
        padded = _padded(message)
        by_size.setdefault(len(padded), []).append((index, padded))
    for group in by_size.values():
        for at in range(0, len(group), WIDEST):
            part = group[at:at + WIDEST]
            for (index, _), digest in zip(part, _same_length(
                    [padded for _, padded in part])):
                digests[index] = digest
    return digests
