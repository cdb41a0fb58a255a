# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""No branch and no address of keyd's code depends on a private key, from the
key file's digits to the signature: valgrind watches regress/secrets/ctime.c,
where the key is marked as undefined."""

import functools
import os
import re
import shutil
import subprocess

import pytest

from lib import daemon, ethkey

CTIME = os.path.join(daemon.BUILD, "regress", "ctime")
SUPPRESSIONS = os.path.join(daemon.HERE, "secrets", "ctime.supp")
FOUND = 9
BRANCH = "Conditional jump or move depends on uninitialised value"
ADDRESS = "Use of uninitialised value of size"
NO_HEADER = 2
# Branches in libsecp256k1 that its own test would not see either.
DECLASSIFIED = 2
# As in ctime.c.
SECRET = bytes.fromhex("3b91d70cf258ae046fc51b7187ed43a9"
                       "ff55bb1177cd2389df359be147ad0369")

pytestmark = pytest.mark.skipif(
    daemon.SANITIZE or daemon.COVERAGE,
    reason="valgrind is for programs as they are installed")


KEY = ethkey.Key(int.from_bytes(SECRET, "big"))
FILES = {
    "hex": SECRET.hex() + "\n",
    "HEX": SECRET.hex().upper() + "\r\n",
    "SEC1": KEY.pem(),
    "PKCS8": KEY.pkcs8(),
}
# Characters, or bytes, that are the key's and nothing else's.
HIDDEN = {"hex": 64, "HEX": 64, "SEC1": 42, "PKCS8": 42, "sign": 32}


@functools.lru_cache(maxsize=None)
def why_not():
    """Some systems' valgrind cannot start without libc's debug symbols."""
    if shutil.which("valgrind") is None:
        return "valgrind is not installed"
    run = subprocess.run(["valgrind", "-q", "/bin/true"],
                         capture_output=True, timeout=daemon.PATIENCE * 5)
    return "valgrind does not run here" if run.returncode else None


def memcheck(*arguments):
    """Whether something was found, and all that was said."""
    if why_not():
        pytest.skip(why_not())
    run = subprocess.run(
        ["valgrind", "--error-exitcode=%d" % FOUND, "--read-inline-info=no",
         "--suppressions=" + SUPPRESSIONS, CTIME, *arguments],
        capture_output=True, text=True, timeout=daemon.PATIENCE * 5)
    if run.returncode == NO_HEADER:
        pytest.skip("built without valgrind's header")
    assert run.returncode in (0, FOUND), run.stderr
    return run.returncode == FOUND, run.stdout + run.stderr


def check(name, *arguments):
    found, said = memcheck(*arguments)
    assert not found, said
    assert "%d bytes hidden" % HIDDEN[name] in said
    places = re.search(r"suppressed: \d+ from (\d+)\)", said).group(1)
    assert int(places) <= DECLASSIFIED, said


def test_signing():
    check("sign", "sign")


@pytest.mark.parametrize("name", FILES)
def test_key_file(tmp_path, name):
    path = tmp_path / "key"
    path.write_text(FILES[name])
    check(name, str(path))


@pytest.mark.parametrize("what,complaint", (
    ("branch", BRANCH), ("lookup", ADDRESS), ("compare", BRANCH)))
def test_what_is_wrong_is_found(what, complaint):
    found, said = memcheck(what)
    assert found and complaint in said


def test_digits_looked_up_in_a_table_are_found(tmp_path):
    path = tmp_path / "key"
    path.write_text(FILES["hex"])
    found, said = memcheck(str(path), "table")
    assert found and ADDRESS in said and "decode_by_table" in said
