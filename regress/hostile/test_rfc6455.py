# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""RFC 6455, case by case, in frames made by hand, at both ends of a link:
proxyd, who is dialled, and signerd, who dials.

The numbers are those of the groups of the Autobahn test suite, which asks the
same of any websocket.  A case that breaks the protocol ends its link with the
code that it names; the next one, on a new link, begins with a request in good
order that is answered.  Any other case leaves its link as it was.
"""

import collections

import pytest

from lib import daemon, wsends
from lib.wsconn import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from lib.wsends import MESSAGE, text

# frames: (opcode, payload, how it is out of the ordinary); code: None, the
# link stays; EMPTY: a close frame without one.
Case = collections.namedtuple("Case", "name frames events code chop")
EMPTY = "empty"
HELLO = text("hello")
ANSWER = ("answer", "hello", -32601)
UNREAD = ("answer", None, -32700)
CASES = []


def frame(opcode, payload=b"", **how):
    return opcode, payload, how


def first(payload=b"", opcode=TEXT, **how):
    return frame(opcode, payload, fin=False, **how)


def more(payload=b"", **how):
    return frame(CONTINUATION, payload, fin=False, **how)


def final(payload=b"", **how):
    return frame(CONTINUATION, payload, **how)


def close(code=1000, reason=b"", **how):
    return frame(CLOSE, b"" if code is None else code.to_bytes(2, "big") +
                 reason, **how)


def fragments(payload, size, opcode=TEXT):
    parts = [payload[i:i + size] for i in range(0, len(payload), size)]
    return [frame(CONTINUATION if i else opcode, part,
                  fin=i == len(parts) - 1) for i, part in enumerate(parts)]


def case(name, *frames, events=(), code=None, chop=0):
    """chop: bytes of a segment; 0: a frame each; None: all in one."""
    CASES.append(Case(name, frames, list(events), code, chop))


# ---- 1: messages, by length; 5.2, 5.6 --------------------------------------

for opcode, number in ((TEXT, "1.1"), (BINARY, "1.2")):
    # A binary message is read like a text: Go's peers read both alike, and
    # to refuse it with 1003 is what one may, not what one must (7.4.1).
    case(number + " of 0", frame(opcode))
    for length in (125, 126, 127, 128, 65535, 65536):
        case("%s of %d" % (number, length), frame(opcode, text(
            "hello", length)), events=[ANSWER])
    for chop in (997, 1300):
        case("%s of 65536 in segments of %d" % (number, chop), frame(
            opcode, text("hello", 65536)), events=[ANSWER], chop=chop)
    case(number + " of no JSON", frame(opcode, b"hello"), events=[UNREAD])
case("1.2 that is no text", frame(BINARY, b"\xff\xfe\x00\x80"),
     events=[UNREAD])
case("1.1 in segments of a byte", frame(TEXT, HELLO), events=[ANSWER], chop=1)
case("1.1 three in one segment", *[frame(TEXT, HELLO)] * 3,
     events=[ANSWER] * 3, chop=None)

# ---- 2: pings and pongs; 5.5.2, 5.5.3 --------------------------------------

NOISE = bytes(range(0x80, 0x100))
case("2.1 to 2.4, of any length", *[
    frame(PING, NOISE[:n]) for n in range(126)],
     events=[("pong", NOISE[:n]) for n in range(126)])
case("2.5 ping of 126", frame(PING, b"x" * 126), code=1002)
case("2.5 ping of 65536", frame(PING, b"x" * 65536), code=1002)
case("2.5 pong of 126", frame(PONG, b"x" * 126), code=1002)
case("2.6 in segments of a byte", frame(PING, NOISE[:125]),
     events=[("pong", NOISE[:125])], chop=1)
case("2.7 pong that nobody asked for", frame(PONG))
case("2.8 the same, with a payload", frame(PONG, NOISE[:125]))
case("2.9 and a ping", frame(PONG, b"no"), frame(PING, b"yes"),
     events=[("pong", b"yes")])
for chop in (None, 0, 1):
    case("2.10 ten, %r" % chop, *[frame(PING, b"%d" % n) for n in range(10)],
         events=[("pong", b"%d" % n) for n in range(10)], chop=chop)

# ---- 3: reserved bits; 5.2 -------------------------------------------------

for rsv in range(1, 8):
    for name, each in (
            ("text", frame(TEXT, HELLO, rsv=rsv)),
            ("binary", frame(BINARY, rsv=rsv)),
            ("ping", frame(PING, b"x", rsv=rsv)),
            ("close", close(rsv=rsv)))[rsv % 2::2]:
        case("3.%d %s" % (rsv, name), frame(TEXT, HELLO), each,
             frame(PING, b"x"), events=[ANSWER], code=1002)
case("3 in a continuation", first(HELLO[:5]), final(HELLO[5:], rsv=4),
     code=1002)
case("3 segments of a byte", frame(TEXT, HELLO, rsv=4), code=1002, chop=1)

# ---- 4: reserved opcodes; 5.2 ----------------------------------------------

for opcode in list(range(3, 8)) + list(range(11, 16)):
    case("4 opcode %d" % opcode, frame(TEXT, HELLO),
         frame(opcode, b"x" * (opcode % 2)), frame(PING, b"x"),
         events=[ANSWER], code=1002)
case("4 opcode 3, within a message", first(HELLO[:5]), frame(3),
     final(HELLO[5:]), code=1002)

# ---- 5: fragments; 5.4 -----------------------------------------------------

case("5.1 ping in fragments", frame(PING, b"a", fin=False), final(b"b"),
     code=1002)
case("5.2 pong in fragments", frame(PONG, b"a", fin=False), final(b"b"),
     code=1002)
case("5 close in fragments", close(fin=False), final(b"b"), code=1002)
for chop in (None, 0, 1):
    case("5.3 to 5.5 two, %r" % chop, first(HELLO[:5]), final(HELLO[5:]),
         events=[ANSWER], chop=chop)
    case("5.6 to 5.8 a ping between, %r" % chop, first(HELLO[:5]),
         frame(PING, b"x"), final(HELLO[5:]),
         events=[("pong", b"x"), ANSWER], chop=chop)
    for name, each in (("final", final(b"x")), ("not", more(b"x"))):
        case("5.9 to 5.14 of nothing, %s, %r" % (name, chop), each,
             frame(TEXT, HELLO), code=1002, chop=chop)
case("5.15 a whole one, and more of it", first(HELLO[:5]), final(HELLO[5:]),
     more(b"x"), frame(TEXT, HELLO), events=[ANSWER], code=1002)
case("5.16 of nothing, empty", more(), frame(TEXT, HELLO), code=1002)
case("5.17 of nothing, final and empty", final(), code=1002)
case("5.18 a text within a text", first(HELLO[:5]), frame(TEXT, HELLO[5:]),
     code=1002)
case("5.18 the first of a text within a text", first(HELLO[:5]), first(b"x"),
     code=1002)
case("5.18 binary within a text", first(HELLO[:5]), frame(BINARY, HELLO[5:]),
     code=1002)
case("5.18 text within an empty text", first(), frame(TEXT, HELLO),
     code=1002)
case("5.19 pings between five", first(HELLO[:5]), more(HELLO[5:9]),
     frame(PING, b"1"), more(HELLO[9:20]), more(), frame(PONG, b"no"),
     frame(PING, b"2"), final(HELLO[20:]), frame(PING, b"3"),
     events=[("pong", b"1"), ("pong", b"2"), ANSWER, ("pong", b"3")])
case("5 frames of a byte", *fragments(HELLO, 1), events=[ANSWER])
case("5 frames of a byte, in segments of a byte", *fragments(HELLO, 1),
     events=[ANSWER], chop=1)
case("5 binary frames of a byte", *fragments(HELLO, 1, BINARY),
     events=[ANSWER])
case("5 a ping after each byte", *[
    each for part in fragments(HELLO, 1) for each in (
        part, frame(PING, b"p"))],
     events=[("pong", b"p")] * (len(HELLO) - 1) + [ANSWER, ("pong", b"p")])
case("5 empty before, between and after", first(), more(), more(HELLO[:5]),
     more(), more(HELLO[5:]), final(), events=[ANSWER])

# ---- 6: UTF-8; 8.1 ---------------------------------------------------------

KOSME = "\u03ba\u1f79\u03c3\u03bc\u03b5".encode()
case("6.1.1 empty", frame(TEXT))
case("6.1.2 three empty fragments", first(), more(), final())
case("6.1.3 something between two", first(), more(b"x"), final(),
     events=[UNREAD])
VALID = [KOSME] + [chr(each).encode() for each in (
    0, 0x24, 0x7f, 0x80, 0xa2, 0x7ff, 0x800, 0x20ac, 0xd7ff, 0xe000, 0xfffd,
    0xfeff, 0xfff9, 0xfffa, 0xfffb, 0xfffc, 0x10000, 0x24b62, 0x10ffff)] + [
        chr(plane << 16 | low).encode() for plane in range(17)
        for low in (0xfffe, 0xffff)] + [
            chr(each).encode() for each in range(0xfdd0, 0xfdf0)]
for since in range(0, len(VALID), 30):
    some = VALID[since:since + 30]
    case("6.2 what is valid, from %d" % since, *[
        frame(TEXT, each) for each in some], events=[UNREAD] * len(some))
    case("6.2 in frames of a byte, from %d" % since, *[
        part for each in some for part in fragments(each, 1)],
         events=[UNREAD] * len(some))
case("6.2 in segments of a byte", *[frame(TEXT, each) for each in VALID[:20]],
     events=[UNREAD] * 20, chop=1)
case("6.2 within a request", frame(TEXT, HELLO.replace(
    b'""', b'"%s"' % b"".join(VALID[4:]))), events=[ANSWER])

LONELY = b"\xc0 \xe0\x80 \xf0\x80\x80 \xf8\x80\x80\x80 \xfc\x80\x80\x80\x80"
INVALID = [KOSME + b"\xed\xa0\x80edited", KOSME + b"\xf4\x90\x80\x80edited",
           LONELY, LONELY.replace(b" ", b""), bytes(range(0x80, 0xc0)),
           b"\xfe\xfe\xff\xff", b"hello\xf7\xbf\xbf\xbfworld"]
INVALID += [KOSME[:n] for n in (1, 3, 4, 6, 8, 10)]     # cut in a character
INVALID += [                    # 5 and 6 bytes; too high; last ones missing
    b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80", b"\xf7\xbf\xbf\xbf",
    b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf", b"\xf4\x90\x80\x80",
    b"\xf5\x80\x80\x80", b"\xdf", b"\xef\xbf", b"\xf0\x90\x80", b"\xf4\x8f",
    b"\xf7\xbf\xbf", b"\xfb\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf"]
INVALID += [b"\x80", b"\xbf", b"\x80\xbf", b"\x80\xbf\x80",
            b"\x80\xbf\x80\xbf\x80\xbf", b"\xc2\x41", b"\xe0\xa0\x41",
            b"\xf0\x90\x80\x41", b"\xc2\xc2\x80", b"\xfe", b"\xff"]
INVALID += [                    # overlong: /, the longest, NUL
    b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf",
    b"\xf8\x80\x80\x80\xaf", b"\xfc\x80\x80\x80\x80\xaf", b"\xc1\xbf",
    b"\xe0\x9f\xbf", b"\xf0\x8f\xbf\xbf", b"\xf8\x87\xbf\xbf\xbf",
    b"\xfc\x83\xbf\xbf\xbf\xbf", b"\xc0\x80", b"\xe0\x80\x80",
    b"\xf0\x80\x80\x80", b"\xf8\x80\x80\x80\x80", b"\xfc\x80\x80\x80\x80\x80"]
INVALID += [b"\xed" + each for each in (    # surrogates, alone and in pairs
    b"\xa0\x80", b"\xad\xbf", b"\xae\x80", b"\xaf\xbf", b"\xb0\x80",
    b"\xbe\x80", b"\xbf\xbf", b"\xa0\x80\xed\xb0\x80", b"\xad\xbf\xed\xbf\xbf",
    b"\xae\x80\xed\xb0\x80", b"\xaf\xbf\xed\xbf\xbf")]
for number, each in enumerate(INVALID):
    case("6.3 %s" % each.hex(), frame(TEXT, each), code=1007)
    if number % 3 == 0:
        case("6.3 %s within a request" % each.hex(), frame(
            TEXT, HELLO.replace(b'""', b'"%s"' % each)), code=1007)
    elif number % 3 == 1:
        case("6.3 %s in frames of a byte" % each.hex(),
             *fragments(each + b"x", 1), code=1007)
    else:
        case("6.3 %s in segments of a byte" % each.hex(), frame(
            TEXT, each), code=1007, chop=1)
# It ends as soon as it cannot be UTF-8 any more, though more is announced.
case("6.4.1 the second fragment", first(KOSME), more(b"\xf4\x90\x80\x80"),
     code=1007)
case("6.4.2 the very byte, in a fragment", first(KOSME + b"\xf4"),
     more(b"\x90"), code=1007)
case("6.4.3 the second segment", frame(TEXT, KOSME + b"\xf4\x90\x80",
                                       announce=200), code=1007, chop=18)
case("6.4.4 the very byte, in a segment", frame(
    TEXT, KOSME + b"\xf4\x90", announce=200), code=1007, chop=1)
case("6.4 a ping in the midst of a character", first(KOSME + b"\xf0"),
     frame(PING, b"\xff"), more(b"\x9f"), frame(PONG, b"\xff"),
     final(b"\x98\x80"), events=[("pong", b"\xff"), UNREAD])
case("6.4 the next message begins anew", *fragments(KOSME, 3),
     frame(TEXT, KOSME), events=[UNREAD] * 2)
case("6.4 binary is not looked at", *fragments(b"\xff" * 9, 2, BINARY),
     events=[UNREAD])

# ---- 7: the close; 5.5.1, 7.1, 7.4 -----------------------------------------

case("7.1.1 a message, a close", frame(TEXT, HELLO), close(),
     events=[ANSWER], code=1000)
case("7.1.2 two", close(), close(1001), code=1000)
case("7.1.3 a ping after it", close(), frame(PING, b"x"), code=1000)
case("7.1.4 a text after it", close(), frame(TEXT, HELLO), code=1000)
case("7.1.4 garbage after it", close(), frame(3, b"\xff" * 99, rsv=7),
     code=1000)
case("7.1.5 within a message", first(HELLO[:5]), close(), final(HELLO[5:]),
     code=1000)
case("7.1.6 after 256 KiB, and a ping", frame(TEXT, text("hello", 1 << 18)),
     close(), frame(PING, b"x"), events=[ANSWER], code=1000)
case("7.1 all in one", frame(TEXT, HELLO), frame(PING, b"x"), close(4242),
     frame(TEXT, HELLO), events=[ANSWER, ("pong", b"x")], code=4242,
     chop=None)
case("7.1 in segments of a byte", close(3000, b"some reason"), code=3000,
     chop=1)
for chop in (3, 4, 5, 7, 11):
    case("7.3.4 a reason in segments of %d" % chop, close(
        1001, KOSME * 9), code=1001, chop=chop)
    case("7.5.1 not in UTF-8, in segments of %d" % chop, close(
        1001, KOSME * 9 + b"\xed\xa0\x80x"), code=1007, chop=chop)
case("7.3.1 nothing in it", close(None), code=EMPTY)
case("7.3.2 one byte", frame(CLOSE, b"\x03"), code=1002)
case("7.3.4 a reason", close(1000, b"because"), code=1000)
case("7.3.5 a reason of 123", close(1000, b"x" * 123), code=1000)
case("7.3.5 of 123, not in ASCII", close(1000, b"x" + b"\xc3\xa4" * 61),
     code=1000)
case("7.3.6 a reason of 124", close(1000, b"x" * 124), code=1002)
case("7.5.1 a reason not in UTF-8", close(1000, KOSME + b"\xed\xa0\x80x"),
     code=1007)
case("7.5 cut in a character", close(1000, KOSME[:-1]), code=1007)
case("7.5 in segments of a byte", close(1000, b"x\xff"), code=1007, chop=1)
for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012,
             1013, 1014, 3000, 3999, 4000, 4999):
    case("7.7 code %d" % code, close(code, KOSME), code=code)
for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999,
             5000, 9999, 32768, 65535):
    case("7.9 code %d" % code, close(code, b"x" * (code % 2)), code=1002)

# ---- 9 and 10: lengths, limits and masks; 5.1 to 5.3, 10.4 -----------------

for size in (64, 1024, 16384):
    case("9.3 64 KiB in frames of %d" % size, *fragments(
        text("hello", 65536), size), events=[ANSWER])
case("9.5 64 KiB in segments of 64", frame(TEXT, text("hello", 65536)),
     events=[ANSWER], chop=64)
case("9.1 as large as it may be", frame(TEXT, text("hello", MESSAGE)),
     events=[ANSWER])
case("9.1 in fragments", *fragments(text("hello", MESSAGE), 65537),
     events=[ANSWER])
case("9.1 a byte more", frame(TEXT, b" ", announce=MESSAGE + 1), code=1009)
case("9.1 a byte more, binary", frame(BINARY, b" ", announce=MESSAGE + 1),
     code=1009)
case("9.1 a byte more, of the last fragment", *fragments(
    text("hello", MESSAGE), 65536)[:-1], final(b" ", announce=65537),
     code=1009)
case("9.1 2^63 - 1", frame(TEXT, b" ", announce=(1 << 63) - 1),
     code=1009)
case("9.1 2^63", frame(TEXT, announce=1 << 63), code=1002)
case("9.1 2^64 - 1", frame(BINARY, announce=(1 << 64) - 1), code=1002)
case("9.1 2^63, a continuation", first(b"x"), final(announce=1 << 63),
     code=1002)
for form, lengths in ((16, (0, 1, 125)), (64, (0, 125, 126, 65535))):
    for length in lengths:
        case("9 %d as of %d bits" % (length, form), frame(
            TEXT, b" " * length, form=form), code=1002)
case("9 a ping's length as of 16 bits", frame(PING, b"x", form=16), code=1002)
case("9 a close's length as of 64 bits", close(form=64), code=1002)
case("10.1.1 64 KiB in frames of 1300", *fragments(
    text("hello", 65536), 1300), events=[ANSWER])
for name, frames in (
        ("text", [frame(TEXT, HELLO, mask="wrong")]),
        ("empty text", [frame(TEXT, mask="wrong")]),
        ("ping", [frame(PING, b"x", mask="wrong")]),
        ("close", [close(mask="wrong")]),
        ("continuation", [first(b"{"), final(b"}", mask="wrong")])):
    case("10 masked against the role: " + name, *frames, code=1002)


# ---- the ends --------------------------------------------------------------


@pytest.fixture(scope="module", params=(wsends.ServerEnd, wsends.ClientEnd),
                ids=("proxyd", "signerd"))
def end(request, site):
    with wsends.opened(site, request.param) as made:
        yield made


def encoded(endpoint, frames):
    """mask: by the role; "wrong": against it."""
    for opcode, payload, how in frames:
        if how.get("mask") == "wrong":
            how = dict(how, mask=endpoint.server)
        yield endpoint.frame(opcode, payload, **how)


def pieces(endpoint, each):
    frames = encoded(endpoint, each.frames)
    if each.chop == 0:
        return list(frames)
    whole = b"".join(frames)
    size = each.chop or len(whole)
    return [whole[i:i + size] for i in range(0, len(whole), size)]


def run(end, each):
    # Of what nobody has asked for no proxy takes much on one link.
    if len(each.events) > 10:
        end.drop()
    parts = pieces(end.link(), each)
    if each.code is None:
        end.check_stays(parts, each.events)
    else:
        end.check_ends(parts, each.events,
                       None if each.code == EMPTY else each.code,
                       any(opcode == CLOSE for opcode, _, _ in each.frames))


@pytest.mark.parametrize("number", range(len(CASES)),
                         ids=[each.name for each in CASES])
def test_case(end, number):
    run(end, CASES[number])


def test_names_are_of_one_case_each():
    assert len({each.name for each in CASES}) == len(CASES)


def test_many_small_fragments(end):
    """Neither time nor memory without a bound: a fragment by itself takes
    none, and what is assembled is what the limit says."""
    endpoint = end.link()
    before = end.memory()
    empty = endpoint.frame(CONTINUATION, fin=False)
    for opcode in (TEXT, BINARY):
        start = endpoint.frame(opcode, HELLO[:1], fin=False)
        end.check_stays([start] + [empty * 1000] * 100 + [
            endpoint.frame(CONTINUATION, HELLO[1:])], [ANSWER])
    whole = text("hello", 65536)
    one = b"".join(encoded(endpoint, fragments(whole, 1)))
    end.check_stays([one], [ANSWER])
    if not daemon.SANITIZE:
        assert end.memory() < before + 4096


def test_what_is_announced_takes_no_memory(end):
    """Only what has come does."""
    before = end.memory()
    endpoint = end.link()
    end.send([endpoint.frame(TEXT, b"{", announce=MESSAGE)])
    endpoint.ping()             # is of the message
    end.drop()
    end.link()
    if not daemon.SANITIZE:
        assert end.memory() < before + 1024


def test_close_from_either_side_at_once(end):
    """The code is the peer's; nothing follows the close frame."""
    for _ in range(5):
        endpoint = end.link()
        end.check_ends([endpoint.frame(TEXT, HELLO) * 3 + endpoint.frame(
            CLOSE, b"\x03\xe9") + endpoint.frame(TEXT, HELLO) * 3],
                       [ANSWER] * 3, 1001, True)
