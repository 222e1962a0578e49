"""Markdown: one file a snapshot with front matter, and one an entry with its citations."""

from __future__ import annotations

from crawler.archive import CaptureRecord, Selected, SelectedEntry
from crawler.exports.destination import Folder
from crawler.exports.inert import lines_of, markdown_text, one_line, yaml_lines
from crawler.exports.order import Order, name_of
from crawler.exports.robustlinks import LOST, RobustLink, robust_link
from crawler.items import OWN


def snapshot_file(record: CaptureRecord) -> str:
    """Return the name of a snapshot's file."""
    return f"snapshots/{record.uid}.md"


def write(selected: Selected, folder: Folder, order: Order) -> None:
    """Write ``snapshots/UID.md`` for each snapshot and ``entries/NAME.md`` for each entry."""
    for record in selected:
        if record.is_snapshot:
            folder.add(snapshot_file(record), snapshot_page(record).encode())
        order.step()
    for entry in selected.entries():
        folder.add(f"entries/{name_of(entry.key)}.md", entry_page(selected, entry, order).encode())


def front_matter(values: dict[str, object]) -> str:
    """Return front matter: YAML between two rules. What is unknown is left out."""
    known = {name: value for name, value in values.items() if value not in (None, [])}
    return "\n".join(["---", *yaml_lines(known), "---", ""])


def snapshot_page(record: CaptureRecord) -> str:
    """Return a snapshot: what is known of it in front, then its text, a paragraph for each line."""
    source, article = record.source, record.article
    assert source is not None
    title = (article and article.title) or source.title
    head = front_matter(
        {
            "title": title,
            "url": source.url,
            "captured_url": record.url if record.url != source.url else None,
            "captured_at": record.captured_at,
            "author": article and article.author,
            "published_on": article and article.published_on,
            "language": article and article.language,
            "words": article and article.words,
            "version": article and article.version,
            "status": record.fetch.status,
            "outcome": record.outcome,
            "verdict": source.verdict,
            "verdict_since": source.verdict_since,
            "change": record.change and record.change.change_class,
            "mime": record.mime_sniffed,
            "digest": record.payload,
            "text_digest": article and article.text_digest,
            "extractor": article and article.extractor,
            "origin": record.origin,
            "capture": record.uid,
            "withheld": record.withheld,
            "cited_by": [_citing(record, n) for n in range(len(record.citations))],
        }
    )
    text = article.text if article and article.text else ""
    return f"{head}\n# {markdown_text(one_line(title))}\n\n{paragraphs(text)}"


def _citing(record: CaptureRecord, place: int) -> dict[str, object]:
    citation = record.citations[place]
    return {"entry": citation.entry_title, "date": citation.entry_date, "label": citation.label}


def paragraphs(text: str) -> str:
    """Return text whose lines are paragraphs: the extractor parts paragraphs by line ends."""
    return "".join(f"{markdown_text(line)}\n\n" for line in lines_of(text))


def entry_page(selected: Selected, entry: SelectedEntry, order: Order) -> str:
    """Return an entry with its citations, each with its copies."""
    head = front_matter(
        {
            "title": entry.title,
            "date": entry.date,
            "topic": entry.topic,
            "url": entry.url,
            "key": entry.key,
        }
    )
    lines = []
    for cited in selected.citations(entry):
        link = robust_link(cited, order)
        own = f"../{snapshot_file(cited.copy)}" if cited.copy and not cited.copy.withheld else None
        lines.append(f"1. {_line(link, own)}\n")
    summary = paragraphs(entry.summary or "")
    return f"{head}\n# {markdown_text(one_line(entry.title))}\n\n{summary}{''.join(lines)}"


def _line(link: RobustLink, own: str | None) -> str:
    label = markdown_text(link.label)
    parts = [f"[{label}](<{link.live}>)" if link.live else label]
    day = link.version_date[:10] if link.version_date else "undated"
    if own:
        made = f" ({markdown_text(link.origin)})" if link.origin not in (None, OWN) else ""
        parts.append(f"[copy of {day}](<{own}>){made}")
    elif link.version:
        parts.append(f"[copy elsewhere, {day}](<{link.version}>)")
    else:
        parts.append(f"no copy{f' ({link.withheld})' if link.withheld else ''}")
    if link.verdict in LOST:
        parts.append(f"{link.verdict}{f' since {link.since[:10]}' if link.since else ''}")
    return " · ".join(parts)
