# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Fixtures that all tests share."""

import contextlib
import os
import signal

import pytest

from lib import daemon

WATCHDOG = 480 if daemon.SANITIZE or daemon.COVERAGE else 240    # seconds a test may take


# What the tests were started by may ignore them (nohup, a shell's "&"); those
# that they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)


class Stuck(Exception):
    pass


def _stuck(*_):
    raise Stuck("no end after %d s" % WATCHDOG)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """A test that waits for what never comes fails by itself."""
    signal.signal(signal.SIGALRM, _stuck)
    longer = item.get_closest_marker("patience")
    signal.alarm(WATCHDOG * (longer.args[0] if longer else 1))
    yield
    signal.alarm(0)


@pytest.fixture(scope="session")
def site():
    if not os.access(daemon.SIGNERD, os.X_OK):
        pytest.fail("no %s: build first" % daemon.SIGNERD)
    made = daemon.Site()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def serve(site):
    """Starts daemons that live as long as the module, one a text."""
    with contextlib.ExitStack() as stack:
        running = {}

        def start(text):
            if text not in running:
                running[text] = stack.enter_context(
                    daemon.Signerd(site, text))
            return running[text]

        yield start
