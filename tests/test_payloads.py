"""Payloads: small, whole, and never believed without their digest."""

from __future__ import annotations

import os
import random
import tracemalloc
from typing import Any

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.archive import Archive
from crawler.archive.payloads import DELTA_BASE_MAX_BYTES, Encoded, decode, encode
from crawler.digests import digest_of
from crawler.errors import PayloadDamaged
from tests.archive_kit import one, rows

WORDS = [f"word{n}" for n in range(500)]


def page(seed: int, size: int = 2_000) -> bytes:
    """A page of text that compresses about as well as a real one."""
    chance = random.Random(seed)
    return " ".join(chance.choice(WORDS) + str(chance.random())[:5] for _ in range(size)).encode()


FIRST = page(1)
CHANGED = FIRST[:5_000] + b"a paragraph that was added" + FIRST[5_000:]
OTHER = page(2)


def put(archive: Archive, body: bytes, base: str | None = None) -> str:
    with archive.writing():
        return archive.payloads.put(body, base_digest=base)


def stored(archive: Archive, digest: str) -> dict[str, Any]:
    return rows(archive, "SELECT stored_as, base_digest, size_bytes, length(bytes) AS stored"
                " FROM payloads WHERE digest = ?", digest)[0]  # fmt: skip


# Encoding


@pytest.mark.parametrize(
    ("body", "base", "stored_as"),
    [
        (b"", None, "raw"),
        (b"tiny", FIRST, "raw"),
        (b"x" * 64, None, "raw"),
        (b"x" * 65, None, "zstd"),
        (FIRST, None, "zstd"),
        (FIRST, b"", "zstd"),
        (FIRST, b"too small", "zstd"),
        (CHANGED, FIRST, "zstd-delta"),
        (FIRST, FIRST, "zstd-delta"),
        (OTHER, FIRST, "zstd"),  # nothing alike: whole, and a better base for what follows
        (random.Random(3).randbytes(100_000), None, "raw"),  # as an image
        (random.Random(3).randbytes(100_000), FIRST, "raw"),
    ],
)
def test_a_payload_is_stored_in_the_smallest_of_the_cheap_ways(
    body: bytes, base: bytes | None, stored_as: str
) -> None:
    encoded = encode(body, base)
    assert encoded.stored_as == stored_as
    assert len(encoded.data) <= len(body)
    assert decode(encoded.stored_as, encoded.data, base if stored_as == "zstd-delta" else None) == (
        body
    )


def test_a_delta_is_a_fraction_of_the_whole() -> None:
    assert len(encode(CHANGED, FIRST).data) < len(encode(CHANGED).data) / 50


@given(st.binary(max_size=300), st.none() | st.binary(max_size=300), st.integers(1, 40))
def test_every_payload_comes_back_as_it_was(body: bytes, base: bytes | None, times: int) -> None:
    encoded: Encoded = encode(body * times, base)
    delta = encoded.stored_as == "zstd-delta"
    assert decode(encoded.stored_as, encoded.data, base if delta else None) == body * times


@given(st.binary(max_size=300), st.integers(1, 40))
def test_a_payload_that_was_stored_as_brotli_comes_back(body: bytes, times: int) -> None:
    stream = brotli.compress(body * times)
    assert decode("brotli", stream) == decode("brotli", stream, size_bytes=len(body) * times)
    assert decode("brotli", stream) == body * times


@pytest.mark.parametrize(
    ("stream", "size"),
    [
        (brotli.compress(FIRST)[:-5], len(FIRST)),  # cut off
        (b"", 0),
        (b"\xff" * 100, 100),
        (brotli.compress(bytes(64 * 2**20), quality=5), 1000),  # 64 MiB where a row says 1 KB
    ],
    ids=["cut-off", "empty", "no-stream", "larger-than-its-row-says"],
)
def test_a_damaged_stream_is_told_and_fills_no_memory(stream: bytes, size: int) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(brotli.error):
            decode("brotli", stream, size_bytes=size)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


# Keeping


@pytest.mark.parametrize("body", [b"", b"tiny", FIRST, os.urandom(5_000), b"\0" * 3_000_000])
def test_a_payload_is_held_under_its_digest(archive: Archive, body: bytes) -> None:
    digest = put(archive, body)
    assert digest == digest_of(body) and archive.payloads.get(digest) == body
    assert stored(archive, digest)["size_bytes"] == len(body)


def test_a_payload_of_the_body_cap_is_kept(archive: Archive) -> None:
    body = page(5, 400_000) * 5
    assert len(body) > 20 * 2**20
    digest = put(archive, body)
    assert archive.payloads.get(digest) == body
    put(archive, body + b"!", digest)
    assert stored(archive, digest_of(body + b"!"))["stored_as"] == "zstd"  # too large a base
    assert len(body) > DELTA_BASE_MAX_BYTES


def test_a_payload_that_is_held_already_is_not_written_again(archive: Archive) -> None:
    digest = put(archive, FIRST)
    before = stored(archive, digest)
    assert put(archive, FIRST, put(archive, CHANGED)) == digest
    assert stored(archive, digest) == before


def test_a_later_payload_is_a_delta_of_depth_one(archive: Archive) -> None:
    first = put(archive, FIRST)
    second = put(archive, CHANGED, first)
    third = put(archive, CHANGED + b"more", second)  # a delta is no base
    assert stored(archive, second)["base_digest"] == first
    assert stored(archive, third)["base_digest"] is None
    assert archive.payloads.get(second) == CHANGED
    assert archive.payloads.get(third) == CHANGED + b"more"


def test_a_base_that_is_not_held_is_done_without(archive: Archive) -> None:
    digest = put(archive, CHANGED, digest_of(FIRST))
    assert stored(archive, digest)["stored_as"] == "zstd"


def test_an_unknown_payload_is_a_key_error(archive: Archive) -> None:
    with pytest.raises(KeyError):
        archive.payloads.get(digest_of(b"never seen"))


# Damage


def rot(archive: Archive, digest: str, data: bytes) -> None:
    archive.connection.sql.execute("UPDATE payloads SET bytes = ? WHERE digest = ?", (data, digest))


def test_a_flipped_byte_anywhere_is_noticed(archive: Archive) -> None:
    first = put(archive, FIRST)
    digest = put(archive, CHANGED, first)
    small = put(archive, b"hello")
    for each, step in ((digest, 1), (first, 97), (small, 1)):
        data = one(archive, "SELECT bytes FROM payloads WHERE digest = ?", each)
        good = archive.payloads.get(each)
        unseen = 0
        for position in range(0, len(data), step):
            rot(archive, each, data[:position] + bytes([data[position] ^ 0x40]) +
                data[position + 1 :])  # fmt: skip
            try:
                assert archive.payloads.get(each) == good  # a bit that means nothing
                unseen += 1
            except PayloadDamaged as damage:
                assert damage.digest == each and each in str(damage)
        rot(archive, each, data)
        assert unseen <= 1


@pytest.mark.parametrize("left", [0, 1, 4, 9, 100])
def test_bytes_that_are_cut_off_are_noticed(archive: Archive, left: int) -> None:
    digest = put(archive, FIRST)
    data = one(archive, "SELECT bytes FROM payloads")
    rot(archive, digest, data[:left])
    with pytest.raises(PayloadDamaged):
        archive.payloads.get(digest)


def test_a_frame_that_claims_an_absurd_size_is_damage_and_not_a_crash(archive: Archive) -> None:
    digest = put(archive, FIRST)
    magic = bytes.fromhex("28b52ffd")
    rot(archive, digest, magic + b"\xe0" + b"\xff" * 7 + b"\x7f" + b"\x00" * 40)
    with pytest.raises(PayloadDamaged):
        archive.payloads.get(digest)


def test_a_delta_whose_base_rotted_or_went_is_damaged(archive: Archive) -> None:
    first = put(archive, FIRST)
    second = put(archive, CHANGED, first)
    rot(archive, first, encode(OTHER).data)
    with pytest.raises(PayloadDamaged, match=first):
        archive.payloads.get(second)
    sql = archive.connection.sql
    sql.execute("DROP TRIGGER payloads_remain")
    sql.execute("DELETE FROM payloads WHERE digest = ?", (first,))
    with pytest.raises(PayloadDamaged, match=f"{second} is damaged: its base {first} is missing"):
        archive.payloads.get(second)


def test_new_evidence_is_kept_even_when_its_base_rotted(archive: Archive) -> None:
    first = put(archive, FIRST)
    rot(archive, first, b"\0" * 500)
    second = put(archive, CHANGED, first)
    assert stored(archive, second)["stored_as"] == "zstd"
    assert archive.payloads.get(second) == CHANGED
