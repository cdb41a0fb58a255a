# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Daemons with an audit trail."""

import os

from lib import daemon, eth, trail

RULES = """
allow client "sequencer.example" key "sequencer" chain 10
allow client "batcher.example" key "batcher" method transaction max-value 5 wei
"""
KEYS = ("sequencer", "batcher")


def place(factory):
    """Where an audit file may be, for a test alone."""
    directory = factory.mktemp("audit")
    for each in (directory, directory.parent):
        os.chmod(each, 0o755)
    return str(directory / "audit.log")


def config(site, path, extra="", **named):
    named.setdefault("keys", KEYS)
    named.setdefault("rules", RULES)
    return site.config(extra='audit file "%s"\n%s' % (path, extra), **named)


def start(site, path, *arguments, **named):
    return daemon.Signerd(site, config(site, path, *arguments, **named))


def unique(n):
    return eth.payload_v2(hash=(2**200 + n).to_bytes(32, "big"))


def digest(n):
    return eth.hexa(eth.payload_digest(
        hash=(2**200 + n).to_bytes(32, "big")))


def is_signed(answer):
    return answer.status == 200 and "result" in answer.json()


def run(site, path, *arguments, extra=""):
    return daemon.run("-d", *arguments, "-f", site.write(
        config(site, path, extra)))


def told(path, lines, *arguments, end="\n"):
    """What signerctl says of a file of these lines."""
    with open(path, "w") as f:
        f.write("\n".join(lines) + end)
    return trail.verify(path, *arguments)


def events(found, *names):
    return [each for each in found if each["event"] in names]


def signed_digests(*paths):
    return [each["digest"] for each in
            events(trail.records(*paths), "signed")]
