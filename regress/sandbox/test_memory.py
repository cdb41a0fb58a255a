# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The private keys are in keyd's secret memory and nowhere else."""

import subprocess
import sys

import pytest

from lib import daemon, eth, secp256k1
from lib.daemon import ROOT, SANITIZE
from lib.keyscan import forms, scan, secret_of
from lib.proxies import FakeProxy
from lib.reloading import errors, reload

RULES = ('allow client "sequencer.example" key "sequencer" chain 10\n'
         'allow client "batcher.example" key "batcher" method transaction\n'
         'allow via "edge" client "sequencer.example" key "sequencer" '
         'chain 10\n'
         'allow via "edge" client "batcher.example" key "batcher" '
         'method transaction')
KEYS = ("sequencer", "batcher")
ADDRESSES = ("37b74bb9bb365760657ab18581ae67613e9eaafc",
             "05b4b087e84cc1ab1e96aeb84a56bfffedfb005a")
PROCESSES = ("parent", "frontend", "keyd", "dialer", "link")


def may_look():
    if not ROOT:
        pytest.skip("a user may not read an undumpable process's memory")
    if SANITIZE:
        pytest.skip("the sanitizers' shadow is too large to read")


@pytest.fixture(scope="module")
def signerd(site):
    """One that has signed a thousand payloads and a hundred transactions,
    directly and as many on a link."""
    may_look()
    payloads = [eth.payload_v2(n, hash=(n + 1).to_bytes(32, "big"))
                for n in range(1000)]
    transactions = [eth.sign_transaction(n, nonce=hex(n))
                    for n in range(100)]
    with FakeProxy(site) as proxy:
        text = site.config(rules=RULES, keys=KEYS,
                           proxies=[site.proxy("edge", proxy.port)])
        with daemon.Signerd(site, text) as made:
            link = proxy.wait_link()
            for batch, client in ((payloads, "sequencer.example"),
                                  (transactions, "batcher.example")):
                relayed = [link.relayed(each, client) for each in batch]
                for answers in (made.rpc(batch, client).json(),
                                link.call_batch(relayed)):
                    assert len(answers) == len(batch)
                    assert all("result" in each for each in answers)
            yield made


def pid_of(signerd, name):
    return signerd.pid if name == "parent" else signerd.children[name]


@pytest.mark.parametrize("key,address", zip(KEYS, ADDRESSES))
def test_the_key_that_is_looked_for(site, key, address):
    """It is the one that signs."""
    secret, _ = secret_of(site.key(key))
    public = secp256k1.public_key(int.from_bytes(secret, "big"))
    assert secp256k1.address(public).hex() == address


@pytest.mark.parametrize("name", PROCESSES)
@pytest.mark.parametrize("key", KEYS)
def test_key_is_not_in_memory(signerd, site, name, key):
    found, _ = scan(pid_of(signerd, name), forms(*secret_of(site.key(key))))
    if name == "keyd":
        found = [(form, m) for form, m in found if m.dumped]
    assert not found


@pytest.mark.parametrize("name", PROCESSES)
def test_tls_key_of_the_links_is_in_the_link_process(signerd, site, name):
    secret, _ = secret_of(site.authority.client("signer.example")[1])
    found, _ = scan(pid_of(signerd, name), forms(secret))
    assert bool(found) == (name == "link")


def test_keyd_has_memory_of_that_kind(signerd, site):
    """It cannot be read from outside, or it is kept out of dumps."""
    wanted = forms(secret_of(site.key("sequencer"))[0])
    found, closed = scan(signerd.children["keyd"], wanted)
    secret = [m for m in closed if "secretmem" in m.name]
    assert secret or any(form.startswith("raw") and not m.dumped and
                         "lo" in m.flags for form, m in found)
    for mapping in secret:
        assert "x" not in mapping.mode
        assert "dc" in mapping.flags or "dd" in mapping.flags


def test_a_key_that_was_removed_is_nowhere(site):
    """Not in keyd's memory of any kind that can be read, either; nor is one
    of a configuration that was not taken up."""
    may_look()
    rule = 'allow client "sequencer.example" key "sequencer" chain 10\n'
    second = 'allow client "batcher.example" key "batcher" ' \
        'method transaction\n'
    with daemon.Signerd(site, site.config(rules=rule + second,
                                          keys=KEYS)) as made:
        answer = made.rpc(eth.sign_transaction(), "batcher.example").json()
        assert "result" in answer
        reload(made, site.config(rules=rule))
        bad = site.config(rules=rule, extra=(
            'key "batcher" file "%s"\nkey "none" file "%s"' % (
                site.key("batcher"), site.authority.server()[1])))
        assert errors(made, bad)
        assert "result" in made.rpc(eth.payload_v2()).json()
        for pid in [made.pid, *made.children.values()]:
            found, _ = scan(pid, forms(*secret_of(site.key("batcher"))))
            assert not found


# ---- the scan itself -----------------------------------------------------


@pytest.mark.parametrize("name", [n for n in PROCESSES if n != "dialer"])
def test_scan_finds_what_is_there(signerd, name):
    """The clients' names are in all that see requests or rules: it can
    fail."""
    with signerd.connect("sequencer.example") as one, \
            signerd.connect("batcher.example") as other:
        for each in (one, other):       # a frontend forgets who has gone
            each.rpc(eth.call("health_status", [])).result()
        found, _ = scan(pid_of(signerd, name), {
            "name": b"sequencer.example", "other": b"batcher.example"})
    assert {form for form, _ in found} == {"name", "other"}
    assert any(m.dumped for _, m in found)


HOLDER = """
import base64, sys
raw = bytes.fromhex(sys.stdin.readline())
limbs = [raw[i:i + 8][::-1] for i in range(0, 32, 8)]
kept = [raw, raw[::-1], b"".join(limbs), raw.hex().upper().encode(),
    base64.b64encode(b"x" + raw), base64.b64encode(b"xy" + raw)]
print("held", flush=True)
sys.stdin.readline()
"""


def test_scan_finds_a_planted_key(site):
    """In every form in which it is kept, in a process of our own."""
    raw = bytes((7 * n + 131) & 0xff for n in range(32))
    with subprocess.Popen([sys.executable, "-c", HOLDER], text=True,
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as holder:
        holder.stdin.write(raw.hex() + "\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "held\n"
        found, _ = scan(holder.pid, forms(raw))
        holder.stdin.write("\n")
    names = {form.rpartition(" (")[0] for form, _ in found}
    assert names >= {"raw", "reversed", "64-bit words, most first",
                     "64-bit words, least first", "hex", "HEX",
                     "base64, shifted by 1", "base64, shifted by 2"}
