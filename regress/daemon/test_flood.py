# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What nobody in particular can do: neither memory nor the log is theirs."""

import time

import pytest

from lib import daemon, eth, httpclient, procfs
from lib.httpclient import request

RULES = 'allow client "sequencer.example" key "sequencer" chain 10'
LARGE = 4 * 1024 * 1024


@pytest.fixture
def own(site):
    with daemon.Signerd(site, site.config(
            rules=RULES, extra="timeout { body 2 s header 2 s }")) as made:
        yield made


def announce(path, length, json=False):
    """A header alone."""
    fields = [("Content-Length", str(length))]
    whole = request("POST", path, fields=fields, json=json)
    return whole.replace(b"Content-Length: 0\r\n", b"")


# ---- bodies of nobody ----------------------------------------------------


@pytest.mark.parametrize("path,status", (("/healthz", 200), ("/healthz/", 200),
                                         ("/", 401), ("/x", 401)))
@pytest.mark.parametrize("length", (1, 100, LARGE))
def test_body_of_nobody_is_not_awaited(own, path, status, length):
    with own.connect(None) as connection:
        connection.send(announce(path, length))
        answer = connection.read_response()
        assert answer.status == status and answer.closes
        assert connection.orderly
    assert not own.logged(level="error"), own.output()


def test_body_of_nobody_in_pieces(own):
    with own.connect(None) as connection:
        connection.send(request("POST", "/healthz", json=False, fields=[
            ("Transfer-Encoding", "chunked")]).replace(
                b"Content-Length: 0\r\n", b"") + b"400000\r\nxx")
        answer = connection.read_response()
        assert answer.closes
        assert connection.orderly


def test_nobody_goes_on_expecting_nothing(own):
    """No `100 Continue` for a body that will not be read."""
    with own.connect(None) as connection:
        connection.send(announce("/healthz", 100).replace(
            b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert connection.read_response().status == 200


def test_requests_of_nobody_without_a_body_go_on(own):
    with own.connect(None) as connection:
        for method in ("GET", "POST", "GET"):
            answer = connection.exchange(method, "/healthz", json=False)
            assert answer.status == 200 and not answer.closes


def high_water(signerd):
    pid = signerd.children["frontend"]
    return int(procfs.status(pid)["VmHWM"].split()[0])


def test_memory_of_nobody(own):
    """Most of a body on each of many connections: none of it is kept."""
    piece, count = b" " * 524288, 80
    waiting = [own.connect(None) for _ in range(count)]
    before = high_water(own)
    for each in waiting:
        try:
            each.send(announce("/healthz", LARGE) + piece)
        except (OSError, httpclient.Closed):
            pass
    for each in waiting:
        assert each.read_response().status == 200
    assert high_water(own) < before + 12 * 1024 or daemon.SANITIZE
    for each in waiting:
        each.close()
    own.rpc(eth.payload_v2()).result()


# ---- the log -------------------------------------------------------------


def flood(connection, count):
    """That many requests that nobody may make, all of them answered."""
    one = request("GET", "/", json=False)
    for _ in range(count // 100):
        connection.send(one * 100)
        for _ in range(100):
            assert connection.read_response().status == 401


def sum_of(records):
    return sum(int(each["count"]) for each in records)


def test_signatures_stay_in_the_log(site):
    """Though nothing else has room in it any more."""
    text = site.config(rules=RULES, log="{ level info rate 50 }")
    with daemon.Signerd(site, text) as signerd:
        with signerd.connect(None) as nobody, signerd.connect() as client:
            client.rpc(eth.call("health_status", [])).result()
            mark = signerd.mark()
            flood(nobody, 500)
            assert len(client.rpc([eth.payload_v2(n) for n in range(40)])
                       .json()) == 40
        signerd.wait_log(mark, count=40, msg="signed")
        ids = [each["digest"] for each in signerd.logged(mark, msg="signed")]
        assert len(ids) == 40


def test_noise_is_summed_up(site):
    """A hundred records a second, and how many more there would be."""
    text = site.config(rules=RULES, log="{ level info rate 50000 }")
    with daemon.Signerd(site, text) as signerd, \
            signerd.connect(None) as nobody:
        def told():
            """How many there were, as far as is known."""
            return len(signerd.logged(mark, msg="http request refused")) + \
                sum_of(signerd.logged(mark,
                                      msg="records of connections left out"))

        mark, sent, began = signerd.mark(), 1500, time.monotonic()
        flood(nobody, sent)
        # The sum comes with the first one of a second that begins.
        while told() < 1000 or not signerd.logged(
                mark, msg="records of connections left out"):
            assert sent < 500000, "no sum"
            flood(nobody, 100)
            sent += 100
        assert signerd.stop() == 0
        written = len(signerd.logged(mark, msg="http request refused"))
        left = signerd.logged(mark, msg="records of connections left out")
        assert not signerd.logged(mark, msg="log records suppressed")
    # Seconds may begin in between.
    assert 100 <= written <= 100 * (int(time.monotonic() - began) + 2)
    # The last sum comes with the frontend's end.
    assert written + sum_of(left) == sent
    for each in left:
        assert each["level"] == "warn" and each["process"] == "frontend"


def test_noise_is_summed_up_at_the_end(site):
    """Of a second that is not over."""
    text = site.config(rules=RULES, log="{ level info rate 50000 }")
    with daemon.Signerd(site, text) as signerd:
        with signerd.connect(None) as nobody:
            flood(nobody, 300)
        assert signerd.stop() == 0
    assert len(signerd.logged(msg="http request refused")) + sum_of(
        signerd.logged(msg="records of connections left out")) == 300


def test_noise_is_summed_up_where_no_more_comes(site):
    """Within a second or so."""
    text = site.config(rules=RULES, log="{ level info rate 50000 }")
    with daemon.Signerd(site, text) as signerd, \
            signerd.connect(None) as nobody:
        flood(nobody, 1500)
        written = left = 0
        while written + left < 1500:
            mark = signerd.mark()
            written = len(signerd.logged(msg="http request refused"))
            left = sum_of(signerd.logged(
                msg="records of connections left out"))
            if written + left < 1500:
                signerd.wait_log(mark)
        assert written + left == 1500


def test_handshakes_that_fail_are_noise_too(site):
    """And so are connections that are refused."""
    text = site.config(rules=RULES, log="{ level info rate 50000 }",
                       extra="max connections-per-address 1")
    with daemon.Signerd(site, text) as signerd, signerd.connect() as client:
        client.rpc(eth.payload_v2()).result()
        mark, began, count = signerd.mark(), time.monotonic(), 0
        # The sum comes with the first one of a second that begins.
        while count < 400 or not signerd.logged(
                mark, msg="records of connections left out"):
            assert count < 100000, "no sum"
            count += 1
            try:
                signerd.connect(None).close()
            except OSError:
                pass
        client.rpc(eth.payload_v2()).result()
        signerd.wait_log(mark, msg="signed")
        first = signerd.logged(mark, msg="connection refused")
        assert 100 <= len(first) <= \
            100 * (int(time.monotonic() - began) + 2)
