# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""keyd's messages (keyd/keymsg.h), written and read independently of it."""

import struct

(CONFIG, KEY, RULE, RULELIST, CHANNEL, END, ADDRESS, BADKEY, READY,
 BADCONFIG, COMMIT, DISCARD, COMMITTED) = range(0x100, 0x10d)
SIGN, SIGNED, REFUSED, BADREQUEST, SWITCHED = range(0x200, 0x205)
LOG, SETLEVEL = 1, 2
PING, PONG = 7, 8
TYPES = {"CONFIG": CONFIG, "KEY": KEY, "RULE": RULE, "RULELIST": RULELIST,
         "CHANNEL": CHANNEL, "END": END, "ADDRESS": ADDRESS,
         "BADKEY": BADKEY, "READY": READY, "BADCONFIG": BADCONFIG,
         "COMMIT": COMMIT, "DISCARD": DISCARD, "COMMITTED": COMMITTED,
         "SWITCHED": SWITCHED, "SIGNED": SIGNED, "REFUSED": REFUSED, "BADREQUEST": BADREQUEST,
         "LOG": LOG}

TRANSACTION, PAYLOAD = 1, 2
DIRECT, LINK = 0, 1         # roles of a channel
MAX_VIA = 128
METHOD_AT, VIA_AT, CLIENT_AT = 16, 17, 21   # in a SIGN; of a client its length
HAS_TO, HAS_MAXVALUE, HAS_MAXFEE, HAS_ANYDOMAIN = 1, 2, 4, 8
LIST_CHAIN, LIST_DOMAIN, LIST_TO = 0, 1, 2
SENDER, CHAIN, CHAINRANGE, HASH, HASHLENGTH = 1, 2, 4, 8, 16

# Members of a transaction in the order of their bits, and how they travel.
FIELDS = (("from", "address"), ("to", "address"), ("gas", "u64"),
          ("gasPrice", "none"), ("maxFeePerGas", "u256"),
          ("maxPriorityFeePerGas", "u256"), ("value", "u256"),
          ("nonce", "u64"), ("data", "bytes"), ("input", "bytes"),
          ("accessList", "access"), ("chainId", "u256"),
          ("blobVersionedHashes", "hashes"), ("maxFeePerBlobGas", "u256"),
          ("authorizationList", "auths"), ("type", "u64"))


class Malformed(Exception):
    pass


# ---- writing -------------------------------------------------------------


def u32(value):
    return struct.pack(">I", value)


def u64(value):
    return struct.pack(">Q", value)


def u256(value):
    return value.to_bytes(32, "big")


def name(client):
    raw = client if isinstance(client, bytes) else client.encode()
    return bytes([len(raw)]) + raw


def _write(kind, value):
    if kind == "none":
        return b""
    if kind in ("address",):
        return value
    if kind == "bytes":
        return u32(len(value)) + value
    if kind == "hashes":
        return u32(len(value)) + b"".join(value)
    if kind == "access":
        return u32(len(value)) + b"".join(
            address + _write("hashes", keys) for address, keys in value)
    if kind == "auths":
        return u32(len(value)) + b"".join(
            u256(chain) + address + u64(nonce) + bytes([parity]) + u256(r) +
            u256(s) for chain, address, nonce, parity, r, s in value)
    return u64(value) if kind == "u64" else u256(value)


def has_at(message):
    """Where the `has` word of a SIGN is."""
    return CLIENT_AT + 1 + message[CLIENT_AT]


def _head(ident, client, deadline, method, via):
    return u64(ident) + u64(deadline) + bytes([method]) + u32(via) + \
        name(client)


def sign_transaction(ident, client, tx, deadline=2**64 - 1, via=0):
    bits, body = 0, b""
    for bit, (field, kind) in enumerate(FIELDS):
        if field in tx:
            bits |= 1 << bit
            body += _write(kind, tx[field])
    return _head(ident, client, deadline, TRANSACTION, via) + u32(bits) + \
        body


def sign_payload(ident, client, domain, chain, digest, sender=None,
                 deadline=2**64 - 1, bits=0, via=0):
    body = domain
    if sender is not None:
        bits |= SENDER
        body += sender
    if chain is not None:
        bits |= CHAIN
        body += u256(chain)
    if digest is not None:
        bits |= HASH
        body += digest
    return _head(ident, client, deadline, PAYLOAD, via) + u32(bits) + body


def config(keys, rules, max_message):
    return u32(keys) + u32(rules) + u32(max_message)


def rule(index, each):
    has, body = 0, b""
    if each.get("to") is not None:
        has |= HAS_TO
    if "max_value" in each:
        has |= HAS_MAXVALUE
        body += u256(each["max_value"])
    if "max_fee" in each:
        has |= HAS_MAXFEE
        body += u256(each["max_fee"])
    if each.get("domains") == "any":
        has |= HAS_ANYDOMAIN
    return u32(index) + u32(each.get("via", 0)) + name(each["client"]) + \
        u32(each["key"]) + u32(each["methods"]) + u32(has) + body


def rulelist(index, kind, items):
    return u32(index) + u32(kind) + u32(len(items)) + b"".join(items)


# ---- reading -------------------------------------------------------------


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        part = self.data[self.at:self.at + size]
        if len(part) != size:
            raise Malformed("truncated")
        self.at += size
        return part

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def end(self):
        if self.at != len(self.data):
            raise Malformed("bytes left over")

    def read(self, kind):
        if kind == "none":
            return True
        if kind == "address":
            return self.take(20)
        if kind in ("u64", "u256"):
            return self.number(8 if kind == "u64" else 32)
        count = self.number(4)
        if kind == "bytes":
            return self.take(count)
        one = {"hashes": self.hash, "access": self.access,
               "auths": self.auth}[kind]
        return [one() for _ in range(count)]

    def hash(self):
        return self.take(32)

    def access(self):
        return self.take(20), self.read("hashes")

    def auth(self):
        return (self.number(32), self.take(20), self.number(8),
                self.number(1), self.number(32), self.number(32))


def read_sign(data):
    """Fields of a KEYD_SIGN, or Malformed."""
    r = Reader(data)
    request = {"id": r.number(8), "deadline": r.number(8),
               "method": r.number(1), "via": r.number(4)}
    if request["via"] > MAX_VIA:
        raise Malformed("via")
    length = r.number(1)
    request["client"] = client = r.take(length)
    if length > 253 or any(c < 0x20 or c == 0x7f for c in client):
        raise Malformed("client")
    if request["via"] == 0 and length == 0:
        raise Malformed("no client")
    if request["method"] not in (TRANSACTION, PAYLOAD):
        raise Malformed("method")
    request["bits"] = bits = r.number(4)
    if request["method"] == TRANSACTION:
        if bits >> len(FIELDS):
            raise Malformed("bits")
        request["tx"] = {field: r.read(kind)
                         for bit, (field, kind) in enumerate(FIELDS)
                         if bits >> bit & 1}
    else:
        if bits >> 5:
            raise Malformed("bits")
        request["domain"] = r.take(32)
        for bit, field, size in ((SENDER, "sender", 20),
                                 (CHAIN, "chain", 32), (HASH, "hash", 32)):
            request[field] = r.take(size) if bits & bit else None
    r.end()
    return request


def read_reply(kind, data):
    """(id, result bytes or None) of SIGNED, REFUSED or BADREQUEST."""
    r = Reader(data)
    ident = r.number(8)
    if kind == BADREQUEST:
        r.end()
        return ident, None
    r.number(4), r.number(4)            # rule, microseconds
    if kind == REFUSED:
        assert r.number(4) != 0
        r.end()
        return ident, None
    assert kind == SIGNED, hex(kind)
    r.number(4)                         # key
    digest = r.take(32)
    result = r.read("bytes")
    r.end()
    return ident, (digest, result)
