# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""proxyd without a signer, or without the right one."""

import contextlib
import time

import pytest

from lib import daemon, eth, ethkey, httpclient, signers
from lib.linked import ADDRESS
from lib.relays import (CLIENT, MESSAGE, OTHER, SLACK, Asking,
                        check_unavailable, config, dialing, fake_signer,
                        relayed)
from lib.retrying import Retrying


@pytest.fixture(scope="module")
def alone(site):
    with daemon.Proxyd(site, config(site, labels=("hq", "dr"))) as proxyd:
        yield proxyd


def test_503_at_once(alone):
    """Bare, and the connection stays."""
    with alone.connect() as connection:
        for _ in range(3):
            began = time.monotonic()
            check_unavailable(connection.rpc(MESSAGE))
            assert time.monotonic() - began < SLACK
    record = alone.wait_log(msg="unavailable")
    assert record["reason"] == "no signer"
    assert record["id"] and record["method"] == "block-payload"
    assert (record["chain"], record["attempts"]) == ("10", "0")
    assert record["address"] == ADDRESS["sequencer"]


def test_503_to_a_batch(site):
    """All of it, if one of its requests has no signer."""
    text = site.relay([
        site.signer("hq", [ADDRESS["sequencer"]]),
        site.signer("dr", [ADDRESS["batcher"]], "signer2.example")],
        'allow client "%s" chain 10' % CLIENT)
    served = eth.payload_v2(1, sender=ADDRESS["sequencer"])
    unserved = eth.payload_v2(2, sender=ADDRESS["batcher"])
    refused = eth.payload_v2(3, chain=11)
    with daemon.Proxyd(site, text) as proxyd:
        with fake_signer(site, proxyd) as hq:
            for batch in ([served, unserved], [unserved, served],
                          [unserved], [refused, unserved, served],
                          [served, served, unserved]):
                Asking(proxyd, batch).check_unavailable()
            answers = Asking(proxyd, [served, refused, served]) \
                .response().json()
            assert [("error" in each) for each in answers] == [
                False, True, False]
            ethkey.verify(served, answers[0]["result"])
            with fake_signer(site, proxyd, "dr", keys=("batcher",)):
                answers = Asking(proxyd, [served, unserved]) \
                    .response().json()
                for message, answer in zip((served, unserved), answers):
                    ethkey.verify(message, answer["result"])
            assert hq.ended is None


def test_busy_for_one_of_a_batch(site):
    with relayed(site, {"hq": signers.hold}) as (proxyd, hq):
        asked = Asking(proxyd, [MESSAGE, MESSAGE])
        hq.wait(lambda: len(hq.held) == 2, "both requests")
        hq.send(signers.sign(hq, hq.held[0]))
        hq.send(signers.busy(hq, hq.held[1]))
        asked.check_unavailable()
    with relayed(site, {"hq": signers.hold, "dr": None}) as (
            proxyd, hq, dr):
        asked = Asking(proxyd, [MESSAGE, MESSAGE])
        hq.wait(lambda: len(hq.held) == 2, "both requests")
        hq.send(signers.sign(hq, hq.held[0]))
        hq.send(signers.busy(hq, hq.held[1]))
        for answer in asked.response().json():
            ethkey.verify(MESSAGE, answer["result"])
        assert len(dr.requests) == 1


# ---- what needs no signer --------------------------------------------------


def test_it_is_ready_without(alone):
    """Both ports are listened on, and it says so before it is ready."""
    lines = [each for each in alone.records if each.get("msg") in (
        "listening", "started", "ready")]
    assert lines[-1]["msg"] == "ready"
    assert {each["for"] for each in lines if each["msg"] == "listening"} == \
        {"clients", "signers"}
    assert [each["child"] for each in lines
            if each["msg"] == "started"] == ["relay"]
    assert alone.port and alone.signer_port != alone.port


def test_health_and_modules(alone):
    version = Asking(alone, eth.call("health_status", [])).response() \
        .result()
    with httpclient.Connection(alone.port,
                               alone.site.tls(None)) as connection:
        for path in ("/healthz", "/healthz/"):
            for method in ("GET", "POST"):
                response = connection.exchange(method, path, json=False)
                assert response.status == 200
                assert response.json() == {"version": version}
        assert connection.rpc(MESSAGE).status == 401
    assert Asking(alone, eth.call("rpc_modules", [])).response() \
        .result() == {"eth": "1.0", "health": "1.0", "opsigner": "1.0",
                      "rpc": "1.0"}
    with alone.connect() as connection:
        response = connection.exchange("GET", "/", json=False)
        assert (response.status, response.body) == (200, b"")


def test_health_in_a_batch_of_unserved(alone):
    Asking(alone, [eth.call("health_status", []),
                   MESSAGE]).check_unavailable()
    answers = Asking(alone, [eth.call("health_status", [], 7),
                             eth.call("eth_x", [], 8)]).response().json()
    assert [each["id"] for each in answers] == [7, 8]


# ---- the client's retry loop -----------------------------------------------


@pytest.mark.parametrize("kind", ("v1", "2025"))
def test_retry_loop_recovers(site, alone, kind):
    mark = alone.mark()
    with Retrying(site, alone.port) as client:
        alone.wait_log(mark, count=3, msg="unavailable")
        assert client.answer is None
        with fake_signer(site, alone, kind=kind):
            registered = time.monotonic()
            response = client.result()
            assert client.ended - registered < SLACK
            ethkey.verify(client.message, response.result())
            assert client.attempts >= 3


def test_retry_loop_recovers_with_signerd(site, alone):
    mark = alone.mark()
    with Retrying(site, alone.port) as client:
        alone.wait_log(mark, count=2, msg="unavailable")
        with daemon.Signerd(site, dialing(site, alone.signer_port)):
            ethkey.verify(client.message, client.result().result())


def test_retry_loop_ends_on_what_is_final(site, alone):
    """A refusal is not tried again."""
    with Retrying(site, alone.port, name=OTHER) as client:
        assert client.result().error()[0] == -32000
        assert client.attempts == 1


def test_many_retry_loops(site, alone):
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Retrying(
            site, alone.port, eth.payload_kona(n, hash=bytes([n]) * 32)))
            for n in range(8)]
        mark = alone.mark()
        alone.wait_log(mark, count=16, msg="unavailable")
        with fake_signer(site, alone):
            for client in clients:
                ethkey.verify(client.message, client.result().result())
    Asking(alone).check_unavailable()
