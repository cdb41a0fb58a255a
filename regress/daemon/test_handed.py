# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A daemon without root whose secrets are root's, to be read by its group."""

import os
import shutil
import tempfile

import pytest

from lib import daemon, eth
from lib.daemon import ROOT
from lib.reloading import errors, reload

RULE = 'allow client "sequencer.example" key "sequencer" chain 10\n'
USER = 65534
WRAPPER = """#!/bin/sh
exec setpriv --reuid=%d --regid=%d --clear-groups %s "$@"
"""


@pytest.fixture
def place():
    """Programs that every user can start."""
    made = tempfile.mkdtemp(prefix="signerd-test-")
    os.chmod(made, 0o755)
    shutil.copy(daemon.SIGNERD, made)
    shutil.copytree(daemon.LIBEXEC, os.path.join(made, "libexec"))
    yield made
    shutil.rmtree(made)


@pytest.mark.skipif(not ROOT, reason="needs root, to be another user")
def test_handed_secrets(place):
    """At the start, and in a reload, which is made in the sandbox."""
    site = daemon.Site(keys=("sequencer",))
    secrets = (site.key("sequencer"), site.authority.server()[1])
    for path in secrets:
        os.chown(path, 0, USER)
        os.chmod(path, 0o440)
        os.chmod(os.path.dirname(path), 0o755)

    class Rootless(daemon.Signerd):
        program = site.write(WRAPPER % (
            USER, USER, os.path.join(place, "signerd")), "signerd")
        libexec = os.path.join(place, "libexec")

    os.chmod(Rootless.program, 0o755)
    text = site.config(rules=RULE)
    text = "\n".join(line for line in text.splitlines()
                     if not line.startswith(("user ", "chroot "))) + "\n"
    try:
        with Rootless(site, text) as signerd:
            signerd.rpc(eth.payload_v2()).result()
            reload(signerd)
            os.chmod(secrets[0], 0o444)
            assert "gives group or others access" in errors(signerd)[0]
            signerd.rpc(eth.payload_v2()).result()
    finally:
        site.remove()
