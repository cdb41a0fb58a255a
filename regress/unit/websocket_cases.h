/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_WEBSOCKET_CASES_H
#define REGRESS_UNIT_WEBSOCKET_CASES_H

#include <stddef.h>

#define MAX_MESSAGE	70000
#define MAX_FRAMES	8

struct frame {
	unsigned int	 flags;
#define FR_USED		0x01
#define FR_WRONGMASK	0x02	/* masked against the role */
#define FR_LEN16	0x04	/* length in that form, short as it may be */
#define FR_LEN64	0x08
#define FR_HEAD		0x10	/* of the payload only the first byte */
	unsigned int	 b0;	/* FIN, RSV, opcode */
	const char	*data;	/* NULL: letters a */
	size_t		 len;
};

#define FRAME(flags, b0, s)	{ FR_USED | (flags), b0, s, sizeof(s) - 1 }
#define BIG(flags, b0, n)	{ FR_USED | (flags), b0, NULL, n }
#define TEXT(s)		FRAME(0, 0x81, s)
#define TEXT0(s)	FRAME(0, 0x01, s)	/* first of several */
#define BIN(s)		FRAME(0, 0x82, s)
#define BIN0(s)		FRAME(0, 0x02, s)
#define MORE(s)		FRAME(0, 0x00, s)	/* neither first nor last */
#define LAST(s)		FRAME(0, 0x80, s)
#define CLOSE(s)	FRAME(0, 0x88, s)
#define PING(s)		FRAME(0, 0x89, s)
#define PONG(s)		FRAME(0, 0x8a, s)

#define C1000		"\x03\xe8"
#define E_ACUTE		"\xc3\xa9"
#define T25		"0123456789abcdefghijklmno"
#define T123		T25 T25 T25 T25 "0123456789abcdefghijklm"
#define T125		T123 "no"

/*
 * What frames give: "[message]" (letters a counted: "[a*N]") and "pong(...)"
 * as the callbacks come; then "<code reason>" where the peer closed, "!code"
 * where this side refused; then ">..." for each pong that was sent.
 */
static const struct wire {
	const char	*name;
	struct frame	 frames[MAX_FRAMES];
	const char	*want;
} table[] = {
	/* Messages and lengths (5.2). */
	{ "nothing", { { 0, 0, NULL, 0 } }, "" },
	{ "text", { TEXT("hello") }, "[hello]" },
	{ "binary", { BIN("\xff\xfe x") }, "[\xff\xfe x]" },
	{ "NUL in a message", { BIN("a\0b") }, "[a?b]" },
	{ "empty text", { TEXT("") }, "[]" },
	{ "empty binary", { BIN("") }, "[]" },
	{ "two", { TEXT("a b"), BIN("c") }, "[a b][c]" },
	{ "two empty", { TEXT(""), TEXT("") }, "[][]" },
	{ "125", { BIG(0, 0x81, 125) }, "[a*125]" },
	{ "126", { BIG(0, 0x81, 126) }, "[a*126]" },
	{ "127", { BIG(0, 0x81, 127) }, "[a*127]" },
	{ "128", { BIG(0, 0x81, 128) }, "[a*128]" },
	{ "65535", { BIG(0, 0x82, 65535) }, "[a*65535]" },
	{ "65536", { BIG(0, 0x82, 65536) }, "[a*65536]" },
	{ "long, then short", { BIG(0, 0x81, 65536), TEXT("x"),
	    BIG(0, 0x81, 5000) }, "[a*65536][x][a*5000]" },
	{ "16 bits where 7 do", { BIG(FR_LEN16, 0x81, 125) }, "!1002" },
	{ "16 bits for 126", { BIG(FR_LEN16, 0x81, 126) }, "[a*126]" },
	{ "16 bits for 0", { BIG(FR_LEN16, 0x81, 0) }, "!1002" },
	{ "64 bits where 7 do", { BIG(FR_LEN64, 0x81, 5) }, "!1002" },
	{ "64 bits where 16 do", { BIG(FR_LEN64, 0x82, 65535) }, "!1002" },
	{ "64 bits for 65536", { BIG(FR_LEN64, 0x82, 65536) },
	    "[a*65536]" },

	/* Limits. */
	{ "at the limit", { BIG(0, 0x81, MAX_MESSAGE), TEXT("x") },
	    "[a*70000][x]" },
	{ "over the limit", { BIG(FR_HEAD, 0x81, MAX_MESSAGE + 1) },
	    "!1009" },
	{ "binary over the limit", { BIG(FR_HEAD, 0x82, MAX_MESSAGE + 1) },
	    "!1009" },
	{ "fragments at the limit", { BIG(0, 0x01, 35000), MORE(""),
	    BIG(0, 0x80, 35000), TEXT("x") }, "[a*70000][x]" },
	{ "fragments over the limit", { BIG(0, 0x01, 35000),
	    BIG(0, 0x00, 34999), BIG(FR_HEAD, 0x80, 2), TEXT("x") },
	    "!1009" },
	{ "one byte more", { BIG(0, 0x02, MAX_MESSAGE), LAST("x") },
	    "!1009" },
	{ "a limit for each message", { BIG(0, 0x02, MAX_MESSAGE), LAST(""),
	    BIG(0, 0x02, MAX_MESSAGE), PING(T125), LAST("") },
	    "[a*70000][a*70000]>" T125 },
	{ "2^40", { BIG(FR_HEAD, 0x82, (size_t)1 << 40) }, "!1009" },
	{ "2^63 - 1", { BIG(FR_HEAD, 0x82, SIZE_MAX / 2) }, "!1009" },
	{ "2^63 - 1 more", { TEXT0("abc"),
	    BIG(FR_HEAD, 0x80, SIZE_MAX / 2) }, "!1009" },
	{ "2^63", { BIG(FR_HEAD, 0x82, SIZE_MAX / 2 + 1) }, "!1002" },
	{ "2^64 - 1", { BIG(FR_HEAD, 0x82, SIZE_MAX) }, "!1002" },

	/* Fragments (5.4). */
	{ "two fragments", { TEXT0("hel"), LAST("lo") }, "[hello]" },
	{ "three, binary", { BIN0("a"), MORE("b"), LAST("c") }, "[abc]" },
	{ "empty fragments", { TEXT0(""), MORE(""), MORE(""), LAST("") },
	    "[]" },
	{ "empty last", { TEXT0("a"), MORE("b"), LAST("") }, "[ab]" },
	{ "empty first", { TEXT0(""), MORE("a"), LAST("b"), TEXT("c") },
	    "[ab][c]" },
	{ "not complete", { TEXT0("a"), MORE("b") }, "" },
	{ "control frames between", { TEXT0("a"), PING("x"), MORE("b"),
	    PONG("y"), PING(""), LAST("c"), TEXT("d") },
	    "pong(y)[abc][d]>x>" },
	{ "ping after an empty fragment", { TEXT0(""), PING("x"), LAST("") },
	    "[]>x" },
	{ "close between", { TEXT0("a"), CLOSE(C1000), LAST("b") },
	    "<1000 >" },
	{ "continuation of nothing", { LAST("a") }, "!1002" },
	{ "continuation of nothing, more", { MORE("") }, "!1002" },
	{ "continuation of a whole message", { TEXT("a"), LAST("b") },
	    "[a]!1002" },
	{ "continuation after the last", { TEXT0("a"), LAST("b"),
	    LAST("c") }, "[ab]!1002" },
	{ "text within a message", { TEXT0("a"), TEXT("b") }, "!1002" },
	{ "binary within a message", { TEXT0("a"), BIN("b") }, "!1002" },
	{ "first within a message", { BIN0("a"), BIN0("b") }, "!1002" },
	{ "text after an empty fragment", { TEXT0(""), TEXT("b") },
	    "!1002" },
	{ "text after a ping in between", { TEXT0("a"), PING(""),
	    TEXT("b") }, "!1002>" },

	/* Control frames (5.5). */
	{ "ping", { PING("x") }, ">x" },
	{ "ping, empty", { PING("") }, ">" },
	{ "ping of 125", { PING(T125) }, ">" T125 },
	{ "ping, binary", { PING("\0\xff\xc0") }, ">?\xff\xc0" },
	{ "ping of 126", { BIG(0, 0x89, 126) }, "!1002" },
	{ "ping of 65536", { BIG(FR_HEAD, 0x89, 65536) }, "!1002" },
	{ "ping, 16 bits", { BIG(FR_LEN16, 0x89, 5) }, "!1002" },
	{ "ping, a fragment", { FRAME(0, 0x09, "x") }, "!1002" },
	{ "ping, a fragment within", { TEXT0("a"), FRAME(0, 0x09, "x") },
	    "!1002" },
	{ "pings", { PING("a"), PING("b"), PING("c") }, ">a>b>c" },
	{ "pong", { PONG("x") }, "pong(x)" },
	{ "pong, empty", { PONG("") }, "pong()" },
	{ "pong of 125", { PONG(T125) }, "pong(" T125 ")" },
	{ "pong of 126", { BIG(0, 0x8a, 126) }, "!1002" },
	{ "pong, a fragment", { FRAME(0, 0x0a, "") }, "!1002" },

	/* Reserved bits and opcodes (5.2). */
	{ "RSV1", { FRAME(0, 0xc1, "a") }, "!1002" },
	{ "RSV2", { FRAME(0, 0xa1, "a") }, "!1002" },
	{ "RSV3", { FRAME(0, 0x91, "a") }, "!1002" },
	{ "RSV1, empty", { FRAME(0, 0xc1, "") }, "!1002" },
	{ "RSV1, continuation", { TEXT0("a"), FRAME(0, 0xc0, "b") },
	    "!1002" },
	{ "RSV1, ping", { FRAME(0, 0xc9, "a") }, "!1002" },
	{ "RSV3, close", { FRAME(0, 0x98, C1000) }, "!1002" },
	{ "after a message", { TEXT("a"), FRAME(0, 0xf1, "b"), TEXT("c") },
	    "[a]!1002" },
	{ "opcode 3", { FRAME(0, 0x83, "a") }, "!1002" },
	{ "opcode 4", { FRAME(0, 0x84, "a") }, "!1002" },
	{ "opcode 5", { FRAME(0, 0x85, "") }, "!1002" },
	{ "opcode 6", { FRAME(0, 0x06, "a") }, "!1002" },
	{ "opcode 7", { FRAME(0, 0x87, "a") }, "!1002" },
	{ "opcode 11", { FRAME(0, 0x8b, "a") }, "!1002" },
	{ "opcode 12", { FRAME(0, 0x8c, "") }, "!1002" },
	{ "opcode 13", { FRAME(0, 0x8d, "a") }, "!1002" },
	{ "opcode 14", { FRAME(0, 0x8e, "a") }, "!1002" },
	{ "opcode 15", { FRAME(0, 0x8f, "a") }, "!1002" },
	{ "opcode 3 within a message", { TEXT0("a"), FRAME(0, 0x83, "a") },
	    "!1002" },
	{ "opcode 11 within a message", { TEXT0("a"), FRAME(0, 0x8b, "a") },
	    "!1002" },

	/* Masking (5.1). */
	{ "mask", { FRAME(FR_WRONGMASK, 0x81, "a") }, "!1002" },
	{ "mask, empty", { FRAME(FR_WRONGMASK, 0x81, "") }, "!1002" },
	{ "mask, second message", { TEXT("a"),
	    FRAME(FR_WRONGMASK, 0x81, "b") }, "[a]!1002" },
	{ "mask, second fragment", { TEXT0("a"),
	    FRAME(FR_WRONGMASK, 0x80, "b") }, "!1002" },
	{ "mask, ping", { FRAME(FR_WRONGMASK, 0x89, "b") }, "!1002" },
	{ "mask, close", { FRAME(FR_WRONGMASK, 0x88, C1000) }, "!1002" },

	/* UTF-8 (8.1). */
	{ "two bytes", { TEXT(E_ACUTE) }, "[" E_ACUTE "]" },
	{ "across fragments", { TEXT0("\xc3"), LAST("\xa9") },
	    "[" E_ACUTE "]" },
	{ "across three and a ping", { TEXT0("\xf0\x9f"), MORE(""),
	    PING("\xff"), MORE("\x98"), LAST("\x80") },
	    "[\xf0\x9f\x98\x80]>\xff" },
	{ "U+10FFFF", { TEXT("\xf4\x8f\xbf\xbf") }, "[\xf4\x8f\xbf\xbf]" },
	{ "U+D7FF, U+E000, U+FFFE", { TEXT("\xed\x9f\xbf\xee\x80\x80"
	    "\xef\xbf\xbe") }, "[\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbe]" },
	{ "U+110000", { TEXT("\xf4\x90\x80\x80") }, "!1007" },
	{ "a surrogate", { TEXT("\xed\xa0\x80") }, "!1007" },
	{ "overlong, 2", { TEXT("\xc0\xaf") }, "!1007" },
	{ "overlong, 3", { TEXT("\xe0\x9f\xbf") }, "!1007" },
	{ "overlong, 4", { TEXT("\xf0\x8f\xbf\xbf") }, "!1007" },
	{ "a lone byte", { TEXT("a\x80") }, "!1007" },
	{ "0xff", { TEXT("a\xff") }, "!1007" },
	{ "cut short", { TEXT("a\xc3") }, "!1007" },
	{ "cut short in fragments", { TEXT0("\xc3"), LAST("") }, "!1007" },
	{ "broken by the next fragment", { TEXT0("\xc3"), LAST("a") },
	    "!1007" },
	{ "early, in a first fragment", { TEXT0("\xff"), LAST("a") },
	    "!1007" },
	{ "not for binary", { BIN0("\xc3"), LAST("\xff") }, "[\xc3\xff]" },
	{ "each message anew", { TEXT0("\xc3"), LAST("\xa9"), TEXT("a"),
	    TEXT("\xa9") }, "[" E_ACUTE "][a]!1007" },

	/* Close frames (5.5.1, 7.4). */
	{ "close", { CLOSE("") }, "<1005 >" },
	{ "close 1000", { CLOSE(C1000) }, "<1000 >" },
	{ "close with a reason", { CLOSE(C1000 "bye, " E_ACUTE) },
	    "<1000 bye, " E_ACUTE ">" },
	{ "close with a reason after others", { TEXT("abcd"), PING("xyz"),
	    CLOSE(C1000 "\xf0\x9f\x98\x80" E_ACUTE) },
	    "[abcd]<1000 \xf0\x9f\x98\x80" E_ACUTE ">>xyz" },
	{ "reason of 123", { CLOSE(C1000 T123) }, "<1000 " T123 ">" },
	{ "reason of 124", { BIG(0, 0x88, 126) }, "!1002" },
	{ "close of one byte", { CLOSE("\x03") }, "!1002" },
	{ "close of one byte that is no text", { CLOSE("\xff") }, "!1002" },
	{ "reason not UTF-8", { CLOSE(C1000 "a\xff") }, "!1007" },
	{ "reason not UTF-8 at once", { CLOSE(C1000 "\x80") }, "!1007" },
	{ "reason not UTF-8 later", { CLOSE(C1000 "ab" E_ACUTE "\xc3x") },
	    "!1007" },
	{ "reason cut short", { CLOSE(C1000 "a\xc3") }, "!1007" },
	{ "close 1012", { TEXT("a"), PING("b"), CLOSE("\x03\xf4" E_ACUTE "x") },
	    "[a]<1012 " E_ACUTE "x>>b" },
	{ "close 1013, reason of 123", { CLOSE("\x03\xf5" T123) },
	    "<1013 " T123 ">" },
	{ "close 1014, reason not UTF-8", { CLOSE("\x03\xf6" "a\xff") },
	    "!1007" },
	{ "close 1012, a fragment", { FRAME(0, 0x08, "\x03\xf4") },
	    "!1002" },
	{ "close 1012, wrong mask", { FRAME(FR_WRONGMASK, 0x88, "\x03\xf4") },
	    "!1002" },
	{ "close, a fragment", { FRAME(0, 0x08, C1000) }, "!1002" },
	{ "nothing after a close", { TEXT("a"), CLOSE(C1000 "x"), TEXT("b"),
	    PING("c"), CLOSE(C1000) }, "[a]<1000 x>" },
	{ "nothing after a refusal", { LAST("a"), TEXT("b"), PING("c"),
	    CLOSE(C1000) }, "!1002" },
	{ "ping, then close", { PING("a"), CLOSE(C1000) }, "<1000 >>a" },
};

/* Codes in a close frame from the peer: all others are refused with 1002. */
static const struct {
	unsigned int	first;
	unsigned int	last;
} codes[] = { { 1000, 1003 }, { 1007, 1014 }, { 3000, 4999 } };

#endif /* REGRESS_UNIT_WEBSOCKET_CASES_H */
