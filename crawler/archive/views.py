"""The views that a reader of archive.db meets first. They work in any SQLite client.

"Held" means the same everywhere: the source has a good capture, that is one whose outcome was
``live-unverified`` and which brought a body.
"""

from __future__ import annotations

# The article to show of a payload: the newest, but never one without text in place of one with.
ARTICLE_OF = """(
    SELECT b.id FROM articles b WHERE b.payload = {payload}
    ORDER BY b.status = 'text' DESC, b.id DESC LIMIT 1)"""

# The hops of a redirect are captures too, but what they hold is no page to read.
SNAPSHOTS = f"""
SELECT
  c.id AS id,
  c.captured_at AS captured_at,
  c.source AS source,
  coalesce(a.title, s.title) AS title,
  s.url AS source_url,
  c.url AS captured_url,
  f.status AS http_status,
  f.outcome AS outcome,
  c.record_type AS record_type,
  c.mime_sniffed AS mime,
  p.size_bytes AS size_bytes,
  a.words AS words,
  a.published_on AS published_on,
  a.author AS author,
  a.text AS text,
  a.status AS article_status,
  c.truncated AS truncated,
  c.origin AS origin,
  c.payload AS payload,
  c.uid AS capture_uid
FROM captures c
JOIN fetches f ON f.id = c.fetch
JOIN sources s ON s.id = c.source
LEFT JOIN payloads p ON p.digest = c.payload
LEFT JOIN articles a ON a.id = {ARTICLE_OF.format(payload="c.payload")}
WHERE f.outcome <> 'redirect'
"""

SOURCES_NOW = """
SELECT
  s.id AS id,
  s.title AS title,
  s.url AS url,
  s.host AS host,
  s.good_capture IS NOT NULL AS held,
  s.last_outcome AS last_outcome,
  s.first_cited_on AS first_cited_on,
  s.first_captured_at AS first_captured_at,
  c.captured_at AS good_capture_at,
  s.last_fetched_at AS last_fetched_at,
  s.failures AS failures_in_a_row,
  s.due_at AS due_at,
  s.due_reason AS due_reason,
  (SELECT count(DISTINCT k.entry) FROM citations k
    WHERE k.source = s.id AND k.removed_at IS NULL) AS entries,
  (SELECT count(DISTINCT k.payload) FROM captures k WHERE k.source = s.id) AS payloads
FROM sources s
LEFT JOIN captures c ON c.id = s.good_capture
"""

NEVER_CAPTURED = """
SELECT
  s.id AS id,
  s.title AS title,
  s.url AS url,
  s.first_cited_on AS first_cited_on,
  s.last_outcome AS last_outcome,
  (SELECT f.reason FROM fetches f WHERE f.source = s.id
    ORDER BY f.fetched_at DESC, f.id DESC LIMIT 1) AS last_reason,
  s.last_fetched_at AS last_fetched_at,
  s.failures AS failures_in_a_row,
  s.due_at AS due_at,
  (SELECT count(DISTINCT k.entry) FROM citations k
    WHERE k.source = s.id AND k.removed_at IS NULL) AS entries
FROM sources s
WHERE s.good_capture IS NULL
"""

COVERAGE_BY_ENTRY = """
SELECT
  e.id AS id,
  e.date AS date,
  e.title AS title,
  count(k.id) AS citations,
  count(s.good_capture) AS held,
  count(k.id) - count(s.good_capture) AS not_held,
  e.topic AS topic,
  e.url AS url
FROM entries e
LEFT JOIN citations k
  ON k.entry = e.id AND k.removed_at IS NULL AND k.role IN ('source', 'archive-of')
LEFT JOIN sources s ON s.id = k.source
GROUP BY e.id
"""

TIMEMAPS = """
SELECT
  s.url AS original,
  c.captured_at AS memento_datetime,
  c.url AS captured_url,
  f.status AS http_status,
  c.record_type AS record_type,
  c.payload AS payload,
  c.uid AS capture_uid,
  s.id AS source
FROM captures c
JOIN sources s ON s.id = c.source
JOIN fetches f ON f.id = c.fetch
"""

# A finished run has counted itself; counting a million rows again would take longer than Datasette
# waits. Others, killed ones too, are counted from their rows.
RUNS_REPORT = """
SELECT
  r.id AS id,
  r.command AS command,
  r.started_at AS started_at,
  r.finished_at AS finished_at,
  coalesce(r.finish_reason, 'unfinished') AS finish_reason,
  coalesce(r.counts ->> 'fetches',
    (SELECT count(*) FROM fetches f WHERE f.run = r.id)) AS fetches,
  coalesce(r.counts ->> 'new_captures',
    (SELECT count(*) FROM fetches f JOIN captures c ON c.fetch = f.id
      WHERE f.run = r.id AND f.purpose = 'source' AND f.outcome = 'live-unverified'
        AND c.record_type = 'response')
  ) AS new_captures,
  coalesce(r.counts ->> 'revisits',
    (SELECT count(*) FROM fetches f JOIN captures c ON c.fetch = f.id
      WHERE f.run = r.id AND f.purpose = 'source'
        AND f.outcome IN ('live', 'live-unverified') AND c.record_type = 'revisit')) AS revisits,
  r.counts AS counts
FROM runs r
"""

VIEWS = {
    "snapshots": SNAPSHOTS,
    "sources_now": SOURCES_NOW,
    "never_captured": NEVER_CAPTURED,
    "coverage_by_entry": COVERAGE_BY_ENTRY,
    "timemaps": TIMEMAPS,
    "runs_report": RUNS_REPORT,
}
