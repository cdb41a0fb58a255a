# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Without -d: in the background once it is ready, and only then."""

import os
import re
import select
import signal
import subprocess
import time

from lib import eth, httpclient, ports
from lib.daemon import (LIBEXEC, PATIENCE, ROOT, SANITIZE, SIGNERD,
                        run)

RULES = 'allow client "sequencer.example" key "sequencer" chain 10\n'


def processes(path):
    """Those whose command line has this configuration in it."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % name, "rb") as f:
                if path.encode() in f.read().split(b"\0"):
                    found.append(int(name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def gone(pid):
    """Waits for a process that is not our child."""
    fd = os.pidfd_open(pid)
    try:
        return bool(select.select([fd], [], [], PATIENCE)[0])
    finally:
        os.close(fd)


def test_background(site):
    port = ports.reserve()
    path = site.write(site.config(
        rules=RULES, listen="127.0.0.1 port %d" % port))
    try:
        # The end of both pipes comes with the word that all is well; but in
        # sanitizer builds children keep the second for their reports.
        errors = subprocess.DEVNULL if SANITIZE else subprocess.PIPE
        done = subprocess.run([SIGNERD, "-x", LIBEXEC, "-f", path], text=True,
                              stdout=subprocess.PIPE, stderr=errors,
                              timeout=PATIENCE, check=False)
        assert (done.returncode, done.stdout) == (0, "")
        assert not done.stderr or (
            not os.access("/dev/log", os.W_OK) and
            re.fullmatch("signerd: warning: no syslog .*\n", done.stderr))
        pid, = processes(path)
        if ROOT:        # a user may not look into an undumpable process
            for fd in range(3):
                assert os.readlink("/proc/%d/fd/%d" % (pid, fd)) == \
                    "/dev/null"
            assert os.readlink("/proc/%d/cwd" % pid) == "/"
        assert os.getsid(pid) != os.getsid(0)
        with httpclient.Connection(
                port, site.tls("sequencer.example")) as connection:
            connection.rpc(eth.payload_v2()).result()
        os.kill(pid, signal.SIGTERM)
        assert gone(pid)
    finally:
        for left in processes(path):
            os.kill(left, signal.SIGKILL)


def test_background_reload(site):
    """What was named relative to where it was started is found again."""
    port = ports.reserve()

    def write(chain):
        text = site.config(listen="127.0.0.1 port %d" % port,
                           rules=RULES.replace("10", str(chain)))
        site.write(text.replace(site.path("keys"), "keys"), "relative.conf")

    write(10)
    done = subprocess.run(
        [SIGNERD, "-x", os.path.relpath(LIBEXEC, site.directory), "-f",
         "relative.conf", "-D", "place=" + site.directory],
        cwd=site.directory, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, timeout=PATIENCE, check=False)
    assert done.returncode == 0
    pid, = processes("place=" + site.directory)
    try:
        if ROOT:
            assert os.readlink("/proc/%d/cwd" % pid) == "/"
        tls = site.tls("sequencer.example")
        with httpclient.Connection(port, tls) as connection:
            connection.rpc(eth.payload_v2()).result()
            write(20)
            os.kill(pid, signal.SIGHUP)
            # There is no log to be read: whether it has is to be seen.
            until = time.monotonic() + PATIENCE
            while "result" in connection.rpc(eth.payload_v2()).json():
                assert time.monotonic() < until
            connection.rpc(eth.payload_v2(chain=20)).result()
        if ROOT:
            assert os.readlink("/proc/%d/cwd" % pid) == "/"
        os.kill(pid, signal.SIGTERM)
        assert gone(pid)
    finally:
        for left in processes("place=" + site.directory):
            os.kill(left, signal.SIGKILL)


def test_background_that_cannot_start(site):
    """Says why on standard error."""
    path = site.write(site.config(rules=RULES))
    code, out, err = run("-x", site.path("keys"), "-f", path)
    assert (code, out) == (1, "")
    assert re.search("cannot start .*/keyd: No such file or directory: "
                     "option -x names another directory", err), err
