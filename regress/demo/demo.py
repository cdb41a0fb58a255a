#!/usr/bin/env python3
# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A walk through signerd: certificates, keys, rules, signatures.

Makes a throw-away authority and keys, starts proxyd on free ports of this
machine and signerd, which listens nowhere and dials the proxy, asks the proxy
for signatures as a client, verifies each, and stops both.
"""

import os
import secrets
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))

from lib import daemon, eth, secp256k1  # noqa: E402

SEQUENCER, BATCHER = "sequencer.example", "batcher.example"
INBOX = "0xff00000000000000000000000000000000000010"
CHAIN = 10
SIGNER = "signer.example"
RULES = """\
allow via "edge" client "%s" key "sequencer" \\
    method block-payload chain %d
allow via "edge" client "%s" key "batcher" \\
    method transaction chain { 1 %d } to %s \\
    max-value 1 ether max-fee 0.2 ether
""" % (SEQUENCER, CHAIN, BATCHER, CHAIN, INBOX)
PROXY_RULES = """\
signer "hq" name "%s" address {
    %%s
    %%s
}
allow client "%s" method block-payload chain %d \\
    address %%s
allow client "%s" method transaction chain { 1 %d } \\
    to %s \\
    address %%s
""" % (SIGNER, SEQUENCER, CHAIN, BATCHER, CHAIN, INBOX)
BLOBS = ["0x01" + "b1" * 31, "0x01" + "b2" * 31]
AUTHORIZATION = {"chainId": "0xa", "address": "0x" + "cc" * 20,
                 "nonce": "0x5", "yParity": "0x1", "r": "0x1234",
                 "s": "0x5678"}
TYPES = {2: "EIP-1559, dynamic fee", 3: "EIP-4844, with blobs",
         4: "EIP-7702, set code"}


class Failed(Exception):
    pass


def check(truth, what):
    if not truth:
        raise Failed(what)


def title(text):
    print("\n%s" % text)


def show(name, value):
    value = str(value)
    if len(value) > 56:
        value = "%s...%s (%d characters)" % (value[:34], value[-10:],
                                             len(value))
    print("    %-18s %s" % (name, value))


# ---- keys ----------------------------------------------------------------


def make_sec1(path):
    """As `openssl ecparam` writes it."""
    subprocess.run(["openssl", "ecparam", "-name", "secp256k1", "-genkey",
                    "-noout", "-out", path], check=True,
                   stderr=subprocess.DEVNULL)
    text = subprocess.run(["openssl", "ec", "-in", path, "-noout", "-text"],
                          check=True, capture_output=True, text=True).stdout
    public = text.split("pub:")[1].split("ASN1")[0]
    raw = bytes.fromhex("".join(public.split()).replace(":", ""))
    return secp256k1.address((int.from_bytes(raw[1:33], "big"),
                              int.from_bytes(raw[33:65], "big")))


def make_hex(path):
    """64 hexadecimal digits."""
    secret = secrets.randbelow(secp256k1.N - 1) + 1
    with open(path, "w") as f:
        f.write("%064x\n" % secret)
    return secp256k1.address(secp256k1.public_key(secret))


def make_keys(site):
    old = os.umask(0o077)
    try:
        return {SEQUENCER: make_sec1(site.key("sequencer")),
                BATCHER: make_hex(site.key("batcher"))}
    finally:
        os.umask(old)


# ---- requests ------------------------------------------------------------


def payloads(proxy, address):
    digest = secrets.token_bytes(32)
    sender = eth.hexa(address)
    for method, make in (
            ("opsigner_signBlockPayload", eth.payload_v1),
            ("opsigner_signBlockPayloadV2", eth.payload_v2),
            ("opsigner_signBlockPayload, kona's dialect", eth.payload_kona)):
        title("Block payload: %s" % method)
        result = proxy.rpc(make(chain=CHAIN, hash=digest, sender=sender),
                             SEQUENCER).result()
        if make is eth.payload_kona:
            result = result["signature"]
        show("payload hash", eth.hexa(digest))
        show("signed digest", eth.hexa(eth.payload_digest(
            chain=CHAIN, hash=digest)))
        show("signature", result)
        signer = eth.payload_signer(eth.unhex(result), chain=CHAIN,
                                    hash=digest)
        verify(signer, address)


def verify(signer, address):
    check(signer == address, "signed by %s instead of %s" % (
        signer and signer.hex(), address.hex()))
    show("recovered address", eth.hexa(signer) + "  ok")


def transactions(proxy, address):
    common = {"to": INBOX, "chainId": hex(CHAIN), "value": hex(10**15),
              "gas": "0x186a0", "maxFeePerGas": hex(2 * 10**9),
              "maxPriorityFeePerGas": hex(10**8)}
    for number, (kind, extra) in enumerate((
            (2, {"input": "0x00636861696e"}),
            (3, {"blobVersionedHashes": BLOBS, "maxFeePerBlobGas": "0x1"}),
            (4, {"authorizationList": [AUTHORIZATION]}))):
        title("Transaction of type %d (%s)" % (kind, TYPES[kind]))
        message = eth.sign_transaction(nonce=hex(number), **common, **extra)
        raw = eth.unhex(proxy.rpc(message, BATCHER).result())
        signed = eth.decode_transaction(raw)
        check(signed["type"] == kind, "type %d" % signed["type"])
        check(eth.agrees(signed, message["params"][0]),
              "signed something else than was asked")
        print_transaction(raw, signed)
        verify(signed["signer"], address)


def print_transaction(raw, signed):
    show("chain, nonce", "%d, %d" % (signed["chainId"], signed["nonce"]))
    show("to", eth.hexa(signed["to"]))
    show("value", "%.3f ether" % (signed["value"] / 1e18))
    show("fee at most", "%.6f ether" % (
        signed["gas"] * signed["maxFeePerGas"] / 1e18))
    if signed["type"] == 3:
        show("blobs", len(signed["blobVersionedHashes"]))
    if signed["type"] == 4:
        show("authorizations", len(signed["authorizationList"]))
    show("signed bytes", eth.hexa(raw))
    show("hash", eth.hexa(signed["hash"]))


def refusals(proxy):
    title("What the rules do not permit")
    for what, message, client in (
            ("another chain", eth.payload_v2(chain=CHAIN + 1), SEQUENCER),
            ("a payload that would be a transaction", eth.payload_v2(
                domain=eth.masquerades()[0][1]), SEQUENCER),
            ("another address", eth.sign_transaction(
                to="0x" + "ee" * 20), BATCHER),
            ("two ether", eth.sign_transaction(
                to=INBOX, value=hex(2 * 10**18)), BATCHER),
            ("the other one's method", eth.sign_transaction(), SEQUENCER)):
        code, text = proxy.rpc(message, client).error()
        print("    %-38s %d %s" % (what, code, text))


# ---- the walk ------------------------------------------------------------


def show_statements(text):
    print("".join("    %s\n" % line for line in text.split("\n")[:-1]),
          end="")


def show_processes(name, started, where):
    title("%s is up: %s, %s" % (name, where, ", ".join(
        "%s %d" % each for each in [("parent", started.pid)] +
        sorted(started.children.items()))))


def configure(site, addresses):
    """The proxy's text, and a function of its port that gives signerd's."""
    sequencer, batcher = (eth.hexa(addresses[client])
                          for client in (SEQUENCER, BATCHER))
    rules = PROXY_RULES % (sequencer, batcher, sequencer, batcher)
    title("The proxy's signers and rules, as in proxyd.conf(5)")
    show_statements(rules)
    title("The signer's rules, as in signerd.conf(5)")
    show_statements(RULES)

    def signer(port):
        return site.config(rules=RULES, keys=("sequencer", "batcher"),
                           listen=None, proxies=[site.proxy(
                               "edge", port, signer=SIGNER)])
    return site.relay([], rules), signer


def walk(site):
    title("A throw-away authority, certificates and keys")
    addresses = make_keys(site)
    for client in (SEQUENCER, BATCHER):
        site.tls(client)
        show(client, eth.hexa(addresses[client]))
    proxy_text, signer_text = configure(site, addresses)
    with daemon.Proxyd(site, proxy_text) as proxy:
        show_processes("proxyd", proxy, "port %d for clients, %d for signers"
                       % (proxy.port, proxy.signer_port))
        with daemon.Signerd(site, signer_text(proxy.signer_port)) as signerd:
            show_processes("signerd", signerd, "it listens nowhere")
            registered = proxy.wait_log(msg="signer registered")
            title("It has dialled the proxy and registered there")
            for name in ("signer", "name", "peer", "software", "features"):
                show(name, registered[name])
            payloads(proxy, addresses[SEQUENCER])
            transactions(proxy, addresses[BATCHER])
            signerd.wait_log(msg="signed", count=6)
            refusals(proxy)
            title("What the signer's log says of one of them")
            for name, value in signerd.logged(msg="signed")[-1].items():
                show(name, value)
            title("What the proxy's log says of it")
            for name, value in proxy.logged(msg="relayed")[-1].items():
                show(name, value)
    title("Both have stopped; nothing is left running.")


def main():
    began = time.monotonic()
    for program in (daemon.SIGNERD, daemon.PROXYD):
        if not os.access(program, os.X_OK):
            print("demo: no %s: run make first" % program, file=sys.stderr)
            return 1
    site = daemon.Site(keys=())
    try:
        walk(site)
    except Exception as e:
        print("\ndemo: FAILED: %s: %s" % (type(e).__name__, e),
              file=sys.stderr)
        return 1
    finally:
        site.remove()
    print("Three payloads and three transactions signed through the proxy "
          "and verified, in %.1f s.\n" % (time.monotonic() - began))
    return 0


if __name__ == "__main__":
    sys.exit(main())
