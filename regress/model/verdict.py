# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What keyd has to answer to a request, to the number of the rule.

Written from keyd(8), signerd.conf(5) and the protocol, without a look at how
keyd decides: a request in plain numbers and bytes, as lib/keymsg.py reads it,
and the rules as a list of dictionaries.  Signatures are made for what
preimage() gives, and result() takes a signed answer apart again.
"""

from lib import keymsg, rlp

# In the order of keyd(8), "Refusals", counted from 1.
REASONS = ("none forbidden gas-missing gas-price fees-missing fee-order "
           "nonce-missing data-and-input creation-without-data "
           "chain-missing blobs-empty blob-fee-missing "
           "blob-fee-without-blobs authorizations-empty chain-zero "
           "blob-without-to set-code-without-to blobs-and-authorizations "
           "type from method chain to value fee payload-chain-missing "
           "payload-chain-range payload-hash-missing payload-hash-length "
           "payload-chain payload-domain deadline internal audit").split()
NO_RULE = 2**32 - 1
OVER = 2**256
BLOB_GAS = 131072           # EIP-4844, GAS_PER_BLOB
ZEROS = bytes(32)


class Verdict:
    """reason "none": to be signed with the key of that number."""

    __slots__ = ("reason", "rule", "key")

    def __init__(self, reason, rule=NO_RULE, key=None):
        self.reason, self.rule, self.key = reason, rule, key

    def __repr__(self):
        return "%s (rule %d, key %r)" % (self.reason, self.rule, self.key)


# ---- the request ---------------------------------------------------------


def read(message, role):
    """The request in the payload of a KEYD_SIGN; None where it does not
    decode or that role may not send it."""
    try:
        request = keymsg.read_sign(message)
    except keymsg.Malformed:
        return None
    return request if (request["via"] > 0) == (role == keymsg.LINK) else None


def calldata(tx):
    return tx["input"] if "input" in tx else tx.get("data", b"")


def kind_of(tx):
    if "authorizationList" in tx:
        return 4
    return 3 if "blobVersionedHashes" in tx else 2


def fault_of_transaction(tx):
    """The first of op-signer's checks, then of ours, that does not pass."""
    blobs, auths = "blobVersionedHashes" in tx, "authorizationList" in tx
    caps = [tx.get(name) for name in ("maxFeePerGas", "maxPriorityFeePerGas")]
    for fails, reason in (
            ("gas" not in tx, "gas-missing"),
            ("gasPrice" in tx, "gas-price"),
            (None in caps, "fees-missing"),
            (None not in caps and caps[0] < caps[1], "fee-order"),
            ("nonce" not in tx, "nonce-missing"),
            ("data" in tx and "input" in tx and tx["data"] != tx["input"],
             "data-and-input"),
            ("to" not in tx and not calldata(tx), "creation-without-data"),
            ("chainId" not in tx, "chain-missing"),
            (blobs and not tx["blobVersionedHashes"], "blobs-empty"),
            (blobs and "maxFeePerBlobGas" not in tx, "blob-fee-missing"),
            (not blobs and "maxFeePerBlobGas" in tx,
             "blob-fee-without-blobs"),
            (auths and not tx["authorizationList"], "authorizations-empty"),
            (tx.get("chainId") == 0, "chain-zero"),
            (blobs and "to" not in tx, "blob-without-to"),
            (auths and "to" not in tx, "set-code-without-to"),
            (blobs and auths, "blobs-and-authorizations"),
            (tx.get("type", kind_of(tx)) != kind_of(tx), "type")):
        if fails:
            return reason
    return None


def fault_of_payload(request):
    bits = request["bits"]
    if bits & keymsg.CHAINRANGE:
        return "payload-chain-range"
    if not bits & keymsg.CHAIN:
        return "payload-chain-missing"
    if bits & keymsg.HASHLENGTH:
        return "payload-hash-length"
    return None if bits & keymsg.HASH else "payload-hash-missing"


# ---- the rules -----------------------------------------------------------


def refused_by_transaction_rule(rule, tx):
    if rule["chains"] and tx["chainId"] not in rule["chains"]:
        return "chain"
    if rule.get("to") is not None and tx.get("to") not in rule["to"]:
        return "to"
    if tx.get("value", 0) > rule.get("max_value", OVER):
        return "value"
    if "max_fee" in rule:
        cost = tx["gas"] * tx["maxFeePerGas"]
        if kind_of(tx) == 3:
            cost += len(tx["blobVersionedHashes"]) * BLOB_GAS * \
                tx["maxFeePerBlobGas"]
        if cost > rule["max_fee"] or cost >= OVER:
            return "fee"
    return None


def refused_by_payload_rule(rule, request):
    domain = request["domain"]
    if int.from_bytes(request["chain"], "big") not in rule["chains"]:
        return "payload-chain"
    if 0x01 <= domain[0] <= 0x7f or 0xc0 <= domain[0] <= 0xfe:
        return "payload-domain"
    allowed = rule.get("domains") or [ZEROS]
    return None if allowed == "any" or domain in allowed else \
        "payload-domain"


def verdict(rules, request):
    """Of a request that decodes and is not late.  rules by (via, client):
    (index, rule) each, in their order."""
    mine = rules.get((request["via"], request["client"]))
    if not mine:
        return Verdict("forbidden")
    transaction = request["method"] == keymsg.TRANSACTION
    tx = request.get("tx")
    fault = fault_of_transaction(tx) if transaction else \
        fault_of_payload(request)
    if fault:
        return Verdict(fault)
    sender = tx.get("from") if transaction else request["sender"]
    if sender is not None:
        mine = [each for each in mine if each[1]["address"] == sender]
        if not mine:
            return Verdict("from" if transaction else "forbidden")
    first = None
    for index, rule in mine:
        if not rule["methods"] & request["method"]:
            continue
        reason = refused_by_transaction_rule(rule, tx) if transaction else \
            refused_by_payload_rule(rule, request)
        if reason is None:
            return Verdict("none", index, rule["key"])
        first = first or Verdict(reason, index)
    return first or Verdict("method" if transaction else "forbidden")


def by_client(rules):
    found = {}
    for index, rule in enumerate(rules):
        found.setdefault((rule.get("via", 0), rule["client"].encode()),
                         []).append((index, rule))
    return found


# ---- what is signed ------------------------------------------------------


def number(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def fields(tx):
    """Of the unsigned transaction, in the order of its EIP."""
    made = [number(tx["chainId"]), number(tx["nonce"]),
            number(tx["maxPriorityFeePerGas"]), number(tx["maxFeePerGas"]),
            number(tx["gas"]), tx.get("to", b""), number(tx.get("value", 0)),
            calldata(tx), [[a, list(keys)] for a, keys in
                           tx.get("accessList", ())]]
    if kind_of(tx) == 3:
        made += [number(tx["maxFeePerBlobGas"]),
                 tx["blobVersionedHashes"]]
    if kind_of(tx) == 4:
        made.append([[number(c), a, number(n), number(y), number(r),
                      number(s)] for c, a, n, y, r, s in
                     tx["authorizationList"]])
    return b"".join([rlp.encode(each) for each in made])


def in_list(kind, body):
    return bytes([kind]) + rlp.header(0xc0, len(body)) + body


def payload_of(request):
    return request["domain"] + request["chain"] + request["hash"]


def _signature(raw):
    """r, s and v of the end of a transaction: three canonical numbers."""
    v, at = (0, 1) if raw[:1] == b"\x80" else (raw[0], 1)
    parts = []
    for _ in range(2):
        size = raw[at] - 0x80 if 0x80 <= raw[at] <= 0xa0 else 0
        part = raw[at + 1:at + 1 + size] if size else raw[at:at + 1]
        at += 1 + size
        assert part[:1] not in (b"\0", b"") and \
            (size != 1 or part[0] >= 0x80), "no canonical number"
        parts.append(part.rjust(32, b"\0"))
    assert at == len(raw), "bytes after the signature"
    return parts[0], parts[1], v


def split(request, result):
    """What the digest must be of, r, s and v; AssertionError where the
    result is not that of the request."""
    if request["method"] == keymsg.PAYLOAD:
        assert len(result) == 65, len(result)
        return payload_of(request), result[:32], result[32:64], result[64]
    kind, body = kind_of(request["tx"]), fields(request["tx"])
    for size in range(67, 4, -1):        # of the signature: r, s may be short
        head = bytes([kind]) + rlp.header(0xc0, len(body) + size) + body
        if len(head) + size == len(result):
            assert result[:len(head)] == head, "other fields"
            return (in_list(kind, body), *_signature(result[len(head):]))
    raise AssertionError("a transaction of another length")
