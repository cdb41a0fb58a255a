# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A daemon without root whose secrets are root's, to be read by its group."""

import os
import shutil
import struct
import tempfile

import pytest

from lib import daemon, eth
from lib.daemon import ROOT
from lib.reloading import errors, reload

RULE = 'allow client "sequencer.example" key "sequencer" chain 10\n'
USER = 65534
WRAPPER = """#!/bin/sh
exec setpriv --reuid=%d --regid=%d %s %s "$@"
"""
ALONE, WITH_ROOT = "--clear-groups", "--groups=0"

pytestmark = pytest.mark.skipif(not ROOT,
                                reason="needs root, to be another user")


@pytest.fixture
def place():
    """Programs that every user can start."""
    made = tempfile.mkdtemp(prefix="signerd-test-")
    os.chmod(made, 0o755)
    shutil.copy(daemon.SIGNERD, made)
    shutil.copytree(daemon.LIBEXEC, os.path.join(made, "libexec"))
    yield made
    shutil.rmtree(made)


class Handed:
    """A site of which root owns the secrets, and a signerd without root."""

    def __init__(self, place, groups=ALONE):
        self.site = daemon.Site(keys=("sequencer",))
        self.secrets = (self.site.key("sequencer"),
                        self.site.authority.server()[1])
        program = self.site.write(WRAPPER % (
            USER, USER, groups, os.path.join(place, "signerd")), "signerd")
        os.chmod(program, 0o755)
        self.Rootless = type("Rootless", (daemon.Signerd,), {
            "program": program, "libexec": os.path.join(place, "libexec")})
        text = self.site.config(rules=RULE)
        self.text = "\n".join(
            line for line in text.splitlines()
            if not line.startswith(("user ", "chroot "))) + "\n"

    def hand(self, gid, mode=0o440, acl=None):
        for path in self.secrets:
            os.chown(path, 0, gid)
            os.chmod(path, mode)
            os.chmod(os.path.dirname(path), 0o755)
            if acl is not None:
                os.setxattr(path, ACL, acl)

    def start(self):
        return self.Rootless(self.site, self.text)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.site.remove()


def test_handed_secrets(place):
    """At the start, and in a reload, which is made in the sandbox."""
    with Handed(place) as handed:
        handed.hand(USER)
        with handed.start() as signerd:
            signerd.rpc(eth.payload_v2()).result()
            reload(signerd)
            os.chmod(handed.secrets[0], 0o444)
            assert "gives group or others access" in errors(signerd)[0]
            signerd.rpc(eth.payload_v2()).result()


def test_another_group(place):
    """That the daemon can read them does not make them its own; nor is it
    root's group that is meant, whoever is in that."""
    with Handed(place, WITH_ROOT) as handed:
        handed.hand(USER)
        with handed.start() as signerd:
            handed.hand(0)
            told = errors(signerd)
            assert [line.partition(": ")[2] for line in told] == [
                '"%s" holds a secret and others than group %d can read it: '
                'chgrp %d "%s"' % (path, USER, USER, path)
                for path in handed.secrets[::-1]]
            signerd.rpc(eth.payload_v2()).result()


ACL = "system.posix_acl_access"
USER_OBJ, NAMED, GROUP_OBJ, GROUP, MASK, OTHER = (
    0x01, 0x02, 0x04, 0x08, 0x10, 0x20)


def acl(*named, group=0):
    """Of those who may read it, beside root: (tag, id)."""
    entries = [(USER_OBJ, 6, 0xffffffff)]
    entries += [(NAMED, 4, n) for tag, n in named if tag == NAMED]
    entries += [(GROUP_OBJ, group, 0xffffffff)]
    entries += [(GROUP, 4, n) for tag, n in named if tag == GROUP]
    entries += [(MASK, 4, 0xffffffff), (OTHER, 0, 0xffffffff)]
    return struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", *each) for each in entries)


def test_access_control_lists(place):
    """systemd gives the service's user access, beside root, and nobody."""
    with Handed(place, WITH_ROOT) as handed:
        try:
            handed.hand(0, 0o600, acl((NAMED, USER)))
        except OSError as e:
            pytest.skip("no access control lists here: %s" % e)
        assert os.stat(handed.secrets[0]).st_mode & 0o777 == 0o640
        with handed.start() as signerd:
            signerd.rpc(eth.payload_v2()).result()
            handed.hand(0, 0o600, acl((NAMED, USER), (GROUP, USER)))
            reload(signerd)
            for gid, bad in (
                    (0, acl((NAMED, USER), (NAMED, 61001))),
                    (0, acl((NAMED, USER), (GROUP, 61001))),
                    (0, acl((NAMED, USER), group=4)),
                    (USER, acl((NAMED, 61001), group=4))):
                handed.hand(gid, 0o600, bad)
                told = "others than group" if gid == 0 else \
                    "access control list by which others may read it"
                assert all(told in line for line in errors(signerd))
            handed.hand(USER, 0o600, acl((NAMED, USER), group=4))
            reload(signerd)
            signerd.rpc(eth.payload_v2()).result()
