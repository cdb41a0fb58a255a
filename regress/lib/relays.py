# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A proxyd between signers of every kind and clients that ask."""

import contextlib
import socket
import struct
import time

from lib import daemon, eth, ethkey, httpclient
from lib.linked import ADDRESS
from lib.signers import FakeSigner

CLIENT = "sequencer.example"
OTHER = "batcher.example"
HQ, DR = "signer.example", "signer2.example"
CERTNAME = {"hq": HQ, "dr": DR}
RULES = 'allow client "%s" chain 10' % CLIENT
SENDER = ADDRESS["sequencer"]
MESSAGE = eth.payload_v2(sender=SENDER)
SLOW = 4 if daemon.SANITIZE or daemon.COVERAGE else 1      # times what is usual
SLACK = 20.0                            # seconds, of a busy machine
NOBODY = (-32000, "Forbidden: client '%s' is not authorized to use any keys")


def config(site, labels=("hq",), keys=("sequencer",), rules=RULES, extra="",
           more="chain { 10 }", **named):
    """Text of a proxyd.conf(5) where each of the signers has all the keys."""
    return site.relay([site.signer(
        label, [ADDRESS[key] for key in keys], certname(label), more)
        for label in labels], rules, extra, **named)


def certname(label):
    return CERTNAME.get(label, label + ".example")


def dialing(site, port, label="hq", keys=("sequencer",), rules=None,
            extra="", **named):
    """Text of a signerd.conf(5) whose signer dials that port alone."""
    if rules is None:
        rules = "\n".join('allow via "edge" client "%s" key "%s" chain 10' % (
            client, key) for client in (CLIENT, OTHER) for key in keys)
    return site.config(rules=rules, keys=keys, extra=extra, listen=None,
                       proxies=[site.proxy("edge", port,
                                           signer=certname(label), **named)])


@contextlib.contextmanager
def relayed(site, answers=None, extra="", fake=None, **named):
    """A proxyd and a signer for each of `answers`, by label: how it answers,
    registered in that order.  fake: arguments of them all; the rest those of
    config()."""
    answers = {"hq": None} if answers is None else answers
    named.setdefault("labels", tuple(answers))
    keys = named.get("keys", ("sequencer",))
    with contextlib.ExitStack() as stack:
        proxyd = stack.enter_context(daemon.Proxyd(
            site, config(site, extra=extra, **named)))
        signers = [stack.enter_context(fake_signer(
            site, proxyd, label, **dict({"keys": keys}, **(fake or {}),
                                        **answering(answer))))
            for label, answer in answers.items()]
        yield (proxyd, *signers)


def answering(answer):
    return {} if answer is None else {"answer": answer}


def fake_signer(site, proxyd, label="hq", **named):
    return FakeSigner(site, proxyd.signer_port, name=certname(label), **named)


# ---- asking ----------------------------------------------------------------


class Asking:
    """A request that is under way, on a connection of its own."""

    def __init__(self, proxyd, message=None, name=CLIENT):
        self.message = MESSAGE if message is None else message
        self.connection = proxyd.connect(name)
        self.began = time.monotonic()
        self.connection.send(httpclient.request(
            body=eth.encode(self.message)))
        self.took = None

    def response(self):
        with self.connection:
            response = self.connection.read_response()
        self.took = time.monotonic() - self.began
        return response

    def reset(self):
        """The client is gone."""
        self.connection.sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def key(self):
        """Name of the key that has signed."""
        return key_of(self.message, self.response())

    def error(self):
        return self.response().error()

    def check_unavailable(self):
        check_unavailable(self.response())
        return self.took


def key_of(message, response):
    """Name of the key, if it has signed just what the message asks for and
    the answer is the message's."""
    assert response.status == 200, response
    answer = response.json()
    assert set(answer) == {"jsonrpc", "id", "result"}, answer
    assert answer["jsonrpc"] == "2.0" and answer["id"] == message["id"]
    address = eth.hexa(ethkey.verify(message, answer["result"]))
    return next(name for name in ADDRESS if ADDRESS[name] == address)


def check_unavailable(response):
    """A bare 503, which clients take as a reason to try again."""
    assert response.status == 503, response
    assert response.body == b"", response
    assert response.field("Content-Type") is None, response
    assert 1 <= int(response.field("Retry-After")) <= 3, response


def ask(proxyd, message=None, name=CLIENT):
    """Name of the key that has signed."""
    return Asking(proxyd, message, name).key()


def ask_error(proxyd, message, name=CLIENT):
    return Asking(proxyd, message, name).error()
