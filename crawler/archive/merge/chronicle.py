"""Merging what archives have said over time: verdicts, and the manifests over their rows."""

from __future__ import annotations

import sqlite3
from itertools import groupby
from operator import itemgetter

from crawler.archive.merge.uniting import Inserting, ours_of

_CHAIN = "SELECT archive_uid, number, digest, previous_digest FROM manifests ORDER BY 1, 2"
# When a person last said something of a source, or withdrew it, which is the next row behind.
_LAST_WORD = """
SELECT max(concluded_at) AS at FROM (SELECT concluded_at,
  by_hand OR coalesce(lag(by_hand) OVER (ORDER BY id), 0) AS said
  FROM verdicts WHERE source = ?) WHERE said
"""


def joined_manifests(ours: sqlite3.Connection, theirs: sqlite3.Connection) -> set[str]:
    """Return the manifests that are here or can stand here, each behind the one before it.

    Those of a copy of this archive that went on alone cannot: of one archive there is one chain.
    """
    own = ours.execute("SELECT uid FROM archive").fetchone()["uid"]
    heads = {row["archive_uid"]: row for row in ours.execute(_CHAIN)}
    joined = {row["digest"] for row in ours.execute("SELECT digest FROM manifests")}
    for row in theirs.execute(_CHAIN):
        head = heads.get(row["archive_uid"])
        number, previous = (head["number"], head["digest"]) if head else (0, None)
        follows = (row["number"], row["previous_digest"]) == (number + 1, previous)
        if follows and row["archive_uid"] != own and row["digest"] not in joined:
            joined.add(row["digest"])
            heads[row["archive_uid"]] = row
    return joined


def bring_manifests(
    ours: sqlite3.Connection, theirs: sqlite3.Connection, insert: Inserting, joined: set[str]
) -> int:
    """Bring over manifests, and the stamps on them; return how many rows are new."""
    new = 0
    for row in theirs.execute("SELECT * FROM manifests ORDER BY id").fetchall():
        if row["digest"] in joined and _manifest(ours, row["digest"]) is None:
            insert("manifests", row, run=ours_of(ours, "runs", row["run"]))
            new += 1
    for row in theirs.execute(
        "SELECT t.*, m.digest AS manifest_digest FROM stamps t"
        " JOIN manifests m ON m.id = t.manifest ORDER BY t.id"
    ).fetchall():
        manifest = _manifest(ours, row["manifest_digest"])
        known = ours.execute(
            "SELECT 1 FROM stamps WHERE manifest = ? AND authority = ? AND asked_at = ?"
            " AND response IS ?",
            (manifest, row["authority"], row["asked_at"], row["response"]),
        ).fetchone()
        if manifest is not None and known is None:
            insert("stamps", row, manifest=manifest)
            new += 1
    return new


def _manifest(sql: sqlite3.Connection, digest: str) -> int | None:
    row = sql.execute("SELECT id FROM manifests WHERE digest = ?", (digest,)).fetchone()
    return int(row["id"]) if row else None


def bring_verdicts(ours: sqlite3.Connection, theirs: sqlite3.Connection, insert: Inserting) -> int:
    """Bring over the verdicts on sources on which there are none here, and a person's of others.

    What both have visited is concluded once, after the merge. Of two persons' words the later one
    stands; what was withdrawn since does not come back.
    """
    rows = theirs.execute("SELECT * FROM verdicts ORDER BY source, id").fetchall()
    new = 0
    for theirs_id, verdicts in groupby(rows, key=itemgetter("source")):
        source = ours_of(ours, "sources", theirs_id)
        for row in _wanted(ours, source, list(verdicts)):
            insert(
                "verdicts", row, source=source, run=ours_of(ours, "runs", row["run"]),
                deciding=_mapped_fetches(ours, row["deciding"]),
            )  # fmt: skip
            new += 1
    return new


def _wanted(
    ours: sqlite3.Connection, source: int | None, verdicts: list[sqlite3.Row]
) -> list[sqlite3.Row]:
    known = ours.execute("SELECT 1 FROM verdicts WHERE source = ? LIMIT 1", (source,)).fetchone()
    if known is None:
        return verdicts
    said = ours.execute(_LAST_WORD, (source,)).fetchone()["at"]
    last = verdicts[-1]
    stands = last["by_hand"] and (said is None or said < last["concluded_at"])
    return [last] if stands else []


def _mapped_fetches(sql: sqlite3.Connection, deciding: str) -> str:
    row = sql.execute(
        "SELECT json_group_array(m.ours) AS ours FROM json_each(?) d"
        " JOIN temp.their_fetches m ON m.theirs = d.value",
        (deciding,),
    ).fetchone()
    return str(row["ours"])
