"""Step 009: a later text of a source may be held as edits of an earlier one."""

from __future__ import annotations

from sqlite_utils import Database

from crawler.archive.schema.checks import widen_check
from crawler.archive.views import TEXTS

_WORDS = "title IS NOT NULL OR text IS NOT NULL"

# The search index asks for its content by name: from now on it asks the view, and is not touched.
_STATEMENTS = f"""
DROP TRIGGER texts_ai;
DROP TRIGGER texts_ad;
DROP TRIGGER texts_au;
ALTER TABLE texts RENAME TO stored_texts;
ALTER TABLE stored_texts ADD COLUMN base INTEGER REFERENCES stored_texts(id);
ALTER TABLE stored_texts ADD COLUMN edits TEXT CHECK ((edits IS NULL) = (base IS NULL));
CREATE INDEX stored_texts_by_base ON stored_texts(base) WHERE base IS NOT NULL;
CREATE VIEW texts AS {TEXTS}
"""
# Nothing changes a text: how it is held may change, of which the index need not know.
_INDEXING = (
    """CREATE TRIGGER stored_texts_found AFTER INSERT ON stored_texts
BEGIN INSERT INTO texts_fts (rowid, title, text)
  SELECT id, title, text FROM texts WHERE id = new.id; END""",
    """CREATE TRIGGER stored_texts_lost BEFORE DELETE ON stored_texts
BEGIN INSERT INTO texts_fts (texts_fts, rowid, title, text)
  SELECT 'delete', id, title, text FROM texts WHERE id = old.id; END""",
)


def share_wording(db: Database) -> None:
    """Let texts be held so, and be read as before, from a view. All rows stay as they are."""
    sql = db.conn
    # While a view names the table, its renaming would be written into that view.
    views = sql.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'").fetchall()
    for name, _ in views:
        sql.execute(f'DROP VIEW "{name}"')
    for statement in _STATEMENTS.split(";\n"):
        sql.execute(statement)
    for trigger in _INDEXING:
        sql.execute(trigger)
    widen_check(db, "stored_texts", _WORDS, f"{_WORDS} OR edits IS NOT NULL")
    for _, view in views:
        sql.execute(view)
