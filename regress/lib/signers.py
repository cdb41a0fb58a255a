# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What stands in for a signer: it dials a proxy and answers its requests.

How it answers is a function of the signer and a request: an answer, a list of
them, bytes that are sent as they are, or None for nothing.
"""

from lib import ethkey, httpclient, rpclink, wsconn
from lib.eth import hexa
from lib.httpclient import PATIENCE

REGISTER = "opsignerproxy_serveSigner"
SOFTWARE = "fakesigner/1.0"
BUSY = -32005
DEADLINE = -32006
METHODS_2025 = (ethkey.TRANSACTION, ethkey.PAYLOADS[0])


# ---- ways to answer ------------------------------------------------------


def sign(signer, request):
    """Properly, with the signer's keys."""
    ident, method = request["id"], request["method"]
    if method not in signer.methods:
        return rpclink.error(ident, -32601, "the method %s does not "
                             "exist/is not available" % method)
    params = request.get("params") or []
    if not isinstance(params, list):
        return rpclink.error(ident, -32602, "non-array args")
    most = 2 if "client" in signer.features else 1
    if len(params) > most:
        return rpclink.error(ident, -32602, "too many arguments, want at "
                             "most %d" % most)
    if len(params) < most:
        return rpclink.error(ident, -32602, "missing value for required "
                             "argument %d" % len(params))
    try:
        return rpclink.result(ident, ethkey.signed(signer.keys, method,
                                                   params[0]))
    except ethkey.Refused as e:
        return rpclink.error(ident, *e.args)


def busy(signer, request):
    return rpclink.error(request["id"], BUSY, "busy")


def silent(signer, request):
    return None


def hold(signer, request):
    """Not before release()."""
    signer.held.append(request)


def garbage(signer, request):
    return b'{"jsonrpc":"2.0","id":'


def twice(signer, request):
    return [sign(signer, request)] * 2


def other_id(signer, request):
    return dict(sign(signer, request), id=987654321)


def wrong(signer, request):
    """A signature, but not of what was asked for."""
    return rpclink.result(request["id"], "0x" + "11" * 65)


def no_object(signer, request):
    return b"[1,2,3]"


def hang_up(signer, request):
    signer.endpoint.stream.end()


def refuse(code, message):
    return lambda signer, request: rpclink.error(request["id"], code,
                                                 message)


# ---- the signer ----------------------------------------------------------


def described(key, methods=None, chains=None):
    """A key as the object of serveSigner has it."""
    made = {"address": hexa(key.address)}
    if methods is not None:
        made["methods"] = list(methods)
    if chains is not None:
        made["chains"] = [hex(each) for each in chains]
    return made


class FakeSigner(rpclink.Peer):
    """Connected and upgraded when made, and registered where that is asked.

    keys are names of conform/keys or ethkey.Key; listed replaces what the
    object says of them, more is added to the object.  tls replaces the client
    context made for `name`.
    """

    def __init__(self, site, port, keys=("sequencer",), name="signer.example",
                 kind="v1", answer=sign, methods=None, chains=None,
                 listed=None, more=None, features=("client", "deadline"),
                 register=True, tls=None, path="/ws"):
        self.keys = [ethkey.Key.recorded(each) if isinstance(each, str)
                     else each for each in keys]
        self.name = name
        self.kind = kind
        self.respond = answer
        self.methods = METHODS_2025 if kind == "2025" else \
            METHODS_2025 + (ethkey.PAYLOADS[1],)
        self.offered = () if kind == "2025" else tuple(features)
        self.features = frozenset()     # settled at the first registration
        self.held = []
        self.taken = 0              # requests that respond() was asked about
        self.object = dict({
            "version": 1, "software": SOFTWARE, "name": name,
            "keys": [described(key, methods, chains) for key in self.keys]
            if listed is None else listed,
            "features": list(self.offered)}, **(more or {}))
        self._settled = False
        super().__init__(wsconn.connect(port, tls or site.tls(name), path),
                         self._asked)
        self.start()
        if register:
            self.register()

    def _asked(self, requests, batch):
        answers = []
        for each in requests:
            try:
                answer = self.respond(self, each)
            finally:
                with self._changed:
                    self.taken += 1
                    self._changed.notify_all()
            if answer is None:
                continue
            if batch and isinstance(answer, dict):
                answers.append(answer)
            else:
                self._send_all(answer)
        if answers:
            self.send(answers)

    def _send_all(self, answer):
        for each in answer if isinstance(answer, list) else [answer]:
            self.send(each)

    def unreadable(self, text):
        if self.kind == "2025":
            self.endpoint.stream.end()
        else:
            self.send(rpclink.error(None, -32700, "parse error"))

    # ---- what the test does ----------------------------------------------

    def register(self, patience=PATIENCE):
        """Once more, too; the whole answer, also where it is a refusal."""
        message = {"jsonrpc": "2.0", "method": REGISTER}
        if self.kind != "2025":
            message["params"] = [self.object]
        answer = self._await(self.ask(message), patience)
        self.registration = answer
        return answer

    def _note(self, where, *what):
        # By the thread that reads: the next message may be a request.
        if where is self.answers:
            self._settle(what[0].get("result"))
        super()._note(where, *what)

    def _settle(self, result):
        if not self._settled and isinstance(result, dict):
            self._settled = True
            self.features = frozenset(self.offered) & frozenset(
                result.get("features", ()))

    def _await(self, ident, patience):
        """An answer; the link may have ended right after it."""
        return self.wait(lambda: self.answers_to(ident), "registration",
                         patience, after_end=True)[0]

    @property
    def refusal(self):
        """(code, message) of the last registration, or None."""
        if "error" not in self.registration:
            return None
        return rpclink.outcome(self.registration)

    def release(self):
        """Answers what hold() has kept, properly: all that has come, and one
        at least; the proxy may have sent it and we not read it yet."""
        come = len(self.requests)
        self.wait(lambda: self.held and self.taken >= come,
                  "request that is held", after_end=True)
        held, self.held = self.held, []
        for each in held:
            self.send(sign(self, each))


def tls_of(authority, name, ca=None):
    """A client context with a certificate of any authority."""
    return httpclient.context(ca or authority.ca, authority.client(name))
