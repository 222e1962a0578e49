"""Who publishes on the demo web: one loopback address each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from crawler.errors import UsageError


@dataclass(frozen=True, slots=True)
class Publisher:
    """A made-up newspaper, agency or office and the look of its pages."""

    key: str
    address: str
    name: str
    motto: str
    sections: tuple[str, ...]
    colour: str
    elsewhere: tuple[str, ...] = ()  # headlines in the sidebar
    dated_by: Literal["json-ld", "meta", "time"] = "json-ld"  # where its pages tell their date
    language: str = "en"


LANTERN = Publisher(
    "lantern",
    "127.0.0.1",
    "The Lantern",
    "A record of the days in the Ellery Islands",
    ("Days", "Topics", "About"),
    "#7a4b12",
)

_PUBLISHERS = (
    LANTERN,
    Publisher(
        "courier",
        "127.0.0.2",
        "The Ellery Courier",
        "Every morning except Monday, and on Mondays too",
        ("Islands", "Harbours", "Weekend", "Letters"),
        "#1f3a5f",
        ("Regatta moved for seals", "The baker who votes by loaf", "Fog: a user's guide"),
    ),
    Publisher(
        "wire",
        "127.0.0.3",
        "Northsound",
        "News agency of the northern sound",
        ("Latest", "Weather", "Shipping", "Sport"),
        "#8b1e2d",
        ("Herring quota unchanged", "Chess: draw after 91 moves", "Pilot boat named"),
        "meta",
    ),
    Publisher(
        "ministry",
        "127.0.0.4",
        "Ministry of Harbours and Fisheries",
        "Government of the Ellery Islands",
        ("Notices", "Statements", "Tides", "Contact"),
        "#24524a",
        ("How to report a buoy", "Forms", "Office hours"),
        "time",
    ),
    Publisher(
        "gazette",
        "127.0.0.5",
        "The Quillan Gazette",
        "Founded 1871, not sold yet",
        ("Town", "Country", "Market", "Chapel and church"),
        "#5b3a6b",
        ("Lost: one glove, left", "Choir seeks bass", "Drains: the story so far"),
        "meta",
    ),
    Publisher(
        "radio",
        "127.0.0.6",
        "Tidewater Radio",
        "On 98.2 and in most kitchens",
        ("Listen", "Morning Tide", "Music", "Weather"),
        "#b3541e",
        ("Request hour: the list", "Shipping forecast, slowly", "Meet the organist"),
    ),
    Publisher(
        "review",
        "127.0.0.7",
        "The Meridian Review",
        "Essays and letters, four times a year",
        ("Essays", "Letters", "Books", "Subscribe"),
        "#333333",
        ("In praise of the index", "The uses of rain", "A short history of short histories"),
    ),
    Publisher(
        "bay-daily",
        "127.0.0.8",
        "海湾日报",
        "埃勒里群岛中文报纸",
        ("要闻", "港口", "渔业", "副刊"),
        "#9c2a2a",
        ("春节游船时刻表", "本周潮汐", "读者来信"),
        "meta",
        "zh",
    ),
    Publisher(
        "institute",
        "127.0.0.9",
        "Fathom Institute",
        "Research on water and rock",
        ("Reports", "People", "Data"),
        "#14506e",
        ("Open day in May", "Vacancies: one, damp"),
        "time",
    ),
)
PUBLISHERS = {publisher.key: publisher for publisher in _PUBLISHERS}

# Cited too, but nothing listens there: The Gull Point Observer was switched off last year.
SILENT = {"observer": "127.0.0.10"}


def find_address(host: str) -> str:
    """Return the loopback address of a publisher by its key, or the address itself."""
    if host in PUBLISHERS:
        return PUBLISHERS[host].address
    known = {publisher.address for publisher in _PUBLISHERS} | set(SILENT.values())
    if host in SILENT or host in known:
        return SILENT.get(host, host)
    raise UsageError(f"the demo web has no host {host!r}; it has {', '.join(PUBLISHERS)}")
