"""The pages of the archive that list entries: one a day, and the front page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from html import escape

from crawler.demo.entries import day_folder, published_by
from crawler.demo.formats import day_name, link
from crawler.demo.pages import load_template


def list_days(moment: datetime) -> list[date]:
    """Return the days that have entries at a moment, in order."""
    return sorted({entry.on for entry in published_by(moment)})


def day_page(on: date, moment: datetime, extension: str) -> str:
    """Return the index of a day, as Markdown or HTML."""
    entries = [entry for entry in published_by(moment) if entry.on == on]
    days = list_days(moment)
    place = days.index(on)
    before = days[place - 1] if place else None
    after = days[place + 1] if place + 1 < len(days) else None
    items = [(e.headline, f"{e.folder}/{e.slug}.{extension}", e.topic) for e in entries]
    neighbours = [
        (f"← {day_name(before)}", _index(before, extension), "prev") if before else None,
        (f"{day_name(after)} →", _index(after, extension), "next") if after else None,
    ]
    found = [neighbour for neighbour in neighbours if neighbour]
    if extension == "md":
        turning = " · ".join(f"[{title}]({url})" for title, url, _rel in found)
        listed = [f"1. [{title} ]({url}) _{topic}_" for title, url, topic in items]
        return "\n".join(["", f"# {day_name(on)}", "", *listed, "", turning, ""])
    turning = " · ".join(link(title, url, rel) for title, url, rel in found)
    listed = [
        f"<li>{link(title, url)} <em>{escape(topic)}</em></li>" for title, url, topic in items
    ]
    content = [f"<h1>{day_name(on)}</h1>", "<ol>", *listed, "</ol>", f"<p>{turning}</p>"]
    return _listing_page(day_name(on), content)


def front_page(moment: datetime, extension: str) -> str:
    """Return the list of all days, the newest first."""
    days = [(day_name(on), _index(on, extension)) for on in reversed(list_days(moment))]
    if extension == "md":
        listed = [f"1. [{name}]({url})" for name, url in days]
        return "\n".join(["", "# The Lantern", "", *listed, ""])
    listed = [f"<li>{link(name, url)}</li>" for name, url in days]
    return _listing_page("Days", ["<h1>Days</h1>", "<ul>", *listed, "</ul>"])


def _index(on: date, extension: str) -> str:
    return f"{day_folder(on)}/index.{extension}"


def _listing_page(title: str, content: Sequence[str]) -> str:
    """Return an HTML page of the archive that is no entry."""
    shown = {"language": "en", "title": title, "alternates": "", "url": ""}
    return load_template("entry.html").substitute(shown, content="\n".join(content))
