# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""What is wrong in proxyd.conf(5) or its files, and in those of signerd's
proxies: told with its line, and status 1."""

import os
import re
import resource
import shutil
import socket

import pytest

from lib import certs, daemon
from lib.daemon import run

ADDRESS = b"\x11" * 20
ALLOW = 'allow client "sequencer.example" chain 10'


def relay(site, **named):
    return site.relay([site.signer("hq", [ADDRESS])], ALLOW, **named)


def line_of(text, part, last=False):
    lines = [n for n, line in enumerate(text.split("\n"), 1) if part in line]
    return lines[-1 if last else 0]


def refused(site, text, line, *wanted, program=daemon.PROXYD,
            modes=("-n", "-d")):
    path = site.write(text)
    for mode in modes:
        code, out, err = run(mode, "-f", path, program=program)
        assert (code, out) == (1, ""), err
        told = re.findall(r"^%s:([0-9]+): .*" % re.escape(path), err, re.M)
        assert str(line) in told, err
        for word in wanted:
            assert word in err, err


@pytest.fixture(scope="module")
def others(tmp_path_factory):
    return certs.Authority(str(tmp_path_factory.mktemp("others")),
                           "another authority")


@pytest.fixture
def strange(site):
    """A private key that belongs to none of the certificates."""
    return site.authority.client("batcher.example")[1]


# ---- proxyd --------------------------------------------------------------


def test_check_says_nothing_when_all_is_well(site):
    path = site.write(relay(site))
    assert run("-n", "-f", path, program=daemon.PROXYD) == (0, "", "")


def test_canonical_form_parses_to_itself(site):
    extra = "hedge after 100 ms\nmax links 7"
    path = site.write(relay(site, extra=extra))
    code, out, err = run("-nv", "-f", path, program=daemon.PROXYD)
    assert code == 0 and "hedge after 100 ms" in out
    again = site.write(out)
    assert run("-nv", "-f", again, program=daemon.PROXYD)[:2] == (0, out)


def test_every_error_of_the_text_is_told(site):
    text = relay(site, extra="max links nought\nhedge before 100 ms")
    refused(site, text, line_of(text, "max links"))
    refused(site, text, line_of(text, "hedge before"))


def test_more_signers_in_a_rule_than_there_can_be(site):
    labels = " ".join('"s%d"' % i for i in range(1100))
    text = site.relay([site.signer("hq", [ADDRESS])],
                      ALLOW + " signer { %s }" % labels)
    refused(site, text, line_of(text, "allow client"), '"s0"')


def test_missing_configuration(site):
    path = site.path("none.conf")
    code, out, err = run("-n", "-f", path, program=daemon.PROXYD)
    assert (code, out) == (1, "") and path in err


def test_file_that_is_absent(site):
    text = relay(site).replace(site.authority.ca, site.path("no.ca"))
    refused(site, text, line_of(text, "tls ca"), site.path("no.ca"))


def test_mode_of_the_tls_key(site):
    crt, key = site.authority.proxy()
    path = site.path("open.key")
    shutil.copyfile(key, path)
    os.chmod(path, 0o644)
    text = relay(site).replace(key, path)
    refused(site, text, line_of(text, "tls certificate"), path)


def test_tls_key_of_another_certificate(site, strange):
    _, key = site.authority.proxy()
    text = relay(site).replace(key, strange)
    refused(site, text, line_of(text, "tls certificate"),
            strange + ": does not belong to the certificate")


def test_each_listener_is_checked(site, strange, others):
    """Files of the signers' port alone, and of both."""
    crt, _ = site.authority.proxy()
    block = ('127.0.0.1 port 0 {\ntls ca "%s"\n'
             'tls certificate "%s" key "%s"\ntls crl "%s"\n}')
    text = relay(site, signers_on=block % (
        site.authority.ca, crt, strange, others.crl()))
    inside = line_of(text, strange)
    refused(site, text, inside, "does not belong to the certificate")
    refused(site, text, line_of(text, "tls crl"),
            'its issuer /CN=another authority is not in "tls ca"')


def test_certificate_that_has_expired(site):
    """A warning of -n and of the log; it is served all the same."""
    pair = site.authority.issue("proxy-old", "localhost", "DNS:localhost",
                                ("200101000000Z", "200201000000Z"))
    text = relay(site).replace('"%s" key "%s"' % site.authority.proxy(),
                               '"%s" key "%s"' % pair)
    path = site.write(text)
    code, out, err = run("-n", "-f", path, program=daemon.PROXYD)
    assert (code, out) == (0, "")
    told = "%s:%d: warning: %s: expired on 2020-02-01T00:00:00Z" % (
        path, line_of(text, "tls certificate"), pair[0])
    assert told in err
    with daemon.Proxyd(site, text) as proxyd:
        proxyd.wait_log(level="warn")


@pytest.mark.parametrize("which", ("listen on", "signers on"))
def test_port_in_use(site, which):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        name = "listen" if which == "listen on" else "signers_on"
        text = relay(site, **{name: "127.0.0.1 port %d" %
                              taken.getsockname()[1]})
        refused(site, text, line_of(text, which), "in use", modes=("-d",))
        # To check, nothing is bound.
        code, _, err = run("-n", "-f", site.write(text),
                           program=daemon.PROXYD)
        assert code == 0, err


def test_scope_that_there_is_not(site):
    text = relay(site, listen='"fe80::1%nowhere0" port 0')
    refused(site, text, line_of(text, "listen on"), "fe80::1%nowhere0",
            modes=("-d",))


def test_descriptors_that_there_are_not(site):
    """More connections than the machine allows: told, not found out."""
    text = relay(site, extra="max connections 1000000")
    path = site.write(text)
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] > 1000000:
        pytest.skip("this machine has so many")
    code, out, err = run("-d", "-f", path, program=daemon.PROXYD)
    assert (code, out) == (1, "") and "connections" in err, err


def test_user_and_chroot_are_reported(site):
    if not daemon.ROOT:
        pytest.skip("only root has them change")
    text = relay(site).replace('user "%s"' % daemon.USER,
                               'user "nobody-of-that-name"').replace(
                                   site.root, site.path("no-chroot"))
    path = site.write(text)
    code, out, err = run("-n", "-f", path, program=daemon.PROXYD)
    assert (code, out) == (1, "")
    assert "nobody-of-that-name" in err and site.path("no-chroot") in err


def test_helpers_that_are_absent(site):
    path = site.write(relay(site))
    code, _, err = run("-x", site.path("keys"), "-d", "-f", path,
                       program=daemon.PROXYD)
    assert code == 1 and site.path("keys") in err


# ---- the proxies of signerd ----------------------------------------------


def dialling(site, **named):
    return site.config(
        'allow via "edge" key "sequencer" method block-payload chain 10',
        listen=None, proxies=[site.proxy("edge", 1, **named)])


def test_proxy_with_a_key_of_another_certificate(site, strange):
    crt, _ = site.authority.client("signer.example")
    text = dialling(site, pair=(crt, strange))
    refused(site, text, line_of(text, strange),
            "does not belong to the certificate", program=daemon.SIGNERD)


def test_proxy_with_a_ca_that_is_none(site):
    crt, _ = site.authority.client("signer.example")
    text = dialling(site, ca=crt)
    refused(site, text, line_of(text, 'tls ca "%s"' % crt),
            crt + ": holds no certificate of a CA", program=daemon.SIGNERD)


def test_proxy_with_a_key_that_is_none(site):
    crt, _ = site.authority.client("signer.example")
    path = site.path("no.key")
    with open(path, "w") as f:
        f.write("no key\n")
    os.chmod(path, 0o600)
    text = dialling(site, pair=(crt, path))
    refused(site, text, line_of(text, path), "no private key in PEM form",
            program=daemon.SIGNERD)


def test_proxy_with_a_crl_of_another_authority(site, others):
    text = dialling(site, crl=others.crl("proxy.crl"))
    refused(site, text, line_of(text, "tls crl"),
            'its issuer /CN=another authority is not in "tls ca"',
            program=daemon.SIGNERD)
