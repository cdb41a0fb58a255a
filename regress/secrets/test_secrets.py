# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Keys from files of each kind are in keyd's secret memory and nowhere else:
no other memory, no log, no command line, no environment, no core."""

import os
import signal

import pytest

from lib import daemon, eth, ethkey, keyscan, procfs, secp256k1
from lib.daemon import ROOT, SANITIZE

RULE = 'allow %sclient "%s.example" key "%s" chain 10'
KINDS = ("hex", "sec1", "pkcs8")
SIGNERD = ("signerd", "frontend", "keyd", "dialer", "link")
PROXYD = ("proxyd", "relay")


def key_of(kind):
    """Of no pattern, and nobody else's."""
    return ethkey.Key.derived("marked " + kind)


def raw_of(kind):
    return key_of(kind).secret.to_bytes(32, "big")


def text_of(kind):
    key = key_of(kind)
    return {"hex": key.secret.to_bytes(32, "big").hex() + "\n",
            "sec1": key.pem(), "pkcs8": key.pkcs8()}[kind]


def body_of(kind):
    """The lines of the file that hold the key."""
    lines = text_of(kind).encode().split(b"\n")
    return b"\n".join(line for line in lines if not line.startswith(b"--"))


FORMS = {"%s key, %s" % (kind, form): part for kind in KINDS
         for form, part in keyscan.forms(raw_of(kind),
                                         body_of(kind)).items()}


@pytest.fixture(scope="module")
def files(site):
    made = {}
    for kind in KINDS:
        made[kind] = site.path("keys", kind)
        with open(made[kind], "w") as f:
            f.write(text_of(kind))
        os.chmod(made[kind], 0o600)
    return made


class Both:
    """A signerd at debug level, linked to a proxyd."""

    def __init__(self, site, signerd, proxyd):
        self.signerd, self.proxyd = signerd, proxyd

    def pid_of(self, name):
        owner = self.proxyd if name in PROXYD else self.signerd
        return owner.pid if name in ("signerd", "proxyd") else \
            owner.children[name]

    def sign(self):
        """With each key, both ways; and what is refused."""
        for kind in KINDS:
            for each in (self.signerd, self.proxyd):
                with each.connect(kind + ".example") as connection:
                    self.sign_on(connection, kind)

    def sign_on(self, connection, kind):
        for n in range(20):
            message = eth.payload_v2(n, hash=(n + 1).to_bytes(32, "big"))
            result = connection.rpc(message).result()
            assert ethkey.verify(message, result) == key_of(kind).address
        assert connection.rpc(eth.sign_transaction()).result()
        assert "error" in connection.rpc(eth.payload_v2(chain=11)).json()

    def text(self):
        return "\n".join(self.signerd.lines + self.proxyd.lines)


def config(site, files, proxies=()):
    """Text of a signerd.conf(5) with those keys."""
    named = "\n".join('key "%s" file "%s"' % item for item in files.items())
    rules = "\n".join(RULE % (via, kind, kind) for kind in KINDS for via in (
        ("", 'via "edge" ') if proxies else ("",)))
    return site.config(rules=rules, keys=(), extra=named,
                       log="{ level debug }", proxies=proxies)


@pytest.fixture(scope="module")
def before(site, files):
    """Started and linked; nothing has been signed yet."""
    addresses = [key_of(kind).address for kind in KINDS]
    relayed = "\n".join('allow client "%s.example" chain 10 address %s' % (
        kind, eth.hexa(key_of(kind).address)) for kind in KINDS)
    with daemon.Proxyd(site, site.relay(
            [site.signer("hq", addresses)], relayed,
            log="{ level debug }")) as proxyd:
        text = config(site, files,
                      [site.proxy("edge", proxyd.signer_port)])
        with daemon.Signerd(site, text) as signerd:
            signerd.wait_log(msg="link up")
            yield Both(site, signerd, proxyd)


@pytest.fixture(scope="module")
def after(before):
    before.sign()
    return before


def may_look():
    if not ROOT:
        pytest.skip("a user may not read an undumpable process's memory")
    if SANITIZE:
        pytest.skip("the sanitizers' shadow is too large to read")


def look(both, name):
    """What of the keys is in what that process can write to; in keyd, in
    what could be dumped."""
    found, closed = keyscan.scan(both.pid_of(name), FORMS, keyscan.writable)
    if name == "keyd":
        found = [(form, m) for form, m in found if m.dumped]
        seen = {m.name for m in procfs.mappings(both.pid_of(name))
                if m not in closed}
        assert {"[heap]", "[stack]"} <= seen
        assert not [m for m in closed if m.name in ("[heap]", "[stack]")]
    return found


@pytest.mark.parametrize("name", SIGNERD + PROXYD)
def test_memory_after_loading(before, name):
    may_look()
    assert not look(before, name)


@pytest.mark.parametrize("name", SIGNERD + PROXYD)
def test_memory_after_signing(after, name):
    may_look()
    assert not look(after, name)


@pytest.mark.parametrize("name", SIGNERD + PROXYD)
def test_command_line_and_environment(after, name):
    for what in ("cmdline", "environ"):
        try:
            with open("/proc/%d/%s" % (after.pid_of(name), what), "rb") as f:
                data = f.read()
        except PermissionError:
            continue                # an undumpable process's environment
        assert data or what == "environ"
        assert not [form for form, part in FORMS.items() if part in data]


def test_log_at_debug_level(after):
    text = after.text()
    assert "level=debug" in text and "msg=signed" in text
    for kind in KINDS:
        assert not keyscan.quoted(text, raw_of(kind))
        for line in body_of(kind).decode().split():
            assert line[:20] not in text


@pytest.mark.parametrize("number", (signal.SIGSEGV, signal.SIGABRT,
                                    signal.SIGBUS))
def test_log_when_keyd_dies(site, files, number):
    """It says what killed it, and no more."""
    with daemon.Signerd(site, config(site, files)) as signerd:
        signerd.rpc(eth.payload_v2(), "hex.example").result()
        signerd.signal("keyd", number)
        assert signerd.wait() == 1
        text = "\n".join(signerd.lines)
        signerd.wait_log(msg="child died", child="keyd")
        for kind in KINDS:
            assert not keyscan.quoted(text, raw_of(kind))
            for line in body_of(kind).decode().split():
                assert line[:20] not in text


# ---- files that are refused ----------------------------------------------


def other_public(kind):
    """The key of another file beside this one's public key."""
    own, other = key_of(kind), ethkey.Key.derived("another")
    own.public = other.public
    return own.pem()


FAULTY = {
    "too short": lambda: text_of("hex")[:63] + "\n",
    "too long": lambda: text_of("hex").strip() + "0\n",
    "no digit": lambda: text_of("hex")[:40] + "g" + text_of("hex")[41:],
    "with a prefix": lambda: "0x" + text_of("hex"),
    "two of them": lambda: text_of("hex") * 2,
    "no base64": lambda: text_of("sec1").replace(
        text_of("sec1")[100], "!"),
    "another public key": lambda: other_public("sec1"),
    "no end": lambda: text_of("pkcs8").rpartition("-----END")[0],
    "another label": lambda: text_of("sec1").replace(
        "EC PRIVATE", "RSA PRIVATE"),
    "two blocks": lambda: text_of("sec1") + text_of("pkcs8"),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_what_is_said_of_a_bad_file(site, fault):
    """The file, the line and what was expected: never what is in it."""
    path = site.path("keys", "faulty")
    with open(path, "w") as f:
        f.write(FAULTY[fault]())
    os.chmod(path, 0o600)
    conf = site.write(config(site, {"hex": path, "sec1": path,
                                    "pkcs8": path}))
    for arguments in (("-n", "-v"), ("-d", "-v")):
        status, out, err = daemon.run(*arguments, "-f", conf)
        assert status == 1 and path in err
        for kind in KINDS:
            assert not keyscan.quoted(out + err, raw_of(kind))


# ---- the looking itself --------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_forms_are_those_of_the_file(kind):
    """What is looked for is what the files hold, and is found in them."""
    names = {form for form, part in FORMS.items()
             if part in text_of(kind).encode()}
    assert any(form.startswith(kind + " key") for form in names)
    assert keyscan.quoted(text_of(kind), raw_of(kind))
    assert secp256k1.address(secp256k1.public_key(
        key_of(kind).secret)) == key_of(kind).address


@pytest.mark.parametrize("name", ("keyd", "frontend", "link", "relay"))
def test_what_is_written_is_looked_at(after, name):
    """The clients' names, which all of these have to know."""
    may_look()
    # Of one that is there: the names of others may have been given back.
    with after.signerd.connect("hex.example") as direct, \
            after.proxyd.connect("hex.example") as proxied:
        for each in (direct, proxied):
            each.rpc(eth.payload_v2()).result()
        found, _ = keyscan.scan(after.pid_of(name), {"name": b"hex.example"},
                                keyscan.writable)
    assert any(m.dumped for _, m in found)
