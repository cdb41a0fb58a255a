# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Which signers may register, and who is told why not."""

import contextlib
import ssl

import pytest

from lib import daemon, rpclink, signers, wsconn
from lib.linked import ADDRESS
from lib.relays import (CLIENT, HQ, MESSAGE, SLACK, Asking, ask, config,
                        dialing, fake_signer, relayed)
from lib.signers import FakeSigner, described

REFUSED = -32001
BATCHER = ADDRESS["batcher"]


@pytest.fixture(scope="module")
def proxyd(site):
    """Its hq must hold two keys, for payloads and transactions of two
    chains."""
    rules = 'allow client "%s" chain { 10 20 }' % CLIENT
    with daemon.Proxyd(site, config(
            site, ("hq", "dr"), keys=("sequencer", "batcher"),
            more="chain { 10 20 } method { block-payload transaction }",
            rules=rules)) as started:
        yield started


def listed(change=lambda keys: None):
    """What a signer of both keys says of them, changed."""
    keys = [described(signers.ethkey.Key.recorded(name),
                      ("transaction", "block-payload"), (10, 20))
            for name in ("sequencer", "batcher")]
    change(keys)
    return keys


def lacking(name, member, values):
    def change(keys):
        keys[name][member] = values
    return change


def check_refused(proxyd, signer, mark, *words):
    """The signer hears why, and so does the proxy's operator."""
    code, reason = signer.refusal
    assert code == REFUSED
    for word in words:
        assert word in reason, reason
    ended = signer.wait_end()
    assert ended.code == 1008
    assert ended.reason and reason.startswith(ended.reason[:60])
    record = proxyd.wait_log(mark, msg="signer refused")
    assert record["level"] == "error"
    assert record["reason"] == reason
    assert record["name"] == signer.name
    assert record["peer"].startswith("127.0.0.1:")


LACKS = (
    (lambda keys: keys.pop(), (BATCHER,)),
    (lambda keys: keys.clear(), (ADDRESS["sequencer"],)),
    (lacking(1, "address", ADDRESS["multi10"]), (BATCHER,)),
    (lacking(1, "methods", ["transaction"]), (BATCHER, "block-payload")),
    (lacking(1, "methods", ["block-payload"]), (BATCHER, "transaction")),
    (lacking(1, "methods", []), (BATCHER,)),
    (lacking(1, "methods", ["sing-along"]), (BATCHER,)),
    (lacking(0, "chains", ["0xa"]), (ADDRESS["sequencer"], "20")),
    (lacking(0, "chains", ["0xb", "0x14"]), (ADDRESS["sequencer"], "10")),
)


@pytest.mark.parametrize("change,words", LACKS)
def test_lacks_what_the_file_says(site, proxyd, change, words):
    mark = proxyd.mark()
    with fake_signer(site, proxyd, listed=listed(change)) as signer:
        check_refused(proxyd, signer, mark, "'hq'", HQ, *words)
    Asking(proxyd).check_unavailable()


def test_has_all_and_more(site, proxyd):
    def change(keys):
        keys[0].pop("chains")
        keys[1].pop("methods")
        keys.append(dict(keys[1], address=ADDRESS["multi10"], more=[{}]))
    mark = proxyd.mark()
    with fake_signer(site, proxyd, listed=listed(change), more={
            "version": 7, "extra": {"a": [1]}}) as signer:
        result = signer.registration["result"]
        assert result["version"] == 1
        assert result["software"].startswith("proxyd/")
        assert sorted(result["features"]) == ["client", "deadline"]
        record = proxyd.wait_log(mark, msg="signer registered")
        assert record["signer"] == "hq" and record["name"] == HQ
        assert record["software"] == signers.SOFTWARE
        assert ask(proxyd) == "sequencer"


@pytest.mark.parametrize("name", ("stranger.example", "SIGNER.example",
                                  "hq", "signer.example.org"))
@pytest.mark.parametrize("kind", ("v1", "2025"))
def test_name_that_the_file_does_not_have(site, proxyd, name, kind):
    mark = proxyd.mark()
    with FakeSigner(site, proxyd.signer_port, name=name, kind=kind,
                    keys=("sequencer", "batcher")) as signer:
        check_refused(proxyd, signer, mark, "'%s'" % name)


def test_one_that_shrinks_is_not_kept(site, proxyd):
    mark = proxyd.mark()
    with fake_signer(site, proxyd, listed=listed()) as signer:
        assert ask(proxyd) == "sequencer"
        signer.object["keys"].pop()
        signer.register()
        check_refused(proxyd, signer, mark, BATCHER)
        Asking(proxyd).check_unavailable()


def test_others_are_not_concerned(site, proxyd):
    with fake_signer(site, proxyd, "dr", listed=listed()) as dr:
        for change, _ in LACKS[:3]:
            with fake_signer(site, proxyd, listed=listed(change)):
                assert ask(proxyd) == "sequencer"
        assert len(dr.requests) == 3


def test_signer_of_2025(site, proxyd):
    """Has nothing to say: the file's word counts."""
    mark = proxyd.mark()
    with fake_signer(site, proxyd, kind="2025") as signer:
        assert signer.registration["result"] is True
        record = proxyd.wait_log(mark, msg="signer registered")
        assert record["protocol"] == "2025"
        assert ask(proxyd) == "sequencer"
        # As the Go one does each minute.
        assert signer.register()["result"] is True


# ---- the same with a real signer -------------------------------------------


def signerd_is_told(proxyd, signerd, *words):
    record = signerd.wait_log(msg="link down", link="edge", level="error")
    assert "-32001" in record["reason"], record
    refused = proxyd.wait_log(msg="signer refused")
    assert refused["reason"][:100] in record["reason"]
    for word in words:
        assert word in record["reason"], record


VIA = 'allow via "edge" client "%s" key "sequencer" %%s' % CLIENT


@pytest.mark.parametrize("label,rules,words", (
    ("other", VIA % "chain 10", ("'other.example'",)),
    ("hq", 'allow via "edge" client "%s" key "batcher" chain 10' % CLIENT,
     (ADDRESS["sequencer"],)),
    ("hq", VIA % "chain 10 method transaction", ("block-payload",)),
    ("hq", VIA % "chain 8453", ("10",))))
def test_signerd_is_refused(site, label, rules, words):
    with daemon.Proxyd(site, config(
            site, more="chain 10 method block-payload")) as proxyd:
        with daemon.Signerd(site, dialing(
                site, proxyd.signer_port, label, rules=rules,
                keys=("sequencer", "batcher"))) as signerd:
            signerd_is_told(proxyd, signerd, *words)
            Asking(proxyd).check_unavailable()


def test_signerd_of_another_authority(site):
    pair = site.foreign.client(HQ)
    with daemon.Proxyd(site, config(site)) as proxyd:
        with daemon.Signerd(site, dialing(
                site, proxyd.signer_port, pair=pair)) as signerd:
            record = signerd.wait_log(msg="link down", link="edge")
            assert "unknown ca" in record["reason"].lower() or \
                "tls" in record["reason"].lower(), record
            assert "127.0.0.1" in str(proxyd.wait_log(
                **{"msg": "handshake failed", "for": "signers"}))
            assert not proxyd.logged(msg="signer registered")


def test_signerd_whose_certificate_was_revoked(site):
    pair = site.authority.issue("revoked-signer", HQ, "DNS:" + HQ)
    site.authority.revoke("revoked-signer")
    with daemon.Proxyd(site, config(
            site, crl=site.authority.crl("relay.crl"))) as proxyd:
        with daemon.Signerd(site, dialing(
                site, proxyd.signer_port, pair=pair)) as signerd:
            record = signerd.wait_log(msg="link down", link="edge")
            assert "revoked" in record["reason"].lower(), record
            assert "revoked" in str(proxyd.wait_log(
                msg="handshake failed"))
        with fake_signer(site, proxyd) as signer:
            assert signer.refusal is None


def test_foreign_signer_gets_no_websocket(site, proxyd):
    tls = signers.tls_of(site.foreign, HQ, site.authority.ca)
    with pytest.raises((ssl.SSLError, OSError, wsconn.Ended)):
        fake_signer(site, proxyd, tls=tls)


# ---- two of the same -------------------------------------------------------


def test_the_newer_serves(site):
    with relayed(site) as (proxyd, older):
        assert ask(proxyd) == "sequencer"
        with fake_signer(site, proxyd) as newer:
            ended = older.wait_end()
            assert ended.code == 4001, ended
            assert "newer" in ended.reason
            assert proxyd.wait_log(msg="signer registered anew")["signer"] \
                == "hq"
            for _ in range(3):
                assert ask(proxyd) == "sequencer"
            assert (len(older.requests), len(newer.requests)) == (1, 3)
        proxyd.wait_log(msg="signer lost")
        Asking(proxyd).check_unavailable()


def test_what_the_older_has_is_answered_by_the_newer(site):
    with relayed(site, {"hq": signers.hold}) as (proxyd, older):
        asked = [Asking(proxyd) for _ in range(5)]
        older.wait_requests(5)
        with fake_signer(site, proxyd) as newer:
            for each in asked:
                assert each.key() == "sequencer"
                assert each.took < SLACK
            assert len(newer.requests) == 5


def test_the_older_cannot_answer_any_more(site):
    """Its link is closed; what it still says is not taken."""
    with relayed(site, {"hq": signers.hold}) as (proxyd, older):
        asked = Asking(proxyd)
        request = older.wait_requests()
        older.endpoint.said_close = True        # stays, for its answer
        with fake_signer(site, proxyd, answer=signers.hold) as newer:
            newer.wait_requests()
            with contextlib.suppress(wsconn.Ended):
                older.send(rpclink.result(request["id"], "0x" + "11" * 65))
            newer.release()
            assert asked.key() == "sequencer"


def test_signer_that_registers_anew_stays(site):
    with relayed(site) as (proxyd, signer):
        for _ in range(10):
            assert signer.register()["result"]["version"] == 1
        assert ask(proxyd) == "sequencer"
        # It comes after all that the registrations had to say.
        proxyd.wait_log(msg="relayed")
        assert not proxyd.logged(msg="signer registered anew")
        assert len(proxyd.logged(msg="signer registered")) == 1


def test_features_are_settled_once(site):
    """At the first registration of a link, whatever the next ones say."""
    with relayed(site) as (proxyd, signer):
        signer.object["features"] = []
        signer.register()
        assert ask(proxyd) == "sequencer"
        assert len(signer.requests[0]["params"]) == 2
    with relayed(site, fake={"features": ()}) as (proxyd, signer):
        signer.object["features"] = ["client", "deadline"]
        signer.register()
        assert ask(proxyd) == "sequencer"
        assert len(signer.requests[0]["params"]) == 1


# ---- when and how often ----------------------------------------------------


def test_it_has_to_register_in_time(site):
    with daemon.Proxyd(site, config(
            site, extra="timeout register 3 s")) as proxyd:
        with fake_signer(site, proxyd) as good:
            with fake_signer(site, proxyd, "dr", register=False) as signer:
                assert signer.wait_end().code == 1008
                record = proxyd.wait_log(msg="signer refused")
                assert "in time" in record["reason"]
                assert record["name"] == "signer2.example"
            assert ask(proxyd) == "sequencer" and good.ended is None


def test_a_refused_message_is_no_registration(site):
    with daemon.Proxyd(site, config(
            site, extra="timeout register 3 s")) as proxyd:
        with fake_signer(site, proxyd, register=False) as signer:
            assert signer.call({"jsonrpc": "2.0", "method":
                                "health_status"})
            assert signer.call({"jsonrpc": "2.0", "method":
                                "eth_sign"})[0] == -32601
            assert signer.call(dict(MESSAGE))[0] == -32601
            assert signer.wait_end().code == 1008


def test_it_must_not_register_all_the_time(site):
    with relayed(site, {"hq": None, "dr": None}) as (proxyd, hq, dr):
        count = 1
        while hq.refusal is None:
            hq.register()
            count += 1
            assert count < 100
        assert count > 10
        assert hq.refusal == (REFUSED, "registers too often")
        assert hq.wait_end().code == 1008
        assert ask(proxyd) == "sequencer" and len(dr.requests) == 1


@pytest.mark.parametrize("params", (
    [1], ["x"], [None], [[]], [{}], [{"version": 0}], [{"version": "1"}],
    [{"version": 1, "keys": {}}], [{"version": 1, "keys": [{}]}],
    [{"version": 1, "keys": [{"address": "0x12"}]}],
    [{"version": 1, "keys": [{"address": BATCHER, "chains": [10]}]}],
    [{"version": 1, "keys": [{"address": BATCHER, "methods": "all"}]}],
    [{"version": 1, "features": "client"}], [{"version": 1}, 2], {"a": 1}))
def test_objects_that_make_no_sense(site, proxyd, params):
    """The signer is told, and can do better on the same link."""
    with fake_signer(site, proxyd, listed=listed(),
                     register=False) as signer:
        answer = signer.call({"jsonrpc": "2.0", "method": signers.REGISTER,
                              "params": params})
        assert answer[0] == -32602, answer
        Asking(proxyd).check_unavailable()
        assert signer.register()["result"]["version"] == 1
        assert ask(proxyd) == "sequencer"
