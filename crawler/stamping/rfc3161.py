"""Requests and answers of RFC 3161. The only module that knows rfc3161-client.

A time stamp says that an authority has seen a digest at a time, so that the bytes with that digest
existed then. It says nothing of where they came from, or of what they say.
"""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.errors import StampRefused, UsageError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

REQUEST_TYPE = "application/timestamp-query"  # RFC 3161 §3.4
RESPONSE_TYPE = "application/timestamp-reply"
SHA256_OID = "2.16.840.1.101.3.4.2.1"
_SERIAL = "Parsed a serial number which wasn't positive"
INSTALL = "needs an extra: pip install 'sourcekeep[stamp]'"


@dataclass(frozen=True, slots=True)
class Imprint:
    """What a time stamp is over, and when it was made, by the word of its authority."""

    digest: bytes  # SHA-256
    stamped_at: datetime  # UTC


def is_installed() -> bool:
    """Tell whether the extra is there."""
    try:
        import rfc3161_client  # noqa: F401
    except ImportError:
        return False
    return True


def request_for(message: bytes) -> bytes:
    """Return a request to stamp a message: its SHA-256, a nonce, and the wish for certificates.

    Raises UsageError when the extra is not installed.
    """
    try:
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
    except ImportError as exc:
        raise UsageError(f"a time stamp {INSTALL}") from exc
    builder = TimestampRequestBuilder(data=message, hash_algorithm=HashAlgorithm.SHA256)
    made: bytes = builder.build().as_bytes()
    return made


def check_response(
    response: bytes, request: bytes, message: bytes, roots: list[Certificate]
) -> datetime:
    """Return when a message was stamped, after checking all of the answer.

    Granted, over this message, to this request (by its nonce), and signed under one of the roots.
    Raises StampRefused otherwise.
    """
    from rfc3161_client import VerificationError, VerifierBuilder
    from rfc3161_client._rust import parse_timestamp_request

    answer = _parsed(response)
    asked = parse_timestamp_request(request)
    builder = VerifierBuilder(nonce=asked.nonce)
    for root in roots:
        builder = builder.add_root_certificate(root)
    try:
        builder.build().verify_message(answer, message)
    except (VerificationError, ValueError) as exc:
        raise StampRefused(f"the time stamp does not hold: {exc}") from exc
    return _instant(answer)


def imprint_of(response: bytes) -> Imprint:
    """Return what an answer is over, by its own word. Raises StampRefused when it is none."""
    answer = _parsed(response)
    imprint = answer.tst_info.message_imprint
    if imprint.hash_algorithm.dotted_string != SHA256_OID:
        raise StampRefused(f"the stamp is over another digest: {imprint.hash_algorithm}")
    return Imprint(bytes(imprint.message), _instant(answer))


def read_roots(path: Path | None) -> list[Certificate]:
    """Return the certificates of a PEM file; without one those that the system trusts.

    Raises UsageError when there is none in it.
    """
    from cryptography.utils import CryptographyDeprecationWarning
    from cryptography.x509 import load_pem_x509_certificates

    known = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
    place = path or Path(known)
    try:
        with warnings.catch_warnings():
            # Some roots that systems trust have the serial number 0, against RFC 5280 §4.1.2.2.
            # cryptography warns of each; they are trusted all the same, and not ours to mend.
            warnings.filterwarnings("ignore", _SERIAL, CryptographyDeprecationWarning)
            return load_pem_x509_certificates(place.read_bytes())
    except (OSError, ValueError) as exc:
        raise UsageError(f"{place}: no certificates can be read there: {exc}") from exc


def _parsed(response: bytes) -> TimeStampResponse:
    from rfc3161_client import decode_timestamp_response

    try:
        answer = decode_timestamp_response(response)
        if answer.status not in (0, 1):  # granted, granted with changes (RFC 3161 §2.4.2)
            told = "; ".join(answer.status_string or [])
            raise StampRefused(f"the authority refused (status {answer.status}) {told}".strip())
        answer.tst_info  # noqa: B018  raises where there is no stamp in it
    except ValueError as exc:
        raise StampRefused(f"the answer is no time stamp: {exc}") from exc
    return answer


def _instant(answer: TimeStampResponse) -> datetime:
    made: datetime = answer.tst_info.gen_time
    return made.astimezone(UTC) if made.tzinfo else made.replace(tzinfo=UTC)
