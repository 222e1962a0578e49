"""Step 002: what is judged, compared and concluded from the evidence."""

from __future__ import annotations

from sqlite_utils import Database

TABLES = """
CREATE TABLE page_facts (
  payload TEXT PRIMARY KEY,
  facts TEXT NOT NULL,
  read_at TEXT NOT NULL
) STRICT;

CREATE TABLE incidents (
  id INTEGER PRIMARY KEY,
  host TEXT NOT NULL REFERENCES hosts(host),
  run INTEGER NOT NULL REFERENCES runs(id),
  began_at TEXT NOT NULL,
  sources_visited INTEGER NOT NULL,
  sources_failed INTEGER NOT NULL,
  UNIQUE (run, host)
) STRICT;
CREATE INDEX incidents_by_host ON incidents(host);

CREATE TABLE outcomes (
  fetch INTEGER PRIMARY KEY REFERENCES fetches(id),
  source INTEGER NOT NULL REFERENCES sources(id),
  run INTEGER NOT NULL REFERENCES runs(id),
  fetched_at TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reasons TEXT NOT NULL,
  evidence TEXT,
  similarity REAL,
  similarity_to_cited REAL,
  final_url TEXT,
  incident INTEGER REFERENCES incidents(id),
  judged_at TEXT NOT NULL
) STRICT;
CREATE INDEX outcomes_by_source ON outcomes(source, fetch);
CREATE INDEX outcomes_by_run ON outcomes(run);
CREATE INDEX outcomes_elsewhere ON outcomes(final_url, source) WHERE final_url IS NOT NULL;

CREATE TABLE versions (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES sources(id),
  number INTEGER NOT NULL,
  title TEXT NOT NULL,
  text_digest TEXT NOT NULL,
  article INTEGER NOT NULL REFERENCES articles(id),
  capture INTEGER NOT NULL REFERENCES captures(id),
  first_seen_at TEXT NOT NULL,
  last_seen_at TEXT NOT NULL,
  UNIQUE (source, number)
) STRICT;
CREATE INDEX versions_by_article ON versions(article);
CREATE INDEX versions_by_capture ON versions(capture);

CREATE TABLE changes (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES sources(id),
  run INTEGER NOT NULL REFERENCES runs(id),
  fetch INTEGER NOT NULL UNIQUE REFERENCES fetches(id),
  before INTEGER NOT NULL REFERENCES captures(id),
  after INTEGER NOT NULL REFERENCES captures(id),
  class TEXT NOT NULL,
  told INTEGER NOT NULL CHECK (told IN (0, 1)),
  similarity REAL NOT NULL,
  old_in_new REAL NOT NULL,
  new_in_old REAL NOT NULL,
  words_before INTEGER NOT NULL,
  words_after INTEGER NOT NULL,
  edits TEXT,
  links_added TEXT,
  links_removed TEXT,
  found_at TEXT NOT NULL
) STRICT;
CREATE INDEX changes_by_source ON changes(source, id);
CREATE INDEX changes_by_run ON changes(run);
CREATE INDEX changes_by_before ON changes(before);
CREATE INDEX changes_by_after ON changes(after);
CREATE INDEX changes_told ON changes(found_at) WHERE told = 1;

CREATE TABLE verdicts (
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL REFERENCES sources(id),
  run INTEGER REFERENCES runs(id),
  state TEXT NOT NULL,
  since TEXT,
  confidence REAL NOT NULL,
  reasons TEXT NOT NULL,
  deciding TEXT NOT NULL,
  fetches INTEGER NOT NULL,
  last_proven_alive_at TEXT,
  first_seen_missing_at TEXT,
  by_hand INTEGER NOT NULL DEFAULT 0 CHECK (by_hand IN (0, 1)),
  note TEXT,
  concluded_at TEXT NOT NULL
) STRICT;
CREATE INDEX verdicts_by_source ON verdicts(source, id);
CREATE INDEX verdicts_by_run ON verdicts(run);

CREATE TABLE anchors (
  id INTEGER PRIMARY KEY,
  citation INTEGER NOT NULL REFERENCES citations(id),
  kind TEXT NOT NULL,
  exact TEXT NOT NULL,
  prefix TEXT NOT NULL,
  suffix TEXT NOT NULL,
  digest TEXT NOT NULL,
  version INTEGER REFERENCES versions(id),
  made_at TEXT NOT NULL,
  UNIQUE (citation, kind, exact)
) STRICT;
CREATE INDEX anchors_by_version ON anchors(version);

CREATE TABLE standings (
  id INTEGER PRIMARY KEY,
  anchor INTEGER NOT NULL REFERENCES anchors(id),
  version INTEGER NOT NULL REFERENCES versions(id),
  standing TEXT NOT NULL,
  score REAL NOT NULL,
  wording TEXT,
  checked_at TEXT NOT NULL,
  UNIQUE (anchor, version)
) STRICT;
CREATE INDEX standings_by_version ON standings(version);

CREATE TABLE probes (
  host TEXT NOT NULL REFERENCES hosts(host),
  parent TEXT NOT NULL,
  url TEXT NOT NULL,
  fetch INTEGER NOT NULL REFERENCES fetches(id),
  final_url TEXT NOT NULL,
  status INTEGER,
  payload TEXT,
  probed_at TEXT NOT NULL,
  PRIMARY KEY (host, parent)
) STRICT, WITHOUT ROWID;
CREATE INDEX probes_by_fetch ON probes(fetch);

CREATE TABLE host_titles (
  host TEXT NOT NULL REFERENCES hosts(host),
  kind TEXT NOT NULL CHECK (kind IN ('home', 'error')),
  title TEXT NOT NULL,
  seen_at TEXT NOT NULL,
  PRIMARY KEY (host, kind, title)
) STRICT, WITHOUT ROWID;

ALTER TABLE sources ADD COLUMN unjudged_since TEXT;
ALTER TABLE sources ADD COLUMN probe_url TEXT;
ALTER TABLE sources ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN version INTEGER REFERENCES versions(id);
ALTER TABLE sources ADD COLUMN changes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN changed_at TEXT;
ALTER TABLE sources ADD COLUMN verdict TEXT NOT NULL DEFAULT 'unknown';
ALTER TABLE sources ADD COLUMN verdict_since TEXT;
ALTER TABLE sources ADD COLUMN last_proven_alive_at TEXT;
ALTER TABLE sources ADD COLUMN first_seen_missing_at TEXT;
CREATE INDEX sources_unjudged ON sources(unjudged_since) WHERE unjudged_since IS NOT NULL;
CREATE INDEX sources_by_verdict ON sources(verdict);
CREATE INDEX sources_replaced ON sources(host) WHERE last_outcome IN ('parked', 'usurped')
"""

_GUARDS = """
CREATE TRIGGER verdicts_stay BEFORE UPDATE ON verdicts
BEGIN SELECT RAISE(ABORT, 'verdicts are evidence: rows are never changed'); END;
CREATE TRIGGER verdicts_remain BEFORE DELETE ON verdicts
BEGIN SELECT RAISE(ABORT, 'verdicts are evidence: rows are never deleted'); END;
CREATE TRIGGER verdicts_are_new BEFORE INSERT ON verdicts
WHEN EXISTS (SELECT 1 FROM verdicts WHERE id = new.id)
BEGIN SELECT RAISE(ABORT, 'verdicts are evidence: rows are never replaced'); END;
"""


def judge(db: Database) -> None:
    """Lay the tables of judging; what was visited before is judged by the next run."""
    for statement in TABLES.split(";\n"):
        db.execute(statement)
    for trigger in _GUARDS.split("END;\n"):
        if trigger.strip():
            db.execute(trigger + "END")
    # Good copies were taken on the word of the transport: they are judged anew, oldest visit first.
    db.execute(
        "UPDATE sources SET unjudged_since ="
        " (SELECT min(f.fetched_at) FROM fetches f WHERE f.source = sources.id)"
    )
