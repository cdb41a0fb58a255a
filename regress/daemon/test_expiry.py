# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What expires while connections last: certificates and revocation lists."""

import os
import shutil
import time

import pytest

from lib import daemon, eth, httpclient, relays, rotating
from lib.httpclient import Closed, Connection
from lib.proxies import FakeProxy

RULES = 'allow client "sequencer.example" key "sequencer" chain 10'
LIFE = 8 if not daemon.SANITIZE else 20      # seconds to connect in


def stamp(when):
    return time.strftime("%y%m%d%H%M%SZ", time.gmtime(when))


@pytest.fixture
def own(site):
    with daemon.Signerd(site, site.config(rules=RULES)) as made:
        yield made


def test_no_request_after_the_end(site, own):
    """An idle one is closed then; what began before is refused after it."""
    end = int(time.time()) + LIFE
    pair = site.authority.issue("shortlived", "sequencer.example",
                                "DNS:sequencer.example",
                                (stamp(end - 3600), stamp(end)))
    context = httpclient.context(site.authority.ca, pair)
    message = httpclient.request(body=eth.encode(eth.payload_v2(2)))
    with own.connect("sequencer.example") as lasting, \
            Connection(own.port, context) as idle, \
            Connection(own.port, context) as begun, \
            Connection(own.port, context) as silent:
        mark = own.mark()
        for each in (idle, begun):
            each.rpc(eth.payload_v2()).result()
        begun.send(message[:-10])
        # Not before the end of the last second in which it is good.
        for each in (idle, silent):
            assert each.orderly
            assert time.time() >= end + 1, "closed too early"
        own.wait_log(mark, msg="certificate expired", count=2,
                     client="sequencer.example", peer="127.0.0.1")
        begun.send(message[-10:])
        answer = begun.read_response()
        assert answer.status == 401 and answer.closes
        assert answer.field("Content-Type").startswith("text/plain")
        assert b"expired" in answer.body
        assert begun.orderly
        lasting.rpc(eth.payload_v2(3)).result()
        own.wait_log(mark, msg="signed", count=3)
        assert len(own.logged(mark, msg="signed")) == 3
        assert len(own.logged(mark, msg="certificate expired")) == 2
    with pytest.raises((OSError, Closed)):
        with Connection(own.port, context) as late:
            late.rpc(eth.payload_v2())


def test_idle_time_before_the_end(site):
    """`timeout idle` holds for who has a certificate, as it did."""
    text = site.config(rules=RULES, extra="timeout idle 1 s",
                       log="{ level debug }")
    pair = site.authority.client("sequencer.example")
    with daemon.Signerd(site, text) as own, \
            Connection(own.port,
                       httpclient.context(site.authority.ca, pair)) as idle:
        mark = own.mark()
        assert idle.orderly
        own.wait_log(mark, msg="connection timed out", after_ms="1000")
        assert not own.logged(mark, msg="certificate expired")


# ---- proxyd ----------------------------------------------------------------


def shortlived(site, name, end):
    return site.authority.issue("short-" + name, name, "DNS:" + name,
                                (stamp(end - 3600), stamp(end)))


def test_clients_and_signers_of_a_proxy(site):
    """Both are closed then, and others are not."""
    end = int(time.time()) + LIFE
    tls = {name: httpclient.context(site.authority.ca,
                                    shortlived(site, name, end))
           for name in (relays.CLIENT, relays.HQ)}
    with daemon.Proxyd(site, relays.config(site, ("hq", "dr"))) as proxyd, \
            relays.fake_signer(site, proxyd, "hq",
                               tls=tls[relays.HQ]) as hq, \
            relays.fake_signer(site, proxyd, "dr") as dr, \
            proxyd.connect(relays.CLIENT) as lasting, \
            Connection(proxyd.port, tls[relays.CLIENT]) as idle:
        for each in (lasting, idle):
            each.rpc(relays.MESSAGE).result()
        assert idle.orderly
        assert time.time() >= end + 1, "closed too early"
        ended = hq.wait_end()
        assert (ended.code, ended.reason) == (1008, "certificate has expired")
        assert time.time() >= end + 1, "closed too early"
        proxyd.wait_log(msg="certificate expired", client=relays.CLIENT)
        assert relays.key_of(relays.MESSAGE,
                             lasting.rpc(relays.MESSAGE)) == "sequencer"
        assert dr.ended is None


def test_own_certificate_of_a_signer(site):
    """The link ends at the proxy's end, and comes back when there is
    another one: which is taken up by itself."""
    end = int(time.time()) + LIFE
    files = rotating.Files(site.path("expiring"), site.authority.ca,
                           shortlived(site, "signer3.example", end))
    with FakeProxy(site) as proxy, daemon.Signerd(site, site.config(
            rules='allow via "edge" client "a" key "sequencer" chain 10',
            extra=rotating.WATCH + "\ntimeout backoff 200 ms",
            listen=None, proxies=[site.proxy(
                "edge", proxy.port, ca=files.ca, pair=files.pair)])) \
            as signerd:
        link = proxy.wait_link()
        record = signerd.wait_log(msg="TLS file has expired", link="edge",
                                  process="link")
        assert record["file"] == "certificate" and record["level"] == "error"
        assert time.time() >= end + 1, "told too early"
        files.replace(pair=site.authority.client("signer.example"))
        assert proxy.wait_link(2).name == "signer.example"
        assert link.wait_end().code == 1001


# ---- revocation lists ------------------------------------------------------


def test_nextupdate_of_a_list_passes(site):
    """It is told before, and then; nobody new is let in until there is
    another list, and those that are there go on."""
    end = int(time.time()) + LIFE + 1
    name = site.path("short.crl")
    shutil.copy(site.authority.crl("first.crl", (stamp(end - 3600),
                                                 stamp(end))), name)
    site.authority.client("sequencer.example")
    with daemon.Signerd(site, site.config(
            rules=RULES, extra='%s\ntls crl "%s"' % (rotating.WATCH,
                                                     name))) as own, \
            own.connect("sequencer.example") as lasting:
        record = own.wait_log(msg="TLS file expires", process="frontend")
        assert (record["file"], record["level"]) == ("crl", "warn")
        assert record["at"] == time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                             time.gmtime(end))
        assert time.time() <= end + 1
        record = own.wait_log(msg="TLS file has expired", process="frontend")
        assert (record["file"], record["level"]) == ("crl", "error")
        assert time.time() >= end + 1, "told too early"
        mark = own.mark()
        with pytest.raises((OSError, Closed)):
            with own.connect("sequencer.example") as late:
                late.rpc(eth.payload_v2())
        refused = own.wait_log(mark, msg="handshake failed")
        assert "CRL has expired" in refused["reason"]
        lasting.rpc(eth.payload_v2()).result()
        # A list that is still in its time.
        shutil.copy(site.authority.crl("second.crl"), name + ".new")
        os.rename(name + ".new", name)
        rotating.taken(own, mark)
        with own.connect("sequencer.example") as again:
            again.rpc(eth.payload_v2()).result()
        lasting.rpc(eth.payload_v2()).result()
        for msg in ("TLS file expires", "TLS file has expired"):
            assert len(own.logged(msg=msg)) == 1
