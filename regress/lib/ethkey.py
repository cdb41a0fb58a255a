# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Throw-away keys that sign what signerd would, for what stands in for it."""

import base64
import os

from lib import eth, rlp, secp256k1
from lib.keccak import keccak256

KEYS = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "conform", "keys")
CURVE = bytes.fromhex("a00706052b8104000a")     # [0] secp256k1
ALGORITHM = bytes.fromhex("301006072a8648ce3d020106052b8104000a")
TRANSACTION = "eth_signTransaction"
PAYLOADS = ("opsigner_signBlockPayload", "opsigner_signBlockPayloadV2")


def armour(label, der):
    """A PEM block."""
    text = base64.b64encode(der).decode()
    return "\n".join(["-----BEGIN %s-----" % label] + [
        text[i:i + 64] for i in range(0, len(text), 64)] + [
            "-----END %s-----" % label, ""])


class Refused(Exception):
    """A request that is answered with an error: code and text."""


class Key:
    def __init__(self, secret):
        self.secret = secret
        self.public = secp256k1.public_key(secret)
        self.address = secp256k1.address(self.public)

    @classmethod
    def derived(cls, label):
        """The same for the same label."""
        return cls(int.from_bytes(keccak256(label.encode()), "big") %
                   (secp256k1.N - 1) + 1)

    @classmethod
    def recorded(cls, name):
        """One of conform/keys."""
        with open(os.path.join(KEYS, name + ".pem")) as f:
            text = f.read()
        body = text.split("-----BEGIN EC PRIVATE KEY-----")[1]
        der = base64.b64decode(body.split("-----END")[0])
        at = der.index(b"\x02\x01\x01\x04\x20") + 5     # RFC 5915
        return cls(int.from_bytes(der[at:at + 32], "big"))

    def _sec1(self):
        """ECPrivateKey of RFC 5915."""
        point = b"\4" + b"".join(c.to_bytes(32, "big") for c in self.public)
        der = b"\x02\x01\x01\x04\x20" + self.secret.to_bytes(32, "big") + \
            CURVE + b"\xa1\x44\x03\x42\0" + point
        return b"\x30" + bytes([len(der)]) + der

    def pem(self):
        """The file that signerd reads."""
        return armour("EC PRIVATE KEY", self._sec1())

    def pkcs8(self):
        """The same in the form of RFC 5208."""
        sec1 = self._sec1()
        der = b"\x02\x01\0" + ALGORITHM + b"\x04" + bytes([len(sec1)]) + sec1
        return armour("PRIVATE KEY", b"\x30\x81" + bytes([len(der)]) + der)

    def sign(self, digest):
        r, s, parity = secp256k1.sign(self.secret, digest)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([parity])

    def payload(self, domain=eth.ZEROS, chain=10, hash=eth.HASH):
        return self.sign(eth.payload_digest(domain, chain, hash))

    def transaction(self, arguments):
        """The signed bytes of a type 2 transaction."""
        def quantity(name):
            value = int(arguments.get(name) or "0x0", 16)
            return value.to_bytes((value.bit_length() + 7) // 8, "big")

        def given(*names):
            return eth.unhex(next((arguments[name] for name in names
                                   if arguments.get(name)), "0x"))

        fields = [quantity(name) for name in eth.FIELDS[2][:5]] + [
            given("to"), quantity("value"), given("input", "data"),
            [[eth.unhex(entry["address"]),
              [eth.unhex(key) for key in entry["storageKeys"]]]
             for entry in arguments.get("accessList") or []]]
        digest = keccak256(b"\2" + rlp.encode(fields))
        r, s, parity = secp256k1.sign(self.secret, digest)
        return b"\2" + rlp.encode(fields + [
            n.to_bytes((n.bit_length() + 7) // 8, "big")
            for n in (parity, r, s)])


def _pick(keys, wanted):
    """The key of that address; the first where none is asked for."""
    for key in keys:
        if wanted is None or key.address == eth.unhex(wanted):
            return key
    return None


def _payload_v1(argument):
    return (bytes(argument.get("domain") or eth.ZEROS), argument["chainId"],
            base64.b64decode(argument["payloadHash"]))


def _payload_v2(argument):
    chain = argument["chainId"]
    return (eth.unhex(argument.get("domain") or eth.hexa(eth.ZEROS)),
            int(chain, 16 if chain.startswith("0x") else 10),
            eth.unhex(argument["payloadHash"]))


def signed(keys, method, argument):
    """The result of a request in array form, as hex; or Refused."""
    if method == TRANSACTION:
        key = _pick(keys, argument.get("from"))
        if key is None:
            raise Refused(-32010, "unexpected from address")
        return eth.hexa(key.transaction(argument))
    key = _pick(keys, argument.get("senderAddress"))
    if key is None:
        raise Refused(-32000, "Forbidden: client '' is not authorized to "
                      "use any keys")
    read = _payload_v1 if method == PAYLOADS[0] else _payload_v2
    return eth.hexa(key.payload(*read(argument)))


def verify(message, result):
    """Address that signed the result of a request; AssertionError if it is
    not what the request asked for."""
    argument = message["params"]
    argument = argument[0] if isinstance(argument, list) else argument
    if isinstance(result, dict):
        assert list(result) == ["signature"], result
        result = result["signature"]
    if message["method"] == TRANSACTION:
        fields = eth.decode_transaction(eth.unhex(result))
        assert eth.agrees(fields, argument), (fields, argument)
        return fields["signer"]
    if message["method"] == PAYLOADS[1]:
        what = _payload_v2(argument)
    elif isinstance(message["params"], dict):
        what = _payload_v2(dict(argument, chainId=str(argument["chainId"])))
    else:
        what = _payload_v1(argument)
    address = eth.payload_signer(eth.unhex(result), *what)
    assert address is not None, result
    return address
