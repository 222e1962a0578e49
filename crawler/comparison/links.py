"""Which links of an article lead elsewhere than before."""

from __future__ import annotations

import re

from crawler.errors import UrlError
from crawler.urls import unwrap_archive_url, urlkey

# Parameters that differ from visit to visit, or tell where the link stood. They stay in a urlkey,
# which must not merge two sources; here a wrong merge only hides that a link changed. Of a name
# that may also mean a story (sid, token), the value must look like a key.
_SESSION = re.compile(
    r"(?<=[?&;])(?:(?:phpsessid|jsessionid|aspsessionid\w*|session_?id|cfid|cftoken|csrf_?\w*|nonce|"
    r"_|ts|timestamp|cachebuster|rnd|rand|ref|ref_|referrer|cmpid|cmp|ito|ocid|icid|smid|"
    r"ns_\w+)=[^&;]*|(?:sid|s|token|key|hash)=[0-9A-Za-z_-]{16,})(?:[&;]|$)",
    re.IGNORECASE,
)
_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid|sid)=[^/?#]*", re.IGNORECASE)


def link_changes(
    before: tuple[str, ...], after: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the links that were added and those that were removed, as written, in page order.

    Not a change: scheme, ``www.``, fragment, tracking and session parameters, a slash at the end,
    or that a link leads by way of a web archive.
    """
    if before == after:
        return (), ()
    old, new = _by_key(before), _by_key(after)
    added = tuple(url for key, url in new.items() if key not in old)
    removed = tuple(url for key, url in old.items() if key not in new)
    return added, removed


def _by_key(urls: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for url in urls:
        found.setdefault(_key(url), url)
    return found


def _key(url: str) -> str:
    """Return what is the same for links that lead to the same place."""
    try:
        wrapped = unwrap_archive_url(url)
        key = urlkey(wrapped.original if wrapped and wrapped.original else url)
    except UrlError:
        return url.partition("#")[0]
    host, _, rest = key.partition(")")
    bare = _SESSION.sub("", _PATH_SESSION.sub("", rest)).rstrip("?&;/")
    return f"{host.removesuffix(',www')}){bare}"
