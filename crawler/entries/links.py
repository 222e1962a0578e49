"""Links in Markdown whose titles and addresses were pasted in without any escaping.

Every scan is linear: the stretch in which a label or an address may lie ends at the next ``](``.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_BLANK = re.compile(r"\s")
_PARENTHESIS = re.compile(r"[()]")
_IN_URL = re.compile(r"[A-Za-z0-9/%?&=#~+@$-]")  # directly behind ")": that one is of the URL
_TITLE = re.compile(r"""(\S*)[ \t]+(?:"[^"]*"|'[^']*')[ \t]*""")
_NEXT_LABEL = re.compile(r"\][ \t]*\[")
_BARE = re.compile(r"<?(https?:)//[^\s<>]+", re.IGNORECASE)
_ANCHOR = re.compile(
    r"""<a\b[^<>]{0,2000}?\bhref\s{0,3}=\s{0,3}["']([^"'<>]*)["'][^<>]{0,2000}>([^<]*)""", re.I
)
_REFERENCE = re.compile(r"\[([^\[\]\n]{1,300})\](?:[ \t]?\[([^\[\]\n]{0,300})\])?")
_DEFINITION = re.compile(r"^ {0,3}\[([^\[\]\n]{1,300})\]:[ \t]*<?([^\s<>]+)>?.*$", re.MULTILINE)


class Link(NamedTuple):
    """A link as it stands in the text."""

    label: str
    target: str  # exact, outer blanks included
    tail: str  # what follows it, up to the next link
    is_image: bool = False  # written as an image: ![alt](address)


def find_links(text: str) -> list[Link]:
    """Return the inline links ``[label](target)`` of a line or list item, in order."""
    found: list[Link] = []
    spans: list[tuple[int, int]] = []
    position, middle = 0, text.find("](")
    while middle >= 0:
        upcoming = text.find("](", middle + 2)
        opening = _label_start(text, position, middle)
        if opening >= 0:
            end = _target_end(text, middle + 2, upcoming if upcoming >= 0 else len(text))
            position = min(end + 1, len(text))
            spans.append((opening, position))
            is_image = opening > 0 and text[opening - 1] == "!"
            target = _without_title(text[middle + 2 : end])
            found.append(Link(text[opening + 1 : middle], target, "", is_image))
        middle = upcoming
    return _with_tails(text, found, spans)


def _with_tails(text: str, links: list[Link], spans: list[tuple[int, int]]) -> list[Link]:
    if len(links) == 1:
        return [links[0]._replace(tail=text[spans[0][1] :])]
    ends = [start for start, _ in spans[1:]] + [len(text)]
    tails = [text[span[1] : end] for span, end in zip(spans, ends, strict=False)]
    return [link._replace(tail=tail) for link, tail in zip(links, tails, strict=True)]


def only_link(item: str) -> Link | None:
    """Return the one link of a list item, whose title may hold brackets in any disorder.

    The label runs from the first ``[`` to the last ``](``. None when the item has no link.
    """
    opening, middle = item.find("["), item.rfind("](")
    if opening < 0 or middle < opening:
        return None
    end = _target_end(item, middle + 2, len(item))
    return Link(item[opening + 1 : middle], _without_title(item[middle + 2 : end]), item[end + 1 :])


def _label_start(text: str, start: int, middle: int) -> int:
    """Return where the ``[`` of the label that ends at ``middle`` stands; -1 when nowhere."""
    opening = text.find("[", start, middle)
    if opening < 0:
        return -1
    parted = None
    for parted in _NEXT_LABEL.finditer(text, opening, middle):  # noqa: B007  # "[1] [Label](…)"
        pass
    return parted.end() - 1 if parted else opening


def _target_end(text: str, begin: int, limit: int) -> int:
    """Return where the ``)`` that ends a target stands; the text's or word's end without one."""
    newline = text.find("\n", begin, limit)
    if newline >= 0:
        limit = newline
    depth = 1
    for match in _PARENTHESIS.finditer(text, begin, limit):
        depth += 1 if match[0] == "(" else -1
        if depth == 0:
            if not _IN_URL.match(text, match.end()):
                return match.start()
            depth = 1
    last = text.rfind(")", begin, limit)
    if last >= 0:
        return last
    blank = _BLANK.search(text, begin, limit)
    return blank.start() if blank else limit


def _without_title(target: str) -> str:
    if target.startswith("<") and target.endswith(">"):
        return target[1:-1]
    if target.endswith(('"', "'")):
        titled = _TITLE.fullmatch(target)
        if titled:
            return titled[1]
    return target


def find_other_links(text: str, definitions: dict[str, str]) -> list[Link]:
    """Return the links of an item written otherwise: reference, ``<a href>``, autolink or bare."""
    for find in (_find_references, _find_anchors, _find_bare):
        links = find(text, definitions)
        if links:
            return links
    return []


def _find_references(text: str, definitions: dict[str, str]) -> list[Link]:
    if not definitions:
        return []
    found = ((m[1], definitions.get(_key(m[2] or m[1]))) for m in _REFERENCE.finditer(text))
    return [Link(label, target, "") for label, target in found if target]


def _find_anchors(text: str, _definitions: dict[str, str]) -> list[Link]:
    if "<" not in text:
        return []
    return [Link(match[2], match[1], "") for match in _ANCHOR.finditer(text)]


def _find_bare(text: str, _definitions: dict[str, str]) -> list[Link]:
    """Bare addresses; what else stands in the item is the label of a sole one."""
    matches = list(_BARE.finditer(text))
    targets = [_without_punctuation(match[0]) for match in matches]
    label = ""
    if len(matches) == 1:
        label = (text[: matches[0].start()] + text[matches[0].end() :]).strip(" \t[]<>:：,-–—")
    return [Link(label, target, "") for target in targets]


def bare_addresses(text: str) -> list[tuple[int, int]]:
    """Return where each http address stands in a text, without the punctuation that follows it."""
    places = ((m.start() + m[0].startswith("<"), m[0]) for m in _BARE.finditer(text))
    return [(start, start + len(_without_punctuation(found))) for start, found in places]


def _without_punctuation(url: str) -> str:
    url = url.lstrip("<").rstrip(".,;:!?'\"]>}，。；：！？》」』”")
    closing = len(url) - len(url.rstrip(")"))
    surplus = url.count(")") - url.count("(")
    return url[: len(url) - min(closing, surplus)] if closing and surplus > 0 else url


def reference_definitions(text: str) -> dict[str, str]:
    """Return the addresses that lines such as ``[1]: https://…`` define, by their names."""
    if "]:" not in text:
        return {}
    return {_key(match[1]): match[2] for match in _DEFINITION.finditer(text)}


def without_definitions(text: str) -> str:
    """Return the text without the lines that define references."""
    return _DEFINITION.sub("", text) if "]:" in text else text


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
