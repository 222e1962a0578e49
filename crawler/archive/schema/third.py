"""Step 003: what web archives hold of the sources, what was brought home, and what was pushed."""

from __future__ import annotations

from sqlite_utils import Database

from crawler.archive.schema.checks import widen_check

TABLES = """
CREATE TABLE mementos (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES sources(id),
  archive TEXT NOT NULL,
  uri_m TEXT NOT NULL,
  original TEXT,
  memento_datetime TEXT,
  known_from TEXT NOT NULL CHECK (known_from IN ('citation', 'index', 'push')),
  status INTEGER,
  digest TEXT,
  state TEXT NOT NULL CHECK (state IN ('known', 'home', 'rejected')),
  outcome TEXT,
  reasons TEXT,
  proof TEXT CHECK (proof IN ('excerpt', 'headline', 'own-copy', 'nothing-to-prove-by')),
  class TEXT CHECK (class IN ('A', 'B', 'C', 'D', 'E')),
  evidence TEXT,
  capture INTEGER REFERENCES captures(id),
  same_bytes_as INTEGER REFERENCES captures(id),
  found_at TEXT NOT NULL,
  retrieved_at TEXT,
  UNIQUE (source, archive, uri_m),
  CHECK ((state = 'home') = (class IS NOT NULL)),
  CHECK ((state = 'home') <= (capture IS NOT NULL))
) STRICT;
CREATE INDEX mementos_by_capture ON mementos(capture) WHERE capture IS NOT NULL;
CREATE INDEX mementos_by_same_bytes ON mementos(same_bytes_as) WHERE same_bytes_as IS NOT NULL;

CREATE TABLE rescues (
  source INTEGER PRIMARY KEY REFERENCES sources(id),
  reason TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'home', 'none-found', 'not-needed')),
  queued_at TEXT NOT NULL,
  due_at TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  last_result TEXT CHECK (last_result IN
    ('found', 'none-found', 'none-good', 'archive-down', 'rate-limited')),
  last_asked_at TEXT,
  memento INTEGER REFERENCES mementos(id)
) STRICT;
CREATE INDEX rescues_by_due ON rescues(due_at) WHERE due_at IS NOT NULL;
CREATE INDEX rescues_by_memento ON rescues(memento) WHERE memento IS NOT NULL;

CREATE TABLE lookups (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES sources(id),
  archive TEXT NOT NULL,
  fetch INTEGER REFERENCES fetches(id),
  result TEXT NOT NULL CHECK (result IN ('found', 'none-found', 'archive-down', 'rate-limited')),
  reason TEXT NOT NULL,
  listed INTEGER NOT NULL,
  malformed INTEGER NOT NULL,
  asked_at TEXT NOT NULL
) STRICT;
CREATE INDEX lookups_by_source ON lookups(source);
CREATE INDEX lookups_by_fetch ON lookups(fetch) WHERE fetch IS NOT NULL;

CREATE TABLE archive_limits (
  archive TEXT PRIMARY KEY,
  strikes INTEGER NOT NULL DEFAULT 0,
  resting_until TEXT,
  reason TEXT,
  index_next_at TEXT,
  replay_next_at TEXT,
  requests INTEGER NOT NULL DEFAULT 0,
  changed_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE pushes (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES sources(id),
  archive TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN
    ('waiting', 'submitted', 'told', 'confirmed', 'given-up', 'withdrawn')),
  queued_at TEXT NOT NULL,
  due_at TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  job TEXT,
  last_reason TEXT,
  submitted_at TEXT,
  confirmed_at TEXT,
  memento INTEGER REFERENCES mementos(id),
  CHECK ((state = 'confirmed') = (confirmed_at IS NOT NULL))
) STRICT;
CREATE INDEX pushes_by_source ON pushes(source);
CREATE INDEX pushes_by_due ON pushes(due_at) WHERE due_at IS NOT NULL;
CREATE INDEX pushes_by_memento ON pushes(memento) WHERE memento IS NOT NULL;

CREATE TABLE relocations (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES sources(id),
  url TEXT NOT NULL,
  found_by TEXT NOT NULL CHECK (found_by IN ('alias', 'canonical', 'sitemap', 'feed')),
  similarity REAL,
  title TEXT,
  measured_against INTEGER REFERENCES captures(id),
  capture INTEGER REFERENCES captures(id),
  decision TEXT NOT NULL CHECK (decision IN ('proposed', 'accepted', 'declined')),
  found_at TEXT NOT NULL,
  decided_at TEXT,
  UNIQUE (source, url)
) STRICT;
CREATE INDEX relocations_by_measured_against ON relocations(measured_against);
CREATE INDEX relocations_by_capture ON relocations(capture);

ALTER TABLE sources ADD COLUMN push INTEGER NOT NULL DEFAULT 0
"""

_PURPOSES = "purpose IN ('source', 'entry', 'robots', 'control'"


def bring_home(db: Database) -> None:
    """Lay the tables of rescue and push, and let fetches have these purposes."""
    for statement in TABLES.split(";\n"):
        db.execute(statement)
    widen_check(db, "fetches", _PURPOSES, f"{_PURPOSES}, 'rescue', 'push'")
