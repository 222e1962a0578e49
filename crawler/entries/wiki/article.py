"""Reader of a wiki page in wikitext: an article, or a day of Current Events."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from crawler.dates import written_day
from crawler.entries.citations import CitedLink, shorten
from crawler.entries.drafts import Draft, absolute, base_of, is_on_site, is_web_address
from crawler.entries.wiki.citing import (
    Cited,
    External,
    plain,
    read_through,
    shown,
    with_links,
)
from crawler.entries.wiki.naming import DAY, DAY_HEADER, IN_LISTS, is_file, redirect_in
from crawler.entries.wiki.prose import Line, Place, Topics, readable
from crawler.entries.wiki.scanning import Node, Tag, Template, Wikilink, scan, text_of
from crawler.errors import NothingFound
from crawler.items import Entry

ARTICLE_READER, DAY_READER = "wiki-article", "wiki-day"

# Of one page; MediaWiki itself keeps 2 MiB ($wgMaxArticleSize), and a crawl must not stand still.
LONGEST_LETTERS = 4 * 2**20

_NAMED = 5  # dead links that a warning names
_NOTE_NAME = re.compile(
    r"""(name|group)\s{0,3}=\s{0,3}(?:"([^"]*)"|'([^']*)'|([^\s"'/>]+))""", re.I
)
_DISPLAY_TITLE = re.compile(r"\{\{\s*DISPLAYTITLE\s*:([^{}|\n]{1,255})", re.IGNORECASE)
_LIST_MARKS = re.compile(r"[*#:;]+")
# What is no text of a table: the lines that open, part and close it, and a cell's attributes
_TABLE = re.compile(r"\s*(?:(?:\{\||\|-|\|\}).*|[|!]\+?(?:[^|\n]{0,200}\|(?!\|))?)")
_HEADING = re.compile(r"\s*(={1,6})\s*(.+?)\s*\1\s*")
_BOLD = re.compile(r"\s*'''(?!').{1,200}?'''\s*:?\s*")
_SUFFIX = re.compile(r"(?:\.(?:wiki|mediawiki|wikitext|txt))?(?:\.gz)?$", re.IGNORECASE)
_OF_RAW = {"action", "ctype", "raw", "oldid", "curid"}  # parameters that only ask for the markup


def read_article(text: str, locator: str, base_url: str | None, title: str | None = None) -> Entry:
    """Return the entry of a page in wikitext: what it cites in its notes and in its text.

    Without a ``title`` its name is that of the file or address. Raises NothingFound for a page that
    redirects to another one.
    """
    target = redirect_in(text)
    if target is not None:
        raise NothingFound(locator, f"it redirects to {shorten(target)!r}")
    nodes, is_whole = scan(text[:LONGEST_LETTERS])
    draft = Draft(locator, ARTICLE_READER, base_of(locator, base_url))
    displayed = _DISPLAY_TITLE.search(text)
    draft.headline = title or _title_of(locator) or (displayed[1].strip() if displayed else "")
    draft.own_url = page_url(locator)
    draft.has_sources_section = True  # the whole text is
    days = _days_in(nodes)
    walk = Walk(days)
    walk.read(nodes)
    if days:
        draft.reader, draft.date = DAY_READER, days[0] if len(days) == 1 else None
    _take(walk, draft)
    if len(text) > LONGEST_LETTERS:
        detail = f"The page is too long; its first {LONGEST_LETTERS} characters were read."
        draft.warn("damaged-page", detail)
    elif not is_whole:
        draft.warn("unbalanced-markup", "Brackets or notes in it are not closed; they are text.")
    return finished(draft)


def finished(draft: Draft) -> Entry:
    """Return the entry of a wiki page: articles have no date, and may cite nothing."""
    entry = draft.to_entry()
    kept = tuple(w for w in entry.warnings if w.code not in ("no-date", "no-sources"))
    return replace(entry, warnings=kept)


def _take(walk: Walk, draft: Draft) -> None:
    links, dead = walk.cited()
    base = draft.base or draft.own_url
    draft.links = once(link for link in links if not is_own(link, base))
    warn_of_dead(draft, dead)


def warn_of_dead(draft: Draft, dead: Sequence[str]) -> None:
    """Note which links the wiki itself marks as dead, usurped or unfit."""
    if dead:
        named = ", ".join(shorten(each) for each in dead[:_NAMED])
        more = f" and {len(dead) - _NAMED} more" if len(dead) > _NAMED else ""
        draft.warn("marked-dead", f"The wiki marks as dead or unfit: {named}{more}.")


def once(links: Iterator[CitedLink]) -> list[CitedLink]:
    """Return the links, each address with each label once: so the archive keeps them."""
    found: dict[tuple[str, str], CitedLink] = {}
    for link in links:
        found.setdefault((link.target.strip(), link.label), link)
    return list(found.values())


def is_own(link: CitedLink, base: str | None) -> bool:
    """Whether a link leads to the wiki itself."""
    if base is None or not is_web_address(base):
        return False
    return is_on_site(absolute(link.target, base), base)


def page_url(locator: str) -> str | None:
    """Return the address of a page whose markup was read from ``…?action=raw``; None for files."""
    if not is_web_address(locator):
        return None
    parts = urlsplit(locator)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in _OF_RAW]
    return parts._replace(query=urlencode(kept), fragment="").geturl()


def _title_of(locator: str) -> str:
    """Return the title of a page by its address or file."""
    if is_web_address(locator):
        parts = urlsplit(locator)
        named = dict(parse_qsl(parts.query)).get("title")
        name = named or unquote(parts.path.removeprefix("/wiki/").rpartition("/index.php")[2])
    else:
        name = PurePosixPath(locator.replace("\\", "/")).name
    return _SUFFIX.sub("", name).strip("/").replace("_", " ").strip()


# ------------------------------------------------------------------ the walk over a page


@dataclass(slots=True)
class _Note:
    """A note: its content, and where it was first referred to; None: in a list of notes only."""

    content: list[Node] = field(default_factory=list)
    place: Place | None = None


class Walk:
    """Reads the text of a page, and remembers in which sentence each note stands."""

    def __init__(self, days: Sequence[str]) -> None:
        self._nested = bool(days)  # items of Current Events, which stand under topics
        self._shows_several = len(days) > 1
        self._line = Line()
        self._day: str | None = None
        self._topics = Topics()
        self._events: list[tuple[Place | None, _Note | External | Template]] = []
        self._notes: dict[str, _Note] = {}
        self._listing = 0  # lists of notes that we are in

    def read(self, nodes: Sequence[Node]) -> None:
        """Walk over nodes that begin on a line of their own."""
        self._break("")
        self._walk(nodes)
        self._break("")

    def cited(self) -> tuple[list[CitedLink], list[str]]:
        """Return the links that the page cites, and the addresses that it says are dead."""
        links: list[CitedLink] = []
        dead: list[str] = []
        for place, event in self._events:
            if isinstance(event, _Note):
                place = event.place
            cited = Cited(self._context(place))
            if isinstance(event, _Note):
                cited.read(event.content)
            elif isinstance(event, External):
                cited.take_external(event)
            else:
                cited.links = links[-1:]  # {{dead link}} speaks of the link before it
                cited.take_template(event)
                cited.links = cited.links[len(links[-1:]) :]
            cited.date(place.day if place else None)
            links += cited.links
            dead += cited.dead
        return links, list(dict.fromkeys(dead))

    def _context(self, place: Place | None) -> str:
        if place is None:
            return ""
        return place.as_item() if self._nested else place.as_sentence()

    # Nodes

    def _walk(self, nodes: Sequence[Node]) -> None:
        take: dict[type, Callable[..., None]] = {
            str: self._take_text, External: self._take_external, Template: self._take_template,
            Wikilink: self._take_wikilink, Tag: self._take_tag,
        }  # fmt: skip
        for node in with_links(nodes):
            take[type(node)](node)

    def _take_text(self, text: str) -> None:
        first, *rest = text.replace("||", "\n|").replace("!!", "\n!").split("\n")
        self._line.add(readable(first))
        for line in rest:
            said = self._break(line)
            self._line.add(readable(said))

    def _break(self, begun: str) -> str:
        """Begin a line; return it without the marks that say what it is."""
        if self._nested:
            self._topics.note(self._line)
        marks = _LIST_MARKS.match(begun)
        heading, bold = _HEADING.fullmatch(begun), _BOLD.fullmatch(begun)
        self._line = Line(len(marks[0]) if marks else 0, bool(heading or bold))
        if heading:
            return heading[2]
        if marks:
            return begun[marks.end() :].lstrip()
        table = _TABLE.match(begun)
        return begun[table.end() :] if table else begun

    def _here(self) -> Place | None:
        if self._listing:
            return None
        return Place(self._line, self._line.length, self._topics.above(self._line), self._day)

    def _take_external(self, link: External) -> None:
        label = link.target if link.is_bare else plain(link.label)
        if not (label.startswith("(") and label.endswith(")")):  # an outlet, behind the sentence
            self._line.add(label)
        self._events.append((self._here(), link))
        self._take_notes_in(link.label)

    def _take_notes_in(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            if isinstance(node, Tag):
                self._take_tag(node)

    def _take_wikilink(self, link: Wikilink) -> None:
        if is_file(link.target):
            for part in link.parts[-1:]:
                self._aside(part)
            return
        self._line.add(shown(link))
        for part in link.parts:
            self._take_notes_in(part)

    def _take_tag(self, tag: Tag) -> None:
        if tag.name == "references":
            self._listing += 1
            self._walk(tag.content)
            self._listing -= 1
            return
        name = _name_of(tag.attributes)
        note = self._notes.get(name) if name else None
        if note is None:
            note = _Note()
            if name:
                self._notes[name] = note
        note.place = note.place or self._here()
        if tag.content and not note.content:
            note.content = tag.content
            self._events.append((None, note))

    def _take_template(self, template: Template) -> None:
        day = _day_of(template)
        if day is not None:
            self._day = day if self._shows_several else None
            self._walk(["\n", *template.values.get("content", [])])
            return
        self._line.add(read_through(template))
        probe = Cited()
        if probe.take_template(template) or probe.dead:
            self._events.append((self._here(), template))
            return
        for name, value in template.values.items():
            self._listing += name in IN_LISTS
            self._aside(value)
            self._listing -= name in IN_LISTS

    def _aside(self, nodes: Sequence[Node]) -> None:
        """Walk over what stands beside the text, and go on with the line that was begun."""
        if all(isinstance(node, str) and "//" not in node for node in nodes):
            return
        line, self._line = self._line, Line()
        self._walk(nodes)
        self._line = line


def _name_of(attributes: str) -> str:
    """Return the name of a note within its group; empty: it has none."""
    found = {m[1].casefold(): m[2] or m[3] or m[4] for m in _NOTE_NAME.finditer(attributes)}
    return f"{found.get('group') or ''}\n{found['name']}" if found.get("name") else ""


# ------------------------------------------------------------------ days


def _days_in(nodes: Sequence[Node]) -> list[str]:
    """Return the days of Current Events that a page shows, in its order."""
    days = (_day_of(node) for node in nodes if isinstance(node, Template))
    return list(dict.fromkeys(day for day in days if day))


def _day_of(template: Template) -> str | None:
    """Return the day of a template of Current Events; None for any other template."""
    if template.name not in (DAY, DAY_HEADER):
        return None
    named = [("year", "1"), ("month", "2"), ("day", "3")]
    year, month, day = (
        text_of(template.values.get(name) or template.values.get(number) or []).strip()
        for name, number in named
    )
    return written_day(f"{year}-{month}-{day}") or written_day(f"{day} {month} {year}")
