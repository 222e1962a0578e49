"""The views that a reader of archive.db meets first. They work in any SQLite client.

"Held" means the same everywhere: the source has a good capture, that is one that was judged to show
the cited article. Of what is withheld no view shows words of the source.
"""

from __future__ import annotations

from crawler.items import OURS

# The article to show of a payload: the newest, but never one without text in place of one with.
ARTICLE_OF = """(
    SELECT b.id FROM extractions b WHERE b.payload = {payload}
    ORDER BY b.status = 'text' DESC, b.id DESC LIMIT 1)"""

# A text is held as it is, or as edits of another that is: flat triples of a place in that one, a
# length, both in characters, and the words that follow. `json_each` would be plainer, but FTS5,
# which reads its content from here, lets no other virtual table take part when it rebuilds its
# index. `rowid` is what FTS5, and the search of Datasette, ask a table for.
TEXTS = """
SELECT
  t.id AS rowid,
  t.id AS id,
  t.digest AS digest,
  t.title AS title,
  CASE WHEN t.base IS NULL THEN t.text ELSE (
    WITH RECURSIVE piece(n) AS (
      SELECT 0 UNION ALL SELECT n + 3 FROM piece WHERE n + 3 < json_array_length(t.edits))
    SELECT group_concat(words, '') FROM (
      SELECT substr(b.text, t.edits ->> n, t.edits ->> (n + 1)) || (t.edits ->> (n + 2)) AS words
      FROM stored_texts b, piece WHERE b.id = t.base ORDER BY n)) END AS text
FROM stored_texts t
"""

# A view, because everybody asks for articles with their text. Its parts are subqueries and not a
# join: SQLite can then work it into any statement, and reads no text that nobody asked for.
ARTICLES = """
SELECT
  x.id AS id,
  x.payload AS payload,
  x.extractor AS extractor,
  x.status AS status,
  x.mime AS mime,
  (SELECT t.title FROM texts t WHERE t.id = x.text) AS title,
  x.author AS author,
  x.site AS site,
  x.published_on AS published_on,
  x.language AS language,
  x.words AS words,
  x.text_digest AS text_digest,
  x.charset AS charset,
  x.tried AS tried,
  x.failure AS failure,
  x.extracted_at AS extracted_at,
  x.links AS links,
  (SELECT t.text FROM texts t WHERE t.id = x.text) AS text
FROM extractions x
"""

_ENTRIES = """(SELECT count(DISTINCT k.entry) FROM citations k
    WHERE k.source = s.id AND k.removed_at IS NULL)"""

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
  coalesce(m.outcome, o.outcome, f.outcome) AS outcome,
  c.record_type AS record_type,
  c.mime_sniffed AS mime,
  p.size_bytes AS size_bytes,
  a.words AS words,
  a.published_on AS published_on,
  CASE WHEN s.withheld IS NULL THEN a.author END AS author,
  a.status AS article_status,
  c.truncated AS truncated,
  c.origin AS origin,
  m.memento_datetime AS memento_datetime,
  m.class AS confidence,
  c.payload AS payload,
  c.uid AS capture_uid,
  s.withheld AS withheld,
  CASE WHEN s.withheld IS NULL THEN a.text END AS text
FROM captures c
JOIN fetches f ON f.id = c.fetch
LEFT JOIN outcomes o ON o.fetch = f.id
LEFT JOIN mementos m ON m.capture = c.id
JOIN sources s ON s.id = c.source
LEFT JOIN payloads p ON p.digest = c.payload
LEFT JOIN articles a ON a.id = {ARTICLE_OF.format(payload="c.payload")}
WHERE f.outcome <> 'redirect'
"""

SOURCES_NOW = f"""
SELECT
  s.id AS id,
  s.title AS title,
  s.url AS url,
  s.host AS host,
  s.good_capture IS NOT NULL AS held,
  m.class AS rescued_class,
  m.memento_datetime AS rescued_memento_datetime,
  s.verdict AS verdict,
  s.verdict_since AS verdict_since,
  s.last_outcome AS last_outcome,
  s.last_proven_alive_at AS last_proven_alive_at,
  s.first_seen_missing_at AS first_seen_missing_at,
  s.changes AS changes,
  s.changed_at AS changed_at,
  s.first_cited_on AS first_cited_on,
  s.first_captured_at AS first_captured_at,
  c.captured_at AS good_capture_at,
  s.last_fetched_at AS last_fetched_at,
  s.failures AS failures_in_a_row,
  s.due_at AS due_at,
  s.due_reason AS due_reason,
  {_ENTRIES} AS entries,
  (SELECT count(*) FROM versions v WHERE v.source = s.id) AS versions,
  (SELECT count(DISTINCT k.payload) FROM captures k
    WHERE k.source = s.id AND k.origin IN {OURS}) AS payloads,
  s.withheld AS withheld,
  b.place AS barred_by,
  b.decided_at AS barred_since,
  b.reason AS barred_reason
FROM sources s
LEFT JOIN barred b ON b.id = s.barred
LEFT JOIN captures c ON c.id = s.good_capture
LEFT JOIN rescues r ON r.source = s.id AND r.state = 'home'
LEFT JOIN mementos m ON m.id = r.memento
"""

CHANGED = f"""
SELECT
  h.id AS id,
  h.found_at AS found_at,
  s.title AS title,
  s.url AS url,
  h.class AS class,
  h.told AS told,
  h.words_before AS words_before,
  h.words_after AS words_after,
  round(h.similarity, 3) AS similarity,
  CASE WHEN s.withheld IS NULL THEN h.edits END AS edits,
  b.captured_at AS before_at,
  a.captured_at AS after_at,
  {_ENTRIES} AS entries,
  h.before AS before,
  h.after AS after,
  s.id AS source
FROM changes h
JOIN sources s ON s.id = h.source
JOIN captures b ON b.id = h.before
JOIN captures a ON a.id = h.after
"""

VANISHED = f"""
SELECT
  s.id AS id,
  s.title AS title,
  s.url AS url,
  s.verdict AS verdict,
  s.verdict_since AS verdict_since,
  s.last_proven_alive_at AS last_proven_alive_at,
  s.first_seen_missing_at AS first_seen_missing_at,
  s.last_outcome AS last_outcome,
  s.good_capture IS NOT NULL AS held,
  c.captured_at AS good_capture_at,
  m.class AS rescued_class,
  {_ENTRIES} AS entries
FROM sources s
LEFT JOIN captures c ON c.id = s.good_capture
LEFT JOIN rescues r ON r.source = s.id AND r.state = 'home'
LEFT JOIN mementos m ON m.id = r.memento
WHERE s.verdict IN ('vanished', 'usurped', 'drifted')
"""

PASSAGES = """
SELECT
  n.id AS id,
  e.date AS entry_date,
  e.title AS entry,
  s.title AS source,
  n.kind AS kind,
  CASE WHEN s.withheld IS NULL THEN n.exact END AS passage,
  coalesce(t.standing, 'not-checked') AS standing,
  round(t.score, 3) AS score,
  CASE WHEN s.withheld IS NULL THEN t.wording END AS wording_now,
  t.checked_at AS checked_at,
  k.label AS label,
  k.id AS citation,
  s.id AS source_id,
  e.id AS entry_id
FROM anchors n
JOIN citations k ON k.id = n.citation
JOIN entries e ON e.id = k.entry
JOIN sources s ON s.id = k.source
LEFT JOIN standings t ON t.anchor = n.id AND t.version = s.version
"""

NEVER_CAPTURED = f"""
SELECT
  s.id AS id,
  s.title AS title,
  s.url AS url,
  s.first_cited_on AS first_cited_on,
  s.verdict AS verdict,
  s.last_outcome AS last_outcome,
  (SELECT f.reason FROM fetches f WHERE f.source = s.id AND f.purpose = 'source'
    ORDER BY f.fetched_at DESC, f.id DESC LIMIT 1) AS last_reason,
  s.last_fetched_at AS last_fetched_at,
  s.failures AS failures_in_a_row,
  s.due_at AS due_at,
  m.class AS rescued_class,
  {_ENTRIES} AS entries
FROM sources s
LEFT JOIN rescues r ON r.source = s.id AND r.state = 'home'
LEFT JOIN mementos m ON m.id = r.memento
WHERE s.good_capture IS NULL AND s.withheld IS NOT 'forgotten'
"""

# What web archives were asked for, and the best that came home: another's testimony, with its date.
RESCUED = """
SELECT
  r.source AS source,
  s.title AS title,
  s.url AS url,
  r.state AS state,
  r.reason AS reason,
  r.last_result AS last_result,
  m.class AS class,
  m.proof AS proof,
  m.archive AS archive,
  m.memento_datetime AS memento_datetime,
  s.first_cited_on AS first_cited_on,
  m.evidence ->> 'days_away' AS days_away,
  m.uri_m AS uri_m,
  m.retrieved_at AS retrieved_at,
  m.capture AS capture,
  s.good_capture AS good_capture,
  s.verdict AS verdict,
  r.attempts AS attempts,
  r.due_at AS due_at,
  m.evidence AS evidence
FROM rescues r
JOIN sources s ON s.id = r.source
LEFT JOIN mementos m ON m.id = r.memento
"""

# Held elsewhere: the entry itself cites the copy of a web archive, and we have none of our own.
COVERAGE_BY_ENTRY = """
SELECT
  e.id AS id,
  e.date AS date,
  e.title AS title,
  count(k.id) AS citations,
  count(s.good_capture) AS held,
  count(CASE WHEN s.good_capture IS NULL AND r.state = 'home' THEN 1 END) AS rescued,
  count(CASE WHEN s.good_capture IS NULL AND r.state IS NOT 'home' AND k.role = 'archive-of'
    THEN 1 END) AS held_elsewhere,
  count(CASE WHEN s.good_capture IS NULL AND r.state IS NOT 'home' AND k.role = 'source'
    THEN 1 END) AS not_held,
  count(CASE WHEN s.verdict IN ('vanished', 'usurped', 'drifted') THEN 1 END) AS vanished,
  count(CASE WHEN s.changes > 0 THEN 1 END) AS changed,
  e.topic AS topic,
  e.url AS url
FROM entries e
LEFT JOIN citations k
  ON k.entry = e.id AND k.removed_at IS NULL AND k.role IN ('source', 'archive-of')
LEFT JOIN sources s ON s.id = k.source
LEFT JOIN rescues r ON r.source = s.id
GROUP BY e.id
"""

TIMEMAPS = f"""
SELECT
  s.url AS original,
  coalesce(m.memento_datetime, c.captured_at) AS memento_datetime,
  c.origin AS origin,
  c.url AS captured_url,
  f.status AS http_status,
  c.record_type AS record_type,
  c.payload AS payload,
  c.uid AS capture_uid,
  s.id AS source
FROM captures c
JOIN sources s ON s.id = c.source
JOIN fetches f ON f.id = c.fetch
LEFT JOIN mementos m ON m.capture = c.id
WHERE c.origin IN {OURS} OR m.state = 'home'
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
    "texts": TEXTS,
    "articles": ARTICLES,
    "snapshots": SNAPSHOTS,
    "sources_now": SOURCES_NOW,
    "changed": CHANGED,
    "vanished": VANISHED,
    "passages": PASSAGES,
    "never_captured": NEVER_CAPTURED,
    "rescued": RESCUED,
    "coverage_by_entry": COVERAGE_BY_ENTRY,
    "timemaps": TIMEMAPS,
    "runs_report": RUNS_REPORT,
}
