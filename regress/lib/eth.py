# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Requests as clients make them, and the judgement of what came back."""

import base64
import json

from lib import rlp
from lib.keccak import keccak256
from lib.secp256k1 import recover

ZEROS = bytes(32)
HASH = bytes(range(32))
TO = "0x000000000000000000000000000000000000aaaa"


def hexa(data):
    return "0x" + bytes(data).hex()


def unhex(text):
    if not isinstance(text, str) or text[:2] != "0x":
        raise ValueError("no 0x: %r" % (text,))
    return bytes.fromhex(text[2:])


def number(data):
    """An RLP integer: big endian, no leading zero."""
    if data[:1] == b"\0":
        raise ValueError("leading zero")
    return int.from_bytes(data, "big")


# ---- requests ------------------------------------------------------------


def call(method, params, ident=1):
    return {"jsonrpc": "2.0", "id": ident, "method": method, "params": params}


def transaction(**fields):
    """Arguments of a transfer; None takes a member out."""
    arguments = {"to": TO, "gas": "0x7530", "maxFeePerGas": "0x3b9aca00",
                 "maxPriorityFeePerGas": "0x1", "value": "0x1",
                 "nonce": "0x0", "input": "0x", "chainId": "0xa"}
    arguments.update(fields)
    return {k: v for k, v in arguments.items() if v is not None}


def sign_transaction(ident=1, **fields):
    return call("eth_signTransaction", [transaction(**fields)], ident)


def payload_v1(ident=1, domain=ZEROS, chain=10, hash=HASH, sender=None):
    argument = {"domain": list(domain), "chainId": chain,
                "payloadHash": base64.b64encode(hash).decode(),
                "senderAddress": sender}
    return call("opsigner_signBlockPayload", [argument], ident)


def payload_v2(ident=1, domain=ZEROS, chain=10, hash=HASH, sender=None):
    argument = {"domain": hexa(domain), "chainId": str(chain),
                "payloadHash": hexa(hash)}
    if sender is not None:
        argument["senderAddress"] = sender
    return call("opsigner_signBlockPayloadV2", [argument], ident)


def payload_kona(ident=0, domain=ZEROS, chain=10, hash=HASH, sender=None):
    argument = {"domain": hexa(domain), "chainId": chain,
                "payloadHash": hexa(hash)}
    if sender is not None:
        argument["senderAddress"] = sender
    return call("opsigner_signBlockPayload", argument, ident)


def encode(request):
    return json.dumps(request, separators=(",", ":")).encode()


def masquerades():
    """Payloads whose 96 bytes are something else: name, domain, hash.

    The chain is 10 in all of them.  Where the something is a transaction, it
    is one that pays whom the client chose.
    """
    chain = (10).to_bytes(32, "big")
    payee = bytes([0x94]) + b"\xee" * 20
    dynamic = bytes.fromhex("02f85d0a80808080") + payee + b"\x80\xb8\x3f"
    legacy = bytes.fromhex("f85e808080") + payee + b"\x80\xb8\x40" + bytes(3)
    personal = b"\x19Ethereum Signed Message:\n68pays"
    made = [("EIP-1559", dynamic, bytes(31) + b"\xc0"),
            ("legacy", legacy, bytes(29) + b"\x0a\x80\x80"),
            ("EIP-191", personal, b"!" * 32)]
    assert len(rlp.decode((dynamic + chain + made[0][2])[1:])) == 9
    assert len(rlp.decode(legacy + chain + made[1][2])) == 9
    assert all(len(domain) == 32 for _, domain, _ in made)
    return made


def domain_is_safe(domain):
    """Not 01-7f (EIP-2718 types) and not c0-fe (RLP lists)."""
    return not (1 <= domain[0] <= 0x7f or 0xc0 <= domain[0] <= 0xfe)


# ---- answers -------------------------------------------------------------


def payload_digest(domain=ZEROS, chain=10, hash=HASH):
    return keccak256(domain + chain.to_bytes(32, "big") + hash)


def payload_signer(signature, domain=ZEROS, chain=10, hash=HASH):
    """Address that signed the payload, from r, s and v; None if nobody."""
    if len(signature) != 65:
        return None
    return recover(payload_digest(domain, chain, hash),
                   int.from_bytes(signature[:32], "big"),
                   int.from_bytes(signature[32:64], "big"), signature[64])


FIELDS = {
    2: ("chainId nonce maxPriorityFeePerGas maxFeePerGas gas to value input "
        "accessList yParity r s").split(),
    3: ("chainId nonce maxPriorityFeePerGas maxFeePerGas gas to value input "
        "accessList maxFeePerBlobGas blobVersionedHashes yParity r s"
        ).split(),
    4: ("chainId nonce maxPriorityFeePerGas maxFeePerGas gas to value input "
        "accessList authorizationList yParity r s").split(),
}
NUMBERS = ("chainId nonce maxPriorityFeePerGas maxFeePerGas gas value "
           "maxFeePerBlobGas yParity r s").split()


def decode_transaction(raw):
    """A signed transaction's fields, its `type`, `signer` and `hash`."""
    names = FIELDS[raw[0]]
    items = rlp.decode(raw[1:])
    if len(items) != len(names):
        raise ValueError("%d fields" % len(items))
    fields = dict(zip(names, items))
    for name in NUMBERS:
        if name in fields:
            fields[name] = number(fields[name])
    digest = keccak256(raw[:1] + rlp.encode(items[:-3]))
    fields.update(type=raw[0], hash=keccak256(raw), digest=digest,
                  signer=recover(digest, fields["r"], fields["s"],
                                 fields["yParity"]))
    return fields


def _quantity(arguments, name, default="0x0"):
    return int(arguments.get(name, default), 16)


def agrees(fields, arguments):
    """Whether a decoded transaction is what the arguments asked for."""
    for name in ("chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas",
                 "gas", "value"):
        if fields[name] != _quantity(arguments, name):
            return False
    if hexa(fields["to"]) != (arguments.get("to") or "0x").lower():
        return False
    data = arguments.get("input") or arguments.get("data") or "0x"
    if hexa(fields["input"]) != data.lower():
        return False
    return (_agrees_lists(fields, arguments) and
            fields["accessList"] == [
                [unhex(entry["address"]),
                 [unhex(key) for key in entry["storageKeys"]]]
                for entry in arguments.get("accessList") or []])


def _agrees_lists(fields, arguments):
    if fields["type"] == 3:
        return (fields["maxFeePerBlobGas"] ==
                _quantity(arguments, "maxFeePerBlobGas") and
                fields["blobVersionedHashes"] ==
                [unhex(each) for each in arguments["blobVersionedHashes"]])
    if fields["type"] == 4:
        wanted = [[int(each["chainId"], 16), unhex(each["address"])] +
                  [int(each[name], 16) for name in
                   ("nonce", "yParity", "r", "s")]
                  for each in arguments["authorizationList"]]
        found = [[number(each[0]), each[1]] + [number(x) for x in each[2:]]
                 for each in fields["authorizationList"]]
        return wanted == found
    return ("blobVersionedHashes" not in arguments and
            "authorizationList" not in arguments)
