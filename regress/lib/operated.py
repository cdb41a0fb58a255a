# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A proxyd, and a signerd that dials it and listens, too, as operators have
them; for the tests of signerctl."""

import collections
import contextlib
import time

from lib import daemon, relays
from lib.control import Control
from lib.linked import ADDRESS

CLIENT, OTHER = relays.CLIENT, relays.OTHER
TO = "0x" + "22" * 20
ZEROS = "0x" + "00" * 32
DIRECT = """
allow client "%s" key "sequencer" method block-payload chain 10
allow client "%s" key "batcher" method transaction chain 10 to { %s } \\
    max-value 1 ether max-fee 0.2 ether
allow via "edge" client "%s" key "sequencer" chain 10
allow via "edge" key "batcher" method transaction chain 10
""" % (CLIENT, OTHER, TO, CLIENT)
PROXIED = """
allow client "%s" method block-payload chain 10
allow client "%s" method transaction chain 10 to { %s }
""" % (CLIENT, OTHER, TO)
PAYLOAD = ("method", "block-payload")
TX = ("method", "transaction")
DAEMONS = ("signerd", "proxyd")
METRICS = "metrics on 127.0.0.1 port 0"

Both = collections.namedtuple("Both", (
    "signerd", "proxyd", "ctl", "texts"))


@contextlib.contextmanager
def running(site):
    """Both."""
    ctl = {name: Control(site, name + ".sock") for name in DAEMONS}
    texts = {"proxyd": site.relay(
        [site.signer("hq", [ADDRESS["sequencer"], ADDRESS["batcher"]])],
        PROXIED, extra="\n".join((ctl["proxyd"].statement, METRICS)))}
    with daemon.Proxyd(site, texts["proxyd"]) as proxyd:
        texts["signerd"] = site.config(
            rules=DIRECT, keys=("sequencer", "batcher"),
            extra="\n".join((ctl["signerd"].statement, METRICS)),
            proxies=[site.proxy("edge", proxyd.signer_port)])
        with daemon.Signerd(site, texts["signerd"]) as signerd:
            signerd.wait_log(msg="link up")
            proxyd.wait_log(msg="signer registered")
            yield Both(signerd, proxyd, ctl, texts)


def wait_for(what, patience=daemon.PATIENCE):
    """What it says, once that is something; each time it asks a daemon."""
    until = time.monotonic() + patience
    while True:
        found = what()
        if found or time.monotonic() > until:
            return found
