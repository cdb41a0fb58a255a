# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Which file the audit trail can be in."""

import fcntl
import os

import pytest

from lib import audited, daemon, trail
from lib.audited import (KEYS, config, digest, run, signed_digests, start,
                         told, unique)
from lib.control import Control
from lib.daemon import ROOT
from lib.reloading import change, errors, reload


@pytest.fixture(scope="module")
def site():
    """One of its own: its files change."""
    made = daemon.Site()
    yield made
    made.remove()


@pytest.fixture
def path(tmp_path_factory):
    return audited.place(tmp_path_factory)


def test_it_is_made(site, path):
    status, out, err = run(site, path, "-n")
    assert (status, err) == (0, "") and not os.path.exists(path)
    with start(site, path):
        assert os.stat(path).st_mode & 0o7777 == 0o600
        # One that runs is no hindrance to a check.
        assert run(site, path, "-n")[0] == 0
    os.chmod(path, 0o640)
    with start(site, path):
        pass
    trail.good(path)


def whose(path):
    found = os.stat(path)
    return found.st_uid, found.st_gid, found.st_mode


def test_a_reload_makes_it_the_same(site, path):
    """Whatever group the parent is in by then."""
    with start(site, path) as signerd:
        first = whose(path)
        assert first == (os.geteuid(), os.getegid(), 0o100600)
        os.rename(path, path + ".1")
        reload(signerd)
        assert whose(path) == first
        reload(signerd, config(site, path + ".2"))
        assert whose(path + ".2") == first
    trail.good(path + ".1", path, path + ".2")


def test_two_daemons(site, path):
    with start(site, path):
        status, _, err = run(site, path)
        assert status == 1 and "another daemon writes to it" in err
    trail.good(path)


def test_a_reader_that_locks_it(site, path):
    """It cannot be told from a daemon; what is said names it."""
    with start(site, path):
        pass
    with open(path, "rb") as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)
        status, _, err = run(site, path)
    assert status == 1 and "one of its readers has locked it" in err
    with start(site, path):
        pass
    trail.good(path)


def refused(site, path):
    """What is told of it at the start, and with -n."""
    told = []
    for arguments in ((), ("-n",)):
        status, _, err = run(site, path, *arguments)
        assert status == 1
        told.append(err.splitlines()[0].split(
            'audit file "%s": ' % path)[1])
    assert told[0] == told[1]
    return told[0]


def test_modes(site, path):
    with open(path, "w"):
        pass
    os.chmod(path, 0o644)
    assert refused(site, path) == 'has mode 0644: chmod 0640 "%s"' % path
    os.chmod(path, 0o660)
    assert refused(site, path) == 'has mode 0660: chmod 0640 "%s"' % path


def test_what_is_no_file(site, path):
    os.symlink(path + ".target", path)
    assert refused(site, path).startswith("is a symbolic link")
    assert not os.path.exists(path + ".target")
    os.unlink(path)
    os.mkfifo(path, 0o600)
    assert refused(site, path) == "is not a regular file"
    os.unlink(path)
    os.mkdir(path)
    assert refused(site, path) == "Is a directory"
    os.rmdir(path)
    with open(path, "w"):
        pass
    os.chmod(path, 0o600)
    os.link(path, path + ".other")
    assert refused(site, path).startswith("has another name")
    assert "No such file" in refused(site, path + ".none/audit.log")


def test_directories(site, path):
    parent = os.path.dirname(path)
    os.chmod(parent, 0o777)
    assert refused(site, path) == 'directory "%s" can be written by ' \
        'everybody' % os.path.basename(parent)
    os.chmod(parent, 0o1777)
    assert run(site, path, "-n")[0] == 0
    os.chmod(parent, 0o755)
    link = os.path.join(site.directory, "link%d" % os.getpid())
    os.symlink(parent, link)
    try:
        with start(site, os.path.join(link, "audit.log")):
            pass
        assert trail.good(path) == 2
        if ROOT:
            os.lchown(link, 65534, 65534)
            assert refused(site, os.path.join(link, "audit.log")) == \
                "a symbolic link on the way belongs to user 65534, not to " \
                "root or user 0"
    finally:
        os.unlink(link)


@pytest.mark.skipif(not ROOT, reason="files of other users are root's to make")
def test_owners(site, path):
    with open(path, "w"):
        pass
    os.chmod(path, 0o600)
    os.chown(path, 65534, 65534)
    assert refused(site, path) == "it belongs to user 65534, not to root " \
        "or user 0"
    os.unlink(path)
    os.chown(os.path.dirname(path), 65534, 65534)
    assert refused(site, path).startswith("directory")


def test_a_bad_file_changes_nothing(site, path):
    with start(site, path) as signerd:
        os.rename(path, path + ".1")
        os.symlink(path + ".target", path)
        assert "is a symbolic link" in errors(signerd)[0]
        signerd.rpc(unique(1)).result()
        os.unlink(path)
        with open(path, "w"):
            pass
        os.chmod(path, 0o666)
        assert "has mode 0666" in errors(signerd)[0]
        os.chmod(path, 0o600)
        # Of a reload that fails for another reason it is still empty.
        assert errors(signerd, config(site, path, keys=KEYS + ("none",)))
        signerd.rpc(unique(2)).result()
        reload(signerd, config(site, path))
        signerd.rpc(unique(3)).result()
    assert signed_digests(path + ".1", path) == [digest(n)
                                                 for n in (1, 2, 3)]
    assert signed_digests(path) == [digest(3)]


def test_a_trial_makes_no_file(site, path):
    """And says what a reload would say of one that there is."""
    ctl = Control(site, "trial.sock")
    with start(site, path, ctl.statement) as signerd:
        signerd.rpc(unique(1)).result()
        assert ctl.run("reload", "-n") == (0, "", "")
        other = path + ".other"
        change(signerd, config(site, other, ctl.statement))
        assert ctl.run("reload", "-n") == (0, "", "")
        assert not os.path.exists(other)
        # Where none can be made a reload would say so, and root has given up
        # what it would need for it.
        closed = os.path.join(os.path.dirname(path), "closed")
        os.mkdir(closed, 0o555)
        change(signerd, config(site, closed + "/audit.log", ctl.statement))
        said = ctl.run("reload", "-n")
        assert said.status == 1 and "Permission denied" in said.err
        change(signerd, config(site, other, ctl.statement))
        with open(other, "w") as f:
            f.write("of value\n")
        os.chmod(other, 0o600)
        said = ctl.run("reload", "-n")
        assert said.status == 1 and "is not empty: a reload begins" in said.err
        os.unlink(other)
        signerd.rpc(unique(2)).result()
        # It goes on where it was; and a reload begins it.
        ctl.ask("reload")
        signerd.rpc(unique(3)).result()
    assert signed_digests(path, other) == [digest(n) for n in (1, 2, 3)]
    assert signed_digests(other) == [digest(3)]
