"""Which URL is fetched, and which URLs name the same source."""

from __future__ import annotations

import re
from functools import lru_cache

import ada_url

from crawler.errors import UrlError

# What Scrapy and most servers stop at; beyond it a request fails in ways that prove nothing.
MAX_URL_BYTES = 8_192

# Blanks, and the invisible marks that office software and chats leave at the ends of a copied URL
# (zero-width space, direction marks, byte order mark). Zero-width (non-)joiners are not among
# them: in Persian and Hindi they belong to the letter beside them.
_EDGES = (
    " \t\n\r\f\v\x85\xa0\u1680\u3000\u2060\ufeff\u200e\u200f"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b"
    "\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u202f\u2066\u2067\u2068\u2069"
)

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SLASHES_THEN_AUTHORITY = re.compile(r"[^/\\?]*[/\\]+([^/?]*)")
_HOST_AND_PORT = re.compile(r"[A-Za-z]+:[/\\]*(?:[^/\\?]*@)?(\[[^\]]*\]|[^:/\\?]*)(?::([^/\\?]*))?")

# Names that tell how a reader came, never what is shown, by the software that sets them. Ambiguous
# ones (ref, source, spm, cmpid, sid) stay out: a wrong merge loses a source, a missed one costs a
# fetch. As of 2026-03-01; whoever changes this list changes urlkeys, and must migrate the archives
# that hold them.
_TRACKING = {
    "Google": "gclid gclsrc dclid gbraid wbraid gad_source gad_campaignid srsltid _ga _gl",
    "Microsoft, Yandex": "msclkid yclid ysclid _openstat",
    "Yahoo": "guccounter guce_referrer guce_referrer_sig",
    "Facebook": "fbclid fb_action_ids fb_action_types fb_source fb_ref igshid igsh",
    "X": "twclid ref_src __twitter_impression",
    "TikTok, LinkedIn, Reddit, Snapchat, Pinterest": "ttclid li_fat_id rdt_cid sccid epik",
    "Mailchimp, Marketo, Vero": "mc_cid mc_eid mkt_tok vero_id vero_conv",
    "Omeda": "oly_enc_id oly_anon_id",
    "HubSpot": "_hsenc _hsmi hsctatracking __hstc __hssc __hsfp hsa_acc hsa_cam hsa_grp hsa_ad"
    " hsa_src hsa_tgt hsa_kw hsa_mt hsa_net hsa_ver",
    "Matomo": "mtm_campaign mtm_keyword mtm_kwd mtm_source mtm_medium mtm_content mtm_cid mtm_group"
    " mtm_placement matomo_campaign matomo_keyword matomo_kwd piwik_campaign piwik_keyword"
    " piwik_kwd pk_campaign pk_keyword pk_kwd pk_source pk_medium pk_content pk_cid",
    "AT Internet, Wicked Reports, Impact, Branch": "xtor wickedid irclickid _branch_match_id",
}
TRACKING_PARAMETERS = frozenset(name for names in _TRACKING.values() for name in names.split())
TRACKING_PREFIX = "utm_"

# An escaped unreserved character (RFC 3986 §6.2.2.2), or lower-case hex digits (§6.2.2.1).
_FOLDABLE = re.compile(
    r"%(?:2[dDeE]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|7[eE]|[0-9A-F][a-f]|[a-f][0-9A-Fa-f])"
)
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def parse_url(text: str, base: str | None = None) -> str:
    """Return the URL to fetch: absolute http(s), serialised by the WHATWG rules, no fragment.

    Raises UrlError, whose reason is empty, unresolvable (relative, and no base that is a URL),
    unsupported-scheme, control-characters (also a backslash that makes two readers see two hosts),
    credentials, no-host, bad-port, too-long (over 8,192 bytes) or bad-url.
    """
    stripped = strip_edges(text)
    if not stripped:
        raise UrlError(text, "empty")
    # The first # begins the fragment whatever stands before it, and is not counted as length.
    target = stripped.partition("#")[0]
    scheme = _SCHEME.match(target)
    if scheme and scheme[1].lower() not in ("http", "https"):
        raise UrlError(text, "unsupported-scheme")  # before length: data: URLs are long
    if len(target) > MAX_URL_BYTES:
        raise UrlError(text, "too-long")
    if _CONTROL.search(target) or _shows_two_hosts(target):
        raise UrlError(text, "control-characters")
    href = _serialise(target if target.isascii() else _without_surrogates(target), base)
    if href is None:
        raise UrlError(text, _reason_of_refusal(target) if scheme else "unresolvable")
    if reason := _reason_not_fetchable(href):
        raise UrlError(text, reason)
    return href


def urlkey(url: str) -> str:
    """Return a source's identity in SURT form: ``com,example)/path?query``.

    Folded are scheme, default port, host case, a trailing dot of the host, fragment, tracking
    parameters, and the equivalent escapes of RFC 3986 §6.2.2. All else is kept, ``www.`` and the
    order of parameters too. It is never sent to a server. Raises UrlError as `parse_url` does.
    """
    authority, path, query = split_href(parse_url(url))
    key = f"{_surt_of(authority)}){_fold_escapes(path)}"
    if query is None:
        return key
    kept = [part for part in _fold_escapes(query).split("&") if not _is_tracking(part)]
    # A bare "?" is another request than none, unless only tracking stood behind it.
    return f"{key}?{'&'.join(kept)}" if kept else key


def without_tracking(url: str) -> str:
    """Return a URL to fetch without the parameters that only tell how a reader came.

    Raises UrlError as `parse_url` does.
    """
    href = parse_url(url)
    head, mark, query = href.partition("?")
    kept = [part for part in query.split("&") if not _is_tracking(part)]
    return f"{head}?{'&'.join(kept)}" if mark and kept else head if mark else href


def host_of(url: str) -> str:
    """Return the host of a URL: punycode, lower case, without port and trailing dot."""
    return _host_and_port(split_href(parse_url(url))[0])[0]


@lru_cache(maxsize=1024)  # asked for eight times in each visit
def host_key(url: str) -> str:
    """Return the key by which requests are paced: the host, and the port where not the default."""
    host, port = _host_and_port(split_href(parse_url(url))[0])
    return f"{host}:{port}" if port else host


def same_site(a: str, b: str) -> bool:
    """Tell whether two URLs lie on one host; a leading ``www.``, scheme and port do not count."""
    return host_of(a).removeprefix("www.") == host_of(b).removeprefix("www.")


def fragment_of(text: str) -> str | None:
    """Return the fragment of a URL as it was cited, without ``#``; None when absent or empty."""
    return strip_edges(text).partition("#")[2] or None


def strip_edges(text: str) -> str:
    """Return a text as copied without the blanks and invisible marks around it."""
    return text.strip(_EDGES)


def split_href(href: str) -> tuple[str, str, str | None]:
    """Return authority, path and query (None without "?") of a URL that `parse_url` returned."""
    start = 8 if href[4] == "s" else 7
    slash = href.index("/", start)
    path, mark, query = href[slash:].partition("?")
    return href[start:slash], path, query if mark else None


def _shows_two_hosts(target: str) -> bool:
    r"""Tell whether a guard could be shown one host and the wire another (``http://a\@b/``).

    RFC 3986 ends the authority at / and ?, browsers also at a backslash: with an @ after the
    backslash the one reads host b, the other host a.
    """
    if "\\" not in target:
        return False
    match = _SLASHES_THEN_AUTHORITY.match(target)
    return match is not None and "@" in match[1].partition("\\")[2]


def _without_surrogates(text: str) -> str:
    """Return the text as browsers hand it to their parser: lone surrogates become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _serialise(target: str, base: str | None) -> str | None:
    if base is not None:
        try:
            return ada_url.join_url(base, target)
        except ValueError:
            pass  # an absolute URL needs no base, so a broken one must not cost it
    try:
        return ada_url.normalize_url(target)
    except ValueError:
        return None


def _reason_of_refusal(target: str) -> str:
    """Name why the parser refused a text with an http(s) scheme; it tells only that it did."""
    match = _HOST_AND_PORT.match(target)
    host, port = (match[1], match[2]) if match else ("", None)
    if not host:
        return "no-host"
    if host[0] == "[" and host[-1] != "]":
        return "bad-url"
    if port and not (port.isascii() and port.isdigit() and int(port) < 65_536):
        return "bad-port"
    return "bad-url"


def _reason_not_fetchable(href: str) -> str | None:
    """Return why a URL that parses can still not be fetched; None when it can."""
    if not href.startswith(("http://", "https://")):  # relative to a base such as file:
        return "unsupported-scheme"
    if len(href) > MAX_URL_BYTES:
        return "too-long"
    authority = split_href(href)[0]
    if "@" in authority:
        return "credentials"
    host, port = _host_and_port(authority)
    if not host:
        return "no-host"
    if port == "0":
        return "bad-port"
    # "http:--host-path" is a slug made of a URL; browsers would ask for the host "--host-path".
    if host[0] == "." or host.startswith("--") or ".." in host:
        return "bad-url"
    if len(host) > 63 and (len(host) > 253 or any(len(label) > 63 for label in host.split("."))):
        return "bad-url"  # DNS cannot be asked for it (RFC 1035 §2.3.4)
    return None


def _host_and_port(authority: str) -> tuple[str, str]:
    """Return host and port of an authority; the port is empty where it is the scheme's own."""
    if ":" not in authority or authority[-1] == "]":
        return authority.removesuffix("."), ""
    host, _, port = authority.rpartition(":")
    return host.removesuffix("."), port


def _surt_of(authority: str) -> str:
    host, port = _host_and_port(authority)
    # Addresses stay as they are. The parser takes every host that ends in a number for IPv4.
    if host[-1] != "]" and not host.rpartition(".")[2].isdigit():
        if "," in host or ")" in host:  # allowed in a host, but here they part and end it
            host = host.replace(",", "%2C").replace(")", "%29")
        host = ",".join(reversed(host.split(".")))
    return f"{host}:{port}" if port else host


def _fold_escapes(text: str) -> str:
    return _FOLDABLE.sub(_fold_escape, text) if "%" in text else text


def _fold_escape(match: re.Match[str]) -> str:
    character = chr(int(match[0][1:], 16))
    return character if character in _UNRESERVED else match[0].upper()


def _is_tracking(parameter: str) -> bool:
    name = parameter.partition("=")[0].lower()
    return name.startswith(TRACKING_PREFIX) or name in TRACKING_PARAMETERS
