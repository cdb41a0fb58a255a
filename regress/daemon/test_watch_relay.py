# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""proxyd's TLS files that change by themselves, and those of a signer that
dials it."""

import contextlib
import itertools

import pytest

from lib import certs, daemon, eth, httpclient, signers
from lib.daemon import tls_lines
from lib.linked import ADDRESS
from lib.relays import (CLIENT, DR, HQ, MESSAGE, OTHER, Asking, ask,
                        dialing, fake_signer, key_of)
from lib.relays import config as relay_config
from lib.reloading import Load, change, reload
from lib.rotating import (REFUSED, WATCH, Files, bundle, changed, refused,
                          rewrite, taken)
from lib.scraping import scrape

BOTH = 'allow client "%s" chain 10\nallow client "%s" chain 10' % (CLIENT,
                                                                   OTHER)
COUNT = itertools.count()
QUIET = "{ level info rate 100 }"


@pytest.fixture(scope="module")
def site():
    """One of its own, whose clients are known before its lists are made."""
    made = daemon.Site()
    for name in (CLIENT, OTHER, HQ, DR):
        made.authority.client(name)
    made.authority.proxy()
    yield made
    made.remove()


def own(site, crl=None):
    return Files(site.path("relay%d" % next(COUNT)), site.authority.ca,
                 site.authority.proxy(), crl)


def config(site, clients, dialers, extra="", **named):
    """The two sockets have files of their own."""
    crls = [each.crl if each.crl_given else None
            for each in (clients, dialers)]
    text = relay_config(
        site, ("hq", "dr"), rules=BOTH, log=QUIET,
        extra="\n".join((WATCH, extra)), crl=crls[0],
        signers_on="127.0.0.1 port 0 {\n\t%s\n}" % "\n\t".join(
            tls_lines(dialers.ca, dialers.pair, crls[1])), **named)
    for old, new in ((site.authority.ca, clients.ca),
                     (site.authority.proxy()[0], clients.cert),
                     (site.authority.proxy()[1], clients.key)):
        text = text.replace('"%s"' % old, '"%s"' % new, 1)
    return text


@contextlib.contextmanager
def running(site, crl=None, fake=("hq", "dr"), answer=None, **named):
    """Files of the clients' socket and of the signers', proxyd, and the
    signers that it has."""
    clients, dialers = own(site, crl), own(site, crl)
    for each in (clients, dialers):
        each.crl_given = crl is not None
    more = {} if answer is None else {"answer": answer}
    with contextlib.ExitStack() as stack:
        proxyd = stack.enter_context(daemon.Proxyd(
            site, config(site, clients, dialers, **named)))
        yield (clients, dialers, proxyd, *[stack.enter_context(fake_signer(
            site, proxyd, label, **more)) for label in fake])


def another(site):
    return site.authority.issue("p%d" % next(COUNT), "proxy.example",
                                "DNS:proxy.example,DNS:localhost,IP:127.0.0.1")


def serving(connection):
    try:
        return key_of(MESSAGE, connection.rpc(MESSAGE)) == "sequencer"
    except (OSError, httpclient.Closed):
        return False


def serial(connection):
    return connection.sock.getpeercert()["serialNumber"]


def test_certificates_are_renewed(site):
    """Of each kind of socket; links and connections that there are go on."""
    with running(site) as (clients, dialers, proxyd, hq, dr), \
            proxyd.connect(CLIENT) as before:
        assert serving(before)
        mark = proxyd.mark()
        clients.replace(pair=another(site))
        taken(proxyd, mark)
        assert changed(proxyd, mark) == set(clients.pair)
        with proxyd.connect(CLIENT) as new, \
                httpclient.Connection(proxyd.signer_port,
                                      site.tls(HQ)) as other:
            assert serial(new) != serial(before)
            assert serial(other) == serial(before)
            mark = proxyd.mark()
            dialers.replace(pair=another(site))
            taken(proxyd, mark)
            with httpclient.Connection(proxyd.signer_port,
                                       site.tls(HQ)) as newer:
                assert serial(newer) != serial(other)
            assert serving(before) and serving(new)
        assert not hq.ended and not dr.ended


def test_nothing_else_is_taken_up(site):
    with running(site) as (clients, _, proxyd, hq, dr):
        text = open(proxyd.path).read()
        change(proxyd, "no configuration\n")
        mark = proxyd.mark()
        clients.replace(pair=another(site))
        taken(proxyd, mark)
        assert ask(proxyd) == "sequencer"
        for msg in ("reloaded", "reload failed", "reload error"):
            assert not proxyd.logged(mark, msg=msg)
        assert reload(proxyd, text)["generation"] == "2"


def test_revoked(site):
    """The list of one socket is for its peers alone."""
    authority = site.authority
    crl = authority.crl("none.crl")
    with running(site, crl) as (clients, dialers, proxyd, hq, dr), \
            proxyd.connect(CLIENT) as good, proxyd.connect(OTHER) as bad:
        assert serving(good) and serving(bad)
        authority.revoke(OTHER)
        authority.revoke(HQ)
        after = authority.crl("after.crl")
        mark = proxyd.mark()
        dialers.replace(crl=after)
        taken(proxyd, mark)
        end = hq.wait_end()
        assert end.code == 1008 and "revoked" in end.reason
        # The clients' list is the one that it was.
        assert serving(bad) and serving(good)
        mark = proxyd.mark()
        with Load(proxyd, 2, CLIENT, MESSAGE):
            clients.replace(crl=after)
            taken(proxyd, mark)
            assert bad.wait_close()[0] == b""
        assert serving(good)
        assert not dr.ended
        told, = proxyd.logged(msg="certificate not trusted any more")
        assert told["client"] == OTHER


def test_authority_of_signers_is_replaced(site):
    """Clients have nothing to do with it."""
    newer = certs.Authority(site.path("newer"), "newer authority")
    with running(site, fake=("hq",)) as (_, dialers, proxyd, hq), \
            proxyd.connect(CLIENT) as connection:
        mark = proxyd.mark()
        dialers.replace(ca=bundle(site.path("both.crt"), site.authority.ca,
                                  newer.ca))
        taken(proxyd, mark)
        with fake_signer(site, proxyd, "dr", tls=signers.tls_of(
                newer, DR, site.authority.ca)) as dr:
            assert serving(connection) and not hq.ended
            mark = proxyd.mark()
            dialers.replace(ca=newer.ca)
            taken(proxyd, mark)
            assert hq.wait_end().code == 1008
            assert serving(connection) and not dr.ended
            assert not proxyd.logged(msg="certificate not trusted any more")


def test_one_set_is_unfit_and_the_other_is_not(site):
    with running(site) as (clients, dialers, proxyd, hq, dr):
        mark = proxyd.mark()
        rewrite(another(site)[0], dialers.cert)
        told = refused(proxyd, mark)
        assert told.startswith(proxyd.path + ":")
        assert dialers.key in told and "does not belong" in told
        for _ in range(3):
            mark = proxyd.mark()
            clients.replace(pair=another(site))
            taken(proxyd, mark)
            assert not proxyd.logged(mark, msg=REFUSED)
            assert ask(proxyd) == "sequencer"
        rewrite(site.authority.proxy()[0], dialers.cert)
        proxyd.wait_log(mark, msg="changed files are as before",
                        file=dialers.cert)
        assert not hq.ended and not dr.ended


def test_files_that_both_sockets_have_are_told_of_once(site):
    files = own(site)
    text = relay_config(site, ("hq",), rules=BOTH, log=QUIET, extra="\n".join(
        (WATCH, "metrics on 127.0.0.1 port 0")))
    for old, new in zip((site.authority.ca, *site.authority.proxy()),
                        (files.ca, *files.pair)):
        text = text.replace('"%s"' % old, '"%s"' % new)
    with daemon.Proxyd(site, text) as proxyd:
        port = int(proxyd.wait_log(**{"for": "metrics"})["port"])
        assert scrape(port)("proxyd_files_unfit") == 0
        mark, pair = proxyd.mark(), another(site)
        rewrite(pair[0], files.cert)
        assert "does not belong" in refused(proxyd, mark)
        found = scrape(port)
        assert found("proxyd_files_unfit") == 2
        assert found("proxyd_files_reloaded_total") == 0
        rewrite(pair[1], files.key)
        taken(proxyd, mark)
        assert len(proxyd.logged(mark, msg=REFUSED)) == 1
        found = scrape(port)
        assert found("proxyd_files_unfit") == 0
        assert found("proxyd_files_reloaded_total") == 2


def test_a_socket_that_was_closed(site):
    """Its connections are judged by what the first of its kind has."""
    with running(site) as (clients, _, proxyd, hq, dr):
        text = open(proxyd.path).read()
        more = text.replace("signers on", "listen on ::1 port 0\nsigners on",
                            1)
        reload(proxyd, more)
        port = proxyd.listening()[-1]
        with httpclient.Connection(port, site.tls(CLIENT), host="::1") as old:
            assert serving(old)
            reload(proxyd, text)
            mark = proxyd.mark()
            clients.replace(pair=another(site))
            taken(proxyd, mark)
            assert serving(old)
            mark = proxyd.mark()
            clients.replace(ca=site.foreign.ca)
            taken(proxyd, mark)
            assert old.wait_close()[0] == b""
        assert not hq.ended and not dr.ended


def test_a_request_of_who_is_not_trusted_gets_no_answer(site):
    """It is with the signer when the authority changes; others get theirs."""
    foreign = site.foreign
    both = bundle(site.path("two.crt"), site.authority.ca, foreign.ca)
    theirs = signers.tls_of(foreign, CLIENT, site.authority.ca)
    with running(site, fake=("hq",), answer=signers.hold) \
            as (clients, _, proxyd, hq):
        mark = proxyd.mark()
        clients.replace(ca=both)
        taken(proxyd, mark)
        with httpclient.Connection(proxyd.port, theirs) as good:
            bad = Asking(proxyd, name=OTHER)
            good.send(httpclient.request(body=eth.encode(MESSAGE)))
            hq.wait(lambda: len(hq.held) == 2, "both requests")
            mark = proxyd.mark()
            clients.replace(ca=foreign.ca)
            taken(proxyd, mark)
            with bad.connection as connection:
                assert connection.wait_close()[0] == b""
            hq.release()
            assert key_of(MESSAGE, good.read_response()) == "sequencer"


@contextlib.contextmanager
def whole(site):
    """A client's way through both daemons, whose files can change."""
    clients, dialers = own(site), own(site)
    clients.crl_given = dialers.crl_given = False
    signer = Files(site.path("signer%d" % next(COUNT)), site.authority.ca,
                   site.authority.client(HQ))
    with daemon.Proxyd(site, config(site, clients, dialers)) as proxyd:
        text = dialing(site, proxyd.signer_port, extra=WATCH)
        for old, new in zip(site.authority.client(HQ), signer.pair):
            text = text.replace(old, new)
        with daemon.Signerd(site, text) as signerd:
            proxyd.wait_log(msg="signer registered")
            yield clients, dialers, signer, proxyd, signerd


def test_no_request_fails_while_files_change(site):
    """On the way through proxyd, whoever's files they are."""
    with whole(site) as (clients, dialers, signer, proxyd, signerd):
        with Load(proxyd, 4, CLIENT, MESSAGE) as load:
            for n in range(4):
                marks = proxyd.mark(), signerd.mark()
                clients.replace(pair=another(site))
                dialers.replace(pair=another(site))
                taken(proxyd, marks[0])
                load.settle()
                signer.replace(pair=site.authority.issue(
                    "hq-%d" % n, HQ, "DNS:" + HQ))
                signerd.wait_log(marks[1], msg="link up")
                load.settle()
                reload(proxyd)
                reload(signerd)
                load.settle()
        for each in (proxyd, signerd):
            assert not each.logged(msg="unavailable")
