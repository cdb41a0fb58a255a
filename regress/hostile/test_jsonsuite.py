# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""The JSON parsing suite's cases put to the running daemons: as the whole of
a request, as its params, and as a member that is not looked at.  Between them
stands a request with an id of its own on the same connection: each gets one
answer, in its place, whatever came before."""

import json

import pytest

from lib import daemon, eth, jsonsuite, relays
from lib.eth import hexa
from lib.httpclient import request
from lib.relays import CLIENT, HQ

PARSE = {"jsonrpc": "2.0", "id": None,
         "error": {"code": -32700, "message": "parse error"}}
BLANK = {"n_single_space", "n_structure_no_data"}   # wire.md: 200, no body
REPEATS = {"y_object_duplicated_key", "y_object_duplicated_key_and_value"}
CASES = jsonsuite.cases()
ACCEPTED = [each for each in CASES if each.error == "OK"]
RULES = """
allow client "%s" key "sequencer" chain 10
allow via "edge" client "%s" key "sequencer" chain 10
""" % (CLIENT, CLIENT)


@pytest.fixture(scope="module")
def daemons(site):
    """The same signer, asked directly and by way of a proxy."""
    with daemon.Proxyd(site, relays.config(site)) as proxyd:
        with daemon.Signerd(site, site.config(rules=RULES, proxies=[
                site.proxy("edge", proxyd.signer_port,
                           signer=HQ)])) as signerd:
            signerd.wait_log(msg="link up")
            yield signerd, proxyd


def marker(number):
    return eth.encode(eth.call("health_status", [], "marker-%d" % number))


def answers(server, bodies):
    """What each body is answered, on one connection, with a marker between
    any two of them; a few at a time, so that neither side waits."""
    found = []
    with server.connect() as connection:
        for number, body in enumerate(bodies):
            connection.send(request(body=body) + request(
                body=marker(number)))
            answer = connection.read_response()
            assert answer.status == 200 and not answer.closes, answer
            found.append(answer.body)
            following = connection.read_response()
            assert following.result()
            assert following.json()["id"] == "marker-%d" % number
        assert connection.quiet()
    return found


def both(daemons, bodies):
    """The same from both, byte for byte."""
    signerd, proxyd = (answers(each, bodies) for each in daemons)
    assert signerd == proxyd
    return signerd


def errors(text):
    document = json.loads(text)
    return [each["error"]["code"] for each in (
        document if isinstance(document, list) else [document])]


def test_as_a_request(daemons):
    """What is no JSON is a parse error; what is, but is no request, is
    answered as that; and blank bodies are not worth an answer."""
    found = both(daemons, [each.text for each in CASES])
    for case, answer in zip(CASES, found):
        if case.name in BLANK:
            assert answer == b"", case.name
        elif case.error == "OK":
            assert set(errors(answer)) == {-32600}, (case.name, answer)
        else:
            assert json.loads(answer) == PARSE, (case.name, answer)


def with_params(method, text, ident):
    return (b'{"jsonrpc":"2.0","id":"%s","method":"%s","params":%s}' % (
        ident.encode(), method.encode(), text))


@pytest.mark.parametrize("method,codes", (
    ("opsigner_signBlockPayload", {-32602, -32012}),
    ("opsigner_signBlockPayloadV2", {-32602, -32012}),
    ("eth_signTransaction", {-32602, -32010})))
def test_as_params(daemons, method, codes):
    """None of the suite's documents can be signed: they are no arguments, or
    lack the first that is needed."""
    found = both(daemons, [with_params(method, each.text, each.name)
                           for each in CASES])
    for case, answer in zip(CASES, found):
        answer = json.loads(answer)
        if case.error != "OK":
            assert answer == PARSE, case.name
        else:
            assert answer["id"] == case.name
            assert answer["error"]["code"] in codes, (case.name, answer)


def test_as_params_of_no_method(daemons):
    found = both(daemons, [with_params("no_such", each.text, each.name)
                           for each in CASES])
    for case, answer in zip(CASES, found):
        answer = json.loads(answer)
        if case.error != "OK":
            assert answer == PARSE, case.name
        else:
            assert answer["id"] == case.name
            assert answer["error"]["code"] == -32601, (case.name, answer)


def test_beside_what_is_signed(daemons):
    """PayloadBytes is not looked at: whatever JSON it holds, what is signed
    is the same; where it is none, nothing is."""
    whole = eth.encode(dict(eth.payload_v1(), id="CASE"))
    assert whole.endswith(b"}]}")
    bodies = [(whole[:-3] + b',"PayloadBytes":' + each.text +
               b"}]}").replace(b"CASE", each.name.encode())
              for each in CASES]
    found = both(daemons, bodies + [whole])
    good = json.loads(found[-1])["result"]
    assert hexa(eth.payload_signer(eth.unhex(good))) == relays.SENDER
    for case, answer in zip(CASES, found):
        answer = json.loads(answer)
        if case.name in REPEATS:
            assert answer["error"]["code"] == -32602, (case.name, answer)
        elif case.error == "OK":
            assert answer == {"jsonrpc": "2.0", "id": case.name,
                              "result": good}
        else:
            assert answer == PARSE, case.name
