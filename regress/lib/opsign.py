# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Running opsign, and a server for it that says whatever a test wants."""

import contextlib
import json
import os
import socket
import subprocess
import threading

from lib import daemon, eth, ethkey, proxies

OPSIGN = os.path.join(daemon.BUILD, "opsign")
KEY = ethkey.Key.recorded("sequencer")
ADDRESS = eth.hexa(KEY.address)
CLIENT = "sequencer.example"
OK, REFUSED, USAGE, UNREACHABLE, BUSY, INVALID = range(6)


class Done:
    def __init__(self, status, out, err):
        self.status = status
        self.out = out
        self.err = err

    @property
    def json(self):
        """The one object on standard output, and nothing beside it."""
        assert self.out.count("\n") == 1 and self.err == "", self
        found = json.loads(self.out)
        assert found["exit"] == self.status, self
        return found

    def __repr__(self):
        return "<%d\n%s\n%s>" % (self.status, self.out, self.err)


def files(site, name=CLIENT, ca=None):
    """Flags for the TLS of a client; name None: without a certificate."""
    flags = ["--tls.ca", ca or site.authority.ca]
    if name is not None:
        crt, key = site.authority.client(name)
        flags += ["--tls.cert", crt, "--tls.key", key]
    return flags


def run(*arguments, text=None, environment=None, patience=daemon.PATIENCE):
    env = {k: v for k, v in os.environ.items() if "SIGNER_" not in k or
           k.startswith("SIGNERD_")}
    done = subprocess.run(
        [OPSIGN, *map(str, arguments)], input=text, text=True,
        capture_output=True, timeout=patience, env=dict(
            env, **(environment or {})),
        **({"stdin": subprocess.DEVNULL} if text is None else {}))
    return Done(done.returncode, done.stdout, done.stderr)


class Asker:
    """opsign with the flags for one server."""

    def __init__(self, site, port, name=CLIENT, host="localhost", more=()):
        self.flags = ["--endpoint", "https://%s:%d" % (host, port),
                      *files(site, name), *more]

    def __call__(self, command, *arguments, **named):
        return run(command, *self.flags, *arguments, **named)


# ---- The server --------------------------------------------------------------


def response(body, status="200 OK", fields=("Content-Type: "
                                             "application/json",)):
    body = body if isinstance(body, bytes) else eth.encode(body)
    lines = ["HTTP/1.1 " + status, *fields, "Content-Length: %d" % len(body)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def result(request, value):
    return {"jsonrpc": "2.0", "id": request["id"], "result": value}


def honest(request):
    """The answer of a signer with the one key."""
    if isinstance(request, list):
        return [honest(each) for each in request]
    argument = request["params"]
    if isinstance(argument, dict):      # kona's form
        value = {"signature": ethkey.signed(
            [KEY], "opsigner_signBlockPayloadV2",
            dict(argument, chainId=str(argument["chainId"])))}
    else:
        value = ethkey.signed([KEY], request["method"], argument[0])
    return result(request, value)


class Server:
    """TLS on a free port of this machine.  answer(request) is given the
    request's JSON (None: it had no body) and returns the bytes to send, None
    to send nothing and keep the connection, or CLOSE after which it is
    closed; a pair is bytes and then CLOSE."""

    CLOSE = object()

    def __init__(self, site, answer, pair=None, tls=None):
        self.answer = answer
        self.requests = []
        self.connections = 0
        self._tls = tls or proxies.context(site.authority.ca,
                                           pair or site.authority.server())
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open = set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self):
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            raw.settimeout(daemon.PATIENCE)
            self.connections += 1
            self._open.add(raw)
            thread = threading.Thread(target=self._serve, args=(raw,),
                                      daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, raw):
        with contextlib.suppress(OSError), raw:
            sock = self._tls.wrap_socket(raw, server_side=True)
            self._open.add(sock)
            with sock, sock.makefile("rb") as stream:
                while self._exchange(sock, stream):
                    pass

    def _exchange(self, sock, stream):
        line = stream.readline()
        if not line:
            return False
        length = 0
        for field in iter(stream.readline, b"\r\n"):
            name, _, value = field.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = stream.read(length)
        request = json.loads(body) if body else None
        self.requests.append((line, request))
        said = self.answer(request)
        data, then = said if isinstance(said, tuple) else (said, None)
        if data is self.CLOSE:
            return False
        if data is not None:
            sock.sendall(data)
        return then is not self.CLOSE

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in list(self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(daemon.PATIENCE)
            assert not thread.is_alive()
