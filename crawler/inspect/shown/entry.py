"""An entry: what it says, and how each of its sources stands."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from crawler.archive import Archive, Row
from crawler.inspect.shown.families import GONE
from crawler.inspect.shown.nearest import Near, nearest

CITATIONS_SHOWN = 500

_ENTRY = "SELECT * FROM entries WHERE id = ?"
_CITATIONS = """
SELECT k.id, k.position, k.role, k.label, k.agency, k.publisher, k.url_as_cited, k.url,
  k.archived_at, k.cited_on, k.removed_at, s.id AS source, s.title, s.host, s.verdict,
  s.verdict_since, s.last_outcome, s.good_capture, s.changes, s.changed_at,
  c.captured_at AS good_capture_at
FROM citations k
LEFT JOIN sources s ON s.id = k.source
LEFT JOIN captures c ON c.id = s.good_capture
WHERE k.entry = ?
ORDER BY k.removed_at IS NOT NULL, k.role NOT IN ('source', 'archive-of'), k.position, k.id
LIMIT ?
"""
_PASSAGES = """
SELECT citation, kind, passage, standing, wording_now, checked_at FROM passages
WHERE entry_id = ? ORDER BY id
"""
_REVISIONS = "SELECT * FROM entry_revisions WHERE entry = ? ORDER BY position, id"
_RELATIONS = "SELECT * FROM entry_relations WHERE entry = ? ORDER BY position, id"


@dataclass(frozen=True, slots=True)
class Cited:
    """One citation, and how its source stands."""

    row: Row
    near: Near | None  # the good snapshot nearest to the day of the citation; None: none is held
    passages: list[Row]  # what the entry rests on in it

    @property
    def is_lost(self) -> bool:
        """Whether the source is concluded to be gone, or to be something else."""
        return self.row["verdict"] in GONE

    @property
    def is_unsupported(self) -> bool:
        """Whether a passage that stood in the source does not any more."""
        return any(passage["standing"] == "support-lost" for passage in self.passages)


@dataclass(frozen=True, slots=True)
class EntryPage:
    """What the page of an entry tells."""

    row: Row
    sources: list[Cited]  # citations of sources, in their order
    others: list[Cited]  # the cover, internal links, and what was taken out
    revisions: list[Row]
    relations: list[Row]
    left_out: bool  # there are more citations than are shown

    @property
    def lost(self) -> int:
        """How many of its sources it lost."""
        return sum(cited.is_lost for cited in self.sources)

    @property
    def unsupported(self) -> int:
        """In how many of them what was cited stands no more."""
        return sum(cited.is_unsupported for cited in self.sources)

    @property
    def held(self) -> int:
        """Of how many of its sources we hold a good copy."""
        return sum(cited.row["good_capture"] is not None for cited in self.sources)


def read_entry(archive: Archive, entry: int) -> EntryPage | None:
    """Return an entry with its citations; None when there is no such entry."""
    sql = archive.connection.sql
    row = sql.execute(_ENTRY, (entry,)).fetchone()
    if row is None:
        return None
    passages: defaultdict[int, list[Row]] = defaultdict(list)
    for passage in sql.execute(_PASSAGES, (entry,)):
        passages[passage["citation"]].append(passage)
    found = sql.execute(_CITATIONS, (entry, CITATIONS_SHOWN + 1)).fetchall()
    cited = [
        Cited(each, _near(archive, each), passages[each["id"]]) for each in found[:CITATIONS_SHOWN]
    ]
    return EntryPage(
        row=row,
        sources=[each for each in cited if _is_source(each.row)],
        others=[each for each in cited if not _is_source(each.row)],
        revisions=sql.execute(_REVISIONS, (entry,)).fetchall(),
        relations=sql.execute(_RELATIONS, (entry,)).fetchall(),
        left_out=len(found) > CITATIONS_SHOWN,
    )


def _is_source(row: Row) -> bool:
    return row["role"] in ("source", "archive-of") and not row["removed_at"]


def _near(archive: Archive, row: Row) -> Near | None:
    if row["good_capture"] is None:
        return None
    return nearest(archive, row["source"], row["cited_on"])
