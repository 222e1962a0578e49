"""The questions that an archive is opened for, as canned queries of Datasette.

Each column called ``snapshot…`` or ``source`` becomes a link (see plugin.py).
"""

from __future__ import annotations

_GOOD = "('live', 'live-unverified', 'moved')"
_GONE = "('vanished', 'usurped', 'drifted')"

_LOST = """
SELECT e.date, e.title AS entry, k.label, v.verdict, v.last_proven_alive_at,
  v.first_seen_missing_at, v.title AS source_title, v.url, v.id AS source,
  s.good_capture AS snapshot
FROM vanished v
JOIN sources s ON s.id = v.id
JOIN citations k ON k.source = v.id AND k.removed_at IS NULL
JOIN entries e ON e.id = k.entry
ORDER BY e.date DESC, e.id, k.position
"""

# A day means its end. The last good snapshot up to then shows what stood there.
_SAID = f"""
SELECT n.captured_at, n.id AS snapshot, n.title, s.url, s.id AS source, n.words, n.text
FROM sources s
JOIN snapshots n ON n.id = (
  SELECT c.id FROM captures c
  JOIN fetches f ON f.id = c.fetch
  LEFT JOIN outcomes o ON o.fetch = f.id
  WHERE c.source = s.id AND coalesce(o.outcome, f.outcome) IN {_GOOD}
    AND (:date = '' OR c.captured_at <= substr(:date || 'T23:59:59Z', 1, 20))
  ORDER BY c.captured_at DESC, c.id DESC LIMIT 1)
WHERE :source <> '' AND (
  s.id IN (SELECT source FROM source_spellings WHERE url = :source)
  OR instr(lower(s.url), lower(:source)) OR instr(lower(s.title), lower(:source)))
ORDER BY s.url = :source DESC, n.captured_at DESC
LIMIT 50
"""

_CHANGED = """
SELECT found_at, class, title, edits, words_before, words_after, before_at,
  before AS snapshot_before, after_at, after AS snapshot_after, url, source, entries
FROM changed
WHERE told = 1
ORDER BY found_at DESC, id DESC
LIMIT 500
"""

_PERSON = f"""
SELECT * FROM (
  SELECT iif(verdict IN {_GONE} OR verdict = 'blocked', verdict, 'changed') AS why,
    max(coalesce(verdict_since, ''), coalesce(changed_at, '')) AS since,
    title, url, last_outcome, held, entries, id AS source
  FROM sources_now
  WHERE verdict IN {_GONE} OR verdict = 'blocked' OR changes > 0
  UNION ALL
  SELECT 'never captured', last_fetched_at, title, url, last_outcome, 0, entries, id
  FROM never_captured
  WHERE failures_in_a_row > 0 AND verdict NOT IN {_GONE} AND verdict <> 'blocked'
)
ORDER BY since DESC, source
LIMIT 500
"""

_SEARCH = """
SELECT n.captured_at, n.id AS snapshot, n.title,
  snippet(texts_fts, 1, '[', ']', ' … ', 24) AS found, n.source_url, n.source
FROM texts_fts
JOIN extractions x ON x.text = texts_fts.rowid
JOIN captures c ON c.payload = x.payload AND c.record_type = 'response'
JOIN snapshots n ON n.id = c.id
WHERE texts_fts MATCH escape_fts(:words) AND n.withheld IS NULL
ORDER BY texts_fts.rank
LIMIT 100
"""

QUERIES = {
    "lost": {
        "title": "Which entries lost a source?",
        "description": "What was missing on repeated, spaced looks, or is now something else;"
        " with our copy, where one is held.",
        "sql": _LOST.strip(),
    },
    "said": {
        "title": "What did this source say on that date?",
        "description": "The last good snapshot up to the end of a day. Source: its URL, or a part"
        " of its URL or title. Date: YYYY-MM-DD; empty: now.",
        "sql": _SAID.strip(),
        "params": ["source", "date"],
    },
    "changed_lately": {
        "title": "What changed?",
        "description": "Changes that a person is told of, newest first, with the words.",
        "sql": _CHANGED.strip(),
    },
    "attention": {
        "title": "What needs a person?",
        "description": "Sources that vanished, turned into something else, are blocked, have"
        " changed materially, or could never be captured.",
        "sql": _PERSON.strip(),
    },
    "search": {
        "title": "Which sources speak of something?",
        "description": "Full-text search over all versions; words are found in any of their forms.",
        "sql": _SEARCH.strip(),
        "params": ["words"],
    },
}
