# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Where the control socket is to be, in signerd.conf(5)."""

import pytest

from lib.conf import write
from test_config import INCLUDE, RULE, prints


@pytest.mark.parametrize("said", ("", 'control "/run/a b.sock"',
                                  "control off"))
def test_control(said, tmp_path):
    """It is printed where it was given: the default is root's alone."""
    path = write(tmp_path / "a.conf", INCLUDE + RULE + said + "\n")
    lines = [line for line in prints(path).splitlines()
             if line.startswith("control")]
    assert lines == ([said] if said else [])
    again = write(tmp_path / "b.conf", prints(path))
    assert prints(again) == prints(path)


def test_control_by_a_macro(tmp_path):
    path = write(tmp_path / "a.conf",
                 INCLUDE + RULE + 'run = "/run/x.sock"\ncontrol $run\n')
    assert 'control "/run/x.sock"\n' in prints(path)
