# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What signerctl finds in an audit trail that was changed afterwards."""

import pytest

from lib import audited, daemon, trail
from lib.audited import start, told, unique


@pytest.fixture(scope="module")
def site():
    """One of its own: its files change."""
    made = daemon.Site()
    yield made
    made.remove()


@pytest.fixture
def path(tmp_path_factory):
    return audited.place(tmp_path_factory)


@pytest.fixture(scope="module")
def recorded(site, tmp_path_factory):
    """Lines of a trail, and the last hash that the log has."""
    kept = audited.place(tmp_path_factory)
    with start(site, kept) as signerd:
        for n in range(8):
            signerd.rpc(unique(n)).result()
    with open(kept) as f:
        return f.read().splitlines(), signerd.logged(
            msg="audit head")[-1]["hash"]


def test_nothing_was_changed(recorded, path):
    lines, head = recorded
    status, out, err = told(path, lines, "--head", head)
    assert (status, err) == (trail.GOOD, "")
    assert out == "%s: 10 records, 1 to 10\nhead sequence=10 hash=%s " \
        "time=%s\n" % (path, head, trail.fields(lines[-1])["time"])


def test_each_byte(recorded, path):
    """Of a record, each byte is another in turn."""
    lines = recorded[0]
    for at in range(0, len(lines[4]), 3 if not daemon.SANITIZE else 40):
        was = lines[4][at]
        changed = lines[4][:at] + ("1" if was == "0" else "0") + \
            lines[4][at + 1:]
        status, _, err = told(path, lines[:4] + [changed] + lines[5:])
        assert status == trail.BAD, (at, changed)
        assert "%s:5: " % path in err, (at, err)


def test_a_record_less(recorded, path):
    lines, head = recorded
    for gone in range(1, len(lines) - 1):
        status, _, err = told(path, lines[:gone] + lines[gone + 1:])
        assert status == trail.BAD
        assert "%s:%d: sequence %d where %d was to follow: records are " \
            "missing" % (path, gone + 1, gone + 2, gone + 1) in err
    status, _, err = told(path, lines[1:])
    assert status == trail.BAD and ":1: the records before it" in err


def test_records_in_another_order(recorded, path):
    lines = recorded[0]
    for changed, line in ((lines[:3] + [lines[4], lines[3]] + lines[5:], 4),
                          (lines[:5] + [lines[4]] + lines[5:], 6)):
        status, _, err = told(path, changed)
        assert status == trail.BAD and ":%d: sequence" % line in err


def test_cut_tail(recorded, path):
    """By itself it is a good trail; the log knows of more."""
    lines, head = recorded
    assert told(path, lines[:-1])[0] == trail.GOOD
    status, _, err = told(path, lines[:-1], "--head", head)
    assert status == trail.BAD and head in err
    assert told(path, lines, end="")[0] == trail.CUT
    assert told(path, lines[:-1] + [lines[-1][:9]], end="")[0] == trail.CUT
    assert told(path, lines, "--head", head, end="")[0] == trail.BAD


def test_rewritten_tail(recorded, path):
    """With the right hashes: nothing but the log tells."""
    lines, head = recorded
    lines = lines[:6] + [lines[6].replace("client=sequencer.example",
                                          "client=innocent.example")] + \
        lines[7:]
    trail.write(path, lines)
    assert trail.verify(path)[0] == trail.GOOD
    status, _, err = trail.verify("--head", head, path)
    assert status == trail.BAD and "written anew" in err


@pytest.mark.parametrize("bad,why", (
    ("seq=5", "time"), ("", "sequence"), ("\0" * 50, "sequence"),
    ("x" * 5000, "longer"), ("seq=05 time=x", "sequence")))
def test_lines_that_are_none(recorded, path, bad, why):
    lines = recorded[0]
    status, _, err = told(path, lines[:4] + [bad] + lines[4:])
    assert status == trail.BAD and why in err and ":5: " in err


@pytest.mark.parametrize("change", (
    lambda line: line.replace("client=sequencer.example",
                              'client="sequencer.example"'),
    lambda line: line.replace("rule=1", "rule=1 "),
    lambda line: line.replace("client=sequencer.example",
                              'client="sequencer.exampl\\u0065"')))
def test_one_form_alone(recorded, path, change):
    """Even with a hash that fits."""
    lines = recorded[0]
    trail.write(path, lines[:4] + [change(lines[4])] + lines[5:])
    status, _, err = trail.verify(path)
    assert status == trail.BAD and ":5: a field that is not" in err


def test_standard_input_and_words(recorded, path):
    lines, head = recorded
    text = "\n".join(lines) + "\n"
    assert trail.verify("-", stdin=text)[0] == trail.GOOD
    assert trail.verify()[0] == trail.ERROR
    assert trail.verify("--head", head)[0] == trail.ERROR
    assert trail.verify("--head", "0x12", "-", stdin=text)[0] == trail.ERROR
    assert trail.verify("--nonesuch", "-", stdin=text)[0] == trail.ERROR
    assert trail.verify(path + ".nonesuch")[0] == trail.ERROR
