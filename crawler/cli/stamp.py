"""``sourcekeep stamp URL``: have the latest manifest stamped by a time-stamp authority."""

from __future__ import annotations

import argparse
from pathlib import Path

from crawler import stamping
from crawler.addresses import parse_networks
from crawler.archive import Archive
from crawler.archive.manifests import Manifest
from crawler.cli.options import add_clock_option, archive_path, moment
from crawler.cli.output import print_json
from crawler.dates import format_instant
from crawler.errors import RequestFailed, StampRefused, UsageError
from crawler.fetching.egress import EgressPolicy
from crawler.fetching.posting import post

EXIT_DONE, EXIT_BROKE = 0, 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument(
        "authority", metavar="URL", help="where time stamps are made by RFC 3161 over HTTP"
    )
    parser.add_argument(
        "--ca", metavar="FILE", help="the authority's root certificates, PEM (the system's)"
    )
    parser.add_argument(
        "--allow", metavar="CIDR", action="append", default=[],
        help="let this network be dialled besides global addresses; may be repeated",
    )  # fmt: skip


def run(parsed: argparse.Namespace) -> int:
    """Ask for a stamp, check it and keep it. One that does not hold is kept with what is wrong."""
    if not stamping.is_installed():
        raise UsageError(f"a time stamp {stamping.INSTALL}")
    roots = stamping.read_roots(Path(parsed.ca) if parsed.ca else None)
    policy = EgressPolicy(allowed=parse_networks(parsed.allow))
    now = moment(parsed)
    with Archive.open(archive_path(parsed)) as archive, archive.run_lock():
        archive.seal(now)
        manifest = archive.sealing.manifests.head()
        if manifest is None:
            raise UsageError("there is nothing to stamp: nothing is sealed so far")
        message = manifest.body.encode()
        request, response, stamped_at, problem = stamping.request_for(message), None, None, None
        try:
            response = post(parsed.authority, request, _HEADERS, policy)
            stamped_at = stamping.check_response(response, request, message, roots)
        except (RequestFailed, StampRefused) as exc:
            problem = str(exc)
        archive.keep_stamp(
            manifest, parsed.authority, request, response,
            asked_at=now, stamped_at=stamped_at, problem=problem,
        )  # fmt: skip
    _tell(parsed, manifest, format_instant(stamped_at) if stamped_at else None, problem)
    return EXIT_BROKE if problem else EXIT_DONE


_HEADERS = {"Content-Type": stamping.REQUEST_TYPE, "Accept": stamping.RESPONSE_TYPE}


def _tell(
    parsed: argparse.Namespace, manifest: Manifest, stamped_at: str | None, problem: str | None
) -> None:
    if parsed.json:
        print_json({
            "manifest": manifest.digest, "number": manifest.number,
            "authority": parsed.authority, "stamped_at": stamped_at, "problem": problem,
        })  # fmt: skip
    elif problem:
        print(f"no time stamp: {problem}")
    elif not parsed.quiet:
        print(f"manifest {manifest.number}, {manifest.digest}, existed on {stamped_at}")
