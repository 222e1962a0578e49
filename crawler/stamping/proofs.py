"""Proofs of OpenTimestamps. The only module that knows the library of that name.

A proof is a tree: operations that lead from the digest of a file to commitments, and what attests
these. A *pending* attestation is the promise of a calendar to have its commitment in Bitcoin; a
*Bitcoin* one says which block must have the commitment as its merkle root. Serialisation and
operations are the library's; requests are not: its own client dials past the egress guard.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from crawler.errors import StampRefused

if TYPE_CHECKING:
    from opentimestamps.core.timestamp import Timestamp

# How every proof begins: the header of the format, "Header Magic" in the library.
MAGIC = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94"
COMMITMENT_BYTES = 32  # what calendars are sent
NONCE_BYTES = 16  # as the reference client has it: the calendar cannot guess what is stamped
ANSWER_MAX_BYTES = 10_000  # the reference client reads no more of a calendar's answer
ATTESTATIONS_MAX = 64  # of one proof; calendars give one or two
INSTALL = "needs an extra: pip install 'sourcekeep[ots]'"


@dataclass(frozen=True, slots=True)
class Attested:
    """One end of a proof: a commitment to the stamped bytes, and who attests it."""

    commitment: bytes
    calendar: str | None = None  # where a Bitcoin block is waited for
    height: int | None = None  # the Bitcoin block with this commitment as its merkle root

    @property
    def is_known(self) -> bool:
        """Whether it is attested in a way that we know."""
        return self.calendar is not None or self.height is not None

    @property
    def merkle_root(self) -> str:
        """The commitment as Bitcoin's tools print a merkle root: reversed."""
        return self.commitment[::-1].hex()

    def __str__(self) -> str:
        if self.height is not None:
            return f"Bitcoin block {self.height}, if its merkle root is {self.merkle_root}"
        return f"pending at {self.calendar}" if self.calendar else "attested in an unknown way"


def is_installed() -> bool:
    """Tell whether the extra is there."""
    try:
        import opentimestamps  # noqa: F401
    except ImportError:
        return False
    return True


def is_proof(answer: bytes | None) -> bool:
    """Tell a proof from the answer of a time-stamp authority, by its first bytes."""
    return answer is not None and answer.startswith(MAGIC)


def commitment_of(message: bytes, nonce: bytes) -> bytes:
    """Return the 32 bytes that calendars are asked to attest in place of a message."""
    return sha256(sha256(message).digest() + nonce).digest()


def proof_of(message: bytes, nonce: bytes, answer: bytes) -> bytes:
    """Return the proof that a calendar's answer to ``commitment_of`` makes, as an .ots file.

    Raises StampRefused when the answer is none.
    """
    from opentimestamps.core.op import OpAppend, OpSHA256
    from opentimestamps.core.timestamp import Timestamp

    with _refusing("the calendar's answer is no time stamp"):
        root = Timestamp(sha256(message).digest())
        end = root.ops.add(OpAppend(nonce)).ops.add(OpSHA256())
        end.merge(_parsed_answer(answer, end.msg))
        return _written(root)


def attestations_of(proof: bytes, message: bytes | None = None) -> list[Attested]:
    """Return the ends of a proof, those in Bitcoin first, the earliest of them at the head.

    Raises StampRefused when it is no proof, or when it is over another message.
    """
    with _refusing("this is no proof of OpenTimestamps"):
        timestamp = _read(proof)
        if message is not None and timestamp.msg != sha256(message).digest():
            raise StampRefused("the proof is over other bytes")
        return _ends(timestamp)


def completed(proof: bytes, commitment: bytes, answer: bytes) -> bytes:
    """Return a proof with what a calendar has now said of one of its commitments.

    Nothing of the proof is taken away. Raises StampRefused when the answer is no time stamp, or
    ends in no Bitcoin block.
    """
    with _refusing("the calendar's answer is no time stamp"):
        timestamp, further = _read(proof), _parsed_answer(answer, commitment)
        if not any(end.height is not None for end in _ends(further)):
            raise StampRefused("the calendar's answer names no Bitcoin block")
        for node in list(_nodes(timestamp)):
            if node.msg == commitment:
                node.merge(further)
        return _written(timestamp)


def merged(proofs: Iterable[bytes]) -> bytes:
    """Return one proof that holds all of several over the same message; there is at least one.

    Raises StampRefused when they are over different ones.
    """
    with _refusing("these are no proofs of one file"):
        first, *others = map(_read, proofs)
        for other in others:
            first.merge(other)
        return _written(first)


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    """Turn all by which the library refuses bytes into one sentence.

    It asserts what it believes of its own results, hashes by names that this Python may not have
    (RIPEMD-160), and recurses. One operation warns that it may get removed: not our concern.
    """
    from opentimestamps.core.serialize import DeserializationError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            yield
    except (DeserializationError, ValueError, TypeError, AssertionError, RecursionError) as exc:
        raise StampRefused(f"{what}: {str(exc) or type(exc).__name__}") from exc


def _parsed_answer(answer: bytes, commitment: bytes) -> Timestamp:
    from opentimestamps.core.serialize import BytesDeserializationContext
    from opentimestamps.core.timestamp import Timestamp

    if len(answer) > ANSWER_MAX_BYTES:
        raise StampRefused(f"the calendar's answer has more than {ANSWER_MAX_BYTES} bytes")
    context = BytesDeserializationContext(answer)
    timestamp = Timestamp.deserialize(context, commitment)
    context.assert_eof()
    if not any(end.is_known for end in _ends(timestamp)):
        raise StampRefused("the calendar's answer names neither a calendar nor a Bitcoin block")
    return timestamp


def _read(proof: bytes) -> Timestamp:
    from opentimestamps.core.op import OpSHA256
    from opentimestamps.core.serialize import BytesDeserializationContext
    from opentimestamps.core.timestamp import DetachedTimestampFile

    file = DetachedTimestampFile.deserialize(BytesDeserializationContext(proof))
    if file.file_hash_op != OpSHA256():
        raise StampRefused(f"the proof is over a digest by {file.file_hash_op}, not SHA-256")
    return file.timestamp


def _written(timestamp: Timestamp) -> bytes:
    """Return the .ots file of a tree, after reading it again: what is kept can be read."""
    from opentimestamps.core.op import OpSHA256
    from opentimestamps.core.serialize import BytesSerializationContext
    from opentimestamps.core.timestamp import DetachedTimestampFile

    context = BytesSerializationContext()
    DetachedTimestampFile(OpSHA256(), timestamp).serialize(context)
    written: bytes = context.getbytes()
    _ends(_read(written))
    return written


def _ends(timestamp: Timestamp) -> list[Attested]:
    from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation

    ends = []
    for commitment, attestation in timestamp.all_attestations():
        if isinstance(attestation, BitcoinBlockHeaderAttestation):
            ends.append(Attested(commitment, height=attestation.height))
        elif isinstance(attestation, PendingAttestation):
            ends.append(Attested(commitment, calendar=attestation.uri))
        else:
            ends.append(Attested(commitment))
    if len(ends) > ATTESTATIONS_MAX:
        raise StampRefused(f"{len(ends)} attestations stand in it, more than {ATTESTATIONS_MAX}")
    return sorted(ends, key=_rank)


def _rank(end: Attested) -> tuple[int, int, str]:
    if end.height is not None:
        return 0, end.height, end.merkle_root
    return (1, 0, end.calendar) if end.calendar else (2, 0, end.merkle_root)


def _nodes(timestamp: Timestamp) -> Iterator[Timestamp]:
    yield timestamp
    for further in timestamp.ops.values():
        yield from _nodes(further)
