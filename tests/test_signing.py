"""A signed WACZ: others accept it, a changed one is noticed, and an import says who signed."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_private_key

from crawler.dates import format_instant
from crawler.exports.signing import MAKE_KEY, check_signature, read_signer
from tests.archive_kit import NOW, fill, new_archive
from tests.crawling import Outcome, rows, sourcekeep, value
from tests.oracles import program

OPENSSL = shutil.which("openssl") or ""
pytestmark = pytest.mark.skipif(not OPENSSL, reason="openssl, which makes the keys, is missing")
SIGNED, PACKAGE = "datapackage-digest.json", "datapackage.json"

Contents = dict[str, bytes]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive, a key made as the manual says, and a signed export."""
    made = tmp_path_factory.mktemp("signed")
    with new_archive(made) as archive:
        fill(archive)
    subprocess.run(MAKE_KEY.split(), cwd=made, check=True, capture_output=True)
    outcome = export(made, "whole.wacz", "--sign", made / "key.pem", "--json")
    assert outcome.code == 0, outcome.err
    (made / "told.json").write_text(outcome.out)
    return made


def export(place: Path, name: str, *words: object) -> Outcome:
    return sourcekeep(
        "export", "wacz", place / name, "--archive", place / "archive.db",
        "--now", format_instant(NOW), *words,
    )  # fmt: skip


def contents(file: Path) -> Contents:
    with zipfile.ZipFile(file) as package:
        return {name: package.read(name) for name in package.namelist()}


def packed(files: Contents) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, data in files.items():
            package.writestr(name, data)
    return out.getvalue()


def signed_data(place: Path) -> dict[str, str]:
    told = json.loads(contents(place / "whole.wacz")[SIGNED])["signedData"]
    assert isinstance(told, dict)
    return told


def test_plain_cryptography_verifies_it(place: Path) -> None:
    """By the specification and the Web Cryptography API alone, without a line of ours."""
    files = contents(place / "whole.wacz")
    told = json.loads(files[SIGNED])
    assert told["hash"] == f"sha256:{sha256(files[PACKAGE]).hexdigest()}"
    signed = told["signedData"]
    assert set(signed) == {"hash", "created", "software", "version", "signature", "publicKey"}
    assert signed["hash"] == told["hash"]
    assert signed["created"] == json.loads(files[PACKAGE])["created"]  # py-wacz compares them
    key = load_der_public_key(b64decode(signed["publicKey"]))
    assert isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp384r1"
    raw = b64decode(signed["signature"])
    assert len(raw) == 96
    der = utils.encode_dss_signature(
        int.from_bytes(raw[:48], "big"), int.from_bytes(raw[48:], "big")
    )
    key.verify(der, signed["hash"].encode(), ec.ECDSA(SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(der, signed["hash"].encode() + b" ", ec.ECDSA(SHA256()))


def test_the_fingerprint_is_that_of_openssl(place: Path) -> None:
    public = subprocess.run(
        [OPENSSL, "pkey", "-in", place / "key.pem", "-pubout", "-outform", "DER"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    fingerprint = f"sha256:{sha256(public).hexdigest()}"
    assert json.loads((place / "told.json").read_text())["signed_by"] == fingerprint
    outcome = export(place, "again.wacz", "--sign", place / "key.pem")
    assert f"signed with the key {fingerprint}" in outcome.out


def test_the_web_cryptography_api_verifies_it(place: Path) -> None:
    """The calls are those that ReplayWeb.page 2.4 makes; node has the API that browsers have."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = """
      const {webcrypto: {subtle}} = require("crypto");
      const {hash, signature, publicKey} = JSON.parse(process.argv[1]);
      const bytes = (text) => Buffer.from(text, "base64");
      const of = {name: "ECDSA", namedCurve: "P-384"};
      subtle.importKey("spki", bytes(publicKey), of, true, ["verify"])
        .then((key) => subtle.verify({name: "ECDSA", hash: "SHA-256"}, key, bytes(signature),
                                     new TextEncoder().encode(hash)))
        .then(console.log);
    """
    done = subprocess.run(
        [node, "-e", script, json.dumps(signed_data(place))], capture_output=True, text=True
    )
    assert done.stdout == "true\n", done.stderr


def test_wacz_validate_accepts_it(place: Path) -> None:
    """It looks at the digest and at the date of the signature; the signature itself it leaves to
    a server."""
    wacz = program("wacz", "wacz")
    files = contents(place / "whole.wacz")
    other = json.loads(files[SIGNED])
    other["signedData"]["created"] = "2020-01-01T00:00:00Z"
    (place / "other.wacz").write_bytes(packed(files | {SIGNED: json.dumps(other).encode()}))
    told = [
        subprocess.run([wacz, "validate", "-f", place / name], capture_output=True, text=True)
        for name in ("whole.wacz", "other.wacz")
    ]
    assert told[0].returncode == 0 and "Has signature" in told[0].stdout, told[0]
    assert told[1].returncode == 1 and "signed timestamp != created" in told[1].stdout


# ------------------------------------------------------------------ keys


def test_a_key_that_will_not_do_is_refused_before_anything_is_written(
    place: Path, tmp_path: Path
) -> None:
    key = load_pem_private_key((place / "key.pem").read_bytes(), None)
    other = trustme.CA().private_key_pem.bytes()
    (tmp_path / "other.pem").write_bytes(other)
    locked = subprocess.run(
        [OPENSSL, "pkey", "-in", place / "key.pem", "-aes256", "-passout", "pass:x"],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    (tmp_path / "locked.pem").write_bytes(locked)
    (tmp_path / "text.pem").write_text("no key")
    assert read_signer(place / "key.pem").key.private_numbers() == key.private_numbers()  # type: ignore[union-attr]
    for name, why in (
        ("absent.pem", "the key cannot be read: No such file"),
        ("text.pem", "is no private key in PEM; make one: openssl"),
        ("other.pem", "is no key of ECDSA with the curve P-384"),
        ("locked.pem", "the key has a password"),
    ):
        outcome = export(tmp_path, "new.wacz", "--sign", tmp_path / name)
        assert outcome.code == 2 and why in outcome.err, outcome
    assert not (tmp_path / "new.wacz").exists()


def test_only_a_wacz_is_signed(place: Path) -> None:
    outcome = sourcekeep(
        "export", "jsonl", "-", "--archive", place / "archive.db", "--sign", place / "key.pem"
    )
    assert outcome.code == 2 and "--sign is an option of wacz" in outcome.err


# ------------------------------------------------------------------ import


def test_an_import_notes_the_key_and_keeps_it_with_the_run(place: Path, tmp_path: Path) -> None:
    archive = tmp_path / "archive.db"
    outcome = sourcekeep(
        "import", place / "whole.wacz", "--add-sources", "--archive", archive, "--strict"
    )
    assert outcome.code == 0, outcome.out + outcome.err
    line = f"whole.wacz: signed with the key {read_signer(place / 'key.pem').fingerprint}"
    assert f"{line}, made on {format_instant(NOW)} by its own word" in outcome.out
    counts = json.loads(value(archive, "SELECT counts FROM runs WHERE command = 'import'"))
    assert counts["signatures"][0].startswith(line) and counts["signatures_wrong"] == []


def test_an_import_warns_of_a_signature_that_does_not_hold(place: Path, tmp_path: Path) -> None:
    files = contents(place / "whole.wacz")
    package = json.loads(files[PACKAGE]) | {"title": "Another"}
    changed = json.dumps(package).encode()
    # whoever changes a package adapts the digest, and cannot adapt the signature
    adapted = json.loads(files[SIGNED])
    adapted["hash"] = adapted["signedData"]["hash"] = f"sha256:{sha256(changed).hexdigest()}"
    forged = tmp_path / "forged.wacz"
    forged.write_bytes(packed(files | {PACKAGE: changed, SIGNED: json.dumps(adapted).encode()}))
    archive = tmp_path / "archive.db"
    outcome = sourcekeep("import", forged, "--add-sources", "--archive", archive, "--strict")
    warning = "forged.wacz: its signature does not hold: it was not made with this key"
    assert outcome.code == 3 and f"warning: {warning}" in outcome.out, outcome
    counts = json.loads(value(archive, "SELECT counts FROM runs WHERE command = 'import'"))
    assert counts["signatures_wrong"] == [warning] and counts["signatures"] == []
    assert rows(archive, "SELECT * FROM captures")  # what it holds is judged by itself
    quiet = sourcekeep("import", forged, "--archive", archive, "--quiet")
    assert quiet.code == 0 and warning in quiet.out

    stale = tmp_path / "stale.wacz"
    stale.write_bytes(packed(files | {PACKAGE: changed}))
    outcome = sourcekeep("import", stale, "--archive", archive, "--json")
    assert any("it is over another datapackage.json" in line for line in outcome.json["unread"])


def told(place: Path, change: Callable[[dict[str, Any]], object]) -> str:
    files = contents(place / "whole.wacz")
    digest = json.loads(files[SIGNED])
    change(digest["signedData"])
    return str(check_signature(json.dumps(digest).encode(), files[PACKAGE]))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"hash": "sha256:" + "0" * 64}, "it is over another datapackage.json"),
        ({"signature": b64encode(bytes(96)).decode()}, "it was not made with this key"),
        ({"signature": b64encode(b"x" * 96).decode()}, "it was not made with this key"),
        ({"signature": b64encode(b"short").decode()}, "it was not made with this key"),
        ({"signature": "no base64!"}, "it cannot be read"),
        ({"signature": None}, "it cannot be read"),
        ({"signature": 7}, "it cannot be read"),
        ({"publicKey": "AAAA"}, "it cannot be read"),
        ({"publicKey": ["AAAA"]}, "it cannot be read"),
        ({"publicKey": "", "domain": "a.example"}, "it cannot be read"),
        ({"publicKey": "", "domain": "a.example", "domainCert": "PEM"}, "it cannot be read"),
    ],
)
def test_a_broken_signature_costs_one_sentence(
    place: Path, change: dict[str, Any], why: str
) -> None:
    said = told(place, lambda signed: signed.update(change))
    assert said.startswith(f"its signature does not hold: {why}")


@pytest.mark.parametrize("digest_file", [b"", b"[]", b"{}", b"7", b"[" * 100_000, b'{"hash": 1}'])
def test_a_digest_file_that_is_none_is_refused(digest_file: bytes) -> None:
    with pytest.raises(ValueError, match=r"cannot be read|is over another"):
        check_signature(digest_file, b"{}")


@pytest.mark.parametrize("signed", ["text", ["list"], 7])
def test_what_is_no_signature_does_not_hold(signed: object) -> None:
    digest = json.dumps({"hash": f"sha256:{sha256(b'').hexdigest()}", "signedData": signed})
    assert "does not hold" in str(check_signature(digest.encode(), b""))


@pytest.mark.parametrize("kind", list(trustme.KeyType))
def test_a_signature_by_the_key_of_a_domain_is_checked_by_its_certificate(
    kind: trustme.KeyType,
) -> None:
    """The other kind of the specification. Its certificates and time stamps are not checked."""
    certificate = trustme.CA().issue_cert("archive.example", key_type=kind)
    key = load_pem_private_key(certificate.private_key_pem.bytes(), None)
    hashed = f"sha256:{sha256(b'package').hexdigest()}"
    if isinstance(key, ec.EllipticCurvePrivateKey):
        signature = key.sign(hashed.encode(), ec.ECDSA(SHA256()))
    else:
        assert isinstance(key, rsa.RSAPrivateKey)
        signature = key.sign(hashed.encode(), padding.PKCS1v15(), SHA256())
    signed = {
        "hash": hashed, "created": "2026-03-01T12:00:00Z", "domain": "archive.example",
        "domainCert": "".join(blob.bytes().decode() for blob in certificate.cert_chain_pems),
        "signature": b64encode(signature).decode(),
    }  # fmt: skip
    digest = json.dumps({"hash": hashed, "signedData": signed}).encode()
    said = str(check_signature(digest, b"package"))
    assert said.startswith("signed with the key sha256:")
    assert "says to be that of archive.example" in said
    other = digest.replace(b"signedData", b"unsignedData")
    assert check_signature(other, b"package") is None
