# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Who gets in by TLS, and what is agreed on."""

import socket
import ssl
import time

import pytest

from lib import certs, daemon, eth, httpclient
from lib.httpclient import Closed, Connection

RULES = ('allow client "sequencer.example" key "sequencer" chain 10\n'
         'allow client "revoked.example" key "sequencer" chain 10')
V12 = ssl.TLSVersion.TLSv1_2
UNKNOWN_CA = ("client certificate: unknown CA: "
              "unable to get local issuer certificate")


@pytest.fixture(scope="module")
def signerd(site, serve):
    return serve(site.config(rules=RULES))


def stamps(*times):
    return tuple(time.strftime("%y%m%d%H%M%SZ", time.gmtime(each))
                 for each in times)


def gets_in(signerd, context):
    """Whether a signature can be had that way.

    With TLS 1.3 a client learns of its refusal with the first read only.
    """
    try:
        with Connection(signerd.port, context) as connection:
            return connection.rpc(eth.payload_v2()).status == 200
    except (ssl.SSLError, OSError, Closed):
        return False


def keeps_out(signerd, context, reason):
    """No signature, and the log says why."""
    mark = signerd.mark()
    assert not gets_in(signerd, context)
    record = signerd.wait_log(mark, msg="handshake failed")
    assert record["level"] == "info" and record["reason"] == reason, record


def test_certificate_of_the_authority(signerd, site):
    assert gets_in(signerd, site.tls("sequencer.example"))


def test_certificate_of_another_authority(signerd, site, tmp_path):
    other = certs.Authority(str(tmp_path), "another authority")
    context = httpclient.context(site.authority.ca,
                                 other.client("sequencer.example"))
    keeps_out(signerd, context, UNKNOWN_CA)


def test_authority_of_the_same_name(signerd, site, tmp_path):
    other = certs.Authority(str(tmp_path), "test authority")
    context = httpclient.context(site.authority.ca,
                                 other.client("sequencer.example"))
    keeps_out(signerd, context, UNKNOWN_CA)


@pytest.mark.parametrize("stem,dates,reason", (
    ("expired", ("200101000000Z", "200201000000Z"), "has expired"),
    ("early", ("400101000000Z", "410101000000Z"), "is not yet valid")))
def test_certificate_out_of_its_time(signerd, site, stem, dates, reason):
    pair = site.authority.issue(stem, "sequencer.example",
                                "DNS:sequencer.example", dates)
    keeps_out(signerd, httpclient.context(site.authority.ca, pair),
              "client certificate: certificate " + reason)


def test_server_certificate_that_a_client_refuses(signerd, site, tmp_path):
    other = certs.Authority(str(tmp_path))
    keeps_out(signerd, httpclient.context(other.ca),
              "the client refused our certificate: unknown ca")


def test_end_of_the_certificate_is_logged(signerd, site):
    with signerd.connect() as connection:
        end = connection.sock.getpeercert()["notAfter"]
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ",
                          time.gmtime(ssl.cert_time_to_seconds(end)))
    record, = signerd.logged(msg="certificate")
    assert record["not_after"] == until and record["level"] == "info"
    assert not signerd.logged(level="warn")


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
    keeps_out(strict, context, "client certificate: certificate revoked")
    assert gets_in(strict, site.tls("sequencer.example"))


@pytest.fixture
def brief(site):
    """One whose CRL is good when it starts, and soon is not."""
    for life in (3, 9, 27, 81):
        now = time.time()
        path = site.authority.crl("brief.crl", stamps(now - 60, now + life))
        text = site.config(rules=RULES, extra='tls crl "%s"' % path)
        try:
            started = daemon.Signerd(site, text)
        except AssertionError:
            continue        # a slow start: it was refused
        with started:
            yield started
        return
    pytest.fail("never started")


def test_crl_that_ends_while_serving(site, brief):
    context = site.tls("sequencer.example")
    until = time.monotonic() + 81 + daemon.PATIENCE
    while gets_in(brief, context):
        assert time.monotonic() < until
    keeps_out(brief, context, "the CRL has expired: no client can connect")


def test_tls12_only_where_it_is_allowed(site, serve, signerd):
    context = httpclient.context(
        site.authority.ca, site.authority.client("sequencer.example"),
        highest=V12, lowest=V12)
    keeps_out(signerd, context,
              'client offers no protocol of "tls protocols"')
    both = serve(site.config(rules=RULES,
                             extra='tls protocols "tlsv1.2,tlsv1.3"'))
    assert gets_in(both, context)
    assert gets_in(both, site.tls("sequencer.example"))


def test_plain_http(signerd):
    mark = signerd.mark()
    with socket.create_connection(("127.0.0.1", signerd.port)) as sock:
        sock.settimeout(httpclient.PATIENCE)
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            assert b"version" not in sock.recv(4096)
        except ConnectionResetError:
            pass
    signerd.wait_log(mark, msg="handshake failed",
                     reason="plain HTTP on a TLS port")


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
