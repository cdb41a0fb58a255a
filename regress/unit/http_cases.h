/*
 * Copyright (c) 2026 The signerd authors
 * SPDX-License-Identifier: ISC
 */

#ifndef REGRESS_UNIT_HTTP_CASES_H
#define REGRESS_UNIT_HTTP_CASES_H

#include <stddef.h>

#define MAX_HEADER	256
#define MAX_BODY	64
#define TRACE_MAX	2048

#define G	"GET / HTTP/1.1\r\n"
#define P	"POST / HTTP/1.1\r\n"
#define H	"Host: a\r\n"
#define CH	"Transfer-Encoding: chunked\r\n"
#define E	"\r\n"
#define T10	"0123456789"
#define T50	T10 T10 T10 T10 T10

/*
 * What a stream gives: for each request "METHOD path", then its body in
 * brackets and "+" or "-" for keep-alive; "!" and a status at a refusal; "~"
 * where the stream ends within a header, "?" within a body.
 */
static const struct wire {
	const char	*name;
	const char	*in;
	size_t		 len;
	const char	*out;
} table[] = {
#define C(name, in, out)	{ name, in, sizeof(in) - 1, out }
	/* Plain requests. */
	C("nothing", "", ""),
	C("get", G H E, "G / [] +"),
	C("head", "HEAD /x HTTP/1.1\r\n" H E, "h /x [] +"),
	C("other", "PUT /x HTTP/1.1\r\n" H E, "O /x [] +"),
	C("lower-case method", "get / HTTP/1.1\r\n" H E, "O / [] +"),
	C("method, all of tchar", "!#$%&'*+-.^_`|~ / HTTP/1.1\r\n" H E,
	    "O / [] +"),
	C("post", P H "Content-Length: 3\r\n" E "abc", "P / [abc] +"),
	C("post, NUL in the body", P H "Content-Length: 3\r\n" E "a\0c",
	    "P / [a?c] +"),
	C("post without a body", P H E, "P / [] +"),
	C("length 0", P H "Content-Length: 0\r\n" E, "P / [] +"),
	C("length 00003", P H "content-length:00003\r\n" E "abc",
	    "P / [abc] +"),
	C("length with white space", P H "Content-Length: \t3 \t\r\n" E "abc",
	    "P / [abc] +"),
	C("length at the limit", P H "Content-Length: 64\r\n" E T50 T10 "abcd",
	    "P / [" T50 T10 "abcd] +"),
	C("body not complete", P H "Content-Length: 4\r\n" E "abc", "P / ?"),
	C("header not complete", P "Hos", "~"),
	C("empty value", G H "X:\r\n" E, "G / [] +"),
	C("obs-text in a value", G H "X: \x80\xff\r\n" E, "G / [] +"),
	C("tab in a value", G H "X: a\tb\r\n" E, "G / [] +"),

	/* Targets. */
	C("query", "GET /a/b?c=/d HTTP/1.1\r\n" H E, "G /a/b [] +"),
	C("percent left alone", "GET /%2e%00 HTTP/1.1\r\n" H E,
	    "G /%2e%00 [] +"),
	C("two slashes", "GET //x HTTP/1.1\r\n" H E, "G //x [] +"),
	C("absolute", "GET http://a:80/x?y HTTP/1.1\r\n" H E, "G /x [] +"),
	C("absolute, no path", "GET HTTPS://a HTTP/1.1\r\n" H E, "G / [] +"),
	C("absolute, query only", "GET http://a?b HTTP/1.1\r\n" H E,
	    "G / [] +"),
	C("absolute, IPv6", "GET http://[::1]:1/z HTTP/1.1\r\n" H E,
	    "G /z [] +"),
	C("absolute, empty authority", "GET http:///x HTTP/1.1\r\n" H E,
	    "!400"),
	C("absolute, port alone", "GET http://:80/x HTTP/1.1\r\n" H E,
	    "!400"),
	C("absolute, user", "GET http://u@a/x HTTP/1.1\r\n" H E, "!400"),
	C("absolute, other scheme", "GET ftp://a/x HTTP/1.1\r\n" H E, "!400"),
	C("absolute, no Host", "GET http://a/x HTTP/1.1\r\n" E, "!400"),
	C("asterisk", "OPTIONS * HTTP/1.1\r\n" H E, "!400"),
	C("authority", "CONNECT a:443 HTTP/1.1\r\n" H E, "!400"),
	C("no slash", "GET x HTTP/1.1\r\n" H E, "!400"),
	C("fragment", "GET /#x HTTP/1.1\r\n" H E, "!400"),
	C("non-ASCII target", "GET /\xc3\xa9 HTTP/1.1\r\n" H E, "!400"),
	C("NUL in the target", "GET /\0 HTTP/1.1\r\n" H E, "!400"),
	C("tab in the target", "GET /\tx HTTP/1.1\r\n" H E, "!400"),
	C("empty target", "GET  HTTP/1.1\r\n" H E, "!400"),

	/* Request lines. */
	C("no version", "GET /\r\n" H E, "!400"),
	C("two spaces", "GET  / HTTP/1.1\r\n" H E, "!400"),
	C("two spaces before the version", "GET /  HTTP/1.1\r\n" H E, "!400"),
	C("space at the end", "GET / HTTP/1.1 \r\n" H E, "!400"),
	C("space at the beginning", " GET / HTTP/1.1\r\n" H E, "!400"),
	C("no method", " / HTTP/1.1\r\n" H E, "!400"),
	C("tab for a space", "GET\t/ HTTP/1.1\r\n" H E, "!400"),
	C("method not a token", "G(T / HTTP/1.1\r\n" H E, "!400"),
	C("lower-case version", "GET / http/1.1\r\n" H E, "!400"),
	C("long version", "GET / HTTP/1.10\r\n" H E, "!400"),
	C("short version", "GET / HTTP/1\r\n" H E, "!400"),
	C("version with a comma", "GET / HTTP/1,1\r\n" H E, "!400"),
	C("version with a sign", "GET / HTTP/1.+\r\n" H E, "!400"),
	C("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "!505"),
	C("HTTP/0.9", "GET / HTTP/0.9\r\n" H E, "!505"),
	C("HTTP/1.2", "GET / HTTP/1.2\r\n" H E, "G / [] +"),
	C("TLS on the wrong port", "\x16\x03\x01\x02", "!400"),
	C("empty line first", "\r\n" G H E, "G / [] +"),
	C("empty line alone", "\r\n", ""),
	C("two empty lines first", "\r\n\r\n" G H E, "!400"),
	C("LF first", "\n" G H E, "!400"),
	C("CR first", "\r" G H E, "!400"),

	/* Lines and fields. */
	C("bare LF after the request line", "GET / HTTP/1.1\n" H E, "!400"),
	C("bare LF after a field", G "Host: a\n" E, "!400"),
	C("bare LF at the end", G H "\n", "!400"),
	C("bare CR in a value", G H "X: a\rb\r\n" E, "!400"),
	C("bare CR in a name", G H "X\rY: a\r\n" E, "!400"),
	C("CR CR LF", G H "X: a\r\r\n" E, "!400"),
	C("CR alone for a line", G H "X: a\rY: b\r\n" E, "!400"),
	C("NUL in a value", G H "X: a\0b\r\n" E, "!400"),
	C("NUL in a name", G H "X\0: a\r\n" E, "!400"),
	C("BEL in a value", G H "X: \a\r\n" E, "!400"),
	C("DEL in a value", G H "X: \x7f\r\n" E, "!400"),
	C("vertical tab", G H "X: a\vb\r\n" E, "!400"),
	C("folded field", G H "X: a\r\n b\r\n" E, "!400"),
	C("folded with a tab", G H "X: a\r\n\tb\r\n" E, "!400"),
	C("space before the first field", G " " H E, "!400"),
	C("space before the colon", G H "X : a\r\n" E, "!400"),
	C("tab before the colon", G H "X\t: a\r\n" E, "!400"),
	C("space in a name", G H "X Y: a\r\n" E, "!400"),
	C("no name", G H ": a\r\n" E, "!400"),
	C("no colon", G H "X\r\n" E, "!400"),
	C("obs-text in a name", G H "X\x80: a\r\n" E, "!400"),

	/* Host. */
	C("no Host", G E, "!400"),
	C("two Hosts", G H H E, "!400"),
	C("two Hosts, cases differ", G H "hOST: a\r\n" E, "!400"),
	C("empty Host", G "Host:\r\n" E, "G / [] +"),
	C("Host with a port", G "Host: a-b.c:8545\r\n" E, "G / [] +"),
	C("Host IPv6", G "Host: [::1]:8545\r\n" E, "G / [] +"),
	C("Host IPv6 not closed", G "Host: [::1\r\n" E, "!400"),
	C("Host with a path", G "Host: a/b\r\n" E, "!400"),
	C("Host with a user", G "Host: u@a\r\n" E, "!400"),
	C("Host with a space", G "Host: a b\r\n" E, "!400"),
	C("Host with letters for a port", G "Host: a:b\r\n" E, "!400"),
	C("Host a list", G "Host: a, b\r\n" E, "!400"),
	C("Host with obs-text", G "Host: \xe4\r\n" E, "!400"),

	/* Content-Length. */
	C("length twice, same", P H "Content-Length: 3\r\n"
	    "Content-Length: 3\r\n" E "abc", "!400"),
	C("length twice, different", P H "Content-Length: 3\r\n"
	    "Content-Length: 4\r\n" E "abcd", "!400"),
	C("length twice, cases differ", P H "Content-Length: 3\r\n"
	    "content-length: 3\r\n" E "abc", "!400"),
	C("length a list", P H "Content-Length: 3, 3\r\n" E "abc", "!400"),
	C("length with plus", P H "Content-Length: +3\r\n" E "abc", "!400"),
	C("length with minus", P H "Content-Length: -3\r\n" E "abc", "!400"),
	C("length minus 0", P H "Content-Length: -0\r\n" E, "!400"),
	C("length with space", P H "Content-Length: 1 0\r\n" E "a", "!400"),
	C("length in hex", P H "Content-Length: 0x3\r\n" E "abc", "!400"),
	C("length with a point", P H "Content-Length: 3.0\r\n" E "abc",
	    "!400"),
	C("length empty", P H "Content-Length:\r\n" E, "!400"),
	C("length with obs-text", P H "Content-Length: 3\xa0\r\n" E "abc",
	    "!400"),
	C("length one over", P H "Content-Length: 65\r\n" E, "!413"),
	C("length 2^64", P H "Content-Length: 18446744073709551616\r\n" E,
	    "!413"),
	C("length 2^64 + 3", P H "Content-Length: 18446744073709551619\r\n" E
	    "abc", "!413"),
	C("length of many digits", P H "Content-Length: " T50 T10 "\r\n" E,
	    "!413"),

	/* Transfer-Encoding. */
	C("chunked", P H CH E "3\r\nabc\r\n0\r\n\r\n", "P / [abc] +"),
	C("chunked, any case", P H "transfer-encoding:\tCHUNKED \r\n" E
	    "0\r\n\r\n", "P / [] +"),
	C("CL.TE", P H "Content-Length: 6\r\n" CH E "0\r\n\r\nG", "!400"),
	C("TE.CL", P H CH "Content-Length: 6\r\n" E "0\r\n\r\nG", "!400"),
	C("TE.CL, length 0", P H CH "Content-Length: 0\r\n" E "0\r\n\r\n",
	    "!400"),
	C("TE.CL, length over", P H CH "Content-Length: 999\r\n" E, "!400"),
	C("TE.TE", P H CH CH E "0\r\n\r\n", "!400"),
	C("TE.TE, second unknown", P H CH "Transfer-Encoding: x\r\n" E
	    "0\r\n\r\n", "!400"),
	C("TE.TE, first unknown", P H "Transfer-Encoding: x\r\n" CH E
	    "0\r\n\r\n", "!400"),
	C("chunked, identity", P H "Transfer-Encoding: chunked, identity\r\n"
	    E "0\r\n\r\n", "!400"),
	C("identity, chunked", P H "Transfer-Encoding: identity, chunked\r\n"
	    E "0\r\n\r\n", "!400"),
	C("chunked, chunked", P H "Transfer-Encoding: chunked, chunked\r\n" E
	    "0\r\n\r\n", "!400"),
	C("gzip, chunked", P H "Transfer-Encoding: gzip, chunked\r\n" E
	    "0\r\n\r\n", "!400"),
	C("chunked, comma", P H "Transfer-Encoding: chunked,\r\n" E
	    "0\r\n\r\n", "!400"),
	C("xchunked", P H "Transfer-Encoding: xchunked\r\n" E "0\r\n\r\n",
	    "!400"),
	C("chunkedx", P H "Transfer-Encoding: chunkedx\r\n" E "0\r\n\r\n",
	    "!400"),
	C("identity", P H "Transfer-Encoding: identity\r\n" E, "!400"),
	C("coding in quotes", P H "Transfer-Encoding: \"chunked\"\r\n" E,
	    "!400"),
	C("coding empty", P H "Transfer-Encoding:\r\n" E, "!400"),
	C("coding with a parameter", P H "Transfer-Encoding: chunked;q=1\r\n"
	    E, "!400"),
	C("coding after a vertical tab", P H
	    "Transfer-Encoding: \vchunked\r\n" E, "!400"),
	C("coding, space before the colon", P H
	    "Transfer-Encoding : chunked\r\n" E, "!400"),
	C("coding folded", P H "Transfer-Encoding:\r\n chunked\r\n" E, "!400"),
	C("coding in 1.0", "POST / HTTP/1.0\r\n" CH E "0\r\n\r\n", "!400"),

	/* Chunks. */
	C("two chunks", P H CH E "1\r\na\r\nA\r\n" T10 "\r\n0\r\n\r\n",
	    "P / [a" T10 "] +"),
	C("hex in both cases", P H CH E "a\r\n" T10 "\r\nA\r\n" T10
	    "\r\n0\r\n\r\n", "P / [" T10 T10 "] +"),
	C("size with zeros", P H CH E "0000000000000003\r\nabc\r\n000\r\n\r\n",
	    "P / [abc] +"),
	C("size with too many zeros", P H CH E
	    "00000000000000003\r\nabc\r\n0\r\n\r\n", "P / !400"),
	C("size at the limit", P H CH E "40\r\n" T50 T10 "abcd\r\n0\r\n\r\n",
	    "P / [" T50 T10 "abcd] +"),
	C("size over the limit", P H CH E "41\r\n", "P / !413"),
	C("sizes over the limit", P H CH E "3\r\nabc\r\n3e\r\n", "P / !413"),
	C("size 2^64 - 1", P H CH E "ffffffffffffffff\r\n", "P / !413"),
	C("size 2^64 - 3, after 4", P H CH E
	    "4\r\nabcd\r\nfffffffffffffffd\r\n", "P / !413"),
	C("size 2^64", P H CH E "10000000000000000\r\n", "P / !400"),
	C("size 2^64 + 3", P H CH E "10000000000000003\r\nabc\r\n",
	    "P / !400"),
	C("size with 0x", P H CH E "0x3\r\nabc\r\n0\r\n\r\n", "P / !400"),
	C("size with plus", P H CH E "+3\r\nabc\r\n0\r\n\r\n", "P / !400"),
	C("size with minus", P H CH E "-3\r\nabc\r\n0\r\n\r\n", "P / !400"),
	C("size empty", P H CH E "\r\nabc\r\n0\r\n\r\n", "P / !400"),
	C("size not hex", P H CH E "g\r\nabc\r\n0\r\n\r\n", "P / !400"),
	C("size, space before", P H CH E " 3\r\nabc\r\n0\r\n\r\n",
	    "P / !400"),
	C("size, space after", P H CH E "3 \r\nabc\r\n0\r\n\r\n", "P / !400"),
	C("size, space within", P H CH E "3 3\r\nabc\r\n0\r\n\r\n",
	    "P / !400"),
	C("size, bare LF", P H CH E "3\nabc\r\n0\r\n\r\n", "P / !400"),
	C("size, bare CR", P H CH E "3\rabc\r\n0\r\n\r\n", "P / !400"),
	C("size, NUL", P H CH E "3\0\r\nabc\r\n0\r\n\r\n", "P / !400"),
	C("chunk short", P H CH E "4\r\nabc\r\n0\r\n\r\n", "P / !400"),
	C("chunk long", P H CH E "2\r\nabc\r\n0\r\n\r\n", "P / !400"),
	C("chunk ended by LF", P H CH E "3\r\nabc\n0\r\n\r\n", "P / !400"),
	C("chunk ended by CR", P H CH E "3\r\nabc\r0\r\n\r\n", "P / !400"),
	C("chunk not complete", P H CH E "3\r\nab", "P / ?"),
	C("last chunk missing", P H CH E "3\r\nabc\r\n", "P / ?"),
	C("last line missing", P H CH E "3\r\nabc\r\n0\r\n", "P / ?"),
	C("NUL in a chunk", P H CH E "3\r\na\0c\r\n0\r\n\r\n",
	    "P / [a?c] +"),

	/* Extensions and trailers. */
	C("extension", P H CH E "3;a=b;c=\"d e\"\r\nabc\r\n0;z\r\n\r\n",
	    "P / [abc] +"),
	C("extension, control byte", P H CH E "3;a=\x01\r\nabc\r\n",
	    "P / !400"),
	C("extension, NUL", P H CH E "3;a=\0\r\nabc\r\n", "P / !400"),
	C("extension, bare LF", P H CH E "3;a\nabc\r\n", "P / !400"),
	C("extension, bare CR", P H CH E "3;a\rb\r\nabc\r\n", "P / !400"),
	C("extension, obs-text", P H CH E "3;a=\x80\r\nabc\r\n", "P / !400"),
	C("extension after a space", P H CH E "3 ;a\r\nabc\r\n", "P / !400"),
	C("trailer", P H CH E "0\r\nX-Y: z\r\n\r\n", "P / [] +"),
	C("trailer, length", P H CH E "0\r\nContent-Length: 3\r\n\r\n",
	    "P / !400"),
	C("trailer, coding", P H CH E "0\r\ntransfer-encoding: x\r\n\r\n",
	    "P / !400"),
	C("trailer, Host", P H CH E "0\r\nHost: b\r\n\r\n", "P / !400"),
	C("trailer folded", P H CH E "0\r\nX: a\r\n b\r\n\r\n", "P / !400"),
	C("trailer, space before the colon", P H CH E "0\r\nX : a\r\n\r\n",
	    "P / !400"),
	C("trailer, no colon", P H CH E "0\r\nGET / HTTP/1.1\r\n\r\n",
	    "P / !400"),
	C("trailer, bare LF", P H CH E "0\r\nX: a\n\r\n", "P / !400"),
	C("trailer, NUL", P H CH E "0\r\nX: \0\r\n\r\n", "P / !400"),
	C("trailer, LF at the end", P H CH E "0\r\n\n", "P / !400"),

	/* Life of the connection, versions, expectations. */
	C("close", G H "Connection: close\r\n" E, "G / [] -"),
	C("close in a list", G H "Connection: x , CLOSE\r\n" E, "G / [] -"),
	C("close in the second", G H "Connection: x\r\nConnection: close\r\n"
	    E, "G / [] -"),
	C("closed is not close", G H "Connection: closed\r\n" E, "G / [] +"),
	C("1.0", "GET / HTTP/1.0\r\n" E, "G / [] -"),
	C("1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n" E,
	    "G / [] +"),
	C("1.0 both", "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n" E,
	    "G / [] -"),
	C("1.0 with a body", "POST / HTTP/1.0\r\nContent-Length: 3\r\n" E
	    "abc", "P / [abc] -"),
	C("1.0 two Hosts", "GET / HTTP/1.0\r\n" H H E, "!400"),
	C("expectation", P H "Expect: 200-ok\r\n" E, "!417"),
	C("expectation empty", P H "Expect:\r\n" E, "!417"),
	C("expectation met", P H "Expect: 100-Continue\r\n"
	    "Content-Length: 1\r\n" E "a", "P / [a] +"),

	/* Pipelines. */
	C("three", G H E P H "Content-Length: 1\r\n" E "a"
	    "HEAD /b HTTP/1.1\r\n" H E, "G / [] +P / [a] +h /b [] +"),
	C("after chunks", P H CH E "1\r\na\r\n0\r\n\r\nGET /b HTTP/1.1\r\n"
	    H "Connection: close\r\n" E, "P / [a] +G /b [] -"),
	C("after trailers", P H CH E "0\r\nX: y\r\n\r\n" G H E,
	    "P / [] +G / [] +"),
	C("empty line between", P H "Content-Length: 1\r\n" E "a\r\n" G H E,
	    "P / [a] +G / [] +"),
	C("two empty lines between", G H E "\r\n\r\n" G H E, "G / [] +!400"),
	C("one byte more than the length", P H "Content-Length: 1\r\n" E
	    "ab" G H E, "P / [a] +O / [] +"),
	C("rubbish after a request", G H E "\0", "G / [] +!400"),
	C("nothing after a refusal", G E G H E, "!400"),
	C("fields are forgotten", P H "Connection: close\r\n" CH E
	    "0\r\n\r\n" G E, "P / [] -!400"),
	C("length is forgotten", P H "Content-Length: 2\r\n" E "ab" G H E,
	    "P / [ab] +G / [] +")
#undef C
};

#endif /* REGRESS_UNIT_HTTP_CASES_H */
