#!/usr/bin/python3
#
# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC
"""Whether the manual pages have every message that the daemons log.

Run as a program, at the top of the tree, it prints what is wrong, a line each.

A message is the text that is given to one of the functions of common/log.h;
where a function hands on an argument of its own, the callers' texts count.  A
page has a message where a list item (.It) or a word (.Cm) of its section LOG
is that message, the whole of it, and has an argument (.Ar) where the text has
a directive of printf(3).  What fatal() says ends a process, and is described
in general.
"""

import pathlib
import re
import sys

DIRECTORIES = ("common", "keyd", "signerd", "proxyd", "audit")
PAGES = ("signerd.8", "proxyd.8", "keyd.8")

# Which argument of these is the message.
LOGGERS = {"log_start": 2, "log_start_noise": 2, "log_error": 0, "log_warn": 0,
           "log_info": 0, "log_debug": 0, "log_errno": 0}
DEFINED = ("common/log.c", "common/log.h")

# Those that are put together elsewhere before they are logged as "%s".
COMPOSED = (("common/control_socket.c", "no control socket: %s"),)
WHOLE = "%s"

COMMENT = re.compile(r'"(?:[^"\\]|\\.)*"|/\*.*?\*/', re.S)
TEXT = re.compile(r'(?:\s*(?:"(?:[^"\\]|\\.)*"|PRI[a-zA-Z0-9]+))+')
PART = re.compile(r'"((?:[^"\\]|\\.)*)"|PRI[a-zA-Z0-9]+')
DIRECTIVE = re.compile(r"%[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[hlzjt]*"
                       r"[diouxXcsp]")
HEAD = re.compile(r"^(\w+)\(((?:[^()]|\([^()]*\))*)\)\n\{", re.M)
MACROS = ("Ar", "Cm", "Dv", "Ev", "Fl", "Ic", "No", "Pa", "Va", "Xr")
ARGUMENT = "\0"         # in place of a directive, and of .Ar


class Source:
    """A file of C, without its comments."""

    def __init__(self, path):
        self.path = path.as_posix()
        self.text = COMMENT.sub(
            lambda m: m[0] if m[0][0] == '"' else re.sub(r"[^\n]", " ", m[0]),
            path.read_text(encoding="utf-8"))
        self.heads = list(HEAD.finditer(self.text))

    def line(self, at):
        return self.text.count("\n", 0, at) + 1

    def function(self, at):
        """The function that an offset is in: its head, or None."""
        found = None
        for head in self.heads:
            if head.start() > at:
                break
            found = head
        return found

    def calls(self, name):
        """Offset and arguments of each call of a function."""
        for m in re.finditer(r"(?<![\w>.])" + name + r"\s*\(", self.text):
            head = self.function(m.start())
            if head and m.start() >= head.end():
                yield m.start(), arguments(self.text, m.end())


def arguments(text, at):
    """Those of a call whose parenthesis opens before at."""
    found, depth, begin, quote = [], 1, at, False
    while depth:
        c = text[at]
        if c == "\\":
            at += 1
        elif c == '"':
            quote = not quote
        elif not quote and c in "([{":
            depth += 1
        elif not quote and c in ")]}":
            depth -= 1
        if not quote and (depth == 0 or (depth == 1 and c == ",")):
            found.append(text[begin:at].strip())
            begin = at + 1
        at += 1
    return found


def texts(expression):
    """The literals of an expression, each put together from its parts."""
    return ["".join(p[1] if p[1] is not None else "u"
                    for p in PART.finditer(m[0]))
            for m in TEXT.finditer(expression) if '"' in m[0]]


class Messages:
    """All that can be logged: message (with ARGUMENT) to where it is."""

    def __init__(self, top):
        self.sources = [Source(p) for d in DIRECTORIES
                        for p in sorted((top / d).glob("*.[chy]"))]
        self.found = {}
        self.faults = []
        self.seen = set()
        for name, index in LOGGERS.items():
            for source in self.sources:
                if source.path not in DEFINED:
                    self.of_calls(source, name, index, name == "log_errno")
        for name, text in COMPOSED:
            if any(s.path == name and f'"{text}"' in s.text
                   for s in self.sources):
                self.add(text, name)
        # What log.c itself has to say.
        for source in self.sources:
            if source.path == DEFINED[0]:
                self.of_calls(source, "log_start", 2, False)

    def of_calls(self, source, name, index, errno):
        for at, given in source.calls(name):
            if index < len(given):
                self.of_expression(source, at, given[index], errno)

    def of_expression(self, source, at, expression, errno):
        where = f"{source.path}:{source.line(at)}"
        literal = texts(expression)
        if literal:
            for text in literal:
                self.add(text + (": %s" if errno else ""), where)
            return
        head = source.function(at)
        if source.path == DEFINED[0] and head[1] in ("log_start_noise",
                                                      "vlog"):
            return
        names = [re.search(r"(\w+)\s*(?:\[\])?$", p)[1] if p.strip() != "void"
                 else "" for p in head[2].replace("\n", " ").split(",")]
        if expression in names:
            self.of_callers(source, head[1], names.index(expression), errno)
            return
        body = source.text[head.end():at]
        local = [m[1] for m in re.finditer(
            r"\b%s\s*=([^=;][^;]*);" % re.escape(expression), body)]
        if not any(texts(e) for e in local):
            self.faults.append(f"{where}: cannot tell what is logged: "
                               f"{expression}")
        for e in local:
            if texts(e):
                self.of_expression(source, at, e, errno)

    def of_callers(self, source, name, index, errno):
        """Of a function that hands on what it is given."""
        if (source.path, name, index) in self.seen:
            return
        self.seen.add((source.path, name, index))
        local = re.search(r"^static [^;{}]*?\b%s\(" % name, source.text, re.M)
        for each in [source] if local else self.sources:
            self.of_calls(each, name, index, errno)

    def add(self, text, where):
        text = text.replace('\\"', '"')
        if text != WHOLE:
            text = DIRECTIVE.sub(ARGUMENT, text).replace("%%", "%")
            self.found.setdefault(loose(text), where)


def loose(text):
    """With ARGUMENT for a word that has one or several in it."""
    return re.sub(r"\S*%s\S*" % ARGUMENT, ARGUMENT, text)


def spoken(words):
    """The text of a line of mdoc(7), up to what is in parentheses."""
    out, glue, eaten, argument = "", True, False, False
    for word in re.findall(r'"[^"]*"|\S+', words):
        word = word.strip('"').replace("\\-", "-").replace("\\(aq", "'")
        if word in ("Pq", "Po"):
            break
        if word == "Ns":
            glue = True
        elif word in MACROS:
            argument, eaten = word == "Ar", False
        elif re.fullmatch("[:;,.]", word):
            out += word
            eaten = False
        elif not eaten:
            out += ("" if glue else " ") + (ARGUMENT if argument else word)
            glue, eaten = False, argument
    return out


class Page:
    """What section LOG of a page names: text to the line, items apart."""

    def __init__(self, path):
        self.name = path.name
        self.found = {}
        self.items = {}
        on, compact = False, []
        lines = path.read_text(encoding="utf-8").replace("\\\n", "")
        for number, line in enumerate(lines.split("\n"), 1):
            if line.startswith(".Sh "):
                on = line == ".Sh LOG"
            elif line.startswith(".Bl "):
                compact.append("-compact" in line)
            elif line.startswith(".El"):
                compact.pop()
            m = re.match(r"\.(It|Cm) (.*)", line)
            if on and m:
                self.add(m[1], m[2], number, compact)

    def add(self, macro, words, number, compact):
        for part in re.split(r" ,(?= |$)", re.split(r" P[qo] ", words)[0]):
            text = loose(spoken(part))
            self.found.setdefault(text, number)
            if macro == "It" and not compact[-1]:
                self.items.setdefault(text, number)


def faults(top):
    messages = Messages(top)
    pages = [Page(top / "man" / name) for name in PAGES]
    yield from messages.faults
    for text, where in sorted(messages.found.items(), key=lambda e: e[1]):
        if not any(text in page.found for page in pages):
            yield (f"{where}: in no manual page: "
                   f"{text.replace(ARGUMENT, '...')}")
    for page in pages:
        for text, number in page.items.items():
            if text and text not in messages.found:
                yield (f"man/{page.name}:{number}: logged by nobody: "
                       f"{text.replace(ARGUMENT, '...')}")


if __name__ == "__main__":
    found = list(faults(pathlib.Path(".")))
    for each in found:
        print(each)
    sys.exit(bool(found))
