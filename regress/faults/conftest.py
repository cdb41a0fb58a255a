# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Fixtures of the tests of faults."""

import pytest

from lib import faulty


@pytest.fixture(scope="module")
def place():
    made = faulty.Place()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def rig(site, place):
    made = faulty.Rig(site, place)
    yield made
    try:
        assert made.stop() == [0, 0]
    finally:
        made.kill()
