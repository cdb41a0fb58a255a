# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The signers' port: who gets a websocket there, and what else it serves."""

import base64
import contextlib

import pytest

from lib import daemon, eth, ethkey, httpclient, wsconn
from lib.relays import CLIENT, HQ, MESSAGE, Asking, ask, config, fake_signer
from lib.signers import FakeSigner

KEY = base64.b64encode(bytes(16)).decode()
FIELDS = {"Upgrade": "websocket", "Connection": "Upgrade",
          "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": KEY}


@pytest.fixture(scope="module")
def proxyd(site):
    with daemon.Proxyd(site, config(site)) as started:
        yield started


def get(site, port, name=HQ, path="/ws", method="GET", version="1.1",
        **change):
    """The answer to an upgrade with some fields changed, None: left out."""
    fields = dict(FIELDS)
    fields.update({k.replace("_", "-"): v for k, v in change.items()})
    with httpclient.Connection(port, site.tls(name)) as connection:
        connection.send(httpclient.request(
            method, path, json=False, version=version,
            fields=[each for each in fields.items()
                    if each[1] is not None]))
        response = connection.read_response()
        if "close" in (response.field("Connection") or ""):
            assert connection.wait_close()[0] == b""
        return response


@pytest.mark.parametrize("path", ("/", "/ws", "/ws/", "/ws?x=1"))
def test_paths_of_the_websocket(site, proxyd, path):
    with fake_signer(site, proxyd, path=path) as signer:
        assert signer.refusal is None
        assert ask(proxyd) == "sequencer"
        assert len(signer.requests) == 1


@pytest.mark.parametrize("path", ("/wss", "/ws/x", "//", "/WS", "/rpc"))
def test_other_paths(site, proxyd, path):
    """What is logged tells them from the other port."""
    for port, whom in ((proxyd.signer_port, "signers"),
                       (proxyd.port, "clients")):
        assert get(site, port, path=path).status == 404
        proxyd.wait_log(**{"msg": "http request refused", "status": "404",
                           "for": whom, "path": path})


@pytest.mark.parametrize("name,text", (
    (None, b"client certificate was not provided"),
    ("nosan", b"did not contain DNS SAN extension"),
    ("iponly", b"did not contain DNS SAN extension")))
@pytest.mark.parametrize("path", ("/", "/ws", "/nowhere"))
def test_without_a_name(site, proxyd, name, text, path):
    response = get(site, proxyd.signer_port, name, path)
    assert response.status == 401
    assert text in response.body


@pytest.mark.parametrize("version", ("8", "14", "013", "", None))
def test_other_versions(site, proxyd, version):
    response = get(site, proxyd.signer_port, Sec_WebSocket_Version=version)
    assert response.status == 426
    assert response.field("Sec-WebSocket-Version") == "13"
    assert "close" in response.field("Connection")


@pytest.mark.parametrize("change", (
    {"Upgrade": "h2c"}, {"Connection": "keep-alive"}, {"Connection": None},
    {"Sec_WebSocket_Key": None}, {"Sec_WebSocket_Key": "AAAA"},
    {"Sec_WebSocket_Key": "!" * 24}))
def test_malformed(site, proxyd, change):
    response = get(site, proxyd.signer_port, **change)
    assert response.status == 400 and response.closes
    assert proxyd.wait_log(msg="http request refused", status="400")


def test_another_method(site, proxyd):
    assert get(site, proxyd.signer_port, method="POST").status == 404


def test_nothing_is_offered_to_extensions(site, proxyd):
    """wsconn.upgrade() is strict: none may be accepted."""
    endpoint = wsconn.connect(
        proxyd.signer_port, site.tls(HQ), fields=(
            ("Sec-WebSocket-Extensions", "permessage-deflate"),
            ("Sec-WebSocket-Protocol", "chat"), ("Origin", "https://x")))
    with contextlib.closing(endpoint.stream):
        endpoint.ping(b"x")
        assert endpoint.read_frame().opcode == wsconn.PONG


def test_nothing_is_signed_there(site, proxyd):
    """Who takes it for the clients' port is told so."""
    with fake_signer(site, proxyd) as signer:
        for name in (CLIENT, HQ):
            with httpclient.Connection(proxyd.signer_port,
                                       site.tls(name)) as connection:
                response = connection.rpc(MESSAGE)
                code, text = response.error()
                assert code == -32601 and "another port" in text
                assert proxyd.wait_log(
                    msg="a request where signers register", client=name)
        assert not signer.requests
        assert ask(proxyd) == "sequencer"


def test_nobody_registers_at_the_clients(site, proxyd):
    with pytest.raises(wsconn.NotUpgraded) as caught:
        FakeSigner(site, proxyd.port)
    assert caught.value.args[0] == 404
    Asking(proxyd).check_unavailable()


def test_health_is_told_to_anybody(site, proxyd):
    for port in (proxyd.port, proxyd.signer_port):
        with httpclient.Connection(port, site.tls(None)) as connection:
            response = connection.exchange("GET", "/healthz", json=False)
            assert list(response.json()) == ["version"]


# ---- how many --------------------------------------------------------------


def test_max_links(site):
    with daemon.Proxyd(site, config(
            site, ("hq", "dr"), extra="max links 2")) as proxyd:
        with fake_signer(site, proxyd) as hq:
            with fake_signer(site, proxyd, register=False) as other:
                response = get(site, proxyd.signer_port)
                assert response.status == 503
                assert int(response.field("Retry-After")) >= 1
                record = proxyd.wait_log(msg="http request refused",
                                         status="503")
                assert record["reason"] == "max links"
                assert ask(proxyd) == "sequencer"
                assert other.close().code == 1000
            with fake_signer(site, proxyd, "dr") as dr:
                assert dr.refusal is None and hq.ended is None


def test_signers_take_no_clients_places(site):
    """Nor do clients take theirs: each port has a number of its own."""
    with daemon.Proxyd(site, config(
            site, ("hq", "dr"), extra="max { connections 1 links 2 }")) as (
                proxyd):
        with fake_signer(site, proxyd) as hq, \
                fake_signer(site, proxyd, "dr") as dr, \
                proxyd.connect(CLIENT) as client:
            assert hq.refusal is None and dr.refusal is None
            ethkey.verify(MESSAGE, client.rpc(MESSAGE).result())
            # Anybody at the signers' port is not in the client's way.
            with httpclient.Connection(proxyd.signer_port,
                                       site.tls(None)) as nobody:
                assert nobody.exchange("GET", "/healthz").status == 200
                ethkey.verify(MESSAGE, client.rpc(MESSAGE).result())


def test_connections_of_an_address(site):
    """Websockets count among them until they end."""
    with daemon.Proxyd(site, config(
            site, extra="max connections-per-address 2")) as proxyd:
        with fake_signer(site, proxyd), \
                fake_signer(site, proxyd, "dr", register=False) as other:
            with pytest.raises((OSError, wsconn.Ended,
                                httpclient.Closed)):
                get(site, proxyd.signer_port)
            assert ask(proxyd) == "sequencer"
            other.close()
        with fake_signer(site, proxyd) as signer:
            assert signer.refusal is None


def test_message_that_is_too_long(site):
    """A body's length and what an envelope needs; more ends the link."""
    size = 4096
    with daemon.Proxyd(site, config(
            site, ("hq", "dr"), extra="max body %d" % size)) as proxyd:
        with fake_signer(site, proxyd, "dr") as dr:
            with fake_signer(site, proxyd) as hq:
                fits = eth.encode({"jsonrpc": "2.0", "id": 1, "method": "x",
                                   "params": ["y" * (size + 65000)]})
                hq.send(fits)
                assert hq.answer(1)["error"]["code"] == -32601
                hq.send(b" " * (size + 65537))
                assert hq.wait_end().code == 1009
            proxyd.wait_log(msg="signer lost", signer="hq")
            assert ask(proxyd) == "sequencer" and len(dr.requests) == 1
