# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""SIGHUP: proxyd takes up a changed configuration, all of it or nothing."""

import contextlib
import itertools
import signal
import socket
import threading

import pytest

from lib import daemon, eth, httpclient, procfs, reloading, signers
from lib.daemon import ROOT
from lib.linked import ADDRESS
from lib.relays import (CLIENT, DR, HQ, MESSAGE, NOBODY, OTHER, Asking, ask,
                        ask_error, certname, check_unavailable, config,
                        fake_signer, key_of)

BOTH = ('allow client "%s" chain 10\nallow client "%s" chain 10'
        % (CLIENT, OTHER))
SIGNED = eth.payload_v2(sender=ADDRESS["sequencer"])


def reload(proxyd, text, msg="reloaded"):
    """The record of its end."""
    with open(proxyd.path, "w") as f:
        f.write(text)
    return again(proxyd, msg)


def again(proxyd, msg="reloaded"):
    mark = proxyd.mark()
    proxyd.process.send_signal(signal.SIGHUP)
    return proxyd.wait_log(mark, msg=msg)


def errors(proxyd, mark):
    return [each["error"] for each in proxyd.logged(mark,
                                                    msg="reload error")]


@contextlib.contextmanager
def running(site, text=None, fake=("hq",), **named):
    with contextlib.ExitStack() as stack:
        proxyd = stack.enter_context(daemon.Proxyd(
            site, text or config(site)))
        yield (proxyd, *[stack.enter_context(fake_signer(
            site, proxyd, label, **named)) for label in fake])


def ended(signer):
    end = signer.wait_end()
    return end.code, end.reason


def bundle(site, *authorities):
    """A file with the certificates of several authorities."""
    name = site.path("bundle%d.crt" % next(COUNT))
    rewrite(name, *authorities)
    return name


def rewrite(name, *authorities):
    with open(name, "w") as out:
        for each in authorities:
            with open(each.ca) as f:
                out.write(f.read())


COUNT = itertools.count()


def with_ca(site, text, ca):
    before = 'tls ca "%s"' % site.authority.ca
    assert before in text
    return text.replace(before, 'tls ca "%s"' % ca)


# ---- rules and signers -----------------------------------------------------


def test_rules(site):
    with running(site) as (proxyd, signer):
        assert ask_error(proxyd, SIGNED, OTHER) == (
            NOBODY[0], NOBODY[1] % OTHER)
        record = reload(proxyd, config(site, rules=BOTH))
        assert (record["generation"], record["rules"]) == ("2", "2")
        assert ask(proxyd, SIGNED, OTHER) == "sequencer"
        assert reload(proxyd, config(site))["generation"] == "3"
        assert ask_error(proxyd, SIGNED, OTHER) == (
            NOBODY[0], NOBODY[1] % OTHER)
        assert ask(proxyd) == "sequencer"
        assert not signer.ended


def test_what_is_under_way_is_answered(site):
    """By the rules that decided on it, though there are others now."""
    only = 'allow client "%s" chain 10' % OTHER
    with running(site, answer=signers.hold) as (proxyd, signer):
        asking = Asking(proxyd)
        signer.wait(lambda: signer.held, "the request")
        reload(proxyd, config(site, rules=only))
        signer.release()
        assert asking.key() == "sequencer"
        assert ask_error(proxyd, SIGNED, CLIENT) == (
            NOBODY[0], NOBODY[1] % CLIENT)


def test_what_is_under_way_goes_to_the_next(site):
    """The next signer of the rules that decided on it."""
    with running(site, config(site, ("hq", "dr")), ("hq", "dr"),
                 answer=signers.hold) as (proxyd, first, second):
        asking = Asking(proxyd)
        first.wait(lambda: first.held, "the request")
        reload(proxyd, config(site, ("dr",)))
        assert ended(first) == (
            1008, "the proxy's configuration has this signer no more")
        second.wait(lambda: second.held, "the request")
        second.release()
        assert asking.key() == "sequencer"


def test_signer_added(site):
    with running(site) as (proxyd, _):
        with fake_signer(site, proxyd, "dr") as early:
            assert early.refusal[0] == -32001
        reload(proxyd, config(site, ("hq", "dr")))
        proxyd.wait_log(msg="signer added", signer="dr", name=DR)
        with fake_signer(site, proxyd, "dr") as late:
            assert late.refusal is None


def test_signer_removed(site):
    with running(site, config(site, ("hq", "dr")), ("hq", "dr")) \
            as (proxyd, first, second):
        reload(proxyd, config(site, ("dr",)))
        proxyd.wait_log(msg="signer removed", signer="hq", name=HQ)
        assert ended(first) == (
            1008, "the proxy's configuration has this signer no more")
        assert ask(proxyd) == "sequencer"
        assert not second.ended


def test_signer_changed_that_holds_enough(site):
    """Its link stays, and is asked by the new words."""
    keys = ("sequencer", "batcher")
    batcher = eth.payload_v2(sender=ADDRESS["batcher"])
    with running(site, keys=keys) as (proxyd, signer):
        assert ask_error(proxyd, batcher)[0] == -32000
        reload(proxyd, config(site, keys=keys))
        assert ask(proxyd, batcher) == "batcher"
        assert ask(proxyd) == "sequencer"
        assert not signer.ended
        # In the order of the file, where a request names no address.
        assert ask(proxyd, eth.payload_v2()) == "sequencer"
        reload(proxyd, config(site, keys=keys[::-1]))
        assert ask(proxyd, eth.payload_v2()) == "batcher"


def test_signer_changed_that_lacks_something(site):
    with running(site) as (proxyd, signer):
        reload(proxyd, config(site, keys=("sequencer", "batcher")))
        code, reason = ended(signer)
        assert code == 1008 and "does not have all that it says" in reason
        check_unavailable(Asking(proxyd).response())


# ---- trust -----------------------------------------------------------------


def trusted(proxyd, context):
    """Asks on a connection of its own; whether it was let in."""
    try:
        with httpclient.Connection(proxyd.port, context) as connection:
            return key_of(MESSAGE, connection.rpc(MESSAGE)) == "sequencer"
    except (OSError, httpclient.Closed):
        return False


def test_authority_exchanged(site):
    """Those of the old one are shut out, and no others."""
    foreign = site.foreign
    ca = bundle(site, site.authority, foreign)
    theirs = signers.tls_of(foreign, CLIENT, site.authority.ca)
    with running(site, with_ca(site, config(site, ("hq", "dr")), ca)) \
            as (proxyd, old), \
            fake_signer(site, proxyd, "dr", tls=signers.tls_of(
                foreign, DR, site.authority.ca)) as new, \
            proxyd.connect(CLIENT) as ours, \
            httpclient.Connection(proxyd.port, theirs) as other:
        for each in (ours, other):
            assert key_of(MESSAGE, each.rpc(MESSAGE)) == "sequencer"
        rewrite(ca, foreign)
        again(proxyd)
        code, reason = ended(old)
        assert code == 1008 and "not trusted any more" in reason
        assert ours.wait_close()[0] == b""
        assert key_of(MESSAGE, other.rpc(MESSAGE)) == "sequencer"
        assert not new.ended
        assert not trusted(proxyd, site.tls(CLIENT))
        assert trusted(proxyd, theirs)


def test_revoked(tmp_path):
    """A certificate in the CRL is shut out, with the signer that has it."""
    own = daemon.Site(keys=("sequencer",), directory=str(tmp_path))
    crl = own.authority.crl()
    for name in (CLIENT, OTHER, HQ, DR):
        own.authority.client(name)
    text = config(own, ("hq", "dr"), rules=BOTH, crl=crl)
    with running(own, text, ("hq", "dr")) as (proxyd, first, second), \
            proxyd.connect(CLIENT) as good, proxyd.connect(OTHER) as bad:
        for each in (good, bad):
            assert key_of(MESSAGE, each.rpc(MESSAGE)) == "sequencer"
        own.authority.revoke(OTHER)
        own.authority.revoke(HQ)
        own.authority.crl()
        again(proxyd)
        code, reason = ended(first)
        assert code == 1008 and "not trusted any more" in reason
        with pytest.raises((OSError, httpclient.Closed)):
            bad.rpc(MESSAGE)
        assert key_of(MESSAGE, good.rpc(MESSAGE)) == "sequencer"
        assert not second.ended
        assert not trusted(proxyd, own.tls(OTHER))


# ---- listeners and limits --------------------------------------------------


def test_listeners(site):
    """One more, and one less; connections of that one go on."""
    text = config(site)
    more = text.replace("signers on", "listen on ::1 port 0\nsigners on", 1)
    with running(site, text) as (proxyd, _), proxyd.connect() as before:
        reload(proxyd, more)
        second = proxyd.listening()[-1]
        assert second != proxyd.port
        with httpclient.Connection(second, site.tls(CLIENT),
                                   host="::1") as connection, \
                proxyd.connect() as after:
            reload(proxyd, text)
            proxyd.wait_log(msg="not listening any more", port=str(second))
            for each in (before, connection, after):
                assert key_of(MESSAGE, each.rpc(MESSAGE)) == "sequencer"
        with pytest.raises(OSError):
            httpclient.Connection(second, site.tls(CLIENT), host="::1")
        assert trusted(proxyd, site.tls(CLIENT))


def test_limits(site):
    with running(site) as (proxyd, _), proxyd.connect() as connection:
        batch = [eth.call("health_status", [], n) for n in range(6)]
        assert len(connection.rpc(batch).json()) == 6
        reload(proxyd, config(site, extra="max batch 5\n"
                              "log { level debug }").replace(
                                  "log { level info }\n", ""))
        assert len(connection.rpc(batch).json()) == 1
        mark = proxyd.mark()
        with fake_signer(site, proxyd):
            proxyd.wait_log(mark, level="debug", process="relay")


# ---- what is wrong ---------------------------------------------------------


def broken(site):
    text = config(site)
    yield "syntax", text + "alow\n", ':%d: unknown statement "alow"' % (
        text.count("\n") + 1)
    yield "file", text.replace("ca.crt", "none.crt"), "none.crt"
    yield "key", text.replace("proxy.example.key", "server.key"), "key"
    yield "limit", text + "max links 1\nmax connections 16384\n", (
        ":%d: max connections 16384 and max links 1 need 16" %
        (text.count("\n") + 2))


@pytest.mark.parametrize("which", ("syntax", "file", "key", "limit"))
def test_broken(site, which):
    """Nothing of it is taken up, and the log says why, with the line."""
    site.authority.server()
    text, says = {name: each for name, *each in broken(site)}[which]
    with reloading.few_files(), running(site) as (proxyd, signer), proxyd.connect() as connection:
        mark = proxyd.mark()
        record = reload(proxyd, text.replace(
            'allow client "%s"' % CLIENT, 'allow client "x.example"'),
            "reload failed")
        assert record["level"] == "error" and record["generation"] == "1"
        told = errors(proxyd, mark)
        assert told and any(says in each for each in told), told
        assert all(each.startswith(proxyd.path) for each in told)
        assert key_of(MESSAGE, connection.rpc(MESSAGE)) == "sequencer"
        assert not signer.ended
        # And the next one that is good is taken up.
        assert reload(proxyd, config(site))["generation"] == "2"


def test_user_needs_a_restart(site):
    """Where it has an effect; it is told as signerd tells it."""
    lines = [each for each in config(site).splitlines()
             if not each.startswith(("user", "chroot"))]
    text = "\n".join(lines + ['user "someone"', 'chroot "/elsewhere"', ""])
    with running(site) as (proxyd, _):
        mark = proxyd.mark()
        if not ROOT:
            assert reload(proxyd, text)["generation"] == "2"
            return
        reload(proxyd, text, "reload failed")
        at = len(lines)
        assert errors(proxyd, mark) == [
            '%s:%d: user "someone" in the place of "%s" needs a restart' % (
                proxyd.path, at + 1, daemon.USER),
            '%s:%d: chroot "/elsewhere" in the place of "%s" needs a '
            'restart' % (proxyd.path, at + 2, site.root)]


def moved(site, proxyd, listen, signers_on):
    return config(site, listen="%s port %d" % listen,
                  signers_on="%s port %d" % signers_on)


def test_port_that_the_kernel_chose(site):
    """In the file in the place of 0 it is the same socket."""
    here = "127.0.0.1"
    with running(site) as (proxyd, signer):
        mark = proxyd.mark()
        reload(proxyd, moved(site, proxyd, (here, proxyd.port),
                             (here, proxyd.signer_port)))
        assert not proxyd.logged(mark, msg="listening")
        assert ask(proxyd) == "sequencer" and not signer.ended


def test_ports_that_are_our_own(site):
    """It is not another process that has them."""
    here, text = "127.0.0.1", "in use by the \"%s on 127.0.0.1\" that it is " \
        "to replace: needs a restart"
    with running(site) as (proxyd, _):
        for listen, signers_on, expected in (
                ((here, proxyd.signer_port), (here, proxyd.port),
                 ["signers", "listen"]),
                (("0.0.0.0", proxyd.port), (here, 0), ["listen"])):
            mark = proxyd.mark()
            reload(proxyd, moved(site, proxyd, listen, signers_on),
                   "reload failed")
            told = errors(proxyd, mark)
            assert len(told) == len(expected), told
            for error, statement in zip(told, expected):
                assert error.endswith(text % statement), told
        assert ask(proxyd) == "sequencer"


def test_occupied_port(site):
    with running(site) as (proxyd, _), socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        mark = proxyd.mark()
        text = config(site).replace(
            "signers on", "listen on 127.0.0.1 port %d\nsigners on" %
            other.getsockname()[1], 1)
        reload(proxyd, text, "reload failed")
        assert [each.rsplit(": ", 1)[1] for each in errors(proxyd, mark)] == [
            "in use by another process"]
        assert ask(proxyd) == "sequencer"


# ---- what is told ----------------------------------------------------------


def test_who_asks_for_less_is_told(site):
    """The record of the reload after which there is none."""
    with running(site) as (proxyd, _):
        for level, generation in (("warn", "2"), ("debug", "3")):
            record = reload(proxyd, config(site, log="{ level %s }" % level))
            assert record["generation"] == generation
        assert (record["signers"], record["rules"],
                record["listeners"]) == ("1", "1", "2")


def test_signer_that_is_other_than_before(site):
    with running(site) as (proxyd, _):
        for text in (config(site, more="chain { 10 11 }"),
                     config(site, keys=("batcher",)),
                     config(site).replace(HQ, DR)):
            mark = proxyd.mark()
            reload(proxyd, text)
            changed, = proxyd.logged(mark, msg="signer changed")
            assert changed["signer"] == "hq"
            mark = proxyd.mark()
            reload(proxyd, text)
            for what in ("added", "removed", "changed"):
                assert not proxyd.logged(mark, msg="signer " + what)
        assert changed["name"] == DR


def test_what_is_odd_is_a_warning(site):
    with running(site) as (proxyd, _):
        server, soon = site.authority.proxy(), reloading.ends_soon(site)
        told, = reloading.warnings(proxyd, config(site).replace(
            server[0], soon[0]).replace(server[1], soon[1]))
        assert told.startswith(proxyd.path + ":4: warning: %s: expires on" %
                               soon[0])


def test_time_to_stop(site):
    """A relay that hangs has the time of the requests that there are now."""
    with daemon.Proxyd(site, config(site, extra="timeout request 1 min")) \
            as proxyd:
        reload(proxyd, config(site, extra="timeout request 10 ms\n"
                              "timeout attempt 10 ms"))
        proxyd.signal("relay", signal.SIGSTOP)
        proxyd.process.send_signal(signal.SIGTERM)
        proxyd.wait_log(msg="child does not stop: killed")
        assert proxyd.wait() == 1


# ---- many ------------------------------------------------------------------


def test_under_load(site):
    """Not one request fails, whatever is taken up or refused."""
    texts = [config(site, ("hq", "dr"), rules=BOTH), "nonsense\n",
             config(site, ("dr", "hq"), keys=("sequencer", "batcher")),
             config(site, ("hq",), extra="max waiting 3")]
    keys = ("sequencer", "batcher")
    faults, count, stop = [], [0], threading.Event()

    def client(name):
        try:
            with proxyd.connect(name) as connection:
                while not stop.is_set():
                    assert key_of(MESSAGE, connection.rpc(MESSAGE)) == \
                        "sequencer"
                    count[0] += 1
        except BaseException as e:
            faults.append(repr(e))

    with running(site, keys=keys) as (proxyd, _):
        threads = [threading.Thread(target=client, args=(CLIENT,))
                   for _ in range(4)]
        for each in threads:
            each.start()
        for number in range(40):
            text = texts[number % len(texts)]
            reload(proxyd, text, "reloaded" if text.startswith("listen")
                   else "reload failed")
        stop.set()
        for each in threads:
            each.join()
    assert not faults
    assert count[0] > 40


def test_two_at_once(site):
    """What is asked for during a reload is one more afterwards."""
    with running(site) as (proxyd, _):
        mark = proxyd.mark()
        proxyd.process.send_signal(signal.SIGSTOP)
        for _ in range(5):
            proxyd.process.send_signal(signal.SIGHUP)
        proxyd.process.send_signal(signal.SIGCONT)
        proxyd.wait_log(mark, msg="reloaded")
        assert ask(proxyd) == "sequencer"


def test_stop_during_a_reload(site):
    with running(site, fake=()) as (proxyd,):
        proxyd.process.send_signal(signal.SIGSTOP)
        proxyd.process.send_signal(signal.SIGHUP)
        proxyd.process.send_signal(signal.SIGTERM)
        proxyd.process.send_signal(signal.SIGCONT)
        assert proxyd.wait() == 0


@pytest.mark.skipif(not daemon.ROOT, reason="a user may not see the "
                    "descriptors of an undumpable process")
def test_nothing_is_left_of_a_hundred(site):
    texts = [config(site, ("hq", "dr"), rules=BOTH), config(site)]

    def used(pid):
        return (len(procfs.descriptors(pid)),
                int(procfs.status(pid)["RssAnon"].split()[0]))

    with running(site) as (proxyd, _):
        pids = [proxyd.pid, proxyd.children["relay"]]
        for text in texts * 10:
            reload(proxyd, text)
        before = [used(pid) for pid in pids]
        for text in texts * 50:
            reload(proxyd, text)
        assert ask(proxyd) == "sequencer"
        for (files, size), (now_files, now_size) in zip(
                before, [used(pid) for pid in pids]):
            assert now_files <= files
            assert now_size <= size + 300 or daemon.SANITIZE, (size, now_size)


def test_what_waits_is_answered_though_the_signer_has_more_words(site):
    """One call of the client is at the signer, the other one waits for its
    turn: both are for the signer as it was."""
    text = config(site, extra="max waiting 1")
    with running(site, text, answer=signers.hold) as (proxyd, signer):
        first = Asking(proxyd)
        signer.wait(lambda: signer.held, "the request")
        second = Asking(proxyd)
        assert ask_error(proxyd, SIGNED, OTHER) == (
            NOBODY[0], NOBODY[1] % OTHER)
        reload(proxyd, config(site, more="chain { 10 8453 }",
                              extra="max waiting 1"))
        signer.release()
        assert first.key() == "sequencer"
        signer.wait(lambda: signer.held, "the other request")
        signer.release()
        assert second.key() == "sequencer"


def test_goes_to_the_next_that_has_more_words(site):
    """The link of the first one is closed, the second one goes on by other
    words: whatever the order in which they are looked at."""
    for gone, stays in (("hq", "dr"), ("dr", "hq")):
        with running(site, config(site, ("hq", "dr")), (gone,),
                     answer=signers.hold) as (proxyd, first):
            asking = Asking(proxyd)
            first.wait(lambda: first.held, "the request")
            with fake_signer(site, proxyd, stays,
                             answer=signers.hold) as second:
                reload(proxyd, config(site, (stays,),
                                      more="chain { 10 8453 }"))
                second.wait(lambda: second.held, "the request")
                second.release()
                assert asking.key() == "sequencer"
