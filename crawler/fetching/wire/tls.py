"""TLS: every certificate is verified, and what is wrong with one is noted, not held against a page.

An expired certificate shall not cost a source, and a verified answer is better evidence than one
that is not. So each handshake verifies chain, dates and name as any client does; where that fails
it goes on, and the connection remembers why. One handshake tells both: a second, unverifying one
would show the same page to the same onlookers, and a pool of its own would be needed for it. Here
each connection in the pool knows what was found when it was made, so none can be taken for another.

``DOWNLOAD_VERIFY_CERTIFICATES`` makes a failed verification fatal, as in any Scrapy project.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakKeyDictionary

from OpenSSL import SSL
from scrapy.core.downloader.contextfactory import (
    _ScrapyCertificateOptions,
    _ScrapyClientContextFactory,
)
from service_identity import VerificationError
from service_identity.exceptions import CertificateError
from service_identity.hazmat import DNS_ID, IPAddress_ID, verify_service_identity
from service_identity.pyopenssl import extract_patterns
from twisted.internet._sslverify import ClientTLSOptions, IOpenSSLTrustRoot
from twisted.internet.ssl import platformTrust
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer  # type: ignore[import-untyped]

from crawler.errors import UsageError

if TYPE_CHECKING:
    from OpenSSL.crypto import X509
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings
    from twisted.protocols.tls import TLSMemoryBIOProtocol

# Why a certificate is not verified, as flags of a capture.
EXPIRED, NAME, UNTRUSTED = "tls-expired", "tls-name", "tls-untrusted"
_NOT_YET_VALID, _HAS_EXPIRED = 9, 10  # X509_V_ERR_* of openssl's x509_vfy.h


@dataclass(slots=True, eq=False)
class Verification:
    """What the verification of one connection's certificate found."""

    seen: bool = False  # the certificate of the host itself was looked at
    faults: set[str] = field(default_factory=set)

    @property
    def passed(self) -> bool:
        """Whether chain, dates and name are all right."""
        return self.seen and not self.faults


_verifications: WeakKeyDictionary[SSL.Connection, Verification] = WeakKeyDictionary()


def verification_of(transport: object) -> Verification | None:
    """Return what was found when a transport's connection was made; None without TLS."""
    with suppress(AttributeError, TypeError):  # a plain socket has another kind of handle
        return _verifications.get(transport.getHandle())  # type: ignore[attr-defined]
    return None


@implementer(IOpenSSLTrustRoot)
class _TrustFile:
    """Trusts the certificates of one PEM file, in place of the system's."""

    def __init__(self, path: str) -> None:
        self._path = path

    def _addCACertsToContext(self, context: SSL.Context) -> None:
        context.load_verify_locations(self._path)


def check_trust(settings: BaseSettings) -> None:
    """Refuse a SOURCEKEEP_CA_FILE that cannot be read. Raises UsageError."""
    path = settings.get("SOURCEKEEP_CA_FILE")
    if not path:
        return
    try:
        Path(path).read_bytes()
        SSL.Context(SSL.TLS_METHOD).load_verify_locations(str(path))
    except (OSError, SSL.Error) as exc:
        raise UsageError(f"SOURCEKEEP_CA_FILE={path}: no PEM file of certificates") from exc


@implementer(IPolicyForHTTPS)
class NotingPolicy(_ScrapyClientContextFactory):
    """Scrapy's TLS settings with verification, whose failure is noted."""

    ca_file: str | None = None

    @classmethod
    def for_crawler(cls, crawler: Crawler) -> Self:
        """Build it from the settings of a crawler."""
        policy: Self = cls.from_crawler(crawler)
        policy.ca_file = crawler.settings.get("SOURCEKEEP_CA_FILE") or None
        return policy

    @cached_property
    def _options(self) -> _ScrapyCertificateOptions:
        """The options of all connections; the trusted certificates are read once, which is slow."""
        trust: Any = (
            _TrustFile(self.ca_file) if self.ca_file else platformTrust()  # type: ignore[no-untyped-call]
        )
        return _ScrapyCertificateOptions(trustRoot=trust, **self._get_cert_options_kwargs())

    def creatorForNetloc(self, hostname: bytes, port: int) -> ClientTLSOptions:  # type: ignore[override]
        """Return what makes the connections to a host, as Twisted asks for it."""
        # No dot at its end, neither in what is sent (RFC 6066 §3) nor in what is compared.
        name = hostname.decode("ascii").removesuffix(".")
        creator = _NotingOptions(self._options._makeTLSConnection, name)
        creator.fatal = self._verify_certificates
        return creator


class _NotingOptions(ClientTLSOptions):
    """Makes connections that note the faults of the host's certificate."""

    fatal = False

    def clientConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """Return a connection; what its handshake finds is told by ``verification_of``."""
        connection = super().clientConnectionForTLS(tlsProtocol)
        found = _verifications[connection] = Verification()
        name = self._hostnameASCII
        wanted = DNS_ID(name) if self._hostnameIsDnsName else IPAddress_ID(name)
        fatal = self.fatal

        def note(conn: SSL.Connection, cert: X509, error: int, depth: int, ok: int) -> bool:
            """OpenSSL calls this for each certificate, and again for each fault of one."""
            if not ok:
                dates = error in (_NOT_YET_VALID, _HAS_EXPIRED)
                found.faults.add(EXPIRED if dates else UNTRUSTED)
            if depth == 0 and not found.seen:
                found.seen = True
                if not _names(cert, wanted):
                    found.faults.add(NAME)
            return not (fatal and found.faults)

        connection.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, note)
        return connection


def _names(certificate: X509, wanted: DNS_ID | IPAddress_ID) -> bool:
    """Tell whether a certificate is made out to a host, by its subjectAltName (RFC 9525)."""
    try:
        verify_service_identity(extract_patterns(certificate), [wanted], [])
    except (CertificateError, VerificationError, ValueError):  # no name, another, a broken one
        return False
    return True
