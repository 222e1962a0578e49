"""``sourcekeep crawl [INPUT…]``: the scheduled run."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from difflib import get_close_matches
from math import inf

from scrapy.settings import Settings
from scrapy.utils.misc import load_object

from crawler.cli.add import add_input_options
from crawler.cli.crawling import crawl
from crawler.cli.options import add_clock_option, add_fetch_options, add_setting_option, settings_of
from crawler.cli.rescuing import check_archives
from crawler.cli.telling import prepare_to_tell, tell
from crawler.errors import UsageError
from crawler.fetching.wire.guard import check_settings
from crawler.intake.inputs import classify_input, scope_options
from crawler.reporting.notices import VARIABLE

LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")
# Numbers that are whole by chance: Scrapy takes any.
_MAY_BE_FRACTIONS = frozenset({"DOWNLOAD_TIMEOUT", "DOWNLOAD_DELAY_JITTER"})


# What names a class or function of Scrapy, Twisted or ours when nothing else is set.
_CLASS_PATH = re.compile(r"(scrapy|twisted|crawler)(\.\w+)+")
_TABLES_OF_CLASSES = frozenset(
    {"DOWNLOADER_MIDDLEWARES", "SPIDER_MIDDLEWARES", "EXTENSIONS", "ITEM_PIPELINES"}
)


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
    check_archives(settings)
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
    _check_names(chosen, settings)
    contact = str(chosen.get("SOURCEKEEP_CONTACT") or "")
    if not contact.isprintable():
        raise UsageError(f"{contact!r}: write the contact in one line, it stands in a header")
    for name, value in chosen.items():
        _set(settings, name, value)
    return settings


def _set(settings: Settings, name: str, value: object) -> None:
    """Set a value, if it is of the kind that the setting usually has. Raises UsageError.

    Another would break the run somewhere under way, where nobody can tell what was meant.
    """
    usual, wanted = settings.get(name), "a JSON object"
    try:
        settings.set(name, value, priority="cmdline")
        if isinstance(usual, bool):
            wanted = "True or False"
            settings.getbool(name)
        elif isinstance(usual, int | float):
            is_whole = isinstance(usual, int) and name not in _MAY_BE_FRACTIONS
            wanted = "a whole number, 0 or more" if is_whole else "a number, 0 or more"
            number = settings.getint(name) if is_whole else settings.getfloat(name)
            if usual >= 0 and not 0 <= number < inf:
                raise ValueError
        elif isinstance(usual, list) and usual and all(isinstance(item, int) for item in usual):
            wanted = "whole numbers, with commas between them"
            for item in settings.getlist(name):
                int(item)
        elif name == "LOG_LEVEL" and value not in LEVELS:
            wanted = f"one of {', '.join(LEVELS)}"
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"-s {name}={value}: write {wanted}") from None
    for path in _class_paths(name, usual, settings):
        try:
            load_object(path)
        except (ImportError, AttributeError, NameError, ValueError, TypeError) as exc:
            raise UsageError(f"-s {name}={value}: {path!r} cannot be loaded: {exc}") from None


def _class_paths(name: str, usual: object, settings: Settings) -> list[str]:
    """Return the paths of classes that a setting has now, if it is one that names classes.

    In a table of them, None beside a path switches it off: that is never loaded.
    """
    if name.removesuffix("_BASE") in _TABLES_OF_CLASSES:
        return [path for path, order in settings.getdict(name).items() if order is not None]
    is_path = isinstance(usual, str) and _CLASS_PATH.fullmatch(usual) is not None
    return [str(settings.get(name))] if is_path and name != "REFERRER_POLICY" else []


def _check_names(chosen: Mapping[str, object], settings: Settings) -> None:
    """Refuse a setting that is one of ours or of Scrapy's but for a slip. Raises UsageError.

    It would change nothing, and nobody would be told. Those of other extensions may pass.
    """
    for name in chosen:
        if name not in settings and name != VARIABLE:  # of that it is told why it is none
            near = get_close_matches(name, map(str, settings), n=1, cutoff=0.9)
            if near or name.startswith("SOURCEKEEP_"):
                meant = f"; did you mean {near[0]}?" if near else ": docs/settings.md lists them"
                raise UsageError(f"-s {name}: there is no such setting{meant}")
