# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""secp256k1: who signed (SEC 2 section 2.4.1, SEC 1 4.1.6), and signing with
throw-away keys (RFC 6979).  Nothing here takes the same time for all keys.
"""

import functools
import hashlib
import hmac

from lib.keccak import keccak256

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def _double(point):
    """Jacobian coordinates; z = 0 is the point at infinity."""
    x, y, z = point
    yy = y * y % P
    s = 4 * x * yy % P
    m = 3 * x * x % P
    x3 = (m * m - 2 * s) % P
    return (x3, (m * (s - x3) - 8 * yy * yy) % P, 2 * y * z % P)


def _add(point, affine):
    x1, y1, z1 = point
    x2, y2 = affine
    if z1 == 0:
        return (x2, y2, 1)
    zz = z1 * z1 % P
    h = (x2 * zz - x1) % P
    r = (y2 * zz * z1 - y1) % P
    if h == 0:
        return _double(point) if r == 0 else (1, 1, 0)
    hh = h * h % P
    hhh = h * hh % P
    v = x1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return (x3, (r * (v - x3) - y1 * hhh) % P, z1 * h % P)


def _affine(point):
    x, y, z = point
    if z == 0:
        return None
    inverse = pow(z, -1, P)
    square = inverse * inverse % P
    return (x * square % P, y * square * inverse % P)


def _row(point):
    """1 to 15 times the point, and 16 times."""
    row = [point]
    for _ in range(15):
        row.append(_affine(_add((row[-1][0], row[-1][1], 1), point)))
    return row


@functools.lru_cache(maxsize=None)
def _table():
    """i * 16**n * G for i = 1 to 15, a row for each n."""
    rows, base = [], G
    for _ in range(64):
        row = _row(base)
        rows.append(row[:15])
        base = row[15]
    return rows


def _add_multiple(acc, factor):
    """acc + factor * G."""
    for n, row in enumerate(_table()):
        digit = factor >> 4 * n & 15
        if digit:
            acc = _add(acc, row[digit - 1])
    return acc


def multiply(factor):
    """factor * G."""
    return _affine(_add_multiple((1, 1, 0), factor))


def combine(a, b, point):
    """a * G + b * point, four bits at a time."""
    row, acc = _row(point), (1, 1, 0)
    for shift in range(252, -1, -4):
        for _ in range(4):
            acc = _double(acc)
        digit = b >> shift & 15
        if digit:
            acc = _add(acc, row[digit - 1])
    return _affine(_add_multiple(acc, a))


def public_key(secret):
    return multiply(secret)


def _nonces(secret, digest):
    """RFC 6979, section 3.2, with SHA-256."""
    def mac(key, *parts):
        return hmac.new(key, b"".join(parts), hashlib.sha256).digest()

    seed = secret.to_bytes(32, "big") + \
        (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    key, value = bytes(32), b"\1" * 32
    for step in (b"\0", b"\1"):
        key = mac(key, value, step, seed)
        value = mac(key, value)
    while True:
        value = mac(key, value)
        yield int.from_bytes(value, "big")
        key = mac(key, value, b"\0")
        value = mac(key, value)


def sign(secret, digest):
    """r, s and the parity, with the lower s."""
    z = int.from_bytes(digest, "big")
    for k in _nonces(secret, digest):
        if not 0 < k < N:
            continue
        x, y = multiply(k)
        r = x % N
        s = pow(k, -1, N) * (z + r * secret) % N
        if r == 0 or s == 0 or x >= N:
            continue
        return (r, s, y & 1) if s <= N // 2 else (r, N - s, y & 1 ^ 1)


def address(public):
    return keccak256(public[0].to_bytes(32, "big") +
                     public[1].to_bytes(32, "big"))[12:]


def recover(digest, r, s, parity):
    """Address that made the signature, or None.  High s is not taken."""
    if not 0 < r < N or not 0 < s <= N // 2 or parity not in (0, 1):
        return None
    yy = (pow(r, 3, P) + 7) % P
    y = pow(yy, (P + 1) // 4, P)
    if y * y % P != yy:
        return None
    if y & 1 != parity:
        y = P - y
    inverse = pow(r, -1, N)
    z = int.from_bytes(digest, "big")
    public = combine(-z * inverse % N, s * inverse % N, (r, y))
    return None if public is None else address(public)
