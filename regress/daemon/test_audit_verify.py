# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What signerctl finds in an audit trail that was changed afterwards."""

import subprocess

import pytest

from lib import audited, daemon, trail
from lib.audited import start, told, unique
from lib.keccak import keccak256


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


def test_no_records(recorded, path):
    """Nothing that was written is no good trail, with a head and without."""
    lines, head = recorded
    nothing = "signerctl: no records: nothing was verified\n"
    missing = "signerctl: no record has the hash %s: the trail was cut off " \
        "before it, or written anew\n" % head
    told(path, [], end="")
    assert trail.verify(path) == (
        trail.BAD, "%s: no records\n" % path, nothing)
    assert trail.verify("--head", head, path) == (
        trail.BAD, "%s: no records\n" % path, missing + nothing)
    assert trail.verify("-", stdin="") == (
        trail.BAD, "standard input: no records\n", nothing)
    status, _, err = trail.verify("-", stdin="x")
    assert status == trail.BAD and err.endswith(nothing)
    # Beside another file it is one of which nothing can be said.
    status, out, err = trail.verify(path, "-", path, stdin="".join(
        line + "\n" for line in lines))
    assert (status, err) == (trail.GOOD, "")
    assert out.count("%s: no records\n" % path) == 2


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


# ---- where a chain begins and goes on ---------------------------------------


def refused(path, line, why):
    status, _, err = trail.verify(path)
    assert status == trail.BAD
    assert "%s:%d: %s" % (path, line, why) in err, err


def with_field(line, field):
    """The last one before the hash."""
    body, _, rest = line.rpartition(" hash=0x")
    return "%s %s hash=0x%s" % (body, field, rest)


ANOTHER = "prev=0x" + "11" * 32


def test_the_first_record(recorded, path):
    """That it is the first of all is said twice."""
    first = recorded[0][0]
    zeros = "prev=0x" + "00" * 32
    assert " %s " % zeros in first
    both = "it has the number of a first record, or the hash of one, and " \
        "not both"
    trail.write(path, [first.replace("seq=1 ", "seq=2 ")])
    refused(path, 1, both)
    trail.write(path, [first.replace(zeros, ANOTHER)], bytes([0x11] * 32))
    refused(path, 1, both)
    trail.write(path, [first.replace("seq=1 ", "seq=2 ").replace(
        zeros, ANOTHER)], bytes([0x11] * 32))
    assert trail.verify(path)[0] == trail.GOOD


def test_another_record_before_it(recorded, path):
    lines = recorded[0]
    trail.write(path, lines[:4] + [with_field(lines[4], ANOTHER)])
    refused(path, 5, "it names another record before it than there is")
    before = "prev=" + trail.fields(lines[3])["hash"]
    trail.write(path, lines[:4] + [with_field(lines[4], before)])
    assert trail.verify(path)[0] == trail.GOOD


def test_a_trail_within(recorded, path):
    lines = recorded[0]
    status, _, err = told(path, lines + lines)
    assert status == trail.BAD and ":11: a trail begins anew here" in err


# ---- what crashes leave -----------------------------------------------------


def torn_start(line, text, sequence):
    """A record of a start that found that text, made of the first one."""
    return with_field(
        line.replace("seq=1 ", "seq=%d " % sequence),
        "torn=%d tornhash=0x%s" % (len(text), keccak256(
            text.encode("ascii")).hex()))


def torn(path, lines, text, start):
    """The chain goes on with that start behind a text that is none of it."""
    trail.write(path, lines + [start])
    with open(path) as f:
        whole = f.read().splitlines()
    with open(path, "w") as f:
        f.write("\n".join(whole[:-1]) + "\n" + text + whole[-1] + "\n")


def started(line, lines):
    """After these: the zeros that it follows are another hash."""
    return line.replace("prev=0x" + "00" * 32,
                        "prev=" + trail.fields(lines[-1])["hash"])


def test_what_a_start_has_found(recorded, path):
    lines, text = recorded[0], "seq=11 ti\n"
    first = started(lines[0], lines)
    torn(path, lines, text, torn_start(first, text, 11))
    status, out, err = trail.verify(path)
    assert (status, err) == (trail.GOOD, "")
    assert "%s:11: 10 bytes of a record that was not written to its end; " \
        "the start of the daemon after it says so" % path in out
    assert "11 records, 1 to 11" in out
    # It is a record like any other: it has to follow.
    torn(path, lines, text, torn_start(first, text, 12))
    refused(path, 12, "sequence 12 where 11 was to follow")
    torn(path, lines, text, torn_start(lines[0], text, 11))
    refused(path, 12, "it names another record before it than there is")
    # And to say what there is.
    torn(path, lines, text, torn_start(first, "seq=11 tj\n", 11))
    refused(path, 11, "no record")
    torn(path, lines, text, torn_start(first, text + "x", 11))
    refused(path, 11, "no record")
    torn(path, lines, "", torn_start(first, text, 11))
    refused(path, 11, "it speaks of torn bytes that are not there")


def test_more_than_a_crash_leaves(recorded, path):
    """Lines that are none, without an end in sight."""
    lines = recorded[0]
    trail.write(path, lines)
    whole = "\n".join(lines)
    for many in (200, 3000):
        with open(path, "w") as f:
            f.write(whole + "\n" + 100 * "x" + ("\n" + 100 * "x") * many +
                    "\n" + lines[0] + "\n")
        refused(path, 11, "no record")


# ---- files, and words -------------------------------------------------------


def test_several_files(recorded, path):
    lines, head = recorded
    second, third = path + ".1", path + ".2"
    trail.write(path, lines[:3])
    with open(second, "w"):
        pass
    with open(third, "w") as f:
        f.write("\n".join(lines[3:]) + "\n")
    status, out, err = trail.verify(path, second, third, "--head=" + head)
    assert (status, err) == (trail.GOOD, "")
    assert out.splitlines()[:3] == [
        path + ": 3 records, 1 to 3", second + ": no records",
        third + ": 7 records, 4 to 10"]
    # Nothing follows from a record without its end.
    with open(path, "w") as f:
        f.write("\n".join(lines[:3]))
    status, _, err = trail.verify(path, third)
    assert status == trail.BAD
    assert "%s does not follow from a file without its end" % third in err


def test_what_is_no_file(path):
    status, _, err = trail.verify("/")
    assert status == trail.ERROR and "/: Is a directory" in err


def test_too_many_heads(recorded, path):
    lines, head = recorded
    heads = ["--head=" + head] * 64
    assert told(path, lines, *heads)[0] == trail.GOOD
    status, _, err = told(path, lines, *heads, "--head", head)
    assert status == trail.ERROR and "over 64 hashes" in err


@pytest.mark.parametrize("arguments", (
    ("audit",), ("audit", "nonesuch"), ("audit", "verify", "--head")))
def test_usage(arguments):
    done = subprocess.run([trail.SIGNERCTL, *arguments], capture_output=True,
                          text=True, timeout=daemon.PATIENCE)
    assert done.returncode == trail.ERROR
    assert done.stderr.startswith("usage: signerctl audit verify")


def test_standard_input_and_words(recorded, path):
    lines, head = recorded
    text = "\n".join(lines) + "\n"
    assert trail.verify("-", stdin=text)[0] == trail.GOOD
    assert trail.verify()[0] == trail.ERROR
    assert trail.verify("--head", head)[0] == trail.ERROR
    assert trail.verify("--head", "0x12", "-", stdin=text)[0] == trail.ERROR
    assert trail.verify("--nonesuch", "-", stdin=text)[0] == trail.ERROR
    assert trail.verify(path + ".nonesuch")[0] == trail.ERROR
