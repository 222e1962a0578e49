"""What ``sourcekeep stamp`` does with calendars: ask them, ask them again, and write proofs."""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from crawler.archive import Archive
from crawler.archive.seals.manifests import Manifest
from crawler.cli.exits import EXIT_BROKE, EXIT_DONE
from crawler.cli.hints import hint
from crawler.cli.options import moment
from crawler.cli.output import plural, print_json, safe
from crawler.errors import ExportNotWritten, RequestFailed, StampRefused, UsageError
from crawler.exports.destination import new_file
from crawler.fetching.wire.calendars import PUBLIC, look_up, may_be_asked, submit
from crawler.fetching.wire.egress import EgressPolicy
from crawler.stamping import proofs
from crawler.stamping.checking import KeptStamp, attested
from crawler.stamping.headers import Headers, check_block, read_headers

USUAL_AT_LEAST = 2  # as the reference client has it: one calendar may be lost


# ------------------------------------------------------------------ asking


def chosen_calendars(parsed: argparse.Namespace) -> list[str]:
    """Return the calendars to ask. Raises UsageError when they cannot be enough."""
    calendars = list(dict.fromkeys(url.rstrip("/") for url in parsed.calendar or PUBLIC))
    if parsed.at_least is not None and not 1 <= parsed.at_least <= len(calendars):
        raise UsageError(f"--at-least {parsed.at_least}: {len(calendars)} calendars are asked")
    return calendars


def ask_calendars(
    archive: Archive,
    manifest: Manifest,
    calendars: list[str],
    policy: EgressPolicy,
    parsed: argparse.Namespace,
) -> dict[str, Any]:
    """Ask all at once, keep each proof that comes, and print; return what is told in JSON."""
    message, nonce = manifest.body.encode(), secrets.token_bytes(proofs.NONCE_BYTES)
    commitment = proofs.commitment_of(message, nonce)

    def ask(calendar: str) -> bytes | RequestFailed:
        try:
            return submit(calendar, commitment, policy, parsed.timeout)
        except RequestFailed as exc:
            return exc

    with ThreadPoolExecutor(len(calendars)) as pool:
        came = zip(calendars, pool.map(ask, calendars), strict=True)
        answers = [
            (calendar, *_proof_in(calendar, message, nonce, each)) for calendar, each in came
        ]
    for calendar, proof, told in answers:
        archive.stamps.keep(
            manifest.digest, calendar, commitment, proof,
            asked_at=moment(parsed), stamped_at=None, problem=told,
        )  # fmt: skip
    at_least = parsed.at_least or min(USUAL_AT_LEAST, len(calendars))
    kept = sum(proof is not None for _, proof, _ in answers)
    if not parsed.json:
        _print_asked(manifest, answers, at_least, parsed)
    return {
        "calendars": [
            {"calendar": calendar, "proof": proof is not None, "told": told}
            for calendar, proof, told in answers
        ],
        "too_few": kept < at_least,
    }


def _proof_in(
    calendar: str, message: bytes, nonce: bytes, answer: bytes | RequestFailed
) -> tuple[bytes | None, str]:
    """Return the proof that an answer makes, and what it says; or None, and why there is none."""
    if isinstance(answer, RequestFailed):
        return None, str(answer)
    try:
        proof = proofs.proof_of(message, nonce, answer)
    except StampRefused as exc:
        return None, f"{calendar}: {exc}"
    return proof, _told_ends(proof)


def _told_ends(proof: bytes) -> str:
    """Return what a proof says, in one sentence: why no time is told yet."""
    ends = [end for end in proofs.attestations_of(proof) if end.is_known]
    blocks = [end for end in ends if end.height is not None]
    return "; ".join(map(str, blocks or ends))


def _print_asked(
    manifest: Manifest,
    answers: list[tuple[str, bytes | None, str]],
    at_least: int,
    parsed: argparse.Namespace,
) -> None:
    kept = sum(proof is not None for _, proof, _ in answers)
    for _, proof, told in answers:
        if proof is None:
            print(safe(f"no proof: {told}"))
        elif not parsed.quiet:
            print(safe(f"manifest {manifest.number}, {manifest.digest}: {told}"))
    if kept < at_least:
        print(f"too few: {kept} of {len(answers)} calendars gave a proof, wanted are {at_least}")
    elif not parsed.quiet:
        print(hint("ask again in some hours: sourcekeep stamp --upgrade", parsed))


# ------------------------------------------------------------------ asking again


@dataclass(slots=True)
class _Upgraded:
    """What came of asking again."""

    completed: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def upgrade(archive: Archive, policy: EgressPolicy, parsed: argparse.Namespace) -> int:
    """Ask the calendars of all manifests that no Bitcoin block is known for, and print."""
    headers = read_headers(Path(parsed.headers)) if parsed.headers else None
    archive.leave_unsealed()
    asking = _Asking(archive, policy, parsed, headers)
    kept = [stamp for stamp in archive.stamps.kept() if stamp.is_proof]
    for _, stamps in groupby(sorted(kept, key=_by_manifest), key=lambda stamp: stamp.manifest):
        asking.ask_of_manifest(list(stamps))
    done = asking.done
    if parsed.json:
        print_json(done)
        return EXIT_BROKE if done.problems else EXIT_DONE
    for problem in done.problems:
        print(safe(problem))
    if not parsed.quiet:
        for each in done.completed:
            print(safe(f"manifest {each['number']}, {each['manifest']}: {each['told']}"))
        for each in done.waiting:
            print(safe(f"manifest {each['number']}: still pending at {each['calendar']}"))
        if not done.completed and not done.waiting and not done.problems:
            print("nothing is pending")
    return EXIT_BROKE if done.problems else EXIT_DONE


def _by_manifest(stamp: KeptStamp) -> tuple[int, str, int]:
    return stamp.number, stamp.manifest, stamp.row


class _Asking:
    """One round of asking: a calendar that fails once is left alone for the rest of it."""

    def __init__(
        self,
        archive: Archive,
        policy: EgressPolicy,
        parsed: argparse.Namespace,
        headers: Headers | None,
    ) -> None:
        self.done = _Upgraded()
        self._archive = archive
        self._policy = policy
        self._parsed = parsed
        self._headers = headers
        self._failed: set[str] = set()

    def ask_of_manifest(self, stamps: list[KeptStamp]) -> None:
        """Ask for one manifest, unless a proof of it ends in a block that is not known wrong."""
        readable: dict[str, KeptStamp] = {}
        for stamp in stamps:
            try:
                said = attested(stamp, self._headers)
            except StampRefused as exc:
                self._tell(f"the proof of {stamp.authority} cannot be read: {exc}")
                continue
            if any(each.block is not None and each.problem is None for each in said):
                return
            readable[stamp.authority] = stamp  # the latest of each
        for stamp in readable.values():
            self._ask_of(stamp)

    def _ask_of(self, stamp: KeptStamp) -> None:
        proof = before = stamp.response or b""
        for end in proofs.attestations_of(proof):
            if end.calendar is not None:
                proof = self._further(stamp, proof, end.calendar, end.commitment)
        if proof == before:
            return
        told = _told_ends(proof)
        self._archive.stamps.keep(
            stamp.manifest, stamp.authority, stamp.request, proof,
            asked_at=moment(self._parsed), stamped_at=None, problem=told,
        )  # fmt: skip
        self.done.completed.append(
            {"manifest": stamp.manifest, "number": stamp.number, "told": told}
        )

    def _further(self, stamp: KeptStamp, proof: bytes, calendar: str, commitment: bytes) -> bytes:
        """Return a proof with what a calendar adds to it now, or as it is."""
        if not may_be_asked(calendar, [stamp.authority, *self._parsed.calendar]):
            self._tell(f"{calendar}: is no calendar that we know; name it with --calendar")
            return proof
        if calendar in self._failed:
            return proof
        try:
            answer = look_up(calendar, commitment, self._policy, self._parsed.timeout)
            if answer is None:
                self.done.waiting.append({"number": stamp.number, "calendar": calendar})
                return proof
            further = proofs.completed(proof, commitment, answer)
            self._hold_against_headers(proof, further)
        except RequestFailed as exc:
            self._failed.add(calendar)
            self._tell(str(exc))
        except StampRefused as exc:
            self._tell(f"{calendar}: {exc}")
        else:
            return further
        return proof

    def _hold_against_headers(self, proof: bytes, further: bytes) -> None:
        """Raise StampRefused when what is new ends in a block with another merkle root."""
        known = set(proofs.attestations_of(proof))
        for end in proofs.attestations_of(further):
            if self._headers and end.height is not None and end not in known:
                check_block(self._headers, end.height, end.commitment)

    def _tell(self, problem: str) -> None:
        if problem not in self.done.problems:
            self.done.problems.append(problem)


# ------------------------------------------------------------------ writing


def write(archive: Archive, folder: Path, parsed: argparse.Namespace) -> int:
    """Write each stamped manifest, with its stamps as the programs of others read them."""
    kept = [stamp for stamp in archive.stamps.kept() if stamp.is_proof or stamp.stamped_at]
    if not kept:
        raise UsageError("no manifest is stamped so far: sourcekeep stamp URL, or --ots")
    files: dict[str, bytes] = {}
    for digest, stamps in groupby(sorted(kept, key=_by_manifest), key=lambda each: each.manifest):
        files |= _files(digest, list(stamps))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise ExportNotWritten(folder, str(exc)) from exc
    for name, content in files.items():
        with new_file(folder / name, force=True) as file:
            file.write(content)
    if parsed.json:
        print_json(sorted(files))
    elif not parsed.quiet:
        print(safe(f"{plural(len(files), 'file')} in {folder}"))
    return EXIT_DONE


def _files(digest: str, stamps: Iterable[KeptStamp]) -> dict[str, bytes]:
    """Return the files of one manifest by their names: what was stamped, and the stamps."""
    stamps = list(stamps)
    name = f"manifest-{stamps[0].number}-{digest.partition(':')[2][:8]}.json"
    files = {name: stamps[0].body}
    proven = [stamp.response or b"" for stamp in stamps if stamp.is_proof]
    if len(proven) > 1 and not proofs.is_installed():
        raise UsageError(f"to join several proofs {proofs.INSTALL}")
    if proven:
        files[f"{name}.ots"] = proofs.merged(proven) if len(proven) > 1 else proven[0]
    for stamp in stamps:
        if not stamp.is_proof:
            files[f"{name}.{stamp.row}.tsq"] = stamp.request
            files[f"{name}.{stamp.row}.tsr"] = stamp.response or b""
    return files
