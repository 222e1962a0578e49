"""The entries of The Lantern: twelve on six days, and what each is there to show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from crawler.demo.behaviours import day
from crawler.demo.texts import load_text

SUMMARY_WORDS = 115
_SLUG_LETTERS = 120


@dataclass(frozen=True, slots=True)
class Cited:
    """A line of an entry's sources."""

    source: str  # name in SOURCES
    label: str
    suffix: str = ""  # what the citation adds to the URL: tracking parameters, a fragment
    wrapped: str = ""  # 14 digits: cited by a link into a web archive, of that moment
    until: datetime | None = None  # the moment at which the line is taken out; None: it stays


@dataclass(frozen=True, slots=True)
class Change:
    """A line of an entry's list of changes; the current version is not listed here."""

    title: str
    stamp: str
    note: str


@dataclass(frozen=True, slots=True)
class DemoEntry:
    """An entry as its editors keep it."""

    name: str
    on: date
    topic: str
    headline: str
    opening: str | None  # the article whose beginning is the summary
    cited: tuple[Cited, ...]
    related: Mapping[str, str]  # names of other entries, and the context that they share
    known: str
    cover: str | None = None
    language: str = "en"
    changes: tuple[Change, ...] = ()
    related_later: Mapping[datetime, Mapping[str, str]] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """The name of its file: the headline, made safe and cut."""
        return slugify(self.headline)

    @property
    def folder(self) -> str:
        """Its day as a path; the month is padded, the day is not."""
        return day_folder(self.on)

    @property
    def summary(self) -> str:
        """The beginning of an article; empty when there is none."""
        return load_text(self.opening).opening(SUMMARY_WORDS) if self.opening else ""

    def cited_at(self, moment: datetime) -> tuple[Cited, ...]:
        """Return the lines of its sources as they stand at a moment."""
        return tuple(line for line in self.cited if line.until is None or moment < line.until)

    def related_at(self, moment: datetime) -> Mapping[str, str]:
        """Return its related entries as they stand at a moment."""
        reached = [since for since in self.related_later if since <= moment]
        return self.related_later[max(reached)] if reached else self.related

    def modified_at(self, moment: datetime) -> datetime:
        """Return when its page last became what it is at a moment."""
        published = datetime(self.on.year, self.on.month, self.on.day, 18, tzinfo=UTC)
        edits = [line.until for line in self.cited if line.until] + list(self.related_later)
        return max([published, *(edit for edit in edits if edit <= moment)])


def slugify(title: str) -> str:
    """Return a title as the archive makes file names of it."""
    return re.sub(r"\W+", "-", title.lower()).strip("-")[:_SLUG_LETTERS].strip("-")


def day_folder(on: date) -> str:
    """Return the folder of a day: ``/news/2026/01/5``."""
    return f"/news/{on.year}/{on.month:02}/{on.day}"


ENTRIES = (
    DemoEntry(
        "ferry",
        date(2026, 1, 5),
        "Port Ellery",
        "Port Ellery opens its rebuilt ferry terminal, fourteen months after the November storm "
        "took the roof off the old one.",
        "ferry-terminal",
        (
            Cited("ferry-terminal", "Northsound via ''The Ellery Courier"),
            Cited("ferry-timetable", "Ministry of Harbours and Fisheries"),
        ),
        {"night-ferry": "Port Ellery, Ferries", "fund": "November storm"},
        "two sources, one of them plain text; a cover image",
        cover="ferry-terminal",
        changes=(
            Change(
                "Port Ellery: Port Ellery opens its rebuilt ferry terminal.",
                "2026-01-05 13:49:30",
                "First version",
            ),
            Change(
                "Port Ellery opens its rebuilt ferry terminal, fourteen months after the storm.",
                "2026-01-05 18:02:11",
                "Update",
            ),
        ),
    ),
    DemoEntry(
        "lead",
        date(2026, 1, 5),
        "Fishing",
        "The council of the Ellery Islands bans lead fishing weights from 2027, by fourteen votes "
        "to five.",
        "lead-weights",
        (
            Cited("lead-weights", "Northsound"),
            Cited("lead-weights-talk", "Tidewater Radio"),
        ),
        {"ponies": "Wildlife"},
        "a source that is re-worded later, and one behind a meta refresh",
        changes=(
            Change(
                "The council of the Ellery Islands bans lead fishing weights from 2027.",
                "2026-01-05 17:20:04",
                "First version",
            ),
        ),
    ),
    DemoEntry(
        "spring",
        date(2026, 1, 12),
        "Quillan",
        "Geologists trace a second spring of fresh water beneath Quillan, after a baker complains "
        "that the water in her cellar tastes too good.",
        "quillan-spring",
        (
            Cited("quillan-spring", "The Quillan Gazette"),
            Cited("spring-report", "Fathom Institute"),
            Cited("spring-walk", "The Ellery Courier", wrapped="20260112083000"),
        ),
        {"ponies": "Quillan"},
        "an archive link (role archive-of); a source whose robots.txt is broken",
        cover="quillan-spring",
        changes=(
            Change(
                "Geologists trace a second spring of fresh water beneath Quillan.",
                "2026-01-12 09:15:00",
                "First version",
            ),
        ),
    ),
    DemoEntry(
        "lighthouse",
        date(2026, 1, 12),
        "Lighthouses",
        "The last lighthouse clock that was wound by hand stops at Tern Head; an electric motor "
        "takes its place.",
        "lighthouse-clock",
        (
            Cited(
                "lighthouse-clock",
                "The Ellery Courier",
                suffix="?utm_source=newsletter&utm_campaign=week-3",
            ),
            Cited("tern-head-picture", "Office of Lights and Buoys (picture)"),
            Cited("lamp-oil", "Office of Lights and Buoys (inventory)"),
            Cited("lighthouse-essay", "''The Meridian Review''"),
        ),
        {"islands-zh": "Tern Head, Lighthouses"},
        "one spelling of a URL with tracking parameters; an image as a source; a broken transfer",
        cover="tern-head",
        changes=(
            Change(
                "Lighthouses: The last lighthouse clock that was wound by hand stops at Tern Head.",
                "2026-01-12 11:40:52",
                "First version",
            ),
            Change(
                "The last lighthouse clock that was wound by hand stops at Tern Head.",
                "2026-01-14 08:03:27",
                "Update",
            ),
        ),
    ),
    DemoEntry(
        "fund",
        date(2026, 1, 19),
        "Public finance",
        "The Ellery Islands set up a fund of $50 million for their seventeen small harbours.",
        "harbour-fund",
        (
            Cited("harbour-fund", "The Ellery Courier"),
            Cited("fund-statement", "Ministry of Harbours and Fisheries (PDF)"),
            Cited("fund-reaction", "Northsound", until=day(4)),
        ),
        {"ferry": "November storm", "surge": "Saltmarsh, Low Harbour"},
        "loses its third source on day 4; its Related list changes on day 6",
        cover="harbour-fund",
        changes=(
            Change(
                "The Ellery Islands set up a fund of $50 million for their small harbours.",
                "2026-01-19 12:31:45",
                "First version",
            ),
        ),
        related_later={
            day(6): {
                "surge": "Saltmarsh, Low Harbour",
                "school": "Low Harbour",
                "ferry": "November storm",
            }
        },
    ),
    DemoEntry(
        "ponies",
        date(2026, 1, 19),
        "Wildlife",
        "The herd of wild ponies on the northern hills reaches 107 animals, the highest number "
        "since counts began in 1962.",
        "pony-count",
        (
            Cited("pony-count", "The Quillan Gazette"),
            Cited("pony-route", "Northsound"),
            Cited("pony-voices", "Tidewater Radio"),
        ),
        {"spring": "Quillan", "lead": "Wildlife"},
        "a source that is gone later, one behind redirects, one slow",
        changes=(
            Change(
                "The herd of wild ponies on the northern hills reaches 107 animals.",
                "2026-01-19 16:08:19",
                "First version",
            ),
        ),
    ),
    DemoEntry(
        "school",
        date(2026, 2, 2),
        "Education",
        "The school of Low Harbour, with ninety-four pupils, begins to teach all of them in four "
        "languages.",
        "four-languages",
        (
            Cited("four-languages", "The Quillan Gazette"),
            Cited("letter-russian", "The Meridian Review (Russian)"),
            Cited("letter-japanese", "The Meridian Review (Japanese)"),
            Cited("market-notes", "The Quillan Gazette (market notes)"),
        ),
        {"surge": "Low Harbour"},
        "three pages in a charset other than their label says; a source that is gone later",
        changes=(
            Change(
                "The school of Low Harbour begins to teach in four languages.",
                "2026-02-02 10:26:33",
                "First version",
            ),
        ),
    ),
    DemoEntry(
        "night-ferry",
        date(2026, 2, 2),
        "渡轮",
        "停航十四个月后，埃勒里港开往低港的夜航渡轮恢复运营。",
        "night-ferry-zh",
        (
            Cited("night-ferry-zh", "海湾日报"),
            Cited("ferry-terminal", "The Ellery Courier"),
        ),
        {"ferry": "埃勒里港, 渡轮"},
        "Chinese headings; shares a source with the entry on the ferry terminal",
        cover="night-ferry",
        language="zh",
    ),
    DemoEntry(
        "surge",
        date(2026, 2, 9),
        "Weather",
        "The tide gauge at Saltmarsh records the highest water in 61 years; the last figures are "
        "read from a wall by torchlight.",
        "storm-surge",
        (
            Cited("storm-surge", "Northsound"),
            Cited("tide-tables", "Tidal service"),
            Cited("sea-defence", "Department of Coasts"),
            Cited("hymn-sheet", "Tidewater Radio"),
            Cited(
                "harbour-fund",
                "The Ellery Courier",
                suffix="?utm_source=lantern&utm_medium=web#comments",
            ),
        ),
        {"fund": "Saltmarsh, Low Harbour"},
        "a source that is cut later, a false 304, a soft 404, a second spelling of a URL",
        cover="storm-surge",
        changes=(
            Change(
                "The tide gauge at Saltmarsh records the highest water in 61 years.",
                "2026-02-09 07:55:10",
                "First version",
            ),
        ),
    ),
    DemoEntry(
        "islands-zh",
        date(2026, 2, 9),
        "海岛",
        "海岛一周：灯塔的钟停了，盐沼村重新养起牡蛎，防波堤上亮起四十盏灯。",
        "lighthouse-zh",
        (
            Cited("lighthouse-zh", "海湾日报"),
            Cited("oyster-zh", "海湾日报"),
            Cited("amber-lamps-zh", "海湾日报"),
            Cited("lighthouse-clock", "The Ellery Courier", suffix="#comments"),
        ),
        {"lighthouse": "灯塔, 燕鸥角", "night-ferry": "渡轮"},
        "Chinese headings; a source that is away for two days; one URL with a fragment",
        language="zh",
    ),
    DemoEntry(
        "cable",
        date(2026, 2, 20),
        "Telecommunications",
        "A fault in the undersea cable slows the internet of the Ellery Islands to a fiftieth of "
        "its usual speed; repairs may take until the middle of March.",
        "cable-fault",
        (
            Cited("cable-fault", "Northsound"),
            Cited("cable-notice", "Harbour and Telegraph Office"),
            Cited("cable-coffee", "Tidewater Radio"),
            Cited("cable-charter", "''The Meridian Review''"),
            Cited("cable-reader", "The Ellery Courier (letters)"),
            Cited("anchor-chart", "The Ellery Courier (chart)"),
            Cited("anchor-essay", "''The Meridian Review'' (comment)"),
            Cited("anchor-observer", "The Gull Point Observer"),
        ),
        {"surge": "Gull Point"},
        "walls, a JavaScript shell, and four sources that can never be captured",
        cover="cable-fault",
        changes=(
            Change(
                "A fault in the undersea cable slows the internet of the Ellery Islands.",
                "2026-02-20 14:12:08",
                "First version",
            ),
        ),
    ),
    DemoEntry(
        "broken",
        date(2026, 2, 20),
        "Gull Point",
        "The captain of a coaster hands in his chart at Gull Point "
        "[http:--127.0.0.3-2026-02-20-captain (url=https:--web.archive.org-web-20260220101500-"
        "http:--127.0.0.3-2026-02-20-captain (Northsound",
        None,
        (),
        {"cable": "Gull Point"},
        "damaged: a link without an end in the headline, no Sources heading; warn, do not crash",
    ),
)

BY_NAME = {entry.name: entry for entry in ENTRIES}


def published_by(moment: datetime) -> list[DemoEntry]:
    """Return the entries that The Lantern has at a moment: those of that day and before."""
    return [entry for entry in ENTRIES if entry.on <= moment.date()]
