# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Start, stop, and the deaths of its processes."""

import os
import re
import signal
import socket

import pytest

from lib import eth, procfs
from lib.daemon import Signerd
from lib.httpclient import Closed, request

RULES = 'allow client "sequencer.example" key "sequencer" chain 10'


@pytest.fixture
def own(site):
    with Signerd(site, site.config(rules=RULES)) as made:
        yield made


def refuses(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        pass        # it was in the backlog when the socket was closed
    return False


def test_start_is_logged(own):
    assert set(own.children) == {"keyd", "frontend"}
    listening = own.logged(msg="listening")
    assert [each["address"] for each in listening] == ["127.0.0.1"]
    assert all(1 <= int(each["port"]) <= 65535 for each in listening)
    ready = own.logged(msg="ready")
    assert len(ready) == 1 and ready[0]["level"] == "info"
    assert ready[0]["process"] == "signerd"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
                        ready[0]["time"])


def test_children_are_what_was_logged(own):
    found = set(procfs.session(own.pid)) - {own.pid}
    assert found == set(own.children.values())
    for name, pid in own.children.items():
        with open("/proc/%d/stat" % pid) as f:
            text = f.read()
        assert "(%s)" % name in text
        assert text.rpartition(")")[2].split()[1] == str(own.pid)


def test_several_listeners(site):
    text = site.config(rules=RULES).replace(
        "listen on 127.0.0.1 port 0",
        'listen on 127.0.0.1 port 0\nlisten on "127.0.0.1" port 0')
    with Signerd(site, text) as signerd:
        assert len(set(signerd.ports)) == 2
        for signerd.port in signerd.ports:
            signerd.rpc(eth.payload_v2()).result()


def test_ipv6(site):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as e:
        pytest.skip("no IPv6 here: %s" % e)
    text = site.config(rules=RULES, listen='"::1" port 0')
    with Signerd(site, text) as signerd:
        assert signerd.logged(msg="listening")[0]["address"] == "::1"
        with signerd.connect(host="::1") as connection:
            connection.rpc(eth.payload_v2()).result()


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT))
def test_stop(own, number):
    own.rpc(eth.payload_v2()).result()
    with own.connect() as connection:
        connection.rpc(eth.payload_v2()).result()
        own.process.send_signal(number)
        assert connection.orderly, "an idle connection was cut off"
    assert own.wait() == 0
    assert refuses(own.port)
    assert not own.logged(level="error"), own.output()


def test_stop_at_once(site):
    """Whatever was just being said: the status is 0."""
    for _ in range(12):
        with Signerd(site, site.config(rules=RULES)) as own:
            assert own.stop() == 0, own.output()


def test_stop_finishes_what_is_in_flight(site):
    text = site.config(rules=RULES, extra="timeout { request 20 s "
                       "keyd 20 s }")
    with Signerd(site, text) as own, own.connect() as connection:
        connection.rpc(eth.payload_v2()).result()
        own.signal("keyd", signal.SIGSTOP)
        try:
            connection.send(request(body=eth.encode(eth.payload_v2(7))))
            own.process.send_signal(signal.SIGTERM)
            while not refuses(own.port):
                pass
            assert connection.quiet()
        finally:
            own.signal("keyd", signal.SIGCONT)
        answer = connection.read_response()
        answer.result()
        assert answer.json()["id"] == 7
        assert answer.closes
        assert connection.orderly
        connection.close()
        assert own.wait() == 0


def test_stop_does_not_wait_for_ever(site):
    """keyd does not answer: the deadline ends it, with status 0."""
    text = site.config(rules=RULES, extra="timeout { request 3 s "
                       "keyd 3 s }")
    with Signerd(site, text) as own, own.connect() as connection:
        connection.rpc(eth.payload_v2()).result()
        own.signal("keyd", signal.SIGSTOP)
        connection.send(request(body=eth.encode(eth.payload_v2())))
        own.process.send_signal(signal.SIGTERM)
        try:
            assert connection.read_response().status == 503
        except Closed:
            pass
        own.signal("keyd", signal.SIGCONT)
        assert own.wait() == 0


def test_stop_with_a_silent_client(site):
    """Neither a half handshake nor half a request holds it up: for longer
    than a request may last, that is."""
    text = site.config(rules=RULES, extra="timeout { request 3 s keyd 3 s }")
    with Signerd(site, text) as own, \
            socket.create_connection(("127.0.0.1", own.port)) as raw, \
            own.connect() as half, own.connect() as body:
        raw.sendall(b"\x16\x03\x01")
        half.send(b"POST / HT")
        body.send(request(body=b"{}")[:-1])
        assert own.stop() == 0


@pytest.mark.parametrize("child", ("keyd", "frontend"))
@pytest.mark.parametrize("number,how", (
    (signal.SIGKILL, "signal 9 (Killed)"),
    (signal.SIGSEGV, "signal 11 (Segmentation fault)")))
def test_death_of_a_child_ends_the_daemon(own, child, number, how):
    own.rpc(eth.payload_v2()).result()
    own.signal(child, number)
    assert own.wait() == 1
    died = own.logged(msg="child died")
    assert len(died) == 1, own.output()
    assert died[0]["level"] == "error"
    assert died[0]["child"] == child
    assert died[0]["pid"] == str(own.children[child])
    if not os.environ.get("SIGNERD_SANITIZE") == "1":
        assert how in died[0]["how"]
    assert refuses(own.port)


def test_death_of_the_parent_ends_the_children(own):
    """Nobody is left to watch over them, so they go too."""
    os.kill(own.pid, signal.SIGKILL)
    own.process.wait()
    while procfs.session(own.pid):
        pass
    assert refuses(own.port)


def test_children_outlive_signals_of_the_terminal(own):
    """An interrupt reaches the whole group; the parent alone decides."""
    os.killpg(own.pid, signal.SIGINT)
    assert own.wait() == 0
    assert not own.logged(msg="child died")


def test_hangup_does_not_end_it(own):
    os.kill(own.pid, signal.SIGHUP)
    own.rpc(eth.payload_v2()).result()
