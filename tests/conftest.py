"""What the tests share: the corpus of real pages where it is present, and a clock that stands."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def shared_folder() -> Path:
    """The folder beside the project that holds the corpus and the seeds, present or not."""
    return Path(os.environ.get("SOURCEKEEP_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    folder = shared_folder() / "corpus"
    if not (folder / "articles.jsonl").exists():
        pytest.skip("the corpus of real pages is not present (set SOURCEKEEP_SHARED)")
    return folder


@pytest.fixture(scope="session")
def seeds() -> Path:
    folder = shared_folder() / "seeds"
    if not folder.exists():
        pytest.skip("the seed entries are not present (set SOURCEKEEP_SHARED)")
    return folder


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
