"""What a person means by the words of a filter: one clear sentence where it is nothing."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from datetime import timedelta
from difflib import get_close_matches

from crawler.archive.connection import Connection
from crawler.archive.queries.reading import Reading
from crawler.dates import format_instant, parse_instant
from crawler.entries.identity import address_form
from crawler.errors import UsageError
from crawler.verdicts.state import STATES

_DAY = re.compile(r"\s*\d{4}-\d{1,2}-\d{1,2}\s*")
_SHOWN = 10  # of what fits, or is near


class Choosing:
    """Finds in one archive what the filters of an export name."""

    def __init__(self, connection: Connection, reading: Reading) -> None:
        self._sql = connection.sql
        self._reading = reading

    def source(self, text: str) -> int:
        """Return the id of the source that a person means. Raises UsageError."""
        return int(self._reading.source(text)["id"])

    def entry(self, text: str) -> int:
        """Return the id of the entry that a person means: by id, address, or part of its title.

        Raises UsageError when none or several fit.
        """
        found = self._entry_by_id(text) or self._entry_by_address(text) or self._by_title(text)
        if not found:
            raise UsageError(f"no entry fits {text!r}{self._titles_near(text)}")
        if len(found) > 1:
            shown = "\n".join(
                f"  {row['id']:>5}  {row['date'] or '-'}  {row['title']}" for row in found[:_SHOWN]
            )
            raise UsageError(f"{text!r} fits several entries; name one by its id:\n{shown}")
        return int(found[0]["id"])

    def topic(self, text: str) -> str:
        """Return the topic as it is written in entries, whatever its case. Raises UsageError."""
        return self._one_of(
            "topic", text, "SELECT DISTINCT topic FROM entries WHERE topic IS NOT NULL"
        )

    def host(self, text: str) -> str:
        """Return the host of sources that a person means. Raises UsageError."""
        return self._one_of("host", text, "SELECT DISTINCT host FROM sources")

    def run(self, text: str) -> int:
        """Return the id of a run, named by its id or uid. Raises UsageError."""
        row = self._sql.execute(
            "SELECT id FROM runs WHERE uid = ?1 OR id = CAST(?2 AS INTEGER)",
            (text, text if text.isascii() and text.isdecimal() else None),
        ).fetchone()
        if row is None:
            last = self._sql.execute("SELECT max(id) AS id FROM runs").fetchone()["id"]
            known = f"; they are numbered up to {last}" if last else "; there was none yet"
            raise UsageError(f"there is no run {text!r}{known}")
        return int(row["id"])

    def _one_of(self, kind: str, text: str, query: str) -> str:
        known = {str(row[0]).casefold(): str(row[0]) for row in self._sql.execute(query)}
        found = known.get(text.strip().casefold())
        if found is None:
            raise UsageError(f"no {kind} is called {text!r}{near(text, known.values())}")
        return found

    def _entry_by_id(self, text: str) -> list[sqlite3.Row]:
        if not (text.isascii() and text.isdecimal()):
            return []
        return self._entries("id = CAST(? AS INTEGER)", text)  # int() raises from 4300 digits on

    def _entry_by_address(self, text: str) -> list[sqlite3.Row]:
        return self._entries(
            "url = ?1 OR key = ?1 OR id IN (SELECT entry FROM entry_aliases WHERE address = ?2)",
            text, address_form(text),
        )  # fmt: skip

    def _by_title(self, text: str) -> list[sqlite3.Row]:
        part = (
            "instr(lower(title), lower(?1)) > 0 OR instr(lower(coalesce(url, '')), lower(?1)) > 0"
        )
        return self._entries(part, text)

    def _entries(self, condition: str, *values: object) -> list[sqlite3.Row]:
        return self._sql.execute(
            f"SELECT id, date, title FROM entries WHERE {condition} ORDER BY id LIMIT {_SHOWN + 1}",
            values,
        ).fetchall()

    def _titles_near(self, text: str) -> str:
        return near(text, (row["title"] for row in self._sql.execute("SELECT title FROM entries")))


def verdict_called(text: str) -> str:
    """Return the state of a verdict that a person means. Raises UsageError."""
    state = text.strip().lower()
    if state not in STATES:
        raise UsageError(f"there is no verdict {text!r}; the verdicts are: {', '.join(STATES)}")
    return state


def period(since: str | None, until: str | None) -> tuple[str | None, str | None]:
    """Return the instants that a period begins and ends with; a bare day ends with its last second.

    Raises BadDate for what is no date, UsageError when the end comes first.
    """
    first = format_instant(parse_instant(since)) if since else None
    last = None
    if until:
        end = parse_instant(until)
        last = format_instant(
            end + timedelta(hours=24, seconds=-1) if _DAY.fullmatch(until) else end
        )
    if first and last and first > last:
        raise UsageError(f"nothing lies between {since} and {until}: the end comes first")
    return first, last


def near(text: str, known: Iterable[str]) -> str:
    """Return the rest of a sentence that names what is written alike; empty when nothing is."""
    by_fold = {name.casefold(): name for name in known}
    asked = text.strip().casefold()
    found = get_close_matches(asked, by_fold, n=5)
    found += [name for name in by_fold if asked and asked in name and name not in found][:3]
    return f"; written alike: {', '.join(by_fold[name] for name in found)}" if found else ""
