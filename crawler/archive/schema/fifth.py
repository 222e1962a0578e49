"""Step 005: what is withheld or forgotten, and the seals by which every row is checked."""

from __future__ import annotations

from sqlite_utils import Database

TABLES = """
CREATE TABLE withheld (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES sources(id),
  decision TEXT NOT NULL CHECK (decision IN ('withheld', 'forgotten', 'released')),
  reason TEXT NOT NULL,
  decided_at TEXT NOT NULL
) STRICT;
CREATE INDEX withheld_by_source ON withheld(source, id);

CREATE TABLE tombstones (
  digest TEXT PRIMARY KEY,
  size_bytes INTEGER NOT NULL,
  withheld INTEGER NOT NULL REFERENCES withheld(id)
) STRICT;
CREATE INDEX tombstones_by_withheld ON tombstones(withheld);

ALTER TABLE sources ADD COLUMN withheld TEXT CHECK (withheld IN ('withheld', 'forgotten'));
CREATE INDEX sources_withheld ON sources(withheld) WHERE withheld IS NOT NULL;

CREATE TABLE seals (
  sealed_table TEXT NOT NULL,
  level INTEGER NOT NULL,
  number INTEGER NOT NULL,
  digests BLOB NOT NULL,
  PRIMARY KEY (sealed_table, level, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE unsealed (
  sealed_table TEXT NOT NULL,
  position INTEGER NOT NULL,
  PRIMARY KEY (sealed_table, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE manifests (
  id INTEGER PRIMARY KEY,
  archive_uid TEXT NOT NULL,
  number INTEGER NOT NULL,
  digest TEXT NOT NULL UNIQUE,
  previous_digest TEXT,
  run INTEGER REFERENCES runs(id),
  sealed_at TEXT NOT NULL,
  body TEXT NOT NULL,
  UNIQUE (archive_uid, number)
) STRICT;
CREATE INDEX manifests_by_run ON manifests(run);

CREATE TABLE stamps (
  id INTEGER PRIMARY KEY,
  manifest INTEGER NOT NULL REFERENCES manifests(id),
  authority TEXT NOT NULL,
  asked_at TEXT NOT NULL,
  stamped_at TEXT,
  request BLOB NOT NULL,
  response BLOB,
  problem TEXT,
  CHECK ((stamped_at IS NULL) = (problem IS NOT NULL))
) STRICT;
CREATE INDEX stamps_by_manifest ON stamps(manifest)
"""

_REPLACED = ("payloads_remain", "runs_stay")

# A payload may go where a tombstone stays in its place. A run ends before its manifest is made,
# because the manifest speaks of the ended row.
_GUARDS = """
CREATE TRIGGER payloads_remain BEFORE DELETE ON payloads
WHEN NOT EXISTS (SELECT 1 FROM tombstones WHERE digest = old.digest)
BEGIN SELECT RAISE(ABORT, 'payloads are evidence: rows are never deleted'); END;
CREATE TRIGGER runs_stay BEFORE UPDATE OF id, uid, archive_uid, command, software, settings,
  started_at, finished_at, finish_reason, counts ON runs WHEN old.finish_reason IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a finished run is evidence: it is never changed'); END;
CREATE TRIGGER runs_stay_sealed BEFORE UPDATE OF manifest_digest, previous_manifest_digest ON runs
WHEN old.manifest_digest IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a finished run is evidence: it is never changed'); END;
"""
_GUARDS += "".join(
    f"""CREATE TRIGGER {table}_stay BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} are evidence: rows are never changed'); END;
CREATE TRIGGER {table}_remain BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} are evidence: rows are never deleted'); END;
CREATE TRIGGER {table}_are_new BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})
BEGIN SELECT RAISE(ABORT, '{table} are evidence: rows are never replaced'); END;
"""
    for table, same in (
        ("withheld", "id = new.id"),
        ("tombstones", "digest = new.digest"),
        ("manifests", "id = new.id OR digest = new.digest"),
        ("stamps", "id = new.id"),
    )
)


def withhold_and_seal(db: Database) -> None:
    """Lay the tables; what is in the archive is sealed by the next command that writes."""
    for statement in TABLES.split(";\n"):
        db.execute(statement)
    for name in _REPLACED:
        db.execute(f"DROP TRIGGER {name}")
    for trigger in _GUARDS.split("END;\n"):
        if trigger.strip():
            db.execute(trigger + "END")
