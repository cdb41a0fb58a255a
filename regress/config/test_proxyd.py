# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""Configuration files of proxyd, in proxyd/: see lib.conf."""

import pathlib
import re
import socket

import pytest

from lib import conf as confs
from lib.conf import ROOT, write

HERE = confs.copied(pathlib.Path(__file__).resolve().parent / "proxyd")
PRINTER = confs.Printer("proxyprint", HERE, "proxyd")
run, errors, prints = PRINTER.run, PRINTER.errors, PRINTER.prints
cases = PRINTER.cases
INCLUDE = f'include "{HERE / "inc" / "base.conf"}"\n'
RULE = "allow client a chain 1\n"


def address(n):
    return f"0x{n:040x}"


def signer(n):
    return f"signer s{n} name s{n}.example address {address(n)}\n"


# ---- Files with what they should give -------------------------------------

def test_each_file_has_one_outcome():
    PRINTER.check_each_has_one_outcome()


@pytest.mark.parametrize("name", cases("ok"))
def test_ok(name):
    PRINTER.check_ok(name)


@pytest.mark.parametrize("name", cases("ok"))
def test_canonical_form_is_its_own(name, tmp_path):
    PRINTER.check_canonical(name, tmp_path)


@pytest.mark.parametrize("name", cases("err"))
def test_err(name):
    PRINTER.check_err(name)


def test_example(tmp_path):
    text = (ROOT / "etc" / "proxyd.conf").read_text()
    assert prints(write(tmp_path / "example.conf", text))


def test_example_with_everything(tmp_path):
    """What is commented out in the example is right, too."""
    text = (ROOT / "etc" / "proxyd.conf").read_text()
    text = re.sub(r"^#(?! )(?=\w)", "", text, flags=re.M)
    out = prints(write(tmp_path / "all.conf", text))
    assert "tls crl " in out
    assert "hedge after " in out


def test_man_page_has_the_limits():
    PRINTER.check_limits()


def test_man_page_examples(tmp_path):
    examples = PRINTER.man_examples()
    assert len(examples) == 2
    for text in examples:
        assert prints(write(tmp_path / "a.conf", text))


# ---- Numbers of things ----------------------------------------------------

def test_signers(tmp_path):
    text = INCLUDE + RULE + "".join(map(signer, range(1023)))
    conf = write(tmp_path / "s.conf", text)
    assert prints(conf).count("\nsigner ") == 1024
    write(conf, text + signer(1023) + signer(1024) +
          "allow client a chain 1 signer s1024\n")
    assert errors(conf) == ["s.conf:1026: over 1024 signers"]


def test_addresses(tmp_path):
    most = " ".join(map(address, range(4096)))
    text = INCLUDE + "signer a name a address { %s }\n"
    rule = "allow client a chain 1 address { %s }\n"
    conf = write(tmp_path / "a.conf", text % most + rule % most)
    assert prints(conf, warnings=[
        'base.conf:5: warning: no rule uses signer "hq"'.replace(
            "base.conf", str(HERE / "inc" / "base.conf"))])
    more = most + " " + address(4096) + " " + address(4097)
    write(conf, text % more + rule % more)
    assert errors(conf) == ["a.conf:2: over 4096 addresses",
                            "a.conf:3: over 4096 addresses"]


def test_rules(tmp_path):
    for i in range(4):
        write(tmp_path / f"{i}.conf", "".join(
            f"allow client a chain {i * 16384 + j + 1}\n"
            for j in range(16384)))
    text = INCLUDE + "".join(f'include "{i}.conf"\n' for i in range(4))
    conf = write(tmp_path / "r.conf", text)
    assert prints(conf).count("\nallow ") == 65536
    write(conf, text + RULE + RULE)
    assert errors(conf) == ["r.conf:6: over 65536 rules"]


def test_listens(tmp_path):
    text = INCLUDE + RULE + "signers on ::1 port 0\n" * 254
    assert prints(write(tmp_path / "l.conf", text)).count(
        "signers on") == 255
    conf = write(tmp_path / "l.conf", text + "signers on ::1 port 0\n")
    assert errors(conf) == ["l.conf:257: over 256 signers on"]


# ---- Files and sockets ----------------------------------------------------

@pytest.fixture
def site(tmp_path):
    """A configuration whose files are all there and right."""
    for name in ("ca.crt", "tls.crt", "tls.key", "crl.pem", "own.crt",
                 "own.pem", "own.key"):
        write(tmp_path / name, name).chmod(0o600)
    write(tmp_path / "s.conf", f"""listen on 127.0.0.1 port 0
tls ca "ca.crt"
tls certificate "tls.crt" key "tls.key"
tls crl "crl.pem"
signers on 127.0.0.1 port 0
signers on 127.0.0.1 port 0 {{
	tls ca "own.crt"
	tls certificate "own.pem" key "own.key"
}}
signer "hq" name "hq.example" address {address(1)}
allow client "a" chain 1
""")
    return tmp_path


def test_open(site):
    assert prints(site / "s.conf", "-o")


def test_all_faults_are_told_once(site):
    (site / "ca.crt").unlink()
    (site / "tls.key").chmod(0o640)
    (site / "crl.pem").chmod(0o666)
    (site / "own.pem").unlink()
    (site / "own.pem").mkdir()
    (site / "own.key").chmod(0o604)
    secret = "which gives group or others access: chmod 0600"
    assert errors(site / "s.conf", "-o") == [
        's.conf:2: cannot open "ca.crt": No such file or directory',
        f's.conf:3: "tls.key" holds a secret and has mode 0640, {secret} '
        f'"tls.key"',
        "s.conf:4: crl.pem: writable by others: chmod go-w crl.pem",
        's.conf:8: "own.pem" is not a regular file',
        f's.conf:8: "own.key" holds a secret and has mode 0604, {secret} '
        f'"own.key"']


def test_bind_stores_the_port(site):
    lines = prints(site / "s.conf", "-b").splitlines()
    ports = [int(line.split()[1]) for line in lines]
    assert len(lines) == 3
    assert all(ports) and len(set(ports)) == 3


def test_bind_in_use(site):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        text = (site / "s.conf").read_text()
        write(site / "s.conf", text + f"signers on 127.0.0.1 port {port}\n")
        assert errors(site / "s.conf", "-b") == [
            f"s.conf:12: signers on 127.0.0.1 port {port}: in use by "
            f"another process"]


def test_define(tmp_path):
    conf = write(tmp_path / "d.conf", INCLUDE + RULE + "user $name\n")
    assert 'user "x"\n' in prints(conf, "-D", "name=x")
    assert errors(conf) == ['d.conf:3: macro "name" is not defined']


def test_no_file(tmp_path):
    PRINTER.check_no_file(tmp_path)


def test_control(tmp_path):
    PRINTER.check_control(tmp_path, INCLUDE + RULE)
