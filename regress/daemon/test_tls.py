# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Who gets in by TLS, and what is agreed on."""

import socket
import ssl

import pytest

from lib import certs, eth, httpclient
from lib.httpclient import Closed, Connection

RULES = ('allow client "sequencer.example" key "sequencer" chain 10\n'
         'allow client "revoked.example" key "sequencer" chain 10')
V12 = ssl.TLSVersion.TLSv1_2


@pytest.fixture(scope="module")
def signerd(site, serve):
    return serve(site.config(rules=RULES))


def gets_in(signerd, context):
    """Whether a signature can be had that way.

    With TLS 1.3 a client learns of its refusal with the first read only.
    """
    try:
        with Connection(signerd.port, context) as connection:
            return connection.rpc(eth.payload_v2()).status == 200
    except (ssl.SSLError, OSError, Closed):
        return False


def test_certificate_of_the_authority(signerd, site):
    assert gets_in(signerd, site.tls("sequencer.example"))


def test_certificate_of_another_authority(signerd, site, tmp_path):
    other = certs.Authority(str(tmp_path))
    context = httpclient.context(site.authority.ca,
                                 other.client("sequencer.example"))
    assert not gets_in(signerd, context)


def test_authority_of_the_same_name(signerd, site, tmp_path):
    other = certs.Authority(str(tmp_path), "test authority")
    context = httpclient.context(site.authority.ca,
                                 other.client("sequencer.example"))
    assert not gets_in(signerd, context)


@pytest.mark.parametrize("stem,dates", (
    ("expired", ("200101000000Z", "200201000000Z")),
    ("early", ("400101000000Z", "410101000000Z"))))
def test_certificate_out_of_its_time(signerd, site, stem, dates):
    pair = site.authority.issue(stem, "sequencer.example",
                                "DNS:sequencer.example", dates)
    assert not gets_in(signerd, httpclient.context(site.authority.ca, pair))


def test_server_certificate_verifies(signerd, site):
    with signerd.connect() as connection:
        names = connection.sock.getpeercert()["subjectAltName"]
        assert ("DNS", "localhost") in names


def test_revoked_certificate(site, serve, signerd):
    pair = site.authority.issue("revoked.example", "revoked.example",
                                "DNS:revoked.example")
    context = httpclient.context(site.authority.ca, pair)
    assert gets_in(signerd, context)
    site.authority.revoke("revoked.example")
    strict = serve(site.config(rules=RULES, extra='tls crl "%s"' %
                               site.authority.crl()))
    assert not gets_in(strict, context)
    assert gets_in(strict, site.tls("sequencer.example"))


def test_tls12_only_where_it_is_allowed(site, serve, signerd):
    context = httpclient.context(
        site.authority.ca, site.authority.client("sequencer.example"),
        highest=V12, lowest=V12)
    assert not gets_in(signerd, context)
    both = serve(site.config(rules=RULES,
                             extra='tls protocols "tlsv1.2,tlsv1.3"'))
    assert gets_in(both, context)
    assert gets_in(both, site.tls("sequencer.example"))


def test_plain_http(signerd):
    with socket.create_connection(("127.0.0.1", signerd.port)) as sock:
        sock.settimeout(httpclient.PATIENCE)
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            assert b"version" not in sock.recv(4096)
        except ConnectionResetError:
            pass


@pytest.mark.parametrize("offer,chosen", (
    (["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"),
    (None, None)))
def test_alpn(signerd, site, offer, chosen):
    context = httpclient.context(site.authority.ca)
    if offer:
        context.set_alpn_protocols(offer)
    with Connection(signerd.port, context) as connection:
        assert connection.sock.selected_alpn_protocol() == chosen
        connection.exchange("GET", "/healthz", json=False).json()


def test_sessions_are_not_resumed(signerd, site):
    """Resumption would go past the check of the certificate."""
    context = site.tls("sequencer.example")
    with signerd.connect() as connection:
        connection.rpc(eth.payload_v2()).result()
        session = connection.sock.session
    with socket.create_connection(("127.0.0.1", signerd.port)) as raw:
        with context.wrap_socket(raw, server_hostname="localhost",
                                 session=session) as sock:
            sock.sendall(httpclient.request("GET", "/healthz", json=False))
            assert sock.recv(4096).startswith(b"HTTP/1.1 200")
            assert not sock.session_reused


def test_large_records_and_small_ones(signerd):
    message = eth.encode(eth.sign_transaction(input="0x" + "ab" * 30000))
    whole = httpclient.request(body=message)
    with signerd.connect() as connection:
        for size in (16384, 4099, 100003):
            for at in range(0, len(whole), size):
                connection.send(whole[at:at + size])
            raw = eth.unhex(connection.read_response().result())
            assert eth.decode_transaction(raw)["input"] == b"\xab" * 30000
