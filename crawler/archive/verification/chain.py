"""The chain of manifests: in the archive, and beside it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from crawler.archive.seals.manifests import Manifest, beside, read_beside
from crawler.archive.seals.stamps import kept_stamps
from crawler.archive.verification.findings import Finding, Verification
from crawler.stamping.checking import check_stamps
from crawler.stamping.headers import Headers

LINES_TOLD = 10  # of a file of manifests that is something else


def written_beside(path: Path) -> list[Manifest] | None:
    """Return the manifests that stand beside an archive; None: there is no such file.

    To be asked before the archive is read: it is written after the archive.
    """
    try:
        return list(read_beside(beside(path)))
    except OSError:
        return None


def damaged_beside(path: Path) -> Iterator[Finding]:
    """Yield what is wrong with lines of the file beside; nothing of one that a crash cut off."""
    file, told = beside(path), 0
    try:
        lines = file.read_bytes().splitlines(keepends=True) if file.is_file() else []
    except OSError:
        return
    for number, line in enumerate(lines, 1):
        manifest = Manifest.of_line(line)
        is_sound = manifest is not None and json.loads(line).get("digest") == manifest.digest
        if not is_sound and line.endswith(b"\n") and told < LINES_TOLD:
            told += 1
            detail = (
                f"line {number} of {file.name} is no manifest, or was changed; take it out: the"
                " next command that writes adds what is missing"
            )
            yield Finding("manifest", detail=detail)


def check_chain(
    sql: sqlite3.Connection,
    written: list[Manifest] | None,
    result: Verification,
    headers: Headers | None = None,
) -> None:
    """Hold every manifest against its digest and the one before it, and against those beside.

    ``headers`` are of Bitcoin blocks: what proofs of time end in.
    """
    cursor = sql.cursor()
    cursor.row_factory = sqlite3.Row
    own = cursor.execute("SELECT uid FROM archive").fetchone()
    result.archive = str(own["uid"]) if own else None
    rows = cursor.execute("SELECT * FROM manifests ORDER BY archive_uid, number, id").fetchall()
    held: list[Manifest] = []
    for archive, chain in groupby(rows, key=lambda row: str(row["archive_uid"])):
        manifests = list(_chained(list(chain), result))
        if archive == result.archive:
            held = manifests
    result.manifests = len(rows)
    if held:
        result.head, result.sealed_at = held[-1].digest, held[-1].sealed_at
    _check_runs(cursor, result, {row["digest"]: row["previous_digest"] for row in rows})
    _check_stamps(cursor, headers, result)
    if written is not None:
        _check_beside([m for m in written if m.archive == result.archive], result, held)


def _chained(rows: list[sqlite3.Row], result: Verification) -> Iterator[Manifest]:
    """Yield the sound manifests of one archive, and tell of the others."""
    before: Manifest | None = None
    for row in rows:
        try:
            manifest = Manifest.of(row["body"], row["id"])
        except ValueError as exc:
            result.findings.append(_damaged(row, str(exc)))
            before = None
            continue
        said = (manifest.digest, manifest.archive, manifest.number, manifest.previous)
        columns = (row["digest"], row["archive_uid"], row["number"], row["previous_digest"])
        if said != columns or manifest.sealed_at != row["sealed_at"]:
            result.findings.append(_damaged(row, "its text and its columns differ"))
        elif before is not None and before.digest != manifest.previous:
            result.findings.append(_damaged(row, "it does not follow the one before it"))
        elif before is None and manifest.number == 1 and manifest.previous is not None:
            result.findings.append(_damaged(row, "the first one names one before it"))
        if before is None and row is rows[0] and row["number"] != 1:
            result.findings.append(_damaged(row, "those before it are missing"))
        before = manifest
        yield manifest


def _damaged(row: sqlite3.Row, why: str) -> Finding:
    what = f"number {row['number']} of {row['sealed_at']}"
    return Finding("manifest", "manifests", int(row["id"]), what, why)


def _check_runs(
    cursor: sqlite3.Cursor, result: Verification, manifests: dict[str, str | None]
) -> None:
    """Hold what the runs of this archive say of their manifests against these."""
    for row in cursor.execute(
        "SELECT id, started_at, manifest_digest, previous_manifest_digest FROM runs"
        " WHERE manifest_digest IS NOT NULL AND archive_uid = ?",
        (result.archive,),
    ):
        digest, what = row["manifest_digest"], str(row["started_at"])
        if digest not in manifests:
            detail = f"its manifest {digest} is not there"
            result.findings.append(Finding("manifest", "runs", int(row["id"]), what, detail))
        elif manifests[digest] != row["previous_manifest_digest"]:
            detail = "the manifest before its own is another"
            result.findings.append(Finding("manifest", "runs", int(row["id"]), what, detail))


def _check_stamps(cursor: sqlite3.Cursor, headers: Headers | None, result: Verification) -> None:
    """Hold each stamp against its manifest, and proofs in Bitcoin against headers of blocks."""
    checked = check_stamps(kept_stamps(cursor), headers)
    result.stamps, result.attestations = checked.holding, checked.attestations
    result.notes += checked.notes
    for stamp, why in checked.wrong:
        what = f"{stamp.authority} {stamp.stamped_at or stamp.asked_at}"
        result.findings.append(Finding("stamp", "stamps", stamp.row, what, why))


def _check_beside(written: list[Manifest], result: Verification, held: list[Manifest]) -> None:
    """Compare with the file beside: it may lag behind, but never be ahead or differ."""
    lacking = {manifest.digest for manifest in held} - {manifest.digest for manifest in written}
    result.beside = "behind" if lacking else "agrees"
    digests = {manifest.digest for manifest in held}
    ahead = [manifest for manifest in written if manifest.digest not in digests]
    if not ahead:
        return
    result.beside = "differs"
    last, head = ahead[-1], held[-1].number if held else 0
    if ahead[0].number > head:
        later = (
            "1 later manifest stands" if len(ahead) == 1 else f"{len(ahead)} later manifests stand"
        )
        detail = (
            f"{later} beside it, the last of {last.sealed_at}: an older copy, or one without its"
            " -wal"
        )
        result.findings.append(Finding("set-back", detail=detail))
    else:
        detail = f"number {ahead[0].number} beside the archive is another than the one in it"
        result.findings.append(Finding("set-back", None, None, _changed(written, held), detail))


def _changed(written: list[Manifest], held: list[Manifest]) -> str | None:
    """Return which tables the manifest that differs was about, as far as the file beside tells."""
    own = {manifest.number: manifest.digest for manifest in held}
    for manifest in written:
        if own.get(manifest.number) not in (None, manifest.digest) and manifest.tables:
            return "tables " + ", ".join(sorted(manifest.tables))
    return None
