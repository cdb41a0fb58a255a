# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""secp256k1, enough to tell who signed: SEC 2 section 2.4.1, SEC 1 4.1.6."""

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


def combine(a, point_a, b, point_b):
    """a * point_a + b * point_b, by Shamir's trick."""
    both = _affine(_add((point_a[0], point_a[1], 1), point_b))
    acc = (1, 1, 0)
    for bit in range(255, -1, -1):
        acc = _double(acc)
        pick = (a >> bit & 1) + 2 * (b >> bit & 1)
        if pick == 1:
            acc = _add(acc, point_a)
        elif pick == 2:
            acc = _add(acc, point_b)
        elif pick == 3 and both is not None:
            acc = _add(acc, both)
    return _affine(acc)


def public_key(secret):
    return combine(secret, G, 0, (G[0], P - G[1]))


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
    public = combine(-z * inverse % N, G, s * inverse % N, (r, y))
    return None if public is None else address(public)
