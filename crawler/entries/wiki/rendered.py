"""Reader of a wiki page as MediaWiki shows it, whatever the skin: its notes and its external links.

Class names are those of MediaWiki's parser (``mw-parser-output``, ``external``), of its extension
Cite (``references``, ``cite_note-…``) and of Citation Style 1 (``citation``, ``Z3988``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from lxml import etree

from crawler.dates import written_day
from crawler.entries.citations import CitedLink, shorten
from crawler.entries.drafts import Draft, absolute, base_of
from crawler.entries.html_blocks import Element
from crawler.entries.text import fold
from crawler.entries.wiki.article import finished, is_own, once, page_url, warn_of_dead
from crawler.entries.wiki.citing import Cited, External
from crawler.entries.wiki.naming import access_phrases
from crawler.entries.wiki.prose import Line, Place, Topics, quoted
from crawler.errors import UrlError
from crawler.items import Entry
from crawler.urls import parse_url, unwrap_archive_url

READER = "wiki-html"

_LABEL = 300  # characters
_DEAD_WORDS = 40  # characters of "[permanent dead link]"
_BLOCKS = {
    "p", "div", "li", "dd", "dt", "td", "th", "tr", "table", "ul", "ol", "dl", "h1", "h2", "h3",
    "h4", "h5", "h6", "caption", "figcaption", "blockquote", "section", "br",
}  # fmt: skip
_TITLES = {"firstHeading", "mw-first-heading"}
_HEADINGS = {"h2", "h3", "h4", "h5", "h6"}
_SKIPPED = {"script", "style", "noscript", "template", "math", "svg", "form", "link", "meta"}
# What is not the page's own text: navigation, maintenance, doubles for print, hidden messages.
_ASIDE = {
    "mw-editsection", "navbox", "vertical-navbox", "navbar", "sidebar", "toc", "catlinks",
    "printfooter", "printonly", "metadata", "ambox", "sistersitebox", "side-box",
    "mw-cite-backlink",
    "mw-jump-link", "mw-indicators", "authority-control", "mw-authority-control", "error",
    "cs1-hidden-error", "cs1-maint", "mw-hidden-catlinks", "current-events-navbar",
}  # fmt: skip
_DEAD = {
    "dead link", "permanent dead link", "toter link", "lien mort", "enlace roto", "失效链接",
    "失效連結", "永久失效链接", "永久失效連結", "usurped!", "unfit",
}  # fmt: skip


def box_of(root: Element) -> Element | None:
    """Return the box that holds the text of a MediaWiki page; None: it is another page."""
    boxes = [e for e in root.iter("div", "section") if "mw-parser-output" in _classes(e)]
    outer = next((e for e in root.iter("div") if e.get("id") == "mw-content-text"), None)
    if boxes:
        return outer if outer is not None else boxes[0]
    return outer if _generator(root).startswith("MediaWiki") else None


def read_rendered(root: Element, box: Element, locator: str, base_url: str | None) -> Entry:
    """Return the entry of a page that MediaWiki shows, given its root and the box of its text."""
    draft = Draft(locator, READER, base_of(locator, base_url))
    draft.own_url = _canonical(root) or page_url(locator)
    draft.headline = _title(root)
    draft.has_sources_section = True  # the whole text is
    days = _days(box)
    draft.date = days[0] if len(days) == 1 else None
    walk = _Walk(draft.base or draft.own_url, days)
    walk.read(box)
    links, dead = walk.cited()
    draft.links = once(link for link in links if not is_own(link, draft.base or draft.own_url))
    warn_of_dead(draft, dead)
    return finished(draft)


def _classes(element: Element) -> set[str]:
    return set((element.get("class") or "").split())


def _generator(root: Element) -> str:
    named = (e for e in root.iter("meta") if (e.get("name") or "").casefold() == "generator")
    return next((e.get("content") or "" for e in named), "")


def _canonical(root: Element) -> str | None:
    links = (e for e in root.iter("link") if "canonical" in (e.get("rel") or "").split())
    return next((e.get("href").strip() for e in links if e.get("href")), None)


def _title(root: Element) -> str:
    """Return the heading of a page, else its title without the name of the wiki behind it."""
    for heading in root.iter("h1"):
        if heading.get("id") == "firstHeading" or _classes(heading) & _TITLES:
            return fold("".join(heading.itertext()))
    title = fold("".join(next((e.itertext() for e in root.iter("title")), [])))
    return title.rpartition(" - ")[0] or title


def _days(box: Element) -> list[str]:
    """Return the days of Current Events that a page shows: each is marked as one's beginning."""
    if not any("current-events" in _classes(e) for e in box.iter("div")):
        return []
    days = (written_day("".join(e.itertext())) for e in box.iter("span", "time") if _is_day(e))
    return list(dict.fromkeys(day for day in days if day))


def _is_day(element: Element) -> bool:
    return bool(_classes(element) & {"bday", "dtstart"})


@dataclass(slots=True)
class _Group:
    """A citation within a note, or what stands in a note without one."""

    is_citation: bool = False
    links: list[tuple[str, str]] = field(default_factory=list)  # address, label
    pieces: list[str] = field(default_factory=list)
    quotes: list[str] = field(default_factory=list)
    coins: dict[str, list[str]] = field(default_factory=dict)  # OpenURL (Z39.88) in the page

    def said(self, *names: str) -> str:
        """Return the first of the fields that has a value."""
        return next((fold(self.coins[name][0]) for name in names if self.coins.get(name)), "")


class _Walk:
    """Reads the text of a page, and remembers in which sentence each note stands."""

    def __init__(self, base: str | None, days: Sequence[str]) -> None:
        self._base = base
        self._nested = bool(days)  # items of Current Events, which stand under topics
        self._shows_several = len(days) > 1
        self._day: str | None = None
        self._line = Line()
        self._topics = Topics()
        self._lists = self._bold = self._bold_letters = 0
        # links and citations in the text, each with its place, and notes by their names
        self._events: list[tuple[Place | str, Element]] = []
        self._places: dict[str, Place] = {}  # note -> where it was first referred to
        self._dead: list[int] = []  # events whose link is marked as dead

    def read(self, box: Element) -> None:
        """Walk over the box of a page's text."""
        walker = etree.iterwalk(box, events=("start", "end"))
        for event, element in walker:
            if event == "start":
                if not self._begin(element):
                    walker.skip_subtree()
            else:
                self._end(element)
                if element is not box and element.tail:
                    self._add(element.tail)

    def cited(self) -> tuple[list[CitedLink], list[str]]:
        """Return the links that the page cites, and the addresses that it marks as dead."""
        links: list[CitedLink] = []
        dead: list[str] = []
        for number, (place, element) in enumerate(self._events):
            if isinstance(place, str):
                found = list(self._links_of_note(element, self._context(self._places.get(place))))
                is_dead = any(_is_dead_mark(sup) for sup in element.iter("sup"))
            else:
                found, is_dead = self._links_in_text(place, element), number in self._dead
            links += found
            dead += [found[-1].original or found[-1].target] if found and is_dead else []
        return links, list(dict.fromkeys(dead))

    def _links_in_text(self, place: Place, element: Element) -> list[CitedLink]:
        """Return the link that stands in the text, or those of a citation there."""
        cited = Cited(self._context(place))
        if element.tag == "a":
            cited.take_external(_external(element))
        else:
            cited.links = list(self._links_of_note(element, ""))
        cited.date(place.day)
        return cited.links

    def _context(self, place: Place | None) -> str:
        if place is None:
            return ""
        return place.as_item() if self._nested else place.as_sentence()

    # Elements

    def _begin(self, element: Element) -> bool:
        """Take an element; False: nothing of it is read any further."""
        names = _classes(element)
        if _is_dead_mark(element):
            self._dead.append(len(self._events) - 1)
            return False
        if element.tag in _SKIPPED or names & _ASIDE:
            return False
        if element.tag == "sup" and "reference" in names:
            self._note_place(element)
            return False
        name = element.get("id") or ""
        if element.tag == "li" and name.startswith("cite_note"):
            self._events.append((name, element))
            return False
        if "citation" in names:
            self._events.append((self._here(), element))
            return False
        if self._shows_several and _is_day(element):
            self._day = written_day("".join(element.itertext())) or self._day
        self._lists += element.tag == "li"
        self._bold += element.tag in ("b", "strong")
        if element.tag in _BLOCKS:
            self._break(element)
        if element.tag == "a" and _is_external(element):
            self._events.append((self._here(), element))
            label = fold("".join(element.itertext()))
            if label.startswith("(") and label.endswith(")"):
                return False  # an outlet, behind the sentence
        self._add(element.text)
        return True

    def _end(self, element: Element) -> None:
        if _is_left_out(element):
            return
        if element.tag in _BLOCKS:
            self._break(None)
        self._lists -= element.tag == "li"
        self._bold -= element.tag in ("b", "strong")

    def _break(self, element: Element | None) -> None:
        text = self._line.text
        self._line.is_topic = self._line.is_topic or 0 < len(text.split()) == self._bold_letters
        if self._nested:
            self._topics.note(self._line)
        self._line, self._bold_letters = Line(self._lists), 0
        self._line.is_topic = element is not None and _is_heading(element)

    def _add(self, text: str | None) -> None:
        if text:
            self._line.add(text)
            self._bold_letters += len(text.split()) if self._bold else 0

    def _here(self) -> Place:
        return Place(self._line, self._line.length, self._topics.above(self._line), self._day)

    def _note_place(self, mark: Element) -> None:
        for anchor in mark.iter("a"):
            name = (anchor.get("href") or "").partition("#")[2]
            if name.startswith("cite_note"):
                self._places.setdefault(name, self._here())

    # Notes

    def _links_of_note(self, note: Element, context: str) -> Iterator[CitedLink]:
        for group in _groups(note):
            if group.is_citation:
                yield from self._citation(group, context)
                continue
            cited = Cited(context)
            for address, label in group.links:
                cited.take_external(External(address, [label], False))
            cited.say("".join(group.pieces))
            cited.close()
            yield from cited.links

    def _citation(self, group: _Group, context: str) -> Iterator[CitedLink]:
        """Give the link of a citation and that of its copy; identifiers (DOI, PMC) are none."""
        told = next((u for u in group.coins.get("rft_id", []) if u.startswith("http")), None)
        copies = [link for link in group.links if self._is_copy(link[0])]
        own = [link for link in group.links if link not in copies]
        if told is not None:
            other = [link for link in own if not _is_same(link[0], told)]
            copies += [link for link in other if _says_archived(link[1])]
            own = [link for link in own if link not in other]
        original = own[0][0] if own else told
        words = fold("".join(group.pieces))
        days = (day for phrase in access_phrases(words) if (day := written_day(phrase)))
        label = group.said("rft.atitle", "rft.btitle", "rft.title") or _unquoted(group.links)
        link = CitedLink(
            shorten(label, _LABEL),
            original or "",
            context=quoted(context, " ".join(group.quotes)),
            cited_on=next(days, None),
            publisher=group.said("rft.jtitle", "rft.pub"),
        )
        if own:
            yield link
        copied_on = _copied_on(words)
        for address, _ in copies:
            yield link._replace(target=address, original=original, copied_on=copied_on)

    def _is_copy(self, address: str) -> bool:
        return unwrap_archive_url(absolute(address, self._base)) is not None


def _is_heading(element: Element) -> bool:
    return element.tag in _HEADINGS or element.get("role") == "heading"


def _is_left_out(element: Element) -> bool:
    """Whether nothing of an element was read: then its end is none, either."""
    names = _classes(element)
    is_note = element.tag == "li" and (element.get("id") or "").startswith("cite_note")
    is_mark = element.tag == "sup" and "reference" in names
    is_citation = "citation" in names
    return is_note or is_mark or is_citation or element.tag in _SKIPPED or bool(names & _ASIDE)


def _is_dead_mark(element: Element) -> bool:
    """Whether an element is the ``[dead link]`` that a wiki puts behind one."""
    if element.tag not in ("sup", "span") or "noprint" not in _classes(element):
        return False
    text = ""
    for piece in element.itertext():
        text += piece
        if len(text) > _DEAD_WORDS:
            return False
    return fold(text).strip("[]() \u200d\u200b").casefold() in _DEAD


def _is_external(anchor: Element) -> bool:
    href = (anchor.get("href") or "").strip()
    is_marked = "external" in _classes(anchor) or "mw:ExtLink" in (anchor.get("rel") or "").split()
    return is_marked and href.startswith(("http://", "https://", "//"))


def _external(anchor: Element) -> External:
    is_bare = bool(_classes(anchor) & {"free", "autonumber"})
    label = "" if is_bare else fold("".join(anchor.itertext()))
    return External(anchor.get("href").strip(), [label], is_bare)


def _groups(note: Element) -> list[_Group]:
    """Return the citations in a note, and what stands between them, in their order."""
    groups = [_Group()]
    citation: Element | None = None
    walker = etree.iterwalk(note, events=("start", "end"))
    for event, element in walker:
        if event == "end":
            if element is citation and element is not note:
                citation = None
                groups.append(_Group())
            if element is not note:
                groups[-1].pieces.append(element.tail or "")
            continue
        names = _classes(element)
        if "Z3988" in names:  # inside of its citation, or behind it
            cited = next((group for group in reversed(groups) if group.is_citation), groups[-1])
            cited.coins = cited.coins or parse_qs(element.get("title") or "")
        if element.tag in _SKIPPED or names & (_ASIDE | {"Z3988"}) or _is_dead_mark(element):
            walker.skip_subtree()
            continue
        if citation is None and "citation" in names:
            citation = element  # which may be all that there is
            groups.append(_Group(is_citation=True))
        if element.tag == "a" and _is_external(element):
            link = _external(element)
            groups[-1].links.append((link.target, str(link.label[0])))
            if citation is None:  # its label is no word beside it
                walker.skip_subtree()
                continue
        groups[-1].pieces.append(element.text or "")
        if element.tag == "q":
            groups[-1].quotes.append("".join(element.itertext()))
    after = note.getnext()
    if note is citation and after is not None and "Z3988" in _classes(after):
        groups[-1].coins = parse_qs(after.get("title") or "")
    return groups


def _is_same(address: str, told: str) -> bool:
    try:
        return parse_url(address, "https://localhost/") == parse_url(told)
    except UrlError:
        return address == told


def _says_archived(label: str) -> bool:
    return label.casefold().startswith(("archiv", "存档", "存檔", "原始"))


def _copied_on(words: str) -> str | None:
    """Return the day in "Archived from the original on 1 July 2023"; None: none is told."""
    for word in ("rchived", "rchivado", "rchivé", "rchiviert", "存档", "存檔"):
        at = words.find(word)
        if at >= 0:
            return written_day(words[at : at + 60])
    return None


def _unquoted(links: list[tuple[str, str]]) -> str:
    return links[0][1].strip("\"“”„«» '") if links else ""
