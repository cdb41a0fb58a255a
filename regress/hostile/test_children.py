# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""A keyd and a frontend that lie to the parent.

Whatever they say, the parent ends with status 1 and a line that tells why,
leaves no process behind, and writes nothing of theirs as it came.
"""

import json
import os
import re
import signal
import time

import pytest

from lib import daemon, liar, procfs
from lib.liar import HONEST, WAITING, record

RULES = 'allow client "sequencer.example" key "sequencer" chain 10\n'
# Speaks to a terminal, breaks lines, forges fields; and bytes over 7f.
EVIL = "\x1b]0;x\x07\x1b[2J\r\nlevel=info msg=ready \x7f\x9b\xff\u00e9\""
QUIET = re.compile("[ -~]*")

pytestmark = pytest.mark.skipif(not os.access(liar.PYTHON, os.X_OK),
                                reason="no " + liar.PYTHON)


@pytest.fixture
def text(site):
    return site.config(rules=RULES)


def assert_quiet(ended):
    """Printable ASCII in every line, each of them a record of its own."""
    for line, fields in zip(ended.lines, ended.records):
        assert QUIET.fullmatch(line), ended
        assert daemon.SANITIZE or fields is not None, ended


def refused(ended, child):
    """Because of a message; the parent ended it all."""
    assert ended.status == 1, ended
    assert ended.logged(level="error", process="signerd",
                        msg="a message of %s that was not expected" % child)
    assert not ended.logged(msg="child died"), ended
    assert_quiet(ended)


# ---- honest ones ---------------------------------------------------------


def test_honest(site, text):
    """What the others differ from."""
    directory = liar.place(site)
    with daemon.Signerd(site, text, ["-x", directory]) as made:
        assert made.logged(msg="key")[0]["address"] == \
            "0x" + liar.ADDRESS.hex()
        assert made.stop() == 0


# ---- messages ------------------------------------------------------------

KEYD = {
    "ready at once": "me.send(keymsg.READY); me.serve()",
    "ready without the address": "me.configured(); me.send(keymsg.READY)",
    "ready with something": "me.configured(); me.address();"
                            "me.send(keymsg.READY, b'x')",
    "ready twice": "me.get_ready(); me.send(keymsg.READY)",
    "ready after a bad configuration":
        "me.configured(); me.address();"
        "me.send(keymsg.BADCONFIG, keymsg.u32(2) + b'no');"
        "me.send(keymsg.READY)",
    "bad configuration after ready":
        "me.get_ready();"
        "me.send(keymsg.BADCONFIG, keymsg.u32(2) + b'no')",
    "bad configuration without a text":
        "me.configured(); me.send(keymsg.BADCONFIG, keymsg.u32(0))",
    "bad configuration with a NUL": "me.configured();"
        "me.send(keymsg.BADCONFIG, keymsg.u32(2) + b'n\\0')",
    "bad configuration, cut": "me.configured();"
        "me.send(keymsg.BADCONFIG, keymsg.u32(3) + b'no')",
    "address after ready": "me.get_ready(); me.address()",
    "bad key after ready":
        "me.get_ready(); me.send(keymsg.BADKEY, bytes(4) + keymsg.u32(5) +"
        "bytes(4))",
    "ready again, later": "me.get_ready();"
        "me.serve(tick=lambda: me.send(keymsg.READY))",
    "address later": "me.get_ready(); me.serve(tick=me.address)",
    "address of key 1": "me.configured(); me.address(1)",
    "address of key 255": "me.configured(); me.address(255)",
    "address of key 256": "me.configured(); me.address(256)",
    "address of key -1": "me.configured(); me.address(2**32 - 1)",
    "short address": "me.configured(); me.address(0, bytes(19))",
    "long address": "me.configured(); me.address(0, bytes(21))",
    "no address": "me.configured(); me.send(keymsg.ADDRESS)",
    "bad key 1": "me.configured(); me.send(keymsg.BADKEY, keymsg.u32(1) +"
                 "keymsg.u32(5) + bytes(4))",
    "bad key without a fault": "me.configured();"
                               "me.send(keymsg.BADKEY, bytes(12))",
    "bad key of an unknown fault":
        "me.configured(); me.send(keymsg.BADKEY, bytes(4) +"
        "keymsg.u32(10000) + bytes(4))",
    "bad key, cut": "me.configured(); me.send(keymsg.BADKEY, bytes(11))",
    "a configuration": "me.send(keymsg.CONFIG, keymsg.config(1, 1, 65536))",
    "a signature": "me.send(keymsg.SIGNED, bytes(100))",
    "the frontend's word": "me.send(liar.READY)",
    "type 0": "me.send(0)",
    "type 2": "me.send(2)",
    "type -1": "me.send(2**32 - 1, b'x' * 1000)",
    "log record type with a bit more": "me.send(0x10001)",
}
FRONTEND = {
    "ready twice": "me.get_ready(); me.send(liar.READY)",
    "ready with something": "me.configured(); me.send(liar.READY, b'x')",
    "failed after ready": "me.get_ready(); me.send(liar.FAILED)",
    "failed with something": "me.configured(); me.send(liar.FAILED, b'x')",
    "error after ready": "me.get_ready(); me.send(liar.ERROR,"
                         "liar.error(b'x'))",
    "ready again, later": "me.get_ready();"
        "me.serve(tick=lambda: me.send(liar.READY))",
    "error later": "me.get_ready(); me.serve(tick=lambda: me.send("
                   "liar.ERROR, liar.error(b'x')))",
    "error of no file": "me.send(liar.ERROR, liar.error(b'x', file=4))",
    "error of file 255": "me.send(liar.ERROR, liar.error(b'x', file=255))",
    "error of a CRL that there is not":
        "me.send(liar.ERROR, liar.error(b'x', file=3))",
    "error of severity 255":
        "me.send(liar.ERROR, liar.error(b'x', severity=255))",
    "error with a NUL": "me.send(liar.ERROR, liar.error(b'a\\0b'))",
    "error that is too long":
        "me.send(liar.ERROR, liar.error(b'a' * 512))",
    "error that is cut": "me.send(liar.ERROR, liar.error(b'a', length=2))",
    "error with more": "me.send(liar.ERROR, liar.error(b'ab', length=1))",
    "error of nothing": "me.send(liar.ERROR)",
    "keyd's word": "me.send(keymsg.READY)",
    "an address": "me.address()",
    "a request": "me.send(keymsg.SIGN, bytes(200))",
    "stop": "me.send(liar.STOP)",
    "type 0": "me.send(0)",
    "type -1": "me.send(2**32 - 1, b'x' * 1000)",
}


@pytest.mark.parametrize("lie", KEYD)
def test_message_of_keyd(site, text, lie):
    ended = liar.run(site, text, keyd=KEYD[lie] + "\nme.serve()")
    if lie == "ready after a bad configuration" and ended.logged(
            msg="keyd refuses its configuration: no"):
        assert ended.status == 1    # what came first may end it
    else:
        refused(ended, "keyd")


@pytest.mark.parametrize("lie", FRONTEND)
def test_message_of_the_frontend(site, text, lie):
    refused(liar.run(site, text, frontend=FRONTEND[lie] + "\nme.serve()"),
            "frontend")


FRAMES = {"length 0": "length=0", "length 15": "length=15",
          "over the maximum": "length=16 + 16385",
          "length of 2 GiB": "length=2**31 - 1"}


@pytest.mark.parametrize("child", ("keyd", "frontend"))
@pytest.mark.parametrize("when", ("", "me.get_ready()"))
@pytest.mark.parametrize("lie", FRAMES)
def test_framing(site, text, child, when, lie):
    script = "%s\nme.send(keymsg.LOG, %s)\nme.serve()" % (when, FRAMES[lie])
    ended = liar.run(site, text, **{child: script})
    assert ended.status == 1, ended
    found = [each for each in ended.records if each and
             each["level"] == "error" and each["process"] == "signerd"]
    assert len(found) == 1 and re.match(
        "messages of %s: ." % child, found[0]["msg"]), ended
    assert_quiet(ended)


def test_both_lie_at_once(site, text):
    ended = liar.run(site, text, keyd="me.send(0)\nme.serve()",
                     frontend="me.send(0)\nme.serve()")
    assert ended.status == 1, ended
    assert 1 <= len(ended.logged(level="error")) <= 2, ended
    assert_quiet(ended)


# ---- texts ---------------------------------------------------------------


def test_text_of_a_bad_configuration(site, text):
    ended = liar.run(site, text, keyd="me.configured(); me.send("
                     "keymsg.BADCONFIG, keymsg.u32(%d) + %r); me.serve()" %
                     (len(EVIL), EVIL.encode("latin-1")),
                     frontend="me.configured(); me.send(liar.FAILED);"
                     "me.serve()")
    assert ended.status == 1, ended
    said = [each["msg"] for each in ended.logged(level="error")]
    assert any(each.startswith("keyd refuses its configuration: ")
               for each in said), ended
    assert_quiet(ended)


@pytest.mark.parametrize("arguments", (("-d",), ("-n",)))
def test_text_of_an_error(site, text, arguments):
    """It goes to the terminal, which must not be spoken to."""
    ended = liar.run(
        site, text, arguments, frontend="me.configured(); me.send("
        "liar.ERROR, liar.error(%r)); me.send(liar.FAILED); me.serve()" %
        EVIL.encode("latin-1"))
    assert ended.status == 1, ended
    assert b"ca.crt: " in ended.raw, ended
    for line in ended.lines:
        assert QUIET.fullmatch(line), ended
        assert not line.startswith("level=info"), ended


# ---- log records ---------------------------------------------------------

MALFORMED = {
    "nothing": b"",
    "half a head": record("msg", "FORGED")[:7],
    "a head alone": record("msg", "FORGED")[:12],
    "level 4": record("msg", "FORGED", level=4),
    "level 255": record("msg", "FORGED", level=255),
    "no field": record(body=b"", count=0),
    "no field, and one": record("msg", "FORGED", count=0),
    "fewer fields": record("msg", "FORGED", "a", "FORGED", count=1),
    "more fields": record("msg", "FORGED", count=2),
    "65535 fields": record("msg", "FORGED", count=65535),
    "49 fields": record("msg", "FORGED", *["k", "v"] * 48),
    "no end": record(body=b"msg\0FORGED", count=1),
    "a byte more": record(body=b"msg\0FORGED\0x", count=1),
    "another first": record("a", "FORGED", "msg", "FORGED"),
    "no message": record("a", "FORGED"),
    "too large": record("msg", "FORGED" + "x" * 4096),
}
MALFORMED.update(
    ("key %s%s" % (mark, key),
     record("msg", "FORGED", "a", "b", mark + key, "2026"))
    for key in ("time", "level", "process", "msg", "cut")
    for mark in ("", "#"))
GOOD = {
    "hostile value": ("msg", EVIL, "a", EVIL),
    "hostile key": ("msg", "m", EVIL, "v", "a b", "v", "a=b", "v"),
    "no number": ("msg", "m", "#a", EVIL, "#b", "007", "#c", "1 level=x"),
    "empty": ("msg", "", "", ""),
}


@pytest.fixture(scope="module", params=("keyd", "frontend"))
def records(request, site):
    """Signerd's lines about each record, good or not, of that child."""
    script = ["me.get_ready()"]
    for number, name in enumerate(list(MALFORMED) + list(GOOD)):
        script.append("me.log('msg', 'about', 'number', '%d')" % number)
        if name in MALFORMED:
            script.append("me.send(keymsg.LOG, %r)" % MALFORMED[name])
        else:
            script.append("me.log(*%r)" % (GOOD[name],))
    script.append("me.log('msg', 'all said')\nme.serve()")
    directory = liar.place(site, **{request.param: "\n".join(script)})
    with daemon.Signerd(site, site.config(rules=RULES),
                        ["-x", directory]) as made:
        made.wait_log(msg="all said")
        assert made.stop() == 0
    lines, about = {}, None
    mine = [(line, fields) for line, fields in zip(made.lines, made.records)
            if fields.get("process") == request.param or "raw" in fields]
    for line, fields in mine:
        if fields.get("msg") == "about":
            about = (list(MALFORMED) + list(GOOD))[int(fields["number"])]
        elif about is not None and fields.get("msg") != "all said":
            lines.setdefault(about, []).append((line, fields))
    return lines


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_record(records, name):
    """A line says so, and shows nothing of it."""
    (line, fields), = records[name]
    assert fields["msg"] == "a malformed log record"
    assert fields["level"] == "warn"
    assert set(fields) == {"time", "level", "process", "msg"}


@pytest.mark.parametrize("name", GOOD)
def test_record_with_hostile_bytes(records, name):
    (line, _), = records[name]
    assert QUIET.fullmatch(line)
    assert re.match(r"time=\S+ level=info process=(keyd|frontend) msg=", line)
    # Outside of quotes nothing looks like a field of the parent's.
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", line)
    assert len(re.findall(r"\b(time|level|process|msg)=", bare)) == 4, bare


@pytest.mark.parametrize("form", ("logfmt", "json"))
def test_malformed_records_are_counted(site, form):
    """They use up the child's rate; what goes over it is summed up."""
    script = """
me.get_ready()
for _ in range(500):
    me.send(keymsg.LOG, b'x')
me.serve(tick=lambda: me.log('msg', 'tick'))
"""
    text = site.config(rules=RULES,
                       log="{ format %s level info rate 20 }" % form)
    kind = Json if form == "json" else daemon.Signerd
    with kind(site, text, ["-x", liar.place(site, keyd=script)]) as made:
        sums = 0
        while malformed_in(made) + summed_in(made, sums) < 500:
            sums += 1
            made.wait_log(msg="log records suppressed", count=sums)
        assert made.stop() == 0
    # They may come in more than one second; ticks may be among the lost.
    seconds = len({each["time"][:19] for each in
                   made.logged(msg="a malformed log record")})
    assert malformed_in(made) <= 20 * (seconds + 1)
    assert malformed_in(made) + summed_in(made) < 500 + 20


def malformed_in(made):
    return len(made.logged(msg="a malformed log record"))


def summed_in(made, sums=None):
    lost = made.logged(msg="log records suppressed")
    return sum(int(each["count"]) for each in lost[:sums])


def test_the_lost_are_summed_up_at_the_end(site):
    """Of a child that says nothing any more."""
    script = "me.get_ready()\n" + "me.log('msg', 'many')\n" * 500 + \
        "me.serve()"
    text = site.config(rules=RULES,
                       log="{ format logfmt level info rate 20 }")
    with daemon.Signerd(site, text,
                        ["-x", liar.place(site, frontend=script)]) as made:
        made.wait_log(msg="ready", process="signerd")
        assert made.stop() == 0
    assert len(made.logged(msg="many")) + summed_in(made) == 500


def test_the_lost_are_summed_up_while_it_is_silent(site):
    script = "me.get_ready()\n" + "me.log('msg', 'many')\n" * 500 + \
        "me.serve()"
    text = site.config(rules=RULES,
                       log="{ format logfmt level info rate 20 }")
    with daemon.Signerd(site, text,
                        ["-x", liar.place(site, frontend=script)]) as made:
        sums = 0
        while len(made.logged(msg="many")) + summed_in(made, sums) < 500:
            sums += 1
            made.wait_log(msg="log records suppressed", count=sums)


class Json(daemon.Signerd):
    def parse(self, text):
        return json.loads(text)


def test_forged_fields_in_json(site):
    """A key of the parent's would stand in the object twice."""
    script = "me.get_ready()\n" + "\n".join(
        "me.send(keymsg.LOG, %r)" % MALFORMED[name] for name in MALFORMED
        if name.startswith("key")) + "\nme.log('msg', 'end')\nme.serve()"
    text = site.config(rules=RULES, log="{ format json level info }")
    with Json(site, text, ["-x", liar.place(site, keyd=script)]) as made:
        made.wait_log(msg="end")
        assert made.stop() == 0
    for line in made.lines:
        keys = [k for k, _ in json.loads(line, object_pairs_hook=list)]
        assert len(keys) == len(set(keys)), line
        assert "FORGED" not in line


@pytest.mark.parametrize("child", ("keyd", "frontend"))
def test_signatures_are_limited_as_well(site, child):
    """Their own budget is no way around the rate."""
    script = """
me.get_ready()
for _ in range(500):
    me.log('msg', 'signed')
me.serve(tick=lambda: me.log('msg', 'tick'))
"""
    text = site.config(rules=RULES, log="{ level info rate 20 }")
    directory = liar.place(site, **{child: script})
    began = time.monotonic()
    with daemon.Signerd(site, text, ["-x", directory]) as made:
        made.wait_log(msg="log records suppressed")
        assert made.stop() == 0
    # As many seconds as that may have begun while they came.
    seconds = int(time.monotonic() - began) + 2
    assert 20 <= len(made.logged(msg="signed")) <= 20 * seconds


# ---- ends ----------------------------------------------------------------


def died(ended, child, how):
    assert ended.status == 1, ended
    found = ended.logged(msg="child died")
    assert len(found) == 1 and found[0]["child"] == child, ended
    assert how in found[0]["how"], ended
    assert found[0]["level"] == "error"


LAST = "me.log('msg', 'my last words', level=0); import os; os._exit(7)"


@pytest.mark.parametrize("child", ("keyd", "frontend"))
@pytest.mark.parametrize("before", ("", "me.configured()", "me.get_ready()"))
def test_last_words(site, text, child, before):
    """They come before the word of its death."""
    ended = liar.run(site, text, **{child: before + "\n" + LAST})
    died(ended, child, "status 7")
    said = [each.get("msg") for each in ended.records]
    assert said.count("my last words") == 1, ended
    assert said.index("my last words") < said.index("child died")
    assert_quiet(ended)


def test_last_words_while_the_parent_writes(site):
    """More than the socket takes was on its way: writing it fails."""
    many = "".join('allow client "c%d.example" key "sequencer" chain 10\n' % n
                   for n in range(8000))
    ended = liar.run(site, site.config(rules=many), keyd=LAST)
    died(ended, "keyd", "status 7")
    said = [each.get("msg") for each in ended.records]
    assert said.count("my last words") == 1, ended
    assert not any("messages of" in each for each in said), ended


@pytest.mark.parametrize("child", ("keyd", "frontend"))
@pytest.mark.parametrize("when", ("", "me.get_ready()"))
def test_exit_without_a_word(site, text, child, when):
    script = when + "\nimport os; os._exit(0)"
    died(liar.run(site, text, **{child: script}), child, "status 0")


def test_channel_closed_but_living_on(site, text):
    """The parent waits a little for its death, and then sees to it."""
    bye = "me.log('msg', 'bye'); me.live_on()"
    runs = [(child, liar.Run(site, text, **{child: when % bye}))
            for child in ("keyd", "frontend")
            for when in ("%s", "me.get_ready(); %s",
                         "me.get_ready()\ndef tick():\n    %s\n"
                         "me.serve(tick)")]
    for child, each in runs:
        ended = each.end()
        assert ended.status == 1, ended
        found = ended.logged(
            level="error", process="signerd", child=child,
            msg="child does not speak any more: killed")
        assert len(found) == 1, ended
        assert ended.logged(msg="bye", process=child), ended


# ---- the end before the beginning ----------------------------------------


class Beginning(daemon.Signerd):
    """One whose children were started, and are not ready."""
    begun = {"msg": "started", "child": "frontend"}


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT))
@pytest.mark.parametrize("scripts", (
    {"keyd": WAITING, "frontend": WAITING}, {"keyd": WAITING},
    {"frontend": WAITING}, {"keyd": HONEST, "frontend": "me.configured();"
                            "me.serve()"}))
def test_stop_before_it_is_ready(site, text, number, scripts):
    directory = liar.place(site, **scripts)
    with Beginning(site, text, ["-x", directory]) as made:
        made.process.send_signal(number)
        assert made.wait() == 0, made.output()
    assert not made.logged(msg="child died"), made.output()
    assert not made.logged(level="error"), made.output()
    assert made.logged(msg="stopped")


def test_stop_while_the_real_ones_start(site, text):
    for _ in range(5):
        with Beginning(site, text) as made:
            made.process.send_signal(signal.SIGTERM)
            assert made.wait() == 0, made.output()
        assert not made.logged(level="error"), made.output()


def test_child_that_does_not_let_itself_be_stopped(site):
    """It is killed when its time is up, and that is a failure."""
    text = site.config(rules=RULES, extra="timeout { request 500 ms "
                       "keyd 400 ms }")
    directory = liar.place(site, keyd=WAITING, frontend="import signal\n"
                           "while True:\n    signal.pause()")
    with Beginning(site, text, ["-x", directory]) as made:
        made.process.send_signal(signal.SIGTERM)
        assert made.wait() == 1, made.output()
    assert made.logged(msg="child does not stop: killed", child="frontend")
    assert not procfs.session(made.pid)
