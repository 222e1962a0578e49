"""Signatures of WACZ files: WACZ Signing and Verification 0.1.0, the anonymous kind.

What is signed is the text of ``hash`` in ``datapackage-digest.json``, ``sha256:`` and 64 hex
digits, and through it every file in the package. The specification leaves curve and encoding open;
these are what ReplayWeb.page 2.4 checks by the Web Cryptography API: ECDSA with P-384 and SHA-256,
the key as SubjectPublicKeyInfo, the signature as r and s of 48 bytes each.

A signature says that whoever has the key made this file, and not who that is, or when.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP384R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)
from cryptography.x509 import load_pem_x509_certificates

from crawler import __version__
from crawler.digests import digest_of
from crawler.errors import UsageError

PublicKey = EllipticCurvePublicKey | RSAPublicKey
VERSION = "0.1.0"  # of the specification
MAKE_KEY = "openssl ecparam -name secp384r1 -genkey -noout -out key.pem"


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key that signs exports."""

    key: EllipticCurvePrivateKey

    @property
    def fingerprint(self) -> str:
        """The digest of the public key, by which others know it."""
        return fingerprint_of(self.key.public_key())

    def sign(self, package: str, created: str) -> dict[str, str]:
        """Return ``signedData`` for the digest of a datapackage.json, made at an instant.

        The instant must be that of the package itself: py-wacz compares the two.
        """
        return {
            "hash": package,
            "created": created,
            "software": f"sourcekeep {__version__}",
            "version": VERSION,
            "signature": b64encode(_raw(self.key.sign(package.encode(), ECDSA(SHA256())))).decode(),
            "publicKey": b64encode(_spki(self.key.public_key())).decode(),
        }


@dataclass(frozen=True, slots=True)
class Signature:
    """What the signature of a WACZ came to."""

    problem: str | None  # why it does not hold; None: it does
    fingerprint: str | None = None  # of the key that made it; None: the key cannot be read
    domain: str | None = None  # that the signer says to have; its certificate is not checked
    created: str | None = None  # by the signer's word

    def __str__(self) -> str:
        if self.problem is not None:
            return f"its signature does not hold: {self.problem}"
        domain = f", which says to be that of {self.domain}" if self.domain else ""
        when = f", made on {self.created} by its own word" if self.created else ""
        return f"signed with the key {self.fingerprint}{domain}{when}"


def read_signer(path: Path) -> Signer:
    """Return the signer of a PEM file. Raises UsageError with a sentence when it will not do."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as exc:
        raise UsageError(f"{path}: the key cannot be read: {exc.strerror or exc}") from exc
    except TypeError as exc:  # so the library says that there is a password on it
        raise UsageError(f"{path}: the key has a password; sign with one that has none") from exc
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise UsageError(f"{path}: is no private key in PEM; make one: {MAKE_KEY}") from exc
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP384R1):
        raise UsageError(f"{path}: is no key of ECDSA with the curve P-384; make one: {MAKE_KEY}")
    return Signer(key)


def fingerprint_of(key: PublicKey) -> str:
    """Return the digest of a public key as SubjectPublicKeyInfo."""
    return digest_of(_spki(key))


def check_signature(digest_file: bytes, package: bytes) -> Signature | None:
    """Check the signature in a ``datapackage-digest.json``; None: it is not signed.

    ``package`` is the content of datapackage.json. Raises ValueError when the file is not what it
    should be, or is over another package.
    """
    try:
        told = json.loads(digest_file)
        hashed, signed = told["hash"], told.get("signedData")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise ValueError(f"it cannot be read ({type(exc).__name__})") from exc
    if hashed != digest_of(package):
        raise ValueError("it is over another datapackage.json")
    if not signed:
        return None
    return _checked(signed, hashed)


def _checked(signed: dict[str, Any], hashed: str) -> Signature:
    try:
        if signed["hash"] != hashed:
            return Signature("it is over another datapackage.json")
        key, domain = _key_of(signed)
        fingerprint, created = fingerprint_of(key), str(signed.get("created") or "")[:100]
        _verify(key, _bytes(signed["signature"]), hashed.encode())
    except InvalidSignature:
        return Signature("it was not made with this key", fingerprint, domain, created)
    except (KeyError, ValueError, TypeError, AttributeError, UnsupportedAlgorithm) as exc:
        return Signature(f"it cannot be read ({str(exc)[:200] or type(exc).__name__})")
    return Signature(None, fingerprint, domain, created or None)


def _verify(key: PublicKey, signature: bytes, message: bytes) -> None:
    """Raise InvalidSignature when a signature is not of this key. Domains have keys of RSA, too."""
    if isinstance(key, RSAPublicKey):
        key.verify(signature, message, PKCS1v15(), SHA256())
    else:
        key.verify(_der(signature, key), message, ECDSA(SHA256()))


def _key_of(signed: dict[str, Any]) -> tuple[PublicKey, str | None]:
    """Return the key that a signature was made with, and the domain that it is said to be of."""
    domain = None
    if signed.get("publicKey"):
        key = load_der_public_key(_bytes(signed["publicKey"]))
    else:
        domain = str(signed["domain"])[:253]
        key = load_pem_x509_certificates(signed["domainCert"].encode())[0].public_key()
    if not isinstance(key, EllipticCurvePublicKey | RSAPublicKey):
        raise ValueError("its key is neither of ECDSA nor of RSA")
    return key, domain


def _bytes(text: str) -> bytes:
    return b64decode(text, validate=True)


def _spki(key: PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _raw(signature: bytes) -> bytes:
    """Return a signature as the Web Cryptography API has it: r and s, each as wide as the curve."""
    r, s = decode_dss_signature(signature)
    width = (SECP384R1.key_size + 7) // 8
    return r.to_bytes(width, "big") + s.to_bytes(width, "big")


def _der(signature: bytes, key: EllipticCurvePublicKey) -> bytes:
    """Return a signature as ASN.1; the signing servers of others write it so already."""
    width = (key.curve.key_size + 7) // 8
    if len(signature) != 2 * width:
        return signature
    r, s = signature[:width], signature[width:]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
