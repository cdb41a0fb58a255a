# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Reloads without a pause, of both daemons, under clients of every kind."""

import os
import random
import signal
import socket
import threading
import time

import pytest

from lib import daemon, eth, httpclient
from lib.linked import ADDRESS
from lib.relays import CLIENT, DR, HQ, OTHER, config, key_of
from lib.reloading import change, hup

SECONDS = 12 if daemon.SANITIZE else 2.5
BOTH = ('allow client "%s" chain { 10 8453 }\nallow client "%s" chain 10'
        % (CLIENT, OTHER))
DIRECT = 'allow client "%s" key "%s" chain { 10 8453 }\n'
VIA = 'allow via "%s" client "%s" key "%s" chain { 10 8453 }\n'
LARGE = 60000           # bytes: it waits for its turn


@pytest.fixture(scope="module")
def site():
    """One of its own: its authorities change."""
    made = daemon.Site()
    yield made
    made.remove()


def bundle(site, name, *authorities):
    path = site.path(name)
    with open(path, "w") as out:
        for each in authorities:
            with open(each.ca) as f:
                out.write(f.read())
    return path


def relay_texts(site):
    """What proxyd is given; the first is what it begins and ends with."""
    good = config(site, ("hq", "dr"), rules=BOTH, more="chain { 10 8453 }")
    foreign = bundle(site, "foreign.crt", site.foreign)
    return [good, good.replace("chain { 10 8453 }\n", "chain { 10 }\n"),
            config(site, ("dr",), rules=BOTH),
            config(site, ("hq",), rules=BOTH.split("\n")[1],
                   extra="max { body 32 KiB bodies 64 KiB waiting 1 }"),
            "listen on 127.0.0.1 port 0\n" + good,
            good.replace('tls ca "%s"' % site.authority.ca,
                         'tls ca "%s"' % foreign),
            good + 'allow client "x" signer "nonesuch"\n']


def signer_texts(site, port):
    def text(names, keys=("sequencer",), extra="", **named):
        rules = "".join(
            [DIRECT % (CLIENT, keys[-1])] +
            [VIA % (label, client, keys[-1]) for label in names
             for client in (CLIENT, OTHER)])
        return site.config(rules=rules, keys=keys, proxies=[
            site.proxy(label, port, signer=name)
            for label, name in names.items()],
            extra="timeout { backoff 20 ms }\n" + extra, **named)

    both = {"edge": HQ, "core": DR}
    good = text(both)
    return [good, text({"edge": DR}), text({"core": DR, "new": HQ}),
            text({"edge": HQ, "core": HQ}), text({}),
            text(both, keys=("batcher", "sequencer")),
            text(both, extra="max { body 32 KiB bodies 64 KiB waiting 1 }"),
            "listen on 127.0.0.1 port 0\n" + good,
            text(both, keys=("nonesuch",))]


class Client(threading.Thread):
    """Asks in a way of its own.  What it hears has to be for it: the answer
    to its request, an error, or nothing."""

    def __init__(self, daemon_, name, seed, over):
        super().__init__(daemon=True)
        self.daemon_ = daemon_
        self.name_ = name
        self.random = random.Random(seed)
        self.over = over
        self.signed = 0
        self.failure = None
        self.start()

    def message(self):
        ident = self.random.getrandbits(50)
        return eth.payload_v2(
            ident=ident, hash=ident.to_bytes(32, "big"),
            sender=ADDRESS["sequencer"], chain=self.random.choice((10, 8453)))

    def judge(self, message, response):
        if response.status != 200:
            assert response.status in (401, 408, 413, 503), response
            return
        answer = response.json()
        if isinstance(message, list):
            assert [each["id"] for each in answer] == [
                each["id"] for each in message]
            return
        assert answer["id"] == message["id"], (message, answer)
        if "result" not in answer:
            assert set(answer) == {"jsonrpc", "id", "error"}, answer
            return
        if self.signed % 16 == 0:
            assert key_of(message, response) == "sequencer"
        self.signed += 1

    def body(self, large):
        message = self.message()
        if large and self.random.random() < 0.3:
            message = [self.message() for _ in range(40)]
        text = eth.encode(message)
        return message, text + b" " * (LARGE * large)

    def turn(self, connection):
        way = self.random.randrange(6)
        if way == 0:                        # cut within a body
            text = httpclient.request(body=self.body(True)[1])
            connection.send(text[:self.random.randrange(len(text))])
            return False
        asked = [self.body(way > 3) for _ in range(
            self.random.randrange(1, 6) if way in (2, 4) else 1)]
        for _, text in asked:
            connection.send(httpclient.request(body=text))
        if way == 1:                        # gone before the answer
            return False
        if way == 3:                        # half-closed; nothing follows
            socket.socket.shutdown(connection.sock, socket.SHUT_WR)
        for message, _ in asked:
            self.judge(message, connection.read_response())
        return True

    def run(self):
        try:
            while not self.over.is_set():
                try:
                    with self.daemon_.connect(self.name_) as connection:
                        while self.turn(connection) and \
                                not self.over.is_set():
                            pass
                # Also ENOTCONN, of a half-close of what is closed already.
                except (httpclient.Closed, OSError):
                    pass
        except BaseException as e:
            self.failure = e


def storm(daemons, texts, seed, over, enough):
    """Signals at any time, whatever the one before has come to."""
    choice = random.Random(seed)
    until = time.monotonic() + SECONDS
    while time.monotonic() < until or \
            not enough() and time.monotonic() < until + daemon.PATIENCE:
        which = choice.randrange(len(daemons))
        change(daemons[which], choice.choice(texts[which]))
        os.kill(daemons[which].pid, signal.SIGHUP)
        over.wait(choice.random() * (0.2 if daemon.SANITIZE else 0.05))
    over.set()


def test_storm(site):
    seed = int(os.environ.get("SIGNERD_SEED") or random.getrandbits(32))
    print("SIGNERD_SEED=%d" % seed)
    relay = relay_texts(site)
    for name in (CLIENT, OTHER, None):
        site.tls(name)
    with daemon.Proxyd(site, relay[0]) as proxyd:
        texts = signer_texts(site, proxyd.signer_port)
        with daemon.Signerd(site, texts[0]) as signerd:
            over = threading.Event()
            clients = [Client(which, name, seed + n, over)
                       for n, (which, name) in enumerate(
                           2 * [(proxyd, CLIENT), (proxyd, OTHER),
                                (signerd, CLIENT)] + [(proxyd, None)])]


            def served():
                return all(any(each.signed for each in clients
                               if each.daemon_ is which)
                           for which in (proxyd, signerd))

            storm((proxyd, signerd), (relay, texts), seed, over, served)
            for each in clients:
                each.join(120)
            for each in clients:
                assert each.failure is None, (seed, each.failure)
            for each, text in ((proxyd, relay[0]), (signerd, texts[0])):
                change(each, text)
                mark = hup(each)
                each.wait_log(mark, msg="reloaded")
            assert served()
            check_serves(proxyd, signerd)


def check_serves(*daemons):
    """A link may have to be dialled before."""
    message = eth.payload_v2(sender=ADDRESS["sequencer"])
    for each in daemons:
        until = time.monotonic() + 60
        response = each.rpc(message, CLIENT)
        while response.status == 503 and time.monotonic() < until:
            response = each.rpc(message, CLIENT)
        assert key_of(message, response) == "sequencer"
