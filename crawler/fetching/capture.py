"""The capture layer: sees every request that goes on the wire and keeps what came of it.

It stands at 950 among the downloader middlewares, below everything that follows redirects,
retries or undoes codings (600 and less), because only there each hop, each retry, robots.txt and
each failure passes, with the body as it was received.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Self

from scrapy import Request, signals
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import StopDownload
from scrapy.http import Response

from crawler.dates import format_instant
from crawler.digests import digest_of, new_uid, sha1_of
from crawler.errors import UrlError
from crawler.fetching.contents import Content, content_again, read_content, text_of
from crawler.fetching.failures import BadTarget, failure_code, failure_text
from crawler.fetching.run.visits import Visit
from crawler.fetching.wire import tls
from crawler.fetching.wire.egress import AddressRefused, EgressPolicy, peer_refusal
from crawler.fetching.wire.handler import EXCESS, TIMED_OUT, TOO_SLOW, PutOff
from crawler.items import Header, Hop
from crawler.urls import host_key, redact_header
from crawler.verdicts import outcome_of_failure, outcome_of_response

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http.headers import Headers

    from crawler.fetching.run.session import Session

logger = logging.getLogger(__name__)

# The visits whose hosts may ask for rest: an archived 503 is a memento, and who asks web archives
# keeps their pace (crawler/rescue/asking.py).
_HEARD = frozenset({"source", "entry", "control"})
_CONDITIONS = (b"If-None-Match", b"If-Modified-Since")
# What the flags of Scrapy and of our handler say of completeness, as WARC-Truncated tokens; and
# what else they and the verification of the certificate say, as flags of ours.
_TRUNCATED = {
    "dataloss": "disconnect",
    "download_stopped": "length",
    TIMED_OUT: "time",
    EXCESS: "unspecified",  # the length that was told is wrong: nobody knows what is missing
}
_FLAGS = {
    "partial": "length-unverified",
    EXCESS: "excess-bytes",
    TOO_SLOW: "too-slow",
    **{fault: fault for fault in (tls.EXPIRED, tls.NAME, tls.UNTRUSTED)},
}


class CaptureMiddleware:
    """Turns what passes into hops, and hands decoded bodies upward."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        policy = EgressPolicy.from_settings(crawler.settings)
        self._peer_refusal = lru_cache(maxsize=1024)(partial(peer_refusal, policy=policy))
        self._cap = crawler.settings.getint("SOURCEKEEP_BODY_CAP_BYTES")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build it for a crawler, as Scrapy asks."""
        middleware = cls(crawler)
        crawler.signals.connect(middleware.bytes_received, signals.bytes_received)
        return middleware

    def bytes_received(self, data: bytes, request: Request) -> None:
        """Stop a body at the cap and keep what came: Scrapy's own limit throws it away."""
        received = request.meta["received"] = request.meta.get("received", 0) + len(data)
        if received > self._cap:
            raise StopDownload(fail=False)

    @property
    def _session(self) -> Session:
        session: Session = self._crawler.spider.session  # type: ignore[union-attr]
        return session

    def process_request(self, request: Request) -> None:
        """Put the request into the slot of its own host: a redirect inherits the first host's.

        Raises BadTarget for a URL that is not requested: only a redirect of robots.txt gets here.
        """
        try:
            request.meta["download_slot"] = host_key(request.url)
        except UrlError as exc:
            raise BadTarget(exc.reason) from exc
        for inherited in ("received", "dialled", "tls"):  # a retry or redirect takes the meta along
            request.meta.pop(inherited, None)

    def process_response(self, request: Request, response: Response) -> Response | Request:
        """Keep an answer; what goes on upward has its content codings undone.

        Returns a request in place of an answer that broke off, as long as it may be retried: for
        Scrapy's retries that is an answer like others. Raises AddressRefused for a peer that the
        guard should not have let us reach.
        """
        refused = self._peer_refusal(response.ip_address)
        if refused is not None:
            refusal = AddressRefused(str(response.ip_address), refused)
            logger.critical("discarded an answer of %s: %s", request.url, refusal)
            self.process_exception(request, refusal)
            raise refusal
        visit: Visit | None = request.meta.get("visit")
        declared = _text(response.headers.get(b"Content-Type"))
        content = self._again(visit, response, declared) or read_content(
            response, declared, self._cap
        )
        hop = self._answered(request, response, declared, content)
        self._keep(request, hop)
        if visit is not None and visit.purpose in _HEARD and self._session.hosts.hear(hop):
            request.meta["dont_retry"] = True
        if visit is not None and visit.purpose == "rescue":
            visit.sha1 = frozenset({sha1_of(response.body), sha1_of(content.body or b"")})
        again = self._asked_again(request, hop)
        if again is not None:
            return again
        if content.body is None or b"Content-Encoding" not in response.headers:
            return response
        # In place: nobody else has seen it yet, and a copy of it and its headers is 3 % of a fetch.
        del response.headers["Content-Encoding"]
        response._set_body(content.body)
        return response

    def _again(
        self, visit: Visit | None, response: Response, declared: str | None
    ) -> Content | None:
        """What a body is that brings the good copy once more, as it came before; else None."""
        if visit is None or visit.purpose != "source" or response.status != 200:
            return None
        if visit.source is None or visit.source.first_captured_at is None:
            return None
        held = self._session.archive.evidence.held_answer(visit.source.id)
        return content_again(response, declared, self._cap, held) if held else None

    def _asked_again(self, request: Request, hop: Hop) -> Request | None:
        if hop.reason != "truncated" or hop.truncated != "disconnect":
            return None
        if request.meta.get("dont_retry"):
            return None
        spider = self._crawler.spider
        assert spider is not None
        return get_retry_request(request, spider=spider, reason=hop.reason)

    def process_exception(self, request: Request, exception: Exception) -> None:
        """Keep a failure, robots.txt's refusal included. What was put off was not asked."""
        if isinstance(exception, PutOff):
            return
        code = failure_code(exception)
        self._keep(
            request,
            Hop(
                outcome=outcome_of_failure(code),
                reason=code,
                error=failure_text(exception),
                **self._common(request),
            ),
        )

    def _keep(self, request: Request, hop: Hop) -> None:
        visit: Visit | None = request.meta.get("visit")
        if visit is not None:
            visit.hops.append(hop)
            visit.crawl_delay_s = request.meta.get("crawl_delay")
        else:
            self._session.keep_alone(hop)

    def _common(self, request: Request) -> dict[str, Any]:
        """The facts of a hop that are known whatever came back."""
        dialled = request.meta.get("dialled")  # absent when the request got no farther than robots
        elapsed = time.monotonic() - dialled if dialled is not None else 0.0
        began = self._session.clock.now() - timedelta(seconds=elapsed)
        return {
            "uid": new_uid(),
            "url": request.url,
            "purpose": request.meta.get("purpose", "robots"),
            "hop": request.meta.get("redirect_times", 0),
            "fetched_at": format_instant(began),
            "elapsed_ms": round(elapsed * 1000),
            "request_headers": header_pairs(request.headers),
            "robots": request.meta.get("robots"),
        }

    def _answered(
        self, request: Request, response: Response, declared: str | None, content: Content
    ) -> Hop:
        truncated = next((_TRUNCATED[f] for f in response.flags if f in _TRUNCATED), None)
        verification: tls.Verification | None = request.meta.get("tls")
        seen = (*response.flags, *sorted(verification.faults if verification else ()))
        outcome, reason = outcome_of_response(
            response.status,
            size_bytes=content.size_bytes,
            truncated=truncated is not None or content.is_undecoded,
            has_location=b"Location" in response.headers,
            conditional=any(name in request.headers for name in _CONDITIONS),
        )
        common = self._common(request)
        if common["purpose"] == "robots":
            outcome = "robots" if outcome == "live-unverified" else outcome
        return Hop(
            outcome=outcome,
            reason=reason,
            status=response.status,
            response_headers=header_pairs(response.headers),
            protocol=response.protocol,
            ip_address=str(response.ip_address) if response.ip_address else None,
            tls_verified=_verified(request, verification),
            certificate_digest=_certificate_digest(response),
            wire_digest=content.wire_digest,
            wire_size_bytes=len(response.body),
            body=None if response.status == 304 else content.body,
            held=content.held,
            mime_declared=declared,
            mime_sniffed=content.mime,
            flags=(*content.flags, *(_FLAGS[f] for f in seen if f in _FLAGS)),
            truncated=truncated,
            **common,
        )


def header_pairs(headers: Headers) -> tuple[Header, ...]:
    """Return headers as pairs of text, credentials redacted. Bytes beyond UTF-8 read as Latin-1."""
    # As they lie there: Scrapy's items() asks for each name again, and spells it anew each time.
    return tuple(
        (name, redact_header(name, text_of(value)))
        for name, values in ((text_of(n), v) for n, v in dict.items(headers))
        for value in values
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else text_of(value)


def _verified(request: Request, verification: tls.Verification | None) -> bool | None:
    """Tell whether the host's certificate is right; None: no TLS. Not known counts as not."""
    if not request.url.startswith("https:"):
        return None
    return verification is not None and verification.passed


def _certificate_digest(response: Response) -> str | None:
    certificate = response.certificate
    return digest_of(certificate.dump()) if certificate is not None else None
