# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""SIGHUP where there are links to proxies."""

import shutil
import threading

import pytest

from lib import certs, daemon, eth, wsconn
from lib.linkload import BUSY, Asking, signs
from lib.proxies import FakeProxy
from lib.reloading import errors, reload

RULE = 'allow via "%s" client "sequencer.example" key "%s" chain %d\n'


@pytest.fixture(scope="module")
def site():
    """One of its own: its files change."""
    made = daemon.Site()
    yield made
    made.remove()


def config(site, proxies, rules=RULE % ("edge", "sequencer", 10), **named):
    return site.config(rules=rules, proxies=proxies, **named)


class Flood:
    """Asks a link for more than it can have done, until it ends."""

    def __init__(self, link, chain):
        self.link = link
        self.message = link.relayed(eth.payload_v2(chain=chain),
                                    "sequencer.example")
        self.asked = []
        self._threads = [threading.Thread(target=self._run, daemon=True)
                         for _ in range(3)]

    def _run(self):
        try:
            while True:
                several = [self.link.ask(self.message) for _ in range(50)]
                self.asked += several
                self.link.answer(several[25])
        except (wsconn.Ended, AssertionError, OSError):
            pass                         # it has ended

    def outcomes(self):
        """True for a signature, and the codes of errors."""
        asked = set(self.asked)
        return {"result" in each or each["error"]["code"]
                for each in self.link.answers if each["id"] in asked}

    def __enter__(self):
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, kind, *_):
        for each in self._threads:
            each.join(60)


def test_a_link_that_stays_is_not_touched(site):
    with FakeProxy(site) as proxy:
        text = config(site, [site.proxy("edge", proxy.port)])
        with daemon.Signerd(site, text) as signerd:
            link = proxy.wait_link()
            for _ in range(3):
                reload(signerd)
                assert signs(link) is True
                assert errors(signerd, text + "allow nonsense\n")
                assert signs(link) is True
                assert reload(signerd, text)
            assert len(proxy.links) == 1
            assert len(link.registrations) == 1
            assert not signerd.logged(msg="link down")


def test_what_is_advertised_changes(site):
    """It registers anew on the link that there is, and only if it has to."""
    with FakeProxy(site) as proxy:
        proxies = [site.proxy("edge", proxy.port)]
        with daemon.Signerd(site, config(site, proxies)) as signerd:
            link = proxy.wait_link()
            reload(signerd, config(site, proxies,
                                   RULE % ("edge", "sequencer", 20)))
            params = link.wait_registrations(2)
            assert params[0]["keys"][0]["chains"] == ["0x14"]
            assert signs(link, 20) is True and signs(link, 10) == -32013
            reload(signerd, config(
                site, proxies, RULE % ("edge", "batcher", 20),
                keys=("batcher",)))
            params = link.wait_registrations(3)
            assert params[0]["keys"][0]["address"] == \
                signerd.logged(msg="key added")[-1]["address"]
            assert signs(link, 20) is True
            assert len(proxy.links) == 1


def test_proxies_come_and_go(site):
    with FakeProxy(site) as edge, FakeProxy(site) as core:
        one = [site.proxy("edge", edge.port)]
        two = one + [site.proxy("core", core.port)]
        rules = RULE % ("edge", "sequencer", 10)
        more = rules + RULE % ("core", "batcher", 20)
        keys = ("sequencer", "batcher")
        with daemon.Signerd(site, config(site, one, rules,
                                         keys=keys)) as signerd:
            first = edge.wait_link()
            mark = signerd.mark()
            assert reload(signerd, config(
                site, two, more, keys=keys))["proxies"] == "2"
            assert signerd.logged(mark, msg="proxy added")[0]["link"] == \
                "core"
            second = core.wait_link()
            assert signs(second, 20) is True and signs(first) is True
            # Neither has the other's rules.
            assert signs(first, 20) == -32013
            mark = signerd.mark()
            reload(signerd, config(site, two[1:], RULE % (
                "core", "batcher", 20), keys=keys))
            assert signerd.logged(mark, msg="proxy removed")[0]["link"] == \
                "edge"
            assert first.wait_end().code == 1001
            assert signs(second, 20) is True
            # It keeps its number, and one that comes has none of another's.
            reload(signerd, config(site, two, RULE % (
                "edge", "sequencer", 10), keys=keys))
            third = edge.wait_link(2)
            assert signs(third) is True
            assert signs(second, 20) == -32000
            assert len(core.links) == 1
            # All of them go, and come again.
            reload(signerd, config(site, [], rules.replace('via "edge" ', ""),
                                   keys=keys))
            assert third.wait_end().code == 1001
            assert second.wait_end().code == 1001
            reload(signerd, config(site, one, rules, keys=keys))
            assert signs(edge.wait_link(3)) is True


def test_the_first_proxy_needs_a_restart(site):
    with daemon.Signerd(site, site.config(
            rules='allow client "a" key "sequencer" chain 10')) as signerd:
        told, = errors(signerd, config(site, [site.proxy("edge", 1)]))
        assert "first proxy" in told and "needs a restart" in told


def test_the_first_listener_needs_a_restart(site):
    with FakeProxy(site) as proxy:
        proxies = [site.proxy("edge", proxy.port)]
        with daemon.Signerd(site, config(site, proxies,
                                         listen=None)) as signerd:
            link = proxy.wait_link()
            told, = errors(signerd, config(site, proxies))
            assert "first \"listen\"" in told and "restart" in told
            assert signs(link) is True


def test_another_url(site):
    """The old one is left at once, the new one is dialled."""
    with FakeProxy(site) as old, FakeProxy(site) as new:
        with daemon.Signerd(site, config(site, [
                site.proxy("edge", old.port)])) as signerd:
            link = old.wait_link()
            reload(signerd, config(site, [site.proxy("edge", new.port)]))
            assert link.wait_end().code == 1001
            assert signs(new.wait_link()) is True
            assert signerd.logged(msg="proxy changed")[0]["link"] == "edge"


def test_another_certificate(site):
    """The link with the old one serves until the new one does."""
    authority = site.authority
    pair = site.path("link.crt"), site.path("link.key")

    def show(name):
        for source, target in zip(authority.client(name), pair):
            shutil.copy(source, target)

    show("signer.example")
    with FakeProxy(site) as proxy:
        text = config(site, [site.proxy("edge", proxy.port, pair=pair)])
        with daemon.Signerd(site, text) as signerd:
            old = proxy.wait_link()
            assert old.name == "signer.example"
            with Asking(proxy):
                show("signer2.example")
                reload(signerd)
                new = proxy.wait_link(2)
                assert new.name == "signer2.example"
                assert old.wait_end().code == 1001
            # The other one was not of use: there is a link until then.
            proxy.mute = True
            show("signer.example")
            reload(signerd)
            proxy.wait_accepted(3)
            assert signs(new) is True
            proxy.mute = False


def test_proxy_is_not_trusted_any_more(site):
    """By the new authority; or by a new list of the old one."""
    other = certs.Authority(site.path("other"), "other authority")
    ca = site.path("proxies.crt")
    shutil.copy(site.authority.ca, ca)
    with FakeProxy(site) as edge, \
            FakeProxy(site, pair=site.authority.proxy("p2.example")) as core:
        proxies = [site.proxy("edge", edge.port, ca=ca),
                   site.proxy("core", core.port, ca=ca)]
        rules = RULE % ("edge", "sequencer", 10) + \
            RULE % ("core", "sequencer", 10)
        proxies[1] = proxies[1].replace("proxy.example", "p2.example")
        with daemon.Signerd(site, config(site, proxies, rules)) as signerd:
            first, second = edge.wait_link(), core.wait_link()
            site.authority.revoke("p2.example")
            crl = site.authority.crl("proxies.crl")
            listed = [each.replace("\n}", '\n\ttls crl "%s"\n}' % crl)
                      for each in proxies]
            mark = signerd.mark()
            reload(signerd, config(site, listed, rules))
            assert second.wait_end().code == 1008
            down = signerd.wait_log(mark, msg="link down", link="core")
            assert "not trusted any more" in down["reason"]
            assert "revoked" in down["reason"]
            assert signs(first) is True
            assert not signerd.logged(mark, msg="link down", link="edge")
            shutil.copy(other.ca, ca)
            mark = signerd.mark()
            reload(signerd, config(site, proxies, rules))
            assert first.wait_end().code == 1008
            signerd.wait_log(mark, msg="link down", link="edge")


def test_links_files_are_looked_at(site):
    """Of each proxy; nothing changes where one is at fault."""
    garbage = site.path("no.pem")
    with open(garbage, "w") as f:
        f.write("no PEM\n")
    with FakeProxy(site) as proxy:
        text = config(site, [site.proxy("edge", proxy.port)])
        with daemon.Signerd(site, text) as signerd:
            link = proxy.wait_link()
            bad = config(site, [
                site.proxy("edge", proxy.port),
                site.proxy("core", 1, ca=garbage)])
            told, = errors(signerd, bad)
            line = bad[:bad.index(garbage)].count("\n") + 1
            assert told.startswith("%s:%d: %s: no certificate" % (
                signerd.path, line, garbage))
            assert signs(link) is True
            assert len(proxy.links) == 1
            assert reload(signerd, text)


def test_many_proxies_change_places(site):
    """Numbers are given anew over and over: never another's rules."""
    with FakeProxy(site) as proxy:
        stay = site.proxy("stay", proxy.port)
        rule = RULE % ("stay", "sequencer", 10)
        with daemon.Signerd(site, config(site, [stay], rule)) as signerd:
            link = proxy.wait_link()
            for turn in range(5):
                names = ["p%d-%d" % (turn, n) for n in range(40)]
                reload(signerd, config(
                    site, [site.proxy(each, 1) for each in names] + [stay],
                    "".join(RULE % (each, "batcher", 20)
                            for each in names) + rule,
                    keys=("batcher", "sequencer")))
                assert signs(link) is True
                assert signs(link, 20) == -32013
            assert len(proxy.links) == 1


def test_a_proxy_goes_while_the_link_before_serves(site):
    """What comes on it when the rules have gone is another signer's."""
    authority = site.authority
    pair = site.path("elder.crt"), site.path("elder.key")

    def show(name):
        for source, target in zip(authority.client(name), pair):
            shutil.copy(source, target)

    show("signer.example")
    rules = RULE % ("edge", "sequencer", 10)
    with FakeProxy(site) as proxy:
        proxies = [site.proxy("edge", proxy.port, pair=pair)]
        with daemon.Signerd(site, config(
                site, proxies, rules, log="{ level info rate 100 }",
                extra="max link-requests 4096")) as signerd:
            link = proxy.wait_link()
            proxy.mute = True
            show("signer2.example")
            reload(signerd)
            proxy.wait_accepted(2)
            with Flood(link, 10) as flood:
                assert signs(link) is True
                reload(signerd, config(site, [], rules.replace(
                    'via "edge" ', "")))
                link.wait_end()
            assert flood.outcomes() <= {True, BUSY}
            proxy.mute = False


def test_nothing_is_signed_by_the_rules_of_another_place(site):
    """What comes from the old one, while there are the new one's rules."""
    with FakeProxy(site) as old, FakeProxy(site) as new:
        named = dict(log="{ level info rate 100 }",
                     extra="max link-requests 4096")
        with daemon.Signerd(site, config(site, [
                site.proxy("edge", old.port)], **named)) as signerd:
            link = old.wait_link()
            with Flood(link, 20) as flood:
                assert signs(link) is True
                reload(signerd, config(
                    site, [site.proxy("edge", new.port)],
                    RULE % ("edge", "sequencer", 20), **named))
                link.wait_end()
            assert flood.outcomes() <= {-32013, BUSY}
            assert signs(new.wait_link(), 20) is True
