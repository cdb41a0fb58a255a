# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The vectors of regress/unit/{sign,tx}_vectors.h: what keyd has to sign, by
arithmetic and an encoder that share nothing with it.

usage: cd regress && python3 -m lib.vectors sign | tx

The published ones (RFC 6979 with secp256k1 and SHA-256, as the suites of
bitcoinjs, Haskoin and others have them) are typed in with their r and s, and
must come out of the arithmetic here too.
"""

import hashlib
import sys
import textwrap

from lib import rlp, secp256k1
from lib.keccak import keccak256

N = secp256k1.N
KEY = 0x4646464646464646464646464646464646464646464646464646464646464646

PUBLISHED = [
    (1, "Satoshi Nakamoto",
     "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
     "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"),
    (1, "Everything should be made as simple as possible, but not simpler.",
     "33a69cd2065432a30f3d1ce4eb0d59b8ab58c74f27c41a7fdb5696ad4e6108c9"
     "6f807982866f785d3f6418d24163ddae117b7db4d5fdf0071de069fa54342262"),
    (N - 1, "Equations are more important to me, because politics is for the "
     "present, but an equation is something for eternity.",
     "54c4a33c6423d689378f160a7ff8b61330444abb58fb470f96ea16d99d4a2fed"
     "07082304410efa6b2943111b6a4e0aaa7b7db55a07e9861d1fb3cb1f421044a5"),
    (N - 1, "Not only is the Universe stranger than we think, it is stranger "
     "than we can think.",
     "ff466a9f1b7b273e2f4c3ffe032eb2e814121ed18ef84665d0f515360dab3dd0"
     "6fc95f5132e5ecfdc8e5e6e616cc77151455d46ed48f5589b7db7771a332b283"),
    (1, "How wonderful that we have met with a paradox. Now we have some "
     "hope of making progress.",
     "c0dafec8251f1d5010289d210232220b03202cba34ec11fec58b3e93a85b91d3"
     "75afdc06b7d6322a590955bf264e7aaa155847f614d80078a90292fe205064d3"),
    (0x69ec59eaa1f4f2e36b639716b7c30ca86d9a5375c7b38d8918bd9c0ebc80ba64,
     "Computer science is no more about computers than astronomy is about "
     "telescopes.",
     "7186363571d65e084e7f02b0b77c3ec44fb1b257dee26274c38c928986fea45d"
     "0de0b38e06807e46bda1f1e293f4f6323e854c86d58abdd00c46c16441085df6"),
    (0x7246174ab1e92e9149c6e446fe194d072637,
     "...if you aren't, at any given time, scandalized by code you wrote "
     "five or even three years ago, you're not learning anywhere near "
     "enough",
     "fbfe5076a15860ba8ed00e75e9bd22e05d230f02a936b653eb55b61c99dda487"
     "0e68880ebb0050fe4312b1b1eb0899e1b82da89baa5b895f612619edf34cbd37"),
    (0x056916d0f9b31dc9b637f3,
     "The question of whether computers can think is like the question of "
     "whether submarines can swim.",
     "cde1302d83f8dd835d89aef803c74a119f561fbaef3eb9129e45f30de86abbf9"
     "06ce643f5049ee1f27890467b77a6a8e11ec4661cc38cd8badf90115fbd03cef"),
    (0xe91671c46231f833a6406ccbea0e3e392c76c167bac1cb013f6f1013980455c2,
     "There is a computer disease that anybody who works with computers "
     "knows about. It's a very serious disease and it interferes completely "
     "with the work. The trouble with computers is that you 'play' with "
     "them!",
     "b552edd27580141f3b2a5463048cb7cd3e047b97c9f98076c32dbdf85a68718b"
     "279fa72dd19bfae05577e06c7c0c1900c371fcd5893f7e1d56a37d30174671f6"),
]

# Keys and digests at the ends of what they can be.
KEYS = [1, 2, 3, 1 << 255, (N - 1) // 2, (N + 1) // 2, N - 2, N - 1,
        0xff, 1 << 248]
DIGESTS = [0, 1, (N - 1) // 2, N - 1]


def sign_vectors():
    for secret, message, published in PUBLISHED:
        digest = hashlib.sha256(message.encode()).digest()
        r, s, parity = secp256k1.sign(secret, digest)
        assert "%064x%064x" % (r, s) == published, message
        yield secret, digest, r, s, parity
    for secret in KEYS:
        for number in DIGESTS:
            digest = number.to_bytes(32, "big")
            yield (secret, digest) + secp256k1.sign(secret, digest)


# ---- Transactions --------------------------------------------------------

MAX = 2**256 - 1
PLAIN = dict(type=2, chain=10, nonce=0, tip=1, fee=10**9, gas=30000,
             to=bytes(18) + b"\xaa\xaa", value=1, data=0, access=(),
             blobfee=0, blobs=0, auths=0)


def case(name, **fields):
    return dict(PLAIN, name=name, **fields)


def size(n):
    """A number's name: 2^i, 2^i - 1 and what is small as it is."""
    for word, power in (("2^%d", n), ("2^%d - 1", n + 1),
                        ("2^%d - 2", n + 2)):
        if n > 255 and power & (power - 1) == 0:
            return word % (power.bit_length() - 1)
    return str(n)


CASES = [case("data of %d" % n, data=n) for n in
         (0, 1, 54, 55, 56, 57, 255, 256, 257, 65535, 65536)] + [
    case("chain of %s" % size(n), chain=n) for n in
    (1, 127, 128, 255, 256, 2**64 - 1, 2**64, MAX - 1, MAX)] + [
    case("nonce of %s" % size(n), nonce=n) for n in
    (1, 127, 128, 2**32, 2**64 - 1)] + [
    case("value of %s" % size(n), value=n) for n in
    (0, 127, 128, 1 << 248, (1 << 248) - 1, MAX)] + [
    case("fees of nothing", tip=0, fee=0),
    case("fees of all", tip=MAX, fee=MAX),
    case("gas of nothing", gas=0), case("gas of all", gas=2**64 - 1),
    case("to of zeros", to=bytes(20)),
    case("to of ones", to=b"\xff" * 20),
    case("creation", to=None, data=1),
    case("large creation", to=None, data=49152, value=0),
    case("access without keys", access=(0,)),
    case("access with one key", access=(1,)),
    case("access of 55 and more", access=(0, 0)),
    case("access of all kinds", access=(0, 1, 2, 30, 0)),
    case("one blob", type=3, blobs=1, blobfee=1),
    case("six blobs", type=3, blobs=6, blobfee=MAX),
    case("blobs for nothing", type=3, blobs=2, blobfee=0, access=(2,)),
    case("blobs and data", type=3, blobs=1, blobfee=128, data=300),
    case("chain of all, blobs", type=3, blobs=1, blobfee=1, chain=MAX),
    case("one authorization", type=4, auths=1),
    case("authorizations of all kinds", type=4, auths=40),
    case("hundreds of authorizations", type=4, auths=300, data=56),
    case("authorizations and access", type=4, auths=2, access=(1, 0)),
    case("chain of all, authorization", type=4, auths=1, chain=MAX),
]


def number(n):
    return n.to_bytes((n.bit_length() + 7) // 8, "big")


# The same rules as in test_txvectors.c.

def calldata(n):
    return bytes((i * 7 + 1) & 0xff for i in range(n))


def access_list(spec):
    return [[bytes([i]) * 20, [bytes([k]) + bytes([i + 1]) * 31
                               for k in range(nkeys)]]
            for i, nkeys in enumerate(spec)]


def blob(i):
    return b"\x01" + bytes([i]) * 31


def authorization(i):
    r = MAX >> 8 * (i % 32)
    return [number((0, MAX, i)[min(i, 2)]), bytes([i & 0xff]) * 20,
            number((2**64 - 1) >> i % 64 if i else 0), number(i & 0xff),
            number(r), number(r >> 1 if i else 0)]


def items(c):
    made = [number(c[name]) for name in
            ("chain", "nonce", "tip", "fee", "gas")]
    made += [c["to"] or b"", number(c["value"]), calldata(c["data"]),
             access_list(c["access"])]
    if c["type"] == 3:
        made += [number(c["blobfee"]), [blob(i) for i in range(c["blobs"])]]
    if c["type"] == 4:
        made.append([authorization(i) for i in range(c["auths"])])
    return made


def signed(c):
    """The digest, and the whole transaction."""
    head, body = bytes([c["type"]]), items(c)
    digest = keccak256(head + rlp.encode(body))
    r, s, parity = secp256k1.sign(KEY, digest)
    return digest, head + rlp.encode(body + [number(parity), number(r),
                                             number(s)]), r, s


def with_short_numbers():
    """Nonces with which r, or s, begins with a zero byte."""
    found = {}
    for nonce in range(5000):
        c = case("a short r" if "r" not in found else "a short s",
                 nonce=nonce)
        _, _, r, s = signed(c)
        if "r" not in found and r < 1 << 248:
            found["r"] = c
        elif "r" in found and s < 1 << 248:
            return [found["r"], c]
    raise ValueError("none")


# ---- The headers ---------------------------------------------------------

HEAD = """/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

/* Made by regress/lib/vectors.py. */

#ifndef REGRESS_UNIT_%(guard)s_VECTORS_H
#define REGRESS_UNIT_%(guard)s_VECTORS_H

"""


def text(value):
    digits = value.hex() if isinstance(value, bytes) else "%064x" % value
    return '"0x%s"\n\t    "%s"' % (digits[:32], digits[32:])


def quantity(n):
    digits = "%#x" % n
    if len(digits) < 40:
        return '"%s",' % digits
    return '"%s" "%s",' % (digits[:34], digits[34:])


def print_sign():
    print(HEAD % {"guard": "SIGN"} + "static const struct {\n"
          "\tconst char\t*secret;\n\tconst char\t*digest;\n"
          "\tconst char\t*r;\n\tconst char\t*s;\n\tint\t\t v;\n"
          "} sign_vectors[] = {")
    for secret, digest, r, s, v in sign_vectors():
        print("\t{ %s,\n\t    %s,\n\t    %s,\n\t    %s,\n\t    %d },"
              % (text(secret), text(digest), text(r), text(s), v))
    print("};\n\n#endif /* REGRESS_UNIT_SIGN_VECTORS_H */")


def print_tx():
    print(HEAD % {"guard": "TX"} + TX_STRUCT)
    for c in CASES + with_short_numbers():
        digest, raw, _, _ = signed(c)
        print('\t{ "%s", %d,' % (c["name"], c["type"]))
        fields = [quantity(c[name]) for name in
                  ("chain", "nonce", "tip", "fee", "gas")]
        fields.append('"0x%s",' % c["to"].hex() if c["to"] else "NULL,")
        fields += [quantity(c[name]) for name in ("value", "blobfee")]
        for line in textwrap.wrap(" ".join(fields), 68):
            print("\t    " + line)
        print("\t    %d, %d, %d, %d, { %s }," % (
            c["data"], c["blobs"], c["auths"], len(c["access"]),
            ", ".join(str(n) for n in c["access"] or (0,))))
        print("\t    %s,\n\t    %s,\n\t    %d }," % (
            text(digest), text(keccak256(raw)), len(raw)))
    print("};\n\n#endif /* REGRESS_UNIT_TX_VECTORS_H */")


TX_STRUCT = """static const struct tx_vector {
\tconst char\t*name;
\tint\t\t type;
\tconst char\t*chain;
\tconst char\t*nonce;
\tconst char\t*tip;
\tconst char\t*fee;
\tconst char\t*gas;
\tconst char\t*to;\t\t/* NULL: a creation */
\tconst char\t*value;
\tconst char\t*blobfee;
\tsize_t\t\t datalen;
\tsize_t\t\t nblobs;
\tsize_t\t\t nauths;
\tsize_t\t\t naccess;
\tsize_t\t\t nkeys[5];\t/* of each entry */
\tconst char\t*digest;
\tconst char\t*hash;\t\t/* of the signed transaction */
\tsize_t\t\t len;\t\t/* its bytes */
} tx_vectors[] = {"""


if __name__ == "__main__":
    print_sign() if sys.argv[1:] == ["sign"] else print_tx()
