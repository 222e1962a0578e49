"""From the markup of a note to the links that it cites: templates, external links, archives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from crawler.dates import written_day
from crawler.entries.citations import CitedLink, shorten
from crawler.entries.labels import AGENCIES
from crawler.entries.text import fold
from crawler.entries.wiki.naming import (
    ARCHIVES,
    DEAD,
    LIVE,
    PARAMETERS,
    READ_THROUGH,
    STAMPS,
    Field,
    access_phrases,
    shows_nothing,
)
from crawler.entries.wiki.prose import quoted, readable
from crawler.entries.wiki.scanning import Node, Tag, Template, Wikilink

_LABEL = 300  # characters of a label
_LABEL_WITHIN = 2000  # characters and nodes in which the end of a link's label is looked for
_LABEL_NODES = 20
# Characters of a URL in wikitext: MediaWiki's, without the bars and braces of cells and templates.
_URL = r"""[^\s<>"\[\]{}|\x00-\x1f]+"""
_LINK = re.compile(rf"\[((?:https?:)?//{_URL})|(?<![\w/])(https?://{_URL})", re.IGNORECASE)
_ADDRESS = re.compile(rf"\s*\[?((?:https?:)?//{_URL}|www\.{_URL})", re.IGNORECASE)
_BEHIND = ",;.:!?'，。；：！？》」』”"
_STAMP = re.compile(r"\d{4,14}")


class External(NamedTuple):
    """``[https://… label]``, or an address that stands in the text."""

    target: str
    label: list[Node]
    is_bare: bool


def with_links(nodes: Sequence[Node]) -> Iterator[Node | External]:
    """Give the nodes of a text, with the external links in its strings as links."""
    place, at = 0, 0
    while place < len(nodes):
        node = nodes[place]
        if not isinstance(node, str):
            yield node
            place, at = place + 1, 0
            continue
        match = _LINK.search(node, at)
        yield node[at : match.start() if match else len(node)]
        if match is None:
            place, at = place + 1, 0
        elif match[1]:
            link, place, at = _bracketed(nodes, place, match)
            yield link
        else:
            target = _without_tail(match[2])
            yield External(target, [], True)
            at = match.start() + len(target)


def _bracketed(
    nodes: Sequence[Node], place: int, match: re.Match[str]
) -> tuple[External, int, int]:
    """Return the link that begins in a node, with the place behind it; unclosed ones are bare."""
    target, label = match[1].partition("''")[0], list[Node]()
    at, found = match.start(1) + len(target), place
    for found in range(place, min(place + _LABEL_NODES, len(nodes))):
        node = nodes[found]
        if not isinstance(node, str):
            label.append(node)
            continue
        start = at if found == place else 0
        closing = node.find("]", start, start + _LABEL_WITHIN)
        newline = node.find("\n", start, closing if closing >= 0 else start + _LABEL_WITHIN)
        if newline >= 0:
            break
        if closing >= 0:
            label.append(node[start:closing])
            return External(target, label, False), found, closing + 1
        label.append(node[start : start + _LABEL_WITHIN])
    target = _without_tail(target)
    return External(target, [], True), place, match.start(1) + len(target)


def _without_tail(url: str) -> str:
    """Return an address without the punctuation behind it; a ")" is its own if it opens one."""
    url = url.partition("''")[0]
    trimmed = url.rstrip(_BEHIND if "(" in url else f"{_BEHIND})")
    return trimmed if len(trimmed) > len("https://") else url


def plain(nodes: Sequence[Node]) -> str:
    """Return the words that one reads in nodes, notes and citations left out."""
    return fold("".join(map(readable, _words(nodes))))


def _words(nodes: Sequence[Node]) -> Iterator[str]:
    for node in with_links(nodes):
        if isinstance(node, str):
            yield node
        elif isinstance(node, External):
            yield plain(node.label)
        elif isinstance(node, Wikilink):
            yield shown(node)
        elif isinstance(node, Template):
            yield read_through(node)


def shown(link: Wikilink) -> str:
    """Return the words of a wikilink; empty for a picture, a category or another language."""
    if shows_nothing(link.target):
        return ""
    return plain(link.parts[-1]) if link.parts else link.target.lstrip(":")


def read_through(template: Template) -> str:
    """Return the words of a template that only dresses them; empty for any other."""
    if template.name not in READ_THROUGH and not template.name.startswith("lang-"):
        return ""
    unnamed = [value for name, value in template.values.items() if name.isdecimal()]
    return plain(unnamed[-1]) if unnamed else ""


def values_of(template: Template) -> dict[Field, list[Node]]:
    """Return what the parameters of a citation say."""
    said: dict[Field, list[Node]] = {}
    for name, parameters in PARAMETERS.items():
        filled = (template.values.get(parameter) for parameter in parameters)
        value = next((nodes for nodes in filled if nodes and any(map(_is_said, nodes))), None)
        if value is not None:
            said[name] = value
    return said


def _is_said(node: Node) -> bool:
    return not isinstance(node, str) or bool(node.strip())


def address_in(nodes: Sequence[Node]) -> str | None:
    """Return the address with which a value begins; None: it is something else."""
    first = next(iter(nodes), "")
    match = _ADDRESS.match(first) if isinstance(first, str) else None
    return match[1] if match else None


@dataclass(slots=True)
class Cited:
    """The links that a note cites, in its order."""

    context: str = ""
    links: list[CitedLink] = field(default_factory=list)
    dead: list[str] = field(default_factory=list)  # addresses of which the wiki says so
    _words: list[str] = field(default_factory=list)

    def read(self, nodes: Sequence[Node]) -> None:
        """Take the links of a note."""
        self._read(nodes)
        self.close()

    def _read(self, nodes: Sequence[Node]) -> None:
        for node in with_links(nodes):
            if isinstance(node, str):
                self.say(node)
            elif isinstance(node, External):
                self.take_external(node)
            elif isinstance(node, Tag):
                self._read(node.content)
            elif isinstance(node, Wikilink):
                self._words.append(shown(node))
                for part in node.parts:
                    self._read(part) if _has_link(part) else None
            elif not self.take_template(node):
                self._words.append(read_through(node))
                for value in node.values.values():
                    self._read(value)

    def take_external(self, link: External) -> None:
        """Take an external link."""
        label = shorten(plain(link.label), _LABEL)
        self.links.append(CitedLink(label, link.target, context=self.context or None))

    def take_template(self, template: Template) -> bool:
        """Take what a template cites or says of the link before it; False: it does neither."""
        said = values_of(template)
        target = address_in(said.get("url", []))
        if template.name in DEAD:
            self._mark_dead(template, target, said)
            return True
        if template.name in ARCHIVES:
            return self._take_archives(template, target, said)
        archive = address_in(said.get("archive", []))
        if target is None and archive is None:
            return False
        self._take_citation(target, archive, said)
        return True

    def _take_citation(
        self, target: str | None, archive: str | None, said: dict[Field, list[Node]]
    ) -> None:
        """Take a citation template: its link, and the link of its copy beside it."""
        words = {name: plain(nodes) for name, nodes in said.items()}
        work, agency, via = (words.get(name) or None for name in _CARRIERS)
        if work and via and not agency and work.casefold() in AGENCIES:
            work, agency = None, work
        link = CitedLink(
            shorten(words.get("title") or work or via or "", _LABEL),
            target or "",
            context=quoted(self.context, words.get("quote", "")),
            cited_on=written_day(_dated(said.get("accessed", []))),
            agency=agency,
            publisher=work or via or "",
        )
        if target:
            self.links.append(link)
            if words.get("status", "").casefold() not in LIVE:
                self.dead.append(target)
        if archive:
            copied_on = written_day(_dated(said.get("archived", [])))
            self.links.append(link._replace(target=archive, original=target, copied_on=copied_on))

    def _take_archives(
        self, template: Template, target: str | None, said: dict[Field, list[Node]]
    ) -> bool:
        """Take ``{{webarchive}}``, whose link is a copy of the link before it in the note."""
        if target is None:
            return False
        before = [link.target for link in self.links if link.original is None]
        for number in ("", *map(str, range(2, 11))):
            address = address_in(template.values.get(f"url{number}", []))
            if address is None:
                continue
            date = template.values.get(f"date{number}", [])
            stamp = "" if number else self._stamp(template)
            original = address if stamp else before[-1] if before else None
            copy = f"https://web.archive.org/web/{stamp}/{address}" if stamp else address
            self.links.append(
                CitedLink(
                    shorten(
                        plain(template.values.get(f"title{number}", said.get("title", []))), _LABEL
                    ),
                    copy,
                    context=self.context or None,
                    original=original,
                    copied_on=written_day(_dated(date)),
                )
            )
        return True

    @staticmethod
    def _stamp(template: Template) -> str:
        """Return the 4 to 14 digits by which a template names a copy; empty: it names its URL."""
        values = (plain(template.values.get(name, [])) for name in STAMPS)
        return next((value for value in values if _STAMP.fullmatch(value)), "")

    def _mark_dead(
        self, template: Template, target: str | None, said: dict[Field, list[Node]]
    ) -> None:
        """Take what a template calls dead: the link in it, else the one before it."""
        before = len(self.links)
        if target is not None:
            label = shorten(plain(said.get("title", [])), _LABEL)
            day = written_day(_dated(said.get("accessed", [])))
            self.links.append(CitedLink(label, target, context=self.context or None, cited_on=day))
        else:
            for value in template.values.values():
                self._read(value)
        named = self.links[before:] or self.links[-1:]
        self.dead += [link.original or link.target for link in named]

    def date(self, day: str | None) -> None:
        """Give the links that name no day the one under which they stand."""
        if day is not None:
            self.links = [
                link if link.cited_on else link._replace(cited_on=day) for link in self.links
            ]

    def say(self, words: str) -> None:
        """Take words that stand beside the links."""
        self._words.append(words)

    def close(self) -> None:
        """Give the link of a note its label and day, where they stand beside it in words."""
        own = [link for link in self.links if link.original is None]
        if len(own) != 1:
            return
        words = fold(readable("".join(self._words)))
        days = filter(None, map(written_day, access_phrases(words)))
        place = self.links.index(own[0])
        self.links[place] = own[0]._replace(
            label=own[0].label or shorten(words.strip(" .,:;–—-*"), _LABEL),
            cited_on=own[0].cited_on or next(days, None),
        )


_CARRIERS: tuple[Field, Field, Field] = ("work", "agency", "via")


def _dated(nodes: Sequence[Node]) -> str:
    """Return the text of a date, which may be ``{{date|4|mars|2017}}``."""
    pieces = []
    for node in nodes:
        if isinstance(node, str):
            pieces.append(node)
        elif isinstance(node, Template):
            unnamed = (value for name, value in node.values.items() if name.isdecimal())
            pieces.append(" ".join(plain(value) for value in unnamed))
        elif isinstance(node, Wikilink):
            pieces.append(shown(node))
    return " ".join(pieces)


def _has_link(nodes: Sequence[Node]) -> bool:
    return any(not isinstance(node, str) or "//" in node for node in nodes)
