# Copyright (c) 2026 The signerd authors
# SPDX-License-Identifier: ISC

"""signerctl key: files of keys are made, read and converted; with openssl,
and scrypt and PBKDF2 of Python, as judges of each form."""

import hashlib
import json
import os
import stat
import subprocess

import pytest

from lib import ctl, daemon, eth, ethkey, keyscan, secp256k1
from lib.keccak import keccak256

FORMS = ("hex", "sec1", "sec1-der", "pkcs8", "pkcs8-der", "v3")
PASSWORD = "correct horse"
KEY = ethkey.Key.derived("signerctl")
RAW = KEY.secret.to_bytes(32, "big")
# Those of EIP-55.
CHECKSUMS = (
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb")


def checksummed(address):
    """EIP-55."""
    digits = address.hex()
    nibbles = keccak256(digits.encode()).hex()
    return "0x" + "".join(c.upper() if int(n, 16) >= 8 else c
                          for c, n in zip(digits, nibbles))


def test_the_checksum_is_that_of_eip_55():
    for each in CHECKSUMS:
        assert checksummed(bytes.fromhex(each[2:])) == each


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, check=True,
                          stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout


def quiet(text):
    """Nothing of the key or of the password is in what was printed."""
    assert PASSWORD not in text
    assert not keyscan.quoted(text, RAW)
    return text


def key(*arguments, status=0, **named):
    """Standard output, and standard error where it is refused."""
    code, out, err = ctl.run("key", *arguments, **named)
    quiet(out + err)
    assert code == status, (code, out, err)
    if status == 0:
        return out
    assert out == "" and err.startswith("signerctl: ") or status == 2, err
    return err


@pytest.fixture
def place(tmp_path):
    """A directory with the password in a file."""
    write(tmp_path, "pw", PASSWORD + "\nmore\n")
    return tmp_path


def write(place, name, data, mode=0o600):
    path = place / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    path.chmod(mode)
    return str(path)


def is_private(path):
    return stat.S_IMODE(os.lstat(path).st_mode) == 0o600


def left(place):
    return sorted(os.listdir(place))


# ---- what others make, and read ------------------------------------------


def v3(raw, password, kdf="scrypt"):
    """A keystore, made by others' means."""
    salt, iv = b"\x5a" * 32, b"\xa5" * 16
    if kdf == "scrypt":
        params = {"dklen": 32, "n": 16, "r": 8, "p": 1}
        derived = hashlib.scrypt(password.encode(), salt=salt, n=16, r=8,
                                 p=1, dklen=32)
    else:
        params = {"dklen": 32, "c": 7, "prf": "hmac-sha256"}
        derived = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 7)
    text = openssl("enc", "-aes-128-ctr", "-K", derived[:16].hex(), "-iv",
                   iv.hex(), data=raw)
    return {"address": KEY.address.hex(), "id": "x", "version": 3, "crypto": {
        "cipher": "aes-128-ctr", "cipherparams": {"iv": iv.hex()},
        "ciphertext": text.hex(), "kdf": kdf,
        "kdfparams": dict(params, salt=salt.hex()),
        "mac": keccak256(derived[16:] + text).hex()}}


def from_v3(store, password):
    crypto, params = store["crypto"], store["crypto"]["kdfparams"]
    assert store["version"] == 3 and crypto["cipher"] == "aes-128-ctr"
    derived = hashlib.scrypt(
        password.encode(), salt=bytes.fromhex(params["salt"]), n=params["n"],
        r=params["r"], p=params["p"], dklen=params["dklen"],
        maxmem=2**30)
    text = bytes.fromhex(crypto["ciphertext"])
    assert keccak256(derived[16:] + text).hex() == crypto["mac"]
    return openssl("enc", "-d", "-aes-128-ctr", "-K", derived[:16].hex(),
                   "-iv", crypto["cipherparams"]["iv"], data=text)


def der(pem, kind):
    return openssl(kind, "-outform", "DER", *(
        ["-topk8", "-nocrypt"] if kind == "pkcs8" else []),
        data=pem.encode())


SOURCES = {
    "hex": lambda: RAW.hex() + "\n",
    "hex with 0x": lambda: "0x" + RAW.hex().upper(),
    "sec1": KEY.pem,
    "sec1-der": lambda: der(KEY.pem(), "ec"),
    "pkcs8": KEY.pkcs8,
    "pkcs8-der": lambda: der(KEY.pem(), "pkcs8"),
    "v3": lambda: json.dumps(v3(RAW, PASSWORD)),
    "v3 by pbkdf2": lambda: "\n " + json.dumps(v3(RAW, PASSWORD, "pbkdf2"),
                                               indent=1),
    "encrypted-pkcs8": lambda: openssl(
        "pkcs8", "-topk8", "-passout", "pass:" + PASSWORD,
        data=KEY.pem().encode()),
    "encrypted-pkcs8-der": lambda: openssl(
        "pkcs8", "-topk8", "-outform", "DER", "-v2", "aes-128-cbc",
        "-passout", "pass:" + PASSWORD, data=KEY.pem().encode()),
}


def encrypted(source):
    return source.startswith(("v3", "encrypted"))


def raw_of(path, form):
    """The scalar in a file, as others read it."""
    with open(path, "rb") as f:
        data = f.read()
    if form == "hex":
        assert len(data) == 65 and data[64:] == b"\n"
        return bytes.fromhex(data.decode())
    if form == "v3":
        return from_v3(json.loads(data), PASSWORD)
    text = openssl("pkey", "-inform", "DER" if "der" in form else "PEM",
                   "-noout", "-text", data=data).decode()
    assert "secp256k1" in text
    digits = text.split("priv:")[1].split("pub:")[0]
    # openssl prints a zero before a first byte over 7f, and none of others.
    raw = bytes.fromhex(digits.replace(":", "").replace("\n", "").replace(
        " ", ""))
    lines = data.split(b"\n")
    label = lines[0]
    if "der" not in form:
        assert max(map(len, lines)) == 64 and lines[-1] == b""
    if form == "sec1":
        assert label == b"-----BEGIN EC PRIVATE KEY-----"
    elif form == "pkcs8":
        assert label == b"-----BEGIN PRIVATE KEY-----"
    return raw.rjust(32, b"\0")[-32:]


# ---- reading and converting ----------------------------------------------


@pytest.mark.parametrize("source", SOURCES)
def test_address(place, source):
    path = write(place, "key", SOURCES[source]())
    word = ("--password-file", str(place / "pw")) if encrypted(source) else ()
    address = checksummed(KEY.address)
    public = "0x04" + "".join("%064x" % c for c in KEY.public)
    assert key("address", *word, path) == (
        "address     %s\npublic key  %s\n" % (address, public))
    assert key("address", "-q", *word, path) == address + "\n"
    form = source.split(" ")[0]
    assert json.loads(key("address", "-j", *word, path)) == {
        "file": path, "format": form, "address": address,
        "publicKey": public}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("source", SOURCES)
def test_every_form_to_every_other(place, source, form):
    path = write(place, "from", SOURCES[source]())
    before = os.stat(path)
    words = ["--format", form]
    if encrypted(source):
        words += ["--password-file", str(place / "pw")]
    if form == "v3":
        words += ["--light", "--new-password-file", str(place / "pw")]
    target = str(place / "to")
    out = key("convert", *words, path, target, umask=0)
    assert checksummed(KEY.address) in out
    assert is_private(target)
    assert raw_of(target, form) == RAW
    assert left(place) == ["from", "pw", "to"]
    assert os.stat(path).st_mtime_ns == before.st_mtime_ns


def test_a_standard_keystore(place):
    """go-ethereum's numbers, and one that nobody else has."""
    path = write(place, "from", KEY.pem())
    seen = set()
    for words, numbers in (((), (262144, 8, 1)),
                           (("--light",), (4096, 8, 6))):
        target = str(place / ("to%d" % len(seen)))
        key("convert", "--format", "v3", *words, "--new-password-file",
            str(place / "pw"), path, target)
        with open(target) as f:
            store = json.load(f)
        params = store["crypto"]["kdfparams"]
        assert (params["n"], params["r"], params["p"]) == numbers
        assert store["address"] == KEY.address.hex()
        assert store["id"][14] == "4" and store["id"][19] in "89ab"
        seen |= {store["id"], params["salt"],
                 store["crypto"]["cipherparams"]["iv"]}
    assert len(seen) == 6


def test_import(place):
    """In a form that signerd reads, from a file or from standard input."""
    for number, source in enumerate(("hex with 0x", "sec1-der", "v3")):
        word = ("--password-file", str(place / "pw")) if encrypted(
            source) else ()
        data = SOURCES[source]()
        path = write(place, "from%d" % number, data)
        for words, stdin in (((path,), ""), (("--stdin",), data)):
            target = str(place / "to")
            key("import", "--force", *word, *words, target, stdin=stdin)
            assert raw_of(target, "pkcs8") == RAW and is_private(target)


# ---- keys of one's own ---------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_generate(place, form):
    words = ["--format", form] if form != "pkcs8" else []
    if form == "v3":
        words += ["--light", "--password-file", str(place / "pw")]
    raws = set()
    for name in ("one", "two"):
        path = str(place / name)
        out = json.loads(key("generate", "-j", *words, path, umask=0o777))
        raw = raw_of(path, form)
        assert 0 < int.from_bytes(raw, "big") < secp256k1.N
        assert out["address"] == checksummed(secp256k1.address(
            secp256k1.public_key(int.from_bytes(raw, "big"))))
        assert out["format"] == form and is_private(path)
        raws.add(raw)
    assert len(raws) == 2
    assert left(place) == ["one", "pw", "two"]


def test_signerd_takes_it(site):
    """In the three forms that it reads, with the address that was told."""
    names, told, rules = {}, {}, []
    for form in ("hex", "sec1", "pkcs8"):
        names[form] = site.path("keys", "made-" + form)
        told[form] = key("generate", "-q", "--format", form,
                         names[form]).strip()
        rules.append('allow client "sequencer.example" key "%s" chain 10' %
                     form)
    text = site.config(rules="\n".join(rules), keys=(), extra="\n".join(
        'key "%s" file "%s"' % each for each in names.items()))
    with daemon.Signerd(site, text) as signerd:
        for form, address in told.items():
            assert signerd.logged(msg="key", key=form)[0]["address"] == \
                address.lower()
            message = eth.payload_v2(sender=address)
            result = signerd.rpc(message).result()
            assert eth.hexa(ethkey.verify(message, result)) == address.lower()


# ---- what is there already -----------------------------------------------


def test_nothing_is_overwritten(place):
    source = write(place, "from", KEY.pem())
    target = write(place, "to", "precious")
    for command in (("generate", target), ("import", source, target),
                    ("convert", "--format", "hex", source, target)):
        assert "there already" in key(*command, status=1)
        assert (place / "to").read_text() == "precious"
    assert left(place) == ["from", "pw", "to"]
    write(place, "to", "precious", 0o644)
    key("import", "--force", source, target)
    assert raw_of(target, "pkcs8") == RAW and is_private(target)
    # In the place of what it is made of, too.
    key("convert", "--force", "--format", "hex", source, source)
    assert raw_of(source, "hex") == RAW


def test_a_link_is_not_followed(place):
    write(place, "other", "precious")
    (place / "to").symlink_to("other")
    (place / "nowhere").symlink_to("missing")
    assert "there already" in key("generate", str(place / "to"), status=1)
    assert "there already" in key("generate", str(place / "nowhere"),
                                  status=1)
    key("generate", "--force", str(place / "to"))
    assert (place / "other").read_text() == "precious"
    assert not (place / "to").is_symlink() and is_private(place / "to")
    assert not (place / "missing").exists()


def test_what_cannot_be_replaced(place):
    (place / "dir").mkdir()
    os.mkfifo(place / "fifo")
    for name in ("dir", "fifo"):
        assert "can be replaced" in key(
            "generate", "--force", str(place / name), status=1)
    for name in (str(place) + "/", str(place / "x") + "/", ""):
        assert "not the name of a file" in key("generate", name, status=1)
    assert "No such file" in key("generate", str(place / "none" / "x"),
                                 status=1)
    assert left(place) == ["dir", "fifo", "pw"]


def test_nothing_is_left_of_a_failure(place):
    """Not even where it fails after the new file was made."""
    target = str(place / "to")
    bad = write(place, "bad", "ff" * 32)
    assert "order of secp256k1" in key("import", bad, target, status=1)
    store = write(place, "store", json.dumps(v3(RAW, "another")))
    assert "wrong password" in key(
        "import", "--password-file", str(place / "pw"), store, target,
        status=1)
    assert left(place) == ["bad", "pw", "store"]


# ---- what is refused ------------------------------------------------------


def bent(**changes):
    """A keystore with other members, of crypto or kdfparams too."""
    store = v3(RAW, PASSWORD)
    for name, value in changes.items():
        for part in (store, store["crypto"], store["crypto"]["kdfparams"]):
            if name in part:
                part[name] = value
                break
    return json.dumps(store)


def other_public():
    """The key beside the public key of another."""
    bent = ethkey.Key(KEY.secret)
    bent.public = ethkey.Key.derived("another").public
    return bent.pem()


def longer(der, old, new):
    """DER with a part of it replaced, and the lengths around it."""
    at, out = 0, b""
    while at < len(der):
        size, head = der[at + 1], 2
        if size & 0x80:
            head += size & 0x7f
            size = int.from_bytes(der[at + 2:at + head], "big")
        end = at + head + size
        body, whole = der[at + head:end], der[at:end]
        if whole == old:
            whole = new
        elif der[at] == 0x30:
            body = longer(body, old, new)
            size = len(body)
            whole = b"\x30" + (bytes([size]) if size < 0x80 else
                               bytes([0x81, size])) + body
        out += whole
        at = end
    return out


REFUSED = {
    "empty": ("", "the file is empty"),
    "words": ("hello\n", "no key of a form that is known"),
    "garbage": (b"\x30\x01\x02\x00", "no key of a form that is known"),
    "63 digits": (RAW.hex()[1:], "exactly 64 digits"),
    "two keys": (RAW.hex() + "\n" + RAW.hex(), "a second key"),
    "zero": ("0" * 64, "zero or not below"),
    "another curve": (lambda: openssl("genpkey", "-algorithm", "EC",
                                      "-pkeyopt", "ec_paramgen_curve:P-256"),
                      "expected secp256k1"),
    "another public key": (other_public, "does not belong"),
    "der and more": (lambda: SOURCES["sec1-der"]() + b"\0", "malformed"),
    "too long": ("#" * 8193, "at most 8192 bytes"),
    "version": (lambda: bent(version=1), "expected \"version\": 3"),
    "cipher": (lambda: bent(cipher="aes-256-gcm"), "aes-128-ctr"),
    "costly": (lambda: bent(n=2**21), "too much memory"),
    "mac": (lambda: bent(mac="00" * 32), "wrong password, or"),
    "address": (lambda: bent(address="00" * 20), "does not belong"),
    "no json": ("{", "malformed JSON"),
    "des": (lambda: openssl("pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES",
                            "-passout", "pass:" + PASSWORD,
                            data=KEY.pem().encode()), "PBES2"),
    "many rounds": (lambda: longer(openssl(
        "pkcs8", "-topk8", "-iter", "65537", "-passout", "pass:x",
        "-outform", "DER", data=KEY.pem().encode()),
        b"\x02\x03\x01\0\x01", b"\x02\x04\x01\0\0\x01"),
        "too many iterations"),
    "other password": (lambda: openssl("pkcs8", "-topk8", "-passout",
                                       "pass:another",
                                       data=KEY.pem().encode()),
                       "wrong password, or"),
    "broken base64": ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII\n"
                      "-----END ENCRYPTED PRIVATE KEY-----\n", "malformed"),
}
WITH_PASSWORD = ("version", "cipher", "costly", "mac", "address", "no json",
                 "des", "many rounds", "other password", "broken base64")


@pytest.mark.parametrize("name", REFUSED)
def test_refused(place, name):
    data, words = REFUSED[name]
    path = write(place, "key", data() if callable(data) else data)
    word = ("--password-file", str(place / "pw")) if (
        name in WITH_PASSWORD) else ()
    err = key("address", *word, path, status=1)
    assert err.startswith("signerctl: " + path) and words in err, err


def test_files_that_are_none(place):
    assert "No such file" in key("address", str(place / "x"), status=1)
    assert "Is a directory" in key("address", str(place), status=1)


def test_password_files(place):
    store = write(place, "key", SOURCES["v3"]())
    plain = write(place, "plain", KEY.pem())
    others = write(place, "others", PASSWORD + "\n", 0o640)
    assert "chmod 600" in key("address", "--password-file", others, store,
                              status=1)
    empty = write(place, "empty", "\n" + PASSWORD)
    assert "protects nothing" in key(
        "generate", "--format", "v3", "--password-file", empty,
        str(place / "to"), status=1)
    long = write(place, "long", "x" * 1025)
    assert "1024" in key("address", "--password-file", long, store, status=1)
    assert "No such file" in key("address", "--password-file",
                                 str(place / "no"), store, status=1)
    # Without an end of line, or with that of other systems.
    for end in ("", "\r\n"):
        path = write(place, "pw", PASSWORD + end)
        key("address", "--password-file", path, store)
    assert "not encrypted" in key("import", "--password-file", path, plain,
                                  str(place / "to"), status=1)
    assert "only format v3" in key(
        "convert", "--format", "hex", "--new-password-file", path, plain,
        str(place / "to"), status=2)
    assert "no terminal" in key("address", store, status=1)


def test_a_file_that_others_can_read_is_told_of(place):
    path = write(place, "key", KEY.pem(), 0o644)
    code, out, err = ctl.run("key", "address", path)
    assert code == 0 and "warning: " + path in err and "0644" in err
    os.chmod(path, 0o600)
    assert ctl.run("key", "address", path)[2] == ""


def test_a_key_is_no_word(place):
    """Who gives it as an argument is told, without it."""
    for word in (RAW.hex(), "0x" + RAW.hex(), RAW.hex().upper()):
        for words in (("address", word), ("import", word, str(place / "x")),
                      ("generate", word)):
            assert "looks like a key" in key(*words, status=1, cwd=place)
    assert left(place) == ["pw"]


@pytest.mark.parametrize("words", (
    (), ("list",), ("generate",), ("generate", "a", "b"), ("address",),
    ("convert", "a", "b"), ("convert", "--format", "pem", "a", "b"),
    ("import", "a"), ("import", "--stdin", "a", "b"),
    ("address", "--force", "a"), ("generate", "--stdin", "a"),
    ("convert", "--format", "hex", "--stdin", "b"),
    ("generate", "--light", "a"), ("address", "-x", "a")))
def test_words_that_are_wrong(place, words):
    key(*words, status=2, cwd=place)
    assert left(place) == ["pw"]
