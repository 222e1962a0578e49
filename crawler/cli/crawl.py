"""``sourcekeep crawl [INPUT…]``: the scheduled run."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict

from scrapy.settings import Settings

from crawler.cli.add import add_input_options
from crawler.cli.crawling import CrawlResult, crawl, summary_line
from crawler.cli.options import add_clock_option, add_fetch_options, add_setting_option, settings_of
from crawler.cli.output import plural, print_json, print_table, shorten
from crawler.errors import UsageError
from crawler.fetching.egress import check_settings
from crawler.intake import classify_input, scope_options


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="INPUT",
        help="inputs to add and read; without any, all that were added are read",
    )
    add_input_options(parser)
    add_fetch_options(parser)
    add_setting_option(parser)
    parser.add_argument(
        "--strict", action="store_true", help="exit with 3 when something needs attention"
    )


def run(parsed: argparse.Namespace) -> int:
    """Read, visit, keep; then say what happened."""
    options = scope_options(parsed.depth, parsed.since, parsed.until)
    if not parsed.inputs and (options or parsed.base_url):
        raise UsageError(
            "--depth, --since, --until and --base-url say how an INPUT is read: name it"
        )
    for text in parsed.inputs:
        classify_input(text)
    settings = project_settings(settings_of(parsed))
    check_settings(settings)
    result = crawl(
        settings,
        parsed.inputs,
        base_url=parsed.base_url,
        options=options,
        quiet=parsed.quiet or parsed.json,
    )
    attention = bool(parsed.strict and result.needs_attention)
    if parsed.json:
        print_json(asdict(result))
    elif not parsed.quiet:
        print_report(result)
    elif result.broke or attention:
        print(summary_line(result))  # what cron mails
    if result.broke:
        return 1
    return 3 if attention else 0


def project_settings(chosen: Mapping[str, object]) -> Settings:
    """Return Scrapy's settings with ours and those of the command line on top."""
    settings = Settings()
    settings.setmodule("crawler.settings", priority="project")
    settings.set("LOG_LEVEL", "WARNING", priority="project")  # a person wants the report
    settings.setdict(dict(chosen), priority="cmdline")
    return settings


def print_report(result: CrawlResult) -> None:
    """Print what a person reads after a run: counts first, then what needs them."""
    intake = result.intake
    if intake.pages:
        print(
            f"read {plural(intake.pages, 'page')} of entries"
            f" ({intake.unchanged} unchanged, {intake.entries_new} new entries,"
            f" {intake.sources_new} new sources, {intake.citations_removed} citations removed)"
        )
    print(
        f"visited {plural(result.visits, 'source')} in {plural(result.fetches, 'request')}:"
        f" {plural(result.new_captures, 'new capture')}, {plural(result.revisits, 'revisit')},"
        f" {plural(result.articles, 'article')} extracted"
    )
    for outcome, count in result.outcomes.items():
        print(f"  {count:>6}  {outcome}")
    if result.failed:
        print("\nnot held, or failing now:")
        rows = [{**row, "url": shorten(str(row["url"]), 100)} for row in result.failed]
        print_table(rows, ["outcome", "reason", "held", "url"])
    if intake.problems:
        print(
            f"\n{plural(intake.problems, 'page')} of entries could not be read: sourcekeep status"
        )
    if result.finish_reason != "finished":
        print(f"\nthe run ended early ({result.finish_reason}); run it again to go on")
