# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Processes that poll before they sleep."""

import pytest

from lib import daemon
from lib.reloading import Load, reload

RULE = 'allow client "sequencer.example" key "sequencer" chain 10\n'


@pytest.fixture(scope="module")
def site():
    made = daemon.Site()
    yield made
    made.remove()


def config(site, extra):
    return site.config(rules=RULE, extra=extra,
                       log="{ level info rate 100 }")


def test_switched_by_a_reload_under_load(site):
    """On and off; the loop of each process goes on."""
    with daemon.Signerd(site, config(site, "")) as signerd:
        with Load(signerd, connections=2) as load:
            for us in (200, 0, 1, 1000, 0):
                reload(signerd, config(site, "spin %d us" % us))
                load.settle()

