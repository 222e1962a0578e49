"""``sourcekeep verdict SOURCE [STATE]``: the verdicts on a source; or a person's own."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import cast, get_args

from crawler.archive import Archive
from crawler.cli.options import add_clock_option, archive_path, moment
from crawler.cli.output import print_json, print_table, safe
from crawler.conclusion import Conclusion, policy_of
from crawler.errors import UsageError
from crawler.verdicts.state import Override, State


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument("source", metavar="SOURCE", help="its URL, a part of it, or its id")
    parser.add_argument(
        "state", nargs="?", metavar="STATE", choices=get_args(State),
        help="what you know better; it stands until it is withdrawn: " + ", ".join(get_args(State)),
    )  # fmt: skip
    parser.add_argument("--note", default="", metavar="TEXT", help="how you know")
    parser.add_argument(
        "--withdraw", action="store_true", help="take back what a person said before"
    )


def run(parsed: argparse.Namespace) -> int:
    """Print the verdicts on a source; or write one by hand, or withdraw it, first."""
    if parsed.withdraw and (parsed.state or parsed.note):
        raise UsageError("--withdraw goes alone: it takes back the last verdict by hand")
    if parsed.note and not parsed.state:
        raise UsageError("--note goes with a STATE")
    if parsed.state or parsed.withdraw:
        _write(parsed, moment(parsed))
    with Archive.open_for_reading(archive_path(parsed)) as archive:
        source = archive.reading.source(parsed.source)
        verdicts = archive.judgements.verdicts(source["id"])
    if parsed.json:
        print_json({"source": source, "verdicts": verdicts})
    elif not parsed.quiet:
        print(f"{safe(source['title'])}\n{safe(source['url'])}  (id {source['id']})\n")
        if verdicts:
            columns = ["concluded_at", "state", "since", "confidence", "by_hand", "note"]
            print_table(verdicts, columns)
        else:
            print(f"{source['verdict']}: nothing was concluded so far")
    return 0


def _write(parsed: argparse.Namespace, now: datetime) -> None:
    with Archive.open(archive_path(parsed)) as archive, archive.run_lock():
        source = archive.reading.source(parsed.source)["id"]
        said = Override(cast(State, parsed.state), parsed.note, now) if parsed.state else None
        if said is None and archive.judgements.override(source) is None:
            raise UsageError("nothing was said by hand that could be withdrawn")
        Conclusion(archive, policy=policy_of(archive)).override(source, said, now=now)
