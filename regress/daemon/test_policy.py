# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The rules of the configuration, from end to end."""

import pytest

from lib import eth

ADDRESS = {"sequencer": "0x37b74bb9bb365760657ab18581ae67613e9eaafc",
           "batcher": "0x05b4b087e84cc1ab1e96aeb84a56bfffedfb005a"}
MARK = bytes(31) + b"\x01"
HIGH = b"\xff" * 32
OTHER = "0x00000000000000000000000000000000000000ff"
GWEI = 10**9
ETHER = 10**18
RULES = """
allow client "to.example" key "batcher" method transaction to { %(to)s %(o)s }
allow client "value.example" key "batcher" method transaction max-value 1 ether
allow client "fraction.example" key "batcher" method transaction \\
    max-value 0.1 gwei
allow client "fee.example" key "batcher" method transaction max-fee 0.2 ether
allow client "chains.example" key "batcher" chain { 10 8453 } domain any
allow client "onlytx.example" key "batcher" method transaction
allow client "onlypayload.example" key "sequencer" method block-payload \\
    chain 10
allow client "zeros.example" key "sequencer" chain 10
allow client "domain.example" key "sequencer" chain 10 domain 0x%(mark)s
allow client "domains.example" key "sequencer" chain 10 \\
    domain { 0x%(mark)s 0x%(high)s }
allow client "any.example" key "sequencer" chain 10 domain any
allow client "order.example" key "sequencer" method transaction chain 10 \\
    max-value 10 wei
allow client "order.example" key "batcher" method transaction chain { 10 1 } \\
    max-value 1000 wei
allow client "big.example" key "sequencer" method block-payload \\
    chain 0x%(high)s
allow client "hexvalue.example" key "batcher" method transaction max-value 0x10
""" % {"to": eth.TO, "o": OTHER, "mark": MARK.hex(), "high": HIGH.hex()}


@pytest.fixture(scope="module")
def signerd(site, serve):
    return serve(site.config(rules=RULES, keys=("sequencer", "batcher")))


def transact(signerd, client, **fields):
    """The error of the request, or None and it was signed as asked."""
    message = eth.sign_transaction(**fields)
    answer = signerd.rpc(message, client)
    if "error" in answer.json():
        return answer.error()
    arguments = message["params"][0]
    signed = eth.decode_transaction(eth.unhex(answer.result()))
    assert eth.agrees(signed, arguments), signed
    return eth.hexa(signed["signer"])


def payload(signerd, client, make=eth.payload_v2, **fields):
    answer = signerd.rpc(make(**fields), client)
    if "error" in answer.json():
        return answer.error()
    fields.pop("sender", None)
    result = answer.result()
    if make is eth.payload_kona:
        assert list(result) == ["signature"]
        result = result["signature"]
    return eth.hexa(eth.payload_signer(eth.unhex(result), **fields))


# ---- transactions --------------------------------------------------------


@pytest.mark.parametrize("to,expected", (
    (eth.TO, ADDRESS["batcher"]),
    (eth.TO.replace("aaaa", "AAaa"), ADDRESS["batcher"]),
    (OTHER, ADDRESS["batcher"]),
    ("0x000000000000000000000000000000000000aaab",
     (-32011, "to address not authorized")),
    (None, (-32011, "to address not authorized"))))
def test_to(signerd, to, expected):
    assert transact(signerd, "to.example", to=to, input="0x01") == expected


@pytest.mark.parametrize("client,value,fits", (
    ("value.example", ETHER, True), ("value.example", ETHER + 1, False),
    ("value.example", 0, True), ("value.example", 2**256 - 1, False),
    ("fraction.example", 10**8, True),
    ("fraction.example", 10**8 + 1, False),
    ("hexvalue.example", 16, True), ("hexvalue.example", 17, False),
    ("onlytx.example", 2**256 - 1, True)))
def test_max_value(signerd, client, value, fits):
    assert transact(signerd, client, value=hex(value)) == (
        ADDRESS["batcher"] if fits else (-32011, "value exceeds maximum"))


@pytest.mark.parametrize("gas,fee,fits", (
    (200000, 1000 * GWEI, True), (200001, 1000 * GWEI, False),
    (1, ETHER // 5, True), (1, ETHER // 5 + 1, False),
    (2**64 - 1, 1, False), (2**64 - 1, 2**256 - 1, False),
    (2, 2**255, False), (2**63, 2**193, False), (0, 2**256 - 1, True)))
def test_max_fee(signerd, gas, fee, fits):
    assert transact(signerd, "fee.example", gas=hex(gas),
                    maxFeePerGas=hex(fee)) == (
        ADDRESS["batcher"] if fits else (-32011, "fee exceeds maximum"))


@pytest.mark.parametrize("blobs,blob_fee,fits", (
    (1, ETHER // 5 // 131072 - 1, True), (1, ETHER // 5 // 131072 + 1, False),
    (6, ETHER // 5 // 131072 // 6 - 1, True),
    (6, ETHER // 5 // 131072, False), (1, 2**256 - 1, False),
    (2, 2**238, False), (1, 2**239, False)))
def test_max_fee_counts_blobs(signerd, blobs, blob_fee, fits):
    hashes = [eth.hexa(b"\x01" + bytes([n]) * 31) for n in range(blobs)]
    assert transact(signerd, "fee.example", gas="0x5208",
                    maxFeePerGas="0x1", maxFeePerBlobGas=hex(blob_fee),
                    blobVersionedHashes=hashes) == (
        ADDRESS["batcher"] if fits else (-32011, "fee exceeds maximum"))


@pytest.mark.parametrize("chain,fits", (
    (10, True), (8453, True), (1, False), (2**64 + 10, False),
    (2**256 - 1, False)))
def test_chain_of_a_transaction(signerd, chain, fits):
    assert transact(signerd, "chains.example", chainId=hex(chain)) == (
        ADDRESS["batcher"] if fits else (-32011, "chain not authorized"))


def test_method(signerd):
    assert transact(signerd, "onlypayload.example") == (
        -32011, "method not authorized")
    assert payload(signerd, "onlytx.example") == (
        -32000, "Forbidden: client 'onlytx.example' is not authorized to "
        "use any keys")


def test_rules_in_their_order(signerd):
    """The first that permits; what none permits, the first one refuses."""
    client = "order.example"
    assert transact(signerd, client, value="0xa") == ADDRESS["sequencer"]
    assert transact(signerd, client, value="0xb") == ADDRESS["batcher"]
    assert transact(signerd, client, chainId="0x1") == ADDRESS["batcher"]
    assert transact(signerd, client, value="0x3e9") == (
        -32011, "value exceeds maximum")
    assert transact(signerd, client, chainId="0x5") == (
        -32011, "chain not authorized")


def test_from_chooses_the_key(signerd):
    client, sender = "order.example", {"from": ADDRESS["batcher"]}
    assert transact(signerd, client, value="0xa", **sender) == \
        ADDRESS["batcher"]
    assert transact(signerd, client, value="0xb",
                    **{"from": ADDRESS["sequencer"]}) == (
        -32011, "value exceeds maximum")
    assert transact(signerd, client, **{"from": eth.TO}) == (
        -32010, "unexpected from address")


def test_unknown_client(signerd):
    forbidden = (-32000, "Forbidden: client 'nobody.example' is not "
                 "authorized to use any keys")
    assert transact(signerd, "nobody.example") == forbidden
    assert payload(signerd, "nobody.example") == forbidden
    # Before its arguments are looked at.
    assert transact(signerd, "nobody.example", gas=None) == forbidden


def test_names_are_compared_byte_for_byte(signerd):
    for name in ("TO.example", "to.example.", "o.example", "to.exampl"):
        assert transact(signerd, name)[0] == -32000


def test_all_types(signerd):
    access = [{"address": OTHER, "storageKeys": [eth.hexa(HIGH)]}]
    auth = {"chainId": "0xa", "address": OTHER, "nonce": "0x5",
            "yParity": "0x1", "r": "0x7", "s": hex(2**255)}
    for fields in ({}, {"accessList": access}, {"type": "0x2"},
                   {"blobVersionedHashes": [eth.hexa(HIGH)],
                    "maxFeePerBlobGas": "0x0", "type": "0x3"},
                   {"authorizationList": [auth, dict(auth, nonce="0x0")],
                    "accessList": access, "type": "0x4"},
                   {"to": None, "input": "0x60"}):
        assert transact(signerd, "onlytx.example", **fields) == \
            ADDRESS["batcher"]


# ---- payloads ------------------------------------------------------------

DIALECTS = (eth.payload_v1, eth.payload_v2, eth.payload_kona)


@pytest.mark.parametrize("make", DIALECTS)
@pytest.mark.parametrize("client,domain,fits", (
    ("zeros.example", eth.ZEROS, True), ("zeros.example", MARK, False),
    ("domain.example", MARK, True), ("domain.example", eth.ZEROS, False),
    ("domains.example", MARK, True), ("domains.example", HIGH, True),
    ("domains.example", eth.ZEROS, False), ("any.example", HIGH, True),
    ("any.example", MARK, True), ("any.example", b"\x80" * 32, True)))
def test_domain(signerd, make, client, domain, fits):
    assert payload(signerd, client, make, domain=domain) == (
        ADDRESS["sequencer"] if fits else
        (-32013, "domain not authorized"))


@pytest.mark.parametrize("make", DIALECTS)
@pytest.mark.parametrize("client", ("any.example", "zeros.example"))
def test_payload_that_is_something_else(signerd, make, client):
    for _, domain, digest in eth.masquerades():
        assert payload(signerd, client, make, domain=domain, hash=digest) \
            == (-32013, "domain not authorized")


def test_first_byte_of_the_domain(signerd):
    """All 256, by a client for whom any domain is allowed."""
    domains = [bytes([n]) + b"\x80" * 31 for n in range(256)]
    answers = signerd.rpc([eth.payload_v2(n, domain=domain)
                           for n, domain in enumerate(domains)],
                          "any.example").json()
    for domain, answer in zip(domains, answers):
        if eth.domain_is_safe(domain):
            signer = eth.payload_signer(eth.unhex(answer["result"]),
                                        domain=domain)
            assert eth.hexa(signer) == ADDRESS["sequencer"]
        else:
            assert answer["error"]["code"] == -32013
            assert "result" not in answer
    assert sum("result" in answer for answer in answers) == 1 + 64 + 1


@pytest.mark.parametrize("make", DIALECTS)
@pytest.mark.parametrize("chain,fits", (
    (10, True), (11, False), (2**64 + 10, False), (2**53 + 10, False),
    (2**255 + 10, False)))
def test_chain_of_a_payload(signerd, make, chain, fits):
    assert payload(signerd, "zeros.example", make, chain=chain) == (
        ADDRESS["sequencer"] if fits else (-32013, "unexpected chainId"))


@pytest.mark.parametrize("make", DIALECTS)
def test_chain_of_256_bits(signerd, make):
    """Exact, and not by way of a double."""
    top = 2**256 - 1
    assert payload(signerd, "big.example", make, chain=top) == \
        ADDRESS["sequencer"]
    assert payload(signerd, "big.example", make, chain=top - 1) == (
        -32013, "unexpected chainId")
    code, text = payload(signerd, "big.example", make, chain=top + 1)
    if make is eth.payload_v2:
        assert code == -32602
    else:
        assert (code, text) == (-32012, "chain_id is too large")


@pytest.mark.parametrize("make", DIALECTS)
def test_sender(signerd, make):
    client = "zeros.example"
    assert payload(signerd, client, make, sender=ADDRESS["sequencer"]) == \
        ADDRESS["sequencer"]
    assert payload(signerd, client, make, sender=ADDRESS["batcher"])[0] == \
        -32000


def test_notification_is_never_signed(signerd):
    mark = signerd.mark()
    for make in DIALECTS:
        message = make(hash=b"\x99" * 32)
        del message["id"]
        answer = signerd.rpc(message, "any.example")
        assert answer.status == 200 and answer.body == b""
    payload(signerd, "any.example", hash=b"\x98" * 32)
    signerd.wait_log(mark, msg="signed", digest=eth.hexa(
        eth.payload_digest(hash=b"\x98" * 32)))
    # What was signed before may be logged after the mark.
    assert not signerd.logged(mark, msg="signed", digest=eth.hexa(
        eth.payload_digest(hash=b"\x99" * 32)))


@pytest.mark.parametrize("message", (
    '{"domain":"0x%s","domain":"0x%s","chainId":"10","payloadHash":"0x%s"}'
    % ("00" * 32, "00" * 32, "11" * 32),
    '{"chainId":"11","chainId":"10","payloadHash":"0x%s"}' % ("11" * 32),
    '{"ChainId":"10","payloadHash":"0x%s"}' % ("11" * 32),
    '{"chainId":"10","payloadHash":"0x%s","extra":1}' % ("11" * 32)))
def test_ambiguous_arguments(signerd, message):
    """Repeated, unknown or differently spelt members are not signed."""
    body = ('{"jsonrpc":"2.0","id":1,"method":"opsigner_signBlockPayloadV2",'
            '"params":[%s]}' % message).encode()
    with signerd.connect("any.example") as connection:
        assert connection.exchange(body=body).error()[0] == -32602
