"""``sourcekeep add --never PLACE``: what is never fetched, how that is told and taken back."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from crawler.archive import Archive, Row
from crawler.cli.hints import hint
from crawler.cli.options import archive_path, moment
from crawler.cli.output import plural, print_json, print_table, safe
from crawler.errors import InputNotFound, UsageError
from crawler.urls.places import Place, parse_place


def bar(parsed: argparse.Namespace) -> int:
    """Bar the places that are named, all of them or none. Raises UsageError for what is none."""
    places = [_named(text) for text in parsed.inputs]
    now = moment(parsed)
    with Archive.open(archive_path(parsed), create=True) as archive:
        with archive.writing():
            for place in places:
                archive.barring.bar(place, parsed.why, now=now)
        told = [row for row in archive.barring.rules() if row["place"] in set(map(str, places))]
        inputs = _inputs_in(archive, places)
    if parsed.json:
        print_json({"never": told, "inputs": [row["locator"] for row in inputs]})
    elif not parsed.quiet:
        print("\n".join(_told(told, inputs, parsed)))
    return 0


def _named(text: str) -> Place:
    """Return the place that a person names; a file of that name is more likely what they meant."""
    if "://" not in text and Path(text).expanduser().exists():
        raise UsageError(f"{text} is a file or folder here; for a host of that name write http://…")
    return parse_place(text)


def _inputs_in(archive: Archive, places: Sequence[Place]) -> list[Row]:
    """Return the inputs that are still asked for, though they lie in a barred place."""
    return [
        row
        for row in archive.reading.inputs()
        if row["kind"] == "url" and row["enabled"]
        and archive.barring.holding(row["locator"]) in places
    ]  # fmt: skip


def _told(rules: Sequence[Row], inputs: Sequence[Row], parsed: argparse.Namespace) -> Iterator[str]:
    for row in rules:
        yield (
            f"{safe(row['place'])} is never fetched, since {row['decided_at'][:10]}:"
            f" {plural(row['sources'], 'source')} {'lies' if row['sources'] == 1 else 'lie'} there;"
            " what was captured stays"
        )
    for row in inputs:
        command = hint(f"sourcekeep add --off {row['id']}", parsed)
        yield f"an input lies there, too; take it back with: {command}"


def release(archive: Archive, text: str, now: datetime) -> str:
    """Take back the rule that a person names, and return its place.

    Raises InputNotFound when it is no rule; nothing else is of that name, either.
    """
    try:
        place = parse_place(text)
        if archive.barring.release(place, now=now):
            return str(place)
    except UsageError:
        pass
    raise InputNotFound(
        text, "is no input, and no place that is barred; list them with: sourcekeep add --list"
    )


def print_rules(rules: Sequence[Row]) -> None:
    """Print what is never fetched; nothing where there are no rules."""
    if rules:
        print("\nnever fetched:")
        shown = [{**dict(row), "since": row["decided_at"], "why": row["reason"]} for row in rules]
        print_table(shown, ["place", "since", "sources", "why"])


def barred_line(source: Row) -> str | None:
    """Return in one line by which rule a source is never fetched, and since when; None: it is."""
    if source["barred_by"] is None:
        return None
    why = f": {source['barred_reason']}" if source["barred_reason"] else ""
    return (
        f"never fetched since {source['barred_since'][:10]}, by the rule {source['barred_by']}{why}"
    )
