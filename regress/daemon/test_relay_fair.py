# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""How much one client or one signer may have of proxyd."""

from lib import daemon, eth, ethkey, signers
from lib.relays import (CLIENT, MESSAGE, OTHER, SENDER, SLACK, SLOW, Asking,
                        ask, config, dialing, relayed)

RULES = 'allow client "%s" chain 10\nallow client "%s" chain 10' % (
    CLIENT, OTHER)


def batch(count):
    return [dict(MESSAGE, id=n) for n in range(count)]


def clients_of(signer):
    return [each["params"][1]["client"] for each in signer.requests]


# ---- one client ------------------------------------------------------------


def test_batch_of_a_thousand_starves_nobody(site):
    """Of it only so much waits at the signer; others go in between."""
    with relayed(site, {"hq": signers.hold}, "max waiting 4",
                 rules=RULES) as (proxyd, hq):
        large = Asking(proxyd, batch(1000))
        hq.wait_requests(4)
        asked = [Asking(proxyd, name=OTHER) for _ in range(3)]
        hq.wait_requests(7)
        assert clients_of(hq) == [CLIENT] * 4 + [OTHER] * 3
        hq.respond = signers.sign
        hq.release()
        assert [each.key() for each in asked] == ["sequencer"] * 3
        hq.respond = signers.wrong
        answers = large.response().json()
        assert [each["id"] for each in answers] == list(range(1000))
        assert all(each["result"].startswith("0x") for each in answers)
        assert len(hq.requests) == 1003


def test_batch_of_a_thousand_at_signerd(site):
    """The other client's are answered in the usual time."""
    with daemon.Proxyd(site, config(site, rules=RULES)) as proxyd:
        with daemon.Signerd(site, dialing(site, proxyd.signer_port)):
            proxyd.wait_log(msg="signer registered")
            ask(proxyd, name=OTHER)
            # Behind the large one there would be room for one of them; on a
            # busy machine we may come late.
            assert any(beside_a_batch(proxyd) > 5 for _ in range(10))


def beside_a_batch(proxyd):
    """How many requests of the other client are answered before a large
    batch is."""
    large, results = Asking(proxyd, batch(1000)), []
    with proxyd.connect(OTHER) as connection:
        while large.connection.quiet():
            results.append(connection.rpc(MESSAGE).result())
    answers = large.response().json()
    assert [each["id"] for each in answers] == list(range(1000))
    # It is the same payload.
    assert len({each["result"] for each in answers} | set(results)) == 1
    ethkey.verify(MESSAGE, answers[0]["result"])
    return len(results)


def test_connections_of_a_client_take_turns(site):
    """One request of each, and those that are new come at the end."""
    with relayed(site, {"hq": signers.hold}, "max waiting 1") as (
            proxyd, hq):
        asked = []
        for number in range(1, 4):
            message = eth.sign_transaction(nonce=hex(number))
            asked.append(Asking(proxyd, [dict(message, id=n)
                                         for n in range(5)]))
            hq.wait_requests(1)
            # It has come before the answer that lets the next one go.
            proxyd.rpc(eth.call("health_status", [])).result()
        for count in range(2, 16):
            hq.release()
            hq.wait_requests(count)
        order = [int(each["params"][0]["nonce"], 16)
                 for each in hq.requests]
        assert order == [1, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 2, 3], order
        hq.release()
        for each in asked:
            assert len(each.response().json()) == 5


def test_client_that_goes_away(site):
    """What it had in flight counts no longer when it is over, be it
    answered or not."""
    times = "timeout { request %d ms attempt 10 s }" % (3000 * SLOW)
    with relayed(site, {"hq": signers.hold}, times + "\nmax { waiting 2 "
                 "queue 2 }") as (proxyd, hq):
        for round_ in range(6):
            asked = Asking(proxyd, batch(2))
            hq.wait_requests(2 * round_ + 2)
            asked.reset()
            if round_ % 2:
                mark = proxyd.mark()
                hq.release()
                proxyd.wait_log(mark, msg="relayed", count=2)
            else:
                proxyd.wait_log(msg="unavailable", count=round_ // 2 + 1,
                                reason="deadline")
        hq.respond = signers.sign
        assert ask(proxyd) == "sequencer"


# ---- all of them -----------------------------------------------------------


def test_max_queue(site):
    with relayed(site, {"hq": signers.hold}, "max { queue 10 "
                 "waiting 64 }", rules=RULES) as (proxyd, hq):
        Asking(proxyd, batch(11)).check_unavailable()
        assert not hq.requests
        assert proxyd.wait_log(msg="unavailable")["reason"] == "busy"
        fits = Asking(proxyd, batch(8))
        hq.wait_requests(8)
        Asking(proxyd, batch(3)).check_unavailable()
        two = Asking(proxyd, batch(2), OTHER)
        hq.wait_requests(10)
        began = Asking(proxyd)
        began.check_unavailable()
        assert began.took < SLACK
        hq.respond = signers.wrong
        hq.release()
        assert len(fits.response().json()) == 8
        assert len(two.response().json()) == 2
        hq.respond = signers.sign
        assert ask(proxyd) == "sequencer"


def test_refusals_take_no_place_in_the_queue(site):
    with relayed(site, {"hq": None}, "max queue 2") as (proxyd, _):
        messages = [eth.payload_v2(n, chain=11) for n in range(50)]
        answers = Asking(proxyd, messages).response().json()
        assert all(each["error"]["code"] == -32013 for each in answers)
        answers = Asking(proxyd, messages + [MESSAGE]).response().json()
        ethkey.verify(MESSAGE, answers[-1]["result"])


def test_max_link_requests(site):
    """What one signer has no room for goes to the next one."""
    with relayed(site, {"hq": signers.hold, "dr": None},
                 "max link-requests 3") as (
                     proxyd, hq, dr):
        held = [Asking(proxyd) for _ in range(3)]
        hq.wait_requests(3)
        for _ in range(4):
            assert ask(proxyd) == "sequencer"
        assert (len(hq.requests), len(dr.requests)) == (3, 4)
        dr.vanish()
        proxyd.wait_log(msg="signer lost", signer="dr")
        asked = Asking(proxyd)
        asked.check_unavailable()
        assert asked.took < SLACK
        hq.release()
        assert [each.key() for each in held] == ["sequencer"] * 3
        hq.respond = signers.sign
        assert ask(proxyd) == "sequencer"


def test_bodies_that_are_held_are_bounded(site):
    """Arguments that wait for a signer's answer take memory."""
    large = eth.sign_transaction(input="0x" + "ab" * 60000)
    with relayed(site, {"hq": signers.hold},
                 "max bodies 256 KiB") as (proxyd, hq):
        held = []
        for count in range(1, 3):
            held.append(Asking(proxyd, large))
            hq.wait_requests(count)
        for _ in range(3):
            Asking(proxyd, large).check_unavailable()
        hq.wait(lambda: len(hq.held) == 2, "both requests")
        for each in hq.held:
            hq.send(signers.wrong(hq, each))
        for each in held:
            assert each.response().status == 200
        hq.respond = signers.wrong
        for _ in range(6):
            assert Asking(proxyd, large).response().status == 200


# ---- a signer that does not read -------------------------------------------


def large_requests(proxyd, count):
    message = eth.sign_transaction(input="0x" + "ab" * 400000,
                                   **{"from": SENDER})
    return [Asking(proxyd, dict(message, id=n)) for n in range(count)]


def test_signer_that_never_reads(site):
    """It is dead after a while; what it was to sign the next one signs."""
    with relayed(site, {"hq": None, "dr": signers.wrong}, "timeout { ping "
                 "100 ms dead %d ms }" % (4000 * SLOW)) as (proxyd, hq, dr):
        assert ask(proxyd) == "sequencer"
        hq.endpoint.stream.pause()
        asked = large_requests(proxyd, 8)
        for each in asked:
            assert each.response().status == 200
            assert each.took < 4 * SLOW + SLACK
        record = proxyd.wait_log(msg="signer lost", signer="hq")
        assert record["reason"].startswith("dead: "), record
        assert len(dr.requests) == 8
        hq.endpoint.stream.resume()


def test_output_to_a_signer_is_bounded(site):
    """What it has no room for goes elsewhere; its link is not ended."""
    with relayed(site, {"hq": signers.wrong, "dr": signers.wrong},
                 "max body 1 MiB") as (
                     proxyd, hq, dr):
        hq.endpoint.stream.pause()
        asked = large_requests(proxyd, 12)
        # Both have room for two at least, and what the kernel takes.
        dr.wait_requests(1)
        served = len(dr.requests)
        hq.endpoint.stream.resume()
        statuses = [each.response().status for each in asked]
        assert statuses == [200] * 12
        assert served and len(hq.requests) + len(dr.requests) == 12
        assert hq.ended is None and dr.ended is None


def test_fail_over_of_much_at_once(site):
    """More than the next one has room for: it must not lose its link, too;
    what finds no room is to be asked again."""
    with relayed(site, {"hq": signers.silent, "dr": signers.wrong},
                 "max body 1 MiB") as (proxyd, hq, dr):
        asked = large_requests(proxyd, 12)
        hq.wait_requests(12)
        hq.vanish()
        statuses = [each.response().status for each in asked]
        assert set(statuses) == {200, 503}, statuses
        assert statuses.count(200) == len(dr.requests) >= 2
        assert dr.ended is None
        assert [each.response().status for each in large_requests(
            proxyd, 2)] == [200] * 2
