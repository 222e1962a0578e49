"""What a run is told by after it: on stdout, as files, as a notice, and by its exit code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from scrapy.settings import Settings

from crawler.archive import Archive
from crawler.archive.queries.report import Report
from crawler.cli.crawling import CrawlResult, ended_line
from crawler.cli.exits import EXIT_ATTENTION, EXIT_BROKE, EXIT_DONE
from crawler.cli.hints import hint
from crawler.cli.output import plural, print_json
from crawler.errors import ArchiveError, ReportNotWritten, UsageError
from crawler.intake.taking import IntakeCounts
from crawler.reporting import document_of, prepare_folder, summary_line, text_of, write_files
from crawler.reporting.files import FEED_ITEMS
from crawler.reporting.notices import VARIABLE, give_notice, notice_urls


def prepare_to_tell(settings: Settings) -> None:
    """Refuse before a run what would only fail after it. Raises UsageError, ReportNotWritten."""
    if settings.get(VARIABLE) is not None:
        raise UsageError(
            f"{VARIABLE} holds secrets, and settings are kept in the archive:"
            " name it in the environment only"
        )
    if folder := _folder(settings):
        prepare_folder(folder)


def tell(result: CrawlResult, settings: Settings, parsed: argparse.Namespace) -> int:
    """Tell what a run did and return its exit code."""
    report, whole = _read(result, settings)
    attention = bool(parsed.strict and report and report.needs_attention)
    if parsed.json:
        told = {"report": document_of(report)} if report else {}
        print_json({**asdict(result), **told})
    elif report is None:
        print(hint(ended_line(result), parsed))
    elif not parsed.quiet:
        print("\n".join(_lines(report, result, parsed)))
    elif result.broke or attention:
        print(summary_line(report))  # what cron mails
    if report is not None and (report.needs_attention or result.broke):
        _notify(report)
    if result.broke or not whole:
        return EXIT_BROKE
    return EXIT_ATTENTION if attention else EXIT_DONE


def _folder(settings: Settings) -> Path | None:
    folder = settings.get("SOURCEKEEP_REPORT_DIR")
    return Path(folder) if folder else None


def _read(result: CrawlResult, settings: Settings) -> tuple[Report | None, bool]:
    """Return the report of a run, and whether its files were written where some are wanted.

    A run that lost evidence, on a full disk say, may leave an archive that cannot be read now.
    """
    try:
        with Archive.open_for_reading(settings["SOURCEKEEP_ARCHIVE"]) as archive:
            report = archive.reports.of_run(result.run)
            if report.finish_reason is None:  # not even that could be written
                report = replace(report, finish_reason=result.finish_reason)
            folder = _folder(settings)
            if folder is not None:
                latest = archive.reports.latest_items(FEED_ITEMS)
                write_files(folder, report, latest, began_at=archive.reports.began_at())
    except ArchiveError as exc:
        _complain(f"the report cannot be read: {exc}")
        return None, False
    except ReportNotWritten as exc:
        _complain(str(exc))
        return report, False
    return report, True


def _lines(report: Report, result: CrawlResult, parsed: argparse.Namespace) -> Iterator[str]:
    """Yield the report, with what was read of the entries after its first line."""
    first, *rest = text_of(report).splitlines()
    yield first
    yield from _intake(result.intake)
    yield from rest
    if result.due_left:
        due = plural(result.due_left, "source is", "sources are")
        those = "it" if result.due_left == 1 else "them"
        yield f"\n{due} due still; the next run goes on with {those}"
    if result.is_empty:
        begin = hint("sourcekeep add FILE, FOLDER or URL", parsed)
        yield f"\nnothing was added so far; begin with: {begin}"


def _intake(intake: IntakeCounts) -> Iterator[str]:
    """Yield what was new in the entries; nothing where nothing was."""
    counts = (
        plural(intake.entries_new, "new entry", "new entries"),
        plural(intake.sources_new, "new source"),
        plural(intake.citations_removed, "citation removed", "citations removed"),
    )
    told = [text for text in counts if not text.startswith("0 ")]
    if told or intake.problems:
        unread = [f"{plural(intake.problems, 'page')} could not be read"] if intake.problems else []
        yield f"entries: {plural(intake.pages, 'page')} read; {', '.join([*told, *unread])}"


def _notify(report: Report) -> None:
    """Notify whom the environment names; what fails is said, and no reason to fail."""
    urls = notice_urls(os.environ)
    if urls:
        for complaint in give_notice(urls, title=summary_line(report), body=text_of(report)):
            _complain(complaint)


def _complain(text: str) -> None:
    print(f"sourcekeep: {text}", file=sys.stderr)
