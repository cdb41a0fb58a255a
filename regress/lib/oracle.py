# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What the policy permits, judged without any of the daemon's code."""

import time

from lib import eth, imsg, keymsg


def _valid(tx):
    """The checks of eth_signTransaction that go before the rules."""
    for field in ("gas", "maxFeePerGas", "maxPriorityFeePerGas", "nonce"):
        if field not in tx:
            return False
    if "gasPrice" in tx or tx["maxFeePerGas"] < tx["maxPriorityFeePerGas"]:
        return False
    if "data" in tx and "input" in tx and tx["data"] != tx["input"]:
        return False
    if "to" not in tx and not (tx.get("input") or tx.get("data")):
        return False
    blobs, auths = tx.get("blobVersionedHashes"), tx.get("authorizationList")
    if blobs == [] or auths == [] or (blobs and auths):
        return False
    if (blobs or auths) and "to" not in tx:
        return False
    if (blobs is not None) != ("maxFeePerBlobGas" in tx):
        return False
    return tx.get("chainId", 0) != 0 and \
        tx.get("type", kind_of(tx)) == kind_of(tx)


def kind_of(tx):
    if "blobVersionedHashes" in tx:
        return 3
    return 4 if "authorizationList" in tx else 2


def _permits_transaction(rule, tx):
    if rule["chains"] and tx["chainId"] not in rule["chains"]:
        return False
    if rule.get("to") is not None and tx.get("to") not in rule["to"]:
        return False
    if tx.get("value", 0) > rule.get("max_value", 2**256):
        return False
    cost = tx["gas"] * tx["maxFeePerGas"] + 131072 * len(
        tx.get("blobVersionedHashes", ())) * tx.get("maxFeePerBlobGas", 0)
    return "max_fee" not in rule or cost <= rule["max_fee"]


def _permits_payload(rule, request):
    domains = rule.get("domains") or [eth.ZEROS]
    return eth.domain_is_safe(request["domain"]) and \
        int.from_bytes(request["chain"], "big") in rule["chains"] and \
        (domains == "any" or request["domain"] in domains)


def decide(rules, request):
    """Address of the key that must sign a decoded request, or None."""
    if request["deadline"] < time.monotonic() * 1e6:
        return None
    transaction = request["method"] == keymsg.TRANSACTION
    if transaction:
        sender = request["tx"].get("from")
        if not _valid(request["tx"]):
            return None
    else:
        sender = request["sender"]
        if request["bits"] & ~keymsg.SENDER != keymsg.CHAIN | keymsg.HASH:
            return None
    for rule in rules:
        if rule.get("via", 0) != request["via"] or \
                rule["client"].encode() != request["client"] or \
                sender not in (None, rule["address"]) or \
                not rule["methods"] & request["method"]:
            continue
        if _permits_transaction(rule, request["tx"]) if transaction else \
                _permits_payload(rule, request):
            return rule["address"]
    return None


def _arguments(tx):
    """A decoded transaction as eth.agrees() wants it."""
    made = {}
    for field, value in tx.items():
        if isinstance(value, bytes):
            made[field] = eth.hexa(value)
        elif isinstance(value, int):
            made[field] = hex(value)
    made["accessList"] = [
        {"address": eth.hexa(a), "storageKeys": [eth.hexa(k) for k in keys]}
        for a, keys in tx.get("accessList", ())]
    if "blobVersionedHashes" in tx:
        made["blobVersionedHashes"] = [
            eth.hexa(each) for each in tx["blobVersionedHashes"]]
    if "authorizationList" in tx:
        made["authorizationList"] = [dict(zip(
            ("chainId", "address", "nonce", "yParity", "r", "s"),
            (hex(c), eth.hexa(a), hex(n), hex(y), hex(r), hex(s))))
            for c, a, n, y, r, s in tx["authorizationList"]]
    return made


def check_signature(request, address, digest, result):
    """The result is that request's, by that key; AssertionError if not."""
    if request["method"] == keymsg.PAYLOAD:
        chain = int.from_bytes(request["chain"], "big")
        fields = (request["domain"], chain, request["hash"])
        assert digest == eth.payload_digest(*fields)
        assert eth.payload_signer(result, *fields) == address
        return
    signed = eth.decode_transaction(result)
    assert signed["type"] == kind_of(request["tx"])
    assert signed["digest"] == digest
    assert signed["signer"] == address
    assert eth.agrees(signed, _arguments(request["tx"]))


def _well_formed(message, role):
    """The decoded request, or None where that role may not send it."""
    try:
        request = keymsg.read_sign(message)
    except keymsg.Malformed:
        return None
    return request if (request["via"] != 0) == (role == keymsg.LINK) else None


def judge(rules, message, kind, reply, role=keymsg.DIRECT):
    """Checks keyd's answer to the payload of a KEYD_SIGN.

    True if it was signed.  The role is that of the channel.
    """
    ident, signed = keymsg.read_reply(kind, reply)
    request = _well_formed(message, role)
    if request is None:
        assert kind == keymsg.BADREQUEST, hex(kind)
        known = int.from_bytes(message[:8], "big") if len(message) >= 8 else 0
        assert ident == known
        return False
    assert kind != keymsg.BADREQUEST
    assert ident == request["id"]
    address = decide(rules, request)
    assert (signed is not None) == (address is not None), request
    if signed is not None:
        check_signature(request, address, *signed)
    return signed is not None


def ask(channel, rules, *messages):
    """How many of those were signed; all answers are judged."""
    channel.send(b"".join(imsg.frame(keymsg.SIGN, m) for m in messages))
    return sum(judge(rules, m, *channel.read(), role=channel.role)
               for m in messages)
