"""Step 004: a text is kept and indexed once, in however many payloads it was found."""

from __future__ import annotations

from sqlite_utils import Database

from crawler.digests import digest_of_text

# `opening` is asked of pages of few words only (crawler/extraction/facts.py); of the others it was
# three quarters of what this table took.
_OPENING_WORDS = 500

_TEXTS = """
ALTER TABLE articles RENAME TO extractions;
CREATE TABLE texts (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  title TEXT,
  text TEXT,
  CHECK (title IS NOT NULL OR text IS NOT NULL)
) STRICT;
INSERT OR IGNORE INTO texts (digest, title, text)
  SELECT digest_of_text(title, text), nullif(title, ''), nullif(text, '')
  FROM extractions WHERE title <> '' OR text <> '' ORDER BY id
"""
# Taken out and put back, because a row that became short does not leave its page. Versions refer to
# these rows: whether all are there again is asked at the commit.
_KEPT = (
    "id, payload, extractor, status, mime, author, site, published_on, language, words,"
    " text_digest, links, charset, tried, failure, extracted_at, text"
)
_EXTRACTIONS = f"""
PRAGMA defer_foreign_keys = ON;
CREATE TABLE extractions_before AS SELECT x.*, t.id AS kept
  FROM (SELECT {_KEPT.removesuffix(", text")}, digest_of_text(title, text) AS digest
    FROM extractions) x
  LEFT JOIN texts t ON t.digest = x.digest ORDER BY x.id;
DELETE FROM extractions;
ALTER TABLE extractions DROP COLUMN title;
ALTER TABLE extractions DROP COLUMN text;
ALTER TABLE extractions ADD COLUMN text INTEGER REFERENCES texts(id);
INSERT INTO extractions ({_KEPT}) SELECT {_KEPT.removesuffix("text")}kept
  FROM extractions_before ORDER BY id;
DROP TABLE extractions_before;
CREATE INDEX extractions_by_text ON extractions(text)
"""
_FACTS = f"""
ALTER TABLE page_facts RENAME TO facts_before;
CREATE TABLE page_facts (
  payload TEXT PRIMARY KEY,
  facts TEXT NOT NULL,
  read_at TEXT NOT NULL
) STRICT;
INSERT INTO page_facts (payload, facts, read_at) SELECT payload,
  CASE WHEN facts ->> 'words' >= {_OPENING_WORDS} THEN json_remove(facts, '$.opening')
    ELSE facts END, read_at
  FROM facts_before ORDER BY rowid;
DROP TABLE facts_before
"""


def keep_texts_once(db: Database) -> None:
    """Part the texts from what was extracted; the view ``articles`` joins them again."""
    sql = db.conn
    # A column that a view or an index names cannot be dropped. Ours are laid anew after the steps;
    # a view that a reader has added finds ``articles`` again, an index of it would be of no use.
    views = sql.execute("SELECT name, sql FROM sqlite_master WHERE type = 'view'").fetchall()
    for name, _ in views:
        sql.execute(f'DROP VIEW "{name}"')
    for (index,) in sql.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'articles' AND sql > ''"
    ).fetchall():
        sql.execute(f'DROP INDEX "{index}"')
    # The search index goes first: the texts take the pages that it leaves free.
    db["articles"].disable_fts()  # type: ignore[union-attr]
    sql.create_function("digest_of_text", 2, digest_of_text, deterministic=True)
    for statements in (_TEXTS, _EXTRACTIONS, _FACTS):
        for statement in statements.split(";\n"):
            sql.execute(statement)
    db["texts"].enable_fts(  # type: ignore[union-attr]
        ["title", "text"], tokenize="porter unicode61 remove_diacritics 2", create_triggers=True
    )
    for _, view in views:
        sql.execute(view)
