"""``sourcekeep status``: what is held and what is not, worst first."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from crawler.archive import Archive, Coverage, FrontierStats
from crawler.cli.hints import hint
from crawler.cli.options import add_clock_option, archive_path, count, moment
from crawler.cli.output import plural, print_json, print_table, shorten, size


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument(
        "--limit", type=count, default=10, metavar="N", help="entries and problems to list (10)"
    )


def run(parsed: argparse.Namespace) -> int:
    """Print coverage, what is due, and the entries with sources that we do not hold."""
    with Archive.open_for_reading(archive_path(parsed)) as archive:
        coverage = archive.reading.coverage()
        crawl = archive.reading.latest_crawl()
        due = archive.frontier.stats(moment(parsed))
        verdicts = archive.reading.verdicts()
        withheld = archive.withholding.counts()
        barred = archive.barring.counts()
        attention = [dict(row) for row in archive.reading.attention(parsed.limit)]
        worst = [dict(row) for row in archive.reading.worst_entries(parsed.limit)]
        problems = [dict(row) for row in archive.reading.problems()[: parsed.limit]]
    if parsed.json:
        print_json({
            "coverage": asdict(coverage), "due": asdict(due), "verdicts": verdicts,
            "withheld": withheld, "barred": barred, "attention": attention, "worst_entries": worst,
            "reading_problems": problems, "latest_crawl": dict(crawl) if crawl else None,
        })  # fmt: skip
    elif not parsed.quiet:
        print(hint(_summary(coverage, due, verdicts), parsed))
        if crawl:
            print(f"crawled    {crawl['started_at']}, {crawl['finish_reason']}")
        if withheld:
            print("withheld   " + ", ".join(f"{n} {state}" for state, n in withheld.items()))
        if barred["places"]:
            sources, places = plural(barred["sources"], "source"), plural(barred["places"], "place")
            listed = hint("sourcekeep add --list", parsed)
            print(f"barred     {sources} in {places} never fetched ({listed})")
        _print_attention(attention, parsed)
        _print_worst(worst, problems)
    return 0


def _print_attention(attention: list[dict[str, object]], parsed: argparse.Namespace) -> None:
    if attention:
        ask = hint("sourcekeep why ID, sourcekeep diff ID", parsed)
        print(f"\nchanged, or not what they were ({ask}):")
        rows = [{**row, "title": shorten(str(row["title"]), 60)} for row in attention]
        print_table(rows, ["id", "verdict", "verdict_since", "changed_at", "entries", "title"])


def _print_worst(worst: list[dict[str, object]], problems: list[dict[str, object]]) -> None:
    if worst:
        print("\nentries with sources that are not held:")
        rows = [{**row, "title": shorten(str(row["title"]), 70)} for row in worst]
        print_table(rows, ["not_held", "held_elsewhere", "held", "date", "title"])
    if problems:
        print("\npages that could not be read as entries:")
        print_table(problems, ["locator", "problem"])


def _summary(c: Coverage, due: FrontierStats, verdicts: dict[str, int]) -> str:
    elsewhere = c.citations_held_elsewhere
    missing = c.citations - c.citations_held - c.citations_rescued - elsewhere
    share = f" ({100 * c.citations_held / c.citations:.1f} %)" if c.citations else ""
    lines = [
        f"entries    {c.entries}",
        f"citations  {c.citations}: {c.citations_held} held{share},"
        f" {c.citations_rescued} brought home from web archives, {elsewhere} held elsewhere,"
        f" {missing} not held"
        + (f", {c.citations_unfetchable} of them without a fetchable URL"
           if c.citations_unfetchable else ""),
        f"sources    {c.sources}: {c.sources_held} held, {c.sources_failing} failing,"
        f" {c.sources_never_fetched} never visited",
        "verdicts   " + (", ".join(f"{n} {state}" for state, n in verdicts.items()) or "none"),
        f"captures   {c.captures}, {plural(c.revisits, 'revisit')} among them;"
        f" {size(c.payload_bytes)} kept in {size(c.stored_bytes)}",
        f"archives   {plural(c.mementos, 'memento')} brought home;"
        f" {plural(c.rescues_waiting, 'source')} to ask for, and for older copies of"
        f" {c.comparisons_waiting} that are held (sourcekeep rescue)",
        f"due        {due.due} now, on {plural(due.hosts_due, 'host')}"
        + (f", {due.hosts_blocked} of which must rest" if due.hosts_blocked else ""),
    ]  # fmt: skip
    return "\n".join(lines)
