"""Holding what is kept of stamps against the manifests that they are over, without a network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from crawler.dates import format_instant
from crawler.errors import StampRefused
from crawler.stamping import proofs, rfc3161
from crawler.stamping.headers import Headers, check_block
from crawler.stamping.proofs import Attested


@dataclass(frozen=True, slots=True)
class KeptStamp:
    """A row of ``stamps`` with what it is over."""

    row: int
    manifest: str  # digest of the manifest
    number: int  # of the manifest in its archive
    body: bytes  # the manifest itself: what was stamped
    authority: str  # who was asked
    asked_at: str
    stamped_at: str | None
    request: bytes
    response: bytes | None

    @property
    def is_proof(self) -> bool:
        """Whether it is one of OpenTimestamps: asked for by a digest, and written as a proof is."""
        return len(self.request) == proofs.COMMITMENT_BYTES and proofs.is_proof(self.response)


@dataclass(frozen=True, slots=True)
class Attestation:
    """What a proof says of a manifest."""

    manifest: str  # digest
    number: int
    pending_at: str | None = None  # calendar
    block: int | None = None  # height of the Bitcoin block
    merkle_root: str | None = None  # that the block must have
    header: str | None = None  # digest of the block whose header was held against it
    made_at: str | None = None  # time in that header: the manifest existed then
    easy: bool = False  # no block of Bitcoin's main network has so little work
    problem: str | None = None  # the header says otherwise

    def __str__(self) -> str:
        what = f"manifest {self.number}"
        if self.problem is not None:
            return f"{what}: {self.problem}"
        if self.block is None:
            return f"{what}: pending at {self.pending_at}; it shows nothing yet"
        if self.header is None:
            return (
                f"{what}: in Bitcoin block {self.block}, if the merkle root of that is"
                f" {self.merkle_root}"
            )
        warning = "; such a block is of a test network, not of Bitcoin's" if self.easy else ""
        return (
            f"{what}: existed on {self.made_at}, the time of Bitcoin block {self.block},"
            f" {self.header}{warning}"
        )


@dataclass(slots=True)
class Checked:
    """What came of it."""

    holding: int = 0  # stamps that fit their manifests
    wrong: list[tuple[KeptStamp, str]] = field(default_factory=list)  # and why
    attestations: list[Attestation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what could not be checked, and why


def check_stamps(stamps: Iterable[KeptStamp], headers: Headers | None = None) -> Checked:
    """Hold stamps against their manifests, and proofs that end in Bitcoin against headers.

    The signature of an authority was checked when its stamp was made. A calendar may have named a
    wrong block and another one the right block: wrong is what has no other.
    """
    checked, proven = Checked(), dict[str, list[tuple[KeptStamp, Attestation]]]()
    for stamp in _checkable(list(stamps), checked):
        try:
            if stamp.is_proof:
                proven.setdefault(stamp.manifest, []).extend(
                    (stamp, each) for each in attested(stamp, headers)
                )
            else:
                _check_time(stamp)
            checked.holding += 1
        except StampRefused as exc:
            checked.wrong.append((stamp, str(exc)))
    for found in proven.values():
        _conclude(found, checked)
    return checked


def attested(stamp: KeptStamp, headers: Headers | None = None) -> list[Attestation]:
    """Return what a proof says of its manifest. Raises StampRefused when it is over other bytes."""
    ends = proofs.attestations_of(stamp.response or b"", stamp.body)
    return [_attestation(stamp, end, headers) for end in ends if end.is_known]


def _checkable(stamps: list[KeptStamp], checked: Checked) -> list[KeptStamp]:
    """Return those for which the extra is there, and note the others."""
    timed = [stamp for stamp in stamps if stamp.stamped_at is not None and not stamp.is_proof]
    proven = [stamp for stamp in stamps if stamp.is_proof]
    if timed and not rfc3161.is_installed():
        checked.notes.append(f"time stamps not checked: {len(timed)}; this {rfc3161.INSTALL}")
        timed = []
    if proven and not proofs.is_installed():
        checked.notes.append(f"proofs not checked: {len(proven)}; this {proofs.INSTALL}")
        proven = []
    return sorted(timed + proven, key=lambda stamp: stamp.row)


def _check_time(stamp: KeptStamp) -> None:
    imprint = rfc3161.imprint_of(stamp.response or b"")
    told = (imprint.digest, format_instant(imprint.stamped_at))
    if told != (sha256(stamp.body).digest(), stamp.stamped_at):
        raise StampRefused("it is over another manifest, or of another time")


def _attestation(stamp: KeptStamp, end: Attested, headers: Headers | None) -> Attestation:
    if end.height is None:
        return Attestation(stamp.manifest, stamp.number, pending_at=end.calendar)
    told = Attestation(
        stamp.manifest, stamp.number, block=end.height, merkle_root=end.merkle_root
    )  # fmt: skip
    try:
        header = check_block(headers, end.height, end.commitment) if headers else None
    except StampRefused as exc:
        return replace(told, problem=str(exc))
    if header is None:
        return told
    return replace(
        told, header=header.digest, made_at=format_instant(header.made_at), easy=header.is_easy
    )


def _conclude(found: list[tuple[KeptStamp, Attestation]], checked: Checked) -> None:
    """Add what the proofs of one manifest say: what is pending, only while there is no block."""
    blocks = [(stamp, each) for stamp, each in found if each.block is not None]
    good = {each for _, each in blocks if each.problem is None}
    for stamp, each in blocks:
        if each.problem is not None and good:
            checked.notes.append(f"{each}; another proof of it may hold")
        elif each.problem is not None:
            checked.wrong.append((stamp, each.problem))
    pending = {each for _, each in found if each.block is None}
    checked.attestations += sorted(good or pending, key=str)
