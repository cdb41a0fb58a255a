# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""One proxy with many signers, each with many keys, and many clients, all of
whom ask at the same time."""

import collections
import contextlib
import multiprocessing
import os
import threading

import pytest

from lib import daemon, eth, ethkey
from lib.keccak import keccak256

SIGNERS, KEYS, CLIENTS = 50, 20, 200
EACH = SIGNERS * KEYS // CLIENTS        # keys that one client may use

# A key: its signer, its place there, its file, and who may use it for what.
Key = collections.namedtuple("Key", "signer n path address client chain")
# What was asked, what came back, and whose signature it should be.
Answer = collections.namedtuple("Answer", "message reply key")


def chain_of(client, n):
    """Each client has its own chains, one for each of its keys: by these a
    request that names no address is told from others."""
    return 1000 + client * EACH + n


@pytest.fixture(scope="module")
def keys(site):
    """Those of one client are with as many signers."""
    os.makedirs(site.path("many"))
    made = []
    for i in range(SIGNERS * KEYS):
        signer, n = i % SIGNERS, i // SIGNERS
        client = i % CLIENTS
        key = ethkey.Key.derived("many %d %d" % (signer, n))
        path = site.path("many", "%d-%d.pem" % (signer, n))
        with open(path, "w") as f:
            f.write(key.pem())
        os.chmod(path, 0o600)
        made.append(Key(signer, n, path, key.address, client,
                        chain_of(client, i // CLIENTS)))
    return made


def client_name(i):
    return "client-%d.example" % i


def signer_name(i):
    return "signer-%d.example" % i


def rule(key, more):
    return 'allow %s client "%s" chain %d' % (
        more, client_name(key.client), key.chain)


def proxy_config(site, keys):
    """The signers may serve any chain: it is the rules that tell."""
    signers = [site.signer("s%d" % i, [key.address for key in keys
                                       if key.signer == i],
                           signer_name(i), "")
               for i in range(SIGNERS)]
    rules = "\n".join(rule(key, "address " + eth.hexa(key.address))
                      for key in keys)
    return site.relay(signers, rules, "max connections-per-address 1024",
                      log="{ level info rate 100000 }")


def signer_config(site, i, keys, port):
    mine = [key for key in keys if key.signer == i]
    lines = ['key "k%d" file "%s"' % (key.n, key.path) for key in mine]
    lines += [rule(key, 'via "edge" key "k%d"' % key.n) for key in mine]
    return site.config(
        rules="\n".join(lines), keys=(), listen=None, log="{ level warn }",
        proxies=[site.proxy("edge", port, signer=signer_name(i))])


class Quiet(daemon.Signerd):
    """Says nothing when it is up: the proxy tells."""

    begun = None


def requests(key):
    """One that names the address and one that does not, a transaction and a
    payload; no two are for the same digest."""
    digest = keccak256(b"%d" % key.chain)
    sender = eth.hexa(key.address)
    if key.chain % 2:
        return (eth.payload_v2(chain=key.chain, hash=digest, sender=sender),
                eth.sign_transaction(chainId=hex(key.chain)))
    return (eth.sign_transaction(chainId=hex(key.chain), **{"from": sender}),
            eth.payload_v1(chain=key.chain, hash=digest))


def ask(proxy, i, keys, together, answers):
    try:
        with proxy.connect(client_name(i)) as connection:
            together.wait(daemon.PATIENCE)
            for key in keys:
                for message in requests(key):
                    answers.append(Answer(message, connection.rpc(message),
                                          key))
    except BaseException:
        together.abort()        # the others need not wait for this one
        raise


def ask_all(proxy, keys):
    """Each client in a thread of its own; all of them begin together."""
    together = threading.Barrier(CLIENTS)
    answers = [[] for _ in range(CLIENTS)]
    threads = [threading.Thread(target=ask, args=(
        proxy, i, [key for key in keys if key.client == i], together,
        answers[i])) for i in range(CLIENTS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(daemon.PATIENCE * 3)
        assert not each.is_alive()
    return [answer for each in answers for answer in each]


def signed_by(answer):
    return ethkey.verify(answer.message, answer.reply.result())


def check_answers(answers):
    """In several processes, for it is slow."""
    with multiprocessing.Pool() as pool:
        found = pool.map(signed_by, answers, chunksize=50)
    for address, answer in zip(found, answers):
        assert address == answer.key.address, answer


def check_log(relayed, keys):
    """As the proxy sees it: nobody was asked but the one who has the key."""
    known = {eth.hexa(key.address): key for key in keys}
    for each in relayed:
        key = known[each["address"]]
        assert each["signer"] == "s%d" % key.signer
        assert each["client"] == client_name(key.client)
        assert each["attempts"] == "1"


def test_every_request_goes_to_the_right_key(site, keys):
    for i in range(CLIENTS):
        site.tls(client_name(i))
    with contextlib.ExitStack() as stack:
        proxy = stack.enter_context(daemon.Proxyd(
            site, proxy_config(site, keys)))
        for i in range(SIGNERS):
            stack.enter_context(Quiet(site, signer_config(
                site, i, keys, proxy.signer_port)))
        proxy.wait_log(msg="signer registered", count=SIGNERS)
        answers = ask_all(proxy, keys)
    relayed = proxy.logged(msg="relayed")
    assert len(answers) == 2 * SIGNERS * KEYS == len(relayed)
    check_answers(answers)
    check_log(relayed, keys)
