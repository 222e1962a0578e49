"""An attempt that got no answer, as it leaves the archive: what was asked, and how it failed."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace

from crawler.archive.selection.publishing import (
    citation_to_publish,
    fetch_to_leave,
    fetch_to_publish,
    judgement_to_publish,
    source_to_publish,
    without_words,
)
from crawler.archive.selection.records import (
    CitationRecord,
    FetchRecord,
    JudgementRecord,
    RunRecord,
    SourceRecord,
)
from crawler.archive.selection.rows import citations_of, columns_of_parts, parts_of
from crawler.verdicts import LIVE

_GOOD = ", ".join(f"'{outcome}'" for outcome in sorted(LIVE))


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One fetch of which nothing was kept, because nothing came."""

    fetch: FetchRecord
    run: RunRecord
    source: SourceRecord | None  # None: an entry page, robots.txt, a control URL
    judgement: JudgementRecord | None  # None: a hop on the way, or not judged yet
    citations: tuple[CitationRecord, ...]

    @property
    def outcome(self) -> str:
        """What the visit showed: as judged, else as the transport told."""
        return self.judgement.outcome if self.judgement else self.fetch.outcome


_PARTS = ("s", "f", "r", "o")
_SELECT = f"""SELECT f.id AS fetch_number, s.withheld AS withheld, {columns_of_parts(_PARTS)}
FROM temp.attempted c
CROSS JOIN fetches f ON f.id = c.fetch
CROSS JOIN runs r ON r.id = f.run
LEFT JOIN sources s ON s.id = c.source
LEFT JOIN outcomes o ON o.fetch = f.id
ORDER BY c.fetch
"""


def fill(
    sql: sqlite3.Connection, where: str, values: Mapping[str, object], *, nearest: bool
) -> int:
    """Lay ``temp.attempted``, the attempts that a selection means; return how many there are.

    ``where`` is SQL over a fetch ``f``. ``nearest``: only those of the visits that are selected.
    """
    sql.execute(
        "CREATE TEMP TABLE IF NOT EXISTS attempted (fetch INTEGER PRIMARY KEY, source INTEGER)"
    )
    visits = " AND f.visit IN (SELECT visit FROM temp.selected)" if nearest else ""
    return sql.execute(
        "INSERT OR IGNORE INTO temp.attempted SELECT f.id, f.source FROM fetches f"
        " WHERE NOT EXISTS (SELECT 1 FROM captures c WHERE c.fetch = f.id)"
        f" AND f.outcome NOT IN ({_GOOD}){visits} AND {where}",
        values,
    ).rowcount


def rows(sql: sqlite3.Connection) -> sqlite3.Cursor:
    """Return the rows of the attempts that are laid, in the order in which they were made."""
    return sql.execute(_SELECT)


def attempt_of(row: sqlite3.Row, *, public: bool) -> AttemptRecord:
    """Return the record of a row, fit to leave; ``public``: to be passed on."""
    parts = parts_of(row, _PARTS)
    citations = citations_of(row)
    source: SourceRecord | None = parts["s"]
    if source is not None and row["withheld"]:
        source = without_words(source, citations)
    fetch = fetch_to_leave(parts["f"])
    record = AttemptRecord(fetch, parts["r"], source, parts["o"], citations)
    return _published(record) if public else record


def _published(record: AttemptRecord) -> AttemptRecord:
    """Without secrets, and without the words of our own resolver, proxy or network."""
    return replace(
        record,
        fetch=replace(fetch_to_publish(record.fetch), error=None, ip_address=None),
        source=record.source and source_to_publish(record.source),
        judgement=record.judgement and judgement_to_publish(record.judgement),
        citations=tuple(map(citation_to_publish, record.citations)),
    )
