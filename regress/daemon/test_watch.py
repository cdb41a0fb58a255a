# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Certificates, authorities and revocation lists that change by themselves:
they are taken up without a signal, and nothing else is."""

import itertools
import os
import shutil
import signal

import pytest

from lib import certs, daemon, eth, httpclient
from lib.httpclient import Closed, Connection
from lib.reloading import Load, change, reload
from lib.rotating import (AS_BEFORE, REFUSED, TAKEN, WATCH, Files, Volume,
                          bundle, changed, refused, rewrite, taken)
from lib.scraping import scrape

RULES = 'allow client "%s" key "sequencer" chain 10\n'
CLIENTS = ("sequencer.example", "batcher.example", "revoked.example")
COUNT = itertools.count()


@pytest.fixture(scope="module")
def site():
    """One of its own, whose clients are known before its lists are made."""
    made = daemon.Site()
    for name in CLIENTS:
        made.authority.client(name)
    yield made
    made.remove()


def own(site, crl=None):
    """Files of the server's."""
    return Files(site.path("files%d" % next(COUNT)), site.authority.ca,
                 site.authority.server(), crl)


def config(site, files, extra="", rules=None, keys=("sequencer",),
           watch=WATCH, tick=None, **named):
    """tick: one more set of files, that of a proxy which is not there."""
    text = site.config(
        rules="".join(RULES % each for each in CLIENTS) if rules is None
        else rules, keys=keys, log="{ level info rate 100 }",
        extra="\n".join((watch, extra)), proxies=[] if tick is None else
        [site.proxy("tick", 1, ca=tick.ca, pair=tick.pair)], **named)
    for old, new in ((site.authority.ca, files.ca),
                     (site.authority.server()[0], files.cert),
                     (site.authority.server()[1], files.key)):
        text = text.replace('"%s"' % old, '"%s"' % new, 1)
    if files.crl is not None and os.path.exists(files.crl):
        text += 'tls crl "%s"\n' % files.crl
    return text


def another(site):
    """A server's certificate and key that were not seen before."""
    name = "server-%d" % next(COUNT)
    return site.authority.issue(name, "localhost",
                                "DNS:localhost,IP:127.0.0.1")


def serial(signerd):
    with signerd.connect("sequencer.example") as connection:
        assert "result" in connection.rpc(eth.payload_v2()).json()
        return connection.sock.getpeercert()["serialNumber"]


def serial_of(pair):
    return httpclient.ssl._ssl._test_decode_cert(pair[0])["serialNumber"]


def serving(connection):
    try:
        return "result" in connection.rpc(eth.payload_v2()).json()
    except (Closed, OSError):
        return False


class Tick:
    """Files that change, all at once, when it is asked for, and are looked at
    with the others: when they are taken up those have been looked at twice."""

    def __init__(self, site):
        self.pairs = itertools.cycle(
            [site.authority.client(each)
             for each in ("signer.example", "signer2.example")])
        self._authority = site.authority.ca
        self._volume = Volume(site.path("tick%d" % next(COUNT)),
                              **self._next())
        self.ca = self._volume.path("ca.crt")
        self.pair = tuple(self._volume.path(each)
                          for each in ("tls.crt", "tls.key"))

    def _next(self):
        certificate, key = next(self.pairs)
        return {"ca_crt": self._authority, "tls_crt": certificate,
                "tls_key": key}

    def __call__(self, signerd, times=3):
        for _ in range(times):
            mark = signerd.mark()
            self._volume.swap(**self._next())
            taken(signerd, mark)


# ---- what is good -----------------------------------------------------------


@pytest.mark.parametrize("how", ("write", "replace"))
def test_certificate_is_renewed(site, how):
    """New connections see it, those that there are go on."""
    files, new = own(site), another(site)
    with daemon.Signerd(site, config(site, files)) as signerd, \
            signerd.connect("sequencer.example") as before:
        assert serving(before)
        mark = signerd.mark()
        getattr(files, how)(pair=new)
        record = taken(signerd, mark)
        assert (record["level"], record["files"]) == ("info", "2")
        assert changed(signerd, mark) == {files.cert, files.key}
        assert serial(signerd) == serial_of(new)
        assert serving(before)
        assert not signerd.logged(mark, msg="reloaded")


def test_kubernetes_volume(site):
    """All files of a mounted secret are exchanged by one rename."""
    first, second = another(site), another(site)
    ca = site.authority.ca
    volume = Volume(site.path("volume"), ca_crt=ca, tls_crt=first[0],
                    tls_key=first[1])
    files = own(site)
    files.ca, files.cert, files.key = (volume.path(each) for each in (
        "ca.crt", "tls.crt", "tls.key"))
    with daemon.Signerd(site, config(site, files)) as signerd:
        assert serial(signerd) == serial_of(first)
        for pair in (second, first, second):
            mark = signerd.mark()
            volume.swap(ca_crt=ca, tls_crt=pair[0], tls_key=pair[1])
            assert taken(signerd, mark)["files"] == "2"
            assert changed(signerd, mark) == {files.cert, files.key}
            assert serial(signerd) == serial_of(pair)
        assert not signerd.logged(msg=REFUSED)


def test_as_root_reads_what_is_roots(site):
    """In a directory that nobody else can enter."""
    files, new = own(site), another(site)
    text = config(site, files)
    with daemon.Signerd(site, text) as signerd:
        mark = signerd.mark()
        os.chmod(files.directory, 0o700)
        for each in new:
            os.chmod(each, 0o400)
        files.replace(pair=new)
        taken(signerd, mark)
        assert serial(signerd) == serial_of(new)


def test_relative_names(site):
    """They are looked for where the daemon was started."""
    files, new = own(site), another(site)
    here = os.getcwd()
    text = config(site, files).replace(files.directory,
                                       os.path.basename(files.directory))
    try:
        os.chdir(site.directory)
        started = daemon.Signerd(site, text)
    finally:
        os.chdir(here)
    with started as signerd:
        mark = signerd.mark()
        files.replace(pair=new)
        taken(signerd, mark)
        assert serial(signerd) == serial_of(new)


def test_nothing_else_is_taken_up(site):
    """Neither the text, nor keys; and keyd is not even asked."""
    files, tick = own(site), Tick(site)
    key = site.path("keys", "watched.pem")
    shutil.copy(site.key("sequencer"), key)
    text = config(site, files, keys=(), tick=tick,
                  extra='key "sequencer" file "%s"' % key)
    with daemon.Signerd(site, text) as signerd:
        before = signerd.rpc(eth.payload_v2(), CLIENTS[0]).result()
        change(signerd, "no configuration\n")
        shutil.copy(site.key("batcher"), key)
        mark = signerd.mark()
        signerd.signal("keyd", signal.SIGSTOP)
        try:
            files.replace(pair=another(site))
            taken(signerd, mark)
            tick(signerd)
        finally:
            signerd.signal("keyd", signal.SIGCONT)
        after = signerd.rpc(eth.payload_v2(), CLIENTS[0]).result()
        assert eth.payload_signer(eth.unhex(before)) == \
            eth.payload_signer(eth.unhex(after))
        for msg in ("reloaded", "reload failed", "reload error",
                    "key changed"):
            assert not signerd.logged(mark, msg=msg)
        # The number of what is in force has not moved.
        assert reload(signerd, text)["generation"] == "2"
        assert signerd.logged(mark, msg="key changed")


def test_touched_and_rewritten_files_are_the_same(site):
    files, tick = own(site), Tick(site)
    with daemon.Signerd(site, config(site, files,
                                     tick=tick)) as signerd:
        mark = signerd.mark()
        for each in (files.ca, files.cert, files.key):
            os.utime(each)
        tick(signerd, 1)
        files.write(site.authority.ca, site.authority.server())
        tick(signerd)
        assert not changed(signerd, mark) & {files.ca, files.cert, files.key}


def test_times_do_not_matter(site):
    """Another content with the time and the size of the old one."""
    files = own(site)
    pairs = [another(site) for _ in range(2)]
    with daemon.Signerd(site, config(site, files)) as signerd:
        for pair in pairs:
            st = os.stat(files.cert)
            mark = signerd.mark()
            for source, target in zip(pair, files.pair):
                rewrite(source, target + ".new")
                os.utime(target + ".new", ns=(st.st_atime_ns, st.st_mtime_ns))
            for target in files.pair:
                os.rename(target + ".new", target)
            signerd.wait_log(mark, msg="file changed", file=files.key)
            taken(signerd, mark)
            assert serial(signerd) == serial_of(pair)


def test_a_signal_takes_them_up_as_well(site):
    """What a reload has loaded is not another when it is looked at next."""
    files, tick = own(site), Tick(site)
    text = config(site, files, tick=tick)
    with daemon.Signerd(site, config(site, files, tick=tick,
                                     watch="watch interval off")) as signerd:
        new = another(site)
        files.replace(pair=new)
        mark = signerd.mark()
        reload(signerd, text)
        assert serial(signerd) == serial_of(new)
        tick(signerd)
        assert files.cert not in changed(signerd, mark)
        # And it is looked at, now that it is asked for.
        newer = another(site)
        files.replace(pair=newer)
        signerd.wait_log(mark, msg="file changed", file=files.cert)


# ---- what is bad ------------------------------------------------------------


def spoil(site, files, how):
    """Makes one of the files unfit, and says what is to be told of it."""
    cut = site.path("cut.pem")
    text = open(site.authority.server()[0]).read()
    if how == "unmatched":
        files.replace(pair=(another(site)[0], site.authority.server()[1]))
        return "does not belong to the certificate"
    if how == "cut":
        with open(cut, "w") as f:
            f.write(text[:len(text) // 2])
        files.replace(pair=(cut, site.authority.server()[1]))
        return "certificate"
    if how == "empty":
        open(files.key, "w").close()
        return "empty"
    if how == "gone":
        os.unlink(files.cert)
        return "No such file"
    if how == "mode":
        os.chmod(files.key, 0o644)
        return "holds a secret"
    if how == "directory":
        os.unlink(files.ca)
        os.mkdir(files.ca)
        return "not a regular file"
    if how == "large":
        with open(files.ca, "ab") as f:
            f.truncate(4 * 1024 * 1024 + 10)
        return "larger than 4 MiB"
    if how == "expired":
        files.replace(pair=site.authority.issue(
            "server-%d" % next(COUNT), "localhost",
            "DNS:localhost,IP:127.0.0.1",
            dates=("200101000000Z", "210101000000Z")))
        return "expired on 2021-01-01"
    assert how == "writable"
    os.chmod(files.ca, 0o666)
    return "writable by others"


def mend(site, files):
    if os.path.isdir(files.ca):
        os.rmdir(files.ca)
    files.replace(site.authority.ca, site.authority.server())
    os.chmod(files.ca, 0o644)
    os.chmod(files.key, 0o600)


@pytest.mark.parametrize("how", ("unmatched", "cut", "empty", "gone", "mode",
                                 "directory", "large", "writable",
                                 "expired"))
def test_what_is_unfit_is_told_once(site, how):
    """The last good ones serve meanwhile, and other files are taken up."""
    files, tick = own(site), Tick(site)
    text = config(site, files, tick=tick)
    with daemon.Signerd(site, text) as signerd, \
            signerd.connect("sequencer.example") as before:
        mark = signerd.mark()
        words = spoil(site, files, how)
        told = refused(signerd, mark)
        assert words in told
        assert told.startswith(signerd.path + ":")
        tick(signerd)
        assert serving(before)
        assert serial(signerd) == serial_of(site.authority.server())
        record, = signerd.logged(mark, msg=REFUSED)
        assert record["level"] == "warn"
        # Another state is told of anew; this one is as it was before.
        mend(site, files)
        signerd.wait_log(mark, msg=AS_BEFORE, file=files.cert)
        new = another(site)
        mark = signerd.mark()
        files.replace(pair=new)
        signerd.wait_log(mark, msg="file changed", file=files.cert)
        assert serial(signerd) == serial_of(new)


def test_a_pair_is_taken_up_when_it_is_whole(site):
    """First the certificate, and long after it the key."""
    files, tick, new = own(site), Tick(site), another(site)
    with daemon.Signerd(site, config(
            site, files, tick=tick,
            extra="metrics on 127.0.0.1 port 0")) as signerd:
        port = signerd.metrics[0]
        for pair in (new, another(site)):
            mark = signerd.mark()
            rewrite(pair[0], files.cert)
            assert "does not belong" in refused(signerd, mark)
            tick(signerd)
            assert serial(signerd) != serial_of(pair)
            assert len(signerd.logged(mark, msg=REFUSED)) == 1
            assert scrape(port)("signerd_files_unfit") == 1
            before = scrape(port)("signerd_files_reloaded_total")
            rewrite(pair[1], files.key)
            signerd.wait_log(mark, msg="file changed", file=files.key)
            assert serial(signerd) == serial_of(pair)
            found = scrape(port)
            assert found("signerd_files_unfit") == 0
            assert found("signerd_files_reloaded_total") == before + 2


def test_two_states_are_told_of(site):
    """One after the other, each in a line of its own; and the first again."""
    files, tick = own(site), Tick(site)
    with daemon.Signerd(site, config(site, files,
                                     tick=tick)) as signerd:
        mark = signerd.mark()
        for n, text in enumerate(("one\n", "two\n", "one\n")):
            with open(files.ca + ".new", "w") as f:
                f.write(text)
            os.rename(files.ca + ".new", files.ca)
            assert "no certificate" in refused(signerd, mark, n + 1)
            tick(signerd, 1)
        assert len(signerd.logged(mark, msg=REFUSED)) == 3


# ---- whom it trusts ---------------------------------------------------------


def test_revoked_clients_are_closed(site):
    """Exactly those, idle or not."""
    authority = site.authority
    crl = site.path("empty.crl")
    shutil.copy(authority.crl(), crl)
    files = own(site, crl)
    with daemon.Signerd(site, config(site, files)) as signerd:
        good = [signerd.connect(name) for name in CLIENTS[:2] * 4]
        bad = [signerd.connect("revoked.example") for _ in range(8)]
        nobody = signerd.connect(None)
        for each in good + bad:
            assert serving(each)
        mark = signerd.mark()
        authority.revoke("revoked.example")
        with Load(signerd, 2, "sequencer.example"):
            files.replace(crl=authority.crl())
            taken(signerd, mark)
            assert not serving(bad[0])
            for each in bad[1:]:
                assert each.wait_close()[0] == b""
        for each in good:
            assert serving(each)
        assert nobody.exchange("GET", "/healthz").status == 200
        told = signerd.logged(mark, msg="certificate not trusted any more")
        assert len(told) == len(bad)
        assert {each["client"] for each in told} == {"revoked.example"}
        for each in good + bad + [nobody]:
            each.close()


def test_authority_is_replaced(site):
    """First both, then the new one alone."""
    newer = certs.Authority(site.path("newer"), "newer authority")
    files = own(site)
    both = bundle(site.path("both.crt"), site.authority.ca, newer.ca)
    tls = httpclient.context(site.authority.ca,
                             newer.client("sequencer.example"))
    with daemon.Signerd(site, config(site, files)) as signerd:
        old = [signerd.connect("sequencer.example") for _ in range(3)]
        assert all(serving(each) for each in old)
        mark = signerd.mark()
        files.replace(ca=both)
        taken(signerd, mark)
        new = [Connection(signerd.port, tls) for _ in range(3)]
        assert all(serving(each) for each in old + new)
        with Load(signerd, connect=lambda: Connection(signerd.port, tls)):
            mark = signerd.mark()
            files.replace(ca=newer.ca)
            taken(signerd, mark)
            for each in old:
                assert each.wait_close()[0] == b""
        assert all(serving(each) for each in new)
        for each in old + new:
            each.close()


def test_a_request_of_who_is_not_trusted_gets_no_answer(site):
    """It is under way when the list changes; others get theirs."""
    authority = site.authority
    authority.client("late.example")
    crl = site.path("before.crl")
    shutil.copy(authority.crl(), crl)
    files = own(site, crl)
    rules = "".join(RULES % each for each in CLIENTS + ("late.example",))
    text = config(site, files, rules=rules,
                  extra="timeout { request 50 s keyd 50 s }")
    with daemon.Signerd(site, text) as signerd, \
            signerd.connect("late.example") as bad, \
            signerd.connect("sequencer.example") as good:
        assert serving(bad) and serving(good)
        mark = signerd.mark()
        signerd.signal("keyd", signal.SIGSTOP)
        try:
            for each in (bad, good):
                each.send(httpclient.request(body=eth.encode(
                    eth.payload_v2(7))))
            authority.revoke("late.example")
            files.replace(crl=authority.crl())
            taken(signerd, mark)
            assert bad.wait_close()[0] == b""
        finally:
            signerd.signal("keyd", signal.SIGCONT)
        assert good.read_response().json()["id"] == 7


# ---- under load -------------------------------------------------------------


def test_no_request_fails_while_files_change(site):
    """Whether they are good or not, and with reloads in between."""
    files, tick = own(site), Tick(site)
    pairs = [another(site) for _ in range(3)]
    text = config(site, files, tick=tick)
    with daemon.Signerd(site, text) as signerd, \
            Load(signerd, 4, "sequencer.example") as load:
        for pair in pairs * 2:
            mark = signerd.mark()
            rewrite(pair[0], files.cert)
            refused(signerd, mark)
            load.settle()
            rewrite(pair[1], files.key)
            taken(signerd, mark)
            load.settle()
            assert serial(signerd) == serial_of(pair)
            reload(signerd)
            tick(signerd, 1)
            load.settle()
    assert not signerd.logged(msg="unavailable")
