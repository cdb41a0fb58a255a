# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What is wrong in the configuration or its files: told, and status 1."""

import os
import pwd
import re
import shutil
import socket
import subprocess
import time

import pytest

from lib import certs, daemon, procfs
from lib.daemon import ROOT, Signerd, run

RULES = 'allow client "sequencer.example" key "sequencer" chain 10\n'


def check(path, *arguments):
    return run("-n", *arguments, "-f", path)


def faults(path, err):
    """Line numbers of the FILE:LINE: text lines."""
    found = re.findall(r"^%s:([0-9]+): (.+)$" % re.escape(path), err, re.M)
    assert all(text.strip() for _, text in found)
    return [int(line) for line, _ in found]


def line_of(text, part):
    return next(n for n, line in enumerate(text.split("\n"), 1)
                if part in line)


def refused(site, text, part, *wanted):
    """-n and -d both refuse it, with that line and those words."""
    path = site.write(text)
    for mode in ("-n", "-d"):
        code, out, err = run(mode, "-f", path)
        assert code == 1, err
        assert out == ""
        assert line_of(text, part) in faults(path, err), err
        for word in wanted:
            assert word in err, err


# ---- the text ------------------------------------------------------------


def test_check_says_nothing_when_all_is_well(site):
    path = site.write(site.config(rules=RULES))
    code, out, err = check(path)
    assert (code, out, err) == (0, "", "")


def test_every_error_is_reported(site):
    text = site.config(rules='max connections 0 MiB\n'
                       'nonsense here\n'
                       'allow client "b.example" key "sequencer"\n'
                       'listen on nowhere port 1\n'
                       'key "sequencer" file "/x"\n' + RULES)
    path = site.write(text)
    code, out, err = check(path)
    assert code == 1
    lines = faults(path, err)
    for part in ("0 MiB", "nonsense", '"b.example"', "nowhere", '"/x"'):
        assert line_of(text, part) in lines, err
    assert lines == sorted(lines)


def test_key_that_is_not_defined(site):
    refused(site, site.config(
        rules='allow client "a.example" key "none" chain 10\n' + RULES),
        'key "none"', "none")


def test_missing_configuration(site):
    path = site.path("absent.conf")
    for mode in ("-n", "-d"):
        code, _, err = run(mode, "-f", path)
        assert code == 1 and path in err


def test_canonical_form_parses_to_itself(site):
    path = site.write(site.config(rules=RULES, extra="\n".join((
        "max { connections 7 body 1 MiB }", "timeout request 3 s",
        'allow client "x.example" key "sequencer" method transaction '
        "chain { 1 8453 } to 0x000000000000000000000000000000000000AAaa "
        "max-value 1.5 ether max-fee 20 gwei"))))
    code, first, err = run("-nv", "-f", path)
    assert code == 0, err
    again = site.write(first)
    code, second, err = run("-nv", "-f", again)
    assert code == 0, err
    assert first == second
    assert "x.example" in first and "aaaa" in first


def test_canonical_form_runs(site):
    path = site.write(site.config(rules=RULES))
    _, canonical, _ = run("-nv", "-f", path)
    with Signerd(site, canonical):
        pass


def test_macro_from_the_command_line(site):
    text = 'name = "other"\n' + site.config(
        rules='allow client $name key "sequencer" chain 10\n')
    path = site.write(text)
    _, out, _ = run("-nv", "-f", path)
    assert '"other"' in out
    code, out, err = run("-nv", "-D", "name=from.example", "-f", path)
    assert code == 0, err
    assert '"from.example"' in out and '"other"' not in out


def test_error_in_an_included_file(site):
    inner = site.write("nonsense\n")
    outer = site.write('include "%s"\n' % inner + site.config(rules=RULES))
    code, _, err = check(outer)
    assert code == 1 and faults(inner, err) == [1], err


@pytest.mark.parametrize("arguments", (("-z",), ("extra",), ("-D", "x"),
                                       ("-f",)))
def test_usage(arguments):
    code, out, err = run(*arguments)
    assert code == 1 and out == "" and err


# ---- files ---------------------------------------------------------------


def edited(site, name, content="", mode=0o600, source=None):
    """A file of the site's own; a copy of source or that content."""
    path = site.path("keys", name)
    if source is not None:
        shutil.copyfile(source, path)
    else:
        with open(path, "w") as f:
            f.write(content)
    os.chmod(path, mode)
    return path


def with_key(site, path):
    return site.config(rules=RULES, keys=()).replace(
        'allow', 'key "sequencer" file "%s"\nallow' % path, 1)


PEM = "-----BEGIN %s-----\n%s\n-----END %s-----\n"
BAD_KEYS = {
    "empty": "",
    "words": "this is not a key\n",
    "short hex": "ab" * 31 + "\n",
    "long hex": "ab" * 33 + "\n",
    "zero": "00" * 32 + "\n",
    "order": ("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd036"
              "4141\n"),
    "another label": PEM % ("CERTIFICATE", "AAAA", "CERTIFICATE"),
    "bad base64": PEM % ("EC PRIVATE KEY", "!!!!", "EC PRIVATE KEY"),
    "bad DER": PEM % ("EC PRIVATE KEY", "AAAA", "EC PRIVATE KEY"),
    "no end": "-----BEGIN EC PRIVATE KEY-----\nAAAA\n",
    "too long": "ab" * 10000,
}


@pytest.mark.parametrize("fault", BAD_KEYS)
def test_bad_key_file(site, fault):
    path = edited(site, "bad.pem", BAD_KEYS[fault])
    refused(site, with_key(site, path), 'key "sequencer"', path)


def test_key_of_another_curve(site):
    refused(site, with_key(site, site.authority.server()[1]),
            'key "sequencer"')


def test_every_bad_key_is_reported(site):
    bad = edited(site, "bad1.pem", "x")
    also = edited(site, "bad2.pem", "y")
    text = site.config(rules=RULES, extra='key "p" file "%s"\n'
                       'key "q" file "%s"' % (bad, also))
    path = site.write(text)
    code, _, err = check(path)
    assert code == 1
    lines = faults(path, err)
    assert line_of(text, 'key "p"') in lines
    assert line_of(text, 'key "q"') in lines


@pytest.mark.parametrize("mode", (0o644, 0o640, 0o604, 0o620, 0o602, 0o610))
def test_mode_of_a_key_file(site, mode):
    path = edited(site, "open.pem", mode=mode, source=site.key("sequencer"))
    refused(site, with_key(site, path), 'key "sequencer"', path)


@pytest.mark.parametrize("mode", (0o600, 0o400))
def test_mode_that_is_well(site, mode):
    path = edited(site, "closed.pem", mode=mode,
                  source=site.key("sequencer"))
    assert check(site.write(with_key(site, path)))[0] == 0


def test_mode_of_the_tls_key(site):
    _, key = site.authority.server()
    path = edited(site, "tls.key", mode=0o644, source=key)
    refused(site, site.config(rules=RULES).replace(key, path),
            "tls certificate", path)


def test_key_file_of_another_owner(site):
    if not ROOT:
        pytest.skip("only root can give a file away")
    path = edited(site, "given.pem", source=site.key("sequencer"))
    os.chown(path, 1, -1)
    refused(site, with_key(site, path), 'key "sequencer"', path)


def test_key_file_that_is_absent(site):
    path = site.path("keys", "absent.pem")
    refused(site, with_key(site, path), 'key "sequencer"', path,
            os.strerror(2))


@pytest.mark.parametrize("kind", ("directory", "fifo", "device"))
def test_key_file_that_is_no_file(site, kind):
    """Nor does opening a fifo hang."""
    path = site.path("keys", kind)
    if kind == "device":
        path = "/dev/zero"
    elif not os.path.exists(path):
        (os.mkdir if kind == "directory" else os.mkfifo)(path, 0o600)
    refused(site, with_key(site, path), 'key "sequencer"', path)


# ---- certificates --------------------------------------------------------


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    return certs.Authority(str(tmp_path_factory.mktemp("others")),
                           "another authority")


def with_pair(site, pair):
    return site.config(rules=RULES).replace(
        '"%s" key "%s"' % site.authority.server(), '"%s" key "%s"' % pair)


def with_crl(site, path):
    return site.config(rules=RULES, extra='tls crl "%s"' % path)


def test_tls_key_of_another_certificate(site):
    crt, _ = site.authority.server()
    other = site.authority.client("sequencer.example")[1]
    refused(site, with_pair(site, (crt, other)), "tls certificate",
            other + ": does not belong to the certificate")


def test_tls_key_that_is_encrypted(site):
    """No password is asked for, and nothing hangs."""
    crt, key = site.authority.server()
    path = edited(site, "encrypted.key")
    subprocess.run(["openssl", "pkey", "-in", key, "-aes128", "-passout",
                    "pass:x", "-out", path], check=True)
    refused(site, with_pair(site, (crt, path)), "tls certificate",
            path + ": an encrypted private key")


@pytest.mark.parametrize("which", ("ca", "crt", "key", "crl"))
def test_tls_file_with_something_else(site, which):
    path = edited(site, "bad." + which, "no certificate\n")
    crt, key = site.authority.server()
    text, part, word = {
        "ca": (site.config(rules=RULES).replace(site.authority.ca, path),
               "tls ca", "certificate"),
        "crt": (with_pair(site, (path, key)), "tls certificate",
                "certificate"),
        "key": (with_pair(site, (crt, path)), "tls certificate",
                "private key"),
        "crl": (with_crl(site, path), "tls crl",
                "certificate revocation list"),
    }[which]
    refused(site, text, part, "%s: no %s in PEM form" % (path, word))


def test_tls_ca_that_is_none(site):
    crt, _ = site.authority.server()
    refused(site, site.config(rules=RULES).replace(site.authority.ca, crt,
                                                   1),
            "tls ca", crt + ": holds no certificate of a CA")


def test_certificate_that_is_for_clients_only(site):
    pair = site.authority.issue("client-only", "localhost", "DNS:localhost",
                                section="client_only")
    refused(site, with_pair(site, pair), "tls certificate",
            pair[0] + ": extendedKeyUsage without serverAuth")


def test_crl_of_another_authority(site, others):
    path = others.crl()
    refused(site, with_crl(site, path), "tls crl", path +
            ': its issuer /CN=another authority is not in "tls ca"')


def test_crl_that_has_expired(site):
    path = site.authority.crl("old.crl", ("200101000000Z", "200201000000Z"))
    refused(site, with_crl(site, path), "tls crl", path +
            ": the CRL of CA /CN=test authority has expired on "
            "2020-02-01T00:00:00Z")


def stamp(days):
    return time.strftime("%y%m%d%H%M%SZ", time.gmtime(
        time.time() + 86400 * days))


WARNINGS = {
    "expired": (("200101000000Z", "200201000000Z"), "DNS:localhost",
                "expired on 2020-02-01T00:00:00Z"),
    "early": (("400101000000Z", "410101000000Z"), "DNS:localhost",
              "not valid before 2040-01-01T00:00:00Z"),
    "soon": ((stamp(-1), stamp(13)), "DNS:localhost", "expires on 20"),
    "nameless": (None, None, "no subjectAltName: Go clients refuse it"),
}


@pytest.mark.parametrize("kind", WARNINGS)
def test_warning(site, kind):
    """Told by -n and in the log, and served all the same."""
    dates, names, wanted = WARNINGS[kind]
    pair = site.authority.issue("warn-" + kind, "localhost", names, dates)
    text = with_pair(site, pair)
    path = site.write(text)
    line = line_of(text, "tls certificate")
    code, out, err = check(path)
    assert (code, out) == (0, ""), err
    told, = err.splitlines()
    assert told.startswith("%s:%d: warning: %s: %s" % (
        path, line, pair[0], wanted)), err
    with Signerd(site, text) as running:
        record, = running.logged(level="warn")
        assert record["msg"].startswith("%s:%d: %s: %s" % (
            running.path, line, pair[0], wanted)), record


def test_warning_beside_an_error(site):
    """Both are told; the error decides."""
    pair = site.authority.issue("nameless", "localhost")
    text = with_pair(site, (pair[0], site.authority.server()[1]))
    path = site.write(text)
    code, _, err = check(path)
    assert code == 1
    assert "warning: %s: no subjectAltName" % pair[0] in err
    assert "does not belong to the certificate" in err


# ---- sockets -------------------------------------------------------------


def test_port_in_use(site):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        text = site.config(rules=RULES, listen="127.0.0.1 port %d" %
                           taken.getsockname()[1])
        path = site.write(text)
        code, _, err = run("-d", "-f", path)
        assert code == 1
        assert line_of(text, "listen on") in faults(path, err), err
        assert "in use" in err


def test_address_of_another_machine(site):
    text = site.config(rules=RULES, listen="192.0.2.1 port 0")
    path = site.write(text)
    code, _, err = run("-d", "-f", path)
    assert code == 1 and line_of(text, "listen on") in faults(path, err), err


# ---- the machine ---------------------------------------------------------


def test_helpers_that_are_absent(site):
    path = site.write(site.config(rules=RULES))
    code, _, err = run("-x", site.path("keys"), "-d", "-f", path)
    assert code == 1 and site.path("keys") in err


def test_user_that_is_absent(site):
    if not ROOT:
        pytest.skip("only root changes users")
    text = site.config(rules=RULES).replace(
        'user "%s"' % daemon.USER, 'user "no-such-user"')
    code, _, err = run("-d", "-f", site.write(text))
    assert code == 1 and "no-such-user" in err


def user_of(pid):
    return int(procfs.status(pid)["Uid"].split()[0])


USERADD = ('no such user: make it with "useradd --system --no-create-home '
           '--shell /usr/sbin/nologin %s"')


def test_every_user_and_the_chroot_are_reported(site):
    if not ROOT:
        pytest.skip("only root changes users")
    text = site.config(rules=RULES, extra='keyd user "no-such-keyd"')
    text = text.replace('user "%s"' % daemon.USER, 'user "no-such-user"')
    text = text.replace(site.root, site.path("keys"))
    code, _, err = run("-n", "-f", site.write(text))
    assert code == 1
    assert err.splitlines() == [
        'signerd: user "no-such-user": ' + USERADD % "no-such-user",
        'signerd: keyd user "no-such-keyd": ' + USERADD % "no-such-keyd",
        'signerd: chroot "%s": must be empty' % site.path("keys")]


def test_keyd_user(site):
    """keyd alone runs as it."""
    if not ROOT:
        pytest.skip("only root changes users")
    text = site.config(rules=RULES, extra='keyd user "daemon"')
    with Signerd(site, text) as d:
        assert user_of(d.children["keyd"]) == pwd.getpwnam("daemon").pw_uid
        assert user_of(d.children["frontend"]) == \
            pwd.getpwnam(daemon.USER).pw_uid


def test_keyd_user_root_is_refused(site):
    if not ROOT:
        pytest.skip("only root changes users")
    text = site.config(rules=RULES, extra='keyd user "root"')
    code, _, err = run("-n", "-f", site.write(text))
    assert code == 1
    assert err == 'signerd: keyd user "root": must not be root\n'


def test_configuration_that_others_can_write(site):
    path = site.write(site.config(rules=RULES))
    os.chmod(path, 0o666)
    for mode in ("-n", "-d"):
        code, _, err = run(mode, "-f", path)
        assert code == 1
        assert err == "%s: writable by others: chmod go-w %s\n" % (path,
                                                                   path)


@pytest.mark.parametrize("statement", ("tls ca", "tls certificate"))
def test_certificate_file_that_others_can_write(site, statement):
    crt = site.authority.server()[0]
    good = site.authority.ca if statement == "tls ca" else crt
    path = edited(site, "open.crt", mode=0o646, source=good)
    refused(site, site.config(rules=RULES).replace(good, path), statement,
            "chmod go-w " + path)


def test_user_root_is_refused(site):
    if not ROOT:
        pytest.skip("only root changes users")
    text = site.config(rules=RULES).replace(
        'user "%s"' % daemon.USER, 'user "root"')
    code, _, err = run("-d", "-f", site.write(text))
    assert code == 1 and "root" in err


def test_chroot_that_is_writable_by_others(site):
    if not ROOT:
        pytest.skip("only root changes its root")
    path = site.path("writable")
    os.makedirs(path, exist_ok=True)
    os.chmod(path, 0o777)
    text = site.config(rules=RULES).replace(site.root, path)
    code, _, err = run("-d", "-f", site.write(text))
    assert code == 1 and path in err


def test_chroot_that_is_absent(site):
    if not ROOT:
        pytest.skip("only root changes its root")
    path = site.path("nowhere")
    text = site.config(rules=RULES).replace(site.root, path)
    code, _, err = run("-d", "-f", site.write(text))
    assert code == 1 and path in err


def test_helper_run_by_hand(site):
    """It says that it is none to be run, and does no harm."""
    for name in ("keyd", "frontend"):
        done = subprocess.run([os.path.join(daemon.LIBEXEC, name)],
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60)
        assert done.returncode == 1 and done.stderr
