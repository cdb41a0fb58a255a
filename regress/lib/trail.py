# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The audit trail, read independently of the daemon and of signerctl."""

import os
import re
import subprocess

from lib import daemon
from lib.keccak import keccak256

SIGNERCTL = os.path.join(daemon.BUILD, "signerctl")
ZEROS = bytes(32)
GOOD, BAD, ERROR, CUT = range(4)
FIELD = re.compile(r'([a-z]+)=("(?:[ !#-\[\]-~]|\\["\\]|\\u00[0-9a-f]{2})*"|'
                   r'[!#-<>-\[\]-~]+)(?: (?=.)|$)')


def fields(line):
    """Of a record, in order; the line is without its newline."""
    found, at = {}, 0
    while at < len(line):
        match = FIELD.match(line, at)
        assert match is not None, line[at:]
        assert match.group(1) not in found, line
        found[match.group(1)] = daemon.unescape(match.group(2))
        at = match.end()
    return found


def chained(before, line):
    """Hash that the line has to have after one of that hash."""
    body, _, _ = line.rpartition(" hash=0x")
    return keccak256(before + body.encode("ascii"))


def records(*paths):
    """Of files in their order, the chain between all of them checked."""
    found, before = [], None
    for path in paths:
        with open(path, encoding="ascii", newline="") as f:
            text = f.read()
        assert not text or text.endswith("\n")
        for line in text.split("\n")[:-1]:
            record = fields(line)
            assert list(record)[:3] == ["seq", "time", "event"]
            assert list(record)[-1] == "hash"
            if before is None:
                before = bytes.fromhex(record["prev"][2:])
            else:
                assert int(record["seq"]) == int(found[-1]["seq"]) + 1
            if "prev" in record:
                assert record["prev"] == "0x" + before.hex()
            before = chained(before, line)
            assert record["hash"] == "0x" + before.hex()
            found.append(record)
    return found


def write(path, lines, before=ZEROS):
    """A chain anew, of lines whose hashes are replaced."""
    with open(path, "w") as f:
        for line in lines:
            before = chained(before, line)
            f.write("%s hash=0x%s\n" % (line.rpartition(" hash=0x")[0],
                                        before.hex()))


def verify(*arguments, stdin=None):
    """signerctl audit verify: status, what it prints, what it complains."""
    done = subprocess.run([SIGNERCTL, "audit", "verify", *arguments],
                          capture_output=True, text=True, input=stdin,
                          timeout=daemon.PATIENCE)
    return done.returncode, done.stdout, done.stderr


def good(*paths, heads=()):
    """It is in order, and signerctl says so; the number of records."""
    status, out, err = verify(*paths, *("--head=" + each for each in heads))
    assert (status, err) == (GOOD, ""), (status, out, err)
    return sum(int(n) for n in re.findall(r": (\d+) records, ", out))
