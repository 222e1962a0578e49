"""Merkle trees as RFC 9162 §2.1 has them: SHA-256, leaves and inner nodes told apart."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Literal

HASH_BYTES = 32
Step = tuple[Literal["left", "right"], bytes]  # on which side a sibling stands, and its hash


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 over 0x00 and the entry."""
    return sha256(b"\0" + entry).digest()


def parent_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256 over 0x01 and the hashes of its children."""
    return sha256(b"\1" + left + right).digest()


def tree_hash(hashes: Sequence[bytes]) -> bytes:
    """Return the hash of the tree over some leaves or subtrees, of which there is at least one.

    Pairs from the left, the odd one out joining a level above: the shape of RFC 9162 §2.1.1.
    """
    level = list(hashes)
    while len(level) > 1:
        level = _above(level)
    return level[0]


def audit_path(hashes: Sequence[bytes], index: int) -> list[Step]:
    """Return the siblings that lead from one of the hashes to the tree's, the lowest first."""
    level, steps = list(hashes), list[Step]()
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            steps.append(("left" if sibling < index else "right", level[sibling]))
        level, index = _above(level), index >> 1
    return steps


def climb(start: bytes, steps: Sequence[Step]) -> bytes:
    """Return the hash to which a path leads."""
    for side, sibling in steps:
        start = parent_hash(sibling, start) if side == "left" else parent_hash(start, sibling)
    return start


def _above(level: Sequence[bytes]) -> list[bytes]:
    pairs = [parent_hash(level[n], level[n + 1]) for n in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs
