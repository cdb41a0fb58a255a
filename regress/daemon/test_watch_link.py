# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""TLS files of links to proxies that change by themselves."""

import itertools
import os
import shutil
import signal

import pytest

from lib import certs, daemon
from lib.control import Control
from lib.linkload import Asking, signs
from lib.proxies import FakeProxy
from lib.rotating import (REFUSED, WATCH, Files, bundle, changed, refused,
                          rewrite, taken)

RULE = 'allow via "%s" client "sequencer.example" key "sequencer" chain 10\n'
COUNT = itertools.count()


@pytest.fixture(scope="module")
def site():
    """One of its own, whose proxies are known before its lists are made."""
    made = daemon.Site()
    for name in ("proxy.example", "p2.example"):
        made.authority.proxy(name)
    yield made
    made.remove()


def own(site, signer="signer.example", crl=None):
    return Files(site.path("link%d" % next(COUNT)), site.authority.ca,
                 site.authority.client(signer), crl)


def link_to(site, label, proxy, files, name="proxy.example", crl=False):
    return site.proxy(label, proxy.port, ca=files.ca, pair=files.pair,
                      name=name, crl=files.crl if crl else None)


def config(site, *proxies, labels=("edge", "core")):
    return site.config(
        rules="".join(RULE % each for each in labels[:len(proxies)]),
        proxies=proxies, extra=WATCH, log="{ level info rate 100 }")


def test_another_certificate(site):
    """The link with the old one serves until the new one does; nobody is
    refused meanwhile."""
    files = own(site)
    names = ("signer2.example", "signer.example")
    with FakeProxy(site) as proxy:
        text = config(site, link_to(site, "edge", proxy, files))
        with daemon.Signerd(site, text) as signerd:
            old = proxy.wait_link()
            assert old.name == "signer.example"
            with Asking(proxy):
                for n in range(4):
                    mark = signerd.mark()
                    files.replace(pair=site.authority.client(names[n % 2]))
                    new = proxy.wait_link(n + 2)
                    assert new.name == names[n % 2]
                    assert old.wait_end().code == 1001
                    old = new
                    # It can have been seen one by one.
                    signerd.wait_log(mark, msg="file changed",
                                     file=files.key)
            # The new one is of no use: the old one serves.
            proxy.mute = True
            files.replace(pair=site.authority.client(names[0]))
            proxy.wait_accepted(6)
            assert signs(new) is True
            proxy.mute = False
            assert not signerd.logged(msg="reloaded")


def test_taken_down_meanwhile(site):
    """What an operator says while a new certificate is taken up holds."""
    files, ctl = own(site), Control(site, "meanwhile.sock")
    certificate = shutil.copy(site.authority.server()[0],
                              site.path("meanwhile.crt"))
    with FakeProxy(site) as proxy:
        text = config(site, link_to(site, "edge", proxy, files)).replace(
            site.authority.server()[0], certificate).replace(
                "control off", "") + ctl.statement + "\n"
        with daemon.Signerd(site, text) as signerd:
            signerd.wait_log(msg="link up")
            mark = signerd.mark()
            signerd.signal("link", signal.SIGSTOP)
            # Told in the same look in which the link process is asked.
            os.unlink(certificate)
            files.replace(pair=site.authority.client("signer2.example"))
            assert certificate in refused(signerd, mark)
            ctl.ask("link", "edge", "down")
            signerd.signal("link", signal.SIGCONT)
            taken(signerd, mark)
            link, = ctl.show("links")
            assert (link["state"], link["taken_down"]) == ("down", True)
            assert not signerd.logged(mark, msg="link up")


def test_half_of_a_pair_leaves_the_link_alone(site):
    """And does not keep another link's files from being taken up."""
    first, second = own(site), own(site)
    with FakeProxy(site) as edge, FakeProxy(site) as core:
        text = config(site, link_to(site, "edge", edge, first),
                      link_to(site, "core", core, second))
        with daemon.Signerd(site, text) as signerd:
            link, other = edge.wait_link(), core.wait_link()
            mark = signerd.mark()
            new = site.authority.client("signer2.example")
            rewrite(new[0], first.cert)
            told = refused(signerd, mark)
            assert first.key in told and "does not belong" in told
            mark = signerd.mark()
            second.replace(pair=new)
            assert core.wait_link(2).name == "signer2.example"
            other.wait_end()
            assert signs(link) is True
            assert len(edge.links) == 1
            assert not signerd.logged(mark, msg=REFUSED, error=told)
            rewrite(new[1], first.key)
            assert edge.wait_link(2).name == "signer2.example"
            assert link.wait_end().code == 1001


def test_both_at_once(site):
    """One set that is fit and one that is not, seen by the same look."""
    first, second = own(site), own(site)
    bad = site.path("bad%d.pem" % next(COUNT))
    with open(bad, "w") as f:
        f.write("no PEM\n")
    both = bundle(site.path("twice.crt"), site.authority.ca,
                  site.authority.ca)
    with FakeProxy(site) as edge, FakeProxy(site) as core:
        text = config(site, link_to(site, "edge", edge, first),
                      link_to(site, "core", core, second))
        with daemon.Signerd(site, text) as signerd:
            links = edge.wait_link(), core.wait_link()
            for _ in range(5):
                mark = signerd.mark()
                first.replace(ca=bad)
                second.replace(ca=both)
                taken(signerd, mark)
                assert "no certificate" in refused(signerd, mark)
                assert changed(signerd, mark) == {second.ca}
                assert len(signerd.logged(mark, msg=REFUSED)) == 1
                mark = signerd.mark()
                first.replace(ca=site.authority.ca)
                second.replace(ca=site.authority.ca)
                taken(signerd, mark)
                signerd.wait_log(mark, msg="changed files are as before")
            for each in links:
                assert signs(each) is True
            assert len(edge.links) == len(core.links) == 1


def test_proxy_is_not_trusted_any_more(site):
    """By a new list: exactly that link ends."""
    authority = site.authority
    crl = authority.crl("before.crl")
    first, second = own(site, crl=crl), own(site, crl=crl)
    with FakeProxy(site) as edge, \
            FakeProxy(site, pair=authority.proxy("p2.example")) as core:
        text = config(site, link_to(site, "edge", edge, first, crl=True),
                      link_to(site, "core", core, second, "p2.example",
                              True))
        with daemon.Signerd(site, text) as signerd:
            link, other = edge.wait_link(), core.wait_link()
            authority.revoke("p2.example")
            authority.crl("after.crl")
            mark = signerd.mark()
            with Asking(edge):
                for each in (first, second):
                    each.replace(crl=authority.path("after.crl"))
                assert other.wait_end().code == 1008
            down = signerd.wait_log(mark, msg="link down", link="core")
            assert "revoked" in down["reason"]
            while changed(signerd, mark) != {first.crl, second.crl}:
                taken(signerd, mark, 2)
            assert signs(link) is True
            assert len(edge.links) == 1
            assert not signerd.logged(mark, msg="link down", link="edge")


def test_authority_is_replaced(site):
    newer = certs.Authority(site.path("newer"), "newer authority")
    files = own(site)
    both = bundle(site.path("both.crt"), site.authority.ca, newer.ca)
    with FakeProxy(site) as old:
        text = config(site, link_to(site, "edge", old, files))
        with daemon.Signerd(site, text) as signerd:
            link = old.wait_link()
            mark = signerd.mark()
            files.replace(ca=both)
            taken(signerd, mark)
            assert signs(link) is True
            files.replace(ca=newer.ca)
            assert link.wait_end().code == 1008
            signerd.wait_log(mark, msg="link down", link="edge")
            assert len(link.registrations) == 1


def test_files_of_several_links(site):
    """The tls block's, which each takes over: one look, all of them."""
    files = own(site)
    with FakeProxy(site) as edge, FakeProxy(site) as core:
        blocks = [each.replace('\ttls ca "%s"\n' % files.ca, "").replace(
            '\ttls certificate "%s" key "%s"\n' % files.pair, "")
            for each in (link_to(site, "edge", edge, files),
                         link_to(site, "core", core, files))]
        text = config(site, *blocks).replace(
            site.authority.ca, files.ca).replace(
                site.authority.server()[0], files.cert).replace(
                    site.authority.server()[1], files.key)
        files.write(pair=site.authority.issue(
            "all", "all.example", "DNS:localhost,IP:127.0.0.1"))
        with daemon.Signerd(site, text) as signerd:
            links = edge.wait_link(), core.wait_link()
            mark = signerd.mark()
            files.replace(pair=site.authority.issue(
                "all2", "all.example", "DNS:all2.example,DNS:localhost"))
            for each in (edge, core):
                assert each.wait_link(2).name == "all2.example"
            for each in links:
                assert each.wait_end().code == 1001
            # A file is named once, however many it is for.
            taken(signerd, mark)
            names = [each["file"] for each in
                     signerd.logged(mark, msg="file changed")]
            assert sorted(names) == sorted(files.pair)
