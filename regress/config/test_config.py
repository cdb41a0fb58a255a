# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""
Configuration files of signerd: see lib.conf, and proxyd/ for the other daemon.
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile

import pytest

from lib import conf as confs
from lib.conf import IS_ROOT, ROOT, write

HERE = confs.copied(pathlib.Path(__file__).resolve().parent)
PRINTER = confs.Printer("confprint", HERE, "signerd")
CONFPRINT = PRINTER.program
confprint, errors, prints = PRINTER.run, PRINTER.errors, PRINTER.prints
cases = PRINTER.cases
MIB = 1024 * 1024
BASE = HERE / "inc" / "base.conf"
INCLUDE = f'include "{BASE}"\n'
RULE = 'allow client a key k chain 1\n'
needs_root = pytest.mark.skipif(not IS_ROOT, reason="needs root")


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
    text = (ROOT / "etc" / "signerd.conf").read_text()
    assert prints(write(tmp_path / "example.conf", text))


def test_example_with_everything(tmp_path):
    """What is commented out in the example is right, too."""
    text = (ROOT / "etc" / "signerd.conf").read_text()
    text = re.sub(r"^#(?=\w|\t|\}|    \w)", "", text, flags=re.M)
    out = prints(write(tmp_path / "all.conf", text))
    assert "tls crl " in out
    assert "keyd user " in out
    assert "\nproxy " in out
    assert "\nallow via " in out


def test_man_page_has_the_limits():
    PRINTER.check_limits()


def test_man_page_examples(tmp_path):
    first, second, third, fourth = PRINTER.man_examples()
    r = confprint(write(tmp_path / "a.conf", first))
    assert (r.returncode, r.stderr) == (0, "")
    assert prints(write(tmp_path / "b.conf", INCLUDE + RULE + second))
    write(tmp_path / "rules.conf", INCLUDE + RULE)
    out = prints(write(tmp_path / "c.conf", third), "-D", "site=fra",
                 "-D", "address=192.0.2.1")
    assert "listen on 192.0.2.1 port 8545\n" in out
    out = prints(write(tmp_path / "d.conf", fourth))
    assert "\nproxy " in out and "listen on" not in out


# ---- Macros of the command line -------------------------------------------

def test_define(tmp_path):
    conf = write(tmp_path / "d.conf", INCLUDE + RULE +
                 'name = "text"\nuser $name\nlisten on ::1 port $port\n')
    out = prints(conf, "-D", "name=line", "-D", "port=7", "-D", "other=")
    assert 'user "line"\n' in out
    assert "listen on ::1 port 7\n" in out
    assert errors(conf) == [
        'd.conf:5: macro "port" is not defined']


def test_define_empty(tmp_path):
    conf = write(tmp_path / "d.conf", INCLUDE + RULE + "$more\n")
    assert prints(conf, "-D", "more=")
    assert 'user "x y"' in prints(conf, "-D", 'more=user "x y"')


@pytest.mark.parametrize("definition", [
    "", "=", "a", "=x", "1a=x", "a-b=x", "a b=x", "a=x\ny", "a=\t",
    "a=" + "x" * 8192])
def test_define_bad(definition):
    r = confprint("-D", definition, BASE)
    assert r.returncode == 1
    assert "not name=value" in r.stderr


def test_define_longest(tmp_path):
    conf = write(tmp_path / "d.conf", INCLUDE + RULE + "tls crl $a")
    assert errors(conf, "-D", "a=" + "x" * 8191) == [
        "d.conf:3: tls crl is over 1023 bytes"]


# ---- Hostile and odd files ------------------------------------------------

def test_no_file(tmp_path):
    PRINTER.check_no_file(tmp_path)


def test_control(tmp_path):
    PRINTER.check_control(tmp_path, INCLUDE + RULE)


def test_directory(tmp_path):
    (tmp_path / "dir").mkdir()
    assert errors(tmp_path / "dir") == [
        "dir: cannot read: Is a directory"]


@pytest.mark.parametrize("byte", [*range(0, 9), 11, 12, *range(14, 32),
                                  127])
def test_control_bytes(tmp_path, byte):
    c = bytes([byte])
    base = INCLUDE.encode()
    conf = write(tmp_path / "c.conf", base + b"user " + c + b"x\n"
                 b'user "a' + c + c + b'b"\n'
                 b"# comment { " + c + b"{ \n"
                 b'user "" # comment { " ' + c + b"{ \n"
                 b"" + c + b"\n"
                 b"max { body " + c + b"\n5 MiB }\n"
                 b'chroot ""\n')
    n = f"0x{byte:02x}"
    assert errors(conf) == [
        f"c.conf:2: control byte {n}",
        f"c.conf:3: control byte {n} in a string",
        f"c.conf:4: control byte {n} in a comment",
        f"c.conf:5: control byte {n} in a comment",
        f"c.conf:6: control byte {n}",
        f"c.conf:7: control byte {n}",
        "c.conf:9: chroot is empty"]


def test_dos(tmp_path):
    """One fault a file, whatever its lines hold."""
    text = (INCLUDE + 'include "i.conf"\n' + "allow client a \\\n"
            "key k chain {\n1\n}\n")
    write(tmp_path / "i.conf", '\nuser "x"\r\nchroot "/"\r\n')
    conf = write(tmp_path / "d.conf", text)
    fault = ("DOS line ends: convert with sed -i 's/\\r$//'")
    assert errors(conf) == [f"i.conf:2: {fault} i.conf"]
    write(conf, text.replace("\n", "\r\n"))
    assert errors(conf) == [f"d.conf:1: {fault} d.conf",
                            f"i.conf:2: {fault} i.conf"]


@pytest.mark.parametrize("mark,fault", [
    (b"\xef\xbb\xbf", "byte order mark: save the file without it"),
    (b"\xff\xfe", "byte order mark of UTF-16: save the file as UTF-8 "
     "without one")])
def test_byte_order_mark(tmp_path, mark, fault):
    conf = write(tmp_path / "b.conf", mark + (INCLUDE + RULE).encode())
    assert errors(conf) == ["b.conf:1: " + fault]


def test_bytes_over_ascii(tmp_path):
    conf = write(tmp_path / "u.conf", INCLUDE.encode() + RULE.encode() +
                 b'tls crl "/\xc3\xa4\xff" # \xfe\n')
    r = confprint(conf)
    assert r.returncode == 0
    assert 'tls crl "/\u00e4\udcff"\n' in r.stdout
    conf = write(tmp_path / "u.conf", b"user \xc3\xa4\n")
    assert errors(conf)[0] == "u.conf:1: unexpected byte 0xc3"


def test_size(tmp_path):
    text = (INCLUDE + RULE).encode()
    fill = b"#" + b"x" * 1022 + b"\n"
    text += fill * ((MIB - len(text)) // len(fill))
    text += b"#" * (MIB - len(text))
    assert len(text) == MIB
    conf = write(tmp_path / "big.conf", text)
    assert prints(conf)
    write(conf, text + b"\n")
    assert errors(conf) == ["big.conf: over 1 MiB"]


def test_include_too_large(tmp_path):
    write(tmp_path / "big.conf", b"\n" * (MIB + 1))
    conf = write(tmp_path / "a.conf", '\ninclude "big.conf"\nuser ""\n')
    assert errors(conf) == ["a.conf:2: big.conf: over 1 MiB",
                            "a.conf:3: user is empty"]


def test_endless_file():
    assert errors(pathlib.Path("/dev/zero")) == ["zero: over 1 MiB"]


@pytest.mark.parametrize("text", ["x", '"x"'])
def test_long_text(tmp_path, text):
    kind = "string" if '"' in text else "word"
    conf = write(tmp_path / "l.conf", INCLUDE + "tls crl " +
                 text.replace("x", "x" * 8191) + "\ntls protocols " +
                 text.replace("x", "x" * 8192) + "\n")
    assert errors(conf) == [
        "l.conf:2: tls crl is over 1023 bytes",
        f"l.conf:3: {kind} is over 8191 bytes"]


def test_long_macro(tmp_path):
    half = '"' + "x" * 4095 + '"'
    conf = write(tmp_path / "m.conf", INCLUDE +
                 f"a = {half} {half}\ntls crl $a\n"
                 f'b = {half} {half} ""\ntls crl $b\n')
    assert errors(conf)[-1] == (
        'm.conf:4: value of macro "b" is over 8191 bytes')


def test_string_ends_with_the_file(tmp_path):
    conf = write(tmp_path / "s.conf", INCLUDE + 'user "x')
    assert errors(conf) == ["s.conf:2: string is not terminated"]
    conf = write(tmp_path / "s.conf", INCLUDE + 'user "x\\')
    assert errors(conf) == ['s.conf:2: "\\" in a string: only \\" and \\\\ '
                            "are known"]


def test_macro_ends_with_backslash(tmp_path):
    conf = write(tmp_path / "s.conf", INCLUDE + 'a = "\\"x\\\\"\nuser $a"\n')
    assert errors(conf) == ['s.conf:3: "\\" in a string: only \\" and \\\\ '
                            "are known"]


def test_no_newline_at_the_end(tmp_path):
    for end in ("", "\n", "\\\n", "  \\\n\n", "# x"):
        conf = write(tmp_path / "e.conf", INCLUDE + RULE.rstrip() + " " + end)
        assert prints(conf)
    for end in ("\\", "\\ \n"):
        conf = write(tmp_path / "e.conf", INCLUDE + RULE.rstrip() + end)
        assert errors(conf) == ['e.conf:2: unexpected character "\\"']


def test_include_relative(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    write(tmp_path / "c.conf", "user $x")
    write(tmp_path / "a" / "b" / "two.conf", 'include "../../c.conf"')
    write(tmp_path / "a" / "one.conf", 'include "b/two.conf"\nx = "late"')
    conf = write(tmp_path / "m.conf", 'x = "early"\ninclude "a/one.conf"\n' +
                 INCLUDE + RULE)
    assert 'user "early"\n' in prints(conf)
    write(conf, INCLUDE + 'include "a/one.conf"\n')
    assert errors(conf) == [
        'a/b/../../c.conf:1: macro "x" is not defined']


def test_include_depth(tmp_path):
    for i in range(1, 18):
        write(tmp_path / f"{i}.conf", f'include "{i + 1}.conf"\n')
    write(tmp_path / "17.conf", INCLUDE + RULE)
    conf = write(tmp_path / "m.conf", 'include "2.conf"\n')
    # 2 to 17 are 16 deep, and there base.conf is one too many.
    assert errors(conf) == ["17.conf:1: includes are nested over 16 deep"]
    conf = write(tmp_path / "m.conf", 'include "3.conf"\n')
    assert prints(conf)


@pytest.mark.parametrize("through", ["a.conf", "sub/../a.conf", "link.conf"])
def test_include_loop(tmp_path, through):
    (tmp_path / "sub").mkdir()
    (tmp_path / "link.conf").symlink_to("a.conf")
    write(tmp_path / "b.conf", f'\ninclude "{through}"\n')
    conf = write(tmp_path / "a.conf", 'include "b.conf"\nuser ""\n')
    assert errors(conf) == [f"b.conf:2: {through}: includes itself",
                            "a.conf:2: user is empty"]


def test_include_twice(tmp_path):
    write(tmp_path / "l.conf", "listen on 127.0.0.1 port 0\n")
    conf = write(tmp_path / "m.conf", INCLUDE + RULE + 'include "l.conf"\n' * 2)
    assert prints(conf).count("listen on") == 3


def test_include_flood(tmp_path):
    """Each file includes the next ten times: 10^16 includes."""
    for i in range(16):
        write(tmp_path / f"{i}.conf", f'include "{i + 1}.conf"\n' * 10)
    write(tmp_path / "16.conf", "")
    lines = errors(tmp_path / "0.conf")
    assert "over 1024 includes" in lines[0]


def test_include_count(tmp_path):
    write(tmp_path / "e.conf", "")
    text = INCLUDE + RULE + 'include "e.conf"\n' * 1023
    conf = write(tmp_path / "m.conf", text)
    assert prints(conf)
    write(conf, text + 'include "e.conf"\n')
    assert errors(conf) == ["m.conf:1026: over 1024 includes"]


def test_many_errors(tmp_path):
    conf = write(tmp_path / "m.conf", "bogus\n" * 100000)
    lines = errors(conf)
    assert len(lines) == 1001
    assert lines[0] == 'm.conf:1: unknown statement "bogus"'
    assert lines[999] == 'm.conf:1000: unknown statement "bogus"'
    assert lines[1000].endswith("too many errors, the rest is not shown")


def test_open_brace_in_a_fault(tmp_path):
    """It does not take a macro's definition with it."""
    conf = write(tmp_path / "b.conf", INCLUDE + "bogus { x\na = b\nuser $a\n"
                 "max { body\nb =\n chroot $b\n" + 'tls crl ""\n')
    assert errors(conf) == [
        'b.conf:2: unknown statement "bogus"',
        'b.conf:6: missing "}" for the "{" of line 5',
        'b.conf:6: macro "b" needs a value',
        "b.conf:8: tls crl is empty"]


def test_open_braces(tmp_path):
    conf = write(tmp_path / "b.conf", "{" * 100000)
    assert errors(conf) == ['b.conf:1: syntax error at "{"']


# ---- Numbers of things ----------------------------------------------------

def test_keys(tmp_path):
    keys = "".join(f"key {i} file f{i}\n" for i in range(255))
    rules = "".join(f"allow client a key {i} chain 1\n" for i in range(255))
    conf = write(tmp_path / "k.conf", INCLUDE + RULE + keys + rules)
    assert prints(conf).count("\nkey ") == 256
    write(conf, INCLUDE + RULE + keys + "key x file f\nkey y file f\n" +
          "allow client a key x chain 1\n")
    assert errors(conf) == ["k.conf:258: over 256 keys"]


def test_rules(tmp_path):
    for i in range(4):
        write(tmp_path / f"{i}.conf", "".join(
            f"allow client a key k chain {i * 16384 + j + 1}\n"
            for j in range(16384)))
    text = INCLUDE + "".join(f'include "{i}.conf"\n' for i in range(4))
    conf = write(tmp_path / "r.conf", text)
    assert prints(conf).count("\nallow ") == 65536
    write(conf, text + RULE + RULE)
    assert errors(conf) == ["r.conf:6: over 65536 rules"]


def test_listens(tmp_path):
    text = INCLUDE + RULE + "listen on ::1 port 0\n" * 255
    assert prints(write(tmp_path / "l.conf", text)).count("listen on") == 256
    conf = write(tmp_path / "l.conf", text + "listen on ::1 port 0\n")
    assert errors(conf) == ["l.conf:258: over 256 listen on"]


PROXY = 'proxy p%d { url "wss://a.example/" }\n'


def test_proxies(tmp_path):
    text = INCLUDE + RULE + "allow via p63 key k chain 1\n" + "".join(
        PROXY % i for i in range(64))
    r = confprint(write(tmp_path / "p.conf", text))
    assert r.returncode == 0
    assert r.stdout.count("\nproxy ") == 64
    conf = write(tmp_path / "p.conf", text + PROXY % 64 + PROXY % 65 +
                 "allow via p65 key k chain 1\n")
    assert errors(conf) == ["p.conf:68: over 64 proxies"]


def test_nameservers(tmp_path):
    text = INCLUDE + RULE + PROXY % 1 + "allow via p1 key k chain 1\n"
    text += "".join(f"nameserver 192.0.2.{i}\n" for i in range(8))
    conf = write(tmp_path / "n.conf", text)
    assert prints(conf).count("\nnameserver ") == 8
    write(conf, text + "nameserver ::1\nnameserver ::2\n")
    assert errors(conf) == ["n.conf:13: over 8 nameservers"]


def test_long_list(tmp_path):
    n = 20000
    chains = "\n".join(str(i) for i in range(1, n + 1))
    conf = write(tmp_path / "l.conf", INCLUDE +
                 "allow client a key k chain {\n" + chains + "\n}\n")
    assert " ".join(chains.split()) in prints(conf)


# ---- Files that the configuration names -----------------------------------

@pytest.fixture
def site(tmp_path):
    """A configuration whose files are all there and right."""
    for name in ("ca.crt", "tls.crt", "tls.key", "crl.pem", "k.pem"):
        write(tmp_path / name, name)
        (tmp_path / name).chmod(0o600)
    write(tmp_path / "s.conf", """listen on 127.0.0.1 port 0
tls ca "ca.crt"
tls certificate "tls.crt" key "tls.key"
tls crl "crl.pem"
key "k" file "k.pem"
allow client "a" key "k" chain 1
""")
    return tmp_path


def secret(name, mode, fixed, line):
    return (f's.conf:{line}: "{name}" holds a secret and has mode {mode:04o},'
            f' which gives group or others access: chmod {fixed:04o} '
            f'"{name}"')


def test_open(site):
    assert prints(site / "s.conf", "-o")


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700, 0o500])
def test_mode_ok(site, mode):
    (site / "k.pem").chmod(mode)
    (site / "tls.key").chmod(mode)
    assert prints(site / "s.conf", "-o")


@pytest.mark.parametrize("mode,fixed", [
    (0o644, 0o600), (0o640, 0o600), (0o610, 0o600), (0o620, 0o600),
    (0o604, 0o600), (0o602, 0o600), (0o601, 0o600), (0o440, 0o400),
    (0o777, 0o700), (0o4644, 0o600)])
def test_mode_bad(site, mode, fixed):
    (site / "tls.key").chmod(mode)
    (site / "k.pem").chmod(mode)
    assert errors(site / "s.conf", "-o") == [
        secret("tls.key", mode, fixed, 3), secret("k.pem", mode, fixed, 5)]


def test_mode_of_public_files(site):
    for name in ("ca.crt", "tls.crt", "crl.pem"):
        (site / name).chmod(0o644)
    assert prints(site / "s.conf", "-o")


PUBLIC = (("ca.crt", 2), ("tls.crt", 3), ("crl.pem", 4))


@pytest.mark.parametrize("mode", [0o646, 0o666, 0o602])
def test_public_files_that_others_can_write(site, mode):
    for name, _ in PUBLIC:
        (site / name).chmod(mode)
    assert errors(site / "s.conf", "-o") == [
        f"s.conf:{line}: {name}: writable by others: chmod go-w {name}"
        for name, line in PUBLIC]


def test_public_files_that_the_group_can_write(site):
    """A user's own group is no fault; root's is."""
    for name, _ in PUBLIC:
        (site / name).chmod(0o664)
    (site / "s.conf").chmod(0o664)
    write(site / "i.conf", "").chmod(0o664)
    if not IS_ROOT:
        assert prints(site / "s.conf", "-o")
        return
    text = "writable by its group: chmod go-w"
    assert errors(site / "s.conf") == [f"s.conf: {text} s.conf"]
    (site / "s.conf").chmod(0o644)
    assert errors(site / "s.conf", "-o") == [
        f"s.conf:{line}: {name}: {text} {name}" for name, line in PUBLIC]


def test_configuration_that_others_can_write(site):
    """Its other faults are told, too."""
    write(site / "i.conf", 'user ""\n').chmod(0o646)
    write(site / "s.conf", (site / "s.conf").read_text() +
          'include "i.conf"\n').chmod(0o602)
    text = "writable by others: chmod go-w"
    assert errors(site / "s.conf") == [
        f"s.conf: {text} s.conf", f"s.conf:7: i.conf: {text} i.conf",
        "i.conf:1: user is empty"]


@needs_root
def test_configuration_of_another_owner(site):
    os.chown(site / "s.conf", 65534, -1)
    assert errors(site / "s.conf") == [
        "s.conf: belongs to user 65534, not to root or user 0: "
        "chown 0 s.conf"]


def as_nobody(path, *args):
    """A user whose files these are not, but root's."""
    return subprocess.run([path.parent / "confprint", *args, path.name],
                          cwd=path.parent, text=True, capture_output=True, timeout=60,
                          stdin=subprocess.DEVNULL, user=65534, group=65534,
                          extra_groups=[])


@pytest.fixture
def open_site(site):
    """All the way down to it, users can pass; the program is there, too."""
    place = pathlib.Path(tempfile.mkdtemp(prefix="signerd-test-"))
    place.chmod(0o755)
    for path in site.iterdir():
        shutil.copyfile(path, place / path.name)
    shutil.copy(CONFPRINT, place / "confprint")
    yield place
    shutil.rmtree(place)


@needs_root
def test_statements_for_root_alone(open_site):
    text = (open_site / "s.conf").read_text()
    write(open_site / "s.conf",
          'chroot "/"\n' + text + "keyd user b\nuser a\n")
    prints(open_site / "s.conf")
    r = as_nobody(open_site / "s.conf")
    assert r.returncode == 0
    assert r.stderr.splitlines() == [
        f"s.conf:{line}: warning: {name} has no effect: signerd is not "
        f"started by root" for line, name in (
            (1, "chroot"), (8, "keyd user"), (9, "user"))]
    # Not for what is left to the defaults.
    write(open_site / "s.conf", text)
    assert as_nobody(open_site / "s.conf").stderr == ""


@needs_root
def test_group_of_a_user(open_site):
    """Files of root, and of the user who starts signerd, are well."""
    for name in ("s.conf", "ca.crt"):
        (open_site / name).chmod(0o664)
        os.chown(open_site / name, 65534, -1)
    for name in ("k.pem", "tls.key"):
        (open_site / name).chmod(0o600)
        os.chown(open_site / name, 65534, -1)
    r = as_nobody(open_site / "s.conf", "-o")
    assert (r.returncode, r.stderr) == (0, "")
    (open_site / "ca.crt").chmod(0o666)
    os.chown(open_site / "tls.crt", 12345, -1)
    r = as_nobody(open_site / "s.conf", "-o")
    assert r.stderr.splitlines() == [
        "s.conf:2: ca.crt: writable by others: chmod go-w ca.crt",
        "s.conf:3: tls.crt: belongs to user 12345, not to root or user "
        "65534: chown 65534 tls.crt"]


@needs_root
@pytest.mark.parametrize("group,mode,well", [
    (65534, 0o440, True), (65534, 0o640, True), (65534, 0o600, None),
    (65534, 0o460, False), (65534, 0o450, False), (65534, 0o444, False),
    (65534, 0o2640, False), (12345, 0o444, False), (0, 0o444, False)])
def test_secret_of_our_group(open_site, group, mode, well):
    """Root's, to be read by the group that a user starts signerd with."""
    for name in ("k.pem", "tls.key"):
        os.chown(open_site / name, 0, group)
        (open_site / name).chmod(mode)
    r = as_nobody(open_site / "s.conf", "-o")
    if well is None:
        assert "Permission denied" in r.stderr
    elif well:
        assert (r.returncode, r.stderr) == (0, "")
    else:
        assert r.stderr.splitlines() == [
            secret("tls.key", mode, mode & 0o700, 3),
            secret("k.pem", mode, mode & 0o700, 5)]
    # Not where root starts it, whatever its group.
    (open_site / "k.pem").chmod(0o640)
    assert secret("k.pem", 0o640, 0o600, 5) in errors(
        open_site / "s.conf", "-o")


@needs_root
def test_secret_of_our_group_but_not_roots(open_site):
    """Our own file that our group can read is as bad as ever."""
    for name in ("k.pem", "tls.key"):
        os.chown(open_site / name, 65534, 65534)
        (open_site / name).chmod(0o440)
    assert as_nobody(open_site / "s.conf", "-o").stderr.splitlines() == [
        secret("tls.key", 0o440, 0o400, 3), secret("k.pem", 0o440, 0o400, 5)]


@needs_root
def test_port_of_root_alone(open_site):
    limit = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
    if not os.path.exists(limit) or int(open(limit).read()) < 2:
        pytest.skip("users can have all ports here")
    text = (open_site / "s.conf").read_text()
    write(open_site / "s.conf", text.replace("port 0", "port 1"))
    assert as_nobody(open_site / "s.conf", "-b").stderr == (
        "s.conf:1: listen on 127.0.0.1 port 1: ports under 1024 need root "
        "or CAP_NET_BIND_SERVICE\n")


def test_symlink(site):
    """As Kubernetes mounts secrets: a link through a linked directory."""
    (site / "..data_1").mkdir()
    (site / "..data").symlink_to("..data_1")
    (site / "k.pem").rename(site / "..data_1" / "k.pem")
    (site / "k.pem").symlink_to("..data/k.pem")
    assert prints(site / "s.conf", "-o")
    (site / "..data_1" / "k.pem").chmod(0o644)
    assert errors(site / "s.conf", "-o") == [secret("k.pem", 0o644, 0o600, 5)]


def test_all_faults_are_told(site):
    (site / "ca.crt").unlink()
    (site / "tls.crt").unlink()
    (site / "tls.crt").mkdir()
    (site / "tls.key").chmod(0o644)
    (site / "crl.pem").unlink()
    os.mkfifo(site / "crl.pem")
    (site / "k.pem").unlink()
    (site / "k.pem").symlink_to("nowhere")
    none = "No such file or directory"
    assert errors(site / "s.conf", "-o") == [
        f's.conf:2: cannot open "ca.crt": {none}',
        's.conf:3: "tls.crt" is not a regular file',
        secret("tls.key", 0o644, 0o600, 3),
        's.conf:4: "crl.pem" is not a regular file',
        f's.conf:5: cannot open "k.pem": {none}']


PROXIES = """proxy "own" {
	url "wss://a.example/"
	tls ca "own.crt"
	tls certificate "own.pem" key "own.key"
}
proxy "same" { url "wss://a.example/" }
proxy "some" { url "wss://a.example/" tls ca "own.crt" }
allow via "own" key "k" chain 1
allow via "same" key "k" chain 1
allow via "some" key "k" chain 1
"""


def test_files_of_proxies(site):
    """Those of the tls block are told of once."""
    text = (site / "s.conf").read_text()
    write(site / "s.conf", text + PROXIES)
    for name in ("own.crt", "own.pem", "own.key"):
        write(site / name, "").chmod(0o600)
    assert prints(site / "s.conf", "-o")
    (site / "own.key").chmod(0o640)
    (site / "own.crt").chmod(0o666)
    (site / "tls.key").chmod(0o640)
    (site / "tls.crt").unlink()
    bad = "writable by others: chmod go-w own.crt"
    assert errors(site / "s.conf", "-o") == [
        's.conf:3: cannot open "tls.crt": No such file or directory',
        secret("tls.key", 0o640, 0o600, 3),
        f"s.conf:9: own.crt: {bad}",
        secret("own.key", 0o640, 0o600, 10),
        f"s.conf:13: own.crt: {bad}"]


def test_fifo_key(site):
    (site / "k.pem").unlink()
    os.mkfifo(site / "k.pem", 0o600)
    assert errors(site / "s.conf", "-o") == [
        's.conf:5: "k.pem" is not a regular file']


def test_text_faults_come_first(site):
    """Nothing is opened for a configuration that is wrong itself."""
    write(site / "s.conf", (site / "s.conf").read_text() + 'user ""\n')
    (site / "k.pem").chmod(0o644)
    assert errors(site / "s.conf", "-o") == ["s.conf:7: user is empty"]


@needs_root
def test_owner(site):
    for name in ("k.pem", "ca.crt", "tls.crt", "crl.pem"):
        os.chown(site / name, 65534, -1)
    other = "belongs to user 65534, not to root or user 0: chown 0"
    assert errors(site / "s.conf", "-o") == [
        f"s.conf:2: ca.crt: {other} ca.crt",
        f"s.conf:3: tls.crt: {other} tls.crt",
        f"s.conf:4: crl.pem: {other} crl.pem",
        's.conf:5: "k.pem" holds a secret and belongs to user 65534, not to '
        'root or user 0: chown 0 "k.pem"']


# ---- What is odd ----------------------------------------------------------

def test_no_rule(tmp_path):
    conf = write(tmp_path / "n.conf", INCLUDE + 'key "b" file "b.pem"\n')
    assert prints(conf, warnings=[
        'n.conf:2: warning: no "allow": every request is refused'])


def test_many_warnings(tmp_path):
    conf = write(tmp_path / "m.conf", INCLUDE + RULE * 3000)
    r = confprint(conf.name, cwd=tmp_path)
    assert r.returncode == 0
    lines = r.stderr.splitlines()
    assert lines[0] == ("m.conf:3: warning: the same rule as that of "
                        "m.conf:2, never used")
    assert len(lines) == 1001
    assert lines[1000].endswith("too many warnings, the rest is not shown")


def test_errors_come_without_warnings(tmp_path):
    conf = write(tmp_path / "m.conf", INCLUDE + RULE * 2000 + 'user ""\n')
    assert errors(conf) == ["m.conf:2002: user is empty"]


# ---- Sockets --------------------------------------------------------------

def bind_conf(tmp_path, *listens):
    text = "".join(f"listen on {x}\n" for x in listens)
    return write(tmp_path / "b.conf", BASE.read_text().split("\n", 1)[1] +
                 RULE + text)


def test_bind_stores_the_port(tmp_path):
    conf = bind_conf(tmp_path, "127.0.0.1 port 0", "127.0.0.1 port 0")
    lines = prints(conf, "-b").splitlines()
    ports = [int(line.split()[1]) for line in lines]
    assert all(ports) and len(set(ports)) == 2


def test_bind_in_use(tmp_path):
    with socket.socket() as s, socket.socket() as t:
        s.bind(("127.0.0.1", 0))
        s.listen()
        t.bind(("127.0.0.1", 0))
        t.listen()
        p, q = s.getsockname()[1], t.getsockname()[1]
        conf = bind_conf(tmp_path, f"127.0.0.1 port {p}", "127.0.0.1 port 0",
                         f"127.0.0.1 port {q}")
        assert errors(conf, "-b") == [
            f"b.conf:{n}: listen on 127.0.0.1 port {x}: in use by another "
            f"process" for n, x in ((5, p), (7, q))]


def test_bind_foreign_address(tmp_path):
    conf = bind_conf(tmp_path, "192.0.2.1 port 1")
    assert errors(conf, "-b") == [
        "b.conf:5: listen on 192.0.2.1 port 1: Cannot assign requested address"]


def have_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
        return True
    except OSError:
        return False


@pytest.mark.skipif(not have_ipv6(), reason="no IPv6 here")
def test_bind_ipv6_alone(tmp_path):
    """:: leaves the port to IPv4."""
    with socket.socket() as s:
        s.bind(("0.0.0.0", 0))
        s.listen()
        port = s.getsockname()[1]
        conf = bind_conf(tmp_path, f":: port {port}")
        assert prints(conf, "-b") == f":: {port}\n"
