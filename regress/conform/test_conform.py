# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Every recorded case of cases.json, against signerd itself and through a
proxy."""

import contextlib
import json
import os
import re

import pytest

from lib import daemon, httpclient

with open(os.path.join(daemon.CONFORM, "cases.json"), encoding="utf-8") as f:
    CASES = json.load(f)
# The counterpart of op-signer-config.yaml, which restricts the chain of
# payloads alone: a rule for each of the two methods, in its order.
RULES = "\n".join((
    'allow client "sequencer.example" key "sequencer" method transaction',
    'allow client "sequencer.example" key "sequencer" method block-payload'
    ' chain 10 domain any',
    'allow client "batcher.example" key "batcher-explicit"'
    ' method transaction to { 0x000000000000000000000000000000000000aaaa'
    ' 0xFF00000000000000000000000000000000000010 } max-value 1 ether',
    'allow client "batcher.example" key "batcher-explicit"'
    ' method block-payload chain 10 domain any',
    'allow client "multi.example" key "multi10" method transaction',
    'allow client "multi.example" key "multi10" method block-payload'
    ' chain 10 domain any',
    'allow client "multi.example" key "multi8453" method transaction',
    'allow client "multi.example" key "multi8453" method block-payload'
    ' chain 8453 domain any',
    'allow client "open.example" key "sequencer" method transaction',
    'allow client "open.example" key "sequencer" method block-payload'
    ' chain 10 domain any',
))
KEYS = ("sequencer", "batcher-explicit", "multi10", "multi8453")
IDENT = re.compile(r'"id":\s*("(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*)')


def addresses():
    with open(os.path.join(daemon.CONFORM, "addresses.json")) as f:
        known = json.load(f)
    known["batcher-explicit"] = known["batcher"]    # another form of it
    return known


def proxy_rules():
    """The same rules as a proxy has them: a key is an address to it."""
    known = addresses()
    return re.sub(r' key "([^"]+)"',
                  lambda m: " address " + known[m.group(1)], RULES)


@contextlib.contextmanager
def behind_a_proxy(site):
    signer = site.signer("hq", [addresses()[key] for key in KEYS], more="")
    with daemon.Proxyd(site, site.relay([signer], proxy_rules())) as proxy:
        rules = RULES.replace("allow ", 'allow via "edge" ')
        config = site.config(rules=rules, keys=KEYS, listen=None, proxies=[
            site.proxy("edge", proxy.signer_port)])
        with daemon.Signerd(site, config):
            proxy.wait_log(msg="signer registered")
            yield proxy


@pytest.fixture(scope="module", params=["direct", "proxy"])
def server(request, site):
    if request.param == "direct":
        with daemon.Signerd(site, site.config(rules=RULES,
                                              keys=KEYS)) as signerd:
            yield signerd
        return
    with behind_a_proxy(site) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def version(server):
    with server.connect(None) as connection:
        answer = connection.exchange("GET", "/healthz").json()
    assert list(answer) == ["version"] and answer["version"]
    return answer["version"]


def body_of(case):
    repeat = case.get("body_repeat")
    if repeat is None:
        return case["body"].encode()
    return (repeat["prefix"] + repeat["unit"] * repeat["count"] +
            repeat["suffix"]).encode()


def same(a, b):
    """Equality of JSON values, for which true is not 1."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) in (int, float) and type(b) in (int, float) and a == b \
        or type(a) is type(b) and a == b


def filled(value, version):
    if isinstance(value, dict):
        return {k: filled(v, version) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(v, version) for v in value]
    return version if value == "$VERSION" else value


def is_error(answer):
    return isinstance(answer, dict) and "result" not in answer and \
        isinstance(answer.get("error"), dict) and \
        isinstance(answer["error"].get("code"), int) and \
        isinstance(answer["error"].get("message"), str)


def matches(expect, response, version):
    """Whether the answer is of the kind that `match` names."""
    kind = expect["match"]
    if kind == "status":
        return True
    if kind == "text":
        return response.body.decode().strip() == expect["text"]
    answer = response.json()
    if kind == "code":
        return is_error(answer) and \
            answer["error"]["code"] == expect["code"] and \
            ("id" not in expect or same(answer.get("id"), expect["id"]))
    if kind == "error":
        return is_error(answer)
    if kind == "result":
        return "result" in answer and "error" not in answer
    assert kind in ("json", "either"), kind
    return same(answer, filled(expect["json"], version)) or \
        kind == "either" and is_error(answer)


def ask(server, case, body):
    fields = list(case["headers"].items())
    message = httpclient.request(
        case["method"], case["path"], body, fields=fields, json=False)
    with server.connect(case["client"]) as connection:
        connection.send_until_answered(message)
        return connection.read_response(head=case["method"] == "HEAD")


def check_ident(body, response):
    """The id comes back as it was spelt, byte for byte."""
    found = IDENT.findall(body.decode("utf-8", "replace"))
    answer = json.loads(response.body)
    if len(found) == 1 and isinstance(answer, dict) and \
            answer.get("id") is not None:
        assert ('"id":%s' % found[0]).encode() in response.body


def name_of(case):
    return "%s: %s" % (case["group"], case["name"])


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_case(server, version, case):
    body = body_of(case)
    response = ask(server, case, body)
    assert response.status == case["expect"]["status"], response
    assert matches(case["expect"], response, version), response
    kind = response.field("Content-Type") or ""
    if response.body and kind.startswith("application/json"):
        assert response.body.endswith(b"\n")
        check_ident(body, response)


def test_there_are_cases():
    assert len(CASES) == 269
    assert len({name_of(case) for case in CASES}) == len(CASES)
