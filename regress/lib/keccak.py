# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Keccak-256 as Ethereum uses it: rate 1088, padding 01, not FIPS 202's."""

MASK = (1 << 64) - 1
RATE = 136


def _round_constants():
    constants, lfsr = [], 1
    for _ in range(24):
        value = 0
        for j in range(7):
            if lfsr & 1:
                value |= 1 << ((1 << j) - 1)
            lfsr = (lfsr << 1) ^ (0x171 if lfsr & 0x80 else 0)
        constants.append(value)
    return constants


def _walk():
    """The lanes in the order of rho and pi, and how far each is turned."""
    x, y, steps = 1, 0, []
    for t in range(24):
        x, y = y, (2 * x + 3 * y) % 5
        steps.append((x + 5 * y, (t + 1) * (t + 2) // 2 % 64))
    return steps


CONSTANTS = _round_constants()
STEPS = _walk()


def _permute(a):
    for constant in CONSTANTS:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20]
             for x in range(5)]
        d = [c[x - 1] ^ ((c[(x + 1) % 5] << 1 | c[(x + 1) % 5] >> 63) & MASK)
             for x in range(5)]
        a = [a[i] ^ d[i % 5] for i in range(25)]
        last = a[1]
        for (lane, turn) in STEPS:
            held = a[lane]
            a[lane] = (last << turn | last >> (64 - turn)) & MASK
            last = held
        for y in range(0, 25, 5):
            b = a[y:y + 5]
            for x in range(5):
                a[y + x] = b[x] ^ (~b[(x + 1) % 5] & MASK & b[(x + 2) % 5])
        a[0] ^= constant
    return a


def keccak256(data):
    padded = bytearray(data)
    padded += bytes(RATE - len(padded) % RATE)
    padded[len(data)] ^= 0x01
    padded[-1] ^= 0x80
    state = [0] * 25
    for at in range(0, len(padded), RATE):
        for i in range(RATE // 8):
            state[i] ^= int.from_bytes(padded[at + 8 * i:at + 8 * i + 8],
                                       "little")
        state = _permute(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])
