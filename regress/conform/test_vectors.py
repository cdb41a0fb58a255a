# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The vectors of the unit tests are what regress/lib/vectors.py makes."""

import os
import subprocess
import sys

import pytest

REGRESS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@pytest.mark.parametrize("name", ["sign", "tx"])
def test_vectors(name):
    made = subprocess.run([sys.executable, "-m", "lib.vectors", name],
                          cwd=REGRESS, capture_output=True, check=True).stdout
    with open(os.path.join(REGRESS, "unit", name + "_vectors.h"), "rb") as f:
        assert f.read() == made
