# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Each configuration of etc/examples is started as it is, and signs."""

import collections
import contextlib
import os
import re
import shutil

import pytest

from lib import daemon, eth, ethkey

EXAMPLES = os.path.join(os.path.dirname(daemon.HERE), "etc", "examples")
INBOX = "0xff00000000000000000000000000000000000010"
FACTORY = "0x" + "11" * 20
KEYS = {name: ethkey.Key.derived("example " + name)
        for name in ("sequencer", "batcher", "proposer", "op", "base")}

# A proxy: its file, macros beside the usual ones, and what it is called in
# signerd.conf's macros for its url.
Proxy = collections.namedtuple("Proxy", ("file", "edge", "macros"))
# At a proxy, by its place in the list: who asks what, and whose signature
# comes back; None: none.
Ask = collections.namedtuple("Ask", ("proxy", "client", "message", "key"))


def payload(key, chain=10):
    return eth.payload_v2(chain=chain, sender=eth.hexa(KEYS[key].address))


def transaction(key, to, **more):
    fields = dict({"chainId": "0x1", "value": "0x0"}, **more)
    return eth.sign_transaction(**{"from": eth.hexa(KEYS[key].address),
                                   "to": to}, **fields)


SEQUENCER = payload("sequencer")
NAMELESS = eth.payload_v1()
KONA = eth.payload_kona()
BATCH = transaction("batcher", INBOX)
PROPOSAL = transaction("proposer", FACTORY)

# Name, proxies, names of the signers' certificates, requests.
CASES = {
    "one-sequencer": (
        [Proxy("proxyd.conf", "edge", {})], ["signer.example"], [
            Ask(0, "sequencer.example", SEQUENCER, "sequencer"),
            Ask(0, "sequencer.example", NAMELESS, "sequencer"),
            Ask(0, "sequencer.example", KONA, "sequencer"),
            Ask(0, "sequencer.example", payload("sequencer", 11), None),
            Ask(0, "sequencer-1.example", SEQUENCER, None)]),
    "proxy-per-node": (
        [Proxy("proxyd.conf", "edge%d" % n,
               {"node": "sequencer-%d.example" % n}) for n in (1, 2, 3)],
        ["signer.example"],
        [Ask(n - 1, "sequencer-%d.example" % n, SEQUENCER, "sequencer")
         for n in (1, 2, 3)] + [
            Ask(0, "sequencer-2.example", SEQUENCER, None)]),
    "proxy-per-service": (
        [Proxy("sequencer.conf", "edge1", {}),
         Proxy("sequencer.conf", "edge2", {"node": "sequencer-2.example"}),
         Proxy("batcher.conf", "edge3", {}),
         Proxy("proposer.conf", "edge4", {})], ["signer.example"], [
            Ask(0, "sequencer-1.example", SEQUENCER, "sequencer"),
            Ask(1, "sequencer-2.example", SEQUENCER, "sequencer"),
            Ask(2, "batcher.example", BATCH, "batcher"),
            Ask(3, "proposer.example", PROPOSAL, "proposer"),
            Ask(2, "proposer.example", PROPOSAL, None),
            Ask(2, "batcher.example", transaction("batcher", FACTORY),
                None)]),
    "proxy-per-client-type": (
        [Proxy("sequencers.conf", "edge1", {}),
         Proxy("transactions.conf", "edge2", {})], ["signer.example"], [
            Ask(0, "sequencer-1.example", SEQUENCER, "sequencer"),
            Ask(0, "sequencer-2.example", NAMELESS, "sequencer"),
            Ask(1, "batcher.example", BATCH, "batcher"),
            Ask(1, "proposer.example", PROPOSAL, "proposer"),
            Ask(1, "sequencer-1.example", SEQUENCER, None)]),
    "all-clients": (
        [Proxy("proxyd.conf", "edge", {})], ["signer.example"], [
            Ask(0, "sequencer.example", SEQUENCER, "sequencer"),
            Ask(0, "batcher.example", BATCH, "batcher"),
            Ask(0, "proposer.example", PROPOSAL, "proposer"),
            Ask(0, "batcher.example", PROPOSAL, None),
            Ask(0, "batcher.example", SEQUENCER, None)]),
    "proxy-per-key": (
        [Proxy("sequencer.conf", "edge1", {}),
         Proxy("batcher.conf", "edge2", {})], ["signer.example"], [
            Ask(0, "sequencer.example", SEQUENCER, "sequencer"),
            Ask(1, "batcher.example", BATCH, "batcher"),
            Ask(0, "batcher.example", BATCH, None)]),
    "many-keys": (
        [Proxy("proxyd.conf", "edge", {})], ["signer.example"], [
            Ask(0, "sequencer.example", payload("op"), "op"),
            Ask(0, "sequencer.example", payload("base", 8453), "base"),
            Ask(0, "sequencer.example", eth.payload_v2(chain=8453), "base"),
            Ask(0, "sequencer.example", eth.payload_v2(chain=10), "op"),
            Ask(0, "batcher.example", BATCH, "batcher"),
            Ask(0, "sequencer.example", payload("op", 8453), None)]),
    "standby": (
        [Proxy("proxyd.conf", "edge", {})],
        ["signer.example", "signer2.example"], [
            Ask(0, "sequencer.example", SEQUENCER, "sequencer"),
            Ask(0, "sequencer.example", KONA, "sequencer")]),
}


def test_all_have_a_case():
    assert sorted(CASES) == sorted(os.listdir(EXAMPLES))


@pytest.mark.parametrize("document, form", [
    ("README.md", r"^\| \[([\w-]+)\]\(etc/examples/\1\) \|"),
    ("man/proxyd.conf.5", r"^\.It Pa ([\w-]+)$")])
def test_all_are_listed(document, form):
    with open(os.path.join(os.path.dirname(daemon.HERE), document),
              encoding="utf-8") as f:
        assert sorted(re.findall(form, f.read(), re.M)) == sorted(CASES)


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_file_is_used(name):
    used = {each.file for each in CASES[name][0]} | {"signerd.conf"}
    assert used == set(os.listdir(os.path.join(EXAMPLES, name)))


def place(site, label, pair):
    """A directory as the examples' macro dir is meant."""
    directory = site.path(label)
    if not os.path.isdir(directory):
        os.makedirs(os.path.join(directory, "tls"))
        os.makedirs(os.path.join(directory, "keys"))
        shutil.copy(site.authority.ca,
                    os.path.join(directory, "tls", "ca.crt"))
        for source, target in zip(pair, ("tls.crt", "tls.key")):
            shutil.copy(source, os.path.join(directory, "tls", target))
        for key in KEYS:
            path = os.path.join(directory, "keys", key + ".pem")
            with open(path, "w") as f:
                f.write(KEYS[key].pem())
            os.chmod(path, 0o600)
    return directory


def defines(macros):
    return [word for name, value in macros.items()
            for word in ("-D", "%s=%s" % (name, value))]


def included(site, name, file):
    """The example, and what a test needs beside it."""
    lines = ['include "%s"' % os.path.join(EXAMPLES, name, file)]
    if daemon.ROOT:
        lines += ['user "%s"' % daemon.USER, 'chroot "%s"' % site.root]
    return "\n".join(lines + [""])


def addresses(file):
    """Macros for those keys that the file names by an address."""
    with open(file) as f:
        text = f.read()
    return {key: eth.hexa(KEYS[key].address) for key in KEYS
            if "\n%s = " % key in text}


@contextlib.contextmanager
def running(site, name):
    """The proxies and signers of an example."""
    proxies, signers, _ = CASES[name]
    with contextlib.ExitStack() as stack:
        started, urls = [], {}
        for proxy in proxies:
            macros = {"dir": place(site, "at-proxy", site.authority.proxy()),
                      "host": "127.0.0.1", "clients": "0", "signers": "0"}
            macros.update(addresses(os.path.join(EXAMPLES, name,
                                                 proxy.file)))
            macros.update(proxy.macros)
            each = stack.enter_context(daemon.Proxyd(
                site, included(site, name, proxy.file), defines(macros)))
            started.append(each)
            urls[proxy.edge] = "wss://127.0.0.1:%d/ws" % each.signer_port
        for signer in signers:
            macros = dict(urls, dir=place(
                site, "at-" + signer, site.authority.client(signer)))
            stack.enter_context(daemon.Signerd(
                site, included(site, name, "signerd.conf"),
                defines(macros)))
        for each in started:
            each.wait_log(msg="signer registered", count=len(signers))
        yield started


@pytest.mark.parametrize("name", sorted(CASES))
def test_example(site, name):
    with running(site, name) as proxies:
        for ask in CASES[name][2]:
            answer = proxies[ask.proxy].rpc(ask.message, ask.client)
            if ask.key is None:
                code, text = answer.error()
                assert code in (-32000, -32010, -32011, -32013), text
                continue
            assert (ethkey.verify(ask.message, answer.result()) ==
                    KEYS[ask.key].address), ask
