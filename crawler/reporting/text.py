"""The report as text: one line that says it all, then what is worth a look, by entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crawler.archive.queries.report import ATTENTION, KINDS, RESULTS, Cited, Item, Kind, Report
from crawler.reporting.plain import count_of, plain, shorten
from crawler.reporting.sentences import lines_of, sentence_of, tally

SHOWN = 20  # items of a kind; the rest is counted
SHOWN_NEW = 5  # of first copies, which ask for nothing
TITLE_WIDTH = 90
URL_WIDTH = 200
_WHOLE_RUNS = ("finished", None)


def text_of(report: Report) -> str:
    """Return the whole report; one line, when there is nothing to tell."""
    return "\n".join(report_lines(report)) + "\n"


def report_lines(report: Report) -> Iterator[str]:
    """Yield the lines of the report."""
    yield summary_line(report)
    shown = _shown(report)
    for entry, items in _by_entry(shown):
        yield ""
        yield _heading(entry)
        yield from _sources(items)
    if left := _left_out(report, shown):
        yield ""
        yield f"and {left}"
    if report.finish_reason not in _WHOLE_RUNS:
        yield ""
        yield f"the run ended early ({_reason(report)}); run it again to go on"


def summary_line(report: Report) -> str:
    """Return the run in one line, as the subject of a mail."""
    results = tally((name, report.visited.get(name, 0)) for name in RESULTS)
    visits = count_of(report.visits, "visit") + (f" ({results})" if results else "")
    if report.made_up:
        made_up = tally((name, report.made_up.get(name, 0)) for name in RESULTS)
        visits += f" and {sum(report.made_up.values()):,} of an earlier run ({made_up})"
    attention = _counted(report, ATTENTION)
    other = _counted(report, frozenset(KINDS) - ATTENTION - {"new"})  # new ones stand in visits
    if attention:
        verb = "needs" if report.needs_attention == 1 else "need"
        told = f"{report.needs_attention:,} {verb} attention: {attention}"
        told += f"; also {other}" if other else ""
    elif other:
        told = f"nothing needs attention; {other}"
    else:
        told = "nothing needs attention" if any(report.counts.values()) else "nothing new"
    early = "" if report.finish_reason in _WHOLE_RUNS else f"ended early ({_reason(report)}): "
    return f"sourcekeep: {early}{visits}; {told}"


def _reason(report: Report) -> str:
    return plain(str(report.finish_reason))


def _counted(report: Report, kinds: frozenset[Kind]) -> str:
    return tally((kind, report.counts.get(kind, 0)) for kind in KINDS if kind in kinds)


def _shown(report: Report) -> list[Item]:
    """Return the first items of each kind, in the order of the report."""
    taken: dict[Kind, int] = {}
    shown: list[Item] = []
    for item in report.items:
        taken[item.kind] = taken.get(item.kind, 0) + 1
        if taken[item.kind] <= (SHOWN_NEW if item.kind == "new" else SHOWN):
            shown.append(item)
    return shown


def _left_out(report: Report, shown: Iterable[Item]) -> str:
    """Return what is counted and not shown."""
    left = dict(report.counts)
    for item in shown:
        left[item.kind] -= 1
    return tally((f"more {kind}", left.get(kind, 0)) for kind in KINDS)


def _by_entry(items: list[Item]) -> list[tuple[Cited | None, list[Item]]]:
    """Return items grouped by the newest entry that cites their source.

    The entry of the gravest item comes first; what no entry cites comes last.
    """
    groups: dict[int | None, tuple[Cited | None, list[Item]]] = {}
    for item in items:
        entry = item.entries[0] if item.entries else None
        groups.setdefault(entry.id if entry else None, (entry, []))[1].append(item)
    uncited = groups.pop(None, None)
    return [*groups.values(), *([uncited] if uncited else [])]


def _heading(entry: Cited | None) -> str:
    if entry is None:
        return "not in an entry"
    return f"{plain(entry.date or 'undated')}  {shorten(entry.title, TITLE_WIDTH)}"


def _sources(items: list[Item]) -> Iterator[str]:
    """Yield the lines of one entry: each source once, with what happened to it."""
    by_source: dict[str, list[Item]] = {}
    for item in items:
        by_source.setdefault(item.url or item.subject, []).append(item)
    for name, of_source in by_source.items():
        others = len(of_source[0].entries) - 1
        also = f"  (and {count_of(others, 'other entry', 'other entries')})" if others > 0 else ""
        yield f"  {shorten(name, URL_WIDTH)}{also}"
        for item in of_source:
            yield f"    {item.kind:<10} {sentence_of(item)}"
            yield from (f"    {'':<10} {line}" for line in lines_of(item))
