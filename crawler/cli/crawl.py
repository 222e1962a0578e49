"""``sourcekeep crawl [INPUT…]``: the scheduled run."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from scrapy.settings import Settings

from crawler.cli.add import add_input_options
from crawler.cli.crawling import crawl
from crawler.cli.options import add_clock_option, add_fetch_options, add_setting_option, settings_of
from crawler.cli.telling import prepare_to_tell, tell
from crawler.errors import UsageError
from crawler.fetching.guard import check_settings
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
        "--report",
        metavar="DIR",
        help="write the report there as text, JSON and an Atom feed (SOURCEKEEP_REPORT_DIR)",
    )
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
    prepare_to_tell(settings)
    result = crawl(
        settings,
        parsed.inputs,
        base_url=parsed.base_url,
        options=options,
        quiet=parsed.quiet or parsed.json,
    )
    return tell(result, settings, parsed)


def project_settings(chosen: Mapping[str, object]) -> Settings:
    """Return Scrapy's settings with ours and those of the command line on top."""
    settings = Settings()
    settings.setmodule("crawler.settings", priority="project")
    settings.set("LOG_LEVEL", "WARNING", priority="project")  # a person wants the report
    settings.setdict(dict(chosen), priority="cmdline")
    return settings
