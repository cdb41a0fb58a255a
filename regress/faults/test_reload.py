# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Allocations of the relay fail while it is told of a configuration, each in
turn: it is taken up, or the log says why it was not; either way the daemon
serves by what is in force, and takes up the next one."""

import errno
import signal

import pytest

from lib import daemon, eth, relays
from lib.faultplan import WHOLE, some

# Not malloc(3), which is OpenSSL's nearly alone: a certificate that it could
# not look at for want of memory stays one that it does not trust.
CALLS = {"calloc": 2000 if WHOLE else 20, "realloc": 2000 if WHOLE else 10}
# So many that their part of the allocations is not small.
RULES = "\n".join('allow client "%s" chain 10' % name for name in (
    relays.CLIENT, *("c%d.example" % n for n in range(400))))
HEALTH = eth.call("health_status", [])

pytestmark = pytest.mark.patience(15 if WHOLE else 1)


def reload(proxyd):
    """The record of its end."""
    mark, n = proxyd.mark(), 0
    proxyd.process.send_signal(signal.SIGHUP)
    while True:
        n += 1
        record = proxyd.wait_log(mark, count=n)
        if record.get("msg") in ("reloaded", "reload failed"):
            return record


def test_memory(site, place):
    kind = {"program": place.program("proxyd"), "libexec": place.directory}
    made = type("Proxyd", (daemon.Proxyd,), kind)
    outcomes = []
    with made(site, relays.config(
            site, ("hq", "dr"), rules=RULES,
            extra="metrics on 127.0.0.1 port 0")) as proxyd:
        # The first keeps memory for good that the others find.
        reload(proxyd)
        calls = place["relay"].calls()
        before = {name: calls[name].count for name in CALLS}
        assert reload(proxyd)["msg"] == "reloaded"
        counts = {name: calls[name].count - before[name] for name in CALLS}
        for name, most in CALLS.items():
            for n in some(name, counts[name], most):
                calls[name].arm(errno.ENOMEM, n)
                record = reload(proxyd)
                calls[name].disarm()
                outcomes.append(record["msg"])
                assert proxyd.rpc(HEALTH).result(), (name, n)
                if record["msg"] == "reload failed":
                    assert record["error"], (name, n)
                    assert reload(proxyd)["msg"] == "reloaded", (name, n)
    assert "reload failed" in outcomes
