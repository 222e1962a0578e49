"""Digests and unique ids: their form, and that ids sort by the time of their making."""

from __future__ import annotations

import re
import time
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.digests import digest_of, new_uid

OF_NOTHING = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def uid_at(monkeypatch: pytest.MonkeyPatch, nanoseconds: int) -> str:
    monkeypatch.setattr(time, "time_ns", lambda: nanoseconds)
    return new_uid()


@pytest.mark.parametrize(
    ("payload", "digest"),
    [
        (b"", OF_NOTHING),
        (b"abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ],
)
def test_known_digests(payload: bytes, digest: str) -> None:
    assert digest_of(payload) == digest


@settings(deadline=None)
@given(st.binary())
def test_a_digest_is_labelled_lower_case_hex(payload: bytes) -> None:
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", digest_of(payload))
    assert digest_of(payload) == digest_of(bytes(payload))
    assert digest_of(payload) != digest_of(payload + b"\0")


def test_a_uid_is_a_uuid_of_version_7() -> None:
    text = new_uid()
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", text
    )
    uid = uuid.UUID(text)
    assert (uid.version, uid.variant, str(uid)) == (7, uuid.RFC_4122, text)


def test_a_uid_begins_with_its_milliseconds(monkeypatch: pytest.MonkeyPatch) -> None:
    # the instant of the example in RFC 9562, appendix A.6
    assert uid_at(monkeypatch, 0x017F22E279B0 * 1_000_000).startswith("017f22e2-79b0-7000-")


def test_the_form_holds_at_the_ends_of_a_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    for nanoseconds in (0, 1, 999_999, 1_000_000, (1 << 48) * 1_000_000 - 1):
        uid = uuid.UUID(uid_at(monkeypatch, nanoseconds))
        assert (uid.version, uid.variant) == (7, uuid.RFC_4122)
        assert uid.int >> 80 == nanoseconds // 1_000_000


def test_uids_sort_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_772_366_400_000_000_000
    # years apart, milliseconds apart, and within one millisecond
    instants = [0, now, now + 1_000, now + 500_000, now + 999_999, now + 1_000_000, now * 2]
    uids = [uid_at(monkeypatch, instant) for instant in instants]
    assert uids == sorted(uids)


def test_uids_of_one_instant_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    uids = {uid_at(monkeypatch, 1_772_366_400_000_000_000) for _ in range(10_000)}
    assert len(uids) == 10_000
    # every one of the 62 random bits takes both values
    tails = [uuid.UUID(uid).int & ((1 << 62) - 1) for uid in uids]
    seen_one = seen_zero = 0
    for tail in tails:
        seen_one |= tail
        seen_zero |= ~tail & ((1 << 62) - 1)
    assert seen_one == seen_zero == (1 << 62) - 1
