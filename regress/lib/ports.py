# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Ports for daemons that cannot tell which one the kernel chose."""

import socket

_kept = []


def keep():
    """A socket that does not listen: while it is open nobody is given its
    port, but who asks for it with SO_REUSEADDR can have it."""
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    return kept


def reserve():
    """A port of this machine that nobody else is given as long as we live."""
    _kept.append(keep())
    return _kept[-1].getsockname()[1]
