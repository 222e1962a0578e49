"""``sourcekeep stamp``: have the latest manifest stamped by others, and look after the stamps."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crawler.addresses import parse_networks
from crawler.archive import Archive
from crawler.archive.seals.manifests import Manifest
from crawler.cli import proving
from crawler.cli.exits import EXIT_BROKE, EXIT_DONE
from crawler.cli.options import add_clock_option, archive_path, count, moment
from crawler.cli.output import print_json, safe
from crawler.dates import format_instant
from crawler.errors import RequestFailed, StampRefused, UsageError
from crawler.fetching.wire.egress import EgressPolicy
from crawler.fetching.wire.posting import ASKABLE, TIMEOUT_S, is_askable, post
from crawler.stamping import proofs, rfc3161


def configure(parser: argparse.ArgumentParser) -> None:
    """Describe the command's own options."""
    add_clock_option(parser)
    parser.add_argument(
        "authority", metavar="URL", nargs="?",
        help="where time stamps are made by RFC 3161 over HTTP",
    )  # fmt: skip
    parser.add_argument(
        "--ca", metavar="FILE", help="the authority's root certificates, PEM (the system's)"
    )
    parser.add_argument(
        "--ots", action="store_true", help="ask calendars of OpenTimestamps, too, or instead"
    )
    parser.add_argument(
        "--calendar", metavar="URL", action="append", default=[],
        help="of --ots and --upgrade: this calendar (four public ones); may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--at-least", type=count, metavar="M",
        help="of --ots: it is done when so many calendars answered (2, or 1 of one)",
    )  # fmt: skip
    parser.add_argument(
        "--upgrade", action="store_true", help="ask the calendars what became of pending proofs"
    )
    parser.add_argument(
        "--headers", metavar="FILE",
        help="of --upgrade: headers of Bitcoin blocks to hold what they say against",
    )  # fmt: skip
    parser.add_argument(
        "--write", metavar="FOLDER",
        help="write stamped manifests and their stamps as files: .ots, .tsq, .tsr",
    )  # fmt: skip
    parser.add_argument(
        "--timeout", type=count, default=int(TIMEOUT_S), metavar="S",
        help="wait so many seconds for each answer (30)",
    )  # fmt: skip
    parser.add_argument(
        "--allow", metavar="CIDR", action="append", default=[],
        help="let this network be dialled besides global addresses; may be repeated",
    )  # fmt: skip


def run(parsed: argparse.Namespace) -> int:
    """Ask for stamps, check and keep them. One that does not hold is kept with what is wrong."""
    _refuse_options(parsed)
    policy = EgressPolicy(allowed=parse_networks(parsed.allow))
    if parsed.write:
        with Archive.open_for_reading(archive_path(parsed)) as archive:
            return proving.write(archive, Path(parsed.write), parsed)
    with Archive.open(archive_path(parsed)) as archive, archive.run_lock():
        if parsed.upgrade:
            return proving.upgrade(archive, policy, parsed)
        return _stamp(archive, policy, parsed)


def _refuse_options(parsed: argparse.Namespace) -> None:
    """Refuse options that would do nothing, and what needs an extra. Raises UsageError."""
    acts = [bool(parsed.authority or parsed.ots), parsed.upgrade, parsed.write is not None]
    if sum(acts) != 1:
        raise UsageError("name an authority or --ots, or --upgrade, or --write, one at a time")
    for given, option, of in (
        (parsed.ca and not parsed.authority, "--ca", "an authority"),
        (parsed.calendar and not (parsed.ots or parsed.upgrade), "--calendar", "--ots"),
        (parsed.at_least is not None and not parsed.ots, "--at-least", "--ots"),
        (parsed.headers and not parsed.upgrade, "--headers", "--upgrade"),
    ):
        if given:
            raise UsageError(f"{option} is an option of {of}")
    for url in filter(None, (parsed.authority, *parsed.calendar)):
        if not is_askable(url):
            raise UsageError(f"{url} cannot be asked: {ASKABLE}")
    if not parsed.timeout:
        raise UsageError("--timeout 0: nothing answers in no time")
    if parsed.authority and not rfc3161.is_installed():
        raise UsageError(f"a time stamp {rfc3161.INSTALL}")
    if (parsed.ots or parsed.upgrade) and not proofs.is_installed():
        raise UsageError(f"a proof of OpenTimestamps {proofs.INSTALL}")


def _stamp(archive: Archive, policy: EgressPolicy, parsed: argparse.Namespace) -> int:
    calendars = proving.chosen_calendars(parsed) if parsed.ots else []
    archive.seal(moment(parsed))
    manifest = archive.sealing.manifests.head()
    if manifest is None:
        raise UsageError("there is nothing to stamp: nothing is sealed so far")
    archive.leave_unsealed()
    told: dict[str, Any] = {"manifest": manifest.digest, "number": manifest.number}
    if parsed.authority:
        told |= _ask_authority(archive, manifest, policy, parsed)
    if calendars:
        told |= proving.ask_calendars(archive, manifest, calendars, policy, parsed)
    if parsed.json:
        print_json(told)
    return EXIT_BROKE if told.get("problem") or told.get("too_few") else EXIT_DONE


def _ask_authority(
    archive: Archive, manifest: Manifest, policy: EgressPolicy, parsed: argparse.Namespace
) -> dict[str, str | None]:
    """Ask, check, keep and print; return what is told in JSON."""
    roots = rfc3161.read_roots(Path(parsed.ca) if parsed.ca else None)
    message = manifest.body.encode()
    request, response, stamped_at, problem = rfc3161.request_for(message), None, None, None
    try:
        response = post(parsed.authority, request, _HEADERS, policy, timeout_s=parsed.timeout)
        stamped_at = rfc3161.check_response(response, request, message, roots)
    except (RequestFailed, StampRefused) as exc:
        problem = str(exc)
    archive.stamps.keep(
        manifest.digest, parsed.authority, request, response,
        asked_at=moment(parsed), stamped_at=stamped_at, problem=problem,
    )  # fmt: skip
    told = format_instant(stamped_at) if stamped_at else None
    if problem and not parsed.json:
        print(safe(f"no time stamp: {problem}"))
    elif not parsed.quiet and not parsed.json:
        print(f"manifest {manifest.number}, {manifest.digest}, existed on {told}")
    return {"authority": parsed.authority, "stamped_at": told, "problem": problem}


_HEADERS = {"Content-Type": rfc3161.REQUEST_TYPE, "Accept": rfc3161.RESPONSE_TYPE}
