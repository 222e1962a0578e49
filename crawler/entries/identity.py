"""What stays the same when an entry's slug, format or edition changes."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from crawler.entries.drafts import is_web_address
from crawler.entries.text import clean, fold
from crawler.items import Entry

DAY_STEMS = frozenset({"index", "readme"})  # of files that are called for their folder
FORMAT_SUFFIX = re.compile(r"\.(?:md|markdown|html?|json|xml)$", re.IGNORECASE)
_EDITION = re.compile(r"^/zh(?=/)")


def entry_key(entry: Entry) -> str:
    """Return the entry's identity, which outlives its slug.

    The date and the headline (NFKC, case and blanks folded, a leading "Topic: " taken off); for
    an entry without one of them, and for a URL list, its address, else its locator.
    """
    title = normal_headline(entry)
    if entry.date and title and entry.reader != "url-list":
        return f"{entry.date} {title}"
    return address_form(entry.url or entry.locator) or entry.locator


def normal_headline(entry: Entry) -> str:
    """Return the headline as it is compared; empty without one."""
    headline = _normal(entry.headline or "")
    topic = _normal(entry.topic or "")
    if topic and headline.startswith(topic):
        rest = headline[len(topic) :].lstrip()
        if rest[:1] in (":", "："):
            return rest[1:].strip() or headline
    return headline


def _normal(text: str) -> str:
    return fold(unicodedata.normalize("NFKC", clean(text)).casefold())


def entry_addresses(entry: Entry) -> tuple[str, ...]:
    """Return every address of the entry, each once, in the form in which addresses are compared.

    From its own URL, its formats and the slugs in its list of changes; never from related entries.
    Formats and editions (/zh/news/… and /news/…) of one address have the same form. A day's index
    is left out: wrong formats lines name it, and all entries of the day would share it.
    """
    own = entry.url or ""
    written = [own, *entry.aliases, *(revision.url for revision in entry.revisions)]
    forms = (address_form(_joined(own, place)) for place in written if place.strip())
    return tuple(dict.fromkeys(form for form in forms if not _is_day(form)))


def address_form(address: str) -> str:
    """Return an address without format suffix, edition, scheme and fragment, escapes decoded."""
    try:
        parts = urlsplit(address.strip())
        host = (parts.hostname or "") if is_web_address(address.strip()) else ""
    except ValueError:
        return address.strip()
    path = _EDITION.sub("", _decoded(parts.path))
    form = f"{host}{FORMAT_SUFFIX.sub('', path)}"
    return f"{form}?{parts.query}" if parts.query else form


def _joined(own: str, place: str) -> str:
    try:
        return urljoin(own, place)
    except ValueError:
        return place


def _decoded(path: str) -> str:
    if "%" not in path:
        return path
    try:
        return unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return path


def _is_day(form: str) -> bool:
    last = form.rpartition("/")[2].casefold()
    return not last or last in DAY_STEMS
