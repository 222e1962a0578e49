"""Step 008: places that are never fetched."""

from __future__ import annotations

from sqlite_utils import Database

TABLES = """
CREATE TABLE barred (
  id INTEGER PRIMARY KEY,
  place TEXT NOT NULL,
  decision TEXT NOT NULL CHECK (decision IN ('barred', 'released')),
  reason TEXT,
  decided_at TEXT NOT NULL
) STRICT;
CREATE INDEX barred_by_place ON barred(place, id);

ALTER TABLE sources ADD COLUMN barred INTEGER REFERENCES barred(id);
CREATE INDEX sources_barred ON sources(barred) WHERE barred IS NOT NULL
"""

# Whoever plans a visit to a barred source plans none: a visit that was under way when the rule was
# laid, a merge, or a person who knows only the table.
TRIGGERS = """
CREATE TRIGGER barred_stay BEFORE UPDATE ON barred
BEGIN SELECT RAISE(ABORT, 'barred are evidence: rows are never changed'); END;
CREATE TRIGGER barred_remain BEFORE DELETE ON barred
BEGIN SELECT RAISE(ABORT, 'barred are evidence: rows are never deleted'); END;
CREATE TRIGGER barred_are_new BEFORE INSERT ON barred
WHEN EXISTS (SELECT 1 FROM barred WHERE id = new.id)
BEGIN SELECT RAISE(ABORT, 'barred are evidence: rows are never replaced'); END;
CREATE TRIGGER sources_barred_wait AFTER UPDATE OF due_at ON sources
WHEN new.barred IS NOT NULL AND new.due_at IS NOT NULL
BEGIN
  UPDATE sources SET due_at = NULL, due_reason = 'barred: never fetched' WHERE id = new.id;
END;
"""


def bar_places(db: Database) -> None:
    """Lay the table of the rules, and what keeps barred sources out of the schedule."""
    for statement in TABLES.split(";\n"):
        db.execute(statement)
    for trigger in TRIGGERS.split("END;\n"):
        if trigger.strip():
            db.execute(trigger + "END")
