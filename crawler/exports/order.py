"""What is asked of an export besides its selection, and what it tells of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


def _silent() -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants to have, as each format reads it."""

    now: datetime  # when the export is made
    step: Callable[[], object] = _silent  # called once for each capture that is dealt with
